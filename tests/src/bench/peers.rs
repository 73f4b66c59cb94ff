//! Policy engines that others use as libraries, with the policy that ours has: the program `peers`, a package of its
//! own that nothing but the bench needs (`tests/peers`).

use std::process::{Command, Stdio};

use serde::Deserialize;
use system_tests::services::binaries;

use super::Bench;
use super::error::Error;
use super::report::{Goal, Row, Unit};
use super::rounds::Pairs;

const PROGRAM: &str = "peers";

/// A line that the program prints.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Line {
    /// Name and version.
    peer: String,
    rules: usize,
    /// Microseconds of one evaluation by the peer.
    theirs: f64,
    /// And by ours, in the same round.
    ours: f64,
}

/// Times of the peers over ours.
pub fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (what, against) =
        ("evaluation by cedar-policy, cel and regorus as libraries", "our evaluation, same rules");
    let Ok(program) = binaries::find(PROGRAM) else {
        return Ok(vec![Row::not_measured(what, against, Goal::None, "make bench builds tests/peers first")]);
    };
    eprintln!("Measuring: {what} …");
    let arguments = ["--rounds".into(), bench.scale.rounds.to_string().into()];
    let (command, arguments) = bench.cores.on_server_core(&program, arguments.into());
    let output = Command::new(command)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io(format!("cannot start {}", program.display())))?;
    if !output.status.success() {
        return Err(Error::Child(format!("{PROGRAM}: {}", output.status)));
    }
    rows(&String::from_utf8_lossy(&output.stdout), against)
}

/// A row for each peer and number of rules, in the order in which they were measured.
fn rows(printed: &str, against: &str) -> Result<Vec<Row>, Error> {
    let mut measured: Vec<(String, usize, Pairs)> = Vec::new();
    for line in printed.lines() {
        let Line { peer, rules, theirs, ours } = serde_json::from_str(line)
            .map_err(|error| Error::Child(format!("{PROGRAM}: {error}: {line}")))?;
        let known = measured.iter().position(|(name, count, _)| *name == peer && *count == rules);
        let at = known.unwrap_or(measured.len());
        if known.is_none() {
            measured.push((peer, rules, Pairs::default()));
        }
        if let Some((_, _, pairs)) = measured.get_mut(at) {
            pairs.push(theirs, ours)?;
        }
    }
    measured.iter().map(|(peer, rules, pairs)| row(peer, *rules, pairs, against)).collect()
}

fn row(peer: &str, rules: usize, pairs: &Pairs, against: &str) -> Result<Row, Error> {
    Ok(Row {
        what: format!("evaluation by {peer} as a library, {rules} rules"),
        against: against.to_owned(),
        goal: Goal::None,
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!("{:.1} µs against {:.2}", pairs.ours()?, pairs.reference()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_and_number_of_rules_is_a_row() {
        let line = |peer, rules, theirs: f64, ours: f64| {
            format!("{{\"peer\":\"{peer}\",\"rules\":{rules},\"theirs\":{theirs},\"ours\":{ours}}}\n")
        };
        let round = |drift: f64| {
            [
                line("cel 0.15.0", 1_000, 30.0 * drift, drift),
                line("cel 0.15.0", 10_000, 400.0 * drift, 2.0 * drift),
                line("regorus 0.14.1", 1_000, 700.0 * drift, drift),
            ]
            .concat()
        };
        let rows = rows(&[round(9.0), round(1.0), round(2.0)].concat(), "ours").unwrap();
        let shown: Vec<_> =
            rows.iter().map(|row| format!("{} {} {}", row.what, row.figure.median, row.detail)).collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        evaluation by cel 0.15.0 as a library, 1000 rules 30 45.0 µs against 1.50
        evaluation by cel 0.15.0 as a library, 10000 rules 200 600.0 µs against 3.00
        evaluation by regorus 0.14.1 as a library, 1000 rules 700 1050.0 µs against 1.50
        ");
    }

    #[test]
    fn what_is_no_measurement_is_an_error() {
        assert!(matches!(rows("cel: out of memory\n", "ours"), Err(Error::Child(_))));
    }
}
