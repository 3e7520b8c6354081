//! Log lines on their way out, gathered for a moment: a system call for each answered request
//! would take as long as a good part of the answer.
//!
//! A process that is killed loses the lines of its last moment. Warnings and errors are written
//! at once, with all that came before them.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// For how long lines are gathered.
const MOMENT: Duration = Duration::from_millis(20);
/// How many bytes are gathered at most: whoever logs more writes it out, and waits for that.
const MOST: usize = 256 * 1_024;

/// Lines that are gathered.
pub(crate) struct Lines<W> {
    shared: Arc<Shared<W>>,
    /// Whether nobody writes now and then.
    at_once: bool,
}

/// When this goes, what was gathered is written.
pub(crate) struct LastLines<W: Write>(Arc<Shared<W>>);

struct Shared<W> {
    gathered: Mutex<Vec<u8>>,
    /// There are lines where there were none.
    some: Condvar,
    /// Held while lines are written, so that they stay in order.
    out: Mutex<Out<W>>,
}

struct Out<W> {
    to: W,
    /// What was written last; empty.
    spare: Vec<u8>,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Lines that are written there by a thread of their own.
    pub(crate) fn to(to: W) -> (Self, LastLines<W>) {
        let shared = Arc::new(Shared {
            gathered: Mutex::default(),
            some: Condvar::new(),
            out: Mutex::new(Out {
                to,
                spare: Vec::new(),
            }),
        });
        let written = Arc::clone(&shared);
        let thread = thread::Builder::new().name("kassa-logs".to_owned());
        let started = thread.spawn(move || written.write_now_and_then());
        let lines = Self {
            shared: Arc::clone(&shared),
            at_once: started.is_err(),
        };
        (lines, LastLines(shared))
    }
}

impl<W: Write> Drop for LastLines<W> {
    fn drop(&mut self) {
        self.0.write_out();
    }
}

impl<W: Write> Shared<W> {
    /// For as long as the process lives; it sleeps while nothing is logged.
    fn write_now_and_then(&self) {
        loop {
            let nothing = |gathered: &mut Vec<u8>| gathered.is_empty();
            let waited = self.some.wait_while(self.gathered(), nothing);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            thread::sleep(MOMENT);
            self.write_out();
        }
    }

    fn write_out(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = mem::take(&mut out.spare);
        let mut lines = mem::replace(&mut *self.gathered(), spare);
        // Where not even logs can be written there is nobody to tell.
        let _ = out.to.write_all(&lines).and_then(|()| out.to.flush());
        lines.clear();
        out.spare = lines;
    }

    fn gathered(&self) -> MutexGuard<'_, Vec<u8>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Line<'a, W> {
        Line {
            shared: &self.shared,
            at_once: self.at_once,
        }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a, W> {
        Line {
            shared: &self.shared,
            at_once: self.at_once || *of.level() <= Level::WARN,
        }
    }
}

/// Takes a line, which comes whole.
pub(crate) struct Line<'a, W> {
    shared: &'a Shared<W>,
    at_once: bool,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut gathered = self.shared.gathered();
        let was_empty = gathered.is_empty();
        gathered.extend_from_slice(line);
        let many = gathered.len() > MOST;
        drop(gathered);
        if self.at_once || many {
            self.shared.write_out();
        } else if was_empty {
            self.shared.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
        time::{Duration, Instant},
    };

    use tracing_subscriber::{Layer as _, Registry, fmt, layer::SubscriberExt as _};

    use super::Lines;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<String>>>);

    impl Page {
        fn writes(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.0.lock().unwrap().push(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(page: &Page, log: impl FnOnce()) -> super::LastLines<Page> {
        let (lines, last) = Lines::to(page.clone());
        let plain = fmt::layer().without_time().with_target(false);
        let layer = plain.with_ansi(false).with_writer(lines).boxed();
        let subscriber = Registry::default().with(layer);
        tracing::subscriber::with_default(subscriber, log);
        last
    }

    #[test]
    fn lines_are_written_together_and_by_themselves() {
        let page = Page::default();
        let _last = logged(&page, || {
            tracing::info!("one");
            tracing::info!("two");
        });
        let patience = Instant::now() + Duration::from_secs(10);
        while page.writes().is_empty() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(page.writes().concat(), " INFO one\n INFO two\n");
    }

    #[test]
    fn a_warning_is_written_at_once_after_what_came_before() {
        let page = Page::default();
        let _last = logged(&page, || {
            tracing::info!("one");
            tracing::warn!("two");
            assert_eq!(page.writes().concat(), " INFO one\n WARN two\n");
        });
    }

    #[test]
    fn the_last_lines_are_written_at_the_end() {
        let page = Page::default();
        drop(logged(&page, || tracing::info!("one")));
        assert_eq!(page.writes().concat(), " INFO one\n");
    }
}
