//! The static pages of `www/shop`, built in, and the headers that every answer carries.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Config;

macro_rules! files {
    ($($path:literal: $kind:literal,)*) => {
        &[$(($path, $kind, include_bytes!(concat!("../../../../www/shop/", $path)))),*]
    };
}

macro_rules! theme {
    ($name:literal) => {
        (
            concat!("themes/", $name),
            "text/css; charset=utf-8",
            include_bytes!(concat!("../../../../pkg/themes/", $name)),
        )
    };
}

/// The words of the pages in each language, as JSON.
pub(super) const TEXTS: &str = include_str!("../../../../www/shop/texts.json");

/// Path, media type, bytes.
const FILES: &[(&str, &str, &[u8])] = files! {
    "index.html": "text/html; charset=utf-8",
    "checkout.html": "text/html; charset=utf-8",
    "thanks.html": "text/html; charset=utf-8",
    "sorry.html": "text/html; charset=utf-8",
    "themes.html": "text/html; charset=utf-8",
    "shop.css": "text/css; charset=utf-8",
    "panel.css": "text/css; charset=utf-8",
    "themes.css": "text/css; charset=utf-8",
    "early.js": "text/javascript; charset=utf-8",
    "shop.js": "text/javascript; charset=utf-8",
    "kassa.js": "text/javascript; charset=utf-8",
    "texts.js": "text/javascript; charset=utf-8",
    "basket.js": "text/javascript; charset=utf-8",
    "checkout.js": "text/javascript; charset=utf-8",
    "thanks.js": "text/javascript; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "themes.js": "text/javascript; charset=utf-8",
    "art/mark.svg": "image/svg+xml",
    "art/tea.svg": "image/svg+xml",
    "art/honey.svg": "image/svg+xml",
    "art/socks.svg": "image/svg+xml",
    "art/jam.svg": "image/svg+xml",
    "art/kuksa.svg": "image/svg+xml",
    "art/towel.svg": "image/svg+xml",
    "art/soap.svg": "image/svg+xml",
    "art/candle.svg": "image/svg+xml",
};

/// The package's ready themes, which the page of themes tries.
const THEMES: &[(&str, &str, &[u8])] = &[
    theme!("plain.css"),
    theme!("soft.css"),
    theme!("contrast.css"),
];

/// The file at a path, or the page that says that there is none.
pub(super) fn file(path: &str) -> Response {
    let mut known = FILES.iter().chain(THEMES);
    let found = known.find(|(name, _, _)| *name == path);
    match found {
        Some((_, kind, bytes)) => ([(header::CONTENT_TYPE, *kind)], *bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

/// A module that exports these names, each with the JSON that follows it.
pub(super) fn script(constants: &[(&str, &str)]) -> Response {
    let lines = constants.iter();
    let lines = lines.map(|(name, json)| format!("export const {name} = {};\n", json.trim_end()));
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, lines.collect::<String>()).into_response()
}

/// The page for an order that could not be taken.
pub(super) fn sorry(status: StatusCode) -> Response {
    (status, file("sorry.html")).into_response()
}

/// The headers of every answer. Only Kassa may add script and style, and only Kassa and the
/// provider's page may be sent a form; nothing inline, nothing from anyone else.
pub(super) fn headers(config: &Config) -> HeaderMap {
    let Config {
        public_kassa: kassa,
        provider,
        ..
    } = config;
    let policy = format!(
        "default-src 'none'; script-src 'self' {kassa} 'wasm-unsafe-eval'; style-src 'self' {kassa}; \
         img-src 'self' {kassa}; connect-src 'self' {kassa}; form-action 'self' {kassa} {provider}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    let mut headers = HeaderMap::new();
    // An address that does not fit a header is a mistake on the command line: then nothing may load.
    let policy =
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers
}
