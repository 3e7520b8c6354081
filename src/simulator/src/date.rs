//! Dates as ecommpay writes and reads them, over Unix milliseconds.

/// Milliseconds of one day.
pub const DAY_MS: i64 = 86_400_000;

/// `2020-11-03T14:41:38+0000`, the form in callbacks.
#[must_use]
pub fn callback_date(unix_ms: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(unix_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+0000")
}

/// `2020-11-03 14:41:38 UTC`, for people.
#[must_use]
pub fn for_people(unix_ms: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(unix_ms);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `2020-03-10T11:23:57.917Z`, OP's form.
#[must_use]
pub fn iso_millis(unix_ms: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(unix_ms);
    let millis = unix_ms.rem_euclid(1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// `Tue, 03 Nov 2020 14:41:38 GMT`, HTTP's form.
#[must_use]
pub fn http_date(unix_ms: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(unix_ms);
    let weekday = match unix_ms.div_euclid(DAY_MS).rem_euclid(7) {
        0 => "Thu",
        1 => "Fri",
        2 => "Sat",
        3 => "Sun",
        4 => "Mon",
        5 => "Tue",
        _ => "Wed",
    };
    let month = match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    };
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Reads `YYYY-MM-DDThh:mm:ss±hh:mm` (or `±hh`), the form of `best_before`, into Unix milliseconds.
///
/// # Examples
/// ```
/// use kassa_simulator::date::parse_best_before;
///
/// assert_eq!(parse_best_before("1970-01-02T02:00:00+02:00"), Some(86_400_000));
/// assert_eq!(parse_best_before("1970-01-02T02:00:00Z"), None);
/// ```
#[must_use]
pub fn parse_best_before(text: &str) -> Option<i64> {
    let (local, zone) = (text.get(..19)?, text.get(19..)?);
    let number = |from: usize, to: usize| digits(local.get(from..to)?);
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if marks
        .iter()
        .any(|(at, mark)| local.get(*at..at + 1) != Some(mark))
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !is_date(year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local_seconds =
        days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((local_seconds - zone_seconds(zone)?) * 1_000)
}

/// Whether the text is a day of the calendar as `DD-MM-YYYY`.
#[must_use]
pub fn is_day_month_year(text: &str) -> bool {
    let mut fields = text.split('-').map(|field| (field.len(), digits(field)));
    let day_month_year = (fields.next(), fields.next(), fields.next(), fields.next());
    matches!(day_month_year, (Some((2, Some(day))), Some((2, Some(month))), Some((4, Some(year))), None) if is_date(year, month, day))
}

fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let hours = digits(zone.get(1..3)?)?;
    let minutes = match zone.get(3..)? {
        "" => 0,
        rest => digits(rest.strip_prefix(':').filter(|rest| rest.len() == 2)?)?,
    };
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| text.parse().ok()).flatten()
}

fn is_date(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=length).contains(&day)
}

fn parts(unix_ms: i64) -> (i64, i64, i64, i64, i64, i64) {
    let seconds = unix_ms.div_euclid(1_000);
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let in_day = seconds.rem_euclid(86_400);
    (
        year,
        month,
        day,
        in_day / 3_600,
        in_day / 60 % 60,
        in_day % 60,
    )
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_known_dates() {
        assert_eq!(callback_date(1_604_414_498_000), "2020-11-03T14:41:38+0000");
        assert_eq!(for_people(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(iso_millis(1_583_839_437_917), "2020-03-10T11:23:57.917Z");
        assert_eq!(
            http_date(1_604_414_498_900),
            "Tue, 03 Nov 2020 14:41:38 GMT"
        );
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn reads_both_zone_forms() {
        let utc = parse_best_before("2020-11-03T14:41:38+00:00");
        assert_eq!(utc, Some(1_604_414_498_000));
        assert_eq!(parse_best_before("2020-11-03T16:41:38+02"), utc);
        assert_eq!(parse_best_before("2020-11-03T11:11:38-03:30"), utc);
        for wrong in [
            "2020-11-03T14:41:38",
            "2020-11-03 14:41:38+00:00",
            "2020-02-30T14:41:38+00:00",
            "2020-11-03T24:00:00+00:00",
            "2020-11-03T14:41:38+0000",
        ] {
            assert_eq!(parse_best_before(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn knows_days_of_birth() {
        assert!(is_day_month_year("29-02-2000"));
        for wrong in ["29-02-2001", "2000-02-29", "1-1-2000", "01-01-2000-1", ""] {
            assert!(!is_day_month_year(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(seconds in 0_i64..4_102_444_800) {
            let written = callback_date(seconds * 1_000).replace("+0000", "+00:00");
            prop_assert_eq!(parse_best_before(&written), Some(seconds * 1_000));
        }
    }
}
