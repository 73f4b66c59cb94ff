//! A Co-signer in JSON mode (communication options 2 and 3): it signs nothing, and believes what comes over a connection to a
//! handler that it knows by its certificate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::request::{Endpoint, Head};
use super::{Answer, Error, Reply, Response, Trust, answers, http};

/// A Co-signer that is ready to send. Clones share connections.
#[derive(Clone)]
pub struct PlainCosigner {
    http: Arc<http::Client>,
    timeout: Duration,
}

impl PlainCosigner {
    /// Of a handler with this base URL; connects only when something is sent.
    pub fn new(url: &str, trust: &Trust, timeout: Duration) -> Result<Self, Error> {
        Ok(Self { http: Arc::new(http::Client::new(url, trust)?), timeout })
    }

    /// Sends a request as it is to the endpoint its fields call for, and reads the reply.
    pub async fn send(&self, payload: &[u8]) -> Result<Answer, Error> {
        self.send_to(Head::read(payload)?.endpoint, payload).await
    }

    /// Sends a request as it is to this endpoint, and reads the reply.
    pub async fn send_to(&self, endpoint: Endpoint, payload: &[u8]) -> Result<Answer, Error> {
        let (head, started) = (Head::read(payload)?, Instant::now());
        let response = self.post(endpoint, payload.to_vec()).await?;
        if response.status != http::StatusCode::OK {
            return Err(Error::Refused { status: response.status.as_u16(), body: response.excerpt() });
        }
        let reply = answers(Reply::read(&response.body).map_err(Error::Reply)?, Some(&head.request_id))?;
        Ok(Answer { reply, elapsed: started.elapsed() })
    }

    /// Posts any body and gives back whatever comes: for tests of what must be refused.
    pub async fn post(&self, endpoint: Endpoint, body: impl Into<Bytes>) -> Result<Response, Error> {
        let call = self.http.post(endpoint.plain_path(), body.into());
        tokio::time::timeout(self.timeout, call).await.map_err(|_| Error::Timeout(self.timeout))?
    }
}
