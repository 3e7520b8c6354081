//! `cargo xtask lint`: what must be clean before tests count.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::project::{Project, WASM_TARGET};
use crate::toolchain;

/// The crates that also run in a browser, where other code of theirs is compiled.
const BROWSER_CRATES: &[&str] = &["kassa-widget", "kassa-wasm"];

/// Features that nothing has by itself: where they are, and what to check.
const FEATURES: &[(&str, &str)] = &[("kassa-server", "otel")];

/// Checks format, then clippy crate by crate, then the documentation.
///
/// Crate by crate, because a whole-workspace run joins the features of all crates, and a crate that
/// forgot one of its own would compile there and nowhere else.
///
/// # Errors
/// At the first step that is not clean.
pub(crate) fn run(project: &Project) -> Result<()> {
    step(
        project.cargo().args(["fmt", "--all", "--check"]),
        "run `cargo fmt --all`",
    )?;
    for name in project.crates()? {
        let mut cargo = project.cargo();
        cargo.args(["clippy", "--quiet", "-p", &name, "--all-targets"]);
        step(cargo.args(["--", "-D", "warnings"]), CLIPPY_ADVICE)?;
    }
    for (name, feature) in FEATURES {
        let mut cargo = project.cargo();
        cargo.args(["clippy", "--quiet", "-p", name, "--features", feature]);
        cargo.arg("--all-targets");
        step(cargo.args(["--", "-D", "warnings"]), CLIPPY_ADVICE)?;
    }
    toolchain::ensure_wasm_target(project)?;
    for name in BROWSER_CRATES {
        let mut cargo = project.cargo();
        cargo.args([
            "clippy",
            "--quiet",
            "-p",
            name,
            "--lib",
            "--target",
            WASM_TARGET,
        ]);
        step(cargo.args(["--", "-D", "warnings"]), CLIPPY_ADVICE)?;
    }
    step(
        project.cargo().env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--quiet",
            "--workspace",
            "--no-deps",
        ]),
        "the lines above name the comment",
    )?;
    println!("lint: clean");
    Ok(())
}

const CLIPPY_ADVICE: &str =
    "the lines above name the place; lift a lint only with #[expect(…, reason = \"…\")]";

fn step(command: &mut Command, advice: &str) -> Result<()> {
    let args: Vec<_> = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let shown = format!("cargo {}", args.join(" "));
    eprintln!("+ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{shown}` failed\n  {advice}")
}
