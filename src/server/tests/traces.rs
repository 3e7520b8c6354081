//! Spans on their way to a collector, from the real program. With the feature `otel`:
//! `cargo test -p kassa-server --features otel --test traces`.

#![cfg(feature = "otel")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, routing::post};
use bytes::Bytes;
use kit::{API_KEY, Folder, SHOP};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a collector was sent: protocol buffers, whose texts stand in them as they are.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    async fn listen(&self) -> SocketAddr {
        let take = async |State(collector): State<Self>, body: Bytes| {
            collector.0.lock().unwrap().extend_from_slice(&body);
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(self.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    fn holds(&self, text: &str) -> bool {
        let got = self.0.lock().unwrap();
        got.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

/// The program, and where it listens.
fn serve(folder: &Folder, collector: SocketAddr) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kassa"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env_remove("KASSA_CONFIG")
        .env_remove("KASSA_DATABASE_URL")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("kassa: listening on ").map(str::to_owned))
        .expect("the server begins to listen");
    (child, url)
}

/// A payment is made, and the program ends as it does in a roll-out; answers with the payment.
async fn one_payment(folder: &Folder, collector: SocketAddr) -> Value {
    let (mut server, url) = serve(folder, collector);
    let body =
        json!({ "order": "123456", "amount": 4_990, "return_url": format!("{SHOP}/thanks") });
    let request = reqwest::Client::new()
        .post(format!("{url}/v1/payments"))
        .bearer_auth(API_KEY)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let payment = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let stop = Command::new("kill").arg(server.id().to_string()).status();
    assert!(stop.unwrap().success());
    // The collector answers on this runtime while the program sends its last spans.
    let ended = tokio::task::spawn_blocking(move || server.wait().unwrap());
    assert!(ended.await.unwrap().success());
    payment
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_without_a_secret() {
    let (folder, collector) = (Folder::new(), Collector::default());
    let payment = one_payment(&folder, collector.listen().await).await;
    for text in [
        "service.name",
        "kassa",
        "request",
        "http.route",
        "/v1/payments",
    ] {
        assert!(collector.holds(text), "no {text} came");
    }
    let token = payment["token"].as_str().unwrap();
    for secret in [API_KEY, token, kit::SECRET] {
        assert!(!collector.holds(secret), "a secret came");
    }
}
