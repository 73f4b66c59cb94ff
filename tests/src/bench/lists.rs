//! What a long list takes: bytes in memory for each address, and time to read it beyond what reading a CSV file
//! takes anyway.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use decider::policy_file;
use policy::choice::Choice;
use policy::document::Policy;
use policy::list::AddressList;

use super::Bench;
use super::error::Error;
use super::load::as_float;
use super::policies::{CSV, MANY_ADDRESSES, Many};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Figure;

/// Bytes.
const MEMORY_GOAL: f64 = 64.0;
/// Milliseconds.
const LOAD_GOAL: f64 = 1_000.0;

/// Reads a policy with a long list, round by round.
pub fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let policy = write(bench.directory.path())?;
    let mut seen = Seen::default();
    for round in 1..=bench.scale.rounds {
        progress("loading a list", round, bench.scale.rounds);
        seen.parsing.push(parse(&policy.with_file_name(CSV))?);
        let started = Instant::now();
        let read = policy_file::load(&policy).map_err(|error| Error::Key(format!("the policy: {error}")))?;
        seen.loading.push(started.elapsed().as_secs_f64() * 1e3);
        let list =
            list_of(&read.policy).ok_or_else(|| Error::Key("the policy without its list".to_owned()))?;
        seen.bytes = as_float(list.memory_bytes()) / as_float(list.len());
    }
    seen.rows()
}

/// Milliseconds, and bytes for each address.
#[derive(Default)]
struct Seen {
    parsing: Vec<f64>,
    loading: Vec<f64>,
    bytes: f64,
}

impl Seen {
    fn rows(&self) -> Result<Vec<Row>, Error> {
        let median = |times: &[f64]| Figure::of(times.iter().copied().skip(1)).map(|figure| figure.median);
        let beyond =
            self.loading.iter().zip(&self.parsing).skip(1).map(|(loading, parsing)| loading - parsing);
        let (loading, parsing) = (median(&self.loading)?, median(&self.parsing)?);
        Ok(vec![
            Row {
                what: "loading a policy with 1,000,000 listed addresses".to_owned(),
                against: "parsing its CSV file, subtracted".to_owned(),
                goal: Goal::AtMost(LOAD_GOAL),
                figure: Figure::of(beyond)?,
                unit: Unit::Milliseconds,
                detail: format!(
                    "{loading:.0} ms from the files to the policy, hashed and checked, less {parsing:.0} ms of the csv \
                     crate over the same rows"
                ),
            },
            Row {
                what: "memory of a list of 1,000,000 EVM addresses, each with a date".to_owned(),
                against: "–".to_owned(),
                goal: Goal::AtMost(MEMORY_GOAL),
                figure: Figure::of(std::iter::once(self.bytes))?,
                unit: Unit::Bytes,
                detail: "for each address: what the list has allocated, index and spare room included"
                    .to_owned(),
            },
        ])
    }
}

fn write(directory: &Path) -> Result<PathBuf, Error> {
    let (many, directory) = (Many::Addresses(MANY_ADDRESSES), directory.join("list"));
    let failed = || Error::io(format!("cannot write to {}", directory.display()));
    std::fs::create_dir_all(&directory).map_err(failed())?;
    let policy = directory.join("policy.yaml");
    std::fs::write(&policy, many.policy()).map_err(failed())?;
    std::fs::write(directory.join(CSV), many.csv()).map_err(failed())?;
    Ok(policy)
}

/// Milliseconds to take the file's text apart into rows of fields, none of them looked at. Reading the file into
/// memory is not in it.
fn parse(file: &Path) -> Result<f64, Error> {
    let bytes = std::fs::read(file).map_err(Error::io(format!("cannot read {}", file.display())))?;
    let started = Instant::now();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let (mut record, mut fields) = (csv::StringRecord::new(), 0);
    while reader.read_record(&mut record).is_ok_and(|more| more) {
        fields += record.len();
    }
    let took = started.elapsed().as_secs_f64() * 1e3;
    if fields > 0 { Ok(took) } else { Err(Error::Key(format!("{}, which is empty", file.display()))) }
}

/// The list of the policy's one rule.
fn list_of(policy: &Policy) -> Option<&Arc<AddressList>> {
    let destinations = policy.allow.first()?.when.destinations.as_ref().and_then(Choice::one_of)?;
    destinations.first()?.list.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parsing_takes_is_subtracted_round_by_round() {
        let seen = Seen { parsing: vec![0.0, 100.0, 200.0], loading: vec![9e9, 700.0, 1_000.0], bytes: 60.0 };
        let rows = seen.rows().unwrap();
        assert_eq!(rows[0].figure, Figure { median: 700.0, low: 600.0, high: 800.0 });
        assert_eq!(rows[1].figure.median, 60.0);
    }

    #[test]
    fn a_file_is_taken_apart() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(CSV);
        std::fs::write(&file, Many::Addresses(10).csv()).unwrap();
        assert!(parse(&file).unwrap() > 0.0);
        std::fs::write(&file, "").unwrap();
        assert!(parse(&file).is_err());
    }
}
