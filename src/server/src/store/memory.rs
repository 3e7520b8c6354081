//! A store in memory, on whatever clocks it is given: for simulations and tests.
//!
//! It keeps nothing when the process ends, so it is behind a Cargo feature that the product is
//! built without. What it decides is what every store decides (`transition`), and it passes the
//! same contract suite. It can be made to fail, and what a dying process leaves behind can be
//! looked at: [`MemoryStore::fail_next`], [`MemoryStore::restart`].

mod state;
mod webhooks;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kassa_checkout::{Timestamp, provider::PaymentEvent};

use super::{
    Answer, Answered, Applied, Backlog, Begin, Begun, Called, Connections, Created, EventRecord,
    Filter, Idempotency, Message, MessageFilter, NewPayment, NewRefund, Note, Noted, OpenAttempts,
    Outgoing, Payment, PendingRefund, Question, RefundRecord, RefundStep, Refunding, Room, Store,
    StoreError, Tried,
};
use state::State;

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The store in memory.
pub struct MemoryStore {
    wall: Clock,
    steady: Clock,
    state: Mutex<State>,
    failures: Mutex<u32>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store: deadlines are met by the clock on the wall, and due work is measured by
    /// one that nobody sets.
    #[must_use]
    pub fn new(wall: Clock, steady: Clock) -> Self {
        Self {
            wall,
            steady,
            state: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// A store of its own that holds the same, on the same clocks.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            wall: Arc::clone(&self.wall),
            steady: Arc::clone(&self.steady),
            state: Mutex::new(self.state().clone()),
            failures: Mutex::default(),
        }
    }

    /// Makes so many of the next operations that write fail as on a full disk: nothing of them is
    /// done.
    pub fn fail_next(&self, operations: u32) {
        *self.failures() = operations;
    }

    /// Does what opening the store after its process died does: claims are given back, and a
    /// clock that was set back meanwhile delays nothing.
    pub fn restart(&self) {
        *self.failures() = 0;
        self.state().restart((self.steady)());
    }

    /// In how many milliseconds the next work of any kind is due, if any is.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        self.state().next_due((self.wall)(), (self.steady)())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failures(&self) -> MutexGuard<'_, u32> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One operation that reads.
    fn read<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&State) -> T + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move { Ok(work(&self.state())) })
    }

    /// One operation that writes: all of it at once, or a failure that was asked for.
    fn write<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let mut failures = self.failures();
            if let Some(left) = failures.checked_sub(1) {
                *failures = left;
                return Err(StoreError::Unavailable);
            }
            work(&mut self.state(), (self.steady)())
        })
    }
}

impl Store for MemoryStore {
    fn create(&self, new: NewPayment, idempotency: Option<Idempotency>) -> Answer<'_, Created> {
        self.write(move |state, _| state.create(new, idempotency))
    }

    fn payment(&self, shop: &str, id: &str) -> Answer<'_, Option<Payment>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        self.read(move |state| state.payment(&shop, &id))
    }

    fn by_token(&self, token: &str) -> Answer<'_, Option<Payment>> {
        let token = token.to_owned();
        self.read(move |state| state.by_token(&token))
    }

    fn by_attempt(&self, provider: &'static str, attempt: &str) -> Answer<'_, Option<Payment>> {
        let attempt = attempt.to_owned();
        self.read(move |state| state.by_attempt(provider, &attempt))
    }

    fn answered(&self, shop: &str, key: &str) -> Answer<'_, Option<Answered>> {
        let (shop, key) = (shop.to_owned(), key.to_owned());
        self.read(move |state| state.answered(&shop, &key))
    }

    fn list(&self, filter: Filter) -> Answer<'_, Vec<Payment>> {
        self.read(move |state| state.list(&filter))
    }

    fn events(&self, shop: &str, id: &str) -> Answer<'_, Option<Vec<EventRecord>>> {
        let (shop, id) = (shop.to_owned(), id.to_owned());
        self.read(move |state| state.events(&shop, &id))
    }

    fn begin_attempt(&self, begin: Begin) -> Answer<'_, Begun> {
        self.write(move |state, now| state.begin_attempt(&begin, now))
    }

    fn note(&self, note: Note) -> Answer<'_, Noted> {
        self.write(move |state, now| state.note(&note, now))
    }

    fn called(&self, called: Called, at: Timestamp) -> Answer<'_, Option<String>> {
        self.write(move |state, now| state.called(&called, at, now))
    }

    fn apply(
        &self,
        provider: &'static str,
        report: PaymentEvent,
        at: Timestamp,
    ) -> Answer<'_, Applied> {
        self.write(move |state, now| state.apply(provider, report, at, now))
    }

    fn refund(&self, new: NewRefund, idempotency: Option<Idempotency>) -> Answer<'_, Refunding> {
        self.write(move |state, now| state.refund(&new, idempotency, now))
    }

    fn advance_refund(
        &self,
        id: &str,
        step: RefundStep,
        at: Timestamp,
    ) -> Answer<'_, Option<String>> {
        let id = id.to_owned();
        self.write(move |state, now| state.advance_refund(&id, step, at, now))
    }

    fn pending_refunds(&self, from: Timestamp, limit: u32) -> Answer<'_, Vec<PendingRefund>> {
        self.read(move |state| state.pending_refunds(from, limit))
    }

    fn refunds(&self, shop: &str, payment: &str) -> Answer<'_, Option<Vec<RefundRecord>>> {
        let (shop, payment) = (shop.to_owned(), payment.to_owned());
        self.read(move |state| state.refunds(&shop, &payment))
    }

    fn apply_to(
        &self,
        _seen: Payment,
        provider: &'static str,
        report: PaymentEvent,
        at: Timestamp,
    ) -> Answer<'_, Applied> {
        self.apply(provider, report, at)
    }

    fn meet_deadlines(&self, limit: u32) -> Answer<'_, Vec<String>> {
        self.write(move |state, now| state.meet_deadlines(limit, (self.wall)(), now))
    }

    fn claim_questions(&self, lease: u64, limit: u32) -> Answer<'_, Vec<Question>> {
        self.write(move |state, now| Ok(state.claim_questions(lease, limit, now)))
    }

    fn finish_question(&self, question: &Question, again: Option<u64>) -> Answer<'_, ()> {
        let question = question.clone();
        self.write(move |state, now| {
            state.finish_question(&question, again, now);
            Ok(())
        })
    }

    fn open_attempts(&self) -> Answer<'_, Vec<OpenAttempts>> {
        self.read(State::open_attempts)
    }

    fn claim_webhooks(&self, rooms: Vec<Room>, lease: u64) -> Answer<'_, Vec<Outgoing>> {
        self.write(move |state, now| Ok(state.webhooks.claim(&rooms, lease, now)))
    }

    fn finish_webhook(&self, tried: Tried) -> Answer<'_, ()> {
        self.write(move |state, now| {
            state.webhooks.finish(&tried, now);
            Ok(())
        })
    }

    fn messages(&self, filter: MessageFilter) -> Answer<'_, Vec<Message>> {
        self.read(move |state| state.webhooks.list(&filter))
    }

    fn replay(&self, shop: &str, ids: Vec<String>) -> Answer<'_, u64> {
        let shop = shop.to_owned();
        self.write(move |state, now| Ok(state.webhooks.replay(&shop, &ids, now)))
    }

    fn enable_endpoint(&self, shop: &str) -> Answer<'_, bool> {
        let shop = shop.to_owned();
        self.write(move |state, _| Ok(state.webhooks.enable(&shop)))
    }

    fn shift_due(&self, millis: i64) -> Answer<'_, ()> {
        self.write(move |state, _| {
            state.shift_due(millis);
            Ok(())
        })
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        self.read(|state| state.backlog((self.wall)(), (self.steady)()))
    }

    fn connections(&self) -> Connections {
        Connections::default()
    }

    fn ready(&self) -> Answer<'_, ()> {
        self.write(|_, _| Ok(()))
    }
}
