//! A policy as a whole: its sections, and its mistakes, each told once.

use super::*;

#[test]
fn every_mistake_is_reported_at_once() {
    let text = r#"version: 2
asets: {}
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcon, decimals: 8}
lists:
  payees:
    chain: evm
    addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
allow:
  - id: sweep
    when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
  - id: sweep
    when: {amount: {max: 1.5}}
limits:
  - id: hourly
    max: {amount: "1"}
    window: 1 hour
"#;
    assert_snapshot!(mistakes(text), @r#"
    p.yaml:1:10: unknown version: this program reads version 1
    1 | version: 2
      |          ^
    p.yaml:2:1: unknown field asets: did you mean assets?
    2 | asets: {}
      | ^
    p.yaml:5:16: unknown chain bitcon: did you mean bitcoin?
    5 |   BTC: {chain: bitcon, decimals: 8}
      |                ^
    p.yaml:9:17: 0x529084…9Ee7 has a wrong EIP-55 checksum: a digit or the case of a letter is wrong; copy it again
    9 |     addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
      |                 ^
    p.yaml:9:63: an address must be quoted text: write "12"
    9 | …  addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
      |                                                              ^
    p.yaml:12:21: unknown asset ETC: did you mean ETH?
    12 |     when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                     ^
    p.yaml:12:48: unknown list payes: did you mean payees?
    12 |     when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                                                ^
    p.yaml:12:70: unknown operation TRANSFERR: did you mean TRANSFER? (a new one must be named under operations)
    12 | … {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                                                              ^
    p.yaml:13:9: id sweep is used twice: first in line 11
    13 |   - id: sweep
       |         ^
    p.yaml:14:20: amount needs exactly one asset under assets: units of different assets do not compare
    14 |     when: {amount: {max: 1.5}}
       |                    ^
    p.yaml:17:19: an amount limit needs exactly one asset under when, or asset in its key: units of different assets do not add up
    17 |     max: {amount: "1"}
       |                   ^
    p.yaml:18:13: window: expected a whole number and a unit: 30s, 15m, 24h or 7d
    18 |     window: 1 hour
       |             ^
    "#);
}

#[test]
fn a_mark_at_the_start_of_a_file_moves_no_caret() {
    assert_snapshot!(mistakes("\u{feff}versoin: 1\nassets: {}\nallow: []\n"), @"
    p.yaml:1:1: unknown field versoin: did you mean version?
    1 | versoin: 1
      | ^
    p.yaml:2:9: assets is empty: without an asset nothing can be allowed
    2 | assets: {}
      |         ^
    ");
}

#[test]
fn an_empty_file_is_no_policy() {
    assert_snapshot!(mistakes(""), @"p.yaml:1:1: the policy is empty: it needs at least version, assets and allow");
    assert_snapshot!(mistakes("{}"), @"
    p.yaml:1:1: version is missing
    1 | {}
      | ^
    p.yaml:1:1: assets is missing
    1 | {}
      | ^
    p.yaml:1:1: allow is missing
    1 | {}
      | ^
    ");
    assert_snapshot!(mistakes("version: 1\nassets: {}\nallow: []"), @"
    p.yaml:2:9: assets is empty: without an asset nothing can be allowed
    2 | assets: {}
      |         ^
    ");
}

#[test]
fn an_asset_has_the_id_that_a_custody_system_can_send() {
    assert_snapshot!(mistakes("version: 1\nassets: {\"A B\": {chain: evm, decimals: 18}}\nallow: []"), @r#"
    p.yaml:2:10: an asset id has at most 64 printable characters and no blanks
    2 | assets: {"A B": {chain: evm, decimals: 18}}
      |          ^
    "#);
}

#[test]
fn sections_are_checked() {
    assert_snapshot!(mistakes_with("version: 1\n", "version: '1'\n"), @"p.yaml:1:10: version must be a whole number without quotes, not text");
    assert_snapshot!(mistakes_with("raw_transactions: required", "raw_transactions: yes"), @"p.yaml:2:19: raw_transactions must be required or optional");
    assert_snapshot!(mistakes_with("decimals: 18", "decimals: 78"), @"p.yaml:4:31: decimals must be at most 77");
    assert_snapshot!(mistakes_with("decimals: 18", "decimals: -1"), @"p.yaml:4:31: decimals must be a whole number without quotes, not a negative, fractional or huge number");
    assert_snapshot!(mistakes_with("tag: required", "tag: yes"), @"p.yaml:6:41: tag must be required or optional");
    assert_snapshot!(mistakes_with("BTC: {chain: bitcoin, decimals: 8}", "BTC: {chain: bitcoin, decimals: 8, tag: required}"), @"p.yaml:5:43: bitcoin has no tags, so that nobody on a list could be paid: leave tag out");
    assert_snapshot!(mistakes_with("{chain: evm, decimals: 18}", "{chain: evn, decimals: 18, tag: required}"), @"p.yaml:4:16: unknown chain evn: did you mean evm?");
    assert_snapshot!(mistakes_with("{type: VAULT, id: \"9\"}", "{type: VAULT_ACCOUNT, id: \"9\"}"), @"p.yaml:28:37: unknown account type VAULT_ACCOUNT: did you mean VAULT?");
    assert_snapshot!(mistakes_with("[SWAP]", "[TRANSFER, SWAP]"), @"p.yaml:7:14: operation TRANSFER is known already: leave it out");
    assert_snapshot!(mistakes_with("  BTC:", "  ETH:"), @"
    p.yaml:5:3: ETH is there twice: first in line 4
    p.yaml:30:21: unknown asset BTC: expected ETH or XRP
    ");
}

#[test]
fn there_may_be_ten_thousand_rules_of_each_effect_and_two_thousand_of_all_else() {
    let read = |section: &str, entries: usize| {
        let entry = match section {
            "limits" => "when: {}, key: [asset], max: {count: 1}, window: 1h",
            _ => "when: {}",
        };
        let entries: String = (0..entries).map(|each| format!("  - {{id: i{each}, {entry}}}\n")).collect();
        let allow = if section == "allow" { "" } else { "allow: []\n" };
        super::read(
            "p.yaml",
            &format!(
                "version: 1\nassets: {{ETH: {{chain: evm, decimals: 18}}}}\n{allow}{section}:\n{entries}"
            ),
        )
    };
    for (section, most) in [("deny", 10_000), ("allow", 10_000), ("limits", 2_000)] {
        assert_eq!(read(section, most).err().map(|mistakes| mistakes.to_string()), None);
        let refused = read(section, most + 1).unwrap_err().to_string();
        let said = format!("{section} has {} entries: at most {most} are read", most + 1);
        assert!(refused.contains(&said), "{refused}");
    }
}

/// One mistake is one report: a name whose definition is wrong is not unknown wherever it is used.
#[test]
fn mistakes_do_not_cascade() {
    assert_snapshot!(mistakes_with("chain: evm, decimals: 18", "chain: evn, decimals: 18"), @"p.yaml:4:16: unknown chain evn: did you mean evm?");
    assert_snapshot!(mistakes_with("  BTC:", "  DOGE: {chain: dogecoin, decimals: 8}\n  LTC: {chain: bitcoin}\n  BTC:"), @"
    p.yaml:5:17: unknown chain dogecoin: expected evm, bitcoin, bitcoin_testnet, solana, bech32 or exact
    p.yaml:6:8: decimals is missing
    ");
    let over_a_chain = POLICY
        .replace("{assets: [ETH], amount", "{chains: [bitcoin], amount")
        .replace("over: \"2\"", "over: \"1\"");
    assert_eq!(mistakes(&over_a_chain), "");
    assert_eq!(
        mistakes(&over_a_chain.replace("  BTC:", "  LTC: {chain: bitcoin}\n  BTC:"))
            .matches("p.yaml:")
            .count(),
        1
    );
    assert_snapshot!(mistakes_with("{assets: [ETH], amount", "{assets: [ETHH], amount"), @"p.yaml:21:21: unknown asset ETHH: did you mean ETH?");
    assert_snapshot!(mistakes_with("{assets: [ETH]}\n    key: [source, asset]", "{assets: [ETHH]}"), @"p.yaml:36:21: unknown asset ETHH: did you mean ETH?");
    assert_snapshot!(mistakes_with("chain: bitcoin\n", "chain: bitcoinn\n"), @"p.yaml:10:12: unknown chain bitcoinn: did you mean bitcoin?");
}
