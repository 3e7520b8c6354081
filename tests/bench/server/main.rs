//! `bench-server`: the server under load, beside a bare hello; see the README beside this folder.

mod callbacks;
mod database;
mod figures;
mod hello;
mod load;
mod one_by_one;
mod plan;
mod postgres;
mod report;
mod rounds;
mod sqlite;
mod subject;
mod template;

use std::{env, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use kassa_tests::services::{self, Problem, Service};
use mimalloc::MiMalloc;

use load::Load;
use plan::{Plan, Store};
use rounds::{Bench, Operation, Pair};

/// The server's, for hello too.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures the server beside a bare hello.
#[derive(Debug, Parser)]
#[command(name = "bench-server")]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// The server's program [default: the one beside this one]
    #[arg(long)]
    kassa: Option<PathBuf>,
    /// The load generator.
    #[arg(long, default_value = "wrk")]
    wrk: PathBuf,
    /// For how many seconds each operation is measured at a time.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// How many times each operation is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How many connections are open at once.
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// How many payments are stored already.
    #[arg(long, default_value_t = 10_000)]
    payments: u64,
    /// How many payments are stored in the large database that the small one is compared with;
    /// 0 for no comparison. A million takes about 4 GB.
    #[arg(long, default_value_t = 1_000_000)]
    large: u64,
    /// Only these operations.
    #[arg(long, value_enum)]
    only: Vec<Operation>,
    /// Only on this store.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// Only the first figures: no large database, no commit for every write.
    #[arg(long)]
    short: bool,
    /// For a moment only, to see that all is answered: figures without meaning.
    #[arg(long, conflicts_with_all = ["seconds", "rounds", "payments", "large", "short"])]
    check: bool,
    /// Where the databases are, for as long as it takes [default: the system's folder].
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The bare hello.
    #[command(hide = true)]
    Hello,
    /// The server with a commit for every write.
    #[command(hide = true)]
    OneByOne {
        #[command(flatten)]
        options: one_by_one::Options,
    },
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.check {
        arguments.seconds = 1;
        arguments.rounds = 1;
        arguments.payments = 500;
        arguments.short = true;
    }
    let done = match arguments.part.take() {
        Some(Part::Hello) => hello::serve().map_err(Problem::from),
        Some(Part::OneByOne { options }) => one_by_one::serve(options),
        None => run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Problem> {
    ctrlc::set_handler(|| {
        services::kill_all();
        std::process::exit(130);
    })?;
    let own = env::current_exe()?;
    let kassa = arguments.kassa.clone();
    let kassa = kassa.unwrap_or_else(|| own.with_file_name("kassa"));
    let folder = arguments.folder.clone().unwrap_or_else(env::temp_dir);
    let folder = tempfile::Builder::new()
        .prefix("kassa-bench-")
        .tempdir_in(folder)?;
    let hello = Service::start("hello", &own, &["hello".to_owned()], &[], folder.path())?;
    let load = Load {
        wrk: arguments.wrk.clone(),
        connections: arguments.connections,
        seconds: arguments.seconds,
    };
    let plan = Plan::new(arguments);
    let entries = plan.entries(&kassa, &own, folder.path())?;
    let mut bench = Bench::new(load, hello.url(), entries)?;
    let mut seen: Vec<Vec<Pair>> = vec![Vec::new(); plan.steps.len()];
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for (step, pairs) in plan.steps.iter().zip(&mut seen) {
            pairs.push(bench.measure(*step)?);
        }
    }
    println!(
        "{} connections, {} rounds of {} s, each after a hello of the same length; medians",
        arguments.connections, arguments.rounds, arguments.seconds
    );
    figures::speed(&plan, &seen);
    figures::rest(&plan, &mut bench, &kassa)?;
    if arguments.check {
        println!("the figures of a check mean nothing");
        // Each was answered with 2xx only, as often as the server's own count says.
        println!("server under load: {} passed, 0 failed", plan.steps.len());
    }
    Ok(())
}
