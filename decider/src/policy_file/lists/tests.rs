use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use policy::list::{Age, Reading};
use policy::truth::Truth;

use super::*;
use crate::policy_file::{load, read};

const POLICY: &str = "version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow: [{id: a, when: {destination: [{list: payees}]}}]
lists:
";

/// The only list of a policy with this section, or the mistakes with their places.
fn list(section: &str) -> Result<Arc<AddressList>, String> {
    listed(read("p.yaml", &format!("{POLICY}{section}")), "")
}

/// The same, in a directory with a CSV file.
fn list_with(section: &str, csv: &str) -> Result<Arc<AddressList>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("p.yaml"), format!("{POLICY}{section}")).unwrap();
    fs::write(path("payees.csv"), csv).unwrap();
    listed(load(&path("p.yaml")), &format!("{}/", directory.path().display()))
}

fn listed(
    read: Result<crate::policy_file::PolicyFile, crate::yaml::Mistakes>,
    base: &str,
) -> Result<Arc<AddressList>, String> {
    let file = read.map_err(|mistakes| mistakes.to_string().replace(base, ""))?;
    let destinations = file.policy.allow[0].when.destinations.as_ref().unwrap();
    Ok(Arc::clone(destinations.alternatives()[0].list.as_ref().unwrap()))
}

fn mistakes(section: &str) -> String {
    list(section).unwrap_err()
}

fn address(text: &str) -> Address {
    Address::parse(Chain::Exact, text).unwrap()
}

#[test]
fn entries_have_tags_labels_and_dates() {
    let list = list(
        r#"  payees:
    chain: exact
    addresses:
      - rPlain
      - {address: rTagged, tag: "7", label: Kraken hot, added: 2026-01-31}
      - {address: rTagged, tag: "8", added: "2026-01-31T09:30:00Z"}
"#,
    )
    .unwrap();
    let added = |tag| list.added(&address("rTagged"), tag).map(|at| at.as_micros() / 1_000_000);
    assert_eq!(list.len(), 2);
    assert_eq!(
        (added(Some("7")), added(Some("8")), added(None)),
        (Some(1_769_947_200), Some(1_769_851_800), None)
    );
    assert_eq!(list.label(&address("rTagged"), Some("7")), Some("Kraken hot"));
    let tagged = list.contains(&address("rTagged"), Some("9"), false, Reading::Wide);
    assert_eq!(tagged, Truth::False);
}

#[test]
fn every_mistake_of_an_entry_is_reported() {
    let long = "x".repeat(257);
    assert_snapshot!(mistakes(&format!(
        r#"  payees:
    chain: exact
    addresses:
      - rPlain
      - {{address: rPlain, label: again}}
      - {{address: rOther, tag: "", label: 5, added: 31.01.2026}}
      - {{adress: rOther, tag: "{long}", added: 1969-12-30}}
"#
    )), @r#"
    p.yaml:9:9: rPlain is in list payees already: first in line 8
    9 |       - {address: rPlain, label: again}
      |         ^
    p.yaml:10:32: tag is empty
    10 |       - {address: rOther, tag: "", label: 5, added: 31.01.2026}
       |                                ^
    p.yaml:10:43: label must be quoted text: write "5"
    10 |       - {address: rOther, tag: "", label: 5, added: 31.01.2026}
       |                                           ^
    p.yaml:10:53: expected a date, such as 2026-01-31 or 2026-01-31T09:30:00Z
    10 |       - {address: rOther, tag: "", label: 5, added: 31.01.2026}
       |                                                     ^
    p.yaml:11:10: unknown field adress: did you mean address?
    11 |       - {adress: rOther, tag: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
       |          ^
    p.yaml:11:31: the tag has 257 bytes: at most 256 are read
    11 |       - {adress: rOther, tag: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
       |                               ^
    p.yaml:11:299: the date must be from 1970 to 2105
    11 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", added: 1969-12-30}
       |                                                              ^
    "#);
}

#[test]
fn a_tag_on_a_chain_that_has_none_is_a_mistake() {
    let entry = "{address: \"0x52908400098527886E0F7030069857D2E4169EE7\", tag: \"7\"}";
    assert_snapshot!(mistakes(&format!("  payees:\n    chain: evm\n    addresses: [{entry}]\n")), @r#"
    p.yaml:7:78: evm has no tags, so that nobody is listed: leave the tag out
    7 | …address: "0x52908400098527886E0F7030069857D2E4169EE7", tag: "7"}]
      |                                                              ^
    "#);
    let csv = "address,tag\n0x52908400098527886E0F7030069857D2E4169EE7,7\n";
    assert_snapshot!(list_with("  payees: {chain: evm, csv: payees.csv}\n", csv).unwrap_err(), @"
    payees.csv:2:44: evm has no tags, so that nobody is listed: leave the tag out
    2 | 0x52908400098527886E0F7030069857D2E4169EE7,7
      |                                            ^
    ");
    let without = csv.replace(",7", ",");
    assert_eq!(list_with("  payees: {chain: evm, csv: payees.csv}\n", &without).unwrap().len(), 1);
}

#[test]
fn a_list_is_written_out_or_comes_from_a_file() {
    assert_snapshot!(mistakes("  payees: {chain: exact}\n"), @"
    p.yaml:5:11: a list needs addresses, or csv with the name of a file
    5 |   payees: {chain: exact}
      |           ^
    ");
    assert_snapshot!(mistakes("  payees: {chain: exact, addresses: [], csv: payees.csv}\n"), @"
    p.yaml:5:11: a list has either addresses or csv: write two lists
    5 |   payees: {chain: exact, addresses: [], csv: payees.csv}
      |           ^
    p.yaml:5:46: payees.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, addresses: [], csv: payees.csv}
      |                                              ^
    ");
    assert_snapshot!(mistakes("  payees: {chain: exact, addresses: [], columns: {}, delimiter: \";\"}\n"), @r#"
    p.yaml:5:50: columns says how a CSV file is read: name the file under csv
    5 |   payees: {chain: exact, addresses: [], columns: {}, delimiter: ";"}
      |                                                  ^
    p.yaml:5:65: delimiter says how a CSV file is read: name the file under csv
    5 | …yees: {chain: exact, addresses: [], columns: {}, delimiter: ";"}
      |                                                              ^
    "#);
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: ../payees.csv}\n"), @r#"
    p.yaml:5:31: the path must lead to a file in the policy's directory: no "..", and no "/" at its start
    5 |   payees: {chain: exact, csv: ../payees.csv}
      |                               ^
    "#);
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: payees.csv}\n"), @"
    p.yaml:5:31: payees.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: payees.csv}
      |                               ^
    ");
    assert_snapshot!(list_with("  payees: {chain: exact, csv: other.csv}\n", "").unwrap_err(), @"
    p.yaml:5:31: other.csv: the file cannot be read: No such file or directory (os error 2)
    5 |   payees: {chain: exact, csv: other.csv}
      |                               ^
    ");
}

#[test]
fn what_is_wanted_of_a_file_is_checked() {
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: p.csv, columns: {tag: Memo}, delimiter: \";;\"}\n"), @r#"
    p.yaml:5:31: p.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: p.csv, columns: {tag: Memo}, delimiter: ";;"}
      |                               ^
    p.yaml:5:47: address is missing
    5 |   payees: {chain: exact, csv: p.csv, columns: {tag: Memo}, delimiter: ";;"}
      |                                               ^
    p.yaml:5:71: a delimiter is one character, such as ";" or "\t"
    5 | …{chain: exact, csv: p.csv, columns: {tag: Memo}, delimiter: ";;"}
      |                                                              ^
    "#);
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: p.csv, columns: {address: A, memo: B}, asset: {is: []}}\n"), @r#"
    p.yaml:5:31: p.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: p.csv, columns: {address: A, memo: B}, asset: {is: []}}
      |                               ^
    p.yaml:5:60: unknown field memo: expected address, tag, label or added
    5 |   payees: {chain: exact, csv: p.csv, columns: {address: A, memo: B}, asset: {is: []}}
      |                                                            ^
    p.yaml:5:77: column is missing
    5 | …: exact, csv: p.csv, columns: {address: A, memo: B}, asset: {is: []}}
      |                                                              ^
    p.yaml:5:82: the list of assets is empty, which would never match: leave it out for "any"
    5 | …ct, csv: p.csv, columns: {address: A, memo: B}, asset: {is: []}}
      |                                                              ^
    "#);
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: p.csv, asset: {column: Asset, is: [ETH, ETH]}}\n"), @"
    p.yaml:5:31: p.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: p.csv, asset: {column: Asset, is: [ETH, ETH]}}
      |                               ^
    p.yaml:5:71: this asset is named already
    5 | …{chain: exact, csv: p.csv, asset: {column: Asset, is: [ETH, ETH]}}
      |                                                              ^
    ");
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: p.csv, delimiter: \"é\"}\n"), @r#"
    p.yaml:5:31: p.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: p.csv, delimiter: "é"}
      |                               ^
    p.yaml:5:49: a delimiter is one character, such as ";" or "\t"
    5 |   payees: {chain: exact, csv: p.csv, delimiter: "é"}
      |                                                 ^
    "#);
    assert_snapshot!(mistakes("  payees: {chain: exact, csv: p.csv, delimiter: a}\n"), @r#"
    p.yaml:5:31: p.csv: the file was not kept with the policy
    5 |   payees: {chain: exact, csv: p.csv, delimiter: a}
      |                               ^
    p.yaml:5:49: a delimiter is one character, such as ";" or "\t"
    5 |   payees: {chain: exact, csv: p.csv, delimiter: a}
      |                                                 ^
    "#);
}

#[test]
fn one_report_feeds_several_lists() {
    let csv = "Address;Memo;Asset;Wallet name;Created at\n\
               rOne;7;XRP;\"Kraken; hot\";2026-01-31\n\
               rTwo;;XLM;;\n";
    let of = |assets: &str| {
        let columns = "{address: Address, tag: Memo, label: \"Wallet name\", added: \"Created at\"}";
        let section = format!(
            "  payees: {{chain: exact, csv: payees.csv, delimiter: \";\", columns: {columns}, \
             asset: {{column: Asset, is: [{assets}]}}}}\n"
        );
        list_with(&section, csv)
    };
    let xrp = of("XRP").unwrap();
    assert_eq!((xrp.len(), xrp.label(&address("rOne"), Some("7"))), (1, Some("Kraken; hot")));
    assert_eq!(of("XLM").unwrap().contains(&address("rTwo"), None, false, Reading::Narrow), Truth::True);
    assert_eq!(of("XLM, XRP").unwrap().len(), 2);
    assert_snapshot!(of("XRP, XML").unwrap_err(), @"
    payees.csv:1:14: unknown asset XML: did you mean XLM? (no row of the file has it)
    1 | Address;Memo;Asset;Wallet name;Created at
      |              ^
    ");
}

#[test]
fn a_row_that_is_almost_asked_for_is_not_left_out_silently() {
    let section = "  payees: {chain: evm, csv: payees.csv, asset: {column: asset, is: [ETH]}}\n";
    let csv = format!("address,asset\n0x{0}1,ETH\n0x{0}2,ETH \n0x{0}3,eth\n0x{0}4,ETC\n", "0".repeat(39));
    assert_snapshot!(list_with(section, &csv).unwrap_err(), @r#"
    payees.csv:3:44: "ETH " is not ETH: write it alike, or take it into the filter
    3 | 0x0000000000000000000000000000000000000002,ETH
      |                                            ^
    payees.csv:4:44: "eth" is not ETH: write it alike, or take it into the filter
    4 | 0x0000000000000000000000000000000000000003,eth
      |                                            ^
    "#);
}

#[test]
fn mistakes_of_a_file_that_two_lists_name_are_told_once() {
    let lists = "  payees: {chain: evm, csv: payees.csv}\n  others: {chain: evm, csv: payees.csv}\n";
    assert_snapshot!(list_with(lists, "address\nx\n").unwrap_err(), @"
    payees.csv:2:1: x is not an EVM address: expected 0x and 40 hexadecimal digits
    2 | x
      | ^
    ");
}

/// The sample policies name files that exist; a path is looked for beside the policy, wherever that is run.
#[test]
fn a_path_starts_at_the_policy() {
    assert!(!Path::new("payees.csv").exists());
    assert_eq!(list_with("  payees: {chain: exact, csv: payees.csv}\n", "address\nrOne\n").unwrap().len(), 1);
}

/// Somebody may have written it on that day's last minute, wherever that was.
#[test]
fn who_was_added_on_a_day_is_new_until_the_day_is_over_everywhere() {
    let list = list("  payees: {chain: exact, addresses: [{address: rOne, added: 2026-01-31}]}\n").unwrap();
    let day = policy::time::Length::from_seconds(86_400);
    let listed_for = Age { at_least: day, less_than: None };
    let listed_within = Age { at_least: None, less_than: day };
    for (now, old) in [
        ("2026-01-30T00:00:00Z", false),
        ("2026-02-01T00:00:00Z", false),
        ("2026-02-02T11:59:59Z", false),
        ("2026-02-02T12:00:00Z", true),
    ] {
        let now: jiff::Timestamp = now.parse().unwrap();
        let now = policy::time::Time::from_micros(now.as_microsecond());
        let is = |age| list.is_of_age(age, &address("rOne"), None, Reading::Narrow, now);
        assert_eq!((is(listed_for), is(listed_within)), (old.into(), (!old).into()), "{now:?}");
    }
}

#[test]
fn a_rule_can_ask_how_long_an_address_has_been_listed() {
    let with = |age: &str| {
        let policy = POLICY.replace("{list: payees}", &format!("{{list: payees{age}}}"));
        let lists = "  payees: {chain: evm, addresses: []}\nlimits: []\n";
        read("p.yaml", &format!("{policy}{lists}")).map_err(|mistakes| mistakes.to_string())
    };
    let file = with(", listed_for: 24h, listed_within: 7d").unwrap();
    let age = file.policy.allow[0].when.destinations.as_ref().unwrap().alternatives()[0].age;
    let seconds = |window: Option<policy::time::Length>| window.unwrap().seconds();
    assert_eq!((seconds(age.at_least), seconds(age.less_than)), (86_400, 604_800));
    assert_snapshot!(with(", listed_for: 7d, listed_within: 7d").unwrap_err(), @"
    p.yaml:3:38: this can never match: listed_for must be less than listed_within
    3 | allow: [{id: a, when: {destination: [{list: payees, listed_for: 7d, listed_within: 7d}]}}]
      |                                      ^
    ");
    assert_snapshot!(with(", listed_for: 1 day, listed_within: 0s").unwrap_err(), @"
    p.yaml:3:65: listed_for: expected a whole number and a unit: 30s, 15m, 24h or 7d
    3 | …w: [{id: a, when: {destination: [{list: payees, listed_for: 1 day, listed_within: 0s}]}}]
      |                                                              ^
    p.yaml:3:87: listed_within must be at least 1s and at most ten years
    3 | …tination: [{list: payees, listed_for: 1 day, listed_within: 0s}]}}]
      |                                                              ^
    ");
    let without = POLICY.replace("{list: payees}", "{type: VAULT, listed_for: 24h}").replace("lists:\n", "");
    assert_snapshot!(read("p.yaml", &without).unwrap_err(), @"
    p.yaml:3:38: listed_for and listed_within need a list beside them
    3 | allow: [{id: a, when: {destination: [{type: VAULT, listed_for: 24h}]}}]
      |                                      ^
    ");
    let limit = "  payees: {chain: evm, addresses: []}\nlimits:\n  - {id: l, when: {destination: [{list: payees, listed_for: 24h}]}, max: {count: 1}, window: 1h}\n";
    assert_snapshot!(mistakes(limit), @"
    p.yaml:7:19: a limit cannot ask how long an address has been listed: write a rule
    7 |   - {id: l, when: {destination: [{list: payees, listed_for: 24h}]}, max: {count…
      |                   ^
    ");
}

#[test]
fn a_column_that_cannot_be_read_is_told_once() {
    let told = list_with("  payees: {chain: exact, csv: payees.csv, columns: {address: 5}}\n", "5\nrOne\n");
    assert_snapshot!(told.unwrap_err(), @r#"
    p.yaml:5:62: a column must be quoted text: write "5"
    5 | … payees: {chain: exact, csv: payees.csv, columns: {address: 5}}
      |                                                              ^
    "#);
}
