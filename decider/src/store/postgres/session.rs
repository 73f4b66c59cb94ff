//! What must be true of a connection before anything rests on it.

use super::config::{Config, Durability};
use super::connection::{Connection, Trouble};
use super::durability::Settings;
use super::hosts::{self, Host};
use super::{guards, rights, schema};

/// A connection over which the ledger may be kept.
pub struct Session {
    /// The connection.
    pub connection: Connection,
    /// The server's timeline: it rises at every failover.
    pub timeline: i64,
    /// The server's process at the other end.
    pub process: i32,
    /// What is missing for a commit to last, where that is only to be said.
    pub shortfall: Option<String>,
}

impl Session {
    /// Connects to the present primary, and looks at its settings and schema, and at what may be done there.
    ///
    /// # Errors
    /// Why the ledger cannot be kept there now.
    pub async fn open(config: &Config) -> Result<Self, Trouble> {
        let Host { connection, settings, timeline } = hosts::primary(config).await?;
        let shortfall = accepted(&settings, config)?;
        schema::check(&connection.client).await?;
        rights::check(&connection.client).await?;
        guards::check(&connection.client).await?;
        if let Some(missing) = rights::lacking_to_prune(&connection.client).await? {
            tracing::warn!(
                missing,
                "the role may not prune row by row what retention has ended for: grant it that"
            );
        }
        Ok(Self { connection, timeline, process: settings.process, shortfall })
    }
}

/// What is missing for a commit to last, where the configuration lets that be.
///
/// # Errors
/// It does not; or a commit would not end.
pub fn accepted(settings: &Settings, config: &Config) -> Result<Option<String>, Trouble> {
    if settings.commits_hang() {
        let why = "a commit waits for a standby, and none is connected to the server: bring it back";
        return Err(Trouble(why.into()));
    }
    lasting(settings, config)
}

/// What is missing for a commit that was acknowledged to last, where the configuration lets that be.
///
/// # Errors
/// It does not; or what was said on the session cannot be relied on.
pub fn lasting(settings: &Settings, config: &Config) -> Result<Option<String>, Trouble> {
    if let Some(altered) = settings.altered() {
        return Err(Trouble(altered));
    }
    match settings.shortfall(config) {
        Some(shortfall) if config.durability == Durability::Require => Err(Trouble(shortfall)),
        shortfall => Ok(shortfall),
    }
}
