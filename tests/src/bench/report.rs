//! The table.

use std::io::IsTerminal as _;

use super::machine::Machine;
use super::rounds::Figure;

/// Everything that was measured, and on what.
#[derive(Debug, Clone)]
pub struct Report {
    /// The machine.
    pub machine: Machine,
    /// Rounds of each measurement, with the first, which was dropped.
    pub rounds: usize,
    /// The figures mean little.
    pub quick: bool,
    /// One line each.
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it is compared with.
    pub against: String,
    /// What it should be.
    pub goal: Goal,
    /// What it is.
    pub figure: Figure,
    /// What the figure counts.
    pub unit: Unit,
    /// The absolute numbers behind it.
    pub detail: String,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// Only reported.
    None,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A ratio.
    Times,
    /// Time.
    Milliseconds,
    /// Memory.
    Mebibytes,
    /// Memory of something small.
    Bytes,
}

const HEAD: [&str; 7] = ["what", "against", "goal", "figure", "spread", "goal met", "in numbers"];
type Cells = [String; HEAD.len()];

impl Report {
    /// For a terminal.
    pub fn text(&self) -> String {
        let rows = self.cells();
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let line = |row: &Cells| {
            let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let table: String = rows.iter().map(line).collect();
        format!("{table}\n{}\n", self.notes().join("\n"))
    }

    /// For a README.
    pub fn markdown(&self) -> String {
        let line = |row: &Cells| format!("| {} |\n", row.join(" | "));
        let rows = self.cells();
        let (head, body) = rows.split_first().map_or((String::new(), String::new()), |(head, body)| {
            (line(head), body.iter().map(line).collect())
        });
        let rule = format!("|{}\n", "---|".repeat(HEAD.len()));
        let notes: String = self.notes().iter().map(|note| format!("- {note}\n")).collect();
        format!("{head}{rule}{body}\n{notes}")
    }

    fn cells(&self) -> Vec<Cells> {
        std::iter::once(HEAD.map(str::to_owned)).chain(self.rows.iter().map(Row::cells)).collect()
    }

    fn notes(&self) -> Vec<String> {
        let Machine { processor, cores, system, compiler, date, placement, busy } = &self.machine;
        let counted = self.rounds.saturating_sub(1);
        let mut notes = vec![
            format!("{date}, {processor}, {cores} cores, {system}, {compiler}."),
            format!(
                "Ratios: median of {counted} rounds ({} less the first), lowest to highest; {placement}.",
                self.rounds
            ),
            format!(
                "CPU is that of the server for a request. Load is closed-loop. Load average before: {busy}."
            ),
        ];
        if self.quick {
            notes.push(
                "A quick run: it shows that the bench works, not how fast the services are.".to_owned(),
            );
        }
        notes
    }
}

impl Row {
    /// A line that has no figure, which is said where the figure would be; `why` tells the reader what to do.
    pub fn not_measured(what: &str, against: &str, goal: Goal, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            against: against.to_owned(),
            goal,
            figure: Figure { median: f64::NAN, low: f64::NAN, high: f64::NAN },
            unit: Unit::Times,
            detail: format!("not measured: {why}"),
        }
    }

    fn cells(&self) -> Cells {
        let Figure { median, low, high } = self.figure;
        let spread = if low < high {
            format!("{}–{}", self.unit.number(low), self.unit.number(high))
        } else {
            "–".to_owned()
        };
        let met = self.goal.met(median).to_owned();
        let (goal, figure) = (self.goal.show(self.unit), self.unit.show(median));
        [self.what.clone(), self.against.clone(), goal, figure, spread, met, self.detail.clone()]
    }
}

impl Goal {
    fn met(self, figure: f64) -> &'static str {
        let met = match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
            Self::None => return "–",
        };
        if met { "yes" } else { "no" }
    }

    fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::AtLeast(least) => format!("≥ {}", unit.show(least)),
            Self::None => "–".to_owned(),
        }
    }
}

impl Unit {
    fn number(self, value: f64) -> String {
        match self {
            Self::Times => format!("{value:.2}"),
            Self::Milliseconds | Self::Mebibytes | Self::Bytes => format!("{value:.1}"),
        }
    }

    fn show(self, value: f64) -> String {
        if value.is_nan() {
            return "NOT MEASURED".to_owned();
        }
        let name = match self {
            Self::Times => "×",
            Self::Milliseconds => "ms",
            Self::Mebibytes => "MiB",
            Self::Bytes => "B",
        };
        format!("{} {name}", self.number(value))
    }
}

/// Where the bench is, on standard error: each round for people, each measurement for a log.
pub fn progress(what: &str, step: usize, of: usize) {
    if !std::io::stderr().is_terminal() {
        if step == 1 {
            eprintln!("Measuring: {what}, {of} times …");
        }
        return;
    }
    eprint!("\r\x1b[KMeasuring: {what}, {step} of {of} …");
    if step == of {
        eprintln!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, goal: Goal, unit: Unit, [median, low, high]: [f64; 3]) -> Row {
        let figure = Figure { median, low, high };
        Row {
            what: what.into(),
            against: "raw".into(),
            goal,
            figure,
            unit,
            detail: "260 µs against 225".into(),
        }
    }

    fn report(quick: bool) -> Report {
        let machine = Machine {
            processor: "AMD EPYC".into(),
            cores: 2,
            system: "Linux 6.1".into(),
            compiler: "rustc 1.95.0".into(),
            date: "2026-11-21".into(),
            placement: "server on core 0, load on core 1".into(),
            busy: "0.10".into(),
        };
        let rows = vec![
            row("round trip", Goal::AtMost(1.25), Unit::Times, [1.161, 1.12, 1.204]),
            row("durable", Goal::AtLeast(0.5), Unit::Times, [0.42, 0.3, 0.6]),
            row("disk", Goal::None, Unit::Times, [31.0, 30.0, 32.0]),
            row("cold start", Goal::AtMost(60.0), Unit::Milliseconds, [60.4, 30.0, 70.0]),
            row("memory", Goal::AtMost(40.0), Unit::Mebibytes, [15.2, 15.2, 15.2]),
        ];
        Report { machine, rounds: 8, quick, rows }
    }

    #[test]
    fn the_table_lines_up() {
        insta::assert_snapshot!(report(false).text(), @"
        what        against  goal        figure    spread       goal met  in numbers
        round trip  raw      ≤ 1.25 ×    1.16 ×    1.12–1.20    yes       260 µs against 225
        durable     raw      ≥ 0.50 ×    0.42 ×    0.30–0.60    no        260 µs against 225
        disk        raw      –           31.00 ×   30.00–32.00  –         260 µs against 225
        cold start  raw      ≤ 60.0 ms   60.4 ms   30.0–70.0    no        260 µs against 225
        memory      raw      ≤ 40.0 MiB  15.2 MiB  –            yes       260 µs against 225

        2026-11-21, AMD EPYC, 2 cores, Linux 6.1, rustc 1.95.0.
        Ratios: median of 7 rounds (8 less the first), lowest to highest; server on core 0, load on core 1.
        CPU is that of the server for a request. Load is closed-loop. Load average before: 0.10.
        ");
    }

    #[test]
    fn the_markdown_is_a_table_with_the_machine_under_it() {
        insta::assert_snapshot!(report(true).markdown(), @"
        | what | against | goal | figure | spread | goal met | in numbers |
        |---|---|---|---|---|---|---|
        | round trip | raw | ≤ 1.25 × | 1.16 × | 1.12–1.20 | yes | 260 µs against 225 |
        | durable | raw | ≥ 0.50 × | 0.42 × | 0.30–0.60 | no | 260 µs against 225 |
        | disk | raw | – | 31.00 × | 30.00–32.00 | – | 260 µs against 225 |
        | cold start | raw | ≤ 60.0 ms | 60.4 ms | 30.0–70.0 | no | 260 µs against 225 |
        | memory | raw | ≤ 40.0 MiB | 15.2 MiB | – | yes | 260 µs against 225 |

        - 2026-11-21, AMD EPYC, 2 cores, Linux 6.1, rustc 1.95.0.
        - Ratios: median of 7 rounds (8 less the first), lowest to highest; server on core 0, load on core 1.
        - CPU is that of the server for a request. Load is closed-loop. Load average before: 0.10.
        - A quick run: it shows that the bench works, not how fast the services are.
        ");
    }

    #[test]
    fn what_was_not_measured_has_no_number_and_meets_no_goal() {
        let row = Row::not_measured("instructions", "10 rules", Goal::AtMost(1.5), "install valgrind");
        let cells = ["instructions", "10 rules", "≤ 1.50 ×", "NOT MEASURED", "–", "no"];
        assert_eq!(row.cells()[..6], cells);
        assert_eq!(row.cells()[6], "not measured: install valgrind");
    }

    #[test]
    fn a_goal_is_met_up_to_its_very_value() {
        assert_eq!(Goal::AtMost(1.25).met(1.25), "yes");
        assert_eq!(Goal::AtMost(1.25).met(1.2501), "no");
        assert_eq!(Goal::AtLeast(0.5).met(0.5), "yes");
        assert_eq!(Goal::AtLeast(0.5).met(0.4999), "no");
        assert_eq!(Goal::AtMost(1.0).met(f64::NAN), "no");
        assert_eq!(Goal::None.met(9.0), "–");
    }
}
