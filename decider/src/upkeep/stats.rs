//! What a store holds, in numbers.

use std::collections::BTreeMap;

use policy::document::Policy;
use policy::time::Time;
use policy::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::progress::Progress;
use super::release::NOTHING_LOST;
use super::usage::{self, SumLine};
use crate::store::Origin;
use crate::store::archive::{About, Archive, DecisionRow, Release, StoreState, each_charge, each_decision};
use crate::store::journal::JournalError;
use crate::telemetry::word;

/// The numbers of a store. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// The schema of its tables.
    pub schema: i64,
    /// What it takes on disk, in bytes.
    pub bytes: u64,
    /// Where the log ends.
    pub head: i64,
    /// Why nothing is decided; absent: it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// Policies that are kept.
    pub policies: usize,
    /// Decisions.
    pub decisions: TimeRange,
    /// The same by tenant, and then by verdict; `UNREADABLE` where that cannot be told.
    pub verdicts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Requests that are kept, in bytes.
    pub payload_bytes: u64,
    /// Decisions whose request was let go.
    pub pruned: u64,
    /// Charges, by the latest time at which they count.
    pub charges: TimeRange,
    /// What operators have stated of a frozen store, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Stated>,
    /// Every sum of the policy's limits that something counts in; absent where there is no policy to go by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Vec<SumLine>>,
}

/// What an operator has stated of a store that was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// In microseconds since 1970.
    pub released_us: i64,
    /// The operator, by the name given.
    pub by: String,
    /// Why it was frozen.
    pub frozen: String,
    /// Where the log ended.
    pub position: i64,
    /// How many lines of an export were said to be what was lost. 0: nothing was lost.
    pub lost_lines: usize,
}

impl From<Release> for Stated {
    fn from(Release { released_us, by, frozen, position, lost }: Release) -> Self {
        let lost_lines = if lost == NOTHING_LOST { 0 } else { lost.lines().count() };
        Self { released_us, by, frozen, position, lost_lines }
    }
}

/// How many, and from when to when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// How many.
    pub count: u64,
    /// The first.
    pub oldest_us: Option<i64>,
    /// The last.
    pub newest_us: Option<i64>,
}

impl TimeRange {
    fn add(&mut self, micros: i64) {
        self.count = self.count.saturating_add(1);
        self.oldest_us = Some(self.oldest_us.map_or(micros, |oldest| oldest.min(micros)));
        self.newest_us = Some(self.newest_us.map_or(micros, |newest| newest.max(micros)));
    }
}

/// All that is asked of an answer here.
#[derive(Deserialize)]
struct Answered {
    verdict: Verdict,
}

/// What is counted row by row.
#[derive(Default)]
struct Counts {
    decisions: TimeRange,
    verdicts: BTreeMap<String, BTreeMap<String, u64>>,
    payload_bytes: u64,
    pruned: u64,
    charges: TimeRange,
}

impl Counts {
    fn of(archive: &mut dyn Archive, progress: &mut Progress<'_>) -> Result<Self, JournalError> {
        let mut counts = Self::default();
        each_decision(archive, |_, row| {
            progress.step();
            counts.add_decision(row);
            Ok::<_, JournalError>(())
        })?;
        each_charge(archive, |row| {
            progress.step();
            counts.charges.add(row.latest_us);
            Ok::<_, JournalError>(())
        })?;
        Ok(counts)
    }

    fn add_decision(&mut self, row: DecisionRow) {
        self.decisions.add(row.decided_us);
        match &row.origin {
            Origin::Kept { payload, .. } => {
                let bytes = u64::try_from(payload.len()).unwrap_or(u64::MAX);
                self.payload_bytes = self.payload_bytes.saturating_add(bytes);
            }
            Origin::Pruned { .. } => self.pruned = self.pruned.saturating_add(1),
        }
        let answered = serde_json::from_str(&row.body);
        let verdict = answered.map_or("UNREADABLE", |answered: Answered| word(&answered.verdict));
        let of_tenant = self.verdicts.entry(row.identity.tenant).or_default();
        let count = of_tenant.entry(verdict.to_owned()).or_default();
        *count = count.saturating_add(1);
    }
}

/// Counts a store. Usage is that of `policy`, where there is one, at `now`, or at the latest decision where that is later.
///
/// # Errors
/// It could not be read.
pub fn count(
    archive: &mut dyn Archive,
    policy: Option<&Policy>,
    now: Time,
    progress: &mut Progress<'_>,
) -> Result<Stats, JournalError> {
    let About { kind, schema, bytes, head } = archive.about()?;
    let Counts { decisions, verdicts, payload_bytes, pruned, charges } = Counts::of(archive, progress)?;
    let now = decisions.newest_us.map_or(now, |newest| now.max(Time::from_micros(newest)));
    let StoreState { frozen, releases } = archive.state()?;
    let releases = releases.into_iter().map(Stated::from).collect();
    let usage = policy.map(|policy| usage::compute(archive, policy, now)).transpose()?;
    let policies = archive.policies()?.len();
    Ok(Stats {
        store: kind,
        schema,
        bytes,
        head,
        frozen,
        policies,
        decisions,
        verdicts,
        payload_bytes,
        pruned,
        charges,
        releases,
        usage,
    })
}
