//! Payments created and read.

use std::sync::LazyLock;

use tokio_postgres::types::ToSql;

use super::{
    PostgresStore, changes,
    connection::Connections,
    row::{self, PAYMENT, get, int, is_storable, json, natural, text, time},
    search::Search,
    statement::Statement,
};
use crate::store::{
    Answered, Created, EventRecord, Filter, Idempotency, NewPayment, NewReference, Payment,
    StoreError,
    transition::{self, Change},
};

pub(super) async fn create(
    store: &PostgresStore,
    new: NewPayment,
    idempotency: Option<Idempotency>,
) -> Result<Created, StoreError> {
    let connections = &store.connections;
    let allotted = matches!(new.reference, NewReference::Allotted { .. });
    loop {
        let reference = reference(store, &new).await?;
        let (change, answer) = transition::create(&new, reference);
        let asked = idempotency.as_ref();
        if insert(connections, &change, asked, &answer, allotted).await? {
            return Ok(Created::New(answer));
        }
        // Either the key was there already …
        if let Some(asked) = asked
            && let Some(before) = answered(connections, &new.shop, &asked.key).await?
        {
            return Ok(if before.fingerprint == asked.fingerprint {
                Created::Before(before.answer)
            } else {
                Created::KeyReused
            });
        }
        // … or the second one …
        if let Some(also) = asked.and_then(|asked| asked.also.as_deref())
            && answered(connections, &new.shop, also).await?.is_some()
        {
            return Ok(Created::KeyReused);
        }
        // … or the shop gave the number itself in this moment: then the next one.
        if !allotted {
            return Err(StoreError::Corrupt("idempotency key"));
        }
    }
}

async fn reference(store: &PostgresStore, new: &NewPayment) -> Result<String, StoreError> {
    match &new.reference {
        NewReference::Given(reference) => Ok(reference.clone()),
        NewReference::Allotted { prefix } => {
            store
                .series
                .next(&store.connections, &new.shop, prefix)
                .await
        }
    }
}

/// Writes a new payment with its first event, and the answer under its keys. Answers whether it
/// did: not when one of the keys is there already, or the allotted reference is another payment's.
async fn insert(
    connections: &Connections,
    change: &Change,
    idempotency: Option<&Idempotency>,
    answer: &str,
    allotted: bool,
) -> Result<bool, StoreError> {
    let payment = &change.payment;
    let also = idempotency.and_then(|asked| Some((asked, asked.also.as_deref()?)));
    let mut statement = Statement::new("with ready as (");
    match idempotency {
        Some(asked) => keep(&mut statement, payment, (asked, &asked.key), answer),
        None => statement.sql("select 1"),
    };
    statement.sql(" where true");
    if allotted {
        statement
            .sql(" and not exists (select 1 from payments where shop = ")
            .text(&payment.shop)
            .sql(" and reference = ")
            .text(&payment.reference)
            .sql(")");
    }
    if let Some((_, also)) = also {
        statement
            .sql(" and not exists (select 1 from idempotency where shop = ")
            .text(&payment.shop)
            .sql(" and key = ")
            .text(also)
            .sql(")");
    }
    if idempotency.is_some() {
        statement.sql(" on conflict (shop, key) do nothing returning 1");
    }
    if let Some(also) = also {
        // One that another request takes in this moment undoes all of it, and it is done again.
        statement.sql("), second as (");
        keep(&mut statement, payment, also, answer);
        statement.sql(" from ready");
    }
    statement.sql("), said as (");
    changes::say(&mut statement, change, "ready");
    statement.sql(")");
    if let Some(at) = change.deadline() {
        statement
            .sql(", due as (insert into deadlines (payment, due_at) select ")
            .text(&payment.id)
            .sql(", ")
            .number(at.millis())
            .sql(" from ready)");
    }
    statement
        .sql(
            " insert into payments (id, shop, token, order_number, reference, amount_cents, \
             status, version, events, created_at, changed_at, expires_at, terms, \
             lifecycle) select ",
        )
        .text(&payment.id)
        .sql(", ")
        .text(&payment.shop)
        .sql(", ")
        .text(&payment.token)
        .sql(", ")
        .text(&payment.order)
        .sql(", ")
        .text(&payment.reference)
        .sql(", ")
        .number(payment.lifecycle.amount().cents())
        .sql(", ")
        .text(payment.status().as_str())
        .sql(", ")
        .number(payment.version)
        .sql(", ")
        .number(payment.events)
        .sql(", ")
        .number(payment.created_at.millis())
        .sql(", ")
        .number(payment.changed_at.millis())
        .sql(", ")
        .number(payment.expires_at.millis())
        .sql(", ")
        .text(text(&payment.terms, "terms")?)
        .sql(", ")
        .text(text(&payment.lifecycle, "lifecycle")?)
        .sql(" from ready returning 1");
    Ok(!statement.run(connections).await?.is_empty())
}

/// Keeps the answer under a key.
fn keep<'s, 'a>(
    statement: &'s mut Statement<'a>,
    payment: &'a Payment,
    (asked, key): (&'a Idempotency, &'a str),
    answer: &'a str,
) -> &'s mut Statement<'a> {
    statement
        .sql("insert into idempotency (shop, key, fingerprint, payment, answer, created_at) ")
        .sql("select ")
        .text(&payment.shop)
        .sql(", ")
        .text(key)
        .sql(", ")
        .text(&asked.fingerprint)
        .sql(", ")
        .text(&payment.id)
        .sql(", ")
        .text(answer)
        .sql(", ")
        .number(payment.created_at.millis())
}

pub(super) async fn answered(
    connections: &Connections,
    shop: &str,
    key: &str,
) -> Result<Option<Answered>, StoreError> {
    if !is_storable(key) {
        return Ok(None);
    }
    let sql = "select fingerprint, answer from idempotency where shop = $1 and key = $2";
    let rows = connections.query(sql, &[&shop, &key]).await?;
    rows.first()
        .map(|row| {
            Ok(Answered {
                fingerprint: get(row, 0)?,
                answer: get(row, 1)?,
            })
        })
        .transpose()
}

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("select {PAYMENT} from payments p where p.id = $1 and p.shop = $2"));
static BY_TOKEN: LazyLock<String> =
    LazyLock::new(|| format!("select {PAYMENT} from payments p where p.token = $1"));
static BY_ATTEMPT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT} from attempts a join payments p on p.id = a.payment \
         where a.provider = $1 and a.id = $2"
    )
});

pub(super) async fn payment(
    connections: &Connections,
    shop: &str,
    id: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connections, &BY_ID, &[id, shop]).await
}

pub(super) async fn by_token(
    connections: &Connections,
    token: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connections, &BY_TOKEN, &[token]).await
}

pub(super) async fn by_attempt(
    connections: &Connections,
    provider: &str,
    attempt: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connections, &BY_ATTEMPT, &[provider, attempt]).await
}

async fn one(
    connections: &Connections,
    sql: &str,
    texts: &[&str],
) -> Result<Option<Payment>, StoreError> {
    if !texts.iter().all(|text| is_storable(text)) {
        return Ok(None);
    }
    let parameters: Vec<&(dyn ToSql + Sync)> = texts
        .iter()
        .map(|text| text as &(dyn ToSql + Sync))
        .collect();
    let rows = connections.query(sql, &parameters).await?;
    rows.first().map(row::payment).transpose()
}

pub(super) async fn list(
    connections: &Connections,
    filter: &Filter,
) -> Result<Vec<Payment>, StoreError> {
    let mut search = Search::new("payments p", PAYMENT);
    if let Some(id) = &filter.id {
        search.text("p.id = ?", id);
    }
    if let Some(shop) = &filter.shop {
        search.text("p.shop = ?", shop);
    }
    if let Some(status) = filter.status {
        search.text("p.status = ?", status.as_str());
    }
    if let Some(order) = &filter.order {
        search.text("p.order_number = ?", order);
    }
    if let Some(reference) = &filter.reference {
        search.text("p.reference = ?", reference);
    }
    if let Some(from) = filter.from {
        search.number("p.created_at >= ?", int(from.millis()));
    }
    if let Some(to) = filter.to {
        search.number("p.created_at < ?", int(to.millis()));
    }
    if let Some((at, id)) = &filter.after {
        search.number("(p.created_at, p.id) < (?, ", int(at.millis()));
        search.more("?)", id);
    }
    // One payment is found by its identifier, whichever shop has it.
    if filter.shop.is_none() && filter.id.is_none() {
        search.over_all_shops("p.shop", "payments", "true");
    }
    let order = "p.created_at desc, p.id desc";
    let rows = search.run(connections, order, filter.limit).await?;
    rows.iter().map(row::payment).collect()
}

pub(super) async fn events(
    connections: &Connections,
    shop: &str,
    id: &str,
) -> Result<Option<Vec<EventRecord>>, StoreError> {
    if !is_storable(id) {
        return Ok(None);
    }
    // Every payment has events, the first from its very beginning.
    let sql = "select e.seq, e.at, e.who, e.kind, e.detail from payments p \
               join events e on e.payment = p.id where p.id = $1 and p.shop = $2 order by e.seq";
    let rows = connections.query(sql, &[&id, &shop]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    rows.iter()
        .map(|row| {
            Ok(EventRecord {
                seq: natural(get(row, 0)?),
                at: time(get(row, 1)?),
                who: get(row, 2)?,
                kind: get(row, 3)?,
                detail: json(get(row, 4)?, "event")?,
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}
