//! VETUMA, as an application and its user see it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use kassa_simulator::clock::real_now_ms;
use kassa_simulator::vetuma::attack;
use kassa_simulator::vetuma::customer::by_rcvid;
use kassa_simulator::vetuma::latin1::{decode_form, encode_form, to_bytes as latin1};
use kassa_simulator::vetuma::mac::{Pair, Secret, base_string};
use kassa_simulator::vetuma::{LOGIN, PAYMENT, QUERY, timestamp};
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

/// A vectors file's tests.
fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn vector_fields(test: &Value) -> Vec<Pair> {
    let fields = test["fields"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    fields
        .map(|field| (text(&field["name"]), text(&field["value"])))
        .collect()
}

#[test]
fn all_vectors_come_out() {
    let tests = vectors(include_str!("../../../tests/vectors/vetuma-mac.json"));
    assert!(tests.len() > 30, "{}", tests.len());
    for test in &tests {
        let name = &test["name"];
        let text = |key: &str| test[key].as_str();
        let secret = Secret::new(text("secret").unwrap());
        let mut fields = vector_fields(test);
        let whole = format!("{}{}&", base_string(&fields), text("secret").unwrap());
        assert_eq!(Some(whole.as_str()), text("mac_base_string"), "{name}");
        if let Some(hex) = text("mac_base_latin1_hex") {
            let bytes = latin1(&whole).unwrap();
            let ours: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(ours, hex, "{name}");
        }
        let mac = text("mac").unwrap();
        assert_eq!(secret.check(&fields, mac), Ok(()), "{name}");
        // The order is VETUMA's, whatever the form's is.
        fields.reverse();
        assert_eq!(secret.mac(&fields).as_deref(), Some(mac), "{name}");
        if let Some(mistaken) = text("mac_if_utf8_was_used_wrongly") {
            let told = secret.check(&fields, mistaken).unwrap_err();
            assert!(told.contains("over UTF-8"), "{name}: {told}");
        }
    }
}

#[test]
fn all_that_must_be_rejected_is() {
    let tests = vectors(include_str!(
        "../../../tests/vectors/vetuma-must-reject.json"
    ));
    assert!(tests.len() > 5, "{}", tests.len());
    let mut told = Vec::new();
    for test in &tests {
        let secret = Secret::new(test["secret"].as_str().unwrap());
        let received = test["received_mac"].as_str().unwrap();
        told.push(secret.check(&vector_fields(test), received).unwrap_err());
    }
    for mistake in ["without RCVID", "an HMAC", "is empty", "64 hexadecimal"] {
        assert!(
            told.iter().any(|why| why.contains(mistake)),
            "{mistake}: {told:?}"
        );
    }
}

#[tokio::test]
async fn the_user_pays_and_the_answer_waits_for_the_users_word() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    let choice = world.get(&page).await.text();
    for shown in [
        "Kunnan kauppa",
        "Valitse maksutapa",
        "Nordea",
        "Luottokunta",
        "31.12.2017",
    ] {
        assert!(choice.contains(shown), "{shown} is not shown");
    }
    let back = world.through_bank(&page, "P2", "act=pay").await;
    let html = back.text();
    assert!(
        html.contains("Maksu on suoritettu")
            && html.contains("<button class=\"k-go\">Palaa palveluun")
    );
    assert!(
        !html.contains("<script"),
        "a success goes back without being asked"
    );
    assert!(html.contains("action=\"https://kunta.example/ok?a=1&amp;b=2\""));
    assert!(html.contains("accept-charset=\"iso-8859-1\""));

    let fields = back.hidden();
    assert_mac(&fields);
    assert_eq!(
        names(&fields),
        [
            "RCVID", "TIMESTMP", "SO", "LG", "RETURL", "CANURL", "ERRURL", "PAYID", "REF", "ORDNR",
            "PAID", "STATUS", "TRID", "MAC"
        ]
    );
    let is = |name: &str| value(&fields, name).unwrap();
    assert_eq!(
        ["SO", "REF", "ORDNR", "STATUS", "TRID"].map(is),
        ["P2", "1234561", "123", "SUCCESSFUL", "0A1B2C3D4E"]
    );
    assert_eq!((is("PAYID").len(), is("PAID").len()), (15, 16));
    // The page once more is the same answer, to the digit.
    assert_eq!(world.get(&page).await.hidden(), fields);
    // The bank takes nothing twice.
    let again = world.post(&format!("{page}/bank"), "act=pay").await;
    assert_eq!(again.header("location"), page);
    assert_eq!(world.get(&page).await.hidden(), fields);
}

#[tokio::test]
async fn every_end_goes_to_its_address_by_itself() {
    let world = World::start();
    let (cancel, error) = ("https://kunta.example/peru", "http://127.0.0.1:8090/virhe");
    for (act, status, address) in [
        ("act=cancel", "CANCELLED", cancel),
        ("act=refuse", "REJECTED", error),
        ("act=failure", "FAILURE", error),
        ("act=error", "ERROR", error),
    ] {
        let call = with(pay_call(), "TRID", status);
        let page = world.begin(PAYMENT, &call).await;
        let back = world.through_bank(&page, "P5", act).await;
        let fields = back.hidden();
        assert_mac(&fields);
        assert_eq!(value(&fields, "STATUS"), Some(status));
        assert_eq!(
            (value(&fields, "PAID"), value(&fields, "SO")),
            (Some(""), Some("P5"))
        );
        assert_eq!(value(&fields, "PAYID").unwrap().len(), 15);
        assert!(
            back.text().contains(&format!("action=\"{address}\"")),
            "{status}"
        );
        assert!(
            back.text()
                .contains("<script src=\"/assets/onward.js\" defer>")
        );
        assert!(
            back.text()
                .contains("<form class=\"k-row\" method=\"post\"")
                && back.text().contains("data-onward")
        );
        assert!(
            back.header("content-security-policy")
                .contains("script-src 'self'")
        );
    }
    // Cancelled before a bank was chosen: nothing is known of one.
    let page = world.begin(PAYMENT, &pay_call()).await;
    world.post(&page, "act=cancel").await;
    let fields = world.get(&page).await.hidden();
    let empty = ["SO", "PAYID", "PAID"].map(|name| value(&fields, name).unwrap());
    assert_eq!(
        (empty, value(&fields, "STATUS")),
        ([""; 3], Some("CANCELLED"))
    );
    assert_mac(&fields);
}

#[tokio::test]
async fn pages_and_answers_are_bytes_of_iso_8859_1() {
    let world = World::start();
    let mut call = with(pay_call(), "APPID", LETTERS);
    for name in [
        "APPNAME",
        "MSGBUYER",
        "MSGSELLER",
        "MSGFORM",
        "TRID",
        "PAYM_CALL_ID",
    ] {
        call = with(call, name, LETTERS);
    }
    let page = world.begin(PAYMENT, &call).await;
    let back = world.through_bank(&page, "P2", "act=pay").await;
    for page in [world.get(&page).await, back] {
        assert_eq!(page.header("content-type"), "text/html; charset=iso-8859-1");
        assert!(page.text().contains(LETTERS), "{}", page.text());
        assert!(page.text().contains("<meta charset=\"iso-8859-1\">"));
        assert!(
            page.text().contains("49,90\u{a0}&#8364;"),
            "the euro sign is no byte of it"
        );
    }
    let fields = world.get(&page).await.hidden();
    assert_eq!(value(&fields, "TRID"), Some(LETTERS));
    assert_mac(&fields);
    let check = with(check_call(), "PAYM_CALL_ID", LETTERS);
    let body = encode_form(&signed(&with(check, "TRID", LETTERS)));
    assert!(body.contains("PAYM_CALL_ID=%E4%F6%E5%C4%D6%C5"), "{body}");
    // TRID and PAYM_CALL_ID are the same, so that their order does not matter.
    let reply = decode_form(&world.post(QUERY, body).await.bytes).unwrap();
    assert_eq!(value(&reply, "PAYM_STATUS"), Some("OK_VERIFIED"));
    assert_eq!(value(&reply, "TRID"), Some(LETTERS));
    assert_mac(&reply);
}

#[tokio::test]
async fn what_is_offered_is_narrowed_and_never_widened() {
    let world = World::start();
    let (all, none): (usize, usize) = (11, 0);
    let cases: [(&str, &str, &str, &[&str], usize); 9] = [
        ("", "P,L", "TESTIASIAKAS1", &[], all),
        ("", "P", "TESTIASIAKAS1", &[], 10),
        ("", "L", "TESTIASIAKAS1", &[], 1),
        ("", "P2,P5", "TESTIASIAKAS1", &[], 2),
        ("L", "P,L", "TESTIASIAKAS1", &[], 1),
        ("P2", "P,L", "TESTIASIAKAS1", &[], 1),
        ("", "P,L", "TESTIASIAKAS1PANKIT", &[], 10),
        ("", "P,L", "TESTIASIAKAS1", &["ORDNR"], 10),
        ("", "P,L", "TESTIASIAKAS1", &["REF"], 1),
    ];
    for (so, solist, ap, absent, count) in cases {
        let mut call = with(with(with(pay_call(), "SO", so), "SOLIST", solist), "AP", ap);
        for name in absent {
            call = without(call, name);
        }
        let page = world.begin(PAYMENT, &call).await;
        let shown = world.get(&page).await.text();
        assert_eq!(
            shown.matches("name=\"method\"").count(),
            count,
            "{so} {solist} {ap} {absent:?}"
        );
        assert_eq!(
            shown.contains("Luottokunta"),
            count == all || count == 1 && !so.starts_with('P')
        );
    }
    for call in [
        without(without(pay_call(), "REF"), "ORDNR"),
        with(pay_call(), "SOLIST", "6"),
        with(with(pay_call(), "SO", "L"), "SOLIST", "P"),
        with(with(pay_call(), "AP", "TESTIASIAKAS1PANKIT"), "SOLIST", "L"),
    ] {
        let refused = world.post(PAYMENT, encode_form(&signed(&call))).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused
                .text()
                .contains("<code>SOLIST</code> leaves nothing"),
            "{}",
            refused.text()
        );
        assert_eq!(refused.text().matches("name=\"method\"").count(), none);
    }
    // What is not offered cannot be chosen either.
    let page = world
        .begin(PAYMENT, &with(pay_call(), "SOLIST", "P2"))
        .await;
    let chosen = world.post(&page, "method=P5").await;
    assert_eq!(chosen.header("location"), page);
    assert!(world.get(&page).await.text().contains("name=\"method\""));
}

#[tokio::test]
async fn a_faulty_call_is_told_what_is_wrong() {
    let world = World::start();
    let old = timestamp::write(real_now_ms() - 660_000);
    let early = timestamp::write(real_now_ms() + 660_000);
    let version_2 = |call| with(with(call, "RCVID", "VANHAKUNTA1P1"), "AP", "VANHAKUNTA1");
    let cases = [
        (with(pay_call(), "TIMESTMP", &old), "TIMESTMP", "too old"),
        (
            with(pay_call(), "TIMESTMP", &early),
            "TIMESTMP",
            "too early",
        ),
        (
            with(pay_call(), "TIMESTMP", "20240230120000000"),
            "TIMESTMP",
            "Finnish local time",
        ),
        (with(pay_call(), "AM", "49.90"), "AM", "euros, a comma"),
        (with(pay_call(), "AM", "0,00"), "AM", "more than nothing"),
        (with(pay_call(), "REF", "1234562"), "REF", "check digit"),
        (
            with(pay_call(), "REF", "RF341234561"),
            "REF",
            "4 to 20 digits",
        ),
        (
            with(pay_call(), "ORDNR", "A-1"),
            "ORDNR",
            "letters and digits",
        ),
        (
            version_2(with(pay_call(), "ORDNR", "A1")),
            "ORDNR",
            "1 to 9 digits",
        ),
        (
            version_2(with(pay_call(), "ORDNR", "0123")),
            "ORDNR",
            "leading zeros",
        ),
        (
            version_2(with(pay_call(), "PAYM_CALL_ID", "1")),
            "PAYM_CALL_ID",
            "came with version 3",
        ),
        (
            with(pay_call(), "TRID", &"1".repeat(21)),
            "TRID",
            "at most 20",
        ),
        (
            with(pay_call(), "PAYM_CALL_ID", &"1".repeat(26)),
            "PAYM_CALL_ID",
            "1 to 25",
        ),
        (
            with(pay_call(), "APPNAME", &"x".repeat(41)),
            "APPNAME",
            "at most 40",
        ),
        (
            with(pay_call(), "MSGBUYER", "a&b"),
            "MSGBUYER",
            "holds &amp;",
        ),
        (
            with(pay_call(), "MSGFORM", "rivi\nrivi"),
            "MSGFORM",
            "U+000A",
        ),
        (with(pay_call(), "MSGFORM", "\u{80}"), "MSGFORM", "U+0080"),
        (with(pay_call(), "LG", "de"), "LG", "fi, sv or en"),
        (
            with(pay_call(), "CANURL", "http://kunta.example/"),
            "CANURL",
            "an https address",
        ),
        (
            with(pay_call(), "SOLIST", "P, L"),
            "SOLIST",
            "joined by commas",
        ),
        (
            with(pay_call(), "AU", "CHECK"),
            "AU",
            "expected PAY at this address",
        ),
        (
            with(pay_call(), "TYPE", "LOGIN"),
            "TYPE",
            "expected PAYMENT at this address",
        ),
        (
            with(pay_call(), "AP", "VANHAKUNTA1"),
            "AP",
            "may be used with this secret",
        ),
        (
            with(pay_call(), "RCVID", "TUNTEMATON"),
            "RCVID",
            "is not the id of a shared secret",
        ),
        (
            with(pay_call(), "RCVID", "TESTIASIAKAS1T1"),
            "RCVID",
            "expected one for payments",
        ),
        (
            with(pay_call(), "USERID", "x"),
            "USERID",
            "is no parameter of this call",
        ),
        (without(pay_call(), "AM"), "AM", "is missing"),
        (without(pay_call(), "SO"), "SO", "is missing"),
    ];
    for (call, field, why) in cases {
        let refused = world.post(PAYMENT, encode_form(&signed(&call))).await;
        let told = refused.text();
        assert_eq!(refused.status, 400, "{field} {why}");
        let problem = told
            .split("<li>")
            .find(|one| one.starts_with(&format!("<code>{field}</code>")));
        assert!(
            problem.is_some_and(|one| one.contains(why)),
            "{field} {why}: {told}"
        );
        assert!(!told.contains("873C992B"), "the secret is shown");
    }
    for word in ["CONFIRM", "SIGNATURE"] {
        let refused = world
            .post(LOGIN, encode_form(&signed(&with(login_call(), "AU", word))))
            .await;
        assert!(
            refused.text().contains("never published"),
            "{}",
            refused.text()
        );
    }
    let twice = format!("{}&AM=1,00", encode_form(&signed(&pay_call())));
    assert!(
        world
            .post(PAYMENT, twice)
            .await
            .text()
            .contains("<code>AM</code> is there more than once")
    );
    let broken = world.post(PAYMENT, "RCVID=%zz").await;
    assert_eq!(
        (
            broken.status,
            broken.text().contains("broken percent-escape")
        ),
        (400, true)
    );
}

#[tokio::test]
async fn only_a_call_with_a_right_mac_is_answered() {
    let world = World::start();
    let faulty = with(pay_call(), "AM", "1.00");
    let told = world.post(PAYMENT, encode_form(&signed(&faulty))).await;
    let fields = told.hidden();
    assert_eq!(value(&fields, "STATUS"), Some("ERROR"));
    assert_mac(&fields);
    assert!(
        told.text()
            .contains("action=\"http://127.0.0.1:8090/virhe\"")
    );
    assert!(
        !told.text().contains("<script"),
        "the developer has to see why"
    );

    let tampered = with(signed(&pay_call()), "AM", "0,01");
    let told = world.post(PAYMENT, encode_form(&tampered)).await;
    assert!(
        told.text().contains("a value was changed"),
        "{}",
        told.text()
    );
    assert_eq!(told.hidden(), []);
    let nowhere = with(pay_call(), "ERRURL", "javascript:alert(1)");
    assert_eq!(
        world
            .post(PAYMENT, encode_form(&signed(&nowhere)))
            .await
            .hidden(),
        []
    );
    let in_utf8 = with(pay_call(), "APPNAME", "Ähtäri");
    let mac = secret_of(&in_utf8).mac(&in_utf8).unwrap();
    let body = encode_form(&with(in_utf8, "MAC", &mac)).replace("%C4", "%C3%84");
    assert!(
        world
            .post(PAYMENT, body)
            .await
            .text()
            .contains("<code>MAC</code> does not hold")
    );
}

#[tokio::test]
async fn a_session_lasts_ten_minutes() {
    let world = World::start();
    let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", "late");
    let page = world.begin(PAYMENT, &call).await;
    world.skip(590).await;
    let chosen = world.post(&page, "method=P2").await;
    assert_eq!(chosen.header("location"), format!("{page}/bank"));
    // The time begins anew with every word of the user's.
    world.skip(590).await;
    assert!(world.get(&page).await.text().contains("name=\"method\""));
    world.skip(10).await;
    let over = world.get(&page).await;
    assert_eq!((over.status, over.hidden()), (409, vec![]));
    assert!(
        over.text().contains("Istunto on vanhentunut") && !over.text().contains("lähteä tililtä")
    );
    assert_eq!(
        value(&world.check("late").await, "PAYM_STATUS"),
        Some("UNKNOWN_PAYMENT")
    );
    // Choosing is over, but the bank does not know: the money goes, and only CHECK tells.
    assert_eq!(
        world.post(&page, "method=P5").await.header("location"),
        page
    );
    world.post(&format!("{page}/bank"), "act=pay").await;
    let over = world.get(&page).await;
    assert_eq!(over.hidden(), []);
    assert!(over.text().contains("lähteä tililtä"), "{}", over.text());
    let reply = world.check("late").await;
    assert_eq!(value(&reply, "PAYM_STATUS"), Some("OK_VERIFIED"));
    assert_eq!(
        (value(&reply, "PAYM_AMOUNT"), value(&reply, "SO")),
        (Some("49,90"), Some("P2"))
    );
}

#[tokio::test]
async fn check_tells_how_a_payment_stands() {
    let world = World::start();
    let unknown = world.check("nothing").await;
    assert_eq!(
        names(&unknown),
        [
            "RCVID",
            "TIMESTMP",
            "SO",
            "LG",
            "RETURL",
            "CANURL",
            "ERRURL",
            "PAYID",
            "PAID",
            "STATUS",
            "PAYM_STATUS",
            "PAYM_AMOUNT",
            "PAYM_CURRENCY",
            "MAC"
        ]
    );
    assert_eq!(value(&unknown, "STATUS"), Some("ERROR"));
    for (at, (act, status, amount)) in [
        ("pay", "OK_VERIFIED", "49,90"),
        ("cancel", "CANCELLED_OR_REJECTED", "49,90"),
        ("refuse", "CANCELLED_OR_REJECTED", "49,90"),
        ("failure", "PROBLEM", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let call_id = format!("call {at}");
        let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", &call_id);
        let page = world.begin(PAYMENT, &call).await;
        assert_eq!(
            value(&world.check(&call_id).await, "PAYM_STATUS"),
            Some("UNKNOWN_PAYMENT")
        );
        world.through_bank(&page, "P2", &format!("act={act}")).await;
        // Whether or not the user ever goes back to the application.
        let reply = world.check(&call_id).await;
        let is = |name: &str| value(&reply, name);
        assert_eq!(is("PAYM_STATUS"), Some(status), "{act}");
        assert_eq!(is("PAYM_AMOUNT"), Some(amount), "{act}");
        assert_eq!(
            (is("STATUS"), is("REF")),
            (Some("SUCCESSFUL"), Some("1234561"))
        );
    }
    let old = with(
        with(check_call(), "RCVID", "VANHAKUNTA1P1"),
        "AP",
        "VANHAKUNTA1",
    );
    let refused = world.post(QUERY, encode_form(&signed(&old))).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("came with version 3"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn a_call_is_served_once() {
    let world = World::start();
    let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", "once");
    let page = world.begin(PAYMENT, &call).await;
    assert_eq!(world.begin(PAYMENT, &call).await, page);
    let answer = world.through_bank(&page, "P2", "act=pay").await.hidden();
    assert_eq!(world.begin(PAYMENT, &call).await, page);
    assert_eq!(world.get(&page).await.hidden(), answer);
    // Another call with the same id.
    let other = with(call, "AM", "0,10");
    let refused = world.post(PAYMENT, encode_form(&signed(&other))).await;
    assert!(
        refused.text().contains("was in another call already"),
        "{}",
        refused.text()
    );
    assert_eq!(value(&refused.hidden(), "STATUS"), Some("ERROR"));
}

#[tokio::test]
async fn cards_take_an_order_number_once() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    world.post(&page, "method=L").await;
    let bank = world.get(&format!("{page}/bank")).await.text();
    assert!(
        bank.contains("Tilausnumero") && !bank.contains("1234561"),
        "cards know no reference"
    );
    // Nothing was paid, and still the number is used up for another call, though not for this one.
    assert_eq!(
        world.post(&page, "method=L").await.header("location"),
        format!("{page}/bank")
    );
    let next = world.begin(PAYMENT, &with(pay_call(), "TRID", "2")).await;
    world.post(&next, "method=L").await;
    let refused = world.get(&next).await.hidden();
    assert_eq!(value(&refused, "STATUS"), Some("REJECTED"));
    assert_eq!(value(&refused, "SO"), Some("L"));
    let third = world.begin(PAYMENT, &with(pay_call(), "TRID", "3")).await;
    let paid = world.through_bank(&third, "P2", "act=pay").await.hidden();
    assert_eq!(
        value(&paid, "STATUS"),
        Some("SUCCESSFUL"),
        "banks do not mind"
    );
    let paid = world.through_bank(&page, "L", "act=pay").await.hidden();
    assert_eq!(
        (value(&paid, "SO"), value(&paid, "PAID")),
        (Some("L"), Some(""))
    );
    assert_mac(&paid);
}

#[tokio::test]
async fn invented_people_are_identified() {
    let world = World::start();
    let call = with(login_call(), "EXTRADATA", "VTJTT=VTJ-VETUMA-Perus");
    let page = world.begin(LOGIN, &call).await;
    let shown = world.get(&page).await.text();
    assert_eq!(shown.matches("name=\"method\"").count(), 10);
    let nobody = world.post(&page, "method=62").await;
    let bank = nobody.header("location").to_owned();
    assert!(
        world
            .get(&bank)
            .await
            .text()
            .contains("Henkilöt ovat keksittyjä")
    );
    assert_eq!(
        world.post(&bank, "act=pay").await.header("location"),
        bank,
        "nobody was named"
    );
    let back = world.through_bank(&page, "62", "person=131052-931W").await;
    let fields = back.hidden();
    assert_mac(&fields);
    assert_eq!(
        names(&fields),
        [
            "RCVID",
            "TIMESTMP",
            "SO",
            "USERID",
            "LG",
            "RETURL",
            "CANURL",
            "ERRURL",
            "SUBJECTDATA",
            "EXTRADATA",
            "STATUS",
            "TRID",
            "VTJDATA",
            "MAC"
        ]
    );
    let is = |name: &str| value(&fields, name).unwrap();
    assert_eq!(is("SUBJECTDATA"), "ETUNIMI=ÅKE EXEMPEL, SUKUNIMI=PÅHITTAD");
    assert_eq!(
        (is("USERID"), is("EXTRADATA")),
        ("131052-931W", "HETU=131052-931W")
    );
    let xml = decode_form(format!("x={}", is("VTJDATA")).as_bytes()).unwrap();
    assert!(
        value(&xml, "x")
            .unwrap()
            .contains("<ns2:Sukunimi>Påhittad</ns2:Sukunimi>")
    );

    let page = world.begin(LOGIN, &with(login_call(), "TRID", "78")).await;
    let fields = world.through_bank(&page, "62", "act=refuse").await.hidden();
    assert_mac(&fields);
    let nothing = ["USERID", "SUBJECTDATA", "EXTRADATA"].map(|name| value(&fields, name).unwrap());
    assert_eq!(
        (nothing, value(&fields, "STATUS")),
        ([""; 3], Some("REJECTED"))
    );
    assert_eq!(value(&fields, "VTJDATA"), None);
    let crossed = with(with(login_call(), "RCVID", "TESTIASIAKAS11"), "SOLIST", "6");
    let refused = world.post(LOGIN, encode_form(&signed(&crossed))).await;
    assert!(refused.text().contains("expected one for identification"));
}

#[tokio::test]
async fn attacks_are_what_they_say() {
    let world = World::start();
    let paid = world.begin(PAYMENT, &pay_call()).await;
    world.through_bank(&paid, "P2", "act=pay").await;
    let id = paid.rsplit('/').next().unwrap();
    let listed = world.get("/control/vetuma/attacks").await;
    let listed: Value = serde_json::from_slice(&listed.bytes).unwrap();
    assert_eq!(
        listed["attacks"].as_array().unwrap().len(),
        attack::ALL.len()
    );
    // These hold under the MAC, and must still book nothing.
    let genuine = [
        "cancelled-to-return",
        "rejected-to-return",
        "success-to-cancel",
        "replay",
        "other-order",
        "other-transaction",
        "stale",
        "identification",
        "slid-ampersand",
        "unknown-status",
        "call-as-answer",
    ];
    for kind in listed["attacks"].as_array().unwrap() {
        let kind = kind["kind"].as_str().unwrap();
        let path = format!("/control/vetuma/sessions/{id}/attack");
        let made = world
            .control(&path, json!({ "kind": kind, "send": false }))
            .await;
        assert!(made["sent"].is_null());
        let body = made["body"].as_str().unwrap();
        let fields = decode_form(body.as_bytes()).unwrap();
        let mac = value(&fields, "MAC").unwrap_or_default();
        let holds = secret_of(&fields).check(&fields, mac).is_ok();
        let once = fields.iter().filter(|(name, _)| name == "STATUS").count() < 2;
        // The oversized one is rightly signed but for the parameter that makes it so.
        assert_eq!(holds && once, genuine.contains(&kind), "{kind}: {fields:?}");
        let to_cancel = kind == "success-to-cancel";
        assert_eq!(
            made["address"] == "https://kunta.example/peru",
            to_cancel,
            "{kind}"
        );
    }
    // Without an end there is nothing to replay.
    let open = world.begin(PAYMENT, &without(pay_call(), "TRID")).await;
    let path = format!(
        "/control/vetuma/sessions/{}/attack",
        open.rsplit('/').next().unwrap()
    );
    for kind in ["replay", "success-to-cancel", "other-transaction"] {
        let request = Request::post(&path).header("content-type", "application/json");
        let body = Body::from(json!({ "kind": kind }).to_string());
        assert_eq!(
            world.ask(request.body(body).unwrap()).await.status,
            422,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn scripts_do_what_users_do() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    let id = page.rsplit('/').next().unwrap();
    let path = format!("/control/vetuma/sessions/{id}/act");
    let done = world
        .control(&path, json!({ "act": "pay", "method": "P5" }))
        .await;
    assert_eq!(
        (&done["status"], &done["paid"], &done["method"]),
        (&json!("SUCCESSFUL"), &json!(true), &json!("P5"))
    );
    assert_eq!(
        done["answer"]["address"],
        "https://kunta.example/ok?a=1&b=2"
    );
    let fields = decode_form(done["answer"]["body"].as_str().unwrap().as_bytes()).unwrap();
    assert_mac(&fields);
    let listed = world.get("/control/vetuma/sessions").await;
    let listed: Value = serde_json::from_slice(&listed.bytes).unwrap();
    assert_eq!(listed["sessions"][0]["id"], id);
    assert_eq!(listed["sessions"][0]["fields"]["AM"], "49,90");
    let overview = world.get("/vetuma?lang=sv").await;
    let overview = String::from_utf8(overview.bytes).unwrap();
    for shown in [
        "det finns inget levande VETUMA",
        "SUCCESSFUL",
        "POST /VETUMAPayment/Query",
        "RCVID TESTIASIAKAS11",
    ] {
        assert!(overview.contains(shown), "{shown} is not shown");
    }
    let index = String::from_utf8(world.get("/?lang=fi").await.bytes).unwrap();
    assert!(
        index.contains("href=\"/vetuma?lang=fi\"") && index.contains("elävää VETUMAa enää ole")
    );
    world.control("/control/reset", json!({})).await;
    assert_eq!(world.get(&page).await.status, 404);
}

#[tokio::test]
async fn the_page_that_plays_old_software_calls_and_reads_the_answer() {
    let world = World::start();
    let elsewhere = "http://127.0.0.1:8080/vetuma/payment";
    let path = "/vetuma/old-software";
    let asked = world.get(&format!("{path}?lang=sv&to={elsewhere}")).await;
    assert!(
        asked.text().contains(&format!("value=\"{elsewhere}\"")),
        "{}",
        asked.text()
    );
    let wanted = pairs(&[
        ("to", PAYMENT),
        ("LG", "sv"),
        ("AM", "49,90"),
        ("MSGFORM", LETTERS),
    ]);
    let request = Request::post(path).header("host", "127.0.0.1:8081");
    let body = Body::from(encode_form(&wanted));
    let made = world.ask(request.body(body).unwrap()).await;
    assert!(made.text().contains(&format!("action=\"{PAYMENT}\"")));
    let page = world.begin(PAYMENT, &without(made.hidden(), "MAC")).await;
    let answer = world.through_bank(&page, "P2", "act=pay").await.hidden();
    let back = format!("{path}/RETURL");
    assert_eq!(
        value(&answer, "RETURL"),
        Some(format!("http://127.0.0.1:8081{back}").as_str())
    );
    let shown = world.post(&back, encode_form(&answer)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("Svar till RETURL") && shown.text().contains("(MAC) stämmer."));
    let forged = encode_form(&with(answer, "STATUS", "CANCELLED"));
    let shown = world.post(&back, forged).await;
    assert_eq!(
        (shown.status, shown.text().contains("stämmer inte")),
        (400, true)
    );
    let script = encode_form(&with(wanted, "to", "javascript:alert(1)"));
    assert_eq!(world.post(path, script).await.status, 404);
}

#[tokio::test]
async fn pages_speak_the_calls_language() {
    let world = World::start();
    for (lg, choose, paid) in [
        ("fi", "Valitse maksutapa", "Maksu on suoritettu"),
        ("sv", "Välj betalsätt", "Betalningen är gjord"),
        ("en", "Choose how to pay", "The payment is done"),
    ] {
        let page = world.begin(PAYMENT, &with(pay_call(), "LG", lg)).await;
        let shown = world.get(&page).await.text();
        assert!(
            shown.contains(&format!("<html lang=\"{lg}\">")) && shown.contains(choose),
            "{lg}"
        );
        assert!(
            world
                .through_bank(&page, "P2", "act=pay")
                .await
                .text()
                .contains(paid),
            "{lg}"
        );
    }
}
