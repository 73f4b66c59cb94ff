use insta::assert_snapshot;

use super::super::header::Filter;
use super::*;

fn usual() -> Wanted {
    Wanted { columns: None, filter: None }
}

fn list_of(content: &[u8], wanted: &Wanted) -> Result<AddressList, String> {
    let source = Source { file: "x.csv", content, delimiter: b',', wanted };
    read(source, "payees", Chain::Exact).map_err(|mistakes| mistakes.to_string())
}

fn list(content: &str) -> AddressList {
    list_of(content.as_bytes(), &usual()).unwrap()
}

fn mistakes(content: &str) -> String {
    list_of(content.as_bytes(), &usual()).unwrap_err()
}

/// Where each mistake is and what it says, without the lines.
fn places(mistakes: &str) -> String {
    mistakes.lines().filter(|line| line.starts_with("x.csv:")).collect::<Vec<_>>().join("\n")
}

/// The entries as text: address, tag, label, and seconds since 1970.
fn entries(list: &AddressList) -> String {
    let lines = list.entries().map(|(address, entry)| {
        let added = entry.added.map(|at| at.time().as_micros() / 1_000_000);
        format!("{address} {:?} {:?} {added:?}\n", entry.tag, entry.label)
    });
    lines.collect()
}

#[test]
fn columns_are_found_by_the_header() {
    assert_snapshot!(entries(&list("label,added,ignored,address,tag\nHot,2026-01-31,x,rOne,7\n,,,rTwo,\n")), @r#"
    rOne Some("7") Some("Hot") Some(1769947200)
    rTwo None None None
    "#);
    let columns = ["Address", "Memo", "Name", "Since"].map(|name| Some(name.to_owned()));
    let wanted = Wanted { columns: Some(columns), filter: None };
    let content = b"Since,Address,Name,Memo\n2026-01-31T09:30:00Z,rOne,Hot,7\n";
    assert_snapshot!(entries(&list_of(content, &wanted).unwrap()), @r#"rOne Some("7") Some("Hot") Some(1769851800)"#);
    let wanted = Wanted { columns: Some([Some("Address".into()), None, None, None]), filter: None };
    assert_snapshot!(entries(&list_of(content, &wanted).unwrap()), @"rOne None None None");
}

#[test]
fn exports_of_every_program_are_read() {
    let want = entries(&list("address,label\nrOne,a\nrTwo,b\n"));
    for content in [
        "\u{feff}address,label\nrOne,a\nrTwo,b\n",
        "address,label\r\nrOne,a\r\nrTwo,b\r\n",
        "address,label\nrOne,a\nrTwo,b",
        "\"address\",\"label\"\n\"rOne\",\"a\"\n\"rTwo\",\"b\"\n",
        "\n\naddress,label\n\nrOne,a\n\r\n\nrTwo,b\n\n\n",
    ] {
        assert_eq!(entries(&list(content)), want, "{content:?}");
    }
    assert_eq!(list("address,label\n").len(), 0);
    assert_eq!(list("address,label\nrOne,\"a, \"\"b\"\"\"\n").label(&parse("rOne"), None), Some("a, \"b\""));
}

fn parse(text: &str) -> Address {
    Address::parse(Chain::Exact, text).unwrap()
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    assert_snapshot!(mistakes("label,address,tag,added\r\n\r\nHot,rOne,7,2026-01-31\n\"a, b\",r One,,31.1.\nx,,,\nHot,rOne,7,\nrTwo\n\"é\",rOne,,,\n"), @r#"
    x.csv:4:8: r�One holds a blank or a character that is not printable ASCII
    4 | "a, b",r One,,31.1.
      |        ^
    x.csv:4:15: expected a date, such as 2026-01-31 or 2026-01-31T09:30:00Z
    4 | "a, b",r One,,31.1.
      |               ^
    x.csv:5:3: the address is empty
    5 | x,,,
      |   ^
    x.csv:6:5: rOne is in list payees already: first in line 3
    6 | Hot,rOne,7,
      |     ^
    x.csv:7:1: the row has 1 fields, and the header 4: is a delimiter or a quote missing?
    7 | rTwo
      | ^
    x.csv:8:1: the row has 5 fields, and the header 4: is a delimiter or a quote missing?
    8 | "é",rOne,,,
      | ^
    "#);
}

#[test]
fn checksums_are_checked() {
    let wanted = usual();
    let content = b"address\n0x52908400098527886E0F7030069857D2E4169Ee7\n";
    let source = Source { file: "x.csv", content, delimiter: b',', wanted: &wanted };
    assert_snapshot!(read(source, "payees", Chain::Evm).unwrap_err(), @"
    x.csv:2:1: 0x529084…9Ee7 has a wrong EIP-55 checksum: a digit or the case of a letter is wrong; copy it again
    2 | 0x52908400098527886E0F7030069857D2E4169Ee7
      | ^
    ");
}

#[test]
fn headers_are_checked() {
    assert_snapshot!(mistakes(""), @"x.csv: the file is empty: its first line must name the columns");
    assert_snapshot!(mistakes("\n\n"), @"x.csv: the file is empty: its first line must name the columns");
    assert_snapshot!(mistakes("addres,Note\nrOne,\n"), @"
    x.csv:1:1: no column is called address: did you mean addres? the header has addres, Note
    1 | addres,Note
      | ^
    ");
    assert_snapshot!(mistakes("sep=;\naddress;tag\nrOne;\n"), @r#"
    x.csv:1:1: this line is for spreadsheets: take it out, so that the first line names the columns, and say delimiter: ";"
    1 | sep=;
      | ^
    "#);
    assert_snapshot!(mistakes("\u{feff}sep=,\naddress,tag\nrOne,\n"), @"
    x.csv:1:1: this line is for spreadsheets: take it out, so that the first line names the columns
    1 | sep=,
      | ^
    ");
    assert_snapshot!(mistakes("address,tag,tag\nrOne,,\n"), @"
    x.csv:1:13: column tag is there twice
    1 | address,tag,tag
      |             ^
    ");
    assert_snapshot!(mistakes("address,Tag\nrOne,\n"), @r#"
    x.csv:1:9: column "Tag" is not tag, and may be meant so: call it tag, or say under columns which column is what
    1 | address,Tag
      |         ^
    "#);
    assert_snapshot!(mistakes("address;tag\nrOne;\n"), @r#"
    x.csv:1:1: no column is called address: the header has address;tag. Columns are separated by ";"? Say delimiter: ";"
    1 | address;tag
      | ^
    "#);
    assert_eq!(list("address,,\nrOne,,\n").len(), 1);
    let columns = Some([Some("Adress".into()), Some("Memo".into()), None, None]);
    let filter = Some(Filter { column: "Coin".into(), is: BTreeSet::from(["ETH".into()]) });
    let wanted = Wanted { columns, filter };
    assert_snapshot!(list_of(b"Address,Asset,Note\nrOne,ETH,\n", &wanted).unwrap_err(), @"
    x.csv:1:1: no column is called Adress: did you mean Address? the header has Address, Asset, Note
    1 | Address,Asset,Note
      | ^
    x.csv:1:1: no column is called Memo: the header has Address, Asset, Note
    1 | Address,Asset,Note
      | ^
    x.csv:1:1: no column is called Coin: the header has Address, Asset, Note
    1 | Address,Asset,Note
      | ^
    ");
}

/// One habit of whoever exported the file is one mistake.
#[test]
fn a_header_that_is_written_otherwise_throughout_is_told_once() {
    let told = |header: &str| places(&mistakes(&format!("{header}\nrOne,,\n")));
    assert_snapshot!(told("Label,Address,Tag"), @r#"x.csv:1:1: columns "Label", "Address", "Tag" are not label, address, tag, and may be meant so: call them so, or say under columns which column is what"#);
    let wanted = |filter: &str| {
        let columns = Some(["address", "tag", "label", "added"].map(|name| Some(name.to_owned())));
        let filter = Some(Filter { column: filter.into(), is: BTreeSet::from(["ETH".into()]) });
        Wanted { columns, filter }
    };
    let told = |header: &str, filter: &str| {
        places(&list_of(header.as_bytes(), &wanted(filter)).unwrap_err().to_string())
    };
    assert_snapshot!(told("Address,Tag,Label,Added,Asset", "asset"), @"x.csv:1:1: no column is called address, tag, label, added, asset: did you mean Address, Tag, Label, Added, Asset? the header has Address, Tag, Label, Added, Asset");
    assert_snapshot!(told("address;tag;label;added;asset", "asset"), @r#"x.csv:1:1: no column is called address: the header has address;tag;label;added;asset. Columns are separated by ";"? Say delimiter: ";""#);
    assert_snapshot!(told("Address,Tag,Label,Added", "asset"), @"
    x.csv:1:1: no column is called address, tag, label, added: did you mean Address, Tag, Label, Added? the header has Address, Tag, Label, Added
    x.csv:1:1: no column is called asset: the header has Address, Tag, Label, Added
    ");
}

/// It may be the row that the filter is for.
#[test]
fn a_value_is_not_missing_beside_a_row_that_was_refused() {
    let filter = Some(Filter { column: "asset".into(), is: BTreeSet::from(["ETH".into(), "BTC".into()]) });
    let wanted = Wanted { columns: None, filter };
    let told = |rows: &str| {
        places(
            &list_of(format!("address,asset\nrOne,BTC\n{rows}").as_bytes(), &wanted).unwrap_err().to_string(),
        )
    };
    assert_snapshot!(told("rTwo,ETH,7\n"), @"x.csv:3:1: the row has 3 fields, and the header 2: is a delimiter or a quote missing?");
    assert_snapshot!(told("rTwo,Eth\n"), @r#"x.csv:3:6: "Eth" is not ETH: write it alike, or take it into the filter"#);
    assert_snapshot!(told("rTwo,XRP\n"), @"x.csv:1:9: unknown asset ETH: expected XRP (no row of the file has it)");
}

/// What is nobody's column is not read: without its tags a list would name every customer of an exchange.
#[test]
fn a_column_that_may_be_meant_is_not_left_out() {
    let told = |header: &str| places(&mistakes(&format!("{header}\nrOne,,\n")));
    assert_snapshot!(told("address, tag,x"), @r#"x.csv:1:9: column " tag" is not tag, and may be meant so: call it tag, or say under columns which column is what"#);
    assert_snapshot!(told("address, added,labels "), @r#"
    x.csv:1:9: column " added" is not added, and may be meant so: call it added, or say under columns which column is what
    x.csv:1:16: column "labels " is not label, and may be meant so: call it label, or say under columns which column is what
    "#);
    assert_snapshot!(told("address,tag,Address"), @r#"x.csv:1:13: column "Address" is not address, and may be meant so: call it address, or say under columns which column is what"#);
    for tag in [
        "tag ",
        "\u{a0}tag",
        "tag\u{200b}",
        "\ttag",
        "TAG",
        "Tag ",
        "tags",
        "tga",
        "tag#",
        "_tag",
        "dest_tag",
        "destinationTag",
        "Destination tag",
        "destination_tag",
        "XRP Tag",
        "tag (optional)",
        "Tag/Memo",
        "memo",
        "MEMO",
        "memo_id",
        "Memos",
    ] {
        let told = told(&format!("address,{tag},x"));
        assert!(
            told.ends_with(
                "is not tag, and may be meant so: call it tag, or say under columns which column is what"
            ),
            "{tag:?} {told}"
        );
    }
    for other in [
        "asset",
        "Wallet name",
        "note",
        "vintage",
        "percentage",
        "comment",
        "network",
        "address type",
        "owner",
        "id",
        "",
    ] {
        assert_eq!(list(&format!("address,{other},x\nrOne,,\n")).len(), 1, "{other}");
    }
    let columns = ["address", "memo", "tags", "since"].map(|name| Some(name.to_owned()));
    let wanted = Wanted { columns: Some(columns), filter: None };
    assert_eq!(
        list_of(b"address,memo,tags,since, tag\nrOne,7,,,\n", &wanted).unwrap().len(),
        1,
        "they are said"
    );
}

#[test]
fn tags_that_do_not_show_as_they_are_read_are_told() {
    let rows = "rOne,666 \nrTwo,\" 666\"\nrThree,666\u{200b}\nrFour,6\u{a0}6\nrFive,6\t6\n";
    assert_snapshot!(places(&mistakes(&format!("address,tag\n{rows}"))), @r#"
    x.csv:2:6: the tag "666 " begins or ends with a blank: take the blank out
    x.csv:3:6: the tag " 666" begins or ends with a blank: take the blank out
    x.csv:4:8: the tag "666\u{200b}" holds U+200B, which does not show: take it out
    x.csv:5:7: the tag "6\u{a0}6" holds U+00A0, which does not show: take it out
    x.csv:6:7: the tag "6\t6" holds U+0009, which does not show: take it out
    "#);
    assert_eq!(list("address,tag,label\nrOne,a b, Hot \n").len(), 1);
}

/// A quote that is never closed makes one field of all rows after it: a list of those who must not be paid would
/// be short, and nobody told.
#[test]
fn a_quote_swallows_no_rows() {
    assert_snapshot!(mistakes("address,ignored\nrOne,\"x\nrTwo,y\nrThree,z\n"), @r#"
    x.csv:2:1: a field goes on in the next line: is a quote missing? Write it in one line
    2 | rOne,"x
      | ^
    "#);
    assert_snapshot!(mistakes("address,\"ignored\nrOne,x\nrTwo,y\n"), @r#"
    x.csv:1:1: a field goes on in the next line: is a quote missing? Write it in one line
    1 | address,"ignored
      | ^
    "#);
    assert_snapshot!(mistakes("address,ignored\nrOne,\"x\nrTwo,y\"\nrThree,z\n"), @r#"
    x.csv:2:1: a field goes on in the next line: is a quote missing? Write it in one line
    2 | rOne,"x
      | ^
    "#);
}

#[test]
fn text_of_another_encoding_is_refused() {
    let of = |content: &[u8]| list_of(content, &usual()).unwrap_err();
    assert_snapshot!(of(b"address,label\nrOne,caf\xe9\n"), @"x.csv:2:1: this line is not UTF-8 text: export the file as UTF-8");
    assert_snapshot!(of(b"\xff\xfea\0d\0"), @"x.csv:1:1: this line is not UTF-8 text: export the file as UTF-8");
}

/// All of its rows would be told of as the first line.
#[test]
fn lines_that_end_with_cr_alone_are_refused() {
    assert_snapshot!(list_of(b"address\rrOne\rrTwo\r", &usual()).unwrap_err(), @"x.csv: its lines end with CR alone: save it with lines that end with LF, or with CR and LF");
    assert_eq!(list_of(b"address\r\nrOne\r\nrTwo\r\n", &usual()).unwrap().len(), 2);
}

#[test]
fn rows_of_other_assets_are_not_even_looked_at() {
    let filter = Some(Filter { column: "asset".into(), is: BTreeSet::from(["ETH".into()]) });
    let wanted = Wanted { columns: None, filter };
    let list = list_of(b"asset,address\nETH,rOne\nBTC,r One\n,rTwo\nETHX,rThree\n", &wanted).unwrap();
    assert_snapshot!(entries(&list), @"rOne None None None");
}

#[test]
fn of_many_mistakes_the_first_are_shown() {
    let rows = "r One\n".repeat(1_234);
    let told = mistakes(&format!("address\n{rows}"));
    assert_eq!(told.matches("holds a blank").count(), 100);
    assert_eq!(told.lines().last(), Some("x.csv: and 1134 more"));
}

#[test]
fn a_list_has_an_end() {
    let wanted = usual();
    let content = b"address\nrOne\nrTwo\nrThree\nrFour\n";
    let source = Source { file: "x.csv", content, delimiter: b',', wanted: &wanted };
    assert_snapshot!(read_at_most(2, source, "payees", Chain::Exact).unwrap_err(), @"
    x.csv:4:1: a list has at most 2 addresses: this is one more
    4 | rThree
      | ^
    ");
    assert_eq!(read_at_most(4, source, "payees", Chain::Exact).unwrap().len(), 4);
}
