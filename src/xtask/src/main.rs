//! Kassa's own commands: `cargo xtask demo`, `build`, `test`, `vectors`, `faults`, `simulate`, `fuzz`,
//! `mutants`, `bench`, `openapi`, `lint`.
//!
//! This crate depends on none of the project's others: it compiles fast, and it can say what is
//! wrong with them when they do not build.

mod bench;
mod bins;
mod demo;
mod front;
mod fuzz;
mod lint;
mod mutants;
mod packages;
mod postgres;
mod progress;
mod project;
mod sizes;
mod stop;
mod suites;
mod toolchain;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use project::Project;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run server, simulator and demo shop on this machine
    Demo(demo::Options),
    /// Build the front end into pkg/dist (the npm package's and the server's files)
    Build {
        /// The small build: own standard library, wasm-opt, minified, checked against pkg/sizes.toml
        #[arg(long)]
        release: bool,
        /// Build only this folder of pkg/dist (may be given several times)
        #[arg(long, value_name = "PACKAGE")]
        only: Vec<String>,
    },
    /// Run all test suites; the last line is their sum
    Test {
        /// Run only this suite (may be given several times)
        #[arg(long, value_name = "SUITE")]
        only: Vec<suites::Suite>,
    },
    /// Check every test-vector file in a folder through the public API
    Vectors {
        /// The folder [default: tests/vectors]
        dir: Option<std::path::PathBuf>,
    },
    /// Let everything go wrong around the server, and count what is lost or done twice (`--help`)
    #[command(disable_help_flag = true)]
    Faults {
        /// Passed on, for instance `--only power-cut`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Live through payments without I/O, by seeds: providers, shops, clocks, crashes
    #[command(disable_help_flag = true)]
    Simulate {
        /// Passed on, for instance `--seeds 100000` or `--seed 7`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Feed every parser of foreign input with what libFuzzer makes of its corpus
    Fuzz(fuzz::Options),
    /// Change the keys, the lifecycle and the verifiers, and look whether a test sees each change
    #[command(disable_help_flag = true)]
    Mutants {
        /// Passed on to cargo-mutants, for instance `--list`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure how fast it is
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Write src/server/openapi.json from the handlers
    Openapi {
        /// Write nothing; fail when the committed file differs
        #[arg(long)]
        check: bool,
    },
    /// Format, clippy (crate by crate) and rustdoc, warnings as errors
    Lint,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(_) if stop::requested() => ExitCode::from(130),
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let project = Project::find()?;
    match command {
        Command::Demo(options) => demo::run(&project, &options),
        Command::Build { release, only } => {
            front::build(&project, release, &only).map(|()| ExitCode::SUCCESS)
        }
        Command::Test { only } => suites::run(&project, &only),
        Command::Vectors { dir } => bins::vectors(&project, dir),
        Command::Faults { args } => bins::faults(&project, &args),
        Command::Simulate { args } => bins::simulate(&project, &args),
        Command::Fuzz(options) => fuzz::run(&project, &options),
        Command::Mutants { args } => mutants::run(&project, &args),
        Command::Bench(what) => bench::run(&project, &what),
        Command::Openapi { check } => bins::openapi(&project, check).map(|()| ExitCode::SUCCESS),
        Command::Lint => lint::run(&project).map(|()| ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn faults_arguments_pass_through() {
        let cli = Cli::try_parse_from(["xtask", "faults", "--kills", "20", "--seed", "7"]).unwrap();
        let Command::Faults { args } = cli.command else {
            panic!("not the faults command")
        };
        assert_eq!(args, ["--kills", "20", "--seed", "7"]);
    }
}
