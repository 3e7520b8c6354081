//! The project's own files and crates, as the tests over the whole see them.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Folders that hold nothing of ours, wherever they lie.
const NOT_OURS: [&str; 2] = ["node_modules", ".git"];
/// Folders that are made by commands, from the top; the same as in `.gitignore`.
const GENERATED: [&str; 4] = ["target", "var", "pkg/dist", "pkg/examples/plain/kassa"];
/// Where the other examples are built, each in its own.
const EXAMPLES: &str = "pkg/examples";

/// The folder that holds `Cargo.toml` of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// Every file of the project that is not generated, as a path from the top, in order.
///
/// # Errors
/// When a folder cannot be read.
pub fn files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                found.push(path);
            } else if !is_generated(&path) {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder, as a path from the top, is made by a command or by others.
#[must_use]
pub fn is_generated(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    NOT_OURS.contains(&name.as_ref())
        || GENERATED.iter().any(|made| folder == Path::new(made))
        || folder.starts_with(EXAMPLES) && name == "dist"
        || folder.parent() == Some(Path::new("")) && name.starts_with("target-")
}

/// What `cargo metadata` says with these arguments.
///
/// # Errors
/// When cargo cannot be run, fails, or answers something that is not JSON.
pub fn cargo_metadata(arguments: &[&str]) -> Result<Value, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo metadata failed: {why}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
