//! `condition`: where it is read, and what is told of its mistakes.

use super::*;

const POLICY: &str = "version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
  USDC: {chain: evm, decimals: 6, fee_asset: ETH}
";

fn rule(section: &str, when: &str) -> String {
    let allow = if section == "allow" { "" } else { "allow: []\n" };
    format!("{POLICY}{allow}{section}: [{{id: a, {when}}}]\n")
}

fn told(when: &str) -> String {
    mistakes(&rule("allow", &format!("when: {when}")))
}

#[test]
fn rules_of_both_kinds_have_conditions() {
    let when = r#"when: {assets: [USDC], condition: "amount.at_most('0.000001') && fee.at_most('0.000000000000000001')"}"#;
    for section in ["deny", "allow"] {
        let policy = read("p.yaml", &rule(section, when)).unwrap().policy;
        let rule = policy.deny.iter().chain(&policy.allow).next().unwrap();
        assert!(rule.when.circumstances.expression.is_some(), "{section}");
    }
    assert_eq!(
        told(r#"{condition: "asset in ['ETH', 'BTC'] && operation != 'BURN' || usd.at_most('5')"}"#),
        ""
    );
}

#[test]
fn mistakes_in_an_expression_have_the_place_in_the_file_and_the_character() {
    assert_snapshot!(told(r#"{condition: "asset == 'ETH' && nota == 'x'"}"#), @r#"
    p.yaml:6:54: condition: unknown variable nota: did you mean note?
    6 | allow: [{id: a, when: {condition: "asset == 'ETH' && nota == 'x'"}}]
      |                                                      ^
    "#);
    assert_snapshot!(told(r#"{condition: "note in [a]"}"#), @r#"
    p.yaml:6:45: condition: expected a text in quotes before a
    6 | allow: [{id: a, when: {condition: "note in [a]"}}]
      |                                             ^
    "#);
    assert_snapshot!(told(r#"{condition: "amount in ['a']"}"#), @r#"
    p.yaml:6:36: condition: expected a variable that is text before in
    6 | allow: [{id: a, when: {condition: "amount in ['a']"}}]
      |                                    ^
    "#);
    assert_snapshot!(told(r#"{condition: "has(note)"}"#), @r#"
    p.yaml:6:36: condition: has is not allowed: an expression compares what is there
    6 | allow: [{id: a, when: {condition: "has(note)"}}]
      |                                    ^
    "#);
    assert_snapshot!(told(r#"{condition: "asset == 'ETC' || operation == 'TRANSFR'"}"#), @r#"
    p.yaml:6:45: condition: unknown asset ETC: did you mean ETH?
    6 | allow: [{id: a, when: {condition: "asset == 'ETC' || operation == 'TRANSFR'"}}]
      |                                             ^
    p.yaml:6:67: condition: unknown operation TRANSFR: did you mean TRANSFER? (a new one must be named under operations)
    6 | … [{id: a, when: {condition: "asset == 'ETC' || operation == 'TRANSFR'"}}]
      |                                                              ^
    "#);
    assert_snapshot!(told(r#"{assets: [ETH], condition: "!(asset == 'BTC')"}"#), @r#"
    p.yaml:6:62: condition: BTC is none of the assets of the rule
    6 | …llow: [{id: a, when: {assets: [ETH], condition: "!(asset == 'BTC')"}}]
      |                                                              ^
    "#);
    assert_snapshot!(told(r#"{condition: "amount.at_most('1')"}"#), @r#"
    p.yaml:6:36: condition: amount needs exactly one asset under assets: units of different assets do not compare
    6 | allow: [{id: a, when: {condition: "amount.at_most('1')"}}]
      |                                    ^
    "#);
    assert_snapshot!(told(r#"{condition: "fee.at_most('1')"}"#), @r#"
    p.yaml:6:36: condition: fee needs assets whose fees are paid in one asset: name some under assets
    6 | allow: [{id: a, when: {condition: "fee.at_most('1')"}}]
      |                                    ^
    "#);
    assert_snapshot!(told(r#"{assets: [BTC], condition: "amount.at_most('0.000000001')"}"#), @r#"
    p.yaml:6:66: condition: the amount has 9 decimals: it may have at most 8, and nothing is rounded (asset BTC)
    6 | …: [{id: a, when: {assets: [BTC], condition: "amount.at_most('0.000000001')"}}]
      |                                                              ^
    "#);
    assert_snapshot!(told(r#"{assets: [ETH], stages: [APPROVAL], condition: "fee.at_most('1')"}"#), @r#"
    p.yaml:6:70: a condition over the fee never matches at APPROVAL: the fee is known at SIGNING
    6 | …id: a, when: {assets: [ETH], stages: [APPROVAL], condition: "fee.at_most('1')"}}]
      |                                                              ^
    "#);
    assert_snapshot!(told(r#"{condition: [note]}"#), @"
    p.yaml:6:35: condition must be text, not a list
    6 | allow: [{id: a, when: {condition: [note]}}]
      |                                   ^
    ");
    assert_snapshot!(mistakes(&rule("limits", r#"max: {count: 1}, window: 1h, when: {condition: "note == 'x'"}"#)), @r#"
    p.yaml:7:54: unknown field condition: expected tenant, caller_proof, signers, operations, source, destination, assets, chains or classes
    7 | limits: [{id: a, max: {count: 1}, window: 1h, when: {condition: "note == 'x'"}}]
      |                                                      ^
    "#);
}

#[test]
fn mistakes_in_an_expression_are_placed_however_it_is_written() {
    let told = |condition: &str| {
        mistakes(&format!("{POLICY}allow:\n- id: a\n  when:\n    condition: {condition}\n"))
    };
    assert_snapshot!(told("asset == 'ETH' && nota == 'x'"), @"
    p.yaml:9:34: condition: unknown variable nota: did you mean note?
    9 |     condition: asset == 'ETH' && nota == 'x'
      |                                  ^
    ");
    assert_snapshot!(told("'note == ''é'' && nota == ''x'''"), @"
    p.yaml:9:34: condition: unknown variable nota: did you mean note?
    9 |     condition: 'note == ''é'' && nota == ''x'''
      |                                  ^
    ");
    assert_snapshot!(told(r#""note == \"é\" && operation in [\"BURN\", \"BRN\"]""#), @r#"
    p.yaml:9:58: condition: unknown operation BRN: did you mean BURN? (a new one must be named under operations)
    9 |     condition: "note == \"é\" && operation in [\"BURN\", \"BRN\"]"
      |                                                          ^
    "#);
    assert_snapshot!(told("|\n      note == 'é'\n        && asset == 'ETC'\n      && asset.contains('ETX')"), @r#"
    p.yaml:11:21: condition: unknown asset ETC: did you mean ETH?
    11 |         && asset == 'ETC'
       |                     ^
    p.yaml:12:25: condition: contains("ETX") never holds of the asset: none that is known has that
    12 |       && asset.contains('ETX')
       |                         ^
    "#);
    assert_snapshot!(told(">-  # why\n      (note == 'é'\n\n        || nota == 'x')\n      && asset == 'ETH'"), @"
    p.yaml:12:12: condition: unknown variable nota: did you mean note?
    12 |         || nota == 'x')
       |            ^
    ");
    assert_snapshot!(told(">\n      asset == 'ETH' &&\n      note == 'x' &&"), @"
    p.yaml:11:21: condition: expected a condition before the end
    11 |       note == 'x' &&
       |                     ^
    ");
    assert_snapshot!(told("asset == 'ETH'\n      && nota == 'x'"), @"
    p.yaml:10:10: condition: unknown variable nota: did you mean note?
    10 |       && nota == 'x'
       |          ^
    ");
    assert_snapshot!(told("\"asset == 'ETH' \\\n      && nota == 'x'\""), @r#"
    p.yaml:10:10: condition: unknown variable nota: did you mean note?
    10 |       && nota == 'x'"
       |          ^
    "#);
    assert_snapshot!(told(r#""note == '\u00e9' && nota == 'x'""#), @r#"
    p.yaml:9:16: condition, character 16: unknown variable nota: did you mean note?
    9 |     condition: "note == '\u00e9' && nota == 'x'"
      |                ^
    "#);
}

/// As with `==` and `in`: a typing error would never match.
#[test]
fn parts_that_no_known_word_has_are_mistakes() {
    let of = |condition: &str| {
        let told = told(&format!("{{assets: [USDC], condition: '{condition}'}}"));
        told.lines().next().unwrap_or_default().to_owned()
    };
    assert_snapshot!(of(r#"asset.startsWith("usdc")"#), @r#"p.yaml:6:69: condition: startsWith("usdc") never holds of the asset: none that is known has that"#);
    assert_snapshot!(of(r#"!asset.contains("BTC")"#), @r#"p.yaml:6:68: condition: contains("BTC") never holds of the asset: none that is known has that"#);
    assert_snapshot!(of(r#"operation.contains("transfer")"#), @r#"p.yaml:6:71: condition: contains("transfer") never holds of the operation: none that is known has that"#);
    assert_snapshot!(of(r#"source.type.startsWith("vault")"#), @r#"p.yaml:6:75: condition: startsWith("vault") never holds of the source's type: none that is known has that"#);
    assert_snapshot!(of(r#"stage.startsWith("sign")"#), @r#"p.yaml:6:69: condition: startsWith("sign") never holds of the stage, which is APPROVAL or SIGNING"#);
    assert_snapshot!(of(r#"caller_proof.endsWith("SIGNED")"#), @r#"p.yaml:6:74: condition: endsWith("SIGNED") never holds of the caller's proof, which is COSIGNER_SIGNATURE or UNPROVEN"#);
    for condition in [
        r#"asset.startsWith("USD")"#,
        r#"operation.contains("CALL") || operation.endsWith("FER")"#,
        r#"source.type.startsWith("VAU")"#,
        r#"stage.startsWith("SIGN") && caller_proof.endsWith("PROVEN")"#,
        r#"note.contains("usdc") || signer.startsWith("anybody") || source.id.endsWith("x")"#,
    ] {
        assert_eq!(of(condition), "", "{condition}");
    }
}

/// What its amounts are in, and what there is to compare with, is not known.
#[test]
fn nothing_is_concluded_from_assets_that_are_mistakes() {
    for condition in ["amount.at_most('1')", "fee.at_most('1')", "asset == 'BTC'", "asset.contains('E')"] {
        let told = told(&format!("{{assets: [ETC], condition: \"{condition}\"}}"));
        assert_eq!(told.matches("p.yaml:").count(), 1, "{told}");
        assert!(told.contains("unknown asset ETC: did you mean ETH?"), "{told}");
    }
    let text = rule("allow", "when: {assets: [BTC], condition: \"amount.at_most('1')\"}");
    let told = mistakes(&text.replace("chain: bitcoin", "chain: bitcoinn"));
    assert_eq!(told.matches("p.yaml:").count(), 1, "{told}");
}

#[test]
fn what_never_applies_is_told_as_of_the_fields() {
    let first = |told: String| told.lines().next().unwrap_or_default().to_owned();
    let deny = |when: &str| first(mistakes(&rule("deny", &format!("when: {{{when}}}"))));
    assert_snapshot!(deny(r#"operations: [CONTRACT_CALL], condition: "usd.more_than('5')""#), @"p.yaml:7:63: a condition over the amount or its value never matches CONTRACT_CALL: its payload does not state what moves");
    assert_snapshot!(deny(r#"operations: [APPROVE], assets: [ETH], condition: "note == 'x' || amount.more_than('5')""#), @"p.yaml:7:72: a condition over the amount or its value never matches APPROVE: its payload does not state what moves");
    assert_snapshot!(deny(r#"operations: [RAW], condition: "destinations.count > 1""#), @"p.yaml:7:53: a condition over the number of destinations never matches RAW: it only signs messages, and pays nobody");
    assert_snapshot!(first(told(r#"{operations: [TRANSFER, RAW], condition: "!(destinations.count > 1)"}"#)), @"p.yaml:6:64: a condition over the number of destinations never matches RAW: it only signs messages, and pays nobody");
    assert_eq!(deny(r#"operations: [CONTRACT_CALL], condition: "destinations.count > 1""#), "");
    assert_eq!(deny(r#"operations: [TRANSFER], condition: "usd.more_than('5')""#), "");
    assert_snapshot!(deny(r#"condition: "source.type in ['VAULT', 'EXCHANGES']""#), @"p.yaml:7:60: condition: unknown account type EXCHANGES: did you mean EXCHANGE?");
}
