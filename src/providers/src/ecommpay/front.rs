//! Building a Payment Page request.

use kassa_checkout::{
    Coded, Timestamp, Unsigned,
    message::{Algorithm, Purpose, Signature},
    provider::{BrowserForm, BuildError},
};

use super::{
    json::{Json, JsonError},
    message::{self, REQUIRED},
    selection, signing,
};
use crate::date;

/// How far ahead `best_before` may lie, in seconds: 30 days.
const BEST_BEFORE_SECONDS: u64 = 30 * 86_400;

/// A set of Payment Page parameters, each documented and within its limits.
///
/// It may still lack required ones; [`PaymentPage`] may not.
///
/// ```
/// use kassa_providers::ecommpay::Parameters;
/// let parameters = Parameters::from_pairs([("project_id", "120"), ("payment_id", "580")])?;
/// assert_eq!(parameters.string_to_sign(), "payment_id:580;project_id:120");
///
/// let refused = Parameters::from_pairs([("customer_last_name", "x;payment:status:success")]);
/// assert_eq!(
///     refused.map_err(|error| error.to_string()),
///     Err("customer_last_name: expected no ';' and no control characters".to_owned())
/// );
/// # Ok::<(), kassa_checkout::provider::BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Checks every name and value by itself, and those that must go together.
    ///
    /// # Errors
    /// [`BuildError`] naming the first parameter that is refused: one that is not documented for
    /// this method or stands there twice, one beyond its limit, and one that holds a `;` or a
    /// control character, also in the merchant's own addresses.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, BuildError>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let pairs: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        for (place, (name, value)) in pairs.iter().enumerate() {
            let parameter = message::find(name).ok_or_else(|| unknown(name))?;
            // Only known names come before, each once: there are few of them.
            if pairs.iter().take(place).any(|(before, _)| before == name) {
                return Err(refused("ecommpay/twice", parameter.name, "it once"));
            }
            if !message::check_characters(value) {
                return Err(refused(
                    "ecommpay/character",
                    parameter.name,
                    "no ';' and no control characters",
                ));
            }
            if !parameter.rule.fits(value) {
                let expected = parameter.rule.expected();
                return Err(refused("ecommpay/limit", parameter.name, &expected));
            }
        }
        let parameters = Self { pairs };
        selection::check_together(
            parameters.get("force_payment_method"),
            parameters.get("force_payment_group"),
            parameters.get("payment_methods_options"),
        )
        .map_err(|(field, expected)| refused("ecommpay/together", field, expected))?;
        Ok(parameters)
    }

    /// Reads a flat JSON object of texts, whole numbers and booleans, in its order.
    ///
    /// A boolean becomes `1` or `0`, which is what the signature covers and what the page
    /// understands.
    ///
    /// # Errors
    /// As [`Self::from_pairs`]; also for a value of any other type, which a form cannot carry:
    /// null, a fraction, a list, an object.
    pub fn from_json(document: &[u8]) -> Result<Self, BuildError> {
        let malformed =
            |error: JsonError| refused("ecommpay/json", "parameter", &error.to_string());
        let json = Json::read(document).map_err(malformed)?;
        let Json::Object(entries) = json else {
            return Err(refused("ecommpay/json", "parameter", "one JSON object"));
        };
        let mut pairs = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            let text = match value {
                Json::Text(text) => Some(text),
                Json::Bool(flag) => Some(u8::from(flag).to_string()),
                Json::Number(digits) if digits.parse::<i64>().is_ok() => Some(digits),
                _ => None,
            };
            match (text, message::find(&name)) {
                (Some(text), _) => pairs.push((name, text)),
                (None, None) => return Err(unknown(&name)),
                (None, Some(parameter)) => {
                    let expected = "a text, a whole number or a boolean";
                    return Err(refused("ecommpay/type", parameter.name, expected));
                }
            }
        }
        Self::from_pairs(pairs)
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// Names and values in the order given, still without a signature.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The string that the signature covers: for a signer elsewhere, and for finding out why the
    /// page refuses. Holds no secret, but personal data if the parameters do.
    #[must_use]
    pub fn string_to_sign(&self) -> String {
        signing::canonical_pairs(&self.pairs)
    }

    /// The parameters as a form to be signed, whether or not the page would open with them.
    #[must_use]
    pub fn into_form(self, page: &PageUrl) -> Unsigned<BrowserForm> {
        let input = self.string_to_sign().into_bytes();
        let form = BrowserForm {
            action: page.0.clone(),
            fields: self.pairs,
        };
        Unsigned::new(form, Algorithm::HmacSha512, Purpose::Payment, input, attach)
    }
}

impl core::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names = self.pairs.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// A complete Payment Page request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentPage {
    parameters: Parameters,
}

impl PaymentPage {
    /// Checks that nothing required is missing and that the offer ends within 30 days of `now`.
    ///
    /// # Errors
    /// [`BuildError`] naming the parameter.
    ///
    /// # Examples
    /// ```
    /// use kassa_checkout::{Coded, Timestamp};
    /// use kassa_providers::ecommpay::{PaymentPage, Parameters};
    /// let parameters = Parameters::from_pairs([("project_id", "120")])?;
    /// let error = PaymentPage::new(parameters, Timestamp::from_millis(0)).unwrap_err();
    /// assert_eq!(error.field(), Some("payment_id"));
    /// # Ok::<(), kassa_checkout::provider::BuildError>(())
    /// ```
    pub fn new(parameters: Parameters, now: Timestamp) -> Result<Self, BuildError> {
        if let Some(missing) = REQUIRED
            .into_iter()
            .find(|name| parameters.get(name).is_none())
        {
            return Err(refused("ecommpay/missing", missing, "a value"));
        }
        if let Some(end) = parameters.get("best_before").and_then(date::read) {
            let last = now.plus_seconds(BEST_BEFORE_SECONDS);
            if end <= now || end > last {
                return Err(refused(
                    "ecommpay/best-before",
                    "best_before",
                    "a time after now, at most 30 days ahead",
                ));
            }
        }
        Ok(Self { parameters })
    }

    /// The parameters, checked.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The request as a form to be signed.
    #[must_use]
    pub fn into_form(self, page: &PageUrl) -> Unsigned<BrowserForm> {
        self.parameters.into_form(page)
    }
}

/// The address of the Payment Page: `https:`, or `http:` on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl(String);

impl PageUrl {
    /// ecommpay's own page, for test and live projects alike.
    pub const ECOMMPAY: &str = "https://paymentpage.ecommpay.com/payment";

    /// What an address must be, for people.
    pub const EXPECTED: &str =
        "an https address without query or fragment (http only for 127.0.0.1, [::1], localhost)";

    /// Reads an address; `None` when it is none that a customer may be sent to.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = message::Rule::Url.fits(text) && !text.contains(['?', '#', ';', '"', '<', '>']);
        let safe = match text.strip_prefix("http://") {
            None => true,
            Some(rest) => is_loopback(rest.split('/').next().unwrap_or_default()),
        };
        (plain && safe).then(|| Self(text.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PageUrl {
    fn default() -> Self {
        Self(Self::ECOMMPAY.to_owned())
    }
}

pub(super) fn is_loopback(authority: &str) -> bool {
    let port_fits = |port: &str| port.parse::<u16>().is_ok();
    ["127.0.0.1", "[::1]", "localhost"].into_iter().any(|host| {
        authority
            .strip_prefix(host)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(port_fits))
    })
}

fn attach(mut form: BrowserForm, signature: &Signature) -> BrowserForm {
    form.fields
        .push(("signature".to_owned(), signing::encode(signature)));
    form
}

fn refused(code: &'static str, field: &'static str, expected: &str) -> BuildError {
    BuildError::new(code, field, expected)
}

/// A name that is not documented for this method; told back short and without odd characters.
fn unknown(name: &str) -> BuildError {
    let plain = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    let shown: String = name.chars().map(plain).take(64).collect();
    let expected = ["a documented name instead of '", &shown, "'"].concat();
    refused("ecommpay/unknown-parameter", "parameter", &expected)
}

/// A bank selection that the account cannot offer.
pub(super) fn selection_refused(error: kassa_checkout::selection::SelectionError) -> BuildError {
    BuildError::new(error.code(), "selection.banks", error.to_string())
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Coded;
    use proptest::prelude::*;

    use super::Parameters;

    fn refused(pairs: &[(&str, &str)]) -> Option<(&'static str, &'static str)> {
        let error = Parameters::from_pairs(pairs.iter().copied()).err()?;
        Some((error.code(), error.field().unwrap_or_default()))
    }

    #[test]
    fn unknown_unsigned_and_repeated_names_are_refused() {
        for name in [
            "_referrer",
            "signature",
            "AVS[avs_post_code]",
            "card_number",
            "",
            "a;b",
        ] {
            assert_eq!(
                refused(&[(name, "x")]),
                Some(("ecommpay/unknown-parameter", "parameter")),
                "{name}"
            );
        }
        assert_eq!(
            refused(&[("hide", "card"), ("hide", "card")]),
            Some(("ecommpay/twice", "hide"))
        );
        let error = Parameters::from_pairs([("a\u{202e}b", "x")]).unwrap_err();
        assert!(!error.to_string().contains('\u{202e}'));
    }

    #[test]
    fn a_merchants_own_address_may_not_hold_a_semicolon_either() {
        assert_eq!(
            refused(&[("merchant_return_url", "https://shop.example/a;jsessionid=1")]),
            Some(("ecommpay/character", "merchant_return_url"))
        );
    }

    #[test]
    fn json_values_that_a_form_cannot_carry_are_refused() {
        for value in ["null", "1.5", "1e3", "[1]", "{}", "99999999999999999999"] {
            let document = format!(r#"{{"payment_amount": {value}}}"#);
            let error = Parameters::from_json(document.as_bytes()).unwrap_err();
            assert_eq!(
                (error.code(), error.field()),
                ("ecommpay/type", Some("payment_amount")),
                "{value}"
            );
        }
        let parameters = Parameters::from_json(br#"{"redirect": true, "payment_amount": 1000}"#);
        let text = parameters.map(|parameters| parameters.string_to_sign());
        assert_eq!(text.as_deref(), Ok("payment_amount:1000;redirect:1"));
        for document in ["[]", "", "{\"hide\":\"a\",\"hide\":\"b\"}"] {
            let error = Parameters::from_json(document.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "ecommpay/json");
        }
    }

    #[test]
    fn nothing_personal_is_printed() {
        let parameters = Parameters::from_pairs([("customer_email", "marker@shop.example")]);
        let printed = format!("{parameters:?}");
        assert!(printed.contains("customer_email") && !printed.contains("marker"));
    }

    proptest! {
        /// Whatever a customer writes, the string falls apart into the very parameters again.
        #[test]
        fn the_signed_string_can_be_read_in_one_way_only(
            name in "\\PC{0,40}",
            description in ".{0,40}",
        ) {
            let pairs = [
                ("customer_last_name", name.as_str()),
                ("payment_description", description.as_str()),
                ("payment_id", "580"),
            ];
            if let Ok(parameters) = Parameters::from_pairs(pairs) {
                let text = parameters.string_to_sign();
                let lines: Vec<_> = text.split(';').filter_map(|line| line.split_once(':')).collect();
                prop_assert_eq!(lines, pairs);
            } else {
                prop_assert!((name + &description).contains(|c: char| c == ';' || c.is_control()));
            }
        }
    }
}
