//! The system's packages, for programs that the tests need and a machine may lack.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::toolchain::answers;

/// Installs packages with apt-get where that is the system's way and root can be had.
///
/// `missing` says what was not found ("no browser was found"), `advice` what a person can do.
///
/// # Errors
/// When it cannot be done; with the advice.
pub(crate) fn install(
    project: &Project,
    missing: &str,
    packages: &[&str],
    advice: &str,
) -> Result<()> {
    let mut probe = project.command("apt-get");
    probe.arg("--version");
    if !answers(probe) {
        bail!("{missing}\n  {advice}");
    }
    let Some(rights) = rights(project) else {
        bail!("{missing}, and installing it needs root\n  {advice}");
    };
    println!(
        "{missing}: installing {} with apt-get",
        packages.join(" and ")
    );
    apt_get(project, rights, &["update"], advice)?;
    apt_get(
        project,
        rights,
        &[&["install", "-y"], packages].concat(),
        advice,
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

fn apt_get(project: &Project, rights: &[&str], args: &[&str], advice: &str) -> Result<()> {
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
    bail!("`{}` failed ({status})\n  {advice}", words.join(" "))
}
