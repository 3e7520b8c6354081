//! Requests to Kassa. Nothing else in the element reaches the network but the status stream.

use std::rc::Rc;

use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::Promise;
use leptos::prelude::window;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::app::App;
use crate::model::Fault;

/// Fetches JSON from a path below the payment's address.
pub(super) async fn get(app: &Rc<App>, path: &str) -> Result<JsValue, Fault> {
    let request = prepared(app, Request::get(&[&app.base, path].concat()))
        .build()
        .map_err(|_| Fault::Unreachable)?;
    read(request.send().await).await
}

/// Posts JSON there.
pub(super) async fn post(app: &Rc<App>, path: &str, body: &str) -> Result<JsValue, Fault> {
    let request = prepared(app, Request::post(&[&app.base, path].concat()))
        .header("content-type", "application/json")
        .body(body)
        .map_err(|_| Fault::Unreachable)?;
    read(request.send().await).await
}

/// Waits. Good for a lapse of time only: the caller looks whether it is still wanted.
pub(super) async fn sleep(millis: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
    });
    let _ = JsFuture::from(promise).await;
}

fn prepared(app: &App, request: RequestBuilder) -> RequestBuilder {
    request
        .header("accept", "application/json")
        .abort_signal(app.abort_signal().as_ref())
}

async fn read(answer: Result<Response, gloo_net::Error>) -> Result<JsValue, Fault> {
    let Ok(response) = answer else {
        return Err(if window().navigator().on_line() {
            Fault::Unreachable
        } else {
            Fault::Offline
        });
    };
    match response.status() {
        200..=299 => {}
        404 | 410 => return Err(Fault::Unknown),
        409 => return Err(Fault::NotPayable),
        500..=599 => return Err(Fault::Provider),
        _ => return Err(Fault::Unreachable),
    }
    let text = response.text().await.map_err(|_| Fault::Unreachable)?;
    js_sys::JSON::parse(&text).map_err(|_| Fault::Unreachable)
}
