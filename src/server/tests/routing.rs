//! A shop with several providers: who gets a customer's choice, whatever becomes of the provider
//! that is preferred. The simulated Gate of ecommpay and the simulated OP run apart, over real
//! sockets, so that one can be down while the other is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt as _, future::join_all, stream};
use kassa_keys::{ApiKeyHash, api_key_text};
use kassa_server::{AppState, config::Config, serve::Service};
use kassa_simulator::signature::Secret;
use kit::{Folder, merge, text};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

const SECRET: &str = "the-secret-of-the-shop-at-the-simulated-ecommpay-01";

const GATE: &str = r#"
[[shops.accounts]]
provider = "ecommpay"
secrets = ["file:ecommpay"]
[shops.accounts.settings]
project_id = 120
payment_page_url = "{gate}/payment"
gate_url = "{gate}"
bank_payments = "gate"
"#;

const OP: &str = r#"
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
rest_url = "{op}/op/paymentbutton/v1"
browser_url = "{op}/op"
success_words = ["SIM_PAID"]
cancelled_words = ["SIM_CANCELLED"]
failed_words = ["SIM_FAILED"]
multibank = true
banks = ["nordea=sim-nordea", "danske=sim-danske-bank"]
bank_available_words = ["SIM_AVAILABLE"]
callbacks = true
"#;

/// A simulator that can be killed, with all its connections.
struct Simulator {
    address: SocketAddr,
    running: Mutex<Option<Runtime>>,
}

impl Simulator {
    async fn down() -> Self {
        Self {
            address: free_address().await,
            running: Mutex::default(),
        }
    }

    async fn start() -> Self {
        let simulator = Self::down().await;
        simulator.come_up().await;
        simulator
    }

    async fn come_up(&self) {
        let runtime = Runtime::new().unwrap();
        let config = kassa_simulator::Config {
            secret: Secret::new(SECRET),
            ..kassa_simulator::Config::development()
        };
        let listening = runtime.spawn(TcpListener::bind(self.address));
        let listener = listening.await.unwrap().unwrap();
        runtime.spawn(async move {
            axum::serve(listener, kassa_simulator::app(config))
                .await
                .unwrap();
        });
        *self.running.lock().unwrap() = Some(runtime);
    }

    fn die(&self) {
        let runtime = self.running.lock().unwrap().take();
        runtime.unwrap().shutdown_background();
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }
}

/// The service, and both providers.
struct World {
    kassa: String,
    gate: Simulator,
    op: Simulator,
    client: reqwest::Client,
    key: String,
    folder: Folder,
    serving: Mutex<Option<Serving>>,
}

struct Serving {
    app: AppState,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

impl World {
    /// With these accounts in order of preference, and the Gate up.
    async fn start(accounts: &[&str]) -> Self {
        Self::with(accounts, Simulator::start().await).await
    }

    async fn with(accounts: &[&str], gate: Simulator) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let world = Self {
            kassa: format!("http://{}", free_address().await),
            gate,
            op: Simulator::start().await,
            client,
            key: api_key_text("live", &[9; 32]).to_string(),
            folder: Folder::new(),
            serving: Mutex::default(),
        };
        world.write_secrets().await;
        world.serve(accounts).await;
        world
    }

    async fn write_secrets(&self) {
        let public = self
            .get(format!("{}/control/op/key", self.op.url()))
            .await
            .1;
        let example = include_str!("../../../tests/vectors/op-example-key.json");
        let example: Value = serde_json::from_str(example).unwrap();
        let der = text(&example, "pkcs8_der_base64");
        let private = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        for (name, secret) in [
            ("ecommpay", SECRET),
            ("op.pem", &private),
            ("callback.pem", &public),
            ("merchant", "c3efaaee-a6bb-449f-9213-e45e23a462ef"),
            ("account", "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79"),
            ("api-key", "invented-api-key"),
        ] {
            std::fs::write(self.folder.path().join(name), secret).unwrap();
        }
    }

    /// Starts the service, on what another one has left.
    async fn serve(&self, accounts: &[&str]) {
        let hash = ApiKeyHash::of(&self.key).unwrap().to_hex();
        let listen = self.kassa.strip_prefix("http://").unwrap();
        let accounts = accounts
            .concat()
            .replace("{gate}", &self.gate.url())
            .replace("{op}", &self.op.url());
        let text = format!(
            r#"public_url = "{kassa}"
listen = "{listen}"
database = "kassa.db"
[limits]
token_per_second = 0
address_per_second = 0
[[shops]]
id = "puoti"
payee = "Metsän Puoti Oy"
api_keys = ["{hash}"]
return_origins = ["http://127.0.0.1:8082"]
{accounts}"#,
            kassa = self.kassa,
        );
        let file = self.folder.path().join("kassa.toml");
        std::fs::write(&file, text).unwrap();
        let mut config = Config::read(&file).unwrap();
        // The simulators have no certificates.
        config.development = true;
        let service = Service::start(config).await.unwrap();
        let app = service.app.clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        *self.serving.lock().unwrap() = Some(Serving { app, stop, ended });
    }

    async fn stop(&self) {
        let serving = self.serving.lock().unwrap().take().unwrap();
        serving.stop.send(()).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(8), serving.ended).await;
        ended.expect("it did not stop").unwrap().unwrap();
        // What a callback set off may still hold the store.
        let alone = async {
            while Arc::strong_count(&serving.app) > 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let alone = tokio::time::timeout(Duration::from_secs(8), alone).await;
        alone.expect("somebody holds the store");
    }

    fn app(&self) -> AppState {
        self.serving.lock().unwrap().as_ref().unwrap().app.clone()
    }

    async fn get(&self, url: String) -> (u16, String) {
        let request = self.client.get(url).bearer_auth(&self.key);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, url: String, body: Value) -> (u16, Value) {
        let request = self.client.post(url).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn payment(&self) -> Value {
        self.payment_with(json!({})).await
    }

    async fn payment_with(&self, more: Value) -> Value {
        let mut body = json!({
            "order": "1001", "amount": 4_990, "return_url": "http://127.0.0.1:8082/thanks",
        });
        merge(&mut body, more);
        let (status, payment) = self.post(format!("{}/v1/payments", self.kassa), body).await;
        assert_eq!(status, 201, "{payment}");
        payment
    }

    async fn pay(&self, payment: &Value, bank: &str) -> (u16, Value) {
        let url = format!("{}/checkout/{}/pay", self.kassa, text(payment, "token"));
        self.post(url, json!({ "bank": bank })).await
    }

    /// Pays with a bank, which must lead somewhere; the attempts then, as `number provider why`.
    async fn pay_with(&self, payment: &Value, bank: &str) -> Vec<String> {
        let (status, step) = self.pay(payment, bank).await;
        assert_eq!(status, 200, "{step}");
        self.attempts(payment).await
    }

    async fn session(&self, payment: &Value) -> Value {
        self.read(payment, "session").await
    }

    async fn read(&self, payment: &Value, what: &str) -> Value {
        let url = format!("{}/checkout/{}/{what}", self.kassa, text(payment, "token"));
        let (status, body) = self.get(url).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn until(&self, payment: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut status = Value::Null;
        for _ in 0..1_000 {
            status = self.read(payment, "status").await;
            if wanted(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it stays {status}");
    }

    async fn until_status(&self, payment: &Value, wanted: &str) {
        self.until(payment, |status| status["status"] == wanted)
            .await;
    }

    async fn shop(&self, payment: &Value, what: &str) -> Value {
        let url = format!("{}/v1/payments/{}{what}", self.kassa, text(payment, "id"));
        serde_json::from_str(&self.get(url).await.1).unwrap()
    }

    async fn events(&self, payment: &Value, kind: &str) -> Vec<Value> {
        let events = self.shop(payment, "/events").await;
        let events = events["data"].as_array().unwrap().iter();
        events
            .filter(|event| event["kind"] == kind)
            .cloned()
            .collect()
    }

    /// The attempts of a payment as the shop is told of them: `ecommpay refused: unreachable`.
    async fn attempts(&self, payment: &Value) -> Vec<String> {
        let started = self.events(payment, "attempt.started").await;
        let refused = self.events(payment, "attempt.refused").await;
        let mut attempts = Vec::new();
        for event in started {
            let detail = &event["detail"];
            let why = refused
                .iter()
                .find(|refused| refused["detail"]["attempt"] == detail["attempt"]);
            let why = why.map(|refused| format!(" refused: {}", text(&refused["detail"], "why")));
            attempts.push(text(detail, "provider").to_owned() + &why.unwrap_or_default());
        }
        attempts
    }

    async fn faults(&self, faults: Value) {
        let url = format!("{}/control/faults", self.gate.url());
        assert_eq!(self.post(url, faults).await.0, 200);
    }

    /// The identifiers of the attempts that a provider has taken on.
    async fn taken_by(&self, provider: &str) -> Vec<String> {
        let (url, name) = match provider {
            "op" => (
                format!("{}/control/op/payments", self.op.url()),
                "paymentId",
            ),
            _ => (
                format!("{}/control/payments", self.gate.url()),
                "payment_id",
            ),
        };
        let list: Value = serde_json::from_str(&self.get(url).await.1).unwrap();
        let payments = list["payments"].as_array().unwrap().iter();
        payments.map(|one| text(one, name).to_owned()).collect()
    }

    /// The customer goes on to the simulated Gate's bank and pays.
    async fn pay_at_the_gate(&self, payment: &Value, attempt: usize) {
        let attempt = format!("{}-{attempt}", text(payment, "id"));
        let url = format!("{}/control/payments/{attempt}/act", self.gate.url());
        assert_eq!(self.post(url, json!({ "act": "pay" })).await.0, 200);
    }

    /// The customer follows the way to the simulated OP and pays.
    async fn pay_at_op(&self, step: &Value) {
        let sent = self.client.get(text(step, "url")).send().await.unwrap();
        let page = sent.headers()["location"].to_str().unwrap();
        let page = format!("{}{page}", self.op.url());
        let form = self.client.post(&page).body("act=pay");
        assert_eq!(form.send().await.unwrap().status(), 303);
    }
}

fn waits() -> Value {
    json!({ "kind": "await" })
}

fn ids(session: &Value) -> Vec<&str> {
    let banks = session["banks"].as_array().unwrap().iter();
    banks.map(|bank| text(bank, "id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bank_is_shown_once_and_goes_by_the_order_of_preference() {
    for (accounts, shared, only_second) in [
        ([GATE, OP], "ecommpay", ("sim-nordea", "op")),
        ([OP, GATE], "op", ("s-pankki", "ecommpay")),
    ] {
        let world = World::start(&accounts).await;
        let payment = world.payment().await;
        let session = world.session(&payment).await;
        let shown = ids(&session);
        let mut once = shown.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), shown.len(), "{shown:?}");
        // The first account's come first, in its order.
        assert_eq!(shown[0] == "op", shared == "op", "{shown:?}");
        for bank in ["nordea", "op"] {
            let payment = world.payment().await;
            assert_eq!(world.pay_with(&payment, bank).await, [shared], "{bank}");
        }
        let (bank, provider) = only_second;
        let bank = if provider == "op" {
            // What the settings give no name goes by OP's own.
            let own = shown.iter().find(|bank| bank.starts_with("sim-"));
            (*own.unwrap()).to_owned()
        } else {
            bank.to_owned()
        };
        let payment = world.payment().await;
        assert_eq!(world.pay_with(&payment, &bank).await, [provider], "{bank}");
        let read = world.shop(&payment, "").await;
        assert_eq!(read["provider"], provider);
        world.stop().await;
    }
}

/// What proves that nothing began leads on within the same request.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_refuses_gives_way_to_the_next() {
    let world = World::start(&[GATE, OP]).await;
    for (fault, why) in [
        ("refuse", "refused"),
        ("refuse-bank", "not_offered"),
        ("refuse-amount", "not_offered"),
    ] {
        world.faults(json!({ "gate": fault })).await;
        let payment = world.payment().await;
        let (status, step) = world.pay(&payment, "nordea").await;
        assert_eq!((status, &step["kind"]), (200, &json!("redirect")), "{step}");
        let refused = format!("ecommpay refused: {why}");
        assert_eq!(world.attempts(&payment).await, [&refused, "op"], "{fault}");
        let second = &world.events(&payment, "attempt.started").await[1];
        assert_eq!(second["who"], "kassa");
        let first = format!("{}-1", text(&payment, "id"));
        assert_eq!(second["detail"]["instead_of"], first);
        world.pay_at_op(&step).await;
        world.until_status(&payment, "paid").await;
    }
    assert_eq!(world.taken_by("ecommpay").await, Vec::<String>::new());
    // Where nobody is left, the customer is told what the last one said.
    let payment = world.payment().await;
    world.op.die();
    let (status, problem) = world.pay(&payment, "nordea").await;
    assert_eq!(
        (status, text(&problem, "code")),
        (503, "provider/unavailable")
    );
    world.stop().await;
}

/// Whatever may have begun at the first provider is never begun at the second.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_may_have_begun_is_begun_elsewhere() {
    let world = World::start(&[GATE, OP]).await;
    let mut payments = Vec::new();
    for fault in ["error", "error-taken", "garbage", "error", "garbage"] {
        world
            .faults(json!({ "gate": fault, "redirect": "never" }))
            .await;
        let payment = world.payment().await;
        let (status, step) = world.pay(&payment, "nordea").await;
        assert_eq!((status, step), (200, waits()), "{fault}");
        assert_eq!(world.attempts(&payment).await, ["ecommpay"], "{fault}");
        payments.push((payment, fault));
    }
    assert_eq!(world.taken_by("op").await, Vec::<String>::new());
    // The provider is left alone by now. The same choice waits for it all the same, and another
    // customer's does not.
    for (payment, fault) in &payments {
        let (status, problem) = world.pay(payment, "nordea").await;
        let code = text(&problem, "code");
        assert_eq!((status, code), (503, "provider/unavailable"), "{fault}");
        assert_eq!(world.attempts(payment).await, ["ecommpay"], "{fault}");
    }
    let other = world.payment().await;
    assert_eq!(world.pay_with(&other, "nordea").await, ["op"]);
    // Another bank is the customer's own choice; paying both is told.
    let (payment, _) = &payments[1];
    let (status, step) = world.pay(payment, "danske").await;
    assert_eq!(status, 200, "{step}");
    assert_eq!(world.attempts(payment).await, ["ecommpay", "op"]);
    world.faults(json!({})).await;
    world.pay_at_op(&step).await;
    world.until_status(payment, "paid").await;
    world.pay_at_the_gate(payment, 1).await;
    let mut flagged = Vec::new();
    for _ in 0..500 {
        flagged = world.events(payment, "payment.flagged").await;
        if !flagged.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(flagged[0]["detail"]["flag"], "paid_twice", "{flagged:?}");
    // Each half goes back by the rule of whoever took it.
    let refunds = world.shop(payment, "/refunds").await;
    let held = refunds["attempts"].as_array().unwrap().iter();
    let held: Vec<_> = held
        .map(|one| (text(one, "provider"), one["rule"]["supported"] == true))
        .collect();
    assert_eq!(held, [("ecommpay", false), ("op", true)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_keeps_the_choice() {
    let world = World::start(&[GATE, OP]).await;
    world
        .faults(json!({ "gate": "hang", "redirect": "never" }))
        .await;
    let payments = [world.payment().await, world.payment().await];
    let pays = payments.iter().map(|payment| world.pay(payment, "nordea"));
    for (status, step) in join_all(pays).await {
        assert_eq!((status, step), (200, waits()));
    }
    for payment in &payments {
        assert_eq!(world.attempts(payment).await, ["ecommpay"]);
    }
    assert_eq!(world.taken_by("op").await, Vec::<String>::new());
    // The sale never got there, so that the same one is made again, under the same identifier.
    world.faults(json!({})).await;
    let (status, step) = world.pay(&payments[0], "nordea").await;
    assert_eq!((status, step), (200, waits()));
    assert_eq!(world.attempts(&payments[0]).await, ["ecommpay"]);
    let first = format!("{}-1", text(&payments[0], "id"));
    assert_eq!(world.taken_by("ecommpay").await, [first]);
    world.stop().await;
}

/// A provider that cannot be reached is left alone after some customers, and one call finds out
/// when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_passed_over_until_it_is_back() {
    let world = World::with(&[GATE, OP], Simulator::down().await).await;
    let mut passed_over = false;
    for _ in 0..6 {
        let payment = world.payment().await;
        // The list of banks counts as well, and stays whole.
        assert_eq!(world.pay(&payment, "nordea").await.0, 200);
        let attempts = world.attempts(&payment).await;
        passed_over = attempts == ["op"];
        assert!(
            passed_over || attempts == ["ecommpay refused: unreachable", "op"],
            "{attempts:?}"
        );
    }
    assert!(passed_over);
    // What only that one has is shown, and cannot be chosen.
    let payment = world.payment().await;
    let session = world.session(&payment).await;
    let banks = session["banks"].as_array().unwrap();
    let bank = |id: &str| banks.iter().find(|bank| bank["id"] == id).unwrap().clone();
    assert_eq!(bank("s-pankki")["unavailable"]["why"], "disrupted");
    assert_eq!(bank("nordea")["unavailable"], Value::Null);
    let (status, problem) = world.pay(&payment, "s-pankki").await;
    assert_eq!(
        (status, text(&problem, "code")),
        (409, "payment/bank-unavailable")
    );

    // Back: one call tries it while all others go to the second, though all of them choose before
    // the first one's attempt is written down.
    world.gate.come_up().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut payments = Vec::new();
    for _ in 0..50 {
        payments.push(world.payment().await);
    }
    let database = rusqlite::Connection::open(world.folder.path().join("kassa.db")).unwrap();
    database.execute_batch("begin immediate").unwrap();
    let let_go = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        database.execute_batch("commit").unwrap();
    };
    let customers = join_all(
        payments
            .iter()
            .map(|payment| world.pay_with(payment, "nordea")),
    );
    let (went, ()) = futures_util::join!(customers, let_go);
    // Nobody's attempt is begun at the first only to be refused by the circuit.
    let at = |provider| went.iter().filter(|went| went[..] == [provider]).count();
    assert_eq!((at("ecommpay"), at("op")), (1, 49), "{went:?}");
    assert_eq!(world.taken_by("ecommpay").await.len(), 1);
    let payment = world.payment().await;
    assert_eq!(world.pay_with(&payment, "nordea").await, ["ecommpay"]);
    world.stop().await;
}

/// Where the choice is left to the provider's page, the order of preference counts among those who
/// have such a page; OP has none, but for a single bank.
#[tokio::test(flavor = "multi_thread")]
async fn a_choice_at_the_provider_goes_by_the_order_of_preference_too() {
    for (accounts, first) in [([GATE, OP], "ecommpay"), ([OP, GATE], "op")] {
        let world = World::start(&accounts).await;
        let pay = async |selection: Value| {
            let body = json!({ "choose_at": "provider", "selection": selection });
            let payment = world.payment_with(body).await;
            let url = format!("{}/checkout/{}/pay", world.kassa, text(&payment, "token"));
            let (status, step) = world.post(url, json!({})).await;
            assert_eq!((status, &step["kind"]), (200, &json!("redirect")), "{step}");
            world.attempts(&payment).await
        };
        let nordea = json!({ "option": "single_bank", "banks": ["nordea"] });
        let two = json!({ "option": "named_banks", "banks": ["nordea", "danske"] });
        assert_eq!(pay(nordea.clone()).await, [first]);
        assert_eq!(pay(two).await, ["ecommpay"]);
        assert_eq!(pay(json!({ "option": "all_banks" })).await, ["ecommpay"]);
        world.op.die();
        let attempts = pay(nordea).await;
        if first == "op" {
            assert_eq!(attempts, ["op refused: unreachable", "ecommpay"]);
        } else {
            assert_eq!(attempts, ["ecommpay"]);
        }
        world.stop().await;
    }
}

/// Fifty customers choose while the first provider dies under them.
#[tokio::test(flavor = "multi_thread")]
async fn no_customer_is_sold_to_twice_while_a_provider_dies() {
    let world = World::start(&[GATE, OP]).await;
    let mut payments = Vec::new();
    for _ in 0..50 {
        payments.push(world.payment().await);
    }
    let dies = async {
        while world.taken_by("ecommpay").await.len() < 5 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let taken = world.taken_by("ecommpay").await;
        world.gate.die();
        taken
    };
    // Eight at a time, and each form is sent twice, at once.
    let customers = payments
        .iter()
        .map(|payment| join_all([world.pay(payment, "nordea"), world.pay(payment, "nordea")]));
    let customers = stream::iter(customers).buffered(8).collect::<Vec<_>>();
    let (taken, answers) = futures_util::join!(dies, customers);
    for (payment, answers) in payments.iter().zip(answers) {
        let attempts = world.attempts(payment).await;
        // The second form of one that may have begun, or has just gone on elsewhere, may be told
        // to come again.
        let went = answers.iter().filter(|(status, _)| *status == 200).count();
        assert!(went > 0, "{answers:?} {attempts:?}");
        assert!(
            answers
                .iter()
                .all(|(status, _)| [200, 503].contains(status)),
            "{answers:?}"
        );
        let (last, before) = attempts.split_last().unwrap();
        assert!(!last.contains("refused"), "{attempts:?}");
        assert!(
            before.iter().all(|one| one.contains("refused")),
            "{attempts:?}"
        );
        let id = format!("{}-1", text(payment, "id"));
        assert!(!taken.contains(&id) || attempts.len() == 1, "{attempts:?}");
    }
    let went = join_all(payments.iter().map(|payment| world.attempts(payment))).await;
    let last_at_op = went.iter().filter(|went| went.last().unwrap() == "op");
    let at_op = last_at_op.count();
    // One that OP was too slow to answer has an attempt of its own as well, which nobody can pay.
    let tries = went.iter().flatten().filter(|one| one.starts_with("op"));
    let taken = world.taken_by("op").await.len();
    assert!((at_op..=tries.count()).contains(&taken), "{taken} {went:?}");
    assert!(at_op > 0 && at_op < 50, "{at_op}");
    world.stop().await;
}

/// An attempt stays with the account that it was begun at, whichever is preferred later.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_belongs_to_its_account_for_good() {
    let world = World::start(&[OP, GATE]).await;
    let paid = world.payment().await;
    let (_, step) = world.pay(&paid, "nordea").await;
    world.pay_at_op(&step).await;
    world.until_status(&paid, "paid").await;
    let (waiting, open) = (world.payment().await, world.payment().await);
    let (_, step) = world.pay(&waiting, "nordea").await;
    let (_, step_of_open) = world.pay(&open, "nordea").await;
    world.stop().await;

    // The other one is preferred now. What OP says is heard, and OP gives the money back.
    world.serve(&[GATE, OP]).await;
    let new = world.payment().await;
    assert_eq!(world.pay_with(&new, "nordea").await, ["ecommpay"]);
    world.pay_at_op(&step).await;
    world.until_status(&waiting, "paid").await;
    let refunds = world.shop(&paid, "/refunds").await;
    assert_eq!(refunds["rule"]["supported"], true);
    let url = format!("{}/v1/payments/{}/refunds", world.kassa, text(&paid, "id"));
    let (status, refund) = world.post(url, json!({ "amount": 990 })).await;
    assert_eq!(status, 201, "{refund}");
    world.until_status(&paid, "partially_refunded").await;
    world.stop().await;

    // The account is gone: nothing is lost, and nothing is taken for what it is not.
    world.serve(&[GATE]).await;
    let refunds = world.shop(&paid, "/refunds").await;
    assert_eq!(
        refunds["rule"],
        json!({ "supported": false, "reason": "refund/account" })
    );
    let url = format!("{}/v1/payments/{}/refunds", world.kassa, text(&paid, "id"));
    let (status, problem) = world.post(url, json!({})).await;
    assert_eq!(
        (status, text(&problem, "code")),
        (422, "refund/unsupported")
    );
    world.app().store.shift_due(-3_600_000).await.unwrap();
    world.pay_at_op(&step_of_open).await;
    let figure = r#"kassa_provider_calls_total{provider="op",call="status",outcome="no_account"}"#;
    for _ in 0..500 {
        if world.app().metrics.render().contains(figure) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(world.app().metrics.render().contains(figure));
    assert_eq!(world.read(&open, "status").await["status"], "redirected");
    world.stop().await;

    // There again, last, it is asked once more.
    world.serve(&[GATE, OP]).await;
    world.app().store.shift_due(-30 * 86_400_000).await.unwrap();
    world.until_status(&open, "paid").await;
    world.stop().await;
}
