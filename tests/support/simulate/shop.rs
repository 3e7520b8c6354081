//! A shop's endpoint for webhooks, with its troubles, and what the shop believes.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::Value;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long the server waits for an answer, in milliseconds.
const ANSWER_WITHIN: u64 = 15 * SECOND;

/// A shop.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) id: String,
    /// Whether it has an endpoint at all.
    pub(super) endpoint: bool,
    /// From when to when it has which trouble, in milliseconds.
    troubles: Vec<(u64, u64, Trouble)>,
    /// How often each message was taken.
    pub(super) taken: BTreeMap<String, u32>,
    bodies: BTreeMap<String, String>,
    /// What the shop believes of each payment: the version and the status.
    pub(super) belief: BTreeMap<String, (u64, String)>,
    /// Messages that may be taken twice, since the server could not know of the first time.
    pub(super) excused: BTreeSet<String>,
    /// Whether it ever said that it was gone.
    pub(super) was_gone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Broken,
    Slow,
    TooMuch(Option<u64>),
    Gone,
    DiesAfterTaking,
}

/// What comes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Response {
    /// In how many milliseconds the server knows it.
    pub(super) after: u64,
    /// `None` when no answer came in time.
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<u64>,
}

impl Shop {
    pub(super) fn draw(id: String, random: &mut Rng) -> Self {
        let count = random.usize(0..4);
        let troubles = (0..count).map(|_| trouble(random)).collect();
        Self {
            id,
            endpoint: random.u32(0..20) > 0,
            troubles,
            taken: BTreeMap::new(),
            bodies: BTreeMap::new(),
            belief: BTreeMap::new(),
            excused: BTreeSet::new(),
            was_gone: false,
        }
    }

    /// A message comes, `now` milliseconds after the start. An error is a fault of the server.
    pub(super) fn receive(
        &mut self,
        id: &str,
        body: &str,
        now: u64,
        random: &mut Rng,
    ) -> Result<Response, String> {
        let active = |(from, until, _): &&(u64, u64, Trouble)| (*from..*until).contains(&now);
        let trouble = self
            .troubles
            .iter()
            .find(active)
            .map(|(_, _, trouble)| *trouble);
        let answer = |random: &mut Rng, status, retry_after| Response {
            after: random.u64(1..2 * SECOND),
            status,
            retry_after,
        };
        Ok(match trouble {
            Some(Trouble::Broken) => {
                let status = random.choice([Some(500), Some(404), Some(302), None]);
                answer(random, status.flatten(), None)
            }
            Some(Trouble::TooMuch(pause)) => answer(random, Some(429), pause),
            Some(Trouble::Gone) => {
                self.was_gone = true;
                answer(random, Some(410), None)
            }
            Some(Trouble::Slow | Trouble::DiesAfterTaking) => {
                self.take(id, body)?;
                self.excused.insert(id.to_owned());
                Response {
                    after: ANSWER_WITHIN,
                    status: None,
                    retry_after: None,
                }
            }
            None => {
                let response = answer(random, Some(204), None);
                self.take(id, body)?;
                response
            }
        })
    }

    /// Takes a message, as a shop should: twice the same is once, and an older version is old.
    fn take(&mut self, id: &str, body: &str) -> Result<(), String> {
        let first = self
            .bodies
            .entry(id.to_owned())
            .or_insert_with(|| body.to_owned());
        if first != body {
            return Err(format!("{id} was sent with two different bodies"));
        }
        let count = self.taken.entry(id.to_owned()).or_default();
        *count += 1;
        if *count > 1 && !self.excused.contains(id) {
            return Err(format!(
                "{id} was taken and acknowledged, and came once more"
            ));
        }
        let told: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let data = told.get("data");
        let text = |key| data.and_then(|data| data.get(key)).and_then(Value::as_str);
        let version = data
            .and_then(|data| data.get("version"))
            .and_then(Value::as_u64);
        let (Some(payment), Some(status), Some(version)) = (text("id"), text("status"), version)
        else {
            return Err(format!("{id} tells no payment, status and version"));
        };
        let belief = self.belief.entry(payment.to_owned()).or_default();
        if belief.0 < version {
            *belief = (version, status.to_owned());
        }
        Ok(())
    }
}

fn trouble(random: &mut Rng) -> (u64, u64, Trouble) {
    let from = random.u64(0..12 * DAY) / random.u64(1..2_000);
    let length = match random.u32(0..10) {
        // Longer than the whole schedule of tries.
        0 => random.u64(4 * DAY..6 * DAY),
        1..=3 => random.u64(HOUR..DAY),
        _ => random.u64(SECOND..HOUR),
    };
    let trouble = match random.u32(0..12) {
        0..=3 => Trouble::Broken,
        4..=5 => Trouble::Slow,
        6 => Trouble::TooMuch(None),
        7 => Trouble::TooMuch(Some(random.u64(1..3 * 86_400))),
        8 => Trouble::Gone,
        _ => Trouble::DiesAfterTaking,
    };
    (from, from + length, trouble)
}
