//! Decisions that were lost, as an export has them.

use policy::charge::Charge;
use policy::evidence::Evidence;
use policy::identity::Digest;
use policy::time::Time;
use serde::Deserialize;

use crate::store::archive::{ChargeRow, DecisionRow};
use crate::store::encoding::json;
use crate::store::journal::{JournalError, RequestIdentity, latest_time};
use crate::store::{Decision, Origin, RequestKind};
use crate::upkeep::copy::is_last;
use crate::upkeep::verify::record::{RecordedDecision, misfiled_answer};

/// A decision that was lost.
pub struct LostDecision {
    /// Its line in the file, from 1.
    pub number: usize,
    /// As it was kept, at its position there.
    pub row: DecisionRow,
    decision: Decision,
    /// Its charges, as they stood when it was exported.
    pub charges: Vec<Charge>,
    /// The one that it was the last to change.
    pub changed: Option<Charge>,
}

/// A line of an export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    position: i64,
    kind: RequestKind,
    key: String,
    content: String,
    decision: Decision,
    charges: Vec<Charge>,
    evidence: Option<Evidence>,
    payload: Option<String>,
    #[serde(default)]
    pruned_us: Option<i64>,
}

const NOT_HEX: &str = "key, content and payload are hexadecimal digits";

/// Reads the lines of an export; `file` names it in mistakes.
///
/// # Errors
/// Every mistake, with its line.
pub fn read(file: &str, text: &str) -> Result<Vec<LostDecision>, Vec<String>> {
    let (mut lost, mut mistakes) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match LostDecision::read(number, line) {
            Ok(line) => lost.push(line),
            Err(what) => mistakes.push(format!("{file}:{number}: {what}")),
        }
    }
    if mistakes.is_empty() { Ok(lost) } else { Err(mistakes) }
}

impl LostDecision {
    fn read(number: usize, text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| {
            format!("this is no line of an export: {error}. Take them from `decider store export`")
        })?;
        let decision = line.decision;
        let digest = |text: &str| hex::decode(text).ok()?.try_into().ok().map(Digest);
        let row = DecisionRow {
            position: line.position,
            id: decision.id.clone(),
            identity: RequestIdentity {
                tenant: decision.tenant.clone(),
                callback_request_id: decision.callback_request_id.clone(),
                key: digest(&line.key).ok_or(NOT_HEX)?,
                content: digest(&line.content).ok_or(NOT_HEX)?,
            },
            kind: line.kind,
            decided_us: decision.at.as_micros(),
            policy_hash: decision.policy_hash.clone(),
            body: json(&decision).map_err(|error| error.to_string())?,
            origin: origin(line.payload, line.evidence, line.pruned_us, &line.charges)?,
        };
        let wrong = match &row.origin {
            Origin::Kept { payload, evidence } => {
                RecordedDecision::read(&row, payload, evidence)?.misfiled(&row)
            }
            Origin::Pruned { .. } => misfiled_answer(&row)?,
        };
        if !wrong.is_empty() {
            return Err(format!("it does not fit its request: {}", wrong.join(", ")));
        }
        let changed = line.charges.iter().find(|charge| is_last(charge, &row)).cloned();
        Ok(Self { number, row, decision, charges: line.charges, changed })
    }

    /// Whether it is the answer that is on record. Older versions wrote the same with fewer words.
    pub fn is(&self, body: &str) -> bool {
        serde_json::from_str::<Decision>(body).is_ok_and(|kept| kept == self.decision)
    }

    /// What is written at a position.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn at(self, position: i64) -> Result<(DecisionRow, Decision, Option<ChargeRow>), JournalError> {
        let charge = self.changed.map(|charge| {
            let (latest_us, body) = (latest_time(&charge).as_micros(), json(&charge)?);
            Ok::<_, JournalError>(ChargeRow { place: position, key: charge.key, latest_us, body })
        });
        Ok((DecisionRow { position, ..self.row }, self.decision, charge.transpose()?))
    }
}

/// What a pruned decision came out of cannot be checked against its digests: the operator's statement is believed.
fn origin(
    payload: Option<String>,
    evidence: Option<Evidence>,
    pruned_us: Option<i64>,
    charges: &[Charge],
) -> Result<Origin<String>, String> {
    match (payload, evidence, pruned_us) {
        (Some(payload), Some(evidence), None) => Ok(Origin::Kept {
            payload: hex::decode(payload).map_err(|_| NOT_HEX)?,
            evidence: json(&evidence).map_err(|error| error.to_string())?,
        }),
        (None, None, Some(micros)) => {
            let charges = charges.iter().map(|charge| charge.key.clone()).collect();
            Ok(Origin::Pruned { at: Time::from_micros(micros), charges })
        }
        _ => Err("it has either payload and evidence, or pruned_us".into()),
    }
}
