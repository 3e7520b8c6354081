//! `crash-points`: the server dies at each of the points that it names, between two steps that must
//! hold together, several times each.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::{
    call_points,
    driver::{
        outcome::Outcome,
        random::Random,
        traffic::{self, Load, Stage},
        world::{Bench, Setting, World},
    },
    kill::RETRY_SECONDS,
};
use crate::services::{Problem, Service};

/// Names the point, and which passage of it is the last.
const VARIABLE: &str = "KASSA_CRASH_AT";
/// How often the server dies at each point.
const TIMES: usize = 3;
/// It dies at one of so many passages.
const PASSAGES: u64 = 6;
/// So many payments meet a death.
const PAYMENTS: usize = 8;
/// It passes each point so often within so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before each start so much time passes: what waited is due.
const MINUTE_MS: i64 = 60_000;

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let of_other_store = match bench.cluster {
        None => "postgres/",
        Some(_) => "sqlite/",
    };
    let (of_calls, points): (Vec<_>, Vec<_>) = names(bench.binaries.crash_points()?)?
        .into_iter()
        .filter(|name| !name.starts_with(of_other_store))
        .partition(|name| call_points::is_ours(name));
    let world = World::open(bench, folder, &Setting::short_log(bench)?.meddled())?;
    let server = world.start.start()?;
    let deaths = points.len() * TIMES;
    let load = Load::new(deaths * PAYMENTS, bench.seed);
    let mut random = Random::new(bench.seed ^ 0xdead);
    let mut missed = Vec::new();
    let outcome = traffic::run("crash-points", &world, &load, server, |stage, server| {
        let turns = (0..TIMES).flat_map(|time| points.iter().map(move |point| (time, point)));
        turns
            .enumerate()
            .try_fold(server, |server, (death, (time, point))| {
                let nth = if time == 0 {
                    1
                } else {
                    1 + random.below(PASSAGES)
                };
                let armed = arm(stage, server, point, nth)?;
                stage.allow(death + 1, deaths + 1);
                stage.world.simulator.skip(RETRY_SECONDS)?;
                if !armed.ends_within(PATIENCE)? {
                    missed.push(format!("{point} was not passed {nth} times"));
                }
                drop(armed);
                stage.world.start.start()
            })
    })?;
    let mut outcome = outcome
        .figure(format!("{} points", points.len()))
        .figure(format!("{} deaths", deaths - missed.len()));
    outcome.wrong.extend(missed);
    Ok(outcome.and(call_points::run(bench, folder, &of_calls)?))
}

/// The names of the server's points, which it tells when it does not know one.
fn names(program: &Path) -> Result<Vec<String>, Problem> {
    let output = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env(VARIABLE, "?")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    let names = said.rsplit_once("a name of ").map(|(_, names)| names);
    let names = names.ok_or_else(|| format!("the server has no points: {said}"))?;
    Ok(names.split_whitespace().map(str::to_owned).collect())
}

/// A server that dies at a point, in place of the one that runs.
fn arm(stage: &Stage<'_>, mut server: Service, point: &str, nth: u64) -> Result<Service, Problem> {
    stage.world.put_clocks_forward(MINUTE_MS)?;
    server.kill()?;
    // It may die at its very start.
    let start = &stage.world.start;
    // A point of the start is passed once.
    let nth = if point.starts_with("start/") { 1 } else { nth };
    start.launch_with(&[(VARIABLE, format!("{point}:{nth}"))])
}
