//! OP's messages: the fields of seed "OP Online Payment - REST API (1.3.1)", with their limits.

use kassa_checkout::{Amount, Language, provider::BuildError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use viite::Reference;

use crate::url::{host_and_port, is_well_formed, parts};

/// The longest identifier, in characters.
pub const LONGEST_ID: usize = 36;

/// The longest `messageToCustomer`, in characters.
pub const LONGEST_MESSAGE: usize = 500;

/// The longest address. OP names no limit; this one is ours.
pub const LONGEST_URL: usize = 2_048;

/// The body of Create payment.
///
/// Built with [`Self::new`] and then whatever is optional, each checked when it is put in.
///
/// ```
/// use kassa_checkout::{Amount, Coded};
/// use kassa_providers::op::message::{CreatePayment, Endpoints};
/// let amount = Amount::from_cents(1_000)?;
/// let endpoints = Endpoints::same("https://pay.example/return/t")?;
/// let payment = CreatePayment::new("a-1", amount, "RF511459162006", endpoints.clone())?;
/// let body = String::from_utf8(payment.to_body())?;
/// assert!(body.starts_with(r#"{"accountId":"a-1","amount":"10.00","currency":"EUR""#));
///
/// let refused = CreatePayment::new("a-1", amount, "RF511459162007", endpoints);
/// assert_eq!(refused.unwrap_err().field(), Some("reference"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatePayment {
    account_id: String,
    amount: String,
    currency: &'static str,
    reference: String,
    #[serde(flatten)]
    endpoints: Endpoints,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b2b_backend: Option<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_to_customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ultimate_beneficiary: Option<Map<String, Value>>,
}

impl CreatePayment {
    /// A payment to an account, with what is required.
    ///
    /// # Errors
    /// [`BuildError`] naming OP's field.
    pub fn new(
        account_id: &str,
        amount: Amount,
        reference: &str,
        endpoints: Endpoints,
    ) -> Result<Self, BuildError> {
        if !is_id(account_id) {
            return Err(limit("accountId", ID_EXPECTED));
        }
        check_reference(reference)?;
        Ok(Self {
            account_id: account_id.to_owned(),
            amount: amount.with_point(),
            currency: amount.currency().code(),
            reference: reference.to_owned(),
            endpoints,
            message: None,
            language: None,
            b2b_backend: None,
            message_to_customer: None,
            ultimate_beneficiary: None,
        })
    }

    /// The language of OP's page; Finnish when it is not said.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language.code());
        self
    }

    /// Where OP tells of changes.
    ///
    /// # Errors
    /// [`BuildError`] when it is no address that OP takes.
    pub fn b2b_backend(mut self, url: &str) -> Result<Self, BuildError> {
        self.b2b_backend = Some(Endpoint::new("b2bBackend", url)?);
        Ok(self)
    }

    /// What the customer reads on the bank's page, and nowhere else. OP has deprecated it.
    ///
    /// # Errors
    /// [`BuildError`] when it is longer than 500 characters or holds others than letters, digits
    /// and spaces.
    pub fn message_to_customer(mut self, text: &str) -> Result<Self, BuildError> {
        let plain = |c: char| c.is_alphanumeric() || c == ' ';
        if text.chars().count() > LONGEST_MESSAGE || !text.chars().all(plain) {
            return Err(limit(
                "messageToCustomer",
                "at most 500 characters, letters, digits and spaces only",
            ));
        }
        self.message_to_customer = Some(text.to_owned());
        Ok(self)
    }

    /// The object `message`, as OP describes it to its customers: what may stand in it is not
    /// public.
    #[must_use]
    pub fn message(mut self, message: Map<String, Value>) -> Self {
        self.message = Some(message);
        self
    }

    /// The object `ultimateBeneficiary`, as OP describes it to its customers: what may stand in
    /// it is not public.
    #[must_use]
    pub fn ultimate_beneficiary(mut self, beneficiary: Map<String, Value>) -> Self {
        self.ultimate_beneficiary = Some(beneficiary);
        self
    }

    /// The body, to be signed and sent as it is.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }
}

impl core::fmt::Debug for CreatePayment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CreatePayment([redacted])")
    }
}

/// Where the customer's browser comes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// After a payment.
    #[serde(rename = "return")]
    success: Endpoint,
    /// After the customer cancelled.
    cancel: Endpoint,
    /// After a failure.
    reject: Endpoint,
}

impl Endpoints {
    /// Three addresses: after a payment, after the customer cancelled, after a failure.
    ///
    /// # Errors
    /// [`BuildError`] naming the one that OP would refuse.
    pub fn new(success: &str, cancel: &str, reject: &str) -> Result<Self, BuildError> {
        Ok(Self {
            success: Endpoint::new("return", success)?,
            cancel: Endpoint::new("cancel", cancel)?,
            reject: Endpoint::new("reject", reject)?,
        })
    }

    /// One address for all three: which of them the customer came by would prove nothing.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn same(url: &str) -> Result<Self, BuildError> {
        Self::new(url, url, url)
    }
}

/// An address as OP takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Endpoint {
    url: String,
}

impl Endpoint {
    fn new(field: &'static str, url: &str) -> Result<Self, BuildError> {
        if is_endpoint(url) {
            return Ok(Self {
                url: url.to_owned(),
            });
        }
        Err(limit(
            field,
            "an https or http address of at most 2048 characters, not of localhost",
        ))
    }
}

/// Whether OP takes an address to come back or to call back to: not one of `localhost`.
fn is_endpoint(url: &str) -> bool {
    let Some(authority) = authority(url) else {
        return false;
    };
    let host = host(authority).trim_end_matches('.').to_ascii_lowercase();
    !host.is_empty() && host != "localhost" && !host.ends_with(".localhost")
}

/// The host of a host and port.
pub(super) fn host(authority: &str) -> &str {
    host_and_port(authority).0
}

/// The host and port of a plain http or https address; `None` for any other text.
pub(super) fn authority(url: &str) -> Option<&str> {
    let (authority, _) = parts(url)?;
    let plain = url.len() <= LONGEST_URL && url.bytes().all(|byte| byte.is_ascii_graphic());
    let odd = authority.is_empty() || authority.contains(['@', '\\', '"', '<', '>']);
    (plain && !odd && is_well_formed(url)).then_some(authority)
}

/// The body of Refund: an amount and exactly one of a reference and a message.
#[derive(Clone, Serialize)]
pub struct RefundPayment {
    amount: String,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Map<String, Value>>,
}

impl RefundPayment {
    /// A refund that bears a reference.
    ///
    /// # Errors
    /// [`BuildError`] when it is no reference.
    pub fn with_reference(amount: Amount, reference: &str) -> Result<Self, BuildError> {
        check_reference(reference)?;
        Ok(Self {
            reference: Some(reference.to_owned()),
            ..Self::of(amount)
        })
    }

    /// A refund that bears a message: the object `RefundMessage`, whose fields are not public.
    #[must_use]
    pub fn with_message(amount: Amount, message: Map<String, Value>) -> Self {
        Self {
            message: Some(message),
            ..Self::of(amount)
        }
    }

    fn of(amount: Amount) -> Self {
        Self {
            amount: amount.with_point(),
            currency: amount.currency().code(),
            reference: None,
            message: None,
        }
    }

    /// The body, to be signed and sent as it is.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }
}

impl core::fmt::Debug for RefundPayment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RefundPayment([redacted])")
    }
}

/// The answer to Create payment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub(super) payment_id: String,
    pub(super) payment_operation_id: String,
    pub(super) payment_operation_validation: String,
}

/// The answer to Payment status: the fields that decide something.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stands {
    pub(super) payment_id: String,
    pub(super) amount: String,
    pub(super) status: String,
    pub(super) create_time: Option<String>,
    pub(super) update_time: Option<String>,
    pub(super) total_refunded_amount: Option<String>,
    pub(super) failure_reason: Option<String>,
    pub(super) error_code: Option<String>,
}

/// The answer to Refund.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refunded {
    pub(super) payment_id: String,
    pub(super) total_refunded_amount: String,
}

/// The answer to the list of other banks.
#[derive(Deserialize)]
pub(super) struct BankProviders {
    pub(super) providers: Vec<Map<String, Value>>,
}

/// What an identifier must be, for people.
pub(super) const ID_EXPECTED: &str = "1 to 36 letters, digits and hyphens";

/// Whether a text is an identifier: OP writes "alphanumeric" and uses UUIDs with hyphens.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// An amount as OP writes it, `^\d{1,13}\.\d{2}$`, in cents; also nothing.
pub(super) fn cents(text: &str) -> Option<u64> {
    let (euros, cents) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=13).contains(&euros.len()) || cents.len() != 2 || !digits(euros) || !digits(cents) {
        return None;
    }
    let whole: u64 = euros.parse().ok()?;
    whole.checked_mul(100)?.checked_add(cents.parse().ok()?)
}

fn check_reference(text: &str) -> Result<(), BuildError> {
    if !viite::fits_op_reference(text) {
        return Err(limit("reference", "2 to 25 letters and digits"));
    }
    Reference::parse_machine(text)
        .map(drop)
        .map_err(|_| BuildError::new("op/reference", "reference", REFERENCE))
}

/// What a reference must be, for people.
const REFERENCE: &str = "a Finnish reference number or an RF reference, in its machine form";

fn limit(field: &'static str, expected: &str) -> BuildError {
    BuildError::new("op/limit", field, expected)
}

/// These types hold texts and maps of texts only, which can always be written.
fn to_body(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Amount, Coded, Language};
    use serde_json::{Map, Value, json};

    use super::{CreatePayment, Endpoints, RefundPayment, cents, is_endpoint};

    fn amount(cents: u64) -> Amount {
        Amount::from_cents(cents).unwrap()
    }

    fn endpoints() -> Endpoints {
        Endpoints::same("https://shop.example/return").unwrap()
    }

    fn create(account: &str, reference: &str) -> Result<CreatePayment, &'static str> {
        CreatePayment::new(account, amount(100), reference, endpoints())
            .map_err(|error| error.field().unwrap_or_default())
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn every_field_stands_in_the_body_under_its_name() {
        let payment = create("8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79", "RF3517834735")
            .unwrap()
            .language(Language::Sv)
            .b2b_backend("https://kassa.example/callbacks/op/p-1")
            .unwrap()
            .message_to_customer("Kiitos åäö 1")
            .unwrap()
            .message(object(json!({"any": "thing"})))
            .ultimate_beneficiary(object(json!({"some": "body"})));
        let body: Value = serde_json::from_slice(&payment.to_body()).unwrap();
        let back = json!({"url": "https://shop.example/return"});
        assert_eq!(
            body,
            json!({
                "accountId": "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79",
                "amount": "1.00",
                "currency": "EUR",
                "reference": "RF3517834735",
                "return": back,
                "cancel": back,
                "reject": back,
                "message": {"any": "thing"},
                "language": "sv",
                "b2bBackend": {"url": "https://kassa.example/callbacks/op/p-1"},
                "messageToCustomer": "Kiitos åäö 1",
                "ultimateBeneficiary": {"some": "body"},
            })
        );
        assert_eq!(format!("{payment:?}"), "CreatePayment([redacted])");
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let body: Value = serde_json::from_slice(&create("a", "1232").unwrap().to_body()).unwrap();
        let names: Vec<_> = body.as_object().unwrap().keys().collect();
        let required = [
            "accountId",
            "amount",
            "cancel",
            "currency",
            "reference",
            "reject",
            "return",
        ];
        assert_eq!(names, required);
    }

    #[test]
    fn limits_hold_at_their_edges() {
        assert!(create(&"a".repeat(36), "1232").is_ok());
        for wrong in ["", &"a".repeat(37), "a b", "a_b", "ä", "a\nb"] {
            assert_eq!(create(wrong, "1232").err(), Some("accountId"), "{wrong:?}");
        }
        for good in [
            "1232",
            "RF3517834735",
            "00000000000000482738",
            "RF18539007547034",
        ] {
            assert!(create("a", good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "1",
            "1233",
            "12 32",
            "RF3517834736",
            "RF35 1783 4735",
            &"1".repeat(26),
        ] {
            assert_eq!(create("a", wrong).err(), Some("reference"), "{wrong:?}");
        }
        let told = |text: &str| {
            let payment = create("a", "1232").unwrap().message_to_customer(text);
            payment.map(drop).map_err(|error| error.field())
        };
        assert_eq!(told(&"ä".repeat(500)), Ok(()));
        for wrong in [&*"ä".repeat(501), "a-b", "a.b", "a\nb", "<b>"] {
            assert_eq!(told(wrong), Err(Some("messageToCustomer")), "{wrong:?}");
        }
    }

    #[test]
    fn localhost_is_refused_in_every_address_as_op_does() {
        for good in [
            "https://shop.example",
            "http://shop.example:8080/a?b=c",
            "https://localhost.example/",
            "http://127.0.0.1:8080/return",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        let long = format!("https://a/{}", "x".repeat(2_039));
        for wrong in [
            "http://localhost:8080/return",
            "http://localhost",
            "https://LOCALHOST/",
            "http://localhost.:80/",
            "http://shop.localhost:3000/",
            "ftp://shop.example/",
            "https://",
            "https:///path",
            "https://user@shop.example/",
            "https://shop.example/ä",
            "https://shop.example/a b",
            "shop.example",
            &long,
        ] {
            assert!(!is_endpoint(wrong), "{wrong}");
            for (field, built) in [
                ("return", Endpoints::new(wrong, "https://a", "https://a")),
                ("cancel", Endpoints::new("https://a", wrong, "https://a")),
                ("reject", Endpoints::new("https://a", "https://a", wrong)),
            ] {
                assert_eq!(built.unwrap_err().field(), Some(field));
            }
            let payment = create("a", "1232").unwrap().b2b_backend(wrong);
            assert_eq!(payment.unwrap_err().field(), Some("b2bBackend"));
        }
    }

    #[test]
    fn a_refund_bears_exactly_one_of_reference_and_message() {
        let keys = |refund: RefundPayment| {
            let body: Value = serde_json::from_slice(&refund.to_body()).unwrap();
            body.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        let reference = RefundPayment::with_reference(amount(100), "RF511459162006").unwrap();
        assert_eq!(
            reference.to_body(),
            br#"{"amount":"1.00","currency":"EUR","reference":"RF511459162006"}"#
        );
        assert_eq!(keys(reference), ["amount", "currency", "reference"]);
        let message = RefundPayment::with_message(amount(100), object(json!({"text": "x"})));
        assert_eq!(keys(message), ["amount", "currency", "message"]);
        let wrong = RefundPayment::with_reference(amount(100), "1233").unwrap_err();
        assert_eq!(wrong.field(), Some("reference"));
    }

    #[test]
    fn amounts_are_read_in_one_form_only() {
        for (text, expected) in [
            ("0.00", 0),
            ("10.00", 1_000),
            ("0.01", 1),
            ("9999999999999.99", 999_999_999_999_999),
        ] {
            assert_eq!(cents(text), Some(expected));
        }
        for wrong in [
            "",
            "10",
            "10.0",
            "10.000",
            "10,00",
            ".00",
            "-1.00",
            "+1.00",
            "1e3.00",
            " 1.00",
            "10000000000000.00",
        ] {
            assert_eq!(cents(wrong), None, "{wrong:?}");
        }
    }
}
