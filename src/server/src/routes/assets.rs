//! The files of the widget, as `cargo xtask build` left them, and those of the hosted page.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rust_embed::{Embed, EmbeddedFile};

use super::Path;
use crate::problem::{Fault, Problem};

/// The built widget: embedded in a release build, read from its folder in a development build.
/// Empty when it was not built. The build script knows the folder.
#[derive(Embed)]
#[folder = "$KASSA_WIDGET"]
#[allow_missing = true]
struct Checkout;

/// The files of the hosted page around the widget.
const PAGE: [(&str, &str); 4] = [
    ("again.js", include_str!("again.js")),
    ("hosted.css", include_str!("hosted.css")),
    ("icon.svg", include_str!("icon.svg")),
    ("onward.js", include_str!("onward.js")),
];

/// Whether the widget was built into this server.
pub(crate) fn has_widget() -> bool {
    Checkout::get("kassa-checkout.js").is_some()
}

/// Answers with a file of the widget. Pages of every origin may load it: it holds no secret.
pub(crate) async fn checkout(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let takes_brotli = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| {
            part.split(';')
                .next()
                .is_some_and(|name| name.trim() == "br")
        });
    let (found, compressed) = match Checkout::get(&format!("{file}.br")) {
        Some(found) if takes_brotli => (Some(found), true),
        _ => (Checkout::get(&file), false),
    };
    let Some(found) = found else {
        return Problem::new(Fault::NotFound).into_response();
    };
    let mut response = respond(&file, found, &headers);
    let answered = response.headers_mut();
    answered.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    answered.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if compressed {
        answered.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// Answers with a file of the hosted page.
pub(crate) async fn page(Path(file): Path<String>) -> Response {
    let Some((name, content)) = PAGE.into_iter().find(|(name, _)| *name == file) else {
        return Problem::new(Fault::NotFound).into_response();
    };
    let mut response = content.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kind_of(name)),
    );
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}

fn respond(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    // The digest of the content: a new build is a new tag.
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in file.metadata.sha256_hash().iter().take(16) {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    let known = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match file.data {
            Cow::Borrowed(bytes) => bytes.into_response(),
            Cow::Owned(bytes) => bytes.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kind_of(name)),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, no-cache"),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
