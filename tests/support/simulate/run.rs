//! Many seeds, on all processors; each seed by itself is one thread's work.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{
    sabotage::Sabotage,
    world::{self, Counts, Failure},
};

/// Seeds that once failed.
const REGRESSIONS_FILE: &str = include_str!("seeds.txt");
/// So many failing seeds tell enough.
const MOST_FAILURES: usize = 5;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Summary {
    /// What happened in them.
    pub counts: Counts,
    /// Those that failed, by seed; the search ends soon after the first few.
    pub failures: Vec<Failure>,
}

/// The seeds that once failed and are always run first.
///
/// # Errors
/// When a line of the file is no number.
pub fn regressions() -> Result<Vec<u64>, std::num::ParseIntError> {
    REGRESSIONS_FILE
        .lines()
        .filter_map(|line| line.split('#').next())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::parse)
        .collect()
}

/// Lives through seeds, with a fault put in on purpose or none.
#[must_use]
pub fn run_seeds(seeds: &[u64], sabotage: Option<Sabotage>) -> Summary {
    let summary = Mutex::new(Summary::default());
    let next = AtomicU64::new(0);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| run_some(seeds, sabotage, &next, &summary));
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.failures.sort_by_key(|failure| failure.seed);
    summary
}

fn run_some(seeds: &[u64], sabotage: Option<Sabotage>, next: &AtomicU64, summary: &Mutex<Summary>) {
    let mut counts = Counts::default();
    let lock = || summary.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let place = usize::try_from(next.fetch_add(1, Ordering::Relaxed));
        let Some(seed) = place.ok().and_then(|place| seeds.get(place)) else {
            break;
        };
        let (lived, outcome, _) = world::live(*seed, sabotage, false);
        counts += lived;
        if let Err(failure) = outcome {
            let mut summary = lock();
            summary.failures.push(failure);
            if summary.failures.len() >= MOST_FAILURES {
                break;
            }
        }
        if lock().failures.len() >= MOST_FAILURES {
            break;
        }
    }
    lock().counts += counts;
}

/// Lives through one seed again and tells everything that happened.
#[must_use]
pub fn replay(seed: u64) -> (Vec<String>, Option<Failure>) {
    let (_, outcome, trace) = world::live(seed, None, true);
    (trace, outcome.err())
}

/// The first of the seeds 1 to `most` at which a fault is found, and as what.
#[must_use]
pub fn find(sabotage: Sabotage, most: u64) -> Option<Failure> {
    (1..=most).find_map(|seed| world::live(seed, Some(sabotage), false).1.err())
}

#[cfg(test)]
mod tests {
    use super::{find, regressions, replay, run_seeds};
    use crate::simulate::Sabotage;

    #[test]
    fn a_server_with_a_fault_is_found_out_within_1000_seeds() {
        for sabotage in Sabotage::ALL {
            assert!(find(sabotage, 1_000).is_some(), "{sabotage:?} goes unseen");
        }
    }

    #[test]
    fn the_server_as_it_is_passes() {
        let mut seeds = regressions().unwrap();
        seeds.extend(1..=200);
        let summary = run_seeds(&seeds, None);
        assert_eq!(summary.failures, []);
        assert_eq!(summary.counts.seeds, u64::try_from(seeds.len()).unwrap());
    }

    #[test]
    fn a_seed_is_the_same_each_time() {
        let (first, again) = (replay(7), replay(7));
        assert!(first.0.len() > 20, "{:?}", first.0);
        assert_eq!(first, again);
    }
}
