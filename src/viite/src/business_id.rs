//! The Finnish business id (Y-tunnus).

use alloc::string::String;

use crate::error::{Error, Reason, Subject};
use crate::text::{Fixed, text_traits};

const WEIGHTS: [u32; 7] = [7, 9, 10, 5, 8, 4, 2];

/// A business id: seven digits, a hyphen, a check digit.
///
/// # Examples
///
/// ```
/// let id = viite::BusinessId::parse("2858394-9")?;
/// assert_eq!(id.to_vat_number(), "FI28583949");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessId(Fixed<9>);

impl BusinessId {
    /// Reads an id in its one form; no blanks, no VAT number.
    ///
    /// # Errors
    ///
    /// `format`, `all_zero`, `remainder_one` (such numbers are not issued), `check_digit`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [number @ .., b'-', check] = text.as_bytes() else {
            return Err(refuse(Reason::Format));
        };
        let digits = number.iter().all(u8::is_ascii_digit) && check.is_ascii_digit();
        if number.len() != WEIGHTS.len() || !digits {
            return Err(refuse(Reason::Format));
        }
        if number.iter().all(|&digit| digit == b'0') {
            return Err(refuse(Reason::AllZero));
        }
        let sum: u32 = number
            .iter()
            .zip(WEIGHTS)
            .map(|(digit, weight)| u32::from(digit & 0x0f) * weight)
            .sum();
        let expected = match sum % 11 {
            0 => 0,
            1 => return Err(refuse(Reason::RemainderOne)),
            remainder => 11 - remainder,
        };
        if u32::from(check & 0x0f) != expected {
            return Err(refuse(Reason::CheckDigit));
        }
        let mut all = Fixed::new();
        all.extend(text.as_bytes());
        Ok(Self(all))
    }

    /// The id with its hyphen.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }

    /// The VAT number: `FI` and the eight digits.
    pub fn to_vat_number(&self) -> String {
        let mut number = String::from("FI");
        number.extend(self.to_machine().chars().filter(char::is_ascii_digit));
        number
    }
}

text_traits!(BusinessId);

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::BusinessId, reason)
}
