//! Prices that a test gives.

use insta::assert_snapshot;

use super::TO;
use crate::policy_file::read;

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  DOG: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
prices: {file: prices.csv, max_age: 10m, assets: [ETH], alone: [DOG]}
lists:
  payees: {chain: evm, addresses: ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
allow:
  - {id: payouts, when: {destination: [{list: payees}]}}
limits:
  - {id: usd-per-day, max: {usd: "3000"}, window: 24h}
requests:
  payout: {signer: s-1, source: {type: VAULT, id: "0"}, asset: ETH, amount: "1", amount_usd: "1000", PAID}
"#;

/// What is wrong with one test of the policy.
fn told(request: &str, history: &str, expect: &str) -> String {
    told_by(POLICY, &format!("like: payout{request}"), history, expect)
}

fn told_by(policy: &str, request: &str, history: &str, expect: &str) -> String {
    let test =
        format!("  - {{name: a test, history: [{history}], request: {{{request}}}, expect: {{{expect}}}}}\n");
    let read = read("p.yaml", &format!("{}tests:\n{test}", policy.replace("PAID", TO)));
    let lines = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    lines.join("\n")
}

#[test]
fn a_test_says_what_the_table_says_when_it_is_asked() {
    let (denied, missing) =
        ("verdict: DENY, limit: usd-per-day", "verdict: HOLD, says: the price of ETH is missing");
    let doubted = "verdict: HOLD, limit: usd-per-day, says: the price of ETH is 11m old";
    for (request, history, expect) in [
        (", prices: {ETH: \"3000\"}", "", "verdict: ALLOW"),
        (", prices: {ETH: \"3000.01\"}", "", denied),
        (", prices: {ETH: \"1\"}, amount_usd: \"3000.01\"", "", denied),
        (
            ", prices: {ETH: \"1\"}, without: [amount_usd]",
            "",
            "verdict: HOLD, says: the USD value is missing",
        ),
        ("", "", missing),
        (", prices: {DOG: \"1\"}", "", missing),
        (", prices: {ETH: {usd: \"3000\", age: 10m}}", "", "verdict: ALLOW"),
        (", prices: {ETH: {usd: \"3000\", age: 11m}}", "", doubted),
        (", prices: {ETH: {usd: \"3000\", at: \"2026-01-01T11:50:00Z\"}}", "", "verdict: ALLOW"),
        (", prices: {ETH: {usd: \"3000\", at: \"2026-01-01T11:49:00Z\"}}", "", doubted),
        (
            ", prices: {ETH: {usd: \"1\", at: \"2026-01-01T12:02:00Z\"}}",
            "",
            "verdict: HOLD, says: from the future",
        ),
        (", asset: DOG, prices: {DOG: \"3000\"}, without: [amount_usd]", "", "verdict: ALLOW"),
        (", asset: DOG, prices: {DOG: \"3001\"}", "", denied),
        // Each entry of a history has the prices of its own time, and pins what it was worth then.
        (", prices: {ETH: \"1500\"}", "{ago: 1h}", "verdict: ALLOW"),
        (", prices: {ETH: \"1600\"}", "{ago: 1h}", denied),
        (", prices: {ETH: \"1600\"}", "{ago: 1h, prices: {ETH: \"1400\"}}", "verdict: ALLOW"),
        (", prices: {ETH: {usd: \"1\", age: 11m}}", "{ago: 1h, prices: {ETH: \"1\"}}", doubted),
    ] {
        assert_eq!(told(request, history, expect), "", "{request} after {history}");
    }
    let allowed = "what stands in the history must come out ALLOW";
    assert!(
        told(", prices: {ETH: \"1\"}", "{ago: 1h, without: [prices]}", "verdict: ALLOW").contains(allowed)
    );
}

#[test]
fn a_price_that_no_rule_would_look_at_is_a_mistake() {
    let prices = ", prices: {BTC: \"1\", ETC: \"1\", ETH: 2000, DOG: {usd: \"0\", age: 1m, at: \"2026-01-01T12:00:00Z\"}}";
    assert_snapshot!(told(prices, "", "verdict: ALLOW"), @r#"
    p.yaml:16:66: the policy's prices do not name BTC: name it there, or leave it out here
    p.yaml:16:76: unknown asset ETC: did you mean ETH?
    p.yaml:16:91: a price must be quoted text: write "2000"
    p.yaml:16:102: a price has either age, such as 12m, or at
    p.yaml:16:108: a price of 0 is no price: leave the row out where nobody knows it
    "#);
    assert_snapshot!(told(", prices: {ETH: {age: soon, old: 1m}}", "", "verdict: ALLOW"), @"
    p.yaml:16:71: usd is missing
    p.yaml:16:77: age: expected a whole number and a unit: 30s, 15m, 24h or 7d
    p.yaml:16:83: unknown field old: expected usd, age or at
    ");
    let unpriced =
        POLICY.replace("prices: {file: prices.csv, max_age: 10m, assets: [ETH], alone: [DOG]}\n", "");
    assert_snapshot!(told_by(&unpriced, "like: payout, prices: {ETH: \"1\"}", "", "verdict: ALLOW"), @"p.yaml:15:65: the policy has no prices: no rule would look at these");
    let mistaken = POLICY.replace("max_age: 10m, ", "");
    assert_snapshot!(told_by(&mistaken, "like: payout, prices: {ETH: \"1\"}", "", "verdict: ALLOW"), @"p.yaml:6:9: max_age is missing");
}
