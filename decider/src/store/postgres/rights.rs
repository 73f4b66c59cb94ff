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

const TO_LOOK: &str = "
    SELECT current_user::text,
           CASE WHEN to_regnamespace('countersign') IS NULL THEN NULL
                WHEN NOT has_schema_privilege('countersign', 'USAGE') THEN 'USAGE ON SCHEMA countersign'
                WHEN to_regclass('countersign.schema_version') IS NULL THEN NULL
                WHEN NOT has_table_privilege('countersign.schema_version', 'SELECT')
                THEN 'SELECT ON countersign.schema_version' END";

const TO_PRUNE: &str = "
    SELECT string_agg('DELETE on countersign.' || tables, ', ' ORDER BY tables)
      FROM unnest(ARRAY['payloads', 'payloads_other']) AS tables
     WHERE NOT has_table_privilege('countersign.' || tables, 'DELETE')";

/// Whether the role may see which schema the ledger has.
///
/// # Errors
/// What to do about it.
pub async fn check_to_look(client: &Client) -> Result<(), Trouble> {
    let row = client.query_one(TO_LOOK, &[]).await?;
    let (role, missing): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    missing.map_or(Ok(()), |missing| {
        Err(Trouble(format!(
            "the role {role} may not look at the ledger: run `GRANT {missing} TO {role}`, and grant it what else deciders need"
        )))
    })
}

/// What the role lacks to prune row by row. Nothing that is decided depends on it.
pub async fn lacking_to_prune(client: &Client) -> Result<Option<String>, Trouble> {
    Ok(client.query_one(TO_PRUNE, &[]).await?.try_get(0)?)
}

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
