//! A store whose operations are timed and counted, and each a span of its own for tracing.

use std::{collections::HashMap, sync::Arc, time::Instant};

use kassa_checkout::{Timestamp, provider::PaymentEvent};
use metrics::Histogram;
use tracing::Instrument as _;

use super::{
    Answer, Answered, Applied, Backlog, Begin, Begun, Called, Connections, Created, EventRecord,
    Filter, Idempotency, Message, MessageFilter, NewPayment, NewRefund, Note, Noted, OpenAttempts,
    Outgoing, Payment, PendingRefund, Question, RefundRecord, RefundStep, Refunding, Room, Store,
    Tried,
};
use crate::metrics::Metrics;

/// The operations, as the figures name them.
const OPERATIONS: [&str; 27] = [
    "create",
    "payment",
    "by_token",
    "by_attempt",
    "answered",
    "list",
    "events",
    "begin_attempt",
    "called",
    "note",
    "apply",
    "refund",
    "advance_refund",
    "pending_refunds",
    "refunds",
    "meet_deadlines",
    "claim_questions",
    "finish_question",
    "open_attempts",
    "claim_webhooks",
    "finish_webhook",
    "messages",
    "replay",
    "enable_endpoint",
    "shift_due",
    "backlog",
    "ready",
];

/// A store whose operations are timed and counted.
pub(crate) struct Measured {
    store: Arc<dyn Store>,
    metrics: Metrics,
    seconds: HashMap<&'static str, Histogram>,
}

impl Measured {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: Metrics) -> Self {
        let seconds = OPERATIONS
            .into_iter()
            .map(|operation| (operation, metrics.stored(operation)))
            .collect();
        Self {
            store,
            metrics,
            seconds,
        }
    }

    fn measure<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        work: Answer<'a, T>,
    ) -> Answer<'a, T> {
        // At a level that logs leave out: only traces are that fine.
        let span = tracing::debug_span!(
            target: "kassa::store",
            "store",
            operation,
            error = tracing::field::Empty
        );
        Box::pin(
            async move {
                let begun = Instant::now();
                let done = work.await;
                if let Some(seconds) = self.seconds.get(operation) {
                    seconds.record(begun.elapsed());
                }
                if let Err(error) = &done {
                    self.metrics.store_failed(*error);
                    tracing::Span::current().record("error", error.as_str());
                }
                done
            }
            .instrument(span),
        )
    }
}

impl Store for Measured {
    fn create(&self, new: NewPayment, idempotency: Option<Idempotency>) -> Answer<'_, Created> {
        self.measure("create", self.store.create(new, idempotency))
    }

    fn payment(&self, shop: &str, id: &str) -> Answer<'_, Option<Payment>> {
        self.measure("payment", self.store.payment(shop, id))
    }

    fn by_token(&self, token: &str) -> Answer<'_, Option<Payment>> {
        self.measure("by_token", self.store.by_token(token))
    }

    fn by_attempt(&self, provider: &'static str, attempt: &str) -> Answer<'_, Option<Payment>> {
        self.measure("by_attempt", self.store.by_attempt(provider, attempt))
    }

    fn answered(&self, shop: &str, key: &str) -> Answer<'_, Option<Answered>> {
        self.measure("answered", self.store.answered(shop, key))
    }

    fn list(&self, filter: Filter) -> Answer<'_, Vec<Payment>> {
        self.measure("list", self.store.list(filter))
    }

    fn events(&self, shop: &str, id: &str) -> Answer<'_, Option<Vec<EventRecord>>> {
        self.measure("events", self.store.events(shop, id))
    }

    fn begin_attempt(&self, begin: Begin) -> Answer<'_, Begun> {
        self.measure("begin_attempt", self.store.begin_attempt(begin))
    }

    fn called(&self, called: Called, now: Timestamp) -> Answer<'_, Option<String>> {
        self.measure("called", self.store.called(called, now))
    }

    fn note(&self, note: Note) -> Answer<'_, Noted> {
        self.measure("note", self.store.note(note))
    }

    fn apply(
        &self,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        self.measure("apply", self.store.apply(provider, report, now))
    }

    fn refund(&self, new: NewRefund, idempotency: Option<Idempotency>) -> Answer<'_, Refunding> {
        self.measure("refund", self.store.refund(new, idempotency))
    }

    fn advance_refund(
        &self,
        id: &str,
        step: RefundStep,
        now: Timestamp,
    ) -> Answer<'_, Option<String>> {
        let done = self.store.advance_refund(id, step, now);
        self.measure("advance_refund", done)
    }

    fn pending_refunds(&self, from: Timestamp, limit: u32) -> Answer<'_, Vec<PendingRefund>> {
        self.measure("pending_refunds", self.store.pending_refunds(from, limit))
    }

    fn refunds(&self, shop: &str, payment: &str) -> Answer<'_, Option<Vec<RefundRecord>>> {
        self.measure("refunds", self.store.refunds(shop, payment))
    }

    fn apply_to(
        &self,
        seen: Payment,
        provider: &'static str,
        report: PaymentEvent,
        now: Timestamp,
    ) -> Answer<'_, Applied> {
        self.measure("apply", self.store.apply_to(seen, provider, report, now))
    }

    fn meet_deadlines(&self, limit: u32) -> Answer<'_, Vec<String>> {
        self.measure("meet_deadlines", self.store.meet_deadlines(limit))
    }

    fn claim_questions(&self, lease: u64, limit: u32) -> Answer<'_, Vec<Question>> {
        self.measure("claim_questions", self.store.claim_questions(lease, limit))
    }

    fn finish_question(&self, question: &Question, again: Option<u64>) -> Answer<'_, ()> {
        self.measure(
            "finish_question",
            self.store.finish_question(question, again),
        )
    }

    fn open_attempts(&self) -> Answer<'_, Vec<OpenAttempts>> {
        self.measure("open_attempts", self.store.open_attempts())
    }

    fn claim_webhooks(&self, rooms: Vec<Room>, lease: u64) -> Answer<'_, Vec<Outgoing>> {
        self.measure("claim_webhooks", self.store.claim_webhooks(rooms, lease))
    }

    fn finish_webhook(&self, tried: Tried) -> Answer<'_, ()> {
        self.measure("finish_webhook", self.store.finish_webhook(tried))
    }

    fn messages(&self, filter: MessageFilter) -> Answer<'_, Vec<Message>> {
        self.measure("messages", self.store.messages(filter))
    }

    fn replay(&self, shop: &str, ids: Vec<String>) -> Answer<'_, u64> {
        self.measure("replay", self.store.replay(shop, ids))
    }

    fn enable_endpoint(&self, shop: &str) -> Answer<'_, bool> {
        self.measure("enable_endpoint", self.store.enable_endpoint(shop))
    }

    fn shift_due(&self, millis: i64) -> Answer<'_, ()> {
        self.measure("shift_due", self.store.shift_due(millis))
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        self.measure("backlog", self.store.backlog())
    }

    fn connections(&self) -> Connections {
        self.store.connections()
    }

    fn log_bytes(&self) -> u64 {
        self.store.log_bytes()
    }

    fn ready(&self) -> Answer<'_, ()> {
        self.measure("ready", self.store.ready())
    }
}
