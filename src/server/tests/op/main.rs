//! OP Online Payment end to end: the whole service on a socket, the simulated OP on another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod callbacks;
#[path = "../kit/mod.rs"]
mod kit;
mod payments;
mod refunds;
mod secrecy;
mod world;
