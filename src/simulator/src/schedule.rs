//! When a callback that was not answered with 200 is sent again (ecommpay's published schedule): six tries 10 s apart, then gaps that grow to four hours, at most 120 tries in 11 days.

/// A callback is tried at most so many times.
const MAX_TRIES: usize = 120;
/// Nothing is tried later than this after the first try: 11 days, in milliseconds.
const LAST_TRY_AFTER_MS: i64 = 11 * crate::date::DAY_MS;
/// No gap is longer than four hours, in milliseconds.
const LONGEST_GAP_MS: i64 = 4 * 3_600_000;

/// The gap before the next try, in milliseconds; `None` when the platform gives up.
///
/// `tries` counts the tries made, `since_first_ms` is the time since the first of them.
///
/// # Examples
/// ```
/// use kassa_simulator::schedule::next_gap_ms;
///
/// assert_eq!(next_gap_ms(1, 0), Some(10_000));
/// assert_eq!(next_gap_ms(120, 0), None);
/// ```
#[must_use]
pub fn next_gap_ms(tries: usize, since_first_ms: i64) -> Option<i64> {
    let gap = if tries < 6 {
        10_000
    } else {
        growing_gap_ms(tries)
    };
    (tries < MAX_TRIES && since_first_ms + gap <= LAST_TRY_AFTER_MS).then_some(gap)
}

/// `70 + 10 · 1.12^(tries − 4)` seconds, in whole milliseconds.
fn growing_gap_ms(tries: usize) -> i64 {
    let grown = (4..tries).try_fold(10_000_i64, |gap, _| {
        (gap < LONGEST_GAP_MS).then_some(gap * 112 / 100)
    });
    grown.map_or(LONGEST_GAP_MS, |gap| (70_000 + gap).min(LONGEST_GAP_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_schedule() {
        let first: Vec<_> = (1..=8).filter_map(|tries| next_gap_ms(tries, 0)).collect();
        assert_eq!(
            first,
            [
                10_000, 10_000, 10_000, 10_000, 10_000, 82_544, 84_049, 85_734
            ]
        );
        assert_eq!(next_gap_ms(80, 0), Some(LONGEST_GAP_MS));
    }

    #[test]
    fn ends_within_eleven_days() {
        let (mut tries, mut elapsed) = (1, 0);
        while let Some(gap) = next_gap_ms(tries, elapsed) {
            tries += 1;
            elapsed += gap;
        }
        assert!((100..=MAX_TRIES).contains(&tries), "{tries}");
        assert!(
            (9 * crate::date::DAY_MS..=LAST_TRY_AFTER_MS).contains(&elapsed),
            "{elapsed}"
        );
    }
}
