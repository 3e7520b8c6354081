//! What every store must do, written over the trait alone; run on SQLite, on PostgreSQL and, where
//! it is built, on the store in memory.
//!
//! What is due is told by the store's own clock. The suite lets time pass by moving what is due
//! nearer instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod attempts;
mod deadlines;
#[path = "../kit/mod.rs"]
mod kit;
mod payments;
mod questions;
mod refunds;
mod reports;
mod sqlite;
mod webhooks;

use kassa_server::store::{Payment, Store, sqlite::SqliteStore};
use kassa_tests::services::Postgres;
use kit::{Folder, store::open};

/// The suite. Each part finds what the ones before it left, so that the order counts.
async fn contract(store: &dyn Store) {
    payments::creates_once_for_a_key(store).await;
    payments::creates_all_or_nothing(store).await;
    attempts::begins_an_attempt_once(store).await;
    reports::applies_a_report_once(store).await;
    payments::lists_in_a_stable_order(store).await;
    reports::believes_the_same_words_said_later(store).await;
    deadlines::meets_deadlines(store).await;
    deadlines::tells_once_that_a_confirmation_is_overdue(store).await;
    questions::asks_for_each_attempt(store).await;
    webhooks::hands_each_webhook_to_one(store).await;
    webhooks::replays_what_is_not_being_sent(store).await;
    webhooks::minds_what_an_endpoint_says(store).await;
    refunds::refunds_no_more_than_was_paid(store).await;
    refunds::settles_a_refund_once(store).await;
    refunds::calls_a_provider_for_a_refund_once_and_reminds_once(store).await;
    attempts::keeps_what_a_call_began(store).await;
    attempts::keeps_what_overtook_an_answer(store).await;
    attempts::goes_on_at_another_account(store).await;
    reports::applies_a_report_to_what_was_seen(store).await;
    payments::notes_once_and_on_what_was_seen(store).await;
    payments::creates_once_for_a_second_key(store).await;
}

/// As if so many seconds had passed.
async fn pass(store: &dyn Store, seconds: i64) {
    store.shift_due(-1_000 * seconds).await.unwrap();
}

async fn payment_of(store: &dyn Store, id: &str) -> Payment {
    let payment = store.payment("demo", &format!("pay_{id}")).await;
    payment.unwrap().unwrap()
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = Folder::new();
    let store = SqliteStore::open(&folder.path().join("kassa.db")).unwrap();
    contract(&store).await;
    store.ready().await.unwrap();
}

#[cfg(feature = "memory-store")]
#[tokio::test]
async fn memory_keeps_the_contract() {
    use std::sync::Arc;

    use kassa_server::{clock, store::memory::MemoryStore};
    let store = MemoryStore::new(Arc::new(clock::now), Arc::new(clock::steady));
    contract(&store).await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let cluster = Postgres::start_new().unwrap();
    let store = open(&cluster.create_database().unwrap()).await;
    contract(&store).await;
    store.ready().await.unwrap();
}
