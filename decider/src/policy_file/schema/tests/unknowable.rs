//! What the loader refuses and a schema of one file cannot know, by the loader's words. Each with a document of which
//! it is all that is wrong.

use super::json as as_json;
use super::refusals;
use crate::document::Document;
use crate::policy_file::files::Files;
use crate::policy_file::read_files;
use crate::yaml;

/// What a message says, `…` standing for anything, and sections of a policy that it is said of.
type Unknowable = (&'static str, &'static str);

const OTHER_FILES: [Unknowable; 4] = [
    ("assets is missing", "assets:"),
    ("allow is missing", "allow:"),
    ("….csv: the file was not kept with the policy", "lists: {a: {chain: evm, csv: other.csv}}"),
    (
        "the path must lead to a file in the policy's directory: no \"..\", and no \"/\" at its start",
        "lists: {a: {chain: evm, csv: a/../../b.csv}}",
    ),
];

const NAMES: [Unknowable; 18] = [
    ("unknown asset …", "deny: [{id: a, when: {assets: [EHT]}}]"),
    ("unknown class …", "deny: [{id: a, when: {classes: [con]}}]"),
    ("unknown list …", "deny: [{id: a, when: {destination: [{list: payes}]}}]"),
    ("unknown counterparty …", "deny: [{id: a, when: {destination: [{counterparty: acne}]}}]"),
    ("unknown source group …", "deny: [{id: a, when: {source: [{group: hut}]}}]"),
    ("unknown signer group …", "deny: [{id: a, when: {signers: [{group: treasures}]}}]"),
    (
        "unknown operation … (a new one must be named under operations)",
        "deny: [{id: a, when: {operations: [BRN]}}]",
    ),
    (
        "unknown time zone … (names are those of the IANA time-zone database)",
        "deny: [{id: a, when: {times: [{zone: Europe/Berlim}]}}]",
    ),
    (
        "unknown request …",
        "tests: [{name: a, request: {like: payuot}, expect: {verdict: DENY, reason: FIELD_MISSING}}]",
    ),
    ("the policy has no prices: no rule would look at these", "requests: {a: {prices: {ETH: \"1\"}}}"),
    (
        "the policy's prices do not name …",
        "prices: {file: p.csv, max_age: 1m, assets: [ETH]}\nrequests: {a: {prices: {BTC: \"1\"}}}",
    ),
    ("unknown rule …", "tests: [{name: a, request: {}, expect: {verdict: DENY, rule: denys}}]"),
    ("unknown limit …", "tests: [{name: a, request: {}, expect: {verdict: DENY, limit: bound}}]"),
    (
        "source_group keeps nothing apart: the policy has no source_groups",
        "source_groups: {}\nlimits: [{id: a, key: [source_group], max: {count: 1}, window: 1h}]",
    ),
    (
        "counterparty keeps nothing apart: the policy has no counterparties",
        "counterparties: {}\nlimits: [{id: a, key: [counterparty], max: {count: 1}, window: 1h}]",
    ),
    ("id … is used twice: …", "deny: [{id: covers, when: {}}]"),
    ("… is there twice: …", "deny: []\ndeny: []"),
    (
        "class … differs from … in the case of its letters alone: …",
        "assets: {ETH: {chain: evm, decimals: 18, class: coin}, USDC: {chain: evm, decimals: 6, class: Coin}, BTC: {chain: bitcoin, decimals: 8}}",
    ),
];

/// Which of them are the same, and which are in two places.
const TWICE: [Unknowable; 8] = [
    (
        "another test is called so: …",
        "tests: [{name: a, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}}, {name: a, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}}]",
    ),
    (
        "this is in methods already",
        "deny: [{id: a, when: {call: {methods: [\"0xa9059cbb\", \"transfer(address,uint256)\"]}}}]",
    ),
    (
        "… is every address, and … has some of them: nothing may be in two groups",
        "counterparties: {a: {accounts: [{type: UNMANAGED}]}, b: {lists: [payees]}}",
    ),
    ("… is in list … already: …", "lists: {a: {chain: exact, addresses: [x, {address: x}]}}"),
    (
        "… is in … already: nothing may be in two groups",
        "counterparties: {a: {lists: [payees]}, b: {lists: [payees]}}",
    ),
    (
        "this account is in … already: nothing may be in two groups",
        "source_groups: {a: [{type: VAULT}], b: [{type: VAULT, id: \"1\"}]}",
    ),
    (
        "… is under assets and under alone: a price either stands beside the request's value, or for it",
        "prices: {file: p.csv, max_age: 1m, assets: [ETH], alone: [ETH]}",
    ),
    ("a name must be quoted text: write …", "lists: {1: {chain: exact, addresses: []}}"),
];

/// Texts that only their readers understand.
const TEXTS: [Unknowable; 28] = [
    ("… must be in digits alone: write …", "limits: [{id: a, max: {count: 0x10}, window: 1h}]"),
    ("… begins or ends with a blank: take the blank out", "deny: [{id: a, when: {signers: [\"s-1 \"]}}]"),
    ("… has a blank in it: write several …", "deny: [{id: a, when: {signers: [s-1 s-2]}}]"),
    ("… is in quotes that are part of it: …", "deny: [{id: a, when: {signers: [“s-1”]}}]"),
    ("… holds …, which does not show: take it out", "deny: [{id: a, when: {signers: [\"s\\u200b1\"]}}]"),
    (
        "… has a wrong EIP-55 checksum: …",
        "lists: {a: {chain: evm, addresses: [\"0x52908400098527886E0F7030069857D2E4169Ee7\"]}}",
    ),
    ("… is not a Bitcoin address, or …", "lists: {a: {chain: bitcoin, addresses: [x]}}"),
    (
        "… is not a segwit address, or …",
        "lists: {a: {chain: bitcoin, addresses: [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5]}}",
    ),
    (
        "… is an address of another network: …",
        "lists: {a: {chain: bitcoin_testnet, addresses: [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]}}",
    ),
    ("… is not a bech32 address, or …", "lists: {a: {chain: bech32, addresses: [x]}}"),
    ("… is not base58: …", "lists: {a: {chain: solana, addresses: [\"0\"]}}"),
    ("… stands for … bytes: expected …", "lists: {a: {chain: solana, addresses: [abc]}}"),
    (
        "expected a date, such as 2026-01-31 or 2026-01-31T09:30:00Z",
        "lists: {a: {chain: exact, addresses: [{address: x, added: 2026-02-30}]}}",
    ),
    (
        "at must be a time with its offset, such as …",
        "tests: [{name: a, at: noon, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}}]",
    ),
    ("the pattern holds …, which does not show: …", "deny: [{id: a, when: {note: [\"\\bscam\\b\"]}}]"),
    ("this is not a regular expression: …", "deny: [{id: a, when: {note: [\"(\"]}}]"),
    ("this pattern stands for too much: …", "deny: [{id: a, when: {note: [\"(a{1000}){1000}\"]}}]"),
    ("… is not a type of a signature: …", "deny: [{id: a, when: {call: {methods: [\"f(uint)\"]}}}]"),
    ("condition: unknown asset …", "deny: [{id: a, when: {condition: 'asset == \"ETC\"'}}]"),
    ("condition: unknown account type …", "deny: [{id: a, when: {condition: 'source.type == \"VALT\"'}}]"),
    ("… never matches: it is written …", "deny: [{id: a, when: {messages: [eip712]}}]"),
    (
        "condition: … never holds of …: none that is known has that",
        "deny: [{id: a, when: {condition: 'operation.contains(\"BRN\")'}}]",
    ),
    ("condition: unknown operation …", "deny: [{id: a, when: {condition: 'operation == \"BRN\"'}}]"),
    (
        "condition: … is none of the assets of the rule",
        "deny: [{id: a, when: {assets: [ETH], condition: 'asset == \"BTC\"'}}]",
    ),
    ("condition: …", "deny: [{id: a, when: {condition: \"nope\"}}]"),
    ("condition, character …", "deny: [{id: a, when: {condition: \"\\x6eope\"}}]"),
    ("… must be at least 1s and at most ten years", "limits: [{id: a, max: {count: 1}, window: 9999d}]"),
    ("the amount is too large: …", "deny: [{id: a, when: {amount_usd: {max: \"MANY\"}}}]"),
];

/// What is held against what other sections say.
const SENSE: [Unknowable; 22] = [
    (
        "… has no tags, so that nobody on a list could be paid: leave tag out",
        "assets: {ETH: {chain: evm, decimals: 18, tag: required}, USDC: {chain: evm, decimals: 6}, BTC: {chain: bitcoin, decimals: 8}}",
    ),
    (
        "… has no tags, so that nobody is listed: leave the tag out",
        "lists: {payees: {chain: evm, addresses: [{address: \"0x52908400098527886E0F7030069857D2E4169EE7\", tag: \"7\"}]}}",
    ),
    (
        "the amount has … decimals: it may have at most …",
        "deny: [{id: a, when: {assets: [BTC], amount: {max: \"0.123456789\"}}}]",
    ),
    (
        "amount needs exactly one asset under assets: …",
        "deny: [{id: a, when: {assets: [ETH, BTC], amount: {max: \"1\"}}}]",
    ),
    (
        "an amount limit needs exactly one asset under when, or asset in its key: …",
        "limits: [{id: a, when: {assets: [ETH, BTC]}, max: {amount: \"1\"}, window: 1h}]",
    ),
    ("no asset of the policy is left: …", "deny: [{id: a, when: {assets: [ETH], chains: [bitcoin]}}]"),
    (
        "list … holds … addresses, and none of the assets is on …",
        "deny: [{id: a, when: {assets: [BTC], destination: [{list: payees}]}}]",
    ),
    (
        "fee needs assets whose fees are paid in one asset, not in …",
        "deny: [{id: a, when: {fee: {max: \"1\"}}}]",
    ),
    (
        "fee_share needs a fee in the asset itself: …",
        "deny: [{id: a, when: {assets: [USDC], fee_share: {max: \"1\"}}}]",
    ),
    (
        "… can never match: over must be less than max",
        "deny: [{id: a, when: {amount_usd: {over: \"2\", max: \"1\"}}}]",
    ),
    (
        "this can never match: listed_for must be less than listed_within",
        "deny: [{id: a, when: {destination: [{list: payees, listed_for: 2h, listed_within: 1h}]}}]",
    ),
    (
        "from and to are the same, and nothing lies between: …",
        "deny: [{id: a, when: {times: [{zone: UTC, from: \"09:00\", to: \"09:00\"}]}}]",
    ),
    (
        "a condition over the amount or its value never matches …",
        "deny: [{id: a, when: {operations: [RAW], condition: 'usd.more_than(\"1\")'}}]",
    ),
    (
        "a condition over the number of destinations never matches …",
        "deny: [{id: a, when: {operations: [RAW], condition: 'destinations.count > 1'}}]",
    ),
    (
        "a condition over the fee never matches TYPED_MESSAGE: …",
        "deny: [{id: a, when: {assets: [ETH], operations: [TYPED_MESSAGE], condition: 'fee.more_than(\"1\")'}}]",
    ),
    (
        "a condition over the fee never matches at APPROVAL: …",
        "deny: [{id: a, when: {assets: [ETH], stages: [APPROVAL], condition: 'fee.more_than(\"1\")'}}]",
    ),
    (
        "this can never come out: an allow rule decides ALLOW; …",
        "tests: [{name: a, request: {}, expect: {verdict: DENY, rule: covers}}]",
    ),
    (
        "this comes after the request of the test: …",
        "tests: [{name: a, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}, history: [{at: 2100-01-01T00:00:00Z}]}]",
    ),
    (
        "the history is told oldest first: …",
        "tests: [{name: a, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}, history: [{ago: 1h}, {ago: 2h}]}]",
    ),
    (
        "several destinations: …",
        "tests: [{name: a, request: {amount_usd: \"1\"}, expect: {verdict: DENY, reason: FIELD_MISSING}, history: [{ago: 1h, to: [{}, {}]}]}]",
    ),
    (
        "this can never come out: HOLD at SIGNING is never told so",
        "requests: {b: {stage: SIGNING}}\ntests: [{name: a, request: {like: b}, expect: {verdict: HOLD, action: IGNORE}}]",
    ),
    (
        "name must be one line of at most 200 bytes",
        "tests: [{name: WIDE, request: {}, expect: {verdict: DENY, reason: FIELD_MISSING}}]",
    ),
];

/// What is only said of files on a disk, or of too much.
const WITHOUT_SAMPLE: [&str; 6] = [
    "…: the file cannot be read: …",
    "and … more",
    "rules and limits name more than … accounts, signers and assets by their groups, …",
    "the patterns take more than … together: …",
    "the tests ask more than … requests, which is the most that are played",
    "… has … entries: at most … are read",
];

fn all() -> impl Iterator<Item = Unknowable> {
    OTHER_FILES.into_iter().chain(NAMES).chain(TWICE).chain(TEXTS).chain(SENSE)
}

/// Whether a mistake is one that the schema cannot know.
pub fn is_unknowable(message: &str) -> bool {
    all().map(|(words, _)| words).chain(WITHOUT_SAMPLE).any(|words| fits(words, message))
}

fn fits(words: &str, message: &str) -> bool {
    let Some((first, rest)) = words.split_once('…') else { return words == message };
    let Some(mut left) = message.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

/// What the sections stand in, where they are not there themselves.
const FRAME: [(&str, &str); 8] = [
    ("version", "1"),
    (
        "assets",
        "{ETH: {chain: evm, decimals: 18, class: coin}, USDC: {chain: evm, decimals: 6, fee_asset: ETH}, BTC: {chain: bitcoin, decimals: 8}}",
    ),
    ("lists", "{payees: {chain: evm, addresses: [\"0x52908400098527886E0F7030069857D2E4169EE7\"]}}"),
    ("source_groups", "{hot: [{type: VAULT}]}"),
    ("signer_groups", "{treasurers: [s-1]}"),
    ("counterparties", "{acme: {accounts: [{type: EXCHANGE}]}}"),
    ("allow", "[{id: covers, when: {}}]"),
    ("deny", "[{id: denies, when: {note: [stop]}}]"),
];

/// A policy with these sections. `name:` alone takes the section out.
fn policy_of(sections: &str) -> String {
    let has = |name: &str| sections.lines().any(|line| line.starts_with(&format!("{name}:")));
    let framed =
        FRAME.iter().filter(|(name, _)| !has(name)).map(|(name, value)| format!("{name}: {value}\n"));
    let sections = sections.lines().filter(|line| !line.ends_with(':')).map(|line| format!("{line}\n"));
    let policy: String = framed.chain(sections).collect();
    policy.replace("MANY", &"9".repeat(100)).replace("WIDE", &"é".repeat(150))
}

#[test]
fn the_schema_takes_each_and_the_loader_says_nothing_else_of_it() {
    for (words, sections) in all() {
        let policy = policy_of(sections);
        let value = as_json::of(&yaml::parse("p.yaml", &policy).unwrap());
        assert_eq!(refusals(&value), [""; 0], "{words}\n{policy}");
        let mistakes = read_files(Files::kept(Document::of_file("p.yaml", policy.clone().into())));
        let said: Vec<String> = mistakes.err().into_iter().flatten().map(|each| each.message).collect();
        assert!(
            !said.is_empty() && said.iter().all(|message| fits(words, message)),
            "{words}: {said:?}\n{policy}"
        );
    }
}

#[test]
fn words_fit_from_the_first_to_the_last() {
    assert!(fits("a … c … e", "a b c d e") && fits("a …", "a ") && fits("… e", "d e") && fits("a", "a"));
    for (words, message) in [("a …", "b"), ("… e", "e f"), ("a … c", "a b"), ("a", "a b"), ("a …b", "a c")]
    {
        assert!(!fits(words, message), "{words}: {message}");
    }
}
