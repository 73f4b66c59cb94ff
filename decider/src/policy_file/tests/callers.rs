//! `tenant` and `caller_proof`, in rules, limits, rules over configuration changes, expressions and tests.

use insta::assert_snapshot;
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::request::CallerProof;

use super::super::{PolicyFile, read};

const POLICY: &str = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
lists: {payees: {chain: evm, addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]}}
deny:
  - {id: guard, when: {WHEN}}
allow:
  - {id: pay, when: {WHEN}}
limits:
  - {id: pace, when: {WHEN}, max: {count: 2}, window: 1h}
config_changes:
  - {id: no-users, effect: reject, type: ADD_USER, WHEN}
  - {id: listed, effect: approve, type: UNMANAGED_WALLET, address_list: payees, WHEN}
"#;

/// A policy in which every rule and limit asks this of who asks.
fn with(when: &str) -> Result<PolicyFile, String> {
    read("p.yaml", &POLICY.replace("WHEN", when)).map_err(|mistakes| {
        let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn mistakes(when: &str) -> String {
    with(when).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

/// The first of the mistakes: each section tells the same of it.
fn mistake(when: &str) -> String {
    mistakes(when).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn they_mean_the_same_wherever_rules_match() {
    let tenants = || ["json".to_owned(), "payouts".into()].into();
    let (proven, unproven) = (CallerProof::CosignerSignature, CallerProof::Unproven);
    for (when, expected) in [
        (
            "tenant: [json, payouts], caller_proof: [UNPROVEN]",
            CallerConditions { tenants: Some(Choice::OneOf(tenants())), proofs: Some([unproven].into()) },
        ),
        (
            "tenant: {not: [json, payouts]}, caller_proof: {not: [UNPROVEN]}",
            CallerConditions { tenants: Some(Choice::NoneOf(tenants())), proofs: Some([proven].into()) },
        ),
        (
            "caller_proof: [COSIGNER_SIGNATURE, UNPROVEN]",
            CallerConditions { tenants: None, proofs: Some([proven, unproven].into()) },
        ),
    ] {
        let policy = with(when).unwrap_or_else(|mistakes| panic!("{when}: {mistakes}")).policy;
        assert_eq!(policy.deny[0].when.caller, expected);
        assert_eq!(policy.allow[0].when.caller, expected);
        assert_eq!(policy.limits[0].when.caller, expected);
        assert!(policy.config_changes.iter().all(|rule| rule.caller == expected), "{when}");
    }
}

#[test]
fn each_section_tells_what_would_never_match() {
    assert_snapshot!(mistakes("caller_proof: [UNPROVED]"), @"
    p.yaml:5:39: unknown caller_proof UNPROVED: did you mean UNPROVEN?
    p.yaml:7:37: unknown caller_proof UNPROVED: did you mean UNPROVEN?
    p.yaml:9:38: unknown caller_proof UNPROVED: did you mean UNPROVEN?
    p.yaml:11:67: unknown caller_proof UNPROVED: did you mean UNPROVEN?
    p.yaml:12:96: unknown caller_proof UNPROVED: did you mean UNPROVEN?
    ");
}

#[test]
fn words_and_names_are_checked() {
    assert_snapshot!(mistake("caller_proof: [none]"), @"p.yaml:5:39: unknown caller_proof none: expected COSIGNER_SIGNATURE or UNPROVEN");
    assert_snapshot!(mistake("caller_proof: UNPROVEN"), @"p.yaml:5:38: caller_proof must be a list, not text");
    assert_snapshot!(mistake("caller_proof: []"), @r#"p.yaml:5:38: caller_proof is empty, which would never match: leave it out for "any""#);
    assert_snapshot!(mistake("caller_proof: [UNPROVEN, UNPROVEN]"), @"p.yaml:5:49: this is in caller_proof already");
    assert_snapshot!(mistake("caller_proof: {not: [UNPROVEN, COSIGNER_SIGNATURE]}"), @"p.yaml:5:23: caller_proof can never match: both are ruled out");
    assert_snapshot!(mistake("callerproof: [UNPROVEN]"), @"p.yaml:5:24: unknown field callerproof: did you mean caller_proof?");
    assert_snapshot!(mistake("tenant: [Json]"), @r#"p.yaml:5:33: Json is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_""#);
    assert_snapshot!(mistake("tenant: {not: []}"), @"p.yaml:5:38: not is empty, so that it rules nothing out: leave it out");
    assert_snapshot!(mistake("tenants: [json]"), @"p.yaml:5:24: unknown field tenants: did you mean tenant?");
}

#[test]
fn expressions_know_them() {
    let mistake = |text: &str| mistake(&format!("condition: \"{text}\""));
    let only = |text: &str| {
        let policy = "version: 1\nassets: {ETH: {chain: evm, decimals: 18}}\nallow: []\n";
        read("p.yaml", &format!("{policy}deny: [{{id: a, when: {{condition: \"{text}\"}}}}]\n")).is_ok()
    };
    assert!(only("tenant == 'json' && caller_proof != 'COSIGNER_SIGNATURE'"));
    assert_snapshot!(mistake("caller_proof == 'UNPROVED'"), @"p.yaml:5:52: condition: unknown caller_proof UNPROVED: did you mean UNPROVEN?");
    assert_snapshot!(mistake("tenant == 'a b'"), @r#"p.yaml:5:46: condition: a b is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_""#);
}

const NARROWED: &str = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
deny:
  - {id: json-is-small, when: {tenant: [json], assets: [ETH], amount: {over: "1"}}}
allow:
  - {id: proven, when: {caller_proof: [COSIGNER_SIGNATURE]}}
  - {id: home, when: {caller_proof: [UNPROVEN], tenant: [json], destination: [{type: VAULT, id: "0"}]}}
limits:
  - {id: json-pace, when: {caller_proof: [UNPROVEN]}, max: {count: 2}, window: 1h}
requests:
  home:
    tenant: json
    caller_proof: UNPROVEN
    source: {type: VAULT, id: "1"}
    to: [{type: VAULT, id: "0", display_address: "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"}]
    asset: ETH
    amount: "1"
    amount_usd: "2000"
tests:
"#;

fn outcome_of(test: &str) -> String {
    let text = format!("{NARROWED}  - {{name: it, {test}}}\n");
    let read = read("p.yaml", &text);
    read.err()
        .map(|mistakes| mistakes.iter().map(|mistake| mistake.message.clone()).collect())
        .unwrap_or_default()
}

#[test]
fn a_policys_own_tests_say_who_asks() {
    for test in [
        "request: {like: home}, expect: {verdict: ALLOW, rule: home}",
        "request: {like: home, caller_proof: COSIGNER_SIGNATURE}, expect: {verdict: ALLOW, rule: proven}",
        "request: {like: home, amount: \"1.1\"}, expect: {verdict: DENY, rule: json-is-small}",
        "request: {like: home, without: [caller_proof]}, expect: {verdict: DENY, reason: NO_ALLOW_RULE, says: the caller's proof is missing}",
        "request: {like: home, tenant: default}, expect: {verdict: DENY, reason: NO_ALLOW_RULE}",
        "history: [{ago: 1m}, {ago: 1m}], request: {like: home}, expect: {verdict: DENY, limit: json-pace}",
        "history: [{ago: 1m}, {ago: 1m}], request: {like: home, caller_proof: COSIGNER_SIGNATURE}, expect: {verdict: ALLOW}",
        "history: [{ago: 1m, tx_id: t, request_id: r, caller_proof: UNPROVEN}], request: {like: home, tx_id: t, request_id: r, caller_proof: COSIGNER_SIGNATURE}, expect: {verdict: DENY, reason: CONTENT_CHANGED}",
    ] {
        assert_eq!(outcome_of(test), "", "{test}");
    }
    assert_snapshot!(outcome_of("request: {caller_proof: UNPROVED}, expect: {verdict: DENY, reason: FIELD_MISSING}"), @"unknown caller_proof UNPROVED: did you mean UNPROVEN?");
    assert_snapshot!(outcome_of("request: {tenant: Json}, expect: {verdict: DENY, reason: FIELD_MISSING}"), @r#"Json is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_""#);
    assert_snapshot!(outcome_of("request: {like: home, without: [caller_proof], caller_proof: UNPROVEN}, expect: {verdict: DENY}"), @"caller_proof is given beside this: it cannot be left out, too");
}
