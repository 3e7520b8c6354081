//! The kill test: the server is killed at random moments while payments are made and callbacks
//! come, and nothing that it acknowledged may be gone or doubled afterwards.
//!
//! It knows nothing of the server's insides: it buys as a shop, pays as a customer, and asks the
//! simulator, which is never killed, what is true.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a member that a JSON value does not have gives null, never a panic"
)]

mod check;
mod customer;
mod killer;
mod pace;
mod plan;
mod random;
mod run;
mod shop;
mod simulator;
mod webhooks;

pub use run::{Options, Outcome, run};
pub use webhooks::Receiver;
