//! What is read from a callback once its signature is taken for granted.

use kassa_checkout::{
    RawCallback, Timestamp,
    lifecycle::{Evidence, Meaning, Rank},
    message::{Algorithm, ContentError, Purpose, Refused, Verifier},
    provider::{PaymentEvent, Redirect},
};
use serde_json::{Value, json};

use super::{Schemes, claim};

/// Takes every signature for good, so that only the content is judged.
struct Credulous;

impl Verifier for Credulous {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
}

/// Takes a signature for good when the string holds a text.
struct Holds(&'static str);

impl Verifier for Holds {
    fn verify(&self, _: Algorithm, _: Purpose, bytes: &[u8], _: &[u8]) -> Result<(), Refused> {
        let text = core::str::from_utf8(bytes).unwrap();
        text.split(';')
            .any(|line| line == self.0)
            .then_some(())
            .ok_or(Refused::Signature)
    }
}

fn body() -> Value {
    json!({
        "project_id": 239,
        "payment": {
            "id": "ABC12345",
            "status": "success",
            "sum": {"amount": 1000, "currency": "EUR"},
        },
        "operation": {
            "id": 77_796_010_023_511_u64,
            "type": "sale",
            "status": "success",
            "date": "2020-11-03T14:41:38+0000",
            "code": "0",
        },
        "signature": "A".repeat(86) + "==",
    })
}

fn read(body: &Value) -> Result<PaymentEvent, Refused> {
    read_text(&body.to_string())
}

fn read_text(body: &str) -> Result<PaymentEvent, Refused> {
    let raw = RawCallback::posted(body.as_bytes().to_vec());
    let claimed = claim(239, Schemes::Https, &raw).map_err(Refused::Content)?;
    Ok(claimed.verify(&Credulous)?.into_inner())
}

/// The body with one value replaced; a null takes the key away.
fn with(path: &str, value: Value) -> Value {
    let mut body = body();
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => parent.remove(key),
        value => parent.insert(key.to_owned(), value),
    };
    body
}

fn refused(path: &str, value: Value) -> Option<ContentError> {
    match read(&with(path, value)) {
        Err(Refused::Content(error)) => Some(error),
        Err(Refused::Signature) => panic!("the signature was not to be judged"),
        Ok(_) => None,
    }
}

#[test]
fn everything_that_counts_is_read() {
    let expected = PaymentEvent {
        provider_payment_id: "ABC12345".into(),
        evidence: Evidence {
            key: "77796010023511/success/success".into(),
            rank: Rank {
                at: Timestamp::from_millis(1_604_414_498_000),
                operation: 77_796_010_023_511,
            },
            meaning: Meaning::Paid,
            begins_anew: true,
            word: "success".into(),
            code: Some("0".into()),
            amount_cents: 1000,
            currency: "EUR".into(),
        },
        redirect: None,
    };
    assert_eq!(read(&body()), Ok(expected));
}

#[test]
fn each_field_that_counts_must_be_there_and_of_its_type() {
    for path in [
        "payment",
        "payment.id",
        "payment.status",
        "payment.sum",
        "payment.sum.amount",
        "payment.sum.currency",
        "operation",
        "operation.id",
        "operation.type",
        "operation.status",
        "operation.date",
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        let wrong = [
            Value::Null,
            json!(true),
            json!([]),
            json!(-1),
            json!(1.5),
            json!(""),
        ];
        for value in wrong {
            assert_eq!(
                refused(&pointer, value.clone()),
                Some(ContentError::Field(path)),
                "{path}: {value}"
            );
        }
    }
    for (path, value) in [
        ("payment.sum.amount", json!("1000")),
        ("operation.id", json!("77796010023511")),
        ("operation.date", json!("2020-11-03")),
        ("operation.code", json!(1.5)),
        ("project_id", json!("239")),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert_eq!(refused(&pointer, value), Some(ContentError::Field(path)));
    }
}

#[test]
fn the_code_is_read_as_text_or_number_or_not_at_all() {
    for (value, code, meaning) in [
        (json!("20301"), Some("20301"), Meaning::Cancelled),
        (json!(20_301), Some("20301"), Meaning::Cancelled),
        (json!(20_802), Some("20802"), Meaning::Pending),
        (json!(""), None, Meaning::Declined),
        (Value::Null, None, Meaning::Declined),
    ] {
        let mut body = with("/operation/code", value);
        body["payment"]["status"] = json!("decline");
        let evidence = read(&body).unwrap().evidence;
        assert_eq!(evidence.code.as_deref(), code);
        assert_eq!(evidence.meaning, meaning);
    }
}

#[test]
fn a_code_that_means_waiting_holds_back_a_bad_end() {
    for code in [9_999, 20_802, 20_899, 29_999] {
        for word in ["decline", "error", "expired", "canceled"] {
            for value in [json!(code), json!(code.to_string())] {
                let mut body = with("/operation/code", value);
                body["payment"]["status"] = json!(word);
                body["operation"]["status"] = json!(word);
                let evidence = read(&body).unwrap().evidence;
                assert_eq!(evidence.meaning, Meaning::Pending, "{word} {code}");
            }
        }
    }
}

#[test]
fn only_a_new_sale_begins_anew() {
    for kind in [
        "payment confirmation",
        "reversal",
        "refund",
        "Sale",
        "resale",
    ] {
        let event = read(&with("/operation/type", json!(kind))).unwrap();
        assert!(!event.evidence.begins_anew, "{kind}");
    }
}

#[test]
fn a_callback_of_another_project_is_refused_and_one_without_project_is_not() {
    assert_eq!(
        refused("/project_id", json!(240)),
        Some(ContentError::Account)
    );
    assert_eq!(
        refused("/general", json!({"project_id": 240})),
        Some(ContentError::Account)
    );
    assert_eq!(refused("/project_id", Value::Null), None);
    assert_eq!(refused("/general", json!({"project_id": 239})), None);
}

#[test]
fn general_must_mean_the_same_payment() {
    assert_eq!(refused("/general", json!({"payment_id": "ABC12345"})), None);
    for other in [json!("ABC1234"), json!(12_345), json!("")] {
        assert_eq!(
            refused("/general", json!({"payment_id": other})),
            Some(ContentError::Field("general.payment_id"))
        );
    }
}

#[test]
fn parameters_of_a_page_are_refused() {
    for name in [
        "payment_id",
        "payment_amount",
        "payment_currency",
        "customer_id",
        "customer_anything",
        "merchant_callback_url",
        "force_payment_method",
        "best_before",
        "booking_info",
        "language_code",
        "interface_type",
        "avs_post_code",
        "billing_city",
    ] {
        assert_eq!(
            refused(&format!("/{name}"), json!("x")),
            Some(ContentError::RequestParameters),
            "{name}"
        );
    }
    for name in [
        "customer",
        "redirect_data",
        "errors",
        "frame_mode",
        "new_field",
    ] {
        assert_eq!(
            refused(&format!("/{name}"), json!({"a": "b"})),
            None,
            "{name}"
        );
    }
}

#[test]
fn exactly_one_signature_in_one_of_two_places() {
    let general = json!({"signature": body()["signature"]});
    let mut moved = with("/signature", Value::Null);
    moved["general"] = general.clone();
    assert!(read(&moved).is_ok());

    let inside = |body: &Value| body["signature"].clone();
    for (path, value) in [
        ("/signature", Value::Null),
        ("/signature", json!("")),
        ("/signature", json!(123)),
        ("/signature", json!([inside(&body())])),
        ("/general", general),
        ("/x", json!([{"signature": "zzz"}])),
        ("/payment/signature", json!("")),
    ] {
        assert_eq!(
            refused(path, value.clone()),
            Some(ContentError::Signature),
            "{path} {value}"
        );
    }
    let mut elsewhere = with("/signature", Value::Null);
    elsewhere["payment"]["signature"] = inside(&body());
    assert_eq!(
        read(&elsewhere),
        Err(Refused::Content(ContentError::Signature))
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    let text = body().to_string();
    for (body, error) in [
        (String::new(), ContentError::Malformed),
        (text[..text.len() - 1].to_owned(), ContentError::Malformed),
        ("[1,2]".to_owned(), ContentError::Malformed),
        (
            text.replacen('{', r#"{"project_id":239,"#, 1),
            ContentError::DuplicateKey,
        ),
        (
            text.replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(256 * 1024)), 1),
            ContentError::TooLarge,
        ),
        (
            text.replacen(
                '{',
                &format!(r#"{{"x":{}{},"#, "[".repeat(32), "]".repeat(32)),
                1,
            ),
            ContentError::Malformed,
        ),
    ] {
        assert_eq!(read_text(&body), Err(Refused::Content(error)));
    }
}

#[test]
fn a_fraction_is_tried_as_php_writes_it_and_as_it_was_sent() {
    let text = body().to_string().replacen('{', r#"{"fee":1.50,"#, 1);
    let raw = RawCallback::posted(text.into_bytes());
    for (line, came) in [
        ("fee:1.5", Ok(())),
        ("fee:1.50", Ok(())),
        ("fee:1", Err(Refused::Signature)),
    ] {
        let claimed = claim(239, Schemes::Https, &raw).unwrap();
        assert_eq!(claimed.verify(&Holds(line)).map(drop), came, "{line}");
    }
}

#[test]
fn the_payment_is_named_before_anything_is_believed() {
    let hint = |body: &Value| {
        let raw = RawCallback::posted(body.to_string().into_bytes());
        claim(239, Schemes::Https, &raw)
            .unwrap()
            .routing_hint()
            .to_owned()
    };
    assert_eq!(hint(&body()), "ABC12345");
    let mut general = with("/payment/id", Value::Null);
    assert_eq!(hint(&general), "");
    general["general"] = json!({"payment_id": "ABC67890"});
    assert_eq!(hint(&general), "ABC67890");
}

#[test]
fn the_digits_as_sent_are_tried_only_beside_a_fraction() {
    let verify = |document: &str, line: &'static str| {
        let body = body().to_string();
        let rest = body.strip_prefix('{').unwrap();
        let raw = RawCallback::posted(format!(r#"{{"x":{document},{rest}"#).into_bytes());
        claim(239, Schemes::Https, &raw)
            .unwrap()
            .verify(&Holds(line))
            .map(drop)
    };
    // PHP writes -0 as 0.
    assert_eq!(verify("-0", "x:0"), Ok(()));
    assert_eq!(verify("-0", "x:-0"), Err(Refused::Signature));
    for (document, line) in [
        ("1.50", "x:1.50"),
        (r#"{"y":1.50}"#, "x:y:1.50"),
        ("[0,1.50]", "x:1:1.50"),
        (r#"[{"y":[1.50]}]"#, "x:0:y:0:1.50"),
    ] {
        assert_eq!(verify(document, line), Ok(()), "{document}");
    }
}

#[test]
fn where_to_go_comes_with_the_report_and_never_spoils_it() {
    let data = |url: &str| json!({"body": [], "method": "GET", "url": url});
    let mut body = with("/payment/status", json!("awaiting redirect result"));
    body["redirect_data"] = data("https://bank.example/pay");
    let event = read(&body).unwrap();
    assert_eq!(event.evidence.meaning, Meaning::Pending);
    let expected = Redirect::Get {
        url: "https://bank.example/pay".into(),
    };
    assert_eq!(event.redirect, Some(expected));
    let mut unsafe_one = body.clone();
    unsafe_one["redirect_data"] = data("javascript:alert(1)");
    let report = read(&unsafe_one).unwrap();
    assert_eq!((report.evidence, report.redirect), (event.evidence, None));
}
