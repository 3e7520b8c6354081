//! A browser for the tests: found, or installed from the system's packages.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::toolchain::answers;

/// Names the environment variable that names the browser.
pub(super) const VARIABLE: &str = "KASSA_BROWSER";

/// What Chromium is called on different systems.
const NAMES: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const ADVICE: &str = "install Chromium, for instance `apt-get install chromium chromium-driver`, or name \
                      a browser's program with KASSA_BROWSER=/path/to/chromium";

/// The browser's program: the one named, the one installed, or one that is installed now.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub(super) fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("{VARIABLE} names {}, which is not there", named.display());
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    install(project)?;
    find().with_context(|| format!("the installed packages hold no browser\n  {ADVICE}"))
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    NAMES.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    })
}

fn install(project: &Project) -> Result<()> {
    let mut probe = project.command("apt-get");
    probe.arg("--version");
    if !answers(probe) {
        bail!("no browser was found\n  {ADVICE}");
    }
    let Some(rights) = rights(project) else {
        bail!("no browser was found, and installing one needs root\n  {ADVICE}");
    };
    println!("no browser was found: installing chromium and chromium-driver with apt-get");
    apt_get(project, rights, &["update"])?;
    apt_get(
        project,
        rights,
        &["install", "-y", "chromium", "chromium-driver"],
    )
}

/// The words before a command that needs root, or nothing when root cannot be had.
fn rights(project: &Project) -> Option<&'static [&'static str]> {
    let id = project.command("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(&[]);
    }
    let mut sudo = project.command("sudo");
    sudo.args(["-n", "true"]);
    answers(sudo).then_some(&["sudo", "-n"])
}

fn apt_get(project: &Project, rights: &[&str], args: &[&str]) -> Result<()> {
    // Through `env`, because sudo keeps few variables.
    let words = [
        rights,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"],
        args,
    ]
    .concat();
    let (program, rest) = words.split_first().context("a command has a first word")?;
    let mut command: Command = project.command(*program);
    let status = command
        .args(rest)
        .status()
        .with_context(|| format!("cannot start `{}`", words.join(" ")))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})\n  {ADVICE}", words.join(" "))
}
