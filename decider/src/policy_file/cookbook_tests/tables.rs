//! What each policy is asked, one after the other, and how its answer begins.

use super::ask::{Ask, operation, transfer};

/// When, what, and the begin of the answer.
pub type Row = (&'static str, Ask, &'static str);

/// A policy, and what it is asked.
pub type Table = (&'static str, fn() -> Vec<Row>);

pub const TABLES: [Table; 10] = [
    ("exchange-hot-wallet", exchange_hot_wallet),
    ("payroll", payroll),
    ("treasury", treasury),
    ("market-maker", market_maker),
    ("defi-contract-allowlist", defi_contract_allowlist),
    ("staking-only", staking_only),
    ("third-party-initiator", third_party_initiator),
    ("gas-station", gas_station),
    ("sweep-to-cold", sweep_to_cold),
    ("sandbox", sandbox),
];

/// Friday, 20 November 2026, before noon in Europe.
const FRIDAY: &str = "2026-11-20T10:00:00Z";
const FRIDAY_LATER: &str = "2026-11-20T10:30:00Z";
const SATURDAY: &str = "2026-11-21T10:30:00Z";
const MONDAY: &str = "2026-11-23T10:00:00Z";
const TUESDAY: &str = "2026-12-01T10:00:00Z";

const BITCOIN: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

/// An address of 40 times one digit, or of 20 times two.
fn address(digits: &str) -> String {
    format!("0x{}", digits.repeat(40 / digits.len()))
}

fn exchange_hot_wallet() -> Vec<Row> {
    let pays = |amount, asset, usd, signer, to: &str| {
        transfer(amount, asset, "10", signer).to("ONE_TIME_ADDRESS", to, usd)
    };
    let withdraw = |usd, to: &str| pays("1", "ETH", usd, "withdrawal-engine", to);
    let large = |usd| pays("80", "ETH", usd, "duty-officer", &address("2"));
    let elsewhere = transfer("1", "ETH", "90", "withdrawal-engine");
    vec![
        (FRIDAY, withdraw("4000", &address("1")), "ALLOW: allow rule withdrawals"),
        (FRIDAY, withdraw("4000", &address("d")), "DENY: deny rule sanctioned"),
        (FRIDAY, withdraw("10000.01", &address("1")), "DENY: deny rule large-withdrawal"),
        (FRIDAY, withdraw("", &address("1")), "HOLD: deny rule large-withdrawal: the USD value is missing"),
        (FRIDAY, elsewhere.to("ONE_TIME_ADDRESS", &address("1"), "1"), "DENY: deny rule engine-elsewhere"),
        (FRIDAY, large("250000"), "ALLOW: allow rule large-withdrawals"),
        (FRIDAY, large("60000"), "DENY: limit withdrawals-per-hour"),
        (FRIDAY_LATER, withdraw("4000", &address("1")), "ALLOW"),
        (FRIDAY_LATER, withdraw("4000", &address("1")), "ALLOW"),
        (FRIDAY_LATER, withdraw("4000", &address("1")), "DENY: limit one-address-per-day"),
        (SATURDAY, withdraw("4000", &address("1")), "ALLOW"),
        (SATURDAY, pays("11", "BTC", "9000", "withdrawal-engine", BITCOIN), "DENY: limit bitcoin-per-day"),
        (
            SATURDAY,
            transfer("9", "ETH", "11", "anybody").to("VAULT", "90", "36000"),
            "ALLOW: allow rule skim",
        ),
    ]
}

fn payroll() -> Vec<Row> {
    let pays = |usd: &str, to: &str| {
        transfer(usd, "USDC", "20", "payroll").to("UNMANAGED", &address(to), usd).note("payroll-2026-11")
    };
    vec![
        (FRIDAY, pays("9000", "1"), "ALLOW: allow rule salaries"),
        (FRIDAY, pays("9000", "3"), "DENY: deny rule recently-added"),
        (FRIDAY, pays("1", "1").note("bonus"), "DENY: deny rule unnamed-month"),
        (FRIDAY, pays("1", "1").note(""), "HOLD, left to the console: deny rule unnamed-month"),
        (FRIDAY, pays("1", "1").note("").signing("", &address("1")), "HOLD: deny rule unnamed-month"),
        (FRIDAY, pays("9000", "1"), "DENY: limit one-salary-a-month"),
        (FRIDAY, pays("9000", "4"), "DENY: no allow rule"),
        (SATURDAY, pays("9000", "2"), "DENY: no allow rule"),
        (MONDAY, pays("12000", "2"), "ALLOW"),
        (MONDAY, pays("9000", "3"), "ALLOW"),
        (MONDAY, pays("1", "2"), "DENY: limit one-salary-a-month"),
        (MONDAY, pays("3000", "1"), "DENY: limit payroll-a-month"),
        (TUESDAY, pays("9000", "1").note("payroll-2026-12"), "ALLOW"),
    ]
}

fn treasury() -> Vec<Row> {
    let pays =
        |usd: &str, kind: &str, to: &str| transfer("1000", "USDC", "1", "treasurer-1").to(kind, to, usd);
    let otc = |usd: &str| pays(usd, "UNMANAGED", &address("4"));
    let otc_in_bitcoin = transfer("5", "BTC", "1", "treasurer-2").to("UNMANAGED", BITCOIN, "500000");
    vec![
        (FRIDAY, otc("600000"), "ALLOW: allow rule to-counterparties"),
        (FRIDAY, otc_in_bitcoin, "HOLD, left to the console: limit counterparty-a-day"),
        (FRIDAY, pays("900000", "EXCHANGE", "prime"), "ALLOW"),
        (FRIDAY, otc("5000001"), "DENY: deny rule too-much-at-once"),
        (FRIDAY, otc("4600000"), "DENY: limit all-in-a-week"),
        (FRIDAY, otc("500000").signing("0.01", &address("4")), "HOLD: limit counterparty-a-day"),
        (SATURDAY, otc("1"), "DENY: deny rule weekend"),
        (MONDAY, pays("1", "UNMANAGED", &address("6")), "DENY: no allow rule"),
        (MONDAY, pays("4000000", "VAULT", "2"), "ALLOW: allow rule between-own-vaults"),
    ]
}

fn market_maker() -> Vec<Row> {
    let sends = |usd: &str, to: &str| transfer("100", "ETH", "30", "trading-bot").to("EXCHANGE", to, usd);
    let deposit = || transfer("1", "XRP", "30", "trading-bot");
    let deposit = || deposit().to("UNMANAGED", "rrrrrrrrrrrrrrrrrrrrBZbvji", "1");
    let back =
        transfer("5", "ETH", "", "trading-bot").out_of_exchange("exchange-a").to("VAULT", "30", "900000");
    vec![
        (FRIDAY, sends("400000", "exchange-a"), "ALLOW: allow rule to-exchanges"),
        (FRIDAY, sends("100001", "exchange-a"), "DENY: limit exposure-per-exchange"),
        (FRIDAY, sends("400000", "exchange-b"), "ALLOW"),
        (FRIDAY, deposit().tag("100200"), "DENY: limit exposure"),
        (FRIDAY_LATER, back, "ALLOW: allow rule back-home"),
        ("2026-11-20T23:50:00Z", sends("1", "exchange-a"), "DENY: deny rule settlement"),
        ("2026-11-21T00:14:59Z", sends("1", "exchange-a"), "DENY: deny rule settlement"),
        ("2026-11-21T09:59:59Z", sends("1", "exchange-b"), "DENY: limit exposure"),
        ("2026-11-21T10:00:00Z", sends("1", "exchange-b"), "ALLOW"),
        (SATURDAY, deposit().tag("100200"), "ALLOW"),
        (SATURDAY, deposit().tag("100201"), "DENY: no allow rule"),
        (SATURDAY, deposit(), "DENY: no allow rule covers it; to-exchanges cannot tell"),
        (SATURDAY, sends("1", "exchange-a"), "ALLOW"),
        (SATURDAY, sends("1", "exchange-a"), "ALLOW"),
        (SATURDAY, sends("1", "exchange-a"), "ALLOW"),
        (SATURDAY, sends("1", "exchange-a"), "ALLOW"),
        (SATURDAY, sends("1", "exchange-a"), "DENY: limit pace"),
    ]
}

fn defi_contract_allowlist() -> Vec<Row> {
    let calls = |method: &str, to: &str| {
        let json = format!(r#"{{"contractCallData":"{method}00"}}"#);
        operation("CONTRACT_CALL", "ETH", "40", "defi-desk").to("UNMANAGED", &address(to), "").carrying(&json)
    };
    let supply = || calls("0x617ba037", "6");
    let orders = |types: &str| {
        let json = format!(r#"{{"rawMessageData":{{"messages":[{types}]}}}}"#);
        operation("TYPED_MESSAGE", "ETH", "40", "defi-desk").carrying(&json)
    };
    let order = r#"{"type":"EIP712"}"#;
    vec![
        (FRIDAY, supply(), "ALLOW: allow rule lending"),
        (FRIDAY, calls("0x617ba037", "7"), "DENY: no allow rule"),
        (FRIDAY, calls("0x095ea7b3", "7"), "ALLOW: allow rule approve-tokens"),
        (FRIDAY, calls("0xa22cb465", "7"), "DENY: deny rule approves-all"),
        (FRIDAY, supply().carrying("{}"), "DENY: no allow rule"),
        (FRIDAY, supply().signing("0.050001", &address("6")), "DENY: deny rule expensive"),
        (FRIDAY, supply().signing("", &address("6")), "HOLD: deny rule expensive: the fee is missing"),
        (FRIDAY, supply().signing("0.05", &address("6")), "ALLOW"),
        (FRIDAY, supply(), "ALLOW"),
        (FRIDAY, supply(), "DENY: limit calls-a-day"),
        (FRIDAY, orders(order), "ALLOW: allow rule orders"),
        (FRIDAY, orders(&format!("{order},{{\"type\":\"EIP191\"}}")), "DENY: no allow rule"),
        (FRIDAY, transfer("1", "ETH", "40", "defi-desk").to("VAULT", "41", "1"), "DENY: no allow rule"),
    ]
}

fn staking_only() -> Vec<Row> {
    let stakes = |amount| {
        let ask = transfer(amount, "ETH", "50", "staking").to("UNMANAGED", &address("8"), "1");
        ask.renamed("STAKE")
    };
    let exits = || transfer("32", "ETH", "50", "staking").to("VAULT", "50", "1").renamed("WITHDRAW");
    let mut rows = vec![
        (FRIDAY, stakes("320"), "ALLOW: allow rule stake"),
        (FRIDAY, stakes("1"), "DENY: limit staked-a-day"),
        (FRIDAY, stakes("321"), "DENY: no allow rule"),
        (FRIDAY, transfer("1", "ETH", "50", "staking").to("VAULT", "50", "1"), "DENY: deny rule transfers"),
        (FRIDAY, exits(), "ALLOW: allow rule unstake"),
    ];
    rows.extend(NINE_DAYS.map(|day| (day, stakes("320"), "ALLOW")));
    rows.push((TUESDAY, stakes("1"), "HOLD, left to the console: limit staked-ever"));
    rows
}

/// Days on which the rest is staked.
const NINE_DAYS: [&str; 9] = [
    "2026-11-21T12:00:00Z",
    "2026-11-22T12:00:00Z",
    "2026-11-23T12:00:00Z",
    "2026-11-24T12:00:00Z",
    "2026-11-25T12:00:00Z",
    "2026-11-26T12:00:00Z",
    "2026-11-27T12:00:00Z",
    "2026-11-28T12:00:00Z",
    "2026-11-29T12:00:00Z",
];

fn third_party_initiator() -> Vec<Row> {
    let pays = |amount: &str, to: &str| {
        let ask = transfer(amount, "USDC", "60", "partner").to("UNMANAGED", &address(to), amount);
        ask.reference("partner-000001")
    };
    let elsewhere = transfer("1", "USDC", "61", "partner").to("UNMANAGED", &address("9"), "1");
    let own = |amount| transfer(amount, "USDC", "61", "finance").to("UNMANAGED", &address("14"), amount);
    vec![
        (FRIDAY, pays("500", "9"), "ALLOW: allow rule partner-pays-merchants"),
        (FRIDAY, pays("500.01", "9"), "DENY: no allow rule"),
        (FRIDAY, pays("1", "14"), "DENY: no allow rule"),
        (FRIDAY, pays("1", "9").reference("invoice"), "DENY: deny rule partner-without-reference"),
        (FRIDAY, pays("1", "9").reference(""), "HOLD: deny rule partner-without-reference"),
        (FRIDAY, elsewhere.reference("partner-000002"), "DENY: deny rule partner-elsewhere"),
        (FRIDAY, pays("500", "12"), "ALLOW"),
        (FRIDAY, pays("100", "13"), "HOLD, left to the console: limit partner-merchants-a-week"),
        (FRIDAY, pays("200.01", "12"), "DENY: limit partner-a-day"),
        (SATURDAY, pays("1", "9"), "DENY: no allow rule"),
        (MONDAY, pays("500", "12"), "ALLOW"),
        (MONDAY, own("50000"), "ALLOW: allow rule own-payments"),
        (MONDAY, own("0.000001"), "DENY: limit own-a-day"),
    ]
}

fn gas_station() -> Vec<Row> {
    let fuel =
        |amount: &str, vault: &str| transfer(amount, "ETH", "70", "gas-station").to("VAULT", vault, "1");
    let shown = address("1");
    vec![
        (FRIDAY, fuel("0.05", "1"), "ALLOW: allow rule refuel"),
        (FRIDAY, fuel("0.050001", "2"), "DENY: deny rule too-much-gas"),
        (FRIDAY, fuel("0.05", "1"), "ALLOW"),
        (FRIDAY, fuel("0.001", "1"), "DENY: limit vault-a-day"),
        (FRIDAY, fuel("0.01", "2").signing("0.005", &shown), "ALLOW"),
        (FRIDAY, fuel("0.01", "3").signing("0.0051", &shown), "DENY: deny rule fee-eats-it"),
        (FRIDAY, fuel("0.01", "3").signing("", &shown), "HOLD: deny rule fee-eats-it"),
        (FRIDAY, transfer("0.01", "ETH", "71", "gas-station").to("VAULT", "1", "1"), "DENY: no allow rule"),
    ]
}

fn sweep_to_cold() -> Vec<Row> {
    let sweep = |vault| transfer("5", "ETH", vault, "sweeper").to("VAULT", "90", "1");
    let signed = |vault, shown: &str| sweep(vault).signing("0.001", &address(shown));
    let bitcoin = transfer("1", "BTC", "3", "sweeper").to("VAULT", "90", "1");
    vec![
        (FRIDAY, sweep("1"), "ALLOW: allow rule sweep"),
        (FRIDAY, signed("1", "15").with_raw_transaction(), "ALLOW: allow rule sweep-signed"),
        (FRIDAY, sweep("1"), "DENY: limit sweeps-per-vault"),
        (FRIDAY, signed("2", "15"), "DENY: rawTx is missing"),
        (FRIDAY, signed("2", "16").with_raw_transaction(), "DENY: no allow rule"),
        (FRIDAY, sweep("90"), "DENY: deny rule out-of-cold"),
        (FRIDAY, transfer("5", "ETH", "1", "sweeper").to("VAULT", "91", "1"), "DENY: no allow rule"),
        (FRIDAY, bitcoin, "ALLOW: allow rule sweep"),
    ]
}

fn sandbox() -> Vec<Row> {
    let tries =
        |amount| transfer(amount, "ETH_TEST5", "100", "dev").to("ONE_TIME_ADDRESS", &address("1"), "");
    let production = transfer("1", "ETH_TEST5", "1", "dev").to("VAULT", "100", "");
    vec![
        (FRIDAY, tries("50"), "ALLOW: allow rule anything"),
        (FRIDAY, production, "DENY: deny rule production-vaults"),
        (FRIDAY, tries("51"), "DENY: limit ether-ever"),
        (FRIDAY, tries("1"), "ALLOW"),
        (FRIDAY, operation("TYPED_MESSAGE", "ETH_TEST5", "101", "dev"), "ALLOW: allow rule any-call"),
        (FRIDAY, tries("1"), "HOLD, left to the console: limit a-few-a-minute"),
        (FRIDAY, tries("1").signing("0.1", &address("1")), "HOLD: limit a-few-a-minute"),
        (FRIDAY_LATER, tries("1"), "ALLOW"),
        (FRIDAY_LATER, operation("RAW", "ETH_TEST5", "100", "dev"), "DENY: no allow rule"),
    ]
}
