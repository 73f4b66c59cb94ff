//! One trace from the caller to the decider.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use http::Method;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::{Span, span::SpanKind},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

use crate::support::{Bench, Caller, Decider, Files, Manner, PARENT, TX, program::Program, vector};

fn traceparent(decider: &Decider) -> String {
    decider.metadata().get("traceparent").expect("a trace").to_str().expect("text").to_owned()
}

#[tokio::test]
async fn the_callers_trace_reaches_the_decider() {
    let bench = Bench::new(Manner::Allowing).await;
    let caller = bench.caller();
    let request = caller.request(Method::POST, TX).header("traceparent", PARENT);
    assert_eq!(caller.send(request, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    assert_eq!(traceparent(&bench.decider), PARENT);
    caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await;
    let begun = traceparent(&bench.decider);
    assert!(begun.starts_with("00-") && begun != PARENT, "{begun}");
}

/// Keeps the spans it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let spans =
            resources.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        self.0.lock().expect("unpoisoned").extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", socket.local_addr().expect("an address"));
        let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(socket)));
        (collector, endpoint)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_exported_and_named_by_the_story() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let (collector, endpoint) = Collector::start().await;
    let program =
        Program::run(&files, &files.yaml(decider.port), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let caller = Caller::new(program.address, &files);
    let request = caller.request(Method::POST, TX).header("traceparent", PARENT);
    assert_eq!(caller.send(request, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    let (code, log) = program.end();
    assert_eq!(code, Some(0), "{log}");

    let spans = collector.0.lock().expect("unpoisoned").clone();
    let by_name: BTreeMap<&str, &Span> = spans.iter().map(|span| (span.name.as_str(), span)).collect();
    assert_eq!(
        by_name.keys().copied().collect::<Vec<_>>(),
        ["answer", "authenticate", "callback", "decide", "decode"]
    );
    assert_eq!(spans.len(), by_name.len());
    let root = by_name["callback"];
    assert_eq!(
        (hex(&root.trace_id), hex(&root.parent_span_id)),
        (PARENT[3..35].to_owned(), PARENT[36..52].to_owned())
    );
    for (name, span) in &by_name {
        assert_eq!(span.trace_id, root.trace_id, "{name}");
        assert!(*name == "callback" || span.parent_span_id == root.span_id, "{name}");
    }
    assert_eq!((root.kind(), by_name["decide"].kind()), (SpanKind::Server, SpanKind::Client));
    assert_eq!(
        traceparent(&decider),
        format!("00-{}-{}-01", &PARENT[3..35], hex(&by_name["decide"].span_id))
    );
    let answered = log.lines().find(|line| line.contains("\"answered\"")).expect("a line for the request");
    assert!(answered.contains(&PARENT[3..35]), "{answered}");
}

/// Traces are no reason to serve nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_cannot_be_is_warned_of_and_callbacks_are_answered() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    for (endpoint, disabled, warnings) in [
        ("https://collector:4317", "false", 1),
        ("no collector", "", 1),
        ("ftp://127.0.0.1:4317", "", 1),
        ("unix:///collector", "", 1),
        ("https://collector:4317", "true", 0),
        ("", "", 0),
    ] {
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_SDK_DISABLED", disabled)];
        let program = Program::run(&files, &files.yaml(decider.port), &environment);
        let caller = Caller::new(program.address, &files);
        assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
        let (code, log) = program.end();
        assert_eq!(code, Some(0), "{log}");
        let told: Vec<_> = log.lines().filter(|line| line.contains("traces are not exported")).collect();
        assert_eq!(told.len(), warnings, "{endpoint}: {log}");
        let advice = "an http:// URL of a collector beside it, for OTLP over gRPC";
        assert!(told.iter().all(|line| line.contains("WARN") && line.contains(advice)), "{told:?}");
        assert!(!log.contains("feature"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_that_are_disabled_are_not_exported() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let (collector, endpoint) = Collector::start().await;
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_SDK_DISABLED", "True")];
    let program = Program::run(&files, &files.yaml(decider.port), &environment);
    let caller = Caller::new(program.address, &files);
    assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    assert_eq!(program.end().0, Some(0));
    assert_eq!(collector.0.lock().expect("unpoisoned").len(), 0);
}
