//! The simulated Co-signer: signs a request as a real one does, sends it, and believes a reply only if it is
//! signed by the key it knows and answers that very request.

mod http;
pub mod jws;
mod plain;
pub mod reply;
pub mod request;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

mod trust;

pub use self::http::Response;
use self::jws::{Signer, Verifier};
pub use self::plain::PlainCosigner;
pub use self::reply::{Action, Reply};
pub use self::request::Endpoint;
pub use self::trust::Trust;

/// A Co-signer fails a transaction whose answer is not there by then (callback protocol, section 2.5).
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the command calls where nothing is said.
pub const USUAL_URL: &str = "https://localhost:8443";

/// Who this Co-signer is, whom it calls and whom it believes.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base URL of the handler, such as `https://localhost:8443` or `https://localhost:8443/acme`.
    pub url: String,
    /// RSA private key (PEM) that signs requests.
    pub private_key: PathBuf,
    /// Public key (PEM) that replies must be signed with: RSA, then by RS256, or P-256, then by ES256.
    pub reply_key: PathBuf,
    /// Certificate authority (PEM) of the handler's TLS certificate.
    pub ca: PathBuf,
    /// Time for the whole answer, connecting included.
    pub timeout: Duration,
}

/// A Co-signer that is ready to send. Clones share keys and connections.
#[derive(Clone)]
pub struct Cosigner {
    signer: Arc<Signer>,
    verifier: Arc<Verifier>,
    http: Arc<http::Client>,
    timeout: Duration,
}

/// A verified reply and how long it took.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was replied.
    pub reply: Reply,
    /// From the first byte sent to the verified reply.
    pub elapsed: Duration,
}

impl Cosigner {
    /// Loads the keys; connects only when something is sent.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let signer = Signer::from_pem(&read("the Co-signer's private key", &config.private_key)?)
            .map_err(|error| Error::key(&config.private_key, error))?;
        let verifier = Verifier::from_pem(&read("the handler's public reply key", &config.reply_key)?)
            .map_err(|error| Error::key(&config.reply_key, error))?;
        let http = http::Client::new(&config.url, &Trust::Authority(config.ca.clone()))?;
        Ok(Self {
            signer: Arc::new(signer),
            verifier: Arc::new(verifier),
            http: Arc::new(http),
            timeout: config.timeout,
        })
    }

    /// Signs the payload's bytes exactly as they are.
    pub fn sign(&self, payload: &[u8]) -> Result<String, Error> {
        self.signer.sign(payload).map_err(|error| Error::Sign(error.to_string()))
    }

    /// Signs a request, sends it to the endpoint its fields call for and verifies the reply.
    pub async fn send(&self, payload: &[u8]) -> Result<Answer, Error> {
        self.send_to(request::Head::read(payload)?.endpoint, payload).await
    }

    /// Signs a request, sends it to this endpoint and verifies the reply.
    pub async fn send_to(&self, endpoint: Endpoint, payload: &[u8]) -> Result<Answer, Error> {
        let head = request::Head::read(payload)?;
        let token = self.sign(payload)?;
        self.ask(endpoint, token, Some(&head.request_id)).await
    }

    /// Sends a token as it is and verifies the reply; its requestId too, where the token's payload can be read.
    pub async fn send_token(&self, endpoint: Endpoint, token: &str) -> Result<Answer, Error> {
        let head = jws::unverified_payload(token).and_then(|payload| request::Head::read(&payload).ok());
        self.ask(endpoint, token.to_owned(), head.as_ref().map(|head| head.request_id.as_str())).await
    }

    /// Posts any body and gives back whatever comes: for tests of what must be refused.
    pub async fn post(&self, endpoint: Endpoint, body: impl Into<Bytes>) -> Result<Response, Error> {
        let call = self.http.post(endpoint.path(), body.into());
        tokio::time::timeout(self.timeout, call).await.map_err(|_| Error::Timeout(self.timeout))?
    }

    async fn ask(
        &self,
        endpoint: Endpoint,
        token: String,
        request_id: Option<&str>,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let response = self.post(endpoint, token).await?;
        let reply = self.believe(&response, request_id)?;
        Ok(Answer { reply, elapsed: started.elapsed() })
    }

    fn believe(&self, response: &Response, request_id: Option<&str>) -> Result<Reply, Error> {
        if response.status != http::StatusCode::OK {
            return Err(Error::Refused { status: response.status.as_u16(), body: response.excerpt() });
        }
        let token = std::str::from_utf8(&response.body).map_err(|_| Error::Reply("it is not text".into()))?;
        let payload = self.verifier.verify(token).map_err(|error| Error::Reply(error.to_string()))?;
        let reply = Reply::read(&payload).map_err(Error::Reply)?;
        answers(reply, request_id)
    }
}

/// A reply is believed of the request that was asked.
fn answers(reply: Reply, request_id: Option<&str>) -> Result<Reply, Error> {
    match request_id {
        Some(asked) if asked != reply.request_id => {
            Err(Error::Reply(format!("it answers request {:?}, asked was {asked:?}", reply.request_id)))
        }
        _ => Ok(reply),
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { what, path: path.to_owned(), source })
}

/// Why there is no believable reply.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that is needed cannot be read.
    #[error("cannot read {what}, {}: {source}. `make run` creates the demo's files under .local/", path.display())]
    File {
        /// What the file is for.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// The request cannot be read.
    #[error("cannot read the request, {}: {source}", path.display())]
    Input {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A key or certificate file holds something else.
    #[error("cannot use {}: {why}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The URL is no HTTPS base URL.
    #[error("cannot call {url:?}: {why}. Give a base URL such as https://localhost:8443")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The request is nothing a Co-signer would send.
    #[error("cannot send this request: {0}")]
    Request(String),
    /// The key does not sign.
    #[error("cannot sign: {0}")]
    Sign(String),
    /// No connection.
    #[error("cannot reach {address}: {why}")]
    Connect {
        /// Host and port.
        address: String,
        /// Why not: refused, unknown host, a certificate that does not verify.
        why: String,
    },
    /// The connection failed under way.
    #[error("no answer: {0}")]
    Http(String),
    /// Nothing came in time. A real Co-signer fails the transaction then.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// Another status than 200: no signed reply.
    #[error("refused with HTTP {status}: {}", shown(body))]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// A reply that must not be believed.
    #[error("the reply cannot be believed: {0}")]
    Reply(String),
}

/// Text from elsewhere, on one line: whoever wrote it must not write on the terminal.
pub fn shown(text: &str) -> String {
    let plain = |character: char| matches!(character, '"' | '\'' | '\\');
    let each = |character: char| match plain(character) {
        true => character.to_string(),
        false => character.escape_debug().to_string(),
    };
    text.chars().map(each).collect()
}

impl Error {
    fn key(path: &Path, error: jws::Error) -> Self {
        Self::Key { path: path.to_owned(), why: error.to_string() }
    }

    /// True where nothing was sent because what was given cannot be used.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::File { .. } | Self::Input { .. } | Self::Key { .. } | Self::Url { .. } | Self::Request(_)
        )
    }
}
