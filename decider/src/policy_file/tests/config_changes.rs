//! Rules over configuration changes.

use insta::assert_snapshot;
use policy::choice::Choice;
use policy::config_rule::ConfigEffect;

use super::super::{PolicyFile, read, warnings};

const POLICY: &str = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18, class: main}, ETH_OTHER: {chain: evm, decimals: 18}, BTC: {chain: bitcoin, decimals: 8}}
lists:
  payees: {chain: evm, addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]}
allow: []
config_changes:
  - RULE
"#;

fn with(rule: &str) -> Result<PolicyFile, String> {
    read("p.yaml", &POLICY.replace("RULE", rule)).map_err(|mistakes| {
        let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn mistakes(rule: &str) -> String {
    with(rule).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

#[test]
fn a_listed_address_can_be_approved() {
    let file = with(
        "{id: payees, effect: approve, type: UNMANAGED_WALLET, address_list: payees, subtypes: [EXTERNAL]}",
    );
    let file = file.unwrap();
    let rule = &file.policy.config_changes[0];
    let ConfigEffect::ApproveWallet(wallet) = &rule.does else { panic!("{rule:?}") };
    assert_eq!((rule.id.as_str(), wallet.list.name.as_str()), ("payees", "payees"));
    assert_eq!(wallet.subtypes, Some(Choice::OneOf(["EXTERNAL".to_owned()].into())));
    assert_eq!(file.summary.config_changes, ["payees"]);
    assert_snapshot!(warnings::told(&file), @"
    there is no allow rule: everything is denied
    class main is not used
    ");
}

#[test]
fn wallets_and_every_known_type_can_be_rejected() {
    let does = |rule: &str| {
        with(rule).unwrap_or_else(|mistakes| panic!("{mistakes}")).policy.config_changes[0].does.clone()
    };
    let ConfigEffect::RejectWallet(wallet) =
        does("{id: a, effect: reject, type: UNMANAGED_WALLET, subtypes: {not: [EXTERNAL]}}")
    else {
        panic!()
    };
    assert!(wallet.list.is_none() && wallet.subtypes.is_some());
    assert_eq!(does("{id: a, effect: reject, type: ADD_USER}"), ConfigEffect::Reject("ADD_USER".into()));
}

#[test]
fn wallets_are_narrowed_to_assets_as_rules_are() {
    let assets = |more: &str| {
        let rule = format!("{{id: a, effect: approve, type: UNMANAGED_WALLET, address_list: payees{more}}}");
        match with(&rule).unwrap_or_else(|mistakes| panic!("{mistakes}")).policy.config_changes[0]
            .does
            .clone()
        {
            ConfigEffect::ApproveWallet(wallet) => {
                wallet.assets.map(|ids| ids.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
            }
            does => panic!("{does:?}"),
        }
    };
    assert_eq!(assets(""), None);
    assert_eq!(assets(", assets: [ETH]").as_deref(), Some("ETH"));
    assert_eq!(assets(", chains: [evm]").as_deref(), Some("ETH ETH_OTHER"));
    assert_eq!(assets(", chains: [evm], classes: {not: [main]}").as_deref(), Some("ETH_OTHER"));
    let ConfigEffect::RejectWallet(wallet) =
        with("{id: a, effect: reject, type: UNMANAGED_WALLET, assets: {not: [ETH]}}")
            .unwrap()
            .policy
            .config_changes[0]
            .does
            .clone()
    else {
        panic!()
    };
    assert_eq!(*wallet.assets.unwrap(), ["BTC".to_owned(), "ETH_OTHER".to_owned()].into());
    assert_snapshot!(mistakes("{id: a, effect: approve, type: UNMANAGED_WALLET, address_list: payees, assets: [BTC]}"), @"p.yaml:7:68: list payees holds evm addresses, and none of the assets is on evm");
    assert_snapshot!(mistakes("{id: a, effect: reject, type: UNMANAGED_WALLET, assets: [ETH], chains: [bitcoin]}"), @"p.yaml:7:5: no asset of the policy is left: assets, chains and classes must all hold of one");
    assert_snapshot!(mistakes("{id: a, effect: reject, type: ADD_USER, assets: [ETH], chains: [evm], classes: [main]}"), @"
    p.yaml:7:53: assets belongs to UNMANAGED_WALLET alone
    p.yaml:7:68: chains belongs to UNMANAGED_WALLET alone
    p.yaml:7:84: classes belongs to UNMANAGED_WALLET alone
    ");
}

#[test]
fn what_cannot_be_checked_cannot_be_approved() {
    assert_snapshot!(mistakes("{id: a, effect: approve, type: ADD_USER}"), @"p.yaml:7:36: ADD_USER cannot be approved: nothing it says can be checked against the policy; reject it, or leave it to people");
    assert_snapshot!(mistakes("{id: a, effect: approve, type: UNMANAGED_WALLET}"), @"p.yaml:7:5: approve needs an address_list: without one every address is approved");
    assert_snapshot!(mistakes("{id: a, effect: approve, type: UNMANAGED_WALLET, address_list: payee}"), @"p.yaml:7:68: unknown list payee: did you mean payees?");
}

#[test]
fn rules_that_would_never_match_are_mistakes() {
    assert_snapshot!(mistakes("{id: a, effect: reject, type: ADD_USERS}"), @"p.yaml:7:35: unknown type of configuration change ADD_USERS: did you mean ADD_USER?");
    assert_snapshot!(mistakes("{id: a, effect: allow, type: ADD_USER, address_list: payees, subtypes: [EXTERN]}"), @"
    p.yaml:7:21: effect must be approve or reject
    p.yaml:7:77: unknown subtype EXTERN: did you mean EXTERNAL?
    ");
    assert_snapshot!(mistakes("{id: a, effect: reject, type: ADD_USER, address_list: payees}"), @"p.yaml:7:59: address_list belongs to UNMANAGED_WALLET alone");
    assert_snapshot!(mistakes("{id: a b, when: {}}"), @r#"
    p.yaml:7:5: effect is missing
    p.yaml:7:5: type is missing
    p.yaml:7:10: a name has at most 64 letters, digits, "-", "_" and "."
    p.yaml:7:15: unknown field when: expected id, effect, type, tenant, caller_proof, address_list, subtypes, assets, chains or classes
    "#);
}
