//! How a command comes to the payments, beside a running server or without one.

use std::{fmt, sync::Arc};

use kassa_server::{
    config::{Config, Database},
    shop::account_of,
    store::{Store, postgres::PostgresStore, sqlite::SqliteStore},
};

use super::{database::Where, failure::Failure, hint};

impl Where {
    /// Does some work on the payments.
    pub(super) fn work<T>(
        &self,
        work: impl AsyncFnOnce(&dyn Store) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        work_on(&self.database()?, work)
    }
}

fn work_on<T>(
    database: &Database,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let store = attach(database).await?;
        work(store.as_ref()).await
    })
}

/// Says which attempts nobody can be asked about with a configuration, or that its database cannot
/// be read. One that is still to be made has none.
pub(super) fn tell_of_lost_accounts(config: &Config) {
    let database = &config.database;
    if matches!(database, Database::Sqlite(file) if !file.exists()) {
        return;
    }
    let open = work_on(database, async |store| {
        store.open_attempts().await.map_err(Failure::from)
    });
    let open = match open {
        Ok(open) => open,
        Err(failure) => return hint(&format!("payments were not looked at: {failure}")),
    };
    for one in open {
        if account_of(&config.shops, &one.shop, &one.provider).is_none() {
            hint(&format!(
                "{}: {} still to be asked about at {}, and no such account",
                one.shop,
                match one.count {
                    1 => "1 attempt is".to_owned(),
                    count => format!("{count} attempts are"),
                },
                one.provider,
            ));
        }
    }
}

async fn attach(database: &Database) -> Result<Arc<dyn Store>, Failure> {
    Ok(match database {
        Database::Sqlite(file) => {
            let store = SqliteStore::attach(file).map_err(|error| unusable(database, &error))?;
            Arc::new(store)
        }
        Database::Postgres(address) => {
            let store = PostgresStore::attach(address).await;
            Arc::new(store.map_err(|error| unusable(database, &error))?)
        }
    })
}

fn unusable(database: &Database, error: &impl fmt::Display) -> Failure {
    Failure::unavailable(format!("{database}: {error}"))
}
