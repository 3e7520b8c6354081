//! Finnish local time to the millisecond, as `TIMESTMP` writes it.

use core::fmt;

use kassa_checkout::Timestamp;

use crate::date::{civil, days};

/// How many seconds old, or ahead of us, a message may be. It is what public receivers chose, not
/// a rule of VETUMA's.
pub const WINDOW_SECONDS: u64 = 600;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Digits of a `TIMESTMP`.
const DIGITS: usize = 17;

/// A `TIMESTMP`: `yyyyMMddHHmmssSSS` in Finnish local time, without an offset.
///
/// In the hour that Finnish clocks go through twice it stands for two points in time, in the one
/// that they leave out for none.
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_providers::vetuma::Timestmp;
/// let winter = Timestmp::parse("20240115093000002").unwrap();
/// let utc = Timestamp::from_millis(1_705_303_800_002); // 07:30 in UTC
/// assert_eq!(winter.instants(), [utc]);
/// assert_eq!(Timestmp::of(utc), winter);
/// assert!(winter.is_near(utc.plus_seconds(600)));
/// assert!(!winter.is_near(utc.plus_seconds(601)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestmp {
    text: String,
    /// Milliseconds since the epoch as if Finland were at Greenwich.
    local: u64,
}

impl Timestmp {
    /// What it must look like, for people.
    pub const EXPECTED: &str = "17 digits: yyyyMMddHHmmssSSS, Finnish local time";

    /// Reads it; `None` for any other form and for dates that the calendar lacks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let days = days(number(0, 4)?, number(4, 6)?, number(6, 8)?)?;
        let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let local = days * DAY + hour * HOUR + minute * MINUTE + second * 1_000 + number(14, 17)?;
        Some(Self {
            text: text.to_owned(),
            local,
        })
    }

    /// A point in time; after the year 9999 that year's last millisecond.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        const LAST: u64 = 253_402_300_799_999;
        let local = time
            .millis()
            .saturating_add(offset(time.millis()))
            .min(LAST);
        let (year, month, day) = civil(local / DAY);
        let (hour, minute) = (local % DAY / HOUR, local % HOUR / MINUTE);
        let (second, milli) = (local % MINUTE / 1_000, local % 1_000);
        let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{milli:03}");
        Self { text, local }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The points in time that it may stand for, at most two.
    #[must_use]
    pub fn instants(&self) -> Vec<Timestamp> {
        let offsets = [3 * HOUR, 2 * HOUR].into_iter();
        let utc = offsets.filter_map(|shift| {
            let utc = self.local.checked_sub(shift)?;
            (offset(utc) == shift).then(|| Timestamp::from_millis(utc))
        });
        utc.collect()
    }

    /// Whether it lies within [`WINDOW_SECONDS`] of now, before or after.
    #[must_use]
    pub fn is_near(&self, now: Timestamp) -> bool {
        self.instants()
            .iter()
            .any(|then| now.millis().abs_diff(then.millis()) <= WINDOW_SECONDS * 1_000)
    }
}

impl fmt::Display for Timestmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How far Finnish clocks are ahead of UTC, in milliseconds: by the rule of the European Union,
/// under which all of VETUMA's years lie.
fn offset(utc: u64) -> u64 {
    let (year, _, _) = civil(utc / DAY);
    let change = |month| last_sunday(year, month) * DAY + HOUR;
    if (change(3)..change(10)).contains(&utc) {
        3 * HOUR
    } else {
        2 * HOUR
    }
}

/// The last Sunday of a month of 31 days, in days since the epoch.
fn last_sunday(year: u64, month: u64) -> u64 {
    let last = days(year, month, 31).unwrap_or_default();
    // 1970 began with a Thursday, so that three days later was a Sunday.
    last - (last + 4) % 7
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Timestamp;
    use proptest::prelude::*;

    use super::Timestmp;
    use crate::date::read;

    fn utc(text: &str) -> Timestamp {
        read(text).unwrap()
    }

    #[test]
    fn summer_and_winter_begin_where_they_do() {
        for (finnish, greenwich) in [
            ("20240115093000000", "2024-01-15T07:30:00Z"),
            ("20240331025959000", "2024-03-31T00:59:59Z"),
            ("20240331040000000", "2024-03-31T01:00:00Z"),
            ("20240701120000000", "2024-07-01T09:00:00Z"),
            ("20241027040000000", "2024-10-27T02:00:00Z"),
            ("20061218154432000", "2006-12-18T13:44:32Z"),
        ] {
            let read = Timestmp::parse(finnish).unwrap();
            assert_eq!(read.instants(), [utc(greenwich)], "{finnish}");
            assert_eq!(Timestmp::of(utc(greenwich)), read);
        }
        let twice = Timestmp::parse("20241027033000000").unwrap();
        let both = [utc("2024-10-27T00:30:00Z"), utc("2024-10-27T01:30:00Z")];
        assert_eq!(twice.instants(), both);
        assert!(both.iter().all(|then| twice.is_near(*then)));
        let never = Timestmp::parse("20240331033000000").unwrap();
        assert_eq!(never.instants(), []);
        assert!(!never.is_near(utc("2024-03-31T01:00:00Z")));
    }

    #[test]
    fn the_window_ends_where_it_should_on_both_sides() {
        let time = Timestmp::parse("20240115093000000").unwrap();
        let then = utc("2024-01-15T07:30:00Z").millis();
        for (shift, near) in [(600_000, true), (600_001, false)] {
            assert_eq!(time.is_near(Timestamp::from_millis(then + shift)), near);
            assert_eq!(time.is_near(Timestamp::from_millis(then - shift)), near);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for wrong in [
            "",
            "2024011509300000",
            "202401150930000000",
            "2024-01-15 09:30:0",
            "20240230093000000",
            "20241315093000000",
            "20240115243000000",
            "20240115096000000",
            "20240115093060000",
            "+0240115093000000",
            "19691231093000000",
        ] {
            assert_eq!(Timestmp::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn every_point_in_time_is_found_again(millis in 0..253_402_200_000_000_u64) {
            let time = Timestamp::from_millis(millis);
            let written = Timestmp::of(time);
            prop_assert!(written.instants().contains(&time));
            prop_assert_eq!(written.to_string(), written.as_str());
            prop_assert_eq!(Timestmp::parse(written.as_str()), Some(written));
        }
    }
}
