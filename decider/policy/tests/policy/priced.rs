//! Values by a price table: the larger value counts, what is not believed makes the whole unpriced, and a record
//! reproduces it (decision model, section 5).

use crate::support::*;
use policy::condition::{Conditions, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::limit::Cap;
use policy::prices::{Price, PriceTerms, Prices, UnitPrice};
use policy::request::Request;
use policy::settle::{Settlement, settle};
use policy::time::{Length, Time};
use policy::usd::Usd;
use policy::verdict::{ReasonCode, Verdict};

/// ETH at so many dollars, so many seconds before [`START`].
fn table(usd: &str, seconds: i64) -> Prices {
    let at = Time::from_micros(START.as_micros() - seconds * SECOND);
    let price = Price { usd: UnitPrice::parse(usd).unwrap(), at };
    Prices { hash: format!("table of {usd}"), by_asset: [("ETH".to_owned(), price)].into() }
}

/// Everything is allowed, and ETH priced by the table, beside the request or alone.
fn priced(alone: bool) -> Policy {
    let (eth, none) = (["ETH".to_owned()].into(), [].into());
    let (beside, alone) = if alone { (none, eth) } else { (eth, none) };
    Policy {
        prices: Some(PriceTerms { max_age: Length::from_seconds(600).unwrap(), beside, alone }),
        ..open()
    }
}

/// Of 1 ETH.
fn worth(usd: Option<&str>) -> Request {
    let mut request = transfer("tx", "1");
    request.destinations[0].amount_usd = usd.map(str::to_owned);
    request
}

fn dollars(text: &str) -> Usd {
    Usd::parse_exact(text).unwrap()
}

fn at_most(usd: &str) -> Policy {
    let limits = vec![limit("usd", Conditions::default(), &[], Cap::Usd(dollars(usd)), 3600)];
    Policy { limits, ..priced(false) }
}

fn decide(policy: &Policy, prices: Prices, request: &Request) -> Settlement {
    NaiveLedger::priced(policy, prices).decide(request, START)
}

#[test]
fn the_larger_value_is_charged_and_pinned() {
    for (stated, table_usd, charged) in [("10", "2000.5", "2000.5"), ("3000", "2000.5", "3000")] {
        let mut ledger = NaiveLedger::priced(&priced(false), table(table_usd, 0));
        let request = worth(Some(stated));
        assert_eq!(ledger.decide(&request, START).verdict, Verdict::Allow);
        assert_eq!(ledger.charges[0].intent.usd(), Some(dollars(charged)), "{stated} {table_usd}");
        ledger.prices = table("9999", 0);
        let again = Request { callback_request_id: "tx-again".into(), signer: text("another"), ..request };
        assert_eq!(ledger.decide(&again, START).verdict, Verdict::Allow);
        assert_eq!(ledger.charges[0].intent.usd(), Some(dollars(charged)), "the first ALLOW pins it");
    }
}

#[test]
fn without_a_table_or_for_other_assets_the_request_alone_says_what_it_is_worth() {
    let value = |policy: &Policy, prices: &Prices| {
        evaluate(policy, &worth(Some("10")), prices, START).intent.unwrap().usd()
    };
    assert_eq!(value(&open(), &table("2000", 0)), Some(dollars("10")));
    let only_bitcoin = |mut policy: Policy| {
        policy.prices.as_mut().unwrap().beside = ["BTC".to_owned()].into();
        policy
    };
    assert_eq!(value(&only_bitcoin(priced(false)), &table("2000", 0)), Some(dollars("10")));
    assert_eq!(value(&priced(false), &table("2000", 0)), Some(dollars("2000")));
}

#[test]
fn what_is_missing_on_either_side_makes_the_whole_unpriced() {
    for (stated, age, said) in [
        (None, 0, "limit usd: the USD value is missing"),
        (Some("0"), 0, "limit usd: the USD value is missing"),
        (Some("1e5"), 0, "limit usd: the USD value is not plain decimal text"),
        (Some("1e5"), 720, "limit usd: the price of ETH is 12m old, and at most 10m are believed"),
        (Some(""), 0, "limit usd: the USD value is missing"),
        (None, 720, "limit usd: the price of ETH is 12m old, and at most 10m are believed"),
        (Some("10"), 720, "limit usd: the price of ETH is 12m old, and at most 10m are believed"),
        (Some("10"), -61, "limit usd: the price of ETH is from the future"),
    ] {
        let settled = decide(&at_most("100000"), table("2000", age), &worth(stated));
        assert_eq!(settled.reason.code, ReasonCode::LimitIndeterminate, "{stated:?} {age}");
        assert_eq!(settled.reason.text, said);
    }
    let without_row = decide(&at_most("100000"), Prices::NONE, &worth(Some("10")));
    assert_eq!(without_row.reason.text, "limit usd: the price of ETH is missing");
    assert_eq!(decide(&at_most("2000"), table("2000", 600), &worth(Some("10"))).verdict, Verdict::Allow);
    assert_eq!(decide(&at_most("1999"), table("2000", 600), &worth(Some("10"))).verdict, Verdict::Deny);
}

#[test]
fn rules_over_the_value_say_what_the_price_lacks() {
    let mut policy = priced(false);
    policy.allow[0].when =
        Conditions { usd: Range { max: Some(dollars("5000")), over: None }, ..Conditions::default() };
    policy.allow.truncate(1);
    let standing = |age, stated| evaluate(&policy, &worth(stated), &table("2000", age), START).before_limits;
    assert_eq!(standing(0, Some("10")), BeforeLimits::Covered("sweep".into()));
    let BeforeLimits::Denied(reason) = standing(720, Some("10")) else { panic!("a stale price is believed") };
    assert_eq!(
        reason.text,
        "no allow rule covers it; sweep cannot tell: the price of ETH is 12m old, and at most 10m are believed"
    );
}

#[test]
fn an_asset_that_the_table_prices_alone_needs_no_value_of_the_request() {
    let value = |stated, age| {
        evaluate(&priced(true), &worth(stated), &table("2000", age), START).intent.unwrap().usd()
    };
    for stated in [None, Some("0"), Some("1e5"), Some("10"), Some("9000")] {
        assert_eq!(value(stated, 0), Some(dollars("2000")), "{stated:?}");
        assert_eq!(value(stated, 601), None, "{stated:?}");
    }
}

#[test]
fn the_excess_over_the_destinations_is_priced_too() {
    let mut request = worth(Some("10"));
    request.requested_amount = text("1.5");
    let value = |policy: &Policy| evaluate(policy, &request, &table("2000", 0), START).intent.unwrap().usd();
    assert_eq!(value(&priced(false)), Some(dollars("3000")));
    assert_eq!(value(&priced(true)), Some(dollars("3000")));
}

#[test]
fn a_record_holds_the_price_and_settles_the_same_without_the_table() {
    for (prices, stated) in
        [(table("2000", 0), Some("10")), (table("2000", 720), Some("10")), (Prices::NONE, Some("10"))]
    {
        let policy = at_most("1999");
        let settled = decide(&policy, prices.clone(), &worth(stated));
        let kept = serde_json::to_string(&settled.evidence).unwrap();
        let evidence: policy::evidence::Evidence = serde_json::from_str(&kept).unwrap();
        assert_eq!(evidence.price, prices.used("ETH"));
        let evaluation = evaluate(&policy, &worth(stated), &evidence.prices(), evidence.asked_at.unwrap());
        let again =
            settle(&policy, &worth(stated), &evaluation, &mut evidence.answers(), settled.at).unwrap();
        assert_eq!(again, settled);
    }
    assert_eq!(
        decide(&open(), table("2000", 0), &worth(Some("10"))).evidence.price,
        None,
        "nothing was used"
    );
}
