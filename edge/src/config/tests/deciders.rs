//! Whom to ask, and how long.

use super::*;

#[test]
fn timeouts_leave_time_to_answer() {
    let files = Files::new();
    let short = GOOD.replace("admin:", "  request_timeout: 10s\nadmin:");
    insta::assert_snapshot!(files.mistakes(&short), @"edge.yaml:6:20: listen.request_timeout: must be at least 16s: decider.deadline (15s) and 1s to sign and send");
    let config = files.load(&GOOD.replace("paths:", "  deadline: 20s\npaths:")).expect("no mistakes");
    assert_eq!(config.listen.limits.request_timeout.as_secs(), 24);
}

#[test]
fn deciders_may_have_one_address_or_several() {
    let files = Files::new();
    let with = |address: &str| GOOD.replace("https://localhost:50051", address);
    let config = files.load(&with("[https://one:1, https://two:1, https://one:2]")).expect("no mistakes");
    let addresses = config.fleets[0].decider.addresses.iter().map(|address| (address.host(), address.port()));
    assert_eq!(addresses.collect::<Vec<_>>(), [("one", 1), ("two", 1), ("one", 2)]);
    let wrong = with("[https://one:443, 7, http://two, https://ONE/]");
    insta::assert_snapshot!(files.mistakes(&wrong), @r#"
    edge.yaml:9:30: decider.address[1]: must be text; put it in quotes
    edge.yaml:9:33: decider.address[2]: must be an https:// address with host and port, such as https://localhost:50051, and no user
    edge.yaml:9:45: decider.address[3]: is given twice: every decider needs an address of its own
    "#);
    insta::assert_snapshot!(files.mistakes(&with("[]")), @"edge.yaml:9:12: decider.address: must be a list with at least one entry");
    let many: Vec<_> = (0..65).map(|number| format!("https://decider-{number}:1")).collect();
    insta::assert_snapshot!(files.mistakes(&with(&format!("[{}]", many.join(", ")))), @"edge.yaml:9:12: decider.address: must be at most 64: give one name that resolves to several deciders");
}

#[test]
fn a_hedge_that_would_never_come_is_a_mistake() {
    let files = Files::new();
    let with =
        |hedge: &str| GOOD.replace("paths:", &format!("  deadline: 2s\n  hedge_after: {hedge}\npaths:"));
    assert!(files.load(&with("1999ms")).is_ok());
    insta::assert_snapshot!(files.mistakes(&with("2s")), @"edge.yaml:14:16: decider.hedge_after: must be shorter than decider.deadline (2s)");
    insta::assert_snapshot!(files.mistakes(&with("0ms")), @r#"edge.yaml:14:16: decider.hedge_after: must be a duration from 1ms to 20s, such as "5s" or "250ms""#);
}
