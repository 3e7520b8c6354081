//! Operations measured in turns, each right after a bare hello of the same length.
//!
//! The machine is shared and its speed goes up and down. What a run can tell is the share of
//! hello's answers that an operation reaches in the same moment, so that is what is kept.

use kassa_tests::services::{DEV_API_KEY, Problem};

use crate::{
    load::{Load, Outcome},
    subject::Subject,
};

/// An operation of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Operation {
    /// A shop makes a payment, with an idempotency key.
    Create,
    /// The provider reports that an attempt was paid.
    Callback,
    /// A customer's browser asks where a payment stands.
    Status,
}

impl Operation {
    /// What lines call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Callback => "callback",
            Self::Status => "status",
        }
    }
}

/// Something to measure in every round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Which server, by its place.
    pub(crate) subject: usize,
    /// What it does.
    pub(crate) operation: Operation,
}

/// A server among those that are measured.
pub(crate) struct Entry {
    /// The server.
    pub(crate) subject: Subject,
    /// Whether its database is put back before every measurement.
    pub(crate) is_reset: bool,
    /// How many callbacks are prepared for each second.
    pub(crate) callbacks: u64,
}

/// A measurement and the hello right before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// The bare hello.
    pub(crate) hello: Outcome,
    /// The operation.
    pub(crate) measured: Outcome,
}

impl Pair {
    /// The operation's answers for each 1,000 of hello's.
    pub(crate) fn share(&self) -> u64 {
        let thousand = self.measured.per_second.saturating_mul(1_000);
        thousand.checked_div(self.hello.per_second).unwrap_or(0)
    }
}

/// What measures, and what it has seen.
pub(crate) struct Bench {
    /// The load generator.
    pub(crate) load: Load,
    /// The bare hello's address.
    pub(crate) hello: String,
    /// The servers.
    pub(crate) entries: Vec<Entry>,
    /// How many runs with created payments there were.
    runs: u64,
}

impl Bench {
    /// Warms up, and learns how fast the machine is.
    ///
    /// # Errors
    /// When hello does not answer.
    pub(crate) fn new(load: Load, hello: &str, entries: Vec<Entry>) -> Result<Self, Problem> {
        let bench = Self {
            load,
            hello: format!("{hello}/hello"),
            entries,
            runs: 0,
        };
        bench.hello()?;
        Ok(bench)
    }

    /// One step, right after a bare hello.
    ///
    /// # Errors
    /// When anything but a 2xx came, or the server's own count says otherwise than wrk's.
    pub(crate) fn measure(&mut self, step: Step) -> Result<Pair, Problem> {
        loop {
            if self.entry(step)?.is_reset {
                self.entry(step)?.subject.reset()?;
            }
            let callbacks = self.prepared(step)?;
            let hello = self.hello()?;
            let measured = self.operation(step, &callbacks)?;
            let entry = self.entry(step)?;
            if !measured.spent {
                if step.operation == Operation::Callback {
                    entry.callbacks = measured.per_second.saturating_mul(3) / 2;
                }
                return Ok(Pair { hello, measured });
            }
            // It was faster than foreseen: again, with more.
            entry.callbacks = entry.callbacks.saturating_mul(2);
        }
    }

    fn hello(&self) -> Result<Outcome, Problem> {
        self.load.run("hello", &self.hello, &[])
    }

    /// The files of callbacks, where the step needs any.
    fn prepared(&mut self, step: Step) -> Result<String, Problem> {
        if step.operation != Operation::Callback {
            return Ok(String::new());
        }
        let seconds = u64::from(self.load.seconds) + 1;
        let entry = self.entry(step)?;
        let count = entry.callbacks.saturating_mul(seconds);
        entry.subject.prepare_callbacks(count)
    }

    fn operation(&mut self, step: Step, callbacks: &str) -> Result<Outcome, Problem> {
        self.runs += 1;
        let run = self.runs.to_string();
        let load = self.load.clone();
        let subject = &self.entry(step)?.subject;
        let url = subject.url();
        match step.operation {
            Operation::Create => {
                let count = ["kassa_payments_created_total"];
                let back = format!("{}/thanks", subject.shop());
                counted(subject, &count, || {
                    load.run("create", url, &[DEV_API_KEY, &run, &back])
                })
            }
            Operation::Callback => {
                let count = ["kassa_callbacks_total", "outcome=\"applied\""];
                counted(subject, &count, || load.run("callback", url, &[callbacks]))
            }
            Operation::Status => {
                let count = ["kassa_requests_total", "/status\"", "status=\"200\""];
                let tokens = subject.tokens();
                counted(subject, &count, || load.run("status", url, &[&tokens]))
            }
        }
    }

    fn entry(&mut self, step: Step) -> Result<&mut Entry, Problem> {
        let entry = self.entries.get_mut(step.subject);
        Ok(entry.ok_or("a step names a server that there is not")?)
    }
}

/// Runs load and compares what wrk saw answered with what the server's own figures say it did.
fn counted(
    subject: &Subject,
    metric: &[&str],
    run: impl FnOnce() -> Result<Outcome, Problem>,
) -> Result<Outcome, Problem> {
    let before = subject.metric(metric)?;
    let outcome = run()?;
    let done = subject.metric(metric)?.saturating_sub(before);
    // What a spent load asked for in the end was something else, and is not counted.
    if done < outcome.requests && !outcome.spent {
        let name = metric.concat();
        let answered = outcome.requests;
        return Err(format!("{answered} were answered, but {name} grew by {done} only").into());
    }
    Ok(outcome)
}

/// The middle one.
pub(crate) fn median(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Pair, median};

    #[test]
    fn the_median_of_an_odd_count_is_the_middle_one() {
        assert_eq!(median([5, 1, 9]), 5);
        assert_eq!(median([]), 0);
    }

    #[test]
    fn a_share_is_of_the_hello_beside_it() {
        let at = |per_second| Outcome {
            per_second,
            ..Outcome::default()
        };
        let pair = Pair {
            hello: at(80_000),
            measured: at(36_000),
        };
        assert_eq!(pair.share(), 450);
    }
}
