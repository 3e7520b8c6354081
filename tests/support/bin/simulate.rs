//! `simulate`: payments lived through without I/O, see `kassa_tests::simulate`.

use std::{
    process::ExitCode,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use kassa_tests::simulate::{Failure, Sabotage, all_orders, find, regressions, replay, run_seeds};

/// A fault put in on purpose must be found within so many seeds.
const FOUND_WITHIN: u64 = 1_000;
/// How much of a failing seed's trace is printed; all of it with `--seed`.
const LAST_LINES: usize = 40;

/// Lives through seeds: payments, providers, shops, clocks and crashes, without I/O.
///
/// First come all orders of arrival up to six events, then the seeds that once failed, then the
/// faults put in on purpose, each of which must be found, then the seeds asked for.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them; `0` begins somewhere else each time.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Live through this seed alone, and tell all that happens.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let good = match arguments.seed {
        Some(seed) => tell(seed, usize::MAX),
        None => run(&arguments),
    };
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints what happens in a seed; whether all is well.
fn tell(seed: u64, lines: usize) -> bool {
    let (trace, failure) = replay(seed);
    let skipped = trace.len().saturating_sub(lines);
    if skipped > 0 {
        println!("  ({skipped} steps before)");
    }
    for line in trace.iter().skip(skipped) {
        println!("  {line}");
    }
    match failure {
        Some(Failure { what, .. }) => println!("seed {seed}: {what}"),
        None => {
            println!("seed {seed}: all is well");
            return true;
        }
    }
    false
}

fn run(arguments: &Arguments) -> bool {
    let results = [
        try_orders(),
        try_regressions(),
        try_sabotage(),
        try_seeds(arguments),
    ];
    let passed = results.iter().filter(|good| **good).count();
    println!("{passed} passed, {} failed", results.len() - passed);
    passed == results.len()
}

fn try_orders() -> bool {
    let began = Instant::now();
    match all_orders() {
        Ok(orders) => {
            println!(
                "orders: {} sequences of up to six events, {} orders of {} sets of six, {:.1} s",
                orders.sequences,
                orders.permutations,
                orders.sets,
                began.elapsed().as_secs_f64()
            );
            true
        }
        Err(wrong) => {
            println!("orders: {wrong}");
            false
        }
    }
}

fn try_regressions() -> bool {
    let seeds = match regressions() {
        Ok(seeds) => seeds,
        Err(error) => {
            println!("regressions: the file of seeds cannot be read: {error}");
            return false;
        }
    };
    println!("regressions: {} seeds that once failed", seeds.len());
    tell_failures(&run_seeds(&seeds, None).failures)
}

fn try_sabotage() -> bool {
    let found = Sabotage::ALL.map(|sabotage| match find(sabotage, FOUND_WITHIN) {
        Some(Failure { seed, what, .. }) => {
            println!("sabotage: {sabotage:?} is found at seed {seed}: {what}");
            true
        }
        None => {
            println!("sabotage: {sabotage:?} goes unseen for {FOUND_WITHIN} seeds");
            false
        }
    });
    found.iter().all(|found| *found)
}

fn try_seeds(arguments: &Arguments) -> bool {
    let from = match arguments.from {
        0 => now(),
        from => from,
    };
    let seeds: Vec<u64> = (from..from.saturating_add(arguments.seeds)).collect();
    let began = Instant::now();
    let summary = run_seeds(&seeds, None);
    let counts = summary.counts;
    println!(
        "seeds: {} from {from}, {} steps, {} payments, {} attempts, {} callbacks, {} questions, \
         {} webhooks, {} crashes, {} store failures, {} clock steps, {:.1} s",
        counts.seeds,
        counts.steps,
        counts.payments,
        counts.attempts,
        counts.callbacks,
        counts.questions,
        counts.webhooks,
        counts.crashes,
        counts.failures,
        counts.clock_steps,
        began.elapsed().as_secs_f64()
    );
    tell_failures(&summary.failures)
}

fn tell_failures(failures: &[Failure]) -> bool {
    if let Some(first) = failures.first() {
        tell(first.seed, LAST_LINES);
    }
    for Failure { seed, what, .. } in failures {
        println!("seed {seed}: {what}");
        println!("  again with: cargo xtask simulate --seed {seed}");
    }
    failures.is_empty()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| u64::try_from(since.as_millis()).unwrap_or(1))
}
