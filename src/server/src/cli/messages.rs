//! Messages to shops, as people and programs read them.

use kassa_checkout::{Amount, Timestamp};
use kassa_server::{
    clock,
    store::{Message, MessageFilter, Outcome, Store},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Failure, output::euros};

/// A message as it is written for programs.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    id: &'a str,
    shop: &'a str,
    payment: &'a str,
    at: String,
    outcome: Outcome,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<String>,
    event: &'a RawValue,
}

impl<'a> Shown<'a> {
    pub(super) fn of(message: &'a Message) -> Result<Self, Failure> {
        Ok(Self {
            id: &message.id,
            shop: &message.shop,
            payment: &message.payment,
            at: clock::rfc3339(message.at),
            outcome: message.outcome,
            tries: message.tries,
            next_try_at: message.due_at.map(clock::rfc3339),
            event: serde_json::from_str(&message.body).map_err(|_| unreadable(message))?,
        })
    }
}

/// What a message says, as far as a line has room for it.
pub(super) struct Said {
    /// What happened: `payment.updated`.
    pub(super) event: String,
    /// Where the payment stands.
    pub(super) status: String,
    /// The shop's order number.
    pub(super) order: String,
    /// The payment's sum, for people.
    pub(super) amount: String,
}

#[derive(Deserialize)]
struct Body {
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    status: String,
    order: String,
    amount: u64,
}

impl Said {
    pub(super) fn by(message: &Message) -> Result<Self, Failure> {
        let body: Body = serde_json::from_str(&message.body).map_err(|_| unreadable(message))?;
        let amount = Amount::from_cents(body.data.amount).map_err(|_| unreadable(message))?;
        Ok(Self {
            event: body.r#type,
            status: body.data.status,
            order: body.data.order,
            amount: euros(amount),
        })
    }
}

fn unreadable(message: &Message) -> Failure {
    Failure::from(format!("the message {} is unreadable", message.id))
}

/// The message of that identifier, to whichever shop.
pub(super) async fn find(store: &dyn Store, id: &str) -> Result<Message, Failure> {
    let filter = MessageFilter {
        id: Some(id.to_owned()),
        limit: 1,
        ..MessageFilter::default()
    };
    let found = store.messages(filter).await?.pop();
    found.ok_or_else(|| Failure::not_found(format!("there is no message {id}")))
}

/// When a message must have been written at the earliest to be sent again.
pub(super) fn oldest_replayable() -> Timestamp {
    let now = clock::now().millis();
    Timestamp::from_millis(now.saturating_sub(kassa_server::store::REPLAYABLE * 1_000))
}
