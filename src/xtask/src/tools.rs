//! Cargo's subcommands by others, each at a pinned version, below `target`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::progress;
use crate::project::Project;

/// The search path with the subcommand `cargo NAME` in front, installed if need be.
///
/// # Errors
/// When cargo cannot install it.
pub(crate) fn path_with(project: &Project, name: &str, version: &str) -> Result<OsString> {
    let package = format!("cargo-{name}");
    let root = project.target.join(format!("tools/{package}-{version}"));
    let bin = root.join("bin");
    if !bin.join(&package).is_file() {
        let mut cargo = project.cargo();
        // Below its own root, lest it and the project's crates be compiled in one place.
        cargo
            .env("CARGO_TARGET_DIR", root.join("build"))
            .args(["install", "--locked", "--version", version, "--root"])
            .arg(&root)
            .arg(&package);
        progress::run(
            &format!("installing {package} {version}"),
            &mut cargo,
            "the lines above say why; cargo needs a network connection the first time",
        )?;
    }
    let others = env::var_os("PATH").unwrap_or_default();
    let all = [bin]
        .into_iter()
        .chain(env::split_paths(&others))
        .collect::<Vec<PathBuf>>();
    env::join_paths(all).context("the folder of a tool cannot stand in PATH")
}
