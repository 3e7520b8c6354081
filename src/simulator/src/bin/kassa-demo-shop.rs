//! `kassa-demo-shop`: Metsän Puoti on a loopback port, paying through Kassa.

use std::error::Error;
use std::net::SocketAddr;

use clap::Parser;
use kassa_simulator::demo_shop::{Config, app};
use tokio::net::TcpListener;

/// A small shop that takes payments through Kassa, for development.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Where to listen; loopback only, because the keys are known to everybody.
    #[arg(long, default_value = "127.0.0.1:8082", value_name = "ADDR:PORT", value_parser = loopback)]
    listen: SocketAddr,
    /// Kassa, as the shop reaches it.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL", value_parser = origin)]
    kassa: String,
    /// Kassa, as the customer's browser reaches it; the same unless given.
    #[arg(long, value_name = "URL", value_parser = origin)]
    public_kassa: Option<String>,
    /// The shop itself, as the customer's browser and Kassa reach it, where a proxy on this machine
    /// stands before it; where it listens unless given.
    #[arg(long, value_name = "URL", value_parser = origin)]
    public_url: Option<String>,
    /// The simulator, whose page the browser sends the payment's form to.
    #[arg(long, default_value = "http://127.0.0.1:8081", value_name = "URL", value_parser = origin)]
    simulator: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let listener = TcpListener::bind(flags.listen).await?;
    let listening = format!("http://{}", listener.local_addr()?);
    let config = Config {
        public_kassa: flags.public_kassa.unwrap_or_else(|| flags.kassa.clone()),
        kassa: flags.kassa,
        provider: flags.simulator,
        shop: flags.public_url.unwrap_or_else(|| listening.clone()),
        ..Config::development()?
    };
    println!("shop: listening on {listening}");
    axum::serve(listener, app(config))
        .with_graceful_shutdown(interrupted())
        .await?;
    Ok(())
}

async fn interrupted() {
    // Without a signal handler the process still ends on Ctrl-C, only less gently.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "expected ADDR:PORT".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("expected a loopback address".to_owned())
    }
}

/// An address without a path: it stands in a content security policy.
fn origin(text: &str) -> Result<String, String> {
    let origin = text.trim_end_matches('/');
    let host = origin
        .strip_prefix("http://")
        .ok_or("expected http://HOST:PORT")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !host.is_empty() && host.chars().all(fits) {
        Ok(origin.to_owned())
    } else {
        Err("expected http://HOST:PORT".to_owned())
    }
}
