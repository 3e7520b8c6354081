//! Calls to OP's REST interface: each with a fresh request id and `Date`, signed over the very
//! bytes that are sent.
//!
//! OP's answers bear no signature that its documentation shows, so an answer is believed because
//! TLS proved whose server it came from, and because it is about what was asked for.

use http::{
    HeaderValue, Method, Request, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE},
};
use kassa_checkout::{
    Call, CallError, Reply, Timestamp, Unsigned,
    bank::Bank,
    message::{Algorithm, ContentError, Purpose, Refused, Signature},
    order::{AttemptRef, CallContext},
    provider::{BuildError, Next, Opened, PaymentEvent},
};
use serde::de::DeserializeOwned;

use super::{
    account::Account,
    banks,
    front::{self, Flow, segment},
    message::{self, BankProviders, CreatePayment, Created, Stands},
    signing::{Authorization, Lines, encode},
    status,
};
use crate::date;

/// The content type of every request, also of those without a body, as in OP's own sample.
const JSON: &str = "application/json";

/// The longest answer that is read, in bytes. Real ones have some hundreds.
const LONGEST_ANSWER: usize = 256 * 1024;

/// What identifies one request.
pub(super) struct Envelope<'a> {
    pub(super) now: Timestamp,
    pub(super) request_id: &'a str,
    pub(super) session_id: &'a str,
}

impl<'a> From<&'a CallContext> for Envelope<'a> {
    fn from(context: &'a CallContext) -> Self {
        Self {
            now: context.now,
            request_id: &context.request_id,
            session_id: &context.session_id,
        }
    }
}

/// Create payment.
pub(super) fn create(
    account: &Account,
    flow: Flow,
    payment: &CreatePayment,
    envelope: &Envelope<'_>,
) -> Result<Unsigned<Call<Opened>>, BuildError> {
    let front = account.browser.clone();
    let reply = Reply::unsigned(move |response| {
        let created: Created = read(response)?;
        if !message::is_id(&created.payment_id) {
            return Err(unreadable(ContentError::Field("paymentId")));
        }
        let way = front::way(&front, &flow, &created)
            .ok_or_else(|| unreadable(ContentError::Field("paymentOperationValidation")))?;
        Ok(Opened {
            provider_reference: Some(created.payment_id),
            next: Next::Go(way),
        })
    });
    let body = payment.to_body();
    call(account, Method::POST, "/payments", body, envelope, reply)
}

/// Payment status.
pub(super) fn ask_status(
    account: &Account,
    attempt: &AttemptRef<'_>,
    envelope: &Envelope<'_>,
) -> Result<Unsigned<Call<Vec<PaymentEvent>>>, BuildError> {
    let payment_id = payment_id(attempt)?.to_owned();
    let path = format!("/payments/{}", segment(&payment_id));
    let ours = attempt.provider_payment_id.to_owned();
    let words = account.words.clone();
    let reply = Reply::unsigned(move |response| {
        let stands: Stands = read(response)?;
        status::events(&words, &ours, &payment_id, &stands).map_err(unreadable)
    });
    call(account, Method::GET, &path, Vec::new(), envelope, reply)
}

/// The other banks.
pub(super) fn ask_banks(
    account: &Account,
    envelope: &Envelope<'_>,
) -> Result<Unsigned<Call<Vec<Bank>>>, BuildError> {
    let ours = account.clone();
    let reply = Reply::unsigned(move |response| {
        let list: BankProviders = read(response)?;
        banks::listed(&ours, &list).map_err(unreadable)
    });
    let path = "/payments/multibank/providers";
    call(account, Method::GET, path, Vec::new(), envelope, reply)
}

/// OP's identifier of a payment that was made. Without one there is nothing to ask for: the
/// customer never got an address to pay at.
pub(super) fn payment_id<'a>(attempt: &AttemptRef<'a>) -> Result<&'a str, BuildError> {
    attempt
        .provider_reference
        .filter(|id| message::is_id(id))
        .ok_or_else(|| {
            BuildError::new(
                "op/no-payment",
                "paymentId",
                "the identifier that OP gave when the payment was made",
            )
        })
}

/// A request with all its headers but the signature, and the bytes to sign.
pub(super) fn call<T>(
    account: &Account,
    method: Method,
    path: &str,
    body: Vec<u8>,
    envelope: &Envelope<'_>,
    reply: Reply<T>,
) -> Result<Unsigned<Call<T>>, BuildError> {
    let url = format!("{}{path}", account.rest.as_str());
    let date = date::http(envelope.now);
    let merchant = &account.merchant_id.0;
    let api_key = &account.api_key.0;
    let input = Lines {
        method: method.as_str(),
        content_type: JSON,
        date: &date,
        signer: merchant,
        api_key,
        session_id: envelope.session_id,
        request_id: envelope.request_id,
        url: &url,
        body: &body,
    }
    .to_bytes();
    let authorization = Authorization::prefix(merchant, account.key_version);
    let request = Request::builder()
        .method(method)
        .uri(&url)
        .header(CONTENT_TYPE, JSON)
        .header(ACCEPT, JSON)
        .header(DATE, &date)
        .header("x-api-key", hidden(api_key)?)
        .header("x-session-id", envelope.session_id)
        .header("x-request-id", envelope.request_id)
        .header(AUTHORIZATION, hidden(&authorization)?)
        .body(body)
        .map_err(|_| unsendable())?;
    Ok(Unsigned::new(
        Call::new(request, reply),
        Algorithm::RsaSha256,
        Purpose::Payment,
        input,
        attach,
    ))
}

/// A value that no log of a transport may show.
fn hidden(text: &str) -> Result<HeaderValue, BuildError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable() -> BuildError {
    BuildError::new(
        "op/request",
        "request",
        "identifiers that fit into a header",
    )
}

fn attach<T>(mut call: Call<T>, signature: &Signature) -> Call<T> {
    let headers = call.request_mut().headers_mut();
    if let Some(value) = headers.get_mut(AUTHORIZATION) {
        let signature = encode(signature);
        let whole = [value.as_bytes(), signature.as_bytes()].concat();
        // Digits after what was a value already are a value too.
        if let Ok(mut signed) = HeaderValue::from_bytes(&whole) {
            signed.set_sensitive(true);
            *value = signed;
        }
    }
    call
}

/// The content of an answer with any 2xx: which one OP sends is not public. What its errors hold
/// is not public either, so that only the status counts.
pub(super) fn read<T: DeserializeOwned>(response: &Response<Vec<u8>>) -> Result<T, CallError> {
    if !response.status().is_success() {
        return Err(CallError::of_status(response, None));
    }
    if response.body().len() > LONGEST_ANSWER {
        return Err(unreadable(ContentError::TooLarge));
    }
    // Field twice in one object: serde refuses that of the fields that count.
    serde_json::from_slice(response.body()).map_err(|_| unreadable(ContentError::Malformed))
}

pub(super) const fn unreadable(error: ContentError) -> CallError {
    CallError::Unreadable(Refused::Content(error))
}
