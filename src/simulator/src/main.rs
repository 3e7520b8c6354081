//! `kassa-simulator`: serves the simulator on a loopback port until Ctrl-C.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use kassa_simulator::{Config, app};

/// ecommpay and the banks behind it, simulated: no money moves.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; only loopback addresses are taken.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { listen } = Arguments::parse();
    match serve(listen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulator: cannot serve on {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(listen: SocketAddr) -> io::Result<()> {
    if !listen.ip().is_loopback() {
        return Err(io::Error::other(
            "the simulator takes only loopback addresses, such as 127.0.0.1:8081",
        ));
    }
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let mut out = io::stdout();
    writeln!(
        out,
        "simulator: listening on http://{}",
        listener.local_addr()?
    )?;
    out.flush()?;
    tokio::select! {
        served = axum::serve(listener, app(Config::development())) => served,
        () = interrupted() => Ok(()),
    }
}

/// Ctrl-C; without a handler for it there is nothing to wait for but the end of the process.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
