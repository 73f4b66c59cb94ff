//! The fleets that there are, and which of them a path asks.

use std::{cell::Cell, time::Duration};

use super::{
    notes::Place,
    parts,
    purpose::TlsKey,
    section::{Found, Section},
};
use crate::{
    callback_handler::CallbackPath,
    decider::{self, DEFAULT_DEADLINE, FleetName},
};

/// Most fleets under `deciders`: each is a label of the metrics, and has health checks of its own.
const MAX_NAMED_FLEETS: usize = 63;
/// The least likeness, from 0 to 1, at which a name is offered instead.
const LIKE_ENOUGH: f64 = 0.6;

/// Some deciders over one ledger, and the sub-paths whose tenants have theirs there.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The deciders.
    pub decider: decider::Config,
    /// The sub-paths of JWT mode.
    pub paths: Vec<CallbackPath>,
    /// The sub-paths of JSON mode. At least one of the two has some.
    pub json_paths: Vec<CallbackPath>,
}

/// The longest that a decision of any fleet may take, and the field that says so.
pub(super) struct LongestDeadline {
    pub(super) deadline: Duration,
    pub(super) field: String,
}

/// That of a fleet that says none.
impl Default for LongestDeadline {
    fn default() -> Self {
        Self { deadline: DEFAULT_DEADLINE, field: "decider.deadline".to_owned() }
    }
}

/// All fleets that are named, usable or not: a path that names one with a mistake in it is right itself.
pub(super) struct Fleets<'n>(Vec<NamedFleet<'n>>);

struct NamedFleet<'n> {
    name: FleetName,
    place: Place<'n>,
    decider: Option<decider::Config>,
    asked: Cell<bool>,
}

impl<'n> Fleets<'n> {
    /// The one under `decider`, then those under `deciders`.
    pub(super) fn read(root: &mut Section<'n>) -> Self {
        let mut fleets = Self(Vec::new());
        match root.required("decider") {
            Some(found) => fleets.push(FleetName::default(), found),
            // That it is missing is noted already; that no path asks it would be noise.
            None => fleets.0.push(NamedFleet {
                name: FleetName::default(),
                place: root.place.clone(),
                decider: None,
                asked: Cell::new(true),
            }),
        }
        for (key, name, found) in root.optional("deciders").and_then(named).unwrap_or_default() {
            if let Some(name) = key.check(FleetName::try_from(name.as_str())) {
                fleets.push(name, found);
            }
        }
        fleets
    }

    fn push(&mut self, name: FleetName, found: Found<'n>) {
        let place = found.place.clone();
        let decider = parts::decider(found, name.clone());
        for address in decider.iter().flat_map(|decider| &decider.addresses) {
            if let Some(owner) = self.owner(address) {
                place.wrong(format!(
                    "address https://{}:{} is one of {} already: a decider is of one fleet",
                    address.host(),
                    address.port(),
                    owner.field()
                ));
            }
        }
        self.0.push(NamedFleet { name, place, decider, asked: Cell::default() });
    }

    fn owner(&self, address: &decider::Address) -> Option<&FleetName> {
        let has = |decider: &decider::Config| decider.addresses.iter().any(|other| other.is_same(address));
        self.0.iter().find(|named| named.decider.as_ref().is_some_and(has)).map(|named| &named.name)
    }

    pub(super) fn longest_deadline(&self) -> LongestDeadline {
        let deadlines = self.0.iter().filter_map(|named| {
            let field = format!("{}.deadline", named.name.field());
            Some(LongestDeadline { deadline: named.decider.as_ref()?.deadline, field })
        });
        // Of equal ones the first.
        let longest =
            deadlines.reduce(|longest, next| if next.deadline > longest.deadline { next } else { longest });
        longest.unwrap_or_else(LongestDeadline::default)
    }

    /// The key by which each that can be used knows us.
    pub(super) fn tls_keys(&self) -> impl Iterator<Item = TlsKey> {
        self.0.iter().filter_map(|named| {
            let public_key = named.decider.as_ref()?.identity.certificate().public_key.clone();
            Some(TlsKey { field: format!("{}.private_key", named.name.field()), public_key })
        })
    }

    /// The fleet of paths that name none.
    pub(super) fn unnamed(&self) -> Option<FleetName> {
        let unnamed = self.0.first()?;
        unnamed.asked.set(true);
        Some(unnamed.name.clone())
    }

    /// The fleet that a path names.
    pub(super) fn find(&self, found: Found<'_>) -> Option<FleetName> {
        found.parse(|name| {
            let known = self.0.iter().skip(1).find(|named| named.name.as_str() == name);
            let known = known.ok_or_else(|| self.unknown(&name))?;
            known.asked.set(true);
            Ok::<_, String>(known.name.clone())
        })
    }

    fn unknown(&self, name: &str) -> String {
        if name == FleetName::default().as_str() {
            return "leave it out: then the one under decider is asked".to_owned();
        }
        let likeness =
            |named: &'_ NamedFleet<'_>| strsim::normalized_damerau_levenshtein(name, named.name.as_str());
        let named = self.0.iter().skip(1);
        match named.max_by(|one, other| likeness(one).total_cmp(&likeness(other))) {
            None => "there are no deciders by name: write them under deciders".to_owned(),
            Some(near) if likeness(near) >= LIKE_ENOUGH => {
                // The path means this one, so do not report that no path asks it.
                near.asked.set(true);
                format!("is no fleet under deciders: did you mean {}?", near.name.as_str())
            }
            Some(_) => {
                let known: Vec<_> = self.0.iter().skip(1).map(|named| named.name.as_str()).collect();
                format!("is no fleet under deciders; there are: {}", known.join(", "))
            }
        }
    }

    /// Notes every fleet that no path asks.
    pub(super) fn check_asked(&self) {
        for named in self.0.iter().filter(|named| !named.asked.get()) {
            let mend = match named.name == FleetName::default() {
                true => "give one of those under deciders this place",
                false => "take it out, or name it in the field decider of a path",
            };
            named.place.wrong(format!("is asked by no path: {mend}"));
        }
    }

    /// Each fleet with its paths, or nothing where one cannot be used.
    pub(super) fn with(
        self,
        paths: &[(FleetName, CallbackPath)],
        json_paths: &[(FleetName, CallbackPath)],
    ) -> Option<Vec<Fleet>> {
        let of = |name: &FleetName, paths: &[(FleetName, CallbackPath)]| -> Vec<CallbackPath> {
            let own = paths.iter().filter(|(fleet, _)| fleet == name);
            own.map(|(_, path)| path.clone()).collect()
        };
        let fleet = |named: NamedFleet<'_>| {
            let (paths, json_paths) = (of(&named.name, paths), of(&named.name, json_paths));
            Some(Fleet { decider: named.decider?, paths, json_paths })
        };
        self.0.into_iter().map(fleet).collect()
    }
}

/// Each entry with its name and the place of that.
fn named(found: Found<'_>) -> Option<Vec<(Place<'_>, String, Found<'_>)>> {
    let place = found.place.clone();
    let entries = found.section()?.entries();
    match entries.len() {
        0 => place.wrong("names no fleet: leave it out where decider is the only one"),
        1..=MAX_NAMED_FLEETS => {}
        _ => place.wrong(format!("must be at most {MAX_NAMED_FLEETS} fleets")),
    }
    Some(entries)
}
