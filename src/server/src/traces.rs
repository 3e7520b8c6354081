//! Spans for OpenTelemetry, with the feature `otel`: requests, store operations, calls to
//! providers, tries of webhooks. They hold identifiers and outcomes, as the logs do.
//!
//! The collector is named by `OTEL_EXPORTER_OTLP_ENDPOINT`, and all else by OpenTelemetry's other
//! variables; nothing is sent where there is none. Over HTTP as protobuf, so without tonic.

use tracing_subscriber::{Layer, Registry};

/// Spans on their way to a collector, if there is one. When this goes, the last are sent.
#[derive(Debug, Default)]
pub struct Traces {
    #[cfg(feature = "otel")]
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// What takes the spans, if anything does.
pub(crate) type Taker = Option<Box<dyn Layer<Registry> + Send + Sync>>;

#[cfg(not(feature = "otel"))]
impl Traces {
    pub(crate) fn start() -> Self {
        Self::default()
    }

    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    pub(crate) fn layer(&self) -> Taker {
        None
    }
}

#[cfg(feature = "otel")]
mod exported {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
    use tracing::Level;
    use tracing_subscriber::{Layer as _, filter::Targets};

    use super::{Taker, Traces};

    /// The variables that name a collector.
    const ENDPOINTS: [&str; 2] = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ];

    impl Traces {
        pub(crate) fn start() -> Self {
            let named = ENDPOINTS
                .iter()
                .any(|name| std::env::var_os(name).is_some());
            Self {
                provider: named.then(provider).flatten(),
            }
        }

        pub(crate) fn layer(&self) -> Taker {
            let tracer = self.provider.as_ref()?.tracer("kassa");
            let spans = Targets::new().with_target("kassa", Level::DEBUG);
            Some(
                tracing_opentelemetry::layer()
                    .with_tracer(tracer)
                    .with_filter(spans)
                    .boxed(),
            )
        }
    }

    impl Drop for Traces {
        fn drop(&mut self) {
            if let Some(provider) = self.provider.take() {
                // There is nobody left to hear of it.
                let _ = provider.shutdown();
            }
        }
    }

    /// Spans are gathered and sent by a thread of their own.
    fn provider() -> Option<SdkTracerProvider> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .build()
            .ok()?;
        let resource = Resource::builder().with_service_name("kassa").build();
        Some(
            SdkTracerProvider::builder()
                .with_batch_exporter(exporter)
                .with_resource(resource)
                .build(),
        )
    }
}
