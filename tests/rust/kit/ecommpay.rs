//! ecommpay's callbacks, words and limits.

use kassa_checkout::{
    Coded,
    message::{Algorithm, Purpose, Signer},
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::ecommpay::{
    Parameters,
    message::{PARAMETERS, Rule},
    signing,
};
use serde_json::{Value, json};

use super::{Kit, Limit, Reports, StatusAnswers};

pub(crate) fn kit() -> Kit {
    Kit {
        vectors: &[
            "ecommpay-sign.json",
            "ecommpay-natural-order.json",
            "ecommpay-payment-page-url.json",
            "ecommpay-callback.json",
        ],
        add_keys: |keyring, shop, secret| {
            let key = HmacSha512Key::parse(secret).unwrap();
            keyring.add(shop, "ecommpay", Purpose::Payment, key);
        },
        reports: Some(Reports {
            body: json!({
                "project_id": 120,
                "payment": {
                    "id": "p1-1",
                    "type": "purchase",
                    "status": "success",
                    "date": "2020-11-03T14:41:38+0000",
                    "method": "Finnish Banks",
                    "sum": {"amount": 1000, "currency": "EUR"},
                    "description": "",
                },
                "customer": {"id": "c1"},
                "operation": {
                    "id": 77_796_010_023_511_u64,
                    "type": "sale",
                    "status": "success",
                    "date": "2020-11-03T14:41:38+0000",
                    "code": "0",
                    "message": "Success",
                },
            }),
            payment_id: "p1-1",
            signed,
            signature: "/signature",
            word: "/payment/status",
        }),
        notice: None,
        status: Some(status_answers()),
        limits: LIMITS,
        all_limits,
    }
}

fn status_answers() -> StatusAnswers {
    StatusAnswers {
        paid: json!({
            "status": "success",
            "request_id": "4727897a23d96203f784d22c87a7f4f473d93-00077797",
            "project_id": 120,
            "payment": {
                "id": "p1-1",
                "type": "purchase",
                "status": "success",
                "date": "2020-11-03T14:41:38+0000",
                "method": "Finnish Banks",
                "sum": {"amount": 1000, "currency": "EUR"},
                "description": "",
            },
            "customer": {"id": "c1"},
            "operations": [{
                "id": 77_796_010_023_511_u64,
                "type": "sale",
                "status": "success",
                "date": "2020-11-03T14:41:38+0000",
                "code": "0",
                "message": "Success",
            }],
        }),
        word: "/payment/status",
        payment_id: "/payment/id",
        unknown: Some((
            400,
            json!({"status": "error", "code": "3061", "message": "payment not found"}),
        )),
    }
}

fn signed(body: &Value, secret: &str) -> Vec<u8> {
    let text = signing::canonical_string(body.to_string().as_bytes()).unwrap();
    let mut keyring = Keyring::default();
    let key = HmacSha512Key::parse(secret).unwrap();
    keyring.add("shop", "ecommpay", Purpose::Payment, key);
    let signature = keyring
        .account("shop", "ecommpay")
        .sign(Algorithm::HmacSha512, Purpose::Payment, text.as_bytes())
        .unwrap();
    let mut body = body.clone();
    body["signature"] = Value::from(signing::encode(&signature));
    body.to_string().into_bytes()
}

const LIMITS: &[Limit] = &[
    Limit {
        field: "payment_id",
        set: |order, value| order.provider_payment_id = value,
        good: || texts(&[1, 255]),
        bad: || texts(&[0, 256]),
    },
    Limit {
        field: "customer_id",
        set: |order, value| order.customer.id = value,
        good: || texts(&[1, 255]),
        bad: || texts(&[0, 256]),
    },
    Limit {
        field: "customer_first_name",
        set: |order, value| order.customer.first_name = Some(value),
        good: || texts(&[0, 255]),
        bad: || texts(&[256]),
    },
    Limit {
        field: "customer_last_name",
        set: |order, value| order.customer.last_name = Some(value),
        good: || texts(&[0, 255]),
        bad: || texts(&[256]),
    },
    Limit {
        field: "customer_email",
        set: |order, value| order.customer.email = Some(value),
        good: || texts(&[0, 255]),
        bad: || texts(&[256]),
    },
    Limit {
        field: "customer_phone",
        set: |order, value| order.customer.phone = Some(value),
        good: || vec!["1".repeat(4), "1".repeat(24)],
        bad: || vec!["1".repeat(3), "1".repeat(25), "+35840123".into()],
    },
    Limit {
        field: "payment_description",
        set: |order, value| order.description = Some(value),
        good: || texts(&[0, 255]),
        bad: || texts(&[256]),
    },
];

fn texts(lengths: &[usize]) -> Vec<String> {
    lengths.iter().map(|length| "ä".repeat(*length)).collect()
}

/// Every parameter of the table takes what its rule takes and refuses, by name, what lies beyond.
fn all_limits() {
    for parameter in PARAMETERS {
        let (good, bad) = edges(parameter.rule);
        for value in good {
            let refused = Parameters::from_pairs([(parameter.name, value.as_str())]).err();
            assert_eq!(refused, None, "{}: {value:?}", parameter.name);
        }
        for value in bad
            .into_iter()
            .chain(["a;b".into(), "a\nb".into(), "\u{7f}".into()])
        {
            let refused = Parameters::from_pairs([(parameter.name, value.as_str())]).err();
            let field = refused.as_ref().and_then(Coded::field);
            assert_eq!(field, Some(parameter.name), "{value:?}");
        }
    }
}

fn edges(rule: Rule) -> (Vec<String>, Vec<String>) {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let url = |length: usize| "https://a/".to_owned() + &"x".repeat(length - 10);
    match rule {
        Rule::Required(most) => (texts(&[1, most]), texts(&[0, most + 1])),
        Rule::Text(most) => (texts(&[0, most]), texts(&[most + 1])),
        Rule::Number => (
            owned(&["1", "9223372036854775807"]),
            owned(&["", "0", "-1", "9223372036854775808"]),
        ),
        Rule::Cents => (
            owned(&["1", "99999999999"]),
            owned(&["", "0", "10.00", "100000000000"]),
        ),
        Rule::OneOf(words) => (owned(words), owned(&["", "no such word"])),
        Rule::Phone => (
            vec!["1".repeat(4), "1".repeat(24)],
            vec!["1".repeat(3), "1".repeat(25)],
        ),
        Rule::Country => (owned(&["FI"]), owned(&["F", "FIN", "fi"])),
        Rule::Language => (owned(&["fi"]), owned(&["f", "fin", "FI"])),
        Rule::Day => (owned(&["29-02-2000"]), owned(&["29-02-1900", "2000-02-29"])),
        Rule::Time => (
            owned(&["2026-11-21T14:00:00+02:00", "2026-11-21T14:00:00+02"]),
            owned(&["2026-11-21T14:00:00", "2026-11-21"]),
        ),
        Rule::Url => (
            vec![url(11), url(2_048)],
            vec![url(2_049), "ftp://a/".into()],
        ),
        Rule::Code => (
            vec!["a".into(), "a".repeat(64)],
            vec![String::new(), "a".repeat(65)],
        ),
        Rule::Codes => (owned(&["card", "card,paypal"]), owned(&["", "card,"])),
        Rule::BankOptions => (
            owned(&[r#"{"online_finnish_banks":{"split_banks":true}}"#]),
            owned(&[
                "",
                "{}",
                r#"{"online_finnish_banks":{"split_banks":false}}"#,
            ]),
        ),
        Rule::EncodedJson => (owned(&["eyJhIjoxfQ=="]), owned(&["", "eyJhIjoxfQ"])),
        Rule::InterfaceType => (owned(&["{\"id\":23}"]), owned(&["23", "{\"id\":\"23\"}"])),
        other => panic!("{other:?} has no edges here"),
    }
}
