//! All the SQL: each function is one operation inside the transaction that its caller holds.

mod changes;
mod payments;
mod questions;
mod refunds;
mod webhooks;

use kassa_checkout::Timestamp;
use rusqlite::{Connection, ErrorCode, Row, config::DbConfig};

pub(super) use changes::{
    Decided, apply, begin_attempt, called, decide_attempt, decide_report, decide_report_on,
    meet_deadlines, note,
};
pub(super) use payments::{NewRows, answered, by_attempt, by_token, create, events, list, payment};
pub(super) use questions::{claim_questions, finish_question, open_attempts};
pub(super) use refunds::{
    advance as advance_refund, begin as begin_refund, pending as pending_refunds, refunds,
};
pub(super) use webhooks::{
    claim_webhooks, enable_endpoint, finish_webhook, messages, release_claims, replay,
};

use crate::{
    clock,
    store::{Backlog, Payment, Queue, StoreError},
};

/// The columns of a payment, in the order in which [`payment_of`] reads them.
const PAYMENT: &str = "p.id, p.shop, p.token, p.order_number, p.reference, p.version, p.events, \
     p.created_at, p.changed_at, p.expires_at, p.terms, p.lifecycle, p.latest";

/// Sets up the connection that writes.
///
/// Nothing is ever deleted, and each operation writes a payment together with its rows, so that
/// looking up the payment again for each of these rows finds no mistake. 6 MiB of pages are kept,
/// which holds the ends of all indexes, where new rows go; SQLite walks over the whole cache at
/// many a commit, so that more costs more.
pub(super) fn prepare_writer(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off; \
             pragma busy_timeout = 5000; pragma temp_store = memory; \
             pragma cache_size = -6144;",
        )
        .map_err(refused)?;
    keep_plans(connection)
}

/// Keeps prepared statements as they are. By default SQLite may prepare a statement anew when a
/// value is bound that it might choose another plan by; ours have one good plan each, and under
/// load preparing took a sixth of the time of a callback.
fn keep_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(64);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
        .map_err(refused)
}

/// Sets up the connection that writes beside another process: the log is that one's to choose.
pub(super) fn prepare_attached(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 5000; \
             pragma temp_store = memory;",
        )
        .map_err(refused)?;
    keep_plans(connection)
}

/// Sets up a connection that reads. 4 MiB of pages hold the payments that customers wait for.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "pragma query_only = on; pragma busy_timeout = 5000; pragma cache_size = -4096;",
        )
        .map_err(refused)?;
    keep_plans(connection)
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

/// What waits.
pub(super) fn backlog(connection: &Connection) -> Result<Backlog, StoreError> {
    let queue = |table, column, now: Timestamp| -> Result<Queue, StoreError> {
        let sql = format!("select count(*), min({column}) from {table} where {column} <= ?1");
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row([int(now.millis())], |row| {
                    let first: Option<i64> = row.get(1)?;
                    Ok(Queue {
                        due: natural(row.get(0)?),
                        oldest_seconds: first.map_or(0, |first| now.seconds_since(time(first))),
                    })
                })
            })
            .map_err(refused)
    };
    Ok(Backlog {
        webhooks: queue("webhooks", "due_at", clock::steady())?,
        questions: queue("attempts", "ask_at", clock::steady())?,
        deadlines: queue("payments", "deadline_at", clock::now())?,
    })
}

/// Moves when work is due.
pub(super) fn shift_due(connection: &Connection, millis: i64) -> Result<(), StoreError> {
    for sql in [
        "update webhooks set due_at = max(due_at + ?1, 0) where due_at is not null",
        "update attempts set ask_at = max(ask_at + ?1, 0) where ask_at is not null",
        "update endpoints set paused_until = max(paused_until + ?1, 0)",
    ] {
        run(connection, sql, [millis])?;
    }
    Ok(())
}

/// Moves what is due nearer when the clock was set back while nobody ran: when the newest payment
/// was made in what is now the future.
pub(super) fn undo_future(connection: &Connection) -> Result<(), StoreError> {
    let mut newest: Option<i64> = None;
    for shop in payments::shops(connection)? {
        let of_shop = connection
            .query_row(
                "select max(created_at) from payments where shop = ?1",
                [shop],
                |row| row.get(0),
            )
            .map_err(refused)?;
        newest = newest.max(of_shop);
    }
    match newest.map(|newest| newest - due_in(0)) {
        Some(ahead) if ahead > 0 => shift_due(connection, -ahead),
        _ => Ok(()),
    }
}

pub(super) fn readable(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("select version from schema_version limit 1")
        .and_then(|mut statement| statement.exists([]))
        .map(drop)
        .map_err(refused)
}

/// Now, by the clock that work is measured by, and so many seconds later.
fn due_in(seconds: u64) -> i64 {
    int(clock::steady().plus_seconds(seconds).millis())
}

fn payment_of(row: &Row<'_>) -> Result<Payment, StoreError> {
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
        terms: parsed(row, 10, "terms")?.ok_or(StoreError::Corrupt("terms"))?,
        lifecycle: parsed(row, 11, "lifecycle")?.ok_or(StoreError::Corrupt("lifecycle"))?,
        latest: parsed(row, 12, "attempt")?,
    })
}

/// What a column holds as JSON, read where it lies.
fn parsed<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    let text = row.get_ref(index).map_err(refused)?;
    let text = text.as_str_or_null();
    text.map_err(|_| StoreError::Corrupt(what))?
        .map(|text| json(text, what))
        .transpose()
}

fn run<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<(), StoreError> {
    changed(connection, sql, parameters).map(drop)
}

/// Runs a statement; how many rows it changed.
fn changed<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<usize, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(refused)
}

/// The rows that a query finds, each read by `read`.
fn rows<P: rusqlite::Params, T>(
    connection: &Connection,
    sql: &str,
    parameters: P,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let mut rows = statement.query(parameters).map_err(refused)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(refused)
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

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, config::DbConfig};

    use super::{prepare_attached, prepare_reader, prepare_writer};

    #[test]
    fn every_connection_keeps_its_plans() {
        for prepare in [prepare_writer, prepare_attached, prepare_reader] {
            let connection = Connection::open_in_memory().unwrap();
            let kept = || connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG);
            assert_eq!(kept(), Ok(false));
            prepare(&connection).unwrap();
            assert_eq!(kept(), Ok(true));
        }
    }
}
