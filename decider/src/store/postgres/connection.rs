//! A connection: how it comes about, and what the server says on it unasked.

use std::future::poll_fn;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{AsyncMessage, Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{Config, chain};
use crate::store::journal::JournalError;

/// Why the server did not do what it was asked, in words for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("PostgreSQL: {0}")]
pub struct Trouble(pub String);

/// The latest warning.
type Heard = Arc<Mutex<Option<String>>>;

/// A connection that stands.
pub struct Connection {
    /// What asks.
    pub client: Client,
    warning: Heard,
    pump: JoinHandle<()>,
}

impl Connection {
    /// Connects as configured.
    ///
    /// # Errors
    /// Why not.
    pub async fn open(config: &Config) -> Result<Self, Trouble> {
        let mut server = config.server().clone();
        if let Some(path) = &config.password_file {
            server.password(password_of(path)?);
        }
        match &config.authority {
            None => {
                let (client, connection) = server.connect(NoTls).await?;
                Ok(Self::over(client, connection))
            }
            Some(authority) => {
                let (client, connection) = server.connect(MakeRustlsConnect::new(tls(authority)?)).await?;
                Ok(Self::over(client, connection))
            }
        }
    }

    fn over<S, T>(client: Client, mut connection: tokio_postgres::Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let warning = Heard::default();
        let heard = Arc::clone(&warning);
        let pump = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message
                    && notice.parsed_severity() == Some(Severity::Warning)
                {
                    *locked(&heard) = Some(notice.message().to_owned());
                }
            }
        });
        Self { client, warning, pump }
    }

    /// What the server warned of since this was asked last: a commit that was not replicated is acknowledged with no
    /// more than that.
    pub fn warning(&self) -> Option<String> {
        locked(&self.warning).take()
    }

    /// Says goodbye.
    pub async fn close(self) {
        drop(self.client);
        let _ = self.pump.await;
    }
}

/// Whole or not there: nobody who holds it can panic.
fn locked(heard: &Heard) -> MutexGuard<'_, Option<String>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn password_of(path: &Path) -> Result<String, Trouble> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Trouble(format!("the password in {}: {error}", path.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Certificates of this authority for the host that is connected to, and nothing else.
fn tls(authority: &Path) -> Result<ClientConfig, Trouble> {
    let roots = roots_of(authority).map_err(|why| Trouble(format!("{}: {why}", authority.display())))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| Trouble(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The certificates in a file.
///
/// # Errors
/// It cannot be read, or holds none.
pub fn roots_of(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added?;
    }
    if roots.is_empty() { Err("holds no certificate in PEM form".into()) } else { Ok(roots) }
}

/// What the server says, or else what happened on the way.
impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else { return Self(chain(&error)) };
        let told = format!("{} ({})", said.message(), said.code().code());
        match *said.code() {
            SqlState::DUPLICATE_PSTATEMENT | SqlState::INVALID_SQL_STATEMENT_NAME => {
                Self(format!("{told}: {SHARED}"))
            }
            _ => Self(told),
        }
    }
}

/// Each of our sessions gives its statements names of their own, and lets none of them go.
const SHARED: &str = "the session is not ours alone. A pooler between the decider and the server hands out sessions by \
                      transaction or statement: connect to the server itself, or have the pooler hand out whole sessions";

impl From<Trouble> for JournalError {
    fn from(trouble: Trouble) -> Self {
        Self::Lost(trouble.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::fixture::ledger_at;

    /// Its sessions have statements of others, or lack our own.
    #[tokio::test]
    async fn a_pooler_that_shares_sessions_is_named_where_a_prepared_statement_tells_it() {
        let place = tokio::task::spawn_blocking(postgres_cluster::database).await.unwrap();
        let connection = Connection::open(&ledger_at(&place)).await.unwrap();
        let told = async |sql: &str| Trouble::from(connection.client.batch_execute(sql).await.unwrap_err());
        insta::assert_snapshot!(told("PREPARE s5 AS SELECT 1; PREPARE s5 AS SELECT 1").await, @r#"PostgreSQL: prepared statement "s5" already exists (42P05): the session is not ours alone. A pooler between the decider and the server hands out sessions by transaction or statement: connect to the server itself, or have the pooler hand out whole sessions"#);
        insta::assert_snapshot!(told("EXECUTE s6").await, @r#"PostgreSQL: prepared statement "s6" does not exist (26000): the session is not ours alone. A pooler between the decider and the server hands out sessions by transaction or statement: connect to the server itself, or have the pooler hand out whole sessions"#);
        connection.close().await;
        tokio::task::spawn_blocking(move || drop(place)).await.unwrap();
    }
}
