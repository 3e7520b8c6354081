//! The service, both simulated providers, and what the shop and its customers do.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use kassa_server::{AppState, config::Config};
use kassa_simulator::signature::Secret;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::kit::{
    Folder,
    live::{Serving, client, free_address},
    merge,
    op::{self, ACCOUNT},
    shop_file::{ShopFile, shop_key},
    text,
};

const SECRET: &str = "the-secret-of-the-shop-at-the-simulated-ecommpay-01";

/// An account of the shop's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account {
    /// At ecommpay, where our own call begins a payment at a bank.
    Gate,
    /// At OP.
    Op,
}

fn gate_table(gate: &str) -> String {
    format!(
        r#"[[shops.accounts]]
provider = "ecommpay"
secrets = ["file:ecommpay"]
[shops.accounts.settings]
project_id = 120
payment_page_url = "{gate}/payment"
gate_url = "{gate}"
bank_payments = "gate"
"#
    )
}

/// A simulator that can be killed, with all its connections.
pub(crate) struct Simulator {
    pub(crate) address: SocketAddr,
    pub(crate) running: Mutex<Option<Runtime>>,
}

impl Simulator {
    pub(crate) async fn down() -> Self {
        Self {
            address: free_address().await,
            running: Mutex::default(),
        }
    }

    pub(crate) async fn start() -> Self {
        let simulator = Self::down().await;
        simulator.come_up().await;
        simulator
    }

    pub(crate) async fn come_up(&self) {
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

    pub(crate) fn die(&self) {
        let runtime = self.running.lock().unwrap().take();
        runtime.unwrap().shutdown_background();
    }

    pub(crate) fn url(&self) -> String {
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
pub(crate) struct World {
    pub(crate) kassa: String,
    pub(crate) gate: Simulator,
    pub(crate) op: Simulator,
    pub(crate) client: reqwest::Client,
    pub(crate) key: String,
    pub(crate) folder: Folder,
    pub(crate) serving: Mutex<Option<Serving>>,
}

impl World {
    /// With these accounts in order of preference, and the Gate up.
    pub(crate) async fn start(accounts: &[Account]) -> Self {
        Self::with(accounts, Simulator::start().await).await
    }

    pub(crate) async fn with(accounts: &[Account], gate: Simulator) -> Self {
        let world = Self {
            kassa: format!("http://{}", free_address().await),
            gate,
            op: Simulator::start().await,
            client: client(),
            key: shop_key(),
            folder: Folder::new(),
            serving: Mutex::default(),
        };
        std::fs::write(world.folder.path().join("ecommpay"), SECRET).unwrap();
        op::write_secrets(&world.folder, ACCOUNT, &world.op.url()).await;
        world.serve(accounts).await;
        world
    }

    /// Starts the service, on what another one has left.
    pub(crate) async fn serve(&self, accounts: &[Account]) {
        let tables = accounts.iter().map(|account| match account {
            Account::Gate => gate_table(&self.gate.url()),
            Account::Op => op::table(&self.op.url()),
        });
        let file = ShopFile {
            url: &self.kassa,
            shop: "puoti",
            accounts: &tables.collect::<String>(),
        };
        let mut config = Config::read(&file.write(&self.folder)).unwrap();
        // The simulators have no certificates.
        config.development = true;
        *self.serving.lock().unwrap() = Some(Serving::start(config).await);
    }

    pub(crate) async fn stop(&self) {
        let serving = self.serving.lock().unwrap().take().unwrap();
        let app = serving.stop().await;
        // What a callback set off may still hold the store.
        let alone = async {
            while Arc::strong_count(&app) > 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let alone = tokio::time::timeout(Duration::from_secs(8), alone).await;
        alone.expect("somebody holds the store");
    }

    pub(crate) fn app(&self) -> AppState {
        self.serving.lock().unwrap().as_ref().unwrap().app.clone()
    }

    pub(crate) async fn get(&self, url: String) -> (u16, String) {
        let request = self.client.get(url).bearer_auth(&self.key);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn post(&self, url: String, body: Value) -> (u16, Value) {
        let request = self.client.post(url).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    pub(crate) async fn payment(&self) -> Value {
        self.payment_with(json!({})).await
    }

    pub(crate) async fn payment_with(&self, more: Value) -> Value {
        let mut body = json!({
            "order": "1001", "amount": 4_990, "return_url": "http://127.0.0.1:8082/thanks",
        });
        merge(&mut body, more);
        let (status, payment) = self.post(format!("{}/v1/payments", self.kassa), body).await;
        assert_eq!(status, 201, "{payment}");
        payment
    }

    pub(crate) async fn pay(&self, payment: &Value, bank: &str) -> (u16, Value) {
        let url = format!("{}/checkout/{}/pay", self.kassa, text(payment, "token"));
        self.post(url, json!({ "bank": bank })).await
    }

    /// Pays with a bank, which must lead somewhere; the attempts then, as `number provider why`.
    pub(crate) async fn pay_with(&self, payment: &Value, bank: &str) -> Vec<String> {
        let (status, step) = self.pay(payment, bank).await;
        assert_eq!(status, 200, "{step}");
        self.attempts(payment).await
    }

    pub(crate) async fn session(&self, payment: &Value) -> Value {
        self.read(payment, "session").await
    }

    pub(crate) async fn read(&self, payment: &Value, what: &str) -> Value {
        let url = format!("{}/checkout/{}/{what}", self.kassa, text(payment, "token"));
        let (status, body) = self.get(url).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn until(&self, payment: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
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

    pub(crate) async fn until_status(&self, payment: &Value, wanted: &str) {
        self.until(payment, |status| status["status"] == wanted)
            .await;
    }

    pub(crate) async fn shop(&self, payment: &Value, what: &str) -> Value {
        let url = format!("{}/v1/payments/{}{what}", self.kassa, text(payment, "id"));
        serde_json::from_str(&self.get(url).await.1).unwrap()
    }

    pub(crate) async fn events(&self, payment: &Value, kind: &str) -> Vec<Value> {
        let events = self.shop(payment, "/events").await;
        let events = events["data"].as_array().unwrap().iter();
        events
            .filter(|event| event["kind"] == kind)
            .cloned()
            .collect()
    }

    /// The attempts of a payment as the shop is told of them: `ecommpay refused: unreachable`.
    pub(crate) async fn attempts(&self, payment: &Value) -> Vec<String> {
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

    pub(crate) async fn faults(&self, faults: Value) {
        let url = format!("{}/control/faults", self.gate.url());
        assert_eq!(self.post(url, faults).await.0, 200);
    }

    /// The identifiers of the attempts that a provider has taken on.
    pub(crate) async fn taken_by(&self, provider: &str) -> Vec<String> {
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
    pub(crate) async fn pay_at_the_gate(&self, payment: &Value, attempt: usize) {
        let attempt = format!("{}-{attempt}", text(payment, "id"));
        let url = format!("{}/control/payments/{attempt}/act", self.gate.url());
        assert_eq!(self.post(url, json!({ "act": "pay" })).await.0, 200);
    }

    /// The customer follows the way to the simulated OP and pays.
    pub(crate) async fn pay_at_op(&self, step: &Value) {
        let sent = self.client.get(text(step, "url")).send().await.unwrap();
        let page = sent.headers()["location"].to_str().unwrap();
        let page = format!("{}{page}", self.op.url());
        let form = self.client.post(&page).body("act=pay");
        assert_eq!(form.send().await.unwrap().status(), 303);
    }
}
