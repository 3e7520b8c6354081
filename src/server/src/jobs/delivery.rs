//! Webhooks to shops, by Standard Webhooks 1.0.0.
//!
//! A row is claimed, sent, and its outcome written down. Whoever dies in between leaves a claim
//! that ends by itself, and the webhook is sent again: at least once, never lost.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use kassa_keys::{WebhookMessage, sign_webhook};
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{PAUSE, schedule};
use crate::{
    clock,
    network::{is_public, is_public_host},
    shop::Webhook,
    state::AppState,
    store::{Delivery, Outgoing},
};

/// How long a shop may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a claim lasts, in seconds: longer than a try can take with its waiting.
const CLAIM: u64 = 90;
/// How many webhooks are claimed at once.
const BATCH: u32 = 64;
/// How many tries to one shop run at once, so that a slow shop delays no other.
const PER_SHOP: usize = 8;
/// How many tries run at once.
const IN_FLIGHT: usize = 256;

/// How long the tries that run may take once the service stops.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// Delivers whatever is due until the service stops.
pub(super) async fn run(app: AppState) {
    let client = match client(app.config.development) {
        Ok(client) => client,
        Err(_) => {
            tracing::error!(target: "kassa::jobs", "webhooks cannot be sent: no HTTP client");
            return;
        }
    };
    let mut sender = Sender {
        app,
        client,
        shops: HashMap::new(),
        tries: JoinSet::new(),
    };
    let mut stopping = sender.app.stopping();
    while !*stopping.borrow() {
        let full = sender.claim().await;
        while sender.tries.try_join_next().is_some() {}
        if sender.tries.len() >= IN_FLIGHT {
            sender.tries.join_next().await;
        } else if !full {
            tokio::select! {
                () = sender.app.outbox.notified() => {}
                () = tokio::time::sleep(PAUSE) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        }
    }
    let last = async { while sender.tries.join_next().await.is_some() {} };
    // Those that do not end in time are tried again after the next start.
    let _ = tokio::time::timeout(LAST_TRIES, last).await;
}

struct Sender {
    app: AppState,
    client: Client,
    shops: HashMap<String, Arc<Semaphore>>,
    tries: JoinSet<()>,
}

impl Sender {
    /// Claims what is due and begins to send it; tells whether there may be more.
    async fn claim(&mut self) -> bool {
        let now = clock::now();
        let claimed = self
            .app
            .store
            .claim_webhooks(now, now.plus_seconds(CLAIM), BATCH)
            .await;
        let due = match claimed {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "webhooks could not be claimed");
                return false;
            }
        };
        let full = u32::try_from(due.len()).is_ok_and(|count| count == BATCH);
        for outgoing in due {
            let gate = self
                .shops
                .entry(outgoing.shop.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(PER_SHOP)));
            let (app, client, gate) = (self.app.clone(), self.client.clone(), Arc::clone(gate));
            self.tries.spawn(async move {
                // Who waits too long for a place leaves the row to the next claim.
                let wait = tokio::time::timeout(Duration::from_secs(CLAIM / 2), gate.acquire());
                if let Ok(Ok(_permit)) = wait.await {
                    deliver(&app, &client, outgoing).await;
                }
            });
        }
        full
    }
}

async fn deliver(app: &AppState, client: &Client, outgoing: Outgoing) {
    let webhook = app
        .config
        .shops
        .get(&outgoing.shop)
        .and_then(|shop| shop.webhook.as_ref());
    let (delivery, outcome) = match webhook {
        None => (Delivery::GivenUp, "no_endpoint"),
        Some(webhook) => attempt(app, client, webhook, &outgoing).await,
    };
    app.metrics.webhook(outcome);
    if outcome != "no_endpoint" {
        tracing::info!(
            target: "kassa::jobs",
            shop = %outgoing.shop,
            webhook = %outgoing.id,
            tries = outgoing.tries,
            outcome,
            "a webhook was tried"
        );
    }
    let finished = app
        .store
        .finish_webhook(&outgoing.id, outgoing.tries, delivery)
        .await;
    if let Err(error) = finished {
        // The claim ends by itself, and the webhook is sent once more.
        tracing::error!(target: "kassa::jobs", %error, "a webhook's outcome was not kept");
    }
}

async fn attempt(
    app: &AppState,
    client: &Client,
    webhook: &Webhook,
    outgoing: &Outgoing,
) -> (Delivery, &'static str) {
    let now = clock::now();
    let again = |asked| {
        schedule::next(outgoing.tries, now, asked).map_or((Delivery::GivenUp, "given_up"), |at| {
            (Delivery::Again(at), "failed")
        })
    };
    if !app.config.development && !is_public_host(&webhook.url) {
        return again(None);
    }
    let timestamp = now.millis() / 1_000;
    let message = WebhookMessage {
        id: &outgoing.id,
        timestamp,
        body: outgoing.body.as_bytes(),
    };
    let sent = client
        .post(webhook.url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &outgoing.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", sign_webhook(&webhook.keys, &message))
        .body(outgoing.body.clone())
        .send()
        .await;
    let Ok(response) = sent else {
        return again(None);
    };
    match response.status() {
        status if status.is_success() => (Delivery::Delivered, "delivered"),
        // The shop says that it wants no more of these.
        StatusCode::GONE => (Delivery::GivenUp, "gone"),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let asked = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|seconds| seconds.parse().ok());
            again(asked)
        }
        _ => again(None),
    }
}

/// A client that follows no redirects, uses no proxy of the environment and, outside
/// development, connects to public addresses only.
fn client(development: bool) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .redirect(Policy::none())
        .timeout(ANSWER_WITHIN)
        .connect_timeout(Duration::from_secs(5))
        .no_proxy()
        .user_agent(concat!("kassa/", env!("CARGO_PKG_VERSION")));
    if development {
        builder.build()
    } else {
        builder.dns_resolver(PublicOnly).build()
    }
}

/// Finds public addresses only: a shop's webhook shall not reach into our own network.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|at| is_public(at.ip())).collect();
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
