//! When a webhook is tried again.

use kassa_checkout::Timestamp;

use crate::tokens;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The pauses after each failed try, in seconds: the schedule of Standard Webhooks 1.0.0, in all
/// 75 hours and 35 minutes.
const PAUSES: [u64; 9] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The longest pause that a shop may ask for, in seconds.
const LONGEST: u64 = 24 * HOUR;

/// When to try again after a try failed, or `None` when that was the last. `asked` is the pause
/// that the shop asked for, in seconds.
pub(super) fn next(tries: u32, now: Timestamp, asked: Option<u64>) -> Option<Timestamp> {
    let index = usize::try_from(tries.saturating_sub(1)).ok()?;
    let pause = *PAUSES.get(index)?;
    // Up to a tenth more, so that a shop that was away is not met by everything at once.
    let jittered = pause + tokens::below(pause / 10 + 1);
    let asked = asked.unwrap_or(0).min(LONGEST);
    Some(now.plus_seconds(jittered.max(asked)))
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Timestamp;

    use super::{PAUSES, next};

    #[test]
    fn the_schedule_is_the_specifications() {
        assert_eq!(PAUSES.iter().sum::<u64>(), 75 * 3_600 + 35 * 60 + 5);
        let start = Timestamp::from_millis(0);
        for (tries, pause) in (1..).zip(PAUSES) {
            let waited = next(tries, start, None).unwrap().seconds_since(start);
            assert!((pause..=pause + pause / 10).contains(&waited), "{tries}");
        }
        assert_eq!(next(10, start, None), None);
    }

    #[test]
    fn a_shop_may_ask_for_a_longer_pause() {
        let start = Timestamp::from_millis(0);
        let waited = |asked| next(1, start, Some(asked)).unwrap().seconds_since(start);
        assert_eq!(waited(120), 120);
        assert_eq!(waited(u64::MAX), 24 * 3_600);
    }
}
