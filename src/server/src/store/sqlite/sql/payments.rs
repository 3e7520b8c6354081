//! Payments created and read.

use std::sync::LazyLock;

use kassa_checkout::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter, types::Value};

use super::{
    PAYMENT, changes::write, column, int, json, natural, payment_of, refused, rows, run, time,
};
use crate::store::{
    Answered, Created, EventRecord, Filter, Idempotency, NewPayment, NewReference, Payment,
    StoreError, prepared::Prepared, transition,
};

/// A new payment with the answer to the shop, as far as they can be made without the database.
pub(in crate::store::sqlite) struct NewRows {
    new: NewPayment,
    /// Where the reference is known already.
    made: Option<(Prepared, String)>,
}

impl NewRows {
    pub(in crate::store::sqlite) fn of(new: NewPayment) -> Result<Self, StoreError> {
        let made = match &new.reference {
            NewReference::Given(reference) => Some(Self::with(&new, reference.clone())?),
            NewReference::Allotted { .. } => None,
        };
        Ok(Self { new, made })
    }

    fn with(new: &NewPayment, reference: String) -> Result<(Prepared, String), StoreError> {
        let (change, answer) = transition::create(new, reference);
        Ok((Prepared::of(change)?, answer))
    }
}

pub(in crate::store::sqlite) fn create(
    connection: &Connection,
    NewRows { new, made }: &NewRows,
    idempotency: Option<&Idempotency>,
) -> Result<Created, StoreError> {
    if let Some(asked) = idempotency
        && let Some(before) = answered(connection, &new.shop, &asked.key)?
    {
        return Ok(if before.fingerprint == asked.fingerprint {
            Created::Before(before.answer)
        } else {
            Created::KeyReused
        });
    }
    let also = idempotency.and_then(|asked| asked.also.as_deref());
    if let Some(also) = also
        && answered(connection, &new.shop, also)?.is_some()
    {
        return Ok(Created::KeyReused);
    }
    let allotted;
    let (prepared, answer) = match (made, &new.reference) {
        (Some(made), _) => made,
        (None, NewReference::Given(reference)) => {
            allotted = NewRows::with(new, reference.clone())?;
            &allotted
        }
        (None, NewReference::Allotted { prefix }) => {
            allotted = NewRows::with(new, allot(connection, &new.shop, prefix)?)?;
            &allotted
        }
    };
    write(connection, prepared)?;
    if let Some(asked) = idempotency {
        keep_answer(connection, asked, &new.shop, &new.id, answer, new.now)?;
        if let Some(also) = also {
            let asked = Idempotency {
                key: also.to_owned(),
                ..asked.clone()
            };
            keep_answer(connection, &asked, &new.shop, &new.id, answer, new.now)?;
        }
    }
    Ok(Created::New(answer.clone()))
}

/// Keeps the answer under its key.
pub(super) fn keep_answer(
    connection: &Connection,
    asked: &Idempotency,
    shop: &str,
    payment: &str,
    answer: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    run(
        connection,
        "insert into idempotency (shop, key, fingerprint, payment, answer, created_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            shop,
            asked.key,
            asked.fingerprint,
            payment,
            answer,
            int(now.millis())
        ],
    )
}

pub(in crate::store::sqlite) fn answered(
    connection: &Connection,
    shop: &str,
    key: &str,
) -> Result<Option<Answered>, StoreError> {
    connection
        .prepare_cached("select fingerprint, answer from idempotency where shop = ?1 and key = ?2")
        .and_then(|mut statement| {
            statement
                .query_row([shop, key], |row| {
                    Ok(Answered {
                        fingerprint: row.get(0)?,
                        answer: row.get(1)?,
                    })
                })
                .optional()
        })
        .map_err(refused)
}

/// The next reference of the shop's series that none of its payments has.
fn allot(connection: &Connection, shop: &str, prefix: &str) -> Result<String, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("select last from reference_series where shop = ?1 and prefix = ?2")
        .and_then(|mut statement| {
            statement
                .query_row([shop, prefix], |row| row.get(0))
                .optional()
        })
        .map_err(refused)?;
    let mut number = last.unwrap_or(0);
    let reference = loop {
        number = number.checked_add(1).ok_or(StoreError::NoReference)?;
        let reference = transition::series_reference(prefix, natural(number))?;
        if !is_used(connection, shop, &reference)? {
            break reference;
        }
    };
    run(
        connection,
        "insert into reference_series (shop, prefix, last) values (?1, ?2, ?3) \
         on conflict (shop, prefix) do update set last = excluded.last",
        params![shop, prefix, number],
    )?;
    Ok(reference)
}

fn is_used(connection: &Connection, shop: &str, reference: &str) -> Result<bool, StoreError> {
    connection
        .prepare_cached("select 1 from payments where shop = ?1 and reference = ?2 limit 1")
        .and_then(|mut statement| statement.exists([shop, reference]))
        .map_err(refused)
}

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("select {PAYMENT} from payments p where p.id = ?1 and p.shop = ?2"));
static BY_TOKEN: LazyLock<String> =
    LazyLock::new(|| format!("select {PAYMENT} from payments p where p.token = ?1"));
static BY_ATTEMPT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT} from attempts a join payments p on p.id = a.payment \
         where a.provider = ?1 and a.id = ?2"
    )
});

pub(in crate::store::sqlite) fn payment(
    connection: &Connection,
    shop: &str,
    id: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connection, &BY_ID, [id, shop])
}

pub(in crate::store::sqlite) fn by_token(
    connection: &Connection,
    token: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connection, &BY_TOKEN, [token])
}

pub(in crate::store::sqlite) fn by_attempt(
    connection: &Connection,
    provider: &str,
    attempt: &str,
) -> Result<Option<Payment>, StoreError> {
    one(connection, &BY_ATTEMPT, [provider, attempt])
}

fn one<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<Option<Payment>, StoreError> {
    rows(connection, sql, parameters, payment_of).map(|mut found| found.pop())
}

/// Over all shops, of which there are few, the payments of one after the other put together: then
/// the indexes that serve one shop serve all of them.
pub(in crate::store::sqlite) fn list(
    connection: &Connection,
    filter: &Filter,
) -> Result<Vec<Payment>, StoreError> {
    if filter.shop.is_some() || filter.id.is_some() {
        return list_one(connection, filter);
    }
    let mut found = Vec::new();
    for shop in shops(connection)? {
        let mut filter = filter.clone();
        filter.shop = Some(shop);
        found.extend(list_one(connection, &filter)?);
    }
    found.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// The shops that have payments, found by skipping through an index.
pub(super) fn shops(connection: &Connection) -> Result<Vec<String>, StoreError> {
    rows(
        connection,
        "with recursive shops (shop) as (select min(shop) from payments union all \
         select (select min(p.shop) from payments p where p.shop > shops.shop) from shops \
         where shops.shop is not null) select shop from shops where shop is not null",
        [],
        |row| column(row, 0),
    )
}

/// The payments of one shop, or the one of an identifier.
fn list_one(connection: &Connection, filter: &Filter) -> Result<Vec<Payment>, StoreError> {
    let mut sql = format!("select {PAYMENT} from payments p where true");
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(" and ");
        sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(id) = &filter.id {
        add("p.id = ?", id.clone().into());
    }
    if let Some(shop) = &filter.shop {
        add("p.shop = ?", shop.clone().into());
    }
    if let Some(status) = filter.status {
        add("p.status = ?", status.as_str().to_owned().into());
    }
    if let Some(order) = &filter.order {
        add("p.order_number = ?", order.clone().into());
    }
    if let Some(reference) = &filter.reference {
        add("p.reference = ?", reference.clone().into());
    }
    if let Some(from) = filter.from {
        add("p.created_at >= ?", int(from.millis()).into());
    }
    if let Some(to) = filter.to {
        add("p.created_at < ?", int(to.millis()).into());
    }
    if let Some((at, id)) = &filter.after {
        let at = int(at.millis());
        add("p.created_at <= ?", at.into());
        add("(p.created_at < ?", at.into());
        // The second half of the pair's comparison, written out: row values are not everywhere.
        values.push(id.clone().into());
        sql.push_str(&format!(" or p.id < ?{})", values.len()));
    }
    values.push(i64::from(filter.limit).into());
    sql.push_str(&format!(
        " order by p.created_at desc, p.id desc limit ?{}",
        values.len()
    ));
    rows(connection, &sql, params_from_iter(values), payment_of)
}

pub(in crate::store::sqlite) fn events(
    connection: &Connection,
    shop: &str,
    id: &str,
) -> Result<Option<Vec<EventRecord>>, StoreError> {
    let known = connection
        .prepare_cached("select 1 from payments where id = ?1 and shop = ?2")
        .and_then(|mut statement| statement.exists([id, shop]))
        .map_err(refused)?;
    if !known {
        return Ok(None);
    }
    rows(
        connection,
        "select seq, at, who, kind, detail from events where payment = ?1 order by seq",
        [id],
        |row| {
            let detail: String = column(row, 4)?;
            Ok(EventRecord {
                seq: natural(column(row, 0)?),
                at: time(column(row, 1)?),
                who: column(row, 2)?,
                kind: column(row, 3)?,
                detail: json(&detail, "event")?,
            })
        },
    )
    .map(Some)
}
