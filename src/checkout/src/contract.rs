//! The contract between the widget and the server: the JSON of the checkout API.
//!
//! The widget reads it through typed getters, the server writes it with serde; both mean these
//! types. Everything here may be seen by the customer.

use serde::{Deserialize, Serialize};

use crate::{
    amount::Currency,
    bank::{Bank, BankId, Names},
    language::Language,
    lifecycle::Status,
    selection::OptionName,
    time::Timestamp,
};

/// `GET /checkout/{token}/session`: all that the widget needs to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Who is paid.
    pub payee: String,
    /// The sum in cents.
    pub amount_cents: u64,
    /// Its currency.
    pub currency: Currency,
    /// The reference in print form: `12 34561`.
    pub reference: String,
    /// The shop's order number.
    pub order: String,
    /// What is bought, in the shop's words.
    pub description: Option<String>,
    /// The language that the payment was made in.
    pub language: Language,
    /// How the customer comes to a bank.
    pub option: OptionName,
    /// Where the customer chooses: here, or on the provider's page after one button.
    pub choose_at: ChooseAt,
    /// Other methods than banks, where the option shows any.
    pub methods: Vec<Method>,
    /// The banks to choose from, in order; only those that the option and the shop permit.
    pub banks: Vec<Bank>,
    /// Where the payment stands.
    pub status: PaymentStatus,
    /// When the offer to pay ends.
    pub expires_at: Timestamp,
}

/// Where the customer chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChooseAt {
    /// In Kassa's own list.
    #[default]
    Kassa,
    /// On the provider's page, which is handed the selection.
    Provider,
}

/// Another way to pay than a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Method {
    /// The provider's code of the method.
    pub code: String,
    /// What the customer sees.
    pub names: Names,
}

/// `GET /checkout/{token}/status`, and each message of `…/events`: where the payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentStatus {
    /// The payment's status.
    pub status: Status,
    /// The bank chosen last.
    pub bank: Option<BankId>,
    /// Its name.
    pub bank_names: Option<Names>,
    /// Whether the customer may choose a bank now, for the first time or again.
    pub can_pay: bool,
    /// When a bank was chosen.
    pub chosen_at: Option<Timestamp>,
    /// When the provider first reported that the bank took the payment on.
    pub accepted_at: Option<Timestamp>,
    /// When the payment came to its present status.
    pub changed_at: Timestamp,
    /// Grows with every change, so that an older answer never replaces a newer one.
    pub version: u64,
    /// The shop's page to go back to.
    pub return_url: String,
    /// How much the shop has given back, in cents.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunded_cents: u64,
    /// How much it is giving back: asked for, and not known to have gone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunding_cents: u64,
    /// While a browser that was told to wait has something to wait for: that it still does, or
    /// where it goes now. No other browser goes there: the customer may have been there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStep>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_zero(cents: &u64) -> bool {
    *cents == 0
}

/// `POST /checkout/{token}/pay`: what the customer chose.
///
/// Exactly one of `bank` and `method`; neither only when the choice is made at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayRequest {
    /// The bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankId>,
    /// The other method, by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The language on screen, for the provider's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// The answer to a [`PayRequest`]: what the browser does next, at the top level, never in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NextStep {
    /// Go to this address.
    Redirect {
        /// The address.
        url: String,
    },
    /// Submit a form there.
    PostForm {
        /// The form's action.
        url: String,
        /// Its fields, in order.
        fields: Vec<FormField>,
    },
    /// Wait: the step comes with the status stream.
    Await,
}

/// A field of a form to submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}
