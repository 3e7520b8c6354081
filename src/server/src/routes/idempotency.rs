//! Idempotency keys: the same request is answered the same, also after a lost connection.

use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    problem::{Fault, Problem},
    shop::Shop,
    state::{AppState, RunningKey},
    store::Idempotency,
};

/// The longest key, in characters.
const LONGEST: usize = 255;

/// The key of a request, if it has one, with a digest of what was asked.
pub(super) fn read(
    headers: &HeaderMap,
    asked: &impl Serialize,
) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| {
        (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let Some(key) = key else {
        return Err(Problem::field(
            Fault::KeyFormat,
            "Idempotency-Key",
            "expected 1 to 255 printable ASCII characters without spaces",
        ));
    };
    // Over what was understood, so that spaces and the order of fields do not matter.
    let canonical = serde_json::to_vec(asked).map_err(|_| Fault::Internal)?;
    let digest = Sha256::digest(&canonical);
    Ok(Some(Idempotency {
        key: key.to_owned(),
        fingerprint: URL_SAFE_NO_PAD.encode(digest),
        also: None,
    }))
}

/// Holds the key as long as its first request runs.
pub(super) fn enter(
    app: &AppState,
    shop: &Shop,
    idempotency: Option<&Idempotency>,
) -> Result<Option<RunningKey>, Problem> {
    let Some(asked) = idempotency else {
        return Ok(None);
    };
    match app.running.enter(&shop.id, &asked.key) {
        Some(running) => Ok(Some(running)),
        None => Err(Problem::new(Fault::KeyRunning).retry_after(1)),
    }
}

/// What was made, as JSON; `repeated` when it was answered before.
pub(super) fn answer(answer: String, repeated: bool) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (StatusCode::CREATED, kind, answer).into_response();
    if repeated {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
