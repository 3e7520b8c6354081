//! The kassa server: shop API, checkout API, hosted page, callbacks, durable store.
//!
//! [`app`] makes the router over an [`App`]; [`serve::Service`] runs it with its jobs. Providers
//! and keys meet in [`gateway`] and nowhere else; all SQL stands in one module below [`store`].

mod asking;
mod banks;
mod body;
pub mod calls;
pub mod circuit;
pub mod clock;
pub mod config;
pub mod crash;
pub mod gateway;
pub mod jobs;
mod logs;
pub mod metrics;
mod network;
mod opening;
pub mod problem;
mod refunding;
mod reports;
mod routes;
mod routing;
mod security;
pub mod serve;
pub mod shop;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod tokens;
pub mod traces;
pub mod transport;
mod tried;
pub mod vetuma;
pub mod view;
pub mod watch;

pub use routes::app;
pub use routes::openapi::text as openapi_text;
pub use state::{App, AppState};
