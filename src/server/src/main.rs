//! `kassa`: the server, and what belongs to running it.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use kassa_keys::{ApiKeyHash, WebhookKey, api_key_text};
use kassa_server::{
    config::{Config, Development},
    openapi_text,
    serve::Service,
    telemetry,
};

/// Online bank payments for a Finnish web shop.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve. Without --config: the development configuration, for this machine only.
    Serve(Serve),
    /// Test a configuration, and say what is wrong with it: file, line and key.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Make keys for shops.
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(Args)]
struct Serve {
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
    /// Write logs as JSON.
    #[arg(long)]
    log_json: bool,
}

#[derive(Subcommand)]
enum Keys {
    /// Make a new API key and webhook secret. Both are shown once and kept nowhere.
    New,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(options) => serve(options),
        Command::Check { config } => check(&config),
        Command::Openapi => openapi_text()
            .map_err(|error| error.to_string())
            .and_then(|text| say(&text)),
        Command::Keys(Keys::New) => new_keys(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nothing can be done when even that fails.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: Serve) -> Result<(), String> {
    telemetry::start(options.log_json);
    let config = configuration(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let service = Service::start(config)
            .await
            .map_err(|error| format!("kassa: {error}"))?;
        say(&format!(
            "kassa: listening on {}\n",
            service.app.config.listening_url()
        ))?;
        service
            .run(told_to_stop())
            .await
            .map_err(|error| format!("kassa: {error}"))
    })
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
        if let Some(simulator) = &options.simulator {
            development.simulator.clone_from(simulator);
        }
        if let Some(shop) = &options.shop {
            development.shop.clone_from(shop);
        }
        return development.config();
    };
    let mut config = Config::read(file).map_err(|error| error.to_string())?;
    if let Some(listen) = options.listen {
        config.listen = listen;
    }
    Ok(config)
}

fn check(file: &std::path::Path) -> Result<(), String> {
    let config = Config::read(file).map_err(|error| error.to_string())?;
    let shops = config.shops.len();
    say(&format!(
        "{}: right, {shops} {}\n",
        file.display(),
        if shops == 1 { "shop" } else { "shops" }
    ))
}

fn new_keys() -> Result<(), String> {
    let mut random = [0_u8; 32];
    let mut fill = || {
        getrandom::fill(&mut random)
            .map(|()| random)
            .map_err(|error| error.to_string())
    };
    let key = api_key_text("live", &fill()?);
    let secret = WebhookKey::text_from_random(&fill()?);
    let hash = ApiKeyHash::of(&key).map_err(|error| error.to_string())?;
    say(&format!(
        "API key, for the shop's server, shown this once:\n  {}\n\
         its hash, for `api_keys` in the configuration:\n  {}\n\
         webhook secret, for the shop and for the file that `webhook.secrets` names:\n  {}\n",
        key.as_str(),
        hash.to_hex(),
        secret.as_str()
    ))
}

fn say(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
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
