//! The demo shop against a Kassa made for the test: what it asks for, what it believes, what it shows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kassa_simulator::demo_shop::{Config, app};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// 28 million seconds into 2026, from which the first order number comes.
const NOW: u64 = 1_795_225_600;

/// A Kassa that keeps what it was sent and says what the test wants.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    made: Vec<(HeaderMap, Value)>,
    asked: usize,
    status: String,
}

impl Fake {
    async fn start(&self) -> Router {
        self.serve(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn serve(&self, listener: TcpListener) -> Router {
        let kassa = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/payments", post(create))
            .route("/v1/payments/{id}", get(read))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        shop(kassa)
    }

    fn set(&self, status: &str) {
        self.0.lock().unwrap().status = status.to_owned();
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    fn made(&self) -> Vec<(HeaderMap, Value)> {
        self.0.lock().unwrap().made.clone()
    }
}

async fn create(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    if body["amount"] == 8900 {
        let problem = json!({ "title": "Unprocessable", "detail": "amount is above the limit" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem));
    }
    fake.0.lock().unwrap().made.push((headers, body));
    (StatusCode::CREATED, Json(payment("created")))
}

async fn read(State(fake): State<Fake>, Path(id): Path<String>) -> (StatusCode, Json<Value>) {
    let mut seen = fake.0.lock().unwrap();
    seen.asked += 1;
    if id != "pay_1" || seen.status.is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    (StatusCode::OK, Json(payment(&seen.status)))
}

fn payment(status: &str) -> Value {
    json!({
        "id": "pay_1", "token": "tok_1", "checkout_url": "http://kassa.test/checkout/tok_1",
        "status": status, "reference": "280000004", "reference_print": "2800 00004", "version": 1,
    })
}

fn shop(kassa: String) -> Router {
    app(Config {
        kassa,
        now: || NOW,
        ..Config::development().unwrap()
    })
}

async fn send(shop: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response: Response<Body> = shop.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn read_json(shop: &Router, path: &str) -> Value {
    let (status, _, body) = send(shop, Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    serde_json::from_str(&body).unwrap()
}

async fn order(shop: &Router, basket: Value) -> (StatusCode, Value) {
    let request = Request::post("/api/orders")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(basket.to_string()));
    let (status, _, body) = send(shop, request.unwrap()).await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn form(shop: &Router, body: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::post("/checkout")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()));
    send(shop, request.unwrap()).await
}

/// A webhook signed with this secret at this time.
async fn webhook(shop: &Router, id: &str, at: u64, secret: &[u8]) -> StatusCode {
    let body = json!({ "type": "payment.paid", "data": { "id": "pay_1" } }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    let request = Request::post("/webhooks")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header(
            "webhook-signature",
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())),
        )
        .body(Body::from(body));
    let (status, _, told) = send(shop, request.unwrap()).await;
    assert_eq!(told, "", "a webhook's sender is told nothing");
    status
}

const SECRET: &[u8] = b"kassa-development-webhook-secret-01";

async fn outcomes(shop: &Router, key: &str) -> Vec<String> {
    let journal = read_json(shop, &format!("/api/journal?orders={key}")).await;
    let entries = journal["entries"].as_array().unwrap().iter();
    let of = |entry: &Value| format!("{} {}", entry["kind"], entry["outcome"]).replace('"', "");
    entries.map(of).collect()
}

#[tokio::test]
async fn an_order_asks_for_exactly_this_payment() {
    let fake = Fake::default();
    let shop = fake.start().await;
    let (status, answer) = order(
        &shop,
        json!({
            "items": { "honey": 2, "socks": 1 },
            "language": "sv",
            "customer": { "first_name": "Maija", "last_name": "Meikäläinen", "email": "maija@example.fi" },
            "selection": { "option": "named_banks", "banks": ["nordea", "op"] },
            "choose_at": "provider",
        }),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED);
    let key = answer["key"].as_str().unwrap();
    assert_eq!(
        answer["bill"],
        json!({
            "lines": [
                { "id": "honey", "quantity": 2, "sum": 2300 },
                { "id": "socks", "quantity": 1, "sum": 2490 },
            ],
            "delivery": 490,
            "total": 5280,
        })
    );
    assert_eq!(
        answer["payment"],
        json!({
            "token": "tok_1", "checkout_url": "http://kassa.test/checkout/tok_1",
            "status": "created", "reference": "2800 00004",
        })
    );

    let (headers, body) = fake.made().remove(0);
    assert_eq!(
        body,
        json!({
            "order": "28000000",
            "amount": 5280,
            "language": "sv",
            "description": "Beställning 28000000",
            "customer": {
                "id": "guest-28000000",
                "first_name": "Maija", "last_name": "Meikäläinen", "email": "maija@example.fi",
            },
            "selection": { "option": "named_banks", "banks": ["nordea", "op"] },
            "choose_at": "provider",
            "return_url": format!("http://127.0.0.1:8082/thanks.html?order={key}"),
        })
    );
    assert_eq!(
        headers["authorization"],
        "Bearer kassa_dev_demo_0123456789abcdef0123456789abcdef"
    );
    assert_eq!(headers["idempotency-key"], key);
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_with_the_same_key() {
    let fake = Fake::default();
    let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap();
    drop(first);
    let shop = shop(format!("http://{address}"));
    let late = fake.clone();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        drop(late.serve(TcpListener::bind(address).await.unwrap()));
    });
    let (status, answer) = order(&shop, json!({ "items": { "tea": 1 } })).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(fake.made().len(), 1);
    assert_eq!(
        fake.made()[0].0["idempotency-key"],
        answer["key"].as_str().unwrap()
    );
}

#[tokio::test]
async fn what_cannot_be_ordered_makes_no_payment() {
    let fake = Fake::default();
    let shop = fake.start().await;
    for (basket, expected) in [
        (json!({ "items": {} }), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({ "items": { "gold": 1 } }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "items": { "tea": 100 } }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json!({ "items": { "tea": -1 } }), StatusCode::BAD_REQUEST),
        (json!({ "items": { "tea": 1.5 } }), StatusCode::BAD_REQUEST),
        (
            json!({ "items": { "tea": 1 }, "selection": { "option": "single_bank", "banks": ["op", "nordea"] } }),
            StatusCode::BAD_REQUEST,
        ),
        (json!({ "items": { "tea": 10 } }), StatusCode::BAD_GATEWAY),
    ] {
        assert_eq!(order(&shop, basket.clone()).await.0, expected, "{basket}");
    }
    assert_eq!(fake.made().len(), 0);
}

#[tokio::test]
async fn without_javascript_the_form_leads_to_the_hosted_page() {
    let fake = Fake::default();
    let shop = fake.start().await;
    let fields = "tea=0&soap=2&kuksa=&first_name=+Maija&last_name=Meik%C3%A4l%C3%A4inen&email=maija%40example.fi";
    let (status, headers, _) = form(&shop, fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers["location"], "http://kassa.test/checkout/tok_1");
    let body = &fake.made()[0].1;
    assert_eq!(body["amount"], 2 * 695 + 490);
    assert_eq!(body["selection"], json!({ "option": "all_banks" }));
    assert_eq!(body["customer"]["first_name"], "Maija");

    assert_eq!(form(&shop, "soap=1").await.0, StatusCode::SEE_OTHER);
    assert_eq!(fake.made()[1].1.get("customer"), None);
    assert_eq!(fake.made()[1].1.get("language"), None);

    for (wrong, expected) in [
        ("tea=0", StatusCode::UNPROCESSABLE_ENTITY),
        ("tea=many", StatusCode::UNPROCESSABLE_ENTITY),
        ("tea=-1", StatusCode::UNPROCESSABLE_ENTITY),
        ("tea=10", StatusCode::BAD_GATEWAY),
    ] {
        let (status, headers, page) = form(&shop, wrong).await;
        assert_eq!(status, expected, "{wrong}");
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert!(page.contains("data-text=\"sorry.title\""), "{wrong}");
    }
}

#[tokio::test]
async fn a_verified_webhook_makes_the_shop_ask_and_a_repeated_one_does_not() {
    let fake = Fake::default();
    let shop = fake.start().await;
    let (_, made) = order(&shop, json!({ "items": { "tea": 1 } })).await;
    let key = made["key"].as_str().unwrap();
    fake.set("paid");
    assert_eq!(
        webhook(&shop, "msg_1", NOW, SECRET).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(fake.asked(), 1);
    let shown = read_json(&shop, &format!("/api/orders/{key}")).await;
    assert_eq!(shown["payment"]["status"], "paid");

    assert_eq!(
        webhook(&shop, "msg_1", NOW + 5, SECRET).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(fake.asked(), 1, "a repeated webhook changes nothing");
    assert_eq!(
        outcomes(&shop, key).await,
        ["call good", "call good", "webhook good", "webhook repeated"]
    );
}

#[tokio::test]
async fn a_forged_or_old_webhook_changes_and_shows_nothing() {
    let fake = Fake::default();
    let shop = fake.start().await;
    let (_, made) = order(&shop, json!({ "items": { "tea": 1 } })).await;
    let key = made["key"].as_str().unwrap();
    fake.set("paid");
    assert_eq!(
        webhook(&shop, "msg_1", NOW, b"another secret of a fitting size").await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        webhook(&shop, "msg_1", NOW - 301, SECRET).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(fake.asked(), 0);
    let journal = read_json(&shop, "/api/journal").await;
    let details: Vec<&Value> = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["detail"])
        .collect();
    assert_eq!(
        details,
        [
            &json!({ "why": "webhook-signature holds no right signature" }),
            &json!({ "why": "webhook-timestamp is more than 5 minutes off" }),
        ]
    );
    assert_eq!(
        outcomes(&shop, key).await,
        ["call good", "webhook refused", "webhook refused"]
    );
}

#[tokio::test]
async fn a_webhook_that_could_not_be_handled_is_handled_when_it_comes_again() {
    let fake = Fake::default();
    let shop = fake.start().await;
    let (_, made) = order(&shop, json!({ "items": { "tea": 1 } })).await;
    let key = made["key"].as_str().unwrap();
    assert_eq!(
        webhook(&shop, "msg_1", NOW, SECRET).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    fake.set("declined");
    assert_eq!(
        webhook(&shop, "msg_1", NOW, SECRET).await,
        StatusCode::NO_CONTENT
    );
    let shown = read_json(&shop, &format!("/api/orders/{key}")).await;
    assert_eq!(shown["payment"]["status"], "declined");
}

#[tokio::test]
async fn an_order_is_not_found_without_its_key() {
    let shop = Fake::default().start().await;
    let request = Request::get("/api/orders/28000000").body(Body::empty());
    let (status, _, body) = send(&shop, request.unwrap()).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""));
}

#[tokio::test]
async fn every_answer_carries_the_strict_policy() {
    let shop = Fake::default().start().await;
    for (path, expected) in [
        ("/", StatusCode::OK),
        ("/checkout.html", StatusCode::OK),
        ("/shop.js", StatusCode::OK),
        ("/healthz", StatusCode::OK),
        ("/../Cargo.toml", StatusCode::NOT_FOUND),
    ] {
        let (status, headers, _) =
            send(&shop, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, expected, "{path}");
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; script-src 'self' http://127.0.0.1:8080 'wasm-unsafe-eval'; \
             style-src 'self' http://127.0.0.1:8080; img-src 'self' http://127.0.0.1:8080; \
             connect-src 'self' http://127.0.0.1:8080; \
             form-action 'self' http://127.0.0.1:8080 http://127.0.0.1:8081; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}
