use std::fs;

use insta::assert_snapshot;

use super::*;
use crate::policy_file::{self, PolicyFile, warnings};

const POLICY: &str = "version: 1
assets: {ETH: {chain: evm, decimals: 18}, BTC: {chain: bitcoin, decimals: 8}}
allow: [{id: a, when: {amount_usd: {max: \"100\"}}}]
";

const TABLE: &str = "asset,usd,at
ETH,1999.5,2026-01-31T09:30:00Z
BTC,65000.12,2026-01-31T11:31:00+02:00
";

/// A policy with this section and this table.
fn load(section: &str, table: &str) -> Result<PolicyFile, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("p.yaml"), format!("{POLICY}{section}")).unwrap();
    fs::write(path("prices.csv"), table).unwrap();
    let base = format!("{}/", directory.path().display());
    policy_file::load(&path("p.yaml")).map_err(|mistakes| mistakes.to_string().replace(&base, ""))
}

fn mistakes(section: &str, table: &str) -> String {
    load(section, table).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

const SECTION: &str = "prices: {file: prices.csv, max_age: 10m}\n";

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_table_prices_every_asset_that_nothing_else_is_said_of() {
    let file = load(SECTION, TABLE).unwrap();
    let terms = |file: &PolicyFile| file.policy.prices.clone().unwrap();
    let max_age = Length::from_seconds(600).unwrap();
    assert_eq!(terms(&file), PriceTerms { max_age, beside: ids(&["BTC", "ETH"]), alone: ids(&[]) });
    let prices = file.prices.unwrap().prices;
    let seconds = |id: &str| prices.by_asset[id].at.as_micros() / 1_000_000;
    assert_eq!((seconds("ETH"), seconds("BTC")), (1_769_851_800, 1_769_851_860));
    assert_eq!(String::from(prices.by_asset["BTC"].usd), "65000.12");
    let alone = load("prices: {file: prices.csv, max_age: 10m, alone: [ETH]}", TABLE).unwrap();
    assert_eq!(terms(&alone), PriceTerms { max_age, beside: ids(&["BTC"]), alone: ids(&["ETH"]) });
    let only = load("prices: {file: prices.csv, max_age: 10m, assets: [], alone: [ETH]}", TABLE).unwrap();
    assert_eq!(terms(&only), PriceTerms { max_age, beside: ids(&[]), alone: ids(&["ETH"]) });
}

#[test]
fn a_table_that_prices_nothing_is_a_mistake() {
    assert_snapshot!(mistakes("prices: {file: prices.csv, max_age: 10m, assets: []}\n", TABLE), @"
    p.yaml:4:50: no asset is priced by this table: leave assets out for all of them, or leave prices out
    4 | prices: {file: prices.csv, max_age: 10m, assets: []}
      |                                                  ^
    ");
}

#[test]
fn the_table_is_no_part_of_the_policy() {
    let (one, other) = (load(SECTION, TABLE).unwrap(), load(SECTION, "asset,usd,at\n").unwrap());
    assert_eq!(one.policy.hash, other.policy.hash);
    assert_eq!(one.document, other.document);
    let table = |file: &PolicyFile| file.prices.as_ref().unwrap().prices.hash.clone();
    assert_ne!(table(&one), table(&other));
    // Of a policy that was kept, the prices are with each decision.
    let kept = policy_file::reread(one.document).unwrap();
    assert_eq!((kept.policy.prices.clone(), kept.prices.is_none()), (one.policy.prices.clone(), true));
}

#[test]
fn a_check_says_what_is_priced() {
    let line = |table| {
        let summary = load(SECTION, table).unwrap().summary.to_string();
        summary.lines().find(|line| line.starts_with("prices")).unwrap().to_owned()
    };
    assert_snapshot!(line(TABLE), @"prices  prices.csv (2 assets)");
    assert_snapshot!(line("asset,usd,at\nETH,1,2026-01-31T09:30:00Z\n"), @"prices  prices.csv (1 asset; none of BTC)");
    let without = load("", TABLE).unwrap();
    assert!(!without.summary.to_string().contains("prices"));
    assert!(!warnings::told(&without).contains("price"));
}

#[test]
fn mistakes_of_a_table_have_their_lines() {
    let table = "asset,usd,at
ETC,1,2026-01-31T09:30:00Z
ETH,1,2026-01-31T09:30:00Z

ETH,2,2026-01-31T09:31:00Z
BTC,\"65,000\",2026-01-31T09:30:00
BTC,0,2026-01-31
BTC,1
";
    assert_snapshot!(mistakes(SECTION, table), @r#"
    prices.csv:2:1: unknown asset ETC: did you mean ETH?
    2 | ETC,1,2026-01-31T09:30:00Z
      | ^
    prices.csv:5:1: ETH has a price already: first in line 3
    5 | ETH,2,2026-01-31T09:31:00Z
      | ^
    prices.csv:6:5: the amount is not decimal text at character 3: expected digits and at most one point between them, such as 0 or 12.5 (a price in US dollars)
    6 | BTC,"65,000",2026-01-31T09:30:00
      |     ^
    prices.csv:6:14: expected a time with its offset, such as 2026-01-31T09:30:00Z
    6 | BTC,"65,000",2026-01-31T09:30:00
      |              ^
    prices.csv:7:5: a price of 0 is no price: leave the row out where nobody knows it
    7 | BTC,0,2026-01-31
      |     ^
    prices.csv:7:7: expected a time with its offset, such as 2026-01-31T09:30:00Z
    7 | BTC,0,2026-01-31
      |       ^
    prices.csv:8:1: the row has 2 fields, and the header 3: is a delimiter or a quote missing?
    8 | BTC,1
      | ^
    "#);
}

#[test]
fn a_table_begins_with_its_header() {
    assert_snapshot!(mistakes(SECTION, ""), @"prices.csv: the file is empty: its first line must be asset,usd,at");
    assert_snapshot!(mistakes(SECTION, "usd,asset,at\n1,ETH,2026-01-31T09:30:00Z\n"), @"
    prices.csv:1:1: its first line must be asset,usd,at
    1 | usd,asset,at
      | ^
    ");
    assert_snapshot!(mistakes(SECTION, "ETH,1,2026-01-31T09:30:00Z\n"), @"
    prices.csv:1:1: its first line must be asset,usd,at
    1 | ETH,1,2026-01-31T09:30:00Z
      | ^
    ");
}

#[test]
fn mistakes_of_the_terms_have_their_places() {
    assert_snapshot!(mistakes("prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}", TABLE), @"
    p.yaml:4:9: file is missing
    4 | prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}
      |         ^
    p.yaml:4:9: ETH is under assets and under alone: a price either stands beside the request's value, or for it
    4 | prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}
      |         ^
    p.yaml:4:19: max_age must be at least 1s and at most ten years
    4 | prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}
      |                   ^
    p.yaml:4:32: unknown asset ETC: did you mean ETH?
    4 | prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}
      |                                ^
    p.yaml:4:42: this is in assets already
    4 | prices: {max_age: 0s, assets: [ETC, ETH, ETH], alone: [ETH]}
      |                                          ^
    ");
    assert_snapshot!(mistakes("prices: {file: price.csv, max_age: soon, max-age: 1m}", TABLE), @"
    p.yaml:4:16: price.csv: the file cannot be read: No such file or directory (os error 2)
    4 | prices: {file: price.csv, max_age: soon, max-age: 1m}
      |                ^
    p.yaml:4:36: max_age: expected a whole number and a unit: 30s, 15m, 24h or 7d
    4 | prices: {file: price.csv, max_age: soon, max-age: 1m}
      |                                    ^
    p.yaml:4:42: unknown field max-age: did you mean max_age?
    4 | prices: {file: price.csv, max_age: soon, max-age: 1m}
      |                                          ^
    ");
    assert_snapshot!(mistakes("prices: {file: ., max_age: 1m}", TABLE), @"
    p.yaml:4:16: .: the file cannot be read: it is a directory or a device
    4 | prices: {file: ., max_age: 1m}
      |                ^
    ");
    assert_snapshot!(mistakes("prices: prices.csv", TABLE), @"
    p.yaml:4:9: prices must be a mapping, not text
    4 | prices: prices.csv
      |         ^
    ");
}
