//! Refunds begun, settled and read.

use std::sync::LazyLock;

use kassa_checkout::{Timestamp, lifecycle::RefundStatus};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    changes::{DECISIONS, write},
    connection::Connections,
    payments::{answered, payment},
    row::{get, int, is_storable, natural, time},
    writes::Kept,
};
use crate::store::{
    Idempotency, NewRefund, PendingRefund, RefundRecord, RefundStep, Refunding, StoreError, refund,
};

/// The columns of a refund, in the order in which [`refund_of`] reads them.
const REFUND: &str =
    "r.id, r.payment, r.attempt, r.cents, r.status, r.manual, r.note, r.created_at, r.changed_at";
/// How many those are.
const REFUND_COLUMNS: usize = 9;

pub(super) async fn begin(
    store: &PostgresStore,
    new: NewRefund,
    idempotency: Option<Idempotency>,
) -> Result<Refunding, StoreError> {
    for _ in 0..DECISIONS {
        if let Some(asked) = &idempotency
            && let Some(before) = answered(&store.connections, &new.shop, &asked.key).await?
        {
            return Ok(if before.fingerprint == asked.fingerprint {
                Refunding::Before(before.answer)
            } else {
                Refunding::KeyReused
            });
        }
        let Some(payment) = payment(&store.connections, &new.shop, &new.payment).await? else {
            return Ok(Refunding::Unknown);
        };
        let token = payment.token.clone();
        let (change, refund) = match refund::begin(payment, &new)? {
            Ok(begun) => begun,
            Err(refusal) => return Ok(Refunding::Refused(refusal)),
        };
        let answer = (new.answer)(&refund);
        let kept = idempotency.clone().map(|asked| Kept {
            asked,
            answer: answer.clone(),
            at: new.now,
        });
        // A key that another request took in this moment is found in the next round.
        if write(store, change, kept).await?.is_some() {
            return Ok(Refunding::New {
                refund,
                answer,
                token,
            });
        }
    }
    Err(StoreError::Unavailable)
}

static BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {REFUND}, p.shop from refunds r join payments p on p.id = r.payment \
         where r.id = $1"
    )
});

pub(super) async fn advance(
    store: &PostgresStore,
    id: &str,
    step: RefundStep,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    if !is_storable(id) {
        return Ok(None);
    }
    for _ in 0..DECISIONS {
        let rows = store.connections.query(&BY_ID, &[&id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let refund = refund_of(row)?;
        let shop: String = get(row, REFUND_COLUMNS)?;
        let payment = payment(&store.connections, &shop, &refund.payment).await?;
        let payment = payment.ok_or(StoreError::Corrupt("refund"))?;
        let token = payment.token.clone();
        let Some(change) = refund::advance(payment, refund, step, now)? else {
            return Ok(None);
        };
        if write(store, change, None).await?.is_some() {
            return Ok(Some(token));
        }
    }
    Err(StoreError::Unavailable)
}

static PENDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {REFUND}, p.shop from refunds r join payments p on p.id = r.payment \
         where r.status = 'pending' and r.created_at >= $1 order by r.created_at, r.id limit $2"
    )
});

pub(super) async fn pending(
    connections: &Connections,
    from: Timestamp,
    limit: u32,
) -> Result<Vec<PendingRefund>, StoreError> {
    let rows = connections
        .query(&PENDING, &[&int(from.millis()), &i64::from(limit)])
        .await?;
    let pending = rows.iter().map(|row| {
        Ok(PendingRefund {
            shop: get(row, REFUND_COLUMNS)?,
            refund: refund_of(row)?,
        })
    });
    pending.collect()
}

static OF_PAYMENT: LazyLock<String> = LazyLock::new(|| {
    format!("select {REFUND} from refunds r where r.payment = $1 order by r.created_at, r.id")
});

pub(super) async fn refunds(
    connections: &Connections,
    shop: &str,
    of: &str,
) -> Result<Option<Vec<RefundRecord>>, StoreError> {
    if payment(connections, shop, of).await?.is_none() {
        return Ok(None);
    }
    let rows = connections.query(&OF_PAYMENT, &[&of]).await?;
    rows.iter()
        .map(refund_of)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn refund_of(row: &Row) -> Result<RefundRecord, StoreError> {
    let status: &str = get(row, 4)?;
    let manual: i64 = get(row, 5)?;
    Ok(RefundRecord {
        id: get(row, 0)?,
        payment: get(row, 1)?,
        attempt: get(row, 2)?,
        cents: natural(get(row, 3)?),
        status: RefundStatus::from_word(status).ok_or(StoreError::Corrupt("refund"))?,
        manual: manual != 0,
        note: get(row, 6)?,
        created_at: time(get(row, 7)?),
        changed_at: time(get(row, 8)?),
    })
}
