//! All that the store in memory holds, and its operations on payments.

use std::collections::{BTreeMap, HashMap, HashSet};

use kassa_checkout::{Timestamp, lifecycle::RefundStatus, provider::PaymentEvent};

use super::webhooks::Webhooks;
use crate::store::{
    Answered, Applied, Backlog, Begin, Begun, Called, Created, EventRecord, Filter, Idempotency,
    NewPayment, NewReference, NewRefund, Note, Noted, OpenAttempts, Payment, PendingRefund,
    Question, Queue, RefundRecord, RefundStep, Refunding, StoreError, refund,
    transition::{self, Beginning, Change},
};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    payments: BTreeMap<String, Row>,
    tokens: HashMap<String, String>,
    attempts: BTreeMap<(String, String), Attempt>,
    idempotency: HashMap<(String, String), Answered>,
    series: HashMap<(String, String), u64>,
    pub(super) webhooks: Webhooks,
}

#[derive(Debug, Clone)]
struct Row {
    payment: Payment,
    deadline: Option<Timestamp>,
    events: Vec<EventRecord>,
    reports: HashSet<String>,
    refunds: Vec<RefundRecord>,
}

#[derive(Debug, Clone)]
struct Attempt {
    payment: String,
    begun_at: Timestamp,
    ask_at: Option<Timestamp>,
    asks: u32,
}

impl State {
    pub(super) fn create(
        &mut self,
        new: NewPayment,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, StoreError> {
        if let Some(asked) = &idempotency
            && let Some(before) = self.answered(&new.shop, &asked.key)
        {
            return Ok(if before.fingerprint == asked.fingerprint {
                Created::Before(before.answer)
            } else {
                Created::KeyReused
            });
        }
        let also = idempotency.as_ref().and_then(|asked| asked.also.clone());
        if let Some(also) = &also
            && self.answered(&new.shop, also).is_some()
        {
            return Ok(Created::KeyReused);
        }
        if self.payments.contains_key(&new.id) || self.tokens.contains_key(&new.token) {
            return Err(StoreError::Refused);
        }
        let reference = match &new.reference {
            NewReference::Given(reference) => reference.clone(),
            NewReference::Allotted { prefix } => self.allot(&new.shop, prefix)?,
        };
        let (change, answer) = transition::create(&new, reference);
        let second = also
            .zip(idempotency.clone())
            .map(|(key, asked)| Idempotency { key, ..asked });
        self.keep(&change.payment.shop, idempotency, &answer);
        self.keep(&change.payment.shop, second, &answer);
        let now = change.payment.created_at;
        self.write(change, now)?;
        Ok(Created::New(answer))
    }

    /// Keeps an answer under its key.
    fn keep(&mut self, shop: &str, idempotency: Option<Idempotency>, answer: &str) {
        if let Some(asked) = idempotency {
            let kept = Answered {
                fingerprint: asked.fingerprint,
                answer: answer.to_owned(),
            };
            self.idempotency.insert((shop.to_owned(), asked.key), kept);
        }
    }

    pub(super) fn refund(
        &mut self,
        new: &NewRefund,
        idempotency: Option<Idempotency>,
        now: Timestamp,
    ) -> Result<Refunding, StoreError> {
        if let Some(asked) = &idempotency
            && let Some(before) = self.answered(&new.shop, &asked.key)
        {
            return Ok(if before.fingerprint == asked.fingerprint {
                Refunding::Before(before.answer)
            } else {
                Refunding::KeyReused
            });
        }
        let Some(payment) = self.payment(&new.shop, &new.payment) else {
            return Ok(Refunding::Unknown);
        };
        Ok(match refund::begin(payment, new)? {
            Err(refusal) => Refunding::Refused(refusal),
            Ok((change, refund)) => {
                let token = change.payment.token.clone();
                let answer = (new.answer)(&refund);
                self.keep(&new.shop, idempotency, &answer);
                self.write(change, now)?;
                Refunding::New {
                    refund,
                    answer,
                    token,
                }
            }
        })
    }

    pub(super) fn advance_refund(
        &mut self,
        id: &str,
        step: RefundStep,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let found = self.payments.values().find_map(|row| {
            let refund = row.refunds.iter().find(|refund| refund.id == id)?;
            Some((row.payment.clone(), refund.clone()))
        });
        let Some((payment, refund)) = found else {
            return Ok(None);
        };
        let Some(change) = refund::advance(payment, refund, step, at)? else {
            return Ok(None);
        };
        let token = change.payment.token.clone();
        self.write(change, now)?;
        Ok(Some(token))
    }

    pub(super) fn pending_refunds(&self, from: Timestamp, limit: u32) -> Vec<PendingRefund> {
        let all = self.payments.values().flat_map(|row| {
            let shop = &row.payment.shop;
            row.refunds.iter().map(move |refund| (shop, refund))
        });
        let mut pending: Vec<_> = all
            .filter(|(_, refund)| refund.status == RefundStatus::Pending)
            .filter(|(_, refund)| refund.created_at >= from)
            .map(|(shop, refund)| PendingRefund {
                shop: shop.clone(),
                refund: refund.clone(),
            })
            .collect();
        pending.sort_by(|a, b| {
            let key = |one: &PendingRefund| (one.refund.created_at, one.refund.id.clone());
            key(a).cmp(&key(b))
        });
        pending.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        pending
    }

    pub(super) fn refunds(&self, shop: &str, payment: &str) -> Option<Vec<RefundRecord>> {
        self.row(shop, payment).map(|row| row.refunds.clone())
    }

    /// The next reference of the shop's series that none of its payments has.
    fn allot(&mut self, shop: &str, prefix: &str) -> Result<String, StoreError> {
        let series = (shop.to_owned(), prefix.to_owned());
        let mut number = self.series.get(&series).copied().unwrap_or(0);
        loop {
            number = number.checked_add(1).ok_or(StoreError::NoReference)?;
            let reference = transition::series_reference(prefix, number)?;
            let used = self
                .of_shop(shop)
                .any(|payment| payment.reference == reference);
            if !used {
                self.series.insert(series, number);
                return Ok(reference);
            }
        }
    }

    pub(super) fn answered(&self, shop: &str, key: &str) -> Option<Answered> {
        let key = (shop.to_owned(), key.to_owned());
        self.idempotency.get(&key).cloned()
    }

    pub(super) fn payment(&self, shop: &str, id: &str) -> Option<Payment> {
        self.row(shop, id).map(|row| row.payment.clone())
    }

    pub(super) fn by_token(&self, token: &str) -> Option<Payment> {
        let row = self.payments.get(self.tokens.get(token)?)?;
        Some(row.payment.clone())
    }

    pub(super) fn by_attempt(&self, provider: &str, attempt: &str) -> Option<Payment> {
        let key = (provider.to_owned(), attempt.to_owned());
        let row = self.payments.get(&self.attempts.get(&key)?.payment)?;
        Some(row.payment.clone())
    }

    pub(super) fn events(&self, shop: &str, id: &str) -> Option<Vec<EventRecord>> {
        self.row(shop, id).map(|row| row.events.clone())
    }

    fn row(&self, shop: &str, id: &str) -> Option<&Row> {
        self.payments.get(id).filter(|row| row.payment.shop == shop)
    }

    fn of_shop(&self, shop: &str) -> impl Iterator<Item = &Payment> {
        self.payments
            .values()
            .map(|row| &row.payment)
            .filter(move |payment| payment.shop == shop)
    }

    pub(super) fn list(&self, filter: &Filter) -> Vec<Payment> {
        let is = |wanted: &Option<String>, value: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        let mut found: Vec<&Payment> = self
            .payments
            .values()
            .map(|row| &row.payment)
            .filter(|payment| {
                let place = (payment.created_at, &payment.id);
                is(&filter.id, &payment.id)
                    && is(&filter.shop, &payment.shop)
                    && is(&filter.order, &payment.order)
                    && is(&filter.reference, &payment.reference)
                    && filter
                        .status
                        .is_none_or(|status| status == payment.status())
                    && filter.from.is_none_or(|from| payment.created_at >= from)
                    && filter.to.is_none_or(|to| payment.created_at < to)
                    && filter
                        .after
                        .as_ref()
                        .is_none_or(|(at, id)| place < (*at, id))
            })
            .collect();
        found.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        found.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn begin_attempt(
        &mut self,
        begin: &Begin,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let Some(payment) = self.by_token(&begin.token) else {
            return Ok(Begun::Unknown);
        };
        Ok(match transition::begin(payment.clone(), begin)? {
            Beginning::Same(attempt) => Begun::Attempt {
                payment: Box::new(payment),
                attempt,
                new: false,
            },
            Beginning::CannotPay => Begun::CannotPay,
            Beginning::New(change, attempt) => {
                let payment = Box::new(change.payment.clone());
                self.write(*change, now)?;
                Begun::Attempt {
                    payment,
                    attempt,
                    new: true,
                }
            }
        })
    }

    pub(super) fn note(&mut self, note: &Note, now: Timestamp) -> Result<Noted, StoreError> {
        let Some(row) = self.row(&note.shop, &note.payment) else {
            return Ok(Noted::Changed);
        };
        if row.reports.contains(&note.once) {
            return Ok(Noted::Before);
        }
        let Some(change) = transition::note(row.payment.clone(), note) else {
            return Ok(Noted::Changed);
        };
        self.write(change, now)?;
        Ok(Noted::New)
    }

    pub(super) fn called(
        &mut self,
        called: &Called,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let Some(payment) = self.by_attempt(called.provider, &called.attempt) else {
            return Ok(None);
        };
        let token = payment.token.clone();
        if let Some(change) = transition::called(payment, called, at)? {
            self.write(change, now)?;
        }
        Ok(Some(token))
    }

    pub(super) fn apply(
        &mut self,
        provider: &str,
        report: PaymentEvent,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let attempt = report.provider_payment_id.clone();
        let key = (provider.to_owned(), attempt.clone());
        let known = self.attempts.get(&key);
        let Some(row) = known.and_then(|attempt| self.payments.get(&attempt.payment)) else {
            return Ok(Applied::Unknown);
        };
        let dedupe = transition::dedupe_key(provider, &report);
        if row.reports.contains(&dedupe) {
            return Ok(Applied::Duplicate);
        }
        let change = transition::report(row.payment.clone(), provider, report, at)?;
        let applied = Applied::Changed {
            token: change.payment.token.clone(),
            status: change.payment.status(),
            flags: change.flags.clone(),
        };
        self.write(change, now)?;
        Ok(applied)
    }

    pub(super) fn meet_deadlines(
        &mut self,
        limit: u32,
        wall: Timestamp,
        steady: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let is_due = |row: &&Row| row.deadline.is_some_and(|deadline| deadline <= wall);
        let mut due: Vec<_> = self
            .payments
            .values()
            .filter(is_due)
            .map(|row| (row.deadline, row.payment.clone()))
            .collect();
        due.sort_by_key(|(deadline, _)| *deadline);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut tokens = Vec::new();
        for (_, payment) in due.into_iter().take(limit) {
            let id = payment.id.clone();
            let deadline = transition::deadline_of(&payment);
            match transition::meet_deadline(payment, wall)? {
                Some(change) => {
                    tokens.push(change.payment.token.clone());
                    self.write(change, steady)?;
                }
                None => {
                    if let Some(row) = self.payments.get_mut(&id) {
                        row.deadline = deadline;
                    }
                }
            }
        }
        Ok(tokens)
    }

    /// Writes a change whole, provided that the payment still is what was decided on.
    fn write(&mut self, change: Change, now: Timestamp) -> Result<(), StoreError> {
        let id = change.payment.id.clone();
        let found = self.payments.get(&id).map(|row| row.payment.version);
        if found != change.from {
            return Err(StoreError::Refused);
        }
        let deadline = change.deadline();
        self.write_attempts(&change, now);
        let row = self.payments.entry(id).or_insert_with(|| Row {
            payment: change.payment.clone(),
            deadline: None,
            events: Vec::new(),
            reports: HashSet::new(),
            refunds: Vec::new(),
        });
        row.deadline = deadline;
        row.events.extend(change.events);
        row.reports.extend(change.dedupe);
        if let Some(refund) = change.refund {
            row.refunds.retain(|before| before.id != refund.id);
            row.refunds.push(refund);
            row.refunds
                .sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        }
        row.payment = change.payment;
        self.tokens
            .insert(row.payment.token.clone(), row.payment.id.clone());
        for message in change.messages {
            self.webhooks.add(&row.payment, message, now);
        }
        Ok(())
    }

    fn write_attempts(&mut self, change: &Change, now: Timestamp) {
        if let Some(attempt) = &change.attempt {
            let begun = Attempt {
                payment: change.payment.id.clone(),
                begun_at: attempt.at,
                ask_at: Some(now.plus_seconds(change.first_question())),
                asks: 0,
            };
            let key = (attempt.provider.clone(), attempt.id.clone());
            self.attempts.insert(key, begun);
        }
        if let Some(ask) = &change.ask {
            let key = (ask.provider.clone(), ask.attempt.clone());
            if let Some(attempt) = self.attempts.get_mut(&key) {
                attempt.ask_at = Some(now.plus_seconds(ask.after));
            }
        }
    }

    pub(super) fn claim_questions(
        &mut self,
        lease: u64,
        limit: u32,
        now: Timestamp,
    ) -> Vec<Question> {
        let mut due: Vec<_> = self
            .attempts
            .iter_mut()
            .filter(|(_, attempt)| attempt.ask_at.is_some_and(|at| at <= now))
            .collect();
        due.sort_by_key(|(_, attempt)| attempt.ask_at);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut questions = Vec::new();
        for ((provider, id), attempt) in due.into_iter().take(limit) {
            let Some(row) = self.payments.get(&attempt.payment) else {
                continue;
            };
            attempt.asks = attempt.asks.saturating_add(1);
            attempt.ask_at = Some(now.plus_seconds(lease));
            questions.push(Question {
                shop: row.payment.shop.clone(),
                payment: row.payment.id.clone(),
                provider: provider.clone(),
                attempt: id.clone(),
                begun_at: attempt.begun_at,
                expires_at: row.payment.expires_at,
                status: row.payment.status(),
                asks: attempt.asks,
            });
        }
        questions
    }

    pub(super) fn open_attempts(&self) -> Vec<OpenAttempts> {
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        for ((provider, _), attempt) in &self.attempts {
            let Some(row) = self.payments.get(&attempt.payment) else {
                continue;
            };
            if attempt.ask_at.is_some() {
                let key = (row.payment.shop.clone(), provider.clone());
                *counts.entry(key).or_default() += 1;
            }
        }
        let of = |((shop, provider), count)| OpenAttempts {
            shop,
            provider,
            count,
        };
        counts.into_iter().map(of).collect()
    }

    pub(super) fn finish_question(
        &mut self,
        question: &Question,
        again: Option<u64>,
        now: Timestamp,
    ) {
        let key = (question.provider.clone(), question.attempt.clone());
        if let Some(attempt) = self.attempts.get_mut(&key)
            && attempt.asks == question.asks
        {
            attempt.ask_at = again.map(|after| now.plus_seconds(after));
        }
    }

    pub(super) fn shift_due(&mut self, millis: i64) {
        for at in self.asks_mut() {
            shift(at, millis);
        }
        self.webhooks.shift(millis);
    }

    fn asks_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.attempts
            .values_mut()
            .filter_map(|attempt| attempt.ask_at.as_mut())
    }

    pub(super) fn restart(&mut self, now: Timestamp) {
        self.webhooks.release_claims();
        let newest = self.payments.values().map(|row| row.payment.created_at);
        let ahead = newest
            .max()
            .map_or(0, |newest| newest.millis().saturating_sub(now.millis()));
        self.shift_due(i64::try_from(ahead).map_or(i64::MIN, |ahead| -ahead));
    }

    pub(super) fn next_due(&self, wall: Timestamp, steady: Timestamp) -> Option<u64> {
        let after = |at: Timestamp, now: Timestamp| at.millis().saturating_sub(now.millis());
        let due = self.asks().chain(self.webhooks.next_due());
        let due = due.map(|at| after(at, steady));
        due.chain(self.deadlines().map(|at| after(at, wall))).min()
    }

    pub(super) fn backlog(&self, wall: Timestamp, steady: Timestamp) -> Backlog {
        Backlog {
            webhooks: queue(self.webhooks.due_times(), steady),
            questions: queue(self.asks(), steady),
            deadlines: queue(self.deadlines(), wall),
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = Timestamp> {
        self.payments.values().filter_map(|row| row.deadline)
    }

    fn asks(&self) -> impl Iterator<Item = Timestamp> {
        self.attempts.values().filter_map(|attempt| attempt.ask_at)
    }
}

fn queue(times: impl Iterator<Item = Timestamp>, now: Timestamp) -> Queue {
    times
        .filter(|at| *at <= now)
        .fold(Queue::default(), |queue, at| Queue {
            due: queue.due.saturating_add(1),
            oldest_seconds: queue.oldest_seconds.max(now.seconds_since(at)),
        })
}

pub(super) fn shift(at: &mut Timestamp, millis: i64) {
    *at = Timestamp::from_millis(at.millis().saturating_add_signed(millis));
}
