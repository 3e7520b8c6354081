//! The log, written back into the file beside the writer.
//!
//! Left to itself, SQLite has whoever commits write the log back once it is long, and all that
//! wait for the writer wait for that too, some for a tenth of a second. Here a thread with a
//! connection of its own does most of it while the writer goes on. What was written meanwhile is
//! little, and that the writer writes back itself, between two transactions: then nothing is left
//! in the log, and the next transaction begins it anew.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, OpenFlags, wal::CheckpointMode};

use super::{OpenError, sql};

/// How many pages of 4 KiB a log has that is written back: 48 MiB. Most pages are written many
/// times in between, and after a crash that much is read again in a few hundredths of a second.
const LONG: u32 = 12_288;
/// So many pages the writer writes back itself: a few thousandths of a second.
const LITTLE: u32 = 512;
/// How often the thread goes after what the writer has written meanwhile. Each time it is less.
const ROUNDS: usize = 4;

/// What the writer has of the log; when it goes, the thread has ended.
#[derive(Debug)]
pub(super) struct Log {
    state: Arc<State>,
    /// Wakes the thread.
    nudge: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// How many pages the log had after the latest commit.
    pages: AtomicU32,
    /// Whether the thread has left but little to the writer.
    is_nearly_done: AtomicBool,
}

impl Log {
    /// Minds the log of the connection that writes to this file, in place of SQLite.
    pub(super) fn of(writer: &mut Connection, file: &Path) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(sql::refused)?;
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
                while nudged.recv().is_ok() {
                    shared.write_most_back(&connection);
                }
            })?;
        Ok(Self {
            state,
            nudge: Some(nudge),
            thread: Some(thread),
        })
    }

    /// Has the log written back when it is long. Called by the writer between transactions.
    pub(super) fn mind(&self, writer: &Connection) {
        if self.state.pages.load(Ordering::Relaxed) < LONG {
            return;
        }
        if self.state.is_nearly_done.swap(false, Ordering::AcqRel) {
            write_back(writer);
        } else if let Some(nudge) = &self.nudge {
            // One that waits already is enough.
            let _ = nudge.try_send(());
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
    fn write_most_back(&self, connection: &Connection) {
        for _ in 0..ROUNDS {
            let Some(done) = write_back(connection) else {
                // Tried again after the next commit.
                return;
            };
            let left = self.pages.load(Ordering::Relaxed).saturating_sub(done);
            if left <= LITTLE {
                break;
            }
        }
        self.is_nearly_done.store(true, Ordering::Release);
    }
}

/// Writes back as much as nobody needs in the log any more, without waiting for anybody; up to
/// which page that was. None where it was not possible now.
fn write_back(connection: &Connection) -> Option<u32> {
    let outcome = connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE);
    let (_, done) = outcome.ok()?;
    u32::try_from(done).ok()
}
