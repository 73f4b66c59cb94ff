//! Several fleets, their paths and tenants.

use super::*;

/// A second fleet, and paths of it.
fn two_fleets(deciders: &str, paths: &str) -> String {
    GOOD.replace("paths:", &format!("deciders:\n{deciders}paths:")) + paths
}

#[test]
fn a_path_asks_the_fleet_that_it_names_and_no_other() {
    let files = Files::new();
    let paths = path("/a", "a", "") + &path("/pay", "payroll", ", decider: payroll");
    let config = files.load(&two_fleets(PAYROLL, &paths)).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let fleets: Vec<_> = config
        .fleets
        .iter()
        .map(|Fleet { decider, paths, .. }| {
            let paths: Vec<_> = paths.iter().map(|path| path.sub_path.as_str()).collect();
            (decider.fleet.as_str(), decider.addresses[0].host(), decider.deadline.as_secs(), paths)
        })
        .collect();
    assert_eq!(
        fleets,
        [("default", "localhost", 15, vec!["", "/a"]), ("payroll", "payroll", 2, vec!["/pay"])]
    );
}

#[test]
fn a_fleet_that_is_not_there_or_that_nobody_asks_is_a_mistake() {
    let files = Files::new();
    let deciders = format!("{PAYROLL}{}", PAYROLL.replace("payroll", "treasury"));
    let told = |paths: &str| files.mistakes(&two_fleets(&deciders, paths));
    let treasury = path("/t", "t", ", decider: treasury");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: payrol"))), @"edge.yaml:22:130: paths[2].decider: is no fleet under deciders: did you mean payroll?");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: gold"))), @"
    edge.yaml:14:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:22:130: paths[2].decider: is no fleet under deciders; there are: payroll, treasury
    ");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: default"))), @"
    edge.yaml:14:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:22:130: paths[2].decider: leave it out: then the one under decider is asked
    ");
    insta::assert_snapshot!(files.mistakes(&(GOOD.to_owned() + &path("/p", "p", ", decider: payroll"))), @"edge.yaml:18:130: paths[1].decider: there are no deciders by name: write them under deciders");
    let nobody_asks_the_first =
        two_fleets(PAYROLL, "").replace("tenant: default", "tenant: default\n    decider: payroll");
    insta::assert_snapshot!(files.mistakes(&nobody_asks_the_first), @"edge.yaml:9:3: decider: is asked by no path: give one of those under deciders this place");
}

#[test]
fn every_mistake_of_the_fleets_has_its_place() {
    let files = Files::new();
    let wrong = "  Payroll: {}
  default: {}
  a: {address: 'https://a:1', ca: server.crt, certificate: other.crt, private_key: other.key, hedge_after: 15s}
  b: {address: 'https://A:1', ca: none.pem, certificate: other.crt, private_key: other.key, deadlin: 1s}
  c: {address: ['https://c:1', 'https://localhost:50051'], ca: server.crt, certificate: other.crt, private_key: other.key}
  d:
";
    let paths: String = ["a", "b", "c", "d"]
        .iter()
        .map(|name| path(&format!("/{name}"), name, &format!(", decider: {name}")))
        .collect();
    insta::assert_snapshot!(files.mistakes(&two_fleets(wrong, &paths)), @r#"
    edge.yaml:14:3: deciders.Payroll: a fleet is called by 1 to 64 of a-z, 0-9, "-" and "_", and not "default", which is the one under decider
    edge.yaml:15:3: deciders.default: a fleet is called by 1 to 64 of a-z, 0-9, "-" and "_", and not "default", which is the one under decider
    edge.yaml:16:108: deciders.a.hedge_after: must be shorter than deciders.a.deadline (15s)
    edge.yaml:17:35: deciders.b.ca: cannot read none.pem: No such file or directory (os error 2)
    edge.yaml:17:93: deciders.b.deadlin: is no field here; there are: address, ca, certificate, private_key, deadline, hedge_after
    edge.yaml:18:6: deciders.c: address https://localhost:50051 is one of decider already: a decider is of one fleet
    edge.yaml:19:4: deciders.d: must hold named fields (name: value)
    "#);
    insta::assert_snapshot!(files.mistakes(&GOOD.replace("paths:", "deciders: {}\npaths:")), @"edge.yaml:13:11: deciders: names no fleet: leave it out where decider is the only one");
    let many: String = (0..64).map(|number| PAYROLL.replace("payroll", &format!("p{number}"))).collect();
    let paths: String = (0..64)
        .map(|number| path(&format!("/p{number}"), &format!("p{number}"), &format!(", decider: p{number}")))
        .collect();
    insta::assert_snapshot!(files.mistakes(&two_fleets(&many, &paths)), @"edge.yaml:14:3: deciders: must be at most 63 fleets");
}

/// It would have all of its limits twice.
#[test]
fn a_tenant_is_of_one_fleet() {
    let files = Files::new();
    let paths = path("/one", "payroll", ", decider: payroll")
        + &path("/two", "payroll", ", decider: payroll")
        + &path("/three", "payroll", "")
        + &path("/four", "default", ", decider: payroll");
    insta::assert_snapshot!(files.mistakes(&two_fleets(PAYROLL, &paths)), @r#"
    edge.yaml:22:5: paths[3]: tenant "payroll" is asked of decider here and of deciders.payroll before: a tenant has one ledger, so all its paths ask one fleet
    edge.yaml:23:5: paths[4]: tenant "default" is asked of deciders.payroll here and of decider before: a tenant has one ledger, so all its paths ask one fleet
    "#);
}

#[test]
fn a_request_has_time_for_the_slowest_fleet() {
    let files = Files::new();
    let slow = PAYROLL.replace("2s", "18s");
    let yaml = two_fleets(&slow, &path("/p", "p", ", decider: payroll"));
    let timeout = |yaml: &str| files.load(yaml).expect("no mistakes").listen.limits.request_timeout;
    assert_eq!(timeout(&yaml).as_secs(), 22);
    let short = yaml.replace("admin:", "  request_timeout: 18s\nadmin:");
    insta::assert_snapshot!(files.mistakes(&short), @"edge.yaml:6:20: listen.request_timeout: must be at least 19s: deciders.payroll.deadline (18s) and 1s to sign and send");
}
