//! The tables, as forward-only migrations.
//!
//! The same columns as in SQLite, so that a shop can move. Keys compare byte by byte. No foreign
//! keys: each statement writes a payment together with its rows, nothing is ever deleted, and
//! checking them would cost each insert a look-up and a lock. Times are milliseconds since the
//! epoch.

use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use super::{OpenError, connection};
use crate::config::PostgresAddress;

/// Each entry brings the schema from the version of its index to the next. Never edited once
/// released; only appended to.
const MIGRATIONS: &[&str] = &[
    r#"
    create table payments (
        id text collate "C" not null primary key,
        shop text collate "C" not null,
        token text collate "C" not null unique,
        order_number text collate "C" not null,
        reference text collate "C" not null,
        amount_cents bigint not null,
        status text collate "C" not null,
        version bigint not null,
        events bigint not null,
        created_at bigint not null,
        changed_at bigint not null,
        expires_at bigint not null,
        deadline_at bigint,
        terms text not null,
        lifecycle text not null,
        latest text
    -- Room for the changes of a payment beside it: they touch no index then.
    ) with (fillfactor = 75);
    create index payments_by_time on payments (shop, created_at, id);
    create index payments_by_order on payments (shop, order_number);
    create index payments_by_reference on payments (shop, reference);
    create index payments_by_deadline on payments (deadline_at) where deadline_at is not null;

    create table attempts (
        provider text collate "C" not null,
        id text collate "C" not null,
        payment text collate "C" not null,
        number bigint not null,
        bank text collate "C",
        method text collate "C",
        created_at bigint not null,
        ask_at bigint,
        asks bigint not null default 0,
        primary key (provider, id),
        unique (payment, number)
    ) with (fillfactor = 85);
    create index attempts_by_question on attempts (ask_at) where ask_at is not null;

    create table events (
        payment text collate "C" not null,
        seq bigint not null,
        at bigint not null,
        who text not null,
        kind text collate "C" not null,
        dedupe text collate "C",
        detail text not null,
        primary key (payment, seq)
    );
    create unique index events_by_dedupe on events (payment, dedupe) where dedupe is not null;

    create table idempotency (
        shop text collate "C" not null,
        key text collate "C" not null,
        fingerprint text not null,
        payment text collate "C" not null,
        answer text not null,
        created_at bigint not null,
        primary key (shop, key)
    );

    -- The position is the place in the order of messages. It is given after the commit, so that
    -- whoever reads on from one message misses none that was being written meanwhile.
    create table webhooks (
        id text collate "C" not null primary key,
        shop text collate "C" not null,
        payment text collate "C" not null,
        body text not null,
        created_at bigint not null,
        due_at bigint,
        tries bigint not null default 0,
        claimed bigint not null default 0,
        outcome text collate "C" not null default 'waiting',
        position bigint,
        claim bigint not null default 0
    );
    create sequence webhook_positions as bigint;
    create index webhooks_by_due on webhooks (shop, due_at) where due_at is not null;
    create unique index webhooks_by_position on webhooks (shop, position);
    create index webhooks_without_position on webhooks (created_at) where position is null;
    create index webhooks_by_payment on webhooks (payment);

    create table endpoints (
        shop text collate "C" not null primary key,
        endpoint text not null,
        gone bigint not null,
        paused_until bigint not null
    );

    create table reference_series (
        shop text collate "C" not null,
        prefix text collate "C" not null,
        last bigint not null,
        primary key (shop, prefix)
    );
"#,
    r#"
    -- Money that a shop sends back.
    create table refunds (
        id text collate "C" not null primary key,
        payment text collate "C" not null,
        attempt text collate "C" not null,
        cents bigint not null,
        status text collate "C" not null,
        manual bigint not null,
        note text,
        created_at bigint not null,
        changed_at bigint not null
    );
    create index refunds_by_payment on refunds (payment, created_at, id);
"#,
    r#"
    -- When a payment is to be looked at again, beside it: a column with an index that changes
    -- would have each change write an entry into every index of the payments.
    create table deadlines (
        payment text collate "C" not null primary key,
        due_at bigint not null
    );
    insert into deadlines (payment, due_at)
        select id, deadline_at from payments where deadline_at is not null;
    create index deadlines_by_time on deadlines (due_at);
    alter table payments drop column deadline_at;

    -- A report that comes again is looked for among the few events of its payment.
    drop index events_by_dedupe;

    -- A message that has no position yet needs no entry for it.
    drop index webhooks_by_position;
    create unique index webhooks_by_position on webhooks (shop, position)
        where position is not null;
"#,
    r#"
    -- Refunds that nobody knows the end of are looked at again and again.
    create index refunds_pending on refunds (created_at, id) where status = 'pending';
"#,
];

/// The lock that nodes take turns with: the letters "kassa" and a number.
const LOCK: i64 = 0x6b61_7373_6100_0001;
/// How long a database that starts is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(200);
/// The oldest PostgreSQL that it was tested with.
const OLDEST: i32 = 150_000;

/// What was done to the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Migrated {
    pub(in crate::store) from: i64,
    pub(in crate::store) to: i64,
}

/// Brings the tables up to date, in one transaction. Any number of nodes may do so at once: one
/// of them works, the others wait for it.
pub(in crate::store) async fn migrate(address: &PostgresAddress) -> Result<Migrated, OpenError> {
    let mut client = connect(address).await?;
    check(&client).await?;
    let target = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let transaction = client.transaction().await.map_err(refused)?;
    transaction
        .execute("select pg_advisory_xact_lock($1)", &[&LOCK])
        .await
        .map_err(refused)?;
    transaction
        .batch_execute("create table if not exists schema_version (version bigint not null)")
        .await
        .map_err(refused)?;
    let version: i64 = transaction
        .query_one("select coalesce(max(version), 0) from schema_version", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(refused)?;
    let done = usize::try_from(version).map_err(|_| OpenError::Newer)?;
    if version > target {
        return Err(OpenError::Newer);
    }
    for migration in MIGRATIONS.iter().skip(done) {
        transaction
            .batch_execute(migration)
            .await
            .map_err(refused)?;
    }
    if version < target {
        transaction
            .execute(
                "insert into schema_version (version) values ($1)",
                &[&target],
            )
            .await
            .map_err(refused)?;
    }
    transaction.commit().await.map_err(refused)?;
    Ok(Migrated {
        from: version,
        to: target,
    })
}

/// Looks that the tables are of this program's version, and changes nothing.
pub(super) async fn expect(address: &PostgresAddress) -> Result<(), OpenError> {
    let client = connect_once(address).await?.map_err(refused)?;
    check(&client).await?;
    let known: bool = client
        .query_one("select to_regclass('schema_version') is not null", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(refused)?;
    if !known {
        return Err(OpenError::Older);
    }
    let version: i64 = client
        .query_one("select coalesce(max(version), 0) from schema_version", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(refused)?;
    match version.cmp(&i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)) {
        std::cmp::Ordering::Less => Err(OpenError::Older),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer),
    }
}

/// A connection without a limit of time, for work that takes as long as it takes. Waits for a
/// database that is not there yet, as when both are started together.
pub(in crate::store) async fn connect(address: &PostgresAddress) -> Result<Client, OpenError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let error = match connect_once(address).await? {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        let starting = match error.code() {
            None => !is_tls(&error),
            // It starts, stops or recovers.
            Some(state) => state.code().starts_with("57P"),
        };
        if !starting || tokio::time::Instant::now() >= deadline {
            return Err(OpenError::Connect(reason(&error)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect_once(
    address: &PostgresAddress,
) -> Result<Result<Client, tokio_postgres::Error>, OpenError> {
    let config = connection::settings(address);
    Ok(match connection::encryption(address)? {
        Some(tls) => config.connect(tls).await.map(|(client, connection)| {
            tokio::spawn(connection);
            client
        }),
        None => config.connect(NoTls).await.map(|(client, connection)| {
            tokio::spawn(connection);
            client
        }),
    })
}

/// Refuses a database that would lose what it acknowledged, or garble it.
async fn check(client: &Client) -> Result<(), OpenError> {
    let row = client
        .query_one(
            "select current_setting('server_version_num')::int, \
             current_setting('server_encoding'), current_setting('synchronous_commit'), \
             current_setting('fsync')",
            &[],
        )
        .await
        .map_err(refused)?;
    let version: i32 = row.try_get(0).map_err(refused)?;
    let text = |index| row.try_get::<_, String>(index).map_err(refused);
    if version < OLDEST {
        return Err(OpenError::Version(version));
    }
    if text(1)? != "UTF8" {
        return Err(OpenError::Encoding);
    }
    if text(2)? == "off" {
        return Err(OpenError::NotDurable("synchronous_commit"));
    }
    if text(3)? == "off" {
        return Err(OpenError::NotDurable("fsync"));
    }
    Ok(())
}

fn is_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string().contains("TLS")
}

/// Why it cannot be connected to: what the database or the system says, which holds no password.
fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(database) = error.as_db_error() {
        return database.message().to_owned();
    }
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words = cause.to_string();
        source = cause.source();
    }
    words
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(in crate::store) fn refused(error: tokio_postgres::Error) -> OpenError {
    OpenError::Connect(reason(&error))
}
