//! OP's callbacks: that something changed, and nothing more.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kassa_checkout::{Claimed, RawCallback, message::ContentError, provider::Notice};
use kassa_providers::op::{SANDBOX_REST, callback};
use kassa_references::bridge::{answer, named};
use wasm_bindgen::prelude::*;

use crate::verify;

/// The sandbox's address for servers.
#[wasm_bindgen]
#[must_use]
pub fn op_sandbox() -> i32 {
    answer(0, &|_| Ok(SANDBOX_REST.into()))
}

/// Reads a callback so far that its signature can be checked. `url` is the address as OP knows
/// it; `headers` holds a name and a value in turn, a line each; `api_key` and `id` are what OP's
/// callbacks bear, `id` empty where it is not known.
#[wasm_bindgen]
#[must_use]
pub fn op_claim(texts: usize) -> i32 {
    answer(texts, &|texts| Ok(verify::ask(claim(texts))?.into()))
}

/// The identifier of the attempt that has changed, once the text was found to be signed.
#[wasm_bindgen]
#[must_use]
pub fn op_open(texts: usize) -> i32 {
    answer(texts, &|texts| {
        // There is one text only.
        Ok(verify::open(claim(texts), 0)?.provider_payment_id.into())
    })
}

fn claim(texts: &str) -> Result<Claimed<Notice>, ContentError> {
    let [api_key, id, method, url, headers, body] = named(texts);
    let raw = RawCallback {
        method: Method::from_bytes(method.as_bytes()).map_err(|_| ContentError::Malformed)?,
        url: url.to_owned(),
        headers: read_headers(headers)?,
        body: body.as_bytes().to_vec(),
    };
    let id = (!id.is_empty()).then_some(id);
    callback::claim_with(api_key, id, &raw)
}

fn read_headers(text: &str) -> Result<HeaderMap, ContentError> {
    let mut headers = HeaderMap::new();
    let mut lines = text.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(ContentError::Malformed);
        };
        headers.append(name, value);
    }
    Ok(headers)
}
