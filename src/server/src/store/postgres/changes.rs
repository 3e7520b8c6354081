//! Changes decided and written: attempts begun, reports applied, deadlines met.

use std::sync::LazyLock;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kassa_checkout::{BankId, Timestamp, provider::PaymentEvent};
use tokio_postgres::types::ToSql;

use super::{
    NOW,
    connection::Connections,
    payments::{by_attempt, by_token},
    row::{self, PAYMENT, PAYMENT_COLUMNS, get, int, is_storable, text, time},
};
use crate::store::{
    Applied, Begin, Begun, Called, Payment, StoreError,
    transition::{self, Beginning, Change},
};

/// How often a decision is made again because the payment changed meanwhile. Each time somebody
/// else's change was written, so that it is no lack of progress that ends it.
const DECISIONS: usize = 50;
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
            return Ok(Applied::Changed {
                status: change.payment.status(),
                token: change.payment.token,
                flags: change.flags,
            });
        }
    }
    Err(StoreError::Unavailable)
}

static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {PAYMENT}, {NOW} from payments p where p.deadline_at <= {NOW} \
         order by p.deadline_at limit $1"
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
    let sql = "update payments set deadline_at = $3 where id = $1 and version = $2";
    connections
        .query(sql, &[&payment.id, &int(payment.version), &deadline])
        .await?;
    Ok(None)
}

/// Events as columns, to be written by one statement whatever their number.
pub(super) struct Rows<'a> {
    pub(super) seqs: Vec<i64>,
    pub(super) at: Vec<i64>,
    pub(super) who: Vec<&'a str>,
    pub(super) kinds: Vec<&'a str>,
    pub(super) details: Vec<String>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        let events = || change.events.iter();
        Self {
            seqs: events().map(|event| int(event.seq)).collect(),
            at: events().map(|event| int(event.at.millis())).collect(),
            who: events().map(|event| event.who.as_str()).collect(),
            kinds: events().map(|event| event.kind.as_str()).collect(),
            details: events().map(|event| event.detail.to_string()).collect(),
        }
    }
}

/// Writes a change of a payment that is there, all of it in one statement. Answers whether it
/// did: not when the payment has another version by now.
async fn write(connections: &Connections, change: &Change) -> Result<bool, StoreError> {
    let payment = &change.payment;
    let from = int(change.from.ok_or(StoreError::Refused)?);
    let status = payment.status().as_str();
    let [version, events, changed] =
        [payment.version, payment.events, payment.changed_at.millis()].map(int);
    let deadline = change.deadline().map(|at| int(at.millis()));
    let lifecycle = text(&payment.lifecycle, "lifecycle")?;
    let latest = payment
        .latest
        .as_ref()
        .map(|latest| text(latest, "attempt"))
        .transpose()?;
    let rows = Rows::of(change);
    // The first event bears it.
    let mut dedupe = vec![None; change.events.len()];
    if let (Some(first), Some(key)) = (dedupe.first_mut(), &change.dedupe) {
        *first = Some(storable(key));
    }
    let (ids, bodies): (Vec<&str>, Vec<&str>) = change
        .messages
        .iter()
        .map(|message| (message.id.as_str(), message.body.as_str()))
        .unzip();
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
        &payment.id,
        &from,
        &status,
        &version,
        &events,
        &changed,
        &deadline,
        &lifecycle,
        &latest,
        &rows.seqs,
        &rows.at,
        &rows.who,
        &rows.kinds,
        &dedupe,
        &rows.details,
        &ids,
        &bodies,
    ];
    let begun = change.attempt.as_ref().map(|attempt| {
        (
            attempt,
            int(attempt.number),
            attempt.bank.as_ref().map(BankId::as_str),
            int(attempt.at.millis()),
            int(change.first_question()),
        )
    });
    let asked = change.ask.as_ref().map(|ask| (ask, int(ask.after)));
    let sql: &str = match (&begun, &asked) {
        (None, None) => &WRITE,
        (Some((attempt, number, bank, at, after)), _) => {
            parameters.extend([
                &attempt.provider as &(dyn ToSql + Sync),
                &attempt.id,
                number,
                bank,
                &attempt.method,
                at,
                after,
            ]);
            &WRITE_BEGUN
        }
        (None, Some((ask, after))) => {
            parameters.extend([&ask.provider as &(dyn ToSql + Sync), &ask.attempt, after]);
            &WRITE_ASKED
        }
    };
    let written: i64 = get(&connections.row(sql, &parameters).await?, 0)?;
    Ok(written > 0)
}

static WRITE: LazyLock<String> = LazyLock::new(|| written_with(""));

static WRITE_BEGUN: LazyLock<String> = LazyLock::new(|| {
    written_with(&format!(
        "begun as (insert into attempts (provider, id, payment, number, bank, method, \
         created_at, ask_at) select $18::text, $19::text, changed.id, $20::bigint, $21::text, \
         $22::text, $23::bigint, {NOW} + $24::bigint * 1000 from changed), "
    ))
});

static WRITE_ASKED: LazyLock<String> = LazyLock::new(|| {
    written_with(&format!(
        "asked as (update attempts a set ask_at = {NOW} + $20::bigint * 1000 from changed \
         where a.provider = $18 and a.id = $19), "
    ))
});

/// The statement: nothing of it happens unless the payment has the version decided on.
fn written_with(more: &str) -> String {
    format!(
        "with changed as (update payments set status = $3, version = $4, events = $5, \
         changed_at = $6, deadline_at = $7, lifecycle = $8, latest = $9 \
         where id = $1 and version = $2 returning id, shop), {more}\
         said as (insert into events (payment, seq, at, who, kind, dedupe, detail) \
         select changed.id, e.* from changed, unnest($10::bigint[], $11::bigint[], \
         $12::text[], $13::text[], $14::text[], $15::text[]) as e), \
         told as (insert into webhooks (id, shop, payment, body, created_at, due_at) \
         select m.id, changed.shop, changed.id, m.body, {NOW}, {NOW} \
         from changed, unnest($16::text[], $17::text[]) as m(id, body)) \
         select count(*) from changed"
    )
}

/// PostgreSQL holds no zero byte in a text. JSON has none; a key made of a provider's words could.
fn storable(key: &str) -> String {
    key.replace('\0', "\u{fffd}")
}
