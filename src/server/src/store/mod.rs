//! What is kept, and the whole business operations on it.
//!
//! [`Store`] speaks of payments and never of SQL, so that another database is another
//! implementation of the same trait; `tests/store_contract.rs` is the suite that both must pass.
//! An operation that writes is durable when it answers, and does all of its work or none.

mod record;
pub mod sqlite;
mod transition;

use std::{fmt, future::Future, pin::Pin};

use kassa_checkout::{Status, Timestamp, provider::PaymentEvent};

pub use record::{
    AttemptRecord, Begin, Begun, Created, Delivery, EventRecord, Filter, Idempotency, NewPayment,
    NewReference, Outgoing, Payer, Payment, Terms,
};

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

    /// The payments of a shop, newest first, as many as the filter says.
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

    /// Ends up to `limit` offers to pay whose time is over; answers the tokens of their payments.
    ///
    /// # Errors
    /// [`StoreError`].
    fn end_offers(&self, now: Timestamp, limit: u32) -> Answer<'_, Vec<String>>;

    /// Takes up to `limit` webhooks that are due, so that nobody else takes them before `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_webhooks(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Answer<'_, Vec<Outgoing>>;

    /// Writes down what came of a webhook's try. A try that lost its claim changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    fn finish_webhook(&self, id: &str, tries: u32, delivery: Delivery) -> Answer<'_, ()>;

    /// How many webhooks wait, and since when the oldest has been due.
    ///
    /// # Errors
    /// [`StoreError`].
    fn backlog(&self) -> Answer<'_, Backlog>;

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

/// Webhooks that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many.
    pub waiting: u64,
    /// When the first of them is due.
    pub first_due: Option<Timestamp>,
}

/// Why an operation failed; nothing of it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full or broken, or the store was shut: it may work again later.
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
