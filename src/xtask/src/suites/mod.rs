//! `cargo xtask test`: every suite, and one sum at the end.

mod browser;
mod python;
mod summary;

use std::fs;
use std::io::{IsTerminal as _, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::bench;
use crate::bins::{self, BUILD_ADVICE, built};
use crate::front::{self, NODE_ADVICE, Node};
use crate::postgres;
use crate::progress;
use crate::project::Project;
use crate::toolchain::answers;
use summary::{Counts, Format, Tally};

/// The folder of the tests that other people's programs run.
const ORACLES: &str = "tests/oracles";

/// The folder of the tests of the npm package.
const NPM: &str = "tests/npm";

/// After this many milliseconds a test of a Node suite counts as failed.
const NODE_TEST_LIMIT: &str = "--test-timeout=1200000";

/// What cargo builds for the tests: one call for all, so that nothing is compiled twice.
const TEST_TARGETS: &[&str] = &["--workspace", "--lib", "--bins", "--tests", "--examples"];

/// A group of tests with one runner, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(crate) enum Suite {
    /// Unit and integration tests of all crates
    Rust,
    /// The examples in the documentation
    Doc,
    /// The test vectors, through the public API
    Vectors,
    /// The small front-end build, each way of importing within its budget
    Size,
    /// The npm package in Node
    Npm,
    /// Our webhooks, judged by the public libraries on npm and PyPI, and the old shop of the browser
    /// tests, by the vectors
    Oracles,
    /// The running server, held by schemathesis against its OpenAPI document
    Openapi,
    /// End to end in a browser
    Browser,
    /// Payments lived through without I/O, by seeds
    Simulate,
    /// The server, while everything around it goes wrong
    Faults,
    /// The load on the server, for a moment: that it is all answered, not how fast
    Bench,
}

/// How a suite ended.
struct Outcome {
    suite: Suite,
    counts: Counts,
    spent: Duration,
    /// Why it failed, when its own output does not tell.
    complaint: Option<String>,
}

/// Runs the named suites, or all.
///
/// # Errors
/// Never for a failing test: that is an exit code.
pub(crate) fn run(project: &Project, only: &[Suite]) -> Result<ExitCode> {
    let outcomes: Vec<_> = chosen(only)
        .into_iter()
        .map(|suite| run_suite(project, suite))
        .collect();
    let mut sum = Counts::default();
    for outcome in &outcomes {
        sum += outcome.counts;
    }
    println!("\n{}", table(&outcomes));
    for outcome in &outcomes {
        if let Some(complaint) = &outcome.complaint {
            println!("suite {}: {complaint}\n", name(outcome.suite));
        }
    }
    println!(
        "{} passed, {} failed, {} skipped",
        sum.passed, sum.failed, sum.skipped
    );
    Ok(if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The suites to run, in their order. What the npm and browser suites test must be built first.
fn chosen(only: &[Suite]) -> Vec<Suite> {
    let all = Suite::value_variants();
    if only.is_empty() {
        return all.to_vec();
    }
    let needs_front = only.contains(&Suite::Npm) || only.contains(&Suite::Browser);
    all.iter()
        .copied()
        .filter(|suite| only.contains(suite) || (*suite == Suite::Size && needs_front))
        .collect()
}

fn run_suite(project: &Project, suite: Suite) -> Outcome {
    println!("\n=== {} ===", name(suite));
    let began = Instant::now();
    let (counts, complaint) = match dispatch(project, suite) {
        Ok(counts) if counts == Counts::default() => (ONE_FAILED, Some("ran no test".to_owned())),
        Ok(counts) => (counts, None),
        Err(error) => {
            eprintln!("error: {error:#}");
            (ONE_FAILED, Some(format!("{error:#}")))
        }
    };
    Outcome {
        suite,
        counts,
        spent: began.elapsed(),
        complaint,
    }
}

const ONE_FAILED: Counts = Counts {
    passed: 0,
    failed: 1,
    skipped: 0,
};

fn dispatch(project: &Project, suite: Suite) -> Result<Counts> {
    match suite {
        Suite::Rust => {
            postgres::ensure(project)?;
            rust(project)
        }
        Suite::Doc => {
            let mut cargo = project.cargo();
            cargo.args(["test", "--workspace", "--doc", "--no-fail-fast"]);
            stream(&mut cargo, Format::Libtest)
        }
        Suite::Vectors => {
            build(project)?;
            let mut command = built(project, "vectors");
            stream(command.arg("tests/vectors"), Format::Plain)
        }
        Suite::Size => size(project),
        Suite::Npm => npm(project),
        Suite::Oracles => oracles(project),
        Suite::Openapi => python_script(project, "openapi.py", Format::Plain),
        Suite::Browser => {
            let browsers = browser::find_or_install(project)?;
            // The old shop of the tests is written in it.
            python::ensure_python(project)?;
            build(project)?;
            // The examples are built and opened, too.
            Node::find(project)
                .context(NODE_ADVICE)?
                .install(&project.path("pkg/examples"))?;
            let known: Vec<_> = browsers
                .iter()
                .map(|(variable, program)| (*variable, program.as_path()))
                .collect();
            node_suite(project, "tests/browser", &known)
        }
        Suite::Simulate => {
            build(project)?;
            stream(&mut built(project, "simulate"), Format::Plain)
        }
        Suite::Bench => {
            let wrk = bench::wrk(project)?;
            build(project)?;
            let mut command = built(project, "bench-server");
            stream(command.arg("--check").arg("--wrk").arg(wrk), Format::Plain)
        }
        Suite::Faults => faults(project),
    }
}

/// First the runs in which something must be lost, then both stores.
fn faults(project: &Project) -> Result<Counts> {
    postgres::ensure(project)?;
    let mut cargo = project.cargo();
    // A test beside it, so that what all share is built as for the tests.
    cargo.args(["build", "--workspace", "--test", "tree"]);
    bins::crash_points(project, cargo)?;
    build(project)?;
    let mut counts = stream(built(project, "faults").arg("--self-test"), Format::Plain)?;
    for store in ["sqlite", "postgres"] {
        let mut command = built(project, "faults");
        counts += stream(command.args(["--store", store]), Format::Faults)?;
    }
    Ok(counts)
}

fn rust(project: &Project) -> Result<Counts> {
    let mut probe = project.cargo();
    probe.args(["nextest", "--version"]);
    let nextest = answers(probe);
    let mut cargo = project.cargo();
    if nextest {
        cargo.args(["nextest", "run"]);
    } else {
        println!("cargo-nextest is not installed: `cargo test` runs the same tests");
        cargo.arg("test");
    }
    cargo.args(TEST_TARGETS).arg("--no-fail-fast");
    let format = if nextest {
        Format::Nextest
    } else {
        Format::Libtest
    };
    let mut counts = stream(&mut cargo, format)?;
    counts += traces(project)?;
    Ok(counts)
}

/// The tests of what the product is built without: spans to a collector.
fn traces(project: &Project) -> Result<Counts> {
    let mut cargo = project.cargo();
    // Of the whole workspace, so that what all share is not built once more with fewer features.
    cargo.args(["test", "--workspace", "--features", "kassa-server/otel"]);
    stream(cargo.args(["--test", "traces"]), Format::Libtest)
}

/// The programs that tests start, compiled with the very features that the tests have.
fn build(project: &Project) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.arg("build").args(TEST_TARGETS);
    progress::run("building the programs under test", &mut cargo, BUILD_ADVICE)
}

/// What other people's programs say of our messages: one script a language.
fn oracles(project: &Project) -> Result<Counts> {
    let mut counts = python_script(project, "webhooks.py", Format::Python)?;
    counts += python_script(project, "vetuma.py", Format::Python)?;
    counts += node_suite(project, ORACLES, &[])?;
    Ok(counts)
}

fn python_script(project: &Project, name: &str, format: Format) -> Result<Counts> {
    let python = python::environment(project, ORACLES)?;
    build(project)?;
    let mut command = project.command(python);
    command
        .arg(project.path(ORACLES).join(name))
        .env("KASSA_BIN_DIR", project.bin_dir())
        .env("PYTHONUNBUFFERED", "1");
    stream(&mut command, format)
}

fn size(project: &Project) -> Result<Counts> {
    if Node::find(project).is_none() {
        bail!("sizes cannot be measured without wasm-opt, which needs Node.js\n  {NODE_ADVICE}");
    }
    front::build(project, true, &[])?;
    Ok(Counts {
        passed: front::way_count(),
        ..Counts::default()
    })
}

/// The packed package, installed into a fresh folder. One of our programs signs webhooks for it.
fn npm(project: &Project) -> Result<Counts> {
    build(project)?;
    let installed = project.target.join("xtask/npm");
    let mut command = project.command("node");
    command
        .arg(project.path(NPM).join("support/install.mjs"))
        .arg(&installed);
    progress::run(
        "packing and installing the npm package",
        &mut command,
        BUILD_ADVICE,
    )?;
    node_suite(project, NPM, &[("KASSA_NPM_FOLDER", &installed)])
}

/// Runs every `*.test.mjs` of a folder in Node's own test runner, with what they are to know.
fn node_suite(project: &Project, folder: &str, known: &[(&str, &Path)]) -> Result<Counts> {
    let Some(node) = Node::find(project) else {
        bail!("Node.js is missing\n  {NODE_ADVICE}");
    };
    let path = project.path(folder);
    let files = test_files(&path)?;
    if files.is_empty() {
        bail!("{folder} holds no *.test.mjs");
    }
    if path.join("package.json").is_file() {
        node.install(&path)?;
    }
    let mut command = project.command("node");
    command
        .args(["--test", "--test-reporter=spec", NODE_TEST_LIMIT])
        .args(files)
        .env("KASSA_BIN_DIR", project.bin_dir());
    command.envs(known.iter().copied());
    stream(&mut command, Format::Node)
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .collect::<std::io::Result<Vec<_>>>()?;
    let mut files: Vec<_> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    Ok(files)
}

/// Runs a test runner with its output shown as it comes, and counts. A runner that fails without
/// having counted a failed test counts as one.
fn stream(command: &mut Command, format: Format) -> Result<Counts> {
    if stdout().is_terminal() {
        command
            .env("CARGO_TERM_COLOR", "always")
            .env("FORCE_COLOR", "1");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let mut tally = Tally::new(format);
    progress::follow(&mut child, |line| {
        println!("{line}");
        tally.read(&line);
    })?;
    let status = child.wait()?;
    let mut counts = tally.counts();
    if !status.success() && counts.failed == 0 {
        println!("the runner failed ({status}) without a failed test: counted as one");
        counts.failed = 1;
    }
    Ok(counts)
}

fn table(outcomes: &[Outcome]) -> String {
    let mut lines = format!(
        "{:<10}{:>8}{:>8}{:>9}{:>11}\n",
        "suite", "passed", "failed", "skipped", "time"
    );
    for outcome in outcomes {
        let Counts {
            passed,
            failed,
            skipped,
        } = outcome.counts;
        let time = progress::seconds(outcome.spent);
        lines.push_str(&format!(
            "{:<10}{passed:>8}{failed:>8}{skipped:>9}{time:>11}\n",
            name(outcome.suite)
        ));
    }
    lines
}

fn name(suite: Suite) -> String {
    format!("{suite:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_suites_run_unless_some_are_named() {
        assert_eq!(chosen(&[]), Suite::value_variants());
        assert_eq!(
            chosen(&[Suite::Faults, Suite::Rust]),
            [Suite::Rust, Suite::Faults]
        );
    }

    #[test]
    fn what_the_browser_loads_is_built_first() {
        assert_eq!(chosen(&[Suite::Browser]), [Suite::Size, Suite::Browser]);
    }

    #[test]
    fn runner_that_crashes_counts_as_failed() {
        let counts = stream(Command::new("sh").args(["-c", "exit 9"]), Format::Plain).unwrap();
        assert_eq!(counts, ONE_FAILED);
    }

    #[test]
    fn runner_that_counts_is_believed() {
        let script = "echo 'a: 2 passed, 3 failed'; exit 1";
        let counts = stream(Command::new("sh").args(["-c", script]), Format::Plain).unwrap();
        assert_eq!((counts.passed, counts.failed), (2, 3));
    }

    #[test]
    fn table_lines_up() {
        let outcome = Outcome {
            suite: Suite::Rust,
            counts: ONE_FAILED,
            spent: Duration::from_millis(1_250),
            complaint: None,
        };
        assert_eq!(
            table(&[outcome]),
            "suite       passed  failed  skipped       time\n\
             rust             0       1        0      1.2 s\n"
        );
    }
}
