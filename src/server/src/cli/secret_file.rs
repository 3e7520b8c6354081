//! A file of secrets, one a line, changed in one step: who reads it sees the old or the new whole.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::Failure;

/// A file of secrets as it was read.
pub(super) struct SecretFile {
    path: PathBuf,
    text: Zeroizing<String>,
}

impl SecretFile {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &io::Error| {
            Failure::from(format!(
                "{} cannot be read: {}",
                path.display(),
                error.kind()
            ))
        };
        // Where the name is a link, the file behind it is the one to replace.
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        Ok(Self {
            path,
            text: Zeroizing::new(text),
        })
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.is_empty())
    }

    /// How many secrets it holds.
    pub(super) fn count(&self) -> usize {
        self.lines().count()
    }

    /// Writes it anew with this secret before the others.
    pub(super) fn put_first(&self, secret: &str) -> Result<(), Failure> {
        self.replace(std::iter::once(secret).chain(self.lines()))
    }

    /// Writes it anew with its first secret alone; answers how many went.
    pub(super) fn keep_first(&self) -> Result<usize, Failure> {
        let old = self.count().saturating_sub(1);
        if old > 0 {
            self.replace(self.lines().take(1))?;
        }
        Ok(old)
    }

    fn replace<'a>(&self, lines: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let mut text = Zeroizing::new(String::new());
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        replace(&self.path, text.as_bytes()).map_err(|error| {
            Failure::from(format!(
                "{} cannot be replaced, and is as it was: {}",
                self.path.display(),
                error.kind()
            ))
        })
    }
}

/// Puts a new file in the place of the old, with the same owner and mode.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let written = write(&new, bytes, path).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // It holds a secret: nothing of it may stay. It may be none of ours that was there.
        if !matches!(&written, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            let _ = std::fs::remove_file(&new);
        }
        return written;
    }
    // The name is durable when the folder is.
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write(new: &Path, bytes: &[u8], old: &Path) -> io::Result<()> {
    let like = std::fs::metadata(old)?;
    let mut file = create(new)?;
    own(&file, &like)?;
    file.set_permissions(Permissions::clone(&like.permissions()))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn create(new: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(new)
}

#[cfg(not(unix))]
fn create(new: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(new)
}

/// Gives the file to the owner of the other: the server must be able to read it as before.
#[cfg(unix)]
fn own(file: &File, like: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(like.uid()), Some(like.gid()))
}

#[cfg(not(unix))]
fn own(_: &File, _: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}
