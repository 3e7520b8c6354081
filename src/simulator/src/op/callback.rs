//! The end of a payment and the one callback about it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Request;
use http_body_util::Full;
use serde_json::json;

use super::state::Status;
use crate::date::http_date;
use crate::sender::Shared;

/// What callbacks of the sandbox bear as `x-api-key`.
const API_KEY: &str = "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx";

/// Who the simulated OP is in `Authorization`: made up.
const OP_ID: &str = "51e00000-0000-4000-8000-0000000000f0";

/// Ends a payment that is open, or has its bank process it; answers where the browser goes, and
/// tells the merchant once of each.
pub(super) fn end(shared: &Arc<Shared>, page_id: &str, status: Status) -> Option<String> {
    let now = shared.clock.now_ms();
    let mut state = shared.op.state();
    let request_id = state.uuid();
    let lost = state.lose_callbacks > 0;
    let payment = state.by_page(page_id)?;
    if !payment.is_open() || payment.status == status {
        return None;
    }
    payment.status = status;
    // Two changes within a millisecond are told apart all the same.
    payment.updated_ms = now.max(payment.updated_ms + 1);
    let next = payment.next_url().map(str::to_owned);
    let to = payment.callback_url.clone();
    let (id, session) = (payment.id.clone(), payment.session_id.clone());
    if lost {
        state.lose_callbacks -= 1;
        return next;
    }
    let (holds, copies) = (state.hold_callbacks, 1 + state.repeat_callbacks);
    drop(state);
    let body = json!({ "paymentId": id }).to_string();
    let request = to.and_then(|url| signed(shared, &url, &session, &request_id, body));
    for request in std::iter::repeat_n(request, copies.into()).flatten() {
        if holds {
            shared.op.state().held.push(request);
        } else {
            send(shared, request);
        }
    }
    next
}

/// Sends a callback once, whatever comes of it: OP documents no second try.
pub(super) fn send(shared: &Arc<Shared>, request: Request<Full<Bytes>>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { shared.send(request).await });
}

fn signed(
    shared: &Shared,
    url: &str,
    session_id: &str,
    request_id: &str,
    body: String,
) -> Option<Request<Full<Bytes>>> {
    let date = http_date(shared.clock.now_ms());
    let kind = "application/json";
    let text = format!(
        "POST\n{kind}\n{date}\n{OP_ID}\n{API_KEY}\n{session_id}\n{request_id}\n{url}\n{body}"
    );
    let signature = shared.op.key.sign(text.as_bytes())?;
    Request::post(url)
        .header("content-type", kind)
        .header("date", date)
        .header("x-api-key", API_KEY)
        .header("x-session-id", session_id)
        .header("x-request-id", request_id)
        .header("authorization", format!("{OP_ID}:1:1:{signature}"))
        .header("x-simulator-assumed", "callback-url-line,callback-body")
        .body(Full::new(Bytes::from(body)))
        .ok()
}
