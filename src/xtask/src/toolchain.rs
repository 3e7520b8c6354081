//! Parts of the Rust toolchain that are added when a command needs them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::progress;
use crate::project::{Project, WASM_TARGET};

/// Makes sure that code for the browser can be compiled.
///
/// # Errors
/// When the target is missing and rustup cannot add it.
pub(crate) fn ensure_wasm_target(project: &Project) -> Result<()> {
    let library = rustlib(project).map(|dir| dir.join(WASM_TARGET).join("lib"));
    if library.is_some_and(|dir| dir.is_dir()) {
        return Ok(());
    }
    progress::run(
        "adding the WebAssembly target to the Rust toolchain (rustup)",
        project
            .command("rustup")
            .args(["target", "add", WASM_TARGET]),
        "run `rustup target add wasm32-unknown-unknown` with a network connection, or install the \
         wasm32-unknown-unknown standard library the way your Rust was installed",
    )
}

/// Whether the standard library's source is there, after trying to add it.
pub(crate) fn has_std_source(project: &Project) -> bool {
    let manifest = || rustlib(project).map(|dir| dir.join("src/rust/library/Cargo.lock"));
    if manifest().is_some_and(|file| file.is_file()) {
        return true;
    }
    let added = progress::run(
        "adding the standard library's source to the Rust toolchain (rustup)",
        project
            .command("rustup")
            .args(["component", "add", "rust-src"]),
        "run `rustup component add rust-src` with a network connection",
    );
    if let Err(error) = added {
        eprintln!("note: {error:#}");
    }
    manifest().is_some_and(|file| file.is_file())
}

/// Whether a program can be started at all, asked with `--version`.
pub(crate) fn answers(mut program: Command) -> bool {
    program.output().is_ok_and(|output| output.status.success())
}

/// Where the toolchain in use keeps its libraries.
fn rustlib(project: &Project) -> Option<PathBuf> {
    let output = project
        .command("rustc")
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(sysroot.trim()).join("lib/rustlib"))
}
