//! A simulator and a shop's receiver of callbacks, both on real loopback sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode};
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kassa_simulator::form::encode;
use kassa_simulator::json::Node;
use kassa_simulator::params::page_string_to_sign;
use kassa_simulator::signature::{Secret, string_to_sign};
use kassa_simulator::{Config, app};
use serde_json::{Value, json};

pub const SPLIT: &str = r#"{"online_finnish_banks": {"split_banks": true}}"#;

/// An answer read to its end.
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub policy: String,
    pub body: String,
}

/// Bodies that the shop received, and what it answers; 200 when nothing else is said.
#[derive(Default)]
pub struct Inbox {
    pub bodies: Mutex<Vec<String>>,
    pub answers: Mutex<VecDeque<u16>>,
}

/// Both sides.
pub struct World {
    pub simulator: String,
    pub shop: String,
    pub inbox: Arc<Inbox>,
}

impl World {
    pub async fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let receiver = Router::new()
            .route("/callback", post(receive))
            .with_state(Arc::clone(&inbox));
        Self {
            simulator: serve(app(Config::development())).await,
            shop: serve(receiver).await,
            inbox,
        }
    }

    /// The query of a good request with more parameters, signed.
    pub fn query(&self, payment_id: &str, more: &[(&str, &str)]) -> String {
        let callback_url = format!("{}/callback", self.shop);
        let mut parameters: Vec<(String, String)> = [
            ("project_id", "120"),
            ("payment_id", payment_id),
            ("payment_amount", "4990"),
            ("payment_currency", "EUR"),
            ("customer_id", "customer1"),
            ("payment_description", "Viite 12 34561, ä/ö"),
            ("merchant_callback_url", &callback_url),
            ("merchant_success_url", "http://127.0.0.1:8082/ok"),
            ("merchant_fail_url", "http://127.0.0.1:8082/fail"),
            ("merchant_return_url", "http://127.0.0.1:8082/return"),
        ]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        let signature = Config::development()
            .secret
            .sign(&page_string_to_sign(&parameters));
        parameters.push(("signature".to_owned(), signature));
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        pairs.join("&")
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(
            Method::GET,
            &format!("{}{path}", self.simulator),
            "text/plain",
            String::new(),
        )
        .await
    }

    pub async fn form(&self, path: &str, body: &str) -> Answer {
        send(
            Method::POST,
            &format!("{}{path}", self.simulator),
            "application/x-www-form-urlencoded",
            body.to_owned(),
        )
        .await
    }

    pub async fn open(&self, payment_id: &str, more: &[(&str, &str)]) -> Answer {
        self.get(&format!("/payment?{}", self.query(payment_id, more)))
            .await
    }

    /// A control request that must succeed.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.try_control(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub async fn try_control(&self, path: &str, body: Value) -> Answer {
        send(
            Method::POST,
            &format!("{}/control{path}", self.simulator),
            "application/json",
            body.to_string(),
        )
        .await
    }

    pub async fn payment(&self, payment_id: &str) -> Value {
        let answer = self.get(&format!("/control/payments/{payment_id}")).await;
        serde_json::from_str(&answer.body).unwrap()
    }

    pub async fn act(&self, payment_id: &str, act: &str) -> Value {
        self.control(
            &format!("/payments/{payment_id}/act"),
            json!({ "act": act }),
        )
        .await
    }

    pub async fn flush(&self) {
        let flushed = self.control("/callbacks/flush", json!({})).await;
        assert_eq!(flushed["quiet"], true);
    }

    pub async fn skip(&self, seconds: u32) {
        self.control("/clock", json!({ "skip_seconds": seconds }))
            .await;
        self.flush().await;
    }

    /// What the shop received, as `payment.status / operation.type operation.status operation.code`; every signature is checked.
    pub fn received(&self) -> Vec<String> {
        self.inbox
            .bodies
            .lock()
            .unwrap()
            .iter()
            .map(|body| told(body))
            .collect()
    }

    pub fn answer_with(&self, answers: &[u16]) {
        self.inbox.answers.lock().unwrap().extend(answers);
    }
}

/// What a callback says, when its signature is right.
pub fn told(body: &str) -> String {
    assert!(signature_is_right(body), "{body}");
    let callback: Value = serde_json::from_str(body).unwrap();
    let word = |pointer: &str| {
        callback
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    format!(
        "{} / {} {} {}",
        word("/payment/status"),
        word("/operation/type"),
        word("/operation/status"),
        word("/operation/code")
    )
}

/// Whether the top-level signature is right for the rest of the document.
pub fn signature_is_right(body: &str) -> bool {
    let Ok(Node::Object(mut members)) = Node::parse(body) else {
        return false;
    };
    let Some(at) = members.iter().position(|(name, _)| name == "signature") else {
        return false;
    };
    let Node::Text(signature) = members.remove(at).1 else {
        return false;
    };
    let secret: Secret = Config::development().secret;
    secret
        .check(&string_to_sign(&Node::Object(members)), &signature)
        .is_ok()
}

async fn receive(State(inbox): State<Arc<Inbox>>, body: Bytes) -> StatusCode {
    inbox
        .bodies
        .lock()
        .unwrap()
        .push(String::from_utf8(body.to_vec()).unwrap());
    let answer = inbox.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(answer).unwrap()
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn send(method: Method, url: &str, kind: &str, body: String) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", kind)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = client.request(request).await.unwrap();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let (status, location, policy) = (
        answer.status().as_u16(),
        header("location"),
        header("content-security-policy"),
    );
    let body = String::from_utf8(
        answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
    .unwrap();
    Answer {
        status,
        location,
        policy,
        body,
    }
}
