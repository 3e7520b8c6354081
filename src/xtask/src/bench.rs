//! `cargo xtask bench`: how fast the parts are.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::bins::{BUILD_ADVICE, pass_through};
use crate::front::{self, NODE_ADVICE, Node};
use crate::packages;
use crate::progress;
use crate::project::Project;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The server under load, beside a bare hello (see tests/bench/README.md)
    #[command(disable_help_flag = true)]
    Server {
        /// Passed on, for instance `--rounds 3` or `--help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// What a browser loads, beside Adyen's Finnish bank list
    Size,
    /// Reference numbers in Node, beside the libraries in use, and natively
    #[command(disable_help_flag = true)]
    Npm {
        /// Passed on, for instance `--rounds 3`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// How long a bank list takes to be usable on a slow phone, beside Adyen's
    #[command(disable_help_flag = true)]
    Element {
        /// Passed on, for instance `--rounds 3` or `--help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Signatures, beside openssl and the providers' own npm package
    #[command(disable_help_flag = true)]
    Sign {
        /// Passed on, for instance `--rounds 3` or `--help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// The folder of the crate that measures signatures, and of the npm package beside it.
const SIGN: &str = "tests/bench/sign";

/// The folders with the scripts that measure the npm package, and the packages beside it.
const SIZE: &str = "tests/bench/size";
const NPM: &str = "tests/bench/npm";
const ELEMENT: &str = "tests/bench/element";

const WRK_ADVICE: &str = "install wrk, for instance `apt-get install wrk`";

/// Builds what is measured as it is released, and measures it.
///
/// # Errors
/// When the programs cannot be built or started.
pub(crate) fn run(project: &Project, what: &Bench) -> Result<ExitCode> {
    match what {
        Bench::Server { args } => server(project, args),
        Bench::Sign { args } => sign(project, args),
        Bench::Size => size(project),
        Bench::Npm { args } => npm(project, args),
        Bench::Element { args } => element(project, args),
    }
}

fn sign(project: &Project, args: &[String]) -> Result<ExitCode> {
    let folder = project.path(SIGN);
    let node = Node::find(project).context(NODE_ADVICE)?;
    node.install(&folder)?;
    let mut cargo = project.cargo();
    cargo.args(["build", "--release", "-p", "kassa-bench-sign"]);
    progress::run("building bench-sign", &mut cargo, BUILD_ADVICE)?;
    let mut command = project.command(project.target.join("release/bench-sign"));
    command.arg("--package").arg(folder).args(args);
    pass_through(command)
}

/// Builds the package, and both lists in one run.
fn size(project: &Project) -> Result<ExitCode> {
    let folder = project.path(SIZE);
    let node = Node::find(project).context(NODE_ADVICE)?;
    node.install(&folder)?;
    front::build(project, true, &[])?;
    let mut command = project.command("node");
    command.arg(folder.join("size.mjs"));
    pass_through(command)
}

/// The libraries in Node, and then the same list in the native crate.
fn npm(project: &Project, args: &[String]) -> Result<ExitCode> {
    let folder = project.path(NPM);
    let node = Node::find(project).context(NODE_ADVICE)?;
    node.install(&folder)?;
    front::build(project, true, &["references".to_owned()])?;
    let mut command = project.command("node");
    command.arg(folder.join("npm.mjs")).args(args);
    let reached = pass_through(command)?;
    let mut cargo = project.cargo();
    cargo.args(["build", "--release", "-p", "viite", "--example", "speed"]);
    progress::run("building viite's example speed", &mut cargo, BUILD_ADVICE)?;
    let speed = project.target.join("release/examples/speed");
    pass_through(project.command(speed))?;
    Ok(reached)
}

/// Both lists in Chromium, which `KASSA_BROWSER` may name.
fn element(project: &Project, args: &[String]) -> Result<ExitCode> {
    let folder = project.path(ELEMENT);
    let node = Node::find(project).context(NODE_ADVICE)?;
    node.install(&folder)?;
    front::build(project, true, &[])?;
    let mut command = project.command("node");
    command.arg(folder.join("bench.mjs")).args(args);
    pass_through(command)
}

fn server(project: &Project, args: &[String]) -> Result<ExitCode> {
    let wrk = wrk(project)?;
    let mut cargo = project.cargo();
    cargo.args(["build", "--release"]);
    cargo.args(["-p", "kassa-server", "--bin", "kassa"]);
    cargo.args(["-p", "kassa-bench", "--bin", "bench-server"]);
    progress::run("building kassa and bench-server", &mut cargo, BUILD_ADVICE)?;
    let release = project.target.join("release");
    let mut command = project.command(release.join("bench-server"));
    command.arg("--wrk").arg(wrk).args(args);
    pass_through(command)
}

/// The load generator: found, or installed now.
///
/// # Errors
/// When there is none and none can be installed.
pub(crate) fn wrk(project: &Project) -> Result<PathBuf> {
    if let Some(found) = find_wrk() {
        return Ok(found);
    }
    packages::install(project, "wrk was not found", &["wrk"], WRK_ADVICE)?;
    find_wrk().with_context(|| format!("the installed package holds no wrk\n  {WRK_ADVICE}"))
}

fn find_wrk() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join("wrk"))
        .find(|file| file.is_file())
}
