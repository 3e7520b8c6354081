//! After the trouble: everything that is on its way arrives, and both sides are asked.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    check::{self, Both},
    ledger::Entry,
    shop::Kassa,
    simulator::Simulator,
    world::World,
};
use crate::services::{Problem, Service};

/// The longest delay of a late word and the longest gap between two tries, and some more.
const SKIPS: [u32; 3] = [700_000, 15, 90];
/// The longest gap between two tries of a callback, in seconds of the simulator's time.
const LONGEST_GAP: u32 = 14_400;
/// So often the clock is put forward for callbacks that have not arrived: more often than any is tried.
const MOST_SKIPS: usize = 130;
/// Everything has arrived when for so long nothing more came.
const SETTLING: Duration = Duration::from_secs(10);
/// Webhooks that still come after so long come over and over.
const LONGEST_SETTLING: Duration = Duration::from_secs(240);
/// After so long the server is helped over a pause.
const IMPATIENCE: Duration = Duration::from_millis(1_500);
/// So far: longer than any pause between two tries of a webhook.
const FORWARD_MS: i64 = 27 * 3_600_000;

/// Puts the simulator's clock forward until every bank has said its last word and every callback
/// was taken; answers what never came.
pub(crate) fn let_all_arrive(world: &World<'_>, entries: &[Entry]) -> Result<Vec<String>, Problem> {
    let simulator = &world.simulator;
    simulator.set_faults(&json!({}))?;
    simulator.flush()?;
    for seconds in SKIPS {
        simulator.skip(seconds)?;
        simulator.flush()?;
    }
    for _ in 0..MOST_SKIPS {
        if simulator.flush()? {
            break;
        }
        simulator.skip(LONGEST_GAP)?;
    }
    let mut wrong = Vec::new();
    for attempt in attempts(entries) {
        if simulator.truth(attempt)?.unfinished {
            wrong.push(format!("{attempt}: the bank never said its last word"));
        }
    }
    Ok(wrong)
}

fn attempts(entries: &[Entry]) -> impl Iterator<Item = &str> {
    let acted = entries.iter().filter(|entry| entry.acted);
    acted.filter_map(|entry| entry.attempt.as_deref())
}

/// What both sides know of every payment, once the server has come to rest.
pub(crate) fn both_sides(
    world: &World<'_>,
    kassa: &Kassa,
    entries: &[Entry],
) -> Result<Vec<Both>, Problem> {
    let mut deadline = Instant::now() + SETTLING;
    let mut all = Vec::new();
    for entry in entries {
        let expected = entry.acted.then(|| entry.plan.ending.status());
        let mut status = kassa.status(&entry.id)?;
        while expected.is_some_and(|expected| status.as_deref().is_some_and(|now| now != expected))
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_millis(50));
            status = kassa.status(&entry.id)?;
            if expected == status.as_deref() {
                deadline = Instant::now() + SETTLING;
            }
        }
        all.push(Both {
            events: kassa.events(&entry.id)?,
            truth: truth(&world.simulator, entry)?,
            entry: entry.clone(),
            status,
        });
    }
    Ok(all)
}

fn truth(simulator: &Simulator, entry: &Entry) -> Result<Option<super::simulator::Truth>, Problem> {
    let attempt = entry.attempt.as_ref().filter(|_| entry.acted);
    attempt.map(|attempt| simulator.truth(attempt)).transpose()
}

/// Waits until the shop knows every change; what it is not told is found later. Where that can be,
/// the server is helped over the pauses between tries.
pub(crate) fn wait_until_told(
    world: &World<'_>,
    payments: &[Both],
    mut server: Service,
) -> Result<Service, Problem> {
    let begun = Instant::now();
    let (mut came, mut last, mut helped) = (0, begun, begun);
    while begun.elapsed() < LONGEST_SETTLING {
        let received = world.shop.received();
        if check::all_told(payments, &received) || last.elapsed() >= SETTLING {
            break;
        }
        if received.len() > came {
            (came, last) = (received.len(), Instant::now());
        }
        thread::sleep(Duration::from_millis(100));
        if world.may_help && last.elapsed() > IMPATIENCE && helped.elapsed() > IMPATIENCE {
            server = world.later(server, FORWARD_MS)?;
            helped = Instant::now();
        }
    }
    Ok(server)
}
