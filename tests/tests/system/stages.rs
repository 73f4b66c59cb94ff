//! One transaction over its stages and signers: charged once, pinned by what was allowed first (decision model,
//! section 3).

use proto::decider::v1::ReasonCode;
use serde_json::{Value, json};
use system_tests::cosigner::{Action, Cosigner};
use system_tests::harness::{Options, System};
use system_tests::requests::{Destination, Transfer};

use crate::on_record::{LedgerFile, Outcome, outcome};

const ADDRESS: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const OTHER_ADDRESS: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
const CHARGED: u128 = 600_000_000_000_000_000;

/// Room for one transaction of 0.6 ETH a day from each vault, not for two: a transaction that is counted twice
/// is refused.
const POLICY: &str = r#"
version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  DAI: {chain: evm, decimals: 18}
allow:
  - id: anything
    when: {operations: [TRANSFER, STAKE]}
limits:
  - id: per-vault-and-day
    when: {assets: [ETH, DAI]}
    key: [source, asset]
    max: {amount: "1"}
    window: 24h
"#;

const INTENT_CHANGED: Outcome = Outcome::rejected(ReasonCode::IntentChanged);
const CONTENT_CHANGED: Outcome = Outcome::rejected(ReasonCode::ContentChanged);

async fn start() -> (System, Cosigner) {
    let system = System::with(Options::policy(POLICY)).await;
    let cosigner = system.cosigner();
    (system, cosigner)
}

fn transfer() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", ADDRESS, "0.6").usd("1124.57")).signed_by("s-1")
}

async fn ask(system: &System, cosigner: &Cosigner, fields: &Value) -> Outcome {
    outcome(system, cosigner, fields.to_string().as_bytes()).await
}

/// The approval of a transfer to a vault account: its address is not known yet.
fn approval_without_address(transfer: &Transfer) -> Value {
    let mut fields = transfer.clone().at_approval().fields();
    fields.as_object_mut().unwrap().remove("destAddress");
    fields
}

#[tokio::test]
async fn approval_then_signing_is_one_charge_and_the_address_fills_in() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    let charge = async || {
        let mut charges = system.record(&transfer.request_id).await.unwrap().charges;
        assert_eq!(charges.len(), 1);
        charges.remove(0)
    };
    let approval = approval_without_address(&transfer);
    assert_eq!(ask(&system, &cosigner, &approval).await, Outcome::APPROVED);
    let at_approval = charge().await;
    assert_eq!((at_approval.address.clone(), at_approval.amount.clone()), (None, CHARGED.to_string()));

    assert_eq!(ask(&system, &cosigner, &transfer.fields()).await, Outcome::APPROVED);
    let at_signing = charge().await;
    assert_eq!(at_signing.address, Some(ADDRESS.to_lowercase()));
    assert_eq!((&at_signing.amount, &at_signing.usd_micros), (&at_approval.amount, &at_approval.usd_micros));
    let time = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos)).unwrap();
    assert!(time(at_signing.charged_time) > time(at_approval.charged_time), "it counts from the signing on");

    let ledger = LedgerFile::open(system.local());
    assert_eq!((ledger.charged(), ledger.charges().len()), (CHARGED, 1));
    assert_eq!(ledger.decisions(&transfer.request_id).len(), 2, "a decision for each stage");
}

#[tokio::test]
async fn an_address_that_filled_in_is_pinned() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    assert_eq!(ask(&system, &cosigner, &approval_without_address(&transfer)).await, Outcome::APPROVED);
    assert_eq!(ask(&system, &cosigner, &transfer.fields()).await, Outcome::APPROVED);
    let mut elsewhere = transfer.clone().signed_by("s-2");
    elsewhere.destinations[0].address = OTHER_ADDRESS.to_owned();
    assert_eq!(ask(&system, &cosigner, &elsewhere.fields()).await, INTENT_CHANGED);
}

/// A name, and what is changed.
type Change = (&'static str, fn(&mut Transfer));

/// What a signing request may not say otherwise than the approval did.
const CHANGES: &[Change] = &[
    ("another address", |transfer| transfer.destinations[0].address = OTHER_ADDRESS.to_owned()),
    ("a larger amount", |transfer| set_amount(transfer, "0.600000000000000001")),
    ("a smaller amount", |transfer| set_amount(transfer, "0.5")),
    ("another account", |transfer| transfer.destinations[0].id = "2".to_owned()),
    ("another type of account", |transfer| transfer.destinations[0].kind = "EXCHANGE".to_owned()),
    ("another vault", |transfer| transfer.source = "1".to_owned()),
    ("another asset", |transfer| transfer.asset = "DAI".to_owned()),
    ("two destinations of the same sum", |transfer| split_in_two(transfer)),
];

fn set_amount(transfer: &mut Transfer, amount: &str) {
    transfer.amount = amount.to_owned();
    transfer.destinations[0].amount = amount.to_owned();
}

fn split_in_two(transfer: &mut Transfer) {
    transfer.destinations[0].amount = "0.3".to_owned();
    transfer.destinations.push(transfer.destinations[0].clone());
}

#[tokio::test]
async fn what_differs_at_signing_is_rejected_and_the_charge_stands() {
    let (system, cosigner) = start().await;
    let mut wrong = Vec::new();
    for (vault, (what, change)) in CHANGES.iter().enumerate() {
        let approved = transfer().from_vault(&format!("source-{vault}"));
        assert_eq!(
            ask(&system, &cosigner, &approved.clone().at_approval().fields()).await,
            Outcome::APPROVED
        );
        let mut changed = approved.clone();
        change(&mut changed);
        let found = ask(&system, &cosigner, &changed.fields()).await;
        let charges = system.record(&approved.request_id).await.unwrap().charges;
        if found != INTENT_CHANGED || charges.len() != 1 || charges[0].amount != CHARGED.to_string() {
            wrong.push(format!("{what}: {found:?}, {charges:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ledger = LedgerFile::open(system.local());
    assert_eq!(ledger.charged(), CHARGED * CHANGES.len() as u128);
}

#[tokio::test]
async fn another_operation_at_signing_is_rejected() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    assert_eq!(ask(&system, &cosigner, &transfer.clone().at_approval().fields()).await, Outcome::APPROVED);
    let mut staking = transfer.fields();
    staking["operation"] = json!("STAKE");
    assert_eq!(ask(&system, &cosigner, &staking).await, INTENT_CHANGED);
}

#[tokio::test]
async fn a_fee_may_appear_and_a_net_amount_fall() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    assert_eq!(ask(&system, &cosigner, &transfer.clone().at_approval().fields()).await, Outcome::APPROVED);
    let mut net = transfer.fields();
    net["amountStr"] = json!("0.5995");
    net["destinations"][0]["amountNativeStr"] = json!("0.5995");
    assert_eq!(ask(&system, &cosigner, &net).await, Outcome::APPROVED);
    assert_eq!(LedgerFile::open(system.local()).charged(), CHARGED, "what was charged stays charged");
}

/// With the requested amount as it was: what moves may fall below what was allowed, and not rise again.
#[tokio::test]
async fn a_net_amount_may_not_rise() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    let with_net = |mut fields: Value, net: &str| {
        fields["amountStr"] = json!(net);
        fields["destinations"][0]["amountNativeStr"] = json!(net);
        fields
    };
    let approval = with_net(transfer.clone().at_approval().fields(), "0.55");
    assert_eq!(ask(&system, &cosigner, &approval).await, Outcome::APPROVED);
    let risen = with_net(transfer.fields(), "0.550000000000000001");
    assert_eq!(ask(&system, &cosigner, &risen).await, INTENT_CHANGED);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_rejected_and_the_first_stands() {
    let (system, cosigner) = start().await;
    let first = transfer();
    assert_eq!(ask(&system, &cosigner, &first.fields()).await, Outcome::APPROVED);
    let mut altered = first.clone();
    set_amount(&mut altered, "0.4");
    let other_transaction = Transfer { tx_id: "another-transaction".to_owned(), ..first.clone() };
    for other in [&altered, &other_transaction, &altered] {
        assert_eq!(ask(&system, &cosigner, &other.fields()).await, CONTENT_CHANGED);
        assert_eq!(cosigner.send(&first.payload()).await.unwrap().reply.action, Action::Approve);
    }
    let ledger = LedgerFile::open(system.local());
    let decisions = ledger.decisions(&first.request_id);
    assert_eq!(decisions[0], ("APPROVE".to_owned(), "ALLOWED".to_owned()));
    assert!(decisions[1..].iter().all(|(_, reason)| reason == "CONTENT_CHANGED"), "{decisions:?}");
    assert_eq!((ledger.charged(), ledger.charges().len()), (CHARGED, 1));
}

/// A refusal is as final as an approval: no other content under its id can turn it.
#[tokio::test]
async fn the_same_id_with_other_content_after_a_rejection_is_rejected() {
    let (system, cosigner) = start().await;
    let mut refused = transfer();
    set_amount(&mut refused, "1.1");
    let fits =
        Transfer { request_id: refused.request_id.clone(), tx_id: refused.tx_id.clone(), ..transfer() };
    assert_eq!(
        ask(&system, &cosigner, &refused.fields()).await,
        Outcome::rejected(ReasonCode::LimitExceeded)
    );
    assert_eq!(ask(&system, &cosigner, &fits.fields()).await, CONTENT_CHANGED);
    assert_eq!(cosigner.send(&refused.payload()).await.unwrap().reply.action, Action::Reject);
    assert_eq!(LedgerFile::open(system.local()).charges(), vec![]);
}

#[tokio::test]
async fn a_second_signer_is_part_of_the_same_charge() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    for signer in ["s-1", "s-2"] {
        let signing = transfer.clone().signed_by(signer).fields();
        assert_eq!(ask(&system, &cosigner, &signing).await, Outcome::APPROVED);
    }
    let charges = system.record(&transfer.request_id).await.unwrap().charges;
    let mut signers: Vec<_> = charges[0].signers.iter().map(|signer| signer.signer_id.as_str()).collect();
    signers.sort_unstable();
    assert_eq!((charges.len(), signers), (1, vec!["s-1", "s-2"]));
    let ledger = LedgerFile::open(system.local());
    assert_eq!((ledger.charged(), ledger.decisions(&transfer.request_id).len()), (CHARGED, 2));

    let mut elsewhere = transfer.clone().signed_by("s-3");
    elsewhere.destinations[0].address = OTHER_ADDRESS.to_owned();
    assert_eq!(ask(&system, &cosigner, &elsewhere.fields()).await, INTENT_CHANGED);
}

/// USD values, names, players and fields nobody reads may drift between the repeats of one request.
#[tokio::test]
async fn what_may_drift_makes_no_other_request() {
    let (system, cosigner) = start().await;
    let transfer = transfer();
    assert_eq!(ask(&system, &cosigner, &transfer.fields()).await, Outcome::APPROVED);
    let record = system.record(&transfer.request_id).await;
    let mut drifted = transfer.fields();
    drifted["destinations"][0]["amountUSD"] = json!(1130.25);
    drifted["destinations"][0]["dstName"] = json!("Network Deposits, renamed");
    drifted["destinations"][0]["action"] = json!("2-TIER");
    drifted["players"] =
        json!(["27900737-46f6-4097-a169-d0ff45649ed5", "f89cac50-c656-4e74-879f-041aff8d01b5"]);
    drifted["amlInfo"] = json!({"provider": "somebody"});
    assert_eq!(ask(&system, &cosigner, &drifted).await, Outcome::APPROVED);
    assert_eq!(system.record(&transfer.request_id).await, record, "the same decision, nothing added");
    assert_eq!(LedgerFile::open(system.local()).decisions(&transfer.request_id).len(), 1);
}

/// A second request of the same transaction at the same stage by the same signer: when in doubt, it is counted.
#[tokio::test]
async fn an_unrelated_second_request_of_a_transaction_is_charged_again() {
    let (system, cosigner) = start().await;
    let first = transfer();
    let second = Transfer { request_id: "unrelated".to_owned(), ..first.clone() };
    assert_eq!(ask(&system, &cosigner, &first.fields()).await, Outcome::APPROVED);
    let again = ask(&system, &cosigner, &second.fields()).await;
    assert_eq!(again, Outcome::rejected(ReasonCode::LimitExceeded), "0.6 and 0.6 are more than 1");
}
