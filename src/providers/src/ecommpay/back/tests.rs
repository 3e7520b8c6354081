//! The question that is sent, and what is read from the answers to it.

use http::Response;
use kassa_checkout::{
    CallError, RawCallback, Timestamp,
    lifecycle::{Meaning, Rank},
    message::{
        Algorithm, ContentError, Purpose, Refused, SignError, Signature, Signer, Verified, Verifier,
    },
    provider::PaymentEvent,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{GateUrl, ask_status};
use crate::ecommpay::{callback, json::Json, redirect::Schemes, signing};

/// Signs with zeros, and takes every signature for good.
struct Anybody;

impl Signer for Anybody {
    fn sign(&self, _: Algorithm, _: Purpose, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature(vec![0; 64]))
    }
}

impl Verifier for Anybody {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
}

/// Takes no signature for good.
struct Nobody;

impl Verifier for Nobody {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        Err(Refused::Signature)
    }
}

const ID: &str = "ABC12345";

fn signature() -> String {
    "A".repeat(86) + "=="
}

fn operation(id: u64, kind: &str, status: &str, second: u8) -> Value {
    json!({
        "id": id, "type": kind, "status": status,
        "date": format!("2020-11-03T14:41:{second:02}+0000"), "code": "0",
    })
}

fn answer(word: &str, operations: Value) -> Value {
    json!({
        "status": "success",
        "request_id": "4727897a23d96203f784d22c87a7f4f473d93-00077797",
        "project_id": 239,
        "payment_id": ID,
        "payment": {"id": ID, "status": word, "sum": {"amount": 1000, "currency": "EUR"}},
        "operations": operations,
        "errors": [],
        "signature": signature(),
    })
}

fn paid() -> Value {
    answer("success", json!([operation(7, "sale", "success", 38)]))
}

fn read_with(
    status: u16,
    body: &str,
    verifier: &dyn Verifier,
) -> Result<Vec<PaymentEvent>, CallError> {
    let question = ask_status(239, &GateUrl::default(), ID).unwrap();
    let (_, reply) = question.sign(&Anybody).unwrap().into_message().into_parts();
    let response = Response::builder()
        .status(status)
        .body(body.as_bytes().to_vec())
        .unwrap();
    reply.read(&response, verifier).map(Verified::into_inner)
}

fn read(body: &Value) -> Result<Vec<PaymentEvent>, CallError> {
    read_with(200, &body.to_string(), &Anybody)
}

fn unbelievable(error: ContentError) -> CallError {
    CallError::Unreadable(Refused::Content(error))
}

/// The event that a callback about the operation brings.
fn callback_about(word: &str, operation: &Value) -> PaymentEvent {
    let mut body = answer(word, Value::Null);
    let top = body.as_object_mut().unwrap();
    for name in ["operations", "errors", "status", "payment_id"] {
        top.remove(name);
    }
    top.insert("operation".to_owned(), operation.clone());
    let raw = RawCallback::posted(body.to_string().into_bytes());
    let claimed = callback::claim(239, Schemes::Https, &raw).unwrap();
    claimed.verify(&Anybody).unwrap().into_inner()
}

#[test]
fn the_question_is_signed_as_the_official_sdks_sign_it() {
    // `gate/status` of `tests/vectors/ecommpay-sign.json`.
    let question = ask_status(200, &GateUrl::default(), "ORDER_155860015").unwrap();
    assert_eq!(
        question.signing_input(),
        b"general:payment_id:ORDER_155860015;general:project_id:200"
    );
    let (request, _) = question.sign(&Anybody).unwrap().into_message().into_parts();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "https://api.ecommpay.com/v2/payment/status");
    assert_eq!(request.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let general = json!({
        "project_id": 200, "payment_id": "ORDER_155860015", "signature": signature(),
    });
    assert_eq!(body, json!({"general": general}));
}

#[test]
fn what_is_signed_is_what_is_sent() {
    for id in ["pay_0-1", "a:b\"c\\d{}", "ä 💶"] {
        let question = ask_status(200, &GateUrl::default(), id).unwrap();
        let signed = question.signing_input().to_vec();
        let (request, _) = question.sign(&Anybody).unwrap().into_message().into_parts();
        let mut sent: Value = serde_json::from_slice(request.body()).unwrap();
        let general = sent["general"].as_object_mut().unwrap();
        assert!(general.remove("signature").is_some());
        let text = signing::canonical_string(sent.to_string().as_bytes()).unwrap();
        assert_eq!(signed, text.into_bytes());
    }
}

#[test]
fn an_identifier_that_could_reach_into_the_signed_string_is_refused() {
    for id in [
        "",
        "x;general:project_id:1",
        "a\nb",
        "a\u{0}",
        &"ä".repeat(256),
    ] {
        let error = ask_status(200, &GateUrl::default(), id).unwrap_err();
        assert_eq!(
            kassa_checkout::Coded::field(&error),
            Some("payment_id"),
            "{id:?}"
        );
    }
    assert!(ask_status(200, &GateUrl::default(), &"ä".repeat(255)).is_ok());
}

#[test]
fn the_gate_is_an_address_of_https_or_of_this_machine() {
    let asked = |text: &str| {
        let question = ask_status(200, &GateUrl::parse(text)?, "1").ok()?;
        let (request, _) = question.sign(&Anybody).ok()?.into_message().into_parts();
        Some(request.uri().to_string())
    };
    for (text, url) in [
        (
            "https://gate.example",
            "https://gate.example/v2/payment/status",
        ),
        (
            "https://gate.example/",
            "https://gate.example/v2/payment/status",
        ),
        (
            "https://gate.example/a",
            "https://gate.example/a/v2/payment/status",
        ),
        (
            "http://127.0.0.1:8081",
            "http://127.0.0.1:8081/v2/payment/status",
        ),
    ] {
        assert_eq!(asked(text).as_deref(), Some(url));
        let gate = GateUrl::parse(text).unwrap();
        assert_eq!(url.strip_prefix(gate.as_str()), Some("/v2/payment/status"));
    }
    for text in [
        "",
        "gate.example",
        "http://gate.example",
        "https://gate.example?a=1",
        "https://gate.example/#a",
        "https://user@gate.example",
        "https://gäte.example",
        "ftp://gate.example",
    ] {
        assert_eq!(asked(text), None, "{text}");
    }
}

#[test]
fn the_latest_operation_is_reported_as_its_callback_would() {
    let sale = operation(7, "sale", "success", 1);
    let confirmation = operation(8, "payment confirmation", "decline", 2);
    let reversal = operation(9, "reversal", "success", 3);
    for (word, operations, latest) in [
        ("success", vec![&sale], &sale),
        ("awaiting confirmation", vec![&sale], &sale),
        ("something new", vec![&sale], &sale),
        ("decline", vec![&sale, &confirmation], &confirmation),
        ("decline", vec![&confirmation, &sale], &confirmation),
        ("reversed", vec![&sale, &reversal, &confirmation], &reversal),
    ] {
        let came = read(&answer(word, json!(operations))).unwrap();
        assert_eq!(came, [callback_about(word, latest)], "{word}");
    }
    // The time decides before the number.
    let later = operation(3, "sale", "success", 9);
    let came = read(&answer("success", json!([later, reversal]))).unwrap();
    let rank = Rank {
        at: Timestamp::from_millis(1_604_414_469_000),
        operation: 3,
    };
    assert_eq!(came[0].evidence.rank, rank);
    assert_eq!(came[0].evidence.meaning, Meaning::Paid);
}

#[test]
fn more_operations_than_ten_are_signed_in_natural_order() {
    struct InOrder;
    impl Verifier for InOrder {
        fn verify(&self, _: Algorithm, _: Purpose, bytes: &[u8], _: &[u8]) -> Result<(), Refused> {
            let text = core::str::from_utf8(bytes).unwrap();
            let nine = text.find("operations:9:id:").unwrap();
            let ten = text.find("operations:10:id:").unwrap();
            (nine < ten).then_some(()).ok_or(Refused::Signature)
        }
    }
    let operations: Vec<_> = (1..=12)
        .map(|number| operation(u64::from(number), "sale", "decline", number))
        .collect();
    let body = answer("decline", json!(operations)).to_string();
    let came = read_with(200, &body, &InOrder).unwrap();
    assert_eq!(came[0].evidence.rank.operation, 12);
}

#[test]
fn without_an_operation_nothing_has_happened_and_nothing_is_decided() {
    for none in [json!([]), Value::Null] {
        for word in ["processing", "awaiting customer", "something new"] {
            assert_eq!(read(&answer(word, none.clone())), Ok(Vec::new()));
        }
        for word in ["success", "decline", "awaiting confirmation", "reversed"] {
            let error = unbelievable(ContentError::Field("operations"));
            assert_eq!(read(&answer(word, none.clone())), Err(error), "{word}");
        }
    }
    let object = answer(
        "processing",
        json!({"0": operation(7, "sale", "success", 1)}),
    );
    let error = unbelievable(ContentError::Field("operations"));
    assert_eq!(read(&object), Err(error));
}

#[test]
fn errors_beside_a_payment_decide_nothing() {
    let mut body = paid();
    body["errors"] = json!([{"code": "20802", "message": "waiting", "field": ""}]);
    assert_eq!(read(&body), read(&paid()));
}

/// The status answer's own words for an error may be the same numbers: those of an operation are
/// about the payment.
#[test]
fn an_operations_code_that_means_waiting_holds_back_a_bad_end() {
    for code in ["9999", "20802", "20899", "29999"] {
        for word in ["decline", "error", "expired", "canceled"] {
            let mut sale = operation(7, "sale", word, 38);
            sale["code"] = json!(code);
            let events = read(&answer(word, json!([sale]))).unwrap();
            let meanings = events.iter().map(|event| event.evidence.meaning);
            assert_eq!(
                meanings.collect::<Vec<_>>(),
                [Meaning::Pending],
                "{word} {code}"
            );
        }
    }
}

#[test]
fn an_answer_about_something_else_is_refused() {
    for (path, value, field) in [
        ("/payment/id", json!("ABC12346"), "payment.id"),
        ("/payment/id", Value::Null, "payment.id"),
        ("/payment", json!([]), "payment"),
        ("/payment_id", json!("abc12345"), "payment_id"),
        ("/payment_id", json!(12_345), "payment_id"),
        ("/operations/0/id", json!("7"), "operation.id"),
        ("/operations/0/date", json!("yesterday"), "operation.date"),
        ("/operations/0/type", Value::Null, "operation.type"),
        ("/payment/sum/amount", json!(10.5), "payment.sum.amount"),
        ("/payment/sum/currency", json!(""), "payment.sum.currency"),
    ] {
        let mut body = paid();
        *body.pointer_mut(path).unwrap() = value.clone();
        let error = unbelievable(ContentError::Field(field));
        assert_eq!(read(&body), Err(error), "{path}: {value}");
    }
    let mut body = paid();
    body["project_id"] = json!(240);
    assert_eq!(read(&body), Err(unbelievable(ContentError::Account)));
    let mut body = paid();
    body["general"] = json!({"payment_id": "other"});
    let error = unbelievable(ContentError::Field("general.payment_id"));
    assert_eq!(read(&body), Err(error));
    for name in ["payment_amount", "customer_id", "best_before"] {
        let mut body = paid();
        body[name] = json!("x");
        let error = unbelievable(ContentError::RequestParameters);
        assert_eq!(read(&body), Err(error), "{name}");
    }
}

#[test]
fn an_answer_without_its_signature_is_never_a_content() {
    for wrong in [Value::Null, json!(""), json!(7), json!([signature()])] {
        let mut body = paid();
        body["signature"] = wrong;
        assert_eq!(read(&body), Err(unbelievable(ContentError::Signature)));
    }
    let mut body = paid();
    body.as_object_mut().unwrap().remove("signature");
    assert_eq!(read(&body), Err(unbelievable(ContentError::Signature)));
    let came = read_with(200, &paid().to_string(), &Nobody);
    assert_eq!(came, Err(CallError::Unreadable(Refused::Signature)));
}

fn refused(status: u16, code: Option<&str>) -> CallError {
    CallError::Refused {
        status,
        code: code.map(str::to_owned),
    }
}

const BUSY: CallError = CallError::Unavailable { retry_after: None };

#[test]
fn codes_tell_what_an_error_means() {
    for (status, code, expected) in [
        (400, json!("3061"), CallError::UnknownPayment),
        (404, json!(3061), CallError::UnknownPayment),
        (200, json!("3061"), CallError::UnknownPayment),
        (500, json!("3061"), BUSY),
        (400, json!("3062"), BUSY),
        (200, json!("9999"), BUSY),
        (400, json!("501"), BUSY),
        (429, json!("1"), BUSY),
        (400, json!("3261"), refused(400, Some("3261"))),
        (400, json!("2442"), refused(400, Some("2442"))),
        (422, json!("2003"), refused(422, Some("2003"))),
        (200, json!("303"), refused(200, Some("303"))),
        (200, Value::Null, refused(200, None)),
        (403, json!("a b<script>"), refused(403, None)),
        (
            403,
            json!("1".repeat(16)),
            refused(403, Some(&"1".repeat(16))),
        ),
        (403, json!("1".repeat(17)), refused(403, None)),
        (403, json!({"a": 1}), refused(403, None)),
    ] {
        let unsigned = json!({"status": "error", "code": code, "message": "marker"});
        let mut signed = unsigned.clone();
        signed["signature"] = json!(signature());
        signed["project_id"] = json!(239);
        signed["payment_id"] = json!(ID);
        for body in [&unsigned, &signed] {
            let came = read_with(status, &body.to_string(), &Anybody);
            assert_eq!(came, Err(expected.clone()), "{status} {body}");
        }
        let came = read_with(status, &signed.to_string(), &Nobody);
        assert_eq!(came, Err(CallError::Unreadable(Refused::Signature)));
    }
}

#[test]
fn an_error_about_another_payment_or_account_is_not_ours() {
    for (name, value, error) in [
        (
            "payment_id",
            json!("other"),
            ContentError::Field("payment_id"),
        ),
        ("project_id", json!(240), ContentError::Account),
    ] {
        let mut body = json!({"status": "error", "code": "3061"});
        body[name] = value;
        for sign in [false, true] {
            if sign {
                body["signature"] = json!(signature());
            }
            let came = read_with(400, &body.to_string(), &Anybody);
            assert_eq!(came, Err(unbelievable(error)), "{body}");
        }
    }
}

proptest! {
    /// Bytes are judged and never panic, and nothing but a signed document is a content.
    #[test]
    fn no_bytes_panic(
        status in 100_u16..600,
        body in "\\PC{0,60}|\\{\"(status|code|payment|operations)\":[\\[\\]{}\",:0-9a-z]{0,60}\\}",
    ) {
        prop_assert!(read_with(status, &body, &Nobody).is_err());
        if !body.contains("signature") {
            prop_assert!(read_with(status, &body, &Anybody).is_err());
        }
    }
}

#[test]
fn what_is_no_document_is_judged_by_its_status() {
    for (body, fault) in [
        ("", ContentError::Malformed),
        ("<html>403</html>", ContentError::Malformed),
        ("{", ContentError::Malformed),
        ("[1]", ContentError::Signature),
        ("{\"a\":1,\"a\":1}", ContentError::DuplicateKey),
    ] {
        let came = |status| read_with(status, body, &Anybody);
        assert_eq!(came(403), Err(refused(403, None)), "{body}");
        assert_eq!(came(502), Err(BUSY), "{body}");
        assert_eq!(came(200), Err(unbelievable(fault)), "{body}");
        assert!(matches!(came(302), Err(CallError::Unreadable(_))), "{body}");
    }
    assert!(Json::read(b"[1]").is_ok(), "a list is JSON, and no answer");
}
