//! `decider migrate`: brings the ledger's database along.

use std::path::Path;

use super::check::refuse;
use super::cli::Exit;
use crate::config;
use crate::store::{Config, postgres};

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
    match postgres::migrate(postgres) {
        Ok((found, now)) if found == now => println!("nothing to do: the ledger has schema {now}"),
        Ok((0, now)) => println!("the ledger was created with schema {now}"),
        Ok((found, now)) => println!("the ledger was brought from schema {found} to {now}"),
        Err(error) => {
            eprintln!("decider: {error}");
            return Exit::Failure;
        }
    }
    Exit::Success
}
