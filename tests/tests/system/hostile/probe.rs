//! A real request of a real Co-signer, over a connection of its own.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use system_tests::cosigner::jws::{Signer, Verifier};
use system_tests::cosigner::{Action, Reply};
use system_tests::harness::System;

use super::{ground::transfer, wire::Client};

/// A version of HTTP.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    Http1,
    Http2,
}

pub const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

/// Sends it. An error where the answer is anything but an approval of it.
pub async fn approved(version: Version, system: &System, reply_key: &Verifier) -> Result<(), String> {
    let transfer = transfer();
    let key = std::fs::read(system.local().cosigner_private_key()).unwrap();
    let token = Signer::from_pem(&key).unwrap().sign(&transfer.payload()).unwrap();
    let answer = ask(version, system, token).await.map_err(|error| format!("{version:?}: {error}"))?;
    let payload = reply_key.verify(&answer).map_err(|error| format!("{version:?}: {error}: {answer}"))?;
    let reply = Reply::read(&payload)?;
    let expected = Reply { action: Action::Approve, request_id: transfer.request_id, rejection_reason: None };
    if reply == expected { Ok(()) } else { Err(format!("{version:?}: a real request is answered {reply:?}")) }
}

async fn ask(
    version: Version,
    system: &System,
    token: String,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::post("https://localhost/v2/tx_sign_request").header("host", "localhost");
    let request = request.body(Full::new(Bytes::from(token)))?;
    let protocol = match version {
        Version::Http1 => "http/1.1",
        Version::Http2 => "h2",
    };
    let stream = TokioIo::new(Client::of(protocol).connect(system.local().addresses()?.edge).await?);
    let response: http::Response<Incoming> = match version {
        Version::Http1 => {
            let (mut sender, connection) = http1::handshake(stream).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        }
        Version::Http2 => {
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        }
    };
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?)
}
