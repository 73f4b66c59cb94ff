//! The policies of the cookbook. Each says by its own tests what it was written for: reading it plays them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::{PolicyFile, load, warnings};

/// The fewest tests that say what a policy is for.
const LEAST_TESTS: usize = 7;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policy/cookbook").join(name)
}

fn read(path: &Path) -> PolicyFile {
    load(path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The policies, in the order of the table in the README.
fn policies() -> Vec<String> {
    let readme = fs::read_to_string(folder("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| ["));
    rows.map(|row| row.split(']').next().unwrap().to_owned()).collect()
}

#[test]
fn the_readme_names_the_ten_of_them() {
    let entries = fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!((policies().len(), policies().into_iter().collect()), (10, folders));
    let readme = fs::read_to_string(folder("README.md")).unwrap();
    for name in policies() {
        assert!(readme.contains(&format!("| [{name}]({name}) | ")), "{name}");
    }
}

#[test]
fn every_policy_tests_what_it_allows_denies_and_limits() {
    for name in policies() {
        let file = read(&folder(&name));
        let tests = fs::read_to_string(folder(&name).join("tests.yaml")).unwrap();
        assert!(file.summary.tests >= LEAST_TESTS, "{name} has {} tests", file.summary.tests);
        assert!(!file.policy.limits.is_empty(), "{name}");
        for expected in ["verdict: ALLOW, rule: ", "verdict: DENY, rule: ", ", limit: "] {
            assert!(tests.contains(expected), "{name}: {expected}");
        }
    }
}

/// Which file says what decides nothing: each section in a file of its own, in either order of their names.
#[test]
fn the_order_of_files_decides_nothing() {
    for name in policies() {
        let tests = read(&folder(&name)).summary.tests;
        for turned in [false, true] {
            let apart = sections_apart(&folder(&name), turned);
            assert_eq!(read(apart.path()).summary.tests, tests, "{name}");
        }
    }
}

/// The same policy with a file for each section.
fn sections_apart(from: &Path, turned: bool) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let mut sections: Vec<String> = Vec::new();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            fs::copy(&path, to.path().join(path.file_name().unwrap())).unwrap();
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            match line.starts_with(|first: char| first.is_ascii_lowercase()) {
                true => sections.push(format!("{line}\n")),
                false => sections.last_mut().into_iter().for_each(|section| *section += &format!("{line}\n")),
            }
        }
    }
    sections.retain(|section| !section.starts_with("version"));
    assert!(sections.len() > 3);
    sections.sort();
    for (number, section) in sections.iter().enumerate() {
        let number = if turned { sections.len() - number } else { number };
        fs::write(to.path().join(format!("{number:02}.yaml")), format!("version: 1\n{section}")).unwrap();
    }
    to
}

/// What `decider check` prints, without the hash, which changes with every comment.
#[test]
fn a_check_tells_what_they_hold_and_warns_of_what_is_wide_open() {
    let reports = policies().into_iter().map(|name| {
        let file = read(&folder(&name));
        let summary = file.summary.to_string();
        let lines = summary.lines().filter(|line| !line.starts_with("policy") && !line.ends_with(" none"));
        let warnings =
            warnings::collect(&file).into_iter().map(|warning| format!("warning: {}", warning.message));
        let lines: Vec<String> = lines.map(str::to_owned).chain(warnings).collect();
        format!("{name}\n{}\n", lines.join("\n"))
    });
    assert_snapshot!(reports.collect::<Vec<_>>().join("\n"), @"
    exchange-hot-wallet
    files   assets.yaml, rules.yaml, sanctioned.csv, tests.yaml
    assets  BTC, ETH, USDC
    lists   sanctioned (2 evm addresses from sanctioned.csv)
    deny    sanctioned, engine-elsewhere, large-withdrawal, expensive, expensive-bitcoin
    allow   withdrawals, large-withdrawals, skim-to-cold
    limits  withdrawals-per-hour, transactions-per-hour, one-address-per-day, bitcoin-per-day, ether-per-day, usdc-per-day, skims-per-hour
    tests   25
    warning: allow rule withdrawals allows every address of type ONE_TIME_ADDRESS
    warning: allow rule large-withdrawals allows every address of type ONE_TIME_ADDRESS

    payroll
    files   policy.yaml, tests.yaml
    assets  EURC, USDC
    lists   staff (3 evm addresses)
    deny    recently-added, unnamed-month
    allow   salaries
    limits  one-salary-a-month, payroll-a-month
    tests   17

    treasury
    files   policy.yaml, tests.yaml
    assets  BTC, ETH, USDC
    lists   otc-desk (1 evm address), otc-desk-bitcoin (1 bitcoin address), prime-broker (1 evm address)
    deny    too-much-at-once, weekend
    allow   to-counterparties, between-own-vaults
    limits  counterparty-a-day, all-in-a-week, moves-per-signer
    tests   9

    market-maker
    files   policy.yaml, tests.yaml
    assets  ETH, USDT, XRP
    prices  prices.csv (3 assets)
    lists   deposits-a (1 evm address), deposits-b (1 exact address)
    deny    settlement
    allow   to-exchanges, back-home
    limits  exposure-per-exchange, exposure, pace
    tests   26

    defi-contract-allowlist
    files   policy.yaml, tests.yaml
    assets  ETH
    lists   lending (1 evm address), tokens (1 evm address)
    deny    expensive, approves-all
    allow   lending, approve-tokens, orders
    limits  calls-a-day, messages-an-hour
    tests   15
    warning: allow rule lending allows CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule approve-tokens allows APPROVE, CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule orders allows TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does

    staking-only
    files   policy.yaml, tests.yaml
    assets  ETH
    lists   deposit-contract (1 evm address)
    deny    transfers
    allow   stake, unstake
    limits  staked-a-day, staked-ever, exits-a-week
    tests   7
    warning: allow rule unstake allows UNSTAKE, WITHDRAW: nothing says that their amounts are what moves, only a count bounds it for certain

    third-party-initiator
    files   policy.yaml, tests.yaml
    assets  ETH, USDC
    lists   merchants (3 evm addresses), own (1 evm address)
    deny    partner-elsewhere, partner-without-reference, partner-expensive
    allow   partner-pays-merchants, own-payments
    limits  partner-a-day, partner-payments-a-day, partner-merchants-a-week, own-a-day
    tests   18

    gas-station
    files   policy.yaml, tests.yaml
    assets  ETH
    deny    too-much-gas, fee-eats-it
    allow   refuel
    limits  vault-a-day, vaults-an-hour, station-a-day
    tests   8

    sweep-to-cold
    files   policy.yaml, tests.yaml
    assets  BTC, ETH
    lists   cold (1 evm address), cold-bitcoin (1 bitcoin address)
    deny    out-of-cold, expensive-sweep, expensive-sweep-bitcoin
    allow   sweep, sweep-signed
    limits  sweeps-per-vault
    tests   13

    sandbox
    files   policy.yaml, tests.yaml
    assets  BTC_TEST, ETH_TEST5
    deny    production-vaults
    allow   anything, any-call
    limits  a-few-a-minute, ether-ever
    tests   9
    warning: allow rule anything allows any destination
    warning: allow rule any-call allows APPROVE, CONTRACT_CALL, TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule any-call allows any destination
    ");
}
