//! Calls to the Gate, ecommpay's interface between servers: what all of them share, and how a
//! payment stands.
//!
//! A request is signed in `general.signature`, an answer as callbacks are. An error answer may
//! come unsigned; that is all right, for no error changes what a payment is worth.

use http::{Request, Response, header::CONTENT_TYPE};
use kassa_checkout::{
    Call, CallError, Reply, Unsigned,
    call::ClaimedReply,
    lifecycle::Meaning,
    message::{Algorithm, ContentError, Purpose, Refused, Signature},
    provider::{BuildError, PaymentEvent},
};
use serde::Serialize;

use super::{
    PageUrl,
    json::Json,
    message::{self, Rule},
    redirect::{self, Schemes},
    report::{self, object, text},
    signing, status,
};
use crate::url::is_well_formed;

/// Where the Gate is asked how a payment stands.
const STATUS: &str = "/v2/payment/status";

/// The payment is not known.
const UNKNOWN_PAYMENT: &str = "3061";

/// Codes of errors that pass: internal ones, the provider behind not available, try again, the
/// details not available now, waiting.
const PASSING: [&str; 9] = [
    "314", "501", "601", "602", "3062", "9999", "20202", "20601", "29999",
];

/// The longest code that is told on, in characters. Documented ones are digits, five at most.
const LONGEST_CODE: usize = 16;

/// The address of the Gate: `https:`, or `http:` on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateUrl(String);

impl GateUrl {
    /// ecommpay's own Gate, for test and live projects alike.
    pub const ECOMMPAY: &str = "https://api.ecommpay.com";

    /// What an address must be, for people.
    pub const EXPECTED: &str =
        "an https address without query or fragment (http only for 127.0.0.1, [::1], localhost)";

    /// Reads an address; `None` when it is none that our requests may go to.
    ///
    /// ```
    /// use kassa_providers::ecommpay::GateUrl;
    /// assert_eq!(GateUrl::parse(GateUrl::ECOMMPAY), Some(GateUrl::default()));
    /// assert_eq!(GateUrl::parse("http://api.example"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let base = text.strip_suffix('/').unwrap_or(text);
        PageUrl::parse(base)?;
        is_well_formed(base).then(|| Self(base.to_owned()))
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where customers may be sent: a Gate on this very machine is a simulator, whose banks are
    /// on it too.
    #[must_use]
    pub fn schemes(&self) -> Schemes {
        if self.0.starts_with("https:") {
            Schemes::Https
        } else {
            Schemes::HttpsOrLoopback
        }
    }
}

impl Default for GateUrl {
    fn default() -> Self {
        Self(Self::ECOMMPAY.to_owned())
    }
}

/// The question how a payment of the project stands.
///
/// # Errors
/// [`BuildError`] when the payment's identifier is none that the Gate takes.
pub fn ask_status(
    project_id: u64,
    gate: &GateUrl,
    payment_id: &str,
) -> Result<Unsigned<Call<Vec<PaymentEvent>>>, BuildError> {
    check("payment_id", Rule::Required(255), payment_id)?;
    let asked = payment_id.to_owned();
    let schemes = gate.schemes();
    let reply = Reply::signed(move |response| {
        read_about(project_id, &asked, response, |document| {
            events(&asked, schemes, document)
        })
    });
    let general = General {
        project_id,
        payment_id,
        merchant_callback_url: None,
    };
    call(gate, STATUS, &Question { general }, reply)
}

/// Refuses a value that the Gate would not take, or that would make the signed string ambiguous.
pub(super) fn check(field: &'static str, rule: Rule, value: &str) -> Result<(), BuildError> {
    if message::check_characters(value) && rule.fits(value) {
        return Ok(());
    }
    let expected = rule.expected() + ", no ';' and no control characters";
    Err(BuildError::new("ecommpay/limit", field, expected))
}

/// A request to be signed in its `general`, which must stand last in the message.
pub(super) fn call<T>(
    gate: &GateUrl,
    path: &str,
    message: &impl Serialize,
    reply: Reply<T>,
) -> Result<Unsigned<Call<T>>, BuildError> {
    let unwritten = |error: String| BuildError::new("ecommpay/json", "general", error);
    let body = serde_json::to_vec(message).map_err(|error| unwritten(error.to_string()))?;
    // The string is taken from the very bytes that are sent.
    let input = signing::canonical_string(&body).map_err(|error| unwritten(error.to_string()))?;
    let request = Request::post(format!("{}{path}", gate.0))
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|_| BuildError::new("ecommpay/gate", "gate_url", GateUrl::EXPECTED))?;
    Ok(Unsigned::new(
        Call::new(request, reply),
        Algorithm::HmacSha512,
        Purpose::Payment,
        input.into_bytes(),
        attach,
    ))
}

/// `general` stands last in every request, so that the signature can be put at its end.
#[derive(Serialize)]
struct Question<'a> {
    general: General<'a>,
}

/// What every request names.
#[derive(Serialize)]
pub(super) struct General<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) merchant_callback_url: Option<&'a str>,
    pub(super) project_id: u64,
    pub(super) payment_id: &'a str,
}

fn attach<T>(mut call: Call<T>, signature: &Signature) -> Call<T> {
    let body = call.request_mut().body_mut();
    // Both brackets that close the document and its last object.
    body.truncate(body.len().saturating_sub(2));
    let signature = signing::encode(signature);
    body.extend_from_slice(format!(r#","signature":"{signature}"}}}}"#).as_bytes());
    call
}

/// Reads an answer about a payment: its signed content, or its error.
pub(super) fn read_about<T>(
    project_id: u64,
    asked: &str,
    response: &Response<Vec<u8>>,
    content: impl FnOnce(&Json) -> Result<T, ContentError>,
) -> Result<ClaimedReply<T>, CallError> {
    let unbelievable = |error| CallError::Unreadable(Refused::Content(error));
    match report::read(response.body()) {
        Ok(document) if report::is_signed(&document) => report::claim(document, |document| {
            check_about(project_id, asked, document)?;
            if is_error(response, document) {
                return Ok(Err(error(response, document)));
            }
            content(document).map(Ok)
        })
        .map_err(unbelievable),
        Ok(document) if is_error(response, &document) => {
            check_about(project_id, asked, &document).map_err(unbelievable)?;
            Err(error(response, &document))
        }
        Ok(_) => Err(unbelievable(ContentError::Signature)),
        // What stands before the Gate answers in its own words.
        Err(_) if !response.status().is_success() => Err(CallError::of_status(response, None)),
        Err(unreadable) => Err(unbelievable(unreadable)),
    }
}

/// Refuses an answer about another account or another payment; an error may name neither.
fn check_about(project_id: u64, asked: &str, document: &Json) -> Result<(), ContentError> {
    report::check_account(project_id, document)?;
    report::check_general_payment(asked, document)?;
    match document.get("payment_id") {
        None | Some(Json::Null) => Ok(()),
        Some(id) if id.as_text() == Some(asked) => Ok(()),
        Some(_) => Err(ContentError::Field("payment_id")),
    }
}

pub(super) fn is_error(response: &Response<Vec<u8>>, document: &Json) -> bool {
    !response.status().is_success()
        || document.get("status").and_then(Json::as_text) == Some("error")
}

/// What an error answer means. The code decides, but for a server that is broken anyway.
pub(super) fn error(response: &Response<Vec<u8>>, document: &Json) -> CallError {
    let http = response.status();
    let code = told_code(document);
    match code.as_deref() {
        _ if http.is_server_error() => CallError::unavailable(response),
        Some(UNKNOWN_PAYMENT) => CallError::UnknownPayment,
        Some(code) if PASSING.contains(&code) => CallError::unavailable(response),
        // An error by its own word, though HTTP says that all went well.
        _ if http.is_success() => CallError::Refused {
            status: http.as_u16(),
            code,
        },
        _ => CallError::of_status(response, code),
    }
}

/// The code of an error answer, where it is one that can be told on.
pub(super) fn told_code(document: &Json) -> Option<String> {
    report::code(document).ok().flatten().filter(|code| {
        code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// What an answer reports: its latest operation, as the callback about it would.
///
/// The answer tells the payment's state as it is now, so that nothing can be said about the state
/// after an earlier operation; the latest outranks those in any case. Its `errors` decide nothing.
fn events(
    asked: &str,
    schemes: Schemes,
    document: &Json,
) -> Result<Vec<PaymentEvent>, ContentError> {
    report::refuse_request(document, &["payment_id"])?;
    let payment = object(document, "payment")?;
    if text(payment, "id", "payment.id")? != asked {
        return Err(ContentError::Field("payment.id"));
    }
    let word = text(payment, "status", "payment.status")?;
    let Some(latest) = latest(document)? else {
        // Nothing has happened yet; but a payment is not decided by nothing.
        return if status::meaning(word, None) == Meaning::Pending {
            Ok(Vec::new())
        } else {
            Err(ContentError::Field("operations"))
        };
    };
    Ok(vec![PaymentEvent {
        provider_payment_id: asked.to_owned(),
        evidence: report::evidence(payment, latest)?,
        redirect: redirect::read(document, schemes),
    }])
}

/// The operation that outranks all others.
fn latest(document: &Json) -> Result<Option<&Json>, ContentError> {
    let operations = match document.get("operations") {
        None | Some(Json::Null) => &[][..],
        Some(Json::List(operations)) => operations.as_slice(),
        Some(_) => return Err(ContentError::Field("operations")),
    };
    let ranked = operations
        .iter()
        .map(|operation| Ok((report::rank(operation)?, operation)))
        .collect::<Result<Vec<_>, _>>()?;
    let latest = ranked.into_iter().max_by_key(|(rank, _)| *rank);
    Ok(latest.map(|(_, operation)| operation))
}

#[cfg(test)]
mod tests;
