//! PostgreSQL for the tests: found, or installed from the system's packages. The tests start a
//! private cluster of their own; one that the system runs is left alone.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::packages;
use crate::project::Project;

/// Names the folder that holds `initdb` and `postgres`; the tests read it too.
const VARIABLE: &str = "KASSA_POSTGRES_BIN";

/// What the tests run of it.
const PROGRAMS: [&str; 5] = ["initdb", "pg_ctl", "pg_isready", "postgres", "psql"];

/// Where Debian keeps each version's programs, in `VERSION/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

const ADVICE: &str = "install PostgreSQL 15 or newer, for instance `apt-get install postgresql`, or \
                      name the folder of its programs with KASSA_POSTGRES_BIN=/path/to/bin";

/// Makes sure that the tests will find PostgreSQL's programs.
///
/// # Errors
/// When they are missing and cannot be installed; the message says what to do.
pub(crate) fn ensure(project: &Project) -> Result<()> {
    if let Some(named) = env::var_os(VARIABLE) {
        if is_here(Path::new(&named)) {
            return Ok(());
        }
        bail!(
            "{VARIABLE} names {}, which lacks a part of PostgreSQL",
            named.display()
        );
    }
    if find() {
        return Ok(());
    }
    packages::install(project, "no PostgreSQL was found", &["postgresql"], ADVICE)?;
    find()
        .then_some(())
        .with_context(|| format!("the installed packages lack a part of PostgreSQL\n  {ADVICE}"))
}

fn find() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir(DEBIAN).into_iter().flatten();
    let debian = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    env::split_paths(&path)
        .chain(debian)
        .any(|folder| is_here(&folder))
}

fn is_here(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| folder.join(name).is_file())
}
