//! Messages to shops: claimed, tried, listed, replayed.

use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter, types::Value};

use super::{changed, column, due_in, int, natural, refused, rows, run, time};
use crate::store::{Delivery, Message, MessageFilter, Outcome, Outgoing, Room, StoreError, Tried};

pub(in crate::store::sqlite) fn claim_webhooks(
    connection: &Connection,
    wanted: &[Room],
    lease: u64,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut claimed = Vec::new();
    for room in wanted {
        match endpoint_state(connection, room)? {
            EndpointState::Open => claimed.extend(claim(connection, room, lease)?),
            EndpointState::Paused => {}
            EndpointState::None => run(
                connection,
                "update webhooks set due_at = null, claimed = 0, outcome = 'set_aside' \
                 where shop = ?1 and due_at <= ?2",
                params![room.shop, due_in(0)],
            )?,
        }
    }
    Ok(claimed)
}

enum EndpointState {
    Open,
    Paused,
    None,
}

fn endpoint_state(connection: &Connection, room: &Room) -> Result<EndpointState, StoreError> {
    let Some(endpoint) = &room.endpoint else {
        return Ok(EndpointState::None);
    };
    // What another address of the shop said counts no more.
    let said: Option<(i64, i64)> = connection
        .prepare_cached(
            "select gone, paused_until from endpoints where shop = ?1 and endpoint = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row([&room.shop, endpoint], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(refused)?;
    Ok(match said {
        Some((gone, _)) if gone != 0 => EndpointState::None,
        Some((_, paused_until)) if paused_until > due_in(0) => EndpointState::Paused,
        _ => EndpointState::Open,
    })
}

fn claim(connection: &Connection, room: &Room, lease: u64) -> Result<Vec<Outgoing>, StoreError> {
    let claimed = rows(
        connection,
        "select id, shop, body, tries, claim from webhooks where shop = ?1 and due_at <= ?2 \
         order by due_at limit ?3",
        params![room.shop, due_in(0), room.free],
        |row| {
            let tries: u32 = column(row, 3)?;
            let claim: i64 = column(row, 4)?;
            Ok(Outgoing {
                id: column(row, 0)?,
                shop: column(row, 1)?,
                body: column(row, 2)?,
                tries: tries.saturating_add(1),
                claim: natural(claim).saturating_add(1),
            })
        },
    )?;
    for outgoing in &claimed {
        run(
            connection,
            "update webhooks set due_at = ?2, tries = ?3, claim = ?4, claimed = 1 where id = ?1",
            params![
                outgoing.id,
                due_in(lease),
                outgoing.tries,
                int(outgoing.claim)
            ],
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
    tried: &Tried,
) -> Result<(), StoreError> {
    let (outcome, again) = tried.delivery.outcome();
    // A claim that was lost to another finds no row.
    run(
        connection,
        "update webhooks set due_at = ?3, outcome = ?4, claimed = 0 \
         where id = ?1 and claim = ?2 and outcome = 'waiting'",
        params![
            tried.id,
            int(tried.claim),
            again.map(due_in),
            outcome.as_str()
        ],
    )?;
    if tried.delivery == Delivery::Gone {
        say_of_endpoint(connection, tried, true, 0)
    } else if let Some(seconds) = tried.delivery.pause() {
        say_of_endpoint(connection, tried, false, due_in(seconds))
    } else {
        Ok(())
    }
}

fn say_of_endpoint(
    connection: &Connection,
    tried: &Tried,
    gone: bool,
    paused_until: i64,
) -> Result<(), StoreError> {
    run(
        connection,
        "insert into endpoints (shop, endpoint, gone, paused_until) values (?1, ?2, ?3, ?4) \
         on conflict (shop) do update set endpoint = excluded.endpoint, gone = excluded.gone, \
         paused_until = excluded.paused_until",
        params![tried.shop, tried.endpoint, gone, paused_until],
    )
}

pub(in crate::store::sqlite) fn enable_endpoint(
    connection: &Connection,
    shop: &str,
) -> Result<bool, StoreError> {
    let sql = "delete from endpoints where shop = ?1 and gone = 1";
    changed(connection, sql, [shop]).map(|rows| rows > 0)
}

pub(in crate::store::sqlite) fn replay(
    connection: &Connection,
    shop: &str,
    ids: &[String],
) -> Result<u64, StoreError> {
    let mut replayed = 0;
    for id in ids {
        // The claim is a new one, so that a try that still runs cannot end this one. Due since it
        // was written: a process beside the server may measure work by another clock than it.
        replayed += changed(
            connection,
            "update webhooks set due_at = created_at, tries = 0, claim = claim + 1, \
             outcome = 'waiting' where id = ?1 and shop = ?2 and claimed = 0",
            [id.as_str(), shop],
        )?;
    }
    Ok(u64::try_from(replayed).unwrap_or(u64::MAX))
}

pub(in crate::store::sqlite) fn messages(
    connection: &Connection,
    filter: &MessageFilter,
) -> Result<Vec<Message>, StoreError> {
    let mut conditions = vec!["true".to_owned()];
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(id) = &filter.id {
        add("id = ?", id.clone().into());
    }
    if let Some(shop) = &filter.shop {
        add("shop = ?", shop.clone().into());
    }
    if let Some(payment) = &filter.payment {
        add("payment = ?", payment.clone().into());
    }
    if let Some(outcome) = filter.outcome {
        add("outcome = ?", outcome.as_str().to_owned().into());
    }
    if let Some(from) = filter.from {
        add("created_at >= ?", int(from.millis()).into());
    }
    if let Some(to) = filter.to {
        add("created_at < ?", int(to.millis()).into());
    }
    let (comparison, order) = if filter.newest_first {
        ('<', "desc")
    } else {
        ('>', "asc")
    };
    if let Some(after) = &filter.after {
        add(
            &format!("position {comparison} (select position from webhooks where id = ?)"),
            after.clone().into(),
        );
    }
    values.push(i64::from(filter.limit).into());
    let sql = format!(
        "select id, shop, payment, body, created_at, tries, outcome, due_at from webhooks \
         where {} order by position {order} limit ?{}",
        conditions.join(" and "),
        values.len()
    );
    rows(connection, &sql, params_from_iter(values), |row| {
        let outcome: String = column(row, 6)?;
        let due: Option<i64> = column(row, 7)?;
        Ok(Message {
            id: column(row, 0)?,
            shop: column(row, 1)?,
            payment: column(row, 2)?,
            body: column(row, 3)?,
            at: time(column(row, 4)?),
            tries: column(row, 5)?,
            outcome: Outcome::from_word(&outcome).ok_or(StoreError::Corrupt("outcome"))?,
            due_at: due.map(time),
        })
    })
}
