//! Random policies: few conditions in each rule, or they would never hold together.

use policy::request::Stage;

use crate::naive::model::*;
use crate::naive::random::Random;

const OPERATIONS: [Text; 6] = ["TRANSFER", "CONTRACT_CALL", "RAW", "TYPED_MESSAGE", "MINT", "APPROVE"];
pub const SIGNERS: [Text; 3] = ["s1", "s2", "s3"];
const TENANTS: [Text; 2] = ["default", "other"];
const PROOFS: [Text; 2] = ["COSIGNER_SIGNATURE", "UNPROVEN"];
const ACCOUNTS: [PlainAccount; 6] = [
    ("VAULT", None),
    ("VAULT", Some("0")),
    ("VAULT", Some("1")),
    ("EXCHANGE", Some("e-1")),
    ("UNMANAGED", None),
    ("ONE_TIME_ADDRESS", None),
];
const KEYS: [Text; 8] =
    ["tenant", "signer", "source", "source_group", "destination", "counterparty", "asset", "operation"];

pub fn policy(random: &mut Random) -> Plain {
    let mut plain = Plain::default();
    for number in 0..random.below(4) {
        let to_console = random.percent(50);
        plain.deny.push(PlainRule { id: id(random, "deny", number), when: rule(random), to_console });
    }
    for number in 0..1 + random.below(3) {
        let mut when = rule(random);
        if random.percent(40) {
            when.operations = Some(Pick { not: false, of: OPERATIONS.to_vec() });
        }
        plain.allow.push(PlainRule { id: id(random, "allow", number), when, to_console: false });
    }
    if random.percent(65) {
        let operations = Some(Pick { not: false, of: OPERATIONS.to_vec() });
        let when = When { operations, ..When::default() };
        plain.allow.push(PlainRule { id: "allow-rest".into(), when, to_console: false });
    }
    for number in 0..random.below(4) {
        plain.limits.push(limit(random, number));
    }
    plain
}

/// Names that are not in the order of the document.
fn id(random: &mut Random, what: &str, number: usize) -> String {
    format!("{what}-{}{number}", random.one(&["a", "b", "c"]))
}

pub fn rule(random: &mut Random) -> When {
    let mut when = When::default();
    for _ in 0..random.one(&[1, 1, 1, 2, 3]) {
        ask(random, &mut when);
    }
    when
}

fn ask(random: &mut Random, when: &mut When) {
    match random.below(19) {
        0..5 => ask_of_charge(random, when),
        5..8 => when.to = Some(pick(random, destination)),
        8 => when.stages = Some(vec![random.one(&[Stage::Approval, Stage::Signing])]),
        9 => when.contracts = Some(random.below(3)),
        10 => when.amount = bounds(random, &[50, 100, 150, 300]),
        11 => when.usd = bounds(random, &[1_000_000, 4_000_000, 8_000_000, 10_000_000]),
        12 => when.fee = Some((random.one(&["ETH", "ETH", "XRP"]), bounds(random, &[0, 1, 5, 50]))),
        13 => when.fee_share = bounds(random, &[0, 10, 20, 500]),
        14 => when.methods = Some(pick(random, |random| random.one(&["0xa9059cbb", "0x095ea7b3"]))),
        15 => when.messages = Some(pick(random, |random| random.one(&["EIP712", "EIP191", "OTHER"]))),
        16 => when.times = Some(pick(random, hours)),
        17 => when.note = Some(pick(random, |random| random.one(&["pay-.*", "pay-1", "rent", ".*"]))),
        _ => when.external = Some(pick(random, |random| random.one(&["x-.*", "x-1", "y"]))),
    }
}

fn ask_of_charge(random: &mut Random, when: &mut When) {
    match random.below(6) {
        4 => when.tenants = Some(pick(random, |random| random.one(&TENANTS))),
        5 => when.proofs = Some(random.some(&PROOFS)),
        0 => when.signers = Some(pick(random, |random| random.one(&SIGNERS))),
        1 => when.operations = Some(pick(random, |random| random.one(&OPERATIONS))),
        2 => when.sources = Some(pick(random, |random| random.one(&ACCOUNTS))),
        _ if random.percent(30) => {
            when.chains = Some(Pick { not: random.percent(35), of: vec![random.percent(60)] })
        }
        _ => {
            let not = random.percent(35);
            when.assets = Some(Pick { not, of: random.some(&["ETH", "USDC", "XRP"]) });
        }
    }
}

fn pick<T>(random: &mut Random, one: impl Fn(&mut Random) -> T) -> Pick<T> {
    let not = random.percent(35);
    let of = (0..random.one(&[1, 1, 2])).map(|_| one(random)).collect();
    Pick { not, of }
}

fn bounds(random: &mut Random, of: &[u128]) -> Bounds {
    match random.below(3) {
        0 => (Some(random.one(of)), None),
        1 => (None, Some(random.one(of))),
        _ => (Some(of[of.len() - 1 - random.below(2)]), Some(of[random.below(2)])),
    }
}

fn destination(random: &mut Random) -> To {
    let mut to = To::default();
    for _ in 0..random.one(&[1, 1, 2]) {
        match random.below(7) {
            0 | 1 => to.account = Some(random.one(&ACCOUNTS)),
            2 => to.subtype = Some(random.one(&["EXTERNAL", "BINANCE"])),
            3 => to.list = Some(random.below(LISTS.len())),
            4 => to = aged(random, to),
            5 => to.receiver = Some(random.below(RECEIVERS.len())),
            _ if random.percent(50) => to.tag = Some(random.one(&["7", "8", ""])),
            _ => to.address_type = Some(random.one(&["WHITELISTED", "ONE_TIME"])),
        }
    }
    to
}

fn aged(random: &mut Random, to: To) -> To {
    let list = Some(random.below(LISTS.len()));
    let seconds = Some(random.one(&[600, 3600, 7200, 86_400]));
    match random.below(3) {
        0 => To { list, listed_for: seconds, ..to },
        1 => To { list, listed_within: seconds, ..to },
        _ => To { list, listed_for: Some(600), listed_within: Some(90_000), ..to },
    }
}

fn hours(random: &mut Random) -> PlainHours {
    let days = random.one(&[vec![0, 1, 2, 3, 4], vec![0], vec![5, 6], vec![0, 1, 2, 3, 4, 5, 6], vec![6]]);
    let (from, to) =
        random.one(&[("00:00", "24:00"), ("09:00", "17:30"), ("22:00", "06:00"), ("17:00", "12:00")]);
    PlainHours { zone: random.one(&ZONES), days, from, to }
}

pub fn limit(random: &mut Random, number: usize) -> PlainLimit {
    let mut when = When::default();
    if random.percent(40) {
        ask_of_charge(random, &mut when);
    }
    if random.percent(20) {
        let no_age =
            |random: &mut Random| To { listed_for: None, listed_within: None, ..destination(random) };
        when.to = Some(pick(random, no_age));
    }
    let mut key: Vec<Text> = (0..random.below(3)).map(|_| random.one(&KEYS)).collect();
    key.dedup();
    PlainLimit {
        id: id(random, "limit", number),
        when,
        cap: cap(random),
        key,
        window: window(random),
        holds: random.percent(30),
        to_console: random.percent(50),
    }
}

fn cap(random: &mut Random) -> PlainCap {
    match random.below(4) {
        0 => {
            let max = random.one(&[100, 250, 400, 1000]);
            let mut each = vec![("ETH", max), ("USDC", max), ("XRP", max)];
            each.truncate(if random.percent(90) { 3 } else { 1 });
            PlainCap::Amount(each)
        }
        1 => PlainCap::Usd(random.one(&[4_000_000, 8_000_000, 20_000_000, 50_000_000])),
        2 => PlainCap::Count(random.one(&[0, 1, 2, 3, 5])),
        _ => PlainCap::Destinations(random.one(&[0, 1, 2, 3])),
    }
}

fn window(random: &mut Random) -> PlainWindow {
    match random.below(6) {
        0..2 => PlainWindow::Seconds(random.one(&[1, 600, 3600, 86_400])),
        2..4 => PlainWindow::Calendar(random.one(&["hour", "day", "iso_week", "month"]), random.one(&ZONES)),
        4 => PlainWindow::Lifetime,
        _ => PlainWindow::InFlight,
    }
}
