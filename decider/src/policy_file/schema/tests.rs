//! The schema and the loader agree about every document that any test reads, and about all that is made of some.

mod json;
mod mutants;
mod pairs;
mod places;
mod samples;
mod unknowable;
mod words;

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::SCHEMA;
use crate::policy_file::Text;
use crate::yaml::{Mistake, Mistakes, Node};
use unknowable::is_unknowable;

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());
static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(&PARSED).unwrap());

/// What the schema says of a file, as an editor would.
fn refusals(file: &Value) -> Vec<String> {
    VALIDATOR.iter_errors(file).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The files of a policy as the schema sees them.
pub struct Seen(Vec<Value>);

impl Seen {
    pub fn of(files: &[Node]) -> Self {
        Self(files.iter().map(json::of).collect())
    }

    /// Holds what the schema says against what the loader says: they agree, but for mistakes that [`unknowable`] names,
    /// and for those in CSV files.
    pub(in crate::policy_file) fn hold_against(&self, texts: &[Text], mistakes: Option<&Mistakes>) {
        let taken = self.0.iter().all(|file| VALIDATOR.is_valid(file));
        match mistakes {
            None => assert!(taken, "the loader takes what the schema refuses: {}", self.shown()),
            Some(mistakes) if taken => {
                let in_yaml = |each: &&Mistake| texts.iter().any(|text| text.file == each.file);
                let known = mistakes.iter().filter(in_yaml).find(|each| !is_unknowable(&each.message));
                assert_eq!(known, None, "the schema takes what the loader refuses: {}", self.shown());
            }
            Some(_) => {}
        }
    }

    fn shown(&self) -> String {
        self.0.iter().map(|file| format!("{:?}\n{file:#}\n", refusals(file))).collect()
    }
}

#[test]
fn it_is_a_schema_of_the_draft_that_it_names() {
    assert_eq!(PARSED["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(jsonschema::meta::is_valid(&PARSED));
}
