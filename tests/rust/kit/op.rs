//! OP's answers, callbacks and limits.

use std::{collections::HashMap, sync::Mutex};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kassa_checkout::{
    RawCallback,
    message::{Algorithm, Purpose, Signer},
};
use kassa_keys::{Keyring, RsaSha256Key, RsaSha256PublicKey};
use kassa_providers::op::signing::{Authorization, Lines, encode};
use serde_json::json;

use super::{Kit, Limit, StatusAnswers};

pub(crate) fn kit() -> Kit {
    Kit {
        vectors: &["op-signature.json", "op-signature-reject.json"],
        add_keys,
        reports: None,
        notice: Some(notice),
        status: Some(StatusAnswers {
            paid: json!({
                "paymentId": "marker-reference",
                "amount": "10.00",
                "status": "SIM_PAID",
                "refunds": [],
                "createTime": "2020-11-03T14:41:38.000Z",
                "updateTime": "2020-11-03T14:42:38.000Z",
                "paymentType": "CREDIT",
            }),
            word: "/status",
            payment_id: "/paymentId",
            unknown: None,
        }),
        limits: LIMITS,
        all_limits: || {},
    }
}

/// A key pair for a word: the account signs with it, and for these tests OP does so too.
fn pair(word: &str) -> String {
    static PAIRS: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut pairs = PAIRS.lock().unwrap();
    let pairs = pairs.get_or_insert_default();
    let pair = pairs.entry(word.to_owned()).or_insert_with(|| {
        let text = RsaSha256Key::generate_pem().unwrap();
        text.trim_end().to_owned()
    });
    pair.clone()
}

fn add_keys(keyring: &mut Keyring, shop: &str, word: &str) {
    let own = RsaSha256Key::parse(&pair(word)).unwrap();
    let public = own.public().to_pem();
    let public = RsaSha256PublicKey::parse(public.trim_end()).unwrap();
    keyring.add(shop, "op", Purpose::Payment, own);
    keyring.add(shop, "op", Purpose::Callback, public);
}

fn notice(word: &str) -> RawCallback {
    let body = br#"{"paymentId":"marker-reference"}"#;
    let url = "https://kassa.example/callbacks/op/p1-1";
    let lines = Lines {
        method: "POST",
        content_type: "application/json",
        date: "Tue, 03 Nov 2020 14:41:38 GMT",
        signer: "marker-op",
        // What OP's sandbox sends.
        api_key: "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx",
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e",
        url,
        body,
    };
    let mut keyring = Keyring::default();
    add_keys(&mut keyring, "op", word);
    let keys = keyring.account("op", "op");
    let text = lines.to_bytes();
    let signature = keys
        .sign(Algorithm::RsaSha256, Purpose::Payment, &text)
        .unwrap();
    let authorization = Authorization::prefix(lines.signer, 1) + &encode(&signature);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", lines.content_type),
        ("date", lines.date),
        ("x-api-key", lines.api_key),
        ("x-session-id", lines.session_id),
        ("x-request-id", lines.request_id),
        ("authorization", &authorization),
    ] {
        let value = HeaderValue::from_str(value).unwrap();
        headers.insert(HeaderName::from_static(name), value);
    }
    RawCallback {
        method: Method::POST,
        url: url.to_owned(),
        headers,
        body: body.to_vec(),
    }
}

/// The other fields of OP's messages have their limits tested where they are built.
const LIMITS: &[Limit] = &[Limit {
    field: "reference",
    set: |order, value| order.reference = value,
    good: || {
        ["1232", "00000000000000482738", "RF18539007547034"]
            .map(String::from)
            .to_vec()
    },
    bad: || {
        let long = "1".repeat(26);
        ["", "1", "1233", "12 32", "RF19539007547034", &long]
            .map(String::from)
            .to_vec()
    },
}];
