//! The library that is loaded into the server before any other, and stands between it and the
//! system: its disk and its clock do what a test wants. The C files are beside us.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{project, services::Problem};

/// Where its sources lie.
const SOURCES: &str = "tests/support/faults/preload";
/// The numbers of the control file, as many as in `preload.h`.
const PLACES: usize = 32;

/// A number of the control file, in the order of `preload.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    ClockOffsetMs = 0,
    SyncDelayMicros = 1,
    WriteError = 2,
    WriteOnlyGrowth = 3,
    SyncError = 4,
    OpenError = 5,
    SyncLies = 6,
    Syncs = 16,
    Refused = 17,
    ClockReads = 18,
}

/// What a disk does that takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// All is well.
    Well,
    /// No space is left, also where a file is written over: as with file systems that copy.
    Full,
    /// What needs more space fails, half way; what is written over a file succeeds.
    NoGrowth,
    /// It was mounted read-only, as a kernel does after errors.
    ReadOnly,
    /// Writing and syncing fails.
    Broken,
    /// Syncing alone fails.
    BrokenSync,
}

/// `ENOSPC`, `EROFS` and `EIO` of Linux.
const NO_SPACE: i64 = 28;
const READ_ONLY: i64 = 30;
const IO_ERROR: i64 = 5;

/// The compiled library with its control file, for servers that work in one folder.
#[derive(Debug)]
pub(crate) struct Preload {
    library: PathBuf,
    control: PathBuf,
    folder: PathBuf,
}

impl Preload {
    /// Compiles the library into `beside`; it watches over `folder`, given in full, or over the
    /// one that the program works in, given as a dot.
    ///
    /// # Errors
    /// On another system than Linux, or when there is no C compiler.
    pub(crate) fn compile(beside: &Path, folder: &Path) -> Result<Self, Problem> {
        if !cfg!(target_os = "linux") {
            return Err("the preloaded library is written for Linux".into());
        }
        let library = beside.join("preload.so");
        let mut sources = Vec::new();
        for entry in fs::read_dir(project::root().join(SOURCES))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "c") {
                sources.push(path);
            }
        }
        let compiler = env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
        let output = Command::new(&compiler)
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
            .arg("-o")
            .arg(&library)
            .args(sources)
            .args(["-ldl", "-lpthread"])
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", compiler.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the preloaded library does not compile: {said}").into());
        }
        let control = beside.join("preload.control");
        fs::write(&control, [0; PLACES * 8])?;
        // PostgreSQL may have to run as somebody else.
        open_to_all(beside, 0o755)?;
        open_to_all(&control, 0o666)?;
        Ok(Self {
            library,
            control,
            folder: folder.to_owned(),
        })
    }

    /// The environment of a server that it is loaded into.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.display().to_string();
        vec![
            ("LD_PRELOAD", text(&self.library)),
            ("KASSA_PRELOAD_CONTROL", text(&self.control)),
            ("KASSA_PRELOAD_FOLDER", text(&self.folder)),
        ]
    }

    /// What is added to it so that all that is written and synced is journaled in a file.
    pub(crate) fn journaled_in(file: &Path) -> (&'static str, String) {
        ("KASSA_PRELOAD_JOURNAL", file.display().to_string())
    }

    /// Puts the server's time of day so much before or after the true one.
    pub(crate) fn set_clock(&self, offset_ms: i64) -> Result<(), Problem> {
        self.write(Place::ClockOffsetMs, offset_ms)
    }

    /// Puts it so much further than it stands.
    pub(crate) fn put_clock_forward(&self, by_ms: i64) -> Result<(), Problem> {
        self.set_clock(self.read(Place::ClockOffsetMs)? + by_ms)
    }

    /// Every sync takes so much longer from now on.
    pub(crate) fn set_sync_delay(&self, delay: Duration) -> Result<(), Problem> {
        self.write(Place::SyncDelayMicros, i64::try_from(delay.as_micros())?)
    }

    /// A sync does nothing from now on and says that it is done.
    pub(crate) fn let_syncs_lie(&self) -> Result<(), Problem> {
        self.write(Place::SyncLies, 1)
    }

    /// What the disk does from now on.
    pub(crate) fn set_disk(&self, disk: Disk) -> Result<(), Problem> {
        let (write, growth, sync, open) = match disk {
            Disk::Well => (0, 0, 0, 0),
            Disk::Full => (NO_SPACE, 0, 0, NO_SPACE),
            Disk::NoGrowth => (NO_SPACE, 1, 0, NO_SPACE),
            Disk::ReadOnly => (READ_ONLY, 0, READ_ONLY, READ_ONLY),
            Disk::Broken => (IO_ERROR, 0, IO_ERROR, IO_ERROR),
            Disk::BrokenSync => (0, 0, IO_ERROR, 0),
        };
        self.write(Place::WriteOnlyGrowth, growth)?;
        self.write(Place::WriteError, write)?;
        self.write(Place::SyncError, sync)?;
        self.write(Place::OpenError, open)
    }

    /// How many syncs were done so far.
    pub(crate) fn syncs(&self) -> Result<i64, Problem> {
        self.read(Place::Syncs)
    }

    /// How many calls were refused so far.
    pub(crate) fn refused(&self) -> Result<i64, Problem> {
        self.read(Place::Refused)
    }

    /// How often a shifted time of day was handed out.
    pub(crate) fn clock_reads(&self) -> Result<i64, Problem> {
        self.read(Place::ClockReads)
    }

    fn write(&self, place: Place, number: i64) -> Result<(), Problem> {
        let mut file = OpenOptions::new().write(true).open(&self.control)?;
        file.seek(SeekFrom::Start(offset(place)))?;
        Ok(file.write_all(&number.to_ne_bytes())?)
    }

    fn read(&self, place: Place) -> Result<i64, Problem> {
        let mut file = File::open(&self.control)?;
        file.seek(SeekFrom::Start(offset(place)))?;
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        Ok(i64::from_ne_bytes(bytes))
    }
}

#[cfg(unix)]
fn open_to_all(path: &Path, mode: u32) -> Result<(), Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn open_to_all(_path: &Path, _mode: u32) -> Result<(), Problem> {
    Ok(())
}

const fn offset(place: Place) -> u64 {
    place as u64 * 8
}
