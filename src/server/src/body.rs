//! Bodies read strictly: JSON with known fields only, and an error that names the field.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::header;
use kassa_checkout::{amount::AmountError, bank::BankIdError, selection::SelectionError};
use serde::de::DeserializeOwned;

use crate::problem::{Fault, Problem};

/// The largest JSON or form body that is read, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Strict<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            let problem = Problem::new(Fault::MediaType).detail("expected application/json");
            return Err(problem.into_response());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Fault::TooLarge).into_response())?;
        parse(&bytes).map(Self).map_err(IntoResponse::into_response)
    }
}

/// Reads JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Where it is right, nobody needs to know the way to a field.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| explain(".", &error))?;
    Ok(value)
}

fn explain(path: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        let place = format!("line {}, column {}", error.line(), error.column());
        return Problem::new(Fault::Syntax).detail(place);
    }
    let text = error.to_string();
    // The place that serde_json adds at the end is the same for all kinds.
    let message = text.split(" at line ").next().unwrap_or_default();
    let inside = |name: &str| match path {
        "." | "?" => name.to_owned(),
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{}.{name}", path.trim_end_matches(".?")),
    };
    if let Some(name) = quoted(message, "unknown field `") {
        return Problem::field(
            Fault::UnknownField,
            inside(name),
            "this field does not exist",
        );
    }
    if let Some(name) = quoted(message, "missing field `") {
        return Problem::field(Fault::MissingField, inside(name), "this field is needed");
    }
    if let Some(name) = quoted(message, "duplicate field `") {
        return Problem::field(Fault::Field, inside(name), "this field stands twice");
    }
    if let Some(problem) = known(message) {
        return problem;
    }
    // Only what was expected: what came may be personal.
    let detail = message.split_once(", expected ").map_or_else(
        || "another value was expected".to_owned(),
        |(_, expected)| format!("expected {expected}"),
    );
    Problem::field(Fault::Field, path, detail)
}

fn quoted<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

/// The errors of our own types, which serde hands on as text only.
fn known(message: &str) -> Option<Problem> {
    let amounts = [
        AmountError::Zero,
        AmountError::TooLarge,
        AmountError::Format,
    ];
    let selections = [
        SelectionError::Empty,
        SelectionError::Repeated,
        SelectionError::Unexpected,
        SelectionError::NotOne,
    ];
    amounts
        .iter()
        .map(|error| error as &dyn kassa_checkout::Coded)
        .chain(
            selections
                .iter()
                .map(|error| error as &dyn kassa_checkout::Coded),
        )
        .chain(std::iter::once(&BankIdError as &dyn kassa_checkout::Coded))
        .find(|error| error.to_string() == message)
        .map(Problem::coded)
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Amount, Selection};
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Outer {
        amount: Amount,
        selection: Option<Selection>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Inner {
        name: String,
    }

    #[test]
    fn an_error_names_the_field() {
        for (text, code, field) in [
            (
                r#"{"amount":1,"colour":2}"#,
                "request/unknown-field",
                Some("colour"),
            ),
            (
                r#"{"amount":1,"inner":{"x":2}}"#,
                "request/unknown-field",
                Some("inner.x"),
            ),
            (
                r#"{"amount":1,"inner":{}}"#,
                "request/missing-field",
                Some("inner.name"),
            ),
            ("{}", "request/missing-field", Some("amount")),
            (r#"{"amount":0}"#, "amount/zero", Some("amount")),
            (r#"{"amount":1.5}"#, "request/field", Some("amount")),
            (
                r#"{"amount":1,"amount":1}"#,
                "request/field",
                Some("amount"),
            ),
            (
                r#"{"amount":1,"selection":{"option":"all_banks","banks":["op"]}}"#,
                "selection/unexpected-banks",
                Some("selection.banks"),
            ),
            (r#"{"amount":1"#, "request/syntax", None),
            (r#"{"amount":1} x"#, "request/syntax", None),
        ] {
            let problem = parse::<Outer>(text.as_bytes()).unwrap_err();
            let body = problem.body();
            assert_eq!(
                (body.code.as_str(), body.field.as_deref()),
                (code, field),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_does_not_repeat_what_came() {
        let problem = parse::<Outer>(br#"{"amount":"my secret"}"#).unwrap_err();
        assert!(!format!("{:?}", problem.body()).contains("secret"));
    }
}
