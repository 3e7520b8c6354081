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
    Call, CallError, Coded, Customer, Language, Order, RawCallback, Reply, Timestamp, Unsigned,
    bank::BankId,
    lifecycle::{Evidence, Meaning},
    message::Refused,
    order::{AttemptRef, CallContext, Context},
    provider::{Beginning, BrowserForm, BuildError, Choice, PaymentEvent, Provider},
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::registry::{self, Entry};
use kassa_tests::vectors::files::run_folder;
use kit::{Kit, Reports, StatusAnswers};
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

/// Every provider whose callbacks report what happened.
fn reporting() -> Vec<(&'static Entry, Reports, Box<dyn Provider>)> {
    let mut reporting = Vec::new();
    for (entry, kit, account) in providers() {
        let id = entry.facts.id;
        assert_eq!(account.callbacks().is_some(), kit.reports.is_some(), "{id}");
        reporting.extend(kit.reports.map(|reports| (entry, reports, account)));
    }
    assert!(!reporting.is_empty());
    reporting
}

/// The keys that a word stands for.
fn keyring(entry: &Entry, secret: &str) -> Keyring {
    let mut keyring = Keyring::default();
    let add = kit::of(entry.facts.id).unwrap().add_keys;
    add(&mut keyring, SHOP, secret);
    keyring
}

fn receive(
    entry: &Entry,
    account: &dyn Provider,
    body: &[u8],
    secret: &str,
) -> Result<PaymentEvent, Refused> {
    let raw = RawCallback::posted(body.to_vec());
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
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".into(),
        language: Language::Fi,
        expires_at: Timestamp::from_millis(1_604_418_098_000),
        callback_url: "https://kassa.example/callbacks".into(),
        return_url: "https://kassa.example/return/t".into(),
        customer_ip: Some([192, 0, 2, 7].into()),
    }
}

fn call_context() -> CallContext {
    let Context {
        now,
        request_id,
        session_id,
        ..
    } = context();
    CallContext {
        now,
        request_id,
        session_id,
    }
}

/// The question how an attempt stands.
fn ask(account: &dyn Provider, provider_payment_id: &str) -> Unsigned<Call<Vec<PaymentEvent>>> {
    let attempt = AttemptRef {
        provider_payment_id,
        provider_reference: Some("marker-reference"),
    };
    let queries = account.status().unwrap();
    queries.ask(&attempt, &call_context()).unwrap()
}

fn a_bank(account: &dyn Provider) -> Choice {
    let bank: BankId = account.banks().unwrap().fallback()[0].id.clone();
    Choice::Bank(bank)
}

/// What begins a payment, signed: a form, or the body of a call.
enum Begun {
    Form(BrowserForm),
    Call(Vec<u8>),
}

fn create(entry: &Entry, account: &dyn Provider, order: &Order) -> Result<Begun, BuildError> {
    let beginning = account
        .payments()
        .create_payment(order, &a_bank(account), &context())?;
    let keyring = keyring(entry, SECRET);
    let keys = keyring.account(SHOP, entry.facts.id);
    Ok(match beginning {
        Beginning::Form(form) => Begun::Form(form.sign(&keys).unwrap().into_message()),
        Beginning::Call(call) => {
            let (request, _) = call.sign(&keys).unwrap().into_message().into_parts();
            assert_eq!(request.uri().scheme_str(), Some("https"));
            Begun::Call(request.into_body())
        }
    })
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
    for (entry, kit, account) in reporting() {
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
    for (entry, kit, account) in reporting() {
        let body = (kit.signed)(&kit.body, OTHER_SECRET);
        assert_eq!(
            receive(entry, &*account, &body, SECRET),
            Err(Refused::Signature)
        );
    }
}

#[test]
fn after_a_change_of_keys_both_are_heard() {
    for (entry, kit, account) in reporting() {
        let mut keyring = keyring(entry, OTHER_SECRET);
        let add = kit::of(entry.facts.id).unwrap().add_keys;
        add(&mut keyring, SHOP, SECRET);
        for secret in [SECRET, OTHER_SECRET] {
            let raw = RawCallback::posted((kit.signed)(&kit.body, secret));
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
    for (entry, kit, account) in reporting() {
        let body = (kit.signed)(&kit.body, SECRET);
        for end in 0..body.len() {
            let came = receive(entry, &*account, &body[..end], SECRET);
            assert!(matches!(came, Err(Refused::Content(_))), "{end}");
        }
    }
}

#[test]
fn a_missing_empty_or_damaged_signature_is_refused() {
    for (entry, kit, account) in reporting() {
        let signed: Value = serde_json::from_slice(&(kit.signed)(&kit.body, SECRET)).unwrap();
        let good = signed.pointer(kit.signature).unwrap().as_str().unwrap();
        for wrong in damaged(good) {
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
    for (entry, kit, account) in reporting() {
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

/// What may stand where a signature should, and is not it.
fn damaged(good: &str) -> Vec<Value> {
    vec![
        Value::Null,
        Value::from(""),
        Value::from(7),
        Value::from(&good[..good.len() - 1]),
        Value::from(&good[1..]),
        Value::from(format!("{good} ")),
        Value::from(good.replace('=', "")),
        Value::from("A".repeat(good.len() - 2) + "=="),
        Value::from(vec![good]),
    ]
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
    for (entry, kit, account) in reporting() {
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

/// Every provider that can be asked how a payment stands and signs its answers as its callbacks.
fn askable() -> Vec<(&'static Entry, Reports, StatusAnswers, Box<dyn Provider>)> {
    let asked = all_askable().into_iter();
    asked
        .filter_map(|(entry, kit, answers, account)| Some((entry, kit.reports?, answers, account)))
        .collect()
}

/// Every provider that can be asked and whose answers only TLS vouches for.
fn askable_by_transport() -> Vec<(&'static Entry, Kit, StatusAnswers, Box<dyn Provider>)> {
    let asked = all_askable().into_iter();
    asked.filter(|(_, kit, ..)| kit.reports.is_none()).collect()
}

/// Every provider that can be asked how a payment stands.
fn all_askable() -> Vec<(&'static Entry, Kit, StatusAnswers, Box<dyn Provider>)> {
    let mut askable = Vec::new();
    for (entry, mut kit, account) in providers() {
        let answers = kit.status.take();
        let id = entry.facts.id;
        match (account.status().is_some(), answers) {
            (true, None) => panic!("{id} can be asked and its kit has no answers"),
            (false, Some(_)) => panic!("{id} cannot be asked and its kit has answers"),
            (false, None) => {}
            (true, Some(answers)) => askable.push((entry, kit, answers, account)),
        }
    }
    askable
}

/// The signed question about the kit's payment.
fn question(
    entry: &Entry,
    kit: &Reports,
    account: &dyn Provider,
) -> (http::Request<Vec<u8>>, Reply<Vec<PaymentEvent>>) {
    let unsigned = ask(account, kit.payment_id);
    let keyring = keyring(entry, SECRET);
    let signed = unsigned.sign(&keyring.account(SHOP, entry.facts.id));
    signed.unwrap().into_message().into_parts()
}

fn hear(
    entry: &Entry,
    kit: &Reports,
    account: &dyn Provider,
    status: u16,
    body: &[u8],
) -> Result<Vec<PaymentEvent>, CallError> {
    let (_, reply) = question(entry, kit, account);
    let response = http::Response::builder().status(status).body(body.to_vec());
    let keyring = keyring(entry, SECRET);
    let keys = keyring.account(SHOP, entry.facts.id);
    let verified = reply.read(&response.unwrap(), &keys)?;
    Ok(verified.into_inner())
}

#[test]
fn an_answer_reports_what_the_callback_did_so_that_both_are_one() {
    for (entry, kit, answers, account) in askable() {
        let callback = receive(entry, &*account, &(kit.signed)(&kit.body, SECRET), SECRET);
        let body = (kit.signed)(&answers.paid, SECRET);
        let answer = hear(entry, &kit, &*account, 200, &body).unwrap();
        assert_eq!(answer, [callback.unwrap()]);
    }
}

#[test]
fn a_question_goes_out_by_https_and_signed() {
    for (entry, kit, _, account) in askable() {
        let (request, _) = question(entry, &kit, &*account);
        assert_eq!(request.uri().scheme_str(), Some("https"));
        let unsigned = ask(&*account, kit.payment_id);
        assert!(!unsigned.signing_input().is_empty());
        let sent = |secret| {
            let unsigned = ask(&*account, kit.payment_id);
            let keyring = keyring(entry, secret);
            let signed = unsigned.sign(&keyring.account(SHOP, entry.facts.id));
            let (request, _) = signed.unwrap().into_message().into_parts();
            (request.headers().clone(), request.into_body())
        };
        assert_eq!(sent(SECRET), sent(SECRET));
        assert_ne!(sent(SECRET), sent(OTHER_SECRET), "the key changes nothing");
    }
}

#[test]
fn an_answer_that_is_not_signed_as_it_must_be_is_not_believed() {
    for (entry, kit, answers, account) in askable() {
        let hear = |body: &[u8]| hear(entry, &kit, &*account, 200, body);
        let unreadable = |body: &[u8]| matches!(hear(body), Err(CallError::Unreadable(_)));
        assert_eq!(
            hear(&(kit.signed)(&answers.paid, OTHER_SECRET)),
            Err(CallError::Unreadable(Refused::Signature))
        );
        let body = (kit.signed)(&answers.paid, SECRET);
        for end in 0..body.len() {
            assert!(unreadable(&body[..end]), "{end}");
        }
        assert!(unreadable(answers.paid.to_string().as_bytes()));
        let signed: Value = serde_json::from_slice(&body).unwrap();
        let good = signed.pointer(kit.signature).unwrap().as_str().unwrap();
        for wrong in damaged(good) {
            let mut body = signed.clone();
            *body.pointer_mut(kit.signature).unwrap() = wrong.clone();
            assert!(unreadable(body.to_string().as_bytes()), "{wrong}");
        }
        for path in leaves(&signed) {
            for tampered in tampered(signed.pointer(&path).unwrap()) {
                let mut body = signed.clone();
                *body.pointer_mut(&path).unwrap() = tampered.clone();
                assert!(
                    unreadable(body.to_string().as_bytes()),
                    "{path}: {tampered}"
                );
            }
        }
    }
}

#[test]
fn an_unknown_word_in_an_answer_is_pending() {
    for (entry, kit, answers, account) in askable() {
        for word in ["something new", "Success", "success ", "paid", "0"] {
            let mut body = answers.paid.clone();
            *body.pointer_mut(answers.word).unwrap() = Value::from(word);
            let body = (kit.signed)(&body, SECRET);
            let events = hear(entry, &kit, &*account, 200, &body).unwrap();
            assert!(
                events
                    .iter()
                    .all(|event| event.evidence.meaning == Meaning::Pending),
                "{word}"
            );
        }
    }
}

#[test]
fn an_answer_about_another_payment_is_not_taken() {
    for (entry, kit, answers, account) in askable() {
        let mut body = answers.paid.clone();
        *body.pointer_mut(answers.payment_id).unwrap() = Value::from("p1-2");
        let body = (kit.signed)(&body, SECRET);
        let came = hear(entry, &kit, &*account, 200, &body);
        assert!(
            matches!(came, Err(CallError::Unreadable(Refused::Content(_)))),
            "{came:?}"
        );
    }
}

#[test]
fn an_unknown_payment_is_an_answer_of_its_own() {
    for (entry, kit, answers, account) in askable() {
        let (status, body) = answers.unknown.as_ref().unwrap();
        for body in [body.to_string().into_bytes(), (kit.signed)(body, SECRET)] {
            let came = hear(entry, &kit, &*account, *status, &body);
            assert_eq!(came, Err(CallError::UnknownPayment));
        }
        // A forged one is not: its signature does not hold.
        let forged = (kit.signed)(body, OTHER_SECRET);
        let came = hear(entry, &kit, &*account, *status, &forged);
        assert_eq!(came, Err(CallError::Unreadable(Refused::Signature)));
    }
}

#[test]
fn faults_of_the_provider_pass_and_ours_do_not() {
    for (entry, kit, answers, account) in askable() {
        let paid = (kit.signed)(&answers.paid, SECRET);
        for body in [&b""[..], b"<html>", b"{}", &paid] {
            for status in [408, 429, 500, 502, 503, 504] {
                let error = hear(entry, &kit, &*account, status, body).unwrap_err();
                assert_eq!(
                    error,
                    CallError::Unavailable { retry_after: None },
                    "{status}"
                );
            }
            for status in [400, 401, 403, 404, 422] {
                let error = hear(entry, &kit, &*account, status, body).unwrap_err();
                assert_eq!(error, CallError::Refused { status, code: None });
            }
            for status in [301, 302, 307] {
                let error = hear(entry, &kit, &*account, status, body).unwrap_err();
                assert!(error.is_temporary(), "{status}: {error}");
            }
        }
    }
}

/// An answer that only TLS vouches for, to the question about the payment of the kit.
fn hear_unsigned(
    entry: &Entry,
    account: &dyn Provider,
    status: u16,
    body: &[u8],
) -> Result<Vec<PaymentEvent>, CallError> {
    let keyring = keyring(entry, SECRET);
    let keys = keyring.account(SHOP, entry.facts.id);
    let signed = ask(account, "p1-1").sign(&keys).unwrap();
    let (request, reply) = signed.into_message().into_parts();
    assert_eq!(request.uri().scheme_str(), Some("https"));
    let response = http::Response::builder().status(status).body(body.to_vec());
    let verified = reply.read(&response.unwrap(), &keys)?;
    Ok(verified.into_inner())
}

#[test]
fn an_answer_that_only_tls_vouches_for_is_still_about_what_was_asked() {
    for (entry, _, answers, account) in askable_by_transport() {
        let hear = |status, body: &Value| {
            let body = body.to_string().into_bytes();
            hear_unsigned(entry, &*account, status, &body)
        };
        let events = hear(200, &answers.paid).unwrap();
        assert_eq!(events[0].provider_payment_id, "p1-1");
        assert_eq!(events[0].evidence.meaning, Meaning::Paid);
        for word in ["something new", "Success", "success ", "paid", "0"] {
            let mut body = answers.paid.clone();
            *body.pointer_mut(answers.word).unwrap() = Value::from(word);
            let events = hear(200, &body).unwrap();
            assert_eq!(events[0].evidence.meaning, Meaning::Pending, "{word}");
        }
        let mut other = answers.paid.clone();
        *other.pointer_mut(answers.payment_id).unwrap() = Value::from("p1-2");
        assert!(matches!(
            hear(200, &other),
            Err(CallError::Unreadable(Refused::Content(_)))
        ));
        let text = answers.paid.to_string().into_bytes();
        for end in 0..text.len() {
            let came = hear_unsigned(entry, &*account, 200, &text[..end]);
            assert!(matches!(came, Err(CallError::Unreadable(_))), "{end}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let error = hear(status, &answers.paid).unwrap_err();
            assert_eq!(error, CallError::Unavailable { retry_after: None });
        }
        for status in [400, 401, 403, 404, 422] {
            let error = hear(status, &answers.paid).unwrap_err();
            assert_eq!(error, CallError::Refused { status, code: None });
        }
    }
}

#[test]
fn a_notice_is_taken_under_the_right_key_only_and_as_it_came_only() {
    for (entry, kit, account) in providers() {
        let id = entry.facts.id;
        assert_eq!(account.notices().is_some(), kit.notice.is_some(), "{id}");
        let (Some(notices), Some(notice)) = (account.notices(), kit.notice) else {
            continue;
        };
        let keyring = keyring(entry, SECRET);
        let keys = keyring.account(SHOP, id);
        let read = |raw: &RawCallback| {
            let claimed = notices.claim_notice(raw).map_err(Refused::Content)?;
            claimed.verify(&keys).map(|notice| notice.into_inner())
        };
        let good = notice(SECRET);
        assert_eq!(read(&good).unwrap().provider_payment_id, "p1-1");
        assert_eq!(read(&notice(OTHER_SECRET)), Err(Refused::Signature));
        let printed = format!("{good:?} {:?}", notices.claim_notice(&good));
        assert!(!printed.contains("marker"), "{printed}");
        for place in 0..good.body.len() {
            let mut flipped = good.clone();
            flipped.body[place] ^= 1;
            assert!(read(&flipped).is_err(), "{place}");
        }
        let mut elsewhere = good.clone();
        elsewhere.url = elsewhere.url.replace("p1-1", "p1-2");
        assert_eq!(read(&elsewhere), Err(Refused::Signature));
        let names: Vec<_> = good.headers.keys().cloned().collect();
        for name in names {
            let mut without = good.clone();
            without.headers.remove(&name);
            assert!(read(&without).is_err(), "without {name}");
            let mut changed = good.clone();
            let value = good.headers[&name].to_str().unwrap().to_owned() + "0";
            changed.headers.insert(name.clone(), value.parse().unwrap());
            assert!(read(&changed).is_err(), "another {name}");
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
        let signed = match build().unwrap() {
            Beginning::Form(form) => {
                let signed = form.sign(&keys).unwrap();
                let told = format!("{signed:?}");
                format!("{told} {:?}", signed.into_message())
            }
            Beginning::Call(call) => {
                let signed = call.sign(&keys).unwrap();
                let told = format!("{signed:?}");
                format!("{told} {:?}", signed.into_message())
            }
        };
        let heard = kit.reports.map(|reports| {
            let raw = RawCallback::posted((reports.signed)(&reports.body, SECRET));
            let claimed = account.callbacks().unwrap().claim(&raw).unwrap();
            let told = format!("{raw:?} {claimed:?}");
            format!("{told} {:?}", claimed.verify(&keys))
        });
        let refused = HmacSha512Key::parse(&format!("{SECRET} ")).unwrap_err();
        let printed = [
            format!("{account:?}"),
            format!("{keyring:?} {keys:?}"),
            format!("{:?}", build().unwrap()),
            signed,
            heard.unwrap_or_default(),
            format!("{:?}", order.customer),
            format!("{refused:?} {refused}"),
        ];
        let asked = account.status().map(|_| {
            let unsigned = || ask(&*account, "marker-payment");
            let signed = unsigned().sign(&keys).unwrap();
            let told = format!("{:?} {signed:?}", unsigned());
            let call = signed.into_message();
            let told = format!("{told} {call:?}");
            let (_, reply) = call.into_parts();
            let told = format!("{told} {reply:?}");
            let response = http::Response::new(b"marker".to_vec());
            let error = reply.read(&response, &keys).unwrap_err();
            format!("{told} {error:?} {error}")
        });
        for text in printed.into_iter().chain(asked) {
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
        for (entry, kit, account) in reporting() {
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

    /// The same of answers: a flip is never another report, and never an unknown payment.
    #[test]
    fn any_flipped_bit_of_an_answer_is_refused(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for (entry, kit, answers, account) in askable() {
            let (status, unknown) = answers.unknown.as_ref().unwrap();
            for (status, body) in [(200, &answers.paid), (*status, unknown)] {
                let mut body = (kit.signed)(body, SECRET);
                let before: Value = serde_json::from_slice(&body).unwrap();
                let place = place.index(body.len());
                body[place] ^= 1_u8 << bit;
                if serde_json::from_slice::<Value>(&body).ok() != Some(before) {
                    let came = hear(entry, &kit, &*account, status, &body);
                    // A flip in the signature's own name leaves an error without a signature.
                    let unsigned = status != 200 && !String::from_utf8_lossy(&body).contains("\"signature\"");
                    prop_assert!(unsigned || matches!(came, Err(CallError::Unreadable(_) | CallError::Refused { code: None, .. })), "{came:?}");
                }
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
            match create(entry, &*account, &order) {
                Ok(Begun::Form(form)) => {
                    prop_assert!(form.fields.iter().any(|(_, value)| *value == text));
                }
                // A call bears the payer's name whole or not at all.
                Ok(Begun::Call(body)) => {
                    let sent: Value = serde_json::from_slice(&body).unwrap();
                    let name = leaves(&sent).into_iter().any(|path| path.ends_with("last_name"));
                    prop_assert!(!name || sent.to_string().contains(&Value::from(&*text).to_string()));
                }
                Err(_) => {}
            }
        }
    }
}
