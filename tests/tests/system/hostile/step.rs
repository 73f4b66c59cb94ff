//! What a caller does on a connection, step by step.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::sleep;

use super::{hello::Hello, text::Words};

/// One step.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Writes this.
    Send(String),
    /// Writes this so many times.
    Repeat { send: String, times: usize },
    /// Writes this byte by byte, with a pause before each.
    Drip { drip: String, every_ms: u64 },
    /// Does nothing for so long.
    Wait { wait_ms: u64 },
    /// Writes the first message of a TLS handshake.
    Hello { hello: Hello },
    /// Does this.
    Then { then: Then },
}

/// What needs no more words.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Ends the connection in its own direction.
    End,
}

/// Takes these steps. What cannot be written any more ends them: the other side has.
pub async fn take(
    steps: &[Step],
    words: &Words,
    stream: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::Send(text) => stream.write_all(&words.expand(text)).await?,
            Step::Repeat { send, times } => stream.write_all(&words.expand(send).repeat(*times)).await?,
            Step::Drip { drip, every_ms } => drip_bytes(&words.expand(drip), *every_ms, stream).await?,
            Step::Wait { wait_ms } => sleep(Duration::from_millis(*wait_ms)).await,
            Step::Hello { hello } => stream.write_all(&hello.record()).await?,
            Step::Then { then: Then::End } => stream.shutdown().await?,
        }
        stream.flush().await?;
    }
    Ok(())
}

async fn drip_bytes(
    bytes: &[u8],
    every_ms: u64,
    stream: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    for byte in bytes {
        sleep(Duration::from_millis(every_ms)).await;
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
    }
    Ok(())
}
