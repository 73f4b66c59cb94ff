mod named;
mod priced;

use insta::assert_snapshot;

use crate::policy_file::{PolicyFile, read};
use crate::yaml::Mistakes;

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
lists:
  payees: {chain: evm, addresses: ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
deny:
  - {id: noted, when: {note: ["stop"]}, leave_to_console: true}
  - {id: too-dear, when: {fee: {over: "0.1"}, assets: [ETH]}}
allow:
  - id: payouts
    when: {destination: [{list: payees}], assets: [ETH]}
  - id: calls
    when: {operations: [CONTRACT_CALL], call: {contracts: payees, methods: ["0xa9059cbb"]}}
  - id: logins
    when: {operations: [TYPED_MESSAGE], messages: [EIP712]}
limits:
  - {id: eth-per-day, when: {assets: [ETH], operations: [TRANSFER]}, key: [signer], max: {amount: "1"}, window: 24h}
tests:
"#;

/// A test of a payout with what is written after it.
fn test(more: &str) -> String {
    format!("  - name: a payout\n{}", payout(more))
}

const TO: &str = r#"to: [{type: UNMANAGED, address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}]"#;

fn payout(more: &str) -> String {
    format!(
        "    request:\n      signer: s-1\n      source: {{type: VAULT, id: \"0\"}}\n      asset: ETH\n      amount: \"0.6\"\n      fee: \"0.001\"\n      note: wages\n      {TO}\n{more}"
    )
}

fn read_tests(tests: &str) -> Result<PolicyFile, Mistakes> {
    read("p.yaml", &format!("{POLICY}{tests}"))
}

#[track_caller]
fn passes(tests: &str) {
    let read = read_tests(tests);
    assert!(read.is_ok(), "{}", read.unwrap_err());
}

fn told(tests: &str) -> String {
    let mistakes = read_tests(tests).unwrap_err();
    let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_policy_that_passes_its_tests_is_loaded_and_they_are_part_of_its_hash() {
    let with =
        read_tests(&test("    expect: {verdict: ALLOW, rule: payouts, action: APPROVE, reason: ALLOWED}\n"));
    let without = read("p.yaml", POLICY.trim_end_matches("tests:\n")).unwrap();
    let with = with.unwrap();
    assert_ne!(with.policy.hash, without.policy.hash);
    assert_eq!((with.summary.tests, without.summary.tests), (1, 0));
}

#[test]
fn a_policy_that_fails_one_is_not() {
    let mistakes = read_tests(&test("    expect: {verdict: DENY, rule: noted}\n")).unwrap_err();
    assert_snapshot!(mistakes, @"
    p.yaml:20:5: test a payout: expected DENY by noted; got ALLOW by payouts
    20 |   - name: a payout
       |     ^
    ");
}

#[test]
fn what_came_out_instead_is_told() {
    let history = "    history: [{ago: 2h}]\n";
    assert_snapshot!(told(&test(&format!("{history}    expect: {{verdict: ALLOW, rule: payouts}}\n"))), @"p.yaml:20:5: test a payout: expected ALLOW by payouts; got DENY LIMIT_EXCEEDED: limit eth-per-day: 0.4 ETH left of 1 ETH, 0.6 ETH asked");
    assert_snapshot!(told(&test("    expect: {verdict: HOLD, action: REJECT}\n")), @"p.yaml:20:5: test a payout: expected HOLD, told as REJECT; got ALLOW by payouts, told as APPROVE");
    assert_snapshot!(told(&test("    expect: {verdict: ALLOW, rule: calls}\n")), @"p.yaml:20:5: test a payout: expected ALLOW by calls; got ALLOW by payouts");
    assert_snapshot!(told(&test("    expect: {verdict: DENY, reason: LIMIT_EXCEEDED, limit: eth-per-day}\n")), @"p.yaml:20:5: test a payout: expected DENY LIMIT_EXCEEDED by limit eth-per-day; got ALLOW by payouts");
    let history = "    history: [{ago: 3h}, {ago: 2h, amount: \"0.5\"}]\n";
    assert_snapshot!(told(&test(&format!("{history}    expect: {{verdict: DENY}}\n"))), @"p.yaml:29:26: test a payout: what stands in the history must come out ALLOW, or say what it expects; got DENY LIMIT_EXCEEDED, told as REJECT: limit eth-per-day: 0.4 ETH left of 1 ETH, 0.5 ETH asked");
    let mistyped = test("    expect: {verdict: DENY}\n").replace("asset: ETH", "asset: EHT");
    assert_snapshot!(told(&mistyped), @"p.yaml:20:5: test a payout: expected DENY; got DENY ASSET_UNKNOWN: the policy does not know asset EHT (no rule had a look at it: where that is meant, expect the reason, too)");
    passes(&mistyped.replace("DENY}", "DENY, reason: ASSET_UNKNOWN}"));
}

#[test]
fn the_history_is_in_the_ledger_and_leaves_it_in_time() {
    for (history, expected) in [
        ("[{ago: 2h}]", "{verdict: DENY, limit: eth-per-day, reason: LIMIT_EXCEEDED, action: REJECT}"),
        ("[{ago: 24h}]", "{verdict: ALLOW}"),
        ("[{ago: 2h, amount: \"0.4\"}]", "{verdict: ALLOW}"),
        ("[{ago: 2h, amount: \"0.2\"}, {ago: 1h, amount: \"0.21\"}]", "{verdict: DENY, limit: eth-per-day}"),
        ("[{ago: 2h, signer: s-2}]", "{verdict: ALLOW}"),
        ("[{at: \"2026-01-01T10:00:00Z\"}]", "{verdict: DENY, limit: eth-per-day}"),
        ("[{at: \"2025-12-31T13:00:00+01:00\"}]", "{verdict: ALLOW}"),
        ("[{ago: 2h, tenant: another}]", "{verdict: DENY, limit: eth-per-day}"),
        ("[{ago: 2h, stage: APPROVAL}]", "{verdict: DENY, limit: eth-per-day}"),
    ] {
        passes(&test(&format!("    history: {history}\n    expect: {expected}\n")));
    }
}

#[test]
fn a_transaction_may_be_told_in_its_stages() {
    let signing = |expected: &str| {
        let request = test(&format!(
            "    history: [{{ago: 5m, tx_id: tx, stage: APPROVAL}}]\n    expect: {expected}\n"
        ));
        request.replace("      signer", "      tx_id: tx\n      signer")
    };
    passes(&signing("{verdict: ALLOW}"));
    let other = signing("{verdict: DENY, reason: INTENT_CHANGED}")
        .replace("stage: APPROVAL", "stage: APPROVAL, amount: \"0.3\"");
    passes(&other);
}

#[test]
fn every_field_reaches_the_rules() {
    let expect = |more: &str| format!("    expect: {more}\n");
    let noted = test(&expect("{verdict: DENY, rule: noted}")).replace("wages", "stop");
    passes(&noted);
    let silent =
        test(&expect("{verdict: HOLD, rule: noted, reason: DENY_RULE_INDETERMINATE, action: REJECT}"));
    passes(&silent.replace("      note: wages\n", ""));
    let console = "{verdict: HOLD, rule: noted, action: IGNORE}";
    let console = test(&expect(console)).replace("      note: wages\n", "      stage: APPROVAL\n");
    passes(&console.replace("      fee: \"0.001\"\n", ""));
    passes(&test(&expect("{verdict: DENY, rule: too-dear}")).replace("0.001", "0.2"));
    let call = "operation: CONTRACT_CALL\n      call_data: \"0xa9059cbb\"\n      asset";
    passes(&test(&expect("{verdict: ALLOW, rule: calls}")).replace("asset", call));
    let other = "operation: CONTRACT_CALL\n      call_data: \"0x095ea7b3\"\n      asset";
    passes(&test(&expect("{verdict: DENY, reason: NO_ALLOW_RULE}")).replace("asset", other));
    let login = "operation: TYPED_MESSAGE\n      messages: [EIP712]\n      asset";
    passes(&test(&expect("{verdict: ALLOW, rule: logins}")).replace("asset", login));
    let mixed = "operation: TYPED_MESSAGE\n      messages: [EIP712, RAW]\n      asset";
    passes(&test(&expect("{verdict: DENY, reason: NO_ALLOW_RULE}")).replace("asset", mixed));
}

#[test]
fn a_raw_transaction_is_made_up_where_the_policy_requires_one_and_none_is_told() {
    let required = POLICY.replace("version: 1\n", "version: 1\nraw_transactions: required\n");
    let read = |tests: String| read("p.yaml", &format!("{required}{tests}")).map(|_| ());
    assert_eq!(read(test("    expect: {verdict: ALLOW}\n")), Ok(()));
    let none = test("    expect: {verdict: DENY, reason: RAW_TRANSACTION_MISSING}\n");
    assert_eq!(read(none.replace("      signer", "      raw_transactions: []\n      signer")), Ok(()));
    let wrong =
        format!("      raw_transactions: [{{raw: \"00\", payload: \"{}\"}}]\n      signer", "0".repeat(64));
    let mismatch = test("    expect: {verdict: DENY, reason: RAW_TRANSACTION_MISMATCH}\n");
    assert_eq!(read(mismatch.replace("      signer", &wrong)), Ok(()));
}

#[test]
fn several_destinations_each_say_what_they_get() {
    let two = r#"to:
        - {type: UNMANAGED, address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", amount: "0.2", tag: ""}
        - {type: UNMANAGED, address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", amount: "0.4"}"#;
    passes(&test("    expect: {verdict: ALLOW}\n").replace(TO, two));
    let unstated = test("    expect: {verdict: ALLOW}\n").replace(TO, &two.replace(", amount: \"0.4\"", ""));
    assert_snapshot!(told(&unstated), @"p.yaml:22:7: several destinations: write amount and amount_usd at each of them, amount at the request, too, and no amount_usd there");
}

#[test]
fn mistakes_have_their_places() {
    let wrong = test(
        r#"      amonut: "1"
      stage: SIGNIN
      operation: TRANSFR
    at: 2026-03-01
    history:
      - {ago: 2h, at: "2026-01-01T11:00:00Z"}
      - {amount: "1"}
      - {ago: 2 hours}
      - {ago: 1h, asset: 7}
    expect: {verdict: ALOW, rule: payuots, limit: eth-per-month, reason: LIMIT, action: IGNORED, hold: true}
"#,
    );
    assert_snapshot!(told(&wrong), @r#"
    p.yaml:29:7: unknown field amonut: did you mean amount?
    p.yaml:30:14: unknown stage SIGNIN: did you mean SIGNING?
    p.yaml:31:18: unknown operation TRANSFR: did you mean TRANSFER? (a new one must be named under operations)
    p.yaml:32:9: at must be a time with its offset, such as "2026-03-01T12:00:00Z"
    p.yaml:34:9: an entry of a history says when it was asked: either ago, such as 2h, or at
    p.yaml:35:9: an entry of a history says when it was asked: either ago, such as 2h, or at
    p.yaml:36:15: ago: expected a whole number and a unit: 30s, 15m, 24h or 7d
    p.yaml:37:26: asset must be quoted text: write "7"
    p.yaml:38:23: unknown verdict ALOW: did you mean ALLOW?
    p.yaml:38:35: unknown rule payuots: did you mean payouts?
    p.yaml:38:51: unknown limit eth-per-month: did you mean eth-per-day?
    p.yaml:38:74: unknown reason LIMIT: expected ALLOWED, FIELD_MISSING, FIELD_INVALID, FIELDS_DISAGREE, ASSET_UNKNOWN, NO_DESTINATION, RAW_TRANSACTION_MISMATCH, RAW_TRANSACTION_MISSING, DENY_RULE, DENY_RULE_INDETERMINATE, NO_ALLOW_RULE, LIMIT_EXCEEDED, LIMIT_INDETERMINATE, CONTENT_CHANGED or INTENT_CHANGED
    p.yaml:38:89: unknown action IGNORED: did you mean IGNORE?
    p.yaml:38:98: unknown field hold: expected verdict, action, reason, rule, limit or says
    "#);
    assert_snapshot!(told("  - {}\n"), @"
    p.yaml:20:5: name is missing
    p.yaml:20:5: request is missing
    p.yaml:20:5: expect is missing
    ");
    assert_snapshot!(told(&test("    history: [{ago: 1h}, {ago: 2h}, {at: \"2026-02-01T00:00:00Z\"}]\n    expect: {verdict: ALLOW}\n")), @"
    p.yaml:29:26: the history is told oldest first: this comes before what stands above
    p.yaml:29:37: this comes after the request of the test: history is what was before
    ");
}

/// `FAILED twice` would be either.
#[test]
fn each_test_has_a_name_of_its_own() {
    let one = test("    expect: {verdict: ALLOW}\n");
    assert_snapshot!(told(&format!("{one}{one}")), @"p.yaml:30:11: another test is called so: first in line 20");
}

#[test]
fn what_could_never_come_out_is_a_mistake() {
    let told = |expected: &str| told(&test(&format!("    expect: {expected}\n")));
    assert_snapshot!(told("{verdict: ALLOW, limit: eth-per-day}"), @"p.yaml:29:37: this can never come out: a limit decides LIMIT_EXCEEDED and LIMIT_INDETERMINATE, nothing else");
    assert_snapshot!(told("{verdict: ALLOW, rule: noted}"), @"p.yaml:29:36: this can never come out: an allow rule decides ALLOW; a deny rule decides DENY_RULE and DENY_RULE_INDETERMINATE, and no limit beside it");
    assert_snapshot!(told("{verdict: DENY, rule: payouts}"), @"p.yaml:29:35: this can never come out: an allow rule decides ALLOW; a deny rule decides DENY_RULE and DENY_RULE_INDETERMINATE, and no limit beside it");
    assert_snapshot!(told("{verdict: DENY, reason: DENY_RULE_INDETERMINATE}"), @"p.yaml:29:37: this can never come out: it is no reason of DENY");
    assert_snapshot!(told("{verdict: HOLD, action: RETRY}"), @"p.yaml:29:37: unknown action RETRY: expected APPROVE, REJECT or IGNORE");
    assert_snapshot!(told("{verdict: HOLD, action: IGNORE}"), @"p.yaml:29:37: this can never come out: HOLD at SIGNING is never told so");
    assert_snapshot!(told("{verdict: HOLD, rule: noted, limit: eth-per-day}"), @"p.yaml:29:35: this can never come out: an allow rule decides ALLOW; a deny rule decides DENY_RULE and DENY_RULE_INDETERMINATE, and no limit beside it");
}

#[test]
fn a_fee_is_evidence_of_signing() {
    let approval =
        test("    expect: {verdict: ALLOW}\n").replace("      fee", "      stage: APPROVAL\n      fee");
    assert_snapshot!(told(&approval), @"p.yaml:27:12: fee is there at signing alone: a request that has it is not for APPROVAL");
}

#[test]
fn there_is_a_bound() {
    let many = "  - {}\n".repeat(super::MAX_TESTS + 1);
    assert_snapshot!(told(&many), @"p.yaml:20:3: tests has 1001 entries: at most 1000 are read");
    let history = format!("    history: [{}]\n", "{ago: 1h}, ".repeat(super::MAX_REQUESTS));
    assert_snapshot!(told(&test(&format!("{history}    expect: {{verdict: ALLOW}}\n"))), @"p.yaml:20:5: the tests ask more than 10000 requests, which is the most that are played");
}

/// What a test says of one entry of a history beside another, and of itself.
fn after(entry: &str, expected: &str) -> String {
    test(&format!("    history: [{entry}, {{ago: 1h, amount: \"0.4\"}}]\n    expect: {expected}\n"))
}

#[test]
fn what_was_refused_in_between_uses_nothing() {
    let (allowed, denied) = ("{verdict: ALLOW}", "{verdict: DENY, limit: eth-per-day}");
    for (entry, expected) in [
        ("{ago: 2h, note: stop, expect: {verdict: DENY}}", allowed),
        ("{ago: 2h, note: stop, expect: {verdict: DENY, rule: noted, action: REJECT, says: noted}}", allowed),
        ("{ago: 2h, amount: \"1.1\", expect: {verdict: DENY, limit: eth-per-day}}", allowed),
        (
            "{ago: 2h, without: [note, fee], stage: APPROVAL, expect: {verdict: HOLD, action: IGNORE}}",
            allowed,
        ),
        ("{ago: 2h, amount: \"0.1\"}", denied),
        ("{ago: 2h, amount: \"0.1\", expect: {verdict: ALLOW, rule: payouts}}", denied),
    ] {
        passes(&after(entry, expected));
    }
}

#[test]
fn what_came_out_of_a_history_instead_is_told() {
    let told_of = |expected: &str| {
        told(&after(&format!("{{ago: 2h, note: stop, expect: {expected}}}"), "{verdict: ALLOW}"))
    };
    assert_snapshot!(told_of("{verdict: HOLD}"), @"p.yaml:29:15: test a payout: in the history, expected HOLD; got DENY DENY_RULE: deny rule noted matches");
    assert_snapshot!(told_of("{verdict: ALLOW}"), @"p.yaml:29:15: test a payout: what stands in the history must come out ALLOW, or say what it expects; got DENY DENY_RULE, told as REJECT: deny rule noted matches");
    assert_snapshot!(told_of("{verdict: DENY, rule: payouts}"), @"p.yaml:29:67: this can never come out: an allow rule decides ALLOW; a deny rule decides DENY_RULE and DENY_RULE_INDETERMINATE, and no limit beside it");
    assert_snapshot!(told_of("{verdict: HOLD, action: IGNORE}"), @"p.yaml:29:69: this can never come out: HOLD at SIGNING is never told so");
    assert_snapshot!(told_of("{verdikt: DENY}"), @"p.yaml:29:46: unknown field verdikt: did you mean verdict?");
    let mistyped = after("{ago: 2h, asset: EHT, expect: {verdict: DENY}}", "{verdict: ALLOW}");
    assert_snapshot!(told(&mistyped), @"p.yaml:29:15: test a payout: in the history, expected DENY; got DENY ASSET_UNKNOWN: the policy does not know asset EHT (no rule had a look at it: where that is meant, expect the reason, too)");
}
