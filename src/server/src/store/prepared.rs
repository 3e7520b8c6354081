//! A change with all of its texts made.

use super::{StoreError, transition::Change};

/// A change with all of its texts made, so that whoever writes has only to hand them over.
pub(super) struct Prepared {
    pub(super) change: Change,
    /// Where the payment is a new one: terms do not change.
    pub(super) terms: Option<String>,
    pub(super) lifecycle: String,
    pub(super) latest: Option<String>,
    /// The particulars of the events, in their order.
    pub(super) details: Vec<String>,
}

impl Prepared {
    pub(super) fn of(change: Change) -> Result<Self, StoreError> {
        let payment = &change.payment;
        let latest = payment.latest.as_ref();
        let details = change.events.iter();
        Ok(Self {
            terms: match change.from {
                None => Some(text(&payment.terms, "terms")?),
                Some(_) => None,
            },
            lifecycle: text(&payment.lifecycle, "lifecycle")?,
            latest: latest.map(|latest| text(latest, "attempt")).transpose()?,
            details: details.map(|event| event.detail.to_string()).collect(),
            change,
        })
    }
}

fn text(value: &impl serde::Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt(what))
}
