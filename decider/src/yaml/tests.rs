use insta::assert_snapshot;

use super::*;

fn refused(text: &str) -> String {
    parse("x.yaml", text).unwrap_err().to_string()
}

/// What a reader of `a` (text), `b` (whole) and `c` (a list of alternatives) says.
fn read(text: &str) -> String {
    let node = parse("x.yaml", text).unwrap();
    let mut reader = Reader::new("x.yaml", text);
    let fields = Fields::of(&mut reader, &node, "a form", &["address", "bound", "choices"]);
    let read = fields.map(|fields| {
        let address = fields
            .required(&mut reader, "address")
            .and_then(|node| Some(reader.text(node, "address")?.to_owned()));
        let bound = fields.optional(&mut reader, "bound").and_then(|node| reader.whole(node, "bound"));
        let choices = fields
            .optional(&mut reader, "choices")
            .map(|node| reader.alternatives(node, "choices").map(<[_]>::len));
        format!("{address:?} {bound:?} {choices:?}")
    });
    reader.finish(read).unwrap_or_else(|mistakes| mistakes.to_string())
}

#[test]
fn what_is_well_formed_is_read() {
    assert_eq!(read("address: x\nbound: 3\nchoices: [a, b]"), r#"Some("x") Some(3) Some(Some(2))"#);
    assert_eq!(read("address: '1.50'"), r#"Some("1.50") None None"#);
    assert_eq!(
        read("address: \"0x52908400098527886E0F7030069857D2E4169EE7\""),
        r#"Some("0x52908400098527886E0F7030069857D2E4169EE7") None None"#
    );
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    assert_snapshot!(read("adress: x\nbound: '3'\nchoices: []\nbound: 4\nbnd: 1\n"), @r#"
    x.yaml:1:1: unknown field adress: did you mean address?
    1 | adress: x
      | ^
    x.yaml:2:8: bound must be a whole number without quotes, not text
    2 | bound: '3'
      |        ^
    x.yaml:3:10: choices is empty, which would never match: leave it out for "any"
    3 | choices: []
      |          ^
    x.yaml:4:1: bound is there twice: first in line 2
    4 | bound: 4
      | ^
    x.yaml:5:1: unknown field bnd: did you mean bound?
    5 | bnd: 1
      | ^
    "#);
}

#[test]
fn numbers_are_not_text() {
    assert_snapshot!(read("address: 1.50"), @r#"
    x.yaml:1:10: address must be quoted text: write "1.50"
    1 | address: 1.50
      |          ^
    "#);
    assert_snapshot!(read("address: 99999999999999999999999999"), @r#"
    x.yaml:1:10: address must be quoted text: write "99999999999999999999999999"
    1 | address: 99999999999999999999999999
      |          ^
    "#);
    assert_snapshot!(read("address: true"), @r#"
    x.yaml:1:10: address must be quoted text: write "true"
    1 | address: true
      |          ^
    "#);
    assert_snapshot!(read("address: 1e5"), @r#"
    x.yaml:1:10: address must be quoted text: write "1e5"
    1 | address: 1e5
      |          ^
    "#);
}

/// Other programs read a number, and editors that know the schema mark it.
#[test]
fn an_address_without_quotes_is_a_number() {
    assert_snapshot!(read("address: 0x52908400098527886E0F7030069857D2E4169EE7 # é"), @r#"
    x.yaml:1:10: address must be quoted text: write "0x52908400098527886E0F7030069857D2E4169EE7"
    1 | address: 0x52908400098527886E0F7030069857D2E4169EE7 # é
      |          ^
    "#);
    for address in ["0x52908400098527886E0F7030069857D2E4169EE7", "0xab", "0o17777777777777777777777777777"] {
        for text in [
            format!("é: 1\n? {address}\n: 2"),
            format!("{{address: {address}}}"),
            format!("address: {address}"),
        ] {
            assert!(read(&text).contains(&format!("must be quoted text: write \"{address}\"")), "{text}");
        }
        for text in [format!("address: \"{address}\""), format!("address: '{address}'")] {
            assert_eq!(read(&text), format!("Some({address:?}) None None"), "{text}");
        }
    }
    for word in ["0x", "0xg", "0x1 2", "x0", "0o9", "+0x1x", "0X1G"] {
        assert_eq!(read(&format!("address: {word}")), format!("Some({word:?}) None None"));
    }
}

/// A reviewer reads ten, and it would be eight, or two.
#[test]
fn whole_numbers_are_plain_digits() {
    for (written, number) in [("0x10", 16), ("0o10", 8), ("0b10", 2), ("1_0", 10), ("+5", 5), ("-0", 0)] {
        let told = read(&format!("# é\naddress: ü\nbound: {written} # so\n"));
        let first = told.lines().next().unwrap_or_default();
        assert_eq!(first, format!("x.yaml:3:8: bound must be in digits alone: write {number}"));
    }
    let told = read("address: ü\nbound: 018\n");
    assert_eq!(told.lines().next(), Some("x.yaml:2:8: bound must have no leading zeros: write 18"));
    for written in ["0", "10", "18446744073709551615"] {
        assert_eq!(
            read(&format!("# é\n{{address: ü, bound: {written}}}")),
            format!("Some(\"ü\") Some({written}) None")
        );
    }
}

#[test]
fn numbers_that_differ_are_not_alike() {
    let node = parse("x.yaml", "[1e3, 0.5, -3, .5]").unwrap();
    let Value::List(entries) = node.value else { panic!() };
    let said: Vec<String> = entries.iter().map(|entry| entry.value.in_one_way()).collect();
    assert_eq!(said, ["1000", "0.5", "-3", "0.5"]);
}

#[test]
fn nothing_is_not_a_value() {
    assert_snapshot!(read("address:\nbound: ~"), @"
    x.yaml:1:8: address has no value: give it one, or leave the field out
    1 | address:
      |        ^
    x.yaml:2:8: bound has no value: give it one, or leave the field out
    2 | bound: ~
      |        ^
    ");
    assert_snapshot!(read("address: ''"), @"
    x.yaml:1:10: address is empty
    1 | address: ''
      |          ^
    ");
}

#[test]
fn what_is_no_mapping_is_said() {
    assert_snapshot!(read("[a]"), @"
    x.yaml:1:1: a form must be a mapping, not a list
    1 | [a]
      | ^
    ");
    assert_snapshot!(read("1: x"), @r#"
    x.yaml:1:1: a name must be quoted text: write "1"
    1 | 1: x
      | ^
    x.yaml:1:1: address is missing
    1 | 1: x
      | ^
    "#);
}

#[test]
fn what_is_not_yaml_is_refused() {
    assert_snapshot!(refused("a: [1,\n2"), @"
    x.yaml:1:4: unclosed bracket '['
    1 | a: [1,
      |    ^
    ");
    assert_snapshot!(refused("a:\n\t- b"), @"
    x.yaml:2:2: tabs disallowed within this context (block indentation)
    2 |     - b
      |     ^
    ");
    assert_snapshot!(refused("a: 1\n---\nb: 2"), @"
    x.yaml:3:1: this starts a second document: a file holds one
    3 | b: 2
      | ^
    ");
    assert_snapshot!(refused("a: !secret x"), @"
    x.yaml:1:12: unsupported tag `!secret`
    1 | a: !secret x
      |            ^
    ");
}

#[test]
fn text_is_what_stands_there() {
    let node = parse("x.yaml", "!!binary YWxpY2U=").unwrap();
    assert_eq!(node.value, Value::Text("YWxpY2U=".into()));
    assert_snapshot!(refused("a: 1 # one\r  b: 2"), @r"
    x.yaml:1:11: U+000D does not show, and is read: remove it, or write it in quotes as \x0D
    1 | a: 1 # one   b: 2
      |           ^
    ");
}

#[test]
fn small_files_cannot_stand_for_huge_ones() {
    assert_snapshot!(refused("a: &x 1\nb: *x"), @"
    x.yaml:1:7: anchors (&) and aliases (*) are not allowed: write the value out
    1 | a: &x 1
      |       ^
    ");
    assert_snapshot!(refused("<<: {a: 1}"), @"
    x.yaml:1:1: `<<` is not allowed: write the fields out
    1 | <<: {a: 1}
      | ^
    ");
    assert_snapshot!(refused(&format!("{}{}", "[".repeat(40), "]".repeat(40))), @"
    x.yaml:1:33: the file is too large or too deeply nested (Depth { depth: 33 })
    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
      |                                 ^
    ");
    assert_snapshot!(refused(&" ".repeat(MAX_FILE_BYTES + 1)), @"x.yaml: the file has 4194305 bytes: at most 4194304 are read");
}

#[test]
fn long_lines_are_cropped() {
    let line = format!("address: x\nbound: [{}]", "x, ".repeat(60));
    assert!(read(&line).lines().all(|line| line.chars().count() < 140));
}

#[test]
fn names_are_shown_without_their_control_characters() {
    assert_snapshot!(read("address: x\n\"b\\e[31m\": 1"), @r#"
    x.yaml:2:1: unknown field b\u{1b}[31m: expected address, bound or choices
    2 | "b\e[31m": 1
      | ^
    "#);
}

#[test]
fn of_many_mistakes_the_first_are_shown() {
    let told = |keys: usize| {
        let lines: String = (0..keys).map(|number| format!("key-{number}: 1\n")).collect();
        let told = read(&format!("address: x\n{lines}"));
        (told.matches("unknown field").count(), told.lines().last().unwrap_or_default().to_owned())
    };
    assert_eq!(told(100).0, 100);
    assert_eq!(told(101), (100, "x.yaml: and 1 more".into()));
    assert_eq!(told(20_000), (100, "x.yaml: and 9900 more".into()));
}

/// Likeness takes time in the product of the lengths.
#[test]
fn what_is_too_long_to_compare_is_not_compared() {
    let known = |count: usize| (0..count).map(|number| format!("list-{number}")).collect::<Vec<_>>();
    let near =
        |name: &str, count| names::nearest(name, known(count).iter().map(String::as_str)).map(str::to_owned);
    assert_eq!(near("lisst-1", 256).as_deref(), Some("list-1"));
    assert_eq!(near("lisst-1", 257), None);
    assert_eq!(near(&"list-1".repeat(50), 2), None);
}
