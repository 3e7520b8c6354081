//! One program of the demo, while it runs.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long a program may take to end when asked, before it is ended by force.
const END_LIMIT: Duration = Duration::from_secs(3);

/// How much of the end of a log is shown when its program fails.
const LAST_LINES: usize = 15;

/// A started program, its address and its log.
pub(super) struct Service {
    /// What a person calls it.
    pub(super) name: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a program with its output going to a log file of its name.
    ///
    /// # Errors
    /// When the log cannot be written or the program cannot be started.
    pub(super) fn start(
        name: &'static str,
        command: Command,
        address: SocketAddr,
        logs: &Path,
    ) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = dying_with_parent(command)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        Ok(Self {
            name,
            address,
            child,
            log,
        })
    }

    /// Its exit status, once it has ended.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Whether it answers `GET /healthz` with 200.
    pub(super) fn is_healthy(&self) -> bool {
        ask_health(self.address).is_ok_and(|answer| is_ok(&answer))
    }

    /// The end of its log, and where the rest is.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(LAST_LINES)..);
        let mut words = String::new();
        for line in shown.unwrap_or_default() {
            words.push_str(&format!("  | {line}\n"));
        }
        words.push_str(&format!(
            "  its whole log is {}; when the data of an earlier run is in the way, remove the folder \
             var and start again",
            self.log.display()
        ));
        words
    }

    /// Asks it to end, and ends it when it does not.
    pub(super) fn end(&mut self) {
        // Each call below can only fail because the program has already ended.
        let _ = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let asked = Instant::now();
        while asked.elapsed() < END_LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the system can do it, the program ends even when this one is killed without warning.
fn dying_with_parent(command: Command) -> Command {
    let mut probe = Command::new("setpriv");
    probe.args(["--pdeathsig", "TERM", "--", "true"]);
    if !crate::toolchain::answers(probe) {
        return command;
    }
    let mut wrapped = Command::new("setpriv");
    wrapped
        .args(["--pdeathsig", "TERM", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        wrapped.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

fn ask_health(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let limit = Duration::from_secs(1);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(answer)
}

fn is_ok(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 200 ") || answer.starts_with(b"HTTP/1.0 200 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(script: &str) -> (Service, PathBuf) {
        let logs = std::env::temp_dir().join(format!(
            "kassa-service-{}-{}",
            std::process::id(),
            script.len()
        ));
        fs::create_dir_all(&logs).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        (
            Service::start("shop", command, address, &logs).unwrap(),
            logs,
        )
    }

    #[test]
    fn ends_when_asked() {
        let (mut service, logs) = service("sleep 60");
        assert!(service.ended().unwrap().is_none());
        let began = Instant::now();
        service.end();
        assert!(service.ended().unwrap().is_some());
        assert!(began.elapsed() < END_LIMIT, "was ended by force");
        fs::remove_dir_all(logs).unwrap();
    }

    #[test]
    fn last_words_are_the_end_of_the_log() {
        let (mut service, logs) = service("seq 1 100; echo broken >&2; exit 3");
        service.child.wait().unwrap();
        let words = service.last_words();
        assert!(words.starts_with("  | 87\n"), "{words}");
        assert!(words.contains("  | broken\n  its whole log is "), "{words}");
        fs::remove_dir_all(logs).unwrap();
    }

    #[test]
    fn only_200_is_healthy() {
        assert!(is_ok(b"HTTP/1.1 200 OK\r\n\r\nok"));
        assert!(!is_ok(b"HTTP/1.1 503 Service Unavailable\r\n"));
        assert!(!is_ok(b""));
    }
}
