//! The points of `crash-points` around calls to providers: payments that a call begins, at
//! ecommpay's Gate and at OP, and refunds at OP.
//!
//! Customers and the shop try on until they are answered, as people do; in the end every order is
//! paid once, and what went back is what the shop reads, by the word of the other side.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    driver::{
        outcome::Outcome,
        world::{Bench, Setting, World},
    },
    kill::RETRY_SECONDS,
};
use crate::services::{Answer, DEV_API_KEY, DEV_API_KEY_AT_OP, Http, Problem, Service, wait_for};

/// How often the server dies at each point of each provider.
const TIMES: u64 = 2;
/// So many orders meet each death.
const ORDERS: usize = 3;
/// The shop gives so much of each order back: two sums that cannot be taken for each other.
const REFUNDS_CENTS: [u64; 2] = [700, 650];
/// What heals by itself does so within so long, once it is time for that.
const HEALING: Duration = Duration::from_secs(10);
/// What an order costs.
const ORDER_CENTS: u64 = 4_990;
/// The server dies within so long, or it never came to the point: longer than a customer waits on
/// a page before the attempt that leads there.
const PATIENCE: Duration = Duration::from_secs(30);
/// Whoever wants something tries for so long.
const LONGEST_WAIT: Duration = Duration::from_secs(45);
/// A customer who waits on a page chooses once more after so long.
const LONGEST_PAGE: Duration = Duration::from_secs(12);
/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(40);
/// So much time passes before each start: nobody still works on what the dead server began.
const MINUTE_MS: i64 = 60_000;

/// Whether a point is one of these.
pub(super) fn is_ours(point: &str) -> bool {
    point.starts_with("begin/") || point.starts_with("refund/")
}

/// Dies at each of the points.
pub(super) fn run(bench: &Bench, folder: &Path, points: &[String]) -> Result<Outcome, Problem> {
    let begun = Instant::now();
    let folder = folder.join("calls");
    std::fs::create_dir(&folder)?;
    let setting = Setting {
        gate: true,
        ..Setting::short_log(bench)?.meddled()
    };
    let world = World::open(bench, &folder, &setting)?;
    let mut outcome = Outcome {
        name: "crash-points",
        ..Outcome::default()
    };
    let mut deaths = 0;
    for through in [Through::Gate, Through::Op] {
        for point in points.iter().filter(|point| through.passes(point)) {
            for time in 1..=TIMES {
                let name = format!("{through:?}-{}-{time}", point.replace('/', "-"));
                let act = Act {
                    world: &world,
                    through,
                    refunds: point.starts_with("refund/"),
                };
                let (died, findings) = act.play(&name, point, time)?;
                deaths += usize::from(died);
                outcome = outcome.and(findings).demand(
                    died,
                    format!("{name}: the point was not passed {time} times"),
                );
            }
        }
    }
    outcome.spent = begun.elapsed();
    outcome.wrong.extend(world.damage()?);
    Ok(outcome.figure(format!("{deaths} deaths around calls")))
}

/// Through whom an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    Gate,
    Op,
}

impl Through {
    /// Whether the server comes to the point there: the Gate makes no refunds.
    fn passes(self, point: &str) -> bool {
        self == Self::Op || point.starts_with("begin/")
    }

    const fn api_key(self) -> &'static str {
        match self {
            Self::Gate => DEV_API_KEY,
            Self::Op => DEV_API_KEY_AT_OP,
        }
    }

    const fn bank(self) -> &'static str {
        match self {
            Self::Gate => "nordea",
            Self::Op => "op",
        }
    }
}

/// One death.
struct Act<'a> {
    world: &'a World<'a>,
    through: Through,
    refunds: bool,
}

/// An order that is being paid.
struct Order {
    id: String,
    token: String,
    reference: String,
}

impl Act<'_> {
    /// Whether the server died, and what was found afterwards.
    fn play(&self, name: &str, point: &str, nth: u64) -> Result<(bool, Outcome), Problem> {
        let world = self.world;
        let variable = ("KASSA_CRASH_AT", format!("{point}:{nth}"));
        let armed = world.start.start_with(&[variable])?;
        let url = armed.url().to_owned();
        let orders: Vec<String> = (0..ORDERS)
            .map(|number| format!("{name}-{number}"))
            .collect();
        thread::scope(|scope| {
            let customers: Vec<_> = orders
                .iter()
                .map(|order| scope.spawn(|| self.order(&url, order)))
                .collect();
            let died = armed.ends_within(PATIENCE)?;
            let mut server = self.another(armed, died)?;
            let mut findings = Outcome::default();
            for customer in customers {
                let order = customer.join().map_err(|_| "a customer panicked")??;
                findings = self.judge(&url, &order, findings)?;
            }
            server.kill()?;
            Ok((died, findings))
        })
    }

    /// The server after the one that died.
    fn another(&self, mut armed: Service, died: bool) -> Result<Service, Problem> {
        if !died {
            armed.kill()?;
        }
        drop(armed);
        self.world.put_clocks_forward(MINUTE_MS)?;
        if self.world.has_database() {
            self.world.preload()?.put_clock_forward(MINUTE_MS)?;
        }
        self.world.start.start()
    }

    /// Buys, pays, and gives back a part of it where that is wanted.
    fn order(&self, url: &str, order: &str) -> Result<Order, Problem> {
        let wish = json!({
            "order": order, "amount": ORDER_CENTS, "return_url": self.world.return_url,
            "expires_in": 864_000,
        });
        let made = self.shop(url, "/v1/payments", order, Some(&wish))?;
        let order = Order {
            id: text(&made, "id")?,
            token: text(&made, "token")?,
            reference: text(&made, "reference")?,
        };
        let way = self.choose(url, &order)?;
        self.pay(&order, &way)?;
        self.until(url, &order, |status| status["status"] == "paid")?;
        if self.refunds {
            for cents in REFUNDS_CENTS {
                let key = format!("{}-{cents}", order.id);
                let path = format!("/v1/payments/{}/refunds", order.id);
                let wish = json!({ "amount": cents });
                self.shop(url, &path, &key, Some(&wish))?;
            }
        }
        Ok(order)
    }

    /// Chooses the bank and waits for the way to it, as the customer's page does; after a while the
    /// customer chooses once more.
    fn choose(&self, url: &str, order: &Order) -> Result<String, Problem> {
        let body = json!({ "bank": self.through.bank() });
        let pay = format!("{url}/checkout/{}/pay", order.token);
        let status = format!("{url}/checkout/{}/status", order.token);
        let way = |step: &Value| step["url"].as_str().map(str::to_owned);
        patiently("a way to the bank", || {
            let step = accepted(Http::default().post_json(&pay, &[], &body))?;
            way(&step).or_else(|| {
                wait_for("the bank", LONGEST_PAGE, || {
                    thread::sleep(PAUSE);
                    // What the dead server did not take comes again.
                    self.world.simulator.skip(RETRY_SECONDS).ok()?;
                    way(&accepted(Http::default().get(&status, &[]))?["next"])
                })
                .ok()
            })
        })
    }

    /// Pays at the bank.
    fn pay(&self, order: &Order, way: &str) -> Result<(), Problem> {
        let simulator = self.world.simulator.url();
        let http = Http::default();
        if self.through == Through::Gate {
            let act = format!("{simulator}/control/payments/{}-1/act", order.id);
            let answer = http.post_json(&act, &[], &json!({ "act": "pay" }))?;
            return demand(answer.status == 200, &answer);
        }
        let page = http.get(way, &[])?;
        let place = page.headers.iter().find(|(name, _)| name == "location");
        let place = place.ok_or_else(|| format!("OP answered {}", page.status))?;
        let form = [("act".to_owned(), "pay".to_owned())];
        let answer = http.post_form(&format!("{simulator}{}", place.1), &form)?;
        demand(answer.status == 303, &answer)
    }

    /// The customer's page, until it shows what is wanted.
    fn until(
        &self,
        url: &str,
        order: &Order,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<(), Problem> {
        let page = format!("{url}/checkout/{}/status", order.token);
        patiently("a payment", || {
            let status = accepted(Http::default().get(&page, &[]))?;
            if wanted(&status) {
                return Some(());
            }
            self.world.simulator.skip(RETRY_SECONDS).ok()?;
            None
        })
    }

    /// The shop asks until it is answered.
    fn shop(
        &self,
        url: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let authorization = format!("Bearer {}", self.through.api_key());
        let headers = [("authorization", &*authorization), ("idempotency-key", key)];
        let url = format!("{url}{path}");
        patiently(path, || {
            accepted(match body {
                Some(body) => Http::default().post_json(&url, &headers, body),
                None => Http::default().get(&url, &headers[..1]),
            })
        })
    }

    /// What both sides know of an order in the end.
    fn judge(&self, url: &str, order: &Order, mut found: Outcome) -> Result<Outcome, Problem> {
        found.acknowledged += 2;
        let paid = self.paid_there(order)?;
        if paid != 1 {
            let line = format!("{}: paid {paid} times at the provider", order.id);
            found.doubled += paid.saturating_sub(1);
            found.lost += usize::from(paid == 0);
            found.wrong.push(line);
        }
        if self.refunds {
            found.acknowledged += 2;
            self.judge_refunds(url, order, &mut found)?;
        }
        Ok(found)
    }

    /// What OP gave back is what the shop reads as given back, to the cent. A refund whose call
    /// never left the dying server stays pending: nobody may call again, and a person is told.
    fn judge_refunds(&self, url: &str, order: &Order, found: &mut Outcome) -> Result<(), Problem> {
        let path = format!("/v1/payments/{}/refunds", order.id);
        let list = || -> Result<Vec<(u64, Value)>, Problem> {
            let list = self.shop(url, &path, "", None)?;
            let refunds = list["data"].as_array().ok_or("no refunds")?.iter();
            let pairs = refunds.map(|one| (one["amount"].as_u64(), one["status"].clone()));
            Ok(pairs
                .map(|(cents, status)| (cents.unwrap_or_default(), status))
                .collect())
        };
        let is_pending = |(_, status): &(u64, Value)| *status == "pending";
        // Whoever was looked at just while the next refund was made is looked at again half a
        // minute later. What stays pending after that does so for good.
        for put_forward_ms in [0, MINUTE_MS] {
            self.world.put_clocks_forward(put_forward_ms)?;
            let healed = wait_for("refunds", HEALING, || {
                thread::sleep(PAUSE);
                (!list().ok()?.iter().any(is_pending)).then_some(())
            });
            if healed.is_ok() {
                break;
            }
        }
        let refunds = list()?;
        if refunds.len() != REFUNDS_CENTS.len() || refunds.iter().any(|(_, one)| one == "failed") {
            found.lost += 1;
            found
                .wrong
                .push(format!("{}: its refunds are {refunds:?}", order.id));
        }
        let succeeded = refunds.iter().filter(|(_, status)| status == "succeeded");
        let counted: u64 = succeeded.map(|(cents, _)| cents).sum();
        let there = self.at_op(order)?;
        let total = there.iter().find(|one| one["status"] == "SIM_PAID");
        let total = total.and_then(|one| one["totalRefundedAmount"].as_str());
        let expected = format!("{}.{:02}", counted / 100, counted % 100);
        if total != Some(&expected) {
            found.doubled += 1;
            let line = format!("{}: OP gave back {total:?}, not {expected}", order.id);
            found.wrong.push(line);
        }
        Ok(())
    }

    /// How often the order was paid at its provider. A payment that OP opened and that nobody was
    /// sent to does not count: nobody can pay it.
    fn paid_there(&self, order: &Order) -> Result<usize, Problem> {
        if self.through == Through::Op {
            let there = self.at_op(order)?;
            return Ok(there
                .iter()
                .filter(|one| one["status"] == "SIM_PAID")
                .count());
        }
        let url = format!("{}/control/payments", self.world.simulator.url());
        let all = Http::default().get(&url, &[])?.json()?;
        let all = all["payments"].as_array().ok_or("no payments")?;
        let start = format!("{}-", order.id);
        let ours = all.iter().filter(|one| {
            let id = one["payment_id"].as_str();
            one["state"] == "success" && id.is_some_and(|id| id.starts_with(&start))
        });
        Ok(ours.count())
    }

    fn at_op(&self, order: &Order) -> Result<Vec<Value>, Problem> {
        let url = format!("{}/control/op/payments", self.world.simulator.url());
        let all = Http::default().get(&url, &[])?.json()?;
        let all = all["payments"].as_array().ok_or("no payments")?.iter();
        let ours = all.filter(|one| one["reference"] == order.reference.as_str());
        Ok(ours.cloned().collect())
    }
}

/// The answer of a server that took the request.
fn accepted(answer: Result<Answer, Problem>) -> Option<Value> {
    let answer = answer.ok().filter(|answer| answer.status < 300)?;
    answer.json().ok()
}

fn demand(holds: bool, answer: &Answer) -> Result<(), Problem> {
    if holds {
        return Ok(());
    }
    Err(format!("the simulator answered {}: {}", answer.status, answer.body).into())
}

fn patiently<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> Result<T, Problem> {
    wait_for(what, LONGEST_WAIT, || {
        let answer = ask();
        if answer.is_none() {
            thread::sleep(PAUSE);
        }
        answer
    })
}

fn text(value: &Value, field: &str) -> Result<String, Problem> {
    let text = value[field].as_str();
    Ok(text
        .ok_or_else(|| format!("no {field} in kassa's answer"))?
        .to_owned())
}
