//! Control of the simulated VETUMA, for test scripts: JSON under `/control/vetuma`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Extract};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, End};
use super::attack::{self, Attack, Kind};
use super::latin1::encode_form;
use super::method::Method;
use super::person;
use super::session::{Now, Refusal, Session};
use crate::sender::Shared;
use crate::state::Outcome;

/// Why a control request was refused.
pub(super) enum Refused {
    Body(JsonRejection),
    Session(Refusal),
    Value(&'static str),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Body(rejection) => (rejection.status(), rejection.body_text()),
            Self::Value(message) => (StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()),
            Self::Session(refusal) => {
                let status = match refusal {
                    Refusal::Unknown => StatusCode::NOT_FOUND,
                    Refusal::NotOffered | Refusal::NotAtBank | Refusal::Nobody => {
                        StatusCode::UNPROCESSABLE_ENTITY
                    }
                    Refusal::Over | Refusal::Ended(_) => StatusCode::CONFLICT,
                };
                (status, refusal.to_string())
            }
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self::Body(rejection)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Session(refusal)
    }
}

/// `GET /control/vetuma/sessions`
pub(super) async fn sessions(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    let now = shared.vetuma_now();
    let sessions = shared.vetuma.sessions();
    let list: Vec<Value> = sessions.all().map(|one| session_json(one, now)).collect();
    Json(json!({ "sessions": list }))
}

/// What a user does.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Choose,
    Cancel,
    Pay,
    Identify,
    CancelAtBank,
    Refuse,
    Error,
    Failure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActBody {
    act: Act,
    /// A method's code; the first that is offered when none was chosen.
    method: Option<String>,
    /// A personal identity code; the first person's when absent.
    person: Option<String>,
}

/// `POST /control/vetuma/sessions/{id}/act` `{"act": "pay"}`
pub(super) async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Json<ActBody>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(ActBody {
        act,
        method,
        person,
    }) = body?;
    let now = shared.vetuma_now();
    let mut sessions = shared.vetuma.sessions();
    if let Act::Cancel = act {
        return Ok(Json(session_json(sessions.cancel(&id, now)?, now)));
    }
    let session = sessions.by_id(&id).ok_or(Refusal::Unknown)?;
    let wanted = match method {
        Some(code) => Some(Method::from_code(&code).ok_or(Refusal::NotOffered)?),
        None if session.method.is_none() => session.call.offered.first().copied(),
        None => None,
    };
    if let Some(method) = wanted {
        sessions.choose(&id, method, now)?;
    }
    let end = match act {
        Act::Choose | Act::Cancel => {
            let session = sessions.by_id(&id).ok_or(Refusal::Unknown)?;
            return Ok(Json(session_json(session, now)));
        }
        Act::Pay | Act::Identify => End::Successful,
        Act::CancelAtBank => End::Cancelled,
        Act::Refuse => End::Rejected,
        Act::Error => End::Error,
        Act::Failure => End::Failure,
    };
    let code = person.unwrap_or_else(|| person::PEOPLE.first().map_or("", |one| one.code).into());
    let who = person::by_code(&code).ok_or(Refused::Value("there is no such person"))?;
    let session = sessions.at_bank(&id, end, Some(who), now)?;
    Ok(Json(session_json(session, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttackBody {
    kind: Kind,
    /// Whether it is posted at once; else it is only told.
    #[serde(default = "yes")]
    send: bool,
}

fn yes() -> bool {
    true
}

/// `POST /control/vetuma/sessions/{id}/attack` `{"kind": "forged-status"}`
pub(super) async fn attack(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Json<AttackBody>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(AttackBody { kind, send }) = body?;
    let now = shared.vetuma_now();
    let Attack { address, body } = {
        let sessions = shared.vetuma.sessions();
        let session = sessions.by_id(&id).ok_or(Refusal::Unknown)?;
        attack::make(session, kind, now.real_ms).ok_or(Refused::Value(
            "the session has not what this attack needs: an end, a success, or a TRID",
        ))?
    };
    let outcome = match send {
        true => Some(post(&shared, &address, body.clone()).await),
        false => None,
    };
    Ok(Json(json!({
        "kind": kind,
        "must": kind.must(),
        "address": address,
        "body": body,
        "sent": outcome,
    })))
}

/// `GET /control/vetuma/attacks`
pub(super) async fn attacks() -> Json<Value> {
    let kinds = attack::ALL.map(|kind| json!({ "kind": kind, "must": kind.must() }));
    Json(json!({ "attacks": kinds }))
}

async fn post(shared: &Shared, address: &str, body: String) -> Outcome {
    let request = Request::post(address)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(body)));
    match request {
        Ok(request) => shared.send(request).await,
        Err(_) => Outcome::Unreachable,
    }
}

fn session_json(session: &Session, now: Now) -> Value {
    let call = &session.call;
    let value = |name| call.get(name);
    json!({
        "id": session.id,
        "page": format!("/vetuma/session/{}", session.id),
        "function": call.function.words().join("/"),
        "fields": pairs_json(&call.fields),
        "offered": call.offered.iter().map(|one| one.code()).collect::<Vec<_>>(),
        "amount": call.cents,
        "reference": value("REF"),
        "order_number": value("ORDNR"),
        "method": session.method.map(Method::code),
        "status": session.end.map(End::word),
        "paid": session.is_paid(),
        "over": session.is_over(now.virtual_ms),
        "answer": session.answer.as_ref().map(answer_json),
    })
}

fn answer_json(answer: &Answer) -> Value {
    json!({
        "address": answer.address,
        "fields": pairs_json(&answer.fields),
        "body": encode_form(&answer.fields),
    })
}

fn pairs_json(pairs: &[(String, String)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::String(value.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
