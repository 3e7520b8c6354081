//! `slow-fsync`: every sync takes longer, as on a disk that others use too.

use std::{path::Path, time::Duration};

use super::driver::{
    outcome::Outcome,
    traffic::{self, Load},
    world::{Bench, Setting, World},
};
use crate::services::Problem;

/// So much longer, one after the other.
const DELAYS_MS: [u64; 4] = [2, 50, 300, 1_000];
/// Even then an accepted write is answered within so long.
const LONGEST: Duration = Duration::from_secs(8);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let world = World::open(bench, folder, &Setting::short_log(bench)?.meddled())?;
    let preload = world.preload()?;
    let server = world.start.start()?;
    let load = Load::new(200, bench.seed);
    let mut tallies = None;
    let outcome = traffic::run("slow-fsync", &world, &load, server, |stage, mut server| {
        let parts = DELAYS_MS.len() + 1;
        for (part, delay) in DELAYS_MS.into_iter().enumerate() {
            preload.set_sync_delay(Duration::from_millis(delay))?;
            stage.go_on(part + 1, parts);
        }
        // What was acknowledged was synced before, however long that took.
        server.kill()?;
        preload.set_sync_delay(Duration::ZERO)?;
        tallies = Some(std::sync::Arc::clone(&stage.tally));
        stage.world.start.start()
    })?;
    let tally = tallies.unwrap_or_default();
    let (median, p99) = (tally.percentile(50), tally.percentile(99));
    let delays: Vec<_> = DELAYS_MS.iter().map(u64::to_string).collect();
    Ok(outcome
        .figure(format!("{} ms a sync", delays.join(", ")))
        .figure(format!("writes p50 {} ms", median.as_millis()))
        .figure(format!("p99 {} ms", p99.as_millis()))
        .demand(
            p99 < LONGEST,
            format!("one write in a hundred took {} ms", p99.as_millis()),
        )
        .demand(tally.faults() == 0, "the server answered with a fault"))
}
