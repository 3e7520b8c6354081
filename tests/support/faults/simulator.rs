//! The simulator's side: its control API, and what it knows to be true.

use serde_json::{Value, json};

use super::plan::Plan;
use crate::services::{Answer, Http, Problem};

/// The simulator.
#[derive(Debug, Clone)]
pub(super) struct Simulator {
    http: Http,
    url: String,
}

/// A payment as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Truth {
    /// ecommpay's word for where it stands.
    pub(super) state: String,
    /// Whether the bank has yet to say its last word.
    pub(super) unfinished: bool,
    /// All callbacks about it.
    pub(super) callbacks: Vec<Callback>,
}

/// A callback as the simulator sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Callback {
    /// The operation that it is about.
    pub(super) operation: u64,
    /// The operation's status.
    pub(super) operation_status: String,
    /// The payment's status in it.
    pub(super) payment_status: String,
    /// How often it was answered with 200.
    pub(super) acknowledged: usize,
    /// How often it was sent.
    pub(super) sent: usize,
}

impl Simulator {
    pub(super) fn new(url: &str) -> Self {
        Self {
            http: Http::default(),
            url: url.to_owned(),
        }
    }

    /// What goes wrong with callbacks from now on.
    pub(super) fn set_faults(&self, faults: &Value) -> Result<(), Problem> {
        self.post("/control/faults", faults).map(drop)
    }

    /// Puts the simulator's clock forward.
    pub(super) fn skip(&self, seconds: u32) -> Result<(), Problem> {
        let body = json!({ "skip_seconds": seconds });
        self.post("/control/clock", &body).map(drop)
    }

    /// Waits until nothing is due: whether all callbacks have arrived by then.
    pub(super) fn flush(&self) -> Result<bool, Problem> {
        let answer = self.post("/control/callbacks/flush", &json!({}))?;
        Ok(answer["waiting"] == 0)
    }

    /// Lets the bank do with a payment what the plan says.
    pub(super) fn act(&self, payment_id: &str, plan: &Plan) -> Result<(), Problem> {
        let body = json!({
            "act": plan.ending.act(),
            "delay_seconds": plan.delay_seconds,
        });
        let path = format!("/control/payments/{payment_id}/act");
        self.post(&path, &body).map(drop)
    }

    /// What is true about a payment.
    pub(super) fn truth(&self, payment_id: &str) -> Result<Truth, Problem> {
        let url = format!("{}/control/payments/{payment_id}", self.url);
        let payment = accepted(self.http.get(&url, &[])?, &url)?;
        let callbacks = payment["callback_list"].as_array();
        let callbacks = callbacks.ok_or("the simulator lists no callbacks")?;
        Ok(Truth {
            state: text(&payment["state"])?,
            unfinished: !payment["planned"].is_null(),
            callbacks: callbacks
                .iter()
                .map(Callback::read)
                .collect::<Result<_, _>>()?,
        })
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
