//! A simulation of payments without I/O: shops, customers, a provider whose truth changes for
//! days, the server's decisions over a store in memory, clocks that jump and processes that die.
//!
//! Everything comes from a seed, there are no threads and no sleeping within one: whatever is to
//! happen stands in a queue of virtual time. The server's own rules are used where it has them
//! (lifecycle, transitions, schedules, what a shop's answer means); what must come of it is said
//! by [`model`], which shares nothing with them.

mod check;
mod customers;
mod ledger;
pub mod model;
mod orders;
mod provider;
mod run;
mod sabotage;
mod scripts;
mod server;
mod shop;
mod trace;
mod world;

pub use orders::{Orders, all_orders};
pub use run::{Summary, find, regressions, replay, run_seeds};
pub use sabotage::Sabotage;
pub use world::{Counts, Failure};
