//! Calls, callbacks and refunds of an account.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use kassa_checkout::{
    Amount, Call, CallError, Coded, Customer, Language, Order, RawCallback, Selection, Timestamp,
    Unsigned,
    bank::BankId,
    lifecycle::Meaning,
    message::{
        Algorithm, ContentError, Purpose, Refused, SignError, Signature, Signer, Verified, Verifier,
    },
    order::{AttemptRef, CallContext, Context},
    provider::{Choice, Next, Payments as _, Provider, Redirect},
    refund::{RefundNote, RefundOrder, RefundRule},
};
use serde_json::{Value, json};

use super::{Op, account::tests::settings, signing::Lines};

const PAYMENT: &str = "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79";

/// Signs with two bytes, and takes no other signature; keeps what it was asked to sign.
#[derive(Default)]
struct Keys(RefCell<Vec<u8>>);

impl Signer for Keys {
    fn sign(&self, algorithm: Algorithm, _: Purpose, text: &[u8]) -> Result<Signature, SignError> {
        assert_eq!(algorithm, Algorithm::RsaSha256);
        *self.0.borrow_mut() = text.to_vec();
        Ok(Signature(vec![0x0a, 0xff]))
    }
}

impl Verifier for Keys {
    fn verify(&self, _: Algorithm, purpose: Purpose, _: &[u8], sig: &[u8]) -> Result<(), Refused> {
        let right = purpose == Purpose::Callback && sig == [0x0a, 0xff];
        right.then_some(()).ok_or(Refused::Signature)
    }
}

fn account(changes: &[(&str, Option<&str>)]) -> Op {
    Op::new(&settings(changes)).unwrap()
}

fn order() -> Order {
    Order {
        provider_payment_id: "pay_1-1".into(),
        amount: Amount::from_cents(1_000).unwrap(),
        reference: "RF511459162006".into(),
        description: Some("Metsän Puoti 1001".into()),
        customer: Customer::default(),
    }
}

fn context(request: &str) -> Context {
    Context {
        now: Timestamp::from_millis(1_635_862_898_000),
        request_id: request.into(),
        session_id: "c0e60055-6b65-57cc-ad13-233672ae9f8d".into(),
        language: Language::Sv,
        expires_at: Timestamp::from_millis(1_635_866_498_000),
        callback_url: "https://kassa.example/callbacks/op".into(),
        return_url: "https://kassa.example/return/t".into(),
        customer_ip: None,
    }
}

fn call_context(request: &str) -> CallContext {
    let context = context(request);
    CallContext {
        now: context.now,
        request_id: context.request_id,
        session_id: context.session_id,
    }
}

const ATTEMPT: AttemptRef<'static> = AttemptRef {
    provider_payment_id: "pay_1-1",
    provider_reference: Some(PAYMENT),
};

fn bank(name: &str) -> Choice {
    Choice::Bank(BankId::parse(name).unwrap())
}

fn created(op: &Op, choice: &Choice) -> Unsigned<Call<kassa_checkout::provider::Opened>> {
    let beginning = op
        .create_payment(&order(), choice, &context("r-1"))
        .unwrap();
    beginning.into_call().unwrap()
}

/// The request as it leaves, checked to be signed over what is sent.
fn sent<T>(unsigned: Unsigned<Call<T>>) -> (Request<Vec<u8>>, kassa_checkout::Reply<T>) {
    let keys = Keys::default();
    let call = unsigned.sign(&keys).unwrap().into_message();
    let (request, reply) = call.into_parts();
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let lines = Lines {
        method: request.method().as_str(),
        content_type: header("content-type"),
        date: header("date"),
        signer: "c3efaaee-a6bb-449f-9213-e45e23a462ef",
        api_key: header("x-api-key"),
        session_id: header("x-session-id"),
        request_id: header("x-request-id"),
        url: &request.uri().to_string(),
        body: request.body(),
    };
    assert_eq!(keys.0.into_inner(), lines.to_bytes());
    assert_eq!(
        header("authorization"),
        "c3efaaee-a6bb-449f-9213-e45e23a462ef:1:1:0aff"
    );
    assert!(request.headers()["authorization"].is_sensitive());
    assert!(request.headers()["x-api-key"].is_sensitive());
    (request, reply)
}

fn answer(status: u16, body: &Value) -> Response<Vec<u8>> {
    let response = Response::builder().status(status);
    response.body(body.to_string().into_bytes()).unwrap()
}

#[test]
fn a_payment_is_made_and_leads_to_the_bank() {
    let op = account(&[]);
    let (request, reply) = sent(created(&op, &bank("nordea")));
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        request.uri(),
        "https://sandbox.apis.op.fi/paymentbutton/v1/payments"
    );
    assert_eq!(request.headers()["date"], "Tue, 02 Nov 2021 14:21:38 GMT");
    let back = json!({"url": "https://kassa.example/return/t"});
    assert_eq!(
        serde_json::from_slice::<Value>(request.body()).unwrap(),
        json!({
            "accountId": "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79",
            "amount": "10.00",
            "currency": "EUR",
            "reference": "RF511459162006",
            "return": back,
            "cancel": back,
            "reject": back,
            "language": "sv",
            "b2bBackend": {"url": "https://kassa.example/callbacks/op/pay_1-1"},
            "messageToCustomer": "Metsän Puoti 1001",
        })
    );
    let body = json!({
        "paymentId": PAYMENT,
        "paymentOperationId": "a2697d49",
        "paymentOperationValidation": "MEU+/=",
    });
    for status in [200, 201] {
        let (_, reply) = sent(created(&op, &bank("nordea")));
        let opened = reply
            .read(&answer(status, &body), &Keys::default())
            .unwrap();
        let opened = opened.into_inner();
        assert!(!format!("{opened:?}").contains(PAYMENT));
        assert_eq!(opened.provider_reference.as_deref(), Some(PAYMENT));
        let Next::Go(Redirect::Get { url }) = opened.next else {
            panic!("waits")
        };
        assert_eq!(
            url,
            "https://api.smn-sandbox.aws.op-palvelut.fi/customer/payment/multibank/direct/NDEAFIHH/\
             startPaymentConfirmation?paymentOperationId=a2697d49\
             &paymentOperationValidation=MEU%2B%2F%3D"
        );
        assert!(!url.contains(PAYMENT));
    }
    let wrong =
        json!({"paymentId": "a b", "paymentOperationId": "a", "paymentOperationValidation": "M"});
    let came = reply.read(&answer(200, &wrong), &Keys::default());
    let field = Refused::Content(ContentError::Field("paymentId"));
    assert_eq!(came.map(drop), Err(CallError::Unreadable(field)));
}

#[test]
fn what_op_does_not_offer_is_refused_by_name() {
    let op = account(&[]);
    let field = |choice: Choice| {
        let refused = op.create_payment(&order(), &choice, &context("r-1"));
        let error = refused.map(drop).unwrap_err();
        (error.code(), error.field())
    };
    assert_eq!(
        field(Choice::Method("card".into())),
        ("op/unknown-method", Some("method"))
    );
    let all = Choice::AtProvider(Selection::AllBanks);
    assert_eq!(field(all), ("op/no-choice", Some("bank")));
    let one = Choice::AtProvider(Selection::SingleBank(BankId::parse("op").unwrap()));
    assert!(op.create_payment(&order(), &one, &context("r-1")).is_ok());
    let alone = account(&[("multibank", None), ("banks", None)]);
    let refused = alone.create_payment(&order(), &bank("nordea"), &context("r-1"));
    assert_eq!(refused.map(drop).unwrap_err().code(), "op/unknown-bank");
}

#[test]
fn a_return_to_localhost_is_refused_as_op_does() {
    let mut context = context("r-1");
    context.return_url = "http://localhost:8080/return/t".into();
    let refused = account(&[]).create_payment(&order(), &bank("op"), &context);
    assert_eq!(refused.map(drop).unwrap_err().field(), Some("return"));
}

#[test]
fn the_status_is_asked_for_by_ops_own_identifier() {
    let op = account(&[]);
    let ask = |request: &str| {
        let question = op.status().unwrap().ask(&ATTEMPT, &call_context(request));
        sent(question.unwrap())
    };
    let (request, reply) = ask("r-2");
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri().to_string(),
        format!("https://sandbox.apis.op.fi/paymentbutton/v1/payments/{PAYMENT}")
    );
    assert!(request.body().is_empty());
    assert_eq!(request.headers()["x-request-id"], "r-2");
    let body = json!({
        "paymentId": PAYMENT, "amount": "10.00", "status": "SIM_PAID",
        "updateTime": "2021-11-02T14:22:00.5Z",
    });
    let events = reply.read(&answer(200, &body), &Keys::default()).unwrap();
    let events = events.into_inner();
    assert_eq!(events[0].provider_payment_id, "pay_1-1");
    assert_eq!(events[0].evidence.meaning, Meaning::Paid);
    let other = json!({"paymentId": "other", "amount": "10.00", "status": "SIM_PAID"});
    for (status, body, temporary) in [
        (200, &other, true),
        (200, &json!([]), true),
        (302, &body, true),
        (429, &body, true),
        (500, &body, true),
        (400, &body, false),
        (401, &body, false),
        (404, &body, false),
    ] {
        let (_, reply) = ask("r-3");
        let error = reply
            .read(&answer(status, body), &Keys::default())
            .unwrap_err();
        assert_eq!(error.is_temporary(), temporary, "{status}: {error}");
        assert!(!format!("{error:?} {error}").contains(PAYMENT));
    }
}

#[test]
fn an_answer_of_256_kib_is_read_and_no_longer_one() {
    let op = account(&[]);
    let hear = |length: usize| {
        let question = op.status().unwrap().ask(&ATTEMPT, &call_context("r-1"));
        let (_, reply) = sent(question.unwrap());
        let body = json!({"paymentId": PAYMENT, "amount": "10.00", "status": "INITIAL"});
        let mut response = answer(200, &body);
        response.body_mut().resize(length, b' ');
        reply
            .read(&response, &Keys::default())
            .map(Verified::into_inner)
    };
    assert_eq!(hear(262_144), Ok(Vec::new()));
    let refused = Refused::Content(ContentError::TooLarge);
    assert_eq!(hear(262_145), Err(CallError::Unreadable(refused)));
}

#[test]
fn a_payment_that_was_never_made_cannot_be_asked_for() {
    let nothing = AttemptRef {
        provider_reference: None,
        ..ATTEMPT
    };
    let refused = account(&[])
        .status()
        .unwrap()
        .ask(&nothing, &call_context("r-1"))
        .err();
    assert_eq!(refused.map(|error| error.code()), Some("op/no-payment"));
}

#[test]
fn the_list_of_other_banks_is_asked_for_where_the_service_is_there() {
    let op = account(&[]);
    let amount = order().amount;
    let question = op
        .bank_list()
        .unwrap()
        .ask_banks(amount, &call_context("r-1"));
    let (request, reply) = sent(question.unwrap());
    let url = "https://sandbox.apis.op.fi/paymentbutton/v1/payments/multibank/providers";
    assert_eq!(request.uri(), url);
    let body = json!({"providers": [{"bankId": "NDEAFIHH", "status": "AVAILABLE"}]});
    let banks = reply.read(&answer(200, &body), &Keys::default()).unwrap();
    let names: Vec<_> = banks.get().iter().map(|bank| bank.id.as_str()).collect();
    assert_eq!(names, ["op", "nordea"]);
    assert!(
        account(&[("multibank", None), ("banks", None)])
            .bank_list()
            .is_none()
    );
}

#[test]
fn a_refund_bears_a_reference_or_a_message() {
    let op = account(&[]);
    let refund = |op: &Op, note| {
        let order = RefundOrder {
            amount: Amount::from_cents(100).unwrap(),
            note,
        };
        op.refunds()
            .unwrap()
            .refund(&ATTEMPT, &order, &call_context("r-1"))
    };
    let (request, reply) = sent(refund(&op, RefundNote::Reference("RF511459162006")).unwrap());
    assert_eq!(
        request.uri().to_string(),
        format!("https://sandbox.apis.op.fi/paymentbutton/v1/payments/{PAYMENT}/refund")
    );
    assert_eq!(
        request.body(),
        br#"{"amount":"1.00","currency":"EUR","reference":"RF511459162006"}"#
    );
    let body = json!({"paymentId": PAYMENT, "totalRefundedAmount": "1.00"});
    let report = reply.read(&answer(200, &body), &Keys::default()).unwrap();
    assert_eq!(report.get().total_refunded_cents, Some(100));
    assert!(!format!("{report:?}").contains(PAYMENT));
    let (request, reply) = sent(refund(&op, RefundNote::Message("Hyvitys")).unwrap());
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(sent["message"], json!({"text": "Hyvitys"}));
    // Less in all than this refund alone: not the answer to it.
    let less = json!({"paymentId": PAYMENT, "totalRefundedAmount": "0.99"});
    assert!(reply.read(&answer(200, &less), &Keys::default()).is_err());
    let long = "a".repeat(141);
    for text in ["", "a\nb", &long] {
        let refused = refund(&op, RefundNote::Message(text)).err();
        assert_eq!(refused.map(|error| error.code()), Some("op/limit"));
    }
    let unnamed = account(&[("refund_message_field", None)]);
    let refused = refund(&unnamed, RefundNote::Message("Hyvitys")).err();
    assert_eq!(refused.map(|error| error.code()), Some("op/refund-message"));
    let wrong = refund(&op, RefundNote::Reference("1233")).err();
    assert_eq!(wrong.and_then(|error| error.field()), Some("reference"));
    assert!(matches!(
        op.refund_rule(),
        RefundRule::Supported { partial: true, .. }
    ));
}

#[test]
fn what_went_back_in_all_is_told_of_the_payment_that_was_asked_about_alone() {
    let op = account(&[]);
    let hear = |body: &Value| {
        let question = op
            .refunds()
            .unwrap()
            .totals()
            .unwrap()
            .ask_total(&ATTEMPT, &call_context("r-1"));
        let (request, reply) = sent(question.unwrap());
        let url = format!("https://sandbox.apis.op.fi/paymentbutton/v1/payments/{PAYMENT}");
        assert_eq!(request.uri().to_string(), url);
        let total = reply.read(&answer(200, body), &Keys::default());
        total.map(|total| total.into_inner().0)
    };
    let body = |id: &str, total: Option<&str>| {
        json!({
            "paymentId": id, "amount": "10.00", "status": "PAID", "totalRefundedAmount": total,
        })
    };
    let wrong = |path| {
        Err(CallError::Unreadable(Refused::Content(
            ContentError::Field(path),
        )))
    };
    assert_eq!(hear(&body(PAYMENT, Some("1.50"))), Ok(150));
    assert_eq!(hear(&body(PAYMENT, Some("0.00"))), Ok(0));
    assert_eq!(hear(&body("other", Some("1.50"))), wrong("paymentId"));
    for total in [None, Some("1,50"), Some("")] {
        assert_eq!(hear(&body(PAYMENT, total)), wrong("totalRefundedAmount"));
    }
}

/// A callback with these headers in place of the right ones.
fn callback(changes: &[(&'static str, Option<&str>)], body: &Value) -> RawCallback {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("date", "Wed, 02 Nov 2021 14:21:38 GMT"),
        ("x-api-key", "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx"),
        ("x-session-id", "s-1"),
        ("x-request-id", "r-9"),
        ("authorization", "op-of-the-simulator:1:3:0AFF"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in changes {
        match value {
            Some(value) => {
                headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            None => {
                headers.remove(*name);
            }
        }
    }
    RawCallback {
        method: Method::POST,
        url: "https://kassa.example/callbacks/op/pay_1-1".into(),
        headers,
        body: body.to_string().into_bytes(),
    }
}

fn notice(op: &Op, raw: &RawCallback) -> Result<String, Refused> {
    let claimed = op.notices().unwrap().claim_notice(raw);
    let claimed = claimed.map_err(Refused::Content)?;
    assert_eq!(claimed.routing_hint(), "pay_1-1");
    let notice = claimed.verify(&Keys::default())?.into_inner();
    Ok(notice.provider_payment_id)
}

#[test]
fn a_callback_is_verified_over_what_came_and_says_only_that_something_changed() {
    let op = account(&[]);
    let body = json!({"paymentId": PAYMENT, "status": "SIM_PAID", "amount": "0.01"});
    assert_eq!(notice(&op, &callback(&[], &body)), Ok("pay_1-1".into()));
    let raw = callback(&[], &body);
    assert!(op.callbacks().is_none());
    let claimed = op.notices().unwrap().claim_notice(&raw).unwrap();
    assert!(!format!("{claimed:?} {raw:?}").contains(PAYMENT));
    assert!(account(&[("callbacks", None)]).notices().is_none());
}

#[test]
fn a_callback_with_anything_amiss_is_refused() {
    let op = account(&[("callback_id", Some("op-of-the-simulator"))]);
    let good = json!({ "paymentId": PAYMENT });
    assert_eq!(notice(&op, &callback(&[], &good)), Ok("pay_1-1".into()));
    for name in [
        "content-type",
        "date",
        "x-api-key",
        "x-session-id",
        "x-request-id",
        "authorization",
    ] {
        let refused = Err(Refused::Content(ContentError::Field(name)));
        assert_eq!(notice(&op, &callback(&[(name, None)], &good)), refused);
    }
    for (header, value, refused) in [
        ("authorization", "m:1:1:0afe", Refused::Signature),
        (
            "authorization",
            "m:2:1:0aff",
            Refused::Content(ContentError::Signature),
        ),
        (
            "authorization",
            "other:1:1:0aff",
            Refused::Content(ContentError::Account),
        ),
        (
            "x-api-key",
            "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhy",
            Refused::Content(ContentError::Account),
        ),
        // Two differences that are each other's.
        (
            "x-api-key",
            "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fiy",
            Refused::Content(ContentError::Account),
        ),
        ("x-api-key", "dxB2", Refused::Content(ContentError::Account)),
    ] {
        let came = notice(&op, &callback(&[(header, Some(value))], &good));
        assert_eq!(came, Err(refused), "{value}");
    }
    let nobodys = [
        ("authorization", Some("other:1:1:0aff")),
        ("x-api-key", Some("other")),
    ];
    assert_eq!(
        notice(&op, &callback(&nobodys, &good)),
        Err(Refused::Content(ContentError::Account))
    );
    let field = Err(Refused::Content(ContentError::Field("paymentId")));
    for body in [
        json!({}),
        json!({"paymentId": 7}),
        json!({"paymentId": ""}),
        json!([]),
    ] {
        assert_eq!(notice(&op, &callback(&[], &body)), field, "{body}");
    }
    let mut torn = callback(&[], &good);
    torn.body.pop();
    assert_eq!(
        notice(&op, &torn),
        Err(Refused::Content(ContentError::Malformed))
    );
    let mut twice = callback(&[], &good);
    twice.headers.append(
        "date",
        HeaderValue::from_static("Wed, 02 Nov 2021 14:21:39 GMT"),
    );
    assert_eq!(
        notice(&op, &twice),
        Err(Refused::Content(ContentError::Field("date")))
    );
    let mut elsewhere = callback(&[], &good);
    elsewhere.url = "https://kassa.example/callbacks/op/".into();
    let came = op.notices().unwrap().claim_notice(&elsewhere);
    assert_eq!(came.map(drop), Err(ContentError::Field("url")));
}

#[test]
fn a_callback_of_64_kib_is_read_and_no_longer_one() {
    let op = account(&[]);
    let long = |length: usize| {
        let mut raw = callback(&[], &json!({ "paymentId": PAYMENT }));
        raw.body.resize(length, b' ');
        notice(&op, &raw)
    };
    assert_eq!(long(65_536), Ok("pay_1-1".into()));
    assert_eq!(long(65_537), Err(Refused::Content(ContentError::TooLarge)));
}

#[test]
fn a_callback_counts_only_about_the_time_that_it_was_sent() {
    // 14:21:38 GMT on that day, and in the example's own words on another weekday.
    let sent = Timestamp::from_millis(1_635_862_898_000);
    let good = json!({ "paymentId": PAYMENT });
    let heard = |op: &Op, raw: &RawCallback| {
        let claimed = op.notices().unwrap().claim_notice(raw).unwrap();
        claimed.verify(&Keys::default()).map(Verified::into_inner)
    };
    let at = |millis: u64| Timestamp::from_millis(sent.millis() + millis - 300_000);
    for date in [
        "Tue, 02 Nov 2021 14:21:38 GMT",
        "Wed, 02 Nov 2021 14:21:38 GMT",
    ] {
        let notice = heard(&account(&[]), &callback(&[("date", Some(date))], &good)).unwrap();
        let timely = [0, 300_000, 600_000].map(|millis| notice.is_timely(at(millis)));
        assert_eq!(timely, [true; 3]);
        assert!(!notice.is_timely(at(600_001)));
        assert!(!notice.is_timely(Timestamp::from_millis(sent.millis() - 300_001)));
    }
    let narrow = account(&[("callback_date_within", Some("1"))]);
    let notice = heard(&narrow, &callback(&[], &good)).unwrap();
    assert!(notice.is_timely(at(301_000)) && !notice.is_timely(at(301_001)));
    let off = account(&[("callback_date_within", Some("off"))]);
    let odd = callback(&[("date", Some("yesterday"))], &good);
    assert!(heard(&off, &odd).unwrap().is_timely(at(0)));
    // What cannot be placed in time is refused, once its signature holds.
    for date in [
        "yesterday",
        "",
        "2021-11-02T14:21:38Z",
        "Tue, 02 Nov 2021 14:21:38 EET",
    ] {
        let refused = heard(&account(&[]), &callback(&[("date", Some(date))], &good));
        let expected = Refused::Content(ContentError::Field("date"));
        assert_eq!(refused.unwrap_err(), expected, "{date}");
    }
}

#[test]
fn the_text_to_verify_holds_the_date_as_it_came() {
    let raw = callback(&[], &json!({ "paymentId": PAYMENT }));
    struct Same(Vec<u8>);
    impl Verifier for Same {
        fn verify(&self, _: Algorithm, _: Purpose, text: &[u8], _: &[u8]) -> Result<(), Refused> {
            (text == self.0).then_some(()).ok_or(Refused::Signature)
        }
    }
    let text = format!(
        "POST\napplication/json\nWed, 02 Nov 2021 14:21:38 GMT\nop-of-the-simulator\n\
         dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx\ns-1\nr-9\n\
         https://kassa.example/callbacks/op/pay_1-1\n{{\"paymentId\":\"{PAYMENT}\"}}"
    );
    let claimed = account(&[]).notices().unwrap().claim_notice(&raw).unwrap();
    assert!(claimed.verify(&Same(text.into_bytes())).is_ok());
}
