//! Documents to start from: those that are published, and one in which every field occurs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{json as as_json, refusals};
use crate::document::{Document, File};
use crate::policy_file::load;
use crate::yaml;

/// A policy with its name in failures.
pub struct Sample {
    pub name: String,
    pub document: Document,
}

impl Sample {
    /// The same policy in one YAML file.
    pub fn in_one_file(&self) -> Self {
        let mut whole = Map::new();
        for (_, file) in self.files() {
            for (section, value) in file.as_object().unwrap() {
                match (whole.get_mut(section), value) {
                    (Some(Value::Array(entries)), Value::Array(more)) => entries.extend(more.clone()),
                    (Some(Value::Object(fields)), Value::Object(more)) => fields.extend(more.clone()),
                    _ => drop(whole.insert(section.clone(), value.clone())),
                }
            }
        }
        let mut document = Document::of_file("policy.yaml", Value::Object(whole).to_string().into());
        for (name, file) in self.document.files().filter(|(name, _)| !name.ends_with(".yaml")) {
            document.add(name, file.clone());
        }
        Self { name: self.name.clone(), document }
    }

    /// Its YAML files as a schema sees them.
    pub fn files(&self) -> impl Iterator<Item = (String, Value)> {
        let files = self.document.files().filter(|(name, _)| name.ends_with(".yaml"));
        files.map(|(name, file)| {
            let text = String::from_utf8(file.content.to_vec()).unwrap();
            (name.to_owned(), as_json::of(&yaml::parse(name, &text).unwrap()))
        })
    }
}

fn of(path: &Path) -> Sample {
    let file = load(path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Sample { name: path.display().to_string(), document: file.document }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every field of a policy.
pub fn everything() -> Sample {
    let mut document = Document::of_file("policy.yaml", include_str!("everything.yaml").into());
    document.add("payees.csv", File::new(b"Address;Memo;Name;Since;Asset\n0x52908400098527886E0F7030069857D2E4169EE7;;Ada;2026-01-31;ETH\n".to_vec()));
    Sample { name: "everything.yaml".into(), document }
}

/// The policies that people start from.
pub fn published() -> Vec<Sample> {
    let cookbook = fs::read_dir(root().join("decider/policy/cookbook")).unwrap();
    let mut folders: Vec<PathBuf> = cookbook.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 10);
    let others = ["deploy/decider/policy", "tests/src/local/policy.yaml", "tests/src/bench/policy.yaml"];
    folders.extend(others.map(|path| root().join(path)));
    folders.iter().map(|path| of(path)).collect()
}

#[test]
fn what_is_published_is_taken() {
    for sample in published() {
        for (file, value) in sample.files() {
            assert_eq!(refusals(&value), [""; 0], "{}, {file}", sample.name);
        }
    }
}

/// The loader's own opinion of them is asked where the whole system is tested.
#[test]
fn the_examples_of_the_readmes_are_taken() {
    let mut count = 0;
    for readme in ["README.md", "decider/policy/README.md", "decider/src/policy_file/README.md"] {
        let text = fs::read_to_string(root().join(readme)).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            if ["grants:", "listen:", "store:", "tenants:"].iter().any(|section| block.starts_with(section)) {
                continue; // Of decider.yaml.
            }
            assert_eq!(refusals(&in_a_file(block)), [""; 0], "{readme}:\n{block}");
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
}

/// A whole file, sections of one, or rules or limits that stand alone.
fn in_a_file(block: &str) -> Value {
    let value = as_json::of(&yaml::parse("README.md", block).unwrap());
    match value {
        Value::Array(entries) if entries.iter().any(|entry| entry.get("max").is_some()) => {
            json!({"version": 1, "limits": entries})
        }
        Value::Array(entries) => json!({"version": 1, "deny": entries}),
        Value::Object(mut sections) => {
            sections.insert("version".into(), json!(1));
            Value::Object(sections)
        }
        other => other,
    }
}
