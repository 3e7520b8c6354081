//! How the server answered, counted.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::services::Answer;

/// Answers counted, shared by all who ask.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    statuses: BTreeMap<u16, usize>,
    refusals_without_a_time: usize,
    writes: Vec<Duration>,
}

impl Tally {
    /// Counts an answer; `took` is how long a write took that was accepted.
    pub(crate) fn count(&self, answer: &Answer, took: Option<Duration>) {
        let mut counts = self.counts();
        *counts.statuses.entry(answer.status).or_default() += 1;
        let says_when = answer.headers.iter().any(|(name, _)| name == "retry-after");
        counts.refusals_without_a_time += usize::from(answer.status == 503 && !says_when);
        counts.writes.extend(took);
    }

    /// How often a status was answered.
    pub(crate) fn times(&self, status: u16) -> usize {
        self.counts().statuses.get(&status).copied().unwrap_or(0)
    }

    /// How many answers were 503 and did not say when to ask again.
    pub(crate) fn refusals_without_a_time(&self) -> usize {
        self.counts().refusals_without_a_time
    }

    /// How many answers were faults of the server other than 503.
    pub(crate) fn faults(&self) -> usize {
        let counts = self.counts();
        let faults = counts.statuses.iter();
        faults
            .filter(|(status, _)| **status >= 500 && **status != 503)
            .map(|(_, times)| times)
            .sum()
    }

    /// The time within which so many of a hundred accepted writes were answered.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut writes = self.counts().writes.clone();
        writes.sort_unstable();
        let at = (writes.len() * percent / 100).min(writes.len().saturating_sub(1));
        writes.get(at).copied().unwrap_or_default()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
