//! The policies that decisions were made under, each of their files kept once.

use tokio_postgres::{Client, Error};

use crate::document::Document;

/// Keeps a policy's files that are not there yet, then the policy. A file that is there is asked for first: it may be
/// large.
pub async fn remember(client: &Client, hash: &str, document: &Document) -> Result<(), Error> {
    for (_, file) in document.files() {
        let there = "SELECT EXISTS (SELECT 1 FROM countersign.policy_files WHERE hash = $1)";
        if !client.query_one(there, &[&file.hash]).await?.try_get::<_, bool>(0)? {
            let sql =
                "INSERT INTO countersign.policy_files (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            client.execute(sql, &[&file.hash, &&file.content[..]]).await?;
        }
    }
    let sql = "INSERT INTO countersign.policies (hash, manifest) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&hash, &document.manifest()]).await?;
    Ok(())
}

/// A policy's manifest.
pub async fn manifest(client: &Client, hash: &str) -> Result<Option<String>, Error> {
    let row = client.query_opt("SELECT manifest FROM countersign.policies WHERE hash = $1", &[&hash]).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// A file of a policy.
pub async fn file(client: &Client, hash: &str) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT content FROM countersign.policy_files WHERE hash = $1";
    let row = client.query_opt(sql, &[&hash]).await?;
    row.map(|row| row.try_get(0)).transpose()
}
