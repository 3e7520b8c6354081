//! The bridge: software that was made for VETUMA, answered from a living provider. The software's
//! side is played here by code of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use http::Method;
use kassa_checkout::{BankId, Timestamp};
use kassa_keys::{Sha256SuffixKey, SharedSecrets, Validity};
use kassa_providers::vetuma::Timestmp;
use kassa_server::{
    clock,
    config::Config,
    store::MessageFilter,
    vetuma::{Bridge, ReturnUrls},
};
use kit::{Answer, Kit, SECRET, report, text};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What public test suites print.
const KEY: &str = "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35";
const OLD: &str = "http://127.0.0.1:8085";

/// The order of VETUMA's fields, from the protocol and not from our code.
const ORDER: [&str; 30] = [
    "RCVID",
    "APPID",
    "TIMESTMP",
    "SO",
    "SOLIST",
    "TYPE",
    "AU",
    "LG",
    "RETURL",
    "CANURL",
    "ERRURL",
    "AP",
    "APPNAME",
    "AM",
    "PAYID",
    "REF",
    "ORDNR",
    "MSGBUYER",
    "MSGSELLER",
    "MSGFORM",
    "PAID",
    "STATUS",
    "TRID",
    "PAYM_CALL_ID",
    "PAYM_STATUS",
    "PAYM_AMOUNT",
    "PAYM_CURRENCY",
    "",
    "",
    "",
];

/// A message of the software's.
#[derive(Clone)]
struct Form(Vec<(String, String)>);

impl Form {
    fn pay(number: &str) -> Self {
        let mut form = Self(Vec::new());
        for (name, value) in [
            ("RCVID", "TESTIASIAKAS11"),
            ("APPID", "vanha"),
            ("TIMESTMP", now().as_str()),
            ("SO", ""),
            ("SOLIST", "P,L"),
            ("TYPE", "PAYMENT"),
            ("AU", "PAY"),
            ("LG", "sv"),
            ("RETURL", &format!("{OLD}/ok?a=1&b=2")),
            ("CANURL", &format!("{OLD}/cancel")),
            ("ERRURL", &format!("{OLD}/error")),
            ("AP", "TESTIASIAKAS1"),
            ("APPNAME", "Kesäyliopisto ÄÖÅ"),
            ("AM", "49,90"),
            ("REF", "1234561"),
            ("ORDNR", number),
            ("MSGFORM", "Kurssimaksu äöå"),
            ("PAYM_CALL_ID", &format!("call{number}")),
        ] {
            form = form.with(name, value);
        }
        form
    }

    fn check(id: &str) -> Self {
        let mut form = Self::pay("1");
        for name in ["APPNAME", "AM", "REF", "ORDNR", "MSGFORM"] {
            form = form.without(name);
        }
        form.with("AU", "CHECK")
            .with("SOLIST", "P")
            .with("PAYM_CALL_ID", id)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name}"), |(_, value)| value.as_str())
    }

    fn mac(&self, key: &str) -> String {
        let mut text = Vec::new();
        for name in ORDER.into_iter().filter(|name| !name.is_empty()) {
            if let Some((_, value)) = self.0.iter().find(|(known, _)| known == name) {
                text.extend(value.chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
                text.push(b'&');
            }
        }
        text.extend(key.bytes());
        text.push(b'&');
        let digest = Sha256::digest(text);
        digest.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn body(&self, key: &str) -> String {
        self.body_with(&self.mac(key))
    }

    fn body_with(&self, mac: &str) -> String {
        let signed = self.clone().with("MAC", mac);
        let pairs = signed.0.iter().map(|(name, value)| {
            let bytes = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap());
            let value: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={value}")
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Reads a form's body in ISO-8859-1, and checks its MAC.
    fn read(body: &str) -> Self {
        let pairs = body.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let value = value.replace('+', " ");
            let bytes: Vec<u8> = percent_encoding::percent_decode_str(&value).collect();
            (
                name.to_owned(),
                bytes.iter().map(|byte| char::from(*byte)).collect(),
            )
        });
        let form = Self(pairs.collect());
        form.verified()
    }

    fn verified(self) -> Self {
        let mac = self.get("MAC").to_owned();
        let form = self.without("MAC");
        assert_eq!(form.mac(KEY), mac, "the MAC does not hold");
        form
    }
}

fn now() -> Timestmp {
    Timestmp::of(clock::now())
}

/// The page that brings an answer: where to, and what.
fn brought(answer: &Answer) -> (String, Form) {
    assert_eq!(
        answer.header("content-type"),
        "text/html; charset=ISO-8859-1"
    );
    let page: String = answer.bytes.iter().map(|byte| char::from(*byte)).collect();
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("form-action http://127.0.0.1:*"),
        "{policy}"
    );
    assert!(page.contains("accept-charset=\"ISO-8859-1\"") && page.contains("<button>"));
    let attribute = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap();
        let value = rest.split('"').next().unwrap();
        value.replace("&amp;", "&").replace("&#39;", "'")
    };
    let form = page.split_once("<form").unwrap().1;
    let inputs = form.split("<input ").skip(1);
    let fields = inputs.map(|input| (attribute(input, "name"), attribute(input, "value")));
    (attribute(form, "action"), Form(fields.collect()).verified())
}

impl Kit {
    async fn call(&self, form: &Form) -> Answer {
        self.form("/vetuma/payment", &form.body(KEY), Some(OLD))
            .await
    }

    /// A call that is taken: the payment's token.
    async fn taken(&self, form: &Form) -> String {
        let answer = self.call(form).await.expect(303);
        let to = answer.header("location");
        let token = to.strip_prefix("/checkout/").unwrap();
        token.split('?').next().unwrap().to_owned()
    }

    async fn payment(&self, token: &str) -> Value {
        let list = self.shop(Method::GET, "/v1/payments", None).await.json();
        let id = self.app.store.by_token(token).await.unwrap().unwrap().id;
        let data = list["data"].as_array().unwrap();
        data.iter()
            .find(|payment| payment["id"] == *id)
            .unwrap()
            .clone()
    }

    async fn choose(&self, token: &str) -> String {
        let path = format!("/checkout/{token}/choose");
        self.form(&path, "bank=nordea&language=sv", None)
            .await
            .expect(303);
        format!("{}-1", text(&self.payment(token).await, "id"))
    }

    async fn bank_says(&self, attempt: &str, word: &str, operation: u64) {
        let body = report(attempt, word, operation, 4_990, SECRET);
        self.callback(body).await.expect(200);
    }

    async fn back(&self, token: &str) -> Answer {
        self.get(&format!("/vetuma/return/{token}")).await
    }

    async fn leave(&self, token: &str) -> Answer {
        self.form(&format!("/vetuma/cancel/{token}"), "", None)
            .await
    }

    async fn asked(&self, id: &str) -> Form {
        let body = Form::check(id).body(KEY);
        let answer = self
            .form("/vetuma/paymentQuery", &body, None)
            .await
            .expect(200);
        assert_eq!(
            answer.header("content-type"),
            "application/x-www-form-urlencoded"
        );
        Form::read(&answer.text)
    }

    /// Whether the shop was sent a webhook that the payment stands so.
    async fn is_told(&self, token: &str, status: &str) -> bool {
        let payment = self.payment(token).await;
        let filter = MessageFilter {
            payment: Some(text(&payment, "id").to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        let messages = self.app.store.messages(filter).await.unwrap();
        let said = messages.iter().map(|message| {
            assert!(!message.body.contains(token), "the capability is told");
            let body: Value = serde_json::from_str(&message.body).unwrap();
            text(&body["data"], "status").to_owned()
        });
        said.collect::<Vec<_>>().contains(&status.to_owned())
    }

    async fn kinds(&self, token: &str) -> Vec<String> {
        let events = self.events(&self.payment(token).await).await;
        events
            .iter()
            .map(|event| text(event, "kind").to_owned())
            .collect()
    }
}

#[tokio::test]
async fn a_call_is_paid_and_answered_and_leaves_its_trace() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("101")).await;
    let payment = kit.payment(&token).await;
    assert_eq!(payment["amount"], 4_990);
    assert_eq!(payment["reference"], "1234561");
    assert_eq!(payment["order"], "call101");
    assert_eq!(payment["language"], "sv");
    assert_eq!(payment["return_url"], format!("{OLD}/ok?a=1&b=2"));
    assert!(!payment.to_string().contains(&token), "{payment}");
    let status = kit.get(&format!("/checkout/{token}/status")).await.json();
    assert!(text(&status, "return_url").ends_with(&format!("/vetuma/return/{token}")));

    let page = kit
        .get(&format!("/checkout/{token}?lang=sv"))
        .await
        .expect(200);
    assert!(
        page.text.contains("Kesäyliopisto ÄÖÅ (Metsän Puoti Oy)"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Avbryt och gå tillbaka till tjänsten"));
    // Undecided: the way back is the page itself.
    let undecided = kit.back(&token).await.expect(303);
    assert!(undecided.header("location").starts_with("/checkout/"));

    let attempt = kit.choose(&token).await;
    kit.bank_says(&attempt, "success", 7).await;
    let (to, answer) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(to, format!("{OLD}/ok?a=1&b=2"));
    assert_eq!(answer.get("STATUS"), "SUCCESSFUL");
    assert_eq!(answer.get("REF"), "1234561");
    assert_eq!(answer.get("ORDNR"), "101");
    assert_eq!(answer.get("SO"), "P");
    assert_eq!(answer.get("LG"), "sv");
    assert_eq!(answer.get("PAYID").len(), 15);
    assert_eq!(answer.get("PAID"), "");
    assert!(!answer.0.iter().any(|(name, _)| name == "TRID"));

    let kinds = kit.kinds(&token).await;
    for kind in [
        "vetuma.called",
        "attempt.started",
        "provider.reported",
        "vetuma.answered",
    ] {
        assert_eq!(
            kinds.iter().filter(|known| *known == kind).count(),
            1,
            "{kind}: {kinds:?}"
        );
    }
    let events = kit.events(&payment).await;
    let called = events
        .iter()
        .find(|event| event["kind"] == "vetuma.called")
        .unwrap();
    assert_eq!(called["detail"]["call"]["AM"], "49,90");
    assert_eq!(called["detail"]["call"]["ORDNR"], "101");
    assert_eq!(called["detail"]["payid"], answer.get("PAYID"));
    let given = events
        .iter()
        .find(|event| event["kind"] == "vetuma.answered")
        .unwrap();
    assert_eq!(given["detail"]["status"], "SUCCESSFUL");
    assert_eq!(given["detail"]["address"], "RETURL");

    let checked = kit.asked("call101").await;
    assert_eq!(checked.get("STATUS"), "SUCCESSFUL");
    assert_eq!(checked.get("PAYM_STATUS"), "OK_VERIFIED");
    assert_eq!(
        (checked.get("PAYM_AMOUNT"), checked.get("PAYM_CURRENCY")),
        ("49,90", "EUR")
    );
    assert_eq!(checked.get("PAYID"), answer.get("PAYID"));
}

#[tokio::test]
async fn the_first_answer_stands_whatever_comes_later() {
    let kit = Kit::new();
    let call = Form::pay("102");
    let token = kit.taken(&call).await;
    let attempt = kit.choose(&token).await;
    let (to, first) = brought(&kit.leave(&token).await.expect(200));
    assert_eq!(
        (to, first.get("STATUS")),
        (format!("{OLD}/cancel"), "CANCELLED")
    );
    // Late: the shop hears of it by webhook, the software gets the answer that it got.
    kit.bank_says(&attempt, "success", 7).await;
    assert_eq!(kit.payment(&token).await["status"], "paid");
    let page = kit.get(&format!("/checkout/{token}")).await.expect(303);
    assert_eq!(page.header("location"), format!("/vetuma/return/{token}"));
    for again in [kit.back(&token).await, kit.leave(&token).await] {
        let (_, again) = brought(&again.expect(200));
        let same = |form: &Form| form.clone().without("TIMESTMP").0;
        assert_eq!(same(&again), same(&first));
    }
    assert_eq!(
        kit.taken(&call).await,
        token,
        "the same call is the same payment"
    );
    assert!(
        kit.is_told(&token, "paid").await,
        "the shop hears of the late payment"
    );
    let checked = kit.asked("call102").await;
    assert_eq!(checked.get("PAYM_STATUS"), "OK_VERIFIED");
    // And nobody pays once more.
    let choice = kit
        .form(&format!("/checkout/{token}/choose"), "bank=op", None)
        .await
        .expect(303);
    assert!(choice.header("location").contains("fault=not-payable"));
}

#[tokio::test]
async fn what_is_taken_back_after_the_answer_is_told_by_webhook() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("103")).await;
    let attempt = kit.choose(&token).await;
    kit.bank_says(&attempt, "success", 7).await;
    let (_, answer) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(answer.get("STATUS"), "SUCCESSFUL");
    assert!(!kit.is_told(&token, "reversed").await);
    kit.bank_says(&attempt, "reversed", 8).await;
    assert!(kit.is_told(&token, "reversed").await);
    let (_, again) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(again.get("STATUS"), "SUCCESSFUL", "the answer stands");
    let checked = kit.asked("call103").await;
    assert_eq!(checked.get("PAYM_STATUS"), "CANCELLED_OR_REJECTED");
}

#[tokio::test]
async fn each_end_goes_to_its_address() {
    let kit = Kit::new();
    for (number, word, status, address) in [
        ("111", "decline", "REJECTED", "error"),
        ("112", "canceled", "CANCELLED", "cancel"),
    ] {
        let token = kit.taken(&Form::pay(number)).await;
        let attempt = kit.choose(&token).await;
        kit.bank_says(&attempt, word, 7).await;
        let (to, answer) = brought(&kit.back(&token).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/{address}"), status)
        );
        let checked = kit.asked(&format!("call{number}")).await;
        assert_eq!(checked.get("PAYM_STATUS"), "CANCELLED_OR_REJECTED");
    }
    // Before any choice, and never paid.
    let token = kit.taken(&Form::pay("113").with("TRID", "äöåÄÖÅ")).await;
    let checked = kit.asked("call113").await;
    assert_eq!(
        (checked.get("STATUS"), checked.get("PAYM_STATUS")),
        ("SUCCESSFUL", "PROBLEM")
    );
    let (to, answer) = brought(&kit.leave(&token).await.expect(200));
    assert_eq!(
        (to, answer.get("STATUS")),
        (format!("{OLD}/cancel"), "CANCELLED")
    );
    assert_eq!((answer.get("SO"), answer.get("PAYID")), ("", ""));
    assert_eq!(answer.get("TRID"), "äöåÄÖÅ");

    let unknown = kit.asked("call999").await;
    assert_eq!(
        (unknown.get("STATUS"), unknown.get("PAYM_STATUS")),
        ("ERROR", "UNKNOWN_PAYMENT")
    );
    assert_eq!(unknown.get("PAYM_AMOUNT"), "");
}

#[tokio::test]
async fn a_call_that_is_nobodys_is_shown_a_page_and_sent_nowhere() {
    let kit = Kit::new();
    let good = Form::pay("120");
    let other = format!("TESTIASIAKAS11-{}", "A".repeat(64));
    let body = good.body(KEY);
    let mac = good.mac(KEY);
    for wrong in [
        good.body(&other),
        good.clone().with("RCVID", "OTHER").body(KEY),
        body.replace("AM=%34%39", "AM=%30%31"),
        good.body_with(&mac.replace(&mac[..10], "0000000000")),
        good.body_with(&mac[1..]),
        good.body_with(&mac.to_lowercase()),
        good.body_with(""),
        format!("{body}&AM=1"),
        format!("{body}&submit=Maksa"),
        good.clone().with("AU", "CONFIRM").body(KEY),
        String::new(),
        "€".to_owned(),
    ] {
        let answer = kit
            .form("/vetuma/payment", &wrong, Some(OLD))
            .await
            .expect(400);
        assert!(
            answer.text.contains("Maksua ei voitu aloittaa"),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains(OLD));
        let (code, _) = kit
            .form("/vetuma/paymentQuery", &wrong, None)
            .await
            .expect(400)
            .problem();
        assert_eq!(code, "vetuma/refused");
    }
    let figures = kit.app.metrics.render();
    for (call, why) in [
        ("PAY", "signature"),
        ("PAY", "content"),
        ("CHECK", "content"),
    ] {
        let line = format!("kassa_vetuma_refused_total{{call=\"{call}\",why=\"{why}\"}} ");
        let count = figures.lines().find_map(|known| known.strip_prefix(&*line));
        assert!(count.is_some_and(|count| count != "0"), "{line}");
    }
    // An answer that is posted back as if it were a call is none.
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn the_software_is_told_of_its_own_faults_and_only_where_it_may_be() {
    let kit = Kit::new();
    let old = Timestmp::of(Timestamp::from_millis(clock::now().millis() - 700_000));
    for faulty in [
        Form::pay("130").with("AM", "49.90"),
        Form::pay("130").with("LG", "de"),
        Form::pay("130").with("AP", "TESTIASIAKAS2"),
        Form::pay("130").with("TIMESTMP", old.as_str()),
        Form::pay("130").with("REF", "1234562"),
        Form::pay("130").with("SOLIST", "6"),
        Form::pay("130").with("SOLIST", "P").without("REF"),
    ] {
        let (to, answer) = brought(&kit.call(&faulty).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/error"), "ERROR")
        );
        assert_eq!((answer.get("PAYID"), answer.get("SO")), ("", ""));
    }
    for field in ["RETURL", "CANURL", "ERRURL"] {
        let elsewhere = Form::pay("130").with(field, "https://evil.example/ok");
        let answer = kit.call(&elsewhere).await;
        if field == "ERRURL" {
            assert!(!answer.expect(400).text.contains("evil"));
        } else {
            let (to, answer) = brought(&answer.expect(200));
            assert_eq!(
                (to, answer.get("STATUS")),
                (format!("{OLD}/error"), "ERROR")
            );
        }
    }
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn an_order_number_is_never_used_twice() {
    let kit = Kit::new();
    let first = Form::pay("140");
    let token = kit.taken(&first).await;
    assert_eq!(kit.taken(&first).await, token, "brought twice");
    for again in [
        Form::pay("140").with("AM", "1,00"),
        Form::pay("140").with("PAYM_CALL_ID", "other"),
        Form::pay("141").with("PAYM_CALL_ID", "call140"),
    ] {
        let (to, answer) = brought(&kit.call(&again).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/error"), "ERROR")
        );
    }
    // The payment that they would have used tells of them, once for each.
    let again = Form::pay("140").with("AM", "1,00");
    brought(&kit.call(&again).await.expect(200));
    kit.call(&again).await.expect(200);
    let events = kit.events(&kit.payment(&token).await).await;
    let refused = events
        .iter()
        .filter(|event| event["kind"] == "vetuma.refused");
    let told: Vec<_> = refused
        .map(|event| {
            let detail = &event["detail"];
            (text(detail, "field"), text(&detail["call"], "AM"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ORDNR", "1,00"),
            ("ORDNR", "49,90"),
            ("PAYM_CALL_ID", "49,90"),
            ("ORDNR", "1,00")
        ]
    );
    let old = Timestmp::of(Timestamp::from_millis(clock::now().millis() - 700_000));
    let late = Form::pay("142")
        .without("PAYM_CALL_ID")
        .with("TIMESTMP", old.as_str());
    let (_, answer) = brought(&kit.call(&late).await.expect(200));
    assert_eq!(answer.get("STATUS"), "ERROR");
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_call_narrows_what_is_offered_and_never_widens_it() {
    let kit = Kit::new();
    let session = async |form: Form| {
        let token = kit.taken(&form).await;
        let path = format!("/checkout/{token}/session");
        (kit.get(&path).await.expect(200).json(), token)
    };
    // Cards with an order number, and no other method of the shop's.
    let (both, token) = session(Form::pay("150")).await;
    assert_eq!(both["methods"].as_array().unwrap().len(), 1);
    assert_eq!(both["methods"][0]["code"], "card");
    assert!(!both["banks"].as_array().unwrap().is_empty());
    let payment = json!({ "token": token });
    let refused = kit
        .pay(&payment, json!({ "method": "mobilepay" }), None)
        .await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");
    let (banks, _) = session(Form::pay("151").with("SOLIST", "P")).await;
    assert_eq!(banks["methods"], json!([]));
    let (no_number, _) = session(Form::pay("152").without("ORDNR")).await;
    assert_eq!(
        no_number["methods"],
        json!([]),
        "no cards without an order number"
    );
    let (cards, token) = session(Form::pay("153").with("SOLIST", "L").without("REF")).await;
    assert_eq!(cards["banks"], json!([]));
    assert_eq!(cards["methods"][0]["code"], "card");
    let payment = json!({ "token": token });
    let refused = kit.pay(&payment, json!({ "bank": "nordea" }), None).await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");

    // Single banks by their codes: those that mean a bank to the shop, and no others.
    let by_code = Kit::with(|config| {
        config.api_keys = kassa_server::config::ApiKeys::default();
        let shop = config.shops.get_mut("demo").unwrap();
        let bridge = &mut std::sync::Arc::get_mut(shop).unwrap().vetuma;
        let banks = [("P2", "nordea"), ("P5", "op")];
        bridge.as_mut().unwrap().banks = banks
            .map(|(code, bank)| (code.to_owned(), BankId::parse(bank).unwrap()))
            .into();
    });
    let call = Form::pay("156").with("SOLIST", "P2,P8");
    let token = by_code.taken(&call).await;
    let session = by_code.get(&format!("/checkout/{token}/session")).await;
    let session = session.expect(200).json();
    let banks = session["banks"].as_array().unwrap().iter();
    let ids: Vec<_> = banks.map(|bank| text(bank, "id")).collect();
    assert_eq!(ids, ["nordea"]);
    let page = by_code.get(&format!("/checkout/{token}")).await.expect(200);
    assert!(!page.text.contains("value=\"op\""), "{}", page.text);
    let payment = json!({ "token": token });
    let refused = by_code.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");
    let paid = by_code
        .pay(&payment, json!({ "bank": "nordea" }), None)
        .await;
    paid.expect(200);
    let call = Form::pay("157").with("SOLIST", "P8").without("ORDNR");
    let (_, answer) = brought(&by_code.call(&call).await.expect(200));
    assert_eq!(answer.get("STATUS"), "ERROR");

    // The shop's own list of banks holds.
    let narrow = Kit::with(|config| {
        // The API keys hold the shop too.
        config.api_keys = kassa_server::config::ApiKeys::default();
        let shop = config.shops.get_mut("demo").unwrap();
        let shop = std::sync::Arc::get_mut(shop).unwrap();
        shop.methods.clear();
    });
    let token = narrow.taken(&Form::pay("154")).await;
    let session = narrow
        .get(&format!("/checkout/{token}/session"))
        .await
        .json();
    assert_eq!(session["methods"], json!([]));
    let (_, answer) = brought(
        &narrow
            .call(&Form::pay("155").with("SOLIST", "L"))
            .await
            .expect(200),
    );
    assert_eq!(answer.get("STATUS"), "ERROR");
}

/// What the software is told when it is over, by a clock that is put forward, stands in
/// `tests/browser/bridge.test.mjs`.
#[tokio::test]
async fn a_session_is_ten_minutes_long() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("160")).await;
    let made = kit.app.store.by_token(&token).await.unwrap().unwrap();
    let seconds = made.expires_at.seconds_since(made.created_at);
    assert_eq!(seconds, 600, "VETUMA's session");
}

#[tokio::test]
async fn secrets_have_their_time_and_an_answer_is_signed_with_that_of_its_call() {
    let bridge = |keys: &[(&str, Validity)]| {
        let mut secrets = SharedSecrets::default();
        for (key, validity) in keys {
            let key = Sha256SuffixKey::parse(key).unwrap();
            let purpose = kassa_checkout::message::Purpose::Payment;
            secrets.add(purpose, key, *validity).unwrap();
        }
        Bridge {
            secrets,
            configurations: vec!["TESTIASIAKAS1".to_owned()],
            return_urls: ReturnUrls::Loopback,
            profile: kassa_providers::vetuma::Profile::V3,
            banks: std::collections::BTreeMap::new(),
        }
    };
    let with = |bridge: Bridge| {
        move |config: &mut Config| {
            let shop = config.shops.get_mut("demo").unwrap();
            // The API keys hold it too.
            config.api_keys = kassa_server::config::ApiKeys::default();
            std::sync::Arc::get_mut(shop).unwrap().vetuma = Some(bridge);
        }
    };
    let new = format!("TESTIASIAKAS11-{}", "B".repeat(64));
    let over = Validity {
        from: None,
        until: Some(clock::now()),
    };
    let both = Kit::with(with(bridge(&[
        (KEY, Validity::default()),
        (&new, Validity::default()),
    ])));
    for key in [KEY, new.as_str()] {
        let number = if key == KEY { "171" } else { "172" };
        let form = Form::pay(number);
        let answer = both
            .form("/vetuma/payment", &form.body(key), None)
            .await
            .expect(303);
        let to = answer.header("location").to_owned();
        let token = to
            .strip_prefix("/checkout/")
            .unwrap()
            .split('?')
            .next()
            .unwrap();
        let answer = both.leave(token).await.expect(200);
        let page: String = answer.bytes.iter().map(|byte| char::from(*byte)).collect();
        let mac = page.split("name=\"MAC\" value=\"").nth(1).unwrap();
        let time = page.split("name=\"TIMESTMP\" value=\"").nth(1).unwrap();
        let answered = Form(Vec::new())
            .with("RCVID", "TESTIASIAKAS11")
            .with("TIMESTMP", &time[..17])
            .with("SO", "")
            .with("LG", "sv")
            .with("RETURL", form.get("RETURL"))
            .with("CANURL", form.get("CANURL"))
            .with("ERRURL", form.get("ERRURL"))
            .with("PAYID", "")
            .with("REF", "1234561")
            .with("ORDNR", number)
            .with("PAID", "")
            .with("STATUS", "CANCELLED");
        assert_eq!(
            mac[..64],
            answered.mac(key),
            "signed with the secret of the call"
        );
    }
    let ended = Kit::with(with(bridge(&[(KEY, over), (&new, Validity::default())])));
    let form = Form::pay("173");
    ended
        .form("/vetuma/payment", &form.body(KEY), None)
        .await
        .expect(400);
    ended
        .form("/vetuma/payment", &form.body(&new), None)
        .await
        .expect(303);
}
