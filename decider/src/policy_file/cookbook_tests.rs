//! The policies of the cookbook: each is read without a mistake, and says of some requests what it was written for.

mod tables;

mod ask;

mod desk;

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::{PolicyFile, load, warnings};
use desk::Desk;
use tables::{Row, TABLES};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policy/cookbook").join(name)
}

fn read(path: &Path) -> PolicyFile {
    load(path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// What is said of each row, one after the other.
fn answers(file: &PolicyFile, rows: &[Row]) -> Vec<String> {
    let mut desk = Desk::of(&file.policy);
    rows.iter().enumerate().map(|(number, (at, ask, _))| desk.answer(number, at, ask)).collect()
}

#[test]
fn every_policy_says_what_it_was_written_for() {
    for (name, table) in TABLES {
        let rows = table();
        assert!(rows.len() >= 4, "{name} has {} requests", rows.len());
        let answers = answers(&read(&folder(name)), &rows);
        for ((number, (at, ask, expected)), said) in rows.iter().enumerate().zip(answers) {
            assert!(said.starts_with(expected), "{name}, request {number} at {at}: {said}\n{ask:?}");
        }
    }
}

#[test]
fn every_policy_allows_denies_by_rule_and_by_limit() {
    for (name, table) in TABLES {
        let rows = table();
        for begin in ["ALLOW", "DENY: deny rule"] {
            assert!(rows.iter().any(|row| row.2.starts_with(begin)), "{name}: {begin}");
        }
        assert!(rows.iter().any(|row| row.2.contains(": limit ")), "{name}: limit");
    }
}

#[test]
fn every_folder_has_its_table() {
    let entries = fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut folders: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    folders.sort();
    let mut tables: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let readme = fs::read_to_string(folder("README.md")).unwrap();
    for name in &tables {
        assert!(readme.contains(&format!("[{name}]({name})")), "README.md does not name {name}");
    }
    tables.sort_unstable();
    assert_eq!(folders, tables);
}

/// Which file says what decides nothing: each section in a file of its own, in either order of their names.
#[test]
fn the_order_of_files_decides_nothing() {
    for (name, table) in TABLES {
        let rows = table();
        let whole = answers(&read(&folder(name)), &rows);
        for turned in [false, true] {
            let apart = sections_apart(&folder(name), turned);
            assert_eq!(answers(&read(apart.path()), &rows), whole, "{name}");
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
    let reports = TABLES.iter().map(|(name, _)| {
        let file = read(&folder(name));
        let summary = file.summary.to_string();
        let lines = summary.lines().filter(|line| !line.starts_with("policy") && !line.ends_with(" none"));
        let warnings = warnings::of(&file.policy, &file.summary);
        let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
        let lines: Vec<String> = lines.map(str::to_owned).chain(warnings).collect();
        format!("{name}\n{}\n", lines.join("\n"))
    });
    assert_snapshot!(reports.collect::<Vec<_>>().join("\n"), @"
    exchange-hot-wallet
    files   assets.yaml, rules.yaml, sanctioned.csv
    assets  BTC, ETH, USDC
    lists   sanctioned (2 evm addresses from sanctioned.csv)
    deny    sanctioned, engine-elsewhere, large-withdrawal
    allow   withdrawals, large-withdrawals, skim-to-cold
    limits  withdrawals-per-hour, one-address-per-day, bitcoin-per-day, skims-per-hour
    warning: allow rule withdrawals allows every address of type ONE_TIME_ADDRESS
    warning: allow rule large-withdrawals allows every address of type ONE_TIME_ADDRESS

    payroll
    files   policy.yaml
    assets  EURC, USDC
    lists   staff (3 evm addresses)
    deny    recently-added, unnamed-month
    allow   salaries
    limits  one-salary-a-month, payroll-a-month

    treasury
    files   policy.yaml
    assets  BTC, ETH, USDC
    lists   otc-desk (1 evm address), otc-desk-bitcoin (1 bitcoin address), prime-broker (1 evm address)
    deny    too-much-at-once, weekend
    allow   to-counterparties, between-own-vaults
    limits  counterparty-a-day, all-in-a-week, moves-per-signer

    market-maker
    files   policy.yaml
    assets  ETH, USDT, XRP
    lists   deposits (1 exact address)
    deny    settlement
    allow   to-exchanges, back-home
    limits  exposure-per-exchange, exposure, pace

    defi-contract-allowlist
    files   policy.yaml
    assets  ETH
    lists   lending (1 evm address), tokens (1 evm address)
    deny    expensive, approves-all
    allow   lending, approve-tokens, orders
    limits  calls-a-day, messages-an-hour
    warning: allow rule lending allows CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule approve-tokens allows APPROVE, CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule orders allows TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does

    staking-only
    files   policy.yaml
    assets  ETH
    lists   deposit-contract (1 evm address)
    deny    transfers
    allow   stake, unstake
    limits  staked-a-day, staked-ever, exits-a-week

    third-party-initiator
    files   policy.yaml
    assets  USDC
    lists   merchants (3 evm addresses), own (1 evm address)
    deny    partner-elsewhere, partner-without-reference
    allow   partner-pays-merchants, own-payments
    limits  partner-a-day, partner-merchants-a-week, own-a-day

    gas-station
    files   policy.yaml
    assets  ETH
    deny    too-much-gas, fee-eats-it
    allow   refuel
    limits  vault-a-day, vaults-an-hour, station-a-day

    sweep-to-cold
    files   policy.yaml
    assets  BTC, ETH
    lists   cold (1 evm address), cold-bitcoin (1 bitcoin address)
    deny    out-of-cold, expensive-sweep
    allow   sweep, sweep-signed
    limits  sweeps-per-vault

    sandbox
    files   policy.yaml
    assets  BTC_TEST, ETH_TEST5
    deny    production-vaults
    allow   anything, any-call
    limits  a-few-a-minute, ether-ever
    warning: allow rule anything allows any destination
    warning: allow rule any-call allows APPROVE, CONTRACT_CALL, TYPED_MESSAGE: no amount limit or maximum bounds what that moves, only a count does
    warning: allow rule any-call allows any destination
    ");
}
