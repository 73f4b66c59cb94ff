//! A decider that answers garbage, from bytes that are no answer to answers that contradict themselves.

use std::sync::Arc;
use std::time::Duration;

use postgres_cluster::ports;

use proto::decider::v1::{Action as Wire, DecideRequest, DecideResponse, Verdict};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use system_tests::cosigner::Action;
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System, eventually};
use system_tests::local::Local;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status};

use super::{impatient, in_time, lines, told_to_retry, transfer};

type Spoil = fn(&mut DecideResponse);

/// Each of them makes nonsense of an approval.
const NONSENSE: [(&str, Spoil); 12] = [
    ("nothing at all", |answer| *answer = DecideResponse::default()),
    ("another request", |answer| answer.callback_request_id.push('x')),
    ("no request", |answer| answer.callback_request_id.clear()),
    ("no verdict", |answer| answer.verdict = 0),
    ("an unknown verdict", |answer| answer.verdict = 99),
    ("no action", |answer| answer.action = 0),
    ("an unknown action", |answer| answer.action = 99),
    ("APPROVE with DENY", |answer| answer.verdict = Verdict::Deny.into()),
    ("APPROVE with HOLD", |answer| answer.verdict = Verdict::Hold.into()),
    ("REJECT with ALLOW", |answer| answer.action = Wire::Reject.into()),
    ("IGNORE at signing", |answer| {
        answer.verdict = Verdict::Hold.into();
        answer.action = Wire::Ignore.into();
    }),
    ("no record", |answer| answer.decision_id.clear()),
];

/// What a decider may say instead of an answer. All but the contract's own breach mean: not now.
const REFUSALS: [Code; 8] = [
    Code::Unavailable,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::DeadlineExceeded,
    Code::Internal,
    Code::Unauthenticated,
    Code::Unimplemented,
    Code::Aborted,
];

/// The transaction's id says how its answer is spoilt: `nonsense-3`, `refusal-14`.
fn script(request: DecideRequest) -> Result<DecideResponse, Status> {
    let mut answer = approval(&request);
    let (how, number) = request.tx_id().split_once('-').unwrap_or(("honest", "0"));
    match how {
        "nonsense" => NONSENSE[number.parse::<usize>().unwrap()].1(&mut answer),
        "refusal" => return Err(Status::new(Code::from_i32(number.parse().unwrap()), "as told")),
        _ => {}
    }
    Ok(answer)
}

async fn scripted() -> (System, ScriptedDecider) {
    let options = Options { decider: false, edge: false, edit_edge: impatient, ..Options::default() };
    let mut system = System::with(options).await;
    let decider = ScriptedDecider::start(system.local(), script).await;
    system.start_edge().await;
    (system, decider)
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_no_answer() {
    let (mut system, decider) = scripted().await;
    for (number, (what, _)) in NONSENSE.iter().enumerate() {
        let before = decider.calls();
        told_to_retry(&system, &transfer().with_id(&format!("nonsense-{number}"))).await;
        assert!(decider.calls() > before, "{what}: the decider was not asked, so this proves nothing");
    }
    let log = system.edge().log_text();
    let garbage = lines(&log, "ERROR").iter().filter(|line| line["code"] == "GARBAGE").count();
    assert_eq!(garbage, NONSENSE.len(), "{log}");
    let honest = system.send(&transfer().with_id("honest").payload()).await;
    assert_eq!(honest.reply.action, Action::Approve, "what is not spoilt is believed");
}

#[tokio::test]
async fn an_error_of_the_decider_means_retry_and_a_breach_of_the_contract_reject() {
    let (mut system, _decider) = scripted().await;
    for code in REFUSALS {
        told_to_retry(&system, &transfer().with_id(&format!("refusal-{}", code as i32))).await;
    }
    let breach = transfer().with_id(&format!("refusal-{}", Code::InvalidArgument as i32));
    let answer = system.send(&breach.payload()).await;
    assert_eq!(answer.reply.action, Action::Reject, "{}", system.logs());
    in_time(&answer);
    let log = system.edge().log_text();
    assert!(lines(&log, "ERROR").iter().any(|line| line["alarm"] == true), "an alarm:\n{log}");
}

/// What comes on a connection that is encrypted as it should be.
const BABBLE: [(&str, &[u8]); 5] = [
    ("nothing, and the end", b""),
    ("random bytes", b"\x9c\x13\xf0\x55\x00\xffnot a frame\x07\x80\x80\x80\x80\x80\x80\x80\x80\x80"),
    ("HTTP/1.1", b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nAPPROVE"),
    // An empty SETTINGS frame, then one that is said to be larger than any may be.
    ("HTTP/2, then nonsense", b"\0\0\0\x04\0\0\0\0\0\xff\xff\xff\x01\x04\0\0\0\x01APPROVE"),
    // SETTINGS, then GOAWAY.
    ("HTTP/2, then goodbye", b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"),
];

#[tokio::test]
async fn bytes_that_are_no_answer_mean_retry() {
    for (what, babble) in BABBLE {
        let options = Options { edit_edge: impatient, ..Options::default() };
        let mut system = System::with(options).await;
        let transfer = transfer();
        system.decider().kill().unwrap();
        let babbler = tokio::spawn(babbling(system.local().clone(), babble));
        told_to_retry(&system, &transfer).await;
        assert!(!babbler.is_finished(), "{what}: it has ended: {:?}", babbler.await);
        babbler.abort();
        let _ = babbler.await;
        let address = system.local().addresses().unwrap().decider;
        eventually("nobody listens any more", Duration::from_secs(10), async || {
            ports::check(address).is_ok()
        })
        .await;
        system.start_decider().await;
        super::approved_once(&system, &transfer).await;
    }
}

/// Has the decider's certificate, says the same to everybody, and hangs up on the first bytes after that.
async fn babbling(local: Local, babble: &'static [u8]) {
    let listener = TcpListener::bind(local.addresses().unwrap().decider).await.unwrap();
    let acceptor = acceptor(&local);
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
        tokio::spawn(async move {
            let _ = tls.write_all(babble).await;
            let _ = tls.flush().await;
            let _ = tls.read(&mut [0; 1024]).await;
            let _ = tls.shutdown().await;
        });
    }
}

fn acceptor(local: &Local) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(local.certificate("decider")).unwrap();
    let key = PrivateKeyDer::from_pem_file(local.private_key("decider")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
