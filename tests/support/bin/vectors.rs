//! Runs every vectors file of a folder: `vectors [DIR]`, by default those of this workspace.
//!
//! Exits with 1 when a test failed, or when the folder holds no vectors file.

use std::{env, path::PathBuf, process::ExitCode};

use kassa_tests::vectors::files::run_folder;

fn main() -> ExitCode {
    let folder = env::args_os().nth(1).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors")),
        PathBuf::from,
    );
    let runs = match run_folder(&folder) {
        Ok(runs) => runs,
        Err(error) => {
            eprintln!("vectors: {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    };
    if runs.is_empty() {
        eprintln!("vectors: {}: no vectors file", folder.display());
        return ExitCode::FAILURE;
    }
    for run in &runs {
        println!("{run}");
    }
    let passed: usize = runs.iter().map(|run| run.report.passed).sum();
    let failed: usize = runs.iter().map(|run| run.report.failed.len()).sum();
    let skipped: usize = runs.iter().map(|run| run.report.skipped).sum();
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
