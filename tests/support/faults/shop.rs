//! The shop and its customers: Kassa's two interfaces as they use them, over a line that breaks.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{pace::Pace, plan::Plan};
use crate::services::{Answer, DEV_API_KEY, Http, Problem};

/// A call is tried again for so long: a restart takes a moment, and kills may follow each other.
const PATIENCE: Duration = Duration::from_secs(45);
/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(15);
/// The most payments that a page of the list may hold.
const PAGE: usize = 100;

/// Kassa, as the shop calls it.
#[derive(Debug, Clone)]
pub(super) struct Kassa {
    http: Http,
    url: String,
    return_url: String,
    pace: Arc<Pace>,
}

/// A payment that the shop made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// Its identifier.
    pub(super) id: String,
    /// The checkout token.
    pub(super) token: String,
}

/// A payment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its identifier.
    pub(super) id: String,
    /// The shop's order number.
    pub(super) order: String,
    /// Where it stands.
    pub(super) status: String,
}

/// An event of a payment's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    /// What happened.
    pub(super) kind: String,
    /// The particulars.
    pub(super) detail: Value,
}

/// What the customer's browser does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NextStep {
    /// Where it goes.
    pub(super) url: String,
    /// The form that it posts; none for a redirect.
    pub(super) fields: Option<Vec<(String, String)>>,
}

impl Kassa {
    pub(super) fn new(url: &str, return_url: &str, pace: Arc<Pace>) -> Self {
        Self {
            http: Http::default(),
            url: url.to_owned(),
            return_url: return_url.to_owned(),
            pace,
        }
    }

    /// Makes the payment of an order; however often it is asked, it is one payment.
    pub(super) fn create(&self, plan: &Plan) -> Result<Made, Problem> {
        let body = json!({
            "order": plan.order,
            "amount": plan.amount_cents,
            "language": "fi",
            "return_url": self.return_url,
        });
        let made = self.until_accepted("POST", "/v1/payments", &plan.order, Some(&body))?;
        Ok(Made {
            id: text(&made, "id")?,
            token: text(&made, "token")?,
        })
    }

    /// The names of the banks that the customer may choose.
    pub(super) fn banks(&self, token: &str) -> Result<Vec<String>, Problem> {
        let path = format!("/checkout/{token}/session");
        let session = self.until_accepted("GET", &path, "", None)?;
        let banks = session["banks"]
            .as_array()
            .ok_or("a session without banks")?;
        banks.iter().map(|bank| text(bank, "id")).collect()
    }

    /// The customer chooses a bank.
    pub(super) fn pay(&self, token: &str, bank: &str) -> Result<NextStep, Problem> {
        let path = format!("/checkout/{token}/pay");
        let step = self.until_accepted("POST", &path, token, Some(&json!({ "bank": bank })))?;
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
    pub(super) fn list(&self) -> Result<Vec<Listed>, Problem> {
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

    /// Where a payment stands.
    pub(super) fn status(&self, id: &str) -> Result<String, Problem> {
        let payment = self.until_accepted("GET", &format!("/v1/payments/{id}"), "", None)?;
        text(&payment, "status")
    }

    /// A payment's log, oldest event first.
    pub(super) fn events(&self, id: &str) -> Result<Vec<Logged>, Problem> {
        let path = format!("/v1/payments/{id}/events");
        let log = self.until_accepted("GET", &path, "", None)?;
        let events = log["data"].as_array().ok_or("a log without data")?;
        let read = |event: &Value| {
            Ok(Logged {
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
        let deadline = Instant::now() + PATIENCE;
        let url = format!("{}{path}", self.url);
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
            let text = body.map(Value::to_string).unwrap_or_default();
            let failure = match self.http.send(method, &url, &headers, text) {
                Ok(answer) if (200..300).contains(&answer.status) => return answer.json(),
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
