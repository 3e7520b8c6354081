//! Points in time, as numbers that the caller brings along.

use serde::{Deserialize, Serialize};

/// A point in time in milliseconds since 1970-01-01 00:00 UTC.
///
/// There is no `now()` here: the clock is the server's, and enters as an argument.
///
/// ```
/// use kassa_checkout::Timestamp;
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!(start.plus_seconds(2), Timestamp::from_millis(3_000));
/// assert_eq!(start.plus_seconds(2).seconds_since(start), 2);
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = u64, example = 1_795_000_000_000_u64))]
pub struct Timestamp(u64);

impl Timestamp {
    /// A point in time from milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The point in time `seconds` later; the end of time rather than an overflow.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Whole seconds from `earlier` to this one; zero when `earlier` is not earlier.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1_000
    }
}
