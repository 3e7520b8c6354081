//! Points in time as providers write them: `YYYY-MM-DDThh:mm:ss` and an offset.

use kassa_checkout::Timestamp;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// The days from 0000-03-01 to 1970-01-01, in the proleptic Gregorian calendar.
const EPOCH_DAYS: u64 = 719_468;

/// The last point in time that four digits of a year can express: the end of the year 9999.
const LAST: u64 = 253_402_300_799_999;

/// The days of a week; 1970 began with a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The months of a year.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Writes a point in time to the second, in UTC, with the offset spelled `+00:00`.
///
/// Whatever lies after the year 9999 is written as that year's last second.
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_providers::date;
/// let time = Timestamp::from_millis(1_604_414_498_900);
/// assert_eq!(date::write(time), "2020-11-03T14:41:38+00:00");
/// ```
#[must_use]
pub fn write(time: Timestamp) -> String {
    let millis = time.millis().min(LAST);
    let (year, month, day) = civil(millis / DAY);
    let second = millis % DAY / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

/// Writes a point in time as HTTP does: `Tue, 03 Nov 2020 14:41:38 GMT`.
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_providers::date;
/// let time = Timestamp::from_millis(1_604_414_498_900);
/// assert_eq!(date::http(time), "Tue, 03 Nov 2020 14:41:38 GMT");
/// ```
#[must_use]
pub fn http(time: Timestamp) -> String {
    let name = |names: &'static [&str], place: u64| {
        let mut names = (0..).zip(names);
        names
            .find(|(number, _)| *number == place)
            .map_or("", |(_, name)| *name)
    };
    let millis = time.millis().min(LAST);
    let (year, month, day) = civil(millis / DAY);
    let weekday = name(&WEEKDAYS, millis / DAY % 7);
    let month = name(&MONTHS, month - 1);
    let second = millis % DAY / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Reads `YYYY-MM-DDThh:mm:ss` with one of the offsets `Z`, `+hh`, `+hhmm`, `+hh:mm` (or `-`).
///
/// `None` for any other form, a date that the calendar lacks, a leap second, and whatever lies
/// before 1970: a point in time that cannot be placed must not be guessed at.
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_providers::date;
/// let utc = date::read("2020-11-03T14:41:38+0000");
/// assert_eq!(utc, Some(Timestamp::from_millis(1_604_414_498_000)));
/// assert_eq!(date::read("2020-11-03T16:41:38+02:00"), utc);
/// assert_eq!(date::read("2020-11-31T14:41:38+0000"), None);
/// ```
#[must_use]
pub fn read(text: &str) -> Option<Timestamp> {
    let (date_time, offset) = text.split_at_checked(19)?;
    let pattern = b"dddd-dd-ddTdd:dd:dd";
    let fits = date_time.bytes().zip(pattern).all(|(byte, wanted)| {
        if *wanted == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == *wanted
        }
    });
    if !fits {
        return None;
    }
    let number = |from: usize, to: usize| date_time.get(from..to)?.parse::<u64>().ok();
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = days * DAY + ((hour * 60 + minute) * 60 + second) * 1_000;
    let (east, minutes) = offset_minutes(offset)?;
    let shift = minutes * 60_000;
    let utc = if east {
        local.checked_sub(shift)?
    } else {
        local + shift
    };
    Some(Timestamp::from_millis(utc))
}

/// Reads a point in time as [`http()`] writes it. The weekday is not looked at: OP's own examples
/// have wrong ones.
///
/// `None` for any other form, and for a date that the calendar lacks.
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_providers::date;
/// let time = Some(Timestamp::from_millis(1_604_414_498_000));
/// assert_eq!(date::read_http("Tue, 03 Nov 2020 14:41:38 GMT"), time);
/// assert_eq!(date::read_http("Mon, 03 Nov 2020 14:41:38 GMT"), time);
/// assert_eq!(date::read_http("Tue, 31 Nov 2020 14:41:38 GMT"), None);
/// ```
#[must_use]
pub fn read_http(text: &str) -> Option<Timestamp> {
    let (weekday, rest) = text.split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let &[day, month, year, time, "GMT"] = parts.as_slice() else {
        return None;
    };
    let month = (1..=12).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    if !WEEKDAYS.contains(&weekday) {
        return None;
    }
    read(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// Whether it lies east of Greenwich, and by how many minutes.
fn offset_minutes(text: &str) -> Option<(bool, u64)> {
    if text == "Z" {
        return Some((true, 0));
    }
    let east = match text.as_bytes().first()? {
        b'+' => true,
        b'-' => false,
        _ => return None,
    };
    let (hours, minutes) = match (text.len(), text.as_bytes().get(3)) {
        (3, None) => (text.get(1..3)?, "00"),
        (5, Some(_)) => (text.get(1..3)?, text.get(3..5)?),
        (6, Some(b':')) => (text.get(1..3)?, text.get(4..6)?),
        _ => return None,
    };
    let two = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<u64>().ok())
            .flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 18 && minutes <= 59).then_some((east, hours * 60 + minutes))
}

/// Days from the epoch to a date of the calendar; `None` for one that it lacks.
///
/// The year begins in March here, so that a leap day is its last.
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let length = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let before_month = (153 * month + 2) / 5;
    (before_year + before_month + day - 1).checked_sub(EPOCH_DAYS)
}

/// Year, month and day of a day counted from the epoch; the inverse of [`days`].
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Timestamp;
    use proptest::prelude::*;

    use super::{LAST, http, read, write};

    #[test]
    fn days_of_the_week_and_months_are_named() {
        for (text, millis) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799_000),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800_000),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", u64::MAX),
        ] {
            assert_eq!(http(Timestamp::from_millis(millis)), text);
        }
    }

    #[test]
    fn known_points_in_time() {
        for (text, millis) in [
            ("1970-01-01T00:00:00+00:00", 0),
            ("2000-02-29T23:59:59+00:00", 951_868_799_000),
            ("2000-03-01T00:00:00+00:00", 951_868_800_000),
            ("2100-02-28T00:00:00+00:00", 4_107_456_000_000),
            ("9999-12-31T23:59:59+00:00", 253_402_300_799_000),
        ] {
            assert_eq!(read(text), Some(Timestamp::from_millis(millis)), "{text}");
            assert_eq!(write(Timestamp::from_millis(millis)), text);
        }
    }

    #[test]
    fn every_documented_offset_is_read() {
        let noon = read("2020-11-03T12:00:00Z");
        assert!(noon.is_some());
        for text in [
            "2020-11-03T14:00:00+02",
            "2020-11-03T14:00:00+0200",
            "2020-11-03T14:00:00+02:00",
            "2020-11-03T08:30:00-03:30",
        ] {
            assert_eq!(read(text), noon, "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2020-11-03",
            "2020-11-03T14:41:38",
            "2020-11-03 14:41:38+0000",
            "2020-11-03T14:41:60+0000",
            "2020-11-03T24:00:00+0000",
            "2020-13-03T14:41:38+0000",
            "2020-00-03T14:41:38+0000",
            "2021-02-29T14:41:38+0000",
            "2020-11-03T14:41:38.5+0000",
            "2020-11-03T14:41:38+0:00",
            "2020-11-03T14:41:38+00000",
            "2020-11-03T14:41:38+00:0",
            "2020-11-03T14:41:38++100",
            "2020-11-03T14:41:38 0000",
            "1969-12-31T23:59:59+0000",
            "1970-01-01T00:00:00+0100",
            "+020-11-03T14:41:38+0000",
            "2020-11-03T14:41:3ä+0000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0..=LAST) {
            let second = Timestamp::from_millis(millis / 1_000 * 1_000);
            prop_assert_eq!(read(&write(Timestamp::from_millis(millis))), Some(second));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[0-9T:+-]{0,40}") {
            let _ = read(&text);
        }
    }
}
