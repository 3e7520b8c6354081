//! Runs vectors files through the public API of the product.
//!
//! A runner takes the parsed file and answers a [`Report`]; it reads a file by
//! its fields, so that other files of the same format run as well.

pub mod ecommpay;
pub mod files;
pub mod op;
pub mod references;
pub mod vetuma;

/// What a run over one vectors file came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Tests whose every expected field came out.
    pub passed: usize,
    /// One line a failed test: where it stands, what was wanted, what came.
    pub failed: Vec<String>,
    /// Tests left out for a reason that the runner states.
    pub skipped: usize,
}
