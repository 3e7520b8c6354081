//! Errors as answers: `application/problem+json` of RFC 9457 with a stable code and the field.

use std::{borrow::Cow, fmt};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use kassa_checkout::Coded;
use serde::Serialize;
use utoipa::ToSchema;

use crate::gateway::StepError;

/// Declares the server's own faults as one table: variant, status, code, title.
macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// A fault that the server itself finds. Codes of `viite`, `checkout` and the providers
        /// are handed through as they are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[$doc])* $variant),+ }

        impl Fault {
            /// Every fault, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The same text for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

faults! {
    /// No API key, or one that no shop has.
    Unauthorized = UNAUTHORIZED, "auth/unauthorized", "a valid API key is needed";
    /// Nothing is there, or not for this shop.
    NotFound = NOT_FOUND, "request/not-found", "nothing is there";
    /// The method is not one that this address takes.
    Method = METHOD_NOT_ALLOWED, "request/method", "this address does not take that method";
    /// The body is too large.
    TooLarge = PAYLOAD_TOO_LARGE, "request/too-large", "the body is too large";
    /// The body has another media type than the one that is taken.
    MediaType = UNSUPPORTED_MEDIA_TYPE, "request/media-type", "the body has the wrong media type";
    /// The body is not JSON.
    Syntax = BAD_REQUEST, "request/syntax", "the body is not JSON";
    /// A field that does not exist.
    UnknownField = UNPROCESSABLE_ENTITY, "request/unknown-field", "a field is unknown";
    /// A field that is missing.
    MissingField = UNPROCESSABLE_ENTITY, "request/missing-field", "a field is missing";
    /// A field with a wrong type or value.
    Field = UNPROCESSABLE_ENTITY, "request/field", "a field is wrong";
    /// A parameter of the query with a wrong value, or one that does not exist.
    Query = BAD_REQUEST, "request/query", "a query parameter is wrong";
    /// A cursor that was not made here.
    Cursor = BAD_REQUEST, "request/cursor", "the cursor is not one of ours";
    /// The request took too long.
    Timeout = SERVICE_UNAVAILABLE, "request/timeout", "the request took too long";
    /// Too many requests.
    RateLimit = TOO_MANY_REQUESTS, "request/rate-limit", "too many requests";
    /// A page of an origin that the shop did not permit.
    Origin = FORBIDDEN, "request/origin", "the origin is not permitted";
    /// The key was used with another request.
    KeyReused = UNPROCESSABLE_ENTITY, "idempotency/other-request", "the idempotency key was used with another request";
    /// The first request with the key still runs.
    KeyRunning = CONFLICT, "idempotency/running", "the first request with this idempotency key still runs";
    /// The key is empty, too long or holds other than printable ASCII.
    KeyFormat = BAD_REQUEST, "idempotency/format", "the idempotency key is malformed";
    /// The return address is none, or not one of the shop's.
    ReturnUrl = UNPROCESSABLE_ENTITY, "payment/return-url", "the return address is not permitted";
    /// The selection is wider than the shop's.
    Selection = UNPROCESSABLE_ENTITY, "payment/selection", "the selection is not permitted for this shop";
    /// The order number is empty, too long, or holds control characters.
    Order = UNPROCESSABLE_ENTITY, "payment/order", "the order number is malformed";
    /// The bank or method is not offered for this payment.
    Choice = UNPROCESSABLE_ENTITY, "payment/choice", "the bank or method is not offered for this payment";
    /// The bank cannot be chosen now.
    BankUnavailable = CONFLICT, "payment/bank-unavailable", "the bank cannot be chosen now";
    /// The payment can no longer be paid, or not now.
    CannotPay = CONFLICT, "payment/cannot-pay", "the payment cannot be paid now";
    /// The provider refused to begin a payment.
    Provider = BAD_GATEWAY, "provider/refused", "the provider does not begin the payment";
    /// The provider does not take this bank now, or not for this sum; another one may do.
    BankNotOffered = BAD_GATEWAY, "provider/bank-not-offered", "the provider does not offer the bank now";
    /// The provider cannot be reached, or is broken.
    ProviderUnavailable = SERVICE_UNAVAILABLE, "provider/unavailable", "the provider is not available now";
    /// The provider cannot refund this payment.
    RefundUnsupported = UNPROCESSABLE_ENTITY, "refund/unsupported", "the provider cannot refund this payment";
    /// Nothing of the payment is left to refund.
    NothingToRefund = CONFLICT, "refund/nothing-left", "nothing is left to refund";
    /// The message is being sent now, or was written too long ago.
    Replay = CONFLICT, "webhook/replay", "the message cannot be sent again now";
    /// A callback that is not accepted. Nothing else is told.
    Callback = BAD_REQUEST, "callback/refused", "the callback is refused";
    /// A call of VETUMA that is not accepted. Nothing else is told.
    Vetuma = BAD_REQUEST, "vetuma/refused", "the VETUMA call is refused";
    /// The server is misconfigured for this payment.
    Misconfigured = INTERNAL_SERVER_ERROR, "server/misconfigured", "the server cannot sign for this shop";
    /// The store cannot be reached, or is full.
    Unavailable = SERVICE_UNAVAILABLE, "server/unavailable", "the service is not available now";
    /// A fault of the server.
    Internal = INTERNAL_SERVER_ERROR, "server/internal", "the server failed";
}

/// A problem to answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    fault: Fault,
    code: Cow<'static, str>,
    field: Option<String>,
    detail: Option<String>,
    retry_after: Option<u64>,
}

impl Problem {
    /// The problem that a fault is, with nothing more to say.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            code: Cow::Borrowed(fault.code()),
            field: None,
            detail: None,
            retry_after: None,
        }
    }

    /// A fault that lies in one field.
    #[must_use]
    pub fn field(fault: Fault, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            detail: Some(detail.into()),
            ..Self::new(fault)
        }
    }

    /// A wrong field, under the code of the crate that refused it.
    #[must_use]
    pub fn coded(error: &dyn Coded) -> Self {
        Self {
            code: Cow::Borrowed(error.code()),
            field: error.field().map(str::to_owned),
            detail: Some(error.to_string()),
            ..Self::new(Fault::Field)
        }
    }

    /// A wrong field, under a code made elsewhere.
    #[must_use]
    pub fn with_code(code: String, field: &str, detail: String) -> Self {
        Self {
            code: Cow::Owned(code),
            field: Some(field.to_owned()),
            detail: Some(detail),
            ..Self::new(Fault::Field)
        }
    }

    /// A field that a provider refuses, by the name that the shop knows it under.
    #[must_use]
    pub fn refused_by_provider(error: &StepError) -> Self {
        let Some(field) = error.field() else {
            return Self::new(Fault::Misconfigured);
        };
        let ours = [
            ("description", "description"),
            ("customer_id", "customer.id"),
            ("first_name", "customer.first_name"),
            ("last_name", "customer.last_name"),
            ("email", "customer.email"),
            ("phone", "customer.phone"),
            ("amount", "amount"),
            ("bank", "selection.banks"),
            ("method", "selection.option"),
        ]
        .into_iter()
        .find(|(theirs, _)| field.contains(theirs))
        .map_or(field, |(_, ours)| ours);
        Self::with_code(error.code().to_owned(), ours, error.to_string())
    }

    /// The same problem with a word on what happened.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same problem with the seconds after which another try makes sense.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.fault.status()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.fault.title().to_owned(),
            status: self.fault.status().as_u16(),
            code: self.code.clone().into_owned(),
            field: self.field.clone(),
            detail: self.detail.clone(),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.fault == Fault::Unauthorized {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"kassa\""),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error, as RFC 9457 writes it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Always `about:blank`: the code tells the problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same text for every problem of this status and kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code to switch on: `reference/check-digit`.
    pub code: String,
    /// The field that is wrong, with its path: `customer.email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong here, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Fault;

    #[test]
    fn every_code_stands_once() {
        let codes: HashSet<_> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        assert_eq!(codes.len(), Fault::ALL.len());
    }

    /// Programs switch on these: a change here breaks somebody.
    #[test]
    fn the_table_of_codes() {
        let table: String = Fault::ALL
            .iter()
            .map(|fault| format!("{} {}\n", fault.status().as_u16(), fault.code()))
            .collect();
        insta::assert_snapshot!(table);
    }
}
