//! `cargo xtask mutants`: changes the code that must not be wrong, and looks whether a test sees it.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::project::Project;
use crate::tools;

const VERSION: &str = "27.1.0";

/// Runs cargo-mutants over the files that `.cargo/mutants.toml` names; its last line counts.
///
/// # Errors
/// When the tool cannot be installed or started. A change that no test sees is an exit code.
pub(crate) fn run(project: &Project, args: &[String]) -> Result<ExitCode> {
    let path = tools::path_with(project, "mutants", VERSION)?;
    let status = project
        .cargo()
        .env("PATH", path)
        // It builds copies of the project, each in a place of its own.
        .env_remove("CARGO_TARGET_DIR")
        // A seed that one change left behind must not be what the next one is found by.
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
        .args(["mutants", "--output"])
        .arg(&project.target)
        .args(args)
        .status()
        .context("cannot start cargo mutants")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
