//! Refunds: a call with exactly one of a reference and a message.

use http::Method;
use kassa_checkout::{
    Call, Reply, Unsigned,
    message::ContentError,
    order::AttemptRef,
    provider::BuildError,
    refund::{RefundNote, RefundOrder, RefundReport, RefundTotal},
};
use serde_json::{Map, Value};

use super::{
    account::Account,
    back::{self, Envelope},
    front::segment,
    message::{self, RefundPayment, Refunded, Stands},
};

/// The longest message that a refund bears, in characters: that of a credit transfer. OP's own
/// limit is not public.
const LONGEST_NOTE: usize = 140;

/// Refund.
pub(super) fn refund(
    account: &Account,
    attempt: &AttemptRef<'_>,
    order: &RefundOrder<'_>,
    envelope: &Envelope<'_>,
) -> Result<Unsigned<Call<RefundReport>>, BuildError> {
    let payment_id = back::payment_id(attempt)?;
    let body = match order.note {
        RefundNote::Reference(reference) => RefundPayment::with_reference(order.amount, reference)?,
        RefundNote::Message(text) => {
            let message = message_object(account, text)?;
            RefundPayment::with_message(order.amount, message)
        }
    };
    let path = format!("/payments/{}/refund", segment(payment_id));
    let least = order.amount.cents();
    let reply = Reply::unsigned(move |response| {
        let refunded: Refunded = back::read(response)?;
        let wrong = |path| back::unreadable(ContentError::Field(path));
        // Whose identifier it is, the payment's or the refund's own, is not public.
        if !message::is_id(&refunded.payment_id) {
            return Err(wrong("paymentId"));
        }
        let total = message::cents(&refunded.total_refunded_amount)
            .filter(|total| *total >= least)
            .ok_or_else(|| wrong("totalRefundedAmount"))?;
        Ok(RefundReport {
            provider_reference: Some(refunded.payment_id),
            total_refunded_cents: Some(total),
        })
    });
    let body = body.to_body();
    back::call(account, Method::POST, &path, body, envelope, reply)
}

/// Payment status, asked for what has gone back: `totalRefundedAmount` is documented in both
/// answers, of Payment status and of Refund.
pub(super) fn ask_total(
    account: &Account,
    attempt: &AttemptRef<'_>,
    envelope: &Envelope<'_>,
) -> Result<Unsigned<Call<RefundTotal>>, BuildError> {
    let payment_id = back::payment_id(attempt)?.to_owned();
    let path = format!("/payments/{}", segment(&payment_id));
    let reply = Reply::unsigned(move |response| {
        let stands: Stands = back::read(response)?;
        let wrong = |path| back::unreadable(ContentError::Field(path));
        if stands.payment_id != payment_id {
            return Err(wrong("paymentId"));
        }
        // An answer without the field says nothing about refunds; none at all is not nothing.
        let total = stands.total_refunded_amount.as_deref();
        let total = total.and_then(message::cents);
        total
            .map(RefundTotal)
            .ok_or_else(|| wrong("totalRefundedAmount"))
    });
    back::call(account, Method::GET, &path, Vec::new(), envelope, reply)
}

/// The object `RefundMessage` with its one field, by the name that the settings give it.
fn message_object(account: &Account, text: &str) -> Result<Map<String, Value>, BuildError> {
    let field = account.refund_message_field.as_ref().ok_or_else(|| {
        let expected = "a reference: this account's settings name no refund_message_field";
        BuildError::new("op/refund-message", "message", expected)
    })?;
    let fits = (1..=LONGEST_NOTE).contains(&text.chars().count());
    if !fits || text.chars().any(char::is_control) {
        let expected = "1 to 140 characters, no control characters";
        return Err(BuildError::new("op/limit", "message", expected));
    }
    Ok(Map::from_iter([(field.clone(), Value::from(text))]))
}
