//! What an explanation says of each condition: what is asked, and what the request has.

use std::collections::BTreeSet;

use crate::support::*;
use policy::address::Chain;
use policy::amount::Decimals;
use policy::caller::CallerConditions;
use policy::condition::{CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds, Range};
use policy::document::Policy;
use policy::explain::{ExplainedCondition, explain};
use policy::expression::{Expression, Units};
use policy::local_time::{Day, Hours, TimeOfDay};
use policy::method::Method;
use policy::pattern::Pattern;
use policy::policy_test::TimedRequest;
use policy::prices::Prices;
use policy::request::{CallerProof, Request, Stage};
use policy::share::Share;
use policy::time::Zone;
use policy::usd::Usd;

/// What is told of a deny rule that asks this.
fn told(when: Conditions, request: Request) -> String {
    let policy = Policy { deny: vec![rule("asks", when)], ..policy() };
    let asked = TimedRequest { request, at: START, prices: Prices::NONE };
    let explained = explain(&policy, &asked, &mut NaiveLedger::new(&policy)).unwrap();
    explained.rules[0].conditions.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(told: &ExplainedCondition) -> String {
    let ExplainedCondition { field, asked, given, .. } = told;
    let beside = |what: &Option<String>| what.as_ref().map(|what| format!(" (beside the point: {what})"));
    let of_all = beside(&told.not_applicable).unwrap_or_default();
    let each =
        told.destinations.iter().filter_map(|each| Some(each.given.clone() + &beside(&each.not_applicable)?));
    [format!("{field}: {asked}, is {given}{of_all}")].into_iter().chain(each).collect::<Vec<_>>().join("\n  ")
}

fn words<const COUNT: usize>(words: [&str; COUNT]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

#[test]
fn who_pays_and_how_much() {
    let when = Conditions {
        signers: none_of(words(["api-user-2", "api-user-3"])),
        stages: Some([Stage::Approval, Stage::Signing].into()),
        operations: one_of(words(["TRANSFER"])),
        sources: one_of(vec![matcher("VAULT", Some("0")), matcher("EXCHANGE", None)].into()),
        assets: only("ETH"),
        amount: Range { max: Some(eth("5")), over: Some(eth("0.5")) },
        usd: Range { max: None, over: Some(Usd::parse_exact("100").unwrap()) },
        ..Conditions::default()
    };
    insta::assert_snapshot!(told(when.clone(), rich_sample()), @"
    signers: not api-user-2 | api-user-3, is api-user-1
    stages: APPROVAL | SIGNING, is SIGNING
    operations: TRANSFER, is TRANSFER
    assets: ETH, is ETH
    source: EXCHANGE | VAULT 0, is VAULT 0
    amount: over 0.5 ETH, at most 5 ETH, is 1 ETH
    amount_usd: over 100.000000 USD, is 1875.500000 USD
    ");
    let silent = Request { signer: None, source: Default::default(), ..transfer("t", "1") };
    insta::assert_snapshot!(told(when, silent), @"
    signers: not api-user-2 | api-user-3, is missing
    stages: APPROVAL | SIGNING, is APPROVAL
    operations: TRANSFER, is TRANSFER
    assets: ETH, is ETH
    source: EXCHANGE | VAULT 0, is missing
    amount: over 0.5 ETH, at most 5 ETH, is 1 ETH
    amount_usd: over 100.000000 USD, is 10.000000 USD
    ");
}

#[test]
fn what_is_beside_the_transfer() {
    let pattern = |text| one_of(vec![Pattern::parse(text).unwrap()]);
    let hours = Hours {
        zone: Zone::named("Europe/Berlin").unwrap(),
        days: [Day::Mon].into(),
        from: TimeOfDay::parse("09:00").unwrap(),
        to: TimeOfDay::parse("17:00").unwrap(),
    };
    let text = "amount.more_than(\"5\") ||\n  destinations.count == 2 && note != \"x\" && usd.at_most(\"9\")";
    let units = Units { amount: Some(("ETH".into(), Decimals::new(18).unwrap())), fee: None };
    let circumstances = CircumstanceConditions {
        fee: Some(FeeBounds { asset: "ETH".into(), range: Range { max: Some(eth("0.1")), over: None } }),
        fee_share: Range { max: None, over: Some(Share::parse("0.01").unwrap()) },
        times: one_of(vec![hours]),
        note: pattern("payroll-.*"),
        external_tx_id: pattern("pay-."),
        expression: Some(Expression::parse(text, &units).unwrap()),
        ..CircumstanceConditions::default()
    };
    let when = Conditions { circumstances, ..Conditions::default() };
    insta::assert_snapshot!(told(when.clone(), rich_sample()), @r#"
    fee: at most 0.1 ETH, is 0.01 ETH
    fee_share: over 0.01, is 0.01 ETH of 1 ETH
    times: MON 09:00 to 17:00 Europe/Berlin, is MON 2026-09-21T16:13:20 Europe/Berlin
    note: payroll-.*, is payroll-1
    external_tx_id: pay-., is pay-7
    condition: amount.more_than("5") || destinations.count == 2 && note != "x" && usd.at_most("9"), is destinations.count 2, amount 1 ETH, usd 1875.500000 USD, note "payroll-1"
    "#);
    insta::assert_snapshot!(told(when.clone(), transfer("t", "1")), @r#"
    fee: at most 0.1 ETH, is missing (beside the point: TRANSFER at APPROVAL)
    fee_share: over 0.01, is missing (beside the point: TRANSFER at APPROVAL)
    times: MON 09:00 to 17:00 Europe/Berlin, is MON 2026-09-21T16:13:20 Europe/Berlin
    note: payroll-.*, is missing
    external_tx_id: pay-., is missing
    condition: amount.more_than("5") || destinations.count == 2 && note != "x" && usd.at_most("9"), is destinations.count 1, amount 1 ETH, usd 10.000000 USD, note missing
    "#);
    insta::assert_snapshot!(told(when, call_sample()), @r#"
    fee: at most 0.1 ETH, is 0.002 ETH
    fee_share: over 0.01, is 0.002 ETH of 0 ETH (beside the point: CONTRACT_CALL at SIGNING)
    times: MON 09:00 to 17:00 Europe/Berlin, is MON 2026-09-21T16:13:20 Europe/Berlin
    note: payroll-.*, is missing
    external_tx_id: pay-., is missing
    condition: amount.more_than("5") || destinations.count == 2 && note != "x" && usd.at_most("9"), is destinations.count 1, amount does not apply, usd does not apply, note missing
    "#);
}

#[test]
fn who_is_paid() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let alternatives = vec![
        to_account("VAULT", None),
        to_list(&friends),
        DestinationMatcher {
            subtype: text("EXTERNAL"),
            address_type: text("ONE_TIME"),
            ..to_account("UNMANAGED", Some("w-1"))
        },
        DestinationMatcher { tag: text("7"), ..DestinationMatcher::default() },
    ];
    let when = Conditions { destinations: none_of(alternatives), ..Conditions::default() };
    insta::assert_snapshot!(told(when.clone(), rich_sample()), @"destination: not VAULT | list friends | UNMANAGED w-1 EXTERNAL ONE_TIME | tag 7, is 2 destinations");
    insta::assert_snapshot!(told(when.clone(), transfer("t", "1")), @"
    destination: not VAULT | list friends | UNMANAGED w-1 EXTERNAL ONE_TIME | tag 7, is VAULT 1, 1 ETH
      VAULT 1, 1 ETH (beside the point: its address at APPROVAL, its subtype)
    ");
    let tag = vec![DestinationMatcher { tag: text("7"), ..DestinationMatcher::default() }];
    let under_tag = Conditions { destinations: one_of(tag), ..Conditions::default() };
    insta::assert_snapshot!(told(under_tag, transfer("t", "1")), @"
    destination: tag 7, is VAULT 1, 1 ETH
      VAULT 1, 1 ETH (beside the point: its address at APPROVAL)
    ");
    insta::assert_snapshot!(told(when, message_sample()), @"destination: not VAULT | list friends | UNMANAGED w-1 EXTERNAL ONE_TIME | tag 7, is missing (beside the point: TYPED_MESSAGE at SIGNING)");
}

#[test]
fn what_is_called_and_what_is_signed() {
    let methods = none_of([Method::parse("transfer(address,uint256)").unwrap()].into());
    let messages = one_of(words(["EIP712"]));
    let circumstances = CircumstanceConditions { methods, messages, ..CircumstanceConditions::default() };
    let contracts = Some(list("contracts", Chain::Evm, &[ETH_ADDRESS]));
    let when = Conditions { circumstances, contracts, ..Conditions::default() };
    insta::assert_snapshot!(told(when.clone(), call_sample()), @"
    call: not 0xa9059cbb, is 0xa9059cbb
    messages: EIP712, is missing (beside the point: CONTRACT_CALL at SIGNING)
    destination: contract on list contracts, is UNMANAGED c-1 CONTRACT, 0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8, 0 ETH
    ");
    insta::assert_snapshot!(told(when.clone(), message_sample()), @"
    call: not 0xa9059cbb, is missing (beside the point: TYPED_MESSAGE at SIGNING)
    messages: EIP712, is EIP712, EIP191
    destination: contract on list contracts, is missing (beside the point: TYPED_MESSAGE at SIGNING)
    ");
    insta::assert_snapshot!(told(when, transfer("t", "1")), @"
    call: not 0xa9059cbb, is missing (beside the point: TRANSFER at APPROVAL)
    messages: EIP712, is missing (beside the point: TRANSFER at APPROVAL)
    destination: contract on list contracts, is VAULT 1, 1 ETH (beside the point: TRANSFER at APPROVAL)
    ");
}

#[test]
fn of_many_alternatives_the_first_are_named() {
    let signers = one_of((10..20).map(|number| format!("user-{number}")).collect());
    insta::assert_snapshot!(told(Conditions { signers, ..Conditions::default() }, rich_sample()), @"signers: user-10 | user-11 | user-12 | user-13 | user-14 | user-15 | user-16 | user-17 | 2 more, is api-user-1");
}

#[test]
fn an_explanation_says_who_asks_and_who_is_asked_for() {
    let (tenants, proofs) = (none_of(words(["json"])), Some([CallerProof::Unproven].into()));
    let when = Conditions { caller: CallerConditions { tenants, proofs }, ..Conditions::default() };
    let told = |caller_proof| told(when.clone(), Request { caller_proof, ..rich_sample() });
    insta::assert_snapshot!(told(Some(CallerProof::CosignerSignature)), @"
    tenant: not json, is default
    caller_proof: UNPROVEN, is COSIGNER_SIGNATURE
    ");
    insta::assert_snapshot!(told(None), @"
    tenant: not json, is default
    caller_proof: UNPROVEN, is missing
    ");
}
