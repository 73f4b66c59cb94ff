use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::found::{MAX_DIRECTORIES, MAX_POLICY_FILES};
use super::*;
use crate::policy_file::{PolicyFile, load, reread};

const ASSETS: &str = "version: 1\nassets: {ETH: {chain: evm, decimals: 18}}\n";
const LISTS: &str =
    "version: 1\nlists:\n  payees: {chain: evm, csv: lists/payees.csv}\n  own: {chain: evm, addresses: []}\n";
const RULES: &str =
    "version: 1\nallow:\n  - {id: pay, when: {destination: [{list: payees}], assets: [ETH]}}\n";
const PAYEES: &str = "address\n0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n";

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn whole() -> TempDir {
    directory(&[("a.yaml", RULES), ("b.yml", ASSETS), ("c.yaml", LISTS), ("lists/payees.csv", PAYEES)])
}

/// The mistakes, with "DIR" for the directory.
fn mistakes_at(path: &Path, directory: &TempDir) -> String {
    let read =
        load(path).map(|file| file.summary.to_string()).unwrap_or_else(|mistakes| mistakes.to_string());
    read.replace(&directory.path().display().to_string(), "DIR")
}

fn mistakes(files: &[(&str, &str)]) -> String {
    let directory = directory(files);
    mistakes_at(directory.path(), &directory)
}

/// The figures come from `sha256sum *.yaml *.yml lists/*.csv | LC_ALL=C sort -k 2 | sha256sum` in the directory.
#[test]
fn the_files_of_a_directory_are_one_policy_with_one_hash() {
    let directory = whole();
    fs::write(directory.path().join("notes.md"), "not read").unwrap();
    fs::write(directory.path().join(".hidden.yaml"), "not read").unwrap();
    let PolicyFile { policy, document, summary, .. } = load(directory.path()).unwrap();
    assert_snapshot!(document.manifest(), @"
    47dc3c8aa47ca86d58dd37a4fc7535f3f8a96d0c4a7b636e4ddfbb495eba5bee  a.yaml
    9057ae7d9927d3c350e922d55a9c07e81519a2e0ad6083ddf9e842e7252ac007  b.yml
    f90f4944f5fe17a8130943c09528ae7506caea9adf34ae51e6add31d918875c4  c.yaml
    7fb2c061f17aa8f313f5c29185e7549995d1f55a88bcead8ca85cff5e9e51b7d  lists/payees.csv
    ");
    assert_snapshot!(summary, @"
    policy  91b6761377482e77b3f0ba1fa089b2f675449fcac092958cd1482624e35d9551
    files   a.yaml, b.yml, c.yaml, lists/payees.csv
    assets  ETH
    lists   own (0 evm addresses), payees (1 evm address from lists/payees.csv)
    deny    none
    allow   pay
    limits  none
    changes none
    tests   none
    ");
    assert_eq!(policy.hash, document.hash());
}

#[test]
fn one_file_is_hashed_as_a_directory_with_that_file() {
    let text = format!("{ASSETS}allow: []\n");
    let directory = directory(&[("policy.yaml", &text)]);
    let file = load(&directory.path().join("policy.yaml")).unwrap();
    assert_eq!(file.policy.hash, load(directory.path()).unwrap().policy.hash);
    assert_eq!(file.document, load(directory.path()).unwrap().document);
}

#[test]
fn every_change_of_a_file_or_its_name_is_another_policy() {
    let hash = |files: &[(&str, &str)]| load(directory(files).path()).unwrap().policy.hash.clone();
    let allow = "version: 1\nallow: []\n";
    let first = hash(&[("a.yaml", ASSETS), ("b.yaml", allow)]);
    assert_eq!(first, hash(&[("b.yaml", allow), ("a.yaml", ASSETS)]));
    assert_ne!(first, hash(&[("b.yaml", ASSETS), ("a.yaml", allow)]));
    assert_ne!(first, hash(&[("a.yaml", ASSETS), ("c.yaml", allow)]));
    assert_ne!(first, hash(&[("a.yaml", ASSETS), ("b.yaml", "version: 1\nallow: []")]));
}

#[test]
fn a_document_that_was_kept_is_the_same_policy() {
    let directory = whole();
    let file = load(directory.path()).unwrap();
    let again = reread(file.document.clone()).unwrap();
    assert_eq!((&again.summary, &again.document), (&file.summary, &file.document));
    let mut short = Document::default();
    for (name, file) in file.document.files().filter(|(name, _)| *name != "lists/payees.csv") {
        short.add(name, file.clone());
    }
    assert_snapshot!(reread(short).unwrap_err(), @"
    c.yaml:3:29: lists/payees.csv: the file was not kept with the policy
    3 |   payees: {chain: evm, csv: lists/payees.csv}
      |                             ^
    ");
}

/// Of the others nobody knows what they refer to; what is wrong with their sections is told all the same.
#[test]
fn a_file_that_cannot_be_parsed_does_not_hide_the_others() {
    assert_snapshot!(mistakes(&[
        ("a.yaml", "version: 1\nallow:\n  - {id: pay, when: {destination: [{list: payees}]}}\nbad: 1\n"),
        ("b.yaml", "version: 2\nassets: {ETH: {chain: evm, decimals: 18}}\n"),
        ("c.yaml", "version: 1\nlists\n"),
        ("d.yaml", "a: [\n"),
        ("e.yaml", "asets: {}\n"),
    ]), @"
    DIR/a.yaml:4:1: unknown field bad: expected version, raw_transactions, assets, prices, operations, lists, source_groups, signer_groups, counterparties, deny, allow, limits, config_changes, requests or tests
    4 | bad: 1
      | ^
    DIR/b.yaml:1:10: unknown version: this program reads version 1
    1 | version: 2
      |          ^
    DIR/c.yaml:2:1: simple key expected ':'
    2 | lists
      | ^
    DIR/d.yaml:1:4: unclosed bracket '['
    1 | a: [
      |    ^
    DIR/e.yaml:1:1: unknown field asets: did you mean assets?
    1 | asets: {}
      | ^
    DIR/e.yaml:1:1: version is missing
    1 | asets: {}
      | ^
    ");
}

#[test]
fn mistakes_of_several_files_keep_their_places() {
    assert_snapshot!(mistakes(&[
        ("a.yaml", "version: 1\nallow:\n  - {id: pay, when: {assets: [ETC]}}\n  - {id: pay, when: {}}\n"),
        ("b.yaml", "version: 2\nassets: {ETH: {chain: evm, decimals: 18}}\nraw_transactions: required\n"),
        ("c.yaml", "assets: {ETH: {chain: evm, decimals: 18}}\nasets: {}\n"),
        ("d.yaml", "version: 1\nlimits: [{id: pay, max: {count: 1}, window: 1h}]\nraw_transactions: optional\n"),
        ("e.yaml", "version: 1\ndeny: {}\nassets:\nallow: {}\n"),
        ("f.yaml", ""),
    ]), @"
    DIR/a.yaml:3:31: unknown asset ETC: did you mean ETH?
    3 |   - {id: pay, when: {assets: [ETC]}}
      |                               ^
    DIR/a.yaml:4:10: id pay is used twice: first in line 3
    4 |   - {id: pay, when: {}}
      |          ^
    DIR/b.yaml:1:10: unknown version: this program reads version 1
    1 | version: 2
      |          ^
    DIR/c.yaml:1:1: version is missing
    1 | assets: {ETH: {chain: evm, decimals: 18}}
      | ^
    DIR/c.yaml:1:10: ETH is there twice: first in DIR/b.yaml:2:10
    1 | assets: {ETH: {chain: evm, decimals: 18}}
      |          ^
    DIR/c.yaml:2:1: unknown field asets: did you mean assets?
    2 | asets: {}
      | ^
    DIR/d.yaml:2:15: id pay is used twice: first in DIR/a.yaml:3:10
    2 | limits: [{id: pay, max: {count: 1}, window: 1h}]
      |               ^
    DIR/d.yaml:3:1: raw_transactions is there twice: first in DIR/b.yaml:3:1
    3 | raw_transactions: optional
      | ^
    DIR/e.yaml:2:7: deny must be a list, not a mapping
    2 | deny: {}
      |       ^
    DIR/e.yaml:3:7: assets has no value: give it one, or leave the field out
    3 | assets:
      |       ^
    DIR/e.yaml:4:1: allow is there twice: first in DIR/a.yaml:2:1
    4 | allow: {}
      | ^
    DIR/f.yaml:1:1: the file is empty: it needs at least version; or take it out of the directory
    ");
}

#[test]
fn what_is_missing_is_said_once_for_the_directory() {
    assert_snapshot!(mistakes(&[("a.yaml", "version: 1\n"), ("b.yaml", "version: 1\ndeny: []\n")]), @"
    DIR: assets is missing
    DIR: allow is missing
    ");
}

#[test]
fn files_that_are_not_yaml_are_all_reported() {
    assert_snapshot!(mistakes(&[("a.yaml", "a: [1,"), ("b.yaml", "b: *x"), ("c.yaml", ASSETS)]), @"
    DIR/a.yaml:1:4: unclosed bracket '['
    1 | a: [1,
      |    ^
    DIR/b.yaml:1:4: alias references unknown anchor
    1 | b: *x
      |    ^
    ");
}

#[test]
fn what_is_named_like_a_policy_is_read_or_a_mistake() {
    let directory = whole();
    std::os::unix::fs::symlink("nowhere", directory.path().join("deny.yaml")).unwrap();
    fs::create_dir(directory.path().join("more.yaml")).unwrap();
    fs::write(directory.path().join("latin.yaml"), [0xff]).unwrap();
    assert_snapshot!(mistakes_at(directory.path(), &directory), @"
    DIR/deny.yaml: the file cannot be read: No such file or directory (os error 2)
    DIR/latin.yaml: the file is not UTF-8 text
    DIR/more.yaml: the file cannot be read: it is a directory or a device
    ");
    assert_snapshot!(mistakes_at(&directory.path().join("none.yaml"), &directory), @"DIR/none.yaml: the file cannot be read: No such file or directory (os error 2)");
}

#[test]
fn a_directory_without_a_policy_is_a_mistake() {
    assert_snapshot!(mistakes(&[("notes.md", "x")]), @"DIR: the directory holds no *.yaml file: put the policy there");
    assert_snapshot!(mistakes(&[("a.yaml", "x"), ("deny.YAML", "x")]), @"DIR: deny.YAML: only *.yaml and *.yml are read: write the suffix in small letters");
    assert_snapshot!(mistakes(&[("a.yaml", "x"), ("deny.Yml", "x")]), @"DIR: deny.Yml: only *.yaml and *.yml are read: write the suffix in small letters");
    let names: Vec<String> = (0..=MAX_POLICY_FILES).map(|number| format!("{number}.yaml")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), ASSETS)).collect();
    assert_snapshot!(mistakes(&many), @"DIR: the directory holds 101 *.yaml files: at most 100 are read");
}

#[test]
fn yaml_in_a_directory_below_is_not_left_out_silently() {
    let with = |name: &str| {
        mistakes(&[
            ("a.yaml", ASSETS),
            ("b.yaml", "version: 1\nallow: []\n"),
            (name, "version: 1\ndeny: []\n"),
        ])
    };
    assert_snapshot!(with("deny/d.yaml"), @"DIR: deny/d.yaml: YAML is read in the directory itself alone: move it up there, or out of it");
    assert_snapshot!(with("a/b/c/d.YML"), @"DIR: a/b/c/d.YML: YAML is read in the directory itself alone: move it up there, or out of it");
    for hidden in [".git/d.yaml", "a/.d.yaml", "a/.b/d.yaml", "a/yaml", "a/d.yaml.md"] {
        assert!(with(hidden).contains("files   a.yaml, b.yaml\n"), "{hidden}");
    }
    let linked = directory(&[("policy/a.yaml", ASSETS), ("other/deny/d.yaml", ASSETS)]);
    std::os::unix::fs::symlink("../other", linked.path().join("policy/more")).unwrap();
    assert_snapshot!(mistakes_at(&linked.path().join("policy"), &linked), @"DIR/policy: more/deny/d.yaml: YAML is read in the directory itself alone: move it up there, or out of it");
}

#[test]
fn names_that_break_the_manifest_are_refused() {
    let directory = directory(&[("a\nb.yaml", ASSETS)]);
    assert_snapshot!(mistakes_at(directory.path(), &directory), @r#"DIR: a\nb.yaml: the file's name must be text without control characters and backslashes: rename it"#);
    assert_snapshot!(mistakes_at(&directory.path().join("a\nb.yaml"), &directory).replace('\n', "+"), @"DIR/a+b.yaml: the file's name must be text without control characters and backslashes: rename it");
}

#[test]
fn lists_come_from_files_of_the_directory() {
    assert_eq!(csv_name("payees.csv").unwrap(), "payees.csv");
    assert_eq!(
        csv_name("./lists//./payees.CSV").unwrap_err(),
        "a list is read from a file whose name ends in .csv"
    );
    assert_eq!(csv_name("./lists//./payees.csv").unwrap(), "lists/payees.csv");
    for path in
        ["/payees.csv", "../payees.csv", "lists/../../payees.csv", "lists/../payees.csv", "./../a.csv"]
    {
        assert!(
            csv_name(path).unwrap_err().starts_with("the path must lead to a file in the policy's directory"),
            "{path}"
        );
    }
    for path in ["payees", "policy.yaml", ".", "", "lists/", ".csv"] {
        assert_eq!(
            csv_name(path).unwrap_err(),
            "a list is read from a file whose name ends in .csv",
            "{path}"
        );
    }
    assert_eq!(csv_name("a\nb.csv").unwrap_err(), NOT_PLAIN);
    assert_eq!(csv_name("a\\b.csv").unwrap_err(), NOT_PLAIN);
}

#[test]
fn a_directory_that_is_none_and_one_with_too_many_below_it_are_told() {
    let nowhere = tempfile::tempdir().unwrap();
    let gone = super::found::names_in(&nowhere.path().join("gone")).unwrap_err();
    assert_snapshot!(gone, @"the directory cannot be read: No such file or directory (os error 2)");
    let many = whole();
    (0..=MAX_DIRECTORIES).for_each(|number| fs::create_dir(many.path().join(format!("{number}"))).unwrap());
    assert_snapshot!(mistakes_at(many.path(), &many), @"DIR: more than 1000 directories are below it: put the policy into one of its own");
}
