use insta::assert_snapshot;

use crate::policy_file::{read, warnings};

const POLICY: &str = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
lists:
  p: {chain: evm, addresses: ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
counterparties:
  acme: {accounts: [{type: EXCHANGE, id: k}], lists: [p]}
  broker: {accounts: [{type: EXCHANGE, id: b}]}
deny:
  - {id: only-known, when: DENIED}
allow:
  - {id: a, when: ALLOWED}
limits:
  - {id: often, when: LIMITED, max: {count: 2}, window: 1h}
"#;

/// What is told of the deny rule and the limit.
fn told(denied: &str, allowed: &str, limited: &str) -> String {
    let text = POLICY.replace("DENIED", denied).replace("ALLOWED", allowed).replace("LIMITED", limited);
    let told = warnings::told(&read("p.yaml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}")));
    told.lines().filter(|line| line.contains("before signing")).collect::<Vec<_>>().join("\n")
}

const KNOWN: &str = "{destination: {not: [{counterparty: acme}, {counterparty: broker}]}}";

#[test]
fn what_is_ruled_out_by_list_is_told_with_the_types_that_are_missed() {
    assert_snapshot!(told(KNOWN, "{}", "{}"), @"deny rule only-known meets no VAULT, EXCHANGE, NETWORK_CONNECTION, FIAT_ACCOUNT, CONNECTED_ACCOUNT, OEC_PARTNER before signing: their addresses do not apply there, and so nor does what rules list p out. Rule out {type: UNMANAGED, list: p} and {type: ONE_TIME_ADDRESS, list: p} in place of counterparty acme, and its accounts beside them; or {type: VAULT} as well, where that is meant");
    assert_snapshot!(told("{destination: {not: [{list: p}, {type: VAULT}]}}", "{destination: [{type: EXCHANGE}, {type: VAULT}]}", "{}"), @"deny rule only-known meets no EXCHANGE before signing: their addresses do not apply there, and so nor does what rules list p out. Rule out {type: UNMANAGED, list: p} and {type: ONE_TIME_ADDRESS, list: p} in place of list p; or {type: EXCHANGE} as well, where that is meant");
    assert_snapshot!(told("{note: [x]}", "{destination: {not: [{type: EXCHANGE, id: b}]}, stages: [APPROVAL]}", "{destination: {not: [{list: p}]}}"), @"limit often meets no VAULT, EXCHANGE, NETWORK_CONNECTION, FIAT_ACCOUNT, CONNECTED_ACCOUNT, OEC_PARTNER before signing: their addresses do not apply there, and so nor does what rules list p out. Rule out {type: UNMANAGED, list: p} and {type: ONE_TIME_ADDRESS, list: p} in place of list p; or {type: VAULT} as well, where that is meant");
}

#[test]
fn where_nothing_is_missed_or_it_is_meant_nothing_is_told() {
    let everybody = "{type: VAULT}, {type: EXCHANGE}, {type: NETWORK_CONNECTION}, {type: FIAT_ACCOUNT}, {type: CONNECTED_ACCOUNT}, {type: OEC_PARTNER}";
    for (denied, allowed) in [
        ("{destination: {not: [{counterparty: broker}]}}", "{}"),
        ("{destination: {not: [{type: UNMANAGED, list: p}]}}", "{}"),
        ("{destination: {not: [{type: UNMANAGED, counterparty: acme}, {type: EXCHANGE, id: k}]}}", "{}"),
        ("{destination: [{list: p}]}", "{}"),
        (&format!("{{destination: {{not: [{{list: p}}, {everybody}]}}}}"), "{}"),
        ("{destination: {not: [{list: p}]}, stages: [SIGNING]}", "{}"),
        (KNOWN, "{destination: [{list: p}, {type: UNMANAGED}]}"),
        (KNOWN, "{destination: {not: [{list: p}]}}"),
        (KNOWN, "{stages: [SIGNING]}"),
        (KNOWN, "{operations: [RAW]}"),
        (KNOWN, "{operations: [CONTRACT_CALL], call: {contracts: p}}"),
    ] {
        assert_eq!(told(denied, allowed, "{}"), "", "{denied} {allowed}");
    }
}

/// The payments before signing that the policy allows, of all that the table has.
fn allowed(denied: &str) -> Vec<&'static str> {
    const ASKED: [&str; 8] = [
        "type: EXCHANGE, id: k",
        "type: EXCHANGE, id: b",
        "type: EXCHANGE, id: stranger",
        "type: NETWORK_CONNECTION, id: stranger",
        "type: VAULT, id: '9'",
        "type: UNMANAGED, address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'",
        "type: ONE_TIME_ADDRESS, address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'",
        "type: UNMANAGED, address: '0x1111111111111111111111111111111111111111'",
    ];
    let is_allowed = |to: &&str| {
        let test = format!(
            "tests:\n  - name: t\n    request: {{stage: APPROVAL, source: {{type: VAULT, id: '0'}}, asset: ETH, amount: '1', to: [{{{to}}}]}}\n    expect: {{verdict: ALLOW}}\n"
        );
        let text = POLICY.replace("DENIED", denied).replace("ALLOWED", "{}").replace("LIMITED", "{}");
        match read("p.yaml", &(text + &test)) {
            Ok(_) => true,
            Err(told) => {
                assert!(told.to_string().contains("deny rule only-known matches"), "{told}");
                false
            }
        }
    };
    ASKED.into_iter().filter(is_allowed).map(|to| to.split('\'').next().unwrap()).collect()
}

/// What the warning says: strangers are allowed, and no more where its advice is taken.
#[test]
fn the_way_out_that_is_told_is_one() {
    assert_eq!(
        allowed(KNOWN),
        [
            "type: EXCHANGE, id: k",
            "type: EXCHANGE, id: b",
            "type: EXCHANGE, id: stranger",
            "type: NETWORK_CONNECTION, id: stranger",
            "type: VAULT, id: ",
            "type: UNMANAGED, address: ",
            "type: ONE_TIME_ADDRESS, address: ",
        ]
    );
    let mended = "{destination: {not: [{type: UNMANAGED, list: p}, {type: ONE_TIME_ADDRESS, list: p}, {type: EXCHANGE, id: k}, {counterparty: broker}]}}";
    let known = [
        "type: EXCHANGE, id: k",
        "type: EXCHANGE, id: b",
        "type: UNMANAGED, address: ",
        "type: ONE_TIME_ADDRESS, address: ",
    ];
    assert_eq!((told(mended, "{}", "{}").as_str(), allowed(mended).as_slice()), ("", known.as_slice()));
}
