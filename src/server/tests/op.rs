//! OP Online Payment end to end: the whole service on a socket, the simulated OP on another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    io::Write,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use kassa_checkout::{Amount, BankId, Language, Timestamp, refund::RefundTold};
use kassa_keys::{ApiKeyHash, api_key_text};
use kassa_server::{
    AppState, clock,
    config::Config,
    serve::Service,
    store::{Begin, MessageFilter, NewRefund, RefundStep, Refunding},
};
use kit::{Folder, text};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tracing::Level;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// What must not reach a customer: OP's identifiers of the merchant and the account. That of a
/// payment is added when the simulator knows it.
const MERCHANT: &str = "c3efaaee-a6bb-449f-9213-e45e23a462ef";
const ACCOUNT: &str = "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79";

/// Both services.
struct World {
    kassa: String,
    simulator: String,
    client: reqwest::Client,
    key: String,
    /// All that came to the browser.
    seen: Mutex<String>,
    folder: Folder,
    app: AppState,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap().to_string()
}

impl World {
    async fn start() -> Self {
        Self::with_account(ACCOUNT).await
    }

    async fn with_account(account: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let simulator = format!("http://{}", listener.local_addr().unwrap());
        let router = kassa_simulator::app(kassa_simulator::Config::development());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let folder = Folder::new();
        let kassa = free_address().await;
        let public = client.get(format!("{simulator}/control/op/key"));
        let public = public.send().await.unwrap().text().await.unwrap();
        let key = api_key_text("live", &[9; 32]).to_string();
        let file = configuration(&folder, &kassa, &simulator, account, &public, &key);
        let mut config = Config::read(&file).unwrap();
        // The simulator has no certificate.
        config.development = true;
        let service = Service::start(config).await.unwrap();
        let app = service.app.clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        Self {
            kassa: format!("http://{kassa}"),
            simulator,
            client,
            key,
            seen: Mutex::default(),
            folder,
            app,
            stop: Some(stop),
            ended,
        }
    }

    /// A payment of the shop's.
    async fn payment(&self, order: &str) -> Value {
        let body = json!({
            "order": order, "amount": 4_990, "return_url": "http://127.0.0.1:8082/thanks",
        });
        let request = self.client.post(format!("{}/v1/payments", self.kassa));
        let request = request
            .bearer_auth(&self.key)
            .header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// What the customer's browser asks Kassa for, and gets.
    async fn browse(&self, request: reqwest::RequestBuilder) -> (u16, String, String) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = format!("{:?}", answer.headers());
        let location = answer.headers().get("location");
        let location = location.map_or(String::new(), |to| to.to_str().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let mut seen = self.seen.lock().unwrap();
        seen.push_str(&headers);
        seen.push_str(&text);
        (status, location, text)
    }

    async fn pay(&self, payment: &Value, bank: &str) -> (u16, Value) {
        let path = format!("{}/checkout/{}/pay", self.kassa, text(payment, "token"));
        let request = self
            .client
            .post(path)
            .header("content-type", "application/json")
            .body(json!({ "bank": bank }).to_string());
        let (status, _, body) = self.browse(request).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn status(&self, payment: &Value) -> Value {
        let path = format!("{}/checkout/{}/status", self.kassa, text(payment, "token"));
        let (status, _, body) = self.browse(self.client.get(path)).await;
        assert_eq!(status, 200);
        serde_json::from_str(&body).unwrap()
    }

    async fn until(&self, payment: &Value, wanted: &str, patience: Duration) {
        let start = tokio::time::Instant::now();
        loop {
            let status = self.status(payment).await;
            if status["status"] == wanted {
                return;
            }
            assert!(start.elapsed() < patience, "{wanted}: {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The customer follows the way to the bank and does this there; answers where the bank then
    /// leads.
    async fn at_the_bank(&self, step: &Value, act: &str) -> String {
        let way = text(step, "url");
        assert!(way.starts_with(&self.simulator), "{way}");
        self.seen.lock().unwrap().push_str(way);
        let sent = self.client.get(way).send().await.unwrap();
        let page = sent.headers()["location"].to_str().unwrap().to_owned();
        let page = format!("{}{page}", self.simulator);
        let shown = self.client.get(&page).send().await.unwrap();
        let shown = shown.text().await.unwrap();
        self.seen.lock().unwrap().push_str(&shown);
        let form = self.client.post(&page).body(format!("act={act}"));
        let ended = form.send().await.unwrap();
        ended.headers()["location"].to_str().unwrap().to_owned()
    }

    async fn control(&self, path: &str, body: Value) {
        let request = self
            .client
            .post(format!("{}/control/op{path}", self.simulator));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    async fn at_op(&self) -> Vec<Value> {
        let answer = self
            .client
            .get(format!("{}/control/op/payments", self.simulator));
        let answer = answer.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["payments"].as_array().unwrap().clone()
    }

    /// Nothing of what OP wants kept came to the browser.
    async fn nothing_leaked(&self) {
        let payments = self.at_op().await;
        assert!(!payments.is_empty());
        let seen = self.seen.lock().unwrap();
        assert!(seen.len() > 1_000);
        let ids = payments.iter().map(|payment| text(payment, "paymentId"));
        for secret in [MERCHANT, ACCOUNT, "invented-api-key"]
            .into_iter()
            .chain(ids)
        {
            assert!(!seen.contains(secret), "{secret}");
        }
    }

    async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(8), self.ended).await;
        ended.expect("it did not stop").unwrap().unwrap();
        drop(self.folder);
    }
}

fn configuration(
    folder: &Folder,
    kassa: &str,
    simulator: &str,
    account: &str,
    public: &str,
    key: &str,
) -> std::path::PathBuf {
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let example = include_str!("../../../tests/vectors/op-example-key.json");
    let example: Value = serde_json::from_str(example).unwrap();
    let der = text(&example, "pkcs8_der_base64");
    write(
        "op.pem",
        &format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"),
    );
    write("callback.pem", public);
    write("merchant", MERCHANT);
    write("account", account);
    write("api-key", "invented-api-key");
    let hash = ApiKeyHash::of(key).unwrap().to_hex();
    let text = format!(
        r#"public_url = "http://{kassa}"
listen = "{kassa}"
database = "kassa.db"
[limits]
token_per_second = 0
address_per_second = 0
[[shops]]
id = "puoti"
payee = "Metsän Puoti Oy"
api_keys = ["{hash}"]
return_origins = ["http://127.0.0.1:8082"]
[[shops.accounts]]
provider = "op"
secrets = ["file:op.pem"]
callback_keys = ["file:callback.pem"]
[shops.accounts.settings]
environment = "sandbox"
merchant_id = "file:merchant"
account_id = "file:account"
api_key = "file:api-key"
key_version = 1
rest_url = "{simulator}/op/paymentbutton/v1"
browser_url = "{simulator}/op"
success_words = ["SIM_PAID"]
cancelled_words = ["SIM_CANCELLED"]
failed_words = ["SIM_FAILED"]
multibank = true
banks = ["nordea=sim-nordea"]
bank_available_words = ["SIM_AVAILABLE"]
callbacks = true
"#
    );
    write("kassa.toml", &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_pay_cancel_and_are_refused_at_op_and_at_another_bank() {
    let world = World::start().await;
    for (order, bank, act, status) in [
        ("1001", "op", "pay", "paid"),
        ("1002", "nordea", "pay", "paid"),
        ("1003", "op", "cancel", "cancelled"),
        ("1004", "nordea", "refuse", "declined"),
        // No reference can be made of it, so that one of the shop's series is allotted.
        ("A-1005", "op", "pay", "paid"),
    ] {
        let payment = world.payment(order).await;
        let (code, step) = world.pay(&payment, bank).await;
        assert_eq!(code, 200, "{step}");
        assert_eq!(
            text(&step, "url").contains("/multibank/direct/sim-nordea/"),
            bank == "nordea"
        );
        let back = world.at_the_bank(&step, act).await;
        assert_eq!(
            back,
            format!("{}/return/{}", world.kassa, text(&payment, "token"))
        );
        // By the callback, long before the first question would be due.
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.browse(world.client.get(&back)).await;
        let page = format!("{}/checkout/{}", world.kassa, text(&payment, "token"));
        world.browse(world.client.get(page)).await;
    }
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_callback_is_healed_by_asking() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, step) = world.pay(&payment, "op").await;
    world.at_the_bank(&step, "pay").await;
    assert_ne!(world.status(&payment).await["status"], "paid");
    world.until(&payment, "paid", Duration::from_secs(40)).await;
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_op_did_not_take_on_can_be_begun_again() {
    let world = World::start().await;
    let payment = world.payment("1001").await;
    // Also the list of banks may be asked for in between.
    let faults = json!({ "refuse": 100, "refuse_with": 503 });
    world.control("/faults", faults).await;
    let (code, problem) = world.pay(&payment, "op").await;
    assert_eq!(code, 503, "{problem}");
    assert!(world.at_op().await.is_empty());
    world.control("/faults", json!({})).await;
    let (code, step) = world.pay(&payment, "op").await;
    assert_eq!(code, 200, "{step}");
    world.at_the_bank(&step, "pay").await;
    world.until(&payment, "paid", Duration::from_secs(4)).await;
    world.stop().await;
}

/// OP gives every payment an identifier of its own, so that two calls are two payments, of which we
/// would hear of one: the form that comes again waits for the first one's call, at whatever node.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_began_an_attempt_calls_and_another_only_when_that_is_over() {
    let world = World::start().await;
    for (order, seconds, called) in [("1001", 0, false), ("1002", 12, true)] {
        let payment = world.payment(order).await;
        let begun_at = clock::now().millis() - seconds * 1_000;
        let begin = Begin {
            token: text(&payment, "token").to_owned(),
            provider: "op",
            bank: BankId::parse("op").ok(),
            method: None,
            language: Language::Fi,
            embedded: false,
            now: Timestamp::from_millis(begun_at),
            same_within: 10,
            by_call: true,
            instead_of: None,
        };
        world.app.store.begin_attempt(begin).await.unwrap();
        let (code, step) = world.pay(&payment, "op").await;
        let kind = if called { "redirect" } else { "await" };
        assert_eq!((code, text(&step, "kind")), (200, kind), "{seconds}");
        assert_eq!(world.at_op().await.len(), usize::from(called));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_attempt_counts_though_the_customer_began_another() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, first) = world.pay(&payment, "op").await;
    let (_, second) = world.pay(&payment, "nordea").await;
    assert_ne!(text(&first, "url"), text(&second, "url"));
    // The customer goes back in the browser and pays the first one after all.
    world.at_the_bank(&first, "pay").await;
    world.until(&payment, "paid", Duration::from_secs(40)).await;
    world.stop().await;
}

impl World {
    /// A payment that was paid at OP.
    async fn paid(&self, order: &str) -> Value {
        let payment = self.payment(order).await;
        let (_, step) = self.pay(&payment, "op").await;
        self.at_the_bank(&step, "pay").await;
        self.until(&payment, "paid", Duration::from_secs(4)).await;
        payment
    }

    /// The shop's wish to refund.
    async fn refund(&self, payment: &Value, body: Value) -> (u16, Value) {
        let path = format!("{}/v1/payments/{}/refunds", self.kassa, text(payment, "id"));
        let request = self.client.post(path).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
        )
    }

    async fn refunds(&self, payment: &Value) -> Value {
        let path = format!("{}/v1/payments/{}/refunds", self.kassa, text(payment, "id"));
        let answer = self.client.get(path).bearer_auth(&self.key).send();
        serde_json::from_str(&answer.await.unwrap().text().await.unwrap()).unwrap()
    }

    /// The words of the refunds' states, once none is pending.
    async fn settled(&self, payment: &Value) -> Vec<String> {
        for _ in 0..400 {
            let list = self.refunds(payment).await;
            let refunds = list["data"].as_array().unwrap().iter();
            let words: Vec<_> = refunds.map(|one| text(one, "status").to_owned()).collect();
            if words.iter().all(|word| word != "pending") {
                return words;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("refunds stay pending");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_refunds_a_part_and_then_the_rest() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    let rule = &world.refunds(&payment).await["rule"];
    assert_eq!(
        (&rule["supported"], &rule["partial"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(rule["needs"], json!(["reference", "message"]));
    let (status, refund) = world.refund(&payment, json!({ "amount": 990 })).await;
    assert_eq!(
        (status, &refund["status"]),
        (201, &json!("pending")),
        "{refund}"
    );
    assert_eq!(world.settled(&payment).await, ["succeeded"]);
    let at_op = world.at_op().await;
    assert_eq!(at_op[0]["totalRefundedAmount"], "9.90");
    world
        .until(&payment, "partially_refunded", Duration::from_secs(4))
        .await;
    for (body, field) in [
        (json!({ "reference": "1233" }), "reference"),
        (json!({ "message": "no field for it is known" }), "message"),
        (json!({ "reference": "1232", "message": "x" }), "message"),
        (json!({ "reference": "1232", "manual": true }), "reference"),
        (json!({ "amount": 4_001 }), "amount"),
    ] {
        let (status, problem) = world.refund(&payment, body).await;
        assert!((400..500).contains(&status));
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert_eq!(world.refund(&payment, json!({})).await.0, 201);
    assert_eq!(world.settled(&payment).await, ["succeeded", "succeeded"]);
    world
        .until(&payment, "refunded", Duration::from_secs(4))
        .await;
    assert_eq!(world.refund(&payment, json!({})).await.0, 409);
    // One session id for all calls about a payment; that no request id came twice, OP saw to.
    assert_eq!(world.at_op().await[0]["otherSessions"], 0);
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refunds_at_once_never_exceed_the_payment() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    // Fifty times a euro, of 49.90.
    let wishes = (0..50).map(|_| world.refund(&payment, json!({ "amount": 100 })));
    let answers = futures_util::future::join_all(wishes).await;
    let begun = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(begun, 49);
    let words = world.settled(&payment).await;
    assert_eq!(words.len(), 49);
    assert!(words.iter().all(|word| word == "succeeded"), "{words:?}");
    let at_op = world.at_op().await;
    assert_eq!(at_op[0]["totalRefundedAmount"], "49.00");
    assert_eq!(world.refunds(&payment).await["refundable"], 90);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_op_refused_frees_its_sum_and_one_that_nobody_answered_does_not() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    for (status, stands, left) in [(400, "failed", 4_990), (500, "pending", 0)] {
        world
            .control("/faults", json!({ "refuse": 1, "refuse_with": status }))
            .await;
        assert_eq!(world.refund(&payment, json!({})).await.0, 201);
        let mut tries = 0;
        loop {
            let list = world.refunds(&payment).await;
            let last = list["data"].as_array().unwrap().last().unwrap().clone();
            if last["status"] == stands && list["refundable"] == left && tries > 20 {
                break;
            }
            tries += 1;
            assert!(tries < 200, "{list}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(world.refund(&payment, json!({ "amount": 1 })).await.0, 409);
    world.stop().await;
}

impl World {
    /// A refund that was begun so many seconds ago by a process that died: before it called OP, or
    /// after.
    async fn abandoned(&self, payment: &Value, id: &str, cents: u64, ago: u64, called: bool) {
        let now = clock::now().millis() - ago * 1_000;
        let new = NewRefund {
            id: id.to_owned(),
            shop: "puoti".to_owned(),
            payment: text(payment, "id").to_owned(),
            attempt: None,
            amount: Some(Amount::from_cents(cents).unwrap()),
            told: Some(RefundTold::Reference("1232".to_owned())),
            note: None,
            now: Timestamp::from_millis(now),
            answer: Box::new(|refund| refund.id.clone()),
        };
        let begun = self.app.store.refund(new, None).await.unwrap();
        assert!(matches!(begun, Refunding::New { .. }), "{begun:?}");
        if called {
            let step = self
                .app
                .store
                .advance_refund(id, RefundStep::Called, clock::now());
            assert!(step.await.unwrap().is_some());
        }
    }

    /// Somebody gives money back at OP.
    async fn given_back(&self, cents: u64) {
        let id = text(&self.at_op().await[0], "paymentId").to_owned();
        let path = format!("/payments/{id}/refund");
        self.control(&path, json!({ "cents": cents })).await;
    }

    /// The flags that the shop was told of.
    async fn flags(&self, payment: &Value) -> Vec<String> {
        let filter = MessageFilter {
            payment: Some(text(payment, "id").to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        let told = self.app.store.messages(filter).await.unwrap();
        let bodies = told
            .iter()
            .map(|one| serde_json::from_str(&one.body).unwrap());
        let flagged = bodies.filter(|body: &Value| body["type"] == "payment.flagged");
        flagged
            .map(|body| text(&body["data"], "flag").to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_without_an_answer_is_healed_by_ops_total() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    world.given_back(990).await;
    world.abandoned(&payment, "ref_made", 990, 40, true).await;
    assert_eq!(world.settled(&payment).await, ["succeeded"]);
    world
        .until(&payment, "partially_refunded", Duration::from_secs(4))
        .await;
    // One that was never called for is called for now.
    world
        .abandoned(&payment, "ref_uncalled", 1_000, 40, false)
        .await;
    assert_eq!(world.settled(&payment).await, ["succeeded", "succeeded"]);
    assert_eq!(world.at_op().await[0]["totalRefundedAmount"], "19.90");
    assert_eq!(world.flags(&payment).await, [""; 0]);
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_op_does_not_know_of_stays_pending_and_the_shop_is_told_once() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    world
        .abandoned(&payment, "ref_lost", 990, 2 * 3_600, true)
        .await;
    // A sum that proves nothing: somebody gave back something else.
    world.given_back(100).await;
    world.abandoned(&payment, "ref_young", 500, 40, true).await;
    let mut tries = 0;
    while world.flags(&payment).await.is_empty() {
        tries += 1;
        assert!(tries < 200, "nobody is told");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // A look or two later.
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    assert_eq!(world.flags(&payment).await, ["refund_unanswered"]);
    let list = world.refunds(&payment).await;
    let refunds = list["data"].as_array().unwrap().iter();
    assert!(
        refunds.clone().all(|one| one["status"] == "pending"),
        "{list}"
    );
    assert_eq!(list["refundable"], 4_990 - 990 - 500);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_has_op_asked_at_once() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, step) = world.pay(&payment, "op").await;
    let back = world.at_the_bank(&step, "pay").await;
    assert_ne!(world.status(&payment).await["status"], "paid");
    for _ in 0..5 {
        world.browse(world.client.get(&back)).await;
    }
    // The first question would be due ten seconds after the beginning.
    world.until(&payment, "paid", Duration::from_secs(4)).await;
    assert_eq!(world.at_op().await[0]["asked"], 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_of_another_hour_is_not_listened_to() {
    let world = World::start().await;
    for (skip, status) in [(290, "paid"), (3_600, "redirected")] {
        let clock = world
            .client
            .post(format!("{}/control/clock", world.simulator));
        let clock = clock.header("content-type", "application/json");
        let body = json!({ "skip_seconds": skip }).to_string();
        assert_eq!(clock.body(body).send().await.unwrap().status(), 200);
        let payment = world.payment(&skip.to_string()).await;
        let (_, step) = world.pay(&payment, "op").await;
        world
            .control("/faults", json!({ "hold_callbacks": true }))
            .await;
        let back = world.at_the_bank(&step, "pay").await;
        world.control("/callbacks/release", json!({})).await;
        if status == "paid" {
            world.until(&payment, status, Duration::from_secs(4)).await;
            continue;
        }
        // It was heard and refused, while nobody asks yet.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(world.status(&payment).await["status"], status);
        world.browse(world.client.get(&back)).await;
        world.until(&payment, "paid", Duration::from_secs(4)).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_date_op_refuses_begins_no_payment() {
    let world = World::start().await;
    let clock = world
        .client
        .post(format!("{}/control/clock", world.simulator));
    let clock = clock.header("content-type", "application/json");
    let ahead = clock.body(json!({ "skip_seconds": 3_600 }).to_string());
    assert_eq!(ahead.send().await.unwrap().status(), 200);
    world.control("/faults", json!({ "date_within": 60 })).await;
    let payment = world.payment("1001").await;
    let (code, problem) = world.pay(&payment, "op").await;
    assert_eq!((code, text(&problem, "code")), (502, "provider/refused"));
    assert!(world.at_op().await.is_empty());
    world
        .control("/faults", json!({ "date_within": 3_700 }))
        .await;
    assert_eq!(world.pay(&payment, "op").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_nobody_signed_asks_nothing() {
    let world = World::start().await;
    let payment = world.payment("1001").await;
    world.pay(&payment, "op").await;
    let attempt = format!("{}-1", text(&payment, "id"));
    let id = text(&world.at_op().await[0], "paymentId").to_owned();
    for (attempt, signature) in [(attempt.as_str(), "0aff"), ("pay_unknown-1", "0aff")] {
        let request = world
            .client
            .post(format!("{}/callbacks/op/{attempt}", world.kassa))
            .header("content-type", "application/json")
            .header("date", "Tue, 02 Nov 2021 14:21:38 GMT")
            .header("x-api-key", "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx")
            .header("x-session-id", "c0e60055-6b65-57cc-ad13-233672ae9f8d")
            .header("x-request-id", "45d396eb-fe6b-5c8c-86d4-74ee4fda9263")
            .header("authorization", format!("op:1:1:{signature}"))
            .body(json!({ "paymentId": id }).to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        assert!(!answer.text().await.unwrap().contains(&id));
    }
    let bare = world
        .client
        .post(format!("{}/callbacks/op/{attempt}", world.kassa));
    assert!(bare.send().await.unwrap().status().is_client_error());
    world.stop().await;
}

/// Lines of the log, gathered.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl World {
    /// Every page and every answer that a customer's browser can ask for.
    async fn look_around(&self, payment: &Value) {
        let page = format!("{}/checkout/{}", self.kassa, text(payment, "token"));
        for what in [
            "?lang=fi",
            "?lang=sv&step=banks",
            "?lang=en&fault=provider",
            "?again=3",
            "/wait?lang=fi&again=10",
            "/session",
            "/status",
            "/nothing",
        ] {
            self.browse(self.client.get(format!("{page}{what}"))).await;
        }
        let back = format!("{}/return/{}", self.kassa, text(payment, "token"));
        self.browse(self.client.get(back)).await;
        // The stream may never end: what comes within a moment is what there is.
        let mut stream = self
            .client
            .get(format!("{page}/events"))
            .send()
            .await
            .unwrap();
        let moment = Duration::from_millis(200);
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(moment, stream.chunk()).await {
            let told = String::from_utf8(chunk.to_vec()).unwrap();
            self.seen.lock().unwrap().push_str(&told);
        }
    }

    /// The choice of a browser without script; where it is sent.
    async fn choose(&self, payment: &Value, bank: &str) -> String {
        let url = format!("{}/checkout/{}/choose", self.kassa, text(payment, "token"));
        let form = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("bank={bank}&language=sv"));
        let (status, to, _) = self.browse(form).await;
        assert_eq!(status, 303);
        to
    }

    /// What the shop's server can read.
    async fn shop_reads(&self, path: &str) {
        let request = self.client.get(format!("{}{path}", self.kassa));
        self.browse(request.bearer_auth(&self.key)).await;
    }
}

/// Whatever becomes of payments and refunds: all that comes to browsers, to the shop and into the
/// log is searched for what OP wants kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_op_wants_kept_is_in_nothing_that_anybody_reads() {
    let lines = Lines::default();
    let writer = lines.clone();
    let ours = Targets::new()
        .with_target("kassa", Level::TRACE)
        .with_default(Level::WARN);
    tracing_subscriber::registry()
        .with(ours)
        .with(tracing_subscriber::fmt::layer().with_writer(move || writer.clone()))
        .init();
    let world = World::start().await;
    let mut payments = Vec::new();
    for (order, bank, act, status) in [
        ("1001", "op", "pay", "paid"),
        ("1002", "nordea", "cancel", "cancelled"),
        ("1003", "op", "refuse", "declined"),
    ] {
        let payment = world.payment(order).await;
        world.look_around(&payment).await;
        let way = world.choose(&payment, bank).await;
        world.look_around(&payment).await;
        world.at_the_bank(&json!({ "url": way }), act).await;
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.look_around(&payment).await;
        payments.push(payment);
    }
    let refund = world.refund(&payments[0], json!({ "amount": 990 })).await;
    world.seen.lock().unwrap().push_str(&refund.1.to_string());
    assert_eq!(world.settled(&payments[0]).await, ["succeeded"]);
    // OP refuses, and does not answer.
    for status in [400, 401, 403, 404, 500, 503] {
        let faults = json!({ "refuse": 100, "refuse_with": status });
        world.control("/faults", faults).await;
        let payment = world.payment(&status.to_string()).await;
        let (code, problem) = world.pay(&payment, "op").await;
        assert!([502, 503].contains(&code), "{problem}");
        world.choose(&payment, "nordea").await;
        world.look_around(&payment).await;
        world.refund(&payments[0], json!({ "amount": 100 })).await;
        payments.push(payment);
    }
    for payment in &payments {
        let path = format!("/v1/payments/{}", text(payment, "id"));
        for what in ["", "/events", "/refunds"] {
            world.shop_reads(&format!("{path}{what}")).await;
        }
    }
    for path in ["/v1/payments", "/v1/events?limit=100", "/metrics"] {
        world.shop_reads(path).await;
    }
    world.nothing_leaked().await;
    let told = world.app.store.messages(MessageFilter {
        limit: 1_000,
        ..MessageFilter::default()
    });
    let mut told: String = told
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.body)
        .collect();
    assert!(told.contains("refund.updated"), "{told}");
    told.push_str(&format!("{:?}", world.app.config));
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("a payment was refused") && log.contains("a report was applied"),
        "the log is there: {log}"
    );
    let ids = world.at_op().await;
    let ids = ids.iter().map(|payment| text(payment, "paymentId"));
    for secret in [MERCHANT, ACCOUNT, "invented-api-key", "PRIVATE KEY"]
        .into_iter()
        .chain(ids)
    {
        assert!(!told.contains(secret), "{secret}: {told}");
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_that_the_sandbox_cancels_and_rejects_do_so() {
    for (account, status) in [
        (kassa_simulator::op::CANCELS, "cancelled"),
        (kassa_simulator::op::REJECTS, "declined"),
    ] {
        let world = World::with_account(account).await;
        let payment = world.payment("1001").await;
        let (_, step) = world.pay(&payment, "op").await;
        let sent = world.client.get(text(&step, "url")).send().await.unwrap();
        let back = sent.headers()["location"].to_str().unwrap();
        assert!(back.starts_with(&world.kassa), "{back}");
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.stop().await;
    }
}
