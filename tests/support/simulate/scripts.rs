//! What may happen to an attempt at the provider, by ecommpay's rules.

use fastrand::Rng;
use kassa_checkout::Status;

use super::provider::{Lie, Move};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Nothing happens later than this after the customer came, in milliseconds.
pub(super) const LAST_MOVE: u64 = 11 * DAY;

/// Moves, each so many milliseconds after the customer came.
pub(super) type Script = Vec<(u64, Move)>;

const fn step(
    kind: &'static str,
    status: &'static str,
    code: &'static str,
    word: &'static str,
    truth: Status,
) -> Move {
    Move {
        kind,
        new: false,
        status,
        code,
        word,
        truth,
        lie: None,
    }
}

const BEGUN: Move = step(
    "sale",
    "external processing",
    "9999",
    "external processing",
    Status::Pending,
);
const PAID: Move = step("sale", "success", "0", "success", Status::Paid);
const DECLINED: Move = step("sale", "decline", "20000", "decline", Status::Declined);
const CANCELLED: Move = step("sale", "decline", "20301", "decline", Status::Cancelled);
const BROKEN: Move = step("sale", "error", "100", "error", Status::Failed);
const UNKNOWN_WORD: Move = step(
    "sale",
    "processing",
    "9999",
    "awaiting tea",
    Status::Pending,
);
const CONFIRMING: Move = step(
    "payment confirmation",
    "processing",
    "9999",
    "awaiting confirmation",
    Status::AwaitingConfirmation,
);
const SALE_ENDED: Move = step(
    "sale",
    "success",
    "0",
    "awaiting confirmation",
    Status::AwaitingConfirmation,
);
const CONFIRMED: Move = step(
    "payment confirmation",
    "success",
    "0",
    "success",
    Status::Paid,
);
const REFUSED: Move = step(
    "payment confirmation",
    "decline",
    "20812",
    "decline",
    Status::Declined,
);
const REVERSED: Move = step("reversal", "success", "0", "reversed", Status::Reversed);
const PARTLY: Move = step(
    "refund",
    "success",
    "0",
    "partially refunded",
    Status::PartiallyRefunded,
);
const REFUNDED: Move = step("refund", "success", "0", "refunded", Status::Refunded);

/// Draws what happens to an attempt.
pub(super) fn draw(random: &mut Rng) -> Script {
    let mut script = vec![(0, BEGUN)];
    let then = |script: &mut Script, pause: u64, next: Move| {
        let last = script.last().map_or(0, |(at, _)| *at);
        // Whole seconds apart, as the provider's own dates tell them.
        script.push((last + pause.max(2 * SECOND), next));
    };
    let soon = random.u64(2 * SECOND..10 * MINUTE);
    let days = random.u64(HOUR..4 * DAY);
    let week = random.u64(7 * DAY..9 * DAY);
    match random.u32(0..20) {
        // The customer walks away from the bank's page.
        0 => {}
        1..=4 => then(&mut script, soon, PAID),
        5 => then(&mut script, soon, DECLINED),
        6 => then(&mut script, soon, CANCELLED),
        7 => then(&mut script, soon, BROKEN),
        8 | 9 => {
            confirm(&mut script, soon, &then);
            let (wait, end) = (random.u64(MINUTE..9 * DAY), random.bool());
            then(&mut script, wait, if end { CONFIRMED } else { REFUSED });
        }
        // Declined, and credited after a week and more.
        10 | 11 => {
            then(&mut script, soon, DECLINED);
            then(&mut script, week, fresh(CONFIRMED));
        }
        12 => {
            confirm(&mut script, soon, &then);
            then(&mut script, week, REFUSED);
            then(&mut script, days / 4, CONFIRMED);
        }
        13 => {
            then(&mut script, soon, PAID);
            then(&mut script, days, fresh(REVERSED));
        }
        14 => {
            then(&mut script, soon, PAID);
            then(&mut script, days, fresh(PARTLY));
            then(&mut script, days, fresh(REFUNDED));
        }
        // Another try on the same page.
        15 => {
            then(&mut script, soon, DECLINED);
            then(&mut script, soon, fresh(BEGUN));
            let end = if random.bool() { PAID } else { CANCELLED };
            then(&mut script, soon, end);
        }
        // Money back, and a new sale under the same identifier.
        16 => {
            then(&mut script, soon, PAID);
            then(&mut script, days, fresh(REVERSED));
            then(&mut script, soon, fresh(PAID));
        }
        // The callback says the opposite of what is so, at the same rank; said anew later.
        17 => {
            let lie = Some(Lie::Word("decline", "20000"));
            then(&mut script, soon, Move { lie, ..PAID });
            then(&mut script, days / 8, PAID);
        }
        18 => {
            let lie = Some(Lie::Sum);
            then(&mut script, soon, Move { lie, ..PAID });
        }
        _ => {
            then(&mut script, soon, UNKNOWN_WORD);
            then(&mut script, days, DECLINED);
            then(&mut script, soon, fresh(REVERSED));
        }
    }
    script.retain(|(at, _)| *at <= LAST_MOVE);
    script
}

fn fresh(step: Move) -> Move {
    Move { new: true, ..step }
}

/// The confirmation procedure: its own operation, then the sale's end, which decides nothing.
fn confirm(script: &mut Script, soon: u64, then: &impl Fn(&mut Script, u64, Move)) {
    then(script, soon, CONFIRMING);
    if let Some((at, _)) = script.last().copied() {
        script.push((at, SALE_ENDED));
    }
}
