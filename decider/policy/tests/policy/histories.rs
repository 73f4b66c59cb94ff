//! Random histories against a plain recount: every kind of window, cap and key, over clocks that step, and days on
//! which clocks are set. The decision model, section 4 and its headline promise.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::desk::Desk;
use crate::support::recount::{Key, Recount, recount};
use crate::support::*;
use policy::amount::Amount;
use policy::charge::Charge;
use policy::condition::Conditions;
use policy::document::Policy;
use policy::ledger::Used;
use policy::limit::{Bucket, Cap, KeyPart, Limit, Limits, OnExceed};
use policy::request::{DestinationText, Request, Stage};
use policy::settle::Settlement;
use policy::time::{Calendar, CalendarUnit, Time, Window, Zone};
use policy::usage::UsageIndex;
use policy::usd::Usd;
use policy::verdict::Verdict;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
const VAULTS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// An hour or two before clocks are set in one of the zones, or a month, a year or a leap day begins in another.
const STARTS: [&str; 12] = [
    "2026-03-28T22:30:00Z",
    "2026-10-24T23:30:00Z",
    "2026-03-08T05:30:00Z",
    "2026-11-01T04:30:00Z",
    "2026-10-03T14:30:00Z",
    "2026-04-04T14:00:00Z",
    "2018-11-04T02:30:00Z",
    "2024-04-25T21:00:00Z",
    "2024-10-31T20:30:00Z",
    "2026-12-31T22:30:00Z",
    "2024-02-28T23:30:00Z",
    "2026-01-29T12:00:00Z",
];

const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo"];

fn starts() -> impl Strategy<Value = Time> {
    select(STARTS.to_vec()).prop_map(|text| {
        let start: jiff::Timestamp = text.parse().unwrap();
        Time::from_micros(start.as_microsecond())
    })
}

fn windows() -> impl Strategy<Value = Window> {
    let units = select(CalendarUnit::ALL.map(|(_, unit)| unit).to_vec());
    let zones = select(ZONES.to_vec()).prop_map(|name| Zone::named(name).unwrap());
    prop_oneof![
        2 => select(vec![1, 3600, 86_400, 604_800]).prop_map(|seconds| Window::from_seconds(seconds).unwrap()),
        4 => (units, zones).prop_map(|(unit, zone)| Window::Calendar(Calendar { unit, zone })),
        1 => Just(Window::Lifetime),
        1 => Just(Window::InFlight),
    ]
}

fn caps() -> impl Strategy<Value = Cap> {
    prop_oneof![
        Just(Cap::Amount([("ETH".to_owned(), eth("3"))].into())),
        Just(Cap::Usd(Usd::parse_exact("25").unwrap())),
        (0..4_u64).prop_map(Cap::Count),
        (0..4_u64).prop_map(Cap::Destinations),
    ]
}

fn keys() -> impl Strategy<Value = Vec<KeyPart>> {
    subsequence(KeyPart::ALL.map(|(_, part)| part).to_vec(), 0..4)
}

fn limits(most: usize) -> impl Strategy<Value = Vec<Limit>> {
    let one = (windows(), caps(), keys(), any::<bool>()).prop_map(|(window, cap, mut key, holds)| {
        if let Cap::Destinations(_) = cap {
            key.retain(|part| *part != KeyPart::Destination);
        }
        let on_exceed = if holds { OnExceed::Hold } else { OnExceed::Deny };
        Limit { window, on_exceed, ..limit("", Conditions::default(), &key, cap, 1) }
    });
    prop::collection::vec(one, 1..=most).prop_map(|limits| {
        let named = limits.into_iter().enumerate();
        named.map(|(number, limit)| Limit { id: format!("limit-{number}"), ..limit }).collect()
    })
}

/// What the wall clock does, and what is asked then.
#[derive(Debug, Clone)]
struct Step {
    clock: Move,
    request: Request,
}

#[derive(Debug, Clone)]
enum Move {
    By(i64),
    /// To the moment at which something leaves, or a microsecond beside it.
    ToEdge(i64),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        2 => Just(Move::By(0)),
        4 => (0..90 * MINUTE).prop_map(Move::By),
        2 => select(vec![-DAY, -5 * MINUTE, 5 * MINUTE, DAY, 30 * MINUTE, 60 * MINUTE]).prop_map(Move::By),
        1 => (0..40 * DAY).prop_map(Move::By),
        4 => (-1..=1_i64).prop_map(Move::ToEdge),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    let amount = select(vec!["0.3", "1", "0.000000000000000001"]);
    let vaults = subsequence(VAULTS.to_vec(), 1..3);
    (0..12_u8, amount, 0..2_u8, vaults, 0..3_u8, any::<bool>(), 0..8_u8).prop_map(
        |(tx, amount, source, vaults, signer, signing, price)| {
            let one = transfer(&format!("tx-{tx}"), amount).destinations.remove(0);
            let price = text(if price == 0 { "0" } else { "4" });
            let to = |vault: &&str| DestinationText {
                account: account("VAULT", vault),
                amount_usd: price.clone(),
                display_address: signing.then(|| ETH_ADDRESS.to_owned()),
                ..one.clone()
            };
            let total =
                eth(amount).checked_add(if vaults.len() == 2 { eth(amount) } else { Amount::ZERO }).unwrap();
            let total = total.to_decimal(policy::amount::Decimals::new(18).unwrap());
            Request {
                source: account("VAULT", &source.to_string()),
                signer: (signer > 0).then(|| format!("s{signer}")),
                stage: if signing { Stage::Signing } else { Stage::Approval },
                destinations: vaults.iter().map(to).collect(),
                ..transfer(&format!("tx-{tx}"), &total)
            }
        },
    )
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((moves(), requests()).prop_map(|(clock, request)| Step { clock, request }), 1..40)
}

fn take(desk: &mut Desk, step: &Step) -> Settlement {
    match step.clock {
        Move::By(micros) => desk.step(micros),
        Move::ToEdge(beside) => {
            let leaving =
                |limit: &Limit| desk.charges.values().filter_map(|each| limit.window.leaving(each.at)).min();
            let next = desk.policy.limits.iter().filter_map(leaving).filter(|edge| *edge > desk.now()).min();
            desk.set(Time::from_micros(next.unwrap_or(desk.now()).as_micros() + beside));
        }
    }
    desk.decide(&step.request)
}

fn max(limit: &Limit) -> u128 {
    let amount = |amount: &Amount| amount.to_string().parse().unwrap();
    match &limit.cap {
        Cap::Amount(by_asset) => amount(&by_asset["ETH"]),
        Cap::Usd(max) => amount(&max.micros()),
        Cap::Count(max) | Cap::Destinations(max) => u128::from(*max),
    }
}

/// The sum in the index is the one that was recounted.
fn agrees(used: &Used, expected: &Recount, unplaced: usize) -> bool {
    let total = used.total.map(|total| total.to_string());
    total == Some(expected.total().to_string())
        && (used.oldest, used.second) == (expected.times.first().copied(), expected.times.get(1).copied())
        && used.destinations == expected.destinations
        && used.doubtful == unplaced + expected.unpriced
        && used.indeterminate.is_some() == (unplaced + expected.unpriced > 0)
}

/// Every sum of a limit, and one that nothing is in, against a recount.
fn check(index: &mut UsageIndex, limit: &Limit, charges: &[&Charge], now: Time) -> Result<(), TestCaseError> {
    let (mut sums, unplaced) = recount(limit, charges.iter().copied(), now);
    let nobody: Key = limit.key.iter().map(|part| (*part, "nobody".to_owned())).collect();
    sums.entry(nobody).or_default();
    let every: BTreeSet<String> = VAULTS.iter().map(|vault| format!("VAULT:{vault}")).collect();
    for (key, expected) in sums {
        let may_be_here = |known: &&Key| known.iter().all(|(part, value)| key.get(part) == Some(value));
        let unplaced = unplaced.iter().filter(may_be_here).count();
        let used = index.used(limit, &Bucket { limit_id: limit.id.clone(), key }, &every, now);
        prop_assert!(
            agrees(&used, &expected, unplaced),
            "{limit:?}: {used:?} is not {expected:?}, {unplaced} unplaced"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was forgotten on the way: what is used is what a recount of every charge finds.
    #[test]
    fn sums_are_those_of_a_recount(limits in limits(4), start in starts(), steps in histories()) {
        let mut desk = Desk::new(Policy { limits: limits.clone(), ..open() }, start);
        for step in &steps {
            take(&mut desk, step);
            let (charges, now) = (desk.charges.clone(), desk.now());
            let charges: Vec<&Charge> = charges.values().collect();
            for limit in &limits {
                check(&mut desk.index, limit, &charges, now)?;
            }
        }
    }

    /// No sum of any window is over its max, now or at any moment of the past; what is refused consumes nothing.
    #[test]
    fn no_window_is_ever_over_its_max(limits in limits(4), start in starts(), steps in histories()) {
        let mut desk = Desk::new(Policy { limits: limits.clone(), ..open() }, start);
        let mut moments = BTreeSet::new();
        for step in &steps {
            let before = desk.charges.clone();
            let settlement = take(&mut desk, step);
            moments.insert(desk.now());
            if settlement.verdict != Verdict::Allow {
                prop_assert_eq!(&before, &desk.charges);
            }
        }
        for limit in &limits {
            for now in &moments {
                let until: Vec<Charge> = desk.charges.values().filter_map(|charge| until(charge, *now)).collect();
                for (key, sum) in recount(limit, &until, *now).0 {
                    prop_assert!(sum.total() <= max(limit), "{limit:?} {key:?}: {sum:?} at {now:?}");
                }
            }
        }
    }

    /// A limit is a view: made today over the ledger of the past, in whatever order that is read, it is the one that
    /// was there all the time; and another max, name or consequence changes nothing of what is used.
    #[test]
    fn a_limit_is_a_view(
        (limit, edited) in (limits(1), windows(), caps(), keys()).prop_map(|(mut limits, window, cap, key)| {
            let limit = limits.remove(0);
            let mut key: BTreeSet<KeyPart> = key.into_iter().collect();
            key.retain(|part| *part != KeyPart::Destination);
            (limit.clone(), Limit { id: "edited".into(), window, cap, key, ..limit })
        }),
        start in starts(), steps in histories(), turn in any::<bool>(),
    ) {
        let mut desk = Desk::new(open(), start);
        let mut incremental = UsageIndex::default();
        let watching = std::slice::from_ref(&limit);
        for step in &steps {
            let settlement = take(&mut desk, step);
            if let Some(change) = &settlement.charge {
                incremental.record(Limits { all: watching, index: None, ..desk.policy.limits() }, change.before.as_ref(), &change.after);
            }
            incremental.used(&limit, &Bucket { limit_id: limit.id.clone(), key: Key::new() }, &BTreeSet::new(), desk.now());
        }
        let mut charges: Vec<&Charge> = desk.charges.values().collect();
        if turn {
            charges.reverse();
        }
        let now = desk.now();
        if !charges.is_empty() {
            check(&mut incremental, &limit, &charges, now)?;
        }
        let loosened = Limit { cap: other_max(&limit.cap), on_exceed: OnExceed::Hold, leave_to_console: true, ..limit.clone() };
        let renamed = Limit { id: "renamed".into(), ..limit.clone() };
        for limit in [limit, loosened, renamed, edited] {
            let mut built = UsageIndex::build(Limits { all: std::slice::from_ref(&limit), index: None, ..desk.policy.limits() }, charges.iter().copied());
            check(&mut built, &limit, &charges, now)?;
        }
    }
}

fn other_max(cap: &Cap) -> Cap {
    match cap {
        Cap::Amount(_) => Cap::Amount(BTreeMap::from([("ETH".to_owned(), eth("0.1"))])),
        Cap::Usd(_) => Cap::Usd(Usd::ZERO),
        Cap::Count(max) => Cap::Count(max + 1),
        Cap::Destinations(max) => Cap::Destinations(max + 1),
    }
}

/// The charge as far as it was there at a moment: without what is dated later.
fn until(charge: &Charge, now: Time) -> Option<Charge> {
    let parts = charge.parts.iter().filter(|part| part.at <= now).cloned().collect();
    (charge.at <= now).then(|| Charge { parts, ..charge.clone() })
}
