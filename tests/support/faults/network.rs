//! `network`: webhooks to the shop and callbacks from the provider go through proxies that delay
//! them, cut them at every byte in three ways, and repeat them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use super::driver::{
    outcome::Outcome,
    preload::Preload,
    proxy::{End, Proxy, Treatment},
    traffic::{self, Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{Problem, Service};

/// How many payments.
const PAYMENTS: usize = 160;
/// No request and no answer is longer, in bytes.
const WEBHOOKS: [usize; 2] = [950, 60];
const CALLBACKS: [usize; 2] = [1_100, 640];
/// The pauses between tries of a webhook, in seconds, and a tenth more.
const PAUSES: [i64; 9] = [6, 330, 1_980, 7_920, 19_800, 39_600, 55_440, 79_200, 95_040];
/// The pause between two tries of a callback, in seconds, while there were not many.
const GAP: u32 = 200;
/// After each of them tries are made for so long at the most.
const TRIES: Duration = Duration::from_secs(3);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let webhooks = Proxy::start(|number| treatment(number, WEBHOOKS))?;
    let callbacks = Proxy::start(|number| treatment(number, CALLBACKS))?;
    let setting = Setting {
        preload: true,
        shop: Some(webhooks.url().to_owned()),
        public: Some(callbacks.url().to_owned()),
        ..Setting::default()
    };
    let world = World::open(bench, folder, &setting)?;
    webhooks.lead_to(world.shop.url())?;
    let server = world.start.start()?;
    callbacks.lead_to(server.url())?;
    let mut load = Load::new(PAYMENTS, bench.seed);
    load.faults = [json!({}), json!({ "duplicate": 1, "reorder": true })];
    let outcome = traffic::run("network", &world, &load, server, |stage, server| {
        stage.go_on(1, 1);
        go_through(stage, world.preload()?, server, &webhooks, &callbacks)
    })?;
    let covered = |proxy: &Proxy, longest: [usize; 2]| {
        let [request, answer] = proxy.longest();
        let [longest_request, longest_answer] = longest;
        let fits = request <= longest_request && answer <= longest_answer;
        fits && proxy.connections() >= all_treatments(longest)
    };
    Ok(outcome
        .figure(tries("webhooks", &webhooks))
        .figure(tries("callbacks", &callbacks))
        .demand(
            covered(&webhooks, WEBHOOKS),
            format!(
                "{:?} bytes of webhooks: not every one was cut at",
                webhooks.longest()
            ),
        )
        .demand(
            covered(&callbacks, CALLBACKS),
            format!(
                "{:?} bytes of callbacks: not every one was cut at",
                callbacks.longest()
            ),
        ))
}

fn tries(what: &str, proxy: &Proxy) -> String {
    let [request, answer] = proxy.longest();
    let tries = proxy.connections();
    format!("{tries} tries of {what} (up to {request} + {answer} bytes)")
}

/// Puts both clocks forward until every treatment was met: the server's by starting it again at
/// another time, since it is deaf to clocks that jump.
fn go_through(
    stage: &Stage<'_>,
    preload: &Preload,
    mut server: Service,
    webhooks: &Proxy,
    callbacks: &Proxy,
) -> Result<Service, Problem> {
    let all_met = || {
        webhooks.connections() >= all_treatments(WEBHOOKS)
            && callbacks.connections() >= all_treatments(CALLBACKS)
    };
    for pause in PAUSES {
        let begun = Instant::now();
        while !all_met() && begun.elapsed() < TRIES {
            stage.world.simulator.skip(GAP)?;
            stage.world.simulator.flush()?;
        }
        if all_met() {
            break;
        }
        preload.put_clock_forward(pause * 1_000)?;
        server.kill()?;
        server = stage.world.start.start()?;
    }
    Ok(server)
}

/// How many treatments there are for a kind of connection.
fn all_treatments(longest: [usize; 2]) -> usize {
    longest.iter().sum()
}

/// Every byte of the request, then every byte of the answer, each cut in one of three ways; every
/// so often something else.
fn treatment(number: usize, [request, answer]: [usize; 2]) -> Treatment {
    let end = match number % 3 {
        0 => End::Close,
        1 => End::Reset,
        _ => End::Half,
    };
    if number < request {
        Treatment::CutRequest(number, end)
    } else if number < request + answer {
        Treatment::CutAnswer(number - request, end)
    } else {
        match number % 4 {
            0 => Treatment::RepeatRequest,
            1 => Treatment::RepeatAnswer,
            2 => Treatment::Delay(Duration::from_millis(50)),
            _ => Treatment::Pass,
        }
    }
}
