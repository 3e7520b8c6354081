//! What the server reads: through its own router, on a store of its own, or straight.

use std::{
    fs,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use kassa_server::{
    App, clock as server_clock,
    config::{Config, Development},
    jobs,
    store::sqlite::SqliteStore,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::{API_KEY, headers, with_text};

/// The longest time that a `Retry-After` can mean: what a date of HTTP can say.
const YEAR_10000: u64 = 253_402_300_800;

/// What a request for a payment may say; everything else is refused.
const PAYMENT_FIELDS: [&str; 11] = [
    "order",
    "amount",
    "currency",
    "reference",
    "language",
    "description",
    "customer",
    "selection",
    "choose_at",
    "return_url",
    "expires_in",
];

pub(super) fn create_payment(data: &[u8]) -> bool {
    let answer = SERVER.send(json(Method::POST, "/v1/payments", data));
    if answer.status != StatusCode::CREATED {
        return answer.is_refusal();
    }
    let said: Value = serde_json::from_slice(data).unwrap_or_default();
    let made = answer.json();
    for field in ["order", "amount"] {
        assert_eq!(made.get(field), said.get(field), "{field}");
    }
    let fields = said.as_object().into_iter().flat_map(|said| said.keys());
    for field in fields {
        assert!(
            PAYMENT_FIELDS.contains(&field.as_str()),
            "{field} is not refused"
        );
    }
    true
}

/// A refund of a payment that nobody has paid: well said or not, no money goes back.
pub(super) fn create_refund(data: &[u8]) -> bool {
    let path = format!("/v1/payments/{}/refunds", SERVER.payment);
    let answer = SERVER.send(json(Method::POST, &path, data));
    answer.is_refusal();
    // What is said wrong is told before what cannot be done.
    answer.status == StatusCode::CONFLICT
}

/// Headers of whatever kind, of the customer's browser and of the shop's server.
pub(super) fn request_headers(data: &[u8]) -> bool {
    let Some(headers) = std::str::from_utf8(data).ok().and_then(headers) else {
        return false;
    };
    let with_headers = |request: http::Result<Request<Body>>| {
        request.map(|mut request| {
            for (name, value) in &headers {
                request.headers_mut().append(name, value.clone());
            }
            request
        })
    };
    let page = Request::get(format!("/checkout/{}", SERVER.token)).body(Body::empty());
    let page = SERVER.send(with_headers(page));
    assert!(!page.status.is_server_error(), "{}", page.text);
    let order = br#"{"order":"2001","amount":100,"return_url":"http://127.0.0.1:8082/thanks"}"#;
    let make = || SERVER.send(with_headers(json(Method::POST, "/v1/payments", order)));
    let made = make();
    if made.status != StatusCode::CREATED {
        return made.is_refusal();
    }
    if headers.contains_key("idempotency-key") {
        assert_eq!(make().text, made.text, "one key, two payments");
    }
    true
}

pub(super) fn pay(data: &[u8]) -> bool {
    let path = format!("/checkout/{}/pay", SERVER.token);
    let answer = SERVER.send(json(Method::POST, &path, data));
    if answer.status != StatusCode::OK {
        return answer.is_refusal();
    }
    answer.json().get("kind").is_some()
}

/// A form that the hosted page sends. Nothing of it may come back as markup.
pub(super) fn hosted_form(data: &[u8]) -> bool {
    let path = format!("/checkout/{}/choose", SERVER.token);
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(data.to_vec()));
    let answer = SERVER.send(request);
    assert!(
        !answer.status.is_server_error(),
        "{}: {}",
        answer.status,
        answer.text
    );
    let fields = url::form_urlencoded::parse(data);
    for value in fields.flat_map(|(name, value)| [name, value]) {
        let is_markup = value.contains('<') && value.len() > 12;
        assert!(
            !(is_markup && answer.text.contains(&*value)),
            "{value} comes back"
        );
    }
    // Otherwise the page says why not.
    answer.location.starts_with(PROVIDER)
}

pub(super) fn list_query(data: &[u8]) -> bool {
    query("/v1/payments", data)
}

pub(super) fn events_query(data: &[u8]) -> bool {
    query("/v1/events", data)
}

/// A page and all that follow it.
fn query(path: &str, data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let answer = SERVER.send(json(Method::GET, &format!("{path}?{text}"), b""));
    if answer.status != StatusCode::OK {
        return answer.is_refusal();
    }
    let page = answer.json();
    assert!(page.get("data").is_some_and(Value::is_array), "{page}");
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        let follow = SERVER.send(json(Method::GET, &format!("{path}?cursor={next}"), b""));
        assert_eq!(follow.status, StatusCode::OK, "{}", follow.text);
    }
    true
}

/// A text in the place of a checkout token: nothing but the token itself opens a payment.
pub(super) fn checkout_token(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    // In the corpus the token stands by this name: each run has another one.
    let text = text.replace("TOKEN", &SERVER.token);
    if text.contains(['/', '?', '#']) {
        // Another address than the one in question.
        return false;
    }
    let answer = SERVER.send(json(Method::GET, &format!("/checkout/{text}/status"), b""));
    if answer.status != StatusCode::OK {
        return answer.is_refusal();
    }
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
    let known = SERVER.tokens.iter().any(|token| *token == decoded);
    assert!(known, "opened by another text");
    true
}

/// A configuration file. What it refers to is read as well, hence no devices.
pub(super) fn configuration(data: &[u8]) -> bool {
    static FILE: LazyLock<Option<(TempDir, PathBuf)>> = LazyLock::new(|| {
        let folder = TempDir::new().ok()?;
        fs::write(
            folder.path().join("webhook"),
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        )
        .ok()?;
        fs::write(
            folder.path().join("provider"),
            "an-invented-secret-of-32-letters",
        )
        .ok()?;
        let file = folder.path().join("kassa.toml");
        Some((folder, file))
    });
    let Some((_folder, file)) = &*FILE else {
        return false;
    };
    let text = String::from_utf8_lossy(data);
    if ["/dev", "/proc", "/sys"]
        .iter()
        .any(|place| text.contains(place))
        || fs::write(file, data).is_err()
    {
        return false;
    }
    let lines = text.split('\n').count();
    match Config::read(file) {
        Ok(config) => {
            assert!(
                !config.development,
                "a file makes the published secrets valid"
            );
            assert!(!format!("{config:?}").contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
            true
        }
        Err(error) => {
            assert!(!error.faults.is_empty(), "refused without a reason");
            assert!(
                !error
                    .to_string()
                    .contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            );
            for fault in &error.faults {
                assert!(
                    fault.line.is_none_or(|line| (1..=lines).contains(&line)),
                    "{fault:?}"
                );
            }
            false
        }
    }
}

/// A point in time that a shop writes.
pub(super) fn clock(data: &[u8]) -> bool {
    with_text(data, |text| {
        let Some(at) = server_clock::parse(text) else {
            return false;
        };
        let written = server_clock::rfc3339(at);
        assert_eq!(server_clock::parse(&written), Some(at), "{written}");
        assert!(!server_clock::for_people(at).is_empty());
        true
    })
}

/// The header of a shop that wants to be left alone for a while.
pub(super) fn retry_after(data: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return false;
    };
    let pause = jobs::retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]));
    let Some(pause) = pause else { return false };
    let digits = std::str::from_utf8(data)
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    assert!(
        digits.map_or(pause <= YEAR_10000, |digits| digits == pause),
        "{pause}"
    );
    true
}

fn json(method: Method, path: &str, body: &[u8]) -> http::Result<Request<Body>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {API_KEY}"))
        .body(Body::from(body.to_vec()))
}

/// The service in this process, without its jobs.
struct Server {
    router: Router,
    runtime: Mutex<Runtime>,
    payment: String,
    /// The last one's.
    token: String,
    /// All of them: libFuzzer reads them from the comparisons that the database makes.
    tokens: Vec<String>,
    _folder: TempDir,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| match Server::start() {
    Ok(server) => server,
    Err(error) => unreachable!("the service does not start: {error}"),
});

struct Answer {
    status: StatusCode,
    location: String,
    kind: String,
    text: String,
}

impl Server {
    fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = TempDir::new()?;
        let development = Development {
            data: folder.path().to_owned(),
            ..Development::default()
        };
        let mut config = development.config()?;
        config.limits.token_per_second = 0;
        let store = SqliteStore::open(&folder.path().join("kassa.db"))?;
        let app = App::new(config, std::sync::Arc::new(store));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut server = Self {
            router: kassa_server::app(app),
            runtime: Mutex::new(runtime),
            payment: String::new(),
            token: String::new(),
            tokens: Vec::new(),
            _folder: folder,
        };
        for order in ["1001", "1002", "1003"] {
            let body = format!(
                r#"{{"order":"{order}","amount":4990,"return_url":"http://127.0.0.1:8082/thanks"}}"#
            );
            let made = server
                .send(json(Method::POST, "/v1/payments", body.as_bytes()))
                .json();
            let told = |name| {
                let text = made.get(name).and_then(Value::as_str).map(str::to_owned);
                text.ok_or("no payment was made")
            };
            server.payment = told("id")?;
            server.token = told("token")?;
            server.tokens.push(server.token.clone());
        }
        Ok(server)
    }

    /// Sends a request; one that cannot be written down counts as refused.
    fn send(&self, request: http::Result<Request<Body>>) -> Answer {
        let Ok(request) = request else {
            return Answer {
                status: StatusCode::BAD_REQUEST,
                location: String::new(),
                kind: PROBLEM.to_owned(),
                text: String::new(),
            };
        };
        // A property that failed before has poisoned nothing.
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        runtime.block_on(async {
            let response = match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX)
                .await
                .unwrap_or_default();
            let named = |name| {
                let value = parts.headers.get(name);
                value
                    .and_then(|value: &HeaderValue| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            Answer {
                status: parts.status,
                location: named(header::LOCATION),
                kind: named(header::CONTENT_TYPE),
                text: String::from_utf8_lossy(&bytes).into_owned(),
            }
        })
    }
}

/// Where the development configuration's customers pay.
const PROVIDER: &str = "http://127.0.0.1:8081/";
const PROBLEM: &str = "application/problem+json";

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Checks that what was not done was refused as problems are; false, as nothing was accepted.
    fn is_refusal(&self) -> bool {
        assert!(
            self.status.is_client_error(),
            "{}: {}",
            self.status,
            self.text
        );
        assert_eq!(self.kind, PROBLEM, "{}", self.text);
        false
    }
}
