//! `decider migrate`: brings the ledger's database along.

use std::path::Path;

use super::check::refuse;
use super::cli::Exit;
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
        println!("nothing to do: only a store on PostgreSQL has to be brought along by hand");
        return Exit::Success;
    };
    match postgres::migrate(postgres, config.retention) {
        Ok(migrated) => tell(migrated),
        Err(error) => {
            eprintln!("decider: {error}");
            Exit::Failure
        }
    }
}

fn tell(Migrated { from, to, put_off }: Migrated) -> Exit {
    match from {
        0 => println!("the ledger was created with schema {to}"),
        from if from == to => println!("nothing to do: the ledger has schema {to}"),
        from => println!("the ledger was brought from schema {from} to {to}"),
    }
    if put_off == 0 {
        return Exit::Success;
    }
    eprintln!(
        "decider: {put_off} tables of months are in use, and could not be made or dropped: run this again"
    );
    Exit::Failure
}
