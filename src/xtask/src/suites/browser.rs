//! The browsers that the tests run in: found, or installed from the system's packages.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::packages;
use crate::project::Project;

/// A program that the browser tests start.
struct Wanted {
    /// Names the environment variable that names the program.
    variable: &'static str,
    /// What is missing when it is, for people.
    missing: &'static str,
    /// Where it may be.
    find: fn() -> Option<PathBuf>,
    /// The system's packages that hold it.
    packages: &'static [&'static str],
    /// What a person can do.
    advice: &'static str,
}

const CHROMIUM: Wanted = Wanted {
    variable: "KASSA_BROWSER",
    missing: "no browser was found",
    find: || {
        in_path(&[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ])
    },
    packages: &["chromium", "chromium-driver"],
    advice: "install Chromium, for instance `apt-get install chromium chromium-driver`, or name \
             a browser's program with KASSA_BROWSER=/path/to/chromium",
};

const FIREFOX: Wanted = Wanted {
    variable: "KASSA_FIREFOX",
    missing: "no Firefox was found",
    find: || in_path(&["firefox-esr", "firefox"]),
    packages: &["firefox-esr"],
    advice: "install Firefox, for instance `apt-get install firefox-esr`, or name its program \
             with KASSA_FIREFOX=/path/to/firefox",
};

/// GTK's MiniBrowser, with its driver and a screen to show it on.
const WEBKIT: Wanted = Wanted {
    variable: "KASSA_WEBKIT",
    missing: "no WebKit was found",
    find: || {
        in_path(&["WebKitWebDriver"])?;
        in_path(&["Xvfb"])?;
        in_libraries("webkit2gtk-4.1/MiniBrowser")
    },
    packages: &["webkit2gtk-driver", "xvfb"],
    advice: "install WebKitGTK's driver and Xvfb, for instance `apt-get install \
             webkit2gtk-driver xvfb`, or name the MiniBrowser with KASSA_WEBKIT=/path/to/MiniBrowser",
};

/// The variables that name the browsers to the tests, with their programs: the ones named, the ones
/// installed, or ones that are installed now.
///
/// # Errors
/// When one is missing and cannot be installed; the message says what to do.
pub(super) fn find_or_install(project: &Project) -> Result<Vec<(&'static str, PathBuf)>> {
    [CHROMIUM, FIREFOX, WEBKIT]
        .iter()
        .map(|wanted| Ok((wanted.variable, wanted.find_or_install(project)?)))
        .collect()
}

impl Wanted {
    fn find_or_install(&self, project: &Project) -> Result<PathBuf> {
        let Self {
            variable, advice, ..
        } = self;
        if let Some(named) = env::var_os(variable) {
            let named = PathBuf::from(named);
            if named.is_file() {
                return Ok(named);
            }
            bail!("{variable} names {}, which is not there", named.display());
        }
        if let Some(found) = (self.find)() {
            return Ok(found);
        }
        packages::install(project, self.missing, self.packages, advice)?;
        (self.find)()
            .with_context(|| format!("{}, although it was installed\n  {advice}", self.missing))
    }
}

/// The first of these programs that is in `PATH`.
fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// A file in one of the folders of libraries, which are named after the machine.
fn in_libraries(path: &str) -> Option<PathBuf> {
    fs::read_dir(Path::new("/usr/lib"))
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join(path))
        .find(|file| file.is_file())
}
