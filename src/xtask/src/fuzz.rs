//! `cargo xtask fuzz`: each parser of foreign input under libFuzzer, guided by coverage.
//!
//! It needs no nightly toolchain: without a sanitizer, for which code that is safe throughout has
//! no use, the counters are the stable compiler's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::packages;
use crate::progress;
use crate::project::Project;
use crate::toolchain::answers;
use crate::tools;

/// The crate that hands inputs to the properties.
const CRATE: &str = "tests/fuzz";
const VERSION: &str = "0.13.2";
/// What libFuzzer says with a failure: its last lines are enough.
const LAST_LINES: usize = 40;

#[derive(Args)]
pub(crate) struct Options {
    /// Only this parser, a folder of tests/fuzz/corpus (may be given several times)
    #[arg(long, value_name = "PARSER")]
    only: Vec<String>,
    /// How long each parser is fed
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where the random numbers begin; a new one each time when it is not named
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seed: Option<u32>,
}

/// Feeds the parsers, one after the other.
///
/// # Errors
/// When the tool cannot be installed or built. A property that is broken is an exit code.
pub(crate) fn run(project: &Project, options: &Options) -> Result<ExitCode> {
    let targets = chosen(project, &options.only)?;
    let program = build(project)?;
    let mut sum = 0;
    let mut broken = Vec::new();
    for name in &targets {
        let label = format!("{name} for {} s", options.seconds);
        let command = &mut feeder(project, &program, name, options)?;
        let output = progress::during(&label, || Ok(command.output()?))?;
        let said = said(&output);
        sum += executed(&said);
        println!("{name}: {} inputs, seed {}", executed(&said), seed(&said));
        if !output.status.success() {
            println!("{}", last_lines(&said));
            broken.push(name.as_str());
        }
    }
    if !broken.is_empty() {
        println!(
            "broken: {}; each input is kept in {CRATE}/corpus/PARSER/failed-…: commit it with the \
             repair, and it is tried in every run",
            broken.join(", ")
        );
    }
    println!(
        "fuzz: {} parsers, {sum} inputs, {} broken",
        targets.len(),
        broken.len()
    );
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen(project: &Project, only: &[String]) -> Result<Vec<String>> {
    let corpus = project.path(CRATE).join("corpus");
    let entries =
        fs::read_dir(&corpus).with_context(|| format!("cannot read {}", corpus.display()))?;
    let mut all = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    all.sort();
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("{unknown} is no parser\n  there are {}", all.join(", "));
    }
    if !only.is_empty() {
        all.retain(|name| only.contains(name));
    }
    Ok(all)
}

fn build(project: &Project) -> Result<PathBuf> {
    let mut compiler = project.command("c++");
    compiler.arg("--version");
    if !answers(compiler) {
        let advice = "install a compiler of C++, for instance `apt-get install g++`";
        packages::install(
            project,
            "no compiler of C++ was found, for libFuzzer",
            &["g++"],
            advice,
        )?;
    }
    let path = tools::path_with(project, "fuzz", VERSION)?;
    let folder = project.path(CRATE);
    // The versions that everything else is tested with.
    fs::copy(project.path("Cargo.lock"), folder.join("Cargo.lock"))
        .context("cannot copy Cargo.lock for the fuzzer")?;
    let target = project.target.join("fuzz");
    let mut cargo = project.cargo();
    cargo
        .env("PATH", path)
        .env_remove("CARGO_TARGET_DIR")
        .args(["fuzz", "build", "--sanitizer", "none", "--fuzz-dir"])
        .arg(&folder)
        .arg("--target-dir")
        .arg(&target)
        .arg("any");
    progress::run(
        "building the parsers for libFuzzer",
        &mut cargo,
        "the lines above say why",
    )?;
    let host = host(project)?;
    Ok(target.join(host).join("release/any"))
}

/// libFuzzer's call. It writes what it learns below `target`, and what breaks to the corpus.
fn feeder(project: &Project, program: &Path, name: &str, options: &Options) -> Result<Command> {
    let learnt = project.target.join("fuzz/corpus").join(name);
    fs::create_dir_all(&learnt).with_context(|| format!("cannot make {}", learnt.display()))?;
    let committed = project.path(CRATE).join("corpus").join(name);
    let mut command = project.command(program);
    command
        .env("KASSA_FUZZ_TARGET", name)
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-seed={}", options.seed.unwrap_or(0)))
        .arg(format!("-artifact_prefix={}/failed-", committed.display()))
        .args([
            "-use_value_profile=1",
            "-timeout=10",
            "-print_final_stats=1",
        ])
        .args([learnt, committed]);
    Ok(command)
}

fn host(project: &Project) -> Result<String> {
    let output = project.command("rustc").arg("-vV").output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not say what it compiles for")
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// How many inputs libFuzzer says it tried.
fn executed(said: &str) -> u64 {
    let mut numbers = said
        .lines()
        .filter_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let number = numbers.next_back().map(str::trim);
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// Where libFuzzer's random numbers began: `INFO: Seed: 7`.
fn seed(said: &str) -> &str {
    let mut lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("INFO: Seed: "));
    lines.next().unwrap_or("unknown")
}

fn last_lines(said: &str) -> String {
    let lines: Vec<_> = said.lines().collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_and_seed_are_read_from_what_it_says() {
        let said =
            "INFO: Seed: 7\nDone 12 runs in 1 second(s)\nstat::number_of_executed_units: 1234\n";
        assert_eq!((executed(said), seed(said)), (1234, "7"));
        assert_eq!(executed("==77== ERROR"), 0);
    }

    #[test]
    fn parsers_are_the_folders_of_the_corpus() {
        let project = Project::find().unwrap();
        assert!(chosen(&project, &[]).unwrap().len() >= 25);
        assert_eq!(chosen(&project, &["iban".to_owned()]).unwrap(), ["iban"]);
        let unknown = chosen(&project, &["no such".to_owned()]).unwrap_err();
        assert!(unknown.to_string().contains("business_id, "), "{unknown}");
    }
}
