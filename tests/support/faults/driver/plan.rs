//! What shall become of each payment, drawn from the seed.

use super::random::Random;

/// How a payment ends at the bank; the names are those of the simulator's control API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Pay,
    Refuse,
    Cancel,
    LateSuccess,
    LateDecline,
    LateReversed,
}

/// Twelve equal chances: every second customer pays at once.
const MIX: [Ending; 12] = [
    Ending::Pay,
    Ending::Pay,
    Ending::Pay,
    Ending::Pay,
    Ending::Pay,
    Ending::Refuse,
    Ending::Cancel,
    Ending::Cancel,
    Ending::LateSuccess,
    Ending::LateSuccess,
    Ending::LateDecline,
    Ending::LateReversed,
];

impl Ending {
    /// Its name in the simulator's control API.
    pub(crate) const fn act(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Refuse => "refuse",
            Self::Cancel => "cancel",
            Self::LateSuccess => "late-success",
            Self::LateDecline => "late-decline",
            Self::LateReversed => "late-reversed",
        }
    }

    /// The state that the simulator comes to, in ecommpay's words.
    pub(crate) const fn truth(self) -> &'static str {
        match self {
            Self::Pay | Self::LateSuccess => "success",
            Self::Refuse | Self::Cancel | Self::LateDecline => "decline",
            Self::LateReversed => "reversed",
        }
    }

    /// The status that the shop must read in the end.
    pub(crate) const fn status(self) -> &'static str {
        match self {
            Self::Pay | Self::LateSuccess => "paid",
            Self::Refuse | Self::LateDecline => "declined",
            Self::Cancel => "cancelled",
            Self::LateReversed => "reversed",
        }
    }

    /// Whether the customer may choose again at once.
    pub(crate) const fn may_choose_again(self) -> bool {
        matches!(self, Self::Refuse | Self::Cancel)
    }
}

/// A payment to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The shop's order number.
    pub(crate) order: String,
    /// The sum in cents.
    pub(crate) amount_cents: u64,
    /// Which of the banks that are offered: any number, taken round and round.
    pub(crate) bank: usize,
    /// What happens there.
    pub(crate) ending: Ending,
    /// Seconds of the simulator's time until a late word.
    pub(crate) delay_seconds: u32,
}

impl Plan {
    /// So many plans of a fault; the same for the same seed.
    pub(crate) fn draw(fault: &str, count: usize, seed: u64) -> Vec<Self> {
        let mut random = Random::new(seed);
        (0..count)
            .map(|number| Self {
                order: format!("{fault}-{seed}-{number}"),
                amount_cents: 100 + random.below(100_000),
                bank: usize::try_from(random.below(1_000)).unwrap_or_default(),
                ending: random.pick(&MIX).copied().unwrap_or(Ending::Pay),
                // Some late words come in the midst of the kills, others after days.
                delay_seconds: random.pick(&[20, 60, 604_800]).copied().unwrap_or(60),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_payments_come_to_every_end() {
        let plans = Plan::draw("kill", 200, 1);
        for ending in MIX {
            assert!(plans.iter().any(|plan| plan.ending == ending), "{ending:?}");
        }
        assert_eq!(plans, Plan::draw("kill", 200, 1));
        assert_ne!(plans, Plan::draw("kill", 200, 2));
    }
}
