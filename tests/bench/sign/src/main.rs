//! `bench-sign`: what signing costs, beside openssl and ecommpay's own npm package.
//!
//! Every round measures both sides one after the other on the same machine; the ratio of speeds is
//! ours over theirs, and the median over the rounds counts.

mod ecommpay;
mod rsa;

use std::{
    error::Error,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

/// Measures signatures beside those of openssl and of the npm package.
#[derive(Debug, Parser)]
#[command(name = "bench-sign")]
struct Arguments {
    /// For how many seconds each side is measured at a time.
    #[arg(long, default_value_t = 1)]
    seconds: u64,
    /// How many times each side is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The folder with the npm package [default: the one of this crate]
    #[arg(long, default_value = env!("CARGO_MANIFEST_DIR"))]
    package: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every goal was reached.
#[expect(clippy::float_arithmetic, reason = "a ratio of speeds, not money")]
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let time = Duration::from_secs(arguments.seconds);
    let mut lines = vec![Line::new("rsa-2048 sign/openssl", 0.9)];
    lines.extend([
        Line::new("gate-sale sign/npm-ecommpay", 10.0),
        Line::new("callback verify/npm-ecommpay", 10.0),
        Line::bound("gate-sale read and sign/npm-ecommpay"),
        // What the first two above could reach at most, were all but the hash for nothing.
        Line::bound("hmac alone/npm-ecommpay sign"),
        Line::bound("hmac alone/npm-ecommpay verify"),
    ]);
    let rsa = rsa::Bench::new()?;
    let ecommpay = ecommpay::Bench::new(&arguments.package)?;
    for round in 1..=arguments.rounds.max(1) {
        let rsa = rsa.round(time)?;
        let (sale, callback) = (ecommpay.sale(time), ecommpay.callback(time));
        let sale_text = ecommpay.sale_text(time);
        let (sale_hash, callback_hash) = (ecommpay.sale_hash(time), ecommpay.callback_hash(time));
        let theirs = ecommpay.theirs(arguments.seconds)?;
        let pairs = [
            rsa,
            (sale, theirs.sale),
            (callback, theirs.callback),
            (sale_text, theirs.sale_text),
            (sale_hash, theirs.sale),
            (callback_hash, theirs.callback),
        ];
        for (line, (ours, theirs)) in lines.iter_mut().zip(pairs) {
            eprintln!(
                "  round {round}: {}: {ours:.0}/s and {theirs:.0}/s",
                line.name
            );
            line.ratios.push(ours / theirs);
        }
    }
    for line in &lines {
        println!("{}: {:.2}", line.name, line.median());
    }
    Ok(lines.iter().all(|line| line.median() >= line.goal))
}

/// A figure of the report.
struct Line {
    name: &'static str,
    goal: f64,
    ratios: Vec<f64>,
}

impl Line {
    const fn new(name: &'static str, goal: f64) -> Self {
        Self {
            name,
            goal,
            ratios: Vec::new(),
        }
    }

    /// A figure that says what is possible: any will do.
    const fn bound(name: &'static str) -> Self {
        Self::new(name, 0.0)
    }

    fn median(&self) -> f64 {
        let mut sorted = self.ratios.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// How often a second `work` can be done.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate, not money"
)]
fn rate(time: Duration, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut done = 0_u64;
    loop {
        for _ in 0..200 {
            work();
        }
        done += 200;
        let passed = start.elapsed();
        if passed >= time {
            return done as f64 / passed.as_secs_f64();
        }
    }
}
