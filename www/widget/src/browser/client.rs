//! Requests to Kassa. Nothing else in the element reaches the network but the status stream.
//!
//! The `fetch` itself is the host's. With gloo-net in its place the element weighs 2 kB more than
//! its budget has room for.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::app::App;
use crate::model::Fault;

/// Fetches JSON from a path below the payment's address.
pub(super) async fn get(app: &App, path: &str) -> Result<JsValue, Fault> {
    read(app.host.request(path, None)).await
}

/// Posts JSON there.
pub(super) async fn post(app: &App, path: &str, body: &str) -> Result<JsValue, Fault> {
    read(app.host.request(path, Some(body))).await
}

/// Waits. Good for a lapse of time only: the caller looks whether it is still wanted.
pub(super) async fn sleep(app: &App, millis: i32) {
    let _ = JsFuture::from(app.host.wait(millis)).await;
}

async fn read(answer: Promise) -> Result<JsValue, Fault> {
    let Ok(answer) = JsFuture::from(answer).await else {
        return Err(Fault::Unreachable);
    };
    let answer: Array = answer.unchecked_into();
    let status = answer.get(0).as_f64().unwrap_or_default();
    for (from, to, fault) in FAULTS {
        if (from..=to).contains(&status) {
            return Err(fault);
        }
    }
    Ok(answer.get(1))
}

/// What an HTTP status means; the host's own 0 and 1 included.
const FAULTS: [(f64, f64, Fault); 6] = [
    (0.0, 0.0, Fault::Unreachable),
    (1.0, 1.0, Fault::Offline),
    (404.0, 404.0, Fault::Unknown),
    (409.0, 409.0, Fault::NotPayable),
    (410.0, 410.0, Fault::Unknown),
    (300.0, 599.0, Fault::Provider),
];
