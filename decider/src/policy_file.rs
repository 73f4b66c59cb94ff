//! The policy as a document that a reviewer reads and git keeps: YAML into [`policy::document::Policy`].
//!
//! Every mistake is reported at once, with file, line and column. Nothing is guessed: an unknown name, a number
//! where text is wanted, a wrong checksum and a rule that could never match are mistakes, because each of them
//! would otherwise decide something that nobody meant.

pub mod schema;
pub mod warnings;
pub mod policy_tests;
mod config_changes;
mod limits;
mod windows;
pub mod prices;
mod rules;
mod conditions;
mod circumstances;
mod expression;
mod calls;
mod patterns;
mod times;
mod scope;
mod amounts;
mod matchers;
mod callers;
mod choices;
mod counterparties;
mod names;
mod lost;
mod signer_groups;
mod source_groups;
mod members;
mod accounts;
mod lists;
mod files;
mod merge;
mod assets;
mod classes;
mod operations;
mod room;
mod ids;
pub mod spots;
pub mod summary;

#[cfg(test)]
mod cookbook_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use policy::document::Policy;

use crate::document::Document;
use crate::yaml::mistakes::MAX_SHOWN_MISTAKES;
use crate::yaml::{self, Fields, MAX_FILE_BYTES, Mistake, Mistakes, Node, Place, Reader, Source};
use files::Files;
use merge::Merged;
use names::Names;
use policy_tests::PlacedTest;
use policy_tests::report::{self, TestReport};
use prices::PriceFile;
use spots::Spots;
use summary::Summary;

const FIELDS: [&str; 15] = [
    "version",
    "raw_transactions",
    "assets",
    "prices",
    "operations",
    "lists",
    "source_groups",
    "signer_groups",
    "counterparties",
    "deny",
    "allow",
    "limits",
    "config_changes",
    "requests",
    "tests",
];

/// A policy with the document it was read from.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// What decisions are made by.
    pub policy: Arc<Policy>,
    /// Every file of it, as it was hashed.
    pub document: Document,
    /// What it holds, in short.
    pub summary: Summary,
    /// The price table that it names, as it was when the policy was read.
    pub prices: Option<PriceFile>,
    /// Where it says what.
    pub spots: Spots,
}

/// Reads a policy: a file, or a directory whose `*.yaml` and `*.yml` are read as one document.
///
/// # Errors
/// Every mistake in it.
pub fn load(path: &Path) -> Result<PolicyFile, Mistakes> {
    run_tests(path)?.accepted()
}

/// The same, with what became of each of its tests.
///
/// # Errors
/// Every mistake in it but tests that fail: those are played once everything else is right.
pub fn run_tests(path: &Path) -> Result<TestedPolicy, Mistakes> {
    read_files(Files::at(path)?)
}

/// Reads a policy from its text; `file` names it in mistakes.
///
/// # Errors
/// Every mistake in it.
pub fn read(file: &str, text: &str) -> Result<PolicyFile, Mistakes> {
    read_files(Files::kept(Document::of_file(file, text.into())))?.accepted()
}

/// Reads a policy from the document that was kept of it. Its tests passed when it was loaded.
///
/// # Errors
/// Every mistake in it.
pub fn reread(document: Document) -> Result<PolicyFile, Mistakes> {
    Ok(read_files(Files::kept(document))?.file)
}

/// Whether a policy on disk is, byte for byte, the one of this manifest that was read from there.
pub fn is_still(path: &Path, manifest: &str) -> bool {
    Files::at(path).is_ok_and(|files| files.are_those_of(manifest))
}

/// A policy whose tests were played.
#[derive(Debug, Clone)]
pub struct TestedPolicy {
    /// What would be loaded.
    pub file: PolicyFile,
    /// Each test, in the order of the files.
    pub tests: Vec<TestReport>,
}

impl TestedPolicy {
    /// The policy, if all of its tests passed: one that fails them is not loaded (decision model, section 6).
    ///
    /// # Errors
    /// The tests that failed.
    pub fn accepted(self) -> Result<PolicyFile, Mistakes> {
        let mut failures = self.tests.into_iter().filter_map(|test| test.failure);
        let mut mistakes: Vec<Mistake> = failures.by_ref().take(MAX_SHOWN_MISTAKES).collect();
        let file = mistakes.last().map(|mistake| mistake.file.clone()).unwrap_or_default();
        mistakes.extend(Mistake::of_others(&file, failures.count()));
        Mistakes::from_list(mistakes).map(|()| self.file)
    }
}

fn read_files(mut files: Files) -> Result<TestedPolicy, Mistakes> {
    let texts = texts_of(&mut files)?;
    let whole = files.directory.as_ref().map(|_| Place::whole(DIRECTORY));
    let nodes = parse(&texts, whole)?;
    // Whatever a test reads is held against the schema, too.
    #[cfg(test)]
    let seen = schema::tests::Seen::of(&nodes);
    let read = read_nodes(&texts, nodes, files);
    #[cfg(test)]
    seen.hold_against(&texts, read.as_ref().err());
    read
}

fn read_nodes(texts: &[Text], nodes: Vec<Node>, mut files: Files) -> Result<TestedPolicy, Mistakes> {
    let mut reader = reader_of(texts);
    let whole = files.directory.as_ref().map(|_| Place::whole(DIRECTORY));
    let read = merge::merged(&mut reader, whole, nodes)
        .and_then(|merged| read_policy(&mut reader, merged, &mut files));
    let doubts = reader.doubts();
    let Parts { mut policy, lists, prices, tests, spots } = reader.finish(read)?;
    let document = files.into_document();
    policy.hash = document.hash();
    let summary = Summary::of(&policy, &document, lists, prices.as_ref(), tests.len());
    let tests = tests.iter().map(|test| played(test, &policy, texts)).collect();
    let spots = Spots { files: texts.iter().map(|text| text.file.clone()).collect(), doubts, ..spots };
    Ok(TestedPolicy {
        file: PolicyFile { policy: Arc::new(policy), document, summary, prices, spots },
        tests,
    })
}

fn played(test: &PlacedTest, policy: &Policy, texts: &[Text]) -> TestReport {
    let failure = report::failure(test, policy).map(|(at, message)| match texts.get(at.file) {
        Some(Text { file, text }) => Mistake::at(file, text, at, message),
        None => Mistake::of_file("the policy", message),
    });
    TestReport { name: test.name.clone(), failure }
}

/// A file that the reader can point into. A directory is the first of them, without a text.
struct Text {
    file: String,
    text: String,
}

/// The number of the directory among the reader's files.
const DIRECTORY: usize = 0;

fn texts_of(files: &mut Files) -> Result<Vec<Text>, Mistakes> {
    let directory = files.directory.iter().map(|name| Ok(Text { file: name.clone(), text: String::new() }));
    let mut texts: Vec<Result<Text, Mistakes>> = directory.collect();
    for name in files.policies.clone() {
        let file = files.shown(&name);
        let content = files.read(&name, MAX_FILE_BYTES).map(|read| read.content.to_vec());
        let text = content.and_then(|bytes| String::from_utf8(bytes).map_err(|_| yaml::NOT_TEXT.into()));
        let text = text.map_err(|error| Mistake::of_file(&file, error).into());
        texts.push(text.map(|text| Text { file, text }));
    }
    let (texts, mistakes) = sorted(texts);
    Mistakes::from_list(mistakes).map(|()| texts)
}

/// Parses the texts, all but that of a directory. Where one of them cannot be parsed, nobody knows what the others refer
/// to: of those only what is wrong with their sections is told.
fn parse(texts: &[Text], whole: Option<Place>) -> Result<Vec<Node>, Mistakes> {
    let files = texts.iter().enumerate().skip(usize::from(whole.is_some()));
    let (nodes, mut mistakes) =
        sorted(files.map(|(number, text)| yaml::parse_as(number, &text.file, &text.text)));
    if mistakes.is_empty() {
        return Ok(nodes);
    }
    let mut reader = reader_of(texts);
    merge::merged(&mut reader, whole, nodes);
    mistakes.extend(reader.finish(Some(())).err().into_iter().flatten());
    mistakes.sort_by_key(|mistake| texts.iter().position(|text| text.file == mistake.file));
    Mistakes::from_list(mistakes).map(|()| Vec::new())
}

fn reader_of(texts: &[Text]) -> Reader<'_> {
    Reader::of_files(texts.iter().map(|text| Source { file: &text.file, text: &text.text }).collect())
}

/// Every value, and every mistake.
fn sorted<T>(read: impl IntoIterator<Item = Result<T, Mistakes>>) -> (Vec<T>, Vec<Mistake>) {
    let (mut values, mut mistakes) = (Vec::new(), Vec::new());
    for each in read {
        match each {
            Ok(value) => values.push(value),
            Err(more) => mistakes.extend(more),
        }
    }
    (values, mistakes)
}

/// What the files say.
struct Parts {
    policy: Policy,
    lists: Vec<summary::ListSummary>,
    prices: Option<PriceFile>,
    tests: Vec<PlacedTest>,
    spots: Spots,
}

/// In the order in which names are introduced, so that each section finds what it refers to.
fn read_policy(reader: &mut Reader<'_>, merged: Merged, files: &mut Files) -> Option<Parts> {
    let fields = Fields::of(reader, &merged.node, "a policy", &FIELDS)?.with_meant(merged.meant);
    let names = Names::read(reader, &fields, files);
    let counterparties = counterparties::read(reader, &fields, &names);
    let names = names.with_counterparties(&counterparties);
    let mut ids = ids::Ids::default();
    let (terms, prices) = prices::read(reader, &fields, &names, files);
    let policy = Policy {
        hash: String::new(),
        prices: terms,
        raw_transactions_required: raw_transactions_required(reader, &fields),
        deny: rules::read_deny(reader, &fields, &names, &mut ids),
        allow: rules::read_allow(reader, &fields, &names, &mut ids),
        limits: limits::read(reader, &fields, &names, &counterparties, &mut ids),
        config_changes: config_changes::read(reader, &fields, &names, &mut ids),
        source_groups: names.source_groups(),
        assets: names.assets(),
        counterparties,
        index: None,
    };
    let tests = policy_tests::read(reader, &fields, &names, &ids, &policy);
    let lists = names.list_summaries();
    names.unused(&policy.limits).into_iter().for_each(|(at, message)| reader.doubt(at, message));
    let spots = Spots { ids: ids.places(), lists: names.places_of_lists(), ..Spots::default() };
    Some(Parts { policy: policy.indexed(), lists, prices, tests, spots })
}

fn raw_transactions_required(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    let Some(node) = fields.optional(reader, "raw_transactions") else { return false };
    match reader.text(node, "raw_transactions") {
        Some("required") => true,
        Some("optional") | None => false,
        Some(_) => {
            reader.mistake(node.at, "raw_transactions must be required or optional");
            false
        }
    }
}
