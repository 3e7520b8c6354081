//! Rust to WebAssembly, before binding.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::{Mode, Package};
use crate::progress;
use crate::project::{Project, WASM_TARGET};
use crate::toolchain;

/// The profile in the root manifest that is small before fast.
const RELEASE_PROFILE: &str = "wasm-release";

/// Names the environment variable that turns the rebuilt standard library off.
const PLAIN_STD: &str = "KASSA_PLAIN_STD";

/// What the standard library is rebuilt with: no panic machinery, no places in messages.
const SMALL_STD_RUSTFLAGS: &str =
    "-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort";

/// Compiles a package's crate and returns the path of the WebAssembly file.
///
/// # Errors
/// When cargo fails.
pub(super) fn compile(project: &Project, package: &Package, mode: Mode) -> Result<PathBuf> {
    let folder = match mode {
        Mode::Development => development(project, package)?,
        Mode::Release => release(project, package)?,
    };
    let wasm = folder.join(format!("{}.wasm", package.library));
    if !wasm.is_file() {
        bail!(
            "crate {} compiles to no WebAssembly file: it needs `crate-type = [\"cdylib\", \"rlib\"]` \
             under [lib] in its Cargo.toml (looked for {})",
            package.krate,
            wasm.display()
        );
    }
    Ok(wasm)
}

fn development(project: &Project, package: &Package) -> Result<PathBuf> {
    let mut cargo = build(project, package);
    // The development profile, so that macros and build scripts are shared with the native build,
    // but without debug information: it makes 3 MB to 60 MB, and binding drops it anyway.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let label = format!("building {} for the browser", package.krate);
    progress::run(&label, &mut cargo, ADVICE)?;
    Ok(project.target.join(WASM_TARGET).join("debug"))
}

fn release(project: &Project, package: &Package) -> Result<PathBuf> {
    let target = project.target.join("wasm-std");
    let mut cargo = build(project, package);
    cargo
        .args(["--profile", RELEASE_PROFILE, "--target-dir"])
        .arg(&target);
    let label = if std::env::var_os(PLAIN_STD).is_some() {
        eprintln!("note: {PLAIN_STD} is set, the installed standard library is used");
        format!("building {} small", package.krate)
    } else if toolchain::has_std_source(project) {
        rebuild_std(&mut cargo);
        format!("building {} small, with its own std", package.krate)
    } else {
        eprintln!(
            "note: rust-src cannot be had, the installed standard library is used: \
             the result works but is about a fifth larger"
        );
        format!("building {} small", package.krate)
    };
    progress::run(&label, &mut cargo, ADVICE_STD)?;
    Ok(target.join(WASM_TARGET).join(RELEASE_PROFILE))
}

fn build(project: &Project, package: &Package) -> Command {
    let mut cargo = project.cargo();
    cargo.args([
        "build",
        "--lib",
        "--target",
        WASM_TARGET,
        "-p",
        package.krate,
    ]);
    cargo
}

/// Rebuilding the standard library is not stable; the pinned toolchain makes it dependable.
fn rebuild_std(cargo: &mut Command) {
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", SMALL_STD_RUSTFLAGS)
        .args([
            "-Zbuild-std=std,panic_abort",
            "-Zbuild-std-features=optimize_for_size",
        ]);
}

const ADVICE: &str = "the lines above say why; when a download failed, try again with a network \
                      connection";

const ADVICE_STD: &str = "the lines above say why; when it is the standard library that does not \
                          build, set KASSA_PLAIN_STD=1 to use the installed one";
