use proptest::prelude::*;

use super::*;

const NOW: Time = Time::from_micros(1_790_000_000_000_000);

fn ago(micros: i64) -> Time {
    Time::from_micros(NOW.as_micros() - micros)
}

fn seconds_ago(seconds: i64) -> Time {
    ago(seconds * MICROS_PER_SECOND)
}

fn price(text: &str) -> UnitPrice {
    UnitPrice::parse(text).unwrap()
}

fn table(usd: &str, at: Time) -> Prices {
    Prices::of(UsedPrice { asset: "ETH".into(), price: Price { usd: price(usd), at }, table: "hash".into() })
}

/// Believed for ten minutes.
fn terms(beside: &[&str], alone: &[&str]) -> PriceTerms {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    PriceTerms { max_age: Length::from_seconds(600).unwrap(), beside: ids(beside), alone: ids(alone) }
}

fn decimals(decimals: u8) -> Decimals {
    Decimals::new(decimals).unwrap()
}

fn micros(value: u64) -> Usd {
    Usd::from_micros(Amount::from_u64(value))
}

#[test]
fn prices_that_are_not_believed_are_named_and_those_that_nobody_asks_for_are_not() {
    let doubted = |terms: &PriceTerms, at| {
        let prices = table("2000", at);
        terms
            .doubted(&prices, &BTreeSet::new(), NOW)
            .into_iter()
            .map(|(asset, why)| (asset.to_owned(), why))
            .collect::<Vec<_>>()
    };
    let old = [("ETH".to_owned(), "the price of ETH is 601s old, and at most 10m are believed".to_owned())];
    for asking in [terms(&["ETH", "BTC"], &[]), terms(&["BTC"], &["ETH"])] {
        assert_eq!(doubted(&asking, seconds_ago(600)), []);
        assert_eq!(doubted(&asking, seconds_ago(601)), old);
    }
    assert_eq!(doubted(&terms(&["BTC"], &[]), seconds_ago(601)), []);
}

#[test]
fn the_oldest_price_is_one_that_is_asked_for() {
    let mut prices = table("2000", NOW);
    prices.by_asset.insert("DOGE".into(), Price { usd: price("1"), at: ago(1) });
    let oldest = |terms: &PriceTerms| terms.oldest(&prices);
    assert_eq!(oldest(&terms(&["ETH"], &[])), Some(NOW));
    assert_eq!(oldest(&terms(&["ETH"], &["DOGE"])), Some(ago(1)));
    assert_eq!(oldest(&terms(&["BTC"], &[])), None);
}

#[test]
fn a_price_that_is_gone_is_doubted_and_one_that_never_was_only_where_nothing_else_prices() {
    let missing = |asking: &[&str], alone: &[&str], before: &[&str]| {
        let before = before.iter().map(|&asset| asset.to_owned()).collect();
        let (terms, none) = (terms(asking, alone), Prices::NONE);
        terms.doubted(&none, &before, NOW).into_values().collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(missing(&["ETH"], &[], &[]), none);
    assert_eq!(missing(&["ETH"], &[], &["BTC"]), none, "the policy no longer asks for it");
    assert_eq!(missing(&["ETH", "BTC"], &[], &["ETH"]), ["the price of ETH is missing"]);
    assert_eq!(missing(&["BTC"], &["ETH"], &[]), ["the price of ETH is missing"]);
}

#[test]
fn a_value_is_exact_and_then_rounded_up() {
    for (usd, units, places, expected) in [
        ("2000", 1_000_000_000_000_000_000, 18, 2_000_000_000),
        ("2000.5", 500_000_000_000_000_000, 18, 1_000_250_000),
        ("1", 1, 6, 1),
        ("1", 1, 18, 1),
        ("0.000000000000000001", 1, 0, 1),
        ("0.000001", 1, 0, 1),
        ("0.0000010000000001", 1, 0, 2),
        ("3", 333_333, 6, 999_999),
        ("65000.12", 87_600, 8, 56_940_106),
        ("1", 0, 18, 0),
    ] {
        let value = price(usd).value_of(Amount::from_u64(units), decimals(places));
        assert_eq!(value, Some(micros(expected)), "{units} of {places} decimals at {usd}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_none_and_no_wrapped_one() {
    assert_eq!(price("1").value_of(Amount::MAX, Decimals::ZERO), None);
    assert_eq!(price("0.000001").value_of(Amount::MAX, Decimals::ZERO), Some(Usd::from_micros(Amount::MAX)));
    assert_eq!(price("0.000001000000000001").value_of(Amount::MAX, Decimals::ZERO), None);
    let finest = decimals(Decimals::MAX);
    assert_eq!(price("1").value_of(Amount::MAX, finest), Some(micros(1_157_921)));
}

#[test]
fn prices_are_strict_decimal_text() {
    insta::assert_snapshot!(UnitPrice::parse("0.00").unwrap_err(), @"a price of 0 is no price: leave the row out where nobody knows it");
    insta::assert_snapshot!(UnitPrice::parse("0.1234567890123456789").unwrap_err(), @"the price has 19 decimals: at most 18 are read, and nothing is rounded");
    insta::assert_snapshot!(UnitPrice::parse("2,000").unwrap_err(), @"the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5 (a price in US dollars)");
    for text in ["", "-1", "1e3", "$5", " 5", "5 ", "NaN", "007", "0"] {
        assert!(UnitPrice::parse(text).is_err(), "{text:?}");
    }
    let kept = serde_json::to_string(&price("1999.50")).unwrap();
    assert_eq!(kept, "\"1999.5\"");
    assert_eq!(serde_json::from_str::<UnitPrice>(&kept).unwrap(), price("1999.5"));
    assert!(serde_json::from_str::<UnitPrice>("\"0\"").is_err());
}

#[test]
fn a_price_is_believed_for_its_time() {
    let quote = |at| terms(&["ETH"], &[]).quote(&table("2000", at), "ETH", NOW);
    for believed in [NOW, seconds_ago(600), seconds_ago(-60), ago(1), ago(-1)] {
        assert_eq!(quote(believed), Quote::Beside(price("2000")), "{believed:?}");
    }
    for (at, doubt) in [
        (ago(600 * MICROS_PER_SECOND + 1), "the price of ETH is 601s old, and at most 10m are believed"),
        (seconds_ago(720), "the price of ETH is 12m old, and at most 10m are believed"),
        (ago(-60 * MICROS_PER_SECOND - 1), "the price of ETH is from the future"),
        (Time::from_micros(i64::MAX), "the price of ETH is from the future"),
        (Time::MIN, "the price of ETH is too old, and at most 10m are believed"),
    ] {
        assert_eq!(quote(at), Quote::Doubted(doubt.into()), "{at:?}");
    }
}

#[test]
fn the_policy_says_which_assets_it_prices_and_a_missing_row_is_doubted() {
    let prices = table("2000", NOW);
    let quote = |terms: &PriceTerms, asset| terms.quote(&prices, asset, NOW);
    assert_eq!(quote(&terms(&[], &[]), "ETH"), Quote::NotAsked);
    assert_eq!(quote(&terms(&["ETH"], &[]), "ETH"), Quote::Beside(price("2000")));
    assert_eq!(quote(&terms(&[], &["ETH"]), "ETH"), Quote::Alone(price("2000")));
    let missing = Quote::Doubted("the price of BTC is missing".into());
    assert_eq!(quote(&terms(&["BTC"], &[]), "BTC"), missing);
    assert_eq!(quote(&terms(&[], &["BTC"]), "BTC"), missing);
    assert_eq!(
        terms(&["ETH"], &[]).quote(&Prices::NONE, "ETH", NOW).value(
            Some(micros(1)),
            Amount::ZERO,
            Decimals::ZERO
        ),
        None
    );
}

/// Of one whole unit, at two dollars.
#[test]
fn the_larger_value_counts_and_neither_replaces_the_other() {
    let (one, places) = (Amount::from_u64(1_000_000), Decimals::SIX);
    let two = price("2");
    let dollars = |count: u64| Some(micros(count * 1_000_000));
    for (quote, stated, expected) in [
        (Quote::NotAsked, dollars(1), dollars(1)),
        (Quote::NotAsked, None, None),
        (Quote::Beside(two), dollars(1), dollars(2)),
        (Quote::Beside(two), dollars(3), dollars(3)),
        (Quote::Beside(two), None, None),
        (Quote::Alone(two), dollars(3), dollars(2)),
        (Quote::Alone(two), None, dollars(2)),
        (Quote::Doubted("old".into()), dollars(3), None),
        (Quote::Doubted("old".into()), None, None),
    ] {
        assert_eq!(quote.value(stated, one, places), expected, "{quote:?} {stated:?}");
    }
}

#[test]
fn a_record_gives_the_price_again() {
    let prices = table("2000.25", NOW);
    assert_eq!(prices.used("BTC"), None);
    let used = prices.used("ETH").unwrap();
    let kept = serde_json::to_string(&used).unwrap();
    assert_eq!(kept, r#"{"asset":"ETH","usd":"2000.25","at":1790000000000000,"table":"hash"}"#);
    assert_eq!(Prices::of(serde_json::from_str(&kept).unwrap()), prices);
}

proptest! {
    #[test]
    fn a_value_is_less_than_one_micro_above(units in any::<u32>(), cents in 1_u32.., places in 0_u8..12) {
        let usd = price(&format!("{}.{:02}", cents / 100, cents % 100));
        let value = usd.value_of(Amount::from_u64(units.into()), decimals(places)).unwrap();
        // In ten-thousandths of a micro-dollar per 10^places, by integers of the machine.
        let exact = u128::from(units) * u128::from(cents) * 10_000;
        prop_assert_eq!(value.micros().to_string(), exact.div_ceil(10_u128.pow(places.into())).to_string());
    }
}
