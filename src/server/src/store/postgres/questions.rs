//! Attempts to ask a provider for, and what is due in all.

use std::sync::LazyLock;

use kassa_checkout::Status;
use tokio_postgres::Row;

use super::{
    NOW,
    connection::Connections,
    row::{count, get, int, natural, time},
};
use crate::store::{Backlog, OpenAttempts, Question, Queue, StoreError};

static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with due as (select provider, id from attempts where ask_at <= {NOW} \
         order by ask_at limit $2 for update skip locked) \
         update attempts a set ask_at = {NOW} + $1::bigint * 1000, asks = a.asks + 1 \
         from due, payments p \
         where a.provider = due.provider and a.id = due.id and p.id = a.payment \
         returning p.shop, p.id, a.provider, a.id, a.created_at, p.expires_at, p.status, a.asks"
    )
});

pub(super) async fn claim(
    connections: &Connections,
    lease: u64,
    limit: u32,
) -> Result<Vec<Question>, StoreError> {
    let rows = connections
        .query(&CLAIM, &[&int(lease), &i64::from(limit)])
        .await?;
    rows.iter()
        .map(|row| {
            let status: &str = get(row, 6)?;
            Ok(Question {
                shop: get(row, 0)?,
                payment: get(row, 1)?,
                provider: get(row, 2)?,
                attempt: get(row, 3)?,
                begun_at: time(get(row, 4)?),
                expires_at: time(get(row, 5)?),
                status: Status::from_word(status).ok_or(StoreError::Corrupt("status"))?,
                asks: count(get(row, 7)?),
            })
        })
        .collect()
}

static FINISH: LazyLock<String> = LazyLock::new(|| {
    // Fenced by the number of the question: a claim that was lost to another finds no row.
    format!(
        "update attempts set ask_at = {NOW} + $4::bigint * 1000 \
         where provider = $1 and id = $2 and asks = $3"
    )
});

pub(super) async fn finish(
    connections: &Connections,
    question: &Question,
    again: Option<u64>,
) -> Result<(), StoreError> {
    connections
        .query(
            &FINISH,
            &[
                &question.provider,
                &question.attempt,
                &i64::from(question.asks),
                &again.map(int),
            ],
        )
        .await
        .map(drop)
}

const OPEN: &str = "select p.shop, a.provider, count(*) from attempts a \
     join payments p on p.id = a.payment where a.ask_at is not null \
     group by p.shop, a.provider order by p.shop, a.provider";

pub(super) async fn open_attempts(
    connections: &Connections,
) -> Result<Vec<OpenAttempts>, StoreError> {
    let rows = connections.query(OPEN, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(OpenAttempts {
                shop: get(row, 0)?,
                provider: get(row, 1)?,
                count: natural(get(row, 2)?),
            })
        })
        .collect()
}

const SHIFT: &str = "with \
    w as (update webhooks set due_at = greatest(due_at + $1, 0) where due_at is not null), \
    a as (update attempts set ask_at = greatest(ask_at + $1, 0) where ask_at is not null) \
    update endpoints set paused_until = greatest(paused_until + $1, 0)";

pub(super) async fn shift_due(connections: &Connections, millis: i64) -> Result<(), StoreError> {
    connections.query(SHIFT, &[&millis]).await.map(drop)
}

static BACKLOG: LazyLock<String> = LazyLock::new(|| {
    let queue = |table: &str, column: &str| {
        format!(
            "(select count(*) from {table} where {column} <= {NOW}), \
             (select {NOW} - min({column}) from {table} where {column} <= {NOW})"
        )
    };
    format!(
        "select {}, {}, {}",
        queue("webhooks", "due_at"),
        queue("attempts", "ask_at"),
        queue("deadlines", "due_at")
    )
});

pub(super) async fn backlog(connections: &Connections) -> Result<Backlog, StoreError> {
    let row = connections.row(&BACKLOG, &[]).await?;
    Ok(Backlog {
        webhooks: queue(&row, 0)?,
        questions: queue(&row, 2)?,
        deadlines: queue(&row, 4)?,
    })
}

fn queue(row: &Row, at: usize) -> Result<Queue, StoreError> {
    let oldest: Option<i64> = get(row, at + 1)?;
    Ok(Queue {
        due: natural(get(row, at)?),
        oldest_seconds: natural(oldest.unwrap_or(0)) / 1_000,
    })
}
