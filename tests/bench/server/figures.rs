//! The figures of a run, printed.

use std::{fs, path::Path};

use kassa_tests::services::Problem;

use crate::{
    plan::{Plan, Role, Store},
    report::{Goal, figure, grouped, ratio, share},
    rounds::{Bench, Operation, Pair, median},
};

/// How many restarts the time of one is the median of.
const RESTARTS: usize = 5;

/// How fast the operations are, and what sharing commits and many payments do to that.
pub(crate) fn speed(plan: &Plan, seen: &[Vec<Pair>]) {
    for (step, pairs) in plan.steps.iter().zip(seen) {
        let Some(kind) = plan.kinds.get(step.subject) else {
            continue;
        };
        let name = format!("{} {}", kind.name(), step.operation.name());
        let (goal, p99) = plan.goals(*kind, step.operation);
        println!("{}", share(&name, pairs, plan.goal(goal), plan.goal(p99)));
    }
    let find = |store: Store, role: Role, operation: Operation| {
        plan.steps.iter().zip(seen).find_map(|(step, pairs)| {
            let kind = plan.kinds.get(step.subject)?;
            let is_it = (kind.store, kind.role, step.operation) == (store, role, operation);
            is_it.then_some((kind.payments, pairs))
        })
    };
    for store in [Store::Sqlite, Store::Postgres] {
        for operation in [Operation::Create, Operation::Callback, Operation::Status] {
            let Some((few, plain)) = find(store, Role::Plain, operation) else {
                continue;
            };
            let name = format!("{store:?} {}", operation.name()).to_lowercase();
            if let Some((_, one_by_one)) = find(store, Role::OneByOne, operation) {
                let name = format!("{name}, commits shared/one by one");
                println!("{}", ratio(&name, plain, one_by_one, Goal::AtLeast(14_000)));
            }
            if let Some((many, large)) = find(store, Role::Large, operation) {
                let (many, few) = (grouped(many), grouped(few));
                let name = format!("{name}, cost at {many}/at {few} payments");
                println!("{}", ratio(&name, plain, large, Goal::AtMost(1_200)));
            }
        }
    }
}

/// Memory, restart and sizes.
///
/// # Errors
/// When a server does not start again.
pub(crate) fn rest(plan: &Plan, bench: &mut Bench, kassa: &Path) -> Result<(), Problem> {
    let kinds = plan.kinds.iter().zip(&mut bench.entries);
    for (kind, entry) in kinds.filter(|(kind, _)| kind.role != Role::OneByOne) {
        let name = kind.name();
        let memory = entry.subject.peak_memory()?;
        let goal = plan.goal(Goal::AtMost(64_000));
        println!(
            "{}",
            figure(&format!("{name} most memory"), memory, " MB", goal)
        );

        let mut times = Vec::new();
        for _ in 0..RESTARTS {
            times.push(u64::try_from(entry.subject.restart()?.as_micros())?);
        }
        let payments = grouped(kind.payments);
        let line = format!("{name} restart to first answer at {payments} payments and more");
        let goal = plan.goal(Goal::AtMost(100_000));
        println!("{}", figure(&line, median(times), " ms", goal));

        let size = entry.subject.database_bytes()? / 1_000;
        println!(
            "{}",
            figure(&format!("{name} database"), size, " MB", Goal::None)
        );
    }
    let bytes = fs::metadata(kassa)?.len();
    let goal = plan.goal(Goal::AtMost(25_000));
    println!("{}", figure("binary", bytes / 1_000, " MB", goal));
    Ok(())
}
