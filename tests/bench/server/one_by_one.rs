//! The server as it is, but with a commit for every write: what group commit is measured against.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use kassa_server::{
    App,
    config::{Database, Development},
    jobs,
    store::sqlite::SqliteStore,
    telemetry,
};
use kassa_tests::services::Problem;
use tokio::net::TcpListener;

/// The options of `kassa serve` that the bench gives.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    shop: String,
}

/// Serves until the process ends.
///
/// # Errors
/// When it cannot start.
pub(crate) fn serve(options: Options) -> Result<(), Problem> {
    let _telemetry = telemetry::start(false);
    let development = Development {
        listen: options.listen,
        data: options.data,
        shop: options.shop,
        ..Development::default()
    };
    let mut config = development.config()?;
    let Database::Sqlite(file) = &config.database else {
        return Err("one by one is about a file".into());
    };
    let store = SqliteStore::open_with_batch(file, 1)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.listen).await?;
        config.listen = listener.local_addr()?;
        let mut out = io::stdout().lock();
        writeln!(out, "kassa: listening on {}", config.listening_url())?;
        out.flush()?;
        drop(out);
        let app = App::new(config, Arc::new(store));
        let _jobs = jobs::start(&app);
        let router = kassa_server::app(app).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, router).await?;
        Ok(())
    })
}
