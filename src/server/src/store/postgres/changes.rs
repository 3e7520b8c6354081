//! Changes decided and written: attempts begun, reports applied, deadlines met.

use std::sync::LazyLock;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kassa_checkout::{BankId, Timestamp, provider::PaymentEvent};

use super::{
    NOW,
    connection::Connections,
    payments::{by_attempt, by_token, payment},
    refunds,
    row::{self, PAYMENT, PAYMENT_COLUMNS, get, int, is_storable, text, time},
    statement::Statement,
};
use crate::store::{
    Applied, Begin, Begun, Called, Idempotency, Note, Noted, Payment, StoreError,
    transition::{self, Beginning, Change},
};

/// How often a decision is made again because the payment changed meanwhile. Each time somebody
/// else's change was written, so that it is no lack of progress that ends it.
pub(super) const DECISIONS: usize = 50;
/// How many deadlines are met at once.
const AT_ONCE: usize = 8;

pub(super) async fn begin_attempt(
    connections: &Connections,
    begin: Begin,
) -> Result<Begun, StoreError> {
    for _ in 0..DECISIONS {
        let Some(payment) = by_token(connections, &begin.token).await? else {
            return Ok(Begun::Unknown);
        };
        match transition::begin(payment.clone(), &begin)? {
            Beginning::Same(attempt) => {
                return Ok(Begun::Attempt {
                    payment: Box::new(payment),
                    attempt,
                    new: false,
                });
            }
            Beginning::CannotPay => return Ok(Begun::CannotPay),
            Beginning::New(change, attempt) => {
                if write(connections, &change).await? {
                    return Ok(Begun::Attempt {
                        payment: Box::new(change.payment),
                        attempt,
                        new: true,
                    });
                }
            }
        }
    }
    Err(StoreError::Unavailable)
}

pub(super) async fn called(
    connections: &Connections,
    called: Called,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    for _ in 0..DECISIONS {
        let found = by_attempt(connections, called.provider, &called.attempt).await?;
        let Some(payment) = found else {
            return Ok(None);
        };
        let token = payment.token.clone();
        let Some(change) = transition::called(payment, &called, now)? else {
            return Ok(Some(token));
        };
        if write(connections, &change).await? {
            return Ok(Some(token));
        }
    }
    Err(StoreError::Unavailable)
}

pub(super) async fn note(connections: &Connections, note: Note) -> Result<Noted, StoreError> {
    let Some(payment) = payment(connections, &note.shop, &note.payment).await? else {
        return Ok(Noted::Changed);
    };
    let sql = "select 1 from events where payment = $1 and dedupe = $2";
    let once = storable(&note.once);
    if !connections
        .query(sql, &[&payment.id, &once])
        .await?
        .is_empty()
    {
        return Ok(Noted::Before);
    }
    let Some(change) = transition::note(payment, &note) else {
        return Ok(Noted::Changed);
    };
    // Refused too when one of its key came in between: the next try finds it.
    let written = write(connections, &change).await?;
    Ok(if written { Noted::New } else { Noted::Changed })
}

/// Applies a report to a payment as it was a moment ago; where it has changed since, it is read.
pub(super) async fn apply_to(
    connections: &Connections,
    seen: Payment,
    provider: &'static str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let change = transition::report(seen, provider, report.clone(), now)?;
    if write(connections, &change).await? {
        return Ok(applied(change));
    }
    apply(connections, provider, report, now).await
}

fn applied(change: Change) -> Applied {
    Applied::Changed {
        status: change.payment.status(),
        token: change.payment.token,
        flags: change.flags,
    }
}

static REPORTED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT}, exists (select 1 from events e where e.payment = p.id \
         and e.dedupe = $3) from attempts a join payments p on p.id = a.payment \
         where a.provider = $1 and a.id = $2"
    )
});

pub(super) async fn apply(
    connections: &Connections,
    provider: &'static str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let attempt = &report.provider_payment_id;
    if !is_storable(attempt) {
        return Ok(Applied::Unknown);
    }
    let dedupe = storable(&transition::dedupe_key(provider, &report));
    for _ in 0..DECISIONS {
        let rows = connections
            .query(&REPORTED, &[&provider, attempt, &dedupe])
            .await?;
        let Some(row) = rows.first() else {
            return Ok(Applied::Unknown);
        };
        if get(row, PAYMENT_COLUMNS)? {
            return Ok(Applied::Duplicate);
        }
        let change = transition::report(row::payment(row)?, provider, report.clone(), now)?;
        if write(connections, &change).await? {
            return Ok(applied(change));
        }
    }
    Err(StoreError::Unavailable)
}

static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT}, {NOW} from deadlines d join payments p on p.id = d.payment \
         where d.due_at <= {NOW} order by d.due_at limit $1"
    )
});

/// Several nodes may find the same payments: each payment is changed by one of them, since it
/// has another version then.
pub(super) async fn meet_deadlines(
    connections: &Connections,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let rows = connections.query(&DUE, &[&i64::from(limit)]).await?;
    let due = rows
        .iter()
        .map(|row| Ok((row::payment(row)?, time(get(row, PAYMENT_COLUMNS)?))))
        .collect::<Result<Vec<_>, StoreError>>()?;
    stream::iter(due)
        .map(|(payment, now)| meet_deadline(connections, payment, now))
        .buffered(AT_ONCE)
        .try_filter_map(async |changed| Ok(changed))
        .try_collect()
        .await
}

/// The token of the payment when it changed.
async fn meet_deadline(
    connections: &Connections,
    payment: Payment,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    if let Some(change) = transition::meet_deadline(payment.clone(), now)? {
        let written = write(connections, &change).await?;
        return Ok(written.then_some(change.payment.token));
    }
    let deadline = transition::deadline_of(&payment).map(|at| int(at.millis()));
    connections
        .query(SET_RIGHT, &[&payment.id, &int(payment.version), &deadline])
        .await?;
    Ok(None)
}

/// Sets right a deadline that is not one any more.
const SET_RIGHT: &str = "with right_one as (select $3::bigint as due_at from payments \
     where id = $1 and version = $2), \
     gone as (delete from deadlines using right_one \
     where payment = $1 and right_one.due_at is null) \
     update deadlines set due_at = right_one.due_at from right_one \
     where payment = $1 and right_one.due_at is not null";

/// An answer to be kept under its key.
pub(super) struct Kept<'a> {
    pub(super) asked: &'a Idempotency,
    pub(super) answer: &'a str,
    pub(super) at: Timestamp,
}

async fn write(connections: &Connections, change: &Change) -> Result<bool, StoreError> {
    write_keeping(connections, change, None).await
}

/// Writes a change of a payment that is there, all of it in one statement. Answers whether it
/// did: not when the payment has another version by now, or the report or the key is known.
pub(super) async fn write_keeping(
    connections: &Connections,
    change: &Change,
    kept: Option<&Kept<'_>>,
) -> Result<bool, StoreError> {
    let payment = &change.payment;
    let mut statement = Statement::new("with changed as (update payments set status = ");
    statement
        .text(payment.status().as_str())
        .sql(", version = ")
        .number(payment.version)
        .sql(", events = ")
        .number(payment.events)
        .sql(", changed_at = ")
        .number(payment.changed_at.millis())
        .sql(", lifecycle = ")
        .text(text(&payment.lifecycle, "lifecycle")?);
    if let Some(latest) = &payment.latest {
        let latest = text(latest, "attempt")?;
        statement.sql(", latest = ").text(latest);
    }
    statement
        .sql(" where id = ")
        .text(&payment.id)
        .sql(" and version = ")
        .number(change.from.ok_or(StoreError::Refused)?);
    if let Some(dedupe) = &change.dedupe {
        statement
            .sql(" and not exists (select 1 from events where payment = ")
            .text(&payment.id)
            .sql(" and dedupe = ")
            .text(storable(dedupe))
            .sql(")");
    }
    if let Some(kept) = kept {
        statement
            .sql(" and not exists (select 1 from idempotency where shop = ")
            .text(&payment.shop)
            .sql(" and key = ")
            .text(&kept.asked.key)
            .sql(")");
    }
    statement.sql(" returning 1)");
    if let Some(kept) = kept {
        keep(&mut statement, payment, kept);
    }
    put_off(&mut statement, change);
    begin_and_ask(&mut statement, change);
    refunds::put(&mut statement, change);
    tell(&mut statement, change);
    statement.sql(" ");
    say(&mut statement, change, "changed");
    statement.sql(" returning 1");
    Ok(!statement.run(connections).await?.is_empty())
}

fn keep<'a>(statement: &mut Statement<'a>, payment: &'a Payment, kept: &Kept<'a>) {
    statement
        .sql(
            ", kept as (insert into idempotency (shop, key, fingerprint, payment, answer, \
             created_at) select ",
        )
        .text(&payment.shop)
        .sql(", ")
        .text(&kept.asked.key)
        .sql(", ")
        .text(&kept.asked.fingerprint)
        .sql(", ")
        .text(&payment.id)
        .sql(", ")
        .text(kept.answer)
        .sql(", ")
        .number(kept.at.millis())
        .sql(" from changed)");
}

/// When the payment is to be looked at again, where that is another time than it was.
fn put_off<'a>(statement: &mut Statement<'a>, change: &'a Change) {
    let deadline = change.deadline();
    if deadline == change.was_due {
        return;
    }
    match deadline {
        Some(at) => statement
            .sql(", put_off as (insert into deadlines (payment, due_at) select ")
            .text(&change.payment.id)
            .sql(", ")
            .number(at.millis())
            .sql(" from changed on conflict (payment) do update set due_at = excluded.due_at)"),
        None => statement
            .sql(", settled as (delete from deadlines using changed where payment = ")
            .text(&change.payment.id)
            .sql(")"),
    };
}

/// The attempt that begins, or the one that is to be asked for.
fn begin_and_ask<'a>(statement: &mut Statement<'a>, change: &'a Change) {
    if let Some(attempt) = &change.attempt {
        statement
            .sql(
                ", begun as (insert into attempts (provider, id, payment, number, bank, method, \
                 created_at, ask_at) select ",
            )
            .text(&attempt.provider)
            .sql(", ")
            .text(&attempt.id)
            .sql(", ")
            .text(&change.payment.id)
            .sql(", ")
            .number(attempt.number)
            .sql(", ")
            .text(attempt.bank.as_ref().map(BankId::as_str))
            .sql(", ")
            .text(attempt.method.as_deref())
            .sql(", ")
            .number(attempt.at.millis())
            .sql(", ")
            .sql(NOW)
            .sql(" + 1000 * ")
            .number(change.first_question())
            .sql(" from changed)");
    }
    if let Some(ask) = &change.ask {
        statement
            .sql(", asked as (update attempts set ask_at = ")
            .sql(NOW)
            .sql(" + 1000 * ")
            .number(ask.after)
            .sql(" from changed where provider = ")
            .text(&ask.provider)
            .sql(" and id = ")
            .text(&ask.attempt)
            .sql(")");
    }
}

/// The messages to the shop, due at once.
fn tell<'a>(statement: &mut Statement<'a>, change: &'a Change) {
    if change.messages.is_empty() {
        return;
    }
    statement
        .sql(
            ", told as (insert into webhooks (id, shop, payment, body, created_at, due_at) select ",
        )
        .sql("m.id, ")
        .text(&change.payment.shop)
        .sql(", ")
        .text(&change.payment.id)
        .sql(", m.body, ")
        .sql(NOW)
        .sql(", ")
        .sql(NOW)
        .sql(" from changed, (values ");
    for (index, message) in change.messages.iter().enumerate() {
        statement
            .between(index == 0, ", ")
            .sql("(")
            .text(&message.id)
            .sql(", ")
            .text(&message.body)
            .sql(")");
    }
    statement.sql(") as m (id, body))");
}

/// The events, where the named part of the statement found its row. The first bears the key that
/// the report is known by.
pub(super) fn say<'a>(statement: &mut Statement<'a>, change: &'a Change, found: &str) {
    statement
        .sql("insert into events (payment, seq, at, who, kind, dedupe, detail) select ")
        .text(&change.payment.id)
        .sql(", e.* from ")
        .sql(found)
        .sql(", (values ");
    for (index, event) in change.events.iter().enumerate() {
        let dedupe = change.dedupe.as_deref().filter(|_| index == 0);
        statement
            .between(index == 0, ", ")
            .sql("(")
            .number(event.seq)
            .sql(", ")
            .number(event.at.millis())
            .sql(", ")
            .text(&event.who)
            .sql(", ")
            .text(&event.kind)
            .sql(", ")
            .text(dedupe.map(storable))
            .sql(", ")
            .text(event.detail.to_string())
            .sql(")");
    }
    statement.sql(") as e");
}

/// PostgreSQL holds no zero byte in a text. JSON has none; a key made of a provider's words could.
fn storable(key: &str) -> String {
    key.replace('\0', "\u{fffd}")
}
