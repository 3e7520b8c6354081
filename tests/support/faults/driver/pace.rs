//! Spreads the customers' steps over the whole run, so that every kill hits some of them.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A gate that lets so many steps through, raised by the killer as it goes on.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    allowed: usize,
    taken: usize,
    stopped: bool,
}

impl Pace {
    /// Waits for leave to take a step; `false` when the run has been stopped.
    pub(crate) fn step(&self) -> bool {
        let waits = |state: &mut State| state.taken >= state.allowed && !state.stopped;
        let mut state = self
            .changed
            .wait_while(self.state(), waits)
            .unwrap_or_else(PoisonError::into_inner);
        state.taken += 1;
        let goes_on = !state.stopped;
        drop(state);
        self.changed.notify_all();
        goes_on
    }

    /// Allows steps up to a number, counted from the beginning.
    pub(crate) fn allow(&self, steps: usize) {
        let mut state = self.state();
        state.allowed = state.allowed.max(steps);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until all allowed steps were begun, at most so long: customers may be held up.
    pub(crate) fn wait_until_taken(&self, patience: Duration) {
        let waits = |state: &mut State| state.taken < state.allowed && !state.stopped;
        drop(
            self.changed
                .wait_timeout_while(self.state(), patience, waits),
        );
    }

    /// Ends the run: nobody takes another step.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Whether the run has been stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
