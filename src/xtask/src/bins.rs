//! Commands that are programs of other crates, built and run with their own exit code.

use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

use crate::postgres;
use crate::progress;
use crate::project::Project;

/// The committed description of the server's HTTP interface.
const OPENAPI: &str = "src/server/openapi.json";

/// What to do when a crate does not build.
pub(crate) const BUILD_ADVICE: &str =
    "the lines above say why; when a download failed, try again with a network connection";

/// Runs every vectors file of a folder (`tests/vectors` when none is named).
///
/// # Errors
/// When the program cannot be built or started.
pub(crate) fn vectors(project: &Project, dir: Option<PathBuf>) -> Result<ExitCode> {
    let dir = match dir {
        // The program runs in the project's folder; the user's path is from where the user is.
        Some(dir) => dir
            .canonicalize()
            .with_context(|| format!("there is no folder {}", dir.display()))?,
        None => project.path("tests/vectors"),
    };
    // Without the simulation, which brings the whole server: no vector needs it.
    let mut cargo = project.cargo();
    cargo.args(["build", "-p", "kassa-tests", "--no-default-features"]);
    cargo.args(["--bin", "vectors"]);
    progress::run("building vectors", &mut cargo, BUILD_ADVICE)?;
    let mut command = built(project, "vectors");
    command.arg(dir);
    pass_through(command)
}

/// Runs the fault harness.
///
/// # Errors
/// When the programs cannot be built or started.
pub(crate) fn faults(project: &Project, args: &[String]) -> Result<ExitCode> {
    let crates = ["kassa-tests", "kassa-server", "kassa-simulator"];
    let mut cargo = project.cargo();
    cargo.arg("build");
    for name in crates {
        cargo.args(["-p", name]);
    }
    crash_points(project, cargo)?;
    build(project, &crates, &["faults", "kassa", "kassa-simulator"])?;
    if args.iter().any(|word| word.contains("postgres")) {
        postgres::ensure(project)?;
    }
    let mut command = built(project, "faults");
    command.args(args);
    pass_through(command)
}

/// Runs the simulation.
///
/// # Errors
/// When the program cannot be built or started.
pub(crate) fn simulate(project: &Project, args: &[String]) -> Result<ExitCode> {
    build(project, &["kassa-tests"], &["simulate"])?;
    let mut command = built(project, "simulate");
    command.args(args);
    pass_through(command)
}

/// Writes the OpenAPI file from the server's handlers, or checks that it is what they say.
///
/// # Errors
/// When the server does not build, or the check finds a difference.
pub(crate) fn openapi(project: &Project, check: bool) -> Result<()> {
    build(project, &["kassa-server"], &["kassa"])?;
    let output = built(project, "kassa")
        .arg("openapi")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start `kassa openapi`")?;
    if !output.status.success() {
        bail!("`kassa openapi` failed ({})", output.status);
    }
    let path = project.path(OPENAPI);
    let committed = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {OPENAPI}")),
    };
    if committed == output.stdout {
        println!("{OPENAPI} is up to date");
    } else if check {
        bail!(
            "{OPENAPI} differs from the handlers\n  run `cargo xtask openapi`, read the change and commit it"
        );
    } else {
        fs::write(&path, output.stdout).with_context(|| format!("cannot write {OPENAPI}"))?;
        println!("{OPENAPI} written");
    }
    Ok(())
}

/// Builds the server with points at which it can be let die, and puts it beside the real one.
/// `cargo` says which crates are built, so that what they share has the same features.
///
/// # Errors
/// When it does not build, or cannot be put there.
pub(crate) fn crash_points(project: &Project, mut cargo: Command) -> Result<()> {
    cargo.args(["--bin", "kassa", "--features", "kassa-server/crash-points"]);
    progress::run(
        "building the server with crash points",
        &mut cargo,
        BUILD_ADVICE,
    )?;
    let program = project.bin_dir().join("kassa");
    let copy = project.bin_dir().join("kassa-crash-points");
    fs::copy(&program, &copy)
        .map(drop)
        .with_context(|| format!("cannot write {}", copy.display()))
}

/// Builds binaries of some crates in one cargo call.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build(project: &Project, crates: &[&str], bins: &[&str]) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.arg("build");
    for name in crates {
        cargo.args(["-p", name]);
    }
    for name in bins {
        cargo.args(["--bin", name]);
    }
    progress::run(
        &format!("building {}", bins.join(", ")),
        &mut cargo,
        BUILD_ADVICE,
    )
}

/// A built binary, told where the others are.
pub(crate) fn built(project: &Project, name: &str) -> Command {
    let mut command = project.command(project.bin_dir().join(name));
    command.env("KASSA_BIN_DIR", project.bin_dir());
    command
}

/// Runs a program to its end and hands on its exit code.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn pass_through(mut command: Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok(exit_code(status))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
