//! Logs, traces and metrics.
//!
//! Never in any of them: keys, tokens, payloads, addresses.

pub mod metrics;
pub mod trace;
mod shed;
mod level;
mod logs;
mod log_writer;
mod log_throttle;
mod standard_error;

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tracing::Metadata;
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterExt as _, Targets, filter_fn},
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

pub use log_throttle::LogThrottle;
use log_writer::LogWriter;
pub use logs::{shown, shown_up_to};
pub use metrics::Shed;

/// Longest wait at the end for the last lines of the log to be written.
const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait at the end for the last spans to be exported.
const TRACE_FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Where it is set, traces are exported to it.
const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// `true`: no traces are exported.
const SDK_DISABLED: &str = "OTEL_SDK_DISABLED";
/// How the address of a collector begins.
const COLLECTOR_SCHEME: &str = "http://";
/// What to do where there is no exporter. The exporter's own errors are about its build.
const EXPORTER_ADVICE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT has to be an http:// URL of a collector beside it, for OTLP over gRPC, \
                               and no OTEL_EXPORTER_OTLP_… may ask for TLS, another protocol or compression";
const SERVICE_NAME: &str = "countersign-edge";

/// Telemetry that cannot be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// A subscriber is installed already.
    #[error("{0}")]
    Subscriber(#[from] TryInitError),
    /// No thread for the log.
    #[error("the thread that writes the log cannot be started: {0}")]
    Log(io::Error),
}

/// Running telemetry. [`stop`](Self::stop) sends what is still held.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    log: LogWriter,
}

impl Telemetry {
    /// Starts logging to standard error, and exporting traces where `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
    ///
    /// Needs a tokio runtime for the exporter's connection.
    pub fn start() -> Result<Self, TelemetryError> {
        // Without an exporter the edge serves all the same.
        let exporting = are_traces_wanted().then(exporting_provider);
        let impossible = matches!(exporting, Some(Err(_)));
        let traces = exporting.and_then(Result::ok);
        let (level, wrong_level) = level::from_environment();
        let log = LogWriter::start(io::stderr(), standard_error::at_once()).map_err(TelemetryError::Log)?;
        let logs = tracing_subscriber::registry().with(log_layer(level, log.clone()));
        match &traces {
            Some(provider) => {
                let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(SERVICE_NAME));
                logs.with(layer.with_filter(filter_fn(is_own_span))).try_init()?;
            }
            // Without a layer for them no span is made.
            None => logs.try_init()?,
        }
        if let Some(error) = wrong_level {
            tracing::warn!(%error, "the level of the log is not valid");
        }
        if impossible {
            tracing::warn!(hint = EXPORTER_ADVICE, "traces are not exported");
        }
        Ok(Self { traces, log })
    }

    /// Exports the last spans, and waits for the last lines of the log to be written. That blocks, so it runs beside
    /// the workers, and for a bounded time: neither a collector that hangs nor a reader of the log may keep the process
    /// alive.
    pub async fn stop(self) {
        let Self { traces, log } = self;
        if let Some(provider) = traces {
            let flush = spawn_blocking(move || provider.shutdown_with_timeout(TRACE_FLUSH_TIMEOUT));
            let _ = tokio::time::timeout(TRACE_FLUSH_TIMEOUT, flush).await;
        }
        let _ = spawn_blocking(move || log.flush(LOG_FLUSH_TIMEOUT)).await;
    }
}

fn are_traces_wanted() -> bool {
    let of = |name| std::env::var_os(name).unwrap_or_default();
    !of(OTLP_ENDPOINT).is_empty() && !of(SDK_DISABLED).eq_ignore_ascii_case("true")
}

fn exporting_provider() -> Result<SdkTracerProvider, ExporterBuildError> {
    // The exporter accepts some other schemes, and would speak plain gRPC to them.
    let endpoint = std::env::var(OTLP_ENDPOINT).unwrap_or_default();
    if !endpoint.starts_with(COLLECTOR_SCHEME) {
        return Err(ExporterBuildError::InvalidConfiguration(OTLP_ENDPOINT.to_owned()));
    }
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(SERVICE_NAME);
    }
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}

/// Log lines take events only.
fn log_layer(level: Targets, log: LogWriter) -> Box<dyn Layer<Registry> + Send + Sync> {
    let filter = level.and(filter_fn(is_event));
    let layer = tracing_subscriber::fmt::layer().with_writer(move || log.clone());
    if io::stderr().is_terminal() {
        layer.with_filter(filter).boxed()
    } else {
        layer.event_format(logs::JsonLines).with_filter(filter).boxed()
    }
}

fn is_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

fn is_own_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("edge")
}
