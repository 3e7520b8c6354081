//! A whole service in a folder of its own, the shop's calls to it, and a provider that signs.

#![allow(dead_code, reason = "every test file uses another part of it")]

pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod op;
pub(crate) mod shop_file;
pub(crate) mod store;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use kassa_checkout::message::Signature;
use kassa_keys::HmacSha512Key;
use kassa_providers::ecommpay::signing;
use kassa_server::{
    App, AppState,
    config::{Config, Database, Development},
    store::{Store, sqlite::SqliteStore},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const API_KEY: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";
pub(crate) const SECRET: &str = "kassa-simulator-secret-for-development-only-0001";
pub(crate) const SHOP: &str = "http://127.0.0.1:8082";

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kassa-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The service.
pub(crate) struct Kit {
    pub(crate) app: AppState,
    router: Router,
    pub(crate) folder: Arc<Folder>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// What came, where it is no UTF-8.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The code and the field of a problem.
    #[track_caller]
    pub(crate) fn problem(&self) -> (String, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("field"))
    }
}

impl Kit {
    pub(crate) fn new() -> Self {
        Self::within(Arc::new(Folder::new()), |_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::within(Arc::new(Folder::new()), change)
    }

    /// A service on the files of another one, which must have gone.
    pub(crate) fn within(folder: Arc<Folder>, change: impl FnOnce(&mut Config)) -> Self {
        let development = Development {
            data: folder.path().to_owned(),
            ..Development::default()
        };
        let mut config = development.config().unwrap();
        change(&mut config);
        let store = open(&config.database);
        let app = App::new(config, store);
        Self {
            router: kassa_server::app(app.clone()),
            app,
            folder,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes: bytes.to_vec(),
        }
    }

    /// The response as it begins, for those that do not end.
    pub(crate) async fn begin(&self, path: &str) -> http::Response<Body> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A call of the shop's server.
    pub(crate) async fn shop(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.shop_with(method, path, body, None).await
    }

    pub(crate) async fn shop_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {API_KEY}"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    /// A payment as simple as can be, changed by `more`.
    pub(crate) async fn create(&self, more: Value) -> Value {
        let mut body = order();
        merge(&mut body, more);
        let made = self.shop(Method::POST, "/v1/payments", Some(body)).await;
        made.expect(201).json()
    }

    pub(crate) async fn read(&self, payment: &Value) -> Value {
        let path = format!("/v1/payments/{}", text(payment, "id"));
        self.shop(Method::GET, &path, None).await.expect(200).json()
    }

    pub(crate) async fn events(&self, payment: &Value) -> Vec<Value> {
        let path = format!("/v1/payments/{}/events", text(payment, "id"));
        let answer = self.shop(Method::GET, &path, None).await.expect(200).json();
        answer["data"].as_array().unwrap().clone()
    }

    /// A call of the widget, from our own page or from that of an origin.
    pub(crate) async fn pay(&self, payment: &Value, body: Value, origin: Option<&str>) -> Answer {
        let mut request = Request::post(format!("/checkout/{}/pay", text(payment, "token")))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn form(&self, path: &str, body: &str, origin: Option<&str>) -> Answer {
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    pub(crate) async fn callback(&self, body: String) -> Answer {
        let request =
            Request::post("/callbacks/ecommpay").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// The body that makes a payment.
pub(crate) fn order() -> Value {
    json!({
        "order": "123456",
        "amount": 4_990,
        "return_url": format!("{SHOP}/thanks?order=123456"),
    })
}

pub(crate) fn merge(body: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// The provider's payment identifier in a next step.
pub(crate) fn attempt_of(step: &Value) -> String {
    let url = url::Url::parse(text(step, "url")).unwrap();
    let (_, id) = url
        .query_pairs()
        .find(|(name, _)| name == "payment_id")
        .unwrap();
    id.into_owned()
}

/// A callback of the provider, signed with `secret`.
pub(crate) fn report(
    attempt: &str,
    status: &str,
    operation: u64,
    amount: u64,
    secret: &str,
) -> String {
    report_coded(attempt, status, operation, amount, (secret, "0"))
}

/// The same, with the code of its operation.
pub(crate) fn report_coded(
    attempt: &str,
    status: &str,
    operation: u64,
    amount: u64,
    (secret, code): (&str, &str),
) -> String {
    let body = json!({
        "project_id": 120,
        "payment": {
            "id": attempt,
            "type": "purchase",
            "status": status,
            "method": "Finnish Banks",
            "date": "2026-11-21T10:00:00+0000",
            "sum": { "amount": amount, "currency": "EUR" },
            "description": "",
        },
        "operation": {
            "id": operation,
            "type": "sale",
            "status": status,
            "date": "2026-11-21T10:00:00+0000",
            "created_date": "2026-11-21T09:59:00+0000",
            "sum_initial": { "amount": amount, "currency": "EUR" },
            "sum_converted": { "amount": amount, "currency": "EUR" },
            "code": code,
            "message": "Success",
        },
    });
    signed(body, secret)
}

/// What the provider sends, signed with `secret`.
pub(crate) fn signed(mut body: Value, secret: &str) -> String {
    let input = signing::canonical_string(body.to_string().as_bytes()).unwrap();
    let key = HmacSha512Key::parse(secret).unwrap();
    body["signature"] = signing::encode(&Signature(key.sign(input.as_bytes()))).into();
    body.to_string()
}

/// The store in the file that a configuration names.
pub(crate) fn open(database: &Database) -> Arc<dyn Store> {
    match database {
        Database::Sqlite(file) => Arc::new(SqliteStore::open(file).unwrap()),
        Database::Postgres(_) => panic!("a file was expected"),
    }
}
