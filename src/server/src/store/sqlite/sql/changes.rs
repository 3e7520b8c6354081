//! Changes decided and written: attempts begun, reports applied, deadlines met.

use kassa_checkout::{BankId, Timestamp, provider::PaymentEvent};
use rusqlite::{Connection, params};

use super::{
    PAYMENT, due_in, int, payment_of,
    payments::{by_attempt, by_token},
    refused, rows, run, text,
};
use crate::{
    clock,
    store::{
        Applied, AttemptRecord, Begin, Begun, Called, Payment, StoreError,
        transition::{self, Beginning, Change},
    },
};

pub(in crate::store::sqlite) fn begin_attempt(
    connection: &Connection,
    begin: &Begin,
) -> Result<Begun, StoreError> {
    let Some(payment) = by_token(connection, &begin.token)? else {
        return Ok(Begun::Unknown);
    };
    Ok(match transition::begin(payment.clone(), begin)? {
        Beginning::Same(attempt) => Begun::Attempt {
            payment: Box::new(payment),
            attempt,
            new: false,
        },
        Beginning::CannotPay => Begun::CannotPay,
        Beginning::New(change, attempt) => {
            write(connection, &change)?;
            Begun::Attempt {
                payment: Box::new(change.payment),
                attempt,
                new: true,
            }
        }
    })
}

pub(in crate::store::sqlite) fn called(
    connection: &Connection,
    called: &Called,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let Some(payment) = by_attempt(connection, called.provider, &called.attempt)? else {
        return Ok(None);
    };
    let token = payment.token.clone();
    if let Some(change) = transition::called(payment, called, now)? {
        write(connection, &change)?;
    }
    Ok(Some(token))
}

pub(in crate::store::sqlite) fn apply(
    connection: &Connection,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let attempt = report.provider_payment_id.clone();
    let Some(payment) = by_attempt(connection, provider, &attempt)? else {
        return Ok(Applied::Unknown);
    };
    let dedupe = transition::dedupe_key(provider, &report);
    let known = connection
        .prepare_cached("select 1 from events where payment = ?1 and dedupe = ?2")
        .and_then(|mut statement| statement.exists([&payment.id, &dedupe]))
        .map_err(refused)?;
    if known {
        return Ok(Applied::Duplicate);
    }
    let change = transition::report(payment, provider, report, now)?;
    write(connection, &change)?;
    Ok(Applied::Changed {
        status: change.payment.status(),
        token: change.payment.token,
        flags: change.flags,
    })
}

pub(in crate::store::sqlite) fn meet_deadlines(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let now = clock::now();
    let sql = format!(
        "select {PAYMENT} from payments p where p.deadline_at <= ?1 \
         order by p.deadline_at limit ?2"
    );
    let due = rows(
        connection,
        &sql,
        params![int(now.millis()), limit],
        payment_of,
    )?;
    let mut tokens = Vec::with_capacity(due.len());
    for payment in due {
        match transition::meet_deadline(payment.clone(), now)? {
            Some(change) => {
                write(connection, &change)?;
                tokens.push(change.payment.token);
            }
            None => set_deadline(connection, &payment)?,
        }
    }
    Ok(tokens)
}

/// Writes a change.
pub(super) fn write(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    let payment = &change.payment;
    if change.from.is_some() {
        update_payment(connection, change)?;
    } else {
        insert_payment(connection, change)?;
    }
    if let Some(attempt) = &change.attempt {
        insert_attempt(connection, payment, attempt, change.first_question())?;
    }
    if let Some(ask) = &change.ask {
        run(
            connection,
            "update attempts set ask_at = ?3 where provider = ?1 and id = ?2",
            params![ask.provider, ask.attempt, due_in(ask.after)],
        )?;
    }
    append_events(connection, change)?;
    for message in &change.messages {
        run(
            connection,
            "insert into webhooks (id, shop, payment, body, created_at, due_at, tries, claimed, \
             outcome, position) select ?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 'waiting', \
             coalesce(max(position), 0) + 1 from webhooks where shop = ?2",
            params![
                message.id,
                payment.shop,
                payment.id,
                message.body,
                due_in(0),
            ],
        )?;
    }
    Ok(())
}

fn insert_payment(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    let payment = &change.payment;
    run(
        connection,
        "insert into payments (id, shop, token, order_number, reference, amount_cents, status, \
         version, events, created_at, changed_at, expires_at, deadline_at, terms, lifecycle) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
            change.deadline().map(|at| int(at.millis())),
            text(&payment.terms, "terms")?,
            text(&payment.lifecycle, "lifecycle")?,
        ],
    )
}

fn update_payment(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    let payment = &change.payment;
    run(
        connection,
        "update payments set status = ?2, version = ?3, events = ?4, changed_at = ?5, \
         deadline_at = ?6, lifecycle = ?7, latest = ?8 where id = ?1",
        params![
            payment.id,
            payment.status().as_str(),
            int(payment.version),
            int(payment.events),
            int(payment.changed_at.millis()),
            change.deadline().map(|at| int(at.millis())),
            text(&payment.lifecycle, "lifecycle")?,
            payment
                .latest
                .as_ref()
                .map(|latest| text(latest, "attempt"))
                .transpose()?,
        ],
    )
}

/// Sets right a deadline that is not one any more.
fn set_deadline(connection: &Connection, payment: &Payment) -> Result<(), StoreError> {
    let deadline = transition::deadline_of(payment).map(|at| int(at.millis()));
    run(
        connection,
        "update payments set deadline_at = ?2 where id = ?1",
        params![payment.id, deadline],
    )
}

fn insert_attempt(
    connection: &Connection,
    payment: &Payment,
    attempt: &AttemptRecord,
    first_question: u64,
) -> Result<(), StoreError> {
    run(
        connection,
        "insert into attempts (provider, id, payment, number, bank, method, created_at, ask_at, \
         asks) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
        params![
            attempt.provider,
            attempt.id,
            payment.id,
            int(attempt.number),
            attempt.bank.as_ref().map(BankId::as_str),
            attempt.method,
            int(attempt.at.millis()),
            due_in(first_question),
        ],
    )
}

fn append_events(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    let mut dedupe = change.dedupe.as_deref();
    for event in &change.events {
        run(
            connection,
            "insert into events (payment, seq, at, who, kind, dedupe, detail) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                change.payment.id,
                int(event.seq),
                int(event.at.millis()),
                event.who,
                event.kind,
                dedupe.take(),
                event.detail.to_string(),
            ],
        )?;
    }
    Ok(())
}
