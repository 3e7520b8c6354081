//! Refunds begun, settled and read.

use kassa_checkout::{Timestamp, lifecycle::RefundStatus};
use rusqlite::{Connection, Row, params};

use super::{
    changes::write,
    column, int, natural,
    payments::{answered, keep_answer, payment},
    rows, run, time,
};
use crate::store::{
    Idempotency, NewRefund, PendingRefund, RefundRecord, RefundStep, Refunding, StoreError,
    prepared::Prepared, refund,
};

/// The columns of a refund, in the order in which [`refund_of`] reads them.
const REFUND: &str =
    "r.id, r.payment, r.attempt, r.cents, r.status, r.manual, r.note, r.created_at, r.changed_at";

pub(in crate::store::sqlite) fn begin(
    connection: &Connection,
    new: &NewRefund,
    idempotency: Option<&Idempotency>,
) -> Result<Refunding, StoreError> {
    if let Some(asked) = idempotency
        && let Some(before) = answered(connection, &new.shop, &asked.key)?
    {
        return Ok(if before.fingerprint == asked.fingerprint {
            Refunding::Before(before.answer)
        } else {
            Refunding::KeyReused
        });
    }
    let Some(payment) = payment(connection, &new.shop, &new.payment)? else {
        return Ok(Refunding::Unknown);
    };
    let token = payment.token.clone();
    let (change, refund) = match refund::begin(payment, new)? {
        Ok(begun) => begun,
        Err(refusal) => return Ok(Refunding::Refused(refusal)),
    };
    write(connection, &Prepared::of(change)?)?;
    let answer = (new.answer)(&refund);
    if let Some(asked) = idempotency {
        keep_answer(connection, asked, &new.shop, &new.payment, &answer, new.now)?;
    }
    Ok(Refunding::New {
        refund,
        answer,
        token,
    })
}

pub(in crate::store::sqlite) fn advance(
    connection: &Connection,
    id: &str,
    step: RefundStep,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let sql = format!(
        "select {REFUND}, p.shop from refunds r join payments p on p.id = r.payment \
         where r.id = ?1"
    );
    let found = rows(connection, &sql, [id], |row| {
        Ok((refund_of(row)?, column::<String>(row, 9)?))
    })?;
    let Some((refund, shop)) = found.into_iter().next() else {
        return Ok(None);
    };
    let payment = payment(connection, &shop, &refund.payment)?;
    let payment = payment.ok_or(StoreError::Corrupt("refund"))?;
    let token = payment.token.clone();
    let Some(change) = refund::advance(payment, refund, step, now)? else {
        return Ok(None);
    };
    write(connection, &Prepared::of(change)?)?;
    Ok(Some(token))
}

pub(in crate::store::sqlite) fn pending(
    connection: &Connection,
    from: Timestamp,
    limit: u32,
) -> Result<Vec<PendingRefund>, StoreError> {
    let sql = format!(
        "select {REFUND}, p.shop from refunds r join payments p on p.id = r.payment \
         where r.status = 'pending' and r.created_at >= ?1 order by r.created_at, r.id limit ?2"
    );
    let limits = (int(from.millis()), i64::from(limit));
    rows(connection, &sql, limits, |row| {
        Ok(PendingRefund {
            shop: column(row, 9)?,
            refund: refund_of(row)?,
        })
    })
}

pub(in crate::store::sqlite) fn refunds(
    connection: &Connection,
    shop: &str,
    of: &str,
) -> Result<Option<Vec<RefundRecord>>, StoreError> {
    if payment(connection, shop, of)?.is_none() {
        return Ok(None);
    }
    let sql =
        format!("select {REFUND} from refunds r where r.payment = ?1 order by r.created_at, r.id");
    rows(connection, &sql, [of], refund_of).map(Some)
}

/// Writes a refund, or what has become of it.
pub(super) fn put(connection: &Connection, refund: &RefundRecord) -> Result<(), StoreError> {
    run(
        connection,
        "insert into refunds (id, payment, attempt, cents, status, manual, note, created_at, \
         changed_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         on conflict (id) do update set status = excluded.status, changed_at = excluded.changed_at",
        params![
            refund.id,
            refund.payment,
            refund.attempt,
            int(refund.cents),
            refund.status.as_str(),
            i64::from(refund.manual),
            refund.note,
            int(refund.created_at.millis()),
            int(refund.changed_at.millis()),
        ],
    )
}

fn refund_of(row: &Row<'_>) -> Result<RefundRecord, StoreError> {
    let status: String = column(row, 4)?;
    let manual: i64 = column(row, 5)?;
    Ok(RefundRecord {
        id: column(row, 0)?,
        payment: column(row, 1)?,
        attempt: column(row, 2)?,
        cents: natural(column(row, 3)?),
        status: RefundStatus::from_word(&status).ok_or(StoreError::Corrupt("refund"))?,
        manual: manual != 0,
        note: column(row, 6)?,
        created_at: time(column(row, 7)?),
        changed_at: time(column(row, 8)?),
    })
}
