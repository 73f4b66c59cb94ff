//! `tests`: what a policy must say of requests. A policy that says otherwise is not loaded (decision model,
//! section 6).

pub mod report;
mod expect;
mod named;
mod draft;
mod prices;
mod moment;
mod destination;
mod known;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use policy::document::Policy;
use policy::policy_test::{Before, Expectation, PolicyTest, TimedRequest};
use policy::time::Time;

use super::ids::Ids;
use super::names::Names;
use crate::yaml::{Fields, Node, Place, Reader};
use draft::{Draft, Past};
use known::Known;
use moment::AtOrAgo;
use named::Requests;

/// The most tests of a policy.
pub const MAX_TESTS: usize = 1_000;
/// The most requests of all tests and their histories: they are played through at every load.
pub const MAX_REQUESTS: usize = 10_000;
/// When a test asks that does not say: 2026-01-01 12:00:00 UTC, a Thursday.
pub const DEFAULT_AT: Time = Time::from_micros(1_767_268_800_000_000);

/// What a test has beside its request.
pub const FIELDS: [&str; 5] = ["name", "at", "history", "request", "expect"];

/// A test with its places.
#[derive(Debug, Clone)]
pub struct PlacedTest {
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub at: Place,
    /// Where each request of its history stands.
    pub history: Vec<Place>,
    /// What it does.
    pub test: PolicyTest,
}

/// Reads the tests of a policy of which everything else was read.
pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    ids: &Ids,
    policy: &Policy,
) -> Vec<PlacedTest> {
    let known = Known { names, has_prices: fields.has("prices"), terms: policy.prices.as_ref() };
    let requests = Requests::read(reader, fields, &known);
    // Of what could not be read nobody knows what would come out.
    if names.lost().is_any() {
        return Vec::new();
    }
    let Some(node) = fields.optional(reader, "tests") else { return Vec::new() };
    let entries = reader.list(node, "tests").unwrap_or_default();
    if entries.len() > MAX_TESTS {
        reader.mistake(node.at, format!("tests has {} entries: at most {MAX_TESTS} are read", entries.len()));
        return Vec::new();
    }
    let mut tests = Tests { known, requests, ids, policy, left: MAX_REQUESTS, named: HashMap::new() };
    let read = entries.iter().enumerate();
    let read = read.filter_map(|(number, entry)| tests.read(reader, entry, number.saturating_add(1)));
    read.collect()
}

/// What tests are read with.
struct Tests<'a> {
    known: Known<'a>,
    requests: Requests,
    ids: &'a Ids,
    policy: &'a Policy,
    /// How many more requests may come.
    left: usize,
    /// Where each name stands.
    named: HashMap<String, Place>,
}

impl Tests<'_> {
    fn read(&mut self, reader: &mut Reader<'_>, node: &Node, number: usize) -> Option<PlacedTest> {
        let fields = Fields::of(reader, node, "a test", &FIELDS)?;
        let name = fields.required(reader, "name").and_then(|node| self.read_name(reader, node));
        let at = fields.optional(reader, "at").map_or(Some(DEFAULT_AT), |node| words::time(reader, node));
        let history = self.read_history(reader, &fields);
        let asked = fields.required(reader, "request");
        let asked = asked
            .and_then(|node| Some((node, Draft::of_request(reader, node, &self.known, &self.requests)?)));
        let stage = asked.as_ref().map(|(_, draft)| draft.stage());
        let expected = fields.required(reader, "expect");
        let expected = expected.and_then(|node| expect::read(reader, node, self.ids, self.policy, stage));
        let met = self.expected_before(reader, &history, asked.as_ref().map(|(_, draft)| draft));
        let (at, (place, draft)) = (at?, asked?);
        let before = self.played(reader, &history, &draft, at, number).into_iter().zip(met);
        let test = PolicyTest {
            history: before.map(|(asked, expected)| Before { asked, expected }).collect(),
            asked: TimedRequest {
                request: draft.request(reader, place, self.policy, &format!("test-{number}")),
                prices: draft.prices(at),
                at,
            },
            expected: expected?,
        };
        let history = history.iter().map(|entry| entry.node.at).collect();
        Some(PlacedTest { name: name?, at: node.at, history, test })
    }

    /// One that fails is found by its name.
    fn read_name(&mut self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        let name = words::name(reader, node)?;
        if let Some(first) = self.named.insert(name.clone(), node.at) {
            let first = reader.first(first, node.at);
            reader.mistake(node.at, format!("another test is called so: {first}"));
        }
        Some(name)
    }

    fn read_history<'n>(&mut self, reader: &mut Reader<'_>, fields: &Fields<'n>) -> Vec<Entry<'n>> {
        let node = fields.optional(reader, "history");
        let entries = node.and_then(|node| reader.list(node, "history")).unwrap_or_default();
        let Some(left) = self.left.checked_sub(entries.len().saturating_add(1)) else {
            let message =
                format!("the tests ask more than {MAX_REQUESTS} requests, which is the most that are played");
            reader.mistake(fields.at, message);
            return Vec::new();
        };
        self.left = left;
        let read = entries.iter().filter_map(|node| {
            let Past { draft, moment, expected } =
                Draft::of_history(reader, node, &self.known, &self.requests)?;
            Some(Entry { node, draft, moment: moment?, expected })
        });
        read.collect()
    }

    /// What must have come out of each entry of a history, of a test that asks `base`.
    fn expected_before(
        &self,
        reader: &mut Reader<'_>,
        history: &[Entry<'_>],
        base: Option<&Draft>,
    ) -> Vec<Expectation> {
        let mut read = |entry: &Entry<'_>| {
            let stage = base.map(|base| entry.draft.clone().over(base).stage());
            expect::read(reader, entry.expected?, self.ids, self.policy, stage)
        };
        history.iter().map(|entry| read(entry).unwrap_or_else(Expectation::allowed)).collect()
    }

    /// The requests of a history, as they reach the decider before that of the test.
    fn played(
        &self,
        reader: &mut Reader<'_>,
        history: &[Entry<'_>],
        base: &Draft,
        at: Time,
        test: usize,
    ) -> Vec<TimedRequest> {
        let (mut played, mut before) = (Vec::new(), Time::MIN);
        for (number, Entry { node, draft, moment, .. }) in history.iter().enumerate() {
            let asked_at = before_or_at(reader, node, *moment, at);
            if asked_at < before {
                let message = "the history is told oldest first: this comes before what stands above";
                reader.mistake(node.at, message);
            }
            before = before.max(asked_at);
            let id = format!("test-{test}-history-{}", number.saturating_add(1));
            let draft = draft.clone().over(base);
            let request = draft.request(reader, node, self.policy, &id);
            played.push(TimedRequest { request, prices: draft.prices(asked_at), at: asked_at });
        }
        played
    }
}

/// An entry of a history, as it was written.
struct Entry<'n> {
    node: &'n Node,
    draft: Draft,
    moment: AtOrAgo,
    /// What must have come out; where nothing is said it was allowed.
    expected: Option<&'n Node>,
}

/// When an entry of the history was asked, of a test that asks at `at`.
fn before_or_at(reader: &mut Reader<'_>, entry: &Node, moment: AtOrAgo, at: Time) -> Time {
    let asked_at = moment.time(at);
    if asked_at > at {
        reader.mistake(entry.at, "this comes after the request of the test: history is what was before");
    }
    asked_at
}
