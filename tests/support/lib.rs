//! What the tests over the whole share.

pub mod faults;
pub mod leaks;
pub mod oracles;
pub mod project;
pub mod services;
#[cfg(feature = "simulate")]
pub mod simulate;
pub mod vectors;
