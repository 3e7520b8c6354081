//! The service, the simulated OP, and what the shop and its customers do.

use std::{sync::Mutex, time::Duration};

use kassa_server::{AppState, config::Config};
use serde_json::{Value, json};

use crate::kit::{
    Folder,
    live::{Serving, client, free_address, simulate},
    op::{self, ACCOUNT, MERCHANT, OP_API_KEY},
    shop_file::{ShopFile, shop_key},
    text,
};

/// Both services.
pub(crate) struct World {
    pub(crate) kassa: String,
    pub(crate) simulator: String,
    pub(crate) client: reqwest::Client,
    pub(crate) key: String,
    /// All that came to the browser.
    pub(crate) seen: Mutex<String>,
    pub(crate) app: AppState,
    serving: Serving,
    _folder: Folder,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_account(ACCOUNT).await
    }

    pub(crate) async fn with_account(account: &str) -> Self {
        let simulator = simulate(kassa_simulator::Config::development()).await;
        let kassa = format!("http://{}", free_address().await);
        let folder = Folder::new();
        op::write_secrets(&folder, account, &simulator).await;
        let file = ShopFile {
            url: &kassa,
            shop: "puoti",
            accounts: &op::table(&simulator),
        };
        let mut config = Config::read(&file.write(&folder)).unwrap();
        // The simulator has no certificate.
        config.development = true;
        let serving = Serving::start(config).await;
        Self {
            kassa,
            simulator,
            client: client(),
            key: shop_key(),
            seen: Mutex::default(),
            app: serving.app.clone(),
            serving,
            _folder: folder,
        }
    }

    /// A payment of the shop's.
    pub(crate) async fn payment(&self, order: &str) -> Value {
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
    pub(crate) async fn browse(&self, request: reqwest::RequestBuilder) -> (u16, String, String) {
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

    pub(crate) async fn pay(&self, payment: &Value, bank: &str) -> (u16, Value) {
        let path = format!("{}/checkout/{}/pay", self.kassa, text(payment, "token"));
        let request = self
            .client
            .post(path)
            .header("content-type", "application/json")
            .body(json!({ "bank": bank }).to_string());
        let (status, _, body) = self.browse(request).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    pub(crate) async fn status(&self, payment: &Value) -> Value {
        let path = format!("{}/checkout/{}/status", self.kassa, text(payment, "token"));
        let (status, _, body) = self.browse(self.client.get(path)).await;
        assert_eq!(status, 200);
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn until(&self, payment: &Value, wanted: &str, patience: Duration) {
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
    pub(crate) async fn at_the_bank(&self, step: &Value, act: &str) -> String {
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

    pub(crate) async fn control(&self, path: &str, body: Value) {
        let request = self
            .client
            .post(format!("{}/control/op{path}", self.simulator));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub(crate) async fn at_op(&self) -> Vec<Value> {
        let answer = self
            .client
            .get(format!("{}/control/op/payments", self.simulator));
        let answer = answer.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["payments"].as_array().unwrap().clone()
    }

    /// Nothing of what OP wants kept came to the browser.
    pub(crate) async fn nothing_leaked(&self) {
        let payments = self.at_op().await;
        assert!(!payments.is_empty());
        let seen = self.seen.lock().unwrap();
        assert!(seen.len() > 1_000);
        let ids = payments.iter().map(|payment| text(payment, "paymentId"));
        for secret in [MERCHANT, ACCOUNT, OP_API_KEY].into_iter().chain(ids) {
            assert!(!seen.contains(secret), "{secret}");
        }
    }

    pub(crate) async fn stop(self) {
        self.serving.stop().await;
    }

    /// A payment that was paid at OP.
    pub(crate) async fn paid(&self, order: &str) -> Value {
        let payment = self.payment(order).await;
        let (_, step) = self.pay(&payment, "op").await;
        self.at_the_bank(&step, "pay").await;
        self.until(&payment, "paid", Duration::from_secs(4)).await;
        payment
    }

    /// The shop's wish to refund.
    pub(crate) async fn refund(&self, payment: &Value, body: Value) -> (u16, Value) {
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

    pub(crate) async fn refunds(&self, payment: &Value) -> Value {
        let path = format!("{}/v1/payments/{}/refunds", self.kassa, text(payment, "id"));
        let answer = self.client.get(path).bearer_auth(&self.key).send();
        serde_json::from_str(&answer.await.unwrap().text().await.unwrap()).unwrap()
    }

    /// The words of the refunds' states, once none is pending.
    pub(crate) async fn settled(&self, payment: &Value) -> Vec<String> {
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
