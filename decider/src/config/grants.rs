//! Who may ask.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::tenants::{self, ALL, read_set};
use crate::grants::{Grant, Grants, Identity, IdentityError, Tenants, Verb};
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Place, Reader, Value};

const KINDS: [&str; 3] = ["spiffe", "dns", "subject"];
const FIELDS: [&str; 5] = ["spiffe", "dns", "subject", "tenants", "verbs"];
const VERBS: [(&str, Verb); 3] =
    [("decide", Verb::Decide), ("read", Verb::Read), ("administer", Verb::Administer)];

/// What an empty list would mean.
const NOTHING: &str = "which would grant nothing: leave the entry out";

/// What an entry looks like, for who has none yet.
const EXAMPLE: &str =
    "grants: [{spiffe: \"spiffe://example.org/edge\", tenants: [default], verbs: [decide, read]}]";

/// The field `grants` of the configuration of a decider that has `own` tenants.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, own: &Tenants) -> Option<Grants> {
    if !fields.has("grants") {
        let message = format!("grants is missing: it says who may ask, such as {EXAMPLE}");
        reader.mistake(fields.at, message);
    }
    let node = fields.optional(reader, "grants")?;
    let entries =
        reader.some(node, "grants", &format!("and nobody could ask: write one, such as {EXAMPLE}"))?;
    let mut grants = BTreeMap::new();
    let mut all_read = true;
    for entry in entries {
        match read_grant(reader, entry, own) {
            Some((identity, grant)) => {
                note(reader, &mut grants, identity, PlacedGrant { grant, at: entry.at })
            }
            None => all_read = false,
        }
    }
    let grants = grants.into_iter().map(|(identity, placed)| (identity, placed.grant));
    all_read.then(|| Grants::new(grants.collect()))
}

/// A grant, and where it stands in the file.
struct PlacedGrant {
    grant: Grant,
    at: Place,
}

/// Refuses two entries of one identity: people would have to add them up when they read the file.
fn note(
    reader: &mut Reader<'_>,
    grants: &mut BTreeMap<Identity, PlacedGrant>,
    identity: Identity,
    placed: PlacedGrant,
) {
    let at = placed.at;
    match grants.entry(identity) {
        Entry::Vacant(free) => drop(free.insert(placed)),
        Entry::Occupied(known) => {
            let first = reader.first(known.get().at, at);
            let identity = known.key();
            reader.mistake(at, format!("{identity} is there twice: {first}; make one entry of them"));
        }
    }
}

fn read_grant(reader: &mut Reader<'_>, node: &Node, own: &Tenants) -> Option<(Identity, Grant)> {
    let fields = Fields::of(reader, node, "a grant", &FIELDS)?;
    let identity = read_identity(reader, &fields);
    let tenants = fields.required(reader, "tenants").and_then(|node| read_tenants(reader, node, own));
    let verbs = fields.required(reader, "verbs").and_then(|node| read_verbs(reader, node));
    Some((identity?, Grant { tenants: tenants?, verbs: verbs? }))
}

fn read_identity(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Identity> {
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| fields.has(kind)).collect();
    let [kind] = given.as_slice() else {
        reader.mistake(fields.at, "a grant has one of spiffe, dns and subject: whom it is for");
        return None;
    };
    let node = fields.optional(reader, kind)?;
    let text = reader.text(node, kind)?;
    let read: fn(&str) -> Result<Identity, IdentityError> = match *kind {
        "spiffe" => Identity::spiffe,
        "dns" => Identity::dns,
        _ => Identity::subject,
    };
    reader.check(node.at, read(text))
}

fn read_tenants(reader: &mut Reader<'_>, node: &Node, own: &Tenants) -> Option<Tenants> {
    match &node.value {
        Value::Text(text) if text == ALL => Some(Tenants::All),
        Value::Text(_) => {
            reader.mistake(node.at, "tenants is a list of names, such as [default], or all");
            None
        }
        _ => read_set(reader, node, "tenants", NOTHING, |reader, node| {
            let name =
                tenants::read_name(reader, node, "for all tenants write tenants: all, without a list")?;
            tenants::check_own(reader, own, node, &name);
            Some(name)
        })
        .map(Tenants::These),
    }
}

fn read_verbs(reader: &mut Reader<'_>, node: &Node) -> Option<BTreeSet<Verb>> {
    read_set(reader, node, "verbs", NOTHING, |reader, node| {
        let name = reader.text(node, "a verb")?;
        let known = VERBS.iter().find(|(known, _)| *known == name);
        let known = known.ok_or_else(|| unknown("verb", name, VERBS.iter().map(|(known, _)| *known)));
        reader.check(node.at, known).map(|(_, verb)| *verb)
    })
}
