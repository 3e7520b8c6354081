//! The national reference (viitenumero): digits with a 7-3-1 check digit.

use alloc::string::String;

use crate::bulk::Bulk;
use crate::error::{Error, Reason, Subject};
use crate::rf::RfReference;
use crate::text::{Fixed, Reading, digit, grouped, text_traits};

const MOST: usize = 20;
const LEAST: usize = 4;

/// A Finnish national reference: 3 to 19 digits and their check digit.
///
/// Kept in its canonical form: no blanks, no leading zeros. Equal references compare
/// equal however they were written; the order is that of the numbers.
///
/// The check digit makes the weighted sum of all digits a multiple of ten; the weights are
/// 7, 3, 1, 7 … from the right. It finds every single wrong digit, but not every swap.
///
/// # Examples
///
/// ```
/// use viite::NationalReference;
///
/// let reference = NationalReference::parse("00000 00000 00012 34561")?;
/// assert_eq!(reference.to_machine(), "1234561");
/// assert_eq!(reference.to_print(), "12 34561");
/// assert_eq!(reference, NationalReference::create("123456")?);
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NationalReference(Fixed<MOST>);

/// A reference made from the digits found in a text, by [`NationalReference::from_digits_in`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromDigits {
    /// The reference over those digits.
    pub reference: NationalReference,
    /// How many characters were left out. When it is not 0, other texts give the same
    /// reference: `INV-1/23` and `INV-12/3` both give that of 123.
    pub left_out: usize,
}

impl NationalReference {
    /// Reads a reference as people write it: blanks, no-break blanks and tabs may stand anywhere.
    ///
    /// # Errors
    ///
    /// `empty`, `character` (with its position), `too_short` (fewer than 4 digits),
    /// `too_long` (more than 20, zeros counted), `all_zero`, `too_short_significant`
    /// (fewer than 4 digits when leading zeros go), `check_digit`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Digits::read(text, Reading::Lenient)?.into_reference(LEAST)
    }

    /// Reads a machine form: digits only; the zeros that fill up to 20 digits are accepted.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); every separator is `character`.
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        Digits::read(text, Reading::Machine)?.into_reference(LEAST)
    }

    /// As [`parse`](Self::parse), but takes `0013` and the like, which others issue.
    ///
    /// The rules seen say "at least 3+1 digits" and "leading zeros are not printed", and not
    /// whether the zeros count. Read foreign data with this; never issue such a reference.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse) but for `too_short_significant`.
    ///
    /// # Examples
    ///
    /// ```
    /// use viite::{NationalReference, Reason};
    ///
    /// assert_eq!(NationalReference::parse("0013").unwrap_err().reason(), Reason::TooShortSignificant);
    /// assert_eq!(NationalReference::parse_allowing_short("0013")?.to_machine(), "13");
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn parse_allowing_short(text: &str) -> Result<Self, Error> {
        Digits::read(text, Reading::Lenient)?.into_reference(1)
    }

    /// Makes the reference over a base of 3 to 19 digits; leading zeros and blanks are dropped.
    ///
    /// # Errors
    ///
    /// `empty`, `character` (an invoice number with letters has to be mapped first, see
    /// [`from_series`](Self::from_series) and [`from_digits_in`](Self::from_digits_in)),
    /// `all_zero`, `too_short`, `too_long`.
    pub fn create(base: &str) -> Result<Self, Error> {
        Digits::read(base, Reading::Lenient)?.into_base()
    }

    /// Makes the reference over a number of 3 to 19 digits.
    ///
    /// # Errors
    ///
    /// `all_zero`, `too_short`, `too_long`.
    pub fn from_number(base: u64) -> Result<Self, Error> {
        let mut digits = Digits::new();
        each_digit(base, 0, |digit| digits.push(digit));
        digits.into_base()
    }

    /// Makes the reference over `prefix` and `number`, filled with zeros to `width` digits.
    ///
    /// The prefix starts with 1 to 9, so those zeros stay and numbers of one series never meet.
    ///
    /// # Errors
    ///
    /// `empty` or `character` (in the prefix), `leading_zero`, `width` (the number has more
    /// digits), `too_short`, `too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// let reference = viite::NationalReference::from_series("1", 6, 7)?;
    /// assert_eq!(reference.base(), "1000007");
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn from_series(prefix: &str, width: usize, number: u64) -> Result<Self, Error> {
        let mut digits = Digits::read(prefix, Reading::Machine)?;
        if digits.starts_with_zero() {
            return Err(refuse(Reason::LeadingZero).at(0));
        }
        if width > MOST {
            return Err(refuse(Reason::TooLong));
        }
        let before = digits.count;
        each_digit(number, width, |digit| digits.push(digit));
        if digits.count - before > width {
            return Err(refuse(Reason::Width));
        }
        digits.into_base()
    }

    /// Makes the reference over the digits of any text, and says how much was left out.
    ///
    /// # Errors
    ///
    /// `empty` (no digit at all), `all_zero`, `too_short`, `too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// let made = viite::NationalReference::from_digits_in("INV-2024-001")?;
    /// assert_eq!(made.reference.base(), "2024001");
    /// assert_eq!(made.left_out, 5);
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn from_digits_in(text: &str) -> Result<FromDigits, Error> {
        let mut digits = Digits::new();
        let mut left_out = 0;
        for character in text.chars() {
            match digit(character) {
                Some(digit) => digits.push(digit),
                None => left_out += 1,
            }
        }
        if digits.count == 0 {
            return Err(refuse(Reason::Empty));
        }
        let reference = digits.into_base()?;
        Ok(FromDigits {
            reference,
            left_out,
        })
    }

    /// The references over `start`, `start + step` … `count` of them, or none at all.
    ///
    /// # Errors
    ///
    /// What [`Bulk::new`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// let made: Vec<_> = viite::NationalReference::bulk("998", 3, 1)?.collect();
    /// assert_eq!(made.iter().map(|one| one.to_machine()).collect::<Vec<_>>(), ["9988", "9991", "10003"]);
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn bulk(start: &str, count: u64, step: u64) -> Result<Bulk, Error> {
        Bulk::new(start, count, step)
    }

    /// The canonical form: digits, no leading zeros.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }

    /// Groups of five from the right with one blank between.
    pub fn to_print(&self) -> String {
        // The first group is the remainder, or a whole group where there is none.
        grouped(self.to_machine(), (self.0.len() + 4) % 5 + 1, 5)
    }

    /// Filled with zeros from the left to 20 digits, as files and bar codes carry it.
    pub fn to_padded(&self) -> String {
        let mut padded = Fixed::<MOST>::new();
        padded.extend_padded(self.0.as_bytes(), MOST);
        String::from(padded.as_str())
    }

    /// The same reference in its international form.
    pub fn to_rf(&self) -> RfReference {
        RfReference::around(self.0.as_bytes())
    }

    /// The digits before the check digit.
    pub fn base(&self) -> &str {
        let machine = self.to_machine();
        machine
            .get(..machine.len().saturating_sub(1))
            .unwrap_or_default()
    }

    /// The references over digits that are known to be 3 to 19 and not to start with zero.
    pub(crate) fn over(base: &[u8]) -> Self {
        let mut all = Fixed::new();
        all.extend(base);
        all.push(check_digit(base));
        Self(all)
    }
}

text_traits!(NationalReference);

/// Hands out the decimal digits of `number`, filled with zeros to at least `width` (up to 20).
pub(crate) fn each_digit(number: u64, width: usize, mut take: impl FnMut(u8)) {
    let mut power = 1;
    let mut length = 1;
    while number / power >= 10 {
        power *= 10;
        length += 1;
    }
    for _ in length..width {
        take(b'0');
    }
    while power > 0 {
        // A digit is below 10.
        take(b'0' + u8::try_from(number / power % 10).unwrap_or_default());
        power /= 10;
    }
}

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Reference, reason)
}

/// What the weighted sum lacks to the next full ten.
fn check_digit(base: &[u8]) -> u8 {
    let mut sum = 0;
    // At most 20 digits: the sum stays far below what u32 holds.
    for three in base.rchunks(3) {
        for (byte, weight) in three.iter().rev().zip([7, 3, 1]) {
            sum += u32::from(byte & 0x0f) * weight;
        }
    }
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

/// The digits of a text: how many, and those that are left when leading zeros go.
struct Digits {
    count: usize,
    significant: usize,
    kept: Fixed<MOST>,
}

impl Digits {
    const fn new() -> Self {
        Self {
            count: 0,
            significant: 0,
            kept: Fixed::new(),
        }
    }

    fn read(text: &str, reading: Reading) -> Result<Self, Error> {
        let mut digits = Self::new();
        for (position, character) in text.chars().enumerate() {
            if let Some(digit) = digit(character) {
                digits.push(digit);
            } else if !reading.skips(character) {
                return Err(refuse(Reason::Character).at(position));
            }
        }
        if digits.count == 0 {
            return Err(refuse(Reason::Empty));
        }
        Ok(digits)
    }

    fn push(&mut self, digit: u8) {
        self.count += 1;
        if digit != b'0' || self.significant > 0 {
            self.significant += 1;
            self.kept.push(digit);
        }
    }

    const fn starts_with_zero(&self) -> bool {
        self.count > self.significant
    }

    fn into_reference(self, least_significant: usize) -> Result<NationalReference, Error> {
        if self.count < LEAST {
            return Err(refuse(Reason::TooShort));
        }
        if self.count > MOST {
            return Err(refuse(Reason::TooLong));
        }
        if self.significant == 0 {
            return Err(refuse(Reason::AllZero));
        }
        if self.significant < least_significant {
            return Err(refuse(Reason::TooShortSignificant));
        }
        match self.kept.as_bytes().split_last() {
            Some((&last, base)) if check_digit(base) == last => Ok(NationalReference(self.kept)),
            // The check digit is what stands last, blanks aside.
            _ => Err(refuse(Reason::CheckDigit)),
        }
    }

    fn into_base(self) -> Result<NationalReference, Error> {
        if self.significant == 0 {
            return Err(refuse(Reason::AllZero));
        }
        if self.significant < LEAST - 1 {
            return Err(refuse(Reason::TooShort));
        }
        if self.significant > MOST - 1 {
            return Err(refuse(Reason::TooLong));
        }
        Ok(NationalReference::over(self.kept.as_bytes()))
    }
}
