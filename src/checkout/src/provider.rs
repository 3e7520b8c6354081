//! What a payment provider is: data in, data out.
//!
//! A provider never sees a key, a socket or a clock. What it lacks is an explicit `None`; no
//! method here has a default body.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    bank::{Bank, BankId},
    call::Call,
    error::Coded,
    lifecycle::Evidence,
    message::{Claimed, ContentError, RawCallback, Unsigned},
    order::{AttemptRef, CallContext, Context, Order},
    refund::{RefundRule, Refunds},
    selection::Selection,
    time::Timestamp,
};

/// A provider, configured for one account.
pub trait Provider: Send + Sync + fmt::Debug {
    /// What is true of the provider whatever the account.
    fn facts(&self) -> &'static Facts;

    /// The banks that customers may choose here, if Kassa can show them itself.
    fn banks(&self) -> Option<&dyn Banks>;

    /// The banks as they stand now, if the provider can be asked for them.
    fn bank_list(&self) -> Option<&dyn BankList>;

    /// How a payment begins.
    fn payments(&self) -> &dyn Payments;

    /// Callbacks, if the provider sends any.
    fn callbacks(&self) -> Option<&dyn Callbacks>;

    /// How a payment stands, if the provider can be asked.
    fn status(&self) -> Option<&dyn StatusQueries>;

    /// Callbacks that only say that something changed, if the provider sends any.
    fn notices(&self) -> Option<&dyn Notices>;

    /// What a shop may give back here.
    fn refund_rule(&self) -> RefundRule;

    /// How money goes back, if the provider can be asked to give it.
    fn refunds(&self) -> Option<&dyn Refunds>;

    /// Whether the account is in the provider's sandbox, where no money moves: a key that is
    /// published may sign there, and nowhere else.
    fn is_sandbox(&self) -> bool;
}

/// What is true of a provider whatever the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The provider's name in configuration, URLs and records.
    pub id: &'static str,
    /// The provider's name for people.
    pub name: &'static str,
    /// Whether anything here was ever run against the live provider.
    pub proven_live: bool,
    /// Whether an attempt is asked for by the provider's own identifier, so that one that has
    /// none never got there: nobody can pay it, and nothing can be asked about it.
    pub asked_by_reference: bool,
}

/// A provider's banks.
pub trait Banks {
    /// The built-in list, for when no newer one is at hand; banks known to be closed are left out
    /// unless the account names them.
    fn fallback(&self) -> Vec<Bank>;
}

/// Asks a provider which banks there are now.
pub trait BankList {
    /// Builds the question for a payment of this amount.
    ///
    /// The answer holds the banks in the order in which they are shown; each may be a
    /// [`Choice::Bank`], unless it is said to be unavailable.
    ///
    /// # Errors
    /// [`BuildError`] when the provider takes no such amount.
    fn ask_banks(
        &self,
        amount: Amount,
        context: &CallContext,
    ) -> Result<Unsigned<Call<Vec<Bank>>>, BuildError>;
}

/// What the customer chose in Kassa.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A bank.
    Bank(BankId),
    /// Another method, by the provider's code.
    Method(String),
    /// Nothing yet: the provider's page shows the selection.
    AtProvider(Selection),
}

/// How a payment begins at a provider.
pub trait Payments {
    /// Builds the message that begins the payment.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that the provider would refuse.
    fn create_payment(
        &self,
        order: &Order,
        choice: &Choice,
        context: &Context,
    ) -> Result<Beginning, BuildError>;

    /// The address that customers are sent to after a call of ours has begun their payment, where
    /// it always begins alike.
    fn front(&self) -> Option<&str>;
}

/// The message that begins a payment: who brings it.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once an attempt, and taken apart at once; how large the variants are depends on the target"
)]
pub enum Beginning {
    /// The customer's browser.
    Form(Unsigned<BrowserForm>),
    /// Our server. Whether a call that failed reached the provider is not known: the attempt's
    /// status is asked for before the same call is made again.
    Call(Unsigned<Call<Opened>>),
}

impl Beginning {
    /// The form, where the browser brings it.
    #[must_use]
    pub fn into_form(self) -> Option<Unsigned<BrowserForm>> {
        match self {
            Self::Form(form) => Some(form),
            Self::Call(_) => None,
        }
    }

    /// The call, where our server makes it.
    #[must_use]
    pub fn into_call(self) -> Option<Unsigned<Call<Opened>>> {
        match self {
            Self::Form(_) => None,
            Self::Call(call) => Some(call),
        }
    }
}

/// A payment that a provider's server has taken on.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The provider's own identifier of it, where it gave one. It may be confidential: it goes
    /// neither to a browser nor into a log.
    pub provider_reference: Option<String>,
    /// What the customer's browser does next.
    pub next: Next,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// What the customer's browser does once a provider's server has taken a payment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It goes there.
    Go(Redirect),
    /// It waits: where to go comes with a callback.
    Await,
}

/// Where a provider wants the customer's browser to go. `Debug` shows only how: the address may
/// let its holder pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum Redirect {
    /// To this address.
    Get {
        /// The address, of `https:`.
        url: String,
    },
    /// There, with a form.
    Post {
        /// The form's action, of `https:`.
        url: String,
        /// Its fields, in order.
        fields: Vec<(String, String)>,
    },
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get { .. } => "Get([redacted])",
            Self::Post { .. } => "Post([redacted])",
        })
    }
}

/// A form that the customer's browser brings to the provider.
///
/// The parameters may go as a query or as a form body; both carry the same signed values.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserForm {
    /// Where to, without a query.
    pub action: String,
    /// Names and values, decoded, in sending order.
    pub fields: Vec<(String, String)>,
}

impl BrowserForm {
    /// The form as one URL, every byte outside RFC 3986's unreserved set percent-encoded.
    ///
    /// ```
    /// use kassa_checkout::provider::BrowserForm;
    /// let form = BrowserForm {
    ///     action: "https://pay.example/payment".into(),
    ///     fields: vec![("name".into(), "Åsa +".into())],
    /// };
    /// assert_eq!(form.to_url(), "https://pay.example/payment?name=%C3%85sa%20%2B");
    /// ```
    #[must_use]
    pub fn to_url(&self) -> String {
        let mut url = self.action.clone();
        let mut separator = '?';
        for (name, value) in &self.fields {
            url.push(separator);
            separator = '&';
            push_encoded(&mut url, name);
            url.push('=');
            push_encoded(&mut url, value);
        }
        url
    }
}

impl fmt::Debug for BrowserForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserForm")
            .field("action", &self.action)
            .field("fields", &self.fields.len())
            .finish()
    }
}

fn push_encoded(url: &mut String, text: &str) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(digit(byte >> 4));
            url.push(digit(byte & 0x0f));
        }
    }
}

/// Reads a provider's callbacks.
pub trait Callbacks {
    /// Parses a callback, strictly, without believing it.
    ///
    /// # Errors
    /// [`ContentError`] when it cannot even be read so far that a signature could be checked.
    fn claim(&self, raw: &RawCallback) -> Result<Claimed<PaymentEvent>, ContentError>;
}

/// Reads callbacks that say no more than that an attempt has changed.
///
/// What such a callback says about money is not believed, though its signature holds: it is a
/// reason to ask for the status.
pub trait Notices {
    /// Parses a callback, strictly, without believing it.
    ///
    /// # Errors
    /// [`ContentError`] when it cannot even be read so far that a signature could be checked.
    fn claim_notice(&self, raw: &RawCallback) -> Result<Claimed<Notice>, ContentError>;
}

/// That an attempt has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The identifier that Kassa gave the attempt.
    pub provider_payment_id: String,
    /// When it was sent by the provider's signed word, and how far that may lie from now; none
    /// where the account minds no time.
    pub sent: Option<Sent>,
}

/// When a message was sent, and how far that may lie from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When, by the sender's clock.
    pub at: Timestamp,
    /// So many seconds before and after are right.
    pub within_seconds: u64,
}

impl Notice {
    /// Whether it was sent about now: a message that somebody kept, or a clock that is wrong, is
    /// not listened to.
    ///
    /// ```
    /// use kassa_checkout::{Timestamp, provider::{Notice, Sent}};
    /// let at = Timestamp::from_millis(1_800_000_000_000);
    /// let sent = Some(Sent { at, within_seconds: 300 });
    /// let notice = Notice { provider_payment_id: "pay_1-1".into(), sent };
    /// assert!(notice.is_timely(at.plus_seconds(300)));
    /// assert!(!notice.is_timely(at.plus_seconds(301)));
    /// ```
    #[must_use]
    pub fn is_timely(&self, now: Timestamp) -> bool {
        self.sent.is_none_or(|sent| {
            sent.at.millis().abs_diff(now.millis()) <= sent.within_seconds.saturating_mul(1_000)
        })
    }
}

/// Asks a provider how a payment stands.
pub trait StatusQueries {
    /// Builds the question about one attempt.
    ///
    /// The answer holds reports as the callbacks about the same operations would bring them, with
    /// the same key, rank and meaning, so that hearing both is hearing one. It may hold none: the
    /// provider knows the payment and nothing has happened to it. A payment that the provider does
    /// not know is [`CallError::UnknownPayment`](crate::call::CallError::UnknownPayment).
    ///
    /// # Errors
    /// [`BuildError`] when the provider could not have such a payment.
    fn ask(
        &self,
        attempt: &AttemptRef<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<Vec<PaymentEvent>>>, BuildError>;
}

/// What a provider reports about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The identifier that Kassa gave the attempt.
    pub provider_payment_id: String,
    /// What it says.
    pub evidence: Evidence,
    /// Where the customer is to go now, where it says so.
    pub redirect: Option<Redirect>,
}

/// Why a provider's message cannot be built: which field, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    code: &'static str,
    field: &'static str,
    expected: String,
}

impl BuildError {
    /// A refused field: a stable code, the provider's name of the field, and what was expected.
    #[must_use]
    pub fn new(code: &'static str, field: &'static str, expected: impl Into<String>) -> Self {
        Self {
            code,
            field,
            expected: expected.into(),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.field, ": expected ", &self.expected] {
            f.write_str(part)?;
        }
        Ok(())
    }
}

impl core::error::Error for BuildError {}

impl Coded for BuildError {
    fn code(&self) -> &'static str {
        self.code
    }

    fn field(&self) -> Option<&'static str> {
        Some(self.field)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{
        Beginning, BrowserForm, BuildError, Coded as _, Next, Notice, Opened, Redirect, Sent,
        Timestamp, Unsigned,
    };
    use crate::{
        call::{Call, Reply},
        message::{Algorithm, Purpose},
    };

    fn form() -> BrowserForm {
        BrowserForm {
            action: "https://pay.example/payment".to_owned(),
            fields: vec![
                ("name".to_owned(), "Åsa +".to_owned()),
                ("marker".to_owned(), "a-b.c_d~1&2=%".to_owned()),
            ],
        }
    }

    fn unsigned<M>(message: M) -> Unsigned<M> {
        let input = b"text".to_vec();
        Unsigned::new(
            message,
            Algorithm::HmacSha512,
            Purpose::Payment,
            input,
            |message, _| message,
        )
    }

    #[test]
    fn a_payment_begins_with_a_form_or_with_a_call() {
        let begins = |by_form: bool| {
            if by_form {
                return Beginning::Form(unsigned(form()));
            }
            let waits = Reply::unsigned(|_| {
                Ok(Opened {
                    provider_reference: None,
                    next: Next::Await,
                })
            });
            Beginning::Call(unsigned(Call::new(Request::new(Vec::new()), waits)))
        };
        for by_form in [true, false] {
            assert_eq!(begins(by_form).into_form().is_some(), by_form);
            assert_eq!(begins(by_form).into_call().is_some(), !by_form);
        }
    }

    #[test]
    fn what_is_no_plain_letter_or_digit_is_encoded_in_an_address() {
        assert_eq!(
            form().to_url(),
            "https://pay.example/payment?name=%C3%85sa%20%2B&marker=a-b.c_d~1%262%3D%25"
        );
    }

    #[test]
    fn what_lets_its_holder_pay_is_not_printed() {
        let (url, fields) = ("https://pay.example/marker".to_owned(), form().fields);
        let opened = Opened {
            provider_reference: Some("marker".to_owned()),
            next: Next::Go(Redirect::Get { url: url.clone() }),
        };
        assert_eq!(
            format!("{opened:?}"),
            "Opened { next: Go(Get([redacted])), .. }"
        );
        let post = Redirect::Post { url, fields };
        assert_eq!(format!("{post:?}"), "Post([redacted])");
        assert_eq!(
            format!("{:?}", form()),
            r#"BrowserForm { action: "https://pay.example/payment", fields: 2 }"#
        );
    }

    #[test]
    fn a_notice_counts_about_the_time_that_it_was_sent() {
        let at = Timestamp::from_millis(1_800_000_000_000);
        let notice = |sent| Notice {
            provider_payment_id: "pay_1-1".to_owned(),
            sent,
        };
        let timed = notice(Some(Sent {
            at,
            within_seconds: 300,
        }));
        for (now, timely) in [(0, true), (300_000, true), (300_001, false)] {
            let [before, after] = [at.millis() - now, at.millis() + now];
            assert_eq!(timed.is_timely(Timestamp::from_millis(before)), timely);
            assert_eq!(timed.is_timely(Timestamp::from_millis(after)), timely);
        }
        assert!(notice(None).is_timely(Timestamp::from_millis(0)));
    }

    #[test]
    fn a_refused_field_is_told_with_what_was_expected() {
        let error = BuildError::new("op/limit", "reference", "2 to 25 letters and digits");
        assert_eq!(
            (error.code(), error.field()),
            ("op/limit", Some("reference"))
        );
        assert_eq!(
            error.to_string(),
            "reference: expected 2 to 25 letters and digits"
        );
    }
}
