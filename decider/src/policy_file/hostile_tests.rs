//! What nobody writes by hand: files of a megabyte that are made to take long. Each is refused, soon, and with a
//! report of a size that somebody can read.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

const BYTES: usize = 1024 * 1024;

/// Many times what the slowest takes without optimisation, for a machine that is busy. What is quadratic takes hours.
const SOON: Duration = Duration::from_secs(180);
/// A hundred mistakes with their lines.
const MAX_REPORT_BYTES: usize = 64 * 1024;

/// A text of about a megabyte, made of `line` with each number from 0.
fn many(head: &str, line: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        if text.len() > BYTES {
            break;
        }
        text.push_str(&line(number));
    }
    text + tail
}

fn refused(name: &str, text: &str) -> String {
    let started = Instant::now();
    let report = read("p.yaml", text).unwrap_err().to_string();
    let took = started.elapsed();
    println!("{name}: {took:?}, {} bytes, {}", report.len(), report.lines().next().unwrap_or_default());
    assert!(took < SOON, "{name} took {took:?}");
    assert!(report.len() < MAX_REPORT_BYTES, "{name}: a report of {} bytes", report.len());
    report
}

const HEAD: &str = "version: 1\nassets: {ETH: {chain: evm, decimals: 18}}\n";

#[test]
fn what_the_parser_meets() {
    refused("nested lists", &"[".repeat(BYTES));
    refused("nested mappings", &"{a: ".repeat(BYTES / 4));
    refused("nested entries", &"- ".repeat(BYTES / 2));
    refused("quotes", &"\"".repeat(BYTES));
    refused("a key", &format!("{}: 1", "k".repeat(BYTES)));
    refused("an unknown key", &format!("{HEAD}? {}\n: 1\nallow: []\n", "k".repeat(BYTES)));
    let mut laughs = String::from("a0: &a0 [x, x]\n");
    for level in 1..30 {
        writeln!(laughs, "a{level}: &a{level} [*a{}, *a{}]", level - 1, level - 1).unwrap();
    }
    refused("laughs", &laughs);
    refused("aliases", &many("a: &a x\nb: [", |_| "*a,".into(), "]"));
    refused("merges", &many("", |_| "<<: {a: 1}\n".into(), ""));
    refused("documents", &many("", |_| "---\n".into(), ""));
}

#[test]
fn many_keys() {
    refused("the same key", &many("", |_| "a: 1\n".into(), ""));
    refused("unknown keys", &many(HEAD, |number| format!("k{number}: 1\n"), "allow: []\n"));
    refused("unknown keys in one line", &many("{", |number| format!("k{number}: 1,"), "}"));
    refused(
        "lists",
        &many(&format!("{HEAD}allow: []\nlists:\n"), |number| format!("  k{number}: {{}}\n"), ""),
    );
}

#[test]
fn many_names() {
    let lists: String =
        (0..250).map(|number| format!("  list-{number}: {{chain: evm, addresses: []}}\n")).collect();
    let head = format!("{HEAD}lists:\n{lists}allow:\n- id: a\n  when:\n    destination: [");
    refused("unknown lists", &many(&head, |number| format!("{{list: lisk-{number}}},"), "]\n"));
    let head = format!("{HEAD}allow: []\nlists: {{a: {{chain: exact, addresses: [");
    refused("the same address", &many(&head, |_| "x,".into(), "]}}\n"));
    refused("bad addresses", &many(&head, |_| "\"x y\",".into(), "]}}\n"));
    let head = format!("{HEAD}allow: []\nsource_groups: {{a: [");
    refused("the same account", &many(&head, |_| "{type: VAULT, id: x},".into(), "{}]}\n"));
    refused("accounts", &many(&head, |number| format!("{{type: VAULT, id: x{number}}},"), "{}]}\n"));
}

/// Each is short to write, and stands for many millions.
#[test]
fn many_members() {
    let all =
        |each: fn(usize) -> String, between: &str| (0..2_000).map(each).collect::<Vec<_>>().join(between);
    let accounts = all(|id| format!("{{type: VAULT, id: v{id}}}"), ", ");
    let signers = all(|id| format!("s{id}"), ", ");
    let assets = all(|id| format!("A{id}: {{chain: evm, decimals: 18}}"), ", ");
    let of_accounts = all(|id| format!("- {{id: r{id}, when: {{source: [{{group: g}}]}}}}"), "\n");
    let of_signers = all(|id| format!("- {{id: r{id}, when: {{signers: [{{group: g}}]}}}}"), "\n");
    let of_assets = all(|id| format!("- {{id: r{id}, when: {{assets: {{not: [A{id}]}}}}}}"), "\n");
    let caps = all(
        |id| format!("- {{id: r{id}, when: {{}}, key: [asset], max: {{amount: \"1\"}}, window: 1h}}"),
        "\n",
    );
    for (name, text) in [
        ("accounts", format!("{HEAD}source_groups: {{g: [{accounts}]}}\nallow:\n{of_accounts}\n")),
        ("signers", format!("{HEAD}signer_groups: {{g: [{signers}]}}\nallow:\n{of_signers}\n")),
        ("assets", format!("version: 1\nassets: {{{assets}}}\nallow:\n{of_assets}\n")),
        ("caps", format!("version: 1\nassets: {{{assets}}}\nallow: []\nlimits:\n{caps}\n")),
    ] {
        let report = refused(name, &text);
        let mut said = report.lines().filter_map(|line| line.split_once(": rules and limits name "));
        let (_, message) = said.next().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(message, @"more than 1000000 accounts, signers and assets by their groups, counted wherever they are named: ask for them in fewer rules");
        }
        assert_eq!(said.next(), None, "{report}");
    }
}

/// What all rules ask for alike, they share.
#[test]
fn many_rules_over_many_assets() {
    let assets: String =
        (0..2_000).map(|id| format!("  A{id}: {{chain: evm, decimals: 18, class: c}}\n")).collect();
    let rule = |number| {
        format!(
            "- {{id: r{number}, when: {{chains: [evm], classes: [c], source: [{{type: VAULT, id: v{number}}}]}}}}\n"
        )
    };
    let rules: String = (0..5_000).map(rule).collect();
    let policy = read("p.yaml", &format!("version: 1\nassets:\n{assets}allow:\n{rules}")).unwrap().policy;
    let first = policy.allow[0].when.assets.as_ref().unwrap();
    assert_eq!(first.len(), 2_000);
    assert!(policy.allow.iter().all(|rule| Arc::ptr_eq(rule.when.assets.as_ref().unwrap(), first)));
}

/// Each is short to write, and takes much to compile.
#[test]
fn many_patterns() {
    let head = format!("{HEAD}allow: []\ndeny:\n- id: a\n  when:\n    note: [");
    let of = |name: &str, pattern: &str| {
        refused(name, &many(&head, |number| format!("'{pattern}{number}',"), "]\n"))
    };
    for (name, pattern) in [
        ("large patterns", "[0-g]{3000}"),
        ("large groups", "([0-g]{3000})"),
        ("words", r"\w+"),
        ("small patterns", ""),
    ] {
        let report = of(name, pattern);
        let mut said = report.lines().filter_map(|line| line.split_once(": the patterns take "));
        let (_, message) = said.next().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(message, @r"more than 32 MiB together: use fewer, smaller numbers in {}, and [0-9] for \d");
        }
        assert_eq!(said.next(), None, "{report}");
    }
    of("too large patterns", "(a{1000}){1000}");
    of("slow patterns", &format!("(?i){}", r"\w".repeat(100)));
}
