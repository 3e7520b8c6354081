//! Logs: one line an answered request, by route pattern, never by address.
//!
//! A log line holds no secret, token, signature or personal data: only identifiers of payments,
//! shops and requests. Other crates log warnings only, because their finer lines hold addresses.

use std::{io::Stderr, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use http::{HeaderName, HeaderValue};
use tracing::{Instrument as _, Level, info_span};
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    logs::{LastLines, Lines},
    state::AppState,
    tokens,
    traces::Traces,
};

/// Logs and spans on their way out. When this goes, the last are written and sent.
pub struct Telemetry {
    _traces: Traces,
    _lines: LastLines<Stderr>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

/// Starts logging to standard error, as JSON or for people. A second call changes nothing.
///
/// With the feature `otel`, and where the environment names a collector, spans go there as well.
#[must_use]
pub fn start(json: bool) -> Telemetry {
    let traces = Traces::start();
    let (lines, last) = Lines::to(std::io::stderr());
    let registry = tracing_subscriber::registry().with(traces.layer());
    let layer = fmt::layer().with_writer(lines);
    // Someone else's subscriber, in a test, is as good.
    let _ = if json {
        registry.with(layer.json().with_filter(filter())).try_init()
    } else {
        let layer = layer.with_ansi(false).with_filter(filter());
        registry.with(layer).try_init()
    };
    Telemetry {
        _traces: traces,
        _lines: last,
    }
}

/// What is logged: all of ours from `INFO` on, warnings of others.
#[must_use]
pub fn filter() -> Targets {
    Targets::new()
        .with_target("kassa", Level::INFO)
        .with_default(Level::WARN)
}

/// Gives a request its identifier, and writes one line when it is answered.
pub(crate) async fn trace<F: Future<Output = Response>>(
    app: &AppState,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let method = request.method().clone();
    let id = tokens::request_id();
    // In the logs the line itself tells route and method.
    let span = if cfg!(feature = "otel") {
        info_span!(target: "kassa::http", "request", id = %id, http.route = route, http.request.method = %method)
    } else {
        info_span!(target: "kassa::http", "request", id = %id)
    };
    let start = Instant::now();
    let mut response = answer(request).instrument(span.clone()).await;
    let took = start.elapsed();
    let status = response.status().as_u16();
    span.in_scope(|| {
        tracing::info!(
            target: "kassa::http",
            method = %method,
            route = %route,
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    app.metrics.answered(&method, route, status, took);
    if let Ok(value) = HeaderValue::try_from(id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}
