//! One trace from the Co-signer's call through edge, gRPC, evaluation, store and back; and its id in both services'
//! log lines.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use system_tests::cosigner::{Action, Endpoint};
use system_tests::harness::collector::{Collected, Collector, tree};
use system_tests::harness::{Options, System, eventually};
use system_tests::requests::{Destination, Transfer, address_book_change};
use system_tests::vectors;
use tokio::net::TcpStream;

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
/// A trace the Co-signer's side has begun, and its span.
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// How long spans and log lines may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(20);

fn transfer() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, "0.1").usd("187.43"))
}

async fn traced() -> (Collector, System) {
    let collector = Collector::start().await;
    let environment = collector.environment();
    let system = System::with(Options { environment, ..Options::default() }).await;
    (collector, system)
}

/// Posts a token as part of the caller's trace. The status.
async fn post_within_trace(system: &System, endpoint: Endpoint, token: String) -> u16 {
    let edge = system.local().addresses().unwrap().edge;
    let tcp = TcpStream::connect(edge).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = connector(system).connect(name, tcp).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(endpoint.path())
        .header("host", "localhost")
        .header("traceparent", format!("00-{TRACE_ID}-{CALLER}-01"))
        .body(Full::new(Bytes::from(token)))
        .unwrap();
    let status = sender.send_request(request).await.unwrap().status().as_u16();
    connection.abort();
    status
}

fn connector(system: &System) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(system.local().ca()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named<'a>(trace: &'a [Collected], service: &str, name: &str) -> &'a Collected {
    let found = trace.iter().find(|span| span.service == service && span.span.name == name);
    found.unwrap_or_else(|| panic!("no {service}: {name} in\n{}", tree(trace)))
}

/// The caller's trace, once it has so many spans.
async fn trace(collector: &Collector, spans: usize) -> Vec<Collected> {
    collector.trace(ARRIVAL, |trace| trace.len() >= spans && hex(&trace[0].span.trace_id) == TRACE_ID).await
}

#[tokio::test]
async fn a_transaction_is_one_trace_through_both_services() {
    let (collector, system) = traced().await;
    let transfer = transfer();
    let token = system.cosigner().sign(&transfer.payload()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::Transaction, token).await, 200);
    let trace = trace(&collector, 8).await;
    insta::assert_snapshot!(tree(&trace), @r"
    countersign-edge: callback
      countersign-edge: authenticate
      countersign-edge: decode
      countersign-edge: decide
        countersign-decider: decide
          countersign-decider: evaluate
          countersign-decider: reserve
      countersign-edge: answer
    ");
    let root = named(&trace, "countersign-edge", "callback");
    assert_eq!(hex(&root.span.parent_span_id), CALLER);
    assert_eq!(root.attribute("request_id"), Some(transfer.request_id.clone()));
    assert_eq!(root.attribute("action").as_deref(), Some("APPROVE"));
    let recorded = crate::on_record::answered(&system, &transfer.request_id).await.unwrap();
    assert_eq!(root.attribute("decision_id"), Some(recorded.decision_id));
    let rpc = named(&trace, "countersign-decider", "decide");
    assert_eq!(rpc.attribute("rpc.method").as_deref(), Some("Decide"));
    check_times(&trace);
}

#[tokio::test]
async fn services_go_by_the_name_that_the_environment_has_for_them() {
    let collector = Collector::start().await;
    let mut environment = collector.environment();
    environment.push(("OTEL_SERVICE_NAME".into(), "payouts".into()));
    let system = System::with(Options { environment, ..Options::default() }).await;
    let token = system.cosigner().sign(&transfer().payload()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::Transaction, token).await, 200);
    assert!(trace(&collector, 8).await.iter().all(|span| span.service == "payouts"));
}

/// A span of the way lies inside its parent.
fn check_times(trace: &[Collected]) {
    for each in trace {
        let parent = trace.iter().find(|other| other.span.span_id == each.span.parent_span_id);
        let Some(parent) = parent.filter(|parent| parent.service == each.service) else { continue };
        let inside = each.span.start_time_unix_nano >= parent.span.start_time_unix_nano
            && each.span.end_time_unix_nano <= parent.span.end_time_unix_nano;
        assert!(inside, "{} is not inside {}", each.span.name, parent.span.name);
    }
}

#[tokio::test]
async fn a_configuration_change_is_one_trace() {
    let (collector, system) = traced().await;
    let token = system.cosigner().sign(&address_book_change()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::ConfigChange, token).await, 200);
    insta::assert_snapshot!(tree(&trace(&collector, 8).await), @r"
    countersign-edge: callback
      countersign-edge: authenticate
      countersign-edge: decode
      countersign-edge: decide
        countersign-decider: decide_config_change
          countersign-decider: evaluate
          countersign-decider: reserve
      countersign-edge: answer
    ");
}

/// A forgery ends at the edge, and its trace shows that: nothing of the decider is in it.
#[tokio::test]
async fn the_trace_of_a_forgery_ends_at_authentication() {
    let (collector, mut system) = traced().await;
    let forged = String::from_utf8(vectors::read("synthetic_request_tx_sign.jwt").unwrap()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::Transaction, forged).await, 401);
    system.stop().await;
    insta::assert_snapshot!(tree(&trace(&collector, 2).await), @r"
    countersign-edge: callback
      countersign-edge: authenticate
    ");
    assert!(collector.spans().iter().all(|span| span.service == "countersign-edge"));
}

/// Where there is no decider, the trace says at which step it failed.
#[tokio::test]
async fn a_decider_that_is_down_is_an_error_in_the_trace() {
    let (collector, mut system) = traced().await;
    system.decider().kill().unwrap();
    let token = system.cosigner().sign(&transfer().payload()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::Transaction, token).await, 200);
    let trace = trace(&collector, 5).await;
    let failed = named(&trace, "countersign-edge", "decide");
    assert_eq!(failed.span.status.clone().unwrap_or_default().code, 2, "an error");
    let root = named(&trace, "countersign-edge", "callback");
    assert_eq!(root.attribute("action").as_deref(), Some("RETRY"));
}

/// Log lines of a service as JSON; all of them must be.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

/// The trace id of the line with this message about this request.
fn trace_of(log: &str, message: &str, id_field: &str, request_id: &str) -> Option<String> {
    let lines = lines(log);
    let line = lines.iter().find(|line| line["message"] == message && line[id_field] == request_id)?;
    Some(line["trace_id"].as_str().unwrap_or_else(|| panic!("no trace_id: {line}")).to_owned())
}

/// The ids in the edge's and the decider's line over one request, once both are written.
async fn logged_traces(system: &mut System, request_id: &str) -> (String, String) {
    let mut found = (None, None);
    eventually("both services log the request", ARRIVAL, async || {
        let (edge, decider) = (system.edge().log_text(), system.decider().log_text());
        let edge = trace_of(&edge, "answered", "request_id", request_id);
        found = (edge, trace_of(&decider, "decided", "callback_request_id", request_id));
        found.0.is_some() && found.1.is_some()
    })
    .await;
    (found.0.unwrap(), found.1.unwrap())
}

#[tokio::test]
async fn log_lines_of_both_services_carry_the_callers_trace_id() {
    let (_collector, mut system) = traced().await;
    let transfer = transfer();
    let token = system.cosigner().sign(&transfer.payload()).unwrap();
    assert_eq!(post_within_trace(&system, Endpoint::Transaction, token).await, 200);
    let logged = logged_traces(&mut system, &transfer.request_id).await;
    assert_eq!(logged, (TRACE_ID.to_owned(), TRACE_ID.to_owned()));
}

/// Without a collector, and without a trace of the caller's, both services still share an id of their own.
#[tokio::test]
async fn log_lines_share_a_trace_id_without_a_collector() {
    let mut system = System::start().await;
    let (first, second) = (transfer(), transfer());
    for transfer in [&first, &second] {
        assert_eq!(system.send(&transfer.payload()).await.reply.action, Action::Approve);
    }
    let (edge, decider) = logged_traces(&mut system, &first.request_id).await;
    assert_eq!(edge, decider);
    let (other, _) = logged_traces(&mut system, &second.request_id).await;
    assert_ne!(edge, other, "each request has a trace of its own");
}
