//! The wasm-bindgen face of `viite`, `checkout` and `providers`: npm package `kassa`.
//!
//! Nothing here signs: a message comes out as the bytes to sign, for a host that holds the key.
//! Every refusal is a JavaScript `Error` named `KassaError` with a stable `code`, and `field` and
//! `position` where they apply.

pub mod amount;
mod convert;
pub mod ecommpay;
mod error;
pub mod references;
