//! Whether texts still have the order in which the ledger's indexes were made: what is on record is found by those alone.

use tokio_postgres::Client;

use super::config::{Config, Durability};
use super::connection::Trouble;

const CHANGED: &str = "
    SELECT datname::text, datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
     WHERE datname = current_database() AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)";

/// Looks at the database that a connection is to.
///
/// # Errors
/// Its collation is not the one it was made with, and the configuration does not let that be.
pub async fn check(client: &Client, config: &Config) -> Result<(), Trouble> {
    let Some(row) = client.query_opt(CHANGED, &[]).await? else { return Ok(()) };
    let why = told(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if config.durability == Durability::Require {
        return Err(Trouble(why));
    }
    tracing::warn!(why, "what is on record may be decided again");
    Ok(())
}

/// A database can be told of a new version only where it had one.
fn told(database: &str, recorded: Option<&str>, actual: Option<&str>) -> String {
    let what_to_do = match (recorded, actual) {
        (Some(_), Some(_)) => format!(
            "run `REINDEX DATABASE \"{database}\"`, then `ALTER DATABASE \"{database}\" REFRESH COLLATION VERSION`, \
             then `decider store verify`"
        ),
        _ => "restore a dump of it into a new database of this server".to_owned(),
    };
    let [recorded, actual] = [recorded, actual].map(|version| version.unwrap_or("none"));
    format!(
        "the collation of database {database} had version {recorded}, and on this server it has {actual}: what is on \
         record may not be found by the indexes, and be decided again. With the deciders stopped, {what_to_do}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_what_to_do_about_a_collation_that_changed() {
        insta::assert_snapshot!(told("ledger", Some("2.31"), Some("2.36")), @r#"the collation of database ledger had version 2.31, and on this server it has 2.36: what is on record may not be found by the indexes, and be decided again. With the deciders stopped, run `REINDEX DATABASE "ledger"`, then `ALTER DATABASE "ledger" REFRESH COLLATION VERSION`, then `decider store verify`"#);
        insta::assert_snapshot!(told("ledger", Some("2.36"), None), @"the collation of database ledger had version 2.36, and on this server it has none: what is on record may not be found by the indexes, and be decided again. With the deciders stopped, restore a dump of it into a new database of this server");
    }
}
