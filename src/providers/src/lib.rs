//! Payment providers as pure protocol code: no key, no socket, no clock.
//!
//! One folder a provider; [`registry`] is the one list of them. A provider turns an order into a
//! message to be signed, and a callback's bytes into a claim to be verified. Who holds the keys
//! and who moves the bytes is not known here.

pub mod date;
pub mod ecommpay;
pub mod op;
pub mod registry;
pub mod settings;
mod url;
pub mod vetuma;

pub use registry::build;
pub use settings::{Settings, SettingsError};
