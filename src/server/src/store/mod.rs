//! What is kept, and the whole business operations on it.
//!
//! [`Store`] speaks of payments and never of SQL, so that another database is another
//! implementation of the same trait; `tests/store_contract` is the suite that both pass.
//! An operation that writes is durable when it answers, and does all of its work or none.
//!
//! What every store must decide alike stands in `transition`, without I/O; a store reads the
//! payment, has it decided there, and writes the change. Work that is due is rows: the deadline
//! of a payment, the next question about an attempt, the next try of a webhook. They are written
//! together with the event that asks for them, and measured by the store's own clock, so that
//! the operations take pauses and leases in seconds and never a point in time.

pub(crate) mod measured;
#[cfg(feature = "memory-store")]
pub mod memory;
pub mod postgres;
mod prepared;
mod record;
mod refund;
pub mod sqlite;
pub mod transfer;
mod transition;

use std::{fmt, future::Future, pin::Pin};

use kassa_checkout::{Status, Timestamp, provider::PaymentEvent};

pub use record::{
    Answered, AttemptRecord, Begin, Begun, CallState, Called, Created, Delivery, EventRecord,
    Filter, Idempotency, Message, MessageFilter, NewPayment, NewReference, Note, Noted,
    OpenAttempts, Outcome, Outgoing, Payer, Payment, Question, References, Room, Terms, Tried,
    VetumaTerms,
};

pub(crate) use transition::series_reference;

pub use refund::{NewRefund, PendingRefund, RefundRecord, RefundStep, Refunding};

/// For how many seconds after it was written a message can be read and sent again: 30 days.
pub const REPLAYABLE: u64 = 30 * 24 * 3_600;

/// The answer of an operation, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The whole business operations on what is kept.
pub trait Store: Send + Sync {
    /// Creates a payment, or finds the answer that its idempotency key already got.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create(&self, new: NewPayment, idempotency: Option<Idempotency>) -> Answer<'_, Created>;

    /// A payment of a shop.
    ///
    /// # Errors
    /// [`StoreError`].
    fn payment(&self, shop: &str, id: &str) -> Answer<'_, Option<Payment>>;

    /// The payment that a checkout token opens.
    ///
    /// # Errors
    /// [`StoreError`].
    fn by_token(&self, token: &str) -> Answer<'_, Option<Payment>>;

    /// The payment that an attempt belongs to.
    ///
    /// # Errors
    /// [`StoreError`].
    fn by_attempt(&self, provider: &'static str, attempt: &str) -> Answer<'_, Option<Payment>>;

    /// What was answered under an idempotency key, with the fingerprint of the request.
    ///
    /// # Errors
    /// [`StoreError`].
    fn answered(&self, shop: &str, key: &str) -> Answer<'_, Option<Answered>>;

    /// Payments, newest first, as many as the filter says.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list(&self, filter: Filter) -> Answer<'_, Vec<Payment>>;

    /// What happened to a payment, oldest first; `None` when the shop has no such payment.
    ///
    /// # Errors
    /// [`StoreError`].
    fn events(&self, shop: &str, id: &str) -> Answer<'_, Option<Vec<EventRecord>>>;

    /// Begins an attempt to pay, or finds the one that was begun with the same choice just now.
    ///
    /// # Errors
    /// [`StoreError`].
    fn begin_attempt(&self, begin: Begin) -> Answer<'_, Begun>;

    /// Writes down what came of the call that begins an attempt. Answers the payment's token, or
    /// none when no attempt has this identifier.
    ///
    /// # Errors
    /// [`StoreError`].
    fn called(&self, called: Called, now: Timestamp) -> Answer<'_, Option<String>>;

    /// Applies a verified report of a provider: the event, the new state and what is to be sent
    /// to the shop, together. The same report twice changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    fn apply(
        &self,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied>;

    /// Begins a refund, or finds the answer that its idempotency key already got. All refunds of
    /// an attempt together never exceed what it brought.
    ///
    /// # Errors
    /// [`StoreError`].
    fn refund(&self, new: NewRefund, idempotency: Option<Idempotency>) -> Answer<'_, Refunding>;

    /// Writes down what happened to a refund; answers the token of its payment when that is news.
    ///
    /// # Errors
    /// [`StoreError`].
    fn advance_refund(
        &self,
        id: &str,
        step: RefundStep,
        now: Timestamp,
    ) -> Answer<'_, Option<String>>;

    /// Adds an event to a payment, while that is as it was seen, and once for its key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn note(&self, note: Note) -> Answer<'_, Noted>;

    /// Refunds that nobody knows the end of, begun then or later, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn pending_refunds(&self, from: Timestamp, limit: u32) -> Answer<'_, Vec<PendingRefund>>;

    /// The refunds of a payment, oldest first; `None` when the shop has no such payment.
    ///
    /// # Errors
    /// [`StoreError`].
    fn refunds(&self, shop: &str, payment: &str) -> Answer<'_, Option<Vec<RefundRecord>>>;

    /// Does the same for a payment that was read by its attempt a moment ago, which may save
    /// reading it again.
    ///
    /// # Errors
    /// [`StoreError`].
    fn apply_to(
        &self,
        seen: Payment,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied>;

    /// Does what up to `limit` payments are due for: offers that end, confirmations that are
    /// overdue. Answers the tokens of the payments that changed.
    ///
    /// # Errors
    /// [`StoreError`].
    fn meet_deadlines(&self, limit: u32) -> Answer<'_, Vec<String>>;

    /// Takes up to `limit` attempts whose status is to be asked for, so that nobody else takes
    /// them for `lease` seconds.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_questions(&self, lease: u64, limit: u32) -> Answer<'_, Vec<Question>>;

    /// Writes down when a question is asked again, after so many seconds, or that it never is.
    /// A question that lost its claim changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    fn finish_question(&self, question: &Question, again: Option<u64>) -> Answer<'_, ()>;

    /// The attempts that are still to be asked about, by shop and provider.
    ///
    /// # Errors
    /// [`StoreError`].
    fn open_attempts(&self) -> Answer<'_, Vec<OpenAttempts>>;

    /// Takes webhooks that are due, for each shop as many as there is room for, so that nobody
    /// else takes them for `lease` seconds. Shops that asked for a pause get nothing before its
    /// end; those without an endpoint, or with one that is gone, nothing at all: their messages
    /// are set aside, to be replayed.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_webhooks(&self, rooms: Vec<Room>, lease: u64) -> Answer<'_, Vec<Outgoing>>;

    /// Writes down what came of a webhook's try. A try that lost its claim changes nothing of
    /// the message, but what it learned of the endpoint.
    ///
    /// # Errors
    /// [`StoreError`].
    fn finish_webhook(&self, tried: Tried) -> Answer<'_, ()>;

    /// Messages to shops, as the filter says.
    ///
    /// # Errors
    /// [`StoreError`].
    fn messages(&self, filter: MessageFilter) -> Answer<'_, Vec<Message>>;

    /// Sends messages of a shop once more, from the first pause on; answers how many there were.
    /// Those whose try is running are left to it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn replay(&self, shop: &str, ids: Vec<String>) -> Answer<'_, u64>;

    /// Makes an endpoint one again that said it was gone; answers whether it had.
    ///
    /// # Errors
    /// [`StoreError`].
    fn enable_endpoint(&self, shop: &str) -> Answer<'_, bool>;

    /// Moves when webhooks and questions are due by so many milliseconds.
    ///
    /// # Errors
    /// [`StoreError`].
    fn shift_due(&self, millis: i64) -> Answer<'_, ()>;

    /// What waits.
    ///
    /// # Errors
    /// [`StoreError`].
    fn backlog(&self) -> Answer<'_, Backlog>;

    /// How its connections are used at this moment.
    fn connections(&self) -> Connections;

    /// How many bytes its log has that is written back beside the writer: SQLite's, 0 elsewhere.
    fn log_bytes(&self) -> u64 {
        0
    }

    /// Whether it can be written and read now.
    ///
    /// # Errors
    /// [`StoreError`].
    fn ready(&self) -> Answer<'_, ()>;
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// No attempt has this identifier at this provider.
    Unknown,
    /// The very report was applied before.
    Duplicate,
    /// It was applied.
    Changed {
        /// The token of the payment, to tell those who watch it.
        token: String,
        /// Where the payment stands now.
        status: Status,
        /// What was found besides, as the words in events: `amount_differs`, `paid_twice`.
        flags: Vec<&'static str>,
    },
}

/// What waits, by kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Webhooks to shops.
    pub webhooks: Queue,
    /// Attempts to ask a provider for.
    pub questions: Queue,
    /// Offers to end, confirmations that are overdue.
    pub deadlines: Queue,
}

/// How a store's connections are used. All 0 where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// How many there may be at most.
    pub most: usize,
    /// How many work now.
    pub busy: usize,
    /// How many are open and have nothing to do.
    pub idle: usize,
    /// How many operations wait for one: in SQLite, for the one that writes.
    pub waiting: usize,
}

/// Work of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// How much of it is due now; what waits for its time does not count.
    pub due: u64,
    /// For how many seconds the oldest has been due.
    pub oldest_seconds: u64,
}

/// Why an operation failed; nothing of it was done, or all of it where the way to the database
/// broke before the answer came ([`StoreError::Unavailable`]). Each operation may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full or broken, the database cannot be reached, or the store was shut: it may
    /// work again later.
    Unavailable,
    /// What was read is not what was written there.
    Corrupt(&'static str),
    /// The statement was refused: a fault of the program.
    Refused,
    /// The operating system gave no random bytes.
    NoRandomness,
    /// No reference number is left to allot.
    NoReference,
}

impl StoreError {
    /// A word for it, for figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Corrupt(_) => "corrupt",
            Self::Refused => "refused",
            Self::NoRandomness => "no_randomness",
            Self::NoReference => "no_reference",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the store is not available"),
            Self::Corrupt(what) => write!(f, "the store holds an unreadable {what}"),
            Self::Refused => f.write_str("the store refused a statement"),
            Self::NoRandomness => f.write_str("the operating system gave no random bytes"),
            Self::NoReference => f.write_str("no reference number is left to allot"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<crate::tokens::NoRandomness> for StoreError {
    fn from(_: crate::tokens::NoRandomness) -> Self {
        Self::NoRandomness
    }
}
