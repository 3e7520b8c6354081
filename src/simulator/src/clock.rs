//! The simulator's clock: real time plus an offset, so that seven days can take a second.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that can be put forward.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Virtual Unix time, in milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        real_now_ms().saturating_add(self.offset_ms())
    }

    /// How far the clock was put forward, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Puts the clock forward by so many seconds.
    pub fn skip(&self, seconds: u32) {
        self.offset_ms
            .fetch_add(i64::from(seconds) * 1_000, Ordering::SeqCst);
    }

    /// Back to real time.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }
}

/// Real Unix time, in milliseconds.
#[must_use]
pub fn real_now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_and_resets() {
        let clock = Clock::default();
        clock.skip(604_800);
        assert!(clock.now_ms() - real_now_ms() >= 604_799_000);
        clock.reset();
        assert_eq!(clock.offset_ms(), 0);
    }
}
