//! `postgres-crash`: PostgreSQL is stopped at once and started again, or one of its processes is
//! killed, which lets it throw all connections away and recover. The server lives on.

use std::{path::Path, process::Command, thread, time::Duration};

use super::driver::{
    cluster::Cluster,
    outcome::Outcome,
    random::Random,
    traffic::{self, Load},
    world::{Bench, Setting, World},
};
use crate::services::Problem;

/// One crash for thirty kills, and so many at the least.
const LEAST: usize = 6;
/// So many payments meet a crash.
const PAYMENTS: usize = 16;
/// A crash comes within so long.
const SOON: Duration = Duration::from_millis(80);
/// It is away for so long at the most, when it is stopped.
const AWAY: Duration = Duration::from_millis(700);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let cluster = bench.cluster()?;
    let world = World::open(bench, folder, &Setting::default())?;
    let server = world.start.start()?;
    let crashes = (bench.kills / 30).max(LEAST);
    let load = Load::new(crashes * PAYMENTS, bench.seed);
    let mut random = Random::new(bench.seed ^ 0xe1e);
    let mut refused = 0;
    let outcome = traffic::run("postgres-crash", &world, &load, server, |stage, server| {
        for crash in 0..crashes {
            stage.go_on(crash + 1, crashes + 1);
            thread::sleep(random.shorter_than(SOON));
            if crash % 2 == 0 {
                stop_and_start(cluster, random.shorter_than(AWAY))?;
            } else {
                kill_one(cluster)?;
            }
            stage.world.simulator.skip(super::kill::RETRY_SECONDS)?;
        }
        refused = stage.tally.times(503);
        Ok(server)
    })?;
    Ok(outcome
        .figure(format!("{crashes} crashes"))
        .figure(format!("{refused} answers 503"))
        .demand(refused > 0, "nobody noticed: the database did not crash"))
}

fn stop_and_start(cluster: &Cluster, away: Duration) -> Result<(), Problem> {
    let mut postgres = cluster.postgres();
    postgres.crash()?;
    thread::sleep(away);
    postgres.start()
}

/// Kills a process that serves a connection.
fn kill_one(cluster: &Cluster) -> Result<(), Problem> {
    let postgres = cluster.postgres();
    let processes = postgres.sql(
        "postgres",
        "select pid from pg_stat_activity where application_name = 'kassa' order by random() limit 1",
    )?;
    let Some(process) = processes.split_whitespace().next() else {
        return Ok(());
    };
    // It may have ended just now; then there is nothing to kill.
    let _ = Command::new("kill").args(["-9", process]).status()?;
    Ok(())
}
