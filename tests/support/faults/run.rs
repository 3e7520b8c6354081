//! The whole run: start, pay, kill, let everything arrive, compare.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use super::{
    Receiver, check,
    check::{Both, Findings},
    customer::{self, Paid},
    killer::{self, Start},
    pace::Pace,
    plan::Plan,
    random::Random,
    shop::Kassa,
    simulator::Simulator,
};
use crate::services::{Binaries, Problem, Service, free_port};

/// So many customers are about at once.
const CUSTOMERS: usize = 16;
/// The longest delay of a late word and the longest gap between two tries, and some more.
const SKIPS: [u32; 3] = [700_000, 15, 90];
/// The longest gap between two tries of a callback, in seconds of the simulator's time.
const LONGEST_GAP: u32 = 14_400;
/// So often the clock is put forward for callbacks that have not arrived: more often than any is tried.
const MOST_SKIPS: usize = 130;
/// Everything has been told to the shop within so long after the last callback.
const SETTLING: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often the server is killed.
    pub kills: usize,
    /// How many payments are made.
    pub payments: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Where the programs are; built when nobody says it.
    pub bin_dir: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often the server was killed.
    pub kills: usize,
    /// How many payments were made.
    pub payments: usize,
    /// How many of them stand elsewhere than the simulator has them.
    pub wrong_ends: usize,
    /// Callbacks that the server acknowledged.
    pub acknowledged: usize,
    /// Those of them that left no trace.
    pub lost: usize,
    /// Reports, payments or webhooks that are there twice.
    pub doubled: usize,
    /// A line for each thing that is wrong.
    pub wrong: Vec<String>,
}

impl Outcome {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.wrong_ends + self.lost + self.doubled == 0
    }
}

/// Runs the kill test; says on stdout how far it is.
///
/// # Errors
/// When it could not be carried through: a program does not start, or does not come up again.
pub fn run(options: &Options) -> Result<Outcome, Problem> {
    let binaries = Binaries::find(options.bin_dir.clone())?;
    let folder = tempfile::Builder::new().prefix("kassa-faults-").tempdir()?;
    let outcome = run_in(folder.path(), &binaries, options);
    let all_well = outcome.as_ref().is_ok_and(Outcome::is_good);
    if !all_well {
        let kept = folder.keep();
        println!("faults: logs and database are kept in {}", kept.display());
    }
    outcome
}

fn run_in(folder: &Path, binaries: &Binaries, options: &Options) -> Result<Outcome, Problem> {
    let shop = Receiver::start()?;
    let listen_anywhere = ["--listen".to_owned(), "127.0.0.1:0".to_owned()];
    let other_side = Service::start(
        "simulator",
        &binaries.simulator,
        &listen_anywhere,
        &[],
        folder,
    )?;
    let data = folder.join("data");
    let start = start_of_kassa(binaries, folder, &data, other_side.url(), shop.url())?;
    let server = start.start()?;
    let pace = Arc::new(Pace::default());
    let return_url = format!("{}/thanks", shop.url());
    let kassa = Kassa::new(server.url(), &return_url, Arc::clone(&pace));
    let simulator = Simulator::new(other_side.url());
    let plans = Plan::draw(options.payments, options.seed);

    let busy = Busy {
        plans: &plans,
        kassa: &kassa,
        simulator: &simulator,
        pace: &pace,
    };
    let (mut server, paid, mut wrong) = busy.pay_and_kill(&start, server, options)?;
    wrong.extend(let_all_arrive(&simulator, &paid)?);
    let payments = both_sides(&kassa, &simulator, &paid)?;
    wait_until_told(&payments, &shop);
    let listed = kassa.list()?;
    let mut findings = check::compare(&payments, &listed, &shop.received());
    findings.wrong_ends += options.payments.saturating_sub(paid.len());
    if listed.len() != options.payments {
        let orders = options.payments;
        wrong.push(format!("{} payments for {orders} orders", listed.len()));
    }
    server.kill()?;
    wrong.extend(database_damage(&data)?);
    Ok(outcome(options, findings, wrong))
}

fn start_of_kassa(
    binaries: &Binaries,
    folder: &Path,
    data: &Path,
    simulator: &str,
    shop: &str,
) -> Result<Start, Problem> {
    std::fs::create_dir_all(data)?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let data = data
        .to_str()
        .ok_or("the temporary folder has an odd name")?;
    let arguments = [
        "serve",
        "--listen",
        &listen,
        "--data",
        data,
        "--simulator",
        simulator,
        "--shop",
        shop,
    ];
    Ok(Start {
        program: binaries.kassa.clone(),
        arguments: arguments.map(str::to_owned).to_vec(),
        logs: folder.to_owned(),
    })
}

/// All that the busy part of the run needs.
struct Busy<'a> {
    plans: &'a [Plan],
    kassa: &'a Kassa,
    simulator: &'a Simulator,
    pace: &'a Pace,
}

impl Busy<'_> {
    /// Customers pay while the server is killed; gives back the server that lives, the payments
    /// that came to the bank, and what went wrong with the others.
    fn pay_and_kill(
        &self,
        start: &Start,
        server: Service,
        options: &Options,
    ) -> Result<(Service, Vec<Paid>, Vec<String>), Problem> {
        let mut random = Random::new(options.seed ^ 0x5eed);
        let begun = Instant::now();
        let next = AtomicUsize::new(0);
        let done = Mutex::new((Vec::new(), Vec::new()));
        let steps = options.payments * customer::STEPS;
        // The first half comes once and in order; the second doubled, reordered and lossy.
        self.simulator.set_faults(&json!({ "lose": 5 }))?;
        let survivor = thread::scope(|scope| {
            for _ in 0..CUSTOMERS {
                scope.spawn(|| self.customer(&next, &done));
            }
            killer::kill_often(
                start,
                server,
                options.kills,
                steps,
                self.pace,
                self.simulator,
                &mut random,
            )
        })?;
        let (paid, wrong) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seconds = begun.elapsed().as_secs();
        println!(
            "faults: {} of {} payments came to the bank in {seconds} s",
            paid.len(),
            options.payments
        );
        Ok((survivor, paid, wrong))
    }

    /// Takes one payment after the other, until none is left.
    fn customer(&self, next: &AtomicUsize, done: &Mutex<(Vec<Paid>, Vec<String>)>) {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.plans.get(number) else {
                return;
            };
            if number == self.plans.len() / 2 {
                let faults = json!({ "lose": 5, "duplicate": 2, "reorder": true });
                if let Err(error) = self.simulator.set_faults(&faults) {
                    println!("faults: the simulator takes no faults: {error}");
                    self.pace.stop();
                }
            }
            let went = customer::go(plan, self.kassa, self.simulator, self.pace);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match went {
                Ok(Some(paid)) => done.0.push(paid),
                Ok(None) => return,
                Err(error) => done.1.push(format!("order {}: {error}", plan.order)),
            }
        }
    }
}

/// Puts the simulator's clock forward until every bank has said its last word and every callback
/// was taken; answers what never came.
fn let_all_arrive(simulator: &Simulator, paid: &[Paid]) -> Result<Vec<String>, Problem> {
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
    for payment in paid {
        if simulator.truth(&payment.attempt)?.unfinished {
            wrong.push(format!(
                "{}: the bank never said its last word",
                payment.attempt
            ));
        }
    }
    Ok(wrong)
}

/// What both sides know of every payment, once the server has come to rest.
fn both_sides(kassa: &Kassa, simulator: &Simulator, paid: &[Paid]) -> Result<Vec<Both>, Problem> {
    let deadline = Instant::now() + SETTLING;
    let mut all = Vec::new();
    for payment in paid {
        let expected = payment.plan.ending.status();
        while kassa.status(&payment.id)? != expected && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        all.push(Both {
            plan: payment.plan.clone(),
            id: payment.id.clone(),
            attempt: payment.attempt.clone(),
            status: kassa.status(&payment.id)?,
            events: kassa.events(&payment.id)?,
            truth: simulator.truth(&payment.attempt)?,
        });
    }
    Ok(all)
}

/// Waits until the shop knows where every payment stands; whoever is not told is found later.
fn wait_until_told(payments: &[Both], shop: &Receiver) {
    let deadline = Instant::now() + SETTLING;
    let all_told = || {
        let webhooks = shop.received();
        let told = check::told(&webhooks);
        let about = |payment: &Both| (payment.id.clone(), payment.status.clone());
        payments
            .iter()
            .all(|payment| told.contains_key(&about(payment)))
    };
    while !all_told() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(100));
    }
}

/// What SQLite itself finds wrong with the files of a folder.
fn database_damage(data: &Path) -> Result<Vec<String>, Problem> {
    let mut damage = Vec::new();
    let mut databases = 0;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if !is_database(&path)? {
            continue;
        }
        databases += 1;
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let verdict: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if verdict != "ok" {
            damage.push(format!("{}: {verdict}", path.display()));
        }
    }
    if databases == 0 {
        damage.push(format!("there is no database in {}", data.display()));
    }
    Ok(damage)
}

/// A database begins with these words, whatever it is called.
fn is_database(path: &Path) -> Result<bool, Problem> {
    if !path.is_file() {
        return Ok(false);
    }
    Ok(std::fs::read(path)?.starts_with(b"SQLite format 3\0"))
}

fn outcome(options: &Options, findings: Findings, mut wrong: Vec<String>) -> Outcome {
    wrong.extend(findings.wrong);
    Outcome {
        kills: options.kills,
        payments: options.payments,
        wrong_ends: findings.wrong_ends,
        acknowledged: findings.acknowledged,
        lost: findings.lost,
        doubled: findings.doubled,
        wrong,
    }
}
