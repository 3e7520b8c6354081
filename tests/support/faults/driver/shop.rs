//! The shop and its customers: Kassa's two interfaces as they use them, over a line that breaks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{pace::Pace, plan::Plan, tally::Tally};
use crate::services::{Answer, DEV_API_KEY, Http, Problem};

/// A call is tried again for so long: a restart takes a moment, and kills may follow each other.
const PATIENCE: Duration = Duration::from_secs(45);
/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(15);
/// The most payments that a page of the list may hold.
const PAGE: usize = 100;

/// Kassa, as the shop calls it.
#[derive(Debug, Clone)]
pub(crate) struct Kassa {
    http: Http,
    /// Where its servers are.
    urls: Vec<String>,
    /// Counts up, so that each is asked in turn.
    turn: Arc<AtomicUsize>,
    return_url: String,
    pace: Arc<Pace>,
    tally: Arc<Tally>,
}

/// A payment that the shop made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// Its identifier.
    pub(crate) id: String,
    /// The checkout token.
    pub(crate) token: String,
}

/// A payment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its identifier.
    pub(crate) id: String,
    /// The shop's order number.
    pub(crate) order: String,
    /// Where it stands.
    pub(crate) status: String,
}

/// An event of a payment's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    /// Its number within the payment, from 1.
    pub(crate) seq: u64,
    /// What happened.
    pub(crate) kind: String,
    /// The particulars.
    pub(crate) detail: Value,
}

/// What the customer's browser does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextStep {
    /// Where it goes.
    pub(crate) url: String,
    /// The form that it posts; none for a redirect.
    pub(crate) fields: Option<Vec<(String, String)>>,
}

impl Kassa {
    pub(crate) fn new(
        servers: &[&str],
        return_url: &str,
        pace: Arc<Pace>,
        tally: &Arc<Tally>,
    ) -> Self {
        Self {
            http: Http::default(),
            urls: servers.iter().map(ToString::to_string).collect(),
            turn: Arc::default(),
            return_url: return_url.to_owned(),
            pace,
            tally: Arc::clone(tally),
        }
    }

    /// The server whose turn it is.
    fn url(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let number = turn.checked_rem(self.urls.len()).unwrap_or_default();
        self.urls.get(number).map_or("", String::as_str)
    }

    /// Makes the payment of an order; however often it is asked, it is one payment.
    pub(crate) fn create(&self, plan: &Plan) -> Result<Made, Problem> {
        let body = self.order(plan);
        let made = self.until_accepted("POST", "/v1/payments", &plan.order, Some(&body))?;
        Ok(Made {
            id: text(&made, "id")?,
            token: text(&made, "token")?,
        })
    }

    /// The same, tried once; says what was answered.
    pub(crate) fn try_create(&self, plan: &Plan) -> Result<Answer, Problem> {
        let authorization = format!("Bearer {DEV_API_KEY}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", plan.order.as_str()),
        ];
        let url = format!("{}/v1/payments", self.url());
        let answer = self.http.post_json(&url, &headers, &self.order(plan))?;
        self.tally.count(&answer, None);
        Ok(answer)
    }

    /// A page of the list, asked for once.
    pub(crate) fn try_list(&self) -> Result<Answer, Problem> {
        let authorization = format!("Bearer {DEV_API_KEY}");
        let headers = [("authorization", authorization.as_str())];
        self.http
            .get(&format!("{}/v1/payments?limit=1", self.url()), &headers)
    }

    /// What the shop asks for when it makes a payment.
    pub(crate) fn order(&self, plan: &Plan) -> Value {
        json!({
            "order": plan.order,
            "amount": plan.amount_cents,
            "language": "fi",
            "return_url": self.return_url,
            // Longer than any clock jumps here.
            "expires_in": 864_000,
        })
    }

    /// The names of the banks that the customer may choose.
    pub(crate) fn banks(&self, token: &str) -> Result<Vec<String>, Problem> {
        let path = format!("/checkout/{token}/session");
        let session = self.until_accepted("GET", &path, "", None)?;
        let banks = session["banks"]
            .as_array()
            .ok_or("a session without banks")?;
        banks.iter().map(|bank| text(bank, "id")).collect()
    }

    /// The customer chooses a bank.
    pub(crate) fn pay(&self, token: &str, bank: &str) -> Result<NextStep, Problem> {
        let path = format!("/checkout/{token}/pay");
        let step = self.until_accepted("POST", &path, token, Some(&choice(bank)))?;
        let fields = match step["kind"].as_str() {
            Some("redirect") => None,
            Some("post_form") => {
                let fields = step["fields"].as_array().ok_or("a form without fields")?;
                let pairs = fields
                    .iter()
                    .map(|field| Ok((text(field, "name")?, text(field, "value")?)));
                Some(pairs.collect::<Result<_, Problem>>()?)
            }
            _ => return Err(format!("an unexpected next step: {step}").into()),
        };
        Ok(NextStep {
            url: text(&step, "url")?,
            fields,
        })
    }

    /// All payments, page by page.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, Problem> {
        let mut all = Vec::new();
        let mut path = format!("/v1/payments?limit={PAGE}");
        loop {
            let page = self.until_accepted("GET", &path, "", None)?;
            let payments = page["data"].as_array().ok_or("a list without data")?;
            for payment in payments {
                all.push(Listed {
                    id: text(payment, "id")?,
                    order: text(payment, "order")?,
                    status: text(payment, "status")?,
                });
            }
            match page["next"].as_str() {
                Some(cursor) if !payments.is_empty() => {
                    path = format!("/v1/payments?limit={PAGE}&cursor={cursor}");
                }
                _ => return Ok(all),
            }
        }
    }

    /// Where a payment stands; `None` when there is none.
    pub(crate) fn status(&self, id: &str) -> Result<Option<String>, Problem> {
        let path = format!("/v1/payments/{id}");
        let payment = self.until_answered("GET", &path, "", None)?;
        payment.map(|payment| text(&payment, "status")).transpose()
    }

    /// A payment's log, oldest event first; nothing when there is none.
    pub(crate) fn events(&self, id: &str) -> Result<Vec<Logged>, Problem> {
        let path = format!("/v1/payments/{id}/events");
        let Some(log) = self.until_answered("GET", &path, "", None)? else {
            return Ok(Vec::new());
        };
        let events = log["data"].as_array().ok_or("a log without data")?;
        let read = |event: &Value| {
            Ok(Logged {
                seq: event["seq"].as_u64().ok_or("an event without a number")?,
                kind: text(event, "kind")?,
                detail: event["detail"].clone(),
            })
        };
        events.iter().map(read).collect()
    }

    /// Repeats a request until the server accepts it.
    ///
    /// Only what a restart explains is repeated: no answer, a server that says it is not ready, a
    /// first request that still runs, and a rate limit. Another refusal is final.
    fn until_accepted(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let answer = self.until_answered(method, path, key, body)?;
        Ok(answer.ok_or_else(|| format!("{method} {path}: nothing is there"))?)
    }

    /// The same, where 404 is an answer too.
    fn until_answered(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>, Problem> {
        let deadline = Instant::now() + PATIENCE;
        let authorization = format!("Bearer {DEV_API_KEY}");
        let mut headers = vec![("accept", "application/json")];
        if path.starts_with("/v1/") {
            headers.push(("authorization", authorization.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
            headers.push(("idempotency-key", key));
        }
        loop {
            let url = format!("{}{path}", self.url());
            let text = body.map(Value::to_string).unwrap_or_default();
            let begun = Instant::now();
            let sent = self.http.send(method, &url, &headers, text);
            if let Ok(answer) = &sent {
                let took = body.is_some() && answer.status < 300;
                self.tally.count(answer, took.then(|| begun.elapsed()));
            }
            let failure = match sent {
                Ok(answer) if answer.status < 300 => return answer.json().map(Some),
                Ok(answer) if answer.status == 404 => return Ok(None),
                Ok(answer) if !comes_right(&answer) => return Err(refusal(method, path, &answer)),
                Ok(answer) => refusal(method, path, &answer),
                Err(error) => error,
            };
            if Instant::now() >= deadline || self.pace.is_stopped() {
                return Err(format!("{method} {path} was given up: {failure}").into());
            }
            thread::sleep(PAUSE);
        }
    }
}

/// What a customer says who chooses a bank.
pub(crate) fn choice(bank: &str) -> Value {
    json!({ "bank": bank })
}

/// Whether the same request may be accepted a moment later.
fn comes_right(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 503)
        || answer.status == 409 && answer.body.contains("idempotency/running")
}

fn refusal(method: &str, path: &str, answer: &Answer) -> Problem {
    format!(
        "{method} {path} answered {}: {}",
        answer.status, answer.body
    )
    .into()
}

fn text(value: &Value, field: &str) -> Result<String, Problem> {
    let text = value[field].as_str();
    Ok(text
        .ok_or_else(|| format!("kassa's answer has no {field}"))?
        .to_owned())
}
