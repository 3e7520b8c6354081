//! Long steps that show they are alive.
//!
//! On a terminal one line counts the seconds and shows what the step last said; elsewhere a line
//! appears after a second and then every ten. A step that fails shows its last lines.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _, stderr};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::stop;

/// How many of a failed step's last lines are shown.
const KEPT_LINES: usize = 60;

/// How often a running step looks whether it should end.
const POLL: Duration = Duration::from_millis(100);

/// Runs a command to its end, with its output hidden unless it fails.
///
/// # Errors
/// When it cannot be started, fails, or Ctrl-C was pressed; `advice` says what the user can do.
pub(crate) fn run(label: &str, command: &mut Command, advice: &str) -> Result<()> {
    let meter = Meter::start(label);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| {
            format!(
                "{label}: cannot start {:?}\n  {advice}",
                command.get_program()
            )
        })?;
    let mut tail = VecDeque::new();
    let followed = follow(&mut child, |line| {
        meter.note(&line);
        if tail.len() == KEPT_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    });
    let status = match followed {
        Ok(()) => child.wait()?,
        Err(error) => {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
    };
    if status.success() {
        meter.done();
        return Ok(());
    }
    drop(meter);
    for line in tail {
        eprintln!("  | {line}");
    }
    bail!("{label} failed ({status})\n  {advice}");
}

/// Does some work in this process under the same progress line.
///
/// # Errors
/// Those of the work.
pub(crate) fn during<T>(label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let meter = Meter::start(label);
    let result = work();
    if result.is_ok() {
        meter.done();
    }
    result
}

/// Hands each line that a child prints, on either stream, to `each`, until both streams end.
///
/// # Errors
/// When Ctrl-C was pressed; the child then still runs.
pub(crate) fn follow(child: &mut Child, mut each: impl FnMut(String)) -> Result<()> {
    let lines = lines_of(child);
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => each(line),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) if stop::requested() => bail!("ended by request"),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A duration as `12.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender);
    }
    receiver
}

fn forward(stream: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            if sender.send(line.trim_end_matches('\r').to_owned()).is_err() {
                return;
            }
        }
    });
}

/// The progress line of one step.
struct Meter {
    label: String,
    began: Instant,
    latest: Arc<Mutex<String>>,
    /// Dropping it ends the ticking thread.
    ticking: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    terminal: bool,
}

impl Meter {
    fn start(label: &str) -> Self {
        let terminal = stderr().is_terminal();
        let latest = Arc::new(Mutex::new(String::new()));
        let began = Instant::now();
        let (ticking, ended) = channel();
        let thread = thread::spawn({
            let (label, latest) = (label.to_owned(), Arc::clone(&latest));
            move || tick(&label, began, &latest, &ended, terminal)
        });
        Self {
            label: label.to_owned(),
            began,
            latest,
            ticking: Some(ticking),
            thread: Some(thread),
            terminal,
        }
    }

    fn note(&self, line: &str) {
        let line = line.trim();
        if !line.is_empty() {
            line.clone_into(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn done(self) {
        let (label, spent) = (self.label.clone(), self.began.elapsed());
        drop(self);
        eprintln!("{:>8}  {label}", seconds(spent));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.ticking.take();
        if let Some(thread) = self.thread.take() {
            // A ticker that panicked has nothing to tell: the step's own result counts.
            let _ = thread.join();
        }
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

fn tick(label: &str, began: Instant, latest: &Mutex<String>, ended: &Receiver<()>, terminal: bool) {
    let mut pause = if terminal {
        Duration::from_millis(200)
    } else {
        Duration::from_secs(1)
    };
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
        let line = progress_line(label, began.elapsed(), &latest);
        if terminal {
            eprint!("\r\x1b[K{line}");
            // Nothing depends on the line having been shown.
            let _ = stderr().flush();
        } else {
            eprintln!("{line}");
            pause = Duration::from_secs(10);
        }
    }
}

fn progress_line(label: &str, spent: Duration, latest: &str) -> String {
    let line = format!("{:>6} s  {label} … {latest}", spent.as_secs());
    // A longer line would wrap, and then a carriage return no longer overwrites it.
    line.chars().take(78).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_one_decimal() {
        assert_eq!(seconds(Duration::from_millis(0)), "0.0 s");
        assert_eq!(seconds(Duration::from_millis(1_999)), "1.9 s");
        assert_eq!(seconds(Duration::from_millis(61_040)), "61.0 s");
    }

    #[test]
    fn progress_line_never_wraps() {
        let line = progress_line("build", Duration::from_secs(12), &"ä".repeat(200));
        assert!(line.starts_with("    12 s  build … ä"), "{line}");
        assert_eq!(line.chars().count(), 78);
    }

    #[test]
    fn a_failing_step_says_what_to_do() {
        let error = run("list", Command::new("ls").arg("/no/such"), "make it").unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("list failed"), "{message}");
        assert!(message.ends_with("\n  make it"), "{message}");
    }

    #[test]
    fn both_streams_are_followed() {
        let mut child = Command::new("sh")
            .args(["-c", "echo out; echo err >&2"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = Vec::new();
        follow(&mut child, |line| seen.push(line)).unwrap();
        child.wait().unwrap();
        seen.sort();
        assert_eq!(seen, ["err", "out"]);
    }
}
