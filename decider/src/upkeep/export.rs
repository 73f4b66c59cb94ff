//! Every decision with its charges, as JSON Lines. The shape is documented in decider/src/store/README.md: fields may come, none
//! goes or changes its meaning.

use std::io::{self, Write};
use std::path::Path;

use policy::charge::ChargeKey;
use serde::de::IgnoredAny;

use super::aside::{Aside, AsideError};
use super::progress::Progress;
use crate::store::Origin;
use crate::store::archive::{Archive, DecisionRow, each_page};
use crate::store::encoding::{charge_name, json, kind_text, parse};
use crate::store::journal::JournalError;

/// Which decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// From this time on, in microseconds since 1970.
    pub since_us: Option<i64>,
    /// Of this tenant alone.
    pub tenant: Option<String>,
}

impl Wanted {
    fn has(&self, row: &DecisionRow) -> bool {
        self.since_us.is_none_or(|since| row.decided_us >= since)
            && self.tenant.as_ref().is_none_or(|tenant| *tenant == row.identity.tenant)
    }
}

/// Why there is no whole export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store could not be read.
    #[error("{0}")]
    Store(#[from] JournalError),
    /// It could not be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
    /// There is something already, or it could not be given its name.
    #[error("{0}")]
    File(#[from] AsideError),
}

/// Writes a line for each decision that is wanted, in the order of the log; how many those were.
///
/// # Errors
/// The lines that were written are not all.
pub fn write(
    archive: &mut dyn Archive,
    wanted: &Wanted,
    to: &mut dyn Write,
    progress: &mut Progress<'_>,
) -> Result<u64, ExportError> {
    let mut count: u64 = 0;
    each_page(archive, |archive, page| {
        let wanted: Vec<_> =
            page.into_iter().inspect(|_| progress.step()).filter(|row| wanted.has(row)).collect();
        for (row, charges) in wanted.iter().zip(charges_of(archive, &wanted)?) {
            count = count.saturating_add(1);
            writeln!(to, "{}", line(row, &charges)?)?;
        }
        Ok::<_, ExportError>(())
    })?;
    to.flush()?;
    Ok(count)
}

/// The same into a new file, which is whole or not there.
///
/// # Errors
/// There is no such file, or something that was there before.
pub fn write_file(
    archive: &mut dyn Archive,
    wanted: &Wanted,
    path: &Path,
    progress: &mut Progress<'_>,
) -> Result<u64, ExportError> {
    let aside = Aside::to(path)?;
    let written = write(archive, wanted, &mut io::BufWriter::new(aside.create()?), progress);
    let count = written.map_err(|error| named(path, error))?;
    aside.finish()?;
    Ok(count)
}

/// Which disk is full is to be known.
fn named(path: &Path, error: ExportError) -> ExportError {
    match error {
        ExportError::Write(why) => AsideError::Write(path.display().to_string(), why).into(),
        other => other,
    }
}

/// The charges of each of these decisions, as they stand now.
fn charges_of(archive: &mut dyn Archive, rows: &[DecisionRow]) -> Result<Vec<Vec<String>>, JournalError> {
    let keys = rows.iter().map(DecisionRow::charge_keys).collect::<Result<Vec<_>, _>>()?;
    let mut found = archive.charges_of(&keys.concat())?.into_iter();
    keys.iter().map(|keys| keys.iter().zip(found.by_ref()).filter_map(charge).collect()).collect()
}

fn charge((key, body): (&ChargeKey, Option<String>)) -> Option<Result<String, JournalError>> {
    body.map(|body| parse(&body, || charge_name(key)).map(|IgnoredAny| body))
}

/// What is kept as JSON is written as it is kept.
fn line(row: &DecisionRow, charges: &[String]) -> Result<String, JournalError> {
    let _: IgnoredAny = parse(&row.body, || format!("decision {}", row.id))?;
    let (evidence, payload, pruned) = match &row.origin {
        Origin::Kept { payload, evidence } => (evidence.clone(), json(&hex::encode(payload))?, None),
        Origin::Pruned { at, .. } => ("null".into(), "null".into(), Some(at.as_micros().to_string())),
    };
    let mut fields = vec![
        ("position", row.position.to_string()),
        ("kind", json(&kind_text(row.kind))?),
        ("key", json(&hex::encode(row.identity.key.0))?),
        ("content", json(&hex::encode(row.identity.content.0))?),
        ("decision", row.body.clone()),
        ("charges", format!("[{}]", charges.join(","))),
        ("evidence", evidence),
        ("payload", payload),
    ];
    fields.extend(pruned.map(|at| ("pruned_us", at)));
    let fields = fields.iter().map(|(name, value)| format!("\"{name}\":{value}"));
    Ok(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let full = || ExportError::Write(io::Error::from(io::ErrorKind::StorageFull));
        insta::assert_snapshot!(named(Path::new("backup/x.jsonl"), full()), @"backup/x.jsonl: no storage space");
        insta::assert_snapshot!(full(), @"the export cannot be written: no storage space");
    }
}
