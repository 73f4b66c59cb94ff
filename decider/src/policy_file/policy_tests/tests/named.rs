//! Requests that others are like.

use insta::assert_snapshot;

use super::{POLICY, TO};
use crate::policy_file::read;

const REQUESTS: &str = r#"requests:
  payout:
    stage: APPROVAL
    signer: s-1
    source: {type: VAULT, id: "0"}
    asset: ETH
    amount: "0.6"
    note: wages
    PAID
  payout-signed:
    stage: SIGNING
    signer: s-1
    source: {type: VAULT, id: "0"}
    asset: ETH
    amount: "0.6"
    fee: "0.001"
    note: wages
    PAID
tests:
"#;

/// What is wrong with one test of these requests.
fn told(request: &str, history: &str, expect: &str) -> String {
    let test =
        format!("  - {{name: a test, history: [{history}], request: {{{request}}}, expect: {{{expect}}}}}\n");
    told_of(&test)
}

fn told_of(tests: &str) -> String {
    let requests = REQUESTS.replace("PAID", TO);
    let policy = POLICY.replace("tests:\n", &requests);
    let read = read("p.yaml", &format!("{policy}{tests}"));
    let lines = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    lines.join("\n")
}

#[test]
fn a_request_is_like_another_but_for_what_it_says_and_leaves_out() {
    for (request, history, expect) in [
        ("like: payout", "", "verdict: ALLOW, rule: payouts"),
        ("like: payout, note: stop", "", "verdict: DENY, rule: noted"),
        (
            "like: payout, without: [note]",
            "",
            "verdict: HOLD, rule: noted, says: the note is missing, action: IGNORE",
        ),
        ("like: payout, without: [note], stage: SIGNING", "", "verdict: HOLD, rule: noted, action: REJECT"),
        ("like: payout, without: [signer, asset]", "", "verdict: DENY, reason: FIELD_MISSING"),
        ("like: payout, to: [{type: VAULT, id: \"1\"}]", "", "verdict: DENY, reason: NO_ALLOW_RULE"),
        ("like: payout", "{ago: 1h}", "verdict: DENY, limit: eth-per-day"),
        ("like: payout, amount: \"0.1\"", "{ago: 1h}", "verdict: ALLOW"),
        ("like: payout, amount: \"0.1\"", "{ago: 1h, like: payout}", "verdict: ALLOW"),
        ("like: payout, amount: \"0.5\"", "{ago: 1h, like: payout}", "verdict: DENY, limit: eth-per-day"),
        ("like: payout, signer: s-2", "{ago: 1h, like: payout}", "verdict: ALLOW"),
        ("like: payout, signer: s-2", "{ago: 1h}", "verdict: DENY, limit: eth-per-day"),
    ] {
        assert_eq!(told(request, history, expect), "", "{request} after {history}");
    }
}

#[test]
fn what_is_there_at_signing_alone_makes_it_signing() {
    let dear = "verdict: DENY, rule: too-dear";
    assert_eq!(told("like: payout, fee: \"0.2\"", "", dear), "");
    assert_eq!(told("like: payout-signed, fee: \"0.2\"", "", dear), "");
    // At approval there is no fee yet, whatever it is like.
    let silent = "without: [note], stage: APPROVAL";
    assert_eq!(told(&format!("like: payout-signed, {silent}"), "", "verdict: HOLD, action: IGNORE"), "");
    let shown = |stage: &str| {
        let to = r#"{type: UNMANAGED, address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", display_address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}"#;
        format!("like: payout, without: [note]{stage}, to: [{to}]")
    };
    assert_eq!(told(&shown(""), "", "verdict: HOLD, action: REJECT"), "");
    assert_snapshot!(told(&shown(", stage: APPROVAL"), "", "verdict: HOLD"), @"p.yaml:38:95: display_address is there at signing alone: a request that has it is not for APPROVAL");
    let another = shown("").replace(
        "display_address: \"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "display_address: \"0x0000000000000000000000000000000000000001",
    );
    assert_eq!(told(&another, "", "verdict: DENY, reason: FIELDS_DISAGREE"), "");
}

#[test]
fn a_part_of_what_people_are_told_can_be_expected() {
    assert_snapshot!(told("like: payout, without: [note]", "", "verdict: HOLD, says: the fee is missing"), @r#"p.yaml:38:5: test a test: expected HOLD, saying "the fee is missing"; got HOLD DENY_RULE_INDETERMINATE: deny rule noted: the note is missing"#);
}

#[test]
fn mistakes_have_their_places() {
    assert_snapshot!(told("like: pay-out", "", "verdict: ALLOW"), @"p.yaml:38:49: unknown request pay-out: did you mean payout?");
    assert_snapshot!(told("like: payout, without: [notes, note, note, amount], amount: \"1\"", "", "verdict: ALLOW"), @"
    p.yaml:38:67: unknown field notes: did you mean note?
    p.yaml:38:80: this is in without already
    p.yaml:38:86: amount is given beside this: it cannot be left out, too
    ");
    assert_snapshot!(told("without: [note], amount: \"1\"", "", "verdict: ALLOW"), @"p.yaml:38:52: without needs like beside it: leave the fields out instead");
    assert_snapshot!(told("like: payout, without: []", "", "verdict: ALLOW"), @"p.yaml:38:66: without is empty, so that nothing is left out");
    // What a request has alone cannot be alike, and a mistake in one is told once.
    let broken = REQUESTS.replace("PAID", "tx_id: tx").replace("asset: ETH", "asset: 1");
    let policy = POLICY.replace("tests:\n", &broken);
    let test = "  - {name: a test, request: {like: payout}, expect: {verdict: ALLOW}}\n";
    let mistakes = read("p.yaml", &format!("{policy}{test}")).unwrap_err();
    let lines: Vec<String> =
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    p.yaml:24:12: asset must be quoted text: write "1"
    p.yaml:27:5: unknown field tx_id: expected signer, stage, operation, source, asset, amount, requested_amount, amount_usd, prices, to, fee, note, external_tx_id, call_data, messages, raw_transactions, tenant or caller_proof
    p.yaml:32:12: asset must be quoted text: write "1"
    p.yaml:36:5: unknown field tx_id: expected signer, stage, operation, source, asset, amount, requested_amount, amount_usd, prices, to, fee, note, external_tx_id, call_data, messages, raw_transactions, tenant or caller_proof
    "#);
}
