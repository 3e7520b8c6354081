//! No secret and nothing about the customer comes out of the server.
//!
//! The real binary runs with a configuration whose secrets and customer are marked texts; a
//! payment goes all the way to paid, among forged callbacks and bad requests. Then everything that
//! the server said or wrote is searched. The simulator runs inside this test, since it must know
//! the marked secret of the account.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, as the test does"
)]

#[path = "secrets/place.rs"]
mod place;

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kassa_checkout::{Amount, Language, Timestamp, message::Signature, provider::BrowserForm};
use kassa_keys::Sha256SuffixKey;
use kassa_providers::vetuma::{
    Addresses, Field, Head, Message, Method, PayCall, Profile, Timestmp, body, mac_text,
};
use kassa_tests::{
    leaks::{Marked, found},
    services::{Answer, wait_for},
};
use place::{FORMER_ACCOUNT_SECRET, Keys, METRICS_KEY, Place};
use serde_json::{Value, json};
use tempfile::TempDir;

const WRONG_API_KEY: &str = "kassa_wrong_fedcba9876543210fedcba9876543210fe";
const FIRST_NAME: &str = "Leakiina";
const LAST_NAME: &str = "Vuotonen";
const MAIL: &str = "leak.marker31@customer.example";
const PHONE: &str = "358409917733";

fn secrets(keys: &Keys) -> Vec<Marked> {
    vec![
        Marked::new("API key", keys.api),
        Marked::new("wrong API key", WRONG_API_KEY),
        Marked::new("account's secret", keys.account),
        Marked::new("account's former secret", FORMER_ACCOUNT_SECRET),
        Marked::new("webhook secret", keys.webhook),
        Marked::new("webhook secret's bytes", keys.webhook_bytes),
        Marked::new("metrics key", METRICS_KEY),
        Marked::new("VETUMA secret", keys.vetuma),
        Marked::new("VETUMA secret's digits", digits(keys.vetuma)),
    ]
}

/// The digits of a VETUMA secret, behind its name.
fn digits(secret: &str) -> &str {
    secret.rsplit_once('-').expect("a name").1
}

fn customer() -> Vec<Marked> {
    vec![
        Marked::new("customer's first name", FIRST_NAME),
        Marked::new("customer's last name", LAST_NAME),
        Marked::new("customer's mail address", MAIL),
        Marked::new("customer's phone", PHONE),
    ]
}

#[test]
fn logs_for_people_and_all_else_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    nothing_leaks(&folder, &Place::configured(folder.path(), &[]));
}

#[test]
fn logs_as_json_and_all_else_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    nothing_leaks(&folder, &Place::configured(folder.path(), &["--log-json"]));
}

#[test]
fn webhooks_and_all_else_of_the_development_configuration_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::development(folder.path());
    nothing_leaks(&folder, &place);
    let webhooks = place.shop.received();
    assert!(webhooks.len() >= 3, "{} webhooks", webhooks.len());
}

fn nothing_leaks(folder: &TempDir, place: &Place) {
    let seen = place.live();
    // The server gathers lines for 20 ms before it writes them.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let log = place.kassa.output();
    assert!(
        log.contains(&seen.payment),
        "silent about the payment:\n{log}"
    );

    let secrets = secrets(place.keys);
    let private = [secrets.clone(), customer()].concat();
    let unspeakable = [private.clone(), seen.capabilities.clone()].concat();
    let mut leaks = found("the log", &log, &unspeakable);
    leaks.extend(found("/metrics", &seen.metrics, &unspeakable));
    for webhook in place.shop.received() {
        leaks.extend(found("a webhook", &webhook.body, &unspeakable));
    }
    for (what, text) in &seen.public {
        leaks.extend(found(what, text, &private));
    }
    for (file, text) in files_below(&folder.path().join("data")) {
        leaks.extend(found(&file, &text, &secrets));
    }
    assert_eq!(leaks, Vec::<String>::new(), "in {log}");
}

/// What was seen of a payment from without.
struct Seen {
    /// Kassa's identifier of it.
    payment: String,
    /// Answers to the shop, to customers and to strangers, each with what it is.
    public: Vec<(String, String)>,
    /// The figures for operators.
    metrics: String,
    /// The checkout token first, and all signatures: they are not secret, but no log needs them.
    capabilities: Vec<Marked>,
}

impl Place {
    /// A payment from the order to paid, with everything that may go wrong on the way.
    fn live(&self) -> Seen {
        let made = self.create(&self.order("order-1"), self.keys.api);
        assert_eq!(made.status, 201, "{}", made.body);
        let (payment, token) = (word(&made, "id"), word(&made, "token"));
        let mut public = self.bad_requests(&token);
        public.push(("the created payment".into(), made.body));
        let checkout = format!("/checkout/{token}");
        for page in [
            checkout.clone(),
            format!("{checkout}/session"),
            format!("{checkout}/status"),
        ] {
            public.push(self.shown(&page));
        }
        let step = self.post(&format!("{checkout}/pay"), &json!({"bank": "nordea"}));
        assert_eq!(step.status, 200, "{}", step.body);
        let page = word(&step, "url");
        assert!(self.http.get(&page, &[]).unwrap().status < 400);
        let attempt = parameter(&page, "payment_id");
        let signatures = self.pay_amid_attacks(&attempt, &payment);
        for page in [checkout, format!("/return/{token}")] {
            public.push(self.shown(&page));
        }
        for path in ["", "/events"] {
            let path = format!("/v1/payments/{payment}{path}");
            public.push((path.clone(), self.as_shop(&path)));
        }
        public.push(("the list".into(), self.as_shop("/v1/payments")));
        for path in ["/healthz", "/readyz", "/openapi.json", "/v1/payments"] {
            public.push(self.shown(path));
        }
        let (shown, old_token) = self.old_software();
        public.extend(shown);
        let bearer = format!("Bearer {METRICS_KEY}");
        let metrics = self
            .http
            .get(&self.at("/metrics"), &[("authorization", &bearer)]);
        let metrics = metrics.unwrap();
        assert_eq!(metrics.status, 200, "{}", metrics.body);
        let mut capabilities = vec![
            Marked::new("checkout token", token),
            Marked::new("checkout token of a VETUMA call", old_token),
        ];
        capabilities.push(Marked::new(
            "page's signature",
            decoded(&parameter(&page, "signature")),
        ));
        capabilities.extend(
            signatures
                .into_iter()
                .map(|text| Marked::new("signature", text)),
        );
        Seen {
            payment,
            public,
            metrics: metrics.body,
            capabilities,
        }
    }

    /// Everything that is refused, with marked texts in it; the answers.
    fn bad_requests(&self, token: &str) -> Vec<(String, String)> {
        let key = self.keys.api;
        let with = |field: &str, value: Value| {
            let mut order = self.order("order-2");
            order["customer"][field] = value;
            order
        };
        let long = format!("{LAST_NAME}{}", "x".repeat(3_000));
        let mut answers = vec![
            self.create(&self.order("order-2"), WRONG_API_KEY),
            self.create(
                &with("email", json!(format!("{MAIL}{MAIL}").repeat(9))),
                key,
            ),
            self.create(&with("last_name", json!(long)), key),
            self.create(&with("phone", json!(format!("x{PHONE}"))), key),
            self.create(&with("phone", json!([PHONE])), key),
            self.create(&with("unknown", json!(MAIL)), key),
            self.create(&json!(MAIL), key),
        ];
        let broken = format!("{{\"customer\": {{\"last_name\": \"{LAST_NAME}\" \"{key}\"");
        answers.push(self.create_as("broken", broken, key));
        let other = self.order("another-order");
        answers.push(self.create_as("order-1", other.to_string(), key));
        for body in [
            json!({"bank": LAST_NAME}),
            json!({"bank": "no-such-bank"}),
            json!([MAIL]),
        ] {
            answers.push(self.post(&format!("/checkout/{token}/pay"), &body));
        }
        answers.push(self.post(
            &format!("/checkout/{token}x/pay"),
            &json!({"bank": "nordea"}),
        ));
        for forged in [
            json!({"customer": MAIL}),
            json!({"signature": self.keys.account}),
        ] {
            answers.push(self.post("/callbacks/ecommpay", &forged));
        }
        let query = format!("/v1/payments?order={LAST_NAME}&status={MAIL}&api_key={key}");
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("cookie", WRONG_API_KEY),
            ("referer", MAIL),
        ];
        answers.push(self.http.get(&self.at(&query), &headers).unwrap());
        for (number, answer) in answers.iter().enumerate() {
            let refused = (400..500).contains(&answer.status);
            assert!(refused, "bad request {number}: {answer:?}");
        }
        let named = |(number, answer): (usize, Answer)| {
            (
                format!("the answer to bad request {number}"),
                whole(&answer),
            )
        };
        answers.into_iter().enumerate().map(named).collect()
    }

    /// A call of software that speaks VETUMA, forged and genuine, its answer, and questions; all
    /// that was shown, and the payment's token.
    fn old_software(&self) -> (Vec<(String, String)>, String) {
        let key = Sha256SuffixKey::parse(self.keys.vetuma).unwrap();
        let call = vetuma_call(key.id(), self.shop.url());
        let mac = |message: &Message| mac_text(&Signature(key.sign(&message.signing_input())));
        let form = |message: &Message, mac: &str| {
            let fields = message.fields();
            let fields = fields.map(|(field, value)| (field.name().to_owned(), value.to_owned()));
            let mac = ("MAC".to_owned(), mac.to_owned());
            body(&BrowserForm {
                action: String::new(),
                fields: fields.chain([mac]).collect(),
            })
        };
        let post = |path: &str, text: String| {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            self.http
                .send("POST", &self.at(path), &headers, text)
                .unwrap()
        };
        let good = mac(&call);
        let mut shown = Vec::new();
        for forged in [
            form(&call, &"0".repeat(64)),
            form(&call, self.keys.vetuma),
            form(&call, digits(self.keys.vetuma)),
        ] {
            for path in ["/vetuma/payment", "/vetuma/paymentQuery"] {
                let answer = post(path, forged.clone());
                assert_eq!(answer.status, 400, "{}", answer.body);
                shown.push((format!("a forgery at {path}"), whole(&answer)));
            }
        }
        let mut faulty = call.clone();
        faulty.set(Field::Lg, "de").unwrap();
        for (what, message) in [("a faulty call", &faulty), ("a call", &call)] {
            let answer = post("/vetuma/payment", form(message, &mac(message)));
            assert!(matches!(answer.status, 200 | 303), "{}", answer.body);
            shown.push((what.to_owned(), whole(&answer)));
        }
        let again = post("/vetuma/payment", form(&call, &good));
        let location = again.headers.iter().find(|(name, _)| name == "location");
        let token = location.unwrap().1.strip_prefix("/checkout/").unwrap();
        let token = token.split('?').next().unwrap();
        shown.push(self.shown(&format!("/checkout/{token}")));
        let left = post(&format!("/vetuma/cancel/{token}"), String::new());
        assert!(left.body.contains("CANCELLED"), "{}", left.body);
        shown.push(("the answer to a call".to_owned(), whole(&left)));
        (shown, token.to_owned())
    }

    /// The simulator's attacks, the payment, and the attacks again; all signatures that were sent.
    fn pay_amid_attacks(&self, attempt: &str, payment: &str) -> Vec<String> {
        let control = format!("{}/control/payments/{attempt}", self.simulator);
        self.attack(&control);
        let acted = self
            .http
            .post_json(&format!("{control}/act"), &[], &json!({"act": "pay"}));
        assert_eq!(acted.unwrap().status, 200);
        let flush = format!("{}/control/callbacks/flush", self.simulator);
        self.http.post_json(&flush, &[], &json!({})).unwrap();
        let path = format!("/v1/payments/{payment}");
        wait_for("the payment to be paid", Duration::from_secs(10), || {
            let shown: Value = serde_json::from_str(&self.as_shop(&path)).ok()?;
            (shown["status"] == "paid").then_some(())
        })
        .unwrap();
        self.attack(&control);
        assert!(self.as_shop(&path).contains("\"status\":\"paid\""));
        // Outside development no webhook goes to this machine, and the log says that it was tried.
        wait_for("a webhook", Duration::from_secs(20), || {
            self.kassa
                .output()
                .contains("a webhook was tried")
                .then_some(())
        })
        .unwrap();
        let known = self.http.get(&control, &[]).unwrap().json().unwrap();
        let callbacks = known["callback_list"].as_array().unwrap().iter();
        let signature = |callback: &Value| {
            let body: Value = serde_json::from_str(callback["body"].as_str().unwrap()).unwrap();
            body["signature"].as_str().unwrap().to_owned()
        };
        callbacks.map(signature).collect()
    }

    fn attack(&self, control: &str) {
        let kinds = self
            .http
            .get(&format!("{}/control/attacks", self.simulator), &[]);
        let kinds = kinds.unwrap().json().unwrap();
        let kinds = kinds["attacks"].as_array().unwrap();
        assert!(kinds.len() > 10);
        for kind in kinds {
            let body = json!({"kind": kind["kind"]});
            // One may be impossible as yet, such as the replay of a callback before the first.
            let answer = self
                .http
                .post_json(&format!("{control}/attack"), &[], &body)
                .unwrap();
            assert!(matches!(answer.status, 200 | 422), "{}", answer.body);
            let report = answer.json().unwrap();
            let believed = report["must"] == "refuse" && report["http_status"] == 200;
            assert!(!believed, "believed: {report}");
        }
    }

    fn create(&self, order: &Value, key: &str) -> Answer {
        let number = order["order"].as_str().unwrap_or("none");
        self.create_as(number, order.to_string(), key)
    }

    fn create_as(&self, idempotency: &str, body: String, key: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", idempotency),
        ];
        let url = self.at("/v1/payments");
        self.http.send("POST", &url, &headers, body).unwrap()
    }

    fn order(&self, number: &str) -> Value {
        json!({
            "order": number,
            "amount": 4_990,
            "language": "fi",
            "return_url": format!("{}/thanks", self.shop.url()),
            "customer": {
                "id": "customer-1",
                "first_name": FIRST_NAME,
                "last_name": LAST_NAME,
                "email": MAIL,
                "phone": PHONE,
            },
        })
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.http.post_json(&self.at(path), &[], body).unwrap()
    }

    fn as_shop(&self, path: &str) -> String {
        let bearer = format!("Bearer {}", self.keys.api);
        let answer = self
            .http
            .get(&self.at(path), &[("authorization", &bearer)])
            .unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// What anybody gets at a path.
    fn shown(&self, path: &str) -> (String, String) {
        (
            path.to_owned(),
            whole(&self.http.get(&self.at(path), &[]).unwrap()),
        )
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.kassa.url())
    }
}

fn vetuma_call(rcvid: &str, shop: &str) -> Message {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_millis(now.as_millis().try_into().unwrap());
    let call = PayCall {
        head: Head {
            rcvid: rcvid.to_owned(),
            app_id: "old".to_owned(),
            time: Timestmp::of(now),
            method: None,
            methods: vec![Method::banks()],
            language: Language::Fi,
            addresses: Addresses {
                success: format!("{shop}/ok"),
                cancel: format!("{shop}/cancel"),
                error: format!("{shop}/error"),
            },
            configuration: "TESTIASIAKAS1".to_owned(),
            transaction: None,
        },
        amount: Amount::from_cents(4_990).unwrap(),
        reference: Some("1234561".to_owned()),
        order_number: None,
        app_name: Some("Vanha sovellus".to_owned()),
        to_buyer: None,
        to_seller: None,
        on_form: None,
        call_id: None,
    };
    call.to_message(Profile::V3).unwrap()
}

/// Headers and body.
fn whole(answer: &Answer) -> String {
    let headers = answer.headers.iter();
    let headers: String = headers
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    headers + &answer.body
}

fn word(answer: &Answer, field: &str) -> String {
    answer.json().unwrap()[field]
        .as_str()
        .expect(field)
        .to_owned()
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.expect(name).to_owned()
}

/// A signature out of an address: only these three of base64 are encoded there.
fn decoded(value: &str) -> String {
    value
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=")
}

/// All files in a folder, as text however broken.
fn files_below(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect();
    assert!(!files.is_empty(), "the server wrote no database");
    files
}
