//! Payments created and read.

use std::sync::LazyLock;

use tokio_postgres::types::ToSql;

use super::{
    PostgresStore, changes,
    connection::Connections,
    row::{self, PAYMENT, get, int, is_storable, json, natural, text, time},
    search::Search,
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
    loop {
        let reference = reference(store, &new).await?;
        let (change, answer) = transition::create(&new, reference);
        let allotted = matches!(new.reference, NewReference::Allotted { .. });
        let asked = idempotency.as_ref();
        match insert(&store.connections, &change, asked, &answer, allotted).await? {
            Inserted::Yes => return Ok(Created::New(answer)),
            // The shop gave the number itself in this moment: then the next one.
            Inserted::ReferenceTaken => {}
            Inserted::KeyKnown => {
                let asked = idempotency.ok_or(StoreError::Corrupt("idempotency key"))?;
                return known(&store.connections, &new.shop, &asked).await;
            }
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

/// What is answered to a request whose key was written down before.
async fn known(
    connections: &Connections,
    shop: &str,
    asked: &Idempotency,
) -> Result<Created, StoreError> {
    let before = answered(connections, shop, &asked.key).await?;
    let before = before.ok_or(StoreError::Corrupt("idempotency key"))?;
    Ok(if before.fingerprint == asked.fingerprint {
        Created::Before(before.answer)
    } else {
        Created::KeyReused
    })
}

/// What came of writing a new payment.
enum Inserted {
    Yes,
    KeyKnown,
    ReferenceTaken,
}

/// Writes a new payment with its first event, and the answer under its key: all of it, unless
/// the key is there already or the allotted reference is another payment's.
async fn insert(
    connections: &Connections,
    change: &Change,
    idempotency: Option<&Idempotency>,
    answer: &str,
    allotted: bool,
) -> Result<Inserted, StoreError> {
    let payment = &change.payment;
    let amount = int(payment.lifecycle.amount().cents());
    let status = payment.status().as_str();
    let [version, events, created, changed, expires] = [
        payment.version,
        payment.events,
        payment.created_at.millis(),
        payment.changed_at.millis(),
        payment.expires_at.millis(),
    ]
    .map(int);
    let deadline = change.deadline().map(|at| int(at.millis()));
    let (terms, lifecycle) = (
        text(&payment.terms, "terms")?,
        text(&payment.lifecycle, "lifecycle")?,
    );
    let rows = changes::Rows::of(change);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
        &payment.id,
        &payment.shop,
        &payment.token,
        &payment.order,
        &payment.reference,
        &amount,
        &status,
        &version,
        &events,
        &created,
        &changed,
        &expires,
        &deadline,
        &terms,
        &lifecycle,
        &rows.seqs,
        &rows.at,
        &rows.who,
        &rows.kinds,
        &rows.details,
        &allotted,
    ];
    let sql: &str = match idempotency {
        None => &CREATE,
        Some(asked) => {
            parameters.extend([
                &asked.key as &(dyn ToSql + Sync),
                &asked.fingerprint,
                &answer as &(dyn ToSql + Sync),
            ]);
            &CREATE_WITH_KEY
        }
    };
    let row = connections.row(sql, &parameters).await?;
    let (made, is_free): (i64, bool) = (get(&row, 0)?, get(&row, 1)?);
    Ok(match (made, is_free) {
        (0, false) => Inserted::ReferenceTaken,
        (0, true) => Inserted::KeyKnown,
        _ => Inserted::Yes,
    })
}

const COLUMNS: &str = "insert into payments (id, shop, token, order_number, reference, \
     amount_cents, status, version, events, created_at, changed_at, expires_at, deadline_at, \
     terms, lifecycle)";
const VALUES: &str = "$1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, \
     $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, $13::bigint, $14::text, \
     $15::text";
const EVENTS: &str = "insert into events (payment, seq, at, who, kind, detail) \
     select made.id, e.* from made, unnest($16::bigint[], $17::bigint[], $18::text[], \
     $19::text[], $20::text[]) as e";

/// Whether the reference may be used: any that was given, an allotted one that nobody else has.
const FREE: &str = "free as (select not ($21::boolean and exists \
     (select 1 from payments where shop = $2 and reference = $5)) as is_free)";
const RESULT: &str = "select (select count(*) from made), (select is_free from free)";

static CREATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with {FREE}, made as ({COLUMNS} select {VALUES} from free where is_free returning id), \
         events as ({EVENTS}) {RESULT}"
    )
});

static CREATE_WITH_KEY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with {FREE}, key as (insert into idempotency \
         (shop, key, fingerprint, payment, answer, created_at) \
         select $2, $22, $23, $1, $24, $10 from free where is_free \
         on conflict (shop, key) do nothing returning key), \
         made as ({COLUMNS} select {VALUES} from key returning id), events as ({EVENTS}) {RESULT}"
    )
});

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

pub(super) async fn shop_of(
    connections: &Connections,
    provider: &str,
    attempt: &str,
) -> Result<Option<String>, StoreError> {
    if !is_storable(attempt) {
        return Ok(None);
    }
    let sql = "select p.shop from attempts a join payments p on p.id = a.payment \
               where a.provider = $1 and a.id = $2";
    let rows = connections.query(sql, &[&provider, &attempt]).await?;
    rows.first().map(|row| get(row, 0)).transpose()
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
        search.over_all_shops("p.shop", "payments");
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
