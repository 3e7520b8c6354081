//! Webhooks to shops, by Standard Webhooks 1.0.0.
//!
//! A row is claimed, sent, and its outcome written down. Whoever dies in between leaves a claim
//! that ends by itself, and the webhook is sent again: at least once, never lost.
//! Each shop has places of its own, in memory and in the claim, so that none waits for another.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use http::HeaderMap;
use kassa_keys::{WebhookMessage, sign_webhook};
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::Instrument as _;

use super::{PAUSE, schedule};
use crate::{
    clock,
    crash::{self, Point},
    network::{is_public, is_public_host},
    shop::{Shop, Webhook},
    state::AppState,
    store::{Delivery, Outgoing, Room, Tried},
};

/// How long a shop may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How many times as many messages to a shop are held as tries to it run at once.
const ROUNDS: usize = 8;
/// How long a claim lasts, in seconds: longer than all that is in hand can take.
pub(super) const LEASE: u64 = 150;
/// How long the tries that run may take once the service stops.
const LAST_TRIES: Duration = Duration::from_secs(5);
/// The pause of a shop that says there is too much and not for how long, in seconds.
const SLOW_DOWN: u64 = 60;

/// How many messages to one shop are held at once, so that a slow shop delays no other: each has
/// its own places, here and in the store's claim.
pub(super) const fn in_hand(at_once: usize) -> usize {
    at_once * ROUNDS
}

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
        shops: places(&app),
        app,
        client,
        in_hand: Arc::default(),
        tries: JoinSet::new(),
    };
    let mut stopping = sender.app.stopping();
    while !*stopping.borrow() {
        sender.claim().await;
        tokio::select! {
            () = sender.app.outbox.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
            Some(_) = sender.tries.join_next() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
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
    in_hand: Arc<InHand>,
    tries: JoinSet<()>,
}

fn places(app: &AppState) -> HashMap<String, Arc<Semaphore>> {
    let shops = app.config.shops.iter();
    shops
        .map(|(id, shop)| (id.clone(), Arc::new(Semaphore::new(at_once(shop)))))
        .collect()
}

/// How many tries to a shop run at once.
fn at_once(shop: &Shop) -> usize {
    let webhook = shop.webhook.as_ref();
    webhook.map_or(Webhook::AT_ONCE, |webhook| webhook.at_once)
}

impl Sender {
    /// Claims what is due and begins to send it.
    async fn claim(&mut self) {
        let rooms = self.rooms();
        if rooms.is_empty() {
            return;
        }
        let due = match self.app.store.claim_webhooks(rooms, LEASE).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "webhooks could not be claimed");
                return;
            }
        };
        if !due.is_empty() {
            crash::point(Point::WebhooksClaimed);
        }
        for outgoing in due {
            let Some(gate) = self.shops.get(&outgoing.shop).map(Arc::clone) else {
                continue;
            };
            if !self.in_hand.take(&outgoing) {
                continue;
            }
            let (app, client) = (self.app.clone(), self.client.clone());
            let in_hand = Arc::clone(&self.in_hand);
            self.tries.spawn(async move {
                if let Ok(_permit) = gate.acquire().await {
                    deliver(&app, &client, &in_hand, &outgoing).await;
                }
                in_hand.give_back(&outgoing);
            });
        }
    }

    /// The shops that can be sent more; not for every place that becomes free, because a claim
    /// is a transaction.
    fn rooms(&self) -> Vec<Room> {
        let held = self.in_hand.lock();
        let shops = self.app.config.shops.iter();
        shops
            .filter_map(|(id, shop)| {
                let held = held.by_shop.get(id).copied().unwrap_or(0);
                let most = in_hand(at_once(shop));
                (held <= most / 2).then(|| Room {
                    shop: id.clone(),
                    endpoint: shop.webhook.as_ref().map(Webhook::endpoint),
                    free: u32::try_from(most - held).unwrap_or(0),
                })
            })
            .collect()
    }
}

/// The messages that this process holds a claim of, with the latest one.
///
/// A claim that ends early, because the clock was set or a shop was slower than it may be, comes
/// back to the same process: then the try that runs goes on under the new claim, and the message
/// is not sent a second time beside it.
#[derive(Debug, Default)]
struct InHand {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// The latest claim of each message.
    claims: HashMap<String, u64>,
    /// How many messages there are to each shop, which is asked for with every change of a payment.
    by_shop: HashMap<String, usize>,
}

impl InHand {
    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message; false when it was in hand already.
    fn take(&self, outgoing: &Outgoing) -> bool {
        let mut held = self.lock();
        let is_new = held
            .claims
            .insert(outgoing.id.clone(), outgoing.claim)
            .is_none();
        if is_new {
            *held.by_shop.entry(outgoing.shop.clone()).or_insert(0) += 1;
        }
        is_new
    }

    fn claim(&self, outgoing: &Outgoing) -> u64 {
        let held = self.lock();
        held.claims
            .get(&outgoing.id)
            .copied()
            .unwrap_or(outgoing.claim)
    }

    fn give_back(&self, outgoing: &Outgoing) {
        let mut held = self.lock();
        if held.claims.remove(&outgoing.id).is_some()
            && let Some(count) = held.by_shop.get_mut(&outgoing.shop)
        {
            *count -= 1;
        }
    }
}

async fn deliver(app: &AppState, client: &Client, in_hand: &InHand, outgoing: &Outgoing) {
    let webhook = app
        .config
        .shops
        .get(&outgoing.shop)
        .and_then(|shop| shop.webhook.as_ref());
    // Claimed for a shop that has one; the configuration does not change while we run.
    let Some(webhook) = webhook else { return };
    let begun = Instant::now();
    let span = tracing::debug_span!(
        target: "kassa::jobs",
        "webhook",
        shop = %outgoing.shop,
        webhook = %outgoing.id,
        tries = outgoing.tries,
        outcome = tracing::field::Empty
    );
    let (delivery, outcome) = attempt(app, client, webhook, outgoing)
        .instrument(span.clone())
        .await;
    span.record("outcome", outcome);
    drop(span);
    crash::point(Point::WebhookSent);
    app.metrics.webhook(outcome, begun.elapsed());
    tracing::info!(
        target: "kassa::jobs",
        shop = %outgoing.shop,
        webhook = %outgoing.id,
        tries = outgoing.tries,
        outcome,
        "a webhook was tried"
    );
    let tried = Tried {
        id: outgoing.id.clone(),
        claim: in_hand.claim(outgoing),
        shop: outgoing.shop.clone(),
        endpoint: webhook.endpoint(),
        delivery,
    };
    if let Err(error) = app.store.finish_webhook(tried).await {
        // The claim ends by itself, and the webhook is sent once more.
        tracing::error!(target: "kassa::jobs", %error, "a webhook's outcome was not kept");
    }
    crash::point(Point::WebhookMarked);
}

async fn attempt(
    app: &AppState,
    client: &Client,
    webhook: &Webhook,
    outgoing: &Outgoing,
) -> (Delivery, &'static str) {
    if !app.config.development && !is_public_host(&webhook.url) {
        return failed(outgoing.tries, None);
    }
    let timestamp = clock::now().millis() / 1_000;
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
    match sent {
        Err(_) => failed(outgoing.tries, None),
        Ok(response) => outcome(response.status(), response.headers(), outgoing.tries),
    }
}

/// What a shop's answer means for the message.
pub(super) fn outcome(
    status: StatusCode,
    headers: &HeaderMap,
    tries: u32,
) -> (Delivery, &'static str) {
    match status {
        status if status.is_success() => (Delivery::Delivered, "delivered"),
        StatusCode::GONE => (Delivery::Gone, "gone"),
        StatusCode::TOO_MANY_REQUESTS => {
            failed(tries, Some(retry_after(headers).unwrap_or(SLOW_DOWN)))
        }
        _ => failed(tries, retry_after(headers)),
    }
}

/// A try that failed; `asked` is for how many seconds the shop wants nothing.
pub(super) fn failed(tries: u32, asked: Option<u64>) -> (Delivery, &'static str) {
    let again = schedule::next_try(tries, asked);
    let slow_down = asked.map(|asked| schedule::asked_pause(Some(asked)));
    match (again, slow_down) {
        (Some(after), None) => (Delivery::Again(after), "failed"),
        (Some(after), Some(_)) => (Delivery::SlowDown(after), "slowed_down"),
        (None, None) => (Delivery::GivenUp, "given_up"),
        (None, Some(pause)) => (Delivery::GivenUpAndSlowDown(pause), "given_up"),
    }
}

/// The pause that an answer asks for, in seconds: a number, or until a date (RFC 9110 §10.2.3).
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().or_else(|| {
        let until = httpdate::parse_http_date(text).ok()?;
        let pause = until.duration_since(SystemTime::now()).ok()?;
        Some(pause.as_secs().saturating_add(1))
    })
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{InHand, SLOW_DOWN, outcome, retry_after};
    use crate::store::{Delivery, Outgoing};

    fn asking(text: &str) -> HeaderMap {
        let value = HeaderValue::from_str(text).unwrap();
        HeaderMap::from_iter([(http::header::RETRY_AFTER, value)])
    }

    #[test]
    fn answers_mean_what_the_specification_says() {
        let none = HeaderMap::new();
        let of = |status, tries| outcome(status, &none, tries).0;
        assert_eq!(of(StatusCode::NO_CONTENT, 1), Delivery::Delivered);
        assert_eq!(of(StatusCode::GONE, 1), Delivery::Gone);
        assert!(matches!(of(StatusCode::FOUND, 1), Delivery::Again(5)));
        assert!(matches!(
            of(StatusCode::TOO_MANY_REQUESTS, 1),
            Delivery::SlowDown(SLOW_DOWN)
        ));
        assert_eq!(of(StatusCode::BAD_GATEWAY, 10), Delivery::GivenUp);
        let (delivery, _) = outcome(StatusCode::SERVICE_UNAVAILABLE, &asking("90"), 1);
        assert_eq!(delivery, Delivery::SlowDown(90));
        let (delivery, _) = outcome(StatusCode::SERVICE_UNAVAILABLE, &asking("90"), 10);
        assert_eq!(delivery, Delivery::GivenUpAndSlowDown(90));
    }

    #[test]
    fn a_pause_is_a_number_or_a_date() {
        assert_eq!(retry_after(&asking("7")), Some(7));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let asked = retry_after(&asking(&date)).unwrap();
        assert!((98..=101).contains(&asked), "{asked}");
        for nothing in ["", "-1", "soon", "Mon, 01 Jan 1990 00:00:00 GMT"] {
            assert_eq!(retry_after(&asking(nothing)), None, "{nothing}");
        }
    }

    #[test]
    fn a_message_is_in_hand_once_and_under_its_latest_claim() {
        let in_hand = InHand::default();
        let claimed = |claim| Outgoing {
            id: "msg_1".into(),
            shop: "demo".into(),
            body: String::new(),
            tries: 1,
            claim,
        };
        assert!(in_hand.take(&claimed(1)));
        assert!(!in_hand.take(&claimed(2)));
        assert_eq!(in_hand.claim(&claimed(1)), 2);
        let of_shop = || in_hand.lock().by_shop.get("demo").copied();
        assert_eq!(of_shop(), Some(1));
        in_hand.give_back(&claimed(1));
        assert_eq!(of_shop(), Some(0));
        in_hand.give_back(&claimed(1));
        assert_eq!(of_shop(), Some(0));
    }
}
