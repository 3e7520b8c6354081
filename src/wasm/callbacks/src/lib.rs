//! Providers' callbacks for a host that verifies them: npm's `kassa/server`.
//!
//! The keys are the host's, and its cryptography answers later; so a callback is read twice. A
//! claim gives what may have been signed and the signature. When one of those texts held, the same
//! callback is opened with its number, and only then are its contents given out. Both readings go
//! through the very code that Kassa's server runs.

pub mod ecommpay;
pub mod op;
mod verify;
pub mod vetuma;

// Their functions are this module's, too.
pub use kassa_wasm as messages;
