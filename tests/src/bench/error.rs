//! Why nothing could be measured.

use system_tests::{cosigner, local, services};

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Keys, certificates, configurations.
    #[error(transparent)]
    Local(#[from] local::Error),
    /// A service does not run.
    #[error(transparent)]
    Services(#[from] services::Error),
    /// The edge gives no believable reply.
    #[error(transparent)]
    Cosigner(#[from] cosigner::Error),
    /// The decider gives no answer.
    #[error("the decider gives no answer: {:?}: {}", .0.code(), .0.message())]
    Decider(Box<tonic::Status>),
    /// The database, asked directly.
    #[error("the PostgreSQL server: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// A connection that cannot be made.
    #[error("cannot talk gRPC: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Another answer than the one that is measured.
    #[error("the request was not allowed, which makes the measurement void: {0}")]
    NotAllowed(String),
    /// A key that cannot be used.
    #[error("cannot use {0}")]
    Key(String),
    /// A server whose CPU time cannot be told.
    #[error("a round was too short: the server used no CPU time that can be told")]
    TooShort,
    /// The machine does not say what must be known.
    #[error("cannot tell {what} from {place}; the bench needs Linux")]
    Unreadable {
        /// What is asked.
        what: &'static str,
        /// Where it should be.
        place: String,
    },
    /// A program that the bench started failed.
    #[error("{0}")]
    Child(String),
    /// The system refuses something.
    #[error("{what}: {source}")]
    Io {
        /// What was wanted.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What the system was asked for, to be put before its refusal.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        Self::Decider(Box::new(status))
    }
}
