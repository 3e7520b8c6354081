//! A browser for the tests: found, or installed from the system's packages.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::packages;
use crate::project::Project;

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
    packages::install(
        project,
        "no browser was found",
        &["chromium", "chromium-driver"],
        ADVICE,
    )?;
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
