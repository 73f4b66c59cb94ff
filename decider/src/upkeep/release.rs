//! The end of a freeze: an operator states what was lost, it is entered, and the store decides again. All of it in one
//! transaction, or nothing.

mod lost;

use std::collections::{HashMap, HashSet};

use policy::charge::{Charge, ChargeKey};
use policy::time::Time;

use crate::document::Document;
use crate::store::archive::{Release, each_decision};
use crate::store::intake::Intake;
use crate::store::journal::JournalError;
pub use lost::LostDecision;

/// What an operator states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The operator, by the name given.
    pub by: String,
    /// By this machine's clock.
    pub at: Time,
    /// What was lost: the lines of an export; `None`: nothing.
    pub lost: Option<String>,
    /// What those lines are called in mistakes.
    pub file: String,
    /// That positions are missing among them is known: they are entered all the same.
    pub despite_gaps: bool,
}

/// What is recorded where nothing was lost.
pub const NOTHING_LOST: &str = "nothing";

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Released {
    /// Why the store was frozen.
    pub frozen: String,
    /// Decisions that were entered.
    pub entered: usize,
    /// Decisions of the file that were on record.
    pub on_record: usize,
}

/// Why the store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The store.
    #[error("{0}")]
    Store(#[from] JournalError),
    /// It decides.
    #[error("the store is not frozen: there is nothing to release")]
    NotFrozen,
    /// What was lost cannot be entered.
    #[error("{}\nnothing was entered, and the store is frozen as it was", .0.join("\n"))]
    Mistakes(Vec<String>),
}

/// Enters what was lost and ends the freeze. The policy, where there is one, is kept first: what was lost may have been
/// decided by it.
///
/// # Errors
/// Nothing was changed.
pub fn release(
    mut store: Box<dyn Intake>,
    statement: &Statement,
    policy: Option<(&str, &Document)>,
) -> Result<Released, ReleaseError> {
    let frozen = store.written()?.state()?.frozen.ok_or(ReleaseError::NotFrozen)?;
    if let Some((hash, document)) = policy {
        store.policy(hash, document)?;
    }
    let lines = match &statement.lost {
        Some(text) => lost::read(&statement.file, text).map_err(ReleaseError::Mistakes)?,
        None => Vec::new(),
    };
    let position = store.written()?.about()?.head;
    let on_record = OnRecord::of(store.as_mut(), &lines)?;
    let all = lines.len();
    let new = on_record.missing_of(lines, store.as_mut(), &statement.file)?;
    if statement.lost.is_some() {
        check_all_there(&new, position, statement)?;
    }
    let entered = new.len();
    store.thaw()?;
    enter(store.as_mut(), new, position)?;
    let (released_us, by) = (statement.at.as_micros(), statement.by.clone());
    let lost = statement.lost.clone().unwrap_or_else(|| NOTHING_LOST.into());
    store.state(&Release { released_us, by, frozen: frozen.clone(), position, lost })?;
    store.finish()?;
    Ok(Released { frozen, entered, on_record: all.saturating_sub(entered) })
}

/// What the store holds, as far as it concerns what is entered.
struct OnRecord {
    /// The answers of those of the lines that are there, by the decision's id.
    bodies: HashMap<String, String>,
    latest: Option<Time>,
    policies: Vec<String>,
}

impl OnRecord {
    fn of(store: &mut dyn Intake, lines: &[LostDecision]) -> Result<Self, JournalError> {
        let ids: HashSet<&str> = lines.iter().map(|line| line.row.id.as_str()).collect();
        let archive = store.written()?;
        let policies = archive.policies()?;
        let (mut bodies, mut latest) = (HashMap::new(), None);
        // Nobody decides meanwhile: the log is not read for nothing.
        if lines.is_empty() {
            return Ok(Self { bodies, latest, policies });
        }
        each_decision(archive, |_, row| {
            latest = latest.max(Some(Time::from_micros(row.decided_us)));
            if ids.contains(row.id.as_str()) {
                bodies.insert(row.id, row.body);
            }
            Ok::<_, JournalError>(())
        })?;
        Ok(Self { bodies, latest, policies })
    }

    /// The lines that are not on record, if they can follow what is.
    fn missing_of(
        self,
        lines: Vec<LostDecision>,
        store: &mut dyn Intake,
        file: &str,
    ) -> Result<Vec<LostDecision>, ReleaseError> {
        let (mut new, mut mistakes, mut latest) = (Vec::new(), Vec::new(), self.latest);
        for line in lines {
            let at = Time::from_micros(line.row.decided_us);
            let mut mistake = |what: &str| mistakes.push(format!("{file}:{}: {what}", line.number));
            match self.bodies.get(&line.row.id) {
                Some(body) if line.is(body) => continue,
                Some(_) => mistake("the store has another decision of this id"),
                None if latest.is_some_and(|latest| at < latest) => {
                    mistake(
                        "it is dated before the decision before it: the lines stand in the order of the log",
                    );
                }
                None if !self.policies.contains(&line.row.policy_hash) => {
                    mistake("the store does not have its policy: name a configuration with that policy");
                }
                None => {}
            }
            latest = latest.max(Some(at));
            new.push(line);
        }
        mistakes.extend(unexplained(&new, store, file)?);
        if mistakes.is_empty() { Ok(new) } else { Err(ReleaseError::Mistakes(mistakes)) }
    }
}

/// What follows the store's end without a gap is all that was lost, as far as the file can tell. What is missing would be
/// headroom.
fn check_all_there(new: &[LostDecision], end: i64, statement: &Statement) -> Result<(), ReleaseError> {
    let (file, mut before) = (&statement.file, end);
    if new.is_empty() {
        let what = "no decision in it is new to the store: export what was lost again, or, if nothing was, say \
                    `--lost nothing`";
        return Err(ReleaseError::Mistakes(vec![format!("{file}: {what}")]));
    }
    for line in new.iter().filter(|_| !statement.despite_gaps) {
        let next = before.saturating_add(1);
        if line.row.position != next {
            let (number, position) = (line.number, line.row.position);
            return Err(ReleaseError::Mistakes(vec![format!(
                "{file}:{number}: position {next} follows in the log, and this line has {position}: what is missing \
                 would be headroom. Export again from {next} on; if there is no more, or it is of a ledger with other \
                 positions, say `--despite-gaps`"
            )]));
        }
        before = next;
    }
    Ok(())
}

/// Charges that would not be entered, because the decision that was the last to change them is not in the file: what
/// they hold would be headroom.
fn unexplained(
    lines: &[LostDecision],
    store: &mut dyn Intake,
    file: &str,
) -> Result<Vec<String>, JournalError> {
    let entered: Vec<&ChargeKey> =
        lines.iter().filter_map(|line| line.changed.as_ref()).map(|charge| &charge.key).collect();
    let mut mistakes = Vec::new();
    for line in lines {
        for charge in line.charges.iter().filter(|charge| !entered.contains(&&charge.key)) {
            let kept = store.written()?.charge(&charge.key)?;
            let kept: Option<Charge> = kept.and_then(|body| serde_json::from_str(&body).ok());
            if kept.as_ref() != Some(charge) {
                mistakes.push(format!(
                    "{file}:{}: the decision that changed the charge {} last is missing: export again, with all that \
                     follows",
                    line.number,
                    charge.key.as_text()
                ));
            }
        }
    }
    Ok(mistakes)
}

fn enter(store: &mut dyn Intake, lines: Vec<LostDecision>, mut position: i64) -> Result<(), JournalError> {
    for line in lines {
        position = position.saturating_add(1);
        let (row, decision, charge) = line.at(position)?;
        store.write(row, &decision, charge)?;
    }
    Ok(())
}
