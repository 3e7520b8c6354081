//! The one thread that writes, with group commit.
//!
//! Whatever waits, up to [`BATCH`] operations, becomes one transaction, so that one `fsync` pays
//! for all of them. An error undoes that operation alone: the batch is undone, and each of its
//! operations done again in a savepoint of its own. That is rare, and savepoints that nobody needs
//! cost a third of the writer's time. A full or broken disk fails the whole batch, because SQLite
//! may have rolled it back. Nobody is answered before the commit is durable.

use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{checkpoint::Log, sql::refused};
use crate::{
    crash::{self, Point},
    store::StoreError,
};

/// The most operations in one transaction.
pub(super) const BATCH: usize = 256;
/// How many operations may wait before those who ask are held up.
const QUEUE: usize = 4_096;

/// The way to the writer. When it goes, the thread ends its work and has ended.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a sender the thread ends after what it has begun: a batch at the most.
        self.queue.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

trait Operation: Send {
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Answers; with the given error where the batch failed.
    fn settle(self: Box<Self>, batch: Result<(), StoreError>);
}

impl std::fmt::Debug for dyn Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operation")
    }
}

struct Pending<T, F> {
    work: F,
    result: Result<T, StoreError>,
    asker: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.result = (self.work)(connection);
        self.result.as_ref().map(drop).map_err(|error| *error)
    }

    fn settle(self: Box<Self>, batch: Result<(), StoreError>) {
        // Nobody may be left to hear it; the work is done all the same.
        let _ = self.asker.send(batch.and(self.result));
    }
}

impl Writer {
    /// Starts the thread, with at most so many operations in one transaction. It minds the log,
    /// where that is ours to mind.
    pub(super) fn start(
        connection: Connection,
        most: usize,
        log: Option<Log>,
    ) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("kassa-writer".to_owned())
            .spawn(move || write_all(connection, waiting, most, log))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// How many operations wait for their transaction to begin.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue.as_ref();
        queue.map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Does `work` in a transaction and answers when it is durable. It may be done twice, the
    /// second time after all of the first was undone.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let operation = Box::new(Pending {
            work,
            result: Err(StoreError::Unavailable),
            asker,
        });
        self.queue
            .as_ref()
            .ok_or(StoreError::Unavailable)?
            .send(operation)
            .await
            .map_err(|_| StoreError::Unavailable)?;
        answer.await.map_err(|_| StoreError::Unavailable)?
    }
}

fn write_all(
    connection: Connection,
    mut waiting: mpsc::Receiver<Box<dyn Operation>>,
    most: usize,
    log: Option<Log>,
) {
    let mut batch = Vec::with_capacity(most);
    while waiting.blocking_recv_many(&mut batch, most) > 0 {
        let outcome = write_batch(&connection, &mut batch);
        if outcome.is_err() && !connection.is_autocommit() {
            // What cannot even be undone is undone when the file is opened again.
            let _ = connection.execute_batch("rollback");
        }
        for operation in batch.drain(..) {
            operation.settle(outcome);
        }
        if let Some(log) = &log {
            log.mind(&connection);
        }
    }
    // Before the connection, which as the last one tidies the log away.
    drop(log);
}

fn write_batch(
    connection: &Connection,
    batch: &mut [Box<dyn Operation>],
) -> Result<(), StoreError> {
    statement(connection, "begin immediate")?;
    for operation in batch.iter_mut() {
        match operation.run(connection) {
            Ok(()) => {}
            Err(StoreError::Unavailable) => return Err(StoreError::Unavailable),
            Err(_) => {
                statement(connection, "rollback")?;
                return write_apart(connection, batch);
            }
        }
    }
    commit(connection)
}

/// The same, so that an operation that fails leaves the others alone.
fn write_apart(
    connection: &Connection,
    batch: &mut [Box<dyn Operation>],
) -> Result<(), StoreError> {
    statement(connection, "begin immediate")?;
    for operation in batch {
        statement(connection, "savepoint one")?;
        match operation.run(connection) {
            Ok(()) => {}
            Err(StoreError::Unavailable) => return Err(StoreError::Unavailable),
            Err(_) => statement(connection, "rollback to one")?,
        }
        statement(connection, "release one")?;
    }
    commit(connection)
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    crash::point(Point::BeforeCommit);
    statement(connection, "commit")?;
    crash::point(Point::AfterCommit);
    Ok(())
}

fn statement(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut prepared| prepared.execute([]))
        .map(drop)
        .map_err(|error| match refused(error) {
            // Whatever goes wrong with the transaction itself concerns all that is in it.
            StoreError::Refused => StoreError::Unavailable,
            other => other,
        })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Writer, statement};
    use crate::store::StoreError;

    fn insert(connection: &Connection, name: &str) -> Result<usize, StoreError> {
        connection
            .execute("insert into names values (?1)", [name])
            .map_err(super::refused)
    }

    #[tokio::test]
    async fn who_fails_fails_alone() {
        let connection = Connection::open_in_memory().unwrap();
        statement(&connection, "create table names (name text unique)").unwrap();
        let writer = Writer::start(connection, 256, None).unwrap();
        // The first one holds the writer up, so that the others become one batch.
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = writer.write(move |_| {
            let _ = wait.recv();
            Ok(0)
        });
        let good = |name: &'static str| writer.write(move |connection| insert(connection, name));
        let half = writer.write(|connection| {
            insert(connection, "half")?;
            insert(connection, "a")
        });
        let go = async move {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            drop(go);
        };
        let done = tokio::join!(first, good("a"), half, good("b"), go);
        assert_eq!(done, (Ok(0), Ok(1), Err(StoreError::Refused), Ok(1), ()));
        let count = writer.write(|connection| {
            let all = "select group_concat(name order by name) from names";
            connection
                .query_row(all, [], |row| row.get::<_, String>(0))
                .map_err(super::refused)
        });
        assert_eq!(count.await.as_deref(), Ok("a,b"));
    }
}
