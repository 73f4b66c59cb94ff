//! A connection on which bytes go out as they are.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::Bench;

/// Longer than any limit of a test.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Raw(pub TlsStream<TcpStream>);

impl Raw {
    /// From 127.0.0.1, without a protocol agreed on.
    pub async fn connect(bench: &Bench) -> Self {
        Self(bench.caller().connect().await)
    }

    /// From another address of this machine. An error where the edge does not want it.
    pub async fn connect_from(bench: &Bench, host: u8) -> std::io::Result<Self> {
        bench.caller().from(&format!("127.0.0.{host}")).try_connect().await.map(Self)
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
        self.0.flush().await.expect("sent");
    }

    /// Sends, and gives the status of the answer. `None`: the connection ended instead.
    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Option<u16> {
        self.send(bytes).await;
        self.answer().await.map(|(status, _)| status)
    }

    /// Status and headers of the next answer.
    pub async fn answer(&mut self) -> Option<(u16, String)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, self.0.read_u8()).await.expect("an answer or an end").ok()?);
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let mut body = vec![0; length.parse().expect("a length")];
        self.0.read_exact(&mut body).await.expect("a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Some((status, head))
    }

    /// How long until the edge ends it.
    pub async fn ended_after(&mut self) -> Duration {
        let begun = Instant::now();
        let mut sink = Vec::new();
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut sink)).await.expect("ended");
        begun.elapsed()
    }

    /// Asks until the status is another than at first, which has to come soon: what rates give back meanwhile is little.
    pub async fn ask_until_other(&mut self, bytes: &[u8]) -> [Option<u16>; 2] {
        let first = self.ask(bytes).await;
        for _ in 0..100 {
            let status = self.ask(bytes).await;
            if status != first {
                return [first, status];
            }
        }
        [first, first]
    }

    /// Whether it is open, as far as can be told after a moment.
    pub async fn is_open(&mut self) -> bool {
        timeout(Duration::from_millis(200), self.0.read_u8()).await.is_err()
    }
}

/// A request over HTTP/1.1 with this body.
pub fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
