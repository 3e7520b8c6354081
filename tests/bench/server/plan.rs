//! What is measured: which servers, which operations of each, and the goals.

use std::{fs, path::Path, rc::Rc};

use kassa_tests::services::{Postgres, Problem};

use crate::{
    Arguments,
    database::Database,
    postgres::PostgresDatabase,
    report::{Goal, grouped},
    rounds::{Entry, Operation, Step},
    sqlite::SqliteDatabase,
    subject::{Start, Subject},
};

/// How many callbacks a second a server may take at first.
const FIRST_GUESS: u64 = 10_000;
const FIRST_GUESS_OF_A_CHECK: u64 = 1_500;
/// The goal for 99 of 100 answers, in microseconds.
const P99: u64 = 15_000;

/// Where payments are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Store {
    /// A file.
    Sqlite,
    /// A private cluster on this machine.
    Postgres,
}

/// What a server is measured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The share of hello.
    Plain,
    /// What a commit for every write costs.
    OneByOne,
    /// What many stored payments cost.
    Large,
}

/// A server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its store.
    pub(crate) store: Store,
    /// What for.
    pub(crate) role: Role,
    /// How many payments it has.
    pub(crate) payments: u64,
}

impl Kind {
    /// What lines call it.
    pub(crate) const fn name(self) -> &'static str {
        match (self.store, self.role) {
            (Store::Sqlite, Role::Plain) => "sqlite",
            (Store::Sqlite, Role::OneByOne) => "sqlite one by one",
            (Store::Sqlite, Role::Large) => "sqlite large",
            (Store::Postgres, Role::Large) => "postgres large",
            (Store::Postgres, _) => "postgres",
        }
    }
}

/// All that is measured.
pub(crate) struct Plan {
    /// The servers.
    pub(crate) kinds: Vec<Kind>,
    /// What is measured in a round, in order.
    pub(crate) steps: Vec<Step>,
    is_check: bool,
}

impl Plan {
    /// What the command line asks for.
    pub(crate) fn new(arguments: &Arguments) -> Self {
        let mut kinds = Vec::new();
        let mut add = |store, role, payments| {
            if arguments.store.is_none_or(|only| only == store) {
                kinds.push(Kind {
                    store,
                    role,
                    payments,
                });
            }
        };
        add(Store::Sqlite, Role::Plain, arguments.payments);
        if !arguments.check {
            add(Store::Postgres, Role::Plain, arguments.payments);
        }
        if !arguments.short {
            add(Store::Sqlite, Role::OneByOne, arguments.payments);
            for store in [Store::Sqlite, Store::Postgres] {
                if arguments.large > 0 {
                    add(store, Role::Large, arguments.large);
                }
            }
        }
        let steps = kinds
            .iter()
            .enumerate()
            .flat_map(|(subject, kind)| {
                let operations = operations(kind.role).iter();
                operations.map(move |operation| Step {
                    subject,
                    operation: *operation,
                })
            })
            .filter(|step| arguments.only.is_empty() || arguments.only.contains(&step.operation))
            .collect();
        Self {
            kinds,
            steps,
            is_check: arguments.check,
        }
    }

    /// Starts the servers and fills their databases.
    ///
    /// # Errors
    /// When one does not start, or its database cannot be filled.
    pub(crate) fn entries(
        &self,
        kassa: &Path,
        own: &Path,
        folder: &Path,
    ) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        let mut cluster = None;
        for kind in &self.kinds {
            eprintln!("{}: {} payments", kind.name(), grouped(kind.payments));
            let place = folder.join(kind.name().replace(' ', "-"));
            fs::create_dir_all(&place)?;
            let (program, command) = match kind.role {
                Role::OneByOne => (own, "one-by-one"),
                _ => (kassa, "serve"),
            };
            let start = Start {
                program: program.to_owned(),
                arguments: vec![command.to_owned()],
            };
            let database: Box<dyn Database> = match kind.store {
                Store::Sqlite => Box::new(SqliteDatabase::in_folder(&place)),
                Store::Postgres => Box::new(PostgresDatabase::create(shared(&mut cluster)?)?),
            };
            let mut subject = Subject::filled(&start, &place, database, kind.payments)?;
            let is_reset = kind.role != Role::Large;
            if is_reset {
                subject.keep()?;
            }
            entries.push(Entry {
                subject,
                is_reset,
                callbacks: if self.is_check {
                    FIRST_GUESS_OF_A_CHECK
                } else {
                    FIRST_GUESS
                },
            });
        }
        Ok(entries)
    }

    /// The goals for an operation: the share of hello, and the time of 99 of 100 answers.
    pub(crate) fn goals(&self, kind: Kind, operation: Operation) -> (Goal, Goal) {
        if kind.role != Role::Plain {
            return (Goal::None, Goal::None);
        }
        match (kind.store, operation) {
            (Store::Sqlite, Operation::Status) => (Goal::AtLeast(600), Goal::AtMost(P99)),
            (Store::Sqlite, _) => (Goal::AtLeast(350), Goal::AtMost(P99)),
            // 5,000 and 7,000 a second where hello answers 80,000.
            (Store::Postgres, Operation::Create) => (Goal::AtLeast(63), Goal::None),
            (Store::Postgres, Operation::Callback) => (Goal::AtLeast(88), Goal::None),
            (Store::Postgres, Operation::Status) => (Goal::None, Goal::None),
        }
    }

    /// A goal, where figures mean anything.
    pub(crate) const fn goal(&self, goal: Goal) -> Goal {
        if self.is_check { Goal::None } else { goal }
    }
}

const fn operations(role: Role) -> &'static [Operation] {
    match role {
        Role::OneByOne => &[Operation::Create, Operation::Callback],
        Role::Plain | Role::Large => &[Operation::Create, Operation::Callback, Operation::Status],
    }
}

/// The cluster, started when it is needed first.
fn shared(cluster: &mut Option<Rc<Postgres>>) -> Result<&Rc<Postgres>, Problem> {
    match cluster {
        Some(cluster) => Ok(cluster),
        none => Ok(none.insert(Rc::new(Postgres::start_new()?))),
    }
}
