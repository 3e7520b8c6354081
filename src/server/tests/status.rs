//! How a payment stands, asked of the simulator over real sockets: it is the other party and
//! signs with code of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use kassa_checkout::{RawCallback, Status, Timestamp, lifecycle::Meaning, provider::PaymentEvent};
use kassa_server::{
    clock,
    config::Development,
    gateway::{self, Asked, Heard},
    shop::Shop,
};
use kassa_simulator::{Config, signature::Secret};
use kit::{Folder, Kit, SECRET, attempt_of, live::simulate, signed, text};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A service, and the simulator that it asks.
struct World {
    kit: Kit,
    simulator: String,
    client: reqwest::Client,
}

impl World {
    async fn start(config: Config) -> Self {
        let simulator = simulate(config).await;
        let world = Self {
            kit: kit_at(&simulator),
            simulator,
            client: reqwest::Client::new(),
        };
        // No callback gets through: whatever is known is known by asking.
        world.control("/faults", json!({"lose": 100})).await;
        world
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/control{path}", self.simulator);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// A customer who has come to the provider's page; the attempt's identifier.
    async fn arrive(&self) -> String {
        let payment = self.kit.create(json!({})).await;
        let step = self
            .kit
            .pay(&payment, json!({"bank": "nordea"}), None)
            .await;
        let step = step.expect(200).json();
        let page = self.client.get(text(&step, "url")).send().await.unwrap();
        assert_eq!(page.status(), 200);
        attempt_of(&step)
    }

    async fn act(&self, attempt: &str, act: &str) {
        let path = format!("/payments/{attempt}/act");
        self.control(&path, json!({"act": act})).await;
    }

    /// What each callback about an attempt says, oldest first; none of them arrived.
    async fn lost(&self, attempt: &str) -> Vec<PaymentEvent> {
        let url = format!("{}/control/payments/{attempt}", self.simulator);
        let answer = self.client.get(url).send().await.unwrap();
        let payment: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let callbacks = payment["callback_list"].as_array().unwrap();
        let hear = |callback: &Value| {
            let raw = RawCallback::posted(text(callback, "body").as_bytes().to_vec());
            let shops = &self.kit.app.config.shops;
            let claim = gateway::claim(shops, "ecommpay", &raw).unwrap();
            match gateway::hear(shops, &raw, claim, None) {
                Heard::Verified(event) => event,
                Heard::Refused => panic!("{callback} is refused"),
            }
        };
        callbacks.iter().map(hear).collect()
    }

    async fn ask(&self, attempt: &str) -> Asked {
        ask(&self.kit, attempt, clock::now()).await
    }
}

fn kit_at(simulator: &str) -> Kit {
    kit_within(Arc::new(Folder::new()), simulator)
}

fn kit_within(folder: Arc<Folder>, simulator: &str) -> Kit {
    Kit::within(folder, |config| {
        let development = Development {
            database: Some(config.database.clone()),
            simulator: simulator.to_owned(),
            ..Development::default()
        };
        *config = development.config().unwrap();
    })
}

fn shop(kit: &Kit) -> Arc<Shop> {
    Arc::clone(&kit.app.config.shops["demo"])
}

async fn ask(kit: &Kit, attempt: &str, now: Timestamp) -> Asked {
    gateway::ask_status(&kit.app.calls, &shop(kit).accounts[0], attempt, None, now).await
}

/// A line of the figures; they are the whole process's.
fn figure(kit: &Kit, line: &str) -> Option<String> {
    let figures = kit.app.metrics.render();
    let found = figures.lines().find(|found| found.starts_with(line))?;
    Some(found[line.len()..].trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_callbacks_are_lost_is_found_out_by_asking() {
    let world = World::start(Config::development()).await;
    let attempt = world.arrive().await;
    assert_eq!(world.ask(&attempt).await, Asked::UnknownPayment);
    assert_eq!(world.ask("pay_nobody-1").await, Asked::UnknownPayment);
    world.act(&attempt, "pay").await;
    let lost = world.lost(&attempt).await;
    let latest = lost.last().unwrap().clone();
    assert_eq!(latest.evidence.meaning, Meaning::Paid);
    // The very report that the callback would have brought: who hears both hears one.
    assert_eq!(world.ask(&attempt).await, Asked::Answer(vec![latest]));
    assert_eq!(world.ask(&attempt).await, world.ask(&attempt).await);
    let line =
        r#"kassa_provider_calls_total{provider="ecommpay",call="status",outcome="answered"}"#;
    assert!(figure(&world.kit, line).is_some());
}

/// A Gate that answers every question with these bytes.
async fn gate_that_says(body: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let gate = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(async move || body.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    gate
}

/// The four codes by which ecommpay says that nobody has decided yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_a_code_that_means_waiting_ends_nothing() {
    for code in ["9999", "20802", "20899", "29999"] {
        let attempt = "pay_code-1";
        let answer = |word: &str, operation: u64, code: &str| {
            json!({
                "status": "success",
                "request_id": "4727897a23d96203f784d22c87a7f4f473d93-00077797",
                "project_id": 120,
                "payment": {
                    "id": attempt, "status": word,
                    "sum": { "amount": 4_990, "currency": "EUR" },
                },
                "operations": [{
                    "id": operation, "type": "sale", "status": word, "code": code,
                    "date": format!("2026-11-21T10:00:{operation:02}+0000"),
                }],
            })
        };
        let folder = Arc::new(Folder::new());
        let asked = async |answer: Value| {
            let gate = gate_that_says(signed(answer, SECRET)).await;
            let kit = kit_within(Arc::clone(&folder), &gate);
            match kit.app.store.by_token("co_code").await.unwrap() {
                Some(_) => {}
                None => begun(&kit).await,
            }
            let Asked::Answer(events) = ask(&kit, attempt, clock::now()).await else {
                panic!("{code} is no answer");
            };
            for event in events {
                kit.app
                    .store
                    .apply("ecommpay", event, clock::now())
                    .await
                    .unwrap();
            }
            let payment = kit.app.store.by_token("co_code").await.unwrap();
            payment.unwrap().status()
        };
        let waits = asked(answer("decline", 1, code)).await;
        assert_eq!(waits, Status::Pending, "{code}");
        let paid = asked(answer("success", 2, "0")).await;
        assert_eq!(paid, Status::Paid, "{code}");
    }
}

/// A payment with the attempt `pay_code-1`.
async fn begun(kit: &Kit) {
    let new = kassa_server::store::NewPayment {
        amount: kassa_checkout::Amount::from_cents(4_990).unwrap(),
        ..kit::store::new("code", "1")
    };
    kit.app.store.create(new, None).await.unwrap();
    let begin = kit::store::begin("code", "nordea", clock::now());
    kit.app.store.begin_attempt(begin).await.unwrap();
}

/// The service itself asks: nothing depends on the customer or on a callback.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_paid_though_nobody_said_so() {
    let world = World::start(Config::development()).await;
    let attempt = world.arrive().await;
    world.act(&attempt, "pay").await;
    let app = &world.kit.app;
    let mut jobs = kassa_server::jobs::start(app);
    // As if the ten seconds before the first question had passed.
    app.store.shift_due(-10_000).await.unwrap();
    let mut status = Status::Redirected;
    for _ in 0..500 {
        let payment = app.store.by_attempt("ecommpay", &attempt).await.unwrap();
        status = payment.unwrap().status();
        if status == Status::Paid {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status, Status::Paid);
    app.stop();
    while jobs.join_next().await.is_some() {}
    // It is asked for again, not at once, and not by two.
    assert_eq!(app.store.claim_questions(60, 10).await, Ok(Vec::new()));
    app.store.shift_due(-60_000).await.unwrap();
    let again = app.store.claim_questions(60, 10).await.unwrap();
    assert_eq!((again.len(), again[0].asks), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_stage_the_answer_is_the_greatest_of_the_callbacks() {
    let world = World::start(Config::development()).await;
    for (act, now, later) in [
        ("refuse", Meaning::Declined, Meaning::Declined),
        ("cancel", Meaning::Cancelled, Meaning::Cancelled),
        ("close", Meaning::Pending, Meaning::Pending),
        ("late-success", Meaning::AwaitingConfirmation, Meaning::Paid),
        (
            "late-decline",
            Meaning::AwaitingConfirmation,
            Meaning::Declined,
        ),
        (
            "late-reversed",
            Meaning::AwaitingConfirmation,
            Meaning::Reversed,
        ),
        ("flip-success", Meaning::Declined, Meaning::Paid),
        ("flip-reversed", Meaning::Paid, Meaning::Reversed),
    ] {
        let attempt = world.arrive().await;
        world.act(&attempt, act).await;
        for meaning in [now, later] {
            let lost = world.lost(&attempt).await;
            let greatest = lost.iter().max_by_key(|event| event.evidence.rank).unwrap();
            assert_eq!(greatest.evidence.meaning, meaning, "{act}");
            let asked = world.ask(&attempt).await;
            assert_eq!(asked, Asked::Answer(vec![greatest.clone()]), "{act}");
            world
                .control("/clock", json!({"skip_seconds": 604_800}))
                .await;
            world.control("/callbacks/flush", json!({})).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_is_refused_and_stays_reachable() {
    let mut project = Config::development();
    project.project_id = 121;
    let mut key = Config::development();
    key.secret = Secret::new("another-secret-than-kassa-has-for-it");
    for config in [project, key] {
        let world = World::start(config).await;
        for _ in 0..10 {
            assert_eq!(world.ask("pay_a-1").await, Asked::Refused);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_gone_is_left_alone_and_tried_again() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let kit = kit_at(&format!("http://{address}"));
    let start = clock::now();
    // A second more than failures must last, since the time that a call takes counts.
    let lasting = start.plus_seconds(3);
    for now in [start, start, start, start, start, lasting] {
        let asked = ask(&kit, "pay_a-1", now).await;
        assert_eq!(asked, Asked::Temporary { not_before: None });
    }
    let Asked::Temporary {
        not_before: Some(until),
    } = ask(&kit, "pay_a-1", start).await
    else {
        panic!("the circuit did not open");
    };
    assert!((9..=11).contains(&until.seconds_since(lasting)));
    let line = r#"kassa_circuit_state{provider="ecommpay"}"#;
    assert!(figure(&kit, line).is_some());
    let line =
        r#"kassa_provider_calls_total{provider="ecommpay",call="status",outcome="left_alone"}"#;
    assert!(figure(&kit, line).is_some());

    // It comes back at the same address, and one try is enough.
    let listener = TcpListener::bind(address).await.unwrap();
    let app = kassa_simulator::app(Config::development());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let asked = ask(&kit, "pay_a-1", start).await;
    assert!(matches!(
        asked,
        Asked::Temporary {
            not_before: Some(_)
        }
    ));
    for now in [until, start] {
        assert_eq!(ask(&kit, "pay_a-1", now).await, Asked::UnknownPayment);
    }
}
