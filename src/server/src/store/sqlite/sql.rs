//! All the SQL: each function is one operation inside the transaction that its caller holds.

use kassa_checkout::{Lifecycle, Timestamp, lifecycle::Event, provider::PaymentEvent};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Row, params, params_from_iter, types::Value,
};
use serde_json::json;

use crate::{
    store::{
        Applied, AttemptRecord, Backlog, Begin, Begun, Created, Delivery, EventRecord, Filter,
        Idempotency, NewPayment, NewReference, Outgoing, Payment, StoreError, Terms,
        transition::{self, Consequences, Said},
    },
    tokens,
};

/// The columns of a payment, in the order in which [`payment_of`] reads them.
const PAYMENT: &str = "p.id, p.shop, p.token, p.order_number, p.reference, p.version, p.events, \
     p.created_at, p.changed_at, p.expires_at, p.terms, p.lifecycle, p.latest";

/// How many digits follow the prefix of an allotted reference's base.
const SERIES_WIDTH: usize = 8;

/// Sets up the connection that writes.
pub(super) fn prepare_writer(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma busy_timeout = 5000; pragma temp_store = memory;",
        )
        .map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Sets up a connection that reads.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("pragma query_only = on; pragma busy_timeout = 5000;")
        .map_err(refused)
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

pub(super) fn create(
    connection: &Connection,
    new: NewPayment,
    idempotency: Option<Idempotency>,
) -> Result<Created, StoreError> {
    if let Some(asked) = &idempotency
        && let Some((fingerprint, answer)) = answered(connection, &new.shop, &asked.key)?
    {
        return Ok(if fingerprint == asked.fingerprint {
            Created::Before(answer)
        } else {
            Created::KeyReused
        });
    }
    let reference = match new.reference {
        NewReference::Given(reference) => reference,
        NewReference::Allotted { prefix } => allot(connection, &new.shop, &prefix)?,
    };
    let mut payment = Payment {
        id: new.id,
        shop: new.shop,
        token: new.token,
        order: new.order,
        reference,
        terms: new.terms,
        lifecycle: Lifecycle::new(new.amount),
        latest: None,
        version: 1,
        events: 0,
        created_at: new.now,
        changed_at: new.now,
        expires_at: new.expires_at,
    };
    let consequences = transition::created(&mut payment, new.now);
    insert_payment(connection, &payment)?;
    follow(connection, &payment, new.now, &consequences, None)?;
    let answer = (new.answer)(&payment);
    if let Some(asked) = idempotency {
        run(
            connection,
            "insert into idempotency (shop, key, fingerprint, payment, answer, created_at) \
             values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                payment.shop,
                asked.key,
                asked.fingerprint,
                payment.id,
                answer,
                int(new.now.millis())
            ],
        )?;
    }
    Ok(Created::New(answer))
}

fn answered(
    connection: &Connection,
    shop: &str,
    key: &str,
) -> Result<Option<(String, String)>, StoreError> {
    connection
        .prepare_cached("select fingerprint, answer from idempotency where shop = ?1 and key = ?2")
        .and_then(|mut statement| {
            statement
                .query_row([shop, key], |row| Ok((row.get(0)?, row.get(1)?)))
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
        let reference =
            viite::NationalReference::from_series(prefix, SERIES_WIDTH, natural(number))
                .map_err(|_| StoreError::NoReference)?;
        if !is_used(connection, shop, reference.to_machine())? {
            break reference;
        }
    };
    run(
        connection,
        "insert into reference_series (shop, prefix, last) values (?1, ?2, ?3) \
         on conflict (shop, prefix) do update set last = excluded.last",
        params![shop, prefix, number],
    )?;
    Ok(reference.to_machine().to_owned())
}

fn is_used(connection: &Connection, shop: &str, reference: &str) -> Result<bool, StoreError> {
    connection
        .prepare_cached("select 1 from payments where shop = ?1 and reference = ?2 limit 1")
        .and_then(|mut statement| statement.exists([shop, reference]))
        .map_err(refused)
}

fn insert_payment(connection: &Connection, payment: &Payment) -> Result<(), StoreError> {
    run(
        connection,
        "insert into payments (id, shop, token, order_number, reference, amount_cents, status, \
         version, events, created_at, changed_at, expires_at, offer_due_at, terms, lifecycle) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14)",
        params![
            payment.id,
            payment.shop,
            payment.token,
            payment.order,
            payment.reference,
            int(payment.lifecycle.amount().cents()),
            payment.status().as_str(),
            int(payment.version),
            int(payment.events),
            int(payment.created_at.millis()),
            int(payment.changed_at.millis()),
            int(payment.expires_at.millis()),
            text(&payment.terms, "terms")?,
            text(&payment.lifecycle, "lifecycle")?,
        ],
    )
}

fn update_payment(connection: &Connection, payment: &Payment) -> Result<(), StoreError> {
    run(
        connection,
        "update payments set status = ?2, version = ?3, events = ?4, changed_at = ?5, \
         lifecycle = ?6, latest = ?7 where id = ?1",
        params![
            payment.id,
            payment.status().as_str(),
            int(payment.version),
            int(payment.events),
            int(payment.changed_at.millis()),
            text(&payment.lifecycle, "lifecycle")?,
            payment
                .latest
                .as_ref()
                .map(|latest| text(latest, "attempt"))
                .transpose()?,
        ],
    )
}

/// Writes the events and webhooks that follow from a change; `dedupe` marks the first event.
fn follow(
    connection: &Connection,
    payment: &Payment,
    now: Timestamp,
    consequences: &Consequences,
    dedupe: Option<&str>,
) -> Result<(), StoreError> {
    let mut dedupe = dedupe;
    for event in &consequences.events {
        run(
            connection,
            "insert into events (payment, seq, at, who, kind, dedupe, detail) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                payment.id,
                int(event.seq),
                int(event.at.millis()),
                event.who,
                event.kind,
                dedupe.take(),
                event.detail.to_string(),
            ],
        )?;
    }
    for body in &consequences.webhooks {
        run(
            connection,
            "insert into webhooks (id, shop, payment, body, created_at, due_at, tries, claimed, \
             outcome) values (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 'waiting')",
            params![
                tokens::message_id()?,
                payment.shop,
                payment.id,
                body,
                int(now.millis()),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn payment(
    connection: &Connection,
    shop: &str,
    id: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql = format!("select {PAYMENT} from payments p where p.id = ?1 and p.shop = ?2");
    one(connection, &sql, [id, shop])
}

pub(super) fn by_token(
    connection: &Connection,
    token: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql = format!("select {PAYMENT} from payments p where p.token = ?1");
    one(connection, &sql, [token])
}

pub(super) fn by_attempt(
    connection: &Connection,
    provider: &str,
    attempt: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql = format!(
        "select {PAYMENT} from attempts a join payments p on p.id = a.payment \
         where a.provider = ?1 and a.id = ?2"
    );
    one(connection, &sql, [provider, attempt])
}

fn one<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<Option<Payment>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let mut rows = statement.query(parameters).map_err(refused)?;
    rows.next().map_err(refused)?.map(payment_of).transpose()
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Payment>, StoreError> {
    let mut sql = format!("select {PAYMENT} from payments p where p.shop = ?1");
    let mut values = vec![Value::from(filter.shop.clone())];
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(" and ");
        sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
    };
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
    let mut statement = connection.prepare_cached(&sql).map_err(refused)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(refused)?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        payments.push(payment_of(row)?);
    }
    Ok(payments)
}

pub(super) fn events(
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
    let mut statement = connection
        .prepare_cached(
            "select seq, at, who, kind, detail from events where payment = ?1 order by seq",
        )
        .map_err(refused)?;
    let mut rows = statement.query([id]).map_err(refused)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let detail: String = column(row, 4)?;
        events.push(EventRecord {
            seq: natural(column(row, 0)?),
            at: time(column(row, 1)?),
            who: column(row, 2)?,
            kind: column(row, 3)?,
            detail: json(&detail, "event")?,
        });
    }
    Ok(Some(events))
}

pub(super) fn begin_attempt(connection: &Connection, begin: &Begin) -> Result<Begun, StoreError> {
    let Some(mut payment) = by_token(connection, &begin.token)? else {
        return Ok(Begun::Unknown);
    };
    if let Some(latest) = same_choice(&payment, begin) {
        return Ok(Begun::Attempt {
            attempt: latest.clone(),
            payment: Box::new(payment),
            new: false,
        });
    }
    if !payment.lifecycle.can_pay() || begin.now >= payment.expires_at {
        return Ok(Begun::CannotPay);
    }
    let number = payment.latest.as_ref().map_or(0, |latest| latest.number) + 1;
    let attempt = AttemptRecord {
        id: format!("{}-{number}", payment.id),
        number,
        provider: begin.provider.to_owned(),
        bank: begin.bank.clone(),
        method: begin.method.clone(),
        language: begin.language,
        embedded: begin.embedded,
        at: begin.now,
    };
    let said = Said {
        who: "customer",
        kind: "attempt.started",
        detail: json!({
            "attempt": attempt.id,
            "provider": attempt.provider,
            "bank": attempt.bank,
            "method": attempt.method,
        }),
    };
    let event = Event::Started {
        attempt: attempt.id.clone(),
    };
    payment.latest = Some(attempt.clone());
    let consequences = transition::apply(&mut payment, event, said, begin.now);
    run(
        connection,
        "insert into attempts (provider, id, payment, number, bank, method, created_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            attempt.provider,
            attempt.id,
            payment.id,
            int(attempt.number),
            attempt.bank.as_ref().map(kassa_checkout::BankId::as_str),
            attempt.method,
            int(attempt.at.millis()),
        ],
    )?;
    update_payment(connection, &payment)?;
    follow(connection, &payment, begin.now, &consequences, None)?;
    Ok(Begun::Attempt {
        payment: Box::new(payment),
        attempt,
        new: true,
    })
}

/// The latest attempt, when it was begun a moment ago with the same choice and nothing has been
/// heard of it: a form sent twice.
fn same_choice<'a>(payment: &'a Payment, begin: &Begin) -> Option<&'a AttemptRecord> {
    let latest = payment.latest.as_ref()?;
    let same = latest.bank == begin.bank
        && latest.method == begin.method
        && latest.provider == begin.provider
        && latest.language == begin.language
        && latest.embedded == begin.embedded
        && payment.status() == kassa_checkout::Status::Redirected
        && begin.now < latest.at.plus_seconds(begin.same_within);
    same.then_some(latest)
}

pub(super) fn apply(
    connection: &Connection,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let attempt = report.provider_payment_id;
    let Some(mut payment) = by_attempt(connection, provider, &attempt)? else {
        return Ok(Applied::Unknown);
    };
    let evidence = report.evidence;
    let dedupe = format!(
        "{provider}/{attempt}/{}/{}/{}",
        evidence.key, evidence.amount_cents, evidence.currency
    );
    let known = connection
        .prepare_cached("select 1 from events where payment = ?1 and dedupe = ?2")
        .and_then(|mut statement| statement.exists([&payment.id, &dedupe]))
        .map_err(refused)?;
    if known {
        return Ok(Applied::Duplicate);
    }
    let who = format!("provider:{provider}");
    let said = Said {
        who: &who,
        kind: "provider.reported",
        detail: json!({ "attempt": attempt, "evidence": evidence }),
    };
    let event = Event::Evidence { attempt, evidence };
    let consequences = transition::apply(&mut payment, event, said, now);
    update_payment(connection, &payment)?;
    follow(connection, &payment, now, &consequences, Some(&dedupe))?;
    Ok(Applied::Changed {
        status: payment.status(),
        token: payment.token,
        flags: consequences.flags,
    })
}

pub(super) fn end_offers(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "select {PAYMENT} from payments p where p.offer_due_at <= ?1 \
         order by p.offer_due_at limit ?2"
    );
    let mut due = Vec::new();
    {
        let mut statement = connection.prepare_cached(&sql).map_err(refused)?;
        let mut rows = statement
            .query(params![int(now.millis()), limit])
            .map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            due.push(payment_of(row)?);
        }
    }
    let mut tokens = Vec::with_capacity(due.len());
    for mut payment in due {
        let said = Said {
            who: "kassa",
            kind: "offer.ended",
            detail: json!({}),
        };
        let consequences = transition::apply(&mut payment, Event::OfferEnded, said, now);
        update_payment(connection, &payment)?;
        run(
            connection,
            "update payments set offer_due_at = null where id = ?1",
            [&payment.id],
        )?;
        follow(connection, &payment, now, &consequences, None)?;
        tokens.push(payment.token);
    }
    Ok(tokens)
}

pub(super) fn claim_webhooks(
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
pub(super) fn release_claims(connection: &Connection) -> Result<(), StoreError> {
    run(
        connection,
        "update webhooks set due_at = created_at, claimed = 0 \
         where claimed = 1 and due_at is not null",
        [],
    )
}

pub(super) fn finish_webhook(
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

pub(super) fn backlog(connection: &Connection) -> Result<Backlog, StoreError> {
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

pub(super) fn readable(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("select version from schema_version limit 1")
        .and_then(|mut statement| statement.exists([]))
        .map(drop)
        .map_err(refused)
}

fn payment_of(row: &Row<'_>) -> Result<Payment, StoreError> {
    let terms: String = column(row, 10)?;
    let lifecycle: String = column(row, 11)?;
    let latest: Option<String> = column(row, 12)?;
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
        terms: json::<Terms>(&terms, "terms")?,
        lifecycle: json(&lifecycle, "lifecycle")?,
        latest: latest
            .map(|latest| json::<AttemptRecord>(&latest, "attempt"))
            .transpose()?,
    })
}

fn run<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    parameters: P,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map(drop)
        .map_err(refused)
}

fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(refused)
}

fn text(value: &impl serde::Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt(what))
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
