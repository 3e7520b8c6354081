//! `TIMESTMP`: `yyyyMMddHHmmssSSS` in Finnish local time.

use jiff::civil;
use jiff::tz::TimeZone;

/// A call is at most so old or so early, in milliseconds. Nobody published VETUMA's own limit; receivers of its answers took ten minutes.
pub const WINDOW_MS: i64 = 600_000;

/// A moment as VETUMA writes it.
///
/// # Examples
/// ```
/// use kassa_simulator::vetuma::timestamp;
///
/// assert_eq!(timestamp::write(1_166_449_267_161), "20061218154107161");
/// assert_eq!(timestamp::read("20061218154107161"), Some(1_166_449_267_161));
/// ```
#[must_use]
pub fn write(unix_ms: i64) -> String {
    finnish(unix_ms).map_or_else(String::new, |at| at.strftime("%Y%m%d%H%M%S%3f").to_string())
}

/// The moment in Unix milliseconds; of an hour that comes twice in autumn, the first. `None` for anything but 17 digits that are a time.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    if text.len() != 17 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize| i8::try_from(part(from, from + 2)?).ok();
    let nanoseconds = i32::from(part(14, 17)?) * 1_000_000;
    let at = civil::DateTime::new(
        part(0, 4)?,
        small(4)?,
        small(6)?,
        small(8)?,
        small(10)?,
        small(12)?,
        nanoseconds,
    );
    let zone = TimeZone::get("Europe/Helsinki").ok()?;
    let at = zone.to_ambiguous_timestamp(at.ok()?).compatible().ok()?;
    Some(at.as_millisecond())
}

/// `061218`: the day, as archive ids begin.
#[must_use]
pub fn day(unix_ms: i64) -> String {
    finnish(unix_ms).map_or_else(String::new, |at| at.strftime("%y%m%d").to_string())
}

fn finnish(unix_ms: i64) -> Option<jiff::Zoned> {
    let at = jiff::Timestamp::from_millisecond(unix_ms).ok()?;
    at.in_tz("Europe/Helsinki").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_summer_time() {
        // 2024-07-01 09:00 UTC is noon in Helsinki, 2024-01-01 09:00 UTC is eleven.
        assert_eq!(write(1_719_824_400_000), "20240701120000000");
        assert_eq!(write(1_704_099_600_005), "20240101110000005");
        assert_eq!(read("20240701120000000"), Some(1_719_824_400_000));
        assert_eq!(day(1_719_824_400_000), "240701");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for wrong in [
            "",
            "2024070112000000",
            "202407011200000000",
            "20240230120000000",
            "20240701250000000",
            "2024070112000000x",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
