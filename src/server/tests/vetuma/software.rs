//! The software's side: its messages, and what it and its customers do.

use http::Method;
use kassa_providers::vetuma::Timestmp;
use kassa_server::{clock, store::MessageFilter};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::kit::{Answer, Kit, SECRET, report, text};

/// What public test suites print.
pub(crate) const KEY: &str =
    "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35";

pub(crate) const OLD: &str = "http://127.0.0.1:8085";

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
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    pub(crate) fn pay(number: &str) -> Self {
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

    pub(crate) fn check(id: &str) -> Self {
        let mut form = Self::pay("1");
        for name in ["APPNAME", "AM", "REF", "ORDNR", "MSGFORM"] {
            form = form.without(name);
        }
        form.with("AU", "CHECK")
            .with("SOLIST", "P")
            .with("PAYM_CALL_ID", id)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name}"), |(_, value)| value.as_str())
    }

    pub(crate) fn mac(&self, key: &str) -> String {
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

    pub(crate) fn body(&self, key: &str) -> String {
        self.body_with(&self.mac(key))
    }

    pub(crate) fn body_with(&self, mac: &str) -> String {
        let signed = self.clone().with("MAC", mac);
        let pairs = signed.0.iter().map(|(name, value)| {
            let bytes = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap());
            let value: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={value}")
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Reads a form's body in ISO-8859-1, and checks its MAC.
    pub(crate) fn read(body: &str) -> Self {
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

    pub(crate) fn verified(self) -> Self {
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
pub(crate) fn brought(answer: &Answer) -> (String, Form) {
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
    pub(crate) async fn call(&self, form: &Form) -> Answer {
        self.form("/vetuma/payment", &form.body(KEY), Some(OLD))
            .await
    }

    /// A call that is taken: the payment's token.
    pub(crate) async fn taken(&self, form: &Form) -> String {
        let answer = self.call(form).await.expect(303);
        let to = answer.header("location");
        let token = to.strip_prefix("/checkout/").unwrap();
        token.split('?').next().unwrap().to_owned()
    }

    pub(crate) async fn payment(&self, token: &str) -> Value {
        let list = self.shop(Method::GET, "/v1/payments", None).await.json();
        let id = self.app.store.by_token(token).await.unwrap().unwrap().id;
        let data = list["data"].as_array().unwrap();
        data.iter()
            .find(|payment| payment["id"] == *id)
            .unwrap()
            .clone()
    }

    pub(crate) async fn choose(&self, token: &str) -> String {
        let path = format!("/checkout/{token}/choose");
        self.form(&path, "bank=nordea&language=sv", None)
            .await
            .expect(303);
        format!("{}-1", text(&self.payment(token).await, "id"))
    }

    pub(crate) async fn bank_says(&self, attempt: &str, word: &str, operation: u64) {
        let body = report(attempt, word, operation, 4_990, SECRET);
        self.callback(body).await.expect(200);
    }

    pub(crate) async fn back(&self, token: &str) -> Answer {
        self.get(&format!("/vetuma/return/{token}")).await
    }

    pub(crate) async fn leave(&self, token: &str) -> Answer {
        self.form(&format!("/vetuma/cancel/{token}"), "", None)
            .await
    }

    pub(crate) async fn asked(&self, id: &str) -> Form {
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
    pub(crate) async fn is_told(&self, token: &str, status: &str) -> bool {
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

    pub(crate) async fn kinds(&self, token: &str) -> Vec<String> {
        let events = self.events(&self.payment(token).await).await;
        events
            .iter()
            .map(|event| text(event, "kind").to_owned())
            .collect()
    }
}
