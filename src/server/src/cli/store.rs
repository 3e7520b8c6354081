//! How a command comes to the payments, beside a running server or without one.

use std::{fmt, sync::Arc};

use kassa_server::{
    config::Database,
    store::{Store, postgres::PostgresStore, sqlite::SqliteStore},
};

use super::{database::Where, failure::Failure};

impl Where {
    /// Does some work on the payments.
    pub(super) fn work<T>(
        &self,
        work: impl AsyncFnOnce(&dyn Store) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = self.database()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let store = attach(&database).await?;
            work(store.as_ref()).await
        })
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
