//! The simulator's side: its control API, and what it knows to be true.

use std::time::Duration;

use serde_json::{Value, json};

use super::plan::Plan;
use crate::services::{Answer, Http, Problem};

/// The simulator itself waits up to half a minute until all that is due was sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The simulator.
#[derive(Debug, Clone)]
pub(crate) struct Simulator {
    http: Http,
    url: String,
    /// Where others are told that it is.
    facade: String,
}

/// A payment as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    /// ecommpay's word for where it stands.
    pub(crate) state: String,
    /// Whether the bank has yet to say its last word.
    pub(crate) unfinished: bool,
    /// All callbacks about it.
    pub(crate) callbacks: Vec<Callback>,
}

/// A callback as the simulator sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callback {
    /// The operation that it is about.
    pub(crate) operation: u64,
    /// The operation's status.
    pub(crate) operation_status: String,
    /// The payment's status in it.
    pub(crate) payment_status: String,
    /// How often it was answered with 200.
    pub(crate) acknowledged: usize,
    /// How often it was sent.
    pub(crate) sent: usize,
}

impl Simulator {
    /// The simulator at an address, of which others may know another.
    pub(crate) fn new(url: &str, facade: &str) -> Self {
        Self {
            http: Http::patient(PATIENCE),
            url: url.to_owned(),
            facade: facade.to_owned(),
        }
    }

    /// Its own address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The simulator's own address of a page that others know by the facade's.
    pub(crate) fn own(&self, url: &str) -> String {
        url.replacen(&self.facade, &self.url, 1)
    }

    /// What goes wrong with callbacks from now on.
    pub(crate) fn set_faults(&self, faults: &Value) -> Result<(), Problem> {
        self.post("/control/faults", faults).map(drop)
    }

    /// Puts the simulator's clock forward.
    pub(crate) fn skip(&self, seconds: u32) -> Result<(), Problem> {
        let body = json!({ "skip_seconds": seconds });
        self.post("/control/clock", &body).map(drop)
    }

    /// Waits until nothing is due: whether all callbacks have arrived by then.
    pub(crate) fn flush(&self) -> Result<bool, Problem> {
        let answer = self.post("/control/callbacks/flush", &json!({}))?;
        Ok(answer["waiting"] == 0)
    }

    /// Lets the bank do with a payment what the plan says.
    pub(crate) fn act(&self, payment_id: &str, plan: &Plan) -> Result<(), Problem> {
        let body = json!({
            "act": plan.ending.act(),
            "delay_seconds": plan.delay_seconds,
        });
        let path = format!("/control/payments/{payment_id}/act");
        self.post(&path, &body).map(drop)
    }

    /// What is true about a payment.
    pub(crate) fn truth(&self, payment_id: &str) -> Result<Truth, Problem> {
        let payment = self.payment(payment_id)?;
        Ok(Truth {
            state: text(&payment["state"])?,
            unfinished: !payment["planned"].is_null(),
            callbacks: callbacks(&payment)?
                .iter()
                .map(Callback::read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The callbacks about a payment so far, as they are sent.
    pub(crate) fn bodies(&self, payment_id: &str) -> Result<Vec<String>, Problem> {
        let payment = self.payment(payment_id)?;
        let bodies = callbacks(&payment)?.iter();
        bodies.map(|callback| text(&callback["body"])).collect()
    }

    fn payment(&self, payment_id: &str) -> Result<Value, Problem> {
        let url = format!("{}/control/payments/{payment_id}", self.url);
        accepted(self.http.get(&url, &[])?, &url)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        let url = format!("{}{path}", self.url);
        accepted(self.http.post_json(&url, &[], body)?, &url)
    }
}

impl Callback {
    fn read(callback: &Value) -> Result<Self, Problem> {
        let attempts = callback["attempts"].as_array();
        let attempts = attempts.ok_or("a callback without attempts")?;
        let is_200 = |attempt: &&Value| attempt["http_status"] == 200;
        Ok(Self {
            operation: callback["operation"]["id"]
                .as_u64()
                .ok_or("a callback without an operation")?,
            operation_status: text(&callback["operation"]["status"])?,
            payment_status: text(&callback["payment_status"])?,
            acknowledged: attempts.iter().filter(is_200).count(),
            sent: attempts.len(),
        })
    }
}

fn callbacks(payment: &Value) -> Result<&Vec<Value>, Problem> {
    let callbacks = payment["callback_list"].as_array();
    Ok(callbacks.ok_or("the simulator lists no callbacks")?)
}

fn accepted(answer: Answer, url: &str) -> Result<Value, Problem> {
    if answer.status == 200 {
        answer.json()
    } else {
        Err(format!("{url} answered {}: {}", answer.status, answer.body).into())
    }
}

fn text(value: &Value) -> Result<String, Problem> {
    let text = value.as_str();
    Ok(text
        .ok_or("a word is missing in the simulator's answer")?
        .to_owned())
}
