//! Python for the tests that are written in it: in an environment of its own below `target`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::packages;
use crate::progress;
use crate::project::Project;
use crate::toolchain::answers;

const ADVICE: &str = "install Python 3.11 or newer with its venv module, for instance \
                      `apt-get install python3 python3-venv`";

/// The Python of an environment that holds what a folder's `requirements.txt` pins.
///
/// # Errors
/// When Python is missing and cannot be installed, or pip fails.
pub(super) fn environment(project: &Project, folder: &str) -> Result<PathBuf> {
    let requirements = project.path(folder).join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let environment = project.target.join("python").join(folder);
    let stamp = environment.join(".kassa-requirements");
    let python = environment.join("bin/python");
    let mut probe = project.command(&python);
    probe.arg("--version");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) && answers(probe) {
        return Ok(python);
    }
    ensure_python(project)?;
    // What is left of another environment would be mixed with this one.
    let mut make = project.command("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    progress::run("making a Python environment", &mut make, ADVICE)?;
    let mut pip = project.command(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .arg("--requirement")
        .arg(&requirements);
    progress::run(
        &format!("installing the Python packages of {folder} (pip)"),
        &mut pip,
        "the lines above say why; pip needs a network connection the first time",
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// Sees to it that there is a Python, with its standard library.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub(super) fn ensure_python(project: &Project) -> Result<()> {
    if has_venv(project) {
        return Ok(());
    }
    packages::install(
        project,
        "no Python with venv was found",
        &["python3", "python3-venv"],
        ADVICE,
    )?;
    if has_venv(project) {
        return Ok(());
    }
    bail!("the installed packages hold no Python with venv\n  {ADVICE}")
}

/// Debian has Python without what makes an environment with pip in it.
fn has_venv(project: &Project) -> bool {
    let mut probe = project.command("python3");
    probe.args(["-c", "import venv, ensurepip"]);
    answers(probe)
}
