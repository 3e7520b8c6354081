//! Whether the service lives, whether it can work, and its figures.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};

use crate::{
    config::MetricsAccess,
    problem::{Fault, Problem},
    state::AppState,
};

/// Tells that the process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "isAlive",
    responses((status = 200, description = "It answers", body = String, content_type = "text/plain")),
)]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Tells whether payments can be kept now.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "isReady",
    responses(
        (status = 200, description = "It can work", body = String, content_type = "text/plain"),
        (status = 503, description = "It cannot", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ready(State(app): State<AppState>) -> Result<&'static str, Problem> {
    app.store.ready().await?;
    Ok("ready\n")
}

/// The figures, in Prometheus' text form.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "readMetrics",
    security(("metrics_key" = [])),
    responses(
        (status = 200, description = "The figures", body = String, content_type = "text/plain"),
        (status = "4XX", description = "They are not for you", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn metrics(
    State(app): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match &app.config.metrics {
        MetricsAccess::Open => {}
        MetricsAccess::Closed => return Err(Fault::NotFound.into()),
        MetricsAccess::Key(hash) => {
            let presented = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.strip_prefix("Bearer "));
            if !presented.is_some_and(|key| hash.matches(key)) {
                return Err(Fault::Unauthorized.into());
            }
        }
    }
    // Before the question below takes one.
    app.metrics.connections(app.store.connections());
    app.metrics.log_bytes(app.store.log_bytes());
    // Figures that fail with the database would be missing just when they are wanted.
    match app.store.backlog().await {
        Ok(backlog) => app.metrics.backlog(&backlog),
        Err(_) => app.metrics.no_store(),
    }
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    Ok(([kind], app.metrics.render()).into_response())
}
