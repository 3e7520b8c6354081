//! Where things are, and how this project calls cargo.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The target that the browser's code is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The checked-out project.
pub(crate) struct Project {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
}

impl Project {
    /// Finds the project that this xtask belongs to.
    ///
    /// # Errors
    /// When the folder is no longer there.
    pub(crate) fn find() -> Result<Self> {
        let own = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own
            .join("../..")
            .canonicalize()
            .with_context(|| format!("the project folder above {} is gone", own.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// A path inside the project.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Where `cargo build` leaves the development binaries.
    pub(crate) fn bin_dir(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// The cargo that started this program, in the project's folder and with the same target folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// A program started in the project's folder.
    ///
    /// What `cargo run` told this program about its own package is taken out of the environment:
    /// some build scripts watch those variables, and would run again at each change between a
    /// plain cargo call and one from here.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if is_about_own_package(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command
    }

    /// The names of the workspace's crates, in the order of the root manifest.
    ///
    /// # Errors
    /// When a manifest cannot be read.
    pub(crate) fn crates(&self) -> Result<Vec<String>> {
        let root: Root = read_toml(&self.path("Cargo.toml"))?;
        let manifests = root.workspace.members.iter();
        manifests
            .map(|member| {
                let member: Member = read_toml(&self.path(member).join("Cargo.toml"))?;
                Ok(member.package.name)
            })
            .collect()
    }
}

#[derive(Deserialize)]
struct Root {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    members: Vec<String>,
}

#[derive(Deserialize)]
struct Member {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// Reads a TOML file into a type.
///
/// # Errors
/// When the file cannot be read or has another shape; the message names it.
pub(crate) fn read_toml<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))
}

fn is_about_own_package(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_workspace() {
        let crates = Project::find().unwrap().crates().unwrap();
        assert!(crates.contains(&"kassa-xtask".to_owned()), "{crates:?}");
        assert!(crates.contains(&"viite".to_owned()), "{crates:?}");
    }

    #[test]
    fn keeps_what_the_user_set() {
        assert!(is_about_own_package("CARGO_PKG_NAME"));
        assert!(is_about_own_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_own_package("CARGO_HOME"));
        assert!(!is_about_own_package("CARGO_TARGET_DIR"));
    }
}
