//! The fault harness: the real server, and everything that can go wrong around it, while payments
//! are made. Nothing that it acknowledged may be gone or doubled afterwards.
//!
//! It knows nothing of the server's insides: it buys as a shop, pays as a customer, and asks the
//! simulator, which never fails by itself, what is true. Each fault has a file of its own here;
//! what they share lies in `driver`.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a member that a JSON value does not have gives null, never a panic"
)]

mod call_points;
mod clock;
mod crash_points;
mod disk;
mod driver;
mod hang_up;
mod kill;
mod network;
mod nodes;
mod postgres_crash;
mod power_cut;
mod slow_fsync;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

pub use driver::{outcome::Outcome, webhooks::Receiver};

use crate::services::{Binaries, Problem};
use driver::{cluster::Cluster, world::Bench};

/// What keeps the payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A file.
    Sqlite,
    /// A PostgreSQL of the test's own.
    Postgres,
}

const BOTH: &[Store] = &[Store::Sqlite, Store::Postgres];

/// A thing that goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// The stores that it can happen to.
    pub stores: &'static [Store],
    run: fn(&Bench, &Path) -> Result<Outcome, Problem>,
}

/// All faults, in the order in which they are run.
pub const ALL: &[Fault] = &[
    Fault {
        name: "kill",
        about: "kill -9 at random moments",
        stores: BOTH,
        run: kill::run,
    },
    Fault {
        name: "crash-points",
        about: "the server dies at each point that it names, between two steps",
        stores: BOTH,
        run: crash_points::run,
    },
    Fault {
        name: "power-cut",
        about: "only what was synced is left, or that and torn parts of the rest",
        stores: &[Store::Sqlite],
        run: power_cut::run,
    },
    Fault {
        name: "slow-fsync",
        about: "every sync takes longer, up to a second",
        stores: &[Store::Sqlite],
        run: slow_fsync::run,
    },
    Fault {
        name: "disk-full",
        about: "no space is left for a while",
        stores: &[Store::Sqlite],
        run: disk::full,
    },
    Fault {
        name: "read-only",
        about: "the disk is read-only for a while",
        stores: &[Store::Sqlite],
        run: disk::read_only,
    },
    Fault {
        name: "disk-error",
        about: "writing, or only syncing, fails for a while",
        stores: &[Store::Sqlite],
        run: disk::broken,
    },
    Fault {
        name: "hang-up",
        about: "clients hang up in the middle of what they say, then the server is killed",
        stores: BOTH,
        run: hang_up::run,
    },
    Fault {
        name: "network",
        about: "webhooks and callbacks are delayed, cut at every byte, and repeated",
        stores: BOTH,
        run: network::run,
    },
    Fault {
        name: "postgres-crash",
        about: "PostgreSQL is stopped at once, or one of its processes killed",
        stores: &[Store::Postgres],
        run: postgres_crash::run,
    },
    Fault {
        name: "nodes",
        about: "two and three servers, every callback ten times to random ones",
        stores: &[Store::Postgres],
        run: nodes::run,
    },
    Fault {
        name: "clock",
        about: "the server's time of day jumps by a day, both ways",
        stores: BOTH,
        run: clock::run,
    },
];

/// Runs that must find something: what proves that the harness can fail.
pub const SELF_TESTS: &[Fault] = &[Fault {
    name: "lying-disk",
    about: "a power cut on a disk that says that it synced, and did not",
    stores: &[Store::Sqlite],
    run: power_cut::on_a_lying_disk,
}];

/// What to run faults with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What keeps the payments.
    pub store: Store,
    /// How often the server is killed; other things are done in proportion.
    pub kills: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Where the programs are; built when nobody says it.
    pub bin_dir: Option<PathBuf>,
}

/// The faults, ready to be run.
#[derive(Debug)]
pub struct Harness {
    bench: Bench,
}

impl Harness {
    /// Finds the programs, and starts what keeps the payments.
    ///
    /// # Errors
    /// When they are not there, or cannot be built or started.
    pub fn new(options: &Options) -> Result<Self, Problem> {
        let cluster = match options.store {
            Store::Sqlite => None,
            Store::Postgres => Some(Cluster::start()?),
        };
        Ok(Self {
            bench: Bench {
                cluster,
                binaries: Binaries::find(options.bin_dir.clone())?,
                kills: options.kills,
                seed: options.seed,
            },
        })
    }

    /// Runs a fault. Where something is wrong the logs and the database are kept, and the outcome
    /// says where.
    ///
    /// # Errors
    /// When it could not be carried through: a program does not start, or does not come up again.
    pub fn run(&self, fault: &Fault) -> Result<Outcome, Problem> {
        let begun = Instant::now();
        let prefix = format!("kassa-{}-", fault.name);
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
        let outcome = (fault.run)(&self.bench, folder.path());
        let is_good = outcome.as_ref().is_ok_and(Outcome::is_good);
        let kept = (!is_good).then(|| folder.keep());
        let kept = kept.map(|path| format!("logs and database are kept in {}", path.display()));
        match outcome {
            Ok(mut outcome) => {
                outcome.spent = begun.elapsed();
                outcome.wrong.extend(kept);
                Ok(outcome)
            }
            Err(error) => Err(format!("{error}; {}", kept.unwrap_or_default()).into()),
        }
    }
}
