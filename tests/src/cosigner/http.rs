//! HTTPS to the handler over connections that are kept: a test that sends thousands of requests measures the
//! handler, not handshakes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
pub use http::StatusCode;
use http::Uri;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Error, Trust};

/// A reply is a few hundred bytes; whatever is larger than this is none.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How much of an unexpected body is shown to people.
const EXCERPT_CHARS: usize = 300;

/// What came back, whatever it is.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The media type, if one is given.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

impl Response {
    /// The beginning of the body, as text.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().chars().take(EXCERPT_CHARS).collect()
    }
}

/// A client of one handler.
pub struct Client {
    host: String,
    port: u16,
    base_path: String,
    server_name: ServerName<'static>,
    tls: TlsConnector,
    idle: Mutex<Vec<Connection>>,
}

type Connection = SendRequest<Full<Bytes>>;

impl Client {
    /// Understands the base URL.
    pub fn new(url: &str, trust: &Trust) -> Result<Self, Error> {
        let bad = |why: &str| Error::Url { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| bad("it is not a URL"))?;
        if uri.scheme_str() != Some("https") {
            return Err(bad("it does not begin with https://"));
        }
        let host = uri.host().ok_or_else(|| bad("it names no host"))?.trim_matches(['[', ']']).to_owned();
        let server_name =
            ServerName::try_from(host.clone()).map_err(|_| bad("its host is no name or address"))?;
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(443),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            server_name,
            tls: TlsConnector::from(Arc::new(trust.tls()?)),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Posts a body to a path below the base URL.
    pub async fn post(&self, path: &str, body: Bytes) -> Result<Response, Error> {
        while let Some(mut kept) = self.take() {
            // The server may close a kept connection at any time: what fails on one is sent again on another.
            // The protocol allows that, because a request sent twice must be answered the same.
            if let Ok(response) = self.exchange(&mut kept, path, body.clone()).await {
                self.keep(kept);
                return Ok(response);
            }
        }
        let mut fresh = self.connect().await?;
        let response =
            self.exchange(&mut fresh, path, body).await.map_err(|error| Error::Http(error.to_string()))?;
        self.keep(fresh);
        Ok(response)
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        path: &str,
        body: Bytes,
    ) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
        let request = http::Request::post(format!("{}{path}", self.base_path))
            .header(http::header::HOST, format!("{}:{}", self.host, self.port))
            .header(http::header::USER_AGENT, concat!("countersign-cosigner/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(body))?;
        connection.ready().await?;
        let (head, body) = connection.send_request(request).await?.into_parts();
        let content_type = head.headers.get(http::header::CONTENT_TYPE);
        Ok(Response {
            status: head.status,
            content_type: content_type.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            body: Limited::new(body, MAX_BODY_BYTES).collect().await?.to_bytes(),
        })
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let address = format!("{}:{}", self.host, self.port);
        let failed = |why: String| Error::Connect { address: address.clone(), why };
        let tcp =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| failed(e.to_string()))?;
        // Without it small writes wait for acknowledgements: 44 ms instead of 3.
        tcp.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
        let tls = self.tls.connect(self.server_name.clone(), tcp).await.map_err(|e| failed(e.to_string()))?;
        let (sender, connection) =
            handshake(TokioIo::new(tls)).await.map_err(|error| failed(error.to_string()))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(|connection| !connection.is_closed())
    }

    fn keep(&self, connection: Connection) {
        if !connection.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(url: &str) -> String {
        let nothing = tempfile::NamedTempFile::new().unwrap();
        let error = Client::new(url, &Trust::Authority(nothing.path().into())).map(|_| ()).unwrap_err();
        error.to_string().replace(&nothing.path().display().to_string(), "ca.pem")
    }

    #[test]
    fn a_url_that_cannot_be_called_is_explained() {
        insta::assert_snapshot!(why("http://localhost"), @r#"cannot call "http://localhost": it does not begin with https://. Give a base URL such as https://localhost:8443"#);
        insta::assert_snapshot!(why("localhost:8443"), @r#"cannot call "localhost:8443": it does not begin with https://. Give a base URL such as https://localhost:8443"#);
        insta::assert_snapshot!(why("https://localhost:8443/acme"), @"cannot use ca.pem: it holds no certificate in PEM form");
    }
}
