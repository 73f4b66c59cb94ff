//! Slips of the pen that leave something readable: each would take somebody or something out of a rule without a word.

use insta::assert_snapshot;

use super::super::{read, warnings};

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18, fee_asset: ETH, class: coin}
  USDC: {chain: evm, decimals: 6, fee_asset: ETH, class: stablecoin}
operations: [SWAP]
lists:
  payees: {chain: evm, addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]}
source_groups:
  hot: [{type: VAULT, id: "0"}]
signer_groups:
  treasurers: [ann, bob]
counterparties:
  acme: {accounts: [{type: EXCHANGE, id: "e-1"}]}
deny:
  - {id: guard, when: {signers: [zed], classes: [coin, stablecoin], source: [{group: hot}], destination: [{counterparty: acme}]}}
  - {id: other, when: {signers: [{group: treasurers}], condition: "note == 'stop'"}}
allow:
  - {id: pay, when: {destination: [{list: payees}]}}
limits:
  - {id: often, max: {count: 20}, window: 30s}
"#;

/// What is told of the policy with some of it written otherwise: its mistakes, or its warnings.
fn told(changes: &[(&str, &str)]) -> String {
    let text = changes.iter().fold(POLICY.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let lines: Vec<String> = match read("p.yaml", &text) {
        Ok(file) => warnings::collect(&file).iter().map(|warning| format!("warning: {warning}")).collect(),
        Err(mistakes) => {
            mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
        }
    };
    lines.join("\n")
}

fn signed_by(signers: &str) -> String {
    told(&[("[zed]", signers)])
}

#[test]
fn nothing_is_told_of_what_is_meant() {
    assert_eq!(told(&[]), "");
}

#[test]
fn a_class_that_nothing_asks_for_is_told_with_what_is_meant() {
    assert_snapshot!(told(&[("[coin, stablecoin]", "[coin]")]), @"warning: p.yaml:4:58: class stablecoin is not used");
    let tokens = "  DAI: {chain: evm, decimals: 6, fee_asset: ETH, class: stablecion}\noperations:";
    assert_snapshot!(told(&[("operations:", tokens)]), @"warning: p.yaml:5:57: class stablecion is not used: did you mean stablecoin?");
    assert_snapshot!(told(&[("class: coin}", "class: Stablecoin}"), ("[coin, stablecoin]", "[stablecoin]")]), @"p.yaml:4:58: class stablecoin differs from Stablecoin in the case of its letters alone: first in line 3; write both alike");
}

#[test]
fn several_ids_that_are_written_as_one_are_told() {
    assert_snapshot!(signed_by("[alice bob]"), @r#"p.yaml:15:34: a signer "alice bob" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
    assert_snapshot!(signed_by("[alice\n          bob]"), @r#"p.yaml:15:34: a signer "alice bob" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
    assert_snapshot!(signed_by("[\"alice\n          bob\"]"), @r#"p.yaml:15:34: a signer "alice bob" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
    let folded =
        "deny:\n  - id: folded\n    when:\n      signers:\n        - >-\n          alice\n          bob\n";
    assert_snapshot!(told(&[("deny:\n", folded)]), @r#"p.yaml:19:11: a signer "alice bob" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
    assert_eq!(signed_by("[\"alice bob\"]"), "", "in quotes and in one line a blank is meant");
    assert_snapshot!(signed_by("[“alice”]"), @r#"p.yaml:15:34: a signer "“alice”" is in quotes that are part of it: write plain ones, " or '"#);
    assert_snapshot!(signed_by("[\"alice, bob\"]"), @r#"warning: p.yaml:15:34: a signer "alice, bob" has "," in it: if these are several, write each of them by itself"#);
    assert_snapshot!(signed_by("[alice;bob]"), @r#"warning: p.yaml:15:34: a signer "alice;bob" has ";" in it: if these are several, write each of them by itself"#);
    assert_snapshot!(told(&[("[ann, bob]", "[\"ann,bob\", ann]")]), @r#"warning: p.yaml:11:16: a signer "ann,bob" has "," in it: if these are several, write each of them by itself"#);
    assert_snapshot!(told(&[("id: \"0\"", "id: \"1, 2\"")]), @r#"warning: p.yaml:9:27: id "1, 2" has "," in it: if these are several, write each of them by itself"#);
    assert_snapshot!(told(&[("id: \"e-1\"", "id: e 1")]), @r#"p.yaml:13:42: id "e 1" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
    assert_snapshot!(told(&[("[SWAP]", "[SWAP LEND]")]), @r#"p.yaml:5:14: an operation "SWAP LEND" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line"#);
}

#[test]
fn a_group_that_is_written_as_one_of_its_members_is_told() {
    assert_snapshot!(signed_by("[treasurers]"), @"warning: p.yaml:15:34: signer treasurers has the name of a group: did you mean {group: treasurers}?");
    assert_snapshot!(told(&[("[ann, bob]", "[ann, treasurers]")]), @"warning: p.yaml:11:21: a signer treasurers is called as a group is: a group holds no groups, name its members");
    assert_snapshot!(told(&[("source: [{group: hot}", "source: [{group: hot}, {type: EXCHANGE, id: hot}")]), @"warning: p.yaml:15:92: account hot has the name of a group: did you mean {group: hot}?");
    assert_snapshot!(told(&[("[{counterparty: acme}]", "[{counterparty: acme}, {type: EXCHANGE, id: acme}]")]), @"warning: p.yaml:15:129: account acme has the name of a counterparty: did you mean {counterparty: acme}?");
}

#[test]
fn an_operation_that_is_nearly_a_known_one_is_told() {
    assert_snapshot!(told(&[("[SWAP]", "[Transfer]")]), @"p.yaml:5:14: Transfer never matches: it is written TRANSFER");
    assert_snapshot!(told(&[("[SWAP]", "[SWAP, swap]")]), @"p.yaml:5:20: swap never matches: it is written SWAP");
    assert_snapshot!(told(&[("[SWAP]", "[CONTRACTCALL]")]), @"warning: p.yaml:5:14: operation CONTRACTCALL is none of those known today: did you mean CONTRACT_CALL?");
    assert_eq!(told(&[("[SWAP]", "[LEND, BRIDGE, BORROW, SWAP, DELEGATE]")]), "");
}

#[test]
fn a_fee_of_what_is_never_sent_is_told() {
    let deny = |when: &str| told(&[("condition: \"note == 'stop'\"", when)]);
    assert_snapshot!(deny("operations: [TYPED_MESSAGE], fee: {over: \"1\"}"), @"p.yaml:16:90: fee never matches TYPED_MESSAGE: it is signed and never sent, and costs no fee");
    assert_snapshot!(deny("operations: [CONTRACT_CALL, TYPED_MESSAGE], condition: \"fee.more_than('1')\""), @"p.yaml:16:111: a condition over the fee never matches TYPED_MESSAGE: it is signed and never sent, and costs no fee");
    assert_snapshot!(deny("operations: {not: [RAW]}, messages: [EIP712], fee: {over: \"1\"}"), @"warning: p.yaml:16:10: deny rule other can never match: no operation that it can meet has fee and messages: one operation must have all that is asked for");
    assert_snapshot!(deny("operations: {not: [RAW]}, messages: [EIP712], condition: \"fee.more_than('1')\""), @"warning: p.yaml:16:10: deny rule other can never match: no operation that it can meet has messages and what condition measures: one operation must have all that is asked for");
    assert_snapshot!(deny("call: {methods: [\"0xa9059cbb\"]}, assets: [ETH], condition: \"amount.more_than('1')\""), @"warning: p.yaml:16:10: deny rule other can never match: no operation that it can meet has call and what condition measures: one operation must have all that is asked for");
    assert_snapshot!(deny("messages: [EIP712], condition: \"destinations.count > 1\""), @"warning: p.yaml:16:10: deny rule other can never match: no operation that it can meet has messages and what condition measures: one operation must have all that is asked for");
    assert_eq!(
        deny(
            "call: {methods: [\"0xa9059cbb\"]}, assets: [ETH], condition: \"amount.more_than('1') || note == 'stop'\""
        ),
        ""
    );
    assert_eq!(deny("operations: [RAW], fee: {over: \"1\"}"), "");
}
