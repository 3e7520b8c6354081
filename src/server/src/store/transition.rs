//! What becomes of a stored payment: decisions, as changes to write.
//!
//! Pure, and shared by all stores. A store reads a payment, has one of these functions decide,
//! and writes the [`Change`] whole, provided that the payment still has the version that was
//! decided on.

use std::collections::BTreeMap;

use kassa_checkout::{
    Lifecycle, Status, Timestamp,
    lifecycle::{Effect, Event, Evidence},
    provider::PaymentEvent,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    StoreError,
    record::{AttemptRecord, Begin, CallState, Called, EventRecord, NewPayment, Note, Payment},
    refund::RefundRecord,
};
use crate::{
    clock, tokens,
    vetuma::trace,
    view::{PaymentView, RefundView},
};

/// How long after its beginning an attempt is asked for first, in seconds. ecommpay's
/// documentation wants nothing to be asked in the first ten.
const FIRST_QUESTION: u64 = 10;
/// How long a bank may take to confirm, in seconds: ecommpay's confirmation procedure has seven
/// days when nothing else is agreed.
const CONFIRMATION: u64 = 7 * 24 * 3_600;
/// How many digits follow the prefix of an allotted reference's base.
const SERIES_WIDTH: usize = 8;

/// What a decision writes, all of it or nothing.
#[derive(Debug)]
pub(crate) struct Change {
    /// The payment as it becomes.
    pub(crate) payment: Payment,
    /// The version that was decided on; the payment is a new one when there is none.
    pub(crate) from: Option<u64>,
    /// When that version was to be looked at again.
    pub(crate) was_due: Option<Timestamp>,
    /// Its attempt that begins.
    pub(crate) attempt: Option<AttemptRecord>,
    /// An attempt that is to be asked for, other than the one that begins.
    pub(crate) ask: Option<Ask>,
    /// A refund, a new one or as it becomes.
    pub(crate) refund: Option<RefundRecord>,
    /// Events to append.
    pub(crate) events: Vec<EventRecord>,
    /// What the first of them is known by when it comes again.
    pub(crate) dedupe: Option<String>,
    /// Messages to the shop.
    pub(crate) messages: Vec<NewMessage>,
    /// What was found besides the change.
    pub(crate) flags: Vec<&'static str>,
}

/// A question to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) provider: String,
    pub(crate) attempt: String,
    /// In so many seconds.
    pub(crate) after: u64,
}

/// A message to the shop that is due at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewMessage {
    pub(crate) id: String,
    pub(crate) body: String,
}

impl Change {
    pub(super) fn of(payment: Payment) -> Self {
        Self {
            from: Some(payment.version),
            was_due: deadline_of(&payment),
            payment,
            attempt: None,
            ask: None,
            refund: None,
            events: Vec::new(),
            dedupe: None,
            messages: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// In how many seconds the attempt that begins is asked for.
    pub(crate) const fn first_question(&self) -> u64 {
        FIRST_QUESTION
    }

    /// When the payment is to be looked at again.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        deadline_of(&self.payment)
    }
}

/// What comes of the wish to pay.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// The attempt of a moment ago: a form sent twice.
    Same(AttemptRecord),
    /// The payment cannot be paid now.
    CannotPay,
    /// An attempt begins.
    New(Box<Change>, AttemptRecord),
}

/// A payment is made, under this reference; with the answer to the shop.
pub(crate) fn create(new: &NewPayment, reference: String) -> (Change, String) {
    let payment = Payment {
        id: new.id.clone(),
        shop: new.shop.clone(),
        token: new.token.clone(),
        order: new.order.clone(),
        reference,
        terms: new.terms.clone(),
        lifecycle: Lifecycle::new(new.amount),
        latest: None,
        version: 1,
        events: 0,
        created_at: new.now,
        changed_at: new.now,
        expires_at: new.expires_at,
    };
    let who = format!("shop:{}", payment.shop);
    let detail = json!({
        "order": payment.order,
        "amount": payment.lifecycle.amount().cents(),
        "currency": payment.lifecycle.amount().currency().code(),
        "reference": payment.reference,
    });
    let mut change = Change::of(payment);
    (change.from, change.was_due) = (None, None);
    change.append(new.now, &who, "payment.created", detail);
    if let Some(vetuma) = &change.payment.terms.vetuma {
        let detail = json!({ "call": trace(|name| vetuma.get(name)), "payid": vetuma.payid });
        change.append(new.now, &who, "vetuma.called", detail);
    }
    let answer = (new.answer)(&change.payment);
    (change, answer)
}

/// An event is added to a payment; none when that is not as it was seen.
pub(crate) fn note(payment: Payment, note: &Note) -> Option<Change> {
    if payment.version != note.version {
        return None;
    }
    let mut change = Change::of(payment);
    change.dedupe = Some(note.once.clone());
    change.append(note.now, &note.who, note.kind, note.detail.clone());
    change.grow();
    Some(change)
}

/// The reference of that number in a shop's series.
pub(crate) fn series_reference(prefix: &str, number: u64) -> Result<String, StoreError> {
    viite::NationalReference::from_series(prefix, SERIES_WIDTH, number)
        .map(|reference| reference.to_machine().to_owned())
        .map_err(|_| StoreError::NoReference)
}

/// A customer wishes to pay.
pub(crate) fn begin(payment: Payment, begin: &Begin) -> Result<Beginning, StoreError> {
    if let Some(latest) = same_choice(&payment, begin) {
        return Ok(Beginning::Same(latest.clone()));
    }
    if !payment.lifecycle.can_pay() || begin.now >= payment.expires_at {
        return Ok(Beginning::CannotPay);
    }
    let latest = payment.latest.as_ref();
    let gives_way = |instead_of: &String| {
        latest.is_some_and(|latest| {
            latest.id == *instead_of && latest.call == Some(CallState::Refused)
        })
    };
    if !begin.instead_of.as_ref().is_none_or(gives_way) {
        // Meanwhile the customer has chosen anew, or the provider has reported after all.
        return Ok(Beginning::CannotPay);
    }
    let number = latest.map_or(0, |latest| latest.number) + 1;
    let attempt = AttemptRecord {
        id: format!("{}-{number}", payment.id),
        number,
        provider: begin.provider.to_owned(),
        bank: begin.bank.clone(),
        method: begin.method.clone(),
        language: begin.language,
        embedded: begin.embedded,
        at: begin.now,
        call: begin.by_call.then_some(CallState::Unsure),
        redirect: None,
        before: latest.map(providers_until).unwrap_or_default(),
        references: latest
            .map(|before| before.references.clone())
            .unwrap_or_default(),
    };
    let detail = json!({
        "attempt": attempt.id,
        "provider": attempt.provider,
        "bank": attempt.bank,
        "method": attempt.method,
    });
    let detail = with(detail, "instead_of", begin.instead_of.as_deref());
    let who = match begin.instead_of {
        None => "customer",
        Some(_) => "kassa",
    };
    let event = Event::Started {
        attempt: attempt.id.clone(),
    };
    let mut change = Change::of(payment);
    change.payment.latest = Some(attempt.clone());
    change.attempt = Some(attempt.clone());
    change.append(begin.now, who, "attempt.started", detail);
    change.apply(event, &attempt.id, &attempt.provider, begin.now)?;
    Ok(Beginning::New(Box::new(change), attempt))
}

/// Particulars with one more, where there is one.
fn with(mut detail: Value, name: &str, value: Option<&str>) -> Value {
    if let (Some(detail), Some(value)) = (detail.as_object_mut(), value) {
        detail.insert(name.to_owned(), value.into());
    }
    detail
}

/// The providers that the attempts up to this one went to.
fn providers_until(latest: &AttemptRecord) -> BTreeMap<String, String> {
    let mut providers = latest.before.clone();
    providers.insert(latest.id.clone(), latest.provider.clone());
    providers
}

/// The latest attempt, when it was begun a moment ago with the same choice and nothing has been
/// heard of it. One whose call may or may not have reached the provider stays the same for good:
/// another would be a second payment, at whatever provider.
///
/// The provider is no part of the choice: which one is preferred may have changed meanwhile.
fn same_choice<'a>(payment: &'a Payment, begin: &Begin) -> Option<&'a AttemptRecord> {
    let latest = payment.latest.as_ref()?;
    let is_same = latest.bank == begin.bank
        && latest.method == begin.method
        && is_undecided(payment, latest)
        && (latest.call == Some(CallState::Unsure) || is_repeated(latest, begin));
    is_same.then_some(latest)
}

/// Whether it is the form of a moment ago.
fn is_repeated(latest: &AttemptRecord, begin: &Begin) -> bool {
    latest.language == begin.language
        && latest.embedded == begin.embedded
        && begin.now < latest.at.plus_seconds(begin.same_within)
}

/// Whether nothing was heard of the latest attempt that would make another one meaningful.
fn is_undecided(payment: &Payment, latest: &AttemptRecord) -> bool {
    match (latest.call, payment.status()) {
        (Some(CallState::Refused), _) => false,
        (_, Status::Redirected) => true,
        // That it takes its course, and where the customer is to go.
        (Some(_), Status::Pending) => true,
        _ => false,
    }
}

/// The call that begins an attempt came to something. None when that is known already, or
/// the attempt is not the one that the customer waits for.
///
/// A callback may have overtaken the answer. What it brought stays, and a provider that has
/// reported on an attempt has taken it on, whatever it answers then.
pub(crate) fn called(
    payment: Payment,
    called: &Called,
    now: Timestamp,
) -> Result<Option<Change>, StoreError> {
    let mut change = Change::of(payment);
    let latest = change.payment.latest.as_mut();
    let Some(latest) = latest.filter(|latest| latest.id == called.attempt) else {
        return Ok(None);
    };
    if (called.state, latest.call) == (CallState::Refused, Some(CallState::Taken)) {
        return Ok(None);
    }
    let before = latest.clone();
    latest.call = Some(called.state);
    if let Some(reference) = &called.reference {
        latest.references.note(&called.attempt, reference);
    }
    if latest.redirect.is_none() {
        latest.redirect.clone_from(&called.redirect);
    }
    if before == *latest {
        return Ok(None);
    }
    let kind = match called.state {
        CallState::Unsure => return Ok(None),
        CallState::Taken => "attempt.taken",
        CallState::Refused => "attempt.refused",
    };
    let detail = with(json!({ "attempt": called.attempt }), "why", called.why);
    let who = format!("provider:{}", called.provider);
    change.append(now, &who, kind, detail);
    change.payment.version = change.payment.version.saturating_add(1);
    Ok(Some(change))
}

/// A provider reported.
pub(crate) fn report(
    payment: Payment,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Change, StoreError> {
    let dedupe = dedupe_key(provider, &report);
    let PaymentEvent {
        provider_payment_id: attempt,
        evidence,
        redirect,
    } = report;
    let mut change = Change::of(payment);
    change.dedupe = Some(dedupe);
    let mut is_taken = false;
    // Where an older attempt would lead is of no use: the customer chose anew.
    if let Some(latest) = change.payment.latest.as_mut()
        && latest.id == attempt
        && latest.call.is_some()
    {
        is_taken = latest.call.replace(CallState::Taken) != Some(CallState::Taken);
        latest.redirect = redirect.or(latest.redirect.take());
    }
    let detail = json!({ "attempt": attempt, "evidence": evidence });
    change.append(
        now,
        &format!("provider:{provider}"),
        "provider.reported",
        detail,
    );
    if is_taken {
        // The answer to our call is still to come, or never will.
        let who = format!("provider:{provider}");
        change.append(now, &who, "attempt.taken", json!({ "attempt": attempt }));
    }
    let event = Event::Evidence {
        attempt: attempt.clone(),
        evidence,
    };
    change.apply(event, &attempt, provider, now)?;
    Ok(change)
}

/// What makes two reports one: all that may change what they mean.
///
/// The time is the provider's own: an operation that declined, succeeded and declined again says
/// the same words twice, and the second time counts.
/// And a report that says where to go is another one than the same without, which an answer to a
/// question may bring first.
pub(crate) fn dedupe_key(provider: &str, report: &PaymentEvent) -> String {
    let attempt = &report.provider_payment_id;
    let Evidence {
        key,
        rank,
        code,
        amount_cents,
        currency,
        ..
    } = &report.evidence;
    let go = if report.redirect.is_some() { "/go" } else { "" };
    let (at, code) = (rank.at.millis(), code.as_deref().unwrap_or_default());
    format!("{provider}/{attempt}/{key}/{at}/{code}/{amount_cents}/{currency}{go}")
}

/// Time has come to look at a payment: what is over, if anything is.
pub(crate) fn meet_deadline(
    payment: Payment,
    now: Timestamp,
) -> Result<Option<Change>, StoreError> {
    let (event, kind) = if offer_end(&payment).is_some_and(|end| end <= now) {
        (Event::OfferEnded, "offer.ended")
    } else if confirmation_end(&payment).is_some_and(|end| end <= now) {
        (Event::ConfirmationOverdue, "confirmation.overdue")
    } else {
        return Ok(None);
    };
    let mut change = Change::of(payment);
    change.append(now, "kassa", kind, json!({}));
    change.apply(event, "", "", now)?;
    Ok(Some(change))
}

/// When a payment is to be looked at again.
pub(crate) fn deadline_of(payment: &Payment) -> Option<Timestamp> {
    [offer_end(payment), confirmation_end(payment)]
        .into_iter()
        .flatten()
        .min()
}

/// When the offer ends, while somebody could still take it.
fn offer_end(payment: &Payment) -> Option<Timestamp> {
    payment.lifecycle.can_pay().then_some(payment.expires_at)
}

/// When the bank should have confirmed, while nobody was told that it did not.
fn confirmation_end(payment: &Payment) -> Option<Timestamp> {
    if payment.status() != Status::AwaitingConfirmation
        || payment.lifecycle.confirmation_was_overdue()
    {
        return None;
    }
    let accepted = payment.lifecycle.accepted_at()?;
    Some(accepted.plus_seconds(CONFIRMATION))
}

impl Change {
    fn apply(
        &mut self,
        event: Event,
        attempt: &str,
        provider: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let effects = self.payment.lifecycle.apply(event);
        self.grow();
        if effects.contains(&Effect::AskStatus) {
            self.ask = Some(Ask {
                provider: provider.to_owned(),
                attempt: attempt.to_owned(),
                after: 0,
            });
        }
        self.follow_all(effects, now)
    }

    /// The payment is another one than that which was decided on.
    pub(super) fn grow(&mut self) {
        self.payment.version = self.payment.version.saturating_add(1);
    }

    /// Writes down what effects ask for.
    pub(super) fn follow_all(
        &mut self,
        effects: Vec<Effect>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if effects
            .iter()
            .any(|effect| matches!(effect, Effect::Notify { .. }))
        {
            self.payment.changed_at = now;
        }
        effects
            .into_iter()
            .try_for_each(|effect| self.follow(effect, now))
    }

    fn follow(&mut self, effect: Effect, now: Timestamp) -> Result<(), StoreError> {
        let flag = match effect {
            Effect::Notify { from, to } => {
                let detail = json!({ "from": from, "to": to });
                self.append(now, "kassa", "status.changed", detail);
                return self.tell("payment.updated", More::default(), now);
            }
            Effect::AskStatus => "contradiction",
            Effect::AmountDiffers => "amount_differs",
            Effect::PaidTwice => "paid_twice",
            Effect::UnknownAttempt => "unknown_attempt",
            Effect::ConfirmationOverdue => "confirmation_overdue",
            Effect::RefundContradicted => "refund_contradicted",
            Effect::RefundUnanswered => "refund_unanswered",
        };
        self.append(now, "kassa", "payment.flagged", json!({ "flag": flag }));
        self.flags.push(flag);
        let more = More {
            flag: Some(flag),
            ..More::default()
        };
        self.tell("payment.flagged", more, now)
    }

    /// A message about a refund: the payment, and the refund in it.
    pub(super) fn tell_refund(
        &mut self,
        refund: &RefundRecord,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let more = More {
            refund: Some(RefundView::of(refund)),
            ..More::default()
        };
        self.tell("refund.updated", more, now)
    }

    pub(super) fn append(&mut self, now: Timestamp, who: &str, kind: &str, detail: Value) {
        self.payment.events = self.payment.events.saturating_add(1);
        self.events.push(EventRecord {
            seq: self.payment.events,
            at: now,
            who: who.to_owned(),
            kind: kind.to_owned(),
            detail,
        });
    }

    /// Writes a message: the payment as the shop API shows it, without the checkout token, and
    /// what else there is to say.
    fn tell(&mut self, kind: &str, more: More, now: Timestamp) -> Result<(), StoreError> {
        let body = Body {
            kind,
            timestamp: clock::rfc3339(now),
            data: Data {
                payment: PaymentView::of(&self.payment),
                more,
            },
        };
        self.messages.push(NewMessage {
            id: tokens::message_id(now)?,
            body: serde_json::to_string(&body).map_err(|_| StoreError::Corrupt("message"))?,
        });
        Ok(())
    }
}

/// The body of a message to the shop.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    #[serde(flatten)]
    payment: PaymentView,
    #[serde(flatten)]
    more: More,
}

/// What there is to say beside the payment.
#[derive(Default, Serialize)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundView>,
}
