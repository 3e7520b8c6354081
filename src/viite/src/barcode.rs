//! The bank bar code (pankkiviivakoodi, "virtual bar code"), versions 4 and 5.
//!
//! Finance Finland, Bank Bar Code Guide 5.3. The guide itself was not read in full: layout and
//! rules come from programs that quote its field table, and its 18 test invoices come out.

use crate::date::DueDate;
use crate::error::{Error, Reason, Subject};
use crate::iban::FiIban;
use crate::national::{NationalReference, each_digit};
use crate::reference::Reference;
use crate::rf::RfReference;
use crate::text::{Fixed, digit, text_traits};

const LENGTH: usize = 54;
const PAIRS: usize = LENGTH / 2;
const MOST_CENTS: u64 = 99_999_999;
/// Code 128: start in set C, and stop.
const START_C: u8 = 105;
const STOP: u8 = 106;

/// A bank bar code of 54 digits: version 4 for a national reference, 5 for an RF reference.
///
/// # Examples
///
/// ```
/// use viite::{BankBarcode, DueDate, FiIban, Reference};
///
/// let code = BankBarcode::new(
///     FiIban::parse("FI79 4405 2020 0360 82")?,
///     Reference::parse("86851 62596 19897")?,
///     488_315, // cents
///     Some(DueDate::new(2010, 6, 12)?),
/// )?;
/// assert_eq!(code.to_machine(), "479440520200360820048831500000000868516259619897100612");
/// assert_eq!(code.check_value(), 40);
/// assert_eq!(BankBarcode::parse(code.to_machine())?, code);
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BankBarcode {
    digits: Fixed<LENGTH>,
    iban: FiIban,
    reference: Reference,
    cents: u64,
    due: Option<DueDate>,
}

impl BankBarcode {
    /// A bar code for an account, a reference, an amount in cents and a due date.
    ///
    /// 0 cents let the payer choose the amount. Above 999 999.99 euros the guide has the biller
    /// print 0 or leave the code out: that is the caller's choice, so it is refused here.
    ///
    /// # Errors
    ///
    /// `iban` (account number zero), `reference` (an RF body with letters or of zeros only, or a
    /// reference shorter than the rule), `amount`.
    pub fn new(
        iban: FiIban,
        reference: Reference,
        cents: u64,
        due: Option<DueDate>,
    ) -> Result<Self, Error> {
        if iban.account().bytes().all(|byte| byte == b'0') {
            return Err(refuse(Reason::Iban));
        }
        if cents > MOST_CENTS {
            return Err(refuse(Reason::Amount));
        }
        // The code has no room to keep leading zeros, so what it means has none.
        let reference = without_leading_zeros(reference)?;
        let mut digits = Fixed::new();
        digits.push(match reference {
            Reference::National(_) => b'4',
            Reference::Rf(_) => b'5',
        });
        digits.extend(iban.to_machine().get(2..).unwrap_or_default().as_bytes());
        each_digit(cents, 8, |digit| digits.push(digit));
        match &reference {
            Reference::National(national) => {
                digits.extend(b"000");
                digits.extend_padded(national.to_machine().as_bytes(), 20);
            }
            Reference::Rf(rf) => {
                digits.extend(rf.check_digits().as_bytes());
                digits.extend_padded(rf.body().as_bytes(), 21);
            }
        }
        digits.extend(&due.map_or(*b"000000", DueDate::to_six));
        Ok(Self {
            digits,
            iban,
            reference,
            cents,
            due,
        })
    }

    /// As [`new`](Self::new), from text; the due date as `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and `date`; [`cause`](Error::cause) tells what was wrong with the
    /// account or the reference.
    pub fn from_text(
        iban: &str,
        reference: &str,
        cents: u64,
        due: Option<&str>,
    ) -> Result<Self, Error> {
        let iban = FiIban::parse(iban).map_err(|inner| refuse(Reason::Iban).because(inner))?;
        let reference = Reference::parse(reference)
            .map_err(|inner| refuse(Reason::Reference).because(inner))?;
        let due = match due {
            Some(due) => Some(DueDate::parse(due).map_err(|_| refuse(Reason::Date))?),
            None => None,
        };
        Self::new(iban, reference, cents, due)
    }

    /// Reads the 54 digits and checks every part of them. Years are 2000 to 2099.
    ///
    /// # Errors
    ///
    /// `character` and `length` (also for blanks: the code has 54 characters, all digits),
    /// `version`, `iban`, `reserved`, `reference`, `date`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.chars().count() != LENGTH {
            return Err(refuse(Reason::Length));
        }
        let mut digits = Fixed::<LENGTH>::new();
        for (position, character) in text.chars().enumerate() {
            digits.push(digit(character).ok_or(refuse(Reason::Character).at(position))?);
        }
        let part = |start: usize, length: usize| digits.from(start).get(..length).unwrap_or("");
        if !matches!(part(0, 1), "4" | "5") {
            return Err(refuse(Reason::Version).at(0));
        }
        let iban = iban_of(part(1, 16))?;
        let reference = if part(0, 1) == "4" {
            if part(25, 3) != "000" {
                return Err(refuse(Reason::Reserved).at(25));
            }
            national_of(part(28, 20))?
        } else {
            rf_of(part(25, 2), part(27, 21))?
        };
        let due =
            DueDate::from_six(part(48, 6).as_bytes()).map_err(|_| refuse(Reason::Date).at(48))?;
        Self::new(iban, reference, number(part(17, 8)), due)
    }

    /// The 54 digits.
    pub fn to_machine(&self) -> &str {
        self.digits.as_str()
    }

    /// 4 for a national reference, 5 for an RF reference.
    pub fn version(&self) -> u8 {
        match self.reference {
            Reference::National(_) => 4,
            Reference::Rf(_) => 5,
        }
    }

    /// The payee's account.
    pub fn iban(&self) -> &FiIban {
        &self.iban
    }

    /// The reference, without leading zeros.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The amount in cents; 0 when the payer chooses it.
    pub fn cents(&self) -> u64 {
        self.cents
    }

    /// The due date, if there is one.
    pub fn due(&self) -> Option<DueDate> {
        self.due
    }

    /// The check value of the Code 128 symbol, 0 to 102.
    pub fn check_value(&self) -> u8 {
        let mut sum = u32::from(START_C);
        for (weight, value) in (1..).zip(self.pairs()) {
            sum += weight * u32::from(value);
        }
        u8::try_from(sum % 103).unwrap_or_default()
    }

    /// The values of the Code 128 symbol in set C: start, 27 pairs of digits, check value, stop.
    pub fn symbol_values(&self) -> [u8; PAIRS + 3] {
        let mut values = [STOP; PAIRS + 3];
        let body = core::iter::once(START_C)
            .chain(self.pairs())
            .chain(core::iter::once(self.check_value()));
        for (slot, value) in values.iter_mut().zip(body) {
            *slot = value;
        }
        values
    }

    fn pairs(&self) -> impl Iterator<Item = u8> {
        self.digits.as_bytes().chunks(2).map(|pair| {
            pair.iter()
                .fold(0, |value, digit| value * 10 + (digit & 0x0f))
        })
    }
}

text_traits!(BankBarcode);

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Barcode, reason)
}

fn without_leading_zeros(reference: Reference) -> Result<Reference, Error> {
    match reference {
        // Only the lenient reader lets such a short one come to be.
        Reference::National(national) if national.to_machine().len() < 4 => {
            Err(refuse(Reason::Reference))
        }
        Reference::National(national) => Ok(Reference::National(national)),
        Reference::Rf(rf) => {
            let body = rf.body().trim_start_matches('0');
            if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refuse(Reason::Reference));
            }
            // Zeros in front change nothing modulo 97: the check digits stay.
            Ok(Reference::Rf(RfReference::around(body.as_bytes())))
        }
    }
}

fn iban_of(digits: &str) -> Result<FiIban, Error> {
    let mut text = Fixed::<18>::new();
    text.extend(b"FI");
    text.extend(digits.as_bytes());
    FiIban::parse_machine(text.as_str()).map_err(|inner| refuse(Reason::Iban).because(inner).at(1))
}

fn national_of(digits: &str) -> Result<Reference, Error> {
    NationalReference::parse_machine(digits)
        .map(Reference::National)
        .map_err(|inner| refuse(Reason::Reference).because(inner).at(28))
}

fn rf_of(check: &str, digits: &str) -> Result<Reference, Error> {
    let mut text = Fixed::<25>::new();
    text.extend(b"RF");
    text.extend(check.as_bytes());
    text.extend(digits.as_bytes());
    RfReference::parse_machine(text.as_str())
        .map(Reference::Rf)
        .map_err(|inner| refuse(Reason::Reference).because(inner).at(25))
}

/// The value of a few ASCII digits.
fn number(digits: &str) -> u64 {
    digits
        .bytes()
        .fold(0, |value, digit| value * 10 + u64::from(digit & 0x0f))
}
