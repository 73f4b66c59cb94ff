use insta::assert_snapshot;

use crate::policy_file::{read, warnings};

/// A policy with these sections beside its assets and lists.
fn told(sections: &str) -> String {
    let text = POLICY.replace("SECTIONS", sections);
    let file = read("p.yaml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let told = warnings::collect(&file).into_iter().map(|warning| warning.to_string());
    let told = told.filter(|line| !line.contains("is not used") && !line.ends_with("list nobody is empty"));
    told.collect::<Vec<_>>().join("\n")
}

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18, fee_asset: ETH}
  USDC: {chain: evm, decimals: 6, fee_asset: ETH}
  XRP: {chain: exact, decimals: 6}
lists:
  payees: {chain: evm, addresses: ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
  dated: {chain: evm, addresses: [{address: "0x1111111111111111111111111111111111111111", added: 2026-01-05}]}
  tagged: {chain: exact, addresses: [{address: rAlice, tag: "7"}]}
  nobody: {chain: evm, addresses: []}
  coins: {chain: bitcoin, addresses: [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]}
source_groups:
  hot: [{type: VAULT, id: "0"}, {type: VAULT, id: "1"}]
signer_groups:
  treasurers: ["t-1", "t-2"]
counterparties:
  acme: {accounts: [{type: EXCHANGE, id: "e-1"}]}
  ghosts: {lists: [nobody]}
SECTIONS
limits:
  - {id: pace, max: {count: 5}, window: 1h}
"#;

/// A deny rule, beside an allow rule that nothing is wrong with.
fn deny(when: &str) -> String {
    told(&format!(
        "deny:\n  - {{id: bad, when: {{{when}}}}}\nallow:\n  - {{id: good, when: {{destination: [{{list: payees}}]}}}}"
    ))
}

/// An allow rule.
fn allow(when: &str) -> String {
    told(&format!("allow:\n  - {{id: pay, when: {{{when}}}}}"))
}

/// An allow rule beside a deny rule.
fn denied(allow: &str, deny: &str) -> String {
    told(&format!("deny:\n  - {{id: stop, when: {{{deny}}}}}\nallow:\n  - {{id: pay, when: {{{allow}}}}}"))
}

/// An allow rule after another one.
fn beside(first: &str, second: &str) -> String {
    told(&format!("allow:\n  - {{id: first, when: {{{first}}}}}\n  - {{id: second, when: {{{second}}}}}"))
}

#[test]
fn a_condition_that_contradicts_itself_is_told() {
    let deny = |condition: &str| deny(&format!("assets: [ETH], condition: \"{condition}\""));
    assert_snapshot!(deny("amount.more_than('5') && amount.less_than('3')"), @"p.yaml:20:10: deny rule bad can never match: no value of amount meets all that its condition asks of it: take out what is not meant, or join alternatives with ||");
    assert_snapshot!(deny("signer == 'ann' && signer == 'bob'"), @"p.yaml:20:10: deny rule bad can never match, and holds those where what it compares is missing: no value of signer meets all that its condition asks of it: take out what is not meant, or join alternatives with ||");
    assert_snapshot!(allow("condition: \"stage == 'SIGNING' && (stage == 'APPROVAL' || !(stage == 'SIGNING'))\""), @"p.yaml:20:10: allow rule pay can never match: no value of stage meets all that its condition asks of it: take out what is not meant, or join alternatives with ||");
    assert_eq!(deny("amount.more_than('5') || amount.less_than('3')"), "");
    assert_eq!(deny("signer == 'ann' || signer == 'bob'"), "");
}

#[test]
fn a_message_of_a_type_that_nobody_knows_is_told() {
    assert_snapshot!(deny("operations: [TYPED_MESSAGE], messages: [EIP712, EIP721]"), @"p.yaml:20:10: deny rule bad: unknown type of a message EIP721: did you mean EIP712?");
    assert_snapshot!(allow("operations: [TYPED_MESSAGE], messages: [NEW]"), @"
    p.yaml:20:10: allow rule pay allows TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does
    p.yaml:20:10: allow rule pay: unknown type of a message NEW: expected EIP191, EIP712, TIP191 or BTC_MESSAGE
    ");
    assert_eq!(deny("operations: [TYPED_MESSAGE], messages: [EIP712, EIP191]"), "");
}

#[test]
fn a_tag_that_the_edge_never_says_is_told() {
    assert_snapshot!(deny("destination: [{type: UNMANAGED, tag: \"104\"}]"), @"p.yaml:20:10: deny rule bad asks for a tag, and the edge never says one: of XRP it holds what comes through the edge, whatever tag that has, where the rest of it fits");
    assert_snapshot!(deny("assets: [ETH], destination: [{type: UNMANAGED, tag: \"104\"}]"), @"p.yaml:20:10: deny rule bad can never match, and holds those whose address is missing: tag 104 is asked for, and no asset that it can meet is on a chain with tags: leave the tag out here, or ask for such an asset");
    assert_eq!(
        deny("assets: [ETH], destination: [{type: EXCHANGE, tag: \"104\"}]"),
        "",
        "it may have no address"
    );
    assert_snapshot!(allow("destination: [{list: tagged, tag: \"7\"}]"), @"p.yaml:20:10: allow rule pay asks for a tag, and the edge never says one: of XRP it covers nothing that comes through the edge");
}

/// Lists and assets whose addresses are compared letter by letter; `tagged` has both cases, as base58 does.
#[test]
fn another_spelling_that_goes_past_a_rule_or_limit_is_told() {
    let with = |sections: &str, limit: &str| {
        let text = POLICY.replace("SECTIONS", sections) + limit;
        let hex = "lists:\n  hex: {chain: exact, addresses: [r0ab12]}\n  l: {chain: bech32, addresses: [ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9]}\n";
        let text = text
            .replace("lists:\n", hex)
            .replace("XRP: {chain", "LTC: {chain: bech32, decimals: 8}\n  XRP: {chain");
        let told = warnings::told(&read("p.yaml", &text).unwrap());
        told.lines()
            .filter(|line| line.contains("spelling"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let deny = |when: &str| {
        with(&format!("deny:\n  - {{id: bad, when: {{{when}}}}}\nallow:\n  - {{id: good, when: {{}}}}"), "")
    };
    let allow = |when: &str| with(&format!("allow:\n  - {{id: pay, when: {{{when}}}}}"), "");
    let limit = |when: &str| {
        with(
            "allow:\n  - {id: good, when: {}}",
            &format!("  - {{id: cap, {when}, max: {{count: 1}}, window: 1h}}\n"),
        )
    };
    assert_snapshot!(deny("destination: [{list: payees}, {list: hex}]"), @"deny rule bad asks for list hex, and on chain exact another spelling is another address: r0ab12 in other letters goes past it. Where its addresses are bech32, say chain: bech32");
    assert_snapshot!(allow("destination: {not: [{list: hex}]}"), @"allow rule pay rules out list hex, and on chain exact another spelling is another address: r0ab12 in other letters goes past it. Where its addresses are bech32, say chain: bech32");
    assert_snapshot!(limit("when: {destination: [{list: hex}]}"), @"limit cap asks for list hex, and on chain exact another spelling is another address: r0ab12 in other letters goes past it. Where its addresses are bech32, say chain: bech32");
    assert_snapshot!(limit("key: [destination]"), @"limit cap has a sum for each spelling of an address of XRP: on chain exact another spelling is another address. Where its addresses are bech32, say chain: bech32");
    for fine in [
        deny("destination: [{list: tagged}, {list: l}]"),
        deny("destination: {not: [{list: hex}]}"),
        allow("destination: [{list: hex}]"),
        limit("key: [destination], when: {assets: [ETH, LTC]}"),
        limit("when: {destination: {not: [{list: hex}]}}"),
    ] {
        assert_eq!(fine, "");
    }
}

#[test]
fn what_a_required_raw_transaction_does_not_prove_is_told() {
    let required = |text: &str| text.replace("version: 1\n", "version: 1\nraw_transactions: required\n");
    let allow = "allow:\n  - {id: good, when: {destination: [{list: payees}]}}";
    let told =
        |text: String| warnings::told(&read("p.yaml", &text).unwrap()).lines().next().unwrap().to_owned();
    let text = required(&POLICY.replace("SECTIONS", allow));
    assert_snapshot!(told(text.clone()), @"raw_transactions: required proves nothing of XRP: how their chains hash is not known, so that a raw transaction must be there, and what it says is not held against what is signed");
    let many: String =
        (10..22).map(|number| format!("  A{number}: {{chain: solana, decimals: 6}}\n")).collect();
    assert_snapshot!(told(text.replace("lists:\n", &format!("{many}lists:\n"))), @"raw_transactions: required proves nothing of A10, A11, A12, A13, A14, A15, A16, A17, A18, A19 and 3 more: how their chains hash is not known, so that a raw transaction must be there, and what it says is not held against what is signed");
}

#[test]
fn rules_that_can_never_match_are_told_with_their_places() {
    assert_snapshot!(deny("messages: [EIP712], destination: [{type: VAULT}]"), @"p.yaml:20:10: deny rule bad can never match: no operation that it can meet has destination and messages: one operation must have all that is asked for");
    assert_snapshot!(deny("call: {methods: [\"0xa9059cbb\"]}, amount_usd: {over: \"1\"}"), @"p.yaml:20:10: deny rule bad can never match: no operation that it can meet has amount_usd and call: one operation must have all that is asked for");
    assert_snapshot!(deny("messages: [EIP712], operations: {not: [RAW, TYPED_MESSAGE]}"), @"p.yaml:20:10: deny rule bad can never match: no operation that it can meet has messages: one operation must have all that is asked for");
    assert_snapshot!(deny("destination: [{list: nobody}]"), @"p.yaml:20:10: deny rule bad can never match, and holds those whose address is missing: list nobody is empty: add addresses to it, or leave it out here");
    assert_snapshot!(deny("destination: [{list: coins}]"), @"p.yaml:20:10: deny rule bad can never match, and holds those whose address is missing: list coins holds bitcoin addresses, and no asset that it can meet is on bitcoin: leave it out here, or ask for such an asset");
    assert_snapshot!(deny("destination: [{list: payees, listed_within: 24h}]"), @"p.yaml:20:10: deny rule bad can never match, and holds whoever is on the list: no address of list payees has a date, which listed_for and listed_within ask for: write when each was added");
    assert_snapshot!(allow("destination: [{list: tagged, tag: \"8\"}]"), @"p.yaml:20:10: allow rule pay can never match: list tagged has nobody under tag 8: add who is meant to it, or leave the tag out here");
    assert_snapshot!(deny("destination: [{counterparty: ghosts}]"), @"p.yaml:20:10: deny rule bad can never match, and holds those whose address is missing: counterparty ghosts has neither accounts nor addresses that it can meet: add them, or leave it out here");
    assert_snapshot!(deny("destination: [{type: VAULT, counterparty: acme}]"), @"p.yaml:20:10: deny rule bad can never match: counterparty acme has no such account, and no lists: leave one of the two out");
    assert_snapshot!(deny("times: {not: [{zone: UTC}]}"), @"p.yaml:20:10: deny rule bad can never match: its times rule out every hour of the week: name those that are meant");
    assert_snapshot!(deny("operations: [CONTRACT_CALL], call: {contracts: nobody}"), @"p.yaml:20:10: deny rule bad can never match, and holds those whose address is missing: list nobody is empty: add addresses to it, or leave it out here");
    assert_snapshot!(allow("destination: [{list: nobody}]"), @"p.yaml:20:10: allow rule pay can never match: list nobody is empty: add addresses to it, or leave it out here");
    let limit = "allow:\n  - {id: good, when: {destination: [{list: payees}]}}".to_owned();
    let text = POLICY.replace("SECTIONS", &limit)
        + "  - {id: none, when: {destination: [{list: nobody}]}, max: {count: 1}, window: 1h}\n";
    assert_snapshot!(warnings::told(&read("p.yaml", &text).unwrap()), @"
    list dated is not used
    list tagged is not used
    list nobody is empty
    list coins is not used
    source group hot is not used
    signer group treasurers is not used
    counterparty acme is not used
    counterparty ghosts is not used
    limit none can never apply, and holds those whose address is missing: list nobody is empty: add addresses to it, or leave it out here
    ");
}

#[test]
fn destinations_that_nobody_can_be_are_told() {
    assert_snapshot!(deny("destination: [{list: nobody}, {type: EXCHANGE}]"), @"p.yaml:20:10: a destination of deny rule bad can never match, and holds those whose address is missing: list nobody is empty: add addresses to it, or leave it out here");
    assert_snapshot!(deny("destination: {not: [{list: coins}]}"), @"p.yaml:20:10: a destination of deny rule bad can never match, and holds those whose address is missing: list coins holds bitcoin addresses, and no asset that it can meet is on bitcoin: leave it out here, or ask for such an asset");
    assert_snapshot!(allow("destination: [{list: payees}, {list: payees, listed_for: 24h}]"), @"p.yaml:20:10: a destination of allow rule pay can never match: no address of list payees has a date, which listed_for and listed_within ask for: write when each was added");
}

#[test]
fn an_allow_rule_that_a_deny_rule_covers_can_never_allow() {
    assert_snapshot!(denied("destination: [{list: payees}]", ""), @"p.yaml:22:10: allow rule pay can never allow: deny rule stop denies whatever it covers. Narrow that one, or take this one out");
    for (allow, deny) in [
        ("source: [{type: VAULT, id: \"7\"}]", "source: [{type: VAULT, id: \"7\"}]"),
        ("source: [{type: VAULT, id: \"7\"}]", "source: [{type: VAULT}]"),
        ("source: [{type: VAULT, id: \"7\"}]", "source: {not: [{group: hot}]}"),
        ("source: {not: [{type: VAULT}]}", "source: {not: [{group: hot}]}"),
        ("signers: [{group: treasurers}]", "signers: [\"t-1\", \"t-2\", \"t-3\"]"),
        ("signers: [\"t-1\"]", "signers: {not: [\"t-2\"]}"),
        ("signers: {not: [\"t-1\", \"t-2\"]}", "signers: {not: [\"t-1\"]}"),
        ("stages: [SIGNING]", "stages: {not: [APPROVAL]}"),
        ("", "stages: [APPROVAL, SIGNING]"),
        ("", "operations: [TRANSFER, MINT]"),
        ("operations: [RAW]", "operations: {not: [TRANSFER]}"),
        ("assets: [ETH]", "chains: [evm]"),
        ("", "assets: [ETH, USDC, XRP]"),
        ("assets: [ETH], amount: {over: \"5\"}", "assets: [ETH], amount: {over: \"4\"}"),
        (
            "assets: [ETH], amount: {max: \"5\", over: \"4\"}",
            "assets: [ETH], amount: {max: \"5\", over: \"1\"}",
        ),
        ("amount_usd: {max: \"5\"}", "amount_usd: {max: \"5\"}"),
        ("assets: [ETH], fee: {over: \"5\"}", "assets: [ETH], fee: {over: \"4\"}"),
        ("assets: [ETH], fee_share: {over: \"0.5\"}", "assets: [ETH], fee_share: {over: \"0.4\"}"),
        ("destination: [{list: payees}]", "destination: [{list: payees}, {type: VAULT}]"),
        ("destination: [{type: VAULT, id: \"1\"}, {type: VAULT, id: \"2\"}]", "destination: [{type: VAULT}]"),
        ("destination: [{type: VAULT, id: \"1\"}]", "destination: {not: [{type: VAULT, id: \"2\"}]}"),
        ("destination: [{type: EXCHANGE, id: \"e-1\"}]", "destination: [{counterparty: acme}]"),
        ("destination: {not: [{type: VAULT}]}", "destination: {not: [{type: VAULT, id: \"1\"}]}"),
        ("destination: [{list: dated, listed_for: 3d}]", "destination: [{list: dated, listed_for: 2d}]"),
        (
            "operations: [CONTRACT_CALL], call: {contracts: payees, methods: [\"0xa9059cbb\"]}",
            "call: {contracts: payees}",
        ),
        ("operations: [RAW], messages: [EIP712]", "messages: {not: [EIP191]}"),
        (
            "times: [{zone: UTC, days: [SAT], from: \"09:00\", to: \"17:00\"}]",
            "times: [{zone: UTC, days: [SAT, SUN]}]",
        ),
        ("times: [{zone: UTC, days: [SAT]}]", "times: {not: [{zone: UTC, days: [MON, TUE]}]}"),
        ("note: [a]", "note: [a, b]"),
        ("note: [a], condition: note == \"a\"", "condition: note == \"a\""),
    ] {
        let warning = denied(allow, deny);
        assert!(
            warning.contains("allow rule pay can never allow: deny rule stop"),
            "{allow} | {deny}: {warning}"
        );
    }
}

#[test]
fn what_only_may_be_denied_is_not_told() {
    for (allow, deny) in [
        ("source: [{type: VAULT}]", "source: [{type: VAULT, id: \"7\"}]"),
        ("source: [{type: VAULT}]", "source: {not: [{group: hot}]}"),
        ("source: {not: [{type: VAULT, id: \"0\"}]}", "source: [{type: EXCHANGE}]"),
        ("", "signers: {not: [\"t-1\"]}"),
        ("signers: [\"t-1\"]", "signers: {not: [\"t-1\"]}"),
        ("signers: {not: [\"t-1\"]}", "signers: {not: [\"t-1\", \"t-2\"]}"),
        ("", "stages: [SIGNING]"),
        ("", "operations: {not: [TRANSFER]}"),
        ("", "assets: [ETH, USDC]"),
        ("assets: [ETH], amount: {over: \"4\"}", "assets: [ETH], amount: {over: \"5\"}"),
        ("assets: [ETH]", "assets: [ETH], amount: {over: \"0\"}"),
        ("assets: [ETH], amount: {over: \"4\"}", "assets: [ETH], amount: {over: \"3\", max: \"9\"}"),
        ("", "amount_usd: {over: \"0\"}"),
        ("assets: [ETH], fee: {over: \"4\"}", "assets: [ETH], fee: {over: \"5\"}"),
        ("destination: [{type: VAULT}]", "destination: [{type: VAULT, id: \"1\"}]"),
        ("destination: [{list: payees}]", "destination: [{list: dated}]"),
        ("destination: [{list: payees}]", "destination: {not: [{list: dated}]}"),
        ("destination: [{list: payees}]", "destination: [{type: UNMANAGED, list: payees}]"),
        ("destination: [{list: dated, listed_for: 2d}]", "destination: [{list: dated, listed_for: 3d}]"),
        ("destination: [{list: dated}]", "destination: [{list: dated, listed_within: 2d}]"),
        ("times: [{zone: UTC, days: [FRI, SAT]}]", "times: [{zone: UTC, days: [SAT, SUN]}]"),
        ("times: [{zone: UTC, days: [SAT]}]", "times: [{zone: \"Europe/Berlin\", days: [SAT]}]"),
        (
            "times: [{zone: UTC, days: [SAT], from: \"22:00\", to: \"02:00\"}]",
            "times: {not: [{zone: UTC, days: [SUN]}]}",
        ),
        ("note: [a]", "note: {not: [b]}"),
        ("note: [a]", "note: [\"[a-z]\"]"),
        ("note: [a]", "condition: note == \"a\""),
    ] {
        let warning = denied(allow, deny);
        assert!(!warning.contains("can never"), "{allow} | {deny}: {warning}");
    }
}

#[test]
fn of_rules_that_allow_the_same_the_narrower_or_the_later_is_told() {
    assert_snapshot!(beside("destination: [{list: payees}]", "destination: [{list: payees}, {type: VAULT}]"), @"p.yaml:20:10: allow rule first allows nothing that allow rule second does not allow, too. Narrow that one, or take this one out");
    assert_snapshot!(beside("destination: [{list: payees}]", "destination: [{list: payees}], signers: [\"t-1\"]"), @"p.yaml:21:10: allow rule second allows nothing that allow rule first does not allow, too. Narrow that one, or take this one out");
    assert_snapshot!(beside("destination: [{list: payees}]", "destination: [{list: payees}]"), @"p.yaml:21:10: allow rule second allows nothing that allow rule first does not allow, too. Narrow that one, or take this one out");
    assert_snapshot!(beside("destination: [{list: payees}]", "operations: [MINT], destination: [{list: payees}]"), @"");
}

#[test]
fn names_that_nothing_refers_to_are_told() {
    let rules = "allow:\n  - {id: good, when: {destination: [{list: payees}]}}";
    let file = read("p.yaml", &POLICY.replace("SECTIONS", rules)).unwrap();
    let lines: Vec<String> = warnings::collect(&file).iter().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @"
    p.yaml:8:3: list dated is not used
    p.yaml:9:3: list tagged is not used
    p.yaml:10:3: list nobody is empty
    p.yaml:11:3: list coins is not used
    p.yaml:13:3: source group hot is not used
    p.yaml:15:3: signer group treasurers is not used
    p.yaml:17:3: counterparty acme is not used
    p.yaml:18:3: counterparty ghosts is not used
    ");
    let keyed = POLICY.replace("{id: pace, ", "{id: pace, key: [source_group, counterparty], ");
    let used = "allow:\n  - {id: good, when: {signers: [{group: treasurers}], destination: [{list: payees}, {list: coins}, {list: dated}, {list: tagged}]}}";
    assert_snapshot!(warnings::told(&read("p.yaml", &keyed.replace("SECTIONS", used)).unwrap()), @"
    list nobody is empty
    a destination of allow rule good can never match: list coins holds bitcoin addresses, and no asset that it can meet is on bitcoin: leave it out here, or ask for such an asset
    ");
}

#[test]
fn rules_that_unproven_callers_may_use_beside_their_own_are_told() {
    let own = "caller_proof: [UNPROVEN], destination: [{type: VAULT, id: \"0\"}]";
    let payees = "destination: [{list: payees}]";
    assert_snapshot!(beside(own, payees), @"p.yaml:21:10: allow rule second allows unproven callers, too, who have allow rule first of their own: state its caller_proof");
    for (first, second) in [
        (own, "caller_proof: [COSIGNER_SIGNATURE], destination: [{list: payees}]"),
        (own, "condition: \"caller_proof == 'COSIGNER_SIGNATURE'\", destination: [{list: payees}]"),
        (
            "caller_proof: [UNPROVEN], tenant: [json], destination: [{type: VAULT, id: \"0\"}]",
            "tenant: [default], destination: [{list: payees}]",
        ),
        ("caller_proof: [COSIGNER_SIGNATURE], destination: [{type: VAULT, id: \"0\"}]", payees),
        ("destination: [{type: VAULT, id: \"0\"}]", payees),
    ] {
        assert_eq!(beside(first, second), "", "{first} {second}");
    }
    let rules = format!(
        "deny:\n  - {{id: stop, when: {{caller_proof: [UNPROVEN], destination: {{not: [{{type: VAULT}}]}}}}}}\nallow:\n  - {{id: first, when: {{{own}}}}}\n  - {{id: second, when: {{destination: [{{type: EXCHANGE}}]}}}}"
    );
    assert_eq!(told(&rules), "", "who is denied it is not allowed it");
}

#[test]
fn tenants_and_proofs_are_seen_where_rules_are_held_against_one_another() {
    assert_snapshot!(denied("caller_proof: [UNPROVEN], destination: [{list: payees}]", "caller_proof: {not: [COSIGNER_SIGNATURE]}"), @"p.yaml:22:10: allow rule pay can never allow: deny rule stop denies whatever it covers. Narrow that one, or take this one out");
    assert_snapshot!(denied("tenant: [json], destination: [{list: payees}]", "tenant: {not: [default]}"), @"p.yaml:22:10: allow rule pay can never allow: deny rule stop denies whatever it covers. Narrow that one, or take this one out");
    assert_eq!(denied("destination: [{list: payees}]", "caller_proof: [UNPROVEN, COSIGNER_SIGNATURE]"), "");
    assert_eq!(denied("tenant: [json, default], destination: [{list: payees}]", "tenant: [json]"), "");
    assert_snapshot!(beside("tenant: [json, default], destination: [{list: payees}]", "tenant: [json], destination: [{list: payees}]"), @"p.yaml:21:10: allow rule second allows nothing that allow rule first does not allow, too. Narrow that one, or take this one out");
}

#[test]
fn a_limit_for_others_bounds_nothing() {
    let with = |when: &str, limit: &str| {
        let rule = format!("allow:\n  - {{id: pay, when: {{{when}, destination: [{{list: payees}}]}}}}");
        let text =
            POLICY.replace("SECTIONS", &rule).replace("id: pace,", &format!("id: pace, when: {{{limit}}},"));
        let file = read("p.yaml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        warnings::told(&file).lines().any(|line| line == "no limit applies to what allow rule pay allows")
    };
    assert!(with("tenant: [json]", "tenant: [default]"));
    assert!(with("caller_proof: [UNPROVEN]", "caller_proof: [COSIGNER_SIGNATURE]"));
    assert!(!with("tenant: [json]", "tenant: {not: [default]}"));
    assert!(!with("tenant: [json]", "caller_proof: [COSIGNER_SIGNATURE]"));
}

#[test]
fn an_allow_rule_over_fees_that_says_nothing_of_approval_is_told() {
    let only = "assets: [ETH], destination: [{list: payees}]";
    assert_snapshot!(allow(&format!("{only}, fee: {{max: \"1\"}}")), @"p.yaml:20:10: allow rule pay allows nothing at APPROVAL, where no fee is known: say stages: [SIGNING], or deny what costs more");
    assert_snapshot!(allow(&format!("{only}, fee_share: {{max: \"0.1\"}}")), @"p.yaml:20:10: allow rule pay allows nothing at APPROVAL, where no fee is known: say stages: [SIGNING], or deny what costs more");
    assert_eq!(allow(&format!("{only}, stages: [SIGNING], fee: {{max: \"1\"}}")), "");
    assert_eq!(denied(only, "assets: [ETH], fee: {over: \"1\"}"), "");
}

#[test]
fn fees_in_a_unit_that_nobody_stated_are_told_of_expressions_too() {
    assert_snapshot!(deny("assets: [XRP], fee: {over: \"5\"}"), @"p.yaml:20:10: rule bad reads the fee of XRP in XRP: state its fee_asset, which for a token is another");
    assert_snapshot!(deny("assets: [XRP], condition: \"fee.more_than('5')\""), @"p.yaml:20:10: rule bad reads the fee of XRP in XRP: state its fee_asset, which for a token is another");
    assert_eq!(deny("assets: [XRP], condition: \"amount.more_than('5')\""), "");
}

/// What comes through the edge has no tag: at an exchange another tag is another customer.
#[test]
fn an_address_that_is_allowed_under_any_tag_is_told() {
    let with = |asset: &str, entry: &str, when: &str| {
        let policy = POLICY
            .replace(
                "XRP: {chain: exact, decimals: 6}",
                &format!("XRP: {{chain: exact, decimals: 6{asset}}}"),
            )
            .replace("{address: rAlice, tag: \"7\"}", entry)
            .replace("counterparties:\n", "counterparties:\n  bob: {lists: [tagged]}\n")
            .replace("SECTIONS", &format!("allow:\n  - {{id: pay, when: {{{when}}}}}"));
        let file = read("p.yaml", &policy).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let told = warnings::told(&file);
        told.lines()
            .filter(|line| !line.ends_with("is not used") && !line.ends_with("is empty"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let listed = "destination: [{list: tagged}]";
    assert_snapshot!(with("", "rAlice", listed), @"allow rule pay allows an address of list tagged under any tag: the edge reads no tags, and at an exchange another is another customer. Where XRP has tags, say tag: required");
    let told = with("", "rAlice", listed);
    assert_eq!(with("", "rAlice, {address: rAlice, tag: \"7\"}, {address: rBob, tag: \"7\"}", listed), told);
    assert_eq!(with("", "rAlice", "assets: [XRP], destination: [{counterparty: bob}]"), told);
    assert_eq!(
        with(", tag: optional", "rAlice", "destination: [{list: payees}, {type: UNMANAGED, list: tagged}]"),
        told
    );
    for (asset, entry, when) in [
        (", tag: required", "rAlice", listed),
        ("", "{address: rAlice, tag: \"7\"}", listed),
        ("", "rAlice", "destination: [{type: EXCHANGE, id: \"e-1\", list: tagged}]"),
        ("", "rAlice", "destination: [{type: EXCHANGE, id: \"e-1\"}]"),
        ("", "rAlice", "destination: [{list: payees}]"),
    ] {
        assert_eq!(with(asset, entry, when), "", "{asset} {entry} {when}");
    }
}

/// What is new is ruled out by nobody.
#[test]
fn what_is_yet_to_come_is_told() {
    let to = "destination: [{type: VAULT}]";
    assert_snapshot!(allow("operations: [TYPED_MESSAGE], messages: {not: [EIP191]}"), @"
    p.yaml:20:10: allow rule pay allows TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does
    p.yaml:20:10: allow rule pay allows every type of message but those it rules out, and any that is yet to come: name those that are meant
    ");
    assert_snapshot!(allow(&format!("operations: [APPROVE], call: {{methods: {{not: [\"0xa9059cbb\"]}}}}, {to}")), @"
    p.yaml:20:10: allow rule pay allows APPROVE: no amount limit or maximum bounds what that moves, only a count does
    p.yaml:20:10: allow rule pay allows every method but those it rules out, and any that is yet to come: name those that are meant
    ");
    assert_eq!(deny("messages: {not: [EIP191]}"), "");
}

/// Before signing there is no fee to ask for, whoever asks.
#[test]
fn an_expression_over_the_fee_is_told_like_the_fields() {
    let with = |asked: &str| allow(&format!("destination: [{{type: VAULT}}], assets: [ETH], {asked}"));
    assert_snapshot!(with("condition: 'fee.at_most(\"0.1\")'"), @"p.yaml:20:10: allow rule pay allows nothing at APPROVAL, where no fee is known: say stages: [SIGNING], or deny what costs more");
    let told = with("fee: {max: \"0.1\"}");
    for condition in [
        "fee.at_most(\"0.1\") && note == \"a\"",
        "!(fee.more_than(\"0.1\") || note == \"a\")",
        "fee.at_most(\"0.1\") || fee.at_most(\"0.2\")",
        "!!(fee.at_most(\"0.1\"))",
    ] {
        assert_eq!(with(&format!("condition: '{condition}'")), told, "{condition}");
    }
    for (condition, stages) in [
        ("fee.at_most(\"0.1\")", ", stages: [SIGNING]"),
        ("fee.at_most(\"0.1\") || note == \"a\"", ""),
        ("!(fee.more_than(\"0.1\") && note == \"a\")", ""),
        ("fee.at_most(\"0.1\") && stage == \"SIGNING\"", ""),
        ("stage == \"APPROVAL\" || fee.at_most(\"0.1\")", ""),
        ("usd.at_most(\"5\")", ""),
    ] {
        assert_eq!(with(&format!("condition: '{condition}'{stages}")), "", "{condition}");
    }
}

/// A contract call under another name states 0, as every contract call does.
#[test]
fn amounts_that_nobody_documents_bound_nothing() {
    let when = "destination: [{type: VAULT}]";
    assert_snapshot!(allow(&format!("operations: [UNSTAKE, WITHDRAW, STAKE], {when}")), @"p.yaml:20:10: allow rule pay allows UNSTAKE, WITHDRAW: nothing says that their amounts are what moves, only a count bounds it for certain");
    assert_snapshot!(allow(&format!("operations: [SUPPLY_TO_COMPOUND, REDEEM_FROM_COMPOUND, APPROVE], {when}")), @"
    p.yaml:20:10: allow rule pay allows APPROVE: no amount limit or maximum bounds what that moves, only a count does
    p.yaml:20:10: allow rule pay allows REDEEM_FROM_COMPOUND, SUPPLY_TO_COMPOUND: nothing says that their amounts are what moves, only a count bounds it for certain
    ");
    assert_eq!(allow(&format!("operations: [TRANSFER, BURN, MINT, STAKE], {when}")), "");
    let rule = format!("allow:\n  - {{id: pay, when: {{operations: [STAKE, UNSTAKE], {when}}}}}");
    let text = POLICY.replace("SECTIONS", &rule).replace("max: {count: 5}", "max: {usd: \"5\"}");
    let told = warnings::told(&read("p.yaml", &text).unwrap());
    assert_snapshot!(told.lines().last().unwrap_or_default(), @"no limit applies to UNSTAKE that allow rule pay allows");
}

/// What others pay their fees in is a coin, and pays its own in itself.
#[test]
fn a_coin_that_tokens_pay_their_fees_in_need_not_say_so() {
    let rules = "deny:\n  - {id: dear, when: {assets: [ETH], fee: {over: \"1\"}}}\nallow:\n  - {id: pay, when: {destination: [{list: payees}]}}";
    let policy = POLICY.replace("SECTIONS", rules).replace("18, fee_asset: ETH", "18");
    let told = |policy: &str| {
        warnings::told(&read("p.yaml", policy).unwrap()).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(told(&policy), "counterparty ghosts is not used");
    let alone = policy.replace(", fee_asset: ETH", "");
    assert_eq!(
        told(&alone),
        "rule dear reads the fee of ETH in ETH: state its fee_asset, which for a token is another"
    );
}

#[test]
fn a_tenant_that_is_not_decided_for_is_told() {
    let rules = "deny:\n  - {id: one, when: {tenant: {not: [acme-eu]}}}\n  - {id: two, when: {condition: \"tenant == 'acm-eu' || tenant == 'acme-us'\"}}\nallow:\n  - {id: pay, when: {tenant: [acme-eu, zeta], destination: [{list: payees}]}}\nconfig_changes:\n  - {id: add, effect: reject, type: ADD_USER, tenant: [acme-ue]}";
    let file = read("p.yaml", &POLICY.replace("SECTIONS", rules)).unwrap();
    let told = |tenants: &[&str]| {
        let tenants = tenants.iter().map(|name| (*name).to_owned()).collect();
        let told = warnings::of_tenants(&file, &tenants).into_iter().map(|warning| warning.to_string());
        told.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(told(&["acme-eu", "acme-us"]), @"
    p.yaml:21:10: deny rule two asks for tenant acm-eu, which is none of those that are decided for here: did you mean acme-eu?
    p.yaml:23:10: allow rule pay asks for tenant zeta, which is none of those that are decided for here
    p.yaml:25:10: rule add asks for tenant acme-ue, which is none of those that are decided for here: did you mean acme-us?
    ");
    assert_eq!(told(&["acme-eu", "acme-us", "acm-eu", "zeta", "acme-ue"]), "");
}
