//! The spans of a call, as a collector would get them.

use std::sync::{Arc, Mutex};

use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Files, call, transfer};

#[derive(Debug, Clone, Default)]
struct Collected(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Collected {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// The subscriber is that of the whole program: with one of this thread alone, places in the code that another test comes to
/// first would stay silent. What other tests ask has no parent that is sampled, and so is not.
#[tokio::test]
async fn a_decision_is_one_trace_with_its_caller() {
    let collected = Collected::default();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .with_simple_exporter(collected.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let files = Files::new();
    let running = files.start().await;
    let mut request = call(transfer("r-1", "0.1"));
    let (trace_id, caller) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    request.metadata_mut().insert("traceparent", format!("00-{trace_id}-{caller}-01").parse().unwrap());
    files.client(&running).await.decide(request).await.unwrap();
    running.stop().await.unwrap();

    let spans = collected.0.lock().unwrap().clone();
    let ours: Vec<&SpanData> =
        spans.iter().filter(|span| span.span_context.trace_id().to_string() == trace_id).collect();
    let names = || ours.iter().map(|span| &*span.name).collect::<Vec<_>>();
    let named = |name: &str| {
        *ours.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name}: {:?}", names()))
    };
    let decide = named("decide");
    assert_eq!((decide.parent_span_id.to_string().as_str(), &decide.span_kind), (caller, &SpanKind::Server));
    for child in ["evaluate", "reserve"] {
        assert_eq!(named(child).parent_span_id, decide.span_context.span_id(), "{child}");
    }
    let attribute = |key: &str| {
        let found = decide.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| attribute.value.to_string())
    };
    assert_eq!(attribute("rpc.system").as_deref(), Some("grpc"));
    assert_eq!(attribute("rpc.method").as_deref(), Some("Decide"));
    assert_eq!(attribute("rpc.grpc.status_code").as_deref(), Some("0"));
}
