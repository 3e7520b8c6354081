//! `disk-full`, `read-only` and `disk-error`: for a while the disk takes nothing. The server must
//! say so (503, and when to ask again), acknowledge nothing that it did not keep, and work again
//! without a restart once the disk does.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::driver::{
    outcome::Outcome,
    plan::Plan,
    preload::{Disk, Preload},
    traffic::{self, Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{Problem, Service};

/// How long the disk fails each time.
const WHILE: Duration = Duration::from_millis(700);
/// Within so long after it works again, the server does.
const RECOVERY: Duration = Duration::from_secs(10);
/// How often each thing happens.
const ROUNDS: usize = 4;

pub(super) fn full(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    fail("disk-full", &[Disk::Full, Disk::NoGrowth], bench, folder)
}

pub(super) fn read_only(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    fail("read-only", &[Disk::ReadOnly], bench, folder)
}

pub(super) fn broken(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    fail(
        "disk-error",
        &[Disk::Broken, Disk::BrokenSync],
        bench,
        folder,
    )
}

fn fail(
    name: &'static str,
    ways: &[Disk],
    bench: &Bench,
    folder: &Path,
) -> Result<Outcome, Problem> {
    let world = World::open(bench, folder, &Setting::short_log(bench)?.meddled())?;
    let server = world.start.start()?;
    let times: Vec<Disk> = ways.iter().copied().cycle().take(ROUNDS).collect();
    let load = Load::new(160, bench.seed);
    let mut seen = Seen::default();
    let outcome = traffic::run(name, &world, &load, server, |stage, server| {
        seen.probes = Plan::draw(&format!("{name}-probe"), 2 * times.len(), bench.seed);
        for (time, way) in times.iter().enumerate() {
            stage.go_on(2 * time + 1, 2 * times.len() + 1);
            seen.fails(stage, world.preload()?, *way)?;
            stage.go_on(2 * time + 2, 2 * times.len() + 1);
        }
        seen.unsaid = stage.tally.refusals_without_a_time();
        seen.refused = stage.tally.times(503);
        seen.faults = stage.tally.faults();
        // What is acknowledged now is in the files, not in the memory of this process.
        restarted(stage, server)
    })?;
    Ok(seen.judge(outcome, world.preload()?.refused()?))
}

fn restarted(stage: &Stage<'_>, mut server: Service) -> Result<Service, Problem> {
    server.kill()?;
    stage.world.start.start()
}

/// What was seen of it.
#[derive(Debug, Default)]
struct Seen {
    /// Orders to try with.
    probes: Vec<Plan>,
    /// Requests that were answered with 503, and those of them that did not say when to ask again.
    refused: usize,
    unsaid: usize,
    /// Other answers from 500 on.
    faults: usize,
    slowest_recovery: Duration,
    wrong: Vec<String>,
}

impl Seen {
    /// The disk fails for a while in one way.
    fn fails(&mut self, stage: &Stage<'_>, preload: &Preload, way: Disk) -> Result<(), Problem> {
        preload.set_disk(way)?;
        self.try_meanwhile(stage, way)?;
        thread::sleep(WHILE);
        preload.set_disk(Disk::Well)?;
        let works_again = Instant::now();
        // The same order: whatever became of it before, now there is a payment.
        let probe = self.probes.pop().ok_or("there are too few orders")?;
        let status = loop {
            let status = stage.kassa.try_create(&probe)?.status;
            if status != 503 || works_again.elapsed() > RECOVERY {
                break status;
            }
            thread::sleep(Duration::from_millis(10));
        };
        if status != 201 {
            self.wrong
                .push(format!("{way:?}: {status} when it was over"));
        }
        self.slowest_recovery = self.slowest_recovery.max(works_again.elapsed());
        // Callbacks that were refused come again.
        stage.world.simulator.skip(super::kill::RETRY_SECONDS)
    }

    /// What can be answered meanwhile is, and what cannot be kept is refused.
    fn try_meanwhile(&mut self, stage: &Stage<'_>, way: Disk) -> Result<(), Problem> {
        let probe = self.probes.pop().ok_or("there are too few orders")?;
        let created = stage.kassa.try_create(&probe)?;
        match created.status {
            503 => {}
            // There may be room in the file; then it must be kept, as all that is acknowledged.
            201 if way == Disk::NoGrowth => {
                let made = created.json()?;
                stage.created(&probe, made["id"].as_str().unwrap_or_default());
            }
            other => self.wrong.push(format!(
                "{way:?}: {other} for a payment that cannot be kept"
            )),
        }
        let listed = stage.kassa.try_list()?.status;
        if listed != 200 {
            self.wrong.push(format!("{way:?}: {listed} for a list"));
        }
        Ok(())
    }

    fn judge(self, mut outcome: Outcome, refused: i64) -> Outcome {
        outcome.wrong.extend(self.wrong);
        let Self {
            unsaid,
            faults,
            refused: answers,
            slowest_recovery,
            ..
        } = self;
        outcome
            .figure(format!("{ROUNDS} times"))
            .figure(format!("{refused} calls failed"))
            .figure(format!("{answers} answers 503"))
            .figure(format!(
                "slowest recovery {} ms",
                slowest_recovery.as_millis()
            ))
            .demand(answers > 0, "nobody was refused: the disk did not fail")
            .demand(
                unsaid == 0,
                format!("{unsaid} answers 503 without Retry-After"),
            )
            .demand(faults == 0, format!("{faults} answers of a broken server"))
    }
}
