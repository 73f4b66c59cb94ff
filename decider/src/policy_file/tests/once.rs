//! One mistake is one message, at its place.

use insta::assert_snapshot;

use super::{POLICY, mistakes, mistakes_with};

#[test]
fn a_misspelt_field_is_not_missing_too() {
    assert_snapshot!(mistakes_with("    max: {count: 20}", "    mx: {count: 20}"), @"p.yaml:45:5: unknown field mx: did you mean max?");
    assert_snapshot!(mistakes_with("max: {count: 20}", "max: {cuont: 20}"), @"p.yaml:45:11: unknown field cuont: did you mean count?");
    assert_snapshot!(mistakes_with("{group: hot}", "{grup: hot}"), @"p.yaml:28:17: unknown field grup: did you mean group?");
    assert_snapshot!(mistakes_with("    addresses: [\"1D", "    adresses: [\"1D"), @"p.yaml:11:5: unknown field adresses: did you mean addresses?");
    assert_snapshot!(mistakes_with("amount: {over: \"2\"}", "amount: {ovr: \"2\"}"), @"p.yaml:21:36: unknown field ovr: did you mean over?");
    assert_snapshot!(mistakes_with("version: 1", "verson: 1"), @"p.yaml:1:1: unknown field verson: did you mean version?");
}

#[test]
fn the_class_of_an_asset_with_a_mistake_is_one() {
    let classed = POLICY.replace("{chain: evm, decimals: 18}", "{chain: evn, decimals: 18, class: coin}");
    assert_snapshot!(mistakes(&classed.replace("{assets: [ETH], amount: {over: \"2\"}}", "{classes: [coin]}")), @"
    p.yaml:4:16: unknown chain evn: did you mean evm?
    4 |   ETH: {chain: evn, decimals: 18, class: coin}
      |                ^
    ");
}

#[test]
fn what_a_lost_section_introduces_is_not_unknown() {
    for (section, ill) in [
        ("assets:\n", "asets:\n"),
        ("operations: [SWAP]", "operation: [SWAP]"),
        ("operations: [SWAP]", "operations: SWAP"),
        ("lists:\n", "list:\n"),
        ("source_groups:\n", "source_group:\n"),
        (
            "source_groups:\n  hot: [{type: VAULT, id: \"0\"}, {type: VAULT, id: \"1\"}]",
            "source_groups: [hot]",
        ),
        ("counterparties:\n", "counterpartys:\n"),
        ("deny:\n", "denny:\n"),
        ("version: 1\n", "version: 1\nrequests:\n"),
    ] {
        let asked =
            POLICY.replace("amount: {over: \"2\"}", "condition: \"asset == 'ETH' || operation == 'SWAP'\"");
        let asked = asked.replace("[{type: CONTRACT}]", "[{counterparty: acme}]");
        let tests = "tests: [{name: a, request: {asset: ETH}, expect: {verdict: DENY, rule: too-much}}]\n";
        for text in [POLICY, &asked, &(asked.clone() + tests)] {
            let told = mistakes(&text.replacen(section, ill, 1));
            assert_eq!(told.matches("p.yaml:").count(), 1, "{ill}: {told}");
        }
    }
}

#[test]
fn a_field_that_cannot_be_read_is_not_held_against_others() {
    let deny = "when: {assets: [ETH], amount: {over: \"2\"}}";
    let allow = "when: {operations: [SWAP], destination: [{type: CONTRACT}]}";
    let call = "call: {methods: [\"0xa9059cbb\"]}";
    assert_snapshot!(mistakes_with(allow, &format!("when: {{operations: CONTRACT_CALL, {call}}}")), @"p.yaml:33:24: operations must be a list, not text");
    assert_snapshot!(mistakes_with(allow, &format!("when: {{operation: [CONTRACT_CALL], {call}}}")), @"p.yaml:33:12: unknown field operation: did you mean operations?");
    let token = POLICY.replace("decimals: 18}", "decimals: 18, fee_asset: BTC}");
    let of_token = |when: &str| {
        mistakes(&token.replace(deny, when)).lines().map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_snapshot!(of_token("when: {assets: BTC, fee_share: {over: \"0.1\"}}"), @r#"
    p.yaml:21:20: assets must be a list, not text
    21 |     when: {assets: BTC, fee_share: {over: "0.1"}}
       |                    ^
    "#);
    assert_snapshot!(of_token("when: {asset: [BTC], fee_share: {over: \"0.1\"}}"), @r#"
    p.yaml:21:12: unknown field asset: did you mean assets?
    21 |     when: {asset: [BTC], fee_share: {over: "0.1"}}
       |            ^
    "#);
}

#[test]
fn a_limit_whose_id_is_misspelt_is_not_unknown_to_a_test() {
    let test = "tests: [{name: a, request: {asset: ETH}, expect: {verdict: DENY, limit: often}}]\n";
    let told = mistakes(&(POLICY.replace("id: often", "idd: often") + test));
    assert_eq!(told.matches("p.yaml:").count(), 1, "{told}");
}

#[test]
fn a_section_that_is_there_twice_is_told_once() {
    let prices = "prices: {file: p.csv, max_age: 1m}\n";
    assert_snapshot!(mistakes(&format!("{POLICY}{prices}{prices}")), @"
    p.yaml:51:1: prices is there twice: first in line 50
    51 | prices: {file: p.csv, max_age: 1m}
       | ^
    ");
    assert_snapshot!(mistakes(&POLICY.replace("allow:\n", "deny:\nallow:\n")), @"
    p.yaml:22:1: deny is there twice: first in line 19
    22 | deny:
       | ^
    ");
}
