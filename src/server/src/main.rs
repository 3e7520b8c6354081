//! `kassa`: the server, and what belongs to running it.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
