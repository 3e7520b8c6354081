//! Payments created and read.

use std::sync::LazyLock;

use tokio_postgres::Row;

use super::{
    PostgresStore,
    changes::DECISIONS,
    connection::Connections,
    creations::Creation,
    row::{self, PAYMENT, PAYMENT_COLUMNS, get, int, is_storable, json, natural, time},
    search::Search,
    together::Together,
};
use crate::store::{
    Answered, Created, EventRecord, Filter, Idempotency, NewPayment, NewReference, Payment,
    StoreError, transition,
};

pub(super) async fn create(
    store: &PostgresStore,
    new: NewPayment,
    idempotency: Option<Idempotency>,
) -> Result<Created, StoreError> {
    let allotted = matches!(new.reference, NewReference::Allotted { .. });
    for _ in 0..DECISIONS {
        let reference = reference(store, &new).await?;
        let (change, answer) = transition::create(&new, reference);
        let creation = Creation::of(change, answer, idempotency.clone(), allotted)?;
        let (creation, is_written) = store.creations.ask(creation).await?;
        if is_written {
            return Ok(Created::New(creation.into_answer()));
        }
        // Either the key was there already …
        let asked = idempotency.as_ref();
        if let Some(asked) = asked
            && let Some(before) = answered(&store.connections, &new.shop, &asked.key).await?
        {
            return Ok(if before.fingerprint == asked.fingerprint {
                Created::Before(before.answer)
            } else {
                Created::KeyReused
            });
        }
        // … or the second one …
        if let Some(also) = asked.and_then(|asked| asked.also.as_deref())
            && answered(&store.connections, &new.shop, also)
                .await?
                .is_some()
        {
            return Ok(Created::KeyReused);
        }
        // … or the shop gave the number itself in this moment, or whoever had the key was refused:
        // then once more.
    }
    Err(StoreError::Unavailable)
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

/// Payments by their checkout tokens.
static BY_TOKEN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT}, a.n from unnest($1::text[]) with ordinality as a (token, n) \
         join payments p on p.token = a.token"
    )
});

/// Payments by the identifiers of their attempts.
static BY_ATTEMPT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT}, a.n from unnest($1::text[], $2::text[]) with ordinality \
         as a (provider, id, n) \
         join attempts t on t.provider = a.provider and t.id = a.id \
         join payments p on p.id = t.payment"
    )
});

/// A payment to be found by its checkout token.
pub(super) struct ByToken(String);

impl Together for ByToken {
    type Answer = Option<Row>;

    async fn together(
        connections: &Connections,
        works: &[Self],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let tokens: Vec<&str> = works.iter().map(|ByToken(token)| token.as_str()).collect();
        in_order(connections.query(&BY_TOKEN, &[&tokens]).await?, works.len())
    }
}

/// A payment to be found by one of its attempts.
pub(super) struct ByAttempt(&'static str, String);

impl Together for ByAttempt {
    type Answer = Option<Row>;

    async fn together(
        connections: &Connections,
        works: &[Self],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let both = works
            .iter()
            .map(|ByAttempt(provider, id)| (*provider, id.as_str()));
        let (providers, ids): (Vec<_>, Vec<_>) = both.unzip();
        let rows = connections.query(&BY_ATTEMPT, &[&providers, &ids]).await?;
        in_order(rows, works.len())
    }
}

/// The row of each, by the number that it ends with, from 1.
fn in_order(rows: Vec<Row>, count: usize) -> Result<Vec<Option<Row>>, StoreError> {
    let mut found: Vec<Option<Row>> = (0..count).map(|_| None).collect();
    for row in rows {
        let number = natural(get(&row, PAYMENT_COLUMNS)?);
        let place = usize::try_from(number).unwrap_or(0).checked_sub(1);
        if let Some(place) = place.and_then(|place| found.get_mut(place)) {
            *place = Some(row);
        }
    }
    Ok(found)
}

pub(super) async fn payment(
    connections: &Connections,
    shop: &str,
    id: &str,
) -> Result<Option<Payment>, StoreError> {
    if !is_storable(shop) || !is_storable(id) {
        return Ok(None);
    }
    let rows = connections.query(&BY_ID, &[&id, &shop]).await?;
    rows.first().map(row::payment).transpose()
}

pub(super) async fn by_token(
    store: &PostgresStore,
    token: &str,
) -> Result<Option<Payment>, StoreError> {
    if !is_storable(token) {
        return Ok(None);
    }
    let (_, row) = store.tokens.ask(ByToken(token.to_owned())).await?;
    row.as_ref().map(row::payment).transpose()
}

pub(super) async fn by_attempt(
    store: &PostgresStore,
    provider: &'static str,
    attempt: &str,
) -> Result<Option<Payment>, StoreError> {
    if !is_storable(attempt) {
        return Ok(None);
    }
    let asked = ByAttempt(provider, attempt.to_owned());
    let (_, row) = store.attempts.ask(asked).await?;
    row.as_ref().map(row::payment).transpose()
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
