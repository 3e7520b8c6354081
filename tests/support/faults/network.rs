//! `network`: all that the server says to others, and they to it, goes through proxies that delay
//! it, cut it at every byte in three ways, and repeat it: webhooks to the shop, callbacks from the
//! provider, questions to it, and what is said to PostgreSQL. (A database's line keeps order and
//! repeats nothing by itself, so there nothing is repeated.)

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use super::driver::{
    outcome::Outcome,
    proxy::{End, Proxy, Treatment},
    traffic::{self, Load, Stage},
    world::{Bench, Setting, World},
};
use crate::services::{Problem, Service};

/// How many payments.
const PAYMENTS: usize = 160;
/// The pauses between tries of a webhook, in seconds, and a tenth more.
const PAUSES: [i64; 9] = [6, 330, 1_980, 7_920, 19_800, 39_600, 55_440, 79_200, 95_040];
/// The pause between two tries of a callback, in seconds, while there were not many.
const GAP: u32 = 200;
/// After each pause tries are made for so long at the most.
const TRIES: Duration = Duration::from_secs(6);

/// Connections of a kind.
struct Line {
    what: &'static str,
    /// How many bytes of a request are each cut at, and how many of an answer.
    bytes: [usize; 2],
    /// How many tries there must be: as many as there are bytes, where they can be brought about.
    least: usize,
    /// Whether it is kept for one request after the other.
    is_kept: bool,
    proxy: Proxy,
}

impl Line {
    fn webhooks() -> Result<Self, Problem> {
        Self::of_one_request("webhooks", [950, 60])
    }

    fn callbacks() -> Result<Self, Problem> {
        Self::of_one_request("callbacks", [1_100, 700])
    }

    fn of_one_request(what: &'static str, bytes: [usize; 2]) -> Result<Self, Problem> {
        Ok(Self {
            what,
            bytes,
            least: bytes.iter().sum(),
            is_kept: false,
            proxy: Proxy::start(move |number| cut(number, bytes).unwrap_or(mixed(number)))?,
        })
    }

    /// Few are asked, since a provider that fails is left alone for a while: bytes far apart.
    fn questions() -> Result<Self, Problem> {
        let bytes = [340, 1_900];
        let all: usize = bytes.iter().sum();
        let spread = move |number: usize| cut(number * 101 % all, bytes);
        Ok(Self {
            what: "questions",
            bytes,
            least: 60,
            is_kept: false,
            proxy: Proxy::start(move |number| match number % 8 {
                7 => mixed(number / 8),
                _ => spread(number).unwrap_or(Treatment::Pass),
            })?,
        })
    }

    /// Every byte of a connection's beginning, and more that are further apart.
    fn database(port: u16) -> Result<Self, Problem> {
        let (bytes, further) = ([1_200, 800], 400);
        let all: usize = bytes.iter().sum();
        let proxy = Proxy::start(move |number| match number.checked_sub(all) {
            None => cut(number, bytes).unwrap_or(Treatment::Pass),
            Some(more) if more < further => {
                let [request, answer] = bytes.map(|edge| edge + 13 * more);
                match more % 2 {
                    0 => Treatment::CutRequest(request, end(more)),
                    _ => Treatment::CutAnswer(answer, end(more)),
                }
            }
            Some(_) => Treatment::Pass,
        })?;
        proxy.lead_to(&format!("127.0.0.1:{port}"))?;
        // The server may start in peace.
        proxy.stay_calm();
        Ok(Self {
            what: "connections to the database",
            bytes,
            least: all + further,
            is_kept: true,
            proxy,
        })
    }

    fn is_done(&self) -> bool {
        self.proxy.connections() >= self.least
    }

    fn figure(&self) -> String {
        let [request, answer] = self.proxy.longest();
        let (what, tries) = (self.what, self.proxy.connections());
        if self.is_kept {
            return format!("{tries} {what}");
        }
        format!("{tries} {what} (up to {request} + {answer} bytes)")
    }

    /// Adds what is to be told of it, and demands that it was cut wherever it can be.
    fn judge(&self, outcome: Outcome) -> Outcome {
        let [request, answer] = self.proxy.longest();
        let [most_request, most_answer] = self.bytes;
        let fits = self.is_kept || request <= most_request && answer <= most_answer;
        outcome.figure(self.figure()).demand(
            fits && self.is_done(),
            format!("{}: not cut wherever they can be", self.what),
        )
    }
}

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<Outcome, Problem> {
    let webhooks = Line::webhooks()?;
    let callbacks = Line::callbacks()?;
    let questions = Line::questions()?;
    let database = match &bench.cluster {
        None => None,
        Some(cluster) => Some(Line::database(cluster.postgres().port())?),
    };
    let port = |line: &Line| line.proxy.port();
    let setting = Setting {
        preload: bench.cluster.is_none(),
        shop: Some(webhooks.proxy.url().to_owned()),
        provider: Some(questions.proxy.url().to_owned()),
        public: Some(callbacks.proxy.url().to_owned()),
        database_port: database.as_ref().map(port).transpose()?,
        ..Setting::default()
    };
    let world = World::open(bench, folder, &setting)?;
    webhooks.proxy.lead_to(world.shop.url())?;
    questions.proxy.lead_to(world.simulator.url())?;
    let server = world.start.start()?;
    callbacks.proxy.lead_to(server.url())?;
    let mut lines = vec![webhooks, callbacks, questions];
    lines.extend(database);
    for line in &lines {
        line.proxy.begin();
    }
    let mut load = Load::new(PAYMENTS, bench.seed);
    load.faults = [json!({}), json!({ "duplicate": 1, "reorder": true })];
    let outcome = traffic::run("network", &world, &load, server, |stage, server| {
        stage.allow(1, 1);
        go_through(stage, server, &lines)
    })?;
    Ok(lines
        .iter()
        .fold(outcome, |outcome, line| line.judge(outcome)))
}

/// Lets time pass until every treatment was met.
fn go_through(stage: &Stage<'_>, mut server: Service, lines: &[Line]) -> Result<Service, Problem> {
    let all_done = || lines.iter().all(Line::is_done);
    for pause in PAUSES {
        let begun = Instant::now();
        while !all_done() && begun.elapsed() < TRIES {
            stage.world.simulator.skip(GAP)?;
            stage.world.simulator.flush()?;
        }
        if all_done() {
            break;
        }
        server = start_later(stage, server, lines, pause * 1_000)?;
    }
    Ok(server)
}

/// Starts the server anew at a later time: it leaves nobody alone then. What is left alone after
/// failures is so by the machine's own time, in which nobody here could wait for it.
fn start_later(
    stage: &Stage<'_>,
    mut server: Service,
    lines: &[Line],
    by_ms: i64,
) -> Result<Service, Problem> {
    let database = || lines.iter().filter(|line| line.is_kept);
    stage.world.put_clocks_forward(by_ms)?;
    database().for_each(|line| line.proxy.stay_calm());
    server.kill()?;
    let server = stage.world.start.start()?;
    database().for_each(|line| line.proxy.begin());
    Ok(server)
}

/// Every byte of the request, then every byte of the answer, each cut in one of three ways.
fn cut(number: usize, [request, answer]: [usize; 2]) -> Option<Treatment> {
    if number < request {
        Some(Treatment::CutRequest(number, end(number)))
    } else if number < request + answer {
        Some(Treatment::CutAnswer(number - request, end(number)))
    } else {
        None
    }
}

fn end(number: usize) -> End {
    match number % 3 {
        0 => End::Close,
        1 => End::Reset,
        _ => End::Half,
    }
}

/// What else becomes of a connection.
fn mixed(number: usize) -> Treatment {
    match number % 4 {
        0 => Treatment::RepeatRequest,
        1 => Treatment::RepeatAnswer,
        2 => Treatment::Delay(Duration::from_millis(50)),
        _ => Treatment::Pass,
    }
}
