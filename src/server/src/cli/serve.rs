//! `kassa serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use kassa_server::{
    config::{Config, Development},
    crash,
    serve::{Service, StartError},
    telemetry,
};

use super::{database::DatabaseOptions, failure::Failure, say};

#[derive(Args)]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "KASSA_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen, instead of what the configuration says.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The folder of the database [default: var]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The simulator's address [default: http://127.0.0.1:8081]
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    simulator: Option<String>,
    /// The demo shop's address [default: http://127.0.0.1:8082]
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    shop: Option<String>,
    /// The address that browsers and the simulator reach the server at, where a proxy on this
    /// machine stands before it [default: where it listens]
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    public_url: Option<String>,
    /// Banks are come to by the provider's Gate rather than over its page
    #[arg(long, conflicts_with = "config")]
    gate: bool,
    /// Write logs as JSON.
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    database: DatabaseOptions,
}

pub(super) fn serve(options: &Serve) -> Result<(), Failure> {
    crash::check()?;
    let _telemetry = telemetry::start(options.log_json);
    let config = configuration(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let service = Service::start(config)
            .await
            .map_err(|error| cannot_start(&error))?;
        say(&format!(
            "kassa: listening on {}\n",
            service.app.config.listening_url()
        ))?;
        service
            .run(told_to_stop())
            .await
            .map_err(|error| Failure::from(format!("kassa: {error}")))
    })
}

fn cannot_start(error: &StartError) -> Failure {
    let message = format!("kassa: {error}");
    match error {
        StartError::Listen(..) => Failure::from(message),
        _ => Failure::unavailable(message),
    }
}

fn configuration(options: &Serve) -> Result<Config, String> {
    let Some(file) = &options.config else {
        let mut development = Development::default();
        if let Some(listen) = options.listen {
            development.listen = listen;
        }
        if let Some(data) = &options.data {
            development.data.clone_from(data);
        }
        development.database = options.database.apply(None)?;
        if let Some(simulator) = &options.simulator {
            development.simulator.clone_from(simulator);
        }
        if let Some(shop) = &options.shop {
            development.shop.clone_from(shop);
        }
        development.public_url.clone_from(&options.public_url);
        development.gate = options.gate;
        return development.config();
    };
    let mut config = Config::read(file).map_err(|error| error.to_string())?;
    config.database = options.database.replace(config.database)?;
    if let Some(listen) = options.listen {
        config.listen = listen;
    }
    Ok(config)
}

/// Until the process is asked to end: Ctrl-C, or SIGTERM.
async fn told_to_stop() {
    let interrupted = async {
        // Without a handler there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
