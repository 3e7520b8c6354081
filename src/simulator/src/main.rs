//! `kassa-simulator`: serves the simulator on a loopback port until Ctrl-C.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use clap::Parser;

/// ecommpay and the banks behind it, simulated: no money moves.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; only loopback addresses are taken.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Arguments { listen } = Arguments::parse();
    if !listen.ip().is_loopback() {
        return Err(io::Error::other(format!(
            "--listen {listen}: the simulator takes only loopback addresses, such as 127.0.0.1:8081"
        )));
    }
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let mut out = io::stdout();
    writeln!(
        out,
        "simulator: listening on http://{}",
        listener.local_addr()?
    )?;
    out.flush()?;
    let interrupted = async {
        // Without a signal handler there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, kassa_simulator::app(kassa_simulator::Config::development())) => served,
        () = interrupted => Ok(()),
    }
}
