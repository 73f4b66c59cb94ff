//! `limits`: keys, caps, windows, and what becomes of what they hold.

use super::*;

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
fn alternatives_are_a_list_or_say_not() {
    let with = |source: &str| {
        mistakes_with("source: [{group: hot}, {type: VAULT, id: \"9\"}]", &format!("source: {source}"))
    };
    assert_snapshot!(with("{group: hot}"), @"p.yaml:28:15: source must be a list: put it in brackets, or write {not: [...]}");
    assert_snapshot!(with("{nto: [{group: hot}]}"), @"p.yaml:28:16: unknown field nto: did you mean not?");
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
    assert_snapshot!(mistakes_with("  - id: often\n", "  - id: often\n    when: {stages: [SIGNING]}\n"), @"p.yaml:45:12: unknown field stages: expected tenant, caller_proof, signers, operations, source, destination, assets, chains or classes");
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
