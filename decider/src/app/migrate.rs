//! `decider migrate`: brings the ledger's database along.

use std::path::Path;

use super::check::refuse;
use super::cli::Exit;
use super::say;
use crate::config::kept::kept;
use crate::store::postgres::{self, Migrated, Months};
use crate::store::{Config, Retention};

/// Brings the database of a configuration to the schema of this program, and says what it found.
pub fn migrate(path: &Path) -> Exit {
    let config = match kept(path) {
        Ok(config) => config,
        Err(mistakes) => return refuse(&mistakes),
    };
    let Config::Postgres(postgres) = &config.store else {
        let nothing = "nothing to do: only a store on PostgreSQL is migrated by this command\n";
        return say::out(nothing, Exit::Success);
    };
    match postgres::migrate(postgres, config.retention) {
        Ok(migrated) => tell(migrated, config.retention),
        Err(error) => say::wrong(error),
    }
}

fn tell(migrated: Migrated, retention: Retention) -> Exit {
    let exit = say::out(words_of(&migrated, retention), Exit::Success);
    match migrated.months.put_off.as_slice() {
        [] => exit,
        put_off => say::wrong(format_args!(
            "in use, and could not be made or dropped: {}. Run this again",
            put_off.join(", ")
        )),
    }
}

/// Which retention it was is said: it may be that of one decider, and prunes for all of them.
fn words_of(Migrated { from, to, months }: &Migrated, retention: Retention) -> String {
    let Months { made, dropped, elsewhere, put_off: _ } = months;
    let mut told = match from {
        0 => format!("the ledger was created with schema {to}\n"),
        from if from != to => format!("the ledger was brought from schema {from} to {to}\n"),
        _ if [made, dropped, elsewhere].iter().all(|tables| tables.is_empty()) => {
            format!("nothing to do: the ledger has schema {to}\n")
        }
        _ => format!("the ledger has schema {to}\n"),
    };
    if !made.is_empty() {
        told += &format!("made {}\n", made.join(", "));
    }
    if !dropped.is_empty() {
        told +=
            &format!("dropped {}, by the retention of this configuration: {retention}\n", dropped.join(", "));
    }
    if !elsewhere.is_empty() {
        told += &format!(
            "not made: {}. What belongs there was decided before, is in countersign.payloads_other, and goes from there row by row\n",
            elsewhere.join(", ")
        );
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_and_dropped_is_said() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let migrated = |from, made: &[&str], dropped: &[&str]| {
            let months = Months { made: names(made), dropped: names(dropped), ..Months::default() };
            words_of(&Migrated { from, to: 3, months }, Retention::default())
        };
        insta::assert_snapshot!(migrated(3, &[], &[]), @"nothing to do: the ledger has schema 3");
        insta::assert_snapshot!(migrated(0, &["payloads_2026_11", "payloads_2026_12"], &[]), @r"
        the ledger was created with schema 3
        made payloads_2026_11, payloads_2026_12
        ");
        let elsewhere = Months { elsewhere: names(&["payloads_2026_11"]), ..Months::default() };
        insta::assert_snapshot!(words_of(&Migrated { from: 3, to: 3, months: elsewhere }, Retention::default()), @"
        the ledger has schema 3
        not made: payloads_2026_11. What belongs there was decided before, is in countersign.payloads_other, and goes from there row by row
        ");
        insta::assert_snapshot!(migrated(3, &[], &["payloads_2026_08"]), @r"
        the ledger has schema 3
        dropped payloads_2026_08, by the retention of this configuration: 30d
        ");
    }
}
