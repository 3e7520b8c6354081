//! The order number of VETUMA's card payments (tilausnumero).

use crate::error::{Error, Reason, Subject};
use crate::national::NationalReference;
use crate::text::{Fixed, digit, text_traits};

const MOST: usize = 9;

/// An order number of 1 to 9 digits, the first not 0 (VETUMA's rule for Luottokunta).
///
/// # Examples
///
/// ```
/// use viite::OrderNumber;
///
/// let order = OrderNumber::parse("123456")?;
/// let reference = order.to_reference()?;
/// assert_eq!(reference.to_machine(), "1234561");
/// assert_eq!(OrderNumber::from_reference(&reference)?, order);
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(Fixed<MOST>);

impl OrderNumber {
    /// Reads an order number; nothing but digits, no blanks.
    ///
    /// # Errors
    ///
    /// `empty`, `character` (with its position), `leading_zero`, `too_long`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut digits = Fixed::new();
        for (position, character) in text.chars().enumerate() {
            digits.push(digit(character).ok_or(refuse(Reason::Character).at(position))?);
        }
        match text.as_bytes() {
            [] => Err(refuse(Reason::Empty)),
            [b'0', ..] => Err(refuse(Reason::LeadingZero).at(0)),
            all if all.len() > MOST => Err(refuse(Reason::TooLong)),
            _ => Ok(Self(digits)),
        }
    }

    /// The number that is the base of a reference.
    ///
    /// # Errors
    ///
    /// `too_long`: the base has more than 9 digits, so the shop needs a table to find its order.
    pub fn from_reference(reference: &NationalReference) -> Result<Self, Error> {
        Self::parse(reference.base())
    }

    /// The reference over this number.
    ///
    /// # Errors
    ///
    /// `too_short`: fewer than three digits make no reference.
    pub fn to_reference(&self) -> Result<NationalReference, Error> {
        NationalReference::create(self.to_machine())
    }

    /// The digits.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }
}

text_traits!(OrderNumber);

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::OrderNumber, reason)
}
