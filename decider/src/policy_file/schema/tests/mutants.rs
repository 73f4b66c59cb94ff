//! Documents with one thing changed, everywhere: the schema and the loader agree about each of them. Reading one holds
//! the two against each other.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use super::places::{self, Step};
use super::refusals;
use super::samples::{Sample, everything, published};
use crate::document::File;
use crate::policy_file::files::Files;
use crate::policy_file::read_files;

/// One of each type.
fn of_each_type() -> [Value; 8] {
    [Value::Null, json!(true), json!(7), json!(-1.5), json!("zzzzzz"), json!(""), json!([]), json!({})]
}

/// Texts that are almost something.
const TEXTS: [&str; 9] = ["0", "007", "1.", "1e5", "0.0000000000000000001", "0s", "99999d", "24:00", "x y"];

/// What can be put in the place of a value that a schema holds against these words.
fn instead_of(value: &Value, words: impl IntoIterator<Item = &'static str>, texts: &[&str]) -> Vec<Value> {
    let mut others = of_each_type().to_vec();
    others.extend(words.into_iter().map(|word| json!(word)));
    match value {
        Value::String(text) => {
            others.extend([json!(format!("{text}x")), json!(text.to_lowercase())]);
            others.extend(texts.iter().map(|text| json!(text)));
        }
        Value::Array(entries) => {
            others.extend((0..entries.len()).map(|gone| without(entries, gone)));
            others.extend(entries.iter().map(|twice| entries.iter().chain([twice]).cloned().collect()));
        }
        Value::Object(fields) => others.extend(other_fields(fields)),
        _ => {}
    }
    others
}

fn without(entries: &[Value], gone: usize) -> Value {
    let left = entries.iter().enumerate().filter(|(place, _)| *place != gone);
    left.map(|(_, entry)| entry.clone()).collect()
}

/// One field renamed, left out, or more.
fn other_fields(fields: &Map<String, Value>) -> Vec<Value> {
    let mut others = Vec::new();
    for name in fields.keys() {
        let mut without = fields.clone();
        let value = without.remove(name).unwrap();
        others.push(Value::Object(without.clone()));
        without.insert(format!("{name}x"), value);
        others.push(Value::Object(without));
    }
    let mut with = fields.clone();
    with.insert("zzzzzz".into(), json!("zzzzzz"));
    others.push(Value::Object(with));
    others
}

/// Calls for the place of every value.
pub fn walk(value: &Value, path: &mut Vec<Step>, each: &mut impl FnMut(&[Step], &Value)) {
    each(path, value);
    let inside: Vec<(Step, &Value)> = match value {
        Value::Array(entries) => {
            entries.iter().enumerate().map(|(place, entry)| (Step::Entry(place), entry)).collect()
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (Step::Key(name.clone()), value)).collect()
        }
        _ => Vec::new(),
    };
    for (step, value) in inside {
        path.push(step);
        walk(value, path, each);
        path.pop();
    }
}

pub fn replaced(whole: &Value, path: &[Step], by: Value) -> Value {
    let mut whole = whole.clone();
    let place = path.iter().fold(&mut whole, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Entry(place) => &mut value[*place],
    });
    *place = by;
    whole
}

/// Sections of which one entry needs no other.
const RULES: [&str; 4] = ["deny", "allow", "limits", "config_changes"];

/// Sections that rules name, and tests do not.
const NAMED: [&str; 4] = ["lists", "source_groups", "signer_groups", "counterparties"];

/// The same policy without what a place has nothing to do with, so that reading it takes less time.
fn pruned(mut policy: Value, path: &[Step]) -> Value {
    let [Step::Key(section), step, ..] = path else { return policy };
    if let Step::Entry(place) = step {
        policy[section] = json!([policy[section][*place].take()]);
    }
    let gone: &[&str] = match section.as_str() {
        "tests" => &NAMED,
        "requests" => &[NAMED.as_slice(), &["tests"]].concat(),
        _ => &["tests", "requests"],
    };
    policy.as_object_mut().unwrap().retain(|name, _| !gone.contains(&name.as_str()));
    for name in RULES.iter().filter(|name| *name != section) {
        let Some(rules) = policy.get_mut(name).and_then(Value::as_array_mut) else { continue };
        match section.as_str() {
            "tests" => rules.iter_mut().for_each(|rule| *rule = only_named(name, rule)),
            _ => rules.clear(),
        }
        rules.retain(|rule| !rule.is_null());
    }
    policy
}

/// A test names rules and limits, and does not ask what they say.
fn only_named(section: &str, rule: &Value) -> Value {
    match section {
        "config_changes" => Value::Null,
        "limits" => json!({"id": rule["id"], "max": {"count": 1}, "window": "1h"}),
        _ => json!({"id": rule["id"], "when": {}}),
    }
}

/// What the loader says of a sample with another file in it; nothing where it takes it.
pub fn mistakes_of(sample: &Sample, file: &str, value: &Value) -> Vec<String> {
    let mut document = sample.document.clone();
    document.add(file, File::new(value.to_string().into()));
    let read = read_files(Files::kept(document));
    read.err().into_iter().flatten().map(|mistake| mistake.message).collect()
}

/// What was tried.
#[derive(Debug, Default)]
struct Tried {
    all: usize,
    refused: usize,
    places: HashSet<(String, String)>,
}

impl Tried {
    /// Changes each place of a sample, but for those that were alike before: `likeness` says of a value what it is like.
    fn all_of(&mut self, sample: &Sample, texts: &[&str], likeness: impl Fn(&Value) -> String) {
        for (file, whole) in sample.files() {
            walk(&whole, &mut Vec::new(), &mut |path, value| {
                if path.len() == 2 {
                    let unchanged = mistakes_of(sample, &file, &pruned(whole.clone(), path));
                    assert_eq!(unchanged, [""; 0], "{} without what {path:?} does not need", sample.name);
                }
                if self.places.insert((kind_of(path), likeness(value))) {
                    let texts = if places::has_pattern(path) { texts } else { &[] };
                    self.each_of(sample, &file, &whole, path, instead_of(value, places::words(path), texts));
                }
            });
        }
    }

    fn each_of(&mut self, sample: &Sample, file: &str, whole: &Value, path: &[Step], others: Vec<Value>) {
        for other in others {
            let mistakes = mistakes_of(sample, file, &pruned(replaced(whole, path, other), path));
            self.all += 1;
            self.refused += usize::from(!mistakes.is_empty());
        }
    }
}

/// A place, of which those inside a field of any request are one.
fn kind_of(path: &[Step]) -> String {
    let place = places::nameless(path);
    let requests = ["tests/*/request/", "tests/*/history/*/", "requests/*/"];
    let inside = requests.into_iter().find_map(|of| place.strip_prefix(of));
    match inside {
        Some(inside) if inside.contains('/') => format!("requests/*/{inside}"),
        _ => place,
    }
}

/// Its type, with the fields of a mapping, and the shapes that are in a list.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => format!("{:?}", fields.keys().collect::<Vec<_>>()),
        Value::Array(entries) => format!("{:?}", entries.iter().map(shape).collect::<BTreeSet<_>>()),
        Value::String(_) => "text".into(),
        other => other.to_string(),
    }
}

#[test]
fn they_agree_about_everything_with_one_thing_changed() {
    let mut tried = Tried::default();
    tried.all_of(&everything(), &TEXTS, Value::to_string);
    let Tried { all, refused, .. } = tried;
    assert!(all > 5_000 && refused > all / 2 && refused < all, "{refused} of {all}");
}

#[test]
fn they_agree_about_what_is_published_with_one_thing_changed() {
    let mut tried = Tried::default();
    // A text where everything has one, and so on, was changed there.
    for (_, whole) in everything().files() {
        walk(&whole, &mut Vec::new(), &mut |path, value| {
            tried.places.insert((kind_of(path), shape(value)));
        });
    }
    published().iter().for_each(|sample| tried.all_of(&sample.in_one_file(), &[], shape));
    let Tried { all, refused, .. } = tried;
    assert!(all > 1_000 && refused > all / 2 && refused < all, "{refused} of {all}");
}

#[test]
fn they_agree_about_what_stands_in_a_list_twice() {
    let (sample, mut refused) = (everything(), 0);
    let (file, whole) = sample.files().next().unwrap();
    walk(&whole, &mut Vec::new(), &mut |path, value| {
        for twice in value.as_array().into_iter().flatten() {
            let entries = value.as_array().into_iter().flatten().chain([twice]);
            let policy = pruned(replaced(&whole, path, entries.cloned().collect()), path);
            let mistakes = mistakes_of(&sample, &file, &policy);
            if mistakes.iter().any(|message| message.starts_with("this is in ")) {
                assert_ne!(refusals(&policy), [""; 0], "{path:?}: {mistakes:?}");
                refused += 1;
            }
        }
    });
    assert!(refused > 40, "{refused}");
}
