//! The tables, as forward-only migrations.
//!
//! Only `text` and `bigint`, nearly as in PostgreSQL, whose tables have the same columns. Times are
//! milliseconds since the epoch.

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
", "
    -- The payment's next deadline of any kind, the offer's end being one of them.
    alter table payments rename column offer_due_at to deadline_at;
    drop index payments_by_offer;
    create index payments_by_deadline on payments (deadline_at) where deadline_at is not null;
    create index payments_by_age on payments (created_at, id);

    -- When the attempt's status is asked for next, and how often it was.
    alter table attempts add column ask_at bigint;
    alter table attempts add column asks bigint not null default 0;
    create index attempts_by_question on attempts (ask_at) where ask_at is not null;

    -- The place in the shop's own order of messages, and what a claim is told apart by.
    alter table webhooks add column position bigint not null default 0;
    alter table webhooks add column claim bigint not null default 0;
    update webhooks set position = rowid;
    update webhooks set outcome = 'set_aside' where outcome not in ('waiting', 'delivered', 'given_up');
    drop index webhooks_by_due;
    create index webhooks_by_due on webhooks (shop, due_at) where due_at is not null;
    create unique index webhooks_by_position on webhooks (shop, position);
    create index webhooks_by_payment on webhooks (payment);

    create table endpoints (
        shop text not null primary key,
        endpoint text not null,
        gone bigint not null,
        paused_until bigint not null
    );
", "
    -- Rows in the order of their keys, instead of a table and an index that points into it: half
    -- of the pages to write for an event or an attempt.
    create table new_events (
        payment text not null references payments (id),
        seq bigint not null,
        at bigint not null,
        who text not null,
        kind text not null,
        dedupe text,
        detail text not null,
        primary key (payment, seq)
    ) without rowid;
    insert into new_events (payment, seq, at, who, kind, dedupe, detail)
        select payment, seq, at, who, kind, dedupe, detail from events order by payment, seq;
    drop table events;
    alter table new_events rename to events;
    create unique index events_by_dedupe on events (payment, dedupe) where dedupe is not null;

    create table new_attempts (
        provider text not null,
        id text not null,
        payment text not null references payments (id),
        number bigint not null,
        bank text,
        method text,
        created_at bigint not null,
        ask_at bigint,
        asks bigint not null default 0,
        primary key (provider, id),
        unique (payment, number)
    ) without rowid;
    insert into new_attempts
        (provider, id, payment, number, bank, method, created_at, ask_at, asks)
        select provider, id, payment, number, bank, method, created_at, ask_at, asks
        from attempts order by provider, id;
    drop table attempts;
    alter table new_attempts rename to attempts;
    create index attempts_by_question on attempts (ask_at) where ask_at is not null;
", "
    -- Money that a shop sends back.
    create table refunds (
        id text not null primary key,
        payment text not null references payments (id),
        attempt text not null,
        cents bigint not null,
        status text not null,
        manual bigint not null,
        note text,
        created_at bigint not null,
        changed_at bigint not null
    );
    create index refunds_by_payment on refunds (payment, created_at, id);
", "
    -- Every index is one more to write. A report that comes again is looked for among the few
    -- events of its payment, and the payments of all shops are those of one shop after another.
    drop index events_by_dedupe;
    drop index payments_by_age;

    -- A message's place is the number of its row, which an index ends with by itself.
    create table new_webhooks (
        position integer not null primary key,
        id text not null unique,
        shop text not null,
        payment text not null references payments (id),
        body text not null,
        created_at bigint not null,
        due_at bigint,
        tries bigint not null,
        claimed bigint not null,
        outcome text not null,
        claim bigint not null default 0
    );
    insert into new_webhooks
        (position, id, shop, payment, body, created_at, due_at, tries, claimed, outcome, claim)
        select rowid, id, shop, payment, body, created_at, due_at, tries, claimed, outcome, claim
        from webhooks order by rowid;
    drop table webhooks;
    alter table new_webhooks rename to webhooks;
    create index webhooks_by_due on webhooks (shop, due_at) where due_at is not null;
    create index webhooks_by_shop on webhooks (shop);
    create index webhooks_by_payment on webhooks (payment);
", "
    -- Refunds that nobody knows the end of are looked at again and again.
    create index refunds_pending on refunds (created_at, id) where status = 'pending';
"];

/// Brings the tables up to date, in one transaction. Answers the version that they had, and have.
pub(super) fn migrate(connection: &mut Connection) -> Result<(i64, i64), StoreError> {
    let transaction = connection.transaction().map_err(refused)?;
    transaction
        .execute_batch("create table if not exists schema_version (version bigint not null)")
        .map_err(refused)?;
    let version = version(&transaction)?;
    let done = usize::try_from(version).map_err(|_| StoreError::Corrupt("schema version"))?;
    let target = newest();
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
    transaction.commit().map_err(refused)?;
    Ok((version, target))
}

/// The version of the tables; 0 where there are none of ours.
pub(super) fn version_if_any(connection: &Connection) -> Result<i64, StoreError> {
    let known = connection
        .prepare("select 1 from sqlite_master where type = 'table' and name = 'schema_version'")
        .and_then(|mut statement| statement.exists([]))
        .map_err(refused)?;
    if known { version(connection) } else { Ok(0) }
}

/// The version of the tables.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .query_row(
            "select coalesce(max(version), 0) from schema_version",
            [],
            |row| row.get(0),
        )
        .map_err(refused)
}

/// The version that this program works on.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{MIGRATIONS, migrate, newest, version};

    /// A file whose tables have this version.
    fn at_version(version: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("create table schema_version (version bigint not null)")
            .unwrap();
        for migration in MIGRATIONS.iter().take(usize::try_from(version).unwrap()) {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .execute(
                "insert into schema_version (version) values (?1)",
                [version],
            )
            .unwrap();
        connection
    }

    #[test]
    fn messages_keep_their_order_when_their_places_become_row_numbers() {
        let mut connection = at_version(4);
        connection
            .execute_batch(
                "pragma foreign_keys = off;
                insert into webhooks
                (id, shop, payment, body, created_at, due_at, tries, claimed, outcome, position, claim)
                values ('msg_c', 'one', 'pay_1', 'first', 1, 2, 3, 1, 'waiting', 1, 4),
                ('msg_a', 'two', 'pay_2', 'second', 5, null, 6, 0, 'delivered', 1, 7),
                ('msg_b', 'one', 'pay_1', 'third', 8, null, 9, 0, 'given_up', 2, 10);",
            )
            .unwrap();
        assert_eq!(migrate(&mut connection), Ok((4, newest())));
        assert_eq!(version(&connection), Ok(newest()));
        let all = "select position || id || shop || payment || body || created_at || \
                   coalesce(due_at, '-') || tries || claimed || outcome || claim \
                   from webhooks order by position";
        let mut statement = connection.prepare(all).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        let rows: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(
            rows,
            [
                "1msg_conepay_1first1231waiting4",
                "2msg_atwopay_2second5-60delivered7",
                "3msg_bonepay_1third8-90given_up10",
            ]
        );
    }
}
