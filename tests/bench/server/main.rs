//! `bench-server`: the server under load, beside a bare hello; see the README beside this folder.

mod callbacks;
mod hello;
mod load;
mod one_by_one;
mod report;
mod rounds;
mod sqlite;
mod subject;
mod template;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use kassa_tests::services::{self, Problem, Service};
use mimalloc::MiMalloc;

use load::Load;
use report::{Goal, figure, grouped, ratio, share};
use rounds::{Bench, Entry, Operation, Pair, Step};
use subject::{Start, Subject};

/// The server's, for hello too.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Goals, in thousandths of hello.
const WRITES: u64 = 350;
const READS: u64 = 600;
/// The goal for 99 of 100 answers, in microseconds.
const P99: u64 = 15_000;
/// How many callbacks a second a server may take at first.
const FIRST_GUESS: u64 = 10_000;
const FIRST_GUESS_OF_A_CHECK: u64 = 1_500;
/// How many restarts the time of one is the median of.
const RESTARTS: usize = 5;

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
    let kassa = match &arguments.kassa {
        Some(kassa) => kassa.clone(),
        None => own.with_file_name("kassa"),
    };
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
    let entries = entries(arguments, &kassa, &own, folder.path())?;
    let mut bench = Bench::new(load, hello.url(), entries)?;
    let steps = steps(arguments);
    let mut seen: Vec<Vec<Pair>> = vec![Vec::new(); steps.len()];
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for (step, pairs) in steps.iter().zip(&mut seen) {
            pairs.push(bench.measure(*step)?);
        }
    }
    print_speed(arguments, &bench, &steps, &seen);
    print_rest(arguments, &mut bench, &kassa)?;
    if arguments.check {
        println!("the figures of a check mean nothing");
        // Each was answered with 2xx only, as often as the server's own count says.
        println!("server under load: {} passed, 0 failed", steps.len());
    }
    Ok(())
}

/// The servers: the one on a small database, the one that commits every write, the one on a large
/// database.
fn entries(
    arguments: &Arguments,
    kassa: &Path,
    own: &Path,
    folder: &Path,
) -> Result<Vec<Entry>, Problem> {
    let real = Start {
        program: kassa.to_owned(),
        arguments: vec!["serve".to_owned()],
    };
    let one_by_one = Start {
        program: own.to_owned(),
        arguments: vec!["one-by-one".to_owned()],
    };
    let mut plans = vec![("sqlite", &real, arguments.payments)];
    if !arguments.short {
        plans.push(("sqlite one by one", &one_by_one, arguments.payments));
        if arguments.large > 0 {
            plans.push(("sqlite large", &real, arguments.large));
        }
    }
    let mut entries = Vec::new();
    for (name, start, payments) in plans {
        eprintln!("{name}: {} payments", grouped(payments));
        let place = folder.join(name.replace(' ', "-"));
        let mut subject = Subject::filled(start, &place, payments)?;
        let is_reset = name != "sqlite large";
        if is_reset {
            subject.keep()?;
        }
        entries.push(Entry {
            name: name.to_owned(),
            subject,
            is_reset,
            callbacks: if arguments.check {
                FIRST_GUESS_OF_A_CHECK
            } else {
                FIRST_GUESS
            },
        });
    }
    Ok(entries)
}

/// What is measured in a round, in order.
fn steps(arguments: &Arguments) -> Vec<Step> {
    use Operation::{Callback, Create, Status};
    let mut all = vec![(0, Create), (0, Callback), (0, Status)];
    if !arguments.short {
        all.extend([(1, Create), (1, Callback)]);
        if arguments.large > 0 {
            all.extend([(2, Create), (2, Callback), (2, Status)]);
        }
    }
    all.into_iter()
        .filter(|(_, operation)| arguments.only.is_empty() || arguments.only.contains(operation))
        .map(|(subject, operation)| Step { subject, operation })
        .collect()
}

impl Arguments {
    /// A goal, where figures mean anything.
    fn goal(&self, goal: Goal) -> Goal {
        if self.check { Goal::None } else { goal }
    }
}

fn print_speed(arguments: &Arguments, bench: &Bench, steps: &[Step], seen: &[Vec<Pair>]) {
    let pairs_of = |subject: usize, operation: Operation| {
        let place = steps
            .iter()
            .position(|step| (step.subject, step.operation) == (subject, operation))?;
        seen.get(place).map(Vec::as_slice)
    };
    println!(
        "{} connections, {} rounds of {} s, each after a hello of the same length; medians",
        arguments.connections, arguments.rounds, arguments.seconds
    );
    for (step, pairs) in steps.iter().zip(seen) {
        let name = bench
            .entries
            .get(step.subject)
            .map_or("", |entry| entry.name.as_str());
        let goal = match (step.subject, step.operation) {
            (0, Operation::Status) => Goal::AtLeast(READS),
            (0, _) => Goal::AtLeast(WRITES),
            _ => Goal::None,
        };
        println!(
            "{}",
            share(
                &format!("{name} {}", step.operation.name()),
                pairs,
                arguments.goal(goal),
                arguments.goal(Goal::AtMost(P99))
            )
        );
    }
    for operation in [Operation::Create, Operation::Callback, Operation::Status] {
        let name = operation.name();
        let Some(small) = pairs_of(0, operation) else {
            continue;
        };
        if let Some(one_by_one) = pairs_of(1, operation) {
            let line = format!("sqlite {name}, commits shared/one by one");
            println!("{}", ratio(&line, small, one_by_one, Goal::AtLeast(14_000)));
        }
        if let Some(large) = pairs_of(2, operation) {
            let (few, many) = (grouped(arguments.payments), grouped(arguments.large));
            let line = format!("sqlite {name}, cost at {many}/at {few} payments");
            println!("{}", ratio(&line, small, large, Goal::AtMost(1_200)));
        }
    }
}

/// Memory, restart and sizes.
fn print_rest(arguments: &Arguments, bench: &mut Bench, kassa: &Path) -> Result<(), Problem> {
    for entry in &mut bench.entries {
        if entry.name == "sqlite one by one" {
            continue;
        }
        let name = format!("{} most memory", entry.name);
        let memory = entry.subject.peak_memory()?;
        println!(
            "{}",
            figure(&name, memory, " MB", arguments.goal(Goal::AtMost(64_000)))
        );
    }
    let last = bench
        .entries
        .iter_mut()
        .rfind(|entry| entry.name != "sqlite one by one");
    if let Some(entry) = last {
        let mut times = Vec::new();
        for _ in 0..RESTARTS {
            times.push(u64::try_from(entry.subject.restart()?.as_micros())?);
        }
        let stored = if entry.is_reset {
            arguments.payments
        } else {
            arguments.large
        };
        let name = format!(
            "{} restart to first answer at {} payments",
            entry.name,
            grouped(stored)
        );
        println!(
            "{}",
            figure(
                &name,
                rounds::median(times),
                " ms",
                arguments.goal(Goal::AtMost(100_000))
            )
        );
        let size = entry.subject.database_bytes() / 1_000;
        println!(
            "{}",
            figure(&format!("{} database", entry.name), size, " MB", Goal::None)
        );
    }
    let bytes = fs::metadata(kassa)?.len();
    println!(
        "{}",
        figure(
            "binary",
            bytes / 1_000,
            " MB",
            arguments.goal(Goal::AtMost(25_000))
        )
    );
    Ok(())
}
