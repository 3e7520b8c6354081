//! What every store must do, written over the trait alone; run on SQLite here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::sync::Arc;

use kassa_checkout::{
    Amount, BankId, Language, Selection, Status, Timestamp,
    contract::ChooseAt,
    lifecycle::{Evidence, Meaning, Rank},
    provider::PaymentEvent,
};
use kassa_server::store::{
    Applied, Begin, Begun, Created, Delivery, Filter, Idempotency, NewPayment, NewReference, Payer,
    Store, StoreError, Terms,
    sqlite::{OpenError, SqliteStore},
};
use kit::Folder;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const PROVIDER: &str = "ecommpay";

fn new(id: &str, order: &str) -> NewPayment {
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
        },
        now: NOW,
        expires_at: NOW.plus_seconds(600),
        answer: Box::new(|payment| format!("{} {}", payment.id, payment.reference)),
    }
}

fn begin(id: &str, bank: &str, now: Timestamp) -> Begin {
    Begin {
        token: format!("co_{id}"),
        provider: PROVIDER,
        bank: Some(BankId::parse(bank).unwrap()),
        method: None,
        language: Language::Fi,
        embedded: false,
        now,
        same_within: 10,
    }
}

fn paid(attempt: &str, operation: u64) -> PaymentEvent {
    PaymentEvent {
        provider_payment_id: attempt.to_owned(),
        evidence: Evidence {
            key: format!("{operation}/success/success"),
            rank: Rank { at: NOW, operation },
            meaning: Meaning::Paid,
            begins_anew: true,
            word: "success".to_owned(),
            code: None,
            amount_cents: 1_000,
            currency: "EUR".to_owned(),
        },
    }
}

fn key(key: &str, fingerprint: &str) -> Option<Idempotency> {
    Some(Idempotency {
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
    })
}

async fn attempt(store: &dyn Store, begin: Begin) -> (String, bool) {
    match store.begin_attempt(begin).await.unwrap() {
        Begun::Attempt { attempt, new, .. } => (attempt.id, new),
        other => panic!("{other:?}"),
    }
}

/// The suite.
async fn contract(store: &dyn Store) {
    creates_once_for_a_key(store).await;
    creates_all_or_nothing(store).await;
    begins_an_attempt_once(store).await;
    applies_a_report_once(store).await;
    lists_in_a_stable_order(store).await;
    ends_offers(store).await;
    hands_each_webhook_to_one(store).await;
    believes_the_same_words_said_later(store).await;
}

async fn creates_once_for_a_key(store: &dyn Store) {
    let first = store.create(new("a", "1"), key("k", "f")).await.unwrap();
    assert_eq!(first, Created::New("pay_a 9000000014".to_owned()));
    let again = store.create(new("b", "1"), key("k", "f")).await.unwrap();
    assert_eq!(again, Created::Before("pay_a 9000000014".to_owned()));
    let other = store.create(new("b", "1"), key("k", "g")).await.unwrap();
    assert_eq!(other, Created::KeyReused);
    assert!(store.payment("demo", "pay_b").await.unwrap().is_none());
    let mut elsewhere = new("c", "1");
    elsewhere.shop = "other".to_owned();
    let elsewhere = store.create(elsewhere, key("k", "g")).await.unwrap();
    // Another shop has keys and a series of its own.
    assert_eq!(elsewhere, Created::New("pay_c 9000000014".to_owned()));
    assert!(store.payment("demo", "pay_c").await.unwrap().is_none());
}

/// An identifier that is taken fails its own operation: not those that share the transaction.
async fn creates_all_or_nothing(store: &dyn Store) {
    let mut second = new("d", "2");
    second.token = "co_d2".to_owned();
    let (good, bad, better) = tokio::join!(
        store.create(new("d", "2"), None),
        store.create(second, key("k2", "f")),
        store.create(new("e", "2"), None),
    );
    assert!(matches!(good, Ok(Created::New(_))));
    assert_eq!(bad, Err(StoreError::Refused));
    assert!(matches!(better, Ok(Created::New(_))));
    assert!(store.by_token("co_d2").await.unwrap().is_none());
    assert!(store.by_token("co_e").await.unwrap().is_some());
    // Nothing of the failed one is left, its key neither.
    let retried = store.create(new("f", "2"), key("k2", "f")).await;
    assert!(matches!(retried, Ok(Created::New(_))));
}

async fn begins_an_attempt_once(store: &dyn Store) {
    let (first, is_new) = attempt(store, begin("a", "op", NOW)).await;
    assert_eq!((first.as_str(), is_new), ("pay_a-1", true));
    let later = NOW.plus_seconds(9);
    assert_eq!(
        attempt(store, begin("a", "op", later)).await,
        (first, false)
    );
    let (second, is_new) = attempt(store, begin("a", "op", NOW.plus_seconds(10))).await;
    assert_eq!((second.as_str(), is_new), ("pay_a-2", true));
    let late = store
        .begin_attempt(begin("a", "aktia", NOW.plus_seconds(600)))
        .await;
    assert!(matches!(late, Ok(Begun::CannotPay)));
    let unknown = store.begin_attempt(begin("none", "op", NOW)).await;
    assert!(matches!(unknown, Ok(Begun::Unknown)));
    let found = store
        .by_attempt(PROVIDER, "pay_a-1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, "pay_a");
    assert!(store.by_attempt("op", "pay_a-1").await.unwrap().is_none());
}

async fn applies_a_report_once(store: &dyn Store) {
    let unknown = store.apply(PROVIDER, paid("pay_none-1", 1), NOW).await;
    assert_eq!(unknown, Ok(Applied::Unknown));
    let all = futures_util::future::join_all(
        (0..10).map(|_| store.apply(PROVIDER, paid("pay_a-1", 1), NOW)),
    )
    .await;
    let changed: Vec<_> = all
        .iter()
        .filter(|applied| !matches!(applied, Ok(Applied::Duplicate)))
        .collect();
    let expected = Applied::Changed {
        token: "co_a".to_owned(),
        status: Status::Paid,
        flags: Vec::new(),
    };
    assert_eq!(changed, [&Ok(expected)]);
    let payment = store.by_token("co_a").await.unwrap().unwrap();
    assert_eq!(payment.status(), Status::Paid);
    let events = store.events("demo", "pay_a").await.unwrap().unwrap();
    assert_eq!(payment.events, u64::try_from(events.len()).unwrap());
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=payment.events).collect::<Vec<_>>());
    assert_eq!(store.events("other", "pay_a").await, Ok(None));
}

async fn believes_the_same_words_said_later(store: &dyn Store) {
    store.create(new("w", "20"), None).await.unwrap();
    let (attempt, _) = attempt(store, begin("w", "op", NOW)).await;
    let declined = |seconds| {
        let mut report = paid(&attempt, 1);
        report.evidence.key = "1/decline/decline".to_owned();
        report.evidence.meaning = Meaning::Declined;
        report.evidence.rank.at = NOW.plus_seconds(seconds);
        report
    };
    let credited = || {
        let mut report = paid(&attempt, 1);
        report.evidence.rank.at = NOW.plus_seconds(2);
        report
    };
    for (report, expected) in [
        (declined(1), Status::Declined),
        (credited(), Status::Paid),
        (declined(3), Status::Declined),
    ] {
        store.apply(PROVIDER, report, NOW).await.unwrap();
        let payment = store.payment("demo", "pay_w").await.unwrap().unwrap();
        assert_eq!(payment.status(), expected);
    }
    let repeated = store.apply(PROVIDER, credited(), NOW).await;
    assert!(matches!(repeated, Ok(Applied::Duplicate)), "{repeated:?}");
}

async fn lists_in_a_stable_order(store: &dyn Store) {
    let mut filter = Filter {
        shop: "demo".to_owned(),
        limit: 1,
        ..Filter::default()
    };
    let mut seen = Vec::new();
    while let Some(payment) = store.list(filter.clone()).await.unwrap().pop() {
        filter.after = Some((payment.created_at, payment.id.clone()));
        seen.push(payment.id);
    }
    // All were made at the same moment: then the identifier decides.
    assert_eq!(seen, ["pay_f", "pay_e", "pay_d", "pay_a"]);
    filter.after = None;
    filter.limit = 10;
    filter.status = Some(Status::Paid);
    assert_eq!(store.list(filter).await.unwrap().len(), 1);
}

async fn ends_offers(store: &dyn Store) {
    let end = NOW.plus_seconds(600);
    let before = Timestamp::from_millis(end.millis() - 1);
    assert!(store.end_offers(before, 10).await.unwrap().is_empty());
    assert_eq!(store.end_offers(end, 2).await.unwrap().len(), 2);
    assert_eq!(store.end_offers(end, 10).await.unwrap().len(), 3);
    assert!(store.end_offers(end, 10).await.unwrap().is_empty());
    let expired = store.by_token("co_e").await.unwrap().unwrap();
    assert_eq!(expired.status(), Status::Expired);
    let paid = store.by_token("co_a").await.unwrap().unwrap();
    assert_eq!(paid.status(), Status::Paid);
}

async fn hands_each_webhook_to_one(store: &dyn Store) {
    let now = NOW.plus_seconds(1_000);
    let until = now.plus_seconds(60);
    let waiting = store.backlog().await.unwrap().waiting;
    let (one, other) = tokio::join!(
        store.claim_webhooks(now, until, 100),
        store.claim_webhooks(now, until, 100),
    );
    let (mut claimed, other) = (one.unwrap(), other.unwrap());
    claimed.extend(other);
    assert_eq!(u64::try_from(claimed.len()).unwrap(), waiting);
    assert!(claimed.iter().all(|outgoing| outgoing.tries == 1));
    let lost = claimed.pop().unwrap();
    for outgoing in &claimed {
        let done = store.finish_webhook(&outgoing.id, 1, Delivery::Delivered);
        done.await.unwrap();
    }
    // Whoever held the claim died: when it ends, another takes the webhook.
    assert!(
        store
            .claim_webhooks(now, until, 100)
            .await
            .unwrap()
            .is_empty()
    );
    let taken = store
        .claim_webhooks(until, until.plus_seconds(60), 100)
        .await
        .unwrap();
    assert_eq!(
        (taken.len(), &taken[0].id, taken[0].tries),
        (1, &lost.id, 2)
    );
    // The first holder comes back late and changes nothing.
    store
        .finish_webhook(&lost.id, 1, Delivery::Delivered)
        .await
        .unwrap();
    assert_eq!(store.backlog().await.unwrap().waiting, 1);
    let again = Delivery::Again(until.plus_seconds(5));
    store.finish_webhook(&lost.id, 2, again).await.unwrap();
    assert_eq!(
        store.backlog().await.unwrap().first_due,
        Some(until.plus_seconds(5))
    );
    store
        .finish_webhook(&lost.id, 2, Delivery::GivenUp)
        .await
        .unwrap();
    assert_eq!(store.backlog().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = Folder::new();
    let store = SqliteStore::open(&folder.path().join("kassa.db")).unwrap();
    contract(&store).await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_due_again() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    let store = SqliteStore::open(&file).unwrap();
    store.create(new("a", "1"), None).await.unwrap();
    attempt(&store, begin("a", "op", NOW)).await;
    let until = NOW.plus_seconds(3_600);
    assert_eq!(store.claim_webhooks(NOW, until, 9).await.unwrap().len(), 1);
    assert!(
        store
            .claim_webhooks(NOW, until, 9)
            .await
            .unwrap()
            .is_empty()
    );
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    assert_eq!(store.claim_webhooks(NOW, until, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = Folder::new();
    let file = folder.path().join("new/folder/kassa.db");
    let first = SqliteStore::open(&file).unwrap();
    assert!(matches!(SqliteStore::open(&file), Err(OpenError::Locked)));
    drop(first);
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    std::fs::write(&file, vec![b'x'; 8_192]).unwrap();
    let refused = SqliteStore::open(&file);
    assert!(matches!(
        refused,
        Err(OpenError::Store(StoreError::Unavailable))
    ));
}

/// Many writers at once: every acknowledged payment is there, each reference is another one.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_missing() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    let store = Arc::new(SqliteStore::open(&file).unwrap());
    let tasks = (0..500).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let id = format!("{number:03}");
            store.create(new(&id, "x"), None).await.unwrap()
        })
    });
    let answers = futures_util::future::join_all(tasks).await;
    let mut references = std::collections::HashSet::new();
    for answer in answers {
        let Created::New(answer) = answer.unwrap() else {
            panic!("not created")
        };
        let (id, reference) = answer.split_once(' ').unwrap();
        assert!(references.insert(reference.to_owned()));
        assert!(store.payment("demo", id).await.unwrap().is_some());
    }
    assert_eq!(references.len(), 500);
}
