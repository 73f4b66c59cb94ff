//! What the role of a decider may do: a right that is missing is better known before the first decision than from it.

use tokio_postgres::Client;

use super::connection::Trouble;

const MISSING: &str = "
    SELECT current_user::text, current_setting('session_replication_role'), string_agg(needed.may || ' on countersign.' || needed.tables, ', ' ORDER BY place)
      FROM (VALUES (1, 'UPDATE', 'head'), (2, 'INSERT', 'decisions'), (3, 'INSERT', 'payloads_by_month'),
                   (4, 'INSERT', 'charges'), (5, 'INSERT', 'policies'), (6, 'INSERT', 'policy_files'),
                   (7, 'SELECT', 'head'), (8, 'SELECT', 'decisions'), (9, 'SELECT', 'payloads_by_month'),
                   (10, 'SELECT', 'payloads'), (11, 'SELECT', 'charges'), (12, 'SELECT', 'policies'),
                   (13, 'SELECT', 'policy_files'), (14, 'SELECT', 'releases'), (15, 'SELECT', 'prunings'))
           AS needed (place, may, tables)
     WHERE NOT has_table_privilege('countersign.' || needed.tables, needed.may)";

/// Whether the role may do all that a decision takes, and the triggers that freeze a ledger act on it.
///
/// # Errors
/// What is missing, and what to do about it.
pub async fn check(client: &Client) -> Result<(), Trouble> {
    let row = client.query_one(MISSING, &[]).await?;
    let (role, acts, missing): (String, String, Option<String>) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if acts != "origin" {
        return Err(Trouble(format!(
            "session_replication_role is {acts} for the role {role}, so that triggers of the ledger do not act: \
             ALTER ROLE {role} RESET session_replication_role"
        )));
    }
    match missing {
        None => Ok(()),
        Some(missing) => Err(Trouble(format!(
            "the role {role} may not do all that a decision takes: grant it {missing}. Tables that a migration adds need \
             their own grants"
        ))),
    }
}
