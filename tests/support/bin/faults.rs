//! `faults`: the kill test of the real server, see `kassa_tests::faults`.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use kassa_tests::{
    faults::{self, Options},
    services::{self, Problem},
};

/// So many findings are printed; the first ones tell most.
const MOST_LINES: usize = 40;

/// Kills the server at random moments while payments are made, and counts what it lost.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// How many payments are made.
    #[arg(long, default_value_t = 200)]
    payments: usize,
    /// Where the random numbers begin; a new one each time when it is not named.
    #[arg(long)]
    seed: Option<u64>,
    /// The folder of `kassa` and `kassa-simulator`; they are built when nobody names one.
    #[arg(long)]
    bin_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<bool, Problem> {
    ctrlc::set_handler(|| {
        services::kill_all();
        std::process::exit(130);
    })?;
    let seed = arguments.seed.map_or_else(new_seed, Ok)?;
    println!("faults: seed {seed}");
    let outcome = faults::run(&Options {
        kills: arguments.kills,
        payments: arguments.payments,
        seed,
        bin_dir: arguments.bin_dir,
    })?;
    for line in outcome.wrong.iter().take(MOST_LINES) {
        println!("  {line}");
    }
    if let Some(more @ 1..) = outcome.wrong.len().checked_sub(MOST_LINES) {
        println!("  and {more} more");
    }
    println!(
        "kills: {}, payments: {}, wrong end states: {}",
        outcome.kills, outcome.payments, outcome.wrong_ends
    );
    println!(
        "faults: {} acknowledged, {} lost, {} doubled",
        outcome.acknowledged, outcome.lost, outcome.doubled
    );
    Ok(outcome.is_good())
}

fn new_seed() -> Result<u64, Problem> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())?)
}
