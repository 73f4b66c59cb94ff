//! Random requests: mostly whole, a few with a field missing or one that contradicts another; often one more of a
//! transaction that came before.

use policy::request::{AccountText, CallerProof, DestinationText, Request, Stage};

use super::Step;
use crate::naive::model::*;
use crate::naive::random::Random;
use crate::support::{account, request as blank, text};

const TRANSACTIONS: [Text; 6] = ["t1", "t2", "t3", "t4", "t5", "t6"];

pub fn request(random: &mut Random, steps: &[Step]) -> Request {
    if !steps.is_empty() && random.percent(35) {
        let before = random.below(steps.len());
        return again(random, &steps[before].request);
    }
    let operation = operation(random);
    let asset = random.one(&["ETH", "ETH", "ETH", "ETH", "USDC", "USDC", "XRP", "XRP"]);
    let stage = if random.percent(50) { Stage::Signing } else { Stage::Approval };
    let tx = random.one(&TRANSACTIONS);
    let mut request = Request {
        tenant: random.one(&["default", "default", "default", "other"]).into(),
        caller_proof: proof(random),
        callback_request_id: request_id(random, tx),
        tx_id: text(tx),
        signer: word(random, &["s1", "s1", "s2", "s3"], 90),
        operation: text(operation),
        source: account(
            random.one(&[
                "VAULT",
                "VAULT",
                "VAULT",
                "VAULT",
                "VAULT",
                "EXCHANGE",
                "EXCHANGE",
                "VAULT_ACCOUNT",
            ]),
            random.one(&["0", "0", "1", "2"]),
        ),
        note: word(random, &["pay-1", "pay-2", "rent", ""], 70),
        external_tx_id: word(random, &["x-1", "x-2", "y"], 70),
        extra_parameters: extra(random, operation),
        ..blank(tx, asset, stage)
    };
    pay(random, &mut request, operation, asset);
    if stage == Stage::Signing {
        request.fee = word(random, &["0", "0.01", "0.05", "1"], 90);
    }
    if random.percent(8) {
        spoil(random, &mut request);
    }
    request
}

/// The same transaction once more: another stage, signer, order or request id, or another transaction altogether.
fn again(random: &mut Random, before: &Request) -> Request {
    let mut request = before.clone();
    if random.percent(60) {
        request.stage = Stage::Signing;
        request.fee = word(random, &["0", "0.01", "0.05"], 95);
        for destination in &mut request.destinations {
            destination.display_address = destination.address.clone().or(destination.display_address.take());
        }
    }
    match random.below(9) {
        8 => request.caller_proof = proof(random),
        0 | 1 => request.signer = word(random, &["s1", "s2", "s3"], 95),
        2 | 3 => {
            let tx = request.tx_id.clone().unwrap_or_default();
            request.callback_request_id = request_id(random, &tx);
        }
        4 => request.destinations.reverse(),
        5 => spoil(random, &mut request),
        6 => request.note = None,
        _ => {}
    }
    request
}

fn request_id(random: &mut Random, tx: &str) -> String {
    match random.below(8) {
        0 => format!("{tx}-1"),
        1 => format!("{tx}-2"),
        2 => "unrelated-1".into(),
        3 => "unrelated-2".into(),
        _ => tx.to_owned(),
    }
}

fn proof(random: &mut Random) -> Option<CallerProof> {
    let (proven, unproven) = (Some(CallerProof::CosignerSignature), Some(CallerProof::Unproven));
    random.one(&[proven, proven, proven, unproven, unproven, None])
}

fn operation(random: &mut Random) -> Text {
    if random.percent(72) {
        return "TRANSFER";
    }
    random.one(&["CONTRACT_CALL", "CONTRACT_CALL", "RAW", "TYPED_MESSAGE", "MINT", "APPROVE", "UNHEARD_OF"])
}

fn extra(random: &mut Random, operation: &str) -> Option<String> {
    match operation {
        "TRANSFER" | "MINT" => None,
        _ if random.percent(90) => text(random.one(&EXTRAS).0),
        _ => None,
    }
}

/// Who is paid how much, so that the sums agree.
fn pay(random: &mut Random, request: &mut Request, operation: &str, asset: &str) {
    let moves = operation == "TRANSFER" || operation == "MINT";
    let payees = match operation {
        "RAW" | "TYPED_MESSAGE" => usize::from(random.percent(15)),
        "MINT" => usize::from(random.percent(70)),
        _ => 1 + usize::from(random.percent(20)),
    };
    // What is minted for nobody is minted all the same.
    let mut sum = if moves && payees == 0 { 100 } else { 0 };
    for _ in 0..payees {
        let units = if moves { random.one(&[50, 100, 100, 150, 300]) } else { 0 };
        sum += units;
        let amount = (moves || random.percent(80)).then(|| shown(asset, units));
        request.destinations.push(DestinationText { amount, ..payee(random, request, asset) });
    }
    if !moves && random.percent(40) {
        return;
    }
    let more = if random.percent(10) { 50 } else { 0 };
    let (small, large) = (Some(shown(asset, sum)), Some(shown(asset, sum + more)));
    (request.amount, request.requested_amount) =
        if random.percent(70) { (small, large) } else { (large, small) };
}

fn shown(asset: &str, units: u128) -> String {
    if asset == "XRP" { units.to_string() } else { format!("{}.{:02}", units / 100, units % 100) }
}

fn payee(random: &mut Random, request: &Request, asset: &str) -> DestinationText {
    let (kind, id) = random.one(&[
        ("VAULT", "1"),
        ("VAULT", "1"),
        ("VAULT", "2"),
        ("UNMANAGED", "w-1"),
        ("UNMANAGED", "w-1"),
        ("EXCHANGE", "e-1"),
        ("ONE_TIME_ADDRESS", ""),
        ("OF_TOMORROW", "t-1"),
    ]);
    let subtype = match kind {
        "UNMANAGED" => word(random, &["EXTERNAL", "EXTERNAL", "INTERNAL", "external"], 90),
        "EXCHANGE" => word(random, &["BINANCE"], 90),
        _ => word(random, &["", "EXTERNAL"], 20),
    };
    let addresses: &[Text] = if asset == "XRP" { &XRP_ADDRESSES } else { &EVM_ADDRESSES };
    let by_address = kind == "UNMANAGED" || kind == "ONE_TIME_ADDRESS";
    let address = word(random, addresses, if by_address { 92 } else { 20 });
    let signing = request.stage == Stage::Signing;
    let shown = if signing { address.clone().or_else(|| word(random, addresses, 85)) } else { None };
    DestinationText {
        account: AccountText { subtype, ..account(kind, id) },
        amount: None,
        amount_usd: word(random, &["1", "4", "4", "10.5", "0"], 94),
        address,
        display_address: shown,
        tag: word(random, &["", "7", "7", "8"], if asset == "XRP" { 85 } else { 45 }),
        address_type: word(random, &["WHITELISTED", "WHITELISTED", "WHITELISTED", "ONE_TIME", "OTHER"], 85),
    }
}

fn word(random: &mut Random, of: &[Text], percent: usize) -> Option<String> {
    random.percent(percent).then(|| random.one(of).to_owned())
}

/// One field missing, unusable, or another.
fn spoil(random: &mut Random, request: &mut Request) {
    let with = random.one(&[None, None, Some(""), Some("1e5"), Some("0.5"), Some("1")]).map(str::to_owned);
    let what = random.below(25);
    let alone = request.destinations.len() == 1;
    let destination = request.destinations.first_mut();
    match (what, destination) {
        (0, _) => request.tx_id = None,
        (1, _) => request.operation = None,
        (2, _) => request.asset = random.one(&[None, text("DOGE"), text("ETH")]),
        (3, _) => request.amount = with,
        (4, _) => request.requested_amount = with,
        (5, _) => request.fee = with,
        (6, _) => request.signer = None,
        (7, _) => request.source.kind = None,
        (8, _) => request.source.id = None,
        (9, _) => request.destinations.clear(),
        (10, _) => request.note = None,
        (11, _) => request.external_tx_id = None,
        (12, _) => request.extra_parameters = random.one(&[None, text("{}"), text("[")]),
        (13, Some(_)) if alone => {
            request.declared.address =
                random.one(&[text(EVM_ADDRESSES[0]), text("rAlice"), text("no address")]);
        }
        (14, Some(to)) => to.account.kind = None,
        (15, Some(to)) => to.account.id = None,
        (16, Some(to)) => to.account.subtype = None,
        (17, Some(to)) => to.amount = with,
        (18, Some(to)) => to.amount_usd = with,
        (19, Some(to)) => to.address = None,
        (20, Some(to)) => to.display_address = None,
        (21, Some(to)) => (to.address, to.display_address) = (None, None),
        (22, Some(to)) => to.address_type = None,
        (23, Some(to)) => to.tag = None,
        (24, _) => request.caller_proof = None,
        _ => {}
    }
}
