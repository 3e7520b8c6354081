//! `faults`: what the real server does when things go wrong, see `kassa_tests::faults`.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Parser, ValueEnum};
use kassa_tests::{
    faults::{ALL, Fault, Harness, Options, Outcome, SELF_TESTS, Store},
    services::{self, Problem},
};

/// So many findings of a fault are printed; the first ones tell most.
const MOST_LINES: usize = 40;
/// And so much of each.
const LONGEST_LINE: usize = 300;

/// Lets things go wrong around the server while payments are made, and counts what it lost.
#[derive(Debug, Parser)]
#[command(name = "faults", after_help = list())]
struct Arguments {
    /// What keeps the payments.
    #[arg(long, value_enum, default_value_t = Kept::Sqlite)]
    store: Kept,
    /// How often the server is killed; one power cut for ten kills, a hundred hang-ups for one.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Only this fault (may be given several times).
    #[arg(long, value_name = "NAME", value_parser = named)]
    only: Vec<&'static Fault>,
    /// Where the random numbers begin; a new one each time when it is not named.
    #[arg(long)]
    seed: Option<u64>,
    /// Only show that the harness can fail: runs in which something must be lost.
    #[arg(long, conflicts_with_all = ["only", "store"])]
    self_test: bool,
    /// The folder of `kassa` and `kassa-simulator`; they are built when nobody names one.
    #[arg(long)]
    bin_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kept {
    Sqlite,
    Postgres,
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
    let store = match arguments.store {
        Kept::Sqlite => Store::Sqlite,
        Kept::Postgres => Store::Postgres,
    };
    let harness = Harness::new(&Options {
        store,
        kills: arguments.kills,
        seed,
        bin_dir: arguments.bin_dir,
    })?;
    if arguments.self_test {
        return self_test(&harness);
    }
    let faults: Vec<&Fault> = match arguments.only.as_slice() {
        [] => ALL
            .iter()
            .filter(|fault| fault.stores.contains(&store))
            .collect(),
        some => some.to_vec(),
    };
    if let Some(other) = faults.iter().find(|fault| !fault.stores.contains(&store)) {
        return Err(format!("{} cannot happen to {store:?}", other.name).into());
    }
    let mut all = Vec::new();
    for fault in faults {
        let outcome = harness.run(fault)?;
        report(&outcome);
        all.push(outcome);
    }
    let sum = |of: fn(&Outcome) -> usize| all.iter().map(of).sum::<usize>();
    println!(
        "faults: {} acknowledged, {} lost, {} doubled",
        sum(|outcome| outcome.acknowledged),
        sum(|outcome| outcome.lost),
        sum(|outcome| outcome.doubled)
    );
    Ok(all.iter().all(Outcome::is_good))
}

/// Whether every run found what was lost in it.
fn self_test(harness: &Harness) -> Result<bool, Problem> {
    let (mut passed, mut failed) = (0, 0);
    for fault in SELF_TESTS {
        let outcome = harness.run(fault)?;
        println!("{outcome}");
        match outcome.lost {
            0 => failed += 1,
            _ => passed += 1,
        }
    }
    println!("what must be found: {passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn report(outcome: &Outcome) {
    println!("{outcome}");
    for line in outcome.wrong.iter().take(MOST_LINES) {
        let beginning: String = line.chars().take(LONGEST_LINE).collect();
        println!("  {beginning}");
    }
    if let Some(more @ 1..) = outcome.wrong.len().checked_sub(MOST_LINES) {
        println!("  and {more} more");
    }
}

fn named(name: &str) -> Result<&'static Fault, String> {
    let fault = ALL.iter().find(|fault| fault.name == name);
    fault.ok_or_else(|| format!("there is no such fault; {}", list()))
}

fn list() -> String {
    let lines = ALL.iter().map(|fault| {
        let only = match fault.stores {
            [only] => format!(" ({only:?} only)"),
            _ => String::new(),
        };
        format!("  {:<16}{}{only}\n", fault.name, fault.about)
    });
    format!("The faults:\n{}", lines.collect::<String>())
}

fn new_seed() -> Result<u64, Problem> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())?)
}
