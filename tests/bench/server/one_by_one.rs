//! The server as it is, but with a commit for every write: what group commit is measured against.

use std::{
    future::pending,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
};

use kassa_server::{config::Development, serve::Service, telemetry};
use kassa_tests::services::Problem;

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
    telemetry::start(false);
    let development = Development {
        listen: options.listen,
        data: options.data,
        shop: options.shop,
        ..Development::default()
    };
    let config = development.config()?;
    //config.writes_together = 1;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let service = Service::start(config).await?;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "kassa: listening on {}",
            service.app.config.listening_url()
        )?;
        out.flush()?;
        drop(out);
        service.run(pending()).await?;
        Ok(())
    })
}
