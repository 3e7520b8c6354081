//! The formats of single fields.

use kassa_checkout::{Amount, Language, provider::BuildError};
use viite::{NationalReference, OrderNumber};

use super::{
    call::Addresses, field::Field, function::Profile, message::Message, timestmp::Timestmp,
};

/// The longest free text. VETUMA's limit was never published; this one is ours.
const LONGEST_TEXT: usize = 255;

/// The longest address. Ours too.
const LONGEST_URL: usize = 2_048;

/// The longest identifier of a secret, a configuration or an application. Ours too.
const LONGEST_ID: usize = 64;

/// The longest `TRID`.
const LONGEST_TRID: usize = 20;

/// The longest `PAYM_CALL_ID`.
const LONGEST_CALL_ID: usize = 25;

/// The longest order number of version 3.
const LONGEST_ORDER_NUMBER: usize = 32;

/// The code of a method, in `SO` and `SOLIST`. Few are known; the first letter tells the class.
///
/// ```
/// use kassa_providers::vetuma::{Method, MethodClass};
/// assert_eq!(Method::parse("P2").unwrap().class(), MethodClass::Bank);
/// assert_eq!(Method::parse("L").unwrap().class(), MethodClass::Card);
/// assert_eq!(Method::parse("6").unwrap().class(), MethodClass::Other);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(String);

/// What a method is, by the first letter of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodClass {
    /// `P`: banks.
    Bank,
    /// `L`: cards.
    Card,
    /// Anything else, identification among it.
    Other,
}

impl Method {
    /// All banks.
    #[must_use]
    pub fn banks() -> Self {
        Self("P".to_owned())
    }

    /// Cards.
    #[must_use]
    pub fn cards() -> Self {
        Self("L".to_owned())
    }

    /// Reads a code; `None` unless it is 1 to 8 capital letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let fits = (1..=8).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is.
    #[must_use]
    pub fn class(&self) -> MethodClass {
        match self.0.as_bytes().first() {
            Some(b'P') => MethodClass::Bank,
            Some(b'L') => MethodClass::Card,
            _ => MethodClass::Other,
        }
    }
}

/// The reading of a message's fields, each to what it must be.
pub(super) struct Fields<'a>(pub(super) &'a Message);

impl Fields<'_> {
    pub(super) fn text(&self, field: Field) -> Result<Option<String>, BuildError> {
        let Some(text) = self.0.get(field) else {
            return Ok(None);
        };
        if text.chars().count() > LONGEST_TEXT {
            return Err(refuse(field, "at most 255 characters"));
        }
        Ok(Some(text.to_owned()))
    }

    pub(super) fn id(&self, field: Field) -> Result<String, BuildError> {
        let text = self.must(field);
        if (1..=LONGEST_ID).contains(&text.chars().count()) {
            Ok(text.to_owned())
        } else {
            Err(refuse(field, "1 to 64 characters"))
        }
    }

    pub(super) fn timestamp(&self) -> Result<Timestmp, BuildError> {
        let field = Field::Timestmp;
        Timestmp::parse(self.must(field)).ok_or_else(|| refuse(field, Timestmp::EXPECTED))
    }

    pub(super) fn language(&self) -> Result<Language, BuildError> {
        let mut all = Language::ALL.into_iter();
        let text = self.must(Field::Lg);
        all.find(|language| language.code() == text)
            .ok_or_else(|| refuse(Field::Lg, "fi, sv or en"))
    }

    pub(super) fn addresses(&self) -> Result<Addresses, BuildError> {
        Ok(Addresses {
            success: self.url(Field::Returl)?,
            cancel: self.url(Field::Canurl)?,
            error: self.url(Field::Errurl)?,
        })
    }

    fn url(&self, field: Field) -> Result<String, BuildError> {
        let text = self.must(field);
        if is_address(text) {
            Ok(text.to_owned())
        } else {
            let expected = "an https address of at most 2048 characters";
            Err(refuse(field, expected))
        }
    }

    /// The method of `SO`; none when it is empty.
    pub(super) fn method(&self) -> Result<Option<Method>, BuildError> {
        match self.must(Field::So) {
            "" => Ok(None),
            code => Method::parse(code)
                .map(Some)
                .ok_or_else(|| refuse(Field::So, "one method's code, or nothing")),
        }
    }

    pub(super) fn methods(&self) -> Result<Vec<Method>, BuildError> {
        let codes = self.must(Field::Solist).split(',');
        let methods: Option<Vec<_>> = codes.map(Method::parse).collect();
        methods.ok_or_else(|| {
            refuse(
                Field::Solist,
                "methods' codes with commas between and no spaces",
            )
        })
    }

    pub(super) fn amount(&self) -> Result<Amount, BuildError> {
        let text = self.must(Field::Am);
        let amount = Amount::parse_decimal(text).ok();
        amount
            .filter(|_| text.contains(','))
            .ok_or_else(|| refuse(Field::Am, "euros, a comma and two decimals, as 100,00"))
    }

    pub(super) fn reference(&self) -> Result<Option<String>, BuildError> {
        let Some(text) = self.0.get(Field::Ref) else {
            return Ok(None);
        };
        match NationalReference::parse_machine(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(error) => Err(refuse(Field::Ref, format!("a Finnish reference: {error}"))),
        }
    }

    pub(super) fn order_number(&self, profile: Profile) -> Result<Option<String>, BuildError> {
        let Some(text) = self.0.get(Field::Ordnr) else {
            return Ok(None);
        };
        if is_order_number(text, profile) {
            return Ok(Some(text.to_owned()));
        }
        Err(refuse(
            Field::Ordnr,
            match profile {
                Profile::V2_2 => "1 to 9 digits, the first not 0",
                Profile::V3 => "1 to 32 letters and digits",
            },
        ))
    }

    pub(super) fn transaction(&self) -> Result<Option<String>, BuildError> {
        self.short(Field::Trid, 0..=LONGEST_TRID, "at most 20 characters")
    }

    pub(super) fn call_id(&self) -> Result<Option<String>, BuildError> {
        self.short(Field::PaymCallId, 1..=LONGEST_CALL_ID, "1 to 25 characters")
    }

    fn short(
        &self,
        field: Field,
        lengths: core::ops::RangeInclusive<usize>,
        expected: &str,
    ) -> Result<Option<String>, BuildError> {
        match self.0.get(field) {
            Some(text) if lengths.contains(&text.chars().count()) => Ok(Some(text.to_owned())),
            Some(_) => Err(refuse(field, expected)),
            None => Ok(None),
        }
    }

    /// A field that the message has, since its kind was checked.
    fn must(&self, field: Field) -> &str {
        self.0.get(field).unwrap_or_default()
    }
}

/// A field that holds something else than it should.
pub(super) fn refuse(field: Field, expected: impl Into<String>) -> BuildError {
    BuildError::new("vetuma/format", field.name(), expected)
}

fn is_order_number(text: &str, profile: Profile) -> bool {
    match profile {
        Profile::V2_2 => OrderNumber::parse(text).is_ok(),
        Profile::V3 => {
            (1..=LONGEST_ORDER_NUMBER).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

/// An address that a browser is sent to: of `https:`, or of `http:` on this very machine, for
/// development.
fn is_address(text: &str) -> bool {
    let rest = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
                let port = authority.strip_prefix(host);
                port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
            });
            if !local {
                return false;
            }
            rest
        }
        (None, None) => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\');
    text.len() <= LONGEST_URL
        && text.bytes().all(plain)
        && !authority.is_empty()
        && !authority.contains('@')
}
