//! Money: whole cents of one currency.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Coded;

/// The currency of every Finnish online bank payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Currency {
    /// Euro, two decimals.
    #[default]
    #[serde(rename = "EUR")]
    Eur,
}

impl Currency {
    /// The ISO 4217 letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
        }
    }
}

/// A sum to pay, in whole euro cents: at least one cent, at most 999 999 999.99 €.
///
/// The upper bound is the one of a SEPA credit transfer (EPC069-12).
///
/// ```
/// use kassa_checkout::Amount;
/// let amount = Amount::from_cents(1_000)?;
/// assert_eq!(amount.minor_units(), "1000"); // ecommpay
/// assert_eq!(amount.with_point(), "10.00"); // OP
/// assert_eq!(amount.with_comma(), "10,00"); // VETUMA
/// # Ok::<(), kassa_checkout::amount::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = u64, minimum = 1, maximum = 99_999_999_999_u64))]
pub struct Amount(u64);

impl Amount {
    /// The largest sum that can be paid, in cents.
    pub const MAX_CENTS: u64 = 99_999_999_999;

    /// A sum from whole cents.
    ///
    /// # Errors
    /// [`AmountError::Zero`] for nothing, [`AmountError::TooLarge`] above [`Self::MAX_CENTS`].
    pub const fn from_cents(cents: u64) -> Result<Self, AmountError> {
        match cents {
            0 => Err(AmountError::Zero),
            1..=Self::MAX_CENTS => Ok(Self(cents)),
            _ => Err(AmountError::TooLarge),
        }
    }

    /// A sum from text with exactly two decimals, after a point or a comma: `10.00`, `10,00`.
    ///
    /// # Errors
    /// [`AmountError::Format`] for any other form, also signs, spaces and grouping; the bounds
    /// are those of [`Self::from_cents`].
    pub fn parse_decimal(text: &str) -> Result<Self, AmountError> {
        let is_separator = |byte: u8| matches!(byte, b'.' | b',');
        let at = text.bytes().position(is_separator);
        let parts = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let (euros, cents) = parts.ok_or(AmountError::Format)?;
        if cents.len() != 2 || euros.is_empty() || (euros.len() > 1 && euros.starts_with('0')) {
            return Err(AmountError::Format);
        }
        let mut total: u64 = 0;
        for digit in euros.bytes().chain(cents.bytes()) {
            if !digit.is_ascii_digit() {
                return Err(AmountError::Format);
            }
            total = total
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
                .ok_or(AmountError::TooLarge)?;
        }
        Self::from_cents(total)
    }

    /// The sum in cents.
    #[must_use]
    pub const fn cents(self) -> u64 {
        self.0
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        Currency::Eur
    }

    /// Cents as digits: `1000`.
    #[must_use]
    pub fn minor_units(self) -> String {
        self.0.to_string()
    }

    /// Euros and cents with a point: `10.00`.
    #[must_use]
    pub fn with_point(self) -> String {
        self.with_separator('.')
    }

    /// Euros and cents with a comma: `10,00`.
    #[must_use]
    pub fn with_comma(self) -> String {
        self.with_separator(',')
    }

    fn with_separator(self, separator: char) -> String {
        let mut text = (self.0 / 100).to_string();
        text.push(separator);
        let cents = self.0 % 100;
        if cents < 10 {
            text.push('0');
        }
        text.push_str(&cents.to_string());
        text
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cents = u64::deserialize(deserializer)?;
        Self::from_cents(cents).map_err(de::Error::custom)
    }
}

/// Why a sum is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// Nothing to pay.
    Zero,
    /// More than [`Amount::MAX_CENTS`].
    TooLarge,
    /// Not digits, a separator and two digits.
    Format,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "amount is zero: expected at least 1 cent",
            Self::TooLarge => "amount is too large: expected at most 99999999999 cents",
            Self::Format => "amount is malformed: expected euros and two decimals, as 10.00",
        })
    }
}

impl core::error::Error for AmountError {}

impl Coded for AmountError {
    fn code(&self) -> &'static str {
        match self {
            Self::Zero => "amount/zero",
            Self::TooLarge => "amount/too-large",
            Self::Format => "amount/format",
        }
    }

    fn field(&self) -> Option<&'static str> {
        Some("amount")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, AmountError};

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(Amount::from_cents(0), Err(AmountError::Zero));
        assert_eq!(Amount::from_cents(1).unwrap().with_point(), "0.01");
        assert_eq!(
            Amount::from_cents(Amount::MAX_CENTS).unwrap().with_comma(),
            "999999999,99"
        );
        assert_eq!(
            Amount::from_cents(Amount::MAX_CENTS + 1),
            Err(AmountError::TooLarge)
        );
    }

    #[test]
    fn only_one_written_form_is_read() {
        for wrong in [
            "", "10", "10.0", "10.000", ".10", "1 000.00", "-1.00", "+1.00", "1.0a", "01.00",
            "1.00.00", "１.00", "1e2.00",
        ] {
            assert_eq!(
                Amount::parse_decimal(wrong),
                Err(AmountError::Format),
                "{wrong}"
            );
        }
        assert_eq!(Amount::parse_decimal("0.00"), Err(AmountError::Zero));
        assert_eq!(
            Amount::parse_decimal("99999999999999999999.00"),
            Err(AmountError::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(cents in 1..=Amount::MAX_CENTS) {
            let amount = Amount::from_cents(cents).unwrap();
            prop_assert_eq!(Amount::parse_decimal(&amount.with_point()), Ok(amount));
            prop_assert_eq!(Amount::parse_decimal(&amount.with_comma()), Ok(amount));
            prop_assert_eq!(amount.minor_units(), cents.to_string());
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Amount::parse_decimal(&text);
        }
    }
}
