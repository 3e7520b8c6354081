//! Logs: one line an answered request, by route pattern, never by address.
//!
//! A log line holds no secret, token, signature or personal data: only identifiers of payments,
//! shops and requests. Other crates log warnings only, because their finer lines hold addresses.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue};
use tracing::{Instrument as _, Level, info_span};
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{state::AppState, tokens, traces::Traces};

/// Starts logging to standard error, as JSON or for people. A second call changes nothing.
///
/// With the feature `otel`, and where the environment names a collector, spans go there as well,
/// until what is answered here is dropped.
#[must_use]
pub fn start(json: bool) -> Traces {
    let traces = Traces::start();
    let registry = tracing_subscriber::registry().with(traces.layer());
    let layer = fmt::layer().with_writer(std::io::stderr);
    // Someone else's subscriber, in a test, is as good.
    let _ = if json {
        registry.with(layer.json().with_filter(filter())).try_init()
    } else {
        let layer = layer.with_ansi(false).with_filter(filter());
        registry.with(layer).try_init()
    };
    traces
}

/// What is logged: all of ours from `INFO` on, warnings of others.
#[must_use]
pub fn filter() -> Targets {
    Targets::new()
        .with_target("kassa", Level::INFO)
        .with_default(Level::WARN)
}

/// Gives a request its identifier, and writes one line when it is answered.
pub(crate) async fn trace(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let method = request.method().clone();
    let id = tokens::request_id();
    let span = info_span!(target: "kassa::http", "request", id = %id, http.route = route, http.request.method = %method);
    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
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
