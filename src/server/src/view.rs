//! A payment as shops and customers see it.

use kassa_checkout::{
    BankId, Currency, Language, Names, Selection, Status,
    contract::{ChooseAt, FormField, NextStep, PaymentStatus},
    lifecycle::RefundStatus,
    provider::Redirect,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock,
    store::{CallState, Payment, RefundRecord},
};

/// A payment, as the shop API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Its identifier.
    #[schema(example = "pay_0123456789abcdefghjkmnpq")]
    pub id: String,
    /// The checkout token for `<kassa-checkout>`: whoever holds it may see and pay the payment.
    /// Not in lists and webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The address of the hosted page. Not in lists and webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout_url: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Grows with every change: an answer or webhook with a smaller one is older.
    pub version: u64,
    /// The shop's order number.
    pub order: String,
    /// The sum in cents.
    pub amount: u64,
    /// Its currency.
    pub currency: Currency,
    /// The reference in machine form: `1234561`.
    pub reference: String,
    /// The reference as it is printed: `12 34561`.
    pub reference_print: String,
    /// What is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The language that the payment was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// How the customer comes to a bank.
    pub selection: Selection,
    /// Where the customer chooses.
    pub choose_at: ChooseAt,
    /// The shop's page to go back to.
    pub return_url: String,
    /// The bank chosen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankId>,
    /// The other method chosen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The provider of the latest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// How many attempts to pay there were.
    pub attempts: usize,
    /// How much went back to the payer at the shop's wish, in cents.
    pub refunded: u64,
    /// How much can still be refunded, in cents.
    pub refundable: u64,
    /// When it was made, as RFC 3339 in UTC.
    pub created_at: String,
    /// When it came to its present status.
    pub changed_at: String,
    /// When the offer to pay ends.
    pub expires_at: String,
}

impl PaymentView {
    /// A payment without its token.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        let latest = payment.latest.as_ref();
        Self {
            id: payment.id.clone(),
            token: None,
            checkout_url: None,
            status: payment.status(),
            version: payment.version,
            order: payment.order.clone(),
            amount: payment.lifecycle.amount().cents(),
            currency: payment.lifecycle.amount().currency(),
            reference: payment.reference.clone(),
            reference_print: reference_print(&payment.reference),
            description: payment.terms.description.clone(),
            language: payment.terms.language,
            selection: payment.terms.selection.clone(),
            choose_at: payment.terms.choose_at,
            return_url: payment.terms.return_url.clone(),
            bank: latest.and_then(|attempt| attempt.bank.clone()),
            method: latest.and_then(|attempt| attempt.method.clone()),
            provider: latest.map(|attempt| attempt.provider.clone()),
            attempts: payment.lifecycle.attempts().len(),
            refunded: payment.lifecycle.refunded_cents(),
            refundable: payment.lifecycle.refundable_cents(),
            created_at: clock::rfc3339(payment.created_at),
            changed_at: clock::rfc3339(payment.changed_at),
            expires_at: clock::rfc3339(payment.expires_at),
        }
    }

    /// The payment with its token and the address of its page, for the shop's own eyes.
    #[must_use]
    pub fn with_token(payment: &Payment, public_url: &str) -> Self {
        Self {
            token: Some(payment.token.clone()),
            checkout_url: Some(format!("{public_url}/checkout/{}", payment.token)),
            ..Self::of(payment)
        }
    }
}

/// A refund, as the shop API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    /// Its identifier.
    #[schema(example = "ref_0123456789abcdefghjkmnpq")]
    pub id: String,
    /// The payment's identifier.
    #[schema(example = "pay_0123456789abcdefghjkmnpq")]
    pub payment: String,
    /// The attempt whose money went back.
    pub attempt: String,
    /// The sum in cents.
    pub amount: u64,
    /// Where it stands.
    pub status: RefundStatus,
    /// Whether the shop sent the money back by itself.
    pub manual: bool,
    /// The shop's own note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was asked for, as RFC 3339 in UTC.
    pub created_at: String,
    /// When it came to its present status.
    pub changed_at: String,
}

impl RefundView {
    /// A refund.
    #[must_use]
    pub fn of(refund: &RefundRecord) -> Self {
        Self {
            id: refund.id.clone(),
            payment: refund.payment.clone(),
            attempt: refund.attempt.clone(),
            amount: refund.cents,
            status: refund.status,
            manual: refund.manual,
            note: refund.note.clone(),
            created_at: clock::rfc3339(refund.created_at),
            changed_at: clock::rfc3339(refund.changed_at),
        }
    }
}

/// A reference as it is printed, in groups.
#[must_use]
pub fn reference_print(machine: &str) -> String {
    viite::Reference::parse_machine(machine)
        .map_or_else(|_| machine.to_owned(), |reference| reference.to_print())
}

/// The shop's page to go back to, told which payment it is about. From a call of VETUMA it is the
/// page that brings the answer.
#[must_use]
pub fn return_url(payment: &Payment) -> String {
    if let Some(call) = &payment.terms.vetuma {
        return call.back.clone();
    }
    // It was written by the standard when the payment was made, and identifiers are plain letters.
    let page = &payment.terms.return_url;
    let (page, fragment) = page
        .find('#')
        .map_or((page.as_str(), ""), |at| page.split_at(at));
    let between = if page.contains('?') { '&' } else { '?' };
    format!("{page}{between}payment={}{fragment}", payment.id)
}

/// Where a payment stands, as the customer sees it; `names` are those of the bank chosen last.
#[must_use]
pub fn status(payment: &Payment, names: Option<Names>) -> PaymentStatus {
    let latest = payment.latest.as_ref();
    PaymentStatus {
        status: payment.status(),
        bank: latest.and_then(|attempt| attempt.bank.clone()),
        bank_names: names,
        can_pay: payment.lifecycle.can_pay(),
        chosen_at: latest.map(|attempt| attempt.at),
        accepted_at: payment.lifecycle.accepted_at(),
        changed_at: payment.changed_at,
        version: payment.version,
        return_url: return_url(payment),
        refunded_cents: payment.lifecycle.refunded_cents(),
        refunding_cents: payment.lifecycle.refunding_cents(),
        next: next(payment),
    }
}

/// What a browser does that was told to wait; none when nothing is to be waited for.
#[must_use]
pub fn next(payment: &Payment) -> Option<NextStep> {
    let latest = payment.latest.as_ref()?;
    let waits = matches!(latest.call, Some(CallState::Unsure | CallState::Taken))
        && matches!(payment.status(), Status::Redirected | Status::Pending)
        && payment.lifecycle.can_pay();
    waits.then(|| latest.redirect.as_ref().map_or(NextStep::Await, step))
}

/// Where a provider wants the browser to go, as a step.
#[must_use]
pub fn step(redirect: &Redirect) -> NextStep {
    match redirect {
        Redirect::Get { url } => NextStep::Redirect { url: url.clone() },
        Redirect::Post { url, fields } => NextStep::PostForm {
            url: url.clone(),
            fields: fields
                .iter()
                .map(|(name, value)| FormField {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
        },
    }
}
