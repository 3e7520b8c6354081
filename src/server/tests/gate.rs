//! Payments that our own call begins at ecommpay's Gate, against the simulator over real sockets:
//! what becomes of the customer, whatever becomes of the call and of the callback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use http::StatusCode;
use kassa_server::{AppState, config::Development, serve::Service};
use kassa_simulator::schedule::next_gap_ms;
use kit::{
    API_KEY, Folder,
    live::{client, simulate},
    text,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A service, and the Gate that it calls.
struct World {
    kassa: String,
    simulator: String,
    client: reqwest::Client,
    app: AppState,
    _folder: Folder,
}

impl World {
    async fn start() -> Self {
        Self::calling(simulate(kassa_simulator::Config::development()).await).await
    }

    async fn calling(simulator: String) -> Self {
        let folder = Folder::new();
        let development = Development {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: folder.path().to_owned(),
            simulator: simulator.clone(),
            gate: true,
            ..Development::default()
        };
        let service = Service::start(development.config().unwrap()).await.unwrap();
        let app = service.app.clone();
        let kassa = app.config.public_url.clone();
        tokio::spawn(service.run(std::future::pending()));
        Self {
            kassa,
            simulator,
            client: client(),
            app,
            _folder: folder,
        }
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

    async fn faults(&self, faults: Value) {
        self.control("/faults", faults).await;
    }

    /// The identifiers of the payments that the Gate has taken.
    async fn taken(&self) -> Vec<String> {
        let url = format!("{}/control/payments", self.simulator);
        let answer = self.client.get(url).send().await.unwrap();
        let list: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let payments = list["payments"].as_array().unwrap();
        payments
            .iter()
            .map(|payment| text(payment, "payment_id").to_owned())
            .collect()
    }

    async fn create(&self) -> Value {
        let body = json!({
            "order": "1", "amount": 4_990, "return_url": "http://127.0.0.1:8082/thanks",
        });
        let request = self
            .client
            .post(format!("{}/v1/payments", self.kassa))
            .bearer_auth(API_KEY)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn pay(&self, payment: &Value, bank: &str) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!(
                "{}/checkout/{}/pay",
                self.kassa,
                text(payment, "token")
            ))
            .header("content-type", "application/json")
            .body(json!({ "bank": bank }).to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn read(&self, payment: &Value, what: &str) -> Value {
        let url = format!("{}/checkout/{}/{what}", self.kassa, text(payment, "token"));
        let answer = self.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// The status, once it is as wanted.
    async fn until(&self, payment: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut status = Value::Null;
        for _ in 0..500 {
            status = self.read(payment, "status").await;
            if wanted(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it stays {status}");
    }

    /// Where the customer goes, once the callback has brought it.
    async fn onward(&self, payment: &Value) -> Value {
        let status = self
            .until(payment, |status| {
                status["next"]["kind"]
                    .as_str()
                    .is_some_and(|kind| kind != "await")
            })
            .await;
        status["next"].clone()
    }

    /// The kinds of a payment's events.
    async fn kinds(&self, payment: &Value) -> Vec<String> {
        let url = format!("{}/v1/payments/{}/events", self.kassa, text(payment, "id"));
        let request = self.client.get(url).bearer_auth(API_KEY);
        let events = request.send().await.unwrap().text().await.unwrap();
        let events: Value = serde_json::from_str(&events).unwrap();
        let events = events["data"].as_array().unwrap().iter();
        events.map(|event| text(event, "kind").to_owned()).collect()
    }

    async fn act(&self, attempt: &str, act: &str) {
        let path = format!("/payments/{attempt}/act");
        self.control(&path, json!({ "act": act })).await;
    }
}

const AWAIT: &str = r#"{"kind":"await"}"#;

fn waits() -> Value {
    serde_json::from_str(AWAIT).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_waits_goes_to_the_bank_and_pays() {
    let world = World::start().await;
    let payment = world.create().await;
    let (status, step) = world.pay(&payment, "nordea").await;
    assert_eq!((status.as_u16(), step), (200, waits()));
    let next = world.onward(&payment).await;
    assert_eq!(next["kind"], "redirect");
    let url = text(&next, "url");
    assert!(
        url.starts_with(&format!("{}/bank/", world.simulator)),
        "{url}"
    );
    // The form sent twice leads there as well, at once.
    let (_, again) = world.pay(&payment, "nordea").await;
    assert_eq!(again, next);
    let page = world.client.get(url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let [attempt] = &world.taken().await[..] else {
        panic!("not one payment");
    };
    world.act(attempt, "pay").await;
    let paid = world
        .until(&payment, |status| status["status"] == "paid")
        .await;
    assert_eq!(paid["next"], Value::Null);
    // No word of where the customer was sent in what is kept to be read.
    let url = format!(
        "{}/v1/payments/{}/events",
        world.kassa,
        text(&payment, "id")
    );
    let events = world
        .client
        .get(url)
        .bearer_auth(API_KEY)
        .send()
        .await
        .unwrap();
    let events = events.text().await.unwrap();
    assert!(
        events.contains("attempt.taken") && !events.contains("/bank/"),
        "{events}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_at_the_bank_ends_the_waiting() {
    let world = World::start().await;
    for (act, outcome) in [
        ("refuse", "declined"),
        ("cancel", "cancelled"),
        ("late-success", "awaiting_confirmation"),
    ] {
        let payment = world.create().await;
        world.pay(&payment, "op").await;
        world.onward(&payment).await;
        let attempt = format!("{}-1", text(&payment, "id"));
        world.act(&attempt, act).await;
        let status = world
            .until(&payment, |status| status["status"] == outcome)
            .await;
        assert_eq!(status["next"], Value::Null, "{act}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_an_unsafe_address() {
    let world = World::start().await;
    world
        .faults(json!({"redirect": "post", "duplicate": 2}))
        .await;
    let payment = world.create().await;
    world.pay(&payment, "nordea").await;
    let next = world.onward(&payment).await;
    assert_eq!(next["kind"], "post_form");
    assert_eq!(next["fields"][0]["name"], "session");
    let form = world.client.post(text(&next, "url")).send().await.unwrap();
    assert_eq!(form.status(), 303);

    world.faults(json!({"redirect": "unsafe"})).await;
    let payment = world.create().await;
    world.pay(&payment, "nordea").await;
    // The callback came, and what it says of money counts.
    let status = world
        .until(&payment, |status| status["status"] == "pending")
        .await;
    assert_eq!(status["next"], waits());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_to_go_may_never_come() {
    let world = World::start().await;
    world.faults(json!({"redirect": "never"})).await;
    let payment = world.create().await;
    for _ in 0..2 {
        let (_, step) = world.pay(&payment, "nordea").await;
        assert_eq!(step, waits());
    }
    assert_eq!(world.taken().await.len(), 1);
    // Another bank is another payment, and leads where it leads.
    world.faults(json!({})).await;
    let (_, step) = world.pay(&payment, "op").await;
    assert_eq!(step, waits());
    let next = world.onward(&payment).await;
    let second = format!("{}-2", text(&payment, "id"));
    let url = text(&next, "url").to_owned();
    let shown = world.client.get(&url).send().await.unwrap();
    assert!(shown.text().await.unwrap().contains(&second), "{url}");
}

/// The provider took the payment on and fell silent: after a while a second try is a payment of its
/// own, and the customer can also go back to the shop.
#[tokio::test(flavor = "multi_thread")]
async fn who_waited_in_vain_tries_again_or_leaves() {
    let world = World::start().await;
    world.faults(json!({"redirect": "never"})).await;
    let payment = world.create().await;
    world.pay(&payment, "nordea").await;
    let page = format!(
        "{}/checkout/{}/wait?again=10",
        world.kassa,
        text(&payment, "token")
    );
    let page = world.client.get(page).send().await.unwrap();
    let page = page.text().await.unwrap();
    let shop = format!(
        "http://127.0.0.1:8082/thanks?payment={}",
        text(&payment, "id")
    );
    assert!(page.contains(&format!("href=\"{shop}\"")), "{page}");
    // A form sent twice is no second try.
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.faults(json!({})).await;
    let (status, step) = world.pay(&payment, "nordea").await;
    assert_eq!((status.as_u16(), step), (200, waits()));
    world.onward(&payment).await;
    let [first, second] = [1, 2].map(|number| format!("{}-{number}", text(&payment, "id")));
    assert_eq!(world.taken().await, [first, second.clone()]);
    world.act(&second, "pay").await;
    world
        .until(&payment, |status| status["status"] == "paid")
        .await;
}

/// ecommpay sends a callback again for eleven days until it hears that it arrived.
#[tokio::test(flavor = "multi_thread")]
async fn callbacks_that_come_again_for_eleven_days_count_once() {
    let world = World::start().await;
    world.faults(json!({"unheard_first_n": 255})).await;
    let payment = world.create().await;
    world.pay(&payment, "nordea").await;
    world.onward(&payment).await;
    let attempt = format!("{}-1", text(&payment, "id"));
    world.act(&attempt, "pay").await;
    world
        .until(&payment, |status| status["status"] == "paid")
        .await;
    let token = text(&payment, "token");
    let kept = world.app.store.by_token(token).await.unwrap();
    let kinds = world.kinds(&payment).await;
    let (mut tries, mut elapsed) = (1, 0);
    while let Some(gap) = next_gap_ms(tries, elapsed) {
        let skip = json!({ "skip_seconds": gap / 1_000 + 1 });
        world.control("/clock", skip).await;
        world.control("/callbacks/flush", json!({})).await;
        tries += 1;
        elapsed += gap;
    }
    assert!(tries > 100 && elapsed > 9 * 86_400_000, "{tries} {elapsed}");
    let url = format!("{}/control/payments/{attempt}", world.simulator);
    let sent = world.client.get(url).send().await.unwrap();
    let sent: Value = serde_json::from_str(&sent.text().await.unwrap()).unwrap();
    for callback in sent["callback_list"].as_array().unwrap() {
        let sent = callback["attempts"].as_array().unwrap().len();
        assert!(sent > 100, "{sent} times");
    }
    let now = world.app.store.by_token(token).await.unwrap();
    assert_eq!(now, kept);
    assert_eq!(world.kinds(&payment).await, kinds);
    let figures = world.app.metrics.render();
    let outcome = |word: &str| {
        let line = format!(r#"kassa_callbacks_total{{provider="ecommpay",outcome="{word}"}} "#);
        let count = figures.lines().find_map(|known| known.strip_prefix(&*line));
        count.unwrap().parse::<u64>().unwrap()
    };
    assert!(outcome("duplicate") > 200, "{figures}");
    assert_eq!(outcome("refused"), 0);
}

/// Whatever the call came to, no second payment is begun for the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_answer_begins_one_payment_and_not_two() {
    let world = World::start().await;
    for (fault, taken) in [("error", false), ("error-taken", true), ("garbage", true)] {
        world.control("/reset", json!({})).await;
        world.faults(json!({"gate": fault})).await;
        let payment = world.create().await;
        let (status, step) = world.pay(&payment, "nordea").await;
        assert_eq!((status.as_u16(), step), (200, waits()), "{fault}");
        if taken {
            // The provider goes on as if nothing were wrong, and so does the customer.
            world.onward(&payment).await;
        } else {
            assert_eq!(world.taken().await, Vec::<String>::new());
            world.faults(json!({})).await;
            // The same attempt still: the provider is asked, and called again.
            let (status, step) = world.pay(&payment, "nordea").await;
            assert_eq!((status.as_u16(), step), (200, waits()), "{fault}");
            world.onward(&payment).await;
        }
        let first = format!("{}-1", text(&payment, "id"));
        assert_eq!(world.taken().await, [first], "{fault}");
    }
}

/// What was heard before the answer stays, whatever the answer is.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_overtakes_the_answer_loses_nothing() {
    let world = World::start().await;
    for fault in ["callback-first", "refuse-taken"] {
        world.control("/reset", json!({})).await;
        world.faults(json!({"gate": fault})).await;
        let payment = world.create().await;
        let (status, _) = world.pay(&payment, "nordea").await;
        assert_eq!(status.as_u16(), 200, "{fault}");
        // Written down with the callback, before the answer came.
        let now = world.read(&payment, "status").await;
        assert_eq!(now["next"]["kind"], "redirect", "{fault}");
        let first = format!("{}-1", text(&payment, "id"));
        assert_eq!(world.taken().await, [first.as_str()], "{fault}");
        let told: Vec<_> = world.kinds(&payment).await;
        let of = |kind: &str| told.iter().filter(|one| *one == kind).count();
        assert_eq!(
            (of("attempt.taken"), of("attempt.refused")),
            (1, 0),
            "{fault}: {told:?}"
        );
        // The same choice leads to the bank at once, and is no second payment.
        let (_, again) = world.pay(&payment, "nordea").await;
        assert_eq!(again, now["next"], "{fault}");
        world.act(&first, "pay").await;
        world
            .until(&payment, |status| status["status"] == "paid")
            .await;
    }
}

/// The answer was lost and so was the callback: asking finds that the sale is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_try_asks_before_it_calls() {
    let world = World::start().await;
    world
        .faults(json!({"gate": "hang-taken", "redirect": "never"}))
        .await;
    let payment = world.create().await;
    let (status, step) = world.pay(&payment, "nordea").await;
    assert_eq!((status.as_u16(), step), (200, waits()));
    world
        .faults(json!({"gate": "refuse", "redirect": "never"}))
        .await;
    // A second sale would be refused.
    let (status, step) = world.pay(&payment, "nordea").await;
    assert_eq!((status.as_u16(), step), (200, waits()));
    assert_eq!(world.taken().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_told_and_another_bank_can_be_chosen() {
    let world = World::start().await;
    for (fault, status, code) in [
        ("refuse", 502, "provider/refused"),
        ("refuse-bank", 502, "provider/bank-not-offered"),
        ("refuse-amount", 502, "provider/bank-not-offered"),
    ] {
        world.faults(json!({"gate": fault})).await;
        let payment = world.create().await;
        let (came, problem) = world.pay(&payment, "nordea").await;
        assert_eq!((came.as_u16(), text(&problem, "code")), (status, code));
        let now = world.read(&payment, "status").await;
        assert_eq!(
            (&now["can_pay"], &now["next"]),
            (&json!(true), &Value::Null)
        );
        world.faults(json!({})).await;
        let (came, step) = world.pay(&payment, "nordea").await;
        assert_eq!((came.as_u16(), step), (200, waits()), "{fault}");
        world.onward(&payment).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_gone_is_told_and_its_banks_are_the_built_in_ones() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let world = World::calling(format!("http://{address}")).await;
    let payment = world.create().await;
    let session = world.read(&payment, "session").await;
    assert_eq!(session["banks"].as_array().unwrap().len(), 9);
    let (status, problem) = world.pay(&payment, "nordea").await;
    assert_eq!(
        (status.as_u16(), text(&problem, "code")),
        (503, "provider/unavailable")
    );
    // Nothing was sent, so a new attempt is no second payment.
    world.pay(&payment, "nordea").await;
    let kept = world.app.store.by_token(text(&payment, "token")).await;
    assert_eq!(kept.unwrap().unwrap().latest.unwrap().number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_banks_is_the_gates_while_it_answers() {
    let world = World::start().await;
    let payment = world.create().await;
    let session = world.read(&payment, "session").await;
    let ids = |session: &Value| {
        let banks = session["banks"].as_array().unwrap();
        let ids = banks.iter().map(|bank| text(bank, "id").to_owned());
        ids.collect::<Vec<_>>()
    };
    let listed = ids(&session);
    assert!(listed.contains(&"nordea".to_owned()) && !listed.contains(&"handelsbanken".to_owned()));
    // Kept for minutes: a broken list changes nothing for this amount.
    world.faults(json!({"no_banks": true})).await;
    assert_eq!(ids(&world.read(&payment, "session").await), listed);
    let figures = world.app.metrics.render();
    let line = r#"kassa_provider_calls_total{provider="ecommpay",call="banks",outcome="answered"}"#;
    assert!(figures.contains(line), "{figures}");
}

/// The same without script: the hosted page waits by itself and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_waiting_page_goes_on() {
    let world = World::start().await;
    let choose = async |payment: &Value| {
        let page = format!("{}/checkout/{}", world.kassa, text(payment, "token"));
        let request = world
            .client
            .post(format!("{page}/choose"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("bank=nordea&language=sv");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let location = answer.headers()["location"].to_str().unwrap();
        assert_eq!(
            location,
            format!("/checkout/{}/wait?lang=sv", text(payment, "token"))
        );
        format!("{}{location}", world.kassa)
    };
    world.faults(json!({"redirect": "never"})).await;
    let payment = world.create().await;
    let wait = choose(&payment).await;
    let page = world.client.get(&wait).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("Du förs till Nordea") && page.contains("Stäng inte sidan"),
        "{page}"
    );
    assert!(
        page.contains("http-equiv=\"refresh\" content=\"1;"),
        "{page}"
    );
    let late = world
        .client
        .get(format!("{wait}&again=10"))
        .send()
        .await
        .unwrap();
    let late = late.text().await.unwrap();
    assert!(
        late.contains("Försök igen") && late.contains("Välj en annan bank"),
        "{late}"
    );

    world.faults(json!({})).await;
    let payment = world.create().await;
    let wait = choose(&payment).await;
    let next = world.onward(&payment).await;
    let on = world.client.get(&wait).send().await.unwrap();
    assert_eq!(on.status(), 303);
    assert_eq!(on.headers()["location"], text(&next, "url"));

    world.faults(json!({"redirect": "post"})).await;
    let payment = world.create().await;
    let wait = choose(&payment).await;
    let next = world.onward(&payment).await;
    let form = world.client.get(&wait).send().await.unwrap();
    let policy = form.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    let form = form.text().await.unwrap();
    assert!(
        form.contains(&format!("action=\"{}\"", text(&next, "url"))),
        "{form}"
    );
    assert!(form.contains("/assets/page/onward.js"), "{form}");
    assert!(
        policy.contains("form-action 'self'") && policy.contains("https:"),
        "{policy}"
    );

    // Who comes back from the bank is not sent there once more.
    let back = format!("{}/return/{}", world.kassa, text(&payment, "token"));
    let back = world.client.get(back).send().await.unwrap();
    let location = back.headers()["location"].to_str().unwrap();
    assert!(
        !location.contains("wait") && !location.contains("bank"),
        "{location}"
    );
}
