//! `clock`: the server's time of day jumps by a day, forward and back. No webhook may be lost, and
//! since the server is never killed, none may be sent twice.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::driver::{
    outcome::Outcome,
    traffic::{self, Load},
    world::{Bench, Setting, World},
};
use crate::services::Problem;

const DAY_MS: i64 = 24 * 3_600_000;
/// Where the clock stands, one after the other: a day and two days both ways, and right again.
const OFFSETS: [i64; 8] = [DAY_MS, 0, -DAY_MS, 0, DAY_MS, -DAY_MS, DAY_MS, 0];
/// The shop takes so long for a webhook, so that some are on their way at every jump.
const ON_THE_WAY: Duration = Duration::from_millis(150);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let mut world = World::open(bench, folder, &Setting::default().meddled())?;
    world.may_help = false;
    let preload = world.preload()?;
    let server = world.start.start()?;
    world.shop.take_so_long(ON_THE_WAY);
    let load = Load::new(160, bench.seed);
    let outcome = traffic::run("clock", &world, &load, server, |stage, server| {
        for (jump, offset) in OFFSETS.into_iter().enumerate() {
            stage.go_on(jump + 1, OFFSETS.len() + 1);
            preload.set_clock(offset)?;
            stage.world.simulator.skip(super::kill::RETRY_SECONDS)?;
        }
        Ok(server)
    })?;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for webhook in world.shop.received() {
        *sent.entry(webhook.id).or_default() += 1;
    }
    let again = sent.values().filter(|times| **times > 1).count();
    Ok(outcome
        .figure(format!("{} jumps", OFFSETS.len()))
        .figure(format!("{} webhooks, {again} sent again", sent.len()))
        .demand(
            preload.clock_reads()? > 0,
            "the clock was never read: it did not jump",
        )
        .demand(
            again == 0,
            format!("{again} webhooks were sent twice, and no server was killed"),
        ))
}
