//! `decider migrate`: brings the ledger's database along.

use std::path::Path;

use super::check::refuse;
use super::cli::Exit;
use super::say;
use crate::config;
use crate::store::Config;
use crate::store::postgres::{self, Migrated};

/// Brings the database of a configuration to the schema of this program, and says what it found.
pub fn migrate(path: &Path) -> Exit {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(mistakes) => return refuse(&mistakes),
    };
    let Config::Postgres(postgres) = &config.store else {
        let nothing = "nothing to do: only a store on PostgreSQL has to be brought along by hand\n";
        return say::out(nothing, Exit::Success);
    };
    match postgres::migrate(postgres, config.retention) {
        Ok(migrated) => tell(migrated),
        Err(error) => say::wrong(error),
    }
}

fn tell(Migrated { from, to, put_off }: Migrated) -> Exit {
    let told = match from {
        0 => format!("the ledger was created with schema {to}\n"),
        from if from == to => format!("nothing to do: the ledger has schema {to}\n"),
        from => format!("the ledger was brought from schema {from} to {to}\n"),
    };
    let exit = say::out(told, Exit::Success);
    if put_off == 0 {
        return exit;
    }
    say::wrong(format_args!(
        "{put_off} tables of months are in use, and could not be made or dropped: run this again"
    ))
}
