//! Where a payment stands, said as simply as can be: from the set of what is known, with no memory
//! of how it became known.
//!
//! - A report about another sum or currency than the order's counts for nothing.
//! - An attempt stands where its latest deciding report says; the provider's time and number of
//!   the operation tell which is the latest, and of two at one rank the one that is worse for the
//!   shop. Pending and awaiting confirmation decide nothing unless nothing else is known.
//! - Once money went back, only a new sale brings money again.
//! - A payment stands where the attempt with the most of the shop's money stands: all of it, a
//!   part, on its way, gone back; otherwise where the latest attempt stands.
//! - An offer that nobody took, or whose taker was never heard of, expires.

use kassa_checkout::{
    Status,
    lifecycle::{Evidence, Meaning},
};

/// What is known of a payment.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its sum in cents; the currency is the euro.
    pub cents: u64,
    /// Its attempts, oldest first.
    pub attempts: Vec<String>,
    /// All verified reports, each once, with the attempt that it is about.
    pub reports: Vec<(String, Evidence)>,
    /// Whether the offer to pay ended.
    pub offer_ended: bool,
}

impl Known {
    /// Where the payment stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let statuses = self.attempts.iter().map(|attempt| self.attempt(attempt));
        combined(&statuses.collect::<Vec<_>>(), self.offer_ended)
    }

    /// How many attempts hold money.
    #[must_use]
    pub fn paid_attempts(&self) -> usize {
        let paid = |attempt: &&String| is_money(self.attempt(attempt));
        self.attempts.iter().filter(paid).count()
    }

    /// Whether a customer may choose a bank.
    #[must_use]
    pub fn can_pay(&self) -> bool {
        use Status::{Cancelled, Created, Declined, Failed, Pending, Redirected};
        let open = [Created, Redirected, Pending, Declined, Cancelled, Failed];
        !self.offer_ended && open.contains(&self.status())
    }

    /// Whether another sum or currency is reported than the order's.
    #[must_use]
    pub fn differs(&self, report: &Evidence) -> bool {
        report.amount_cents != self.cents || report.currency != "EUR"
    }

    /// Where an attempt stands.
    fn attempt(&self, attempt: &str) -> Status {
        let mut reports: Vec<&Evidence> = self
            .reports
            .iter()
            .filter(|(about, report)| about == attempt && !self.differs(report))
            .map(|(_, report)| report)
            .collect();
        reports.sort_by_key(|report| {
            let (rank, caution) = (report.rank, caution(report.meaning));
            (rank.at, rank.operation, caution, &report.word, &report.key)
        });
        let went_back = reports.iter().any(|report| is_return(report.meaning));
        let decides = |report: &&&Evidence| match report.meaning {
            Meaning::Pending | Meaning::AwaitingConfirmation => false,
            Meaning::Paid => report.begins_anew || !went_back,
            _ => true,
        };
        let deciding = reports.iter().rev().find(decides).or(reports.last());
        deciding.map_or(Status::Redirected, |report| status_of(report.meaning))
    }
}

/// Where a payment stands whose attempts stand so, oldest first.
#[must_use]
pub fn combined(attempts: &[Status], offer_ended: bool) -> Status {
    use Status::{
        AwaitingConfirmation, Created, Expired, Paid, PartiallyRefunded, Redirected, Refunded,
        Reversed,
    };
    let first = [
        Paid,
        PartiallyRefunded,
        AwaitingConfirmation,
        Reversed,
        Refunded,
    ];
    let most = first.into_iter().find(|status| attempts.contains(status));
    match most.or(attempts.last().copied()).unwrap_or(Created) {
        Created | Redirected if offer_ended => Expired,
        status => status,
    }
}

/// Whether the shop holds money then.
#[must_use]
pub fn is_money(status: Status) -> bool {
    matches!(status, Status::Paid | Status::PartiallyRefunded)
}

fn is_return(meaning: Meaning) -> bool {
    use Meaning::{PartiallyRefunded, Refunded, Reversed};
    matches!(meaning, PartiallyRefunded | Refunded | Reversed)
}

/// The greater, the worse for the shop.
fn caution(meaning: Meaning) -> usize {
    let order = [
        Meaning::Pending,
        Meaning::AwaitingConfirmation,
        Meaning::Paid,
        Meaning::Expired,
        Meaning::Cancelled,
        Meaning::Declined,
        Meaning::Failed,
        Meaning::PartiallyRefunded,
        Meaning::Refunded,
        Meaning::Reversed,
    ];
    order
        .iter()
        .position(|other| *other == meaning)
        .unwrap_or(0)
}

fn status_of(meaning: Meaning) -> Status {
    match meaning {
        Meaning::Pending => Status::Pending,
        Meaning::AwaitingConfirmation => Status::AwaitingConfirmation,
        Meaning::Paid => Status::Paid,
        Meaning::Expired => Status::Expired,
        Meaning::Cancelled => Status::Cancelled,
        Meaning::Declined => Status::Declined,
        Meaning::Failed => Status::Failed,
        Meaning::PartiallyRefunded => Status::PartiallyRefunded,
        Meaning::Refunded => Status::Refunded,
        Meaning::Reversed => Status::Reversed,
    }
}
