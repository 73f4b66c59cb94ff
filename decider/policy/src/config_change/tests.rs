use std::sync::Arc;

use super::*;
use crate::address::{Address, Chain};
use crate::amount::Decimals;
use crate::asset::{Asset, TagRule};
use crate::caller::CallerConditions;
use crate::choice::Choice;
use crate::config_rule::{ConfigEffect, ListedWallet, WalletConditions};
use crate::list::AddressList;
use crate::request::CallerProof;

const LISTED: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const OTHER: &str = "0x0000000000000000000000000000000000000001";

fn change(kind: Option<&str>, json: &str) -> ConfigChange {
    ConfigChange {
        tenant: "default".into(),
        caller_proof: None,
        path: String::new(),
        callback_request_id: "c-1".into(),
        kind: kind.map(str::to_owned),
        details: json.as_bytes().to_vec(),
        details_json: (!json.is_empty()).then(|| json.to_owned()),
    }
}

fn wallet(details: &str) -> ConfigChange {
    change(Some("UNMANAGED_WALLET"), details)
}

/// An `AddressInfo` of an EXTERNAL wallet.
fn info(asset: &str, address: &str) -> String {
    format!(
        r#"{{"subType":"EXTERNAL","walletName":"n","walletId":{{}},"asset":"{asset}","address":"{address}"}}"#
    )
}

fn list(chain: Chain, entries: &[(&str, Option<&str>)]) -> Arc<AddressList> {
    let mut list = AddressList::new("payees", chain);
    for (address, tag) in entries {
        list.insert(Address::parse(chain, address).unwrap(), tag.map(str::to_owned));
    }
    Arc::new(list)
}

fn rule(id: &str, does: ConfigEffect) -> ConfigRule {
    ConfigRule { id: id.into(), caller: CallerConditions::default(), does }
}

fn external() -> Option<Choice<std::collections::BTreeSet<String>>> {
    Some(Choice::OneOf(["EXTERNAL".to_owned()].into()))
}

fn approving(list: &Arc<AddressList>) -> ConfigRule {
    rule(
        "listed",
        ConfigEffect::ApproveWallet(ListedWallet { list: list.clone(), subtypes: external(), assets: None }),
    )
}

fn policy(config_changes: Vec<ConfigRule>) -> Policy {
    let asset = |chain, tag| Asset { chain, decimals: Decimals::ZERO, tag, fee_asset: None };
    Policy {
        assets: [
            ("ETH".to_owned(), asset(Chain::Evm, TagRule::Optional)),
            ("ETH_OTHER".to_owned(), asset(Chain::Evm, TagRule::Optional)),
            ("XRP".to_owned(), asset(Chain::Exact, TagRule::Required)),
        ]
        .into(),
        config_changes,
        ..Policy::default()
    }
}

fn told(policy: &Policy, change: &ConfigChange) -> (Action, ReasonCode) {
    let outcome = evaluate(policy, change);
    (outcome.action, outcome.reason.code)
}

const APPROVED: (Action, ReasonCode) = (Action::Approve, ReasonCode::ConfigChangeRule);
const REJECTED: (Action, ReasonCode) = (Action::Reject, ReasonCode::ConfigChangeRule);
const UNKNOWN: (Action, ReasonCode) = (Action::Ignore, ReasonCode::ConfigChangeIndeterminate);
const NO_RULE: (Action, ReasonCode) = (Action::Ignore, ReasonCode::ConfigChangeNoRule);

#[test]
fn without_a_rule_every_kind_is_left_to_people() {
    for kind in [None, Some(""), Some("UNMANAGED_WALLET"), Some("ADD_USER"), Some("NEW_KIND")] {
        assert_eq!(told(&policy(vec![]), &change(kind, "")), NO_RULE, "{kind:?}");
    }
    assert_eq!(content_changed().action, Action::Ignore);
}

#[test]
fn a_listed_address_is_approved_by_meaning_and_another_is_left_to_people() {
    let policy = policy(vec![approving(&list(Chain::Evm, &[(LISTED, None)]))]);
    assert_eq!(told(&policy, &wallet(&info("ETH", LISTED))), APPROVED);
    assert_eq!(told(&policy, &wallet(&info("ETH", &LISTED.to_lowercase()))), APPROVED);
    assert_eq!(told(&policy, &wallet(&info("ETH", OTHER))), NO_RULE);
    assert_eq!(told(&policy, &wallet(&info("XRP", LISTED))), NO_RULE, "on another chain");
    assert_eq!(told(&policy, &wallet(&info("ETH", LISTED).replace("EXTERNAL", "CONTRACT"))), NO_RULE);
    assert_eq!(told(&policy, &change(Some("EXCHANGE"), &info("ETH", LISTED))), NO_RULE);
    let tagged = info("ETH", LISTED).replace("}}", "}").replace(r#"","address""#, r#"","tag":"7","address""#);
    assert_eq!(told(&policy, &wallet(&tagged)), NO_RULE, "another tag is another receiver");
}

/// Missing, unusable or given twice: never an approval.
#[test]
fn what_cannot_be_told_is_left_to_people() {
    let policy = policy(vec![approving(&list(Chain::Evm, &[(LISTED, None)]))]);
    let whole = info("ETH", LISTED);
    for (from, to) in [
        ("\"subType\":\"EXTERNAL\",", ""),
        ("EXTERNAL", ""),
        ("\"asset\":\"ETH\",", ""),
        ("\"ETH\"", "null"),
        ("ETH", "DOGE"),
        (LISTED, ""),
        (LISTED, "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f9"),
        ("\"address\"", "\"Address\""),
        ("{\"subType\"", "{\"subType\":\"CONTRACT\",\"subType\""),
        ("{\"subType\"", "[{\"subType\""),
    ] {
        assert!(whole.contains(from), "{from}");
        assert_eq!(told(&policy, &wallet(&whole.replace(from, to))), UNKNOWN, "{from} {to}");
    }
    assert_eq!(told(&policy, &wallet("")), UNKNOWN);
    assert_eq!(told(&policy, &change(None, &whole)), UNKNOWN, "it could be of any kind");
    let undigested = ConfigChange { details: vec![], ..wallet(&whole) };
    assert_eq!(told(&policy, &undigested), UNKNOWN, "other details would be the same content");
}

/// Whatever it is called tomorrow: neither may it be approved for not being a contract, nor rejected for not being what
/// is known.
#[test]
fn a_subtype_that_nobody_knows_is_left_to_people() {
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let approve =
        |subtypes| ConfigEffect::ApproveWallet(ListedWallet { list: listed.clone(), subtypes, assets: None });
    let reject =
        |subtypes| ConfigEffect::RejectWallet(WalletConditions { subtypes, ..WalletConditions::default() });
    let (contract, not_external) =
        (["CONTRACT".to_owned()].into(), Choice::NoneOf(["EXTERNAL".to_owned()].into()));
    let not_contract = Choice::NoneOf(["CONTRACT".to_owned()].into());
    let policies = [
        vec![rule("safe", approve(Some(not_contract)))],
        vec![rule("all", approve(None)), rule("bad", reject(Some(Choice::OneOf(contract))))],
        vec![rule("bad", reject(Some(not_external)))],
    ];
    for rules in policies {
        let policy = policy(rules);
        for subtype in ["contract", "Contract", "CONTRACT ", "UNKNOWN", "VAULT"] {
            let change = wallet(&info("ETH", LISTED).replace("EXTERNAL", subtype));
            assert_eq!(told(&policy, &change), UNKNOWN, "{subtype}");
        }
    }
}

#[test]
fn a_tag_is_part_of_the_address() {
    let policy = policy(vec![approving(&list(Chain::Exact, &[("rA", None), ("rB", Some("7"))]))]);
    let with = |address: &str, tag: &str| {
        let tag = if tag.is_empty() { String::new() } else { format!(r#","tag":{tag}"#) };
        wallet(&format!(r#"{{"subType":"EXTERNAL","asset":"XRP","address":"{address}"{tag}}}"#))
    };
    assert_eq!(told(&policy, &with("rA", r#""""#)), APPROVED, "known to be none");
    assert_eq!(told(&policy, &with("rB", r#""7""#)), APPROVED);
    for (address, tag) in [("rA", r#""7""#), ("rB", r#""8""#), ("rB", r#""""#), ("rC", r#""7""#)] {
        assert_eq!(told(&policy, &with(address, tag)), NO_RULE, "{address} {tag}");
    }
    for tag in ["", "null", "7", "[]"] {
        assert_eq!(told(&policy, &with("rA", tag)), UNKNOWN, "{tag}");
    }
}

/// A contract's address on another network is somebody else's.
#[test]
fn a_rule_over_assets_matches_no_others_and_an_asset_that_nobody_knows_is_left_to_people() {
    let assets = || Some(std::sync::Arc::new(["ETH".to_owned()].into()));
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let approves = ListedWallet { list: listed, subtypes: None, assets: assets() };
    let approves = policy(vec![rule("listed", ConfigEffect::ApproveWallet(approves))]);
    let rejects = WalletConditions { assets: assets(), ..WalletConditions::default() };
    let rejects = policy(vec![rule("ether", ConfigEffect::RejectWallet(rejects))]);
    for (policy, done) in [(&approves, APPROVED), (&rejects, REJECTED)] {
        let told = |asset: &str| told(policy, &wallet(&info(asset, LISTED)));
        assert_eq!((told("ETH"), told("ETH_OTHER"), told("XRP")), (done, NO_RULE, NO_RULE));
        assert_eq!((told("DOGE"), told(""), told("eth")), (UNKNOWN, UNKNOWN, UNKNOWN));
    }
    let outcome = evaluate(&rejects, &wallet("{}"));
    insta::assert_snapshot!(outcome.reason.text, @"rule ether: the asset is missing: left to people");
}

#[test]
fn a_rejection_outweighs_an_approval_and_an_address_is_rejected_under_every_tag() {
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let rejecting = |wallet| rule("bad", ConfigEffect::RejectWallet(wallet));
    let bad = WalletConditions { list: Some(listed.clone()), ..WalletConditions::default() };
    for rules in [vec![approving(&listed), rejecting(bad.clone())], vec![rejecting(bad), approving(&listed)]]
    {
        assert_eq!(told(&policy(rules), &wallet(&info("ETH", LISTED))), REJECTED);
    }
    let contracts = WalletConditions {
        subtypes: Some(Choice::NoneOf(["EXTERNAL".to_owned()].into())),
        ..WalletConditions::default()
    };
    let policy = policy(vec![approving(&listed), rejecting(contracts)]);
    assert_eq!(told(&policy, &wallet(&info("ETH", LISTED))), APPROVED);
    assert_eq!(told(&policy, &wallet(&info("ETH", LISTED).replace("EXTERNAL", "CONTRACT"))), REJECTED);
}

#[test]
fn an_indeterminate_rejection_outweighs_an_approval() {
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let shared = list(Chain::Evm, &[(LISTED, Some("7"))]);
    let bad = WalletConditions { list: Some(shared), ..WalletConditions::default() };
    let policy = policy(vec![approving(&listed), rule("bad", ConfigEffect::RejectWallet(bad))]);
    let outcome = evaluate(&policy, &wallet(&info("ETH", LISTED)));
    insta::assert_snapshot!(outcome.reason.text, @"rule bad: the destination's tag is missing for list payees: left to people");
    assert_eq!(outcome.action, Action::Ignore);
}

#[test]
fn an_indeterminate_approval_is_none_and_takes_none_away() {
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let plain = ListedWallet { list: listed.clone(), subtypes: None, assets: None };
    let by_subtype = policy(vec![approving(&listed)]);
    let both = policy(vec![approving(&listed), rule("plain", ConfigEffect::ApproveWallet(plain))]);
    let untyped = wallet(&info("ETH", LISTED).replace("\"subType\":\"EXTERNAL\",", ""));
    assert_eq!((told(&by_subtype, &untyped), told(&both, &untyped)), (UNKNOWN, APPROVED));
}

#[test]
fn a_kind_is_rejected_by_its_name() {
    let policy = policy(vec![rule("nobody", ConfigEffect::Reject("ADD_USER".into()))]);
    assert_eq!(told(&policy, &change(Some("ADD_USER"), "")), REJECTED);
    assert_eq!(told(&policy, &change(Some("add_user"), "")), NO_RULE);
    assert_eq!(told(&policy, &change(None, "")), UNKNOWN);
    insta::assert_snapshot!(evaluate(&policy, &change(Some("ADD_USER"), "")).reason.text, @"rule nobody rejects it");
}

/// As of rules over transactions: their order says nothing.
#[test]
fn of_several_a_reason_names_the_first_by_id() {
    let text = |rules: Vec<ConfigRule>| evaluate(&policy(rules), &wallet(&info("ETH", LISTED))).reason.text;
    let listed = list(Chain::Evm, &[(LISTED, None)]);
    let shared = list(Chain::Evm, &[(LISTED, Some("7"))]);
    let approves = || ListedWallet { list: listed.clone(), subtypes: None, assets: None };
    let doubts = || WalletConditions { list: Some(shared.clone()), ..WalletConditions::default() };
    for does in [
        ConfigEffect::Reject("UNMANAGED_WALLET".into()),
        ConfigEffect::RejectWallet(doubts()),
        ConfigEffect::ApproveWallet(approves()),
    ] {
        let (a, b) = (rule("a", does.clone()), rule("b", does));
        let told = text(vec![b.clone(), a.clone()]);
        assert!(told.starts_with("rule a"), "{told}");
        assert_eq!(told, text(vec![a, b]));
    }
}

#[test]
fn kind_and_details_are_content_and_the_id_is_identity() {
    let one = change(Some("ADD_USER"), "x");
    assert_eq!(one.identity(), change(Some("POLICY_CHANGE"), "y").identity());
    assert_ne!(one.content(), change(Some("ADD_USER"), "y").content());
    assert_ne!(one.content(), change(Some("POLICY_CHANGE"), "x").content());
    assert_ne!(change(None, "").content(), change(Some(""), "").content());
}

/// For Co-signers of one tenant alone.
fn of_callers(rule: ConfigRule) -> ConfigRule {
    let caller = CallerConditions {
        tenants: Some(Choice::OneOf(["payouts".to_owned()].into())),
        proofs: Some([CallerProof::CosignerSignature].into()),
    };
    ConfigRule { caller, ..rule }
}

#[test]
fn a_rule_over_callers_matches_no_others_and_who_does_not_say_is_left_to_people() {
    let by = |tenant: &str, caller_proof, change: ConfigChange| ConfigChange {
        tenant: tenant.into(),
        caller_proof,
        ..change
    };
    let (proven, unproven) = (Some(CallerProof::CosignerSignature), Some(CallerProof::Unproven));
    let approves = policy(vec![of_callers(approving(&list(Chain::Evm, &[(LISTED, None)])))]);
    let rejects = policy(vec![of_callers(rule("no-users", ConfigEffect::Reject("ADD_USER".into())))]);
    let listed = || wallet(&info("ETH", LISTED));
    let user = || change(Some("ADD_USER"), "{}");
    for (policy, change, done) in [(&approves, listed(), APPROVED), (&rejects, user(), REJECTED)] {
        let told = |tenant, proof| told(policy, &by(tenant, proof, change.clone()));
        assert_eq!(told("payouts", proven), done);
        assert_eq!(told("payouts", unproven), NO_RULE);
        assert_eq!(told("payouts", None), UNKNOWN);
        assert_eq!((told("other", proven), told("other", None)), (NO_RULE, NO_RULE));
    }
}
