//! Faults put in on purpose: each must be found, or the simulation proves nothing.

use kassa_checkout::{Status, Timestamp, lifecycle::Evidence, provider::PaymentEvent};

/// A fault of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A report that comes again is taken for a new one.
    ForgetsReports,
    /// What was declined stays so, whatever is reported.
    DeclineIsFinal,
    /// The report that arrives last decides.
    LastArrivalWins,
    /// The sum reported is not compared.
    AnySumWillDo,
    /// A callback is acknowledged whether or not it was kept.
    AcknowledgesFirst,
    /// Nobody is asked for longer than a week.
    AsksForAWeek,
    /// A webhook that failed once is given up.
    GivesUpAtOnce,
    /// A webhook counts as delivered before it is sent.
    MarksBeforeSending,
    /// A question that its asker died with is not asked again.
    LosesQuestions,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ForgetsReports,
        Self::DeclineIsFinal,
        Self::LastArrivalWins,
        Self::AnySumWillDo,
        Self::AcknowledgesFirst,
        Self::AsksForAWeek,
        Self::GivesUpAtOnce,
        Self::MarksBeforeSending,
        Self::LosesQuestions,
    ];

    /// The report as a server with this fault understands it, the `count`th of all; `None` when
    /// it takes no notice.
    pub(super) fn hears(
        self,
        report: &PaymentEvent,
        standing: Status,
        cents: u64,
        count: u64,
        now: Timestamp,
    ) -> Option<PaymentEvent> {
        let mut heard = report.clone();
        let evidence: &mut Evidence = &mut heard.evidence;
        match self {
            Self::ForgetsReports => evidence.key = format!("{}/{count}", evidence.key),
            Self::DeclineIsFinal if standing == Status::Declined => return None,
            Self::LastArrivalWins => evidence.rank.at = now,
            Self::AnySumWillDo => evidence.amount_cents = cents,
            _ => {}
        }
        Some(heard)
    }
}
