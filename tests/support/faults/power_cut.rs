//! `power-cut`: the server is killed, and its files become what a power cut would have left of
//! them. Every second cut leaves only what was synced; the others also a random half of the rest,
//! torn at the edges of sectors.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use super::{
    driver::{
        image::Image,
        outcome::Outcome,
        preload::Preload,
        random::Random,
        traffic::{self, Load, Stage},
        world::{Bench, Setting, World},
    },
    kill::{LATER, RETRY_SECONDS, SOON},
};
use crate::services::{Problem, Service};

/// What the run on a disk that lies is called.
const LYING: &str = "lying-disk";
/// So many payments meet a cut.
const PAYMENTS: usize = 12;

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let world = World::open(bench, folder, &Setting::short_log(bench)?.meddled())?;
    cut_often(&world, bench, cuts(bench), "power-cut")
}

/// The same on a disk that says that it synced and did not: the harness must find what is lost.
pub(super) fn on_a_lying_disk(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    // With a log that is never written back: else the file is damaged, and the server says so
    // instead of losing something.
    let world = World::open(bench, folder, &Setting::default().meddled())?;
    cut_often(&world, bench, 3, LYING)
}

/// One cut for ten kills, and twenty at the least.
fn cuts(bench: &Bench) -> usize {
    (bench.kills / 10).max(20)
}

fn cut_often(
    world: &World<'_>,
    bench: &Bench,
    cuts: usize,
    name: &'static str,
) -> Result<Outcome, Problem> {
    let preload = world.preload()?;
    let mut machine = Machine::new(world)?;
    let mut random = Random::new(bench.seed ^ 0x0ff);
    let server = machine.start()?;
    if name == LYING {
        // From now on: the files themselves are there, and what comes into them is not.
        preload.let_syncs_lie()?;
    }
    let load = Load::new(cuts * PAYMENTS, bench.seed);
    let outcome = traffic::run(name, world, &load, server, |stage, server| {
        (0..cuts).try_fold(server, |server, cut| {
            stage.go_on(cut + 1, cuts + 1);
            machine.cut(stage, server, cut % 2 == 1, &mut random)
        })
    })?;
    Ok(outcome
        .figure(format!("{cuts} cuts"))
        .figure(format!("{} syncs", preload.syncs()?)))
}

/// The server's machine, which remembers what its disk held.
struct Machine<'a> {
    world: &'a World<'a>,
    journal: PathBuf,
    base: Image,
}

impl<'a> Machine<'a> {
    fn new(world: &'a World) -> Result<Self, Problem> {
        Ok(Self {
            world,
            journal: world.data().with_extension("journal"),
            base: Image::of(world.data())?,
        })
    }

    fn start(&self) -> Result<Service, Problem> {
        let journal = Preload::journaled_in(&self.journal);
        self.world.start.start_with(&[journal])
    }

    /// The power goes, and comes back.
    fn cut(
        &mut self,
        stage: &Stage<'_>,
        mut server: Service,
        lucky: bool,
        random: &mut Random,
    ) -> Result<Service, Problem> {
        let moment = if random.below(2) == 0 { SOON } else { LATER };
        thread::sleep(random.shorter_than(moment));
        server.kill()?;
        let journal = fs::read(&self.journal)?;
        let base = std::mem::take(&mut self.base);
        self.base = base.after(&journal, lucky.then_some(random))?;
        self.base.restore(self.world.data())?;
        fs::remove_file(&self.journal)?;
        let server = self.start()?;
        stage.world.simulator.skip(RETRY_SECONDS)?;
        Ok(server)
    }
}
