//! What the outside sees of the inside: logs, and traces where a collector is configured.

pub mod rpc;
mod json;

#[cfg(test)]
pub use json::tests::logged_text;

mod level;
mod log_writer;
pub mod seldom;
mod standard_error;

use std::hash::Hash;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio::task::spawn_blocking;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use log_writer::{LEFT_OUT, LogWriter};

const SERVICE_NAME: &str = "countersign-decider";
/// Set: spans are exported there by OTLP over gRPC, in plain text: to a collector beside it.
const ENDPOINT_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What a collector beside it is named with.
const COLLECTOR_SCHEME: &str = "http://";
/// `true`: nothing is exported.
const OFF_VARIABLE: &str = "OTEL_SDK_DISABLED";
/// Level of logs and spans, of all or by module: `debug`, or `info,decider::store=debug`; `info` where it is not set.
const LEVEL_VARIABLE: &str = "RUST_LOG";
/// How long the last spans may take to leave.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the last lines of the log may take to be taken.
const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// A word of the vocabulary as every answer, log line and metric has it: `DENY`, `LIMIT_EXCEEDED`.
pub fn word(value: &impl Serialize) -> &'static str {
    serde_variant::to_variant_name(value).unwrap_or("UNKNOWN")
}

/// Starts each of these label sets of a family at 0: a series that first appears as 1 shows no increase, so that an alert
/// would miss the first event.
pub fn begin<L, M, C>(family: &Family<L, M, C>, labels: impl IntoIterator<Item = L>)
where
    L: Clone + Eq + Hash,
    C: MetricConstructor<M>,
{
    labels.into_iter().for_each(|labels| drop(family.get_or_create(&labels)));
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// There is one already.
    #[error("logs cannot be set up: {0}")]
    Subscriber(#[from] TryInitError),
    /// No thread for the log.
    #[error("the thread that writes the log cannot be started: {0}")]
    Log(io::Error),
}

/// Logs and traces of this process, until it ends.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    log: LogWriter,
}

/// Lists in a registry what is counted of the log.
pub fn register(registry: &mut Registry) {
    registry.register(
        "log_lines_left_out",
        "Lines of the log that were not written, because nobody took those before them",
        LEFT_OUT.clone(),
    );
}

/// Starts logs and traces. Inside a runtime: the exporter needs one.
///
/// # Errors
/// There are logs already, or the machine has no more threads.
pub fn start() -> Result<Telemetry, TelemetryError> {
    let (provider, not_exported) = tracer_provider();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE_NAME))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let set = std::env::var_os(LEVEL_VARIABLE).map(|level| level.to_string_lossy().into_owned());
    let (level, unread) = level::read(set);
    // Events are for the log: a span that had them, too, would copy each of their fields, sampled or not.
    let spans = spans.with_filter(filter_fn(is_span));
    let log = LogWriter::to(io::stderr(), standard_error::at_once()).map_err(TelemetryError::Log)?;
    // The level goes on last: only as the outermost layer is its refusal remembered for each place in the code.
    tracing_subscriber::registry().with(spans).with(logs(log.clone())).with(level).try_init()?;
    if let Some(value) = unread {
        tracing::warn!(
            value,
            "{LEVEL_VARIABLE} is neither a level, such as debug, nor levels by module, such as info,decider::store=debug: info is used"
        );
    }
    if let Some(error) = not_exported {
        tracing::warn!(
            %error,
            "traces are not exported: {ENDPOINT_VARIABLE} takes http:// and the address of a collector that speaks OTLP over gRPC"
        );
    }
    Ok(Telemetry { provider, log })
}

impl Telemetry {
    /// Lets the last spans and the last lines leave. On other threads and with a time limit: neither a collector that does
    /// not answer nor a reader who does not read must keep the process from ending.
    pub async fn stop(self) {
        let Self { provider, log } = self;
        let stop = spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT));
        let _ = tokio::time::timeout(FLUSH_TIMEOUT, stop).await;
        let _ = spawn_blocking(move || log.flush(LOG_FLUSH_TIMEOUT)).await;
    }
}

/// Without a collector nothing is sampled, but every span has an id all the same: logs carry it. An exporter that cannot
/// be made is no reason to decide nothing.
fn tracer_provider() -> (SdkTracerProvider, Option<ExporterBuildError>) {
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(SERVICE_NAME);
    }
    let builder = SdkTracerProvider::builder().with_resource(resource.build());
    match exporter() {
        Ok(Some(exporter)) => (builder.with_batch_exporter(exporter).build(), None),
        Ok(None) => (builder.with_sampler(Sampler::AlwaysOff).build(), None),
        Err(error) => (builder.with_sampler(Sampler::AlwaysOff).build(), Some(error)),
    }
}

fn exporter() -> Result<Option<SpanExporter>, ExporterBuildError> {
    let off = std::env::var(OFF_VARIABLE).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    let endpoint = std::env::var_os(ENDPOINT_VARIABLE).filter(|endpoint| !off && !endpoint.is_empty());
    // The exporter accepts some other schemes, and would speak plain gRPC to them.
    match endpoint {
        Some(other) if !other.to_string_lossy().starts_with(COLLECTOR_SCHEME) => {
            Err(ExporterBuildError::InvalidConfiguration(format!(
                "{} has another scheme",
                other.to_string_lossy()
            )))
        }
        endpoint => endpoint.map(|_| SpanExporter::builder().with_tonic().build()).transpose(),
    }
}

fn is_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
}

/// For people on a terminal, JSON lines for everything else.
fn logs<S: Subscriber + for<'a> LookupSpan<'a>>(log: LogWriter) -> Box<dyn Layer<S> + Send + Sync> {
    let out = move || log.clone();
    if io::stderr().is_terminal() {
        return fmt::layer().with_writer(out).with_target(false).boxed();
    }
    json::JsonLines::new(out).boxed()
}
