//! The commands for people, as the real program: what they print, and what they end with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod check;
mod configured;
mod database;
mod help;
mod keys;
#[path = "../kit/mod.rs"]
mod kit;
mod payments;
mod place;
mod refunds;
mod webhooks;
