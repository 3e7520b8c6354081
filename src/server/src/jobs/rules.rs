//! The rules that the jobs work by, without their I/O, for simulations.

use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use kassa_checkout::Timestamp;

use super::{delivery, questions};
use crate::{
    gateway::Asked,
    shop::Webhook,
    store::{Delivery, Question},
    tokens,
};

/// How many deadlines are met at once.
pub const DEADLINES: u32 = super::DEADLINES;
/// How many questions are claimed at once.
pub const QUESTIONS: u32 = questions::BATCH;
/// For how many seconds a question is claimed.
pub const QUESTION_LEASE: u64 = questions::LEASE;
/// How many messages to one shop are held at once, unless the configuration says otherwise.
pub const IN_HAND: usize = delivery::in_hand(Webhook::AT_ONCE);
/// For how many seconds a message is claimed.
pub const WEBHOOK_LEASE: u64 = delivery::LEASE;

/// In how many seconds to ask again after this answer, if ever.
#[must_use]
pub fn ask_again(asked: &Asked, question: &Question, now: Timestamp) -> Option<u64> {
    questions::again(asked, question, now)
}

/// What comes of a webhook's try that the shop answered with this status and pause, or not at all.
#[must_use]
pub fn delivery(status: Option<u16>, retry_after: Option<u64>, tries: u32) -> Delivery {
    let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) else {
        return delivery::failed(tries, None).0;
    };
    let pause = retry_after.map(|pause| (RETRY_AFTER, HeaderValue::from(pause)));
    delivery::outcome(status, &HeaderMap::from_iter(pause), tries).0
}

/// Makes what chance adds to pauses on this thread come from a seed, until the next call.
pub fn seed_chance(seed: Option<u64>) {
    tokens::seed_below(seed);
}
