//! Addresses, groups, accounts and amounts.

use super::*;

#[test]
fn addresses_are_checked() {
    assert_snapshot!(mistakes_with("1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdD"), @"p.yaml:11:17: 1DpivPqJ…NYdD is not a Bitcoin address, or a character or its case is wrong: expected bech32 or base58 with its checksum");
    assert_snapshot!(mistakes_with("\"rPlain\"", "{address: \"rExchange\", tag: \"7\"}"), @"p.yaml:14:51: rExchange is in list exchange already: first in line 14");
    assert_snapshot!(mistakes_with("tag: \"7\"", "tag: 7"), @r#"p.yaml:14:45: tag must be quoted text: write "7""#);
    assert_snapshot!(mistakes_with("tag: \"7\"", "memo: \"7\""), @"p.yaml:14:40: unknown field memo: expected address, tag, label or added");
}

#[test]
fn groups_do_not_overlap() {
    assert_snapshot!(mistakes_with("counterparties:\n", "  cold: [{type: VAULT}]\ncounterparties:\n"), @"p.yaml:17:10: this account is in hot already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {lists: [payees]}\ndeny:\n"), @"p.yaml:19:19: 1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC is in acme already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {accounts: [{type: ONE_TIME_ADDRESS}]}\ndeny:\n"), @"p.yaml:19:22: ONE_TIME_ADDRESS is every address, and acme has some of them: nothing may be in two groups");
    assert_snapshot!(mistakes_with("counterparties:\n", "counterparties:\n  open: {accounts: [{type: UNMANAGED}]}\n"), @"p.yaml:19:18: UNMANAGED is every address, and open has some of them: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {accounts: [{type: EXCHANGE, id: e-1}]}\ndeny:\n"), @"p.yaml:19:22: this account is in acme already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {}\ndeny:\n"), @"p.yaml:19:10: counterparty other has neither accounts nor lists");
    assert_snapshot!(mistakes_with("hot: [{type: VAULT, id: \"0\"}, {type: VAULT, id: \"1\"}]", "hot: []"), @"p.yaml:16:8: a source group is empty, so that nothing belongs to it: name something, or leave it out");
}

#[test]
fn matchers_are_checked() {
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{type: UNMANAGED, id: w-1}"), @"p.yaml:29:61: UNMANAGED is matched by address, never by id: name a list instead of the id");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{type: UNMANGED, list: payees}"), @"p.yaml:29:68: unknown account type UNMANGED: did you mean UNMANAGED?");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{id: w-1}"), @"p.yaml:29:66: an id needs a type beside it: ids of different types can be alike");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{id: w-1, list: payees}"), @"p.yaml:29:66: an id needs a type beside it: ids of different types can be alike");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{list: exchange}"), @"p.yaml:29:61: list exchange holds exact addresses, and none of the assets is on exact");
    assert_snapshot!(mistakes_with("{type: VAULT, id: \"1\"}, {list", "{type: VAULT, id: 1}, {list"), @r#"p.yaml:29:39: id must be quoted text: write "1""#);
    assert_snapshot!(mistakes_with("{group: hot}", "{group: hott}"), @"p.yaml:28:24: unknown source group hott: did you mean hot?");
    assert_snapshot!(mistakes_with("{group: hot}", "{group: hot, type: VAULT}"), @"p.yaml:28:16: a source is either a group or a type with an id: write two entries");
    assert_snapshot!(mistakes_with("{type: EXCHANGE, id: \"e-1\"}", "{type: ONE_TIME_ADDRESS, id: x}"), @"p.yaml:18:38: ONE_TIME_ADDRESS is matched by address, never by id: name a list instead of the id");
}

#[test]
fn conditions_that_never_match_are_mistakes() {
    assert_snapshot!(mistakes_with("[\"s-1\"]", "[]"), @r#"p.yaml:25:16: signers is empty, which would never match: leave it out for "any""#);
    assert_snapshot!(mistakes_with("[APPROVAL, SIGNING]", "[SIGN]"), @"p.yaml:26:16: a stage is APPROVAL or SIGNING");
    assert_snapshot!(mistakes_with("[APPROVAL, SIGNING]", "[SIGNING, SIGNING]"), @"p.yaml:26:25: this is in stages already");
    assert_snapshot!(mistakes_with("[TRANSFER, BURN]", "[CONTRACT_CALL, TRANSFER]"), @"p.yaml:31:19: amount_usd never matches CONTRACT_CALL: its payload does not state what moves");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: \"2\", max: \"2\"}"), @"p.yaml:21:35: amount can never match: over must be less than max");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{}"), @"p.yaml:21:35: amount needs max (at most) or over (more than)");
}

#[test]
fn amounts_are_checked() {
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: \"1e5\"}"), @"p.yaml:21:42: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5 (asset ETH)");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: 2}"), @r#"p.yaml:21:42: an amount must be quoted text: write "2""#);
    assert_snapshot!(mistakes_with("when: {assets: [ETH], amount", "when: {assets: [ETH, BTC], amount"), @"p.yaml:21:40: amount needs exactly one asset under assets: units of different assets do not compare");
    assert_snapshot!(mistakes_with("{amount: \"2\"}", "{amount: \"0.0000001\"}"), @"p.yaml:42:19: the amount has 7 decimals: it may have at most 6, and nothing is rounded (asset XRP)");
    assert_snapshot!(mistakes_with("{usd: \"50000.5\"}", "{usd: \"0.1234567\"}"), @"p.yaml:48:16: the amount has 7 decimals: it may have at most 6, and nothing is rounded (US dollars)");
}
