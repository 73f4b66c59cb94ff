//! What came back over a connection, as far as anybody must know to judge it.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};

use super::frames_read;

/// What may still follow an answer.
const LINGER: Duration = Duration::from_millis(60);
/// How much of the bytes a failure shows.
const SHOWN_BYTES: usize = 600;

/// What came back.
#[derive(Default)]
pub struct Came {
    /// Of each answer.
    pub statuses: Vec<u16>,
    /// Streams of HTTP/2 that were reset.
    pub resets: usize,
    /// All bytes; of HTTP/2 those of the bodies.
    pub bytes: Vec<u8>,
    /// The other side ended the connection.
    pub ended: bool,
}

/// How bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Http1,
    Http2,
    /// TLS records, or anything.
    Bytes,
}

impl Came {
    /// Nothing can be said to somebody who is not let in.
    pub fn ended() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// Reads until there is enough and nothing follows, until the other side ends, or for so long.
    pub async fn collect(
        stream: &mut (impl AsyncRead + Unpin),
        speaks: Speaks,
        enough: impl Fn(&Self) -> bool,
        patience: Duration,
    ) -> Self {
        let mut deadline = Instant::now() + patience;
        let (mut bytes, mut satisfied) = (Vec::new(), false);
        loop {
            match timeout_at(deadline, stream.read_buf(&mut bytes)).await {
                Err(_) => return Self::read(bytes, false, speaks),
                Ok(Ok(0) | Err(_)) => return Self::read(bytes, true, speaks),
                Ok(Ok(_)) if !satisfied && enough(&Self::read(bytes.clone(), false, speaks)) => {
                    satisfied = true;
                    deadline = Instant::now() + LINGER;
                }
                Ok(Ok(_)) => {}
            }
        }
    }

    fn read(bytes: Vec<u8>, ended: bool, speaks: Speaks) -> Self {
        match speaks {
            Speaks::Http1 => Self { statuses: statuses(&bytes), resets: 0, bytes, ended },
            Speaks::Http2 => frames_read::read(&bytes, ended),
            Speaks::Bytes => Self { statuses: Vec::new(), resets: 0, bytes, ended },
        }
    }

    /// Whether a TLS server has said anything but an alert.
    pub fn has_shaken_hands(&self) -> bool {
        const ALERT: u8 = 21;
        self.bytes.first().is_some_and(|kind| *kind != ALERT)
    }
}

/// The status of every answer. "100 Continue" is none.
fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let after = text.split("HTTP/1.").skip(1);
    let statuses = after.filter_map(|line| line.get(2..5)?.parse().ok());
    statuses.filter(|status| *status >= 200).collect()
}

impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.bytes.get(..SHOWN_BYTES).unwrap_or(&self.bytes).escape_ascii();
        let Self { statuses, resets, ended, .. } = self;
        write!(
            f,
            "statuses {statuses:?}, {resets} resets, ended: {ended}, {} bytes: {shown}",
            self.bytes.len()
        )
    }
}
