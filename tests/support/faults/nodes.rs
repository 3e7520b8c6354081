//! `nodes`: two and three servers on one PostgreSQL. Customers come to any of them, and every
//! callback comes ten times, at once, to random ones. Each is one change and one webhook.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::driver::{
    customer,
    outcome::Outcome,
    plan::Plan,
    random::Random,
    traffic::{Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{Http, Problem, Service};

/// How many servers, one run after the other.
const NODES: [usize; 2] = [2, 3];
/// So many payments.
const PAYMENTS: usize = 60;
/// So often each callback comes.
const COPIES: usize = 10;
/// So many customers are about at once.
const CUSTOMERS: usize = 6;
/// A callback that was refused with 503 comes again, for so long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let mut all: Option<Outcome> = None;
    for nodes in NODES {
        let outcome = run_on(nodes, bench, folder)?;
        all = Some(match all {
            None => outcome,
            Some(before) => before.and(outcome),
        });
    }
    Ok(all.unwrap_or_default())
}

fn run_on(nodes: usize, bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let begun = Instant::now();
    bench.cluster()?;
    let folder = folder.join(nodes.to_string());
    std::fs::create_dir(&folder)?;
    let world = World::open(bench, &folder, &Setting::default())?;
    let starts = (2..=nodes)
        .map(|number| world.start.another(number))
        .collect::<Result<Vec<_>, _>>()?;
    // All at once on an empty database: only one makes the tables.
    let launched = starts.iter().map(|start| start.launch_with(&[]));
    let mut servers = launched.collect::<Result<Vec<Service>, _>>()?;
    let first = world.start.start()?;
    for server in &mut servers {
        server.await_ready()?;
    }
    let urls: Vec<_> = servers.iter().chain([&first]).map(Service::url).collect();
    let mut load = Load::new(PAYMENTS, bench.seed);
    load.faults = [json!({ "lose": 100 }), json!({ "lose": 100 })];
    let stage = Stage::new("nodes", &world, &load, &urls);
    world.simulator.set_faults(&load.faults[0])?;
    let crowd = Crowd {
        stage: &stage,
        urls: &urls,
        next: AtomicUsize::default(),
        callbacks: AtomicUsize::default(),
    };
    crowd.play(bench.seed)?;
    let callbacks = crowd.callbacks.into_inner();
    let outcome = stage.check("nodes", first, begun)?;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for webhook in world.shop.received() {
        *sent.entry(webhook.id).or_default() += 1;
    }
    let again = sent.values().filter(|times| **times > 1).count();
    Ok(outcome
        .figure(format!(
            "{nodes} nodes got {callbacks} callbacks {COPIES} times"
        ))
        .figure(format!("{} webhooks, {again} sent again", sent.len()))
        .demand(
            again == 0,
            format!("{again} webhooks were sent twice, and no node was killed"),
        ))
}

/// Customers, and a provider that repeats itself.
struct Crowd<'a> {
    stage: &'a Stage<'a>,
    urls: &'a [&'a str],
    /// The next payment that nobody has taken.
    next: AtomicUsize,
    /// How many callbacks were brought.
    callbacks: AtomicUsize,
}

impl Crowd<'_> {
    fn play(&self, seed: u64) -> Result<(), Problem> {
        thread::scope(|scope| {
            let customers: Vec<_> = (0..CUSTOMERS)
                .map(|customer| {
                    let seed = seed.wrapping_add(u64::try_from(customer).unwrap_or_default());
                    scope.spawn(move || self.customer(&mut Random::new(seed)))
                })
                .collect();
            for customer in customers {
                customer.join().map_err(|_| "a customer panicked")??;
            }
            Ok(())
        })
    }

    fn customer(&self, random: &mut Random) -> Result<(), Problem> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.stage.plans.get(number) else {
                return Ok(());
            };
            self.pay(plan, random)?;
        }
    }

    fn pay(&self, plan: &Plan, random: &mut Random) -> Result<(), Problem> {
        let Stage {
            kassa,
            ledger,
            world,
            ..
        } = self.stage;
        let made = kassa.create(plan)?;
        ledger.created(plan, &made.id);
        let bank = customer::choose(plan, kassa, &made.token)?;
        let attempt = customer::begin(&made.token, &bank, kassa, &world.simulator)?;
        ledger.begun(&plan.order, &attempt);
        world.simulator.act(&attempt, plan)?;
        ledger.acted(&plan.order);
        for body in world.simulator.bodies(&attempt)? {
            self.callbacks.fetch_add(1, Ordering::Relaxed);
            self.bring_often(&body, random)?;
        }
        Ok(())
    }

    /// Brings a callback to random nodes, all copies at once.
    fn bring_often(&self, body: &str, random: &mut Random) -> Result<(), Problem> {
        let nodes: Vec<_> = (0..COPIES)
            .filter_map(|_| random.pick(self.urls))
            .copied()
            .collect();
        thread::scope(|scope| {
            let copies: Vec<_> = nodes
                .iter()
                .map(|node| scope.spawn(|| bring(node, body)))
                .collect();
            for copy in copies {
                copy.join().map_err(|_| "a copy panicked")??;
            }
            Ok(())
        })
    }
}

/// Brings a callback until it is taken.
fn bring(node: &str, body: &str) -> Result<(), Problem> {
    let begun = Instant::now();
    let url = format!("{node}/callbacks/ecommpay");
    let headers = [("content-type", "application/json")];
    loop {
        let answer = Http::default().send("POST", &url, &headers, body.to_owned())?;
        match answer.status {
            200 => return Ok(()),
            503 if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            other => return Err(format!("{url} answered {other}: {}", answer.body).into()),
        }
    }
}
