//! The checkout as a customer sees it: `<kassa-checkout>` and `<kassa-status>`.
//!
//! One set of screens, drawn twice: in the browser by `browser` (wasm32), on the server by
//! [`ssr`] (everywhere else). See `README.md` beside this crate for attributes, events and
//! styling.

#[cfg(target_arch = "wasm32")]
pub mod browser;
mod format;
mod model;
mod screens;
mod search;
#[cfg(not(target_arch = "wasm32"))]
pub mod ssr;
mod texts;

#[cfg(not(target_arch = "wasm32"))]
pub use model::PageLinks;
pub use model::{Fault, Step};
