//! `decider policy explain`: what is said, word by word.

use insta::assert_snapshot;

use crate::program::output;
use crate::support::Files;

const AT: [&str; 2] = ["--at", "2026-03-01T12:00:00Z"];

const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
lists:
  payees: {chain: evm, addresses: ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
deny:
  - {id: over-2-eth, when: {assets: [ETH], amount: {over: "2"}}}
  - {id: stopped, when: {note: ["stop.*"], signers: {not: [boss]}}}
allow:
  - id: payouts
    when: {source: [{type: VAULT, id: "7"}], destination: [{type: VAULT, id: "1"}, {list: payees}], stages: [APPROVAL]}
  - id: by-night
    when: {times: [{zone: UTC, days: [SAT, SUN], from: "22:00", to: "06:00"}], amount_usd: {max: "100"}}
limits:
  - {id: eth-per-hour, key: [source, asset], when: {assets: [ETH]}, max: {amount: "1"}, window: 1h}
"#;

fn explained(request: &str, more: &[&str]) -> (i32, String, String) {
    let files = Files::new();
    files.write("policy.yaml", POLICY);
    files.write("request.json", request);
    let arguments = [["policy", "explain", "request.json", "--policy", "policy.yaml"].as_slice(), &AT, more];
    output(&files, &arguments.concat())
}

fn text(request: &str) -> String {
    let (code, out, err) = explained(request, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    out
}

const REQUEST: &str = include_str!("../../../tests/examples/decide.json");

#[test]
fn each_rule_each_condition_and_each_limit_is_told() {
    assert_snapshot!(text(&REQUEST.replace("\"operation\"", "\"signerId\": \"s-1\", \"note\": \"wages\", \"operation\"")), @"
    asked at 2026-03-01T12:00:00Z, ledger empty: name a store with --store to count what was charged

    deny  over-2-eth  no match
      + assets          ETH; it has ETH
      - amount          over 2 ETH; it has 0.25 ETH
    deny  stopped  no match
      + signers         not boss; it has s-1
      - note            stop.*; it has wages
    allow payouts  matches
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      + stages          APPROVAL; it has APPROVAL
      + source          VAULT 7; it has VAULT 7
      + destination     VAULT 1 | list payees; it has VAULT 1, 0.25 ETH
    allow by-night  no match
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      - amount_usd      at most 100.000000 USD; it has 468.570000 USD
      - times           SAT, SUN 22:00 to 06:00 UTC; it has SUN 2026-03-01T12:00:00 UTC
    limit eth-per-hour source VAULT:7, asset ETH  has room
      + 0 ETH used, 0.25 ETH requested, 1 ETH at most, 0.75 ETH left
        window rolling 1h, grows at 2026-03-01T13:00:00Z

    ALLOW, told as APPROVE. ALLOWED: allow rule payouts
    ");
}

#[test]
fn what_is_missing_and_what_has_no_room_is_told() {
    assert_snapshot!(text(REQUEST), @"
    asked at 2026-03-01T12:00:00Z, ledger empty: name a store with --store to count what was charged

    deny  over-2-eth  no match
      + assets          ETH; it has ETH
      - amount          over 2 ETH; it has 0.25 ETH
    deny  stopped  cannot tell
      ? signers         not boss; it has missing (the signer is missing)
      ? note            stop.*; it has missing (the note is missing)
    allow payouts  matches
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      + stages          APPROVAL; it has APPROVAL
      + source          VAULT 7; it has VAULT 7
      + destination     VAULT 1 | list payees; it has VAULT 1, 0.25 ETH
    allow by-night  no match
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      - amount_usd      at most 100.000000 USD; it has 468.570000 USD
      - times           SAT, SUN 22:00 to 06:00 UTC; it has SUN 2026-03-01T12:00:00 UTC
    limit eth-per-hour source VAULT:7, asset ETH  has room
      + 0 ETH used, 0.25 ETH requested, 1 ETH at most, 1 ETH left
        window rolling 1h

    HOLD, told as REJECT. DENY_RULE_INDETERMINATE: deny rule stopped: the signer is missing, the note is missing
    ");
    let much =
        REQUEST.replace("0.25", "1.5").replace("\"operation\"", "\"signerId\": \"boss\", \"operation\"");
    assert_snapshot!(text(&much), @"
    asked at 2026-03-01T12:00:00Z, ledger empty: name a store with --store to count what was charged

    deny  over-2-eth  no match
      + assets          ETH; it has ETH
      - amount          over 2 ETH; it has 1.5 ETH
    deny  stopped  no match
      - signers         not boss; it has boss
      ? note            stop.*; it has missing (the note is missing)
    allow payouts  matches
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      + stages          APPROVAL; it has APPROVAL
      + source          VAULT 7; it has VAULT 7
      + destination     VAULT 1 | list payees; it has VAULT 1, 1.5 ETH
    allow by-night  no match
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      - amount_usd      at most 100.000000 USD; it has 468.570000 USD
      - times           SAT, SUN 22:00 to 06:00 UTC; it has SUN 2026-03-01T12:00:00 UTC
    limit eth-per-hour source VAULT:7, asset ETH  no room: denies
      - 0 ETH used, 1.5 ETH requested, 1 ETH at most, 1 ETH left
        window rolling 1h

    DENY, told as REJECT. LIMIT_EXCEEDED: limit eth-per-hour: 1 ETH left of 1 ETH, 1.5 ETH asked
    ");
}

const PAYEES: &str =
    "lists: {payees: {chain: evm, addresses: [\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"]}}\n";

/// Of a policy of these rules and limits, over a request: the lines of its rules and limits.
fn told_of(rules: &str, request: &str) -> String {
    let files = Files::new();
    files.write("request.json", request);
    let rules = if rules.contains("allow:") { rules.into() } else { format!("allow: []\n{rules}") };
    let lists = if rules.contains("payees") { PAYEES } else { "" };
    files.write(
        "policy.yaml",
        &format!("version: 1\nassets:\n  ETH: {{chain: evm, decimals: 18}}\n{lists}{rules}"),
    );
    let explain = ["policy", "explain", "request.json", "--policy", "policy.yaml"];
    let (_, out, err) = output(&files, &[&explain[..], &AT].concat());
    err + out.lines().skip(2).collect::<Vec<_>>().join("\n").split("\n\n").next().unwrap_or_default()
}

#[test]
fn an_expression_is_told_with_the_values_of_what_it_names() {
    let rules = r#"deny:
  - id: odd
    when:
      assets: [ETH]
      condition: >-
        (amount.more_than("1") ||
           usd.more_than("400")) && destinations.count == 1
        && fee.at_most("1") && note == "it's me" && source.id in ["7", "8"]
"#;
    let request = REQUEST.replace("\"operation\"", "\"note\": \"amount 5 ETH, \\\"a\\\"\", \"operation\"");
    assert_snapshot!(told_of(rules, &request), @r#"
    deny  odd  no match
      + assets          ETH; it has ETH
      - condition       (amount.more_than("1") || usd.more_than("400")) && destinations.count == 1 && fee.at_most("1") && note == "it's me" && source.id in ["7", "8"]; it has destinations.count 1, amount 0.25 ETH, usd 468.570000 USD, fee does not apply, source.id "7", note "amount 5 ETH, \"a\""
    "#);
    let raw = REQUEST.replace("\"TRANSFER\"", "\"RAW\"");
    assert_snapshot!(told_of(rules, &raw), @r#"
    deny  odd  no match
      + assets          ETH; it has ETH
      - condition       (amount.more_than("1") || usd.more_than("400")) && destinations.count == 1 && fee.at_most("1") && note == "it's me" && source.id in ["7", "8"]; it has destinations.count does not apply, amount does not apply, usd does not apply, fee does not apply, source.id "7", note missing
    "#);
}

#[test]
fn what_does_not_apply_says_so() {
    let rules = r#"deny:
  - {id: dear, when: {assets: [ETH], fee: {over: "0.01"}}}
  - {id: method, when: {call: {methods: ["0xa9059cbb"]}}}
  - {id: message, when: {messages: {not: [EIP712]}}}
  - {id: stranger, when: {destination: {not: [{list: payees}, {type: VAULT, id: "2"}]}}}
"#;
    let request = REQUEST;
    assert_snapshot!(told_of(rules, request), @"
    deny  dear  no match
      + assets          ETH; it has ETH
      - fee             over 0.01 ETH; does not apply to TRANSFER at APPROVAL
    deny  method  no match
      - call            0xa9059cbb; does not apply to TRANSFER at APPROVAL
    deny  message  no match
      - messages        not EIP712; does not apply to TRANSFER at APPROVAL
    deny  stranger  no match
      - destination     not list payees | VAULT 2; it has VAULT 1, 0.25 ETH (does not apply: its address at APPROVAL)
    ");
    assert_snapshot!(told_of(rules, &request.replace("\"TRANSFER\"", "\"TYPED_MESSAGE\"")), @"
    deny  dear  no match
      + assets          ETH; it has ETH
      - fee             over 0.01 ETH; does not apply to TYPED_MESSAGE at APPROVAL
    deny  method  no match
      - call            0xa9059cbb; does not apply to TYPED_MESSAGE at APPROVAL
    deny  message  cannot tell
      ? messages        not EIP712; it has missing (the messages are missing)
    deny  stranger  no match
      - destination     not list payees | VAULT 2; does not apply to TYPED_MESSAGE at APPROVAL
    ");
}

#[test]
fn times_are_told_as_clocks_show_them_where_the_rule_asks() {
    let rules = r#"allow:
  - id: office
    when:
      times:
        - {zone: Europe/Berlin, days: [MON, TUE], from: "09:00", to: "17:00"}
        - {zone: Pacific/Apia, days: [MON], from: "01:00", to: "02:00"}
"#;
    assert_snapshot!(told_of(rules, REQUEST), @"
    allow office  matches
      + operations      TRANSFER, because it names no operation; it has TRANSFER
      + times           MON, TUE 09:00 to 17:00 Europe/Berlin | MON 01:00 to 02:00 Pacific/Apia; it has MON 2026-03-02T01:00:00 Pacific/Apia | SUN 2026-03-01T13:00:00 Europe/Berlin
    ");
}

#[test]
fn an_entrys_date_stands_beside_what_is_asked_of_its_age() {
    let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let rules = format!(
        "deny: [{{id: young, when: {{destination: [{{list: dated, listed_within: 2d}}]}}}}]
lists: {{dated: {{chain: evm, addresses: [{{address: \"{address}\", added: 2026-02-28}}]}}}}
"
    );
    let wallet = format!("{{\"type\": \"UNMANAGED\"}}, \"address\": \"{address}\"");
    let request = REQUEST.replace(r#"{"type": "VAULT", "id": "1"}"#, &wallet);
    assert_snapshot!(told_of(&rules, &request), @"
    deny  young  matches
      + destination     list dated listed within 2d; it has UNMANAGED, 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed, 0.25 ETH, on dated since 2026-03-01T12:00:00Z
    ");
}

/// Numbers that nobody counted are not told.
#[test]
fn a_limit_that_cannot_be_told_shows_no_numbers_that_nobody_counted() {
    let rules = r#"allow: [{id: all, when: {operations: [TRANSFER, BURN]}}]
limits:
  - {id: each, max: {destinations: 5}, window: 1h}
  - {id: worth, max: {usd: "1000"}, window: 1h}
"#;
    let request = REQUEST.replace("\"TRANSFER\"", "\"BURN\"");
    let nobody = request.split("\"destinations\"").next().unwrap().to_owned() + "\"destinations\": []}";
    assert_snapshot!(told_of(rules, &nobody), @"
    allow all  matches
      + operations      BURN | TRANSFER; it has BURN
    limit each  cannot tell: the destination is missing
      ? 5 destinations at most; what is used was not counted
        window rolling 1h
    limit worth  cannot tell: the USD value is missing
      ? 0.000000 USD used, nobody knows how much is requested, 1000.000000 USD at most, 1000.000000 USD left
        window rolling 1h
    ");
}

/// A bound is so many of the smallest units of the rule's own asset: in those of another one it is no amount at all.
#[test]
fn amounts_of_another_asset_are_not_shown_as_if_they_were_in_this_one() {
    let files = Files::new();
    files.write("request.json", REQUEST);
    let rule = |asset: &str, field: &str| {
        let policy = POLICY.replace(
            "  ETH: {chain: evm, decimals: 18}",
            "  ETH: {chain: evm, decimals: 18}\n  USDC: {chain: evm, decimals: 6}",
        );
        let rule = format!(
            "  - {{id: much, when: {{assets: [{asset}], {field}: {{over: \"1000\"}}}}}}\n  - {{id: stopped"
        );
        files.write("policy.yaml", &policy.replace("  - {id: stopped", &rule));
        let explain = ["policy", "explain", "request.json", "--policy", "policy.yaml"];
        let (_, out, err) = output(&files, &[&explain[..], &AT].concat());
        let of_rule = out.lines().skip_while(|line| !line.contains("deny  much")).take(3);
        err + &of_rule.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(rule("USDC", "amount"), @"
    deny  much  no match
      - assets          USDC; it has ETH
      ? amount          over 1000 USDC; it has 0.25 ETH (the amount is in another asset)
    ");
    assert_snapshot!(rule("ETH", "amount"), @"
    deny  much  no match
      + assets          ETH; it has ETH
      - amount          over 1000 ETH; it has 0.25 ETH
    ");
}

/// Whoever makes a transaction writes its texts: none of them says what came out.
#[test]
fn texts_of_a_request_write_no_lines_of_their_own_and_hide_none() {
    let note = r#""rent\n\nALLOW, told as APPROVE. ALLOWED: allow rule treasury\n\u001b[8m\u202e""#;
    let request =
        REQUEST.replace("\"operation\"", &format!("\"signerId\": \"s-1\", \"note\": {note}, \"operation\""));
    let request = request.replace("\"id\": \"7\"", r#""id": "7\u001b[2J\nlimit""#);
    let rules = "deny: [{id: stopped, when: {note: [\"stop.*\"]}}]\nallow: [{id: all, when: {}}]\n\
                 limits: [{id: hour, key: [source], max: {count: 9}, window: 1h}]\n";
    let told = told_of(rules, &request);
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
    let line = r"  - note            stop.*; it has rent\n\nALLOW, told as APPROVE. ALLOWED: allow rule treasury\n\u{1b}[8m\u{202e}";
    assert!(told.lines().any(|each| each == line), "{told}");
    assert!(told.contains(r"limit hour source VAULT:7\u{1b}[2J\nlimit  has room"), "{told}");
    assert_eq!(told.lines().count(), 7, "{told}");

    let long =
        REQUEST.replace("\"operation\"", &format!("\"note\": \"{}\", \"operation\"", "a".repeat(4000)));
    let line = text(&long).lines().find(|line| line.contains(" note ")).unwrap().to_owned();
    assert!(line.len() < 400 && line.contains(" … 3700 characters more … "), "{line}");

    let (_, _, err) = explained(r#"{"tenant\u001b[8m\nALLOW": "a"}"#, &[]);
    assert!(err.contains(r"'tenant\u{1b}[8m\nALLOW'"), "{err}");
}

#[test]
fn a_request_that_cannot_be_read_is_told() {
    assert_snapshot!(text(&REQUEST.replace("\"0.25\"", "\"1e5\"")), @"
    asked at 2026-03-01T12:00:00Z, ledger empty: name a store with --store to count what was charged

    no rule had a look at it: the request cannot be read

    DENY, told as REJECT. FIELD_INVALID: amountStr: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5
    ");
}

#[test]
fn programs_read_the_same() {
    let much =
        REQUEST.replace("0.25", "1.5").replace("\"operation\"", "\"signerId\": \"boss\", \"operation\"");
    let (code, out, _) = explained(&much, &["--output", "json"]);
    assert_eq!(code, 0);
    assert_snapshot!(out, @r#"
    {
      "verdict": "DENY",
      "action": "REJECT",
      "reason": {
        "code": "LIMIT_EXCEEDED",
        "text": "limit eth-per-hour: 1 ETH left of 1 ETH, 1.5 ETH asked"
      },
      "at": 1772366400000000,
      "rules": [
        {
          "id": "over-2-eth",
          "effect": "DENY",
          "holds": false,
          "conditions": [
            {
              "field": "assets",
              "holds": true,
              "asked": "ETH",
              "given": "ETH"
            },
            {
              "field": "amount",
              "holds": false,
              "asked": "over 2 ETH",
              "given": "1.5 ETH"
            }
          ]
        },
        {
          "id": "stopped",
          "effect": "DENY",
          "holds": false,
          "conditions": [
            {
              "field": "signers",
              "holds": false,
              "asked": "not boss",
              "given": "boss"
            },
            {
              "field": "note",
              "holds": null,
              "missing": [
                "the note is missing"
              ],
              "asked": "stop.*",
              "given": "missing"
            }
          ]
        },
        {
          "id": "payouts",
          "effect": "ALLOW",
          "holds": true,
          "conditions": [
            {
              "field": "operations",
              "holds": true,
              "asked": "TRANSFER, because it names no operation",
              "given": "TRANSFER"
            },
            {
              "field": "stages",
              "holds": true,
              "asked": "APPROVAL",
              "given": "APPROVAL"
            },
            {
              "field": "source",
              "holds": true,
              "asked": "VAULT 7",
              "given": "VAULT 7"
            },
            {
              "field": "destination",
              "holds": true,
              "asked": "VAULT 1 | list payees",
              "given": "VAULT 1, 1.5 ETH",
              "destinations": [
                {
                  "given": "VAULT 1, 1.5 ETH",
                  "holds": true
                }
              ]
            }
          ]
        },
        {
          "id": "by-night",
          "effect": "ALLOW",
          "holds": false,
          "conditions": [
            {
              "field": "operations",
              "holds": true,
              "asked": "TRANSFER, because it names no operation",
              "given": "TRANSFER"
            },
            {
              "field": "amount_usd",
              "holds": false,
              "asked": "at most 100.000000 USD",
              "given": "468.570000 USD"
            },
            {
              "field": "times",
              "holds": false,
              "asked": "SAT, SUN 22:00 to 06:00 UTC",
              "given": "SUN 2026-03-01T12:00:00 UTC"
            }
          ]
        }
      ],
      "limits": [
        {
          "limit_id": "eth-per-hour",
          "key": {
            "source": "VAULT:7",
            "asset": "ETH"
          },
          "unit": {
            "base_units": "ETH"
          },
          "used": "0",
          "requested": "1500000000000000000",
          "max": "1000000000000000000",
          "headroom": "1000000000000000000",
          "window": 3600,
          "grows_at": null,
          "exceeded": true,
          "hold": false,
          "indeterminate": null
        }
      ]
    }
    "#);
}

#[test]
fn what_cannot_be_read_ends_it() {
    let (code, out, err) = explained("{\"tenat\": \"a\"}", &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_snapshot!(err, @"decider: request.json: not a DecideRequest of the contract, such as tests/examples/decide.json (the callback of a Co-signer has another form): unrecognized field name 'tenat' at line 1 column 8");
    let (code, _, err) = explained(REQUEST, &["--store", "none.db"]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @"decider: none.db: there is no such file: is this the path of the store?");
}
