//! OP's callbacks and answers, as anybody may send them.

use std::{str, sync::LazyLock};

use http::{Method, Response};
use kassa_checkout::{
    Amount, BankId, Customer, Language, Order, RawCallback, Timestamp, Verified,
    lifecycle::Meaning,
    message::{Algorithm, Purpose, Refused, SignError, Signature, Signer, Verifier},
    order::{AttemptRef, CallContext, Context},
    provider::{Choice, Next, Notice, Provider, Redirect},
    refund::{RefundNote, RefundOrder},
};
use kassa_keys::{Keyring, RsaSha256Key};
use kassa_providers::{
    op::signing::{Authorization, Lines, encode},
    registry,
};
use serde::Deserialize;

use super::{headers, response};

/// What OP's sandbox sends with its callbacks.
const API_KEY: &str = "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx";
const ATTEMPT: &str = "p1-1";
const PAYMENT: &str = "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79";
const CENTS: u64 = 1_000;

/// A callback that verifies is one of the signed ones: the signature covers all that is read.
pub(super) fn callback(data: &[u8]) -> bool {
    let Some((raw, notice)) = noticed(data) else {
        return false;
    };
    let known = SIGNED_CALLBACKS.iter().any(|signed| {
        noticed(signed.as_bytes()).is_some_and(|(theirs, told)| {
            raw.url == theirs.url && raw.body == theirs.body && notice == told
        })
    });
    assert!(known, "a forgery is believed: {notice:?}");
    true
}

fn noticed(data: &[u8]) -> Option<(RawCallback, Notice)> {
    let raw = raw(data)?;
    let claimed = ACCOUNT.as_ref()?.notices()?.claim_notice(&raw).ok()?;
    let verified = claimed.verify(&KEYS.account("shop", "op")).ok()?;
    Some((raw, verified.into_inner()))
}

/// A request as it is written: method and address, a header a line, an empty line, the body.
fn raw(data: &[u8]) -> Option<RawCallback> {
    let end = data.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = data.split_at_checked(end)?;
    let (first, lines) = str::from_utf8(head).ok()?.split_once('\n')?;
    let (method, url) = first.split_once(' ')?;
    Some(RawCallback {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        url: url.to_owned(),
        headers: headers(lines)?,
        body: body.get(2..)?.to_vec(),
    })
}

/// An answer to each of the questions and orders.
pub(super) fn answer(data: &[u8]) -> bool {
    let (Some(account), Some(response)) = (ACCOUNT.as_deref(), response(data)) else {
        return false;
    };
    [
        created(account, &response),
        stands(account, &response),
        banks(account, &response),
        refunded(account, &response),
    ]
    .contains(&Some(true))
}

/// The customer goes to OP and nowhere else, and what OP calls the payment can be asked for.
fn created(account: &dyn Provider, response: &Response<Vec<u8>>) -> Option<bool> {
    let opened = begin(account, "op")?.read(response, &Nobody).ok()?;
    let opened = opened.into_inner();
    let Next::Go(Redirect::Get { url }) = opened.next else {
        unreachable!("OP's customers go on by an address")
    };
    assert!(url.starts_with(account.payments().front()?), "{url}");
    assert!(
        url.bytes().all(|byte| byte.is_ascii_graphic()),
        "{url:?} is no address"
    );
    let attempt = AttemptRef {
        provider_payment_id: ATTEMPT,
        provider_reference: opened.provider_reference.as_deref(),
    };
    let asked = account.status()?.ask(&attempt, &call_context());
    assert!(asked.is_ok(), "{:?}", opened.provider_reference);
    Some(true)
}

/// Only the words that the settings name decide anything.
fn stands(account: &dyn Provider, response: &Response<Vec<u8>>) -> Option<bool> {
    let asked = account.status()?.ask(&attempt(), &call_context()).ok()?;
    let (_, reply) = asked.sign(&Nobody).ok()?.into_message().into_parts();
    let events = reply.read(response, &Nobody).ok()?.into_inner();
    assert!(events.len() <= 1, "one answer, {} reports", events.len());
    for event in &events {
        assert_eq!(event.provider_payment_id, ATTEMPT);
        let evidence = &event.evidence;
        let meanings: &[Meaning] = match evidence.word.as_str() {
            "SIM_PAID" => &[Meaning::Paid, Meaning::PartiallyRefunded, Meaning::Refunded],
            "SIM_CANCELLED" => &[Meaning::Cancelled],
            "SIM_FAILED" => &[Meaning::Declined],
            _ => &[Meaning::Pending],
        };
        assert!(meanings.contains(&evidence.meaning), "{evidence:?}");
        assert_eq!(evidence.currency, "EUR");
    }
    Some(true)
}

/// Each bank that is shown can be paid at, by a name of its own.
fn banks(account: &dyn Provider, response: &Response<Vec<u8>>) -> Option<bool> {
    let amount = Amount::from_cents(CENTS).ok()?;
    let asked = account.bank_list()?.ask_banks(amount, &call_context());
    let (_, reply) = asked.ok()?.sign(&Nobody).ok()?.into_message().into_parts();
    let banks = reply.read(response, &Nobody).ok()?.into_inner();
    assert_eq!(banks.first()?.id.as_str(), "op");
    for (place, bank) in banks.iter().enumerate() {
        let mut others = banks.iter().skip(place + 1);
        assert!(others.all(|other| other.id != bank.id), "{} twice", bank.id);
        assert!(begin(account, bank.id.as_str()).is_some(), "{}", bank.id);
    }
    Some(true)
}

/// What went back is at least what was given back, and the question about it hears the same.
fn refunded(account: &dyn Provider, response: &Response<Vec<u8>>) -> Option<bool> {
    let refunds = account.refunds()?;
    let order = RefundOrder {
        amount: Amount::from_cents(CENTS).ok()?,
        note: RefundNote::Reference("1232"),
    };
    let call = refunds.refund(&attempt(), &order, &call_context()).ok()?;
    let (_, reply) = call.sign(&Nobody).ok()?.into_message().into_parts();
    let report = reply.read(response, &Nobody).map(Verified::into_inner);
    let asked = refunds.totals()?.ask_total(&attempt(), &call_context());
    let (_, reply) = asked.ok()?.sign(&Nobody).ok()?.into_message().into_parts();
    let total = reply.read(response, &Nobody).map(Verified::into_inner);
    if let Ok(report) = &report {
        let back = report.total_refunded_cents.unwrap_or_default();
        assert!(back >= CENTS, "{back} of {CENTS} cents");
        if let Ok(total) = &total {
            assert_eq!(total.0, back);
        }
    }
    Some(report.is_ok() || total.is_ok())
}

fn begin(
    account: &dyn Provider,
    bank: &str,
) -> Option<kassa_checkout::Reply<kassa_checkout::provider::Opened>> {
    let choice = Choice::Bank(BankId::parse(bank).ok()?);
    let order = Order {
        provider_payment_id: ATTEMPT.to_owned(),
        amount: Amount::from_cents(CENTS).ok()?,
        reference: "1232".to_owned(),
        description: None,
        customer: Customer::default(),
    };
    let call = call_context();
    let context = Context {
        now: call.now,
        request_id: call.request_id,
        session_id: call.session_id,
        language: Language::Fi,
        expires_at: call.now.plus_seconds(600),
        callback_url: "https://kassa.example/callbacks/op".to_owned(),
        return_url: "https://kassa.example/return/t".to_owned(),
        customer_ip: None,
    };
    let begun = account.payments().create_payment(&order, &choice, &context);
    let call = begun.ok()?.into_call()?;
    let (_, reply) = call.sign(&Nobody).ok()?.into_message().into_parts();
    Some(reply)
}

fn attempt() -> AttemptRef<'static> {
    AttemptRef {
        provider_payment_id: ATTEMPT,
        provider_reference: Some(PAYMENT),
    }
}

fn call_context() -> CallContext {
    CallContext {
        now: Timestamp::from_millis(1_604_414_498_000),
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
    }
}

/// Has no key: OP's answers bear no signature, and nobody hears the questions.
struct Nobody;

impl Signer for Nobody {
    fn sign(&self, _: Algorithm, _: Purpose, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature(Vec::new()))
    }
}

impl Verifier for Nobody {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        Err(Refused::Signature)
    }
}

static ACCOUNT: LazyLock<Option<Box<dyn Provider>>> = LazyLock::new(|| {
    let entry = registry::find("op").ok()?;
    entry.build(&entry.example_settings()).ok()
});

/// The key pair that OP's documentation prints signs as the merchant and, here, as OP.
static KEYS: LazyLock<Keyring> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Example {
        pkcs8_der_base64: String,
    }
    let mut keys = Keyring::default();
    let example = include_str!("../../vectors/op-example-key.json");
    if let Ok(Example { pkcs8_der_base64 }) = serde_json::from_str(example) {
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{pkcs8_der_base64}\n-----END PRIVATE KEY-----");
        for purpose in [Purpose::Payment, Purpose::Callback] {
            if let Ok(key) = RsaSha256Key::parse(&pem) {
                keys.add("shop", "op", purpose, key);
            }
        }
    }
    keys
});

/// Callbacks as OP would send them, each about another attempt.
static SIGNED_CALLBACKS: LazyLock<Vec<String>> =
    LazyLock::new(|| ["p1-1", "p1-2"].map(signed).into());

fn signed(attempt: &str) -> String {
    let url = format!("https://kassa.example/callbacks/op/{attempt}");
    let body = format!(r#"{{"paymentId":"{PAYMENT}"}}"#);
    let lines = Lines {
        method: "POST",
        content_type: "application/json",
        date: "Tue, 03 Nov 2020 14:41:38 GMT",
        signer: "op",
        api_key: API_KEY,
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e",
        url: &url,
        body: body.as_bytes(),
    };
    let account = KEYS.account("shop", "op");
    let signature = account.sign(Algorithm::RsaSha256, Purpose::Payment, &lines.to_bytes());
    let signature = signature.map(|signature| encode(&signature));
    let head = [
        format!("POST {url}"),
        format!("content-type: {}", lines.content_type),
        format!("date: {}", lines.date),
        format!("x-api-key: {}", lines.api_key),
        format!("x-session-id: {}", lines.session_id),
        format!("x-request-id: {}", lines.request_id),
        format!(
            "authorization: {}{}",
            Authorization::prefix(lines.signer, 1),
            signature.unwrap_or_default()
        ),
    ];
    format!("{}\n\n{body}", head.join("\n"))
}
