//! The store in one SQLite file.
//!
//! Write-ahead log, `synchronous=FULL`, one writer thread with group commit, a few read
//! connections. A lock file keeps a second process out. Measured reasons for each of these stand
//! in the project's notes on the server-side stack; in short: anything less than `FULL` loses
//! acknowledged writes in a power cut, and group commit makes `FULL` cheap.
//!
//! The writer is the one who can be had only once, so all that can be done without it is done
//! without it: what a report or a wish to pay comes to is decided on a read of the payment, and
//! the writer writes the change provided that the payment still has the version that was read.
//! What such a read shows was synced to the disk before it could be seen.
//!
//! Commands for people attach beside the process that has the lock: they wait for their turn to
//! write as SQLite's own lock gives it, and change nothing that only the owner may.

pub mod backup;
mod checkpoint;
pub(in crate::store) mod export;
mod schema;
mod sql;
mod writer;

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use kassa_checkout::{Timestamp, provider::PaymentEvent};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::{
    Answer, Answered, Applied, Backlog, Begin, Begun, Called, Connections, Created, EventRecord,
    Filter, Idempotency, Message, MessageFilter, NewPayment, NewRefund, Note, Noted, OpenAttempts,
    Outgoing, Payment, PendingRefund, Question, RefundRecord, RefundStep, Refunding, Room, Store,
    StoreError, Tried,
};
use checkpoint::{Length, Log};
use sql::Decided;
use writer::Writer;

/// SQLite up to 3.51.2 may damage a file when two connections write and checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How many reads run at once, on a machine with fewer processors.
const READERS: usize = 4;
/// How many where somebody attached to another's file.
const ATTACHED_READERS: usize = 1;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    // In this order they go: the readers, then the writer, who as the last one tidies the log
    // away, and then the lock is given back.
    readers: Arc<Readers>,
    writer: Writer,
    /// How long the log is; none where another process minds it.
    log: Option<Length>,
    /// None where another process may have it.
    _lock: Option<File>,
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The SQLite that is linked in has a known bug; holds its version number.
    Version(i32),
    /// Another process has the file open.
    Locked,
    /// Its tables are of another version than this program's, and were not to be changed.
    Schema {
        /// The tables' version.
        found: i64,
        /// This program's.
        expected: i64,
    },
    /// The file or its folder cannot be made, read or written.
    Io(std::io::Error),
    /// The file is not a database of ours, or is damaged.
    Store(StoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(
                f,
                "SQLite {version} is linked in: expected at least {OLDEST_SQLITE}"
            ),
            Self::Locked => f.write_str("another process has the database open"),
            Self::Schema { found: 0, .. } => f.write_str("the file is not a database of kassa"),
            Self::Schema { found, expected } => write!(
                f,
                "the database's tables are of version {found}, and this program's of {expected}: \
                 use the program that serves, or `kassa migrate`"
            ),
            Self::Io(error) => write!(f, "the database cannot be opened: {error}"),
            Self::Store(error) => write!(f, "the database cannot be used: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl SqliteStore {
    /// Opens the file, making it and its folder when they are missing, and brings its tables up
    /// to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(file: &Path) -> Result<Self, OpenError> {
        Self::open_with_batch(file, writer::BATCH)
    }

    /// Like [`Self::open`], with another number of writes that share a commit at the most: for
    /// the benchmark, which shows what sharing is worth.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_with_batch(file: &Path, batch: usize) -> Result<Self, OpenError> {
        check_version()?;
        if let Some(folder) = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)?;
        }
        let lock = lock(file)?;
        let mut connection = Connection::open(file).map_err(sql::refused)?;
        sql::prepare_writer(&connection)?;
        schema::migrate(&mut connection)?;
        // The lock is ours, so whoever claimed anything has gone.
        sql::release_claims(&connection)?;
        sql::undo_future(&connection)?;
        let readers = Readers::open(file, readers())?;
        let log = Log::of(&mut connection, file, checkpoint::LONG)?;
        Ok(Self {
            readers: Arc::new(readers),
            log: Some(log.length()),
            writer: Writer::start(connection, batch, Some(log))?,
            _lock: Some(lock),
        })
    }

    /// Opens a file that is there, whether a server has it open or not: for a command beside it.
    /// The tables must be of this program's version; they are not changed.
    ///
    /// # Errors
    /// [`OpenError`], but for [`OpenError::Locked`].
    pub fn attach(file: &Path) -> Result<Self, OpenError> {
        check_version()?;
        // What is missing has a better name here than in SQLite's words.
        std::fs::metadata(file)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(sql::refused)?;
        sql::prepare_attached(&connection)?;
        let (found, expected) = (schema::version_if_any(&connection)?, schema::newest());
        if found != expected {
            return Err(OpenError::Schema { found, expected });
        }
        let readers = Readers::open(file, ATTACHED_READERS)?;
        Ok(Self {
            readers: Arc::new(readers),
            log: None,
            writer: Writer::start(connection, writer::BATCH, None)?,
            _lock: None,
        })
    }

    /// Brings the tables of a file up to date, and answers the version that they had and have.
    ///
    /// # Errors
    /// [`OpenError`]; that it is locked while a server runs on it.
    pub fn migrate(file: &Path) -> Result<(i64, i64), OpenError> {
        std::fs::metadata(file)?;
        let _lock = lock(file)?;
        let mut connection = Connection::open(file).map_err(sql::refused)?;
        sql::prepare_writer(&connection)?;
        Ok(schema::migrate(&mut connection)?)
    }

    /// Reads as much as it takes, on a thread that may wait for the disk.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.readers.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Unavailable)?;
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || {
            let result = readers.lend(work);
            drop(permit);
            result
        })
        .await
        .map_err(|_| StoreError::Unavailable)?
    }

    /// Looks up a row or two, on the spot: that is done sooner than another thread is woken, and
    /// customers who wait ask often.
    async fn look_up<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        match self.readers.permits.try_acquire() {
            Ok(_permit) => self.readers.lend(work),
            Err(_) => self.read(work).await,
        }
    }
}

impl SqliteStore {
    /// Has a report decided, and writes what was decided.
    async fn apply_as<F>(
        &self,
        decide: F,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Result<Applied, StoreError>
    where
        F: FnOnce(&Connection) -> Result<Decided<Applied>, StoreError> + Send + 'static,
    {
        let change = match self.look_up(decide).await? {
            Decided::Answer(answer) => return Ok(answer),
            Decided::Change(change) => change,
        };
        self.writer
            .write(move |connection| sql::apply(connection, provider, &report, now, &change))
            .await
    }
}

/// One for each thread that answers requests, and some.
fn readers() -> usize {
    let processors = thread::available_parallelism().map_or(READERS, NonZero::get);
    processors.max(READERS)
}

fn check_version() -> Result<(), OpenError> {
    let version = rusqlite::version_number();
    if version < OLDEST_SQLITE {
        return Err(OpenError::Version(version));
    }
    Ok(())
}

/// Takes the lock file beside the database.
fn lock(file: &Path) -> Result<File, OpenError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(OpenError::Io(error)),
    }
}

/// Connections that read.
#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Connection>>,
    count: usize,
    /// As many as there are connections.
    permits: Arc<Semaphore>,
}

impl Readers {
    fn open(file: &Path, count: usize) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut idle = Vec::with_capacity(count);
        for _ in 0..count {
            let connection = Connection::open_with_flags(file, flags).map_err(sql::refused)?;
            sql::prepare_reader(&connection)?;
            idle.push(connection);
        }
        Ok(Self {
            idle: Mutex::new(idle),
            count,
            permits: Arc::new(Semaphore::new(count)),
        })
    }

    /// How many there are, and how many of them have nothing to do.
    fn places(&self) -> (usize, usize) {
        (self.count, self.permits.available_permits().min(self.count))
    }

    /// Works with a connection; whoever calls holds a permit.
    fn lend<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.idle().pop().ok_or(StoreError::Unavailable)?;
        let result = work(&connection);
        self.idle().push(connection);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn create(&self, new: NewPayment, idempotency: Option<Idempotency>) -> Answer<'_, Created> {
        Box::pin(async move {
            let new = sql::NewRows::of(new)?;
            self.writer
                .write(move |connection| sql::create(connection, &new, idempotency.as_ref()))
                .await
        })
    }

    fn payment(&self, shop: &str, id: &str) -> Answer<'_, Option<Payment>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        Box::pin(self.look_up(move |connection| sql::payment(connection, &shop, &id)))
    }

    fn by_token(&self, token: &str) -> Answer<'_, Option<Payment>> {
        let token = token.to_owned();
        Box::pin(self.look_up(move |connection| sql::by_token(connection, &token)))
    }

    fn by_attempt(&self, provider: &'static str, attempt: &str) -> Answer<'_, Option<Payment>> {
        let attempt = attempt.to_owned();
        Box::pin(self.look_up(move |connection| sql::by_attempt(connection, provider, &attempt)))
    }

    fn answered(&self, shop: &str, key: &str) -> Answer<'_, Option<Answered>> {
        let (shop, key) = (shop.to_owned(), key.to_owned());
        Box::pin(self.look_up(move |connection| sql::answered(connection, &shop, &key)))
    }

    fn list(&self, filter: Filter) -> Answer<'_, Vec<Payment>> {
        Box::pin(self.read(move |connection| sql::list(connection, &filter)))
    }

    fn events(&self, shop: &str, id: &str) -> Answer<'_, Option<Vec<EventRecord>>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        Box::pin(self.read(move |connection| sql::events(connection, &shop, &id)))
    }

    fn begin_attempt(&self, begin: Begin) -> Answer<'_, Begun> {
        Box::pin(async move {
            let wish = begin.clone();
            let decided = self
                .look_up(move |connection| sql::decide_attempt(connection, &wish))
                .await?;
            let change = match decided {
                Decided::Answer(answer) => return Ok(answer),
                Decided::Change(change) => change,
            };
            self.writer
                .write(move |connection| sql::begin_attempt(connection, &begin, &change))
                .await
        })
    }

    fn called(&self, called: Called, now: Timestamp) -> Answer<'_, Option<String>> {
        Box::pin(
            self.writer
                .write(move |connection| sql::called(connection, &called, now)),
        )
    }

    fn apply(
        &self,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        let heard = report.clone();
        let decide =
            move |connection: &Connection| sql::decide_report(connection, provider, heard, now);
        Box::pin(self.apply_as(decide, provider, report, now))
    }

    fn apply_to(
        &self,
        seen: Payment,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        let heard = report.clone();
        let decide = move |connection: &Connection| {
            sql::decide_report_on(connection, seen, provider, heard, now)
        };
        Box::pin(self.apply_as(decide, provider, report, now))
    }

    fn refund(&self, new: NewRefund, idempotency: Option<Idempotency>) -> Answer<'_, Refunding> {
        Box::pin(
            self.writer
                .write(move |connection| sql::begin_refund(connection, &new, idempotency.as_ref())),
        )
    }

    fn advance_refund(
        &self,
        id: &str,
        step: RefundStep,
        now: Timestamp,
    ) -> Answer<'_, Option<String>> {
        let id = id.to_owned();
        Box::pin(
            self.writer
                .write(move |connection| sql::advance_refund(connection, &id, step, now)),
        )
    }

    fn note(&self, note: Note) -> Answer<'_, Noted> {
        Box::pin(
            self.writer
                .write(move |connection| sql::note(connection, &note)),
        )
    }

    fn pending_refunds(&self, from: Timestamp, limit: u32) -> Answer<'_, Vec<PendingRefund>> {
        Box::pin(self.read(move |connection| sql::pending_refunds(connection, from, limit)))
    }

    fn refunds(&self, shop: &str, payment: &str) -> Answer<'_, Option<Vec<RefundRecord>>> {
        let (shop, payment) = (shop.to_owned(), payment.to_owned());
        Box::pin(self.read(move |connection| sql::refunds(connection, &shop, &payment)))
    }

    fn meet_deadlines(&self, limit: u32) -> Answer<'_, Vec<String>> {
        Box::pin(
            self.writer
                .write(move |connection| sql::meet_deadlines(connection, limit)),
        )
    }

    fn claim_questions(&self, lease: u64, limit: u32) -> Answer<'_, Vec<Question>> {
        Box::pin(
            self.writer
                .write(move |connection| sql::claim_questions(connection, lease, limit)),
        )
    }

    fn finish_question(&self, question: &Question, again: Option<u64>) -> Answer<'_, ()> {
        let question = question.clone();
        Box::pin(
            self.writer
                .write(move |connection| sql::finish_question(connection, &question, again)),
        )
    }

    fn open_attempts(&self) -> Answer<'_, Vec<OpenAttempts>> {
        Box::pin(self.read(sql::open_attempts))
    }

    fn claim_webhooks(&self, rooms: Vec<Room>, lease: u64) -> Answer<'_, Vec<Outgoing>> {
        Box::pin(
            self.writer
                .write(move |connection| sql::claim_webhooks(connection, &rooms, lease)),
        )
    }

    fn finish_webhook(&self, tried: Tried) -> Answer<'_, ()> {
        Box::pin(
            self.writer
                .write(move |connection| sql::finish_webhook(connection, &tried)),
        )
    }

    fn messages(&self, filter: MessageFilter) -> Answer<'_, Vec<Message>> {
        Box::pin(self.read(move |connection| sql::messages(connection, &filter)))
    }

    fn replay(&self, shop: &str, ids: Vec<String>) -> Answer<'_, u64> {
        let shop = shop.to_owned();
        Box::pin(
            self.writer
                .write(move |connection| sql::replay(connection, &shop, &ids)),
        )
    }

    fn enable_endpoint(&self, shop: &str) -> Answer<'_, bool> {
        let shop = shop.to_owned();
        Box::pin(
            self.writer
                .write(move |connection| sql::enable_endpoint(connection, &shop)),
        )
    }

    fn shift_due(&self, millis: i64) -> Answer<'_, ()> {
        Box::pin(
            self.writer
                .write(move |connection| sql::shift_due(connection, millis)),
        )
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        Box::pin(self.read(sql::backlog))
    }

    fn connections(&self) -> Connections {
        let (most, idle) = self.readers.places();
        let waiting = self.writer.waiting();
        Connections {
            // The one that writes is among them.
            most: most + 1,
            busy: most - idle + usize::from(waiting > 0),
            idle: idle + usize::from(waiting == 0),
            waiting,
        }
    }

    fn log_bytes(&self) -> u64 {
        self.log.as_ref().map_or(0, Length::bytes)
    }

    fn ready(&self) -> Answer<'_, ()> {
        Box::pin(async {
            // An empty transaction of the writer, and a read.
            self.writer.write(|_| Ok(())).await?;
            self.read(sql::readable).await
        })
    }
}
