//! The one clock, and how a point in time is written for shops.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use jiff::{civil, tz::TimeZone};
use kassa_checkout::Timestamp;

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Now, by a clock that nobody sets: the clock as it was when this was first asked, carried on by
/// the machine's monotonic clock. Pauses and leases are measured by it, so that setting the clock
/// neither holds work up nor lets anything that runs be taken for dead and be done twice.
#[must_use]
pub fn steady() -> Timestamp {
    static START: LazyLock<(Instant, Timestamp)> = LazyLock::new(|| (Instant::now(), now()));
    let (moment, start) = *START;
    let passed = u64::try_from(moment.elapsed().as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(start.millis().saturating_add(passed))
}

/// A point in time as RFC 3339 in UTC with milliseconds: `2026-11-21T08:00:00.000Z`.
///
/// ```
/// use kassa_checkout::Timestamp;
/// let text = kassa_server::clock::rfc3339(Timestamp::from_millis(1_795_000_000_123));
/// assert_eq!(text, "2026-11-18T11:06:40.123Z");
/// ```
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    i64::try_from(at.millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(String::new, |at| format!("{at:.3}"))
}

/// Reads a point in time: RFC 3339 (`2026-11-21T08:00:00Z`), or a date (`2026-11-21`), which is
/// midnight in Helsinki.
///
/// ```
/// let at = kassa_server::clock::parse("2026-11-21").unwrap();
/// assert_eq!(kassa_server::clock::rfc3339(at), "2026-11-20T22:00:00.000Z");
/// assert_eq!(kassa_server::clock::parse("21.11.2026"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) if text.len() == 10 => {
            let date: civil::Date = text.parse().ok()?;
            let helsinki = TimeZone::get("Europe/Helsinki").ok()?;
            helsinki.to_timestamp(date.at(0, 0, 0, 0)).ok()?
        }
        Err(_) => return None,
    };
    u64::try_from(at.as_millisecond())
        .ok()
        .map(Timestamp::from_millis)
}

/// A point in time for an operator, in Finland: `2026-11-18 13:06:40`.
#[must_use]
pub fn local(at: Timestamp) -> String {
    finnish(at).map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

/// A point in time for a customer: day, month, year, hour and minute in Finland.
#[must_use]
pub fn for_people(at: Timestamp) -> String {
    finnish(at)
        .map(|local| {
            format!(
                "{}.{}.{} {}:{:02}",
                local.day(),
                local.month(),
                local.year(),
                local.hour(),
                local.minute()
            )
        })
        .unwrap_or_default()
}

fn finnish(at: Timestamp) -> Option<jiff::Zoned> {
    let zone = TimeZone::get("Europe/Helsinki").unwrap_or(TimeZone::UTC);
    let millis = i64::try_from(at.millis()).ok()?;
    let at = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(at.to_zoned(zone))
}
