//! A circuit breaker: a provider that keeps failing is left alone for a while, and tried with
//! one call before all others go to it again.
//!
//! Pure: the time comes along. Kept in memory, so each node finds out for itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kassa_checkout::Timestamp;

/// So many failures in a row open a circuit, if they last.
const FAILURES: u32 = 5;
/// How long after the first failure in a row another one may open it, in seconds. Many calls that
/// fail in one moment may be a provider that was started anew, and no reason to turn away whoever
/// chooses in the next ten seconds.
const LASTING: u64 = 2;
/// How long a circuit stays open at first, in seconds. Each failed try doubles it.
const FIRST_PAUSE: u64 = 10;
/// How long it stays open at most, in seconds.
const LONGEST_PAUSE: u64 = 300;
/// How long a try may go on before another one is let through, in seconds: longer than any call
/// takes, so that this happens only when whoever tried has gone.
const TRY: u64 = 30;
/// How far the clocks of two calls may lie apart, in seconds. Beyond that the clock was put back,
/// and a pause that was meant to be short would become a long one.
const SLACK: u64 = 60;

/// How one account's calls to its provider have gone lately.
#[derive(Debug)]
pub struct Circuit {
    state: State,
}

#[derive(Debug)]
enum State {
    Closed(Option<Row>),
    Open {
        since: Timestamp,
        pause: u64,
    },
    Trying {
        since: Timestamp,
        /// When it was opened: as it is again where nobody tries after all.
        opened: Timestamp,
        pause: u64,
    },
}

/// Failures with no answer between them.
#[derive(Debug, Clone, Copy)]
struct Row {
    failures: u32,
    since: Timestamp,
}

/// Where a circuit stands. The greater, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// Calls go through.
    Closed,
    /// One call tries whether the provider is back.
    HalfOpen,
    /// No call goes through.
    Open,
}

/// Leave to make one call; what came of it is to be recorded.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Pass {
    tries: bool,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            state: State::Closed(None),
        }
    }
}

impl Circuit {
    /// Asks for leave to make a call.
    ///
    /// # Errors
    /// From when on it makes sense to ask again.
    pub fn admit(&mut self, now: Timestamp) -> Result<Pass, Timestamp> {
        let (opened, pause) = match self.state {
            State::Closed(_) => return Ok(Pass { tries: false }),
            State::Open { since, pause } => (since, pause),
            State::Trying { opened, pause, .. } => (opened, pause),
        };
        if let Some(until) = self.closed_off_until(now) {
            return Err(until);
        }
        self.state = State::Trying {
            since: now,
            opened,
            pause,
        };
        Ok(Pass { tries: true })
    }

    /// Gives a pass back that no call was made with: the next one who asks may try.
    pub fn give_back(&mut self, pass: &Pass) {
        if let (State::Trying { opened, pause, .. }, true) = (&self.state, pass.tries) {
            self.state = State::Open {
                since: *opened,
                pause: *pause,
            };
        }
    }

    /// Until when no call goes through, if none does now. Asking this is no leave to make one.
    #[must_use]
    pub fn closed_off_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (since, wait) = match self.state {
            State::Closed(_) => return None,
            State::Open { since, pause } => (since, pause),
            State::Trying { since, .. } => (since, TRY),
        };
        let until = since.plus_seconds(wait);
        (now < until && !was_put_back(since, now)).then_some(until)
    }

    /// Records what came of a call: whether the provider answered, be it with a refusal.
    pub fn record(&mut self, pass: &Pass, answered: bool, now: Timestamp) {
        let opened = |pause| State::Open { since: now, pause };
        match self.state {
            _ if answered => self.state = State::Closed(None),
            State::Closed(row) => {
                let row = Row::with(row, now);
                self.state = if row.is_enough(now) {
                    opened(FIRST_PAUSE)
                } else {
                    State::Closed(Some(row))
                };
            }
            State::Trying { pause, .. } if pass.tries => {
                self.state = opened(pause.saturating_mul(2).min(LONGEST_PAUSE));
            }
            // A call from before it opened says nothing new.
            State::Trying { .. } | State::Open { .. } => {}
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        match self.state {
            State::Closed(_) => Position::Closed,
            State::Trying { .. } => Position::HalfOpen,
            State::Open { .. } => Position::Open,
        }
    }
}

impl Row {
    /// One more failure behind those before it, if any.
    fn with(before: Option<Self>, now: Timestamp) -> Self {
        let before = before.filter(|row| !was_put_back(row.since, now));
        let (failures, since) = before.map_or((0, now), |row| (row.failures, row.since));
        Self {
            failures: failures.saturating_add(1),
            since,
        }
    }

    fn is_enough(self, now: Timestamp) -> bool {
        self.failures >= FAILURES && now >= self.since.plus_seconds(LASTING)
    }
}

/// Whether the clock was put back since then: further than two calls' clocks lie apart.
fn was_put_back(since: Timestamp, now: Timestamp) -> bool {
    since.seconds_since(now) > SLACK
}

/// The circuits of all accounts, by provider and shop.
#[derive(Debug, Default)]
pub struct Circuits {
    by_account: Mutex<HashMap<(&'static str, String), Circuit>>,
}

/// What a change to an account's circuit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Where the circuit stood.
    pub from: Position,
    /// Where it stands.
    pub to: Position,
    /// The worst position of the provider's circuits.
    pub worst: Position,
}

impl Circuits {
    /// As [`Circuit::admit`], for an account.
    ///
    /// # Errors
    /// As there.
    pub fn admit(
        &self,
        provider: &'static str,
        shop: &str,
        now: Timestamp,
    ) -> (Result<Pass, Timestamp>, Moved) {
        self.change(provider, shop, |circuit| circuit.admit(now))
    }

    /// As [`Circuit::give_back`], for an account.
    pub fn give_back(&self, provider: &'static str, shop: &str, pass: &Pass) -> Moved {
        let give_back = |circuit: &mut Circuit| circuit.give_back(pass);
        self.change(provider, shop, give_back).1
    }

    /// As [`Circuit::record`], for an account.
    pub fn record(
        &self,
        provider: &'static str,
        shop: &str,
        pass: &Pass,
        answered: bool,
        now: Timestamp,
    ) -> Moved {
        let record = |circuit: &mut Circuit| circuit.record(pass, answered, now);
        self.change(provider, shop, record).1
    }

    /// As [`Circuit::closed_off_until`], for an account.
    #[must_use]
    pub fn closed_off_until(
        &self,
        provider: &'static str,
        shop: &str,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let by_account = self.by_account();
        let circuit = by_account.get(&(provider, shop.to_owned()))?;
        circuit.closed_off_until(now)
    }

    fn by_account(&self) -> MutexGuard<'_, HashMap<(&'static str, String), Circuit>> {
        self.by_account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(
        &self,
        provider: &'static str,
        shop: &str,
        change: impl FnOnce(&mut Circuit) -> T,
    ) -> (T, Moved) {
        let mut by_account = self.by_account();
        let circuit = by_account.entry((provider, shop.to_owned())).or_default();
        let from = circuit.position();
        let outcome = change(circuit);
        let to = circuit.position();
        let worst = by_account
            .iter()
            .filter(|((of, _), _)| *of == provider)
            .map(|(_, circuit)| circuit.position())
            .fold(to, Position::max);
        (outcome, Moved { from, to, worst })
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Timestamp;
    use proptest::prelude::*;

    use super::{Circuit, Circuits, FAILURES, LASTING, LONGEST_PAUSE, Pass, Position, TRY};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000).plus_seconds(seconds)
    }

    const ORDINARY: Pass = Pass { tries: false };
    const TRIES: Pass = Pass { tries: true };

    /// When enough failures come so that the last one, which opens a circuit, is at `now`.
    fn failures_until(now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let first = Timestamp::from_millis(now.millis() - LASTING * 1_000);
        (1..FAILURES).map(move |_| first).chain([now])
    }

    /// A circuit that has just opened.
    fn open(now: Timestamp) -> Circuit {
        let mut circuit = Circuit::default();
        for failure in failures_until(now) {
            assert_eq!(circuit.position(), Position::Closed);
            assert_eq!(circuit.admit(failure), Ok(ORDINARY));
            circuit.record(&ORDINARY, false, failure);
        }
        assert_eq!(circuit.position(), Position::Open);
        circuit
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let mut circuit = Circuit::default();
        for round in 0..20 {
            circuit.record(&ORDINARY, round % u64::from(FAILURES) == 0, at(round));
            assert_eq!(circuit.position(), Position::Closed, "round {round}");
        }
        open(at(0));
    }

    #[test]
    fn what_fails_in_one_moment_opens_nothing_before_it_lasts() {
        let mut circuit = Circuit::default();
        let almost = Timestamp::from_millis(at(LASTING).millis() - 1);
        for now in [at(0), at(1), almost] {
            for _ in 0..FAILURES {
                circuit.record(&ORDINARY, false, now);
                assert_eq!(circuit.position(), Position::Closed);
            }
        }
        circuit.record(&ORDINARY, false, at(LASTING));
        assert_eq!(circuit.position(), Position::Open);
    }

    #[test]
    fn few_failures_open_nothing_however_long_it_lasts() {
        let mut circuit = Circuit::default();
        for round in 1..u64::from(FAILURES) {
            circuit.record(&ORDINARY, false, at(round * 3_600));
            assert_eq!(circuit.position(), Position::Closed);
        }
        circuit.record(&ORDINARY, false, at(86_400));
        assert_eq!(circuit.position(), Position::Open);
    }

    #[test]
    fn one_try_at_a_time_goes_through_when_the_pause_is_over() {
        let mut circuit = open(at(0));
        assert_eq!(circuit.admit(at(9)), Err(at(10)));
        assert_eq!(circuit.closed_off_until(at(9)), Some(at(10)));
        // To look is not to try.
        assert_eq!(circuit.closed_off_until(at(10)), None);
        assert_eq!(circuit.admit(at(10)), Ok(TRIES));
        assert_eq!(circuit.position(), Position::HalfOpen);
        assert_eq!(circuit.closed_off_until(at(10)), Some(at(10 + TRY)));
        assert_eq!(circuit.admit(at(10)), Err(at(10 + TRY)));
        circuit.record(&TRIES, true, at(11));
        assert_eq!(circuit.position(), Position::Closed);
        assert_eq!(circuit.admit(at(11)), Ok(ORDINARY));
    }

    #[test]
    fn each_failed_try_doubles_the_pause_up_to_its_limit() {
        let mut circuit = open(at(0));
        let (mut now, mut pauses) = (at(0), Vec::new());
        for _ in 0..8 {
            let until = circuit.admit(now).unwrap_err();
            pauses.push(until.seconds_since(now));
            now = until;
            assert_eq!(circuit.admit(now), Ok(TRIES));
            circuit.record(&TRIES, false, now);
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        // Once it was closed, it begins anew.
        circuit.record(&TRIES, true, now);
        for now in failures_until(now) {
            circuit.record(&ORDINARY, false, now);
        }
        assert_eq!(circuit.admit(now), Err(now.plus_seconds(10)));
    }

    #[test]
    fn late_failures_of_calls_from_before_neither_lengthen_nor_end_anything() {
        let mut circuit = open(at(0));
        circuit.record(&ORDINARY, false, at(5));
        assert_eq!(circuit.admit(at(10)), Ok(TRIES));
        circuit.record(&ORDINARY, false, at(10));
        assert_eq!(circuit.position(), Position::HalfOpen);
        circuit.record(&TRIES, false, at(11));
        assert_eq!(circuit.admit(at(12)), Err(at(31)));
    }

    #[test]
    fn a_try_whose_caller_has_gone_is_replaced() {
        let mut circuit = open(at(0));
        let _gone = circuit.admit(at(10));
        assert_eq!(circuit.admit(at(10 + TRY - 1)), Err(at(10 + TRY)));
        assert_eq!(circuit.admit(at(10 + TRY)), Ok(TRIES));
    }

    #[test]
    fn a_try_that_was_not_made_is_the_next_ones() {
        let mut circuit = open(at(0));
        let pass = circuit.admit(at(12)).unwrap();
        assert_eq!(circuit.admit(at(13)), Err(at(12 + TRY)));
        circuit.give_back(&pass);
        assert_eq!(circuit.position(), Position::Open);
        assert_eq!(circuit.closed_off_until(at(13)), None);
        let pass = circuit.admit(at(13)).unwrap();
        assert_eq!(pass, TRIES);
        // An ordinary pass is worth nothing here, and that of a try that ended neither.
        circuit.give_back(&ORDINARY);
        assert_eq!(circuit.position(), Position::HalfOpen);
        circuit.record(&pass, true, at(14));
        circuit.give_back(&pass);
        assert_eq!(circuit.position(), Position::Closed);
    }

    #[test]
    fn a_clock_that_is_put_back_keeps_nothing_closed_off() {
        let day = 86_400;
        let mut circuit = open(at(day));
        assert_eq!(
            circuit.admit(at(day - 1)),
            Err(at(day + 10)),
            "a little apart"
        );
        assert_eq!(circuit.admit(at(0)), Ok(TRIES));

        // Nor does it have a row of failures begin a day from now.
        let mut circuit = Circuit::default();
        circuit.record(&ORDINARY, false, at(day));
        for now in failures_until(at(10)) {
            assert_eq!(circuit.position(), Position::Closed);
            circuit.record(&ORDINARY, false, now);
        }
        assert_eq!(circuit.position(), Position::Open);
    }

    #[test]
    fn accounts_fail_by_themselves_and_the_worst_is_told() {
        let circuits = Circuits::default();
        for now in failures_until(at(0)) {
            let (pass, _) = circuits.admit("p", "a", now);
            let _ = circuits.record("p", "a", &pass.unwrap(), false, now);
        }
        let (refused, moved) = circuits.admit("p", "a", at(1));
        assert_eq!(refused, Err(at(10)));
        assert_eq!((moved.to, moved.worst), (Position::Open, Position::Open));
        let (pass, moved) = circuits.admit("p", "b", at(1));
        assert!(pass.is_ok());
        assert_eq!((moved.to, moved.worst), (Position::Closed, Position::Open));
        let (pass, moved) = circuits.admit("q", "a", at(1));
        assert!(pass.is_ok());
        assert_eq!(moved.worst, Position::Closed);
        let (pass, moved) = circuits.admit("p", "a", at(10));
        assert_eq!((moved.from, moved.to), (Position::Open, Position::HalfOpen));
        let moved = circuits.record("p", "a", &pass.unwrap(), true, at(10));
        assert_eq!(moved.worst, Position::Closed);
    }

    proptest! {
        /// Whatever happens, a pause ends: nobody waits longer than the longest one.
        #[test]
        fn no_wait_is_longer_than_the_longest_pause(
            steps in proptest::collection::vec((0..400_u64, any::<bool>(), any::<bool>()), 0..80),
        ) {
            let mut circuit = Circuit::default();
            let mut now = at(0);
            for (pause, answered, gone) in steps {
                now = now.plus_seconds(pause);
                match circuit.admit(now) {
                    Ok(pass) if !gone => circuit.record(&pass, answered, now),
                    Ok(_) => {}
                    Err(until) => {
                        prop_assert!(until > now);
                        prop_assert!(until <= now.plus_seconds(LONGEST_PAUSE));
                        prop_assert!(circuit.admit(until).is_ok());
                    }
                }
            }
        }
    }
}
