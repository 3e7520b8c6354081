//! `kill`: the server is killed at random moments, also while it starts.

use std::{thread, time::Duration};

use super::driver::{
    outcome::Outcome,
    random::Random,
    traffic::{self, Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{Problem, Service};

/// A kill that meets requests on their way.
pub(super) const SOON: Duration = Duration::from_millis(6);
/// A kill that meets callbacks, jobs and webhooks.
pub(super) const LATER: Duration = Duration::from_millis(80);
/// A callback that was not acknowledged comes again after ten seconds of the simulator's time.
pub(super) const RETRY_SECONDS: u32 = 11;
/// One start in so many is killed as well.
const STARTS: u64 = 8;
/// A kill that meets a start.
const STARTING: Duration = Duration::from_millis(40);

pub(super) fn run(bench: &Bench, folder: &std::path::Path) -> Result<Outcome, Problem> {
    let setting = match bench.cluster {
        None => Setting::short_log(bench)?,
        Some(_) => Setting::default(),
    };
    let world = World::open(bench, folder, &setting)?;
    let server = world.start.start()?;
    let load = Load::new(bench.kills.max(200), bench.seed);
    let mut random = Random::new(bench.seed ^ 0x5eed);
    let outcome = traffic::run("kill", &world, &load, server, |stage, server| {
        kill_often(stage, server, bench.kills, &mut random)
    })?;
    Ok(outcome
        .figure(format!("{} kills", bench.kills))
        .figure(format!(
            "slowest start {} ms",
            world.start.slowest().as_millis()
        )))
}

/// Kills the server so many times; gives back the one that lives.
fn kill_often(
    stage: &Stage<'_>,
    server: Service,
    kills: usize,
    random: &mut Random,
) -> Result<Service, Problem> {
    let start = &stage.world.start;
    (0..kills).try_fold(server, |mut server, kill| {
        stage.go_on(kill + 1, kills + 1);
        let moment = if random.below(2) == 0 { SOON } else { LATER };
        thread::sleep(random.shorter_than(moment));
        server.kill()?;
        if random.below(STARTS) == 0 {
            let mut starting = start.launch_with(&[])?;
            thread::sleep(random.shorter_than(STARTING));
            starting.kill()?;
        }
        let server = start.start()?;
        stage.world.simulator.skip(RETRY_SECONDS)?;
        Ok(server)
    })
}
