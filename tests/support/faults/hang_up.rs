//! `hang-up`: clients hang up in the middle of what they say, or before they are answered; then
//! the server is killed. What they began is done whole or not at all, and what is said again is
//! done once.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use socket2::SockRef;

use super::driver::{
    customer,
    outcome::Outcome,
    plan::Plan,
    random::Random,
    shop,
    traffic::{Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{DEV_API_KEY, Problem, Service};

/// So many payments, each of them begun by so many who hang up.
const PAYMENTS: usize = 320;
/// One payment in so many is begun by nobody else.
const ABANDONED: usize = 8;
/// So many hang up at once.
const CLIENTS: usize = 16;
/// How often the server is killed meanwhile.
const KILLS: usize = 4;
/// Who has said all may wait so long before hanging up.
const HESITATION: Duration = Duration::from_millis(3);

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let begun = Instant::now();
    let world = World::open(bench, folder, &Setting::default())?;
    let mut load = Load::new(PAYMENTS, bench.seed);
    // Callbacks come from those who hang up, until the very end.
    load.faults = [json!({ "lose": 100 }), json!({ "lose": 100 })];
    let server = world.start.start()?;
    let stage = Stage::new("hang-up", &world, &load, &[server.url()]);
    let crowd = Crowd {
        stage: &stage,
        address: server.url().trim_start_matches("http://").parse()?,
        wanted: bench.kills * 100,
        hung_up: AtomicUsize::default(),
        next: AtomicUsize::default(),
        callbacks: Mutex::default(),
    };
    world.simulator.set_faults(&load.faults[0])?;
    let mut server = crowd.play(server, bench.seed)?;
    server.kill()?;
    let server = world.start.start()?;
    crowd.say_it_properly()?;
    let (wanted, hung_up) = (crowd.wanted, crowd.hung_up.into_inner());
    let outcome = stage.check("hang-up", server, begun)?;
    Ok(outcome
        .figure(format!("{hung_up} hang-ups"))
        .figure(format!("{} kills", KILLS + 1))
        .demand(
            hung_up >= wanted,
            format!("only {hung_up} of {wanted} hung up"),
        ))
}

/// Those who hang up.
struct Crowd<'a> {
    stage: &'a Stage<'a>,
    address: SocketAddr,
    /// How many shall hang up, and did.
    wanted: usize,
    hung_up: AtomicUsize,
    /// The next payment that nobody has taken.
    next: AtomicUsize,
    /// Callbacks that the provider wants to bring.
    callbacks: Mutex<Vec<String>>,
}

impl Crowd<'_> {
    /// Lets all of them come, and kills the server a few times meanwhile.
    fn play(&self, server: Service, seed: u64) -> Result<Service, Problem> {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let seed = seed.wrapping_add(u64::try_from(client).unwrap_or_default());
                    scope.spawn(move || self.client(&mut Random::new(seed)))
                })
                .collect();
            let server = self.kill_meanwhile(server);
            if server.is_err() {
                self.stage.stop();
            }
            for client in clients {
                client.join().map_err(|_| "a client panicked")??;
            }
            server
        })
    }

    fn kill_meanwhile(&self, server: Service) -> Result<Service, Problem> {
        (0..KILLS).try_fold(server, |mut server, kill| {
            let until = self.wanted * (kill + 1) / (KILLS + 1);
            while self.count() < until && !self.stage.is_stopped() {
                thread::sleep(Duration::from_millis(5));
            }
            server.kill()?;
            self.stage.world.start.start()
        })
    }

    fn count(&self) -> usize {
        self.hung_up.load(Ordering::Relaxed)
    }

    /// Takes payments one after the other, and in the end brings callbacks until enough hung up.
    fn client(&self, random: &mut Random) -> Result<(), Problem> {
        let went = self.payments(random).map(|()| {
            while self.count() < self.wanted && !self.stage.is_stopped() {
                let callbacks = self.callbacks();
                let callback = random.pick(&callbacks).cloned();
                drop(callbacks);
                match callback {
                    Some(body) => self.hang_up(&self.callback(&body), random),
                    None => thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        if went.is_err() {
            self.stage.stop();
        }
        went
    }

    fn payments(&self, random: &mut Random) -> Result<(), Problem> {
        // A payment is asked for, begun and reported three times at the least.
        let each = self.wanted / PAYMENTS / 5;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.stage.plans.get(number) else {
                return Ok(());
            };
            let create = self.create(plan);
            for _ in 0..each {
                self.hang_up(&create, random);
            }
            if !number.is_multiple_of(ABANDONED) {
                self.payment(plan, each, random)?;
            }
        }
    }

    /// The rest of a payment's way, each step first tried by those who hang up.
    fn payment(&self, plan: &Plan, each: usize, random: &mut Random) -> Result<(), Problem> {
        let Stage {
            kassa,
            ledger,
            world,
            ..
        } = self.stage;
        let made = kassa.create(plan)?;
        ledger.created(plan, &made.id);
        let bank = customer::choose(plan, kassa, &made.token)?;
        let pay = self.pay(&made.token, &bank);
        // A choice that the server comes to when the bank has refused already is a new choice, and
        // begins an attempt that nobody here knows of.
        if !plan.ending.may_choose_again() {
            for _ in 0..each {
                self.hang_up(&pay, random);
            }
        }
        let attempt = customer::begin(&made.token, &bank, kassa, &world.simulator)?;
        ledger.begun(&plan.order, &attempt);
        world.simulator.act(&attempt, plan)?;
        ledger.acted(&plan.order);
        let bodies = world.simulator.bodies(&attempt)?;
        for body in &bodies {
            let callback = self.callback(body);
            for _ in 0..each {
                self.hang_up(&callback, random);
            }
        }
        self.callbacks().extend(bodies);
        Ok(())
    }

    /// What only those who hung up asked for is asked for properly: it is one payment.
    fn say_it_properly(&self) -> Result<(), Problem> {
        for plan in self.stage.plans.iter().step_by(ABANDONED) {
            let made = self.stage.kassa.create(plan)?;
            self.stage.ledger.created(plan, &made.id);
        }
        Ok(())
    }

    /// Says a request, or its beginning, and hangs up.
    fn hang_up(&self, request: &[u8], random: &mut Random) {
        // The server may be away just now; then nobody hung up.
        let Ok(mut stream) = TcpStream::connect(self.address) else {
            thread::sleep(Duration::from_millis(10));
            return;
        };
        let length = u64::try_from(request.len()).unwrap_or_default();
        let said = match random.below(2) {
            0 => usize::try_from(1 + random.below(length)).unwrap_or_default(),
            _ => request.len(),
        };
        if stream
            .write_all(request.get(..said).unwrap_or(request))
            .is_err()
        {
            return;
        }
        if random.below(2) == 0 {
            thread::sleep(random.shorter_than(HESITATION));
        }
        if random.below(2) == 0 {
            // As when the machine goes away: no goodbye.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        drop(stream);
        self.hung_up.fetch_add(1, Ordering::Relaxed);
    }

    fn create(&self, plan: &Plan) -> Vec<u8> {
        let headers = format!(
            "authorization: Bearer {DEV_API_KEY}\r\nidempotency-key: {}\r\n",
            plan.order
        );
        self.post("/v1/payments", &headers, &self.stage.kassa.order(plan))
    }

    fn pay(&self, token: &str, bank: &str) -> Vec<u8> {
        let headers = format!("idempotency-key: {token}\r\n");
        let path = format!("/checkout/{token}/pay");
        self.post(&path, &headers, &shop::choice(bank))
    }

    fn callback(&self, body: &str) -> Vec<u8> {
        self.post_text("/callbacks/ecommpay", "", body)
    }

    fn post(&self, path: &str, headers: &str, body: &Value) -> Vec<u8> {
        self.post_text(path, headers, &body.to_string())
    }

    fn post_text(&self, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let (host, length) = (self.address, body.len());
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn callbacks(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
