//! ecommpay's side.
pub mod json;
pub mod natural;
pub mod signature;
