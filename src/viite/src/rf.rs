//! The RF creditor reference (ISO 11649).

use alloc::string::String;

use crate::error::{Error, Reason, Subject};
use crate::mod97::{Mod97, holds, in_range};
use crate::national::NationalReference;
use crate::text::{Fixed, Reading, digit, in_fours, text_traits};

const HEAD: usize = 4;
const LEAST: usize = 5;
const MOST: usize = 25;

/// An ISO 11649 creditor reference: `RF`, two check digits, 1 to 21 digits and capital letters.
///
/// Leading zeros of the body are kept as given: a payment must carry them. Only
/// [`to_national`](Self::to_national) drops them.
///
/// # Examples
///
/// ```
/// use viite::RfReference;
///
/// let reference = RfReference::parse("rf33 2348 236")?;
/// assert_eq!(reference.to_machine(), "RF332348236");
/// assert_eq!(reference.to_print(), "RF33 2348 236");
/// assert_eq!(reference.to_national()?.to_print(), "23 48236");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RfReference(Fixed<MOST>);

impl RfReference {
    /// Reads a reference as people write it: blanks and tabs anywhere, small letters too.
    ///
    /// # Errors
    ///
    /// `empty`, `prefix` (no `RF` at the start), `character` (with its position; also letters
    /// for check digits), `too_short`, `too_long` (5 to 25 characters in all),
    /// `check_digits_range` (00, 01 and 99 cannot be made), `check_digits`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        read(text, Reading::Lenient)
    }

    /// Reads the machine form: capitals and digits only.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); separators and small letters are refused.
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        read(text, Reading::Machine)
    }

    /// Makes the reference over a body of 1 to 21 letters and digits; blanks are dropped.
    ///
    /// The body is taken as it is: a finished reference given here is wrapped once more.
    /// Where users may type either, ask [`parse`](Self::parse) first.
    ///
    /// # Errors
    ///
    /// `empty`, `character`, `too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// let reference = viite::RfReference::create("C2H5OH")?;
    /// assert_eq!(reference.to_machine(), "RF97C2H5OH");
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn create(body: &str) -> Result<Self, Error> {
        let mut kept = Fixed::<{ MOST - HEAD }>::new();
        let mut count = 0;
        for (position, character) in body.chars().enumerate() {
            if Reading::Lenient.skips(character) {
                continue;
            }
            let byte = Reading::Lenient
                .letter_or_digit(character)
                .ok_or(refuse(Reason::Character).at(position))?;
            kept.push(byte);
            count += 1;
        }
        match count {
            0 => Err(refuse(Reason::Empty)),
            _ if count > MOST - HEAD => Err(refuse(Reason::TooLong)),
            _ => Ok(Self::around(kept.as_bytes())),
        }
    }

    /// The form to store, compare and send: no blanks, capitals.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }

    /// Groups of four from the left with one blank between.
    pub fn to_print(&self) -> String {
        in_fours(self.to_machine())
    }

    /// What stands behind `RF` and the check digits.
    pub fn body(&self) -> &str {
        self.0.from(HEAD)
    }

    /// The two check digits, `02` to `98`.
    pub fn check_digits(&self) -> &str {
        self.to_machine().get(2..HEAD).unwrap_or_default()
    }

    /// The national reference inside a Finnish RF reference.
    ///
    /// # Errors
    ///
    /// `not_national`: the reference is good, but its body is not a national reference of
    /// at most 20 digits; [`cause`](Error::cause) says why.
    pub fn to_national(&self) -> Result<NationalReference, Error> {
        NationalReference::parse_machine(self.body())
            .map_err(|inner| refuse(Reason::NotNational).because(inner))
    }

    /// The reference over a body that is known to be 1 to 21 digits and capitals.
    pub(crate) fn around(body: &[u8]) -> Self {
        let mut all = Fixed::new();
        all.extend(b"RF");
        all.extend(&Mod97::new().read(body).read(b"RF00").check_digits());
        all.extend(body);
        Self(all)
    }
}

text_traits!(RfReference);

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Reference, reason)
}

fn read(text: &str, reading: Reading) -> Result<RfReference, Error> {
    let mut all = Fixed::<MOST>::new();
    let mut count = 0;
    for (position, character) in text.chars().enumerate() {
        if reading.skips(character) {
            continue;
        }
        let byte = match count {
            0 | 1 => reading
                .letter_or_digit(character)
                .filter(|&byte| byte == if count == 0 { b'R' } else { b'F' })
                .ok_or(refuse(Reason::Prefix).at(position))?,
            2 | 3 => digit(character).ok_or(refuse(Reason::Character).at(position))?,
            _ => reading
                .letter_or_digit(character)
                .ok_or(refuse(Reason::Character).at(position))?,
        };
        all.push(byte);
        count += 1;
    }
    match count {
        0 => return Err(refuse(Reason::Empty)),
        1 => return Err(refuse(Reason::Prefix)),
        _ if count < LEAST => return Err(refuse(Reason::TooShort)),
        _ if count > MOST => return Err(refuse(Reason::TooLong)),
        _ => {}
    }
    let (head, body) = all.as_bytes().split_at_checked(HEAD).unwrap_or_default();
    if !in_range(head.get(2..).unwrap_or_default()) {
        return Err(refuse(Reason::CheckDigitsRange));
    }
    if !holds(head, body) {
        return Err(refuse(Reason::CheckDigits));
    }
    Ok(RfReference(all))
}
