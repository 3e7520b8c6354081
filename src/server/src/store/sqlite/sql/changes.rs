//! Changes decided and written: attempts begun, reports applied, deadlines met.

use kassa_checkout::{BankId, Timestamp, provider::PaymentEvent};
use rusqlite::{Connection, params};

use super::{
    PAYMENT, changed, due_in, int, payment_of,
    payments::{by_attempt, by_token, payment},
    refunds, refused, rows, run,
};
use crate::{
    clock,
    store::{
        Applied, AttemptRecord, Begin, Begun, Called, Note, Noted, Payment, StoreError,
        prepared::Prepared,
        transition::{self, Beginning, Change, NewMessage},
    },
};

/// What a decision comes to: an answer, or a change to write and the answer when it is written.
pub(in crate::store::sqlite) enum Decided<T> {
    Answer(T),
    Change(Box<Prepared>),
}

impl<T> Decided<T> {
    fn change(change: Change) -> Result<Self, StoreError> {
        Ok(Self::Change(Box::new(Prepared::of(change)?)))
    }
}

/// Decides on the wish to pay.
pub(in crate::store::sqlite) fn decide_attempt(
    connection: &Connection,
    begin: &Begin,
) -> Result<Decided<Begun>, StoreError> {
    let Some(payment) = by_token(connection, &begin.token)? else {
        return Ok(Decided::Answer(Begun::Unknown));
    };
    match transition::begin(payment.clone(), begin)? {
        Beginning::Same(attempt) => Ok(Decided::Answer(Begun::Attempt {
            payment: Box::new(payment),
            attempt,
            new: false,
        })),
        Beginning::CannotPay => Ok(Decided::Answer(Begun::CannotPay)),
        Beginning::New(change, _) => Decided::change(*change),
    }
}

/// Writes what was decided on the wish to pay; decides anew where the payment has changed.
pub(in crate::store::sqlite) fn begin_attempt(
    connection: &Connection,
    begin: &Begin,
    prepared: &Prepared,
) -> Result<Begun, StoreError> {
    if write(connection, prepared)? {
        return begun(&prepared.change);
    }
    match decide_attempt(connection, begin)? {
        Decided::Answer(answer) => Ok(answer),
        Decided::Change(anew) => {
            write(connection, &anew)?;
            begun(&anew.change)
        }
    }
}

fn begun(change: &Change) -> Result<Begun, StoreError> {
    Ok(Begun::Attempt {
        payment: Box::new(change.payment.clone()),
        attempt: change.attempt.clone().ok_or(StoreError::Refused)?,
        new: true,
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
        write(connection, &Prepared::of(change)?)?;
    }
    Ok(Some(token))
}

/// Decides on a report about a payment that is still to be found.
pub(in crate::store::sqlite) fn decide_report(
    connection: &Connection,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Decided<Applied>, StoreError> {
    match by_attempt(connection, provider, &report.provider_payment_id)? {
        Some(payment) => decide_report_on(connection, payment, provider, report, now),
        None => Ok(Decided::Answer(Applied::Unknown)),
    }
}

/// Decides on a report about a payment as it was a moment ago.
pub(in crate::store::sqlite) fn decide_report_on(
    connection: &Connection,
    payment: Payment,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Decided<Applied>, StoreError> {
    let dedupe = transition::dedupe_key(provider, &report);
    if is_known(connection, &payment.id, &dedupe)? {
        return Ok(Decided::Answer(Applied::Duplicate));
    }
    Decided::change(transition::report(payment, provider, report, now)?)
}

/// Whether a payment has an event of this key.
fn is_known(connection: &Connection, payment: &str, dedupe: &str) -> Result<bool, StoreError> {
    connection
        .prepare_cached("select 1 from events where payment = ?1 and dedupe = ?2")
        .and_then(|mut statement| statement.exists([payment, dedupe]))
        .map_err(refused)
}

pub(in crate::store::sqlite) fn note(
    connection: &Connection,
    note: &Note,
) -> Result<Noted, StoreError> {
    let Some(payment) = payment(connection, &note.shop, &note.payment)? else {
        return Ok(Noted::Changed);
    };
    if is_known(connection, &payment.id, &note.once)? {
        return Ok(Noted::Before);
    }
    let Some(change) = transition::note(payment, note) else {
        return Ok(Noted::Changed);
    };
    let written = write(connection, &Prepared::of(change)?)?;
    Ok(if written { Noted::New } else { Noted::Changed })
}

/// Writes what was decided on a report; decides anew where the payment has changed.
pub(in crate::store::sqlite) fn apply(
    connection: &Connection,
    provider: &str,
    report: &PaymentEvent,
    now: Timestamp,
    prepared: &Prepared,
) -> Result<Applied, StoreError> {
    if write(connection, prepared)? {
        return Ok(applied(&prepared.change));
    }
    match decide_report(connection, provider, report.clone(), now)? {
        Decided::Answer(answer) => Ok(answer),
        Decided::Change(anew) => {
            write(connection, &anew)?;
            Ok(applied(&anew.change))
        }
    }
}

fn applied(change: &Change) -> Applied {
    Applied::Changed {
        status: change.payment.status(),
        token: change.payment.token.clone(),
        flags: change.flags.clone(),
    }
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
                let prepared = Prepared::of(change)?;
                write(connection, &prepared)?;
                tokens.push(prepared.change.payment.token);
            }
            None => set_deadline(connection, &payment)?,
        }
    }
    Ok(tokens)
}

/// Writes a change. Answers whether it did: not when the payment has another version by now.
pub(super) fn write(connection: &Connection, prepared: &Prepared) -> Result<bool, StoreError> {
    let change = &prepared.change;
    let payment = &change.payment;
    match change.from {
        None => insert_payment(connection, prepared)?,
        Some(from) if !update_payment(connection, prepared, from)? => return Ok(false),
        Some(_) => {}
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
    if let Some(refund) = &change.refund {
        refunds::put(connection, refund)?;
    }
    append_events(connection, prepared)?;
    for message in &change.messages {
        insert_message(connection, payment, message)?;
    }
    Ok(true)
}

/// Adds a message to the shop, after all others.
fn insert_message(
    connection: &Connection,
    payment: &Payment,
    message: &NewMessage,
) -> Result<(), StoreError> {
    run(
        connection,
        "insert into webhooks (id, shop, payment, body, created_at, due_at, tries, claimed, \
         outcome) values (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 'waiting')",
        params![
            message.id,
            payment.shop,
            payment.id,
            message.body,
            due_in(0),
        ],
    )
}

fn insert_payment(connection: &Connection, prepared: &Prepared) -> Result<(), StoreError> {
    let change = &prepared.change;
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
            prepared.terms,
            prepared.lifecycle,
        ],
    )
}

/// Whether the payment still had this version.
fn update_payment(
    connection: &Connection,
    prepared: &Prepared,
    from: u64,
) -> Result<bool, StoreError> {
    let change = &prepared.change;
    let payment = &change.payment;
    changed(
        connection,
        "update payments set status = ?3, version = ?4, events = ?5, changed_at = ?6, \
         deadline_at = ?7, lifecycle = ?8, latest = ?9 where id = ?1 and version = ?2",
        params![
            payment.id,
            int(from),
            payment.status().as_str(),
            int(payment.version),
            int(payment.events),
            int(payment.changed_at.millis()),
            change.deadline().map(|at| int(at.millis())),
            prepared.lifecycle,
            prepared.latest,
        ],
    )
    .map(|rows| rows > 0)
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

fn append_events(connection: &Connection, prepared: &Prepared) -> Result<(), StoreError> {
    let change = &prepared.change;
    let mut dedupe = change.dedupe.as_deref();
    for (event, detail) in change.events.iter().zip(&prepared.details) {
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
                detail,
            ],
        )?;
    }
    Ok(())
}
