//! Webhooks claimed, and what came of them.

use kassa_checkout::Timestamp;
use rusqlite::{Connection, params};

use super::{column, int, natural, refused, run, time};
use crate::store::{Backlog, Delivery, Outgoing, StoreError};

pub(in crate::store::sqlite) fn claim_webhooks(
    connection: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut claimed = Vec::new();
    {
        let mut statement = connection
            .prepare_cached(
                "select id, shop, body, tries from webhooks where due_at <= ?1 \
                 order by due_at limit ?2",
            )
            .map_err(refused)?;
        let mut rows = statement
            .query(params![int(now.millis()), limit])
            .map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            let tries: u32 = column(row, 3)?;
            claimed.push(Outgoing {
                id: column(row, 0)?,
                shop: column(row, 1)?,
                body: column(row, 2)?,
                tries: tries.saturating_add(1),
            });
        }
    }
    for outgoing in &claimed {
        run(
            connection,
            "update webhooks set due_at = ?2, tries = ?3, claimed = 1 where id = ?1",
            params![outgoing.id, int(until.millis()), outgoing.tries],
        )?;
    }
    Ok(claimed)
}

/// Gives back what a process that died had claimed. Only for a store that has one process.
pub(in crate::store::sqlite) fn release_claims(connection: &Connection) -> Result<(), StoreError> {
    run(
        connection,
        "update webhooks set due_at = created_at, claimed = 0 \
         where claimed = 1 and due_at is not null",
        [],
    )
}

pub(in crate::store::sqlite) fn finish_webhook(
    connection: &Connection,
    id: &str,
    tries: u32,
    delivery: Delivery,
) -> Result<(), StoreError> {
    let (due, outcome) = match delivery {
        Delivery::Delivered => (None, "delivered"),
        Delivery::Again(at) => (Some(int(at.millis())), "waiting"),
        Delivery::GivenUp => (None, "given_up"),
    };
    // Fenced by the number of tries: a claim that was lost to another finds no row.
    run(
        connection,
        "update webhooks set due_at = ?3, outcome = ?4, claimed = 0 \
         where id = ?1 and tries = ?2 and outcome = 'waiting'",
        params![id, tries, due, outcome],
    )
}

pub(in crate::store::sqlite) fn backlog(connection: &Connection) -> Result<Backlog, StoreError> {
    connection
        .prepare_cached("select count(*), min(due_at) from webhooks where due_at is not null")
        .and_then(|mut statement| {
            statement.query_row([], |row| {
                let first: Option<i64> = row.get(1)?;
                Ok(Backlog {
                    waiting: natural(row.get(0)?),
                    first_due: first.map(time),
                })
            })
        })
        .map_err(refused)
}
