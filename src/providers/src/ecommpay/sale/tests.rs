//! The sale that is sent, and what is read from the answers to it.

use http::Response;
use kassa_checkout::{
    Amount, CallError, Coded, Customer, Language, Order, Timestamp,
    bank::Unavailable,
    message::{
        Algorithm, ContentError, Purpose, Refused, SignError, Signature, Signer, Verified, Verifier,
    },
    order::Context,
    provider::{BuildError, Next, Opened},
};
use serde_json::{Value, json};

use super::begin;
use crate::ecommpay::{BankNumber, GateUrl, signing};

/// Signs with zeros, and takes every signature for good, or none.
struct Keys(bool);

impl Signer for Keys {
    fn sign(&self, _: Algorithm, _: Purpose, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature(vec![0; 64]))
    }
}

impl Verifier for Keys {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        self.0.then_some(()).ok_or(Refused::Signature)
    }
}

const ID: &str = "ORDER_155860015";

fn order() -> Order {
    Order {
        provider_payment_id: ID.into(),
        amount: Amount::from_cents(1_000).unwrap(),
        reference: "1234561".into(),
        description: None,
        customer: Customer {
            id: "customer1".into(),
            first_name: Some("John".into()),
            last_name: Some("Doe".into()),
            email: Some("marker@shop.example".into()),
            phone: Some("358401234567".into()),
        },
    }
}

fn context() -> Context {
    Context {
        now: Timestamp::from_millis(1_604_414_498_000),
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".into(),
        language: Language::Sv,
        expires_at: Timestamp::from_millis(1_604_418_098_000),
        callback_url: "https://kassa.example/callbacks/ecommpay".into(),
        return_url: "https://kassa.example/return/t".into(),
        customer_ip: Some([66, 249, 64, 45].into()),
    }
}

type Sale = kassa_checkout::Unsigned<kassa_checkout::Call<Opened>>;

fn sale(order: &Order, context: &Context) -> Result<Sale, BuildError> {
    let bank = BankNumber::new(4_991).unwrap();
    begin(2_990, &GateUrl::default(), bank, order, context)
}

fn field(order: &Order, context: &Context) -> Option<&'static str> {
    sale(order, context).err().and_then(|error| error.field())
}

/// `gate/sale-seed-real-bank` of `tests/vectors/ecommpay-sign.json`, with our own addresses and
/// the two fields that the example leaves out.
#[test]
fn the_sale_is_signed_as_the_official_sdks_sign_it() {
    let unsigned = sale(&order(), &context()).unwrap();
    let expected = "account:bank_id:4991;customer:first_name:John;customer:id:customer1;\
        customer:ip_address:66.249.64.45;customer:last_name:Doe;\
        general:merchant_callback_url:https://kassa.example/callbacks/ecommpay;\
        general:payment_id:ORDER_155860015;general:project_id:2990;\
        payment:amount:1000;payment:currency:EUR;payment:description:1234561;\
        return_url:decline:https://kassa.example/return/t;\
        return_url:return:https://kassa.example/return/t;\
        return_url:success:https://kassa.example/return/t";
    assert_eq!(
        String::from_utf8(unsigned.signing_input().to_vec()).unwrap(),
        expected
    );
    let (request, _) = unsigned
        .sign(&Keys(true))
        .unwrap()
        .into_message()
        .into_parts();
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://api.ecommpay.com/v2/payment/banks/finland/sale"
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    let mut sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert!(sent["payment"]["amount"].is_u64() && sent["account"]["bank_id"].is_u64());
    let general = sent["general"].as_object_mut().unwrap();
    assert_eq!(
        general.remove("signature"),
        Some(Value::from("A".repeat(86) + "=="))
    );
    let text = signing::canonical_string(sent.to_string().as_bytes()).unwrap();
    assert_eq!(text, expected);
    assert!(
        !sent.to_string().contains("marker"),
        "nothing more than asked for"
    );
}

#[test]
fn a_customer_of_ipv6_and_other_letters() {
    let (mut order, mut context) = (order(), context());
    order.customer.first_name = Some("Åke".into());
    context.customer_ip = Some("2001:db8::1".parse().unwrap());
    let unsigned = sale(&order, &context).unwrap();
    let text = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
    assert!(text.contains("customer:ip_address:2001:db8::1;"), "{text}");
    assert!(text.contains("customer:first_name:Åke;"), "{text}");
    context.customer_ip = Some("::ffff:192.0.2.7".parse().unwrap());
    let unsigned = sale(&order, &context).unwrap();
    let text = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
    assert!(text.contains("customer:ip_address:192.0.2.7;"), "{text}");
}

#[test]
fn what_the_gate_would_refuse_or_the_signature_blur_is_named() {
    let with = |change: fn(&mut Order, String), text: &str| {
        let mut order = order();
        change(&mut order, text.to_owned());
        field(&order, &context())
    };
    type Change = fn(&mut Order, String);
    let fields: [(&str, Change, bool); 5] = [
        (
            "customer.first_name",
            |order, text| order.customer.first_name = Some(text),
            true,
        ),
        (
            "customer.last_name",
            |order, text| order.customer.last_name = Some(text),
            true,
        ),
        ("customer.id", |order, text| order.customer.id = text, false),
        (
            "general.payment_id",
            |order, text| order.provider_payment_id = text,
            false,
        ),
        (
            "payment.description",
            |order, text| order.description = Some(text),
            true,
        ),
    ];
    for (name, change, may_be_empty) in fields {
        assert_eq!(with(change, &"ä".repeat(255)), None, "{name}");
        assert_eq!(with(change, "").is_none(), may_be_empty, "{name}");
        for text in [&"ä".repeat(256), "a;payment:status:success", "a\nb"] {
            assert_eq!(with(change, text), Some(name), "{text:?}");
        }
    }
    let mut context = context();
    context.return_url = "https://shop.example/a;b".into();
    assert_eq!(field(&order(), &context), Some("return_url.return"));
    context = self::context();
    context.callback_url = "kassa.example".into();
    assert_eq!(
        field(&order(), &context),
        Some("general.merchant_callback_url")
    );
    context = self::context();
    context.customer_ip = None;
    assert_eq!(field(&order(), &context), Some("customer.ip_address"));
}

fn hear(status: u16, body: &Value, keys: &Keys) -> Result<Opened, CallError> {
    let unsigned = sale(&order(), &context()).unwrap();
    let (_, reply) = unsigned.sign(keys).unwrap().into_message().into_parts();
    let response = Response::builder()
        .status(status)
        .body(body.to_string().into_bytes());
    reply
        .read(&response.unwrap(), keys)
        .map(Verified::into_inner)
}

fn signed(mut body: Value) -> Value {
    body["signature"] = Value::from("A".repeat(86) + "==");
    body
}

/// `gate/sync-response` of the vectors.
fn taken() -> Value {
    json!({
        "status": "success",
        "request_id": "4727897a23d96203f784d22c87a7f4f473d93-00077797",
        "project_id": 2990,
        "payment_id": ID,
    })
}

fn error(code: &str) -> Value {
    json!({"status": "error", "code": code, "message": "marker", "project_id": 2990, "payment_id": ID})
}

const AWAIT: Opened = Opened {
    provider_reference: None,
    next: Next::Await,
};

#[test]
fn a_signed_success_says_that_the_sale_was_taken_and_no_more() {
    assert_eq!(hear(200, &signed(taken()), &Keys(true)), Ok(AWAIT));
}

#[test]
fn a_success_that_is_not_ours_or_not_signed_is_not_believed() {
    let signature = CallError::Unreadable(Refused::Signature);
    assert_eq!(hear(200, &signed(taken()), &Keys(false)), Err(signature));
    let content = |error| Err(CallError::Unreadable(Refused::Content(error)));
    assert_eq!(
        hear(200, &taken(), &Keys(true)),
        content(ContentError::Signature)
    );
    for (field, value, expected) in [
        (
            "payment_id",
            json!("ORDER_2"),
            ContentError::Field("payment_id"),
        ),
        ("payment_id", Value::Null, ContentError::Field("payment_id")),
        ("project_id", json!(2991), ContentError::Account),
        ("status", json!("ok"), ContentError::Field("status")),
        ("status", Value::Null, ContentError::Field("status")),
    ] {
        let mut body = signed(taken());
        body[field] = value;
        assert_eq!(hear(200, &body, &Keys(true)), content(expected), "{field}");
    }
    assert_eq!(
        hear(200, &json!([]), &Keys(true)),
        content(ContentError::Signature)
    );
}

#[test]
fn each_refusal_in_its_own_way() {
    let refused = |status, code: &str| CallError::Refused {
        status,
        code: Some(code.to_owned()),
    };
    let not_offered = |why| CallError::NotOffered { why };
    let unavailable = CallError::Unavailable { retry_after: None };
    for (status, code, expected) in [
        (400, "3261", refused(400, "3261")),
        (400, "2004", refused(400, "2004")),
        (403, "303", refused(403, "303")),
        (422, "2003", refused(422, "2003")),
        (200, "100", refused(200, "100")),
        (500, "501", unavailable.clone()),
        (500, "2801", unavailable.clone()),
        (400, "601", unavailable),
        (400, "2801", not_offered(None)),
        (400, "2641", not_offered(None)),
        (400, "2642", not_offered(Some(Unavailable::Amount))),
        (400, "3358", not_offered(Some(Unavailable::Amount))),
    ] {
        for body in [error(code), signed(error(code))] {
            assert_eq!(
                hear(status, &body, &Keys(true)),
                Err(expected.clone()),
                "{code}"
            );
        }
    }
    for status in [400, 403, 422] {
        let came = hear(status, &json!("<html>"), &Keys(true));
        let expected = CallError::Refused { status, code: None };
        assert!(matches!(came, Err(error) if error == expected || error.is_temporary()));
    }
}

/// The payment's identifier is the idempotency key: that it is there already is good news, when
/// it is signed.
#[test]
fn a_sale_that_is_there_already_was_taken() {
    assert_eq!(hear(400, &signed(error("3041")), &Keys(true)), Ok(AWAIT));
    let unsure = CallError::Unavailable { retry_after: None };
    assert_eq!(hear(400, &error("3041"), &Keys(true)), Err(unsure));
    let forged = CallError::Unreadable(Refused::Signature);
    assert_eq!(hear(400, &signed(error("3041")), &Keys(false)), Err(forged));
}
