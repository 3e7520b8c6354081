//! Finds the programs to run, and builds them first unless a folder of finished ones was named.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use super::Problem;
use crate::project;

/// Names a folder that holds the programs.
const FOLDER_VARIABLE: &str = "KASSA_BIN_DIR";

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The server.
    pub kassa: PathBuf,
    /// The other side.
    pub simulator: PathBuf,
    /// The server with points at which it can be let die, where somebody built it.
    crash_points: Option<PathBuf>,
}

impl Binaries {
    /// The programs in `folder`, else in the one that `KASSA_BIN_DIR` names; else built afresh,
    /// beside the running program and in its profile.
    ///
    /// A build that has nothing to do takes a moment; what it saves is a run against yesterday's
    /// program.
    ///
    /// # Errors
    /// When a program is not in the folder that was named, or cannot be built.
    pub fn find(folder: Option<PathBuf>) -> Result<Self, Problem> {
        match folder.or_else(|| env::var_os(FOLDER_VARIABLE).map(PathBuf::from)) {
            Some(named) => Self::in_folder(&named),
            None => {
                let beside = own_folder()?;
                build(&beside)?;
                Self::in_folder(&beside)
            }
        }
    }

    /// The server with points at which it can be let die.
    ///
    /// # Errors
    /// When nobody built it.
    pub fn crash_points(&self) -> Result<&Path, Problem> {
        let program = self.crash_points.as_deref();
        Ok(program.ok_or("there is no kassa-crash-points; `cargo xtask faults` builds it")?)
    }

    fn in_folder(folder: &Path) -> Result<Self, Problem> {
        let program = |name: &str| {
            let path = folder.join(name).with_extension(env::consts::EXE_EXTENSION);
            if path.is_file() {
                Ok(path)
            } else {
                Err(format!("there is no {name} in {}", folder.display()))
            }
        };
        Ok(Self {
            crash_points: program("kassa-crash-points").ok(),
            kassa: program("kassa")?,
            simulator: program("kassa-simulator")?,
        })
    }
}

/// The folder of finished programs that the running one lies in, or below in `deps`.
fn own_folder() -> Result<PathBuf, Problem> {
    let own = env::current_exe()?;
    let folder = own.parent().ok_or("the running program lies nowhere")?;
    let finished = if folder.ends_with("deps") {
        folder.parent()
    } else {
        Some(folder)
    };
    Ok(finished.ok_or("the running program lies nowhere")?.into())
}

fn build(folder: &Path) -> Result<(), Problem> {
    let target = folder.parent().ok_or("cargo's target folder is unknown")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--locked"])
        .args(["-p", "kassa-server", "--bin", "kassa"])
        .args(["-p", "kassa-simulator", "--bin", "kassa-simulator"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(project::root());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    if command.status()?.success() {
        Ok(())
    } else {
        Err("cargo could not build kassa and kassa-simulator".into())
    }
}
