//! What truly was committed, as the simulation saw it, and what must come of that by the model.

use std::collections::{BTreeMap, BTreeSet};

use kassa_checkout::{Status, lifecycle::Meaning, provider::PaymentEvent};

use super::model::{Known, is_money};

/// How long a bank may take to confirm, in milliseconds.
const CONFIRMATION: u64 = 7 * 86_400_000;

/// A payment as it must be.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) shop: String,
    pub(super) token: String,
    pub(super) order: String,
    pub(super) known: Known,
    /// When the offer ends, by the server's clock, in milliseconds.
    pub(super) expires_at: u64,
    /// The statuses that the shop must be told, oldest first.
    pub(super) told: Vec<Status>,
    /// How often each flag must be told.
    pub(super) flags: BTreeMap<&'static str, usize>,
    /// Where in `known.reports` those are that the server acknowledged.
    pub(super) acknowledged: BTreeSet<usize>,
    overdue: bool,
}

impl Entry {
    pub(super) fn new(shop: &str, token: &str, order: &str, cents: u64, expires_at: u64) -> Self {
        Self {
            shop: shop.to_owned(),
            token: token.to_owned(),
            order: order.to_owned(),
            known: Known {
                cents,
                ..Known::default()
            },
            expires_at,
            told: Vec::new(),
            flags: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            overdue: false,
        }
    }

    /// An attempt was begun.
    pub(super) fn began(&mut self, attempt: &str, now: u64) -> Result<(), String> {
        if !self.known.can_pay() || now >= self.expires_at {
            return Err(format!("{attempt} was begun though nothing can be paid"));
        }
        self.change(|known| known.attempts.push(attempt.to_owned()));
        Ok(())
    }

    /// Whether this report was committed before.
    pub(super) fn knows(&self, report: &PaymentEvent) -> bool {
        self.place(report).is_some()
    }

    fn place(&self, report: &PaymentEvent) -> Option<usize> {
        let mut known = self.known.reports.iter();
        known.position(|(attempt, evidence)| {
            *attempt == report.provider_payment_id && *evidence == report.evidence
        })
    }

    /// The server acknowledged a report; an error when it was not committed.
    pub(super) fn acknowledged(&mut self, report: &PaymentEvent) -> Result<(), String> {
        match self.place(report) {
            Some(place) => {
                self.acknowledged.insert(place);
                Ok(())
            }
            None => Err(format!(
                "a report of {} was acknowledged and not kept",
                report.provider_payment_id
            )),
        }
    }

    /// A report was committed, with these flags raised.
    pub(super) fn reported(
        &mut self,
        report: &PaymentEvent,
        flags: &[&'static str],
    ) -> Result<(), String> {
        let paid_before = self.known.paid_attempts();
        let evidence = &report.evidence;
        let differs = self.known.differs(evidence);
        let at_one_rank = self.known.reports.iter().any(|(attempt, held)| {
            *attempt == report.provider_payment_id
                && held.rank == evidence.rank
                && held.meaning != evidence.meaning
                && decides(held.meaning)
                && !self.known.differs(held)
        });
        let committed = (report.provider_payment_id.clone(), evidence.clone());
        self.change(|known| known.reports.push(committed));
        let paid_twice = self.known.paid_attempts() > paid_before.max(1);
        let mut expected = Vec::new();
        if differs {
            expected.push("amount_differs");
        }
        // Which of two at one rank is remembered depends on what came between: it may be told.
        if flags.contains(&"contradiction") && at_one_rank && !differs {
            expected.push("contradiction");
        }
        if paid_twice {
            expected.push("paid_twice");
        }
        if flags != expected {
            return Err(format!(
                "flags {flags:?} were raised rather than {expected:?}"
            ));
        }
        for flag in expected {
            *self.flags.entry(flag).or_default() += 1;
        }
        Ok(())
    }

    /// The server looked at the payment because of the time, and wrote something.
    pub(super) fn time_came(&mut self, now: u64) -> Result<(), String> {
        if self.known.can_pay() && now >= self.expires_at {
            self.change(|known| known.offer_ended = true);
            return Ok(());
        }
        let accepted = self
            .known
            .reports
            .iter()
            .map(|(_, report)| report)
            .filter(|report| !self.known.differs(report))
            .filter(|report| {
                matches!(
                    report.meaning,
                    Meaning::AwaitingConfirmation | Meaning::Paid
                )
            })
            .map(|report| report.rank.at.millis())
            .min();
        let is_late = accepted.is_some_and(|accepted| now >= accepted + CONFIRMATION);
        if self.known.status() == Status::AwaitingConfirmation && is_late && !self.overdue {
            self.overdue = true;
            *self.flags.entry("confirmation_overdue").or_default() += 1;
            return Ok(());
        }
        Err("time changed a payment that nothing was due for".to_owned())
    }

    fn change(&mut self, change: impl FnOnce(&mut Known)) {
        let before = self.known.status();
        change(&mut self.known);
        let after = self.known.status();
        if before != after {
            self.told.push(after);
        }
    }

    /// Whether any report of this sum says that money came.
    pub(super) fn may_hold_money(&self) -> bool {
        self.known.reports.iter().any(|(_, report)| {
            !self.known.differs(report)
                && matches!(report.meaning, Meaning::Paid | Meaning::PartiallyRefunded)
        })
    }

    /// What is wrong with where the server says that the payment stands.
    pub(super) fn check(&self, id: &str, status: Status) -> Result<(), String> {
        let expected = self.known.status();
        if status != expected {
            return Err(format!(
                "{id} is {} and ought to be {}",
                status.as_str(),
                expected.as_str()
            ));
        }
        if is_money(status) && !self.may_hold_money() {
            return Err(format!(
                "{id} holds money that no report of its sum speaks of"
            ));
        }
        Ok(())
    }
}

const fn decides(meaning: Meaning) -> bool {
    !matches!(meaning, Meaning::Pending | Meaning::AwaitingConfirmation)
}
