//! A shop with several providers: who gets a customer's choice, whatever becomes of the provider
//! that is preferred. The simulated Gate of ecommpay and the simulated OP run apart, over real
//! sockets, so that one can be down while the other is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod failures;
#[path = "../kit/mod.rs"]
mod kit;
mod preference;
mod world;
