//! GET over plain HTTP, for the admin ports.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An admin port that takes longer is not well.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Status and body.
pub async fn get(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    match tokio::time::timeout(TIMEOUT, exchange(address, path)).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("http://{address}{path} does not answer within {TIMEOUT:?}")),
    }
}

async fn exchange(
    address: SocketAddr,
    path: &str,
) -> Result<(u16, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("http://{address}: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = http::Request::get(path)
        .header(http::header::HOST, address.to_string())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
