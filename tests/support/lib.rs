//! What the tests over the whole share.

pub mod project;
pub mod vectors;
