//! Attempts to ask a provider for.

use rusqlite::{Connection, params};

use kassa_checkout::Status;

use super::{changed, column, due_in, natural, rows, run, time};
use crate::store::{OpenAttempts, Question, StoreError};

pub(in crate::store::sqlite) fn claim_questions(
    connection: &Connection,
    lease: u64,
    limit: u32,
) -> Result<Vec<Question>, StoreError> {
    let due = rows(
        connection,
        "select p.shop, p.id, a.provider, a.id, a.created_at, p.expires_at, p.status, a.asks \
         from attempts a join payments p on p.id = a.payment where a.ask_at <= ?1 \
         order by a.ask_at limit ?2",
        params![due_in(0), limit],
        |row| {
            let status: String = column(row, 6)?;
            let asks: u32 = column(row, 7)?;
            Ok(Question {
                shop: column(row, 0)?,
                payment: column(row, 1)?,
                provider: column(row, 2)?,
                attempt: column(row, 3)?,
                begun_at: time(column(row, 4)?),
                expires_at: time(column(row, 5)?),
                status: Status::from_word(&status).ok_or(StoreError::Corrupt("status"))?,
                asks: asks.saturating_add(1),
            })
        },
    )?;
    for question in &due {
        run(
            connection,
            "update attempts set ask_at = ?3, asks = ?4 where provider = ?1 and id = ?2",
            params![
                question.provider,
                question.attempt,
                due_in(lease),
                question.asks
            ],
        )?;
    }
    Ok(due)
}

pub(in crate::store::sqlite) fn finish_question(
    connection: &Connection,
    question: &Question,
    again: Option<u64>,
) -> Result<(), StoreError> {
    // Fenced by the number of the question: a claim that was lost to another finds no row.
    changed(
        connection,
        "update attempts set ask_at = ?4 where provider = ?1 and id = ?2 and asks = ?3",
        params![
            question.provider,
            question.attempt,
            question.asks,
            again.map(due_in)
        ],
    )
    .map(drop)
}

pub(in crate::store::sqlite) fn open_attempts(
    connection: &Connection,
) -> Result<Vec<OpenAttempts>, StoreError> {
    rows(
        connection,
        "select p.shop, a.provider, count(*) from attempts a join payments p on p.id = a.payment \
         where a.ask_at is not null group by p.shop, a.provider order by p.shop, a.provider",
        [],
        |row| {
            Ok(OpenAttempts {
                shop: column(row, 0)?,
                provider: column(row, 1)?,
                count: natural(column(row, 2)?),
            })
        },
    )
}
