mod conditions;
mod config_changes;
mod expressions;

use insta::assert_snapshot;

use super::*;

const POLICY: &str = r#"version: 1
raw_transactions: required
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
  XRP: {chain: exact, decimals: 6, tag: required}
operations: [SWAP]
lists:
  payees:
    chain: bitcoin
    addresses: ["1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"]
  exchange:
    chain: exact
    addresses: [{address: "rExchange", tag: "7"}, "rPlain"]
source_groups:
  hot: [{type: VAULT, id: "0"}, {type: VAULT, id: "1"}]
counterparties:
  acme: {lists: [payees], accounts: [{type: EXCHANGE, id: "e-1"}]}
deny:
  - id: too-much
    when: {assets: [ETH], amount: {over: "2"}}
allow:
  - id: sweep
    when:
      signers: ["s-1"]
      stages: [APPROVAL, SIGNING]
      operations: [TRANSFER, BURN]
      source: [{group: hot}, {type: VAULT, id: "9"}]
      destination: [{type: VAULT, id: "1"}, {list: payees}, {type: UNMANAGED, list: payees}]
      assets: [ETH, BTC]
      amount_usd: {max: "10000"}
  - id: swaps
    when: {operations: [SWAP], destination: [{type: CONTRACT}]}
limits:
  - id: per-hour
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "1.5"}
    window: 1h
  - id: each
    key: [asset, counterparty, source_group]
    max: {amount: "2"}
    window: 7d
  - id: often
    max: {count: 20}
    window: 30s
  - id: value
    max: {usd: "50000.5"}
    window: 24h
"#;

fn mistakes(text: &str) -> String {
    read("p.yaml", text).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes.to_string())
}

/// The mistakes of the policy with one thing changed, without their snippets.
fn mistakes_with(from: &str, to: &str) -> String {
    assert!(POLICY.contains(from), "{from}");
    let read = read("p.yaml", &POLICY.replace(from, to));
    let lines = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    lines.join("\n")
}

fn policy() -> Arc<Policy> {
    read("p.yaml", POLICY).unwrap().policy
}

#[test]
fn everything_is_read() {
    let policy = policy();
    assert_eq!(policy.hash.len(), 64);
    assert!(policy.raw_transactions_required);
    assert_eq!(policy.assets.len(), 3);
    assert_eq!(policy.assets["XRP"].tag, policy::asset::TagRule::Required);
    assert_eq!(policy.source_groups[0].accounts.len(), 2);
    assert_eq!((policy.counterparties[0].accounts.len(), policy.counterparties[0].lists.len()), (1, 1));
}

#[test]
fn conditions_mean_what_they_say() {
    let policy = policy();
    let over = policy.deny[0].when.amount.over.unwrap();
    assert_eq!(over.to_string(), "2000000000000000000");
    let when = &policy.allow[0].when;
    assert_eq!(when.sources.as_ref().unwrap().alternatives().len(), 3);
    let destinations = when.destinations.as_ref().unwrap().one_of().unwrap();
    assert_eq!(destinations[2].account.as_ref().unwrap().kind, "UNMANAGED");
    assert_eq!(when.usd.max.unwrap().micros().to_string(), "10000000000");
    assert_eq!(when.amount, policy::condition::Range::default());
    assert!(when.operations.as_ref().unwrap().includes(&"BURN".to_owned()));
}

#[test]
fn limits_mean_what_they_say() {
    use policy::limit::{Cap, KeyPart};
    let limits = &policy().limits;
    let Cap::Amount(per_hour) = &limits[0].cap else { panic!() };
    assert_eq!(per_hour.len(), 1);
    assert_eq!(per_hour["ETH"].to_string(), "1500000000000000000");
    assert_eq!((limits[0].window.seconds(), limits[1].window.seconds()), (Some(3600), Some(604_800)));
    assert!(limits[0].key.contains(&KeyPart::Source));
    let Cap::Amount(each) = &limits[1].cap else { panic!() };
    assert_eq!((each["BTC"].to_string(), each["XRP"].to_string()), ("200000000".into(), "2000000".into()));
    assert_eq!(limits[2].cap, Cap::Count(20));
    assert!(matches!(limits[3].cap, Cap::Usd(max) if max.micros().to_string() == "50000500000"));
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = r#"version: 2
asets: {}
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcon, decimals: 8}
lists:
  payees:
    chain: evm
    addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
allow:
  - id: sweep
    when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
  - id: sweep
    when: {amount: {max: 1.5}}
limits:
  - id: hourly
    max: {amount: "1"}
    window: 1 hour
"#;
    assert_snapshot!(mistakes(text), @r#"
    p.yaml:1:10: unknown version: this program reads version 1
    1 | version: 2
      |          ^
    p.yaml:2:1: unknown field asets: did you mean assets?
    2 | asets: {}
      | ^
    p.yaml:5:16: unknown chain bitcon: did you mean bitcoin?
    5 |   BTC: {chain: bitcon, decimals: 8}
      |                ^
    p.yaml:9:17: 0x529084…9Ee7 has a wrong EIP-55 checksum: a digit or the case of a letter is wrong; copy it again
    9 |     addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
      |                 ^
    p.yaml:9:63: an address must be quoted text: write "12"
    9 | …  addresses: ["0x52908400098527886E0F7030069857D2E4169Ee7", 12]
      |                                                              ^
    p.yaml:12:21: unknown asset ETC: did you mean ETH?
    12 |     when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                     ^
    p.yaml:12:48: unknown list payes: did you mean payees?
    12 |     when: {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                                                ^
    p.yaml:12:70: unknown operation TRANSFERR: did you mean TRANSFER? (a new one must be named under operations)
    12 | … {assets: [ETC], destination: [{list: payes}], operations: [TRANSFERR]}
       |                                                              ^
    p.yaml:13:9: id sweep is used twice: first in line 11
    13 |   - id: sweep
       |         ^
    p.yaml:14:20: amount needs exactly one asset under assets: units of different assets do not compare
    14 |     when: {amount: {max: 1.5}}
       |                    ^
    p.yaml:17:19: an amount limit needs exactly one asset under when, or asset in its key: units of different assets do not add up
    17 |     max: {amount: "1"}
       |                   ^
    p.yaml:18:13: window: expected a whole number and a unit: 30s, 15m, 24h or 7d
    18 |     window: 1 hour
       |             ^
    "#);
}

#[test]
fn an_empty_file_is_no_policy() {
    assert_snapshot!(mistakes(""), @"p.yaml:1:1: the policy is empty: it needs at least version, assets and allow");
    assert_snapshot!(mistakes("{}"), @"
    p.yaml:1:1: version is missing
    1 | {}
      | ^
    p.yaml:1:1: assets is missing
    1 | {}
      | ^
    p.yaml:1:1: allow is missing
    1 | {}
      | ^
    ");
    assert_snapshot!(mistakes("version: 1\nassets: {}\nallow: []"), @"
    p.yaml:2:9: assets is empty: without an asset nothing can be allowed
    2 | assets: {}
      |         ^
    ");
}

#[test]
fn sections_are_checked() {
    assert_snapshot!(mistakes_with("version: 1\n", "version: '1'\n"), @"p.yaml:1:10: version must be a whole number without quotes, not text");
    assert_snapshot!(mistakes_with("raw_transactions: required", "raw_transactions: yes"), @"p.yaml:2:19: raw_transactions must be required or optional");
    assert_snapshot!(mistakes_with("decimals: 18", "decimals: 78"), @"p.yaml:4:31: decimals must be at most 77");
    assert_snapshot!(mistakes_with("decimals: 18", "decimals: -1"), @"p.yaml:4:31: decimals must be a whole number without quotes, not a negative, fractional or huge number");
    assert_snapshot!(mistakes_with("tag: required", "tag: yes"), @"p.yaml:6:41: tag must be required or optional");
    assert_snapshot!(mistakes_with("[SWAP]", "[TRANSFER, SWAP]"), @"p.yaml:7:14: operation TRANSFER is known already: leave it out");
    assert_snapshot!(mistakes_with("  BTC:", "  ETH:"), @"
    p.yaml:5:3: ETH is there twice: first in line 4
    p.yaml:29:45: list payees holds bitcoin addresses, and none of the assets is on bitcoin
    p.yaml:29:61: list payees holds bitcoin addresses, and none of the assets is on bitcoin
    p.yaml:30:21: unknown asset BTC: expected ETH or XRP
    ");
}

#[test]
fn there_may_be_ten_thousand_rules_of_each_effect_and_two_thousand_of_all_else() {
    let read = |section: &str, entries: usize| {
        let entry = match section {
            "limits" => "when: {}, key: [asset], max: {count: 1}, window: 1h",
            _ => "when: {}",
        };
        let entries: String = (0..entries).map(|each| format!("  - {{id: i{each}, {entry}}}\n")).collect();
        let allow = if section == "allow" { "" } else { "allow: []\n" };
        super::read(
            "p.yaml",
            &format!(
                "version: 1\nassets: {{ETH: {{chain: evm, decimals: 18}}}}\n{allow}{section}:\n{entries}"
            ),
        )
    };
    for (section, most) in [("deny", 10_000), ("allow", 10_000), ("limits", 2_000)] {
        assert_eq!(read(section, most).err().map(|mistakes| mistakes.to_string()), None);
        let refused = read(section, most + 1).unwrap_err().to_string();
        let said = format!("{section} has {} entries: at most {most} are read", most + 1);
        assert!(refused.contains(&said), "{refused}");
    }
}

#[test]
fn addresses_are_checked() {
    assert_snapshot!(mistakes_with("1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC", "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdD"), @"p.yaml:11:17: 1DpivPqJ…NYdD is not a Bitcoin address, or a character or its case is wrong: expected bech32 or base58 with its checksum");
    assert_snapshot!(mistakes_with("\"rPlain\"", "{address: \"rExchange\", tag: \"7\"}"), @"p.yaml:14:51: rExchange is in list exchange already: first in line 14");
    assert_snapshot!(mistakes_with("tag: \"7\"", "tag: 7"), @r#"p.yaml:14:45: tag must be quoted text: write "7""#);
    assert_snapshot!(mistakes_with("tag: \"7\"", "memo: \"7\""), @"p.yaml:14:40: unknown field memo: expected address, tag, label or added");
}

#[test]
fn groups_do_not_overlap() {
    assert_snapshot!(mistakes_with("counterparties:\n", "  cold: [{type: VAULT}]\ncounterparties:\n"), @"p.yaml:17:10: this account is in hot already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {lists: [payees]}\ndeny:\n"), @"p.yaml:19:19: 1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC is in acme already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {accounts: [{type: EXCHANGE, id: e-1}]}\ndeny:\n"), @"p.yaml:19:22: this account is in acme already: nothing may be in two groups");
    assert_snapshot!(mistakes_with("deny:\n", "  other: {}\ndeny:\n"), @"p.yaml:19:10: counterparty other has neither accounts nor lists");
    assert_snapshot!(mistakes_with("hot: [{type: VAULT, id: \"0\"}, {type: VAULT, id: \"1\"}]", "hot: []"), @"p.yaml:16:8: a source group is empty, so that nothing belongs to it: name something, or leave it out");
}

#[test]
fn matchers_are_checked() {
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{type: UNMANAGED, id: w-1}"), @"p.yaml:29:61: UNMANAGED is matched by address, never by id: name a list instead of the id");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{type: UNMANGED, list: payees}"), @"p.yaml:29:68: unknown account type UNMANGED: did you mean UNMANAGED?");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{id: w-1}"), @"p.yaml:29:66: an id needs a type beside it: ids of different types can be alike");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{id: w-1, list: payees}"), @"p.yaml:29:66: an id needs a type beside it: ids of different types can be alike");
    assert_snapshot!(mistakes_with("{type: UNMANAGED, list: payees}", "{list: exchange}"), @"p.yaml:29:61: list exchange holds exact addresses, and none of the assets is on exact");
    assert_snapshot!(mistakes_with("{type: VAULT, id: \"1\"}, {list", "{type: VAULT, id: 1}, {list"), @r#"p.yaml:29:39: id must be quoted text: write "1""#);
    assert_snapshot!(mistakes_with("{group: hot}", "{group: hott}"), @"p.yaml:28:24: unknown source group hott: did you mean hot?");
    assert_snapshot!(mistakes_with("{group: hot}", "{group: hot, type: VAULT}"), @"p.yaml:28:16: a source is either a group or a type with an id: write two entries");
    assert_snapshot!(mistakes_with("{type: EXCHANGE, id: \"e-1\"}", "{type: ONE_TIME_ADDRESS, id: x}"), @"p.yaml:18:38: ONE_TIME_ADDRESS is matched by address, never by id: name a list instead of the id");
}

#[test]
fn conditions_that_never_match_are_mistakes() {
    assert_snapshot!(mistakes_with("[\"s-1\"]", "[]"), @r#"p.yaml:25:16: signers is empty, which would never match: leave it out for "any""#);
    assert_snapshot!(mistakes_with("[APPROVAL, SIGNING]", "[SIGN]"), @"p.yaml:26:16: a stage is APPROVAL or SIGNING");
    assert_snapshot!(mistakes_with("[APPROVAL, SIGNING]", "[SIGNING, SIGNING]"), @"p.yaml:26:25: this is in stages already");
    assert_snapshot!(mistakes_with("[TRANSFER, BURN]", "[CONTRACT_CALL, TRANSFER]"), @"p.yaml:31:19: amount_usd never matches CONTRACT_CALL: its payload does not state what moves");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: \"2\", max: \"2\"}"), @"p.yaml:21:35: amount can never match: over must be less than max");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{}"), @"p.yaml:21:35: amount needs max (at most) or over (more than)");
}

#[test]
fn amounts_are_checked() {
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: \"1e5\"}"), @"p.yaml:21:42: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5 (asset ETH)");
    assert_snapshot!(mistakes_with("{over: \"2\"}", "{over: 2}"), @r#"p.yaml:21:42: an amount must be quoted text: write "2""#);
    assert_snapshot!(mistakes_with("when: {assets: [ETH], amount", "when: {assets: [ETH, BTC], amount"), @"p.yaml:21:40: amount needs exactly one asset under assets: units of different assets do not compare");
    assert_snapshot!(mistakes_with("{amount: \"2\"}", "{amount: \"0.0000001\"}"), @"p.yaml:42:19: the amount has 7 decimals: the asset has 6, and nothing is rounded (asset XRP)");
    assert_snapshot!(mistakes_with("{usd: \"50000.5\"}", "{usd: \"0.1234567\"}"), @"p.yaml:48:16: the amount has 7 decimals: the asset has 6, and nothing is rounded (US dollars)");
}

#[test]
fn alternatives_are_a_list_or_say_not() {
    let with = |source: &str| {
        mistakes_with("source: [{group: hot}, {type: VAULT, id: \"9\"}]", &format!("source: {source}"))
    };
    assert_snapshot!(with("{group: hot}"), @"p.yaml:28:15: source must be a list: put it in brackets, or write {not: [...]}");
    assert_snapshot!(with("{nto: [{group: hot}]}"), @"
    p.yaml:28:15: not is missing
    p.yaml:28:16: unknown field nto: did you mean not?
    ");
}

#[test]
fn limits_are_checked() {
    assert_snapshot!(mistakes_with("key: [asset, counterparty, source_group]", "key: [source]"), @"p.yaml:42:19: an amount limit needs exactly one asset under when, or asset in its key: units of different assets do not add up");
    assert_snapshot!(mistakes_with("key: [source, asset]", "key: [sources, asset]"), @"p.yaml:37:11: unknown key part sources: did you mean source?");
    assert_snapshot!(mistakes_with("key: [source, asset]", "key: [asset, asset]"), @"p.yaml:37:18: asset is in the key already");
    assert_snapshot!(mistakes_with("max: {count: 20}", "max: {count: 20, usd: \"1\"}"), @"p.yaml:45:10: max needs exactly one of amount, usd, count and destinations");
    assert_snapshot!(mistakes_with("max: {count: 20}", "max: {count: \"20\"}"), @"p.yaml:45:18: count must be a whole number without quotes, not text");
    assert_snapshot!(mistakes_with("window: 30s", "window: 0s"), @"p.yaml:46:13: window must be at least 1s and at most ten years");
    assert_snapshot!(mistakes_with("window: 30s", "window: 30"), @"p.yaml:46:13: window has a unit: write 30s, 30m, 30h or 30d");
    assert_snapshot!(mistakes_with("  - id: often\n", "  - id: often\n    when: {stages: [SIGNING]}\n"), @"p.yaml:45:12: unknown field stages: expected signers, operations, source, destination, assets, chains or classes");
    assert_snapshot!(mistakes_with("  - id: value\n", "  - id: value\n    when: {operations: [RAW]}\n"), @"p.yaml:49:16: this cannot bound RAW: its payload does not state what moves; use count");
    assert_snapshot!(mistakes_with("id: often", "id: sweep"), @"p.yaml:44:9: id sweep is used twice: first in line 23");
    assert_snapshot!(mistakes_with("id: often", "id: so often"), @r#"p.yaml:44:9: a name has at most 64 letters, digits, "-", "_" and ".""#);
}

#[test]
fn every_window_and_cap_is_read() {
    use policy::limit::{Cap, OnExceed};
    let text =
        POLICY.replace("max: {count: 20}\n    window: 30s", "max: {destinations: 3}\n    window: lifetime");
    let text = text
        .replace("window: 24h", "window: {calendar: iso_week, zone: \"Europe/Berlin\"}\n    on_exceed: hold");
    let text =
        text.replace("window: 7d", "window: in_flight\n    on_exceed: deny\n    leave_to_console: true");
    let text = text.replace("  - id: too-much\n", "  - id: too-much\n    leave_to_console: true\n");
    let policy = read("p.yaml", &text).unwrap().policy;
    let windows: Vec<String> = policy.limits.iter().map(|limit| limit.window.to_string()).collect();
    assert_eq!(windows, ["rolling 1h", "in flight", "lifetime", "calendar iso_week Europe/Berlin"]);
    assert_eq!(policy.limits[2].cap, Cap::Destinations(3));
    let on_exceed: Vec<OnExceed> = policy.limits.iter().map(|limit| limit.on_exceed).collect();
    assert_eq!(on_exceed, [OnExceed::Deny, OnExceed::Deny, OnExceed::Deny, OnExceed::Hold]);
    let left: Vec<bool> = policy.limits.iter().map(|limit| limit.leave_to_console).collect();
    assert_eq!(left, [false, true, false, false]);
    assert!(policy.deny[0].leave_to_console);
}

#[test]
fn windows_are_checked() {
    let with = |window: &str| mistakes_with("window: 30s", &format!("window: {window}"));
    assert_snapshot!(with("livetime"), @r#"p.yaml:46:13: unknown window livetime: did you mean lifetime? (or a length such as 24h, or {calendar: day, zone: "Europe/Berlin"})"#);
    assert_snapshot!(with("forever"), @r#"p.yaml:46:13: unknown window forever: expected lifetime or in_flight (or a length such as 24h, or {calendar: day, zone: "Europe/Berlin"})"#);
    assert_snapshot!(with("day"), @r#"p.yaml:46:13: a calendar window names its zone: write {calendar: day, zone: "Europe/Berlin"}"#);
    assert_snapshot!(with("1w"), @"p.yaml:46:13: window: expected a whole number and a unit: 30s, 15m, 24h or 7d");
    assert_snapshot!(with("[24h]"), @"p.yaml:46:13: window must be text, not a list");
    assert_snapshot!(with("{calendar: day}"), @"p.yaml:46:13: zone is missing");
    assert_snapshot!(with("{zone: UTC}"), @"p.yaml:46:13: calendar is missing");
    assert_snapshot!(with("{calendar: week, zone: Europe/Berln}"), @"
    p.yaml:46:24: unknown calendar unit week: expected hour, day, iso_week or month
    p.yaml:46:36: unknown time zone Europe/Berln: did you mean Europe/Berlin? (names are those of the IANA time-zone database)
    ");
    assert_snapshot!(with("{calendar: fortnight, zone: europe/berlin}"), @"
    p.yaml:46:24: unknown calendar unit fortnight: expected hour, day, iso_week or month
    p.yaml:46:41: unknown time zone europe/berlin: did you mean Europe/Berlin? (names are those of the IANA time-zone database)
    ");
    assert_snapshot!(with("{calendar: day, zone: X}"), @"p.yaml:46:35: unknown time zone X (names are those of the IANA time-zone database)");
    assert_snapshot!(with("{calendar: day, zone: 1, from: 8}"), @r#"
    p.yaml:46:35: zone must be quoted text: write "1"
    p.yaml:46:38: unknown field from: expected calendar or zone
    "#);
}

#[test]
fn distinct_destinations_are_checked() {
    let with = |cap: &str| mistakes_with("max: {count: 20}\n", &format!("{cap}\n"));
    assert_snapshot!(with("max: {destinations: \"3\"}"), @"p.yaml:45:25: destinations must be a whole number without quotes, not text");
    assert_snapshot!(with("max: {destinations: 3}\n    key: [destination]"), @"p.yaml:45:25: with destination in the key there is always one destination: leave it out of the key, or use count for the payments to each");
    assert_snapshot!(with("max: {destinations: 3}\n    when: {operations: [TRANSFER, RAW]}"), @"p.yaml:45:25: this cannot bound RAW: it has no destination; use count");
}

#[test]
fn what_becomes_of_a_hold_is_checked() {
    assert_snapshot!(mistakes_with("window: 30s", "window: 30s\n    on_exceed: allow"), @"p.yaml:47:16: on_exceed must be deny or hold");
    assert_snapshot!(mistakes_with("window: 30s", "window: 30s\n    leave_to_console: yes"), @"p.yaml:47:23: leave_to_console must be true or false, not text");
    assert_snapshot!(mistakes_with("window: 30s", "window: 30s\n    leave_to_consol: true"), @"p.yaml:47:5: unknown field leave_to_consol: did you mean leave_to_console?");
    assert_snapshot!(mistakes_with("  - id: sweep\n", "  - id: sweep\n    leave_to_console: true\n"), @"p.yaml:24:23: leave_to_console belongs to deny rules and limits: an allow rule holds nothing");
    assert_snapshot!(mistakes_with("  - id: too-much\n", "  - id: too-much\n    leave_to_console: 1\n"), @"p.yaml:21:23: leave_to_console must be true or false, not a whole number");
}

#[test]
fn groups_in_keys_must_exist() {
    let text =
        POLICY.replace("source_groups:\n  hot: [{type: VAULT, id: \"0\"}, {type: VAULT, id: \"1\"}]\n", "");
    assert_snapshot!(mistakes(&text), @r#"
    p.yaml:26:24: unknown source group hot: there are none
    26 |       source: [{group: hot}, {type: VAULT, id: "9"}]
       |                        ^
    p.yaml:39:32: source_group keeps nothing apart: the policy has no source_groups
    39 |     key: [asset, counterparty, source_group]
       |                                ^
    "#);
}

/// One mistake is one report: a name whose definition is wrong is not unknown wherever it is used.
#[test]
fn mistakes_do_not_cascade() {
    assert_snapshot!(mistakes_with("chain: evm, decimals: 18", "chain: evn, decimals: 18"), @"p.yaml:4:16: unknown chain evn: did you mean evm?");
    assert_snapshot!(mistakes_with("chain: bitcoin\n", "chain: bitcoinn\n"), @"p.yaml:10:12: unknown chain bitcoinn: did you mean bitcoin?");
}

#[test]
fn the_summary_and_the_warnings_tell_what_it_holds() {
    let file = read("p.yaml", POLICY).unwrap();
    assert_snapshot!(file.summary.to_string(), @"
    policy  470f8b5c3fc418cc445262da41405b7386bbb2a23f2f3aaddecdd7af446c9646
    files   p.yaml
    assets  BTC, ETH, XRP
    lists   exchange (2 exact addresses), payees (1 bitcoin address)
    deny    too-much
    allow   sweep, swaps
    limits  per-hour, each, often, value
    changes none
    tests   none
    ");
    assert_snapshot!(warnings::told(&file), @"
    list exchange is not used
    allow rule swaps allows SWAP: no amount limit or maximum bounds what that moves, only a count does
    ");
}

#[test]
fn warnings_say_what_may_not_be_meant() {
    let text = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}, BTC: {chain: bitcoin, decimals: 8}}
lists: {empty: {chain: evm, addresses: []}}
allow:
  - {id: anything, when: {}}
  - {id: calls, when: {operations: [CONTRACT_CALL], destination: [{type: UNMANAGED}]}}
  - {id: to-seven, when: {destination: [{type: VAULT, id: "7"}], assets: [BTC]}}
limits:
  - {id: eth, when: {assets: [ETH]}, max: {amount: "1"}, window: 1h}
"#;
    let file = read("p.yaml", text).unwrap();
    assert_snapshot!(warnings::told(&file), @"
    list empty is not used
    list empty is empty
    allow rule anything allows any destination
    allow rule calls allows CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    allow rule calls allows every address of type UNMANAGED
    no limit applies to what allow rule calls allows
    allow rule to-seven allows nothing that allow rule anything does not allow, too. Narrow that one, or take this one out
    no limit applies to what allow rule to-seven allows
    ");
}

#[test]
fn a_limit_over_what_is_in_flight_says_what_it_counts() {
    let text = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - {id: raw, when: {operations: [RAW]}}
  - {id: pay, when: {destination: [{type: VAULT}]}}
limits:
  - {id: open, max: {destinations: 3}, window: in_flight}
"#;
    let file = read("p.yaml", text).unwrap();
    assert_snapshot!(warnings::told(&file), @"
    allow rule raw allows RAW: no amount limit or maximum bounds what that moves, only a count does
    no limit applies to what allow rule raw allows
    limit open counts every charge for ever: no outcome is reported yet that would end its flight
    ");
}
