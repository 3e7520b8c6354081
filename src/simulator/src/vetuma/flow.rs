//! What the browser asks for: a call comes in, the user chooses, goes to the bank, and returns with the answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::answer::{End, check_reply};
use super::call::{self, Refused, Service};
use super::latin1::{decode_form, encode_form};
use super::mac::Pair;
use super::method::Method;
use super::pages;
use super::person;
use super::session::{Refusal, Session};
use crate::form;
use crate::params::Problem;
use crate::sender::Shared;

/// `POST /VETUMALogin/app`
pub(super) async fn login(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Response {
    begin(&shared, Service::Login, &body)
}

/// `POST /VETUMAPayment/`
pub(super) async fn payment(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Response {
    begin(&shared, Service::Payment, &body)
}

fn begin(shared: &Shared, service: Service, body: &[u8]) -> Response {
    let now = shared.vetuma_now();
    let mut sessions = shared.vetuma.sessions();
    let refused = match call::check(service, body, now.real_ms) {
        Ok(call) => match sessions.open(call.clone(), now) {
            Ok(session) => return see_other(&page_of(session)),
            Err(problem) => Refused {
                problems: vec![problem],
                base_string: String::new(),
                answerable: Some(call),
            },
        },
        Err(refused) => *refused,
    };
    let Refused {
        problems,
        base_string,
        answerable,
    } = refused;
    let session = answerable.and_then(|call| sessions.refuse(call, now));
    let answer = session.and_then(|session| session.answer.as_ref());
    pages::refused(&problems, &base_string, answer).into_response()
}

/// `POST /VETUMAPayment/Query`: no browser is there, so that the answer is the reply.
pub(super) async fn query(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Response {
    let now = shared.vetuma_now();
    match call::check(Service::Query, &body, now.real_ms) {
        Ok(call) => {
            let sessions = shared.vetuma.sessions();
            let found = sessions.by_call_id(call.customer.rcvid, call.text("PAYM_CALL_ID"));
            reply(&check_reply(&call, found, now.real_ms))
        }
        Err(refused) => {
            let why: Vec<String> = refused.problems.iter().map(Problem::to_string).collect();
            (StatusCode::BAD_REQUEST, why.join("\n")).into_response()
        }
    }
}

/// `GET /vetuma/session/{id}`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
) -> Response {
    let now = shared.vetuma_now();
    let sessions = shared.vetuma.sessions();
    match sessions.by_id(&id) {
        None => pages::unknown(),
        Some(session) => match &session.answer {
            Some(answer) => pages::way_back(session, answer).into_response(),
            None if session.is_over(now.virtual_ms) => pages::over(session).into_response(),
            None => pages::choice(session).into_response(),
        },
    }
}

/// `POST /vetuma/session/{id}`
pub(super) async fn choose(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let now = shared.vetuma_now();
    let pairs = decode_form(&body).unwrap_or_default();
    let mut sessions = shared.vetuma.sessions();
    let done = match form::value(&pairs, "method") {
        Some(code) => Method::from_code(code)
            .ok_or(Refusal::NotOffered)
            .and_then(|method| sessions.choose(&id, method, now)),
        None => sessions.cancel(&id, now),
    };
    match done {
        Ok(session) if session.end.is_none() => see_other(&format!("{}/bank", page_of(session))),
        // It ended, or it had before: the page tells, and leads back.
        Ok(_) | Err(Refusal::Ended(_) | Refusal::Over | Refusal::NotOffered) => {
            see_other(&format!("/vetuma/session/{id}"))
        }
        Err(Refusal::Unknown | Refusal::NotAtBank | Refusal::Nobody) => pages::unknown(),
    }
}

/// `GET /vetuma/session/{id}/bank`
pub(super) async fn show_bank(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
) -> Response {
    let sessions = shared.vetuma.sessions();
    match sessions.by_id(&id) {
        None => pages::unknown(),
        Some(session) => match session.method.filter(|_| session.end.is_none()) {
            Some(method) => pages::bank(&shared, session, method).into_response(),
            None => see_other(&page_of(session)),
        },
    }
}

/// `POST /vetuma/session/{id}/bank`
pub(super) async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let now = shared.vetuma_now();
    let pairs = decode_form(&body).unwrap_or_default();
    let who = form::value(&pairs, "person").and_then(person::by_code);
    let end = match form::value(&pairs, "act") {
        Some("pay") => End::Successful,
        Some("cancel") => End::Cancelled,
        Some("refuse") => End::Rejected,
        Some("error") => End::Error,
        Some("failure") => End::Failure,
        _ if who.is_some() => End::Successful,
        _ => return see_other(&format!("/vetuma/session/{id}/bank")),
    };
    let ended = shared.vetuma.sessions().at_bank(&id, end, who, now).err();
    match ended {
        Some(Refusal::Unknown) => pages::unknown(),
        Some(Refusal::Nobody) => see_other(&format!("/vetuma/session/{id}/bank")),
        _ => see_other(&format!("/vetuma/session/{id}")),
    }
}

fn page_of(session: &Session) -> String {
    format!("/vetuma/session/{}", session.id)
}

fn reply(fields: &[Pair]) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/x-www-form-urlencoded"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, encode_form(fields)).into_response()
}

fn see_other(to: &str) -> Response {
    Redirect::to(to).into_response()
}
