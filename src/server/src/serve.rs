//! The service on its socket, from start to a clean end.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::{
    config::{Config, Database, PostgresAddress},
    crash::{self, Point},
    jobs, routes,
    state::{App, AppState},
    store::{
        Store,
        postgres::{self, PostgresStore},
        sqlite::{self, SqliteStore},
    },
};

/// How long requests may take to end once the service stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// How often the figures are gathered: what waits for it takes memory.
const GATHER: Duration = Duration::from_secs(1);

/// A service that listens and has not answered yet.
#[derive(Debug)]
pub struct Service {
    /// What its handlers share.
    pub app: AppState,
    listener: TcpListener,
}

/// Why the service did not start.
#[derive(Debug)]
pub enum StartError {
    /// The SQLite file cannot be used.
    Sqlite(sqlite::OpenError),
    /// The PostgreSQL at this address cannot be used.
    Postgres(Box<PostgresAddress>, postgres::OpenError),
    /// The address cannot be listened at.
    Listen(SocketAddr, io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Postgres(address, error) => write!(f, "{address}: {error}"),
            Self::Listen(address, error) => write!(f, "{address} cannot be listened at: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Service {
    /// Opens the database and the socket. In development, where the port may be 0, the public
    /// address becomes the one that was got, unless another was named.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(mut config: Config) -> Result<Self, StartError> {
        let store = open(&config.database).await?;
        crash::point(Point::Opened);
        let is_own_address = config.public_url == format!("http://{}", config.listen);
        let refused = |error| StartError::Listen(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        config.listen = listener.local_addr().map_err(refused)?;
        if config.development && is_own_address {
            config.public_url = format!("http://{}", config.listen);
        }
        Ok(Self {
            app: App::new(config, store),
            listener,
        })
    }

    /// Answers requests and does the jobs until `stop`, then lets what runs come to its end.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self { app, listener } = self;
        let mut jobs = jobs::start(&app);
        jobs.spawn(gather(app.clone()));
        let router = routes::app(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let stopping = app.clone();
        let graceful = async move {
            stop.await;
            stopping.stop();
        };
        let mut stopped = app.stopping();
        let deadline = async move {
            let _ = stopped.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(LAST_REQUESTS).await;
        };
        let served = tokio::select! {
            served = axum::serve(listener, router).with_graceful_shutdown(graceful) => served,
            () = deadline => Ok(()),
        };
        app.stop();
        while jobs.join_next().await.is_some() {}
        served
    }
}

async fn open(database: &Database) -> Result<Arc<dyn Store>, StartError> {
    match database {
        Database::Sqlite(file) => {
            let store = SqliteStore::open(file).map_err(StartError::Sqlite)?;
            Ok(Arc::new(store))
        }
        Database::Postgres(address) => {
            let store = PostgresStore::open(address)
                .await
                .map_err(|error| StartError::Postgres(address.clone(), error))?;
            Ok(Arc::new(store))
        }
    }
}

/// Gathers the figures now and then, whether anybody asks for them or not.
async fn gather(app: AppState) {
    let mut stopping = app.stopping();
    loop {
        tokio::select! {
            () = tokio::time::sleep(GATHER) => app.metrics.gather(),
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}
