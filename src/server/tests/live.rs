//! Over real sockets: the service with its jobs, webhooks to a shop, clients that hang up, and
//! not a word in the logs that does not belong there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{net::Ipv4Addr, time::Duration};

use kassa_keys::{WebhookKey, WebhookMessage, verify_webhook};
use kit::{
    API_KEY, Folder, SECRET,
    live::{Inbox, Live},
    log::Lines,
    report, text,
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_hears_of_each_change_by_signed_webhooks() {
    let folder = Folder::new();
    let inbox = Inbox::default();
    let live = Live::start(&folder, inbox.listen().await).await;
    let payment = live.create(json!({})).await;
    let attempt = live.pay(&payment).await;
    inbox.until(1).await;
    let body = report(&attempt, "success", 1, 4_990, SECRET);
    for _ in 0..3 {
        assert_eq!(live.post("/callbacks/ecommpay", body.clone()).await.0, 200);
    }
    inbox.until(2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(inbox.len(), 2);

    let (headers, body) = inbox.message(1);
    let header = |name: &str| headers[name].to_str().unwrap();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    let key = WebhookKey::parse("whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=").unwrap();
    let message = WebhookMessage {
        id: header("webhook-id"),
        timestamp,
        body: &body,
    };
    verify_webhook([&key], &message, header("webhook-signature"), timestamp).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "payment.updated");
    assert_eq!(body["data"]["id"], payment["id"]);
    assert_eq!(body["data"]["status"], "paid");
    assert_eq!(body["data"]["token"], Value::Null);
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_unsent_webhooks_are_sent() {
    let folder = Folder::new();
    // Nobody listens here: the first try fails, and the next one is due in five seconds.
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let gone = nobody.local_addr().unwrap();
    drop(nobody);
    let live = Live::start(&folder, gone).await;
    let payment = live.create(json!({})).await;
    live.pay(&payment).await;
    live.stop().await;

    let inbox = Inbox::default();
    let live = Live::start(&folder, inbox.listen().await).await;
    inbox.until(1).await;
    let (_, body) = inbox.message(0);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["data"]["status"], "redirected");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_loses_nothing_and_blocks_nobody() {
    let folder = Folder::new();
    let live = Live::start(&folder, Inbox::default().listen().await).await;
    let address = live.url.strip_prefix("http://").unwrap().to_owned();
    let body = json!({
        "order": "1", "amount": 1, "return_url": format!("{}/t", live.shop_url),
    })
    .to_string();
    for number in 0..50 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "POST /v1/payments HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {API_KEY}\r\n\
             content-type: application/json\r\nidempotency-key: rude-{number}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        drop(stream);
    }
    // Nobody else waits for them, and whatever was begun was done wholly.
    let own = live.create(json!({})).await;
    let (_, list) = live.get("/v1/payments?limit=100").await;
    let list: Value = serde_json::from_str(&list).unwrap();
    let payments = list["data"].as_array().unwrap();
    assert!(payments.iter().any(|payment| payment["id"] == own["id"]));
    for payment in payments {
        let path = format!("/v1/payments/{}/events", text(payment, "id"));
        let (_, events) = live.get(&path).await;
        assert!(events.contains("payment.created"), "{events}");
    }
    // The same again with the same key is one payment, whether the first one was done or not.
    for _ in 0..2 {
        let request = live
            .client
            .post(format!("{}/v1/payments", live.url))
            .bearer_auth(API_KEY)
            .header("content-type", "application/json")
            .header("idempotency-key", "rude-7")
            .body(body.clone());
        assert_eq!(request.send().await.unwrap().status(), 201);
    }
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_nothing_personal_is_logged() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::registry()
        .with(kassa_server::telemetry::filter())
        .with(tracing_subscriber::fmt::layer().with_writer(move || writer.clone()))
        .init();
    let folder = Folder::new();
    let inbox = Inbox::default();
    let live = Live::start(&folder, inbox.listen().await).await;
    let payment = live
        .create(json!({
            "description": "marker-description",
            "customer": {
                "id": "marker-customer",
                "first_name": "Markerfirst",
                "last_name": "Markerlast",
                "email": "marker@mail.example",
                "phone": "358401234567",
            },
        }))
        .await;
    let attempt = live.pay(&payment).await;
    let good = report(&attempt, "success", 1, 4_990, SECRET);
    let forged = good.replace("\"amount\":4990", "\"amount\":4991");
    assert_eq!(live.post("/callbacks/ecommpay", forged).await.0, 400);
    assert_eq!(live.post("/callbacks/ecommpay", good.clone()).await.0, 200);
    let token = text(&payment, "token");
    for path in ["", "/session", "/status"] {
        live.get(&format!("/checkout/{token}{path}?marker-query"))
            .await;
    }
    live.get(&format!("/return/{token}")).await;
    live.get("/v1/payments?order=marker-order").await;
    live.post("/v1/payments", r#"{"marker-field":"marker-value"}"#.into())
        .await;
    live.post(
        &format!("/checkout/{token}/pay"),
        r#"{"bank":"marker-bank"}"#.into(),
    )
    .await;
    inbox.until(2).await;
    let (headers, _) = inbox.message(0);
    let signature = headers["webhook-signature"].to_str().unwrap().to_owned();
    let callback: Value = serde_json::from_str(&good).unwrap();
    live.stop().await;

    let log = lines.text();
    assert!(
        log.contains("/checkout/{token}/pay"),
        "the log is there: {log}"
    );
    for marker in [
        API_KEY,
        SECRET,
        "a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=",
        token,
        &signature,
        text(&callback, "signature"),
        "marker",
        "Marker",
        "358401234567",
    ] {
        assert!(!log.contains(marker), "{marker} is in the log:\n{log}");
    }
}
