//! A whole service on a socket with its jobs, and a shop that takes webhooks.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, response::AppendHeaders, routing::post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use kassa_server::{
    AppState,
    config::{ApiKeys, Config, Database, Development},
    serve::Service,
    shop::Shop,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{API_KEY, Folder, attempt_of, text};

/// Answers to come: the status, and the pause that is asked for, in seconds.
type Answers = VecDeque<(StatusCode, Option<u64>)>;

/// A shop that takes webhooks: what it got, and how it answers.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Inbox {
    /// Answers the next webhook so, once; without further orders all are taken.
    pub(crate) fn answer(&self, status: StatusCode, retry_after: Option<u64>) {
        let mut answers = self.answers.lock().unwrap();
        answers.push_back((status, retry_after));
    }

    /// Begins to take webhooks.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let take = async |State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes| {
            inbox.got.lock().unwrap().push((headers, body));
            let answer = inbox.answers.lock().unwrap().pop_front();
            let (status, pause) = answer.unwrap_or((StatusCode::NO_CONTENT, None));
            let pause = pause.map(|seconds| (http::header::RETRY_AFTER, seconds.to_string()));
            (status, AppendHeaders(pause))
        };
        let router = Router::new()
            .route("/webhooks", post(take))
            .with_state(self.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    /// The identifier and the body of a webhook that came.
    pub(crate) fn event(&self, index: usize) -> (String, Value) {
        let (headers, body) = self.message(index);
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        (id, serde_json::from_slice(&body).unwrap())
    }

    pub(crate) fn len(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    pub(crate) fn message(&self, index: usize) -> (HeaderMap, Bytes) {
        self.got.lock().unwrap()[index].clone()
    }

    pub(crate) async fn until(&self, count: usize) {
        for _ in 0..500 {
            if self.len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} of {count} webhooks came", self.len());
    }
}

/// A service that runs with its jobs until it is told to stop.
pub(crate) struct Serving {
    pub(crate) app: AppState,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    pub(crate) async fn start(config: Config) -> Self {
        let service = Service::start(config).await.unwrap();
        let app = service.app.clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        Self { app, stop, ended }
    }

    /// Tells it to stop, and waits until it has. What it leaves may still be held by a task.
    pub(crate) async fn stop(self) -> AppState {
        self.stop.send(()).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(8), self.ended).await;
        ended.expect("it did not stop").unwrap().unwrap();
        self.app
    }
}

/// A client that goes nowhere by itself.
pub(crate) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.build().unwrap()
}

/// An address that nobody listens at now.
pub(crate) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

/// Starts a simulator, which ends with the test: its address.
pub(crate) async fn simulate(config: kassa_simulator::Config) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = kassa_simulator::app(config);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// The service on a socket.
pub(crate) struct Live {
    pub(crate) url: String,
    pub(crate) shop_url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) app: AppState,
    serving: Serving,
}

impl Live {
    pub(crate) async fn start(folder: &Folder, shop: SocketAddr) -> Self {
        let file = folder.path().join("kassa.db");
        Self::start_on(Database::Sqlite(file), shop).await
    }

    pub(crate) async fn start_on(database: Database, shop: SocketAddr) -> Self {
        Self::start_with(database, shop, |_| {}).await
    }

    /// With another shop than that for development, as the jobs see it.
    pub(crate) async fn start_with(
        database: Database,
        shop: SocketAddr,
        change: impl FnOnce(&mut Shop),
    ) -> Self {
        let shop_url = format!("http://{shop}");
        let development = Development {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database: Some(database),
            shop: shop_url.clone(),
            ..Development::default()
        };
        let mut config = development.config().unwrap();
        // The API keys hold the one that is there.
        let mut changed = development.config().unwrap();
        changed.api_keys = ApiKeys::default();
        change(Arc::get_mut(changed.shops.get_mut("demo").unwrap()).unwrap());
        config.shops.append(&mut changed.shops);
        let serving = Serving::start(config).await;
        let app = serving.app.clone();
        Self {
            url: app.config.public_url.clone(),
            shop_url,
            client: client(),
            app,
            serving,
        }
    }

    pub(crate) async fn create(&self, more: Value) -> Value {
        let mut body = json!({
            "order": "123456", "amount": 4_990,
            "return_url": format!("{}/thanks", self.shop_url),
        });
        super::merge(&mut body, more);
        let request = self
            .client
            .post(format!("{}/v1/payments", self.url))
            .bearer_auth(API_KEY)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: String) -> (StatusCode, String) {
        self.send(self.client.post(format!("{}{path}", self.url)), body)
            .await
    }

    /// A call of the shop's server.
    pub(crate) async fn ask(&self, path: &str, body: String) -> (StatusCode, String) {
        let request = self.client.post(format!("{}{path}", self.url));
        self.send(request.bearer_auth(API_KEY), body).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, body: String) -> (StatusCode, String) {
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(API_KEY).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) async fn pay(&self, payment: &Value) -> String {
        let path = format!("/checkout/{}/pay", text(payment, "token"));
        let (status, step) = self.post(&path, r#"{"bank":"nordea"}"#.into()).await;
        assert_eq!(status, 200, "{step}");
        attempt_of(&serde_json::from_str(&step).unwrap())
    }

    pub(crate) async fn stop(self) {
        self.serving.stop().await;
    }
}
