//! Amounts, addresses and destinations as a table: what is sent, and what must come of it, through edge and decider
//! (decision model, section 5).

use proto::decider::v1::ReasonCode::{
    self, FieldInvalid, FieldMissing, FieldsDisagree, LimitExceeded, LimitIndeterminate, NoAllowRule,
    NoDestination,
};
use serde_json::{Value, json};
use system_tests::harness::{Options, System};
use system_tests::requests::{Destination, Transfer};

use crate::on_record::{Outcome, outcome};

const POLICY: &str = r#"
version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
  PRICED: {chain: evm, decimals: 18}
lists:
  evm-payees:
    chain: evm
    addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]
  bitcoin-payees:
    chain: bitcoin
    addresses: ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"]
allow:
  - id: evm
    when: {assets: [ETH, PRICED], destination: [{list: evm-payees}]}
  - id: bitcoin
    when: {assets: [BTC], destination: [{list: bitcoin-payees}]}
limits:
  - id: dollars
    when: {assets: [PRICED]}
    key: [asset]
    max: {usd: "1000"}
    window: 1h
"#;

const PAYEE: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

/// What must come of a row.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// Approved, and charged so many base units in all.
    Charged(&'static str),
    /// Approved.
    Approved,
    /// Rejected by the decider, for this reason.
    Rejected(ReasonCode),
    /// Rejected by the edge: no decider is asked.
    AtTheEdge,
}
use Expected::{Approved, AtTheEdge, Charged, Rejected};

/// A row: its name, the request, and what must come of it.
type Row = (String, String, Expected);

/// Sends every row and reports all that came out otherwise.
async fn check(rows: Vec<Row>) {
    let system = System::with(Options::policy(POLICY)).await;
    let cosigner = system.cosigner();
    let mut wrong = Vec::new();
    for (name, payload, expected) in &rows {
        let found = outcome(&system, &cosigner, payload.as_bytes()).await;
        let sum = charged(&system, payload).await;
        if !fits(*expected, found, sum.as_deref()) {
            wrong.push(format!("{name}: {found:?}, charged {sum:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn fits(expected: Expected, found: Outcome, sum: Option<&str>) -> bool {
    match expected {
        Charged(amount) => found == Outcome::APPROVED && sum == Some(amount),
        Approved => found == Outcome::APPROVED && sum.is_some(),
        Rejected(reason) => found == Outcome::rejected(reason) && sum.is_none(),
        AtTheEdge => found == Outcome::MALFORMED && sum.is_none(),
    }
}

/// The amount of the only charge, or how many there are.
async fn charged(system: &System, payload: &str) -> Option<String> {
    let fields: Value = serde_json::from_str(payload).unwrap();
    let charges = system.record(fields["requestId"].as_str().unwrap()).await?.charges;
    match charges.as_slice() {
        [] => None,
        [only] => Some(only.amount.clone()),
        several => Some(format!("{} charges", several.len())),
    }
}

fn transfer(asset: &str, address: &str, amount: &str) -> Transfer {
    Transfer::new(asset, Destination::one_time(address, amount))
}

/// The same text wherever a request has an amount, and what must come of it for an asset of 18 decimals.
const AMOUNTS: &[(&str, Expected)] = &[
    ("1", Charged("1000000000000000000")),
    ("0.5", Charged("500000000000000000")),
    ("0.000000000000000001", Charged("1")),
    ("0", Charged("0")),
    // Signs.
    ("-1", Rejected(FieldInvalid)),
    ("+1", Rejected(FieldInvalid)),
    ("-0", Rejected(FieldInvalid)),
    ("−1", Rejected(FieldInvalid)),
    // Exponents and other notations.
    ("1e5", Rejected(FieldInvalid)),
    ("1E5", Rejected(FieldInvalid)),
    ("1e-5", Rejected(FieldInvalid)),
    ("1e0", Rejected(FieldInvalid)),
    ("0x10", Rejected(FieldInvalid)),
    ("0b1", Rejected(FieldInvalid)),
    ("1f", Rejected(FieldInvalid)),
    ("NaN", Rejected(FieldInvalid)),
    ("Infinity", Rejected(FieldInvalid)),
    ("null", Rejected(FieldInvalid)),
    // Blanks.
    ("", Rejected(FieldInvalid)),
    (" ", Rejected(FieldInvalid)),
    (" 1", Rejected(FieldInvalid)),
    ("1 ", Rejected(FieldInvalid)),
    ("1 000", Rejected(FieldInvalid)),
    ("1\n", Rejected(FieldInvalid)),
    ("1\t", Rejected(FieldInvalid)),
    ("\u{a0}1", Rejected(FieldInvalid)),
    ("1\u{200b}", Rejected(FieldInvalid)),
    ("1\0", Rejected(FieldInvalid)),
    // Separators and points.
    ("1,5", Rejected(FieldInvalid)),
    ("1,000", Rejected(FieldInvalid)),
    ("1_000", Rejected(FieldInvalid)),
    ("1'000", Rejected(FieldInvalid)),
    ("1.0.0", Rejected(FieldInvalid)),
    (".5", Rejected(FieldInvalid)),
    ("5.", Rejected(FieldInvalid)),
    (".", Rejected(FieldInvalid)),
    ("01", Rejected(FieldInvalid)),
    ("00.5", Rejected(FieldInvalid)),
    // Digits of other scripts.
    ("１", Rejected(FieldInvalid)),
    ("١", Rejected(FieldInvalid)),
    ("१.५", Rejected(FieldInvalid)),
    ("1²", Rejected(FieldInvalid)),
    ("𝟏", Rejected(FieldInvalid)),
    // The 19th decimal.
    ("1.0000000000000000000", Charged("1000000000000000000")),
    ("1.0000000000000000001", Rejected(FieldInvalid)),
    ("0.0000000000000000009", Rejected(FieldInvalid)),
    (
        "1.50000000000000000000000000000000000000000000000000000000000000000000000000000000",
        Charged("1500000000000000000"),
    ),
    // 80 digits.
    (
        "11111111111111111111111111111111111111111111111111111111111111111111111111111111",
        Rejected(FieldInvalid),
    ),
    (
        "00000000000000000000000000000000000000000000000000000000000000000000000000000001",
        Rejected(FieldInvalid),
    ),
    // 2^64 base units, and 2^64 whole ones.
    ("18.446744073709551615", Charged("18446744073709551615")),
    ("18.446744073709551616", Charged("18446744073709551616")),
    ("18446744073709551616", Charged("18446744073709551616000000000000000000")),
    // 2^255, 2^256 - 1 and 2^256 base units.
    (
        "57896044618658097711785492504343953926634992332820282019728.792003956564819968",
        Charged("57896044618658097711785492504343953926634992332820282019728792003956564819968"),
    ),
    (
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
        Charged("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
    ),
    (
        "115792089237316195423570985008687907853269984665640564039457.584007913129639936",
        Rejected(FieldInvalid),
    ),
];

#[tokio::test]
async fn amounts() {
    let row = |(text, expected): &(&str, Expected)| {
        (format!("{text:?}"), transfer("ETH", PAYEE, text).fields().to_string(), *expected)
    };
    check(AMOUNTS.iter().map(row).collect()).await;
}

type Change = fn(&mut Value);

/// Amounts that are wrong in one place only, or are no text.
const AMOUNT_FIELDS: &[(&str, Change, Expected)] = &[
    ("amountStr", |fields| fields["amountStr"] = json!("1e0"), Rejected(FieldInvalid)),
    ("requestedAmountStr", |fields| fields["requestedAmountStr"] = json!("+1"), Rejected(FieldInvalid)),
    (
        "amountNativeStr",
        |fields| fields["destinations"][0]["amountNativeStr"] = json!("1 "),
        Rejected(FieldInvalid),
    ),
    ("amountStr is null", |fields| fields["amountStr"] = Value::Null, Rejected(FieldMissing)),
    (
        "requestedAmountStr is null",
        |fields| fields["requestedAmountStr"] = Value::Null,
        Rejected(FieldMissing),
    ),
    (
        "amountNativeStr is null",
        |fields| fields["destinations"][0]["amountNativeStr"] = Value::Null,
        Rejected(FieldMissing),
    ),
    ("amountStr is a number", |fields| fields["amountStr"] = json!(1), AtTheEdge),
    ("amountStr is a list", |fields| fields["amountStr"] = json!(["1"]), AtTheEdge),
    ("amountStr has 129 digits", |fields| fields["amountStr"] = json!("1".repeat(129)), AtTheEdge),
    ("the floats are not read", |fields| fields["amount"] = json!(1e30), Charged("1000000000000000000")),
];

#[tokio::test]
async fn amount_fields() {
    check(AMOUNT_FIELDS.iter().map(changed).collect()).await;
}

fn changed((name, change, expected): &(&str, Change, Expected)) -> Row {
    let mut fields = transfer("ETH", PAYEE, "1").fields();
    change(&mut fields);
    ((*name).to_owned(), fields.to_string(), *expected)
}

const ADDRESSES: &[(&str, &str, Expected)] = &[
    // EIP-55: one case claims no checksum, both cases claim one.
    ("ETH", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", Approved),
    ("ETH", "0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8", Approved),
    ("ETH", "0x5DC69B1FBB13BAFD09AF88A782F0F285772AD5F8", Approved),
    ("ETH", "0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", Rejected(FieldInvalid)),
    ("ETH", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5F8", Rejected(FieldInvalid)),
    ("ETH", "0X5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", Rejected(FieldInvalid)),
    ("ETH", "5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", Rejected(FieldInvalid)),
    ("ETH", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f", Rejected(FieldInvalid)),
    ("ETH", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8 ", Rejected(FieldInvalid)),
    ("ETH", "0x5dС69B1Fbb13Bafd09af88a782F0F285772Ad5f8", Rejected(FieldInvalid)),
    ("ETH", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", Rejected(FieldInvalid)),
    ("ETH", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", Rejected(NoAllowRule)),
    ("ETH", "0x0000000000000000000000000000000000000000", Rejected(NoAllowRule)),
    ("ETH", "", Rejected(NoAllowRule)),
    // bech32 folds case and may not mix it.
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Approved),
    ("BTC", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", Approved),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7KV8F3T4", Rejected(FieldInvalid)),
    ("BTC", "Bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Rejected(FieldInvalid)),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", Rejected(FieldInvalid)),
    ("BTC", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", Rejected(FieldInvalid)),
    // base58 keeps case.
    ("BTC", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", Approved),
    ("BTC", "1dpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", Rejected(FieldInvalid)),
    ("BTC", "1DPIVPQJKLXBRWM4GPXXSNPKS29OU1NYDC", Rejected(FieldInvalid)),
    ("BTC", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdc", Rejected(FieldInvalid)),
    ("BTC", " 1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", Rejected(FieldInvalid)),
    ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Rejected(NoAllowRule)),
    ("BTC", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Rejected(FieldInvalid)),
];

#[tokio::test]
async fn addresses() {
    let row = |(asset, address, expected): &(&str, &str, Expected)| {
        let payload = transfer(asset, address, "0.001").fields().to_string();
        (format!("{asset} to {address:?}"), payload, *expected)
    };
    check(ADDRESSES.iter().map(row).collect()).await;
}

/// Destinations' amounts, net and requested amount.
const SUMS: &[(&[&str], &str, &str, Expected)] = &[
    (&["1"], "1", "1", Charged("1000000000000000000")),
    (&["0.4", "0.6"], "1", "1", Charged("2 charges")),
    (&["0.4", "0.3", "0.3"], "1.000", "1", Charged("3 charges")),
    // One of the two totals must have the sum.
    (&["1"], "0.9", "1", Charged("1000000000000000000")),
    (&["0.9"], "0.9", "1", Approved),
    (&["0.95"], "0.9", "1", Rejected(FieldsDisagree)),
    (&["0.4", "0.6"], "1.000000000000000001", "1.000000000000000001", Rejected(FieldsDisagree)),
    (&["1", "1"], "1", "1", Rejected(FieldsDisagree)),
    (&["0.5"], "1", "1", Rejected(FieldsDisagree)),
    (&["0"], "1", "1", Rejected(FieldsDisagree)),
    // Nothing nets out.
    (&["1.5", "-0.5"], "1", "1", Rejected(FieldInvalid)),
    (&["1", "-1"], "0", "0", Rejected(FieldInvalid)),
    (&["-1"], "-1", "-1", Rejected(FieldInvalid)),
    // None.
    (&[], "1", "1", Rejected(NoDestination)),
    (&[], "0", "0", Rejected(NoDestination)),
    // 2^255 twice.
    (
        &[
            "57896044618658097711785492504343953926634992332820282019728.792003956564819968",
            "57896044618658097711785492504343953926634992332820282019728.792003956564819968",
        ],
        "0",
        "0",
        Rejected(FieldInvalid),
    ),
];

#[tokio::test]
async fn sums_of_destinations() {
    let row = |(amounts, net, requested, expected): &(&[&str], &str, &str, Expected)| {
        let mut transfer = transfer("ETH", PAYEE, net);
        transfer.destinations = amounts.iter().map(|amount| Destination::one_time(PAYEE, amount)).collect();
        let mut fields = transfer.fields();
        fields["requestedAmountStr"] = json!(requested);
        (format!("{amounts:?} of {net} net, {requested} requested"), fields.to_string(), *expected)
    };
    check(SUMS.iter().map(row).collect()).await;
}

const DESTINATIONS: &[(&str, Change, Expected)] = &[
    (
        "none at all",
        |fields| drop(fields.as_object_mut().unwrap().remove("destinations")),
        Rejected(NoDestination),
    ),
    ("null", |fields| fields["destinations"] = Value::Null, Rejected(NoDestination)),
    ("an object", |fields| fields["destinations"] = json!({}), AtTheEdge),
    ("an entry that is null", |fields| fields["destinations"] = json!([null]), AtTheEdge),
    (
        "one of several that is not allowed",
        |fields| pay_also(fields, "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
        Rejected(NoAllowRule),
    ),
    (
        "one of several with a wrong checksum",
        |fields| pay_also(fields, "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
        Rejected(FieldInvalid),
    ),
    ("one of several without an address", |fields| pay_also(fields, ""), Rejected(NoAllowRule)),
    (
        "two addresses of one",
        |fields| {
            fields["destinations"][0]["displayDstAddress"] =
                json!("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
        },
        Rejected(FieldsDisagree),
    ),
    (
        "another one declared",
        |fields| fields["destAddress"] = json!("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
        Rejected(FieldsDisagree),
    ),
    ("another account declared", |fields| fields["destId"] = json!("9"), Approved),
    ("another type declared", |fields| fields["destType"] = json!("VAULT"), Rejected(FieldsDisagree)),
    (
        "another type than is declared",
        |fields| fields["destinations"][0]["dstType"] = json!("UNMANAGED"),
        Rejected(FieldsDisagree),
    ),
];

/// A second entry with half of the amount, declared as the first.
fn pay_also(fields: &mut Value, address: &str) {
    fields["destinations"][0]["amountNativeStr"] = json!("0.5");
    let mut second = fields["destinations"][0].clone();
    second["dstAddress"] = json!(address);
    second["displayDstAddress"] = json!(address);
    fields["destinations"].as_array_mut().unwrap().push(second);
}

#[tokio::test]
async fn several_destinations_and_none() {
    check(DESTINATIONS.iter().map(changed).collect()).await;
}

/// `amountUSD` of each destination as it is written on the wire, under a limit of 1000 dollars.
const PRICES: &[(&[&str], Expected)] = &[
    (&["1000.000001"], Rejected(LimitExceeded)),
    (&["1.000000001e3"], Rejected(LimitExceeded)),
    (&["1e200"], Rejected(LimitIndeterminate)),
    (&["-5"], Rejected(LimitIndeterminate)),
    (&["null"], Rejected(LimitIndeterminate)),
    (&["0"], Rejected(LimitIndeterminate)),
    (&["0.00"], Rejected(LimitIndeterminate)),
    (&["10", "null"], Rejected(LimitIndeterminate)),
    (&["10", "0"], Rejected(LimitIndeterminate)),
    (&["500", "500.0000001"], Rejected(LimitExceeded)),
    (&["\"10\""], AtTheEdge),
    (&["true"], AtTheEdge),
    (&["10"], Approved),
    // What is finer than a millionth of a dollar counts as one: 989.9999991 becomes 990, which fills it.
    (&["489.9999991", "500"], Charged("2 charges")),
    (&["0.0000001"], Rejected(LimitExceeded)),
    (&["5e-7"], Rejected(LimitExceeded)),
];

#[tokio::test]
async fn prices_under_a_limit_in_dollars() {
    check(PRICES.iter().map(priced).collect()).await;
}

fn priced((prices, expected): &(&[&str], Expected)) -> Row {
    let mut transfer = transfer("PRICED", PAYEE, &prices.len().to_string());
    transfer.destinations = prices.iter().map(|_| Destination::one_time(PAYEE, "1")).collect();
    let mut fields = transfer.fields();
    let mark = |place: usize| format!("<price {place}>");
    for (place, destination) in fields["destinations"].as_array_mut().unwrap().iter_mut().enumerate() {
        destination["amountUSD"] = json!(mark(place));
    }
    let written = prices.iter().enumerate().fold(fields.to_string(), |payload, (place, price)| {
        payload.replace(&format!("\"{}\"", mark(place)), price)
    });
    (format!("{prices:?} dollars"), written, *expected)
}
