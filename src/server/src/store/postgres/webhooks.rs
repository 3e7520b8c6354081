//! Messages to shops: claimed, tried, listed, replayed.

use std::sync::LazyLock;

use tokio_postgres::types::ToSql;

use super::{
    NOW,
    connection::Connections,
    row::{count, get, int, is_storable, natural, time},
    search::Search,
};
use crate::store::{Delivery, Message, MessageFilter, Outcome, Outgoing, Room, StoreError, Tried};

/// How many messages get their positions at once.
const NUMBERED: usize = 1_000;
/// How many messages of a shop without an endpoint are set aside at once.
const SET_ASIDE: i64 = 1_000;

/// Takes what is due, and gives positions to what is taken first.
///
/// Positions are given by one node at a time and only to what is committed, so that they become
/// visible in their order, and whoever read up to one of them will not find a smaller one later.
/// The statements that write the messages could not do that: they commit in any order. A node
/// whose turn it is not leaves them to the next look, [`number`].
static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        // What another address of the shop said counts no more.
        "with turn as materialized (select pg_try_advisory_xact_lock({LOCK}) as is_ours), \
         room as materialized (select r.shop, r.free, \
             r.endpoint is null or coalesce(e.gone, 0) <> 0 as has_none, \
             coalesce(e.paused_until, 0) > {NOW} as is_paused \
             from unnest($1::text[], $2::text[], $3::bigint[]) as r(shop, endpoint, free) \
             left join endpoints e on e.shop = r.shop and e.endpoint = r.endpoint), \
         due as materialized (select w.id, w.position, w.created_at, false as unwanted \
             from room cross join lateral \
             (select * from webhooks where shop = room.shop and due_at <= {NOW} \
             order by due_at limit room.free for update skip locked) w \
             where not room.has_none and not room.is_paused \
             union all select w.id, w.position, w.created_at, true \
             from room cross join lateral \
             (select * from webhooks where shop = room.shop and due_at <= {NOW} \
             order by due_at limit {SET_ASIDE} for update skip locked) w where room.has_none), \
         places as materialized (select id, nextval('webhook_positions') as position \
             from (select id from due where position is null and (select is_ours from turn) \
             order by created_at) fresh), \
         set_aside as (update webhooks w set due_at = null, claimed = 0, \
             outcome = 'set_aside', position = coalesce(w.position, places.position) \
             from due left join places on places.id = due.id \
             where w.id = due.id and due.unwanted) \
         update webhooks w set due_at = {NOW} + $4::bigint * 1000, tries = w.tries + 1, \
             claim = w.claim + 1, claimed = 1, position = coalesce(w.position, places.position) \
         from due left join places on places.id = due.id \
         where w.id = due.id and not due.unwanted \
         returning w.id, w.shop, w.body, w.tries, w.claim"
    )
});

pub(super) async fn claim(
    connections: &Connections,
    rooms: Vec<Room>,
    lease: u64,
) -> Result<Vec<Outgoing>, StoreError> {
    if rooms.is_empty() {
        return Ok(Vec::new());
    }
    let shops: Vec<&str> = rooms.iter().map(|room| room.shop.as_str()).collect();
    let endpoints: Vec<Option<&str>> = rooms.iter().map(|room| room.endpoint.as_deref()).collect();
    let free: Vec<i64> = rooms.iter().map(|room| i64::from(room.free)).collect();
    let rows = connections
        .query(&CLAIM, &[&shops, &endpoints, &free, &int(lease)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Outgoing {
                id: get(row, 0)?,
                shop: get(row, 1)?,
                body: get(row, 2)?,
                tries: count(get(row, 3)?),
                claim: natural(get(row, 4)?),
            })
        })
        .collect()
}

static NUMBER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with turn as materialized (select pg_advisory_xact_lock({LOCK}) is null as is_void), \
         fresh as materialized (select id from webhooks \
             where position is null and (select not is_void from turn) \
             order by created_at limit {NUMBERED}), \
         places as materialized (select id, nextval('webhook_positions') as position from fresh) \
         update webhooks w set position = places.position from places \
         where w.id = places.id and w.position is null returning w.id"
    )
});

/// The lock that nodes take turns with: the letters "kassa" and a number.
const LOCK: i64 = 0x6b61_7373_6100_0002;

/// Gives positions to all that was written before and has none, see [`CLAIM`].
async fn number(connections: &Connections) -> Result<(), StoreError> {
    while connections.query(&NUMBER, &[]).await?.len() == NUMBERED {}
    Ok(())
}

static FINISH: LazyLock<String> = LazyLock::new(|| {
    // A claim that was lost to another finds no row.
    format!(
        "update webhooks set due_at = {NOW} + $3::bigint * 1000, outcome = $4, claimed = 0 \
         where id = $1 and claim = $2 and outcome = 'waiting'"
    )
});

static FINISH_AND_SAY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with finished as ({}) insert into endpoints (shop, endpoint, gone, paused_until) \
         values ($5, $6, $7::bigint, case when $7::bigint = 1 then 0 else {NOW} + $8::bigint * 1000 end) \
         on conflict (shop) do update set endpoint = excluded.endpoint, gone = excluded.gone, \
         paused_until = excluded.paused_until",
        *FINISH
    )
});

pub(super) async fn finish(connections: &Connections, tried: Tried) -> Result<(), StoreError> {
    let (outcome, again) = tried.delivery.outcome();
    let (claim, again, outcome) = (int(tried.claim), again.map(int), outcome.as_str());
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tried.id, &claim, &again, &outcome];
    let gone = i64::from(tried.delivery == Delivery::Gone);
    let pause = int(tried.delivery.pause().unwrap_or(0));
    let sql: &str = if gone == 1 || tried.delivery.pause().is_some() {
        parameters.extend([
            &tried.shop as &(dyn ToSql + Sync),
            &tried.endpoint,
            &gone,
            &pause,
        ]);
        &FINISH_AND_SAY
    } else {
        &FINISH
    };
    connections.query(sql, &parameters).await.map(drop)
}

pub(super) async fn enable_endpoint(
    connections: &Connections,
    shop: &str,
) -> Result<bool, StoreError> {
    let sql = "delete from endpoints where shop = $1 and gone = 1 returning shop";
    let enabled = connections.query(sql, &[&shop]).await?;
    Ok(!enabled.is_empty())
}

static REPLAY: LazyLock<String> = LazyLock::new(|| {
    // The claim is a new one, so that a try that still runs cannot end this one. Where the time
    // of a claim is over, whoever held it has gone.
    format!(
        "update webhooks set due_at = {NOW}, tries = 0, claim = claim + 1, claimed = 0, \
         outcome = 'waiting' where shop = $1 and id = any($2) \
         and (claimed = 0 or due_at <= {NOW}) returning id"
    )
});

pub(super) async fn replay(
    connections: &Connections,
    shop: &str,
    mut ids: Vec<String>,
) -> Result<u64, StoreError> {
    ids.retain(|id| is_storable(id));
    let replayed = connections.query(&REPLAY, &[&shop, &ids]).await?;
    Ok(u64::try_from(replayed.len()).unwrap_or(u64::MAX))
}

pub(super) async fn messages(
    connections: &Connections,
    filter: &MessageFilter,
) -> Result<Vec<Message>, StoreError> {
    // What was written just now is to be found too.
    number(connections).await?;
    let columns = "w.id, w.shop, w.payment, w.body, w.created_at, w.tries, w.outcome, w.due_at, \
                   w.position";
    let mut search = Search::new("webhooks w", columns);
    search.that("w.position is not null");
    if let Some(shop) = &filter.shop {
        search.text("w.shop = ?", shop);
    }
    if let Some(id) = &filter.id {
        search.text("w.id = ?", id);
    }
    if let Some(payment) = &filter.payment {
        search.text("w.payment = ?", payment);
    }
    if let Some(outcome) = filter.outcome {
        search.text("w.outcome = ?", outcome.as_str());
    }
    if let Some(from) = filter.from {
        search.number("w.created_at >= ?", int(from.millis()));
    }
    if let Some(to) = filter.to {
        search.number("w.created_at < ?", int(to.millis()));
    }
    let (comparison, order) = if filter.newest_first {
        ("<", "w.position desc")
    } else {
        (">", "w.position")
    };
    if let Some(after) = &filter.after {
        let condition =
            format!("w.position {comparison} (select position from webhooks where id = ?)");
        search.text(&condition, after);
    }
    if filter.shop.is_none() && filter.id.is_none() && filter.payment.is_none() {
        search.over_all_shops("w.shop", "webhooks", "position is not null");
    }
    let rows = search.run(connections, order, filter.limit).await?;
    rows.iter()
        .map(|row| {
            let outcome: &str = get(row, 6)?;
            let due: Option<i64> = get(row, 7)?;
            Ok(Message {
                id: get(row, 0)?,
                shop: get(row, 1)?,
                payment: get(row, 2)?,
                body: get(row, 3)?,
                at: time(get(row, 4)?),
                tries: count(get(row, 5)?),
                outcome: Outcome::from_word(outcome).ok_or(StoreError::Corrupt("outcome"))?,
                due_at: due.map(time),
            })
        })
        .collect()
}
