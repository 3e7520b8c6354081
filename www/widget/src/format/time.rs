//! Points in time as a Finnish clock shows them.
//!
//! The payee is in Finland and so are the banks, so receipts show Finnish time wherever the reader
//! is. Computed here, so that the hosted page and the browser print the same. Daylight saving as
//! the EU has it (directive 2000/84/EC): from the last Sunday of March to the last of October, at
//! 01:00 UTC.

use kassa_checkout::{Language, Timestamp};

use super::two_digits;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Hours and minutes: `14.04`, in English `14:04`.
pub(crate) fn clock(at: Timestamp, language: Language) -> String {
    let local = Local::at(at);
    let colon = if language == Language::En { ":" } else { "." };
    [&local.hour.to_string(), colon, &two_digits(local.minute)].concat()
}

/// Date and clock: `21.11.2026 klo 14.04`, `21.11.2026 kl. 14.04`, `21 Nov 2026 at 14:04`.
pub(crate) fn date_and_clock(at: Timestamp, language: Language) -> String {
    let local = Local::at(at);
    let [day, year] = [local.day, local.year].map(|number| number.to_string());
    let month = local.month.to_string();
    let (between, month, before_clock) = match language {
        Language::Fi => (".", month.as_str(), " klo "),
        Language::Sv => (".", month.as_str(), " kl. "),
        Language::En => (" ", month_name(local.month), " at "),
    };
    let clock = clock(at, language);
    [&day, between, month, between, &year, before_clock, &clock].concat()
}

/// A point in time in Finland.
struct Local {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
}

impl Local {
    fn at(at: Timestamp) -> Self {
        let utc = at.millis() / 60_000;
        let minutes = utc + if is_summer(utc) { 180 } else { 120 };
        let (year, month, day) = date(minutes / 1_440);
        Self {
            year,
            month,
            day,
            hour: minutes / 60 % 24,
            minute: minutes % 60,
        }
    }
}

fn month_name(month: u64) -> &'static str {
    usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?))
        .copied()
        .unwrap_or_default()
}

/// Whether summer time holds, `minutes` after the epoch in UTC.
fn is_summer(minutes: u64) -> bool {
    let (year, ..) = date(minutes / 1_440);
    let start = last_sunday(year, 3) * 1_440 + 60;
    let end = last_sunday(year, 10) * 1_440 + 60;
    (start..end).contains(&minutes)
}

/// The day of the last Sunday of March or October, which have 31 days, in days since the epoch.
fn last_sunday(year: u64, month: u64) -> u64 {
    let last = days(year, month, 31);
    // 1970-01-01 was a Thursday, so day 3 was a Sunday.
    last - (last + 4) % 7
}

/// Days since the epoch of a date. The year begins in March here, so that the leap day is its last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The date of a day since the epoch.
fn date(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let in_era = shifted % 146_097;
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{
        Language::{En, Fi, Sv},
        Timestamp,
    };

    use super::{clock, date, date_and_clock, days};

    /// Seconds as printed by `date -u -d … +%s`.
    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn each_language_writes_time_its_own_way() {
        let winter = at(1_795_262_640); // 2026-11-21 12:04 UTC
        assert_eq!(date_and_clock(winter, Fi), "21.11.2026 klo 14.04");
        assert_eq!(date_and_clock(winter, Sv), "21.11.2026 kl. 14.04");
        assert_eq!(date_and_clock(winter, En), "21 Nov 2026 at 14:04");
    }

    #[test]
    fn summer_time_begins_and_ends_at_one_utc() {
        assert_eq!(clock(at(1_774_745_940), Fi), "2.59"); // 2026-03-29 00:59 UTC
        assert_eq!(clock(at(1_774_746_000), Fi), "4.00"); // 2026-03-29 01:00 UTC
        assert_eq!(clock(at(1_792_889_940), En), "3:59"); // 2026-10-25 00:59 UTC
        assert_eq!(clock(at(1_792_890_000), En), "3:00"); // 2026-10-25 01:00 UTC
    }

    #[test]
    fn dates_and_days_are_inverses() {
        for day in 0..60_000 {
            let (year, month, day_of_month) = date(day);
            assert_eq!(days(year, month, day_of_month), day);
        }
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(0), (1970, 1, 1));
    }
}
