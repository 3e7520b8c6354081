//! Finds when the machine's clock was set, and moves what is due along with it.
//!
//! Pauses and leases are measured by the wall clock, because they must outlive the process. When
//! it is set by a day, a webhook must not wait for a day, and nothing that runs may be taken for
//! dead and be done twice.

use std::time::{Duration, Instant};

use kassa_checkout::Timestamp;

use crate::{clock, state::AppState};

/// How often the two clocks are compared.
const PAUSE: Duration = Duration::from_secs(1);
/// The smallest step that counts, in milliseconds; a clock that is slewed never makes one.
const STEP: i64 = 2_000;

/// Watches the clock until the service stops.
pub(super) async fn run(app: AppState) {
    if !app.store.uses_this_clock() {
        return;
    }
    let mut watched = Watched::new(Instant::now(), clock::now());
    loop {
        tokio::time::sleep(PAUSE).await;
        let (moment, wall) = (Instant::now(), clock::now());
        let Some(step) = watched.step(moment, wall) else {
            continue;
        };
        tracing::warn!(target: "kassa::jobs", millis = step, "the clock was set");
        match app.store.shift_due(step).await {
            Ok(()) => watched = Watched::new(moment, wall),
            // Found again at the next look.
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "due work was not moved");
            }
        }
    }
}

/// A moment that both clocks were read at.
struct Watched {
    moment: Instant,
    wall: Timestamp,
}

impl Watched {
    const fn new(moment: Instant, wall: Timestamp) -> Self {
        Self { moment, wall }
    }

    /// By how many milliseconds the wall clock was set since then, if it was.
    fn step(&mut self, moment: Instant, wall: Timestamp) -> Option<i64> {
        let passed = i128::try_from(moment.duration_since(self.moment).as_millis()).ok()?;
        let told = i128::from(wall.millis()) - i128::from(self.wall.millis());
        let step = i64::try_from(told - passed).ok()?;
        if step.abs() >= STEP {
            return Some(step);
        }
        // Small differences are the clock being corrected, and must not add up to a step.
        *self = Self::new(moment, wall);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use kassa_checkout::Timestamp;

    use super::Watched;

    const DAY: i64 = 86_400_000;

    #[test]
    fn a_clock_that_is_set_is_found_and_a_slow_one_is_not() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let wall = |millis| Timestamp::from_millis(1_795_000_000_000 + millis);
        let mut watched = Watched::new(start, wall(0));
        // Half a second too slow in every ten.
        for tens in 1..100 {
            assert_eq!(watched.step(at(tens * 10), wall(tens * 9_500)), None);
        }
        let day = u64::try_from(DAY).unwrap();
        let mut watched = Watched::new(start, wall(0));
        assert_eq!(watched.step(at(1), wall(1_000 + day)), Some(DAY));
        let mut watched = Watched::new(start, wall(day));
        assert_eq!(watched.step(at(1), wall(1_000)), Some(-DAY));
    }
}
