//! The tables, as forward-only migrations.
//!
//! Only `text` and `bigint`, no row ids, no self-counting columns, no partial index: the same
//! statements make the tables of PostgreSQL. Times are milliseconds since the epoch.

use rusqlite::Connection;

use super::sql::refused;
use crate::store::StoreError;

/// Each entry brings the schema from the version of its index to the next. Never edited once
/// released; only appended to.
const MIGRATIONS: &[&str] = &["
    create table payments (
        id text not null primary key,
        shop text not null,
        token text not null unique,
        order_number text not null,
        reference text not null,
        amount_cents bigint not null,
        status text not null,
        version bigint not null,
        events bigint not null,
        created_at bigint not null,
        changed_at bigint not null,
        expires_at bigint not null,
        offer_due_at bigint,
        terms text not null,
        lifecycle text not null,
        latest text
    );
    create index payments_by_time on payments (shop, created_at, id);
    create index payments_by_order on payments (shop, order_number);
    create index payments_by_reference on payments (shop, reference);
    create index payments_by_offer on payments (offer_due_at);

    create table attempts (
        provider text not null,
        id text not null,
        payment text not null references payments (id),
        number bigint not null,
        bank text,
        method text,
        created_at bigint not null,
        primary key (provider, id),
        unique (payment, number)
    );

    create table events (
        payment text not null references payments (id),
        seq bigint not null,
        at bigint not null,
        who text not null,
        kind text not null,
        dedupe text,
        detail text not null,
        primary key (payment, seq),
        unique (payment, dedupe)
    );

    create table idempotency (
        shop text not null,
        key text not null,
        fingerprint text not null,
        payment text not null references payments (id),
        answer text not null,
        created_at bigint not null,
        primary key (shop, key)
    );

    create table webhooks (
        id text not null primary key,
        shop text not null,
        payment text not null references payments (id),
        body text not null,
        created_at bigint not null,
        due_at bigint,
        tries bigint not null,
        claimed bigint not null,
        outcome text not null
    );
    create index webhooks_by_due on webhooks (due_at);

    create table reference_series (
        shop text not null,
        prefix text not null,
        last bigint not null,
        primary key (shop, prefix)
    );
"];

/// Brings the tables up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(refused)?;
    transaction
        .execute_batch("create table if not exists schema_version (version bigint not null)")
        .map_err(refused)?;
    let version: i64 = transaction
        .query_row(
            "select coalesce(max(version), 0) from schema_version",
            [],
            |row| row.get(0),
        )
        .map_err(refused)?;
    let done = usize::try_from(version).map_err(|_| StoreError::Corrupt("schema version"))?;
    let target = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > target {
        return Err(StoreError::Corrupt("schema: it is newer than this program"));
    }
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration).map_err(refused)?;
    }
    if version < target {
        transaction
            .execute("insert into schema_version (version) values (?1)", [target])
            .map_err(refused)?;
    }
    transaction.commit().map_err(refused)
}
