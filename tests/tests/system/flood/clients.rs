//! Callers that hold on to what they get. One that is shown out comes back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use system_tests::local::Local;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Addresses that they come from, 127.0.1.0 and following: each is far below what one address may have.
const ADDRESSES: usize = 16;
/// A byte at a time.
const DRIP: Duration = Duration::from_secs(1);
/// A client that has been shown out comes back after one of these times, so that not all come at once.
const COME_BACK_AFTER_MILLIS: [u64; 4] = [250, 490, 730, 970];
/// Time between the first visits of two clients.
const APART: Duration = Duration::from_millis(4);
/// Small, so that what a client does not read is the edge's to keep.
const RECEIVE_BUFFER_BYTES: u32 = 4096;
const UNREAD_ANSWERS: usize = 50;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Connects, and nothing more.
    SilentBeforeTls,
    /// Makes the handshake, and nothing more.
    SilentAfterTls,
    /// Sends its part of the handshake byte by byte.
    SlowHandshake,
    /// Sends headers byte by byte.
    SlowHeaders,
    /// Sends a body byte by byte.
    SlowBody,
    /// Asks for much and reads none of it.
    NeverReads,
}

/// All clients.
pub struct Clients {
    tasks: JoinSet<Option<Socket>>,
    rest: watch::Sender<bool>,
}

/// What a client held when it was told to rest: kept open, it has to be ended by the edge.
pub type Socket = Box<dyn AsyncWrite + Send + Unpin>;

struct Caller {
    edge: SocketAddr,
    source: Ipv4Addr,
    tls: TlsConnector,
    hello: Vec<u8>,
}

impl Clients {
    /// Starts them all.
    pub fn start(local: &Local, kinds: &[(Kind, usize)]) -> Self {
        let (rest, told) = watch::channel(false);
        let config = Arc::new(config(local));
        let edge = local.addresses().unwrap().edge;
        let mut tasks = JoinSet::new();
        let all = kinds.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count));
        for (number, kind) in all.enumerate() {
            let host = u8::try_from(number % ADDRESSES).unwrap();
            let caller = Caller {
                edge,
                source: Ipv4Addr::new(127, 0, 1, host),
                tls: TlsConnector::from(Arc::clone(&config)),
                hello: hello(&config),
            };
            let begin = APART * u32::try_from(number).unwrap();
            let pause = Duration::from_millis(COME_BACK_AFTER_MILLIS[number % COME_BACK_AFTER_MILLIS.len()]);
            tasks.spawn(caller.hold_on(kind, begin, pause, told.clone()));
        }
        Self { tasks, rest }
    }

    /// Lets them do nothing more, and not come back, with what they hold still open.
    pub async fn let_be(self) -> Vec<Socket> {
        self.rest.send_replace(true);
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

impl Caller {
    /// Comes back until it may rest.
    async fn hold_on(
        self,
        kind: Kind,
        begin: Duration,
        pause: Duration,
        mut told: watch::Receiver<bool>,
    ) -> Option<Socket> {
        tokio::time::sleep(begin).await;
        while !*told.borrow() {
            let mut held = None;
            tokio::select! {
                _ = self.visit(kind, &mut held) => {}
                _ = told.changed() => return held,
            }
            tokio::time::sleep(pause).await;
        }
        None
    }

    /// One connection, to its end.
    async fn visit(&self, kind: Kind, held: &mut Option<Socket>) -> io::Result<()> {
        let stream = self.connect().await?;
        match kind {
            Kind::SilentBeforeTls => wait(stream, held, b"", 0).await,
            Kind::SlowHandshake => wait(stream, held, &self.hello, 1).await,
            _ => {
                let name = ServerName::try_from("localhost").unwrap();
                let stream = self.tls.connect(name, stream).await?;
                let (request, at_once) = request(kind);
                wait(stream, held, &request, at_once).await
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        socket.bind(SocketAddr::from((self.source, 0)))?;
        socket.connect(self.edge).await
    }
}

/// What is sent, and how much of it at once.
fn request(kind: Kind) -> (Vec<u8>, usize) {
    let post = "POST /v2/tx_sign_request HTTP/1.1\r\nhost: localhost\r\n";
    match kind {
        Kind::SlowHeaders => (format!("{post}x: {}", "v".repeat(1000)).into_bytes(), post.len()),
        Kind::SlowBody => {
            let head = format!("{post}content-length: 1000\r\n\r\n");
            let at_once = head.len();
            ((head + &"a".repeat(999)).into_bytes(), at_once)
        }
        Kind::NeverReads => {
            let requests = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(UNREAD_ANSWERS).into_bytes();
            let at_once = requests.len();
            (requests, at_once)
        }
        _ => (Vec::new(), 0),
    }
}

/// Sends so much at once and the rest byte by byte, then stays until the other end ends it.
async fn wait<S>(mut stream: S, held: &mut Option<Socket>, bytes: &[u8], at_once: usize) -> io::Result<()>
where
    S: tokio::io::AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    stream.write_all(&bytes[..at_once]).await?;
    stream.flush().await?;
    let (mut read, write) = tokio::io::split(stream);
    let write = held.insert(Box::new(write));
    let dripping = async {
        for byte in &bytes[at_once..] {
            tokio::time::sleep(DRIP).await;
            write.write_all(&[*byte]).await?;
            write.flush().await?;
        }
        std::future::pending().await
    };
    let never_reads = at_once > 1000;
    let ended = async {
        if never_reads {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        read.read_to_end(&mut Vec::new()).await
    };
    tokio::select! {
        dripped = dripping => dripped,
        ended = ended => ended.map(drop),
    }
}

fn config(local: &Local) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(local.ca()).unwrap()).unwrap();
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The first message of a handshake.
fn hello(config: &Arc<rustls::ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = rustls::ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    bytes
}
