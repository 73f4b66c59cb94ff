//! The PROXY protocol, versions 1 and 2: the caller behind a proxy, as the proxy says before the first byte of TLS.
//!
//! A header is read to its last byte and no further: what follows is the handshake's.

use std::{io, net::SocketAddr};

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a header of version 1 begins with.
const V1_START: &[u8] = b"PROXY ";
/// Longest header of version 1, its end of line included.
const MAX_V1_BYTES: usize = 107;
/// What a header of version 2 begins with. No header of version 1 is as short.
const V2_START: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Longest header of version 2, with what is in it beside the addresses.
const MAX_V2_BYTES: usize = 536;
/// Version 2 and its command LOCAL, in one byte.
const V2_LOCAL: u8 = 0x20;

/// What came instead of a usable PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProxyHeaderError {
    /// Something else.
    #[error("sent no PROXY header: switch it on there (v1 or v2), or take the proxy out of proxies")]
    Missing,
    /// One that does not end.
    #[error("sent a PROXY header of more than {MAX_V1_BYTES} (v1) or {MAX_V2_BYTES} (v2) bytes")]
    TooLong,
    /// One that cannot be read.
    #[error("sent a PROXY header that cannot be read")]
    Malformed,
    /// One that names no address of TCP, so the caller is unknown.
    #[error("sent a PROXY header that does not say for whom (UNKNOWN, or no TCP)")]
    Nobody,
    /// One that has not ended in time.
    #[error("sent no whole PROXY header within handshake_timeout")]
    Late,
    /// The connection ended in it.
    #[error("ended the connection before the end of a PROXY header")]
    Broken,
}

impl From<io::Error> for ProxyHeaderError {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// The caller behind a proxy, as its header says. `None`: the proxy connects for itself (LOCAL).
pub(super) async fn behind(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    parse(&header(stream).await?)
}

fn parse(header: &[u8]) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (read, length) = ProxyHeader::parse(header, config).map_err(|_| ProxyHeaderError::Malformed)?;
    if length != header.len() {
        return Err(ProxyHeaderError::Malformed);
    }
    match read.proxied_address() {
        Some(address) if address.protocol == Protocol::Stream => Ok(Some(address.source)),
        None if is_local(header) => Ok(None),
        _ => Err(ProxyHeaderError::Nobody),
    }
}

fn is_local(header: &[u8]) -> bool {
    header.strip_prefix(&V2_START).is_some_and(|rest| rest.first() == Some(&V2_LOCAL))
}

async fn header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ProxyHeaderError> {
    let mut start = V2_START;
    stream.read_exact(&mut start).await?;
    let mut header = start.to_vec();
    if start == V2_START {
        read_v2(stream, &mut header).await?;
    } else if start.starts_with(V1_START) {
        read_v1(stream, &mut header).await?;
    } else {
        return Err(ProxyHeaderError::Missing);
    }
    Ok(header)
}

/// Byte by byte, for only its end tells how long it is.
async fn read_v1(
    stream: &mut (impl AsyncRead + Unpin),
    header: &mut Vec<u8>,
) -> Result<(), ProxyHeaderError> {
    while !header.ends_with(b"\n") {
        if header.len() == MAX_V1_BYTES {
            return Err(ProxyHeaderError::TooLong);
        }
        header.push(stream.read_u8().await?);
    }
    Ok(())
}

async fn read_v2(
    stream: &mut (impl AsyncRead + Unpin),
    header: &mut Vec<u8>,
) -> Result<(), ProxyHeaderError> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [_, _, high, low] = fixed;
    header.extend(fixed);
    let start = header.len();
    let whole = start.saturating_add(u16::from_be_bytes([high, low]).into());
    if whole > MAX_V2_BYTES {
        return Err(ProxyHeaderError::TooLong);
    }
    header.resize(whole, 0);
    stream.read_exact(header.get_mut(start..).unwrap_or_default()).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
