//! A program that runs beside us and ends with us.

use std::{
    fs::{File, OpenOptions},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use super::{Problem, wait_for};

/// A program is ready within so long, or it will never be.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// All programs that were started, for [`kill_all`].
static STARTED: Mutex<Started> = Mutex::new(Started {
    children: Vec::new(),
    over: false,
});

#[derive(Debug)]
struct Started {
    children: Vec<Weak<Mutex<Child>>>,
    /// Nothing is started any more.
    over: bool,
}

/// A running program; it is killed when this is dropped.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Arc<Mutex<Child>>,
    stdout: PathBuf,
    stderr: PathBuf,
    /// How long the file of its output was before it began.
    said_before: u64,
    url: String,
}

impl Service {
    /// Starts a program and waits for its line `…: listening on URL`.
    ///
    /// What it prints goes to `NAME.out` and `NAME.err` in the folder `logs`, after what is there.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready in time; with the end of what it printed.
    pub fn start(
        name: &str,
        program: &Path,
        arguments: &[String],
        variables: &[(&str, &str)],
        logs: &Path,
    ) -> Result<Self, Problem> {
        let mut service = Self::launch(name, program, arguments, variables, logs)?;
        service.await_ready()?;
        Ok(service)
    }

    /// Starts a program and waits for nothing: it may not even be able to start.
    ///
    /// # Errors
    /// When it is not there.
    pub fn launch(
        name: &str,
        program: &Path,
        arguments: &[String],
        variables: &[(&str, &str)],
        logs: &Path,
    ) -> Result<Self, Problem> {
        let stdout = logs.join(format!("{name}.out"));
        let stderr = logs.join(format!("{name}.err"));
        let said_before = std::fs::metadata(&stdout).map_or(0, |file| file.len());
        let mut command = Command::new(program);
        command
            .args(arguments)
            // The arguments alone say how it runs, whatever its user has set up.
            .env_remove("KASSA_CONFIG")
            .env_remove("KASSA_DATABASE_URL")
            .env_remove("PGPASSWORD")
            .envs(variables.iter().copied())
            .current_dir(logs)
            .stdin(Stdio::null())
            .stdout(append(&stdout)?)
            .stderr(append(&stderr)?);
        let child = spawn(&mut command)
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            stdout,
            stderr,
            said_before,
            url: String::new(),
        })
    }

    /// Waits for its line `…: listening on URL`.
    ///
    /// # Errors
    /// When it ends, or is not ready in time; with the end of what it printed.
    pub fn await_ready(&mut self) -> Result<(), Problem> {
        self.url = self.listening_url()?;
        Ok(())
    }

    /// Where it listens: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its number with the system.
    #[must_use]
    pub fn pid(&self) -> u32 {
        lock(&self.child).id()
    }

    /// All that it printed so far, on both streams.
    #[must_use]
    pub fn output(&self) -> String {
        let read = |path| std::fs::read(path).unwrap_or_default();
        let both = [read(&self.stdout), read(&self.stderr)].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    /// Ends it at once, without a chance to finish anything, and waits until it is gone.
    ///
    /// # Errors
    /// When it had ended by itself before.
    pub fn kill(&mut self) -> Result<(), Problem> {
        let early = lock(&self.child).try_wait()?;
        if let Some(status) = early {
            return Err(format!(
                "{} had ended by itself: {status}\n{}",
                self.name,
                self.tail()
            )
            .into());
        }
        end(&self.child)?;
        Ok(())
    }

    /// Waits until it ends by itself, at most so long; whether it did.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub fn ends_within(&self, patience: Duration) -> Result<bool, Problem> {
        let ended = wait_for("the end", patience, || {
            lock(&self.child).try_wait().transpose()
        });
        match ended {
            Ok(status) => Ok(status.map(|_| true)?),
            Err(_) => Ok(false),
        }
    }

    fn listening_url(&self) -> Result<String, Problem> {
        let before = usize::try_from(self.said_before)?;
        let ready = wait_for(&format!("{} to listen", self.name), START_PATIENCE, || {
            if let Ok(Some(status)) = lock(&self.child).try_wait() {
                return Some(Err(format!("{} ended at its start: {status}", self.name)));
            }
            let said = std::fs::read_to_string(&self.stdout).ok()?;
            said.get(before..)
                .and_then(listening_line)
                .map(|url| Ok(url.to_owned()))
        });
        match ready {
            Ok(Ok(url)) => Ok(url),
            Ok(Err(error)) => Err(format!("{error}\n{}", self.tail()).into()),
            Err(error) => Err(format!("{error}\n{}", self.tail()).into()),
        }
    }

    /// The last lines that it printed.
    fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = end(&self.child);
    }
}

/// Ends every program that still runs, and lets none start any more: for the handler of Ctrl-C,
/// after which nothing is dropped.
pub fn kill_all() {
    let mut started = lock(&STARTED);
    started.over = true;
    for child in started.children.iter().filter_map(Weak::upgrade) {
        // It may have ended by itself; then there is nothing to end.
        let _ = end(&child);
    }
}

/// A port of the loopback interface that nobody listens on now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The address in a finished line `kassa: listening on http://…`.
fn listening_line(said: &str) -> Option<&str> {
    said.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .find_map(|line| {
            line.split_once(": listening on ")
                .map(|(_, url)| url.trim())
        })
}

pub(super) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Starts a program and remembers it, both under one lock: [`kill_all`] misses none.
pub(super) fn spawn(command: &mut Command) -> io::Result<Arc<Mutex<Child>>> {
    let mut started = lock(&STARTED);
    if started.over {
        return Err(io::Error::other("the run is being ended"));
    }
    let child = Arc::new(Mutex::new(command.spawn()?));
    started.children.retain(|known| known.strong_count() > 0);
    started.children.push(Arc::downgrade(&child));
    Ok(child)
}

pub(super) fn end(child: &Mutex<Child>) -> io::Result<()> {
    let mut child = lock(child);
    child.kill()?;
    child.wait().map(drop)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::listening_line;

    #[test]
    fn a_line_counts_when_it_is_finished() {
        let url = Some("http://127.0.0.1:8080");
        assert_eq!(
            listening_line("x\nkassa: listening on http://127.0.0.1:8080\n"),
            url
        );
        assert_eq!(
            listening_line("kassa: listening on http://127.0.0.1:80"),
            None
        );
        assert_eq!(listening_line(""), None);
    }
}
