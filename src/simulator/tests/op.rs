//! OP's side, as a merchant sees it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kassa_simulator::op::{CANCELS, REJECTS};
use kassa_simulator::{Config, app};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

const HOST: &str = "op.example";
const REST: &str = "/op/paymentbutton/v1";
const MERCHANT: &str = "c3efaaee-a6bb-449f-9213-e45e23a462ef";

/// A callback as it came.
type Came = (HeaderMap, Bytes);

/// The simulator, and a merchant that takes callbacks.
struct World {
    app: Router,
    callback_url: String,
    came: mpsc::UnboundedReceiver<Came>,
    requests: u32,
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn assumed(&self) -> &str {
        self.headers["x-simulator-assumed"].to_str().unwrap()
    }

    fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }
}

impl World {
    async fn start() -> Self {
        let (sender, came) = mpsc::unbounded_channel();
        let receiver = Router::new().route(
            "/callbacks/op/{attempt}",
            post(move |headers: HeaderMap, body: Bytes| async move {
                sender.send((headers, body)).unwrap();
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, receiver).await.unwrap() });
        Self {
            app: app(Config::development()),
            callback_url: format!("http://{address}/callbacks/op/pay-1"),
            came,
            requests: 0,
        }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", HOST);
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    /// A signed call; `spoil` changes the text that is signed.
    async fn call_with(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        spoil: impl Fn(String) -> String,
    ) -> Answer {
        self.requests += 1;
        let request = format!("00000000-0000-4000-8000-{:012}", self.requests);
        self.call_as(&request, method, path, body, spoil).await
    }

    async fn call_as(
        &self,
        request_id: &str,
        method: &str,
        path: &str,
        body: &str,
        spoil: impl Fn(String) -> String,
    ) -> Answer {
        let (kind, date) = ("application/json", "Tue, 02 Nov 2021 14:21:38 GMT");
        let (key, session) = ("invented-api-key", "c0e60055-6b65-57cc-ad13-233672ae9f8d");
        let url = format!("http://{HOST}{REST}{path}");
        let text = format!(
            "{method}\n{kind}\n{date}\n{MERCHANT}\n{key}\n{session}\n{request_id}\n{url}\n{body}"
        );
        let signature = sign(spoil(text).as_bytes());
        let request = Request::builder()
            .method(method)
            .uri(format!("{REST}{path}"))
            .header("host", HOST)
            .header("content-type", kind)
            .header("date", date)
            .header("x-api-key", key)
            .header("x-session-id", session)
            .header("x-request-id", request_id)
            .header("authorization", format!("{MERCHANT}:1:1:{signature}"))
            .body(Body::from(body.to_owned()));
        self.ask(request.unwrap()).await
    }

    async fn call(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.call_with(method, path, &body, |text| text).await
    }

    fn order(&self) -> Value {
        let url = |path| json!({ "url": format!("https://shop.example/{path}") });
        json!({
            "accountId": "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79",
            "amount": "10.00",
            "currency": "EUR",
            "reference": "RF511459162006",
            "return": url("return"),
            "cancel": url("cancel"),
            "reject": url("reject"),
            "b2bBackend": { "url": self.callback_url },
        })
    }

    /// A payment, and the way to its bank.
    async fn create(&mut self, order: &Value, bank: &str) -> (String, String) {
        let made = self.call("POST", "/payments", order).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let validation = text("paymentOperationValidation");
        assert!(validation.contains(['+', '/', '=']));
        let query = format!(
            "paymentOperationId={}&paymentOperationValidation={}",
            text("paymentOperationId"),
            kassa_simulator::form::encode(&validation)
        );
        let way = format!("/op/customer/payment{bank}/startPaymentConfirmation?{query}");
        (text("paymentId"), way)
    }

    async fn status(&mut self, id: &str) -> Value {
        let answer = self
            .call("GET", &format!("/payments/{id}"), &Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.assumed().contains("status-enum"));
        answer.json()
    }

    async fn callback(&mut self) -> Option<Came> {
        tokio::time::timeout(Duration::from_millis(500), self.came.recv())
            .await
            .ok()
            .flatten()
    }
}

/// With the example key of OP's documentation.
fn sign(text: &[u8]) -> String {
    let file = include_str!("../../../tests/vectors/op-example-key.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let der = STANDARD
        .decode(file["pkcs8_der_base64"].as_str().unwrap())
        .unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)
        .unwrap();
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_customer_pays_at_the_bank_and_the_merchant_is_told_once() {
    let mut world = World::start().await;
    let (id, way) = world
        .create(&world.order(), "/multibank/direct/sim-nordea")
        .await;
    assert_eq!(world.status(&id).await["status"], "INITIAL");
    let sent = world.get(&way).await;
    assert_eq!(sent.status, 302);
    let page = sent.location().to_owned();
    let shown = world.get(&page).await;
    assert!(shown.text.contains("Nordea") && shown.text.contains("RF511459162006"));
    assert!(!shown.text.contains(&id), "the payer sees OP's identifier");
    assert!(
        !shown.text.contains("8a5d4aac"),
        "the payer sees the account"
    );
    let pay = Request::post(&page)
        .header("host", HOST)
        .body(Body::from("act=pay"));
    let paid = world.ask(pay.unwrap()).await;
    assert_eq!(
        (paid.status, paid.location()),
        (303, "https://shop.example/return")
    );

    let (headers, body) = world.callback().await.unwrap();
    let header = |name: &str| headers[name].to_str().unwrap();
    let authorization: Vec<_> = header("authorization").split(':').collect();
    let text = format!(
        "POST\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}",
        header("content-type"),
        header("date"),
        authorization[0],
        header("x-api-key"),
        header("x-session-id"),
        header("x-request-id"),
        world.callback_url,
        String::from_utf8_lossy(&body),
    );
    let pem = world.get("/control/op/key").await.text;
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let spki = STANDARD.decode(lines.collect::<String>()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki[24..]);
    let hex = authorization[3];
    let signature: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    key.verify(text.as_bytes(), &signature).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap()["paymentId"],
        id.as_str()
    );
    let stands = world.status(&id).await;
    assert_eq!(
        (&stands["status"], &stands["amount"]),
        (&json!("SIM_PAID"), &json!("10.00"))
    );

    // It is over: the bank leads back, and nobody is told again.
    assert_eq!(
        world.get(&way).await.location(),
        "https://shop.example/return"
    );
    assert!(world.callback().await.is_none());
}

#[tokio::test]
async fn the_two_special_accounts_end_at_once() {
    let mut world = World::start().await;
    for (account, leads_to, word) in [
        (CANCELS, "https://shop.example/cancel", "SIM_CANCELLED"),
        (REJECTS, "https://shop.example/reject", "SIM_FAILED"),
    ] {
        let mut order = world.order();
        order["accountId"] = json!(account);
        let (id, way) = world.create(&order, "").await;
        let sent = world.get(&way).await;
        assert_eq!((sent.status, sent.location()), (302, leads_to));
        assert_eq!(world.status(&id).await["status"], word);
        assert!(world.callback().await.is_some());
    }
}

#[tokio::test]
async fn a_wrong_signature_is_refused_with_the_mistake() {
    let mut world = World::start().await;
    let order = world.order().to_string();
    for (spoil, why) in [
        (
            (|text| text + "\n") as fn(String) -> String,
            "a line feed after the body",
        ),
        (|text| text.replace('\n', "\r\n"), "end with CR and LF"),
        (|text| text.replace("10.00", "1.00"), "over another text"),
    ] {
        let refused = world.call_with("POST", "/payments", &order, spoil).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains(why), "{}", refused.text);
        assert_eq!(refused.assumed(), "error-status,error-body");
    }
    let providers = "/payments/multibank/providers";
    let without = |text: String| text.trim_end_matches('\n').to_owned();
    let refused = world.call_with("GET", providers, "", without).await;
    assert!(
        refused.text.contains("no line feed after the URL"),
        "{}",
        refused.text
    );
    assert_eq!(world.call("GET", providers, &Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_pair_of_identifiers_is_good_for_one_request() {
    let world = World::start().await;
    let id = "11111111-1111-4111-8111-111111111111";
    let path = "/payments/multibank/providers";
    let first = world.call_as(id, "GET", path, "", |text| text).await;
    assert_eq!(first.status, 200);
    let again = world.call_as(id, "GET", path, "", |text| text).await;
    assert_eq!(again.status, 409);
    assert!(again.text.contains("used already"));
    let odd = world.call_as("no-uuid", "GET", path, "", |text| text).await;
    assert_eq!(odd.status, 401);
}

#[tokio::test]
async fn what_op_would_refuse_is_refused_by_name() {
    let mut world = World::start().await;
    for (path, value, field) in [
        ("/return/url", json!("http://localhost:8080/"), "return"),
        ("/cancel/url", json!("ftp://shop.example"), "cancel"),
        ("/b2bBackend/url", json!("http://localhost/"), "b2bBackend"),
        ("/amount", json!("10"), "amount"),
        ("/amount", json!(10), "invalid type"),
        ("/currency", json!("SEK"), "currency"),
        ("/reference", json!("12 32"), "reference"),
        ("/accountId", json!(""), "accountId"),
    ] {
        let mut order = world.order();
        *order.pointer_mut(path).unwrap() = value;
        let refused = world.call("POST", "/payments", &order).await;
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.text.contains(field), "{}", refused.text);
    }
    let mut merchant = world.order();
    merchant["merchantId"] = json!(MERCHANT);
    assert_eq!(world.call("POST", "/payments", &merchant).await.status, 400);
}

#[tokio::test]
async fn refunds_never_exceed_the_payment() {
    let mut world = World::start().await;
    let (id, _) = world.create(&world.order(), "").await;
    let path = format!("/payments/{id}/refund");
    let part = json!({"amount": "4.00", "currency": "EUR", "reference": "RF511459162006"});
    assert_eq!(
        world.call("POST", &path, &part).await.status,
        400,
        "not paid yet"
    );
    let act = Request::post(format!("/control/op/payments/{id}/act"))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"act": "pay"}"#));
    assert_eq!(world.ask(act.unwrap()).await.status, 200);
    let first = world.call("POST", &path, &part).await;
    assert_eq!(first.json()["totalRefundedAmount"], "4.00");
    assert!(first.assumed().contains("refund-path"));
    assert_eq!(
        world.call("POST", &path, &part).await.json()["totalRefundedAmount"],
        "8.00"
    );
    assert_eq!(world.call("POST", &path, &part).await.status, 400);
    for wrong in [
        json!({"amount": "1.00", "currency": "EUR"}),
        json!({"amount": "1.00", "currency": "EUR", "reference": "1232", "message": {"text": "x"}}),
    ] {
        assert_eq!(world.call("POST", &path, &wrong).await.status, 400);
    }
    let stands = world.status(&id).await;
    assert_eq!(stands["totalRefundedAmount"], "8.00");
    assert_eq!(stands["refunds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn calls_and_callbacks_go_wrong_on_demand() {
    let mut world = World::start().await;
    let faults = Request::post("/control/op/faults")
        .header("content-type", "application/json")
        .body(Body::from(
            r#"{"refuse": 2, "refuse_with": 503, "refuse_path": "/payments", "lose_callbacks": 1}"#,
        ));
    assert_eq!(world.ask(faults.unwrap()).await.status, 204);
    let banks = "/payments/multibank/providers";
    let banks = world.call("GET", banks, &Value::Null).await;
    assert_eq!(banks.status, 200);
    for status in [503, 503, 200] {
        let order = world.order();
        assert_eq!(world.call("POST", "/payments", &order).await.status, status);
    }
    let mut order = world.order();
    order["accountId"] = json!(REJECTS);
    for heard in [false, true] {
        let (_, way) = world.create(&order, "").await;
        assert_eq!(world.get(&way).await.status, 302);
        assert_eq!(world.callback().await.is_some(), heard);
    }
}

#[tokio::test]
async fn every_answer_says_what_it_assumes() {
    let mut world = World::start().await;
    let made = world.call("POST", "/payments", &world.order()).await;
    assert_eq!(made.assumed(), "success-status");
    let id = made.json()["paymentId"].as_str().unwrap().to_owned();
    let status = format!("/payments/{id}");
    let stands = world.call("GET", &status, &Value::Null).await;
    assert_eq!(stands.assumed(), "status-enum,refund-items,error-fields");
    let banks = "/payments/multibank/providers";
    let banks = world.call("GET", banks, &Value::Null).await;
    assert_eq!(banks.assumed(), "bank-ids,provider-fields");
    let unknown = world.call("GET", "/payments/none", &Value::Null).await;
    assert_eq!(
        (unknown.status, unknown.assumed()),
        (404, "error-status,error-body")
    );

    let (id, way) = world.create(&world.order(), "").await;
    let sent = world.get(&way).await;
    assert_eq!(sent.assumed(), "redirect-status");
    let page = sent.location().to_owned();
    assert_eq!(world.get(&page).await.assumed(), "bank-page");
    let act = Request::post(&page).header("host", HOST);
    let paid = world.ask(act.body(Body::from("act=pay")).unwrap()).await;
    assert_eq!(paid.assumed(), "return-redirect");
    assert_eq!(world.get(&page).await.assumed(), "return-redirect");
    let (headers, _) = world.callback().await.unwrap();
    assert_eq!(
        headers["x-simulator-assumed"],
        "callback-url-line,callback-body"
    );
    let refund = json!({"amount": "1.00", "currency": "EUR", "reference": "1232"});
    let refunded = world
        .call("POST", &format!("/payments/{id}/refund"), &refund)
        .await;
    assert_eq!(
        refunded.assumed(),
        "refund-path,refund-sum-capped,refund-payment-id"
    );
}

#[tokio::test]
async fn what_is_processed_is_paid_a_minute_later_and_nobody_is_told() {
    let mut world = World::start().await;
    let (id, way) = world.create(&world.order(), "").await;
    let page = world.get(&way).await.location().to_owned();
    let act = Request::post(&page).header("host", HOST);
    let taken = world
        .ask(act.body(Body::from("act=process")).unwrap())
        .await;
    assert_eq!(taken.location(), "https://shop.example/return");
    assert!(world.callback().await.is_some());
    assert_eq!(world.status(&id).await["status"], "SIM_PROCESSING");
    let skip = Request::post("/control/clock").header("content-type", "application/json");
    let skip = skip.body(Body::from(r#"{"skip_seconds": 60}"#)).unwrap();
    assert_eq!(world.ask(skip).await.status, 200);
    assert_eq!(world.status(&id).await["status"], "SIM_PAID");
    assert!(world.callback().await.is_none());
}

#[tokio::test]
async fn callbacks_are_held_and_repeated_on_demand() {
    let mut world = World::start().await;
    let control = |path: &str, body: &'static str| {
        let request = Request::post(format!("/control/op{path}"));
        let request = request.header("content-type", "application/json");
        request.body(Body::from(body)).unwrap()
    };
    let faults = r#"{"hold_callbacks": true, "repeat_callbacks": 1}"#;
    assert_eq!(world.ask(control("/faults", faults)).await.status, 204);
    let (id, _) = world.create(&world.order(), "").await;
    let act = format!("/payments/{id}/act");
    assert_eq!(
        world.ask(control(&act, r#"{"act": "pay"}"#)).await.status,
        200
    );
    assert!(world.callback().await.is_none());
    let released = world.ask(control("/callbacks/release", "{}")).await;
    assert_eq!(released.json()["released"], 2);
    assert!(world.callback().await.is_some() && world.callback().await.is_some());
    let given = world
        .ask(control(
            &format!("/payments/{id}/refund"),
            r#"{"cents": 100}"#,
        ))
        .await;
    assert_eq!(given.json()["total_cents"], 100);
    assert_eq!(world.status(&id).await["totalRefundedAmount"], "1.00");
}
