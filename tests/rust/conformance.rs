//! What every provider of the registry must do, whoever it is.
//!
//! A provider brings a [`Kit`]: how its callbacks are made and which words it knows. One without
//! a kit fails here, so that none is added untested.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod kit;

use std::path::Path;

use kassa_checkout::{
    Coded, Customer, Language, Order, RawCallback, Timestamp,
    bank::BankId,
    lifecycle::{Evidence, Meaning},
    message::{Purpose, Refused},
    order::Context,
    provider::{BrowserForm, BuildError, Choice, PaymentEvent, Provider},
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::registry::{self, Entry};
use kassa_tests::vectors::files::run_folder;
use kit::Kit;
use proptest::prelude::*;
use serde_json::Value;

const SHOP: &str = "demo";
const SECRET: &str = "marker-secret-of-the-conformance-suite";
const OTHER_SECRET: &str = "another-secret-of-the-conformance-suite";

/// Every provider, with its kit and an account.
fn providers() -> Vec<(&'static Entry, Kit, Box<dyn Provider>)> {
    let providers = registry::all().iter().map(|entry| {
        let id = entry.facts.id;
        let kit = kit::of(id).unwrap_or_else(|| panic!("{id} has no kit in tests/rust/kit"));
        let account = entry.build(&entry.example_settings()).unwrap();
        (entry, kit, account)
    });
    providers.collect()
}

fn keyring(entry: &Entry, secret: &str) -> Keyring {
    let mut keyring = Keyring::default();
    let key = HmacSha512Key::parse(secret).unwrap();
    keyring.add(SHOP, entry.facts.id, Purpose::Payment, key);
    keyring
}

fn receive(
    entry: &Entry,
    account: &dyn Provider,
    body: &[u8],
    secret: &str,
) -> Result<PaymentEvent, Refused> {
    let raw = RawCallback {
        body: body.to_vec(),
    };
    let keyring = keyring(entry, secret);
    let callbacks = account.callbacks().unwrap();
    let claimed = callbacks.claim(&raw).map_err(Refused::Content)?;
    let verified = claimed.verify(&keyring.account(SHOP, entry.facts.id))?;
    Ok(verified.into_inner())
}

fn evidence(entry: &Entry, account: &dyn Provider, body: &[u8]) -> Evidence {
    receive(entry, account, body, SECRET).unwrap().evidence
}

fn order() -> Order {
    Order {
        provider_payment_id: "p1-1".into(),
        amount: kassa_checkout::Amount::from_cents(4_990).unwrap(),
        reference: "1234561".into(),
        description: Some("marker-description".into()),
        customer: Customer {
            id: "marker-customer".into(),
            first_name: Some("marker-first".into()),
            last_name: Some("marker-last".into()),
            email: Some("marker@shop.example".into()),
            phone: Some("358401234567".into()),
        },
    }
}

fn context() -> Context {
    Context {
        now: Timestamp::from_millis(1_604_414_498_000),
        language: Language::Fi,
        expires_at: Timestamp::from_millis(1_604_418_098_000),
        callback_url: "https://kassa.example/callbacks".into(),
        return_url: "https://kassa.example/return/t".into(),
    }
}

fn a_bank(account: &dyn Provider) -> Choice {
    let bank: BankId = account.banks().unwrap().fallback()[0].id.clone();
    Choice::Bank(bank)
}

fn create(entry: &Entry, account: &dyn Provider, order: &Order) -> Result<BrowserForm, BuildError> {
    let unsigned = account
        .payments()
        .create_payment(order, &a_bank(account), &context())?;
    let keyring = keyring(entry, SECRET);
    let signed = unsigned.sign(&keyring.account(SHOP, entry.facts.id));
    Ok(signed.unwrap().into_message())
}

#[test]
fn every_provider_has_vectors_for_signing_and_callbacks() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let runs = run_folder(Path::new(folder)).unwrap();
    for (entry, kit, _) in providers() {
        for file in kit.vectors {
            let run = runs.iter().find(|run| run.file == *file);
            let report = &run.unwrap_or_else(|| panic!("{file} is missing")).report;
            assert!(report.passed > 0, "{}: {file}", entry.facts.id);
            assert_eq!(report.failed, Vec::<String>::new(), "{file}");
        }
    }
}

#[test]
fn a_genuine_callback_is_read() {
    for (entry, kit, account) in providers() {
        let event = receive(entry, &*account, &(kit.signed)(&kit.body, SECRET), SECRET).unwrap();
        assert_eq!(event.provider_payment_id, kit.payment_id);
        assert_eq!(event.evidence.meaning, Meaning::Paid);
        assert_eq!(
            (event.evidence.amount_cents, &*event.evidence.currency),
            (1000, "EUR")
        );
    }
}

#[test]
fn a_callback_under_another_key_is_refused_without_a_reason() {
    for (entry, kit, account) in providers() {
        let body = (kit.signed)(&kit.body, OTHER_SECRET);
        assert_eq!(
            receive(entry, &*account, &body, SECRET),
            Err(Refused::Signature)
        );
    }
}

#[test]
fn after_a_change_of_keys_both_are_heard() {
    for (entry, kit, account) in providers() {
        let mut keyring = keyring(entry, OTHER_SECRET);
        let new = HmacSha512Key::parse(SECRET).unwrap();
        keyring.add(SHOP, entry.facts.id, Purpose::Payment, new);
        for secret in [SECRET, OTHER_SECRET] {
            let raw = RawCallback {
                body: (kit.signed)(&kit.body, secret),
            };
            let claimed = account.callbacks().unwrap().claim(&raw).unwrap();
            assert!(
                claimed
                    .verify(&keyring.account(SHOP, entry.facts.id))
                    .is_ok()
            );
        }
    }
}

#[test]
fn a_truncated_callback_is_refused_wherever_it_ends() {
    for (entry, kit, account) in providers() {
        let body = (kit.signed)(&kit.body, SECRET);
        for end in 0..body.len() {
            let came = receive(entry, &*account, &body[..end], SECRET);
            assert!(matches!(came, Err(Refused::Content(_))), "{end}");
        }
    }
}

#[test]
fn a_missing_empty_or_damaged_signature_is_refused() {
    for (entry, kit, account) in providers() {
        let signed: Value = serde_json::from_slice(&(kit.signed)(&kit.body, SECRET)).unwrap();
        let good = signed.pointer(kit.signature).unwrap().as_str().unwrap();
        for wrong in [
            Value::Null,
            Value::from(""),
            Value::from(7),
            Value::from(&good[..good.len() - 1]),
            Value::from(&good[1..]),
            Value::from(format!("{good} ")),
            Value::from(good.replace('=', "")),
            Value::from("A".repeat(good.len() - 2) + "=="),
            Value::from(vec![good]),
        ] {
            let mut body = signed.clone();
            *body.pointer_mut(kit.signature).unwrap() = wrong.clone();
            let came = receive(entry, &*account, body.to_string().as_bytes(), SECRET);
            assert!(came.is_err(), "{wrong}");
        }
        let unsigned = kit.body.to_string();
        assert!(receive(entry, &*account, unsigned.as_bytes(), SECRET).is_err());
    }
}

#[test]
fn every_single_value_that_is_changed_breaks_the_signature() {
    for (entry, kit, account) in providers() {
        let signed: Value = serde_json::from_slice(&(kit.signed)(&kit.body, SECRET)).unwrap();
        let paths = leaves(&signed);
        assert!(paths.len() > 5);
        for path in paths {
            for tampered in tampered(signed.pointer(&path).unwrap()) {
                let mut body = signed.clone();
                *body.pointer_mut(&path).unwrap() = tampered.clone();
                let came = receive(entry, &*account, body.to_string().as_bytes(), SECRET);
                assert!(came.is_err(), "{path}: {tampered}");
            }
        }
    }
}

/// Other values than the given one, none of which is the same text in another type.
fn tampered(value: &Value) -> Vec<Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let changed = match value {
        Value::Number(number) => Value::from(number.as_u64().unwrap() + 1),
        _ => Value::from(format!("{text}x")),
    };
    vec![
        changed,
        Value::from(format!(" {text}")),
        Value::from("tampered"),
    ]
}

fn leaves(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        let rest = leaves(value).into_iter();
        rest.map(|path| format!("/{key}{path}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(entries) => entries.iter().flat_map(|(k, v)| below(k, v)).collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(i, v)| below(&i.to_string(), v)).collect()
        }
        _ => vec![String::new()],
    }
}

#[test]
fn an_unknown_word_is_pending() {
    for (entry, kit, account) in providers() {
        for word in [
            "something new",
            "Success",
            "success ",
            "paid",
            "declined",
            "0",
        ] {
            let mut body = kit.body.clone();
            *body.pointer_mut(kit.word).unwrap() = Value::from(word);
            let evidence = evidence(entry, &*account, &(kit.signed)(&body, SECRET));
            assert_eq!(evidence.meaning, Meaning::Pending, "{word}");
            assert_eq!(evidence.word, word);
        }
    }
}

#[test]
fn every_field_limit_holds_at_its_edge() {
    for (entry, kit, account) in providers() {
        assert!(!kit.limits.is_empty());
        for limit in kit.limits {
            let build = |value: &str| {
                let mut order = order();
                (limit.set)(&mut order, value.to_owned());
                let built = create(entry, &*account, &order);
                built.map(drop).map_err(|error| error.field())
            };
            for value in (limit.good)() {
                assert_eq!(build(&value), Ok(()), "{} = {value:?}", limit.field);
            }
            for value in (limit.bad)() {
                assert_eq!(build(&value), Err(Some(limit.field)), "{value:?}");
            }
        }
        (kit.all_limits)();
    }
}

#[test]
fn nothing_that_is_printed_holds_a_secret_or_the_customer() {
    for (entry, kit, account) in providers() {
        let keyring = keyring(entry, SECRET);
        let keys = keyring.account(SHOP, entry.facts.id);
        let order = order();
        let choice = a_bank(&*account);
        let build = || {
            account
                .payments()
                .create_payment(&order, &choice, &context())
        };
        let signed = build().unwrap().sign(&keys).unwrap();
        let raw = RawCallback {
            body: (kit.signed)(&kit.body, SECRET),
        };
        let claimed = account.callbacks().unwrap().claim(&raw).unwrap();
        let refused = HmacSha512Key::parse(&format!("{SECRET} ")).unwrap_err();
        let printed = [
            format!("{account:?}"),
            format!("{keyring:?} {keys:?}"),
            format!("{:?}", build().unwrap()),
            format!("{signed:?}"),
            format!("{:?}", signed.into_message()),
            format!("{raw:?} {claimed:?}"),
            format!("{:?}", order.customer),
            format!("{refused:?} {refused}"),
            format!("{:?}", claimed.verify(&keys)),
        ];
        for text in printed {
            assert!(!text.contains("marker"), "{text}");
        }
    }
}

#[test]
fn closed_banks_stay_hidden_and_every_bank_can_be_chosen() {
    for (entry, _, account) in providers() {
        let banks = account.banks().unwrap().fallback();
        assert!(!banks.is_empty());
        assert!(banks.iter().all(|bank| bank.id.as_str() != "handelsbanken"));
        for bank in banks {
            let choice = Choice::Bank(bank.id.clone());
            let built = account
                .payments()
                .create_payment(&order(), &choice, &context());
            assert!(built.is_ok(), "{}: {}", entry.facts.id, bank.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bytes that nobody signed are refused and never panic, also when they look like a callback.
    #[test]
    fn any_flipped_bit_is_refused(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for (entry, kit, account) in providers() {
            let mut body = (kit.signed)(&kit.body, SECRET);
            let before: Value = serde_json::from_slice(&body).unwrap();
            let place = place.index(body.len());
            body[place] ^= 1_u8 << bit;
            // A flip that leaves the document what it was, say a tab for a space, is none.
            if serde_json::from_slice::<Value>(&body).ok() != Some(before) {
                prop_assert!(receive(entry, &*account, &body, SECRET).is_err());
            }
        }
    }

    /// Whatever a customer writes into an order, the message is built or refused, and never
    /// changed: the fields sent are the words of the order.
    #[test]
    fn any_text_is_carried_as_it_is_or_refused(text in "\\PC{0,60}|.{0,20}") {
        for (entry, _, account) in providers() {
            let mut order = order();
            order.customer.last_name = Some(text.clone());
            if let Ok(form) = create(entry, &*account, &order) {
                prop_assert!(form.fields.iter().any(|(_, value)| *value == text));
            }
        }
    }
}
