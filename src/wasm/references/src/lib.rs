//! References, accounts and banks for JavaScript: npm's `kassa/references`.
//!
//! Texts go in and out over one [buffer](bridge), numbers as they are: there is no glue to load,
//! and nothing is allocated for an argument. The other half is `pkg/src/references/bridge.js`.

pub mod accounts;
pub mod bridge;
pub mod references;
