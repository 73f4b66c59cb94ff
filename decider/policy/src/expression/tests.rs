use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::amount::{Amount, Decimals};
use crate::circumstances::Fee;
use crate::intent::{Account, Destination};
use crate::request::CallerProof;
use crate::time::Time;
use crate::usd::Usd;
use Truth::{False, True};

/// Amounts in ETH, fees in GAS, both with six decimals.
fn units() -> Units {
    let of = |asset: &str| Some((asset.to_owned(), Decimals::SIX));
    Units { amount: of("ETH"), fee: of("GAS") }
}

fn parse(text: &str) -> Expression {
    Expression::parse(text, &units()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn amount(text: &str) -> Amount {
    Amount::parse(text, Decimals::SIX).unwrap()
}

/// Signing of 1.5 ETH, worth 3000 dollars, to two vaults.
fn intent() -> Intent {
    let destination = Destination {
        account: Account::default(),
        address: None,
        tag: None,
        address_type: None,
        amount: amount("0.75"),
        usd: Some(Usd::parse_exact("1500").unwrap()),
    };
    Intent {
        tenant: "default".into(),
        caller_proof: Some(CallerProof::CosignerSignature),
        stage: Stage::Signing,
        operation: "TRANSFER".into(),
        signer: Some("alice".into()),
        source: Account { kind: Some("VAULT".into()), id: Some("0".into()), subtype: None },
        asset: "ETH".into(),
        decimals: None,
        chain: None,
        tag_required: false,
        amount: amount("1.5"),
        net_amount: None,
        requested_amount: None,
        destinations: vec![destination.clone(), destination],
        contract_data: [].into(),
    }
}

fn circumstances() -> Circumstances {
    Circumstances {
        at: Time::default(),
        fee: Some(Fee { asset: "GAS".into(), amount: amount("0.01") }),
        method: None,
        message_types: None,
        note: Some("payroll-7".into()),
        price_doubt: None,
        external_tx_id: Some("pay-1".into()),
    }
}

fn holds(text: &str) -> Truth {
    parse(text).holds(&intent(), &circumstances())
}

/// With everything missing that can be.
fn holds_of_less(text: &str) -> Truth {
    let less = Intent { caller_proof: None, signer: None, source: Account::default(), ..intent() };
    let mut less = Intent { destinations: less.destinations.clone(), ..less };
    less.destinations[1].usd = None;
    let circumstances = Circumstances { fee: None, note: None, external_tx_id: None, ..circumstances() };
    parse(text).holds(&less, &circumstances)
}

#[test]
fn each_comparison_means_what_it_says() {
    for (text, expected) in [
        (r#"operation == "TRANSFER""#, true),
        (r#"operation != "TRANSFER""#, false),
        (r#"stage == "SIGNING""#, true),
        (r#"tenant == "default""#, true),
        (r#"tenant in ["json"]"#, false),
        (r#"caller_proof == "COSIGNER_SIGNATURE""#, true),
        (r#"caller_proof != "UNPROVEN""#, true),
        (r#"caller_proof in ["UNPROVEN"]"#, false),
        (r#"asset in ["BTC", "ETH"]"#, true),
        (r#"asset in ['BTC']"#, false),
        (r#"signer == "alice" && source.type == "VAULT" && source.id == "0""#, true),
        (r#"note.startsWith("payroll-")"#, true),
        (r#"note.endsWith("payroll-")"#, false),
        (r#"note.contains("roll")"#, true),
        (r#"external_tx_id.endsWith("-1")"#, true),
        ("destinations.count == 2", true),
        ("destinations.count != 2", false),
        ("destinations.count > 2", false),
        ("destinations.count >= 2", true),
        ("destinations.count < 3", true),
        ("destinations.count <= 1", false),
        (r#"amount.more_than("1.5")"#, false),
        (r#"amount.more_than("1.499999")"#, true),
        (r#"amount.at_least("1.5")"#, true),
        (r#"amount.less_than("1.5")"#, false),
        (r#"amount.at_most("1.5")"#, true),
        (r#"usd.more_than("2999.999999")"#, true),
        (r#"usd.at_most("3000")"#, true),
        (r#"fee.at_most("0.01")"#, true),
        (r#"fee.more_than("0.01")"#, false),
        ("!destinations.count == 2", false),
        ("!!destinations.count == 2", true),
    ] {
        let truth = if text.starts_with('!') {
            holds(&text.replace("destinations.count == 2", "(destinations.count == 2)"))
        } else {
            holds(text)
        };
        assert_eq!(truth, expected.into(), "{text}");
    }
}

#[test]
fn and_binds_closer_than_or_and_parentheses_closest() {
    let (yes, no) = (r#"asset == "ETH""#, r#"asset == "BTC""#);
    assert_eq!(holds(&format!("{yes} || {no} && {no}")), True);
    assert_eq!(holds(&format!("({yes} || {no}) && {no}")), False);
    assert_eq!(holds(&format!("{no} && {no} || {yes}")), True);
    assert_eq!(holds(&format!("!({no}) && {yes}")), True);
    assert_eq!(holds(&format!("!({no} || {yes})")), False);
}

#[test]
fn what_nobody_knows_of_a_type_is_unknown_whichever_way_it_is_asked() {
    let source = Account { kind: Some("VAULT_ACCOUNT".into()), ..intent().source };
    let intent = Intent { source, ..intent() };
    for text in
        [r#"source.type == "VAULT""#, r#"source.type != "VAULT""#, r#"!source.type.startsWith("EXCH")"#]
    {
        let truth = parse(text).holds(&intent, &circumstances());
        assert_eq!(truth, Truth::unknown("the source's type is none that is known"), "{text}");
    }
}

#[test]
fn what_is_missing_is_unknown_under_negation_too_and_settled_by_what_is_known() {
    for (text, phrase) in [
        (r#"signer == "alice""#, "the signer is missing"),
        (r#"signer != "alice""#, "the signer is missing"),
        (r#"!(note.contains("x"))"#, "the note is missing"),
        (r#"caller_proof == "UNPROVEN""#, "the caller's proof is missing"),
        (r#"caller_proof != "UNPROVEN""#, "the caller's proof is missing"),
        (r#"external_tx_id in ["a"]"#, "the client's own id is missing"),
        (r#"source.type == "VAULT""#, "the source's type is missing"),
        (r#"source.id == "VAULT""#, "the source's id is missing"),
        (r#"usd.at_most("1")"#, "the USD value is missing"),
        (r#"fee.at_most("1")"#, "the fee is missing"),
        (r#"!fee.at_most("1")"#, "the fee is missing"),
        (r#"asset == "ETH" && !(note == "x")"#, "the note is missing"),
        (r#"asset == "BTC" || note == "x""#, "the note is missing"),
    ] {
        assert_eq!(holds_of_less(text), Truth::unknown(phrase), "{text}");
    }
    assert_eq!(holds_of_less(r#"asset == "ETH" || note == "x""#), True);
    assert_eq!(holds_of_less(r#"note == "x" && asset == "BTC""#), False);
    let doubt = Some("the price of ETH is missing".to_owned());
    let mut unpriced = intent();
    unpriced.destinations[0].usd = None;
    let truth = parse(r#"usd.at_most("1")"#)
        .holds(&unpriced, &Circumstances { price_doubt: doubt, ..circumstances() });
    assert_eq!(truth, Truth::unknown("the price of ETH is missing"));
}

#[test]
fn what_does_not_apply_makes_it_false_under_negation_too() {
    let call = Intent { operation: "CONTRACT_CALL".into(), stage: Stage::Approval, ..intent() };
    let raw = Intent { operation: "RAW".into(), destinations: Vec::new(), ..intent() };
    let of = |text: &str, intent: &Intent| parse(text).holds(intent, &circumstances());
    for not in ["", "!", "!!"] {
        for text in [
            r#"amount.at_most("9")"#,
            r#"amount.more_than("1")"#,
            r#"usd.at_most("9")"#,
            r#"fee.at_most("9")"#,
        ] {
            assert_eq!(of(&format!("{not}{text}"), &call), False, "{not}{text}");
        }
        assert_eq!(of(&format!("{not}(destinations.count > 1)"), &raw), False);
        assert_eq!(of(&format!("{not}(destinations.count < 1)"), &raw), False);
    }
    assert_eq!(of(r#"operation == "CONTRACT_CALL" || amount.at_most("9")"#, &call), True);
    let nobody = Intent { destinations: Vec::new(), ..intent() };
    assert_eq!(of("destinations.count < 3", &nobody), Truth::unknown("the destination is missing"));
}

#[test]
fn what_asks_for_a_fee_needs_one_where_nothing_else_can_hold() {
    let fee = r#"fee.at_most("1")"#;
    for needing in [fee.to_owned(), format!("!{fee}"), format!("{fee} && note == \"a\"")] {
        assert!(parse(&needing).never_holds_of("TRANSFER", Stage::Approval), "{needing}");
        assert!(!parse(&needing).never_holds_of("TRANSFER", Stage::Signing), "{needing}");
    }
    for other in [r#"note == "a""#.to_owned(), format!("{fee} || note == \"a\"")] {
        assert!(!parse(&other).never_holds_of("TRANSFER", Stage::Approval), "{other}");
    }
}

#[test]
fn a_fee_in_another_asset_is_unknown() {
    let fee = Some(Fee { asset: "ETH".into(), amount: amount("0.01") });
    let truth = parse(r#"fee.at_most("1")"#).holds(&intent(), &Circumstances { fee, ..circumstances() });
    assert_eq!(truth, Truth::unknown("the fee is in another asset"));
}

/// The character and the words, or what was not known and what is.
fn refused(text: &str) -> String {
    match Expression::parse(text, &units()) {
        Ok(expression) => format!("{expression:?}"),
        Err(ExpressionError { at, problem: Problem::Said(said) }) => format!("{at}: {said}"),
        Err(ExpressionError { at, problem: Problem::Unknown { what, name, known } }) => {
            format!("{at}: unknown {what} {name}, of {}", known.join(" "))
        }
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let refusals: Vec<String> = [
        "",
        "note",
        "nota == \"x\"",
        "true",
        "\"x\"",
        "note == 1",
        "note < \"x\"",
        "note == \"\"",
        "note == 'x' note",
        "(note == 'x'",
        "note == 'x",
        "note == 'x' &&",
        "note == 'x' & note == 'y'",
        "note == 'a\\n'",
        "note in []",
        "note in ['x', 'x']",
        "note in note",
        "note in ['x', 1]",
        "note in [x]",
        "amount in ['x']",
        "'x' == note",
        "stage == 'SIGN'",
        "caller_proof == 'PROVEN'",
        "tenant == 'Json'",
        "has(note)",
        "note.matches('x')",
        "destinations.exists(d, d.id == '1')",
        "note.size() > 1",
        "note.startsWith('')",
        "note.startsWith('a', 'b')",
        "size('x')",
        "amount > 1",
        "amount == 'x'",
        "amount.over('1')",
        "amount.at_most(1)",
        "amount.at_most('1e5')",
        "amount.at_most('0.0000001')",
        "usd.at_most('0.0000001')",
        "destinations.count > 'x'",
        "destinations.count.at_most('1')",
        "destinations.count > 1.5",
        "destinations.count + 1 > 2",
        "note == 'x' ? note == 'y' : note == 'z'",
        "ñote == 'x'",
        "note == 'é' && nota == 'x'",
    ]
    .iter()
    .map(|text| format!("{text} -- {}", refused(text)))
    .collect();
    assert_snapshot!(refusals.join("\n"), @r#"
     -- 1: expected a condition before the end
    note -- 1: note is not a condition: compare it with something
    nota == "x" -- 1: unknown variable nota, of tenant caller_proof operation stage asset signer source.type source.id note external_tx_id amount usd fee destinations.count
    true -- 1: unknown variable true, of tenant caller_proof operation stage asset signer source.type source.id note external_tx_id amount usd fee destinations.count
    "x" -- 1: expected a condition: name what is compared first
    note == 1 -- 9: note is text: compare it with a text in quotes
    note < "x" -- 6: note is text: it has no <, only == and !=
    note == "" -- 9: the note is never empty: an empty one is missing
    note == 'x' note -- 13: note does not belong here: expected &&, ||, a comparison or the end
    (note == 'x' -- 13: expected ) before the end
    note == 'x -- 9: the quote is never closed
    note == 'x' && -- 15: expected a condition before the end
    note == 'x' & note == 'y' -- 13: one & is not enough: write &&
    note == 'a\n' -- 9: text in an expression has no backslash and no line break: write it as it is compared
    note in [] -- 6: nothing is in an empty list: this never holds
    note in ['x', 'x'] -- 15: this is in the list already
    note in note -- 9: expected [ before note
    note in ['x', 1] -- 15: expected a text in quotes
    note in [x] -- 10: expected a text in quotes before x
    amount in ['x'] -- 1: expected a variable that is text before in
    'x' == note -- 1: expected a variable before a comparison
    stage == 'SIGN' -- 10: unknown stage SIGN, of APPROVAL SIGNING
    caller_proof == 'PROVEN' -- 17: unknown caller_proof PROVEN, of COSIGNER_SIGNATURE UNPROVEN
    tenant == 'Json' -- 11: Json is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_"
    has(note) -- 1: has is not allowed: an expression compares what is there
    note.matches('x') -- 1: matches is not allowed: an expression compares what is there
    destinations.exists(d, d.id == '1') -- 1: exists is not allowed: an expression compares what is there
    note.size() > 1 -- 1: expected a variable before a comparison
    note.startsWith('') -- 17: every text has an empty part: this always holds
    note.startsWith('a', 'b') -- 1: startsWith takes one text in quotes
    size('x') -- 1: unknown function size, of 
    amount > 1 -- 8: amount has no >: write amount.more_than("1.5"), at_least, less_than or at_most
    amount == 'x' -- 8: amount has no ==: write amount.more_than("1.5"), at_least, less_than or at_most
    amount.over('1') -- 1: unknown function over, of more_than at_least less_than at_most
    amount.at_most(1) -- 16: at_most takes a text in quotes
    amount.at_most('1e5') -- 16: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5 (asset ETH)
    amount.at_most('0.0000001') -- 16: the amount has 7 decimals: it may have at most 6, and nothing is rounded (asset ETH)
    usd.at_most('0.0000001') -- 13: the amount has 7 decimals: it may have at most 6, and nothing is rounded (US dollars)
    destinations.count > 'x' -- 22: destinations.count is a number: compare it with digits
    destinations.count.at_most('1') -- 1: destinations.count is a number: compare it with digits
    destinations.count > 1.5 -- 23: . has no meaning here
    destinations.count + 1 > 2 -- 20: + is not allowed: an expression compares and does not calculate
    note == 'x' ? note == 'y' : note == 'z' -- 13: ? is not allowed: write && and ||
    ñote == 'x' -- 1: ñ has no meaning here
    note == 'é' && nota == 'x' -- 16: unknown variable nota, of tenant caller_proof operation stage asset signer source.type source.id note external_tx_id amount usd fee destinations.count
    "#);
    let several = Expression::parse("amount.at_most('1')", &Units::default());
    assert!(matches!(several, Err(ExpressionError { at: 1, .. })), "{several:?}");
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("note == '{}'", "x".repeat(MAX_EXPRESSION_BYTES - 10));
    assert_eq!(long.len(), MAX_EXPRESSION_BYTES);
    assert!(Expression::parse(&long, &units()).is_ok());
    assert_snapshot!(refused(&format!("{long} ")), @"1: the expression has 1001 bytes: at most 1000 are read");
    let nested = |depth: usize| format!("{}note == 'x'{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&nested(MAX_DEPTH), &units()).is_ok());
    assert_snapshot!(refused(&nested(MAX_DEPTH + 1)), @"17: this nests deeper than 16: write it flat");
    for open in ["(", "!", "[", "note in [", "note.startsWith("] {
        let many = open.repeat(MAX_EXPRESSION_BYTES / open.len());
        assert!(Expression::parse(&many, &units()).is_err(), "{open}");
    }
    assert!(Expression::parse(&format!("note == 'x'{}", " || note == 'x'".repeat(60)), &units()).is_ok());
}

#[test]
fn words_and_totals_are_told() {
    let expression = parse(r#"!(asset in ["ETH", "BTC"]) || operation == "RAW" && fee.at_most("1")"#);
    let words = [(20, Text::Asset, "BTC"), (13, Text::Asset, "ETH"), (44, Text::Operation, "RAW")];
    assert_eq!(expression.words(), words);
    assert_eq!(expression.totals(), [Total::Fee].into());
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in "[a-z.()!&|=<>'\", \\[\\]0-9+?é\\\\]{0,60}") {
        let _ = Expression::parse(&text, &units());
    }

    /// Filling in what is missing never takes back what was true or false without it.
    #[test]
    fn more_input_only_settles_what_was_unknown(parts in proptest::collection::vec((0..8_usize, any::<bool>(), any::<bool>()), 1..6)) {
        let atoms = [
            "note == 'payroll-7'", "signer == 'bob'", "source.id == '0'", "usd.more_than('1')",
            "fee.more_than('1')", "destinations.count > 1", "external_tx_id.startsWith('x')", "amount.at_most('1.5')",
        ];
        let mut text = String::new();
        for (index, (atom, not, and)) in parts.iter().enumerate() {
            let join = match (index, and) { (0, _) => "", (_, true) => " && ", (_, false) => " || " };
            let not = if *not { "!" } else { "" };
            text = format!("({text}{join}{not}({}))", atoms[*atom]).replace("()", "");
        }
        let less = holds_of_less(&text);
        prop_assert!(matches!(less, Truth::Indeterminate(_)) || less == holds(&text), "{text}");
    }
}

#[test]
fn contradictions_are_told_and_nothing_else() {
    let told = |text: &str| parse(text).contradiction().map(|found| (found.variable, found.may_be_missing));
    for (text, variable, may_be_missing) in [
        (r#"amount.more_than("5") && amount.less_than("3")"#, "amount", false),
        (r#"amount.at_least("5") && amount.less_than("5")"#, "amount", false),
        (r#"amount.more_than("5") && !amount.more_than("5")"#, "amount", false),
        (r#"amount.less_than("0")"#, "amount", false),
        (r#"amount.more_than("1") && amount.less_than("1.000001")"#, "amount", false),
        (r#"usd.at_most("1") && note == "x" && usd.at_least("2")"#, "usd", true),
        (r#"fee.at_most("1") && fee.more_than("1")"#, "fee", true),
        ("destinations.count < 1", "destinations.count", true),
        (
            "destinations.count > 1 && destinations.count < 3 && destinations.count != 2",
            "destinations.count",
            true,
        ),
        ("destinations.count == 2 && destinations.count != 2", "destinations.count", true),
        (r#"stage == "SIGNING" && stage == "APPROVAL""#, "stage", false),
        (r#"stage != "SIGNING" && stage != "APPROVAL""#, "stage", false),
        (r#"signer == "a" && signer == "b""#, "signer", true),
        (r#"signer in ["a", "b"] && !signer.startsWith("a") && signer != "b""#, "signer", true),
        (r#"note.startsWith("a") && note.startsWith("b")"#, "note", true),
        (r#"note.endsWith("ab") && note.endsWith("b") && note.endsWith("bb")"#, "note", true),
        (r#"note.startsWith("ab") && !note.startsWith("a")"#, "note", true),
        (r#"note.endsWith("ab") && !note.contains("a")"#, "note", true),
        (r#"!(note != "a" || note != "b")"#, "note", true),
        (r#"signer == "a" && (signer == "b" || stage == "SIGNING" && stage == "APPROVAL")"#, "signer", true),
        (r#"signer == "a" && signer == "b" && stage == "SIGNING" && stage == "APPROVAL""#, "stage", false),
    ] {
        assert_eq!(told(text), Some((variable, may_be_missing)), "{text}");
    }
    for text in [
        r#"amount.at_least("5") && amount.at_most("5")"#,
        r#"amount.more_than("1") && amount.less_than("1.000002")"#,
        r#"amount.more_than("5") || amount.less_than("3")"#,
        r#"amount.more_than("5") && usd.less_than("3") && fee.less_than("3")"#,
        r#"amount.at_most("0")"#,
        "destinations.count > 1 && destinations.count < 4 && destinations.count != 2",
        "destinations.count == 1",
        r#"note.startsWith("a") && note.startsWith("ab") && note.endsWith("c") && !note.contains("d")"#,
        r#"note.startsWith("a") && !note.startsWith("ab") && note.endsWith("b") && !note.endsWith("ab")"#,
        r#"note.contains("a") && !note.contains("ab") && !note.startsWith("a") && note.contains("b")"#,
        r#"signer in ["a", "b"] && signer != "b""#,
        r#"signer != "a" && signer != "b""#,
        r#"signer == "a" && (signer == "b" || note == "x")"#,
        r#"signer == "a" && note == "b""#,
        r#"stage != "SIGNING""#,
    ] {
        assert_eq!(told(text), None, "{text}");
    }
}
