//! The log, written back into the file beside the writer.
//!
//! Left to itself, SQLite has whoever commits write the log back once it is long, and all that
//! wait for the writer wait for that too, some for a tenth of a second. Here a thread with a
//! connection of its own does most of it while the writer goes on. What was written meanwhile is
//! little, and that the writer writes back itself, between two transactions: then nothing is left
//! in the log, and the next transaction begins it anew.
//!
//! SQLite syncs the file only where the log's end is still the end when it comes there. So the
//! thread goes on until it came there: otherwise the writer would wait for the disk to take all
//! that the thread wrote.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, OpenFlags, wal::CheckpointMode};

use super::{OpenError, sql};
use crate::{
    crash::{self, Point},
    store::StoreError,
};

/// How many bytes a page has.
const PAGE: u64 = 4_096;
/// How many pages a log has that is written back: 48 MiB. Most pages are written many
/// times in between, and after a crash that much is read again in a few hundredths of a second.
/// Where a test lets the process die, that must happen while the log is written back, too.
pub(super) const LONG: u32 = if cfg!(feature = "crash-points") {
    24
} else {
    12_288
};
/// How often, at most, the thread goes after what the writer has written meanwhile. Each time it
/// is less, and one in three or so comes to the end before the writer commits again.
const ROUNDS: usize = 16;

/// A log that is so many times as long as it should be is told of.
const TOO_LONG: u32 = 4;

/// What the writer has of the log; when it goes, the thread has ended.
#[derive(Debug)]
pub(super) struct Log {
    state: Arc<State>,
    /// From how many pages on it is written back.
    long: u32,
    /// Wakes the thread.
    nudge: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How long the log is.
#[derive(Debug)]
pub(super) struct Length(Arc<State>);

impl Length {
    /// In bytes, but for the few that SQLite puts before each page.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.0.pages.load(Ordering::Relaxed)) * PAGE
    }
}

#[derive(Debug, Default)]
struct State {
    /// How many pages the log had after the latest commit.
    pages: AtomicU32,
    turn: Mutex<Turn>,
}

/// Whose turn it is to write the log back once it is long.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The thread's, which is to be woken.
    #[default]
    Rest,
    /// The thread's, which is at it.
    Thread,
    /// The writer's: the thread left but little.
    Writer,
}

impl Log {
    /// Minds the log of the connection that writes to this file, in place of SQLite. From so many
    /// pages on it is written back.
    pub(super) fn of(writer: &mut Connection, file: &Path, long: u32) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(sql::refused)?;
        sql::prepare_attached(&connection)?;
        // A connection that never read does not know that there is a log.
        sql::readable(&connection)?;
        let state = Arc::new(State::default());
        let counted = Arc::clone(&state);
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            let pages = u32::try_from(pages).unwrap_or(0);
            counted.pages.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(count)).map_err(sql::refused)?;
        let (nudge, nudged) = mpsc::sync_channel(1);
        let shared = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("kassa-checkpoint".to_owned())
            .spawn(move || {
                let mut told = false;
                while nudged.recv().is_ok() {
                    let outcome = shared.write_most_back(&connection);
                    crash::point(Point::LogCopied);
                    shared.tell(outcome, long, &mut told);
                    // What failed is tried again after the next commit.
                    let next = outcome.map_or(Turn::Rest, |()| Turn::Writer);
                    *shared.turn() = next;
                }
            })?;
        Ok(Self {
            state,
            long,
            nudge: Some(nudge),
            thread: Some(thread),
        })
    }

    /// How long it is, for those who watch.
    pub(super) fn length(&self) -> Length {
        Length(Arc::clone(&self.state))
    }

    /// Has the log written back when it is long. Called by the writer between transactions.
    pub(super) fn mind(&self, writer: &Connection) {
        if self.state.pages.load(Ordering::Relaxed) < self.long {
            return;
        }
        let mut turn = self.state.turn();
        match *turn {
            Turn::Rest => {
                let nudge = self.nudge.as_ref();
                if nudge.is_some_and(|nudge| nudge.try_send(()).is_ok()) {
                    *turn = Turn::Thread;
                }
            }
            Turn::Thread => {}
            Turn::Writer => {
                *turn = Turn::Rest;
                // What it could not write back stays in the log, and the thread finds it there.
                let _ = write_back(writer);
                crash::point(Point::LogDone);
            }
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.nudge.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn write_most_back(&self, connection: &Connection) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let done = write_back(connection)?;
            if done >= self.pages.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    /// Tells once that the log grows all the same, whether by an error or by somebody who reads for
    /// long: nobody else would notice before the disk is full.
    fn tell(&self, outcome: Result<(), StoreError>, long: u32, told: &mut bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        let grows = pages > long.saturating_mul(TOO_LONG);
        if grows && !*told {
            let error = outcome.err().map(tracing::field::display);
            tracing::error!(target: "kassa::store", pages, error, "the log is not written back");
        }
        *told = grows;
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes back as much as nobody needs in the log any more, without waiting for anybody; up to
/// which page of the log that was.
fn write_back(connection: &Connection) -> Result<u32, StoreError> {
    let (_, done) = connection
        .wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE)
        .map_err(sql::refused)?;
    // Negative where the connection knows of no log.
    u32::try_from(done).map_err(|_| StoreError::Unavailable)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rusqlite::Connection;

    use super::{super::schema, Log, sql};

    /// So many pages are a long log here.
    const LONG: u32 = 64;

    #[test]
    fn the_log_of_a_writer_that_never_rests_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("busy.db");
        let mut connection = Connection::open(&file).unwrap();
        sql::prepare_writer(&connection).unwrap();
        schema::migrate(&mut connection).unwrap();
        let table = "create table notes (text blob) strict";
        connection.execute_batch(table).unwrap();
        let log = Log::of(&mut connection, &file, LONG).unwrap();
        let length = log.length();
        let patience = Instant::now() + Duration::from_secs(60);
        let mut before = 0;
        for begun in 0..3 {
            loop {
                let note = "insert into notes values (zeroblob(5000))";
                connection.execute(note, []).unwrap();
                let pages = length.bytes() / super::PAGE;
                log.mind(&connection);
                let begins = pages < before;
                before = pages;
                if begins {
                    break;
                }
                assert!(
                    Instant::now() < patience,
                    "begun {begun} times, now {pages} pages"
                );
            }
        }
    }

    #[test]
    fn a_connection_that_knows_of_no_log_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("no.db")).unwrap();
        assert!(super::write_back(&connection).is_err());
    }
}
