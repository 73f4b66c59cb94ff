//! What stands under `when`.

use std::sync::Arc;

use insta::assert_snapshot;
use policy::choice::Choice;
use policy::method::Method;
use policy::request::Stage;

use super::super::{PolicyFile, read, warnings};

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18, fee_asset: ETH}
  USDC: {chain: evm, decimals: 6, fee_asset: ETH, class: stablecoin}
  BTC: {chain: bitcoin, decimals: 8}
lists:
  routers: {chain: evm, addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]}
signer_groups: {treasurers: ["s-1", "s-2"]}
counterparties: {acme: {accounts: [{type: EXCHANGE, id: "e-1"}]}}
deny:
  - id: guard
    when: WHEN
allow:
  - id: pay
    when: ALLOWED
limits:
  - id: often
    when: LIMITED
    max: {count: 20}
    window: 30s
"#;

fn with(deny: &str, allow: &str, limit: &str) -> Result<PolicyFile, String> {
    let text = POLICY.replace("WHEN", deny).replace("ALLOWED", allow).replace("LIMITED", limit);
    read("p.yaml", &text).map_err(|mistakes| {
        let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn deny(when: &str) -> policy::condition::Conditions {
    with(when, "{}", "{}").unwrap_or_else(|mistakes| panic!("{when}: {mistakes}")).policy.deny[0].when.clone()
}

fn in_deny(when: &str) -> String {
    with(when, "{}", "{}").map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

fn in_allow(when: &str) -> String {
    with("{}", when, "{}").map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

fn in_limit(when: &str) -> String {
    with("{}", "{}", when).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes)
}

fn words(words: &[&str]) -> std::collections::BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_list_is_what_is_asked_for_and_not_is_what_is_ruled_out() {
    assert_eq!(deny(r#"{signers: ["s-9"]}"#).signers, Some(Choice::OneOf(words(&["s-9"]))));
    assert_eq!(deny(r#"{signers: {not: ["s-9"]}}"#).signers, Some(Choice::NoneOf(words(&["s-9"]))));
    assert_eq!(
        deny("{operations: {not: [TRANSFER]}}").operations,
        Some(Choice::NoneOf(words(&["TRANSFER"])))
    );
    for when in [
        "{source: {not: [{type: VAULT}]}}",
        "{destination: {not: [{list: routers}]}}",
        "{call: {methods: {not: [\"0xa9059cbb\"]}}}",
        "{messages: {not: [EIP712]}}",
        "{times: {not: [{zone: UTC}]}}",
        "{note: {not: [x]}}",
        "{external_tx_id: {not: [x]}}",
    ] {
        let negated = deny(when);
        let conditions = &negated.circumstances;
        let ruled_out = [
            negated.sources.map(|choice| choice.one_of().is_none()),
            negated.destinations.map(|choice| choice.one_of().is_none()),
            conditions.methods.as_ref().map(|choice| choice.one_of().is_none()),
            conditions.messages.as_ref().map(|choice| choice.one_of().is_none()),
            conditions.times.as_ref().map(|choice| choice.one_of().is_none()),
            conditions.note.as_ref().map(|choice| choice.one_of().is_none()),
            conditions.external_tx_id.as_ref().map(|choice| choice.one_of().is_none()),
        ];
        assert_eq!(ruled_out.into_iter().flatten().collect::<Vec<_>>(), [true], "{when}");
    }
}

#[test]
fn what_not_rules_out_is_checked_like_what_is_asked_for() {
    assert_snapshot!(in_deny("{signers: {not: []}}"), @"p.yaml:12:27: not is empty, so that it rules nothing out: leave it out");
    assert_snapshot!(in_deny("{signers: {nor: [a]}}"), @"p.yaml:12:22: unknown field nor: did you mean not?");
    assert_snapshot!(in_deny("{signers: {not: a}}"), @"p.yaml:12:27: not must be a list, not text");
    assert_snapshot!(in_deny("{signers: s-1}"), @"p.yaml:12:21: signers must be a list, not text");
    assert_snapshot!(in_deny("{stages: {not: [SIGNING, APPROVAL]}}"), @"p.yaml:12:11: stages can never match: both are ruled out");
    assert_snapshot!(in_deny("{destination: {not: [{list: router}]}}"), @"p.yaml:12:39: unknown list router: did you mean routers?");
    assert_snapshot!(in_allow("{operations: {not: [RAW]}}"), @"p.yaml:15:24: an allow rule names its operations: all but some would be every one that is yet to come, too");
}

#[test]
fn a_stage_that_is_ruled_out_leaves_the_other() {
    assert_eq!(deny("{stages: {not: [SIGNING]}}").stages, Some([Stage::Approval].into()));
}

#[test]
fn groups_of_signers_stand_for_their_members() {
    assert_eq!(
        deny(r#"{signers: ["s-9", {group: treasurers}]}"#).signers,
        Some(Choice::OneOf(words(&["s-1", "s-2", "s-9"])))
    );
    assert_snapshot!(in_deny("{signers: [{group: treasurer}, {grup: x}, a, a]}"), @"
    p.yaml:12:30: unknown signer group treasurer: did you mean treasurers?
    p.yaml:12:43: unknown field grup: did you mean group?
    p.yaml:12:56: this is in signers already
    ");
    let text = POLICY.replace(r#"["s-1", "s-2"]"#, r#"["s-1", "s-1"], none: []"#);
    let text = text.replace("WHEN", "{}").replace("ALLOWED", "{}").replace("LIMITED", "{}");
    assert_snapshot!(super::mistakes(&text), @r#"
    p.yaml:8:37: this is in treasurers already
    8 | signer_groups: {treasurers: ["s-1", "s-1"], none: []}
      |                                     ^
    p.yaml:8:51: a signer group is empty, so that nothing belongs to it: name something, or leave it out
    8 | signer_groups: {treasurers: ["s-1", "s-1"], none: []}
      |                                                   ^
    "#);
}

#[test]
fn assets_chains_and_classes_come_down_to_a_set_of_assets() {
    let met = |when: &str| deny(when).assets.map(Arc::unwrap_or_clone).unwrap();
    assert_eq!(met("{assets: {not: [ETH]}}"), words(&["BTC", "USDC"]));
    assert_eq!(met("{chains: [evm]}"), words(&["ETH", "USDC"]));
    assert_eq!(met("{classes: [stablecoin]}"), words(&["USDC"]));
    assert_eq!(
        met("{classes: {not: [stablecoin]}}"),
        words(&["BTC", "ETH"]),
        "of no class is not of this one"
    );
    assert_eq!(met("{chains: [evm], classes: {not: [stablecoin]}}"), words(&["ETH"]));
    let one = deny(r#"{chains: [evm], classes: [stablecoin], amount: {over: "1.5"}}"#);
    assert_eq!(one.amount.over.unwrap().to_string(), "1500000");
    assert_snapshot!(in_deny("{assets: [BTC], chains: [evm]}"), @"p.yaml:12:11: no asset of the policy is left: assets, chains and classes must all hold of one");
    assert_snapshot!(in_deny("{chains: [solana]}"), @"p.yaml:12:11: no asset of the policy is left: assets, chains and classes must all hold of one");
    assert_snapshot!(in_deny("{classes: [stablecoins]}"), @"p.yaml:12:22: unknown class stablecoins: did you mean stablecoin?");
    assert_snapshot!(in_deny("{assets: {not: [ETH, USDC, BTC]}}"), @"p.yaml:12:11: no asset of the policy is left: assets, chains and classes must all hold of one");
}

#[test]
fn what_an_asset_that_is_taken_out_later_is_asked_for_by_is_kept() {
    let by_kind = |when: &str| deny(when).unlisted.map(|unlisted| unlisted.by_kind);
    assert_eq!(by_kind("{assets: [ETH]}"), None);
    assert_eq!(by_kind("{assets: [ETH], chains: [evm], classes: {not: [stablecoin]}}"), None);
    assert_eq!(by_kind("{assets: {not: [ETH]}}"), Some(false));
    for when in ["{chains: [evm]}", "{chains: {not: [evm]}}", "{classes: {not: [stablecoin]}}"] {
        assert_eq!(by_kind(when), Some(true), "{when}");
    }
    assert_eq!(by_kind("{assets: {not: [ETH]}, chains: [evm]}"), Some(true));
    assert_eq!(*deny("{chains: [evm]}").unlisted.unwrap().known, words(&["BTC", "ETH", "USDC"]));
    assert_eq!(deny("{}").unlisted, None);
}

#[test]
fn assets_say_what_their_fees_are_paid_in() {
    let text =
        POLICY.replace("class: stablecoin", "class: a b").replace("6, fee_asset: ETH", "6, fee_asset: EHT");
    let text = text.replace("WHEN", "{}").replace("ALLOWED", "{}").replace("LIMITED", "{}");
    assert_snapshot!(super::mistakes(&text), @r#"
    p.yaml:4:46: unknown asset EHT: did you mean ETH?
    4 |   USDC: {chain: evm, decimals: 6, fee_asset: EHT, class: a b}
      |                                              ^
    p.yaml:4:58: a name has at most 64 letters, digits, "-", "_" and "."
    4 |   USDC: {chain: evm, decimals: 6, fee_asset: EHT, class: a b}
      |                                                          ^
    "#);
}

#[test]
fn destinations_are_named_by_all_they_say() {
    let when = deny(
        r#"{destination: [{type: UNMANAGED, subtype: EXTERNAL, list: routers, address_type: WHITELISTED, tag: "7"}, {counterparty: acme}]}"#,
    );
    let Some(Choice::OneOf(destinations)) = when.destinations else { panic!() };
    let first = &destinations[0];
    assert_eq!((first.subtype.as_deref(), first.tag.as_deref()), (Some("EXTERNAL"), Some("7")));
    assert_eq!(first.address_type.as_deref(), Some("WHITELISTED"));
    assert_eq!(first.list.as_ref().unwrap().name, "routers");
    assert_eq!(destinations[1].counterparty.as_ref().unwrap().name, "acme");
    assert_snapshot!(in_deny("{destination: [{}]}"), @"p.yaml:12:26: a destination needs a type, a list, a counterparty, a subtype or an address_type");
    assert_snapshot!(in_deny(r#"{destination: [{tag: "7", subtype: EXTERNAL}]}"#), @"p.yaml:12:26: a tag needs a type, a list or a counterparty beside it: tags of different addresses can be alike");
    assert_snapshot!(in_deny("{destination: [{type: UNMANAGED, subtype: EXTERN}]}"), @"p.yaml:12:53: unknown subtype EXTERN: did you mean EXTERNAL?");
    assert_snapshot!(in_deny("{destination: [{type: VAULT, subtype: EXTERNAL}]}"), @"p.yaml:12:49: this can never match: VAULT comes without a subtype");
    assert_eq!(in_deny("{destination: [{type: EXCHANGE, subtype: BINANCE}]}"), "");
    assert_snapshot!(in_deny("{destination: [{subtype: External}]}"), @"p.yaml:12:36: External never matches: it is written EXTERNAL");
    assert_snapshot!(in_deny("{destination: [{address_type: WHITELIST}]}"), @"p.yaml:12:41: unknown address type WHITELIST: did you mean WHITELISTED?");
    assert_snapshot!(in_deny("{destination: [{counterparty: acne}]}"), @"p.yaml:12:41: unknown counterparty acne: did you mean acme?");
    assert_snapshot!(in_deny("{operations: [RAW], destination: [{list: routers}]}"), @"p.yaml:12:44: destination never matches what only signs messages: it pays nobody");
}

#[test]
fn fees_are_bounded_in_what_they_are_paid_in() {
    let fee = deny(r#"{chains: [evm], fee: {over: "0.01"}}"#).circumstances.fee.unwrap();
    assert_eq!(
        (fee.asset.as_str(), fee.range.over.unwrap().to_string()),
        ("ETH", "10000000000000000".into())
    );
    assert_eq!(deny(r#"{assets: [BTC], fee: {max: "1"}}"#).circumstances.fee.unwrap().asset, "BTC");
    assert_snapshot!(in_deny(r#"{fee: {over: "0.01"}}"#), @"p.yaml:12:17: fee needs assets whose fees are paid in one asset, not in BTC, ETH: name some under assets");
    assert_snapshot!(in_deny(r#"{assets: [ETH], stages: [APPROVAL], fee: {over: "0.01"}}"#), @"p.yaml:12:52: fee never matches at APPROVAL: the fee is known at SIGNING");
    assert_snapshot!(in_deny(r#"{assets: [BTC], fee: {over: "0.000000001"}}"#), @"p.yaml:12:39: the amount has 9 decimals: it may have at most 8, and nothing is rounded (asset BTC)");
    assert_eq!(in_deny(r#"{assets: [ETH, BTC], fee_share: {over: "0.02", max: "0.5"}}"#), "");
    assert_snapshot!(in_deny(r#"{assets: [USDC], fee_share: {over: "0.02"}}"#), @"p.yaml:12:39: fee_share needs a fee in the asset itself: USDC pays its fees in ETH");
    assert_snapshot!(in_deny(r#"{assets: [ETH], fee_share: {over: "2%"}}"#), @"p.yaml:12:45: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5 (a share: 0.02 is 2 %)");
    assert_snapshot!(in_deny(r#"{assets: [ETH], operations: [RAW], fee_share: {over: "1"}}"#), @"p.yaml:12:57: fee_share never matches RAW: its payload does not state what moves");
    assert_snapshot!(in_deny(r#"{assets: [ETH], fee_share: {over: "1", max: "1"}}"#), @"p.yaml:12:38: fee_share can never match: over must be less than max");
}

#[test]
fn calls_are_named_by_contract_and_method() {
    let when = deny(
        r#"{operations: [CONTRACT_CALL], call: {contracts: routers, methods: ["transfer(address,uint256)", "0x095ea7b3"]}}"#,
    );
    assert_eq!(when.contracts.unwrap().name, "routers");
    let method = |text| Method::parse(text).unwrap();
    let methods = [method("0xa9059cbb"), method("approve(address,uint256)")].into();
    assert_eq!(when.circumstances.methods, Some(Choice::OneOf(methods)));
    assert_snapshot!(in_deny("{call: {}}"), @"p.yaml:12:18: call needs contracts, methods, or both");
    assert_snapshot!(in_deny("{call: {contracts: router, method: []}}"), @"
    p.yaml:12:30: unknown list router: did you mean routers?
    p.yaml:12:38: unknown field method: did you mean methods?
    ");
    assert_snapshot!(in_deny(r#"{call: {methods: ["transfer(address,uint)", "0xa9059cbb", "transfer(address,uint256)"]}}"#), @r"
    p.yaml:12:29: uint is not a type of a signature: write it out, such as uint256 for uint, and a struct as its types in brackets
    p.yaml:12:69: this is in methods already
    ");
    assert_snapshot!(in_deny("{assets: [BTC], call: {contracts: routers}}"), @"p.yaml:12:45: list routers holds evm addresses, and none of the assets is on evm");
    assert_snapshot!(in_deny("{operations: [CONTRACT_CALL, TRANSFER], call: {contracts: routers}}"), @"p.yaml:12:57: call never matches TRANSFER: only CONTRACT_CALL and APPROVE call a contract");
    assert_snapshot!(in_allow("{call: {contracts: routers}}"), @"p.yaml:15:18: call never matches TRANSFER, which is all that is allowed without operations: only CONTRACT_CALL and APPROVE call a contract");
}

#[test]
fn messages_are_named_by_type() {
    assert_eq!(
        deny("{messages: [EIP712, NEW]}").circumstances.messages,
        Some(Choice::OneOf(words(&["EIP712", "NEW"])))
    );
    assert_eq!(in_allow("{operations: [TYPED_MESSAGE], messages: [EIP712]}"), "");
    assert_snapshot!(in_deny("{messages: [eip712, btc_Message]}"), @"
    p.yaml:12:23: eip712 never matches: it is written EIP712
    p.yaml:12:31: btc_Message never matches: it is written BTC_MESSAGE
    ");
    assert_snapshot!(in_allow("{messages: [EIP712]}"), @"p.yaml:15:22: messages never matches TRANSFER, which is all that is allowed without operations: only RAW and TYPED_MESSAGE sign messages");
    assert_snapshot!(in_deny("{operations: [CONTRACT_CALL], messages: []}"), @r#"
    p.yaml:12:51: messages never matches CONTRACT_CALL: only RAW and TYPED_MESSAGE sign messages
    p.yaml:12:51: messages is empty, which would never match: leave it out for "any"
    "#);
}

#[test]
fn times_are_hours_of_a_zone() {
    let hours =
        r#"{times: [{zone: "Europe/Berlin", days: [MON, TUE], from: "09:00", to: "17:30"}, {zone: UTC}]}"#;
    let Some(Choice::OneOf(times)) = deny(hours).circumstances.times else { panic!() };
    assert_eq!((times[0].zone.name(), times[0].days.len(), times[1].days.len()), ("Europe/Berlin", 2, 7));
    assert_snapshot!(in_deny("{times: [{zone: Europe/Berln, days: [MO, MON, MON], from: 9:00, to: \"24:01\"}]}"), @"
    p.yaml:12:27: unknown time zone Europe/Berln: did you mean Europe/Berlin? (names are those of the IANA time-zone database)
    p.yaml:12:48: unknown day MO: did you mean MON?
    p.yaml:12:57: this is in days already
    p.yaml:12:69: from is a time of day such as 09:00, from 00:00 to 23:59
    p.yaml:12:79: to is a time of day such as 09:00, from 00:00 to 24:00
    ");
    assert_snapshot!(in_deny("{times: [{days: []}]}"), @r#"
    p.yaml:12:20: zone is missing
    p.yaml:12:27: days is empty, which would never match: leave it out for "any"
    "#);
    assert_snapshot!(in_deny(r#"{times: [{zone: UTC, from: "09:00", to: "09:00"}]}"#), @"p.yaml:12:20: from and to are the same, and nothing lies between: leave both out for the whole day");
    assert_snapshot!(in_deny(r#"{times: [{zone: UTC, from: "24:00", to: "09:00"}]}"#), @"p.yaml:12:38: from is at most 23:59: write 00:00 of the next day");
}

/// Another name in hours is another time.
#[test]
fn of_zones_in_hours_none_is_offered() {
    for zone in ["GMT+1", "UTC+1", "Etc/GMT+22"] {
        let told = in_deny(&format!("{{times: [{{zone: \"{zone}\"}}]}}"));
        let unknown = "(names are those of the IANA time-zone database)";
        assert!(told.ends_with(&format!("unknown time zone {zone} {unknown}")), "{told}");
    }
    assert!(in_deny("{times: [{zone: Europe/Berlim}]}").contains("did you mean Europe/Berlin?"));
}

#[test]
fn texts_are_matched_by_patterns() {
    let Some(Choice::OneOf(patterns)) = deny(r#"{note: ["payroll-.*"]}"#).circumstances.note else {
        panic!()
    };
    assert!(patterns[0].matches("payroll-7") && !patterns[0].matches("a payroll-7"));
    assert_snapshot!(in_deny(r#"{note: ["(a"], external_tx_id: [7, "(a{1000}){1000}"]}"#), @r#"
    p.yaml:12:19: this is not a regular expression: unclosed group
    p.yaml:12:43: a pattern must be quoted text: write "7"
    p.yaml:12:46: this pattern stands for too much: use smaller numbers in {}, and [0-9] for \d
    "#);
}

/// YAML reads `"\b"` as a character that no text has: a deny rule over it would deny nobody.
#[test]
fn patterns_show_as_they_are_read() {
    assert_snapshot!(in_deny(r#"{note: [".*\bscam\b.*", "a\tb"], external_tx_id: {not: [".*\_"]}}"#), @r"
    p.yaml:12:19: the pattern holds U+0008, which does not show: write it in one line and in single quotes, where YAML leaves \ as it is, and what does not show as \x{0008}
    p.yaml:12:35: the pattern holds U+0009, which does not show: write it in one line and in single quotes, where YAML leaves \ as it is, and what does not show as \x{0009}
    p.yaml:12:67: the pattern holds U+00A0, which does not show: write it in one line and in single quotes, where YAML leaves \ as it is, and what does not show as \x{00A0}
    ");
    for block in ["|\n        scam-[0-9]+", ">\n        scam-[0-9]+"] {
        let told = in_deny(&format!("\n      note:\n      - {block}"));
        assert!(told.contains("p.yaml:15:9: the pattern holds U+000A, which does not show"), "{told}");
    }
    for pattern in
        [r"'.*\bscam\b.*'", r#"".*\\bscam\\b.*""#, "' a '", "é", ">-\n        a\n        b", r"'\t\x{A0}'"]
    {
        assert_eq!(in_deny(&format!("\n      note:\n      - {pattern}")), "", "{pattern}");
    }
}

#[test]
fn a_limit_asks_for_what_a_charge_keeps() {
    assert_eq!(
        in_limit(
            "{signers: {not: [{group: treasurers}]}, operations: {not: [RAW]}, source: [{type: VAULT}], destination: {not: [{counterparty: acme}, {subtype: EXTERNAL}]}, chains: [evm], classes: {not: [stablecoin]}}"
        ),
        ""
    );
    assert_snapshot!(in_limit("{note: [a], times: [], fee: {}}"), @"
    p.yaml:18:12: unknown field note: expected tenant, caller_proof, signers, operations, source, destination, assets, chains or classes
    p.yaml:18:23: unknown field times: expected tenant, caller_proof, signers, operations, source, destination, assets, chains or classes
    p.yaml:18:34: unknown field fee: expected tenant, caller_proof, signers, operations, source, destination, assets, chains or classes
    ");
}

#[test]
fn warnings_see_what_is_ruled_out_and_what_only_words_describe() {
    let warn = |allow: &str, limit: &str| {
        let file = with("{signers: [nobody]}", allow, limit).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        warnings::told(&file)
    };
    assert_snapshot!(warn("{destination: {not: [{list: routers}]}}", "{operations: {not: [TRANSFER]}}"), @"
    class stablecoin is not used
    signer group treasurers is not used
    counterparty acme is not used
    allow rule pay allows any destination but those it rules out
    no limit applies to what allow rule pay allows
    ");
    assert_snapshot!(warn("{destination: [{subtype: EXTERNAL}]}", r#"{signers: {not: ["s-1"]}}"#), @"
    class stablecoin is not used
    list routers is not used
    signer group treasurers is not used
    counterparty acme is not used
    allow rule pay allows every address of subtype EXTERNAL
    ");
    assert_snapshot!(warn("{destination: [{address_type: WHITELISTED}, {type: UNMANAGED, counterparty: acme}]}", "{destination: [{address_type: ONE_TIME}, {tag: \"1\", type: VAULT}]}"), @"
    class stablecoin is not used
    list routers is not used
    signer group treasurers is not used
    a destination of allow rule pay can never match: counterparty acme has no such account, and no lists: leave one of the two out
    allow rule pay allows every address of address type WHITELISTED
    ");
    assert_snapshot!(warn("{operations: [CONTRACT_CALL], call: {contracts: routers}}", "{destination: {not: [{type: VAULT}]}}"), @"
    class stablecoin is not used
    signer group treasurers is not used
    counterparty acme is not used
    allow rule pay allows CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    ");
}

#[test]
fn a_fee_whose_coin_is_not_stated_is_warned_of() {
    let text = POLICY.replace("6, fee_asset: ETH", "6").replace("ALLOWED", "{}").replace("LIMITED", "{}");
    let warn = |deny: &str| {
        let file = read("p.yaml", &text.replace("WHEN", deny)).unwrap();
        warnings::collect(&file)
            .into_iter()
            .map(|warning| warning.message)
            .find(|message| message.contains("fee"))
    };
    let token = warn(r#"{assets: [USDC], fee: {over: "1"}}"#);
    assert_snapshot!(token.unwrap(), @"rule guard reads the fee of USDC in USDC: state its fee_asset, which for a token is another");
    assert_eq!(warn(r#"{assets: [ETH], fee: {over: "1"}}"#), None);
    assert_eq!(warn(r#"{assets: [BTC], fee_share: {over: "1"}}"#), None, "no token");
}

#[test]
fn warnings_name_the_operations_that_no_limit_bounds() {
    let warn = |limit: &str| {
        let file = with(
            "{signers: [nobody]}",
            "{operations: [TRANSFER, STAKE, UNSTAKE], destination: [{type: VAULT}]}",
            limit,
        );
        let file = file.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        warnings::told(&file)
    };
    assert!(
        warn("{operations: [TRANSFER]}")
            .contains("no limit applies to STAKE, UNSTAKE that allow rule pay allows")
    );
    assert!(warn("{operations: [BURN]}").contains("no limit applies to what allow rule pay allows"));
    assert!(!warn("{}").contains("no limit"));
}

#[test]
fn an_entry_that_says_what_another_says_is_a_mistake() {
    for (field, twice) in [
        ("signers", r#""s-1", "s-1""#),
        ("signers", "{group: treasurers}, {group: treasurers}"),
        ("source", r#"{type: VAULT, id: "1"}, {id: "1", type: VAULT}"#),
        ("destination", "{list: routers}, {list: routers}"),
        ("destination", "{type: EXCHANGE}, {counterparty: acme}, {type: EXCHANGE}"),
        ("note", "stop, stop"),
        ("external_tx_id", "x-1, x-1"),
        ("times", "{zone: UTC, days: [SAT]}, {days: [SAT], zone: UTC}"),
    ] {
        for when in [format!("{{{field}: [{twice}]}}"), format!("{{{field}: {{not: [{twice}]}}}}")] {
            let told = in_deny(&when);
            let lines: Vec<&str> = told.lines().collect();
            assert!(
                matches!(lines.as_slice(), [only] if only.ends_with(&format!(": this is in {field} already"))),
                "{when}: {told}"
            );
        }
    }
    assert_snapshot!(in_deny("{destination: [{list: routers}, {type: VAULT}, {list: routers}]}"), @"p.yaml:12:58: this is in destination already");
    // What only overlaps is meant.
    for when in [
        "{signers: [s-1, {group: treasurers}]}",
        r#"{source: [{type: VAULT}, {type: VAULT, id: "1"}]}"#,
        "{destination: [{type: EXCHANGE}, {counterparty: acme}]}",
    ] {
        assert_eq!(in_deny(when), "", "{when}");
    }
}

#[test]
fn only_the_fields_that_are_taken_are_offered() {
    assert_snapshot!(in_limit("{destination: [{zzz: 1}]}"), @"
    p.yaml:18:26: a destination needs a type, a list, a counterparty, a subtype or an address_type
    p.yaml:18:27: unknown field zzz: expected type, id, subtype, list, counterparty, address_type or tag
    ");
    assert_snapshot!(in_deny("{destination: [{zzz: 1}]}"), @"
    p.yaml:12:26: a destination needs a type, a list, a counterparty, a subtype or an address_type
    p.yaml:12:27: unknown field zzz: expected type, id, subtype, list, counterparty, address_type, tag, listed_for or listed_within
    ");
    assert_snapshot!(in_limit("{destination: [{list: routers, listed_fro: 1h}]}"), @"p.yaml:18:42: unknown field listed_fro: expected type, id, subtype, list, counterparty, address_type or tag");
    assert_snapshot!(in_limit("{destination: [{list: routers, listed_for: 1h}]}"), @"p.yaml:18:11: a limit cannot ask how long an address has been listed: write a rule");
    let allow = |field: &str| in_allow(&format!("{{}}\n    {field}: true"));
    assert_snapshot!(allow("zzz"), @"p.yaml:16:5: unknown field zzz: expected id or when");
    assert_snapshot!(allow("leave_to_consol"), @"p.yaml:16:5: unknown field leave_to_consol: expected id or when");
    assert_snapshot!(allow("leave_to_console"), @"p.yaml:16:23: leave_to_console belongs to deny rules and limits: an allow rule holds nothing");
    let deny = in_deny("{}\n    zzz: true");
    assert_snapshot!(deny, @"p.yaml:13:5: unknown field zzz: expected id, when or leave_to_console");
}

/// A deny rule over what nobody is called denies nothing.
#[test]
fn ids_and_words_show_as_they_are_read() {
    assert_snapshot!(in_deny("{signers: [\"intern \"]}"), @r#"p.yaml:12:22: a signer "intern " begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{source: [{type: VAULT, id: \" 7\"}]}"), @r#"p.yaml:12:39: id " 7" begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{destination: [{type: EXCHANGE, id: \"kraken\\n\"}]}"), @r#"p.yaml:12:47: id "kraken\n" begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{destination: [{type: EXCHANGE, id: \"kra\\u200bken\"}]}"), @r#"p.yaml:12:47: id "kra\u{200b}ken" holds U+200B, which does not show: take it out"#);
    assert_snapshot!(in_deny("{destination: [{type: EXCHANGE, subtype: \"Kraken \"}]}"), @r#"p.yaml:12:52: subtype "Kraken " begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{destination: [{type: EXCHANGE, tag: \"6\\x006\"}]}"), @r#"p.yaml:12:48: tag "6\06" holds U+0000, which does not show: take it out"#);
    assert_snapshot!(in_deny("{operations: [RAW], messages: [\"EIP 7702 \"]}"), @r#"p.yaml:12:42: the type of a message "EIP 7702 " begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{condition: 'signer == \"mallory \"'}"), @r#"p.yaml:12:34: condition: "mallory " begins or ends with a blank: take the blank out"#);
    assert_snapshot!(in_deny("{condition: 'source.id in [\"7\", \"\u{a0}8\"]'}"), @r#"p.yaml:12:43: condition: "\u{a0}8" begins or ends with a blank: take the blank out"#);
    let block = "\n      signers:\n        - |\n          mallory";
    assert_snapshot!(in_deny(block), @r#"p.yaml:15:11: a signer "mallory\n" begins or ends with a blank: take the blank out"#);
    for when in [
        "{signers: [\"the intern\"], note: [\" x \"]}",
        "{condition: 'signer == \"the intern\" && note == \"x \" && external_tx_id == \" x\" && note.endsWith(\" \")'}",
    ] {
        assert_eq!(in_deny(when), "", "{when}");
    }
    for (from, to) in [("\"s-1\"", "\"s-1 \""), ("version: 1\n", "version: 1\noperations: [\"SWAP \"]\n")] {
        assert!(POLICY.contains(from));
        let policy = POLICY.replace("WHEN", "{}").replace("ALLOWED", "{}").replace("LIMITED", "{}");
        let told = read("p.yaml", &policy.replace(from, to)).unwrap_err().to_string();
        assert!(told.contains("begins or ends with a blank"), "{told}");
    }
}
