//! VETUMA, as an application and its user see it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod calls;
mod control;
mod identification;
mod payments;
mod vectors;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use kassa_simulator::clock::real_now_ms;
use kassa_simulator::vetuma::customer::by_rcvid;
use kassa_simulator::vetuma::latin1::{decode_form, encode_form};
use kassa_simulator::vetuma::mac::{Pair, Secret};
use kassa_simulator::vetuma::{QUERY, timestamp};
use kassa_simulator::{Config, app};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Everything that is in ISO-8859-1 and not in ASCII, as far as texts need it.
const LETTERS: &str = "äöåÄÖÅ é ü ß ÿ §";

/// A simulator of its own.
struct World(Router);

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    /// The body, each byte one character.
    fn text(&self) -> String {
        self.bytes.iter().copied().map(char::from).collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    /// The hidden fields of a page, as a browser would post them.
    fn hidden(&self) -> Vec<Pair> {
        let html = self.text();
        let inputs = html.split("<input type=\"hidden\" name=\"").skip(1);
        inputs
            .map(|input| {
                let (name, rest) = input.split_once("\" value=\"").unwrap();
                let value = rest.split('"').next().unwrap();
                (name.to_owned(), value.replace("&amp;", "&"))
            })
            .collect()
    }
}

impl World {
    fn start() -> Self {
        Self(app(Config::development()))
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(body.into()).unwrap()).await
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let request = Request::post(path).header("content-type", "application/json");
        let answer = self
            .ask(request.body(Body::from(body.to_string())).unwrap())
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.bytes).unwrap()
    }

    /// Makes a call that is good; where the user is then.
    async fn begin(&self, path: &str, call: &[Pair]) -> String {
        let answer = self.post(path, encode_form(&signed(call))).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").to_owned()
    }

    /// Chooses a method, does something at the bank, and reads the page that leads back.
    async fn through_bank(&self, page: &str, method: &str, act: &str) -> Answer {
        let chosen = self.post(page, format!("method={method}")).await;
        let bank = format!("{page}/bank");
        assert_eq!(chosen.header("location"), bank);
        let done = self.post(&bank, act.to_owned()).await;
        assert_eq!(done.header("location"), page);
        self.get(page).await
    }

    async fn skip(&self, seconds: u32) {
        self.control("/control/clock", json!({ "skip_seconds": seconds }))
            .await;
    }

    /// What CHECK says of a payment.
    async fn check(&self, call_id: &str) -> Vec<Pair> {
        let call = with(check_call(), "PAYM_CALL_ID", call_id);
        let answer = self.post(QUERY, encode_form(&signed(&call))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let fields = decode_form(&answer.bytes).unwrap();
        assert_mac(&fields);
        fields
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<Pair> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// What all calls begin with.
fn head(function: [&str; 2], rcvid: &str, ap: &str, solist: &str) -> Vec<Pair> {
    pairs(&[
        ("RCVID", rcvid),
        ("APPID", "koe"),
        ("TIMESTMP", &timestamp::write(real_now_ms())),
        ("SO", ""),
        ("SOLIST", solist),
        ("TYPE", function[0]),
        ("AU", function[1]),
        ("LG", "fi"),
        ("RETURL", "https://kunta.example/ok?a=1&b=2"),
        ("CANURL", "https://kunta.example/peru"),
        ("ERRURL", "http://127.0.0.1:8090/virhe"),
        ("AP", ap),
    ])
}

fn pay_call() -> Vec<Pair> {
    let own = [
        ("APPNAME", "Kunnan kauppa"),
        ("AM", "49,90"),
        ("REF", "1234561"),
        ("ORDNR", "123"),
        ("MSGBUYER", "Tilaus 123"),
        ("TRID", "0A1B2C3D4E"),
    ];
    let head = head(["PAYMENT", "PAY"], "TESTIASIAKAS11", "TESTIASIAKAS1", "P,L");
    [head, pairs(&own)].concat()
}

fn login_call() -> Vec<Pair> {
    let head = head(
        ["LOGIN", "EXTAUTH"],
        "TESTIASIAKAS1T1",
        "TESTIASIAKAS1",
        "2,6,11",
    );
    [head, pairs(&[("APPNAME", "Ärenden"), ("TRID", "77")])].concat()
}

fn check_call() -> Vec<Pair> {
    let head = head(
        ["PAYMENT", "CHECK"],
        "TESTIASIAKAS11",
        "TESTIASIAKAS1",
        "P,L",
    );
    [head, pairs(&[("PAYM_CALL_ID", "KOE")])].concat()
}

/// Changes or adds a parameter.
fn with(mut fields: Vec<Pair>, name: &str, value: &str) -> Vec<Pair> {
    match fields.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => value.clone_into(old),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
    fields
}

fn without(mut fields: Vec<Pair>, name: &str) -> Vec<Pair> {
    fields.retain(|(other, _)| other != name);
    fields
}

fn value<'a>(fields: &'a [Pair], name: &str) -> Option<&'a str> {
    kassa_simulator::form::value(fields, name)
}

fn secret_of(fields: &[Pair]) -> Secret {
    let customer = value(fields, "RCVID").and_then(by_rcvid);
    customer.or(by_rcvid("TESTIASIAKAS11")).unwrap().secret()
}

fn signed(fields: &[Pair]) -> Vec<Pair> {
    let mac = secret_of(fields).mac(fields).unwrap_or_default();
    with(fields.to_vec(), "MAC", &mac)
}

fn assert_mac(fields: &[Pair]) {
    let mac = value(fields, "MAC").unwrap();
    assert_eq!(secret_of(fields).check(fields, mac), Ok(()));
}

fn names(fields: &[Pair]) -> Vec<&str> {
    fields.iter().map(|(name, _)| name.as_str()).collect()
}
