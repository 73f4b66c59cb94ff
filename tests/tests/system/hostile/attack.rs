//! Sending one case, and collecting what comes back.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use system_tests::local::Local;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::came::{Came, Speaks};
use super::case::{Case, Expected, Mode, Way};
use super::frames;
use super::step::{Step, take};
use super::text::Words;
use super::wire::{Client, tcp};

/// How long an answer, or the end of a connection, may take: a few times the edge's own limits here.
const PATIENCE: Duration = Duration::from_secs(8);
/// For inputs to which nothing need be said.
const SURVIVAL: Duration = Duration::from_secs(2);

/// Sends a case. `words` know its token.
pub async fn send(case: &Case, words: &Words, local: &Local) -> Came {
    let addresses = local.addresses().unwrap();
    let address = match case.mode {
        Mode::Jwt => addresses.edge,
        Mode::Json => addresses.edge_json.expect("JSON mode"),
    };
    match &case.send {
        None => post(case, "{{token}}", &Client::of("http/1.1"), words, address).await,
        Some(Way::Body(body)) => post(case, body, &Client::of("http/1.1"), words, address).await,
        Some(Way::Tls(client)) => post(case, "{{token}}", client, words, address).await,
        Some(Way::Http(steps)) => {
            let stream = Client::of("http/1.1").connect(address).await.expect("connects");
            converse(case, Speaks::Http1, stream, async |writer| take(steps, words, writer).await).await
        }
        Some(Way::Deaf(steps)) => deaf(steps, words, address).await,
        Some(Way::H2(all)) => {
            let bytes = [frames::PREFACE, &frames::written(all, words)].concat();
            let stream = Client::of("h2").connect(address).await.expect("connects");
            converse(case, Speaks::Http2, stream, async |writer| writer.write_all(&bytes).await).await
        }
        Some(Way::Tcp(steps)) => {
            let stream = tcp(address).await.expect("connects");
            converse(case, Speaks::Bytes, stream, async |writer| take(steps, words, writer).await).await
        }
        Some(Way::Openssl { arguments, input }) => openssl(arguments, input, local).await,
    }
}

async fn post(case: &Case, body: &str, client: &Client, words: &Words, address: SocketAddr) -> Came {
    let body = words.expand(body);
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        words.expand_text(&case.to),
        body.len()
    );
    let Ok(stream) = client.connect(address).await else { return Came::ended() };
    let bytes = [head.as_bytes(), &body].concat();
    converse(case, Speaks::Http1, stream, async |writer| writer.write_all(&bytes).await).await
}

/// Writes and reads at the same time. That the edge does not take all that is written is its right.
async fn converse<S: AsyncRead + AsyncWrite>(
    case: &Case,
    speaks: Speaks,
    stream: S,
    write: impl AsyncFnOnce(&mut tokio::io::WriteHalf<S>) -> std::io::Result<()>,
) -> Came {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = async {
        let _ = write(&mut writer).await;
        let _ = writer.flush().await;
        std::future::pending::<()>().await;
    };
    let patience = if case.expect == Expected::Survives { SURVIVAL } else { PATIENCE };
    tokio::select! {
        came = Came::collect(&mut reader, speaks, |came| enough(case.expect, came), patience) => came,
        () = writing => Came::default(),
    }
}

fn enough(expected: Expected, came: &Came) -> bool {
    match expected {
        Expected::Closed | Expected::Left | Expected::NoHandshake | Expected::Survives => false,
        Expected::Stopped => came.resets > 0 || !came.statuses.is_empty(),
        _ => !came.statuses.is_empty(),
    }
}

/// Asks, and never reads an answer, until the edge has enough of that.
async fn deaf(steps: &[Step], words: &Words, address: SocketAddr) -> Came {
    let mut stream = Client::of("http/1.1").connect(address).await.expect("connects");
    let asking = async {
        while take(steps, words, &mut stream).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    Came { ended: timeout(PATIENCE, asking).await.is_ok(), ..Came::default() }
}

/// Ended: the program did by itself, and not well.
async fn openssl(arguments: &[String], input: &str, local: &Local) -> Came {
    let address = local.addresses().unwrap().edge.to_string();
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-CAfile"])
        .arg(local.ca())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl starts");
    let mut writer = child.stdin.take().unwrap();
    sleep(Duration::from_millis(500)).await;
    let _ = writer.write_all(input.as_bytes()).await;
    match timeout(PATIENCE, child.wait_with_output()).await {
        Ok(Ok(output)) => Came {
            ended: !output.status.success(),
            bytes: [output.stdout, output.stderr].concat(),
            ..Came::default()
        },
        _ => Came::default(),
    }
}
