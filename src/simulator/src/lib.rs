//! The other side, offline: ecommpay's Payment Page, OP Online Payment and VETUMA, the banks behind them and their callbacks, to develop and test a shop against.
//!
//! It is the other party, so it shares no code with Kassa: signature, parameter rules and callback shapes are written here once more, from the same documents.
//! Everything is in memory, bounded, and on the loopback interface; the secret is made up and public.

use std::sync::Arc;

use axum::Router;

pub mod attacks;
pub mod bank;
pub mod callbacks;
pub mod clock;
pub mod control;
pub mod date;
pub mod demo_shop;
pub mod faults;
pub mod flow;
pub mod form;
pub mod gate;
pub mod json;
pub mod natural;
pub mod op;
pub mod options;
pub mod pages;
pub mod params;
pub mod rules;
pub mod schedule;
pub mod sender;
pub mod signature;
pub mod state;
pub mod texts;
pub mod vetuma;

use signature::Secret;

/// Who the simulator is.
#[derive(Clone, Debug)]
pub struct Config {
    /// The only project.
    pub project_id: u64,
    /// Its secret.
    pub secret: Secret,
    /// Who gets the money, as the pages show it.
    pub payee: String,
}

impl Config {
    /// The invented project of the development configuration, which Kassa refuses outside development.
    #[must_use]
    pub fn development() -> Self {
        Self {
            project_id: 120,
            secret: Secret::new("kassa-simulator-secret-for-development-only-0001"),
            payee: "Metsän Puoti Oy".to_owned(),
        }
    }
}

/// The whole simulator; call it inside a Tokio runtime, since it starts the sender of callbacks.
///
/// # Examples
/// ```no_run
/// # async fn serve() -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// axum::serve(listener, kassa_simulator::app(kassa_simulator::Config::development())).await
/// # }
/// ```
pub fn app(config: Config) -> Router {
    let shared = Arc::new(sender::Shared::new(config));
    sender::start(&shared);
    Router::new()
        .merge(pages::routes())
        .merge(gate::routes())
        .merge(op::routes())
        .merge(vetuma::routes())
        .merge(control::routes())
        .with_state(shared)
}
