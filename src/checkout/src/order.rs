//! What is paid and by whom, as a provider gets to see it.

use core::net::IpAddr;

use crate::{amount::Amount, language::Language, time::Timestamp};

/// An order to pay, ready for a provider.
///
/// Text limits differ by provider and are checked where a provider builds its message.
#[derive(Debug, Clone)]
pub struct Order {
    /// The identifier of this attempt at the provider; new for every attempt.
    pub provider_payment_id: String,
    /// The sum.
    pub amount: Amount,
    /// The reference that the payment carries to the payee's account, in machine form.
    pub reference: String,
    /// What the customer reads about the payment.
    pub description: Option<String>,
    /// Who pays.
    pub customer: Customer,
}

/// Who pays. `Debug` shows no personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// The shop's identifier of the customer.
    pub id: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Electronic mail address.
    pub email: Option<String>,
    /// Telephone number, 4 to 24 digits.
    pub phone: Option<String>,
}

impl core::fmt::Debug for Customer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Customer([redacted])")
    }
}

/// All that is not in the order and would otherwise make a message non-deterministic.
#[derive(Debug, Clone)]
pub struct Context {
    /// Now.
    pub now: Timestamp,
    /// A fresh UUID for this very message, in lower case; a second try gets another one.
    pub request_id: String,
    /// A UUID in lower case that all messages about this attempt share.
    pub session_id: String,
    /// The language of the provider's page.
    pub language: Language,
    /// When the offer to pay ends.
    pub expires_at: Timestamp,
    /// Where the provider sends its callbacks.
    pub callback_url: String,
    /// Where the customer comes back to, whatever happened.
    pub return_url: String,
    /// The address that the customer's browser came from, where it is known.
    pub customer_ip: Option<IpAddr>,
}

/// The same for a call about an attempt that has begun, or about none.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// Now.
    pub now: Timestamp,
    /// A fresh UUID for this very call, in lower case; a second try gets another one.
    pub request_id: String,
    /// A UUID in lower case that all messages about one attempt share; a fresh one where the call
    /// is about none.
    pub session_id: String,
}

/// An attempt that a provider is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttemptRef<'a> {
    /// The identifier that Kassa gave the attempt.
    pub provider_payment_id: &'a str,
    /// The provider's own identifier, where it gave one. It may be confidential.
    pub provider_reference: Option<&'a str>,
}

impl core::fmt::Debug for AttemptRef<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AttemptRef([redacted])")
    }
}
