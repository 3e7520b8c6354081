//! The store in a PostgreSQL that any number of nodes share.
//!
//! A node keeps nothing in memory that another would miss. Each operation that writes is: read
//! the payment, decide in `transition`, write everything in one statement
//! that finds its row only while the payment has the version that was decided on. What many
//! requests ask for at once is done by one statement for all of them, see `together`. There is
//! never a transaction of several statements, so that a client who hangs up leaves none behind,
//! and a connection that went back to the pool is as good as a new one.
//!
//! What is due is found by an index and taken with `for update skip locked`, by the database's
//! clock. Nothing notifies: `NOTIFY` takes a lock of the whole server until after the commit.

mod changes;
mod connection;
mod creations;
mod payments;
mod questions;
mod refunds;
pub(in crate::store) mod row;
pub(in crate::store) mod schema;
mod search;
mod series;
mod statement;
mod together;
mod webhooks;
mod writes;

use std::{fmt, sync::Arc};

use kassa_checkout::{Timestamp, provider::PaymentEvent};

use super::{
    Answer, Answered, Applied, Backlog, Begin, Begun, Called, Created, EventRecord, Filter,
    Idempotency, Message, MessageFilter, NewPayment, NewRefund, Note, Noted, OpenAttempts,
    Outgoing, Payment, PendingRefund, Question, RefundRecord, RefundStep, Refunding, Room, Store,
    StoreError, Tried,
};
use crate::config::PostgresAddress;
use connection::Connections;
use creations::Creation;
use payments::{ByAttempt, ByToken};
use series::Series;
use together::Line;
use writes::Write;

/// The database's clock in milliseconds since the epoch. Of a statement's beginning: a clock that
/// moves while it runs could not be looked up in an index.
const NOW: &str = "(extract(epoch from now()) * 1000)::bigint";

/// The store in a PostgreSQL.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Arc<Connections>,
    series: Series,
    creations: Line<Creation>,
    changes: Line<Write>,
    tokens: Line<ByToken>,
    attempts: Line<ByAttempt>,
}

/// Why a database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// It cannot be reached, or refuses; with what it said.
    Connect(String),
    /// It is older than what was tested; holds its version number.
    Version(i32),
    /// It keeps texts in another encoding than UTF-8.
    Encoding,
    /// With this setting off it would lose what it acknowledged.
    NotDurable(&'static str),
    /// There is no authority that could vouch for it.
    Authorities,
    /// Its tables were made by a newer program.
    Newer,
    /// Its tables were made by an older program, and were not to be changed.
    Older,
    /// It failed afterwards.
    Store(StoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(reason) => write!(f, "the database cannot be used: {reason}"),
            Self::Version(version) => {
                write!(f, "PostgreSQL {}: expected 15 or newer", version / 10_000)
            }
            Self::Encoding => f.write_str("the database's encoding: expected UTF8"),
            Self::NotDurable(setting) => write!(
                f,
                "the database has {setting} off, and would lose payments that it acknowledged"
            ),
            Self::Authorities => {
                f.write_str("no certificate authority was found to verify the database with")
            }
            Self::Newer => f.write_str("the database's tables are newer than this program"),
            Self::Older => {
                f.write_str("the database's tables are older than this program: `kassa migrate`")
            }
            Self::Store(error) => write!(f, "the database cannot be used: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl PostgresStore {
    /// Connects, and brings the tables up to date. Other nodes may do the same at the same time.
    /// A database that is starting is waited for.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(address: &PostgresAddress) -> Result<Self, OpenError> {
        Self::migrate(address).await?;
        Self::over(address)
    }

    /// Connects for a command beside the nodes. The tables must be of this program's version;
    /// they are not changed, and a database that is away is not waited for.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn attach(address: &PostgresAddress) -> Result<Self, OpenError> {
        schema::expect(address).await?;
        Self::over(address)
    }

    fn over(address: &PostgresAddress) -> Result<Self, OpenError> {
        let connections = Arc::new(Connections::new(address)?);
        Ok(Self {
            series: Series::default(),
            creations: Line::new(&connections),
            changes: Line::new(&connections),
            tokens: Line::new(&connections),
            attempts: Line::new(&connections),
            connections,
        })
    }

    /// Brings the tables up to date, and answers the version that they had and have.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn migrate(address: &PostgresAddress) -> Result<(i64, i64), OpenError> {
        let migrated = schema::migrate(address).await?;
        Ok((migrated.from, migrated.to))
    }
}

impl Store for PostgresStore {
    fn create(&self, new: NewPayment, idempotency: Option<Idempotency>) -> Answer<'_, Created> {
        Box::pin(payments::create(self, new, idempotency))
    }

    fn payment(&self, shop: &str, id: &str) -> Answer<'_, Option<Payment>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        Box::pin(async move { payments::payment(&self.connections, &shop, &id).await })
    }

    fn by_token(&self, token: &str) -> Answer<'_, Option<Payment>> {
        let token = token.to_owned();
        Box::pin(async move { payments::by_token(self, &token).await })
    }

    fn by_attempt(&self, provider: &'static str, attempt: &str) -> Answer<'_, Option<Payment>> {
        let attempt = attempt.to_owned();
        Box::pin(async move { payments::by_attempt(self, provider, &attempt).await })
    }

    fn answered(&self, shop: &str, key: &str) -> Answer<'_, Option<Answered>> {
        let (shop, key) = (shop.to_owned(), key.to_owned());
        Box::pin(async move { payments::answered(&self.connections, &shop, &key).await })
    }

    fn list(&self, filter: Filter) -> Answer<'_, Vec<Payment>> {
        Box::pin(async move { payments::list(&self.connections, &filter).await })
    }

    fn events(&self, shop: &str, id: &str) -> Answer<'_, Option<Vec<EventRecord>>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        Box::pin(async move { payments::events(&self.connections, &shop, &id).await })
    }

    fn begin_attempt(&self, begin: Begin) -> Answer<'_, Begun> {
        Box::pin(changes::begin_attempt(self, begin))
    }

    fn note(&self, note: Note) -> Answer<'_, Noted> {
        Box::pin(changes::note(self, note))
    }

    fn called(&self, called: Called, now: Timestamp) -> Answer<'_, Option<String>> {
        Box::pin(changes::called(self, called, now))
    }

    fn apply(
        &self,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        Box::pin(changes::apply(self, provider, report, now))
    }

    fn apply_to(
        &self,
        seen: Payment,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        Box::pin(changes::apply_to(self, seen, provider, report, now))
    }

    fn refund(&self, new: NewRefund, idempotency: Option<Idempotency>) -> Answer<'_, Refunding> {
        Box::pin(refunds::begin(self, new, idempotency))
    }

    fn advance_refund(
        &self,
        id: &str,
        step: RefundStep,
        now: Timestamp,
    ) -> Answer<'_, Option<String>> {
        let id = id.to_owned();
        Box::pin(async move { refunds::advance(self, &id, step, now).await })
    }

    fn pending_refunds(&self, from: Timestamp, limit: u32) -> Answer<'_, Vec<PendingRefund>> {
        Box::pin(refunds::pending(&self.connections, from, limit))
    }

    fn refunds(&self, shop: &str, payment: &str) -> Answer<'_, Option<Vec<RefundRecord>>> {
        let (shop, payment) = (shop.to_owned(), payment.to_owned());
        Box::pin(async move { refunds::refunds(&self.connections, &shop, &payment).await })
    }

    fn meet_deadlines(&self, limit: u32) -> Answer<'_, Vec<String>> {
        Box::pin(changes::meet_deadlines(self, limit))
    }

    fn claim_questions(&self, lease: u64, limit: u32) -> Answer<'_, Vec<Question>> {
        Box::pin(questions::claim(&self.connections, lease, limit))
    }

    fn finish_question(&self, question: &Question, again: Option<u64>) -> Answer<'_, ()> {
        let question = question.clone();
        Box::pin(async move { questions::finish(&self.connections, &question, again).await })
    }

    fn open_attempts(&self) -> Answer<'_, Vec<OpenAttempts>> {
        Box::pin(questions::open_attempts(&self.connections))
    }

    fn claim_webhooks(&self, rooms: Vec<Room>, lease: u64) -> Answer<'_, Vec<Outgoing>> {
        Box::pin(webhooks::claim(&self.connections, rooms, lease))
    }

    fn finish_webhook(&self, tried: Tried) -> Answer<'_, ()> {
        Box::pin(webhooks::finish(&self.connections, tried))
    }

    fn messages(&self, filter: MessageFilter) -> Answer<'_, Vec<Message>> {
        Box::pin(async move { webhooks::messages(&self.connections, &filter).await })
    }

    fn replay(&self, shop: &str, ids: Vec<String>) -> Answer<'_, u64> {
        let shop = shop.to_owned();
        Box::pin(async move { webhooks::replay(&self.connections, &shop, ids).await })
    }

    fn enable_endpoint(&self, shop: &str) -> Answer<'_, bool> {
        let shop = shop.to_owned();
        Box::pin(async move { webhooks::enable_endpoint(&self.connections, &shop).await })
    }

    fn shift_due(&self, millis: i64) -> Answer<'_, ()> {
        Box::pin(questions::shift_due(&self.connections, millis))
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        Box::pin(questions::backlog(&self.connections))
    }

    fn connections(&self) -> super::Connections {
        let mut usage = self.connections.usage();
        usage.waiting += self.creations.length()
            + self.changes.length()
            + self.tokens.length()
            + self.attempts.length();
        usage
    }

    fn ready(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let sql = "select current_setting('transaction_read_only')";
            let row = self.connections.row(sql, &[]).await?;
            match row::get::<&str>(&row, 0)? {
                "off" => Ok(()),
                _ => Err(StoreError::Unavailable),
            }
        })
    }
}
