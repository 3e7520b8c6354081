//! The one thread that writes, with group commit.
//!
//! Whatever waits, up to [`BATCH`] operations, becomes one transaction, so that one `fsync` pays
//! for all of them. Each operation runs in its own savepoint: an error undoes that operation
//! alone. A full or broken disk fails the whole batch, because SQLite may have rolled it back.
//! Nobody is answered before the commit is durable.

use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::sql::refused;
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
    work: Option<F>,
    result: Result<T, StoreError>,
    asker: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.result = work(connection);
        }
        self.result.as_ref().map(drop).map_err(|error| *error)
    }

    fn settle(self: Box<Self>, batch: Result<(), StoreError>) {
        // Nobody may be left to hear it; the work is done all the same.
        let _ = self.asker.send(batch.and(self.result));
    }
}

impl Writer {
    /// Starts the thread, with at most so many operations in one transaction.
    pub(super) fn start(connection: Connection, most: usize) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("kassa-writer".to_owned())
            .spawn(move || write_all(connection, waiting, most))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Does `work` in a transaction and answers when it is durable.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let operation = Box::new(Pending {
            work: Some(work),
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

fn write_all(connection: Connection, mut waiting: mpsc::Receiver<Box<dyn Operation>>, most: usize) {
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
    }
}

fn write_batch(
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
