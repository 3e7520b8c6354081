//! All the SQL: each function is one operation inside the transaction that its caller holds.

mod changes;
mod payments;
mod webhooks;

use kassa_checkout::Timestamp;
use rusqlite::{Connection, ErrorCode, Row, params};

pub(super) use changes::{apply, begin_attempt, end_offers};
pub(super) use payments::{by_attempt, by_token, create, events, list, payment};
pub(super) use webhooks::{backlog, claim_webhooks, finish_webhook, release_claims};

use crate::{
    store::{AttemptRecord, Payment, StoreError, Terms, transition::Consequences},
    tokens,
};

/// The columns of a payment, in the order in which [`payment_of`] reads them.
const PAYMENT: &str = "p.id, p.shop, p.token, p.order_number, p.reference, p.version, p.events, \
     p.created_at, p.changed_at, p.expires_at, p.terms, p.lifecycle, p.latest";

/// Sets up the connection that writes.
pub(super) fn prepare_writer(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma busy_timeout = 5000; pragma temp_store = memory;",
        )
        .map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Sets up a connection that reads.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("pragma query_only = on; pragma busy_timeout = 5000;")
        .map_err(refused)
}

/// What an error of the database means here: nothing of its text, which may hold values.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn refused(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase,
        ) => StoreError::Unavailable,
        _ => StoreError::Refused,
    }
}

fn update_payment(connection: &Connection, payment: &Payment) -> Result<(), StoreError> {
    run(
        connection,
        "update payments set status = ?2, version = ?3, events = ?4, changed_at = ?5, \
         lifecycle = ?6, latest = ?7 where id = ?1",
        params![
            payment.id,
            payment.status().as_str(),
            int(payment.version),
            int(payment.events),
            int(payment.changed_at.millis()),
            text(&payment.lifecycle, "lifecycle")?,
            payment
                .latest
                .as_ref()
                .map(|latest| text(latest, "attempt"))
                .transpose()?,
        ],
    )
}

/// Writes the events and webhooks that follow from a change; `dedupe` marks the first event.
fn follow(
    connection: &Connection,
    payment: &Payment,
    now: Timestamp,
    consequences: &Consequences,
    dedupe: Option<&str>,
) -> Result<(), StoreError> {
    let mut dedupe = dedupe;
    for event in &consequences.events {
        run(
            connection,
            "insert into events (payment, seq, at, who, kind, dedupe, detail) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                payment.id,
                int(event.seq),
                int(event.at.millis()),
                event.who,
                event.kind,
                dedupe.take(),
                event.detail.to_string(),
            ],
        )?;
    }
    for body in &consequences.webhooks {
        run(
            connection,
            "insert into webhooks (id, shop, payment, body, created_at, due_at, tries, claimed, \
             outcome) values (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 'waiting')",
            params![
                tokens::message_id()?,
                payment.shop,
                payment.id,
                body,
                int(now.millis()),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn readable(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("select version from schema_version limit 1")
        .and_then(|mut statement| statement.exists([]))
        .map(drop)
        .map_err(refused)
}

fn payment_of(row: &Row<'_>) -> Result<Payment, StoreError> {
    let terms: String = column(row, 10)?;
    let lifecycle: String = column(row, 11)?;
    let latest: Option<String> = column(row, 12)?;
    Ok(Payment {
        id: column(row, 0)?,
        shop: column(row, 1)?,
        token: column(row, 2)?,
        order: column(row, 3)?,
        reference: column(row, 4)?,
        version: natural(column(row, 5)?),
        events: natural(column(row, 6)?),
        created_at: time(column(row, 7)?),
        changed_at: time(column(row, 8)?),
        expires_at: time(column(row, 9)?),
        terms: json::<Terms>(&terms, "terms")?,
        lifecycle: json(&lifecycle, "lifecycle")?,
        latest: latest
            .map(|latest| json::<AttemptRecord>(&latest, "attempt"))
            .transpose()?,
    })
}

fn run<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map(drop)
        .map_err(refused)
}

fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(refused)
}

fn text(value: &impl serde::Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt(what))
}

fn json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(what))
}

fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(natural(millis))
}
