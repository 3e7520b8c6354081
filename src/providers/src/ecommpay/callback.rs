//! Reading callbacks: strictly, and believing nothing.
//!
//! The signature covers neither types nor the borders between values, and the customer sees the
//! signature of the page. So a callback must also look like one: see "Forgeries" in `FACTS.md`.

use kassa_checkout::{
    Claimed,
    message::{ContentError, RawCallback},
    provider::PaymentEvent,
};

use super::{
    json::Json,
    redirect::{self, Schemes},
    report::{self, object, text},
};

/// Reads a callback of the project so far that its signature can be checked.
///
/// # Errors
/// [`ContentError`] when it is too large, not JSON, holds a key twice, or does not hold exactly
/// one signature in the exact encoding. All other faults are told after the signature held.
pub fn claim(
    project_id: u64,
    schemes: Schemes,
    raw: &RawCallback,
) -> Result<Claimed<PaymentEvent>, ContentError> {
    report::claim(report::read(&raw.body)?, |document| {
        read(project_id, schemes, document)
    })
}

fn read(project_id: u64, schemes: Schemes, document: &Json) -> Result<PaymentEvent, ContentError> {
    report::refuse_request(document, &[])?;
    report::check_account(project_id, document)?;
    let payment = object(document, "payment")?;
    let operation = object(document, "operation")?;
    let payment_id = text(payment, "id", "payment.id")?;
    report::check_general_payment(payment_id, document)?;
    Ok(PaymentEvent {
        provider_payment_id: payment_id.to_owned(),
        evidence: report::evidence(payment, operation)?,
        redirect: redirect::read(document, schemes),
    })
}

#[cfg(test)]
mod tests;
