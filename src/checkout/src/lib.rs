//! The domain of a checkout and its ports.
//!
//! Everything here is data and pure functions: no provider, no key, no clock, no network.
//! Providers implement [`provider::Provider`], the server drives it, and the widget shares
//! [`contract`] with the server.

pub mod amount;
pub mod bank;
pub mod call;
pub mod contract;
pub mod error;
pub mod language;
pub mod lifecycle;
pub mod message;
pub mod order;
pub mod provider;
pub mod refund;
pub mod selection;
pub mod time;

pub use amount::{Amount, Currency};
pub use bank::{Bank, BankId, Names};
pub use call::{Call, CallError, Reply};
pub use error::Coded;
pub use language::Language;
pub use lifecycle::{Lifecycle, Status};
pub use message::{Claimed, RawCallback, Signed, Unsigned, Verified};
pub use order::{Customer, Order};
pub use selection::Selection;
pub use time::Timestamp;
