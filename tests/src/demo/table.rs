//! The table that the demo prints.

use std::time::Duration;

use super::explain::Why;
use crate::cosigner::Action;

/// One request and what came of it.
#[derive(Debug)]
pub struct Row {
    /// What was asked.
    pub name: String,
    /// What was answered.
    pub action: Action,
    /// What should have been.
    pub expected: Action,
    /// Why.
    pub why: Why,
    /// From sending to the verified reply.
    pub elapsed: Duration,
}

impl Row {
    /// True where the answer is the right one.
    pub fn is_expected(&self) -> bool {
        self.action == self.expected
    }

    fn cells(&self) -> [String; COLUMNS] {
        let action = if self.is_expected() {
            self.action.to_string()
        } else {
            format!("{} (expected {})", self.action, self.expected)
        };
        let time = format!("{}.{} ms", self.elapsed.as_millis(), self.elapsed.as_micros() / 100 % 10);
        [self.name.clone(), action, self.why.decided_by.clone(), self.why.headroom.clone(), time]
    }
}

const COLUMNS: usize = 5;
const TITLES: [&str; COLUMNS] = ["request", "action", "decided by", "headroom left", "time"];
const GAP: &str = "  ";

/// Columns as wide as what is in them; the time is set to the right.
pub fn render(rows: &[Row]) -> String {
    let titles = TITLES.map(str::to_owned);
    let cells: Vec<_> = std::iter::once(titles).chain(rows.iter().map(Row::cells)).collect();
    let widths: Vec<_> = (0..COLUMNS).map(|column| width(&cells, column)).collect();
    let mut lines: Vec<_> = cells.iter().map(|row| line(row, &widths)).collect();
    let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join(GAP);
    lines.insert(1, rule);
    lines.join("\n") + "\n"
}

fn width(cells: &[[String; COLUMNS]], column: usize) -> usize {
    cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn line(row: &[String; COLUMNS], widths: &[usize]) -> String {
    let last = COLUMNS - 1;
    let cell = |(column, (cell, width)): (usize, (&String, &usize))| {
        if column == last { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    };
    row.iter().zip(widths).enumerate().map(cell).collect::<Vec<_>>().join(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, action: Action, decided_by: &str, headroom: &str, micros: u64) -> Row {
        Row {
            name: name.into(),
            action,
            expected: Action::Approve,
            why: Why { decided_by: decided_by.into(), headroom: headroom.into() },
            elapsed: Duration::from_micros(micros),
        }
    }

    #[test]
    fn a_table_for_people() {
        let rows = [
            row("official Ethereum example", Action::Approve, "allow rule eth", "0.99 of 1 ETH", 12_345),
            row("too much", Action::Reject, "limit eth-per-vault-and-hour", "", 999),
        ];
        insta::assert_snapshot!(render(&rows), @"
        request                    action                     decided by                    headroom left     time
        ─────────────────────────  ─────────────────────────  ────────────────────────────  ─────────────  ───────
        official Ethereum example  APPROVE                    allow rule eth                0.99 of 1 ETH  12.3 ms
        too much                   REJECT (expected APPROVE)  limit eth-per-vault-and-hour                  0.9 ms
        ");
    }

    #[test]
    fn only_the_expected_action_is_expected() {
        assert!(row("", Action::Approve, "", "", 0).is_expected());
        assert!(!row("", Action::Retry, "", "", 0).is_expected());
    }
}
