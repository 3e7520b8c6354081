//! The bridge: software that was made for VETUMA, answered from a living provider. The software's
//! side is played here by code of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod calls;
#[path = "../kit/mod.rs"]
mod kit;
mod secrets;
mod software;
