//! Changes decided and written: attempts begun, reports applied, deadlines met.

use std::sync::LazyLock;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kassa_checkout::{Timestamp, provider::PaymentEvent};

use super::{
    NOW, PostgresStore,
    payments::{by_attempt, by_token, payment},
    row::{self, PAYMENT, PAYMENT_COLUMNS, get, int, is_storable, time},
    writes::{Kept, Write, storable},
};
use crate::store::{
    Applied, Begin, Begun, Called, Note, Noted, Payment, StoreError,
    transition::{self, Beginning, Change},
};

/// How often a decision is made again because the payment changed meanwhile. Each time somebody
/// else's change was written, so that it is no lack of progress that ends it.
pub(super) const DECISIONS: usize = 50;
/// How many deadlines are met at once.
const AT_ONCE: usize = 8;

pub(super) async fn begin_attempt(
    store: &PostgresStore,
    begin: Begin,
) -> Result<Begun, StoreError> {
    for _ in 0..DECISIONS {
        let Some(payment) = by_token(store, &begin.token).await? else {
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
                if let Some(change) = write(store, *change, None).await? {
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
    store: &PostgresStore,
    called: Called,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    for _ in 0..DECISIONS {
        let found = by_attempt(store, called.provider, &called.attempt).await?;
        let Some(payment) = found else {
            return Ok(None);
        };
        let token = payment.token.clone();
        let Some(change) = transition::called(payment, &called, now)? else {
            return Ok(Some(token));
        };
        if write(store, change, None).await?.is_some() {
            return Ok(Some(token));
        }
    }
    Err(StoreError::Unavailable)
}

pub(super) async fn note(store: &PostgresStore, note: Note) -> Result<Noted, StoreError> {
    let Some(payment) = payment(&store.connections, &note.shop, &note.payment).await? else {
        return Ok(Noted::Changed);
    };
    let sql = "select 1 from events where payment = $1 and dedupe = $2";
    let once = storable(&note.once);
    let rows = store.connections.query(sql, &[&payment.id, &once]).await?;
    if !rows.is_empty() {
        return Ok(Noted::Before);
    }
    let Some(change) = transition::note(payment, &note) else {
        return Ok(Noted::Changed);
    };
    // Refused too when one of its key came in between: the next try finds it.
    let written = write(store, change, None).await?;
    Ok(written.map_or(Noted::Changed, |_| Noted::New))
}

/// Applies a report to a payment as it was a moment ago; where it has changed since, it is read.
pub(super) async fn apply_to(
    store: &PostgresStore,
    seen: Payment,
    provider: &'static str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let change = transition::report(seen, provider, report.clone(), now)?;
    if let Some(change) = write(store, change, None).await? {
        return Ok(applied(change));
    }
    apply(store, provider, report, now).await
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
    store: &PostgresStore,
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
        let rows = store
            .connections
            .query(&REPORTED, &[&provider, attempt, &dedupe])
            .await?;
        let Some(row) = rows.first() else {
            return Ok(Applied::Unknown);
        };
        if get(row, PAYMENT_COLUMNS)? {
            return Ok(Applied::Duplicate);
        }
        let change = transition::report(row::payment(row)?, provider, report.clone(), now)?;
        if let Some(change) = write(store, change, None).await? {
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
    store: &PostgresStore,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let rows = store.connections.query(&DUE, &[&i64::from(limit)]).await?;
    let due = rows
        .iter()
        .map(|row| Ok((row::payment(row)?, time(get(row, PAYMENT_COLUMNS)?))))
        .collect::<Result<Vec<_>, StoreError>>()?;
    stream::iter(due)
        .map(|(payment, now)| meet_deadline(store, payment, now))
        .buffered(AT_ONCE)
        .try_filter_map(async |changed| Ok(changed))
        .try_collect()
        .await
}

/// The token of the payment when it changed.
async fn meet_deadline(
    store: &PostgresStore,
    payment: Payment,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    if let Some(change) = transition::meet_deadline(payment.clone(), now)? {
        let written = write(store, change, None).await?;
        return Ok(written.map(|change| change.payment.token));
    }
    let deadline = transition::deadline_of(&payment).map(|at| int(at.millis()));
    store
        .connections
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

/// Writes a change of a payment that is there, and gives it back. None when the payment has another
/// version by now, or the report or the key is known.
pub(super) async fn write(
    store: &PostgresStore,
    change: Change,
    kept: Option<Kept>,
) -> Result<Option<Change>, StoreError> {
    let (write, is_written) = store.changes.ask(Write::of(change, kept)?).await?;
    Ok(is_written.then(|| write.into_change()))
}
