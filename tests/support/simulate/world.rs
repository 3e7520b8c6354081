//! The world of one seed: its clocks, its queue of what is to happen, and what chance brings.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use fastrand::Rng;
use kassa_checkout::{Timestamp, provider::PaymentEvent};
use kassa_server::{
    gateway::Asked,
    jobs::rules,
    store::{
        Answer, Delivery, Outgoing, Question, StoreError,
        memory::{Clock, MemoryStore},
    },
};

use super::{
    ledger::Entry,
    provider::{Move, Provider},
    sabotage::Sabotage,
    shop::Shop,
    trace::Trace,
};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;
/// When every world begins, in milliseconds since the epoch.
const START: u64 = 1_795_000_000_000;
/// When all work must have come to an end, in milliseconds after the start.
const HORIZON: u64 = 60 * DAY;
/// Nothing fails at the provider after that.
const PROVIDER_FAILS_UNTIL: u64 = 11 * DAY;

/// How much happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Seeds.
    pub seeds: u64,
    /// Things that happened.
    pub steps: u64,
    /// Payments.
    pub payments: u64,
    /// Attempts to pay.
    pub attempts: u64,
    /// Callbacks that reached the server.
    pub callbacks: u64,
    /// Questions asked.
    pub questions: u64,
    /// Tries of webhooks.
    pub webhooks: u64,
    /// Deaths of the server.
    pub crashes: u64,
    /// Operations that the store refused.
    pub failures: u64,
    /// Times that the server's clock was set.
    pub clock_steps: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.payments += other.payments;
        self.attempts += other.attempts;
        self.callbacks += other.callbacks;
        self.questions += other.questions;
        self.webhooks += other.webhooks;
        self.crashes += other.crashes;
        self.failures += other.failures;
        self.clock_steps += other.clock_steps;
    }
}

/// What went wrong in a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// What happened until then, when it was asked for.
    pub trace: Vec<String>,
}

/// How bad a world is; drawn once.
#[derive(Debug)]
pub(super) struct Mood {
    /// No callback ever comes through.
    pub(super) silent: bool,
    /// Of a thousand callbacks, so many are lost.
    pub(super) lost: u32,
    /// Of a thousand points where the server may die, it dies at so many.
    crashes: u32,
    /// Of a thousand operations of the store, so many fail, and some after them.
    failures: u32,
    /// Of a hundred questions, so many fail.
    pub(super) unanswered: u32,
    /// By how much the clock is wrong when it is, in milliseconds.
    wrong_clock: i64,
}

impl Mood {
    fn draw(random: &mut Rng) -> Self {
        let pick = |random: &mut Rng, of: &[u32]| random.choice(of).copied().unwrap_or(0);
        let day = i64::try_from(DAY).unwrap_or(0);
        Self {
            silent: random.u32(0..4) == 0,
            lost: pick(random, &[0, 0, 100, 500, 900]),
            crashes: pick(random, &[0, 0, 2, 10, 40]),
            failures: pick(random, &[0, 0, 5, 20]),
            unanswered: pick(random, &[0, 10, 50, 90]),
            wrong_clock: random.choice([0, 0, day, -day]).unwrap_or(0),
        }
    }
}

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// A shop asks for the payment of an order, once more maybe.
    Buy { order: usize, tries: u32 },
    /// A customer chooses a bank.
    Choose {
        payment: String,
        bank: &'static str,
        tries: u32,
    },
    /// A customer comes to the provider's page.
    Arrive { payment: String, attempt: String },
    /// Something happens at the provider.
    Move {
        payment: String,
        attempt: String,
        step: Move,
    },
    /// A callback comes to the server.
    Callback {
        payment: String,
        report: PaymentEvent,
        tries: u32,
        first: u64,
    },
    /// An answer comes to a question.
    Answer {
        life: u64,
        question: Question,
        asked: Answered,
    },
    /// A webhook comes to a shop.
    Try { life: u64, outgoing: Outgoing },
    /// The shop's answer comes to the server.
    Tried {
        life: u64,
        outgoing: Outgoing,
        delivery: Delivery,
    },
    /// The server starts again.
    Start,
    /// The clock is set, or set right.
    SetClock { offset: i64 },
    /// Somebody at the shop sets things right and has everything sent again.
    Repair { shop: usize },
}

/// What came of a question; [`Asked`] in a form that can wait.
#[derive(Debug, Clone)]
pub(super) enum Answered {
    Known(Vec<PaymentEvent>),
    Unknown,
    Failed,
}

impl Answered {
    pub(super) fn asked(&self) -> Asked {
        match self {
            Self::Known(reports) => Asked::Answer(reports.clone()),
            Self::Unknown => Asked::UnknownPayment,
            Self::Failed => Asked::Temporary { not_before: None },
        }
    }
}

/// An order of a shop.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) shop: usize,
    pub(super) cents: u64,
    /// For how many seconds it can be paid.
    pub(super) offer: u64,
    /// The payment, once the store has it.
    pub(super) payment: Option<String>,
    /// Whether the shop got the answer.
    pub(super) answered: bool,
}

/// Everything.
pub(super) struct World {
    pub(super) random: Rng,
    pub(super) mood: Mood,
    pub(super) sabotage: Option<Sabotage>,
    /// Milliseconds since the start.
    pub(super) now: u64,
    /// By how much the server's clock is wrong, in milliseconds.
    pub(super) offset: i64,
    /// By how much the clock was wrong when the server started: the one that nobody sets.
    pub(super) steady_offset: i64,
    wall_clock: Arc<AtomicU64>,
    steady_clock: Arc<AtomicU64>,
    queue: BTreeMap<(u64, u64), Happening>,
    queued: u64,
    pub(super) store: MemoryStore,
    /// Whether the server runs, and which of its lives this is.
    pub(super) up: bool,
    pub(super) life: u64,
    worked_at: Option<u64>,
    /// The messages that the server is sending, with their claims.
    pub(super) in_hand: BTreeMap<String, u64>,
    pub(super) provider: Provider,
    pub(super) shops: Vec<Shop>,
    pub(super) orders: Vec<Order>,
    pub(super) ledger: BTreeMap<String, Entry>,
    pub(super) counts: Counts,
    trace: Trace,
}

/// Lives through a seed.
pub(super) fn live(
    seed: u64,
    sabotage: Option<Sabotage>,
    traced: bool,
) -> (Counts, Result<(), Failure>, Vec<String>) {
    rules::seed_chance(Some(seed));
    let mut world = World::new(seed, sabotage, traced);
    let outcome = world.run();
    rules::seed_chance(None);
    let lines = world.trace.into_lines();
    let outcome = outcome.map_err(|what| Failure {
        seed,
        what,
        trace: Vec::new(),
    });
    (world.counts, outcome, lines)
}

impl World {
    fn new(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Self {
        let mut random = Rng::with_seed(seed);
        let [wall_clock, steady_clock] = [(); 2].map(|()| Arc::new(AtomicU64::new(START)));
        let mood = Mood::draw(&mut random);
        Self {
            mood,
            sabotage,
            now: 0,
            offset: 0,
            steady_offset: 0,
            store: MemoryStore::new(told_by(&wall_clock), told_by(&steady_clock)),
            wall_clock,
            steady_clock,
            queue: BTreeMap::new(),
            queued: 0,
            up: true,
            life: 0,
            worked_at: None,
            in_hand: BTreeMap::new(),
            provider: Provider::default(),
            shops: Vec::new(),
            orders: Vec::new(),
            ledger: BTreeMap::new(),
            counts: Counts {
                seeds: 1,
                ..Counts::default()
            },
            trace: Trace::new(traced),
            random,
        }
    }

    /// Lives until nothing is to happen any more.
    fn run(&mut self) -> Result<(), String> {
        self.begin();
        while let Some(at) = self.next() {
            if at > HORIZON {
                return Err("work goes on for ever".to_owned());
            }
            self.set_now(at.max(self.now));
            self.counts.steps += 1;
            let due = self.queue.first_key_value().map(|((at, _), _)| *at);
            match due {
                Some(due) if due <= self.now => {
                    if let Some((_, happening)) = self.queue.pop_first() {
                        self.happens(happening)?;
                    }
                }
                _ => {
                    self.worked_at = Some(self.now);
                    self.work()?;
                }
            }
        }
        self.check_the_end()
    }

    /// Who there is, and what chance has in store.
    fn begin(&mut self) {
        for number in 0..self.random.usize(1..3) {
            let shop = Shop::draw(format!("shop{number}"), &mut self.random);
            self.shops.push(shop);
            if self.random.bool() {
                let at = self.random.u64(0..20 * DAY);
                self.plan_at(at, Happening::Repair { shop: number });
            }
        }
        for order in 0..self.random.usize(1..4) {
            self.orders.push(Order {
                shop: self.random.usize(0..self.shops.len()),
                cents: self.random.u64(1..100_000),
                offer: self.random.u64(10 * 60..2 * 86_400),
                payment: None,
                answered: false,
            });
            let at = self.random.u64(0..DAY);
            self.plan_at(at, Happening::Buy { order, tries: 0 });
        }
        if self.mood.wrong_clock != 0 {
            let from = self.random.u64(0..6 * DAY);
            let until = from + self.random.u64(MINUTE..6 * DAY);
            let offset = self.mood.wrong_clock;
            self.plan_at(from, Happening::SetClock { offset });
            self.plan_at(until, Happening::SetClock { offset: 0 });
        }
    }

    /// When something is to be done next: what was planned, or what the store has due. The jobs
    /// look once a second.
    fn next(&self) -> Option<u64> {
        let planned = self.queue.first_key_value().map(|((at, _), _)| *at);
        let due = self.store.next_due().filter(|_| self.up).map(|due| {
            let again = self.worked_at.map_or(0, |worked| worked + SECOND);
            (self.now + due).max(again)
        });
        match (planned, due) {
            (Some(planned), Some(due)) => Some(planned.min(due)),
            (planned, due) => planned.or(due),
        }
    }

    pub(super) fn set_now(&mut self, now: u64) {
        self.now = now;
        for (clock, offset) in [
            (&self.wall_clock, self.offset),
            (&self.steady_clock, self.steady_offset),
        ] {
            clock.store(
                (START + now).saturating_add_signed(offset),
                Ordering::Relaxed,
            );
        }
    }

    /// What the server's clock says.
    pub(super) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.wall_clock.load(Ordering::Relaxed))
    }

    /// What the provider's clock says.
    pub(super) fn truly(&self) -> Timestamp {
        Timestamp::from_millis(START + self.now)
    }

    pub(super) fn plan(&mut self, after: u64, happening: Happening) {
        self.plan_at(self.now + after, happening);
    }

    fn plan_at(&mut self, at: u64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at, self.queued), happening);
    }

    pub(super) fn happens_of_thousand(&mut self, of_thousand: u32) -> bool {
        self.random.u32(0..1_000) < of_thousand
    }

    /// Whether the provider answers now.
    pub(super) fn provider_answers(&mut self) -> bool {
        self.now >= PROVIDER_FAILS_UNTIL || self.random.u32(0..100) >= self.mood.unanswered
    }

    /// A point where the server may die; whether it did.
    pub(super) fn dies(&mut self, place: &'static str) -> bool {
        let dies = self.up && self.happens_of_thousand(self.mood.crashes);
        if dies {
            self.note(|| format!("the server dies {place}"));
            self.counts.crashes += 1;
            self.up = false;
            self.life += 1;
            for id in std::mem::take(&mut self.in_hand).into_keys() {
                self.excuse(&id);
            }
            let down = match self.random.u32(0..10) {
                0 => self.random.u64(HOUR..5 * HOUR),
                _ => self.random.u64(SECOND..5 * MINUTE),
            };
            self.plan(down, Happening::Start);
        }
        dies
    }

    /// A message may come to its shop again: the server cannot know whether it was taken.
    pub(super) fn excuse(&mut self, id: &str) {
        for shop in &mut self.shops {
            shop.excused.insert(id.to_owned());
        }
    }

    /// One operation of the store, which may fail.
    pub(super) fn wait<T>(
        &mut self,
        operation: impl FnOnce(&MemoryStore) -> Answer<'_, T>,
    ) -> Result<T, StoreError> {
        if self.happens_of_thousand(self.mood.failures) {
            self.store.fail_next(self.random.u32(1..4));
        }
        let result = at_once(operation(&self.store));
        if matches!(result, Err(StoreError::Unavailable)) {
            self.counts.failures += 1;
        }
        result
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        self.trace.note(self.now, line);
    }
}

fn told_by(clock: &Arc<AtomicU64>) -> Clock {
    let clock = Arc::clone(clock);
    Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed)))
}

/// The answer of an operation that waits for nobody.
pub(super) fn at_once<T>(mut answer: Answer<'_, T>) -> Result<T, StoreError> {
    match answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Refused),
    }
}
