//! The OpenAPI document, generated from the handlers.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{callbacks, checkout, events, health, refunds, shop, vetuma};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kassa",
        description = "Online bank payments for a web shop. Sums are whole cents, \
            times are RFC 3339 in the shop API and milliseconds since the epoch in the checkout \
            API. Errors are RFC 9457 problems with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "shop", description = "For the shop's own server, with its API key"),
        (name = "checkout", description = "For the customer's browser, with a payment's token"),
        (name = "providers", description = "For payment providers"),
        (name = "vetuma", description = "For software that was made for VETUMA, which closed at the end of 2017: no live VETUMA exists"),
        (name = "operation", description = "For those who run the server"),
    ),
    paths(
        shop::create, shop::list, shop::read, shop::events,
        refunds::create, refunds::list,
        events::list, events::replay,
        checkout::session, checkout::pay, checkout::status, checkout::events,
        callbacks::receive,
        callbacks::receive_about,
        vetuma::pay, vetuma::query,
        health::alive, health::ready, health::metrics,
    ),
    modifiers(&Keys),
)]
struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for name in ["api_key", "metrics_key"] {
            let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
            components.add_security_scheme(name, scheme);
        }
    }
}

/// The document as text, with a line break at its end.
///
/// # Errors
/// When it cannot be written as JSON, which its types rule out.
pub fn text() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json().map(|text| text + "\n")
}

pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
