//! Customers who pay while something goes wrong, and the check after it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    check, customer, ledger::Ledger, outcome::Outcome, pace::Pace, plan::Plan, settle, shop::Kassa,
    tally::Tally, world::World,
};
use crate::services::{Problem, Service};

/// So many customers are about at once.
const CUSTOMERS: usize = 16;
/// How long customers may be held up before the next trouble comes all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How many pay, and what goes wrong with their callbacks besides.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// How many payments are made.
    pub(crate) payments: usize,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
    /// The simulator's faults in the first half, and in the second.
    pub(crate) faults: [Value; 2],
}

impl Load {
    /// The first half of the callbacks comes once and in order; the second doubled, reordered and
    /// lossy.
    pub(crate) fn new(payments: usize, seed: u64) -> Self {
        Self {
            payments,
            seed,
            faults: [
                json!({ "lose": 5 }),
                json!({ "lose": 5, "duplicate": 2, "reorder": true }),
            ],
        }
    }
}

/// The run while customers pay, for those who make the trouble.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    /// The world.
    pub(crate) world: &'a World<'a>,
    /// The server, as the shop and its customers call it.
    pub(crate) kassa: Kassa,
    /// How it answered.
    pub(crate) tally: Arc<Tally>,
    /// What shall become of each payment.
    pub(crate) plans: Vec<Plan>,
    /// What the server acknowledged.
    pub(crate) ledger: Ledger,
    pace: Arc<Pace>,
    faults: [Value; 2],
    next: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Stage<'_> {
    /// Lets customers go on until `done` of `all` parts of the run, as far as they can.
    pub(crate) fn go_on(&self, done: usize, all: usize) {
        self.allow(done, all);
        self.pace.wait_until_taken(LONGEST_WAIT);
    }

    /// The same, without waiting for them.
    pub(crate) fn allow(&self, done: usize, all: usize) {
        let steps = self.plans.len() * customer::STEPS;
        self.pace.allow(steps * done / all.max(1));
    }

    /// Ends the run: nobody tries anything any more.
    pub(crate) fn stop(&self) {
        self.pace.stop();
    }

    /// Whether it was ended.
    pub(crate) fn is_stopped(&self) -> bool {
        self.pace.is_stopped()
    }

    /// Writes down that a payment besides was acknowledged.
    pub(crate) fn created(&self, plan: &Plan, id: &str) {
        self.ledger.created(plan, id);
    }
}

/// Lets customers pay while `trouble` is made, then lets everything arrive and compares both
/// sides. The trouble is given the server, and gives back the one that lives.
///
/// # Errors
/// When it could not be carried through: a program does not start, or does not come up again.
pub(crate) fn run(
    name: &'static str,
    world: &World<'_>,
    load: &Load,
    server: Service,
    trouble: impl FnOnce(&Stage<'_>, Service) -> Result<Service, Problem>,
) -> Result<Outcome, Problem> {
    let begun = Instant::now();
    let stage = Stage::new(name, world, load, &[server.url()]);
    let server = stage.play(server, trouble)?;
    stage.check(name, server, begun)
}

impl<'a> Stage<'a> {
    /// A run that has not begun.
    pub(crate) fn new(
        name: &'static str,
        world: &'a World<'a>,
        load: &Load,
        servers: &[&str],
    ) -> Self {
        let pace = Arc::new(Pace::default());
        let tally = Arc::new(Tally::default());
        Self {
            world,
            kassa: Kassa::new(servers, &world.return_url, Arc::clone(&pace), &tally),
            tally,
            plans: Plan::draw(name, load.payments, load.seed),
            ledger: Ledger::default(),
            pace,
            faults: load.faults.clone(),
            next: AtomicUsize::default(),
            wrong: Mutex::default(),
        }
    }

    fn play(
        &self,
        server: Service,
        trouble: impl FnOnce(&Self, Service) -> Result<Service, Problem>,
    ) -> Result<Service, Problem> {
        let [first, _] = &self.faults;
        self.world.simulator.set_faults(first)?;
        thread::scope(|scope| {
            for _ in 0..CUSTOMERS {
                scope.spawn(|| self.customer());
            }
            let survivor = trouble(self, server);
            // Whatever came, nobody waits for ever.
            match &survivor {
                Ok(_) => self.pace.allow(self.plans.len() * customer::STEPS),
                Err(_) => self.pace.stop(),
            }
            survivor
        })
    }

    /// Takes one payment after the other, until none is left.
    fn customer(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.plans.get(number) else {
                return;
            };
            if number == self.plans.len() / 2 {
                let [_, second] = &self.faults;
                if let Err(error) = self.world.simulator.set_faults(second) {
                    self.complain(format!("the simulator takes no faults: {error}"));
                    self.pace.stop();
                }
            }
            let simulator = &self.world.simulator;
            match customer::go(plan, &self.kassa, simulator, &self.pace, &self.ledger) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => self.complain(format!("order {}: {error}", plan.order)),
            }
        }
    }

    fn complain(&self, line: String) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.push(line);
    }

    /// Lets everything arrive, compares both sides, ends the server and looks at its files.
    ///
    /// # Errors
    /// When one of them cannot be asked.
    pub(crate) fn check(
        self,
        name: &'static str,
        server: Service,
        begun: Instant,
    ) -> Result<Outcome, Problem> {
        let Self {
            world,
            kassa,
            ledger,
            wrong,
            ..
        } = self;
        let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
        let entries = ledger.entries();
        wrong.extend(settle::let_all_arrive(world, &entries)?);
        let payments = settle::both_sides(world, &kassa, &entries)?;
        let mut server = settle::wait_until_told(world, &payments, server)?;
        let listed = kassa.list()?;
        let findings = check::compare(&payments, &listed, &world.shop.received());
        wrong.extend(findings.wrong);
        server.kill()?;
        wrong.extend(world.damage()?);
        Ok(Outcome {
            name,
            figures: vec![format!("{} payments", payments.len())],
            acknowledged: findings.acknowledged,
            lost: findings.lost,
            doubled: findings.doubled,
            wrong,
            spent: begun.elapsed(),
        })
    }
}
