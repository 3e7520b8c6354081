//! `kassa migrate`, `kassa backup`, `kassa db`: what is done to a database as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kassa_server::{
    config::Database,
    store::{
        postgres::PostgresStore,
        sqlite::{SqliteStore, backup::backup as sqlite_backup},
        transfer::transfer,
    },
};

use super::{
    Failure,
    database::{Access, Where},
    say,
};

#[derive(Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
pub(super) struct Backup {
    /// The copy, a new file.
    #[arg(value_name = "FILE")]
    copy: PathBuf,
    #[command(flatten)]
    place: Where,
}

#[derive(Subcommand)]
pub(super) enum Db {
    /// Move everything from a SQLite file to an empty PostgreSQL.
    ///
    /// The server must be stopped; the file is left as it is. Each table is counted, and its rows
    /// are compared by a checksum; when anything differs, the PostgreSQL stays empty.
    Move(Move),
}

#[derive(Args)]
pub(super) struct Move {
    /// The SQLite file.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The PostgreSQL, as postgres://USER@HOST/NAME; KASSA_DATABASE_URL says the same, and there
    /// alone may the password stand in it
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    #[command(flatten)]
    access: Access,
}

pub(super) fn migrate(options: &Migrate) -> Result<(), Failure> {
    let database = options.place.database()?;
    let migrated = match &database {
        Database::Sqlite(file) => SqliteStore::migrate(file).map_err(|error| error.to_string()),
        Database::Postgres(address) => run(async {
            let migrated = PostgresStore::migrate(address).await;
            migrated.map_err(|error| error.to_string())
        }),
    };
    match migrated {
        Ok((from, to)) if from == to => say(&format!("{database}: version {to}, up to date\n")),
        Ok((from, to)) => say(&format!("{database}: version {from} brought to {to}\n")),
        Err(error) => Err(Failure::unavailable(format!("{database}: {error}"))),
    }
}

pub(super) fn backup(options: &Backup) -> Result<(), Failure> {
    let to = &options.copy;
    match options.place.database()? {
        Database::Sqlite(file) => {
            let bytes = sqlite_backup(&file, to)
                .map_err(|error| format!("{} to {}: {error}", file.display(), to.display()))?;
            say(&format!("{}: {bytes} bytes, checked\n", to.display()))
        }
        Database::Postgres(address) => Err(Failure::from(format!(
            "{address}: a PostgreSQL is copied by its own means, such as pg_dump or pg_basebackup"
        ))),
    }
}

pub(super) fn db(command: &Db) -> Result<(), Failure> {
    match command {
        Db::Move(options) => move_to_postgres(options),
    }
}

fn move_to_postgres(options: &Move) -> Result<(), Failure> {
    let address = options.access.postgres(options.to.as_deref())?;
    let from = options.from.display();
    let moved = run(transfer(&options.from, &address, |moved| {
        // Only news; whether they could be told changes nothing.
        let _ = say(&format!(
            "{}: {} rows, sha256 {} here and there\n",
            moved.table, moved.rows, moved.checksum
        ));
    }))
    .map_err(|error| format!("{from} to {address}: {error}"))?;
    say(&format!(
        "{} tables moved to {address}; {from} is left as it was, and no longer to be served\n",
        moved.len()
    ))
}

fn run<T, E: ToString>(work: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(work).map_err(|error| error.to_string())
}
