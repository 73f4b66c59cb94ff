//! A trace collector: takes spans by OTLP over gRPC and keeps them for a test to look at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A span and the service that sent it.
#[derive(Debug, Clone)]
pub struct Collected {
    /// `service.name` of the sender.
    pub service: String,
    /// As sent.
    pub span: Span,
}

impl Collected {
    /// The text of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        text(&self.span.attributes, name)
    }
}

/// A running collector; it ends when it is dropped.
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Collected>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Collector {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::default();
        let service = TraceServiceServer::new(Keep { spans: Arc::clone(&spans) });
        let incoming = TcpListenerStream::new(listener);
        let server = tokio::spawn(async move {
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        });
        Self { address, spans, server }
    }

    /// The environment that makes a service send its spans here, soon and all of them.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variable = |name: &str, value: String| (name.to_owned(), value);
        vec![
            variable("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address)),
            variable("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
            variable("OTEL_TRACES_SAMPLER", "always_on".to_owned()),
        ]
    }

    /// What has come so far.
    pub fn spans(&self) -> Vec<Collected> {
        self.spans.lock().unwrap().clone()
    }

    /// The spans of one trace once there is one that `complete` is content with. Panics with what there is when it
    /// takes longer than `limit`.
    pub async fn trace(&self, limit: Duration, complete: impl Fn(&[Collected]) -> bool) -> Vec<Collected> {
        let started = std::time::Instant::now();
        loop {
            let traces = by_trace(self.spans());
            if let Some(trace) = traces.iter().find(|trace| complete(trace)) {
                return trace.clone();
            }
            assert!(started.elapsed() < limit, "no such trace within {limit:?} among {traces:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The tree of a trace as indented lines "service: span name", children in the order of their start.
pub fn tree(trace: &[Collected]) -> String {
    let is_root =
        |span: &&Collected| !trace.iter().any(|other| other.span.span_id == span.span.parent_span_id);
    let mut lines = Vec::new();
    for root in trace.iter().filter(is_root) {
        branch(trace, root, 0, &mut lines);
    }
    lines.join("\n")
}

fn branch(trace: &[Collected], at: &Collected, depth: usize, lines: &mut Vec<String>) {
    lines.push(format!("{}{}: {}", "  ".repeat(depth), at.service, at.span.name));
    let mut children: Vec<_> =
        trace.iter().filter(|span| span.span.parent_span_id == at.span.span_id).collect();
    children.sort_by_key(|child| child.span.start_time_unix_nano);
    for child in children {
        branch(trace, child, depth + 1, lines);
    }
}

fn by_trace(spans: Vec<Collected>) -> Vec<Vec<Collected>> {
    let mut traces = std::collections::BTreeMap::<Vec<u8>, Vec<Collected>>::new();
    for span in spans {
        traces.entry(span.span.trace_id.clone()).or_default().push(span);
    }
    traces.into_values().collect()
}

struct Keep {
    spans: Arc<Mutex<Vec<Collected>>>,
}

#[tonic::async_trait]
impl TraceService for Keep {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().unwrap();
        for sender in request.into_inner().resource_spans {
            let attributes = sender.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = text(&attributes, "service.name").unwrap_or_default();
            let sent = sender.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| Collected { service: service.clone(), span }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
    use opentelemetry_proto::tonic::common::v1::AnyValue;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

    fn span(id: u8, parent: u8, name: &str) -> Span {
        Span {
            trace_id: vec![1; 16],
            span_id: vec![id; 8],
            parent_span_id: vec![parent; 8],
            name: name.into(),
            start_time_unix_nano: id.into(),
            ..Span::default()
        }
    }

    fn export(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let value = Some(AnyValue { value: Some(Value::StringValue(service.into())) });
        let name = KeyValue { key: "service.name".into(), value, ..KeyValue::default() };
        let resource = Some(Resource { attributes: vec![name], ..Resource::default() });
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
        }
    }

    #[tokio::test]
    async fn spans_of_two_services_become_one_tree() {
        let collector = Collector::start().await;
        let (_, endpoint) = collector.environment().remove(0);
        let mut client = TraceServiceClient::connect(endpoint).await.unwrap();
        client.export(export("decider", vec![span(4, 3, "evaluate")])).await.unwrap();
        client
            .export(export("edge", vec![span(3, 1, "decide"), span(2, 1, "decode"), span(1, 0, "POST")]))
            .await
            .unwrap();
        let trace = collector.trace(Duration::from_secs(5), |spans| spans.len() == 4).await;
        insta::assert_snapshot!(tree(&trace), @"
        edge: POST
          edge: decode
          edge: decide
            decider: evaluate
        ");
    }
}
