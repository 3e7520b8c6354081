//! Payments, attempts and reports for a store without a service around it.

use std::sync::LazyLock;

use kassa_checkout::{
    Amount, BankId, Language, Selection, Timestamp,
    contract::ChooseAt,
    lifecycle::{Evidence, Meaning, Rank},
    provider::PaymentEvent,
    refund::RefundTold,
};
use kassa_server::{
    clock,
    config::{Database, PostgresAddress},
    store::{
        Begin, Begun, Idempotency, NewPayment, NewReference, NewRefund, Payer, Store, Terms,
        postgres::PostgresStore,
    },
};

/// When the suite began.
pub(crate) static NOW: LazyLock<Timestamp> = LazyLock::new(clock::now);
pub(crate) const PROVIDER: &str = "ecommpay";

pub(crate) fn new(id: &str, order: &str) -> NewPayment {
    NewPayment {
        id: format!("pay_{id}"),
        token: format!("co_{id}"),
        shop: "demo".to_owned(),
        order: order.to_owned(),
        reference: NewReference::Allotted {
            prefix: "9".to_owned(),
        },
        amount: Amount::from_cents(1_000).unwrap(),
        terms: Terms {
            language: None,
            description: None,
            customer: Payer::default(),
            selection: Selection::AllBanks,
            choose_at: ChooseAt::Kassa,
            return_url: "https://shop.example/".to_owned(),
            vetuma: None,
        },
        now: *NOW,
        expires_at: NOW.plus_seconds(600),
        answer: Box::new(|payment| format!("{} {}", payment.id, payment.reference)),
    }
}

pub(crate) fn begin(id: &str, bank: &str, now: Timestamp) -> Begin {
    Begin {
        token: format!("co_{id}"),
        provider: PROVIDER,
        bank: Some(BankId::parse(bank).unwrap()),
        method: None,
        language: Language::Fi,
        embedded: false,
        now,
        same_within: 10,
        by_call: false,
        instead_of: None,
    }
}

pub(crate) fn paid(attempt: &str, operation: u64) -> PaymentEvent {
    PaymentEvent {
        provider_payment_id: attempt.to_owned(),
        evidence: Evidence {
            key: format!("{operation}/success/success"),
            rank: Rank {
                at: *NOW,
                operation,
            },
            meaning: Meaning::Paid,
            begins_anew: true,
            word: "success".to_owned(),
            code: None,
            amount_cents: 1_000,
            currency: "EUR".to_owned(),
        },
        redirect: None,
    }
}

/// The provider works on it.
pub(crate) fn pending(attempt: &str, operation: u64) -> PaymentEvent {
    let mut report = paid(attempt, operation);
    report.evidence.key = format!("{operation}/processing/processing");
    report.evidence.meaning = Meaning::Pending;
    report.evidence.word = "processing".to_owned();
    report
}

pub(crate) fn key(key: &str, fingerprint: &str) -> Option<Idempotency> {
    Some(Idempotency {
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        also: None,
    })
}

pub(crate) async fn attempt(store: &dyn Store, begin: Begin) -> (String, bool) {
    match store.begin_attempt(begin).await.unwrap() {
        Begun::Attempt { attempt, new, .. } => (attempt.id, new),
        other => panic!("{other:?}"),
    }
}

/// An address in a test's cluster.
pub(crate) fn address(url: &str) -> PostgresAddress {
    match Database::parse_secret(url) {
        Ok(Database::Postgres(address)) => *address,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&address(url)).await.unwrap()
}

/// A refund of a payment, by the shop itself, under an identifier of its own.
pub(crate) fn refund(id: &str, payment: &str, cents: Option<u64>) -> NewRefund {
    NewRefund {
        id: format!("ref_{id}"),
        shop: "demo".to_owned(),
        payment: format!("pay_{payment}"),
        attempt: None,
        amount: cents.map(|cents| Amount::from_cents(cents).unwrap()),
        told: Some(RefundTold::Reference("1232".to_owned())),
        note: Some("Two were too many".to_owned()),
        now: *NOW,
        answer: Box::new(|refund| format!("{} {}", refund.id, refund.cents)),
    }
}
