//! Whether the configurations of several deciders fit together. A tenant with two ledgers would have room for each of its
//! limits twice, and no database knows of another one: their files are where it can be seen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{FIELDS, grants, store, tenants};
use crate::grants::{Tenants, Verb};
use crate::shown::first_of;
use crate::store::postgres::config::{Durability, Standby};
use crate::store::{Config as Store, Retention};
use crate::yaml::{self, Fields, Mistakes, Node, Place, Reader, Source, Value};

/// How many tenants are named in a mistake.
const MOST_NAMED: usize = 5;

/// What a configuration says of whose ledger it has.
struct LedgerClaim<'f> {
    file: &'f str,
    /// Where it says so.
    at: Place,
    tenants: Tenants,
    store: Store,
    settings: Vec<Setting>,
}

/// What all deciders of a ledger must say of it alike.
struct Setting {
    name: &'static str,
    value: String,
    /// Where it says so, or would.
    at: Place,
    /// What comes of a difference.
    harm: &'static str,
}

/// Reads these configurations as far as they say whose ledgers they have.
///
/// # Errors
/// Every mistake in that, and where they do not fit together.
pub fn check(paths: &[PathBuf]) -> Result<(), Mistakes> {
    let text = |path: &PathBuf| yaml::text_of(path).map(|text| (path.display().to_string(), text));
    let files = paths.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let sources: Vec<_> = files.iter().map(|(file, text)| Source { file, text }).collect();
    let mut reader = Reader::of_files(sources.clone());
    let ledgers: Vec<_> = (0..)
        .zip(sources.iter().zip(paths))
        .filter_map(|(number, (source, path))| {
            let node = reader.absorb(yaml::parse_as(number, source.file, source.text))?;
            read(&mut reader, &node, source.file, path)
        })
        .collect();
    for (number, one) in ledgers.iter().enumerate() {
        ledgers.iter().take(number).for_each(|other| compare(&mut reader, other, one));
    }
    reader.finish(Some(()))
}

fn read<'f>(reader: &mut Reader<'_>, node: &Node, file: &'f str, path: &Path) -> Option<LedgerClaim<'f>> {
    let fields = Fields::of(reader, node, "a configuration", &FIELDS)?;
    let own = tenants::read(reader, &fields);
    let granted = grants::read(reader, &fields, own.as_ref().unwrap_or(&Tenants::All));
    let base = path.parent().unwrap_or(Path::new(""));
    let kept = fields.required(reader, "store");
    let store = kept.and_then(|node| store::read(reader, node, base));
    let said = fields.optional(reader, "tenants").or_else(|| fields.optional(reader, "grants"))?;
    let (own, granted, (store, retention)) = (own?, granted?, store?);
    let tenants = if own == Tenants::All { granted.tenants_of(Verb::Decide) } else { own };
    let settings = settings_of(&store, retention, kept?);
    Some(LedgerClaim { file, at: said.at, tenants, store, settings })
}

/// Of a ledger that several deciders may have.
fn settings_of(store: &Store, retention: Retention, node: &Node) -> Vec<Setting> {
    let Store::Postgres(config) = store else { return Vec::new() };
    let durability = match config.durability {
        Durability::Require => "require",
        Durability::Warn => "warn",
    };
    let standby = match config.synchronous_standby {
        Standby::Required => "required",
        Standby::Optional => "optional",
    };
    let pruned = "whichever prunes does it for all of them, so the shortest counts";
    let answered = "one would answer from what the other does not take for durable";
    let postgres = field(node, "postgres").unwrap_or(node);
    vec![
        Setting::of(node, "retention", retention.to_string(), pruned),
        Setting::of(postgres, "durability", durability.to_owned(), answered),
        Setting::of(postgres, "synchronous_standby", standby.to_owned(), answered),
    ]
}

impl Setting {
    fn of(node: &Node, name: &'static str, value: String, harm: &'static str) -> Self {
        Self { name, value, at: field(node, name).unwrap_or(node).at, harm }
    }
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    let is_named = |key: &Node| matches!(&key.value, Value::Text(text) if text == name);
    entries.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
}

/// Mistakes stand in the later of both, unless they are the other's alone.
fn compare(reader: &mut Reader<'_>, one: &LedgerClaim<'_>, other: &LedgerClaim<'_>) {
    if is_same(&one.store, &other.store) {
        compare_settings(reader, one, other);
        return compare_deciders(reader, one, other);
    }
    if let (Tenants::These(here), Tenants::These(there)) = (&one.tenants, &other.tenants) {
        let both: BTreeSet<_> = here.intersection(there).collect();
        if !both.is_empty() {
            let message = format!(
                "{} has another ledger, and in it the same tenants ({}): they would have room for each limit twice. \
                 Take them out of one of the two",
                one.file,
                named(&both)
            );
            reader.mistake(other.at, message);
        }
    }
    for (open, beside) in [(one, other), (other, one)] {
        if open.tenants == Tenants::All {
            let message = format!(
                "every tenant is let in here, and {} has another ledger: say in tenants whose this one is",
                beside.file
            );
            reader.mistake(open.at, message);
        }
    }
}

/// Of one ledger.
fn compare_settings(reader: &mut Reader<'_>, one: &LedgerClaim<'_>, other: &LedgerClaim<'_>) {
    for (there, here) in
        one.settings.iter().zip(&other.settings).filter(|(there, here)| there.value != here.value)
    {
        let message = format!(
            "{} is {} here, and {} in {}, which has the same ledger: {}. Give all deciders of a ledger the same",
            here.name, here.value, there.value, one.file, here.harm
        );
        reader.mistake(here.at, message);
    }
}

/// Of one ledger.
fn compare_deciders(reader: &mut Reader<'_>, one: &LedgerClaim<'_>, other: &LedgerClaim<'_>) {
    let difference = match (&one.tenants, &other.tenants) {
        (Tenants::These(here), Tenants::These(there)) if here == there => return,
        (Tenants::These(here), Tenants::These(there)) => named(&here.symmetric_difference(there).collect()),
        (Tenants::All, Tenants::All) => return,
        _ => "one of them has all".to_owned(),
    };
    let message = format!(
        "{} has the same ledger and other tenants ({difference}): one would refuse what the other decides. Give all \
         deciders of a ledger the same",
        one.file
    );
    reader.mistake(other.at, message);
}

/// As far as names tell: a host under two names is two. A file serves one decider, so two deciders have two.
fn is_same(one: &Store, other: &Store) -> bool {
    match (one, other) {
        (Store::Postgres(one), Store::Postgres(other)) => one.is_same_database(other),
        _ => false,
    }
}

fn named(tenants: &BTreeSet<&String>) -> String {
    first_of(tenants.iter().map(|name| name.as_str()), MOST_NAMED)
}
