//! A copy of the database while a server works on it.

use std::{fmt, fs, io, path::Path};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

/// Why there is no copy.
#[derive(Debug)]
pub enum BackupError {
    /// The copy's file is there already, and is left as it is.
    Exists,
    /// A file cannot be read or written.
    Io(io::Error),
    /// SQLite refused; with the reason, which names no value.
    Sqlite(String),
    /// The copy is damaged; it was thrown away.
    Damaged,
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("the copy's file is there already"),
            Self::Io(error) => write!(f, "a file cannot be read or written: {error}"),
            Self::Sqlite(reason) => write!(f, "SQLite refused: {reason}"),
            Self::Damaged => f.write_str("the copy is damaged and was thrown away"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Io(error),
        }
    }
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

/// Copies the database `from` to the new file `to`, as it stands at one moment; a server may go
/// on writing meanwhile. The copy is checked and durable when this answers. Answers its bytes.
///
/// # Errors
/// [`BackupError`]; then there is no file `to` that was not there before.
pub fn backup(from: &Path, to: &Path) -> Result<u64, BackupError> {
    // Under another name first: what bears the name of a copy is whole.
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    if to.exists() {
        return Err(BackupError::Exists);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    fs::metadata(from)?;
    let source = Connection::open_with_flags(from, flags)?;
    create(part)?;
    let copied = copy(&source, part).and_then(|()| finish(part, to));
    if copied.is_err() {
        // Whatever is left of it is of no use.
        let _ = fs::remove_file(part);
    }
    copied
}

/// Payers' data is in it: for its owner alone.
fn create(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn copy(source: &Connection, part: &Path) -> Result<(), BackupError> {
    source.execute_batch("pragma busy_timeout = 5000; pragma query_only = on")?;
    let mut copy = Connection::open(part)?;
    let backup = Backup::new(source, &mut copy)?;
    // All pages in one step, which reads them as of one moment. In several steps it would begin
    // anew after each write of the server, and never end beside a busy one. The log grows as long
    // as it takes.
    if backup.step(-1)? != StepResult::Done {
        return Err(BackupError::Sqlite("the database is busy".to_owned()));
    }
    drop(backup);
    // One file, whole without a log beside it.
    copy.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    let verdict: String = copy.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(BackupError::Damaged)
    }
}

fn finish(part: &Path, to: &Path) -> Result<u64, BackupError> {
    let file = fs::File::open(part)?;
    file.sync_all()?;
    // A link, unlike a new name, is refused where a file came to be meanwhile.
    fs::hard_link(part, to)?;
    fs::remove_file(part)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file.metadata()?.len())
}
