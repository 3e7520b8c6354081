//! Account numbers: Finnish ones in depth, others as far as a QR code needs.

use alloc::string::String;

use crate::bic::Bank;
use crate::error::{Error, Reason, Subject};
use crate::mod97::{Mod97, holds, in_range};
use crate::text::{Fixed, Reading, in_fours, split_at_sign, text_traits};

const HEAD: usize = 4;
const LENGTH: usize = 18;
const ACCOUNT: usize = LENGTH - HEAD;

/// A Finnish IBAN: `FI`, two check digits, 14 digits. Åland has the same.
///
/// # Examples
///
/// ```
/// use viite::FiIban;
///
/// let iban = FiIban::parse("FI21 1234 5600 0007 85")?;
/// assert_eq!(iban.to_machine(), "FI2112345600000785");
/// assert_eq!(iban.bic(), Some("NDEAFIHH"));
/// assert_eq!(iban, FiIban::from_bban("123456-785")?);
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiIban(Fixed<LENGTH>);

impl FiIban {
    /// Reads an IBAN as people write it: blanks and tabs anywhere, small letters too.
    ///
    /// # Errors
    ///
    /// `empty`, `character` (with its position), `country`, `length`, `check_digits_range`
    /// (00, 01 and 99 cannot be made), `check_digits`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        finnish(text, Reading::Lenient)
    }

    /// Reads the electronic form: capitals, digits, nothing else.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); separators and small letters are `character`.
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        finnish(text, Reading::Machine)
    }

    /// Makes the IBAN of an old account number such as `123456-785`.
    ///
    /// Six digits, a hyphen, two to eight digits. Zeros go in after the sixth digit, for
    /// numbers that start with 4 or 5 after the seventh.
    ///
    /// # Errors
    ///
    /// `format`. The account's own check digit is not tested here, see
    /// [`require_national_check`](Self::require_national_check).
    pub fn from_bban(text: &str) -> Result<Self, Error> {
        let (front, back) = split_at_sign(text, b'-').ok_or(refuse(Reason::Format))?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if front.len() != 6 || !(2..=8).contains(&back.len()) || !digits(front) || !digits(back) {
            return Err(refuse(Reason::Format));
        }
        let joined = match front.as_bytes() {
            [b'4' | b'5', ..] => 1,
            _ => 0,
        };
        let (stays, moves) = back.as_bytes().split_at_checked(joined).unwrap_or_default();
        let mut account = Fixed::<ACCOUNT>::new();
        account.extend(front.as_bytes());
        account.extend(stays);
        account.extend_padded(moves, ACCOUNT - front.len() - joined);
        Ok(Self::over(account.as_bytes()))
    }

    /// Lets only accounts pass whose own check digit fits.
    ///
    /// Not part of [`parse`](Self::parse): no source says that every newer institution keeps
    /// that rule, and published accounts break it.
    ///
    /// # Errors
    ///
    /// `national_check`.
    ///
    /// # Examples
    ///
    /// ```
    /// use viite::{FiIban, Reason};
    ///
    /// let iban = FiIban::parse("FI32 5381 1381 2593 33")?;
    /// assert_eq!(iban.require_national_check().unwrap_err().reason(), Reason::NationalCheck);
    /// # Ok::<(), viite::Error>(())
    /// ```
    pub fn require_national_check(self) -> Result<Self, Error> {
        if self.national_check_ok() {
            Ok(self)
        } else {
            Err(refuse(Reason::NationalCheck))
        }
    }

    /// Whether the last digit is the Luhn digit of the 13 before; a warning when it is not.
    pub fn national_check_ok(&self) -> bool {
        let mut sum = 0u32;
        for (place, byte) in self.account().bytes().rev().enumerate() {
            let digit = u32::from(byte & 0x0f);
            sum += match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            };
        }
        sum.is_multiple_of(10)
    }

    /// The electronic form.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }

    /// Groups of four with one blank between.
    pub fn to_print(&self) -> String {
        in_fours(self.to_machine())
    }

    /// The 14 digits of the account, the machine form of the old account number.
    pub fn account(&self) -> &str {
        self.0.from(HEAD)
    }

    /// The bank or banking group that the account's first digits name.
    pub fn bank(&self) -> Bank {
        Bank::of_account(self.account())
    }

    /// The BIC of that bank, if one holds those digits today.
    ///
    /// Many valid accounts have none: lists age, so this is no reason to refuse one.
    pub fn bic(&self) -> Option<&'static str> {
        match self.bank() {
            Bank::Current { code, .. } => Some(code.bic),
            _ => None,
        }
    }

    /// The IBAN over what is known to be 14 digits.
    pub(crate) fn over(account: &[u8]) -> Self {
        let mut all = Fixed::new();
        all.extend(b"FI");
        all.extend(&Mod97::new().read(account).read(b"FI00").check_digits());
        all.extend(account);
        Self(all)
    }
}

text_traits!(FiIban);

/// An IBAN of any country, its check digits tested, its country's own length not.
///
/// # Examples
///
/// ```
/// let iban = viite::Iban::parse("DE71 1102 2033 0123 4567 89")?;
/// assert_eq!(iban.to_machine(), "DE71110220330123456789");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iban(Fixed<34>);

impl Iban {
    /// Reads an IBAN as people write it. A Finnish one is held to the Finnish form.
    ///
    /// # Errors
    ///
    /// As [`FiIban::parse`]; `country` when the first two are no letters, `length` outside 15 to 34.
    pub fn parse(text: &str) -> Result<Self, Error> {
        general(text, Reading::Lenient).map(Self)
    }

    /// Reads the electronic form.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); separators and small letters are `character`.
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        general(text, Reading::Machine).map(Self)
    }

    /// The electronic form.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }

    /// Groups of four with one blank between.
    pub fn to_print(&self) -> String {
        in_fours(self.to_machine())
    }
}

text_traits!(Iban);

impl From<FiIban> for Iban {
    fn from(iban: FiIban) -> Self {
        let mut all = Fixed::new();
        all.extend(iban.0.as_bytes());
        Self(all)
    }
}

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Iban, reason)
}

/// Letters and digits as they stand, how many there are, and where the first letter
/// beyond the country code stands.
struct Raw {
    all: Fixed<34>,
    count: usize,
    letter: Option<usize>,
}

fn raw(text: &str, reading: Reading) -> Result<Raw, Error> {
    let mut raw = Raw {
        all: Fixed::new(),
        count: 0,
        letter: None,
    };
    for (position, character) in text.chars().enumerate() {
        if reading.skips(character) {
            continue;
        }
        let byte = reading
            .letter_or_digit(character)
            .ok_or(refuse(Reason::Character).at(position))?;
        if raw.count >= 2 && raw.letter.is_none() && byte.is_ascii_uppercase() {
            raw.letter = Some(position);
        }
        raw.all.push(byte);
        raw.count += 1;
    }
    if raw.count == 0 {
        return Err(refuse(Reason::Empty));
    }
    Ok(raw)
}

fn finnish(text: &str, reading: Reading) -> Result<FiIban, Error> {
    let raw = raw(text, reading)?;
    if !raw.all.as_bytes().starts_with(b"FI") {
        return Err(refuse(Reason::Country));
    }
    if raw.count != LENGTH {
        return Err(refuse(Reason::Length));
    }
    if let Some(position) = raw.letter {
        return Err(refuse(Reason::Character).at(position));
    }
    check(raw.all.as_bytes())?;
    let mut all = Fixed::new();
    all.extend(raw.all.as_bytes());
    Ok(FiIban(all))
}

fn general(text: &str, reading: Reading) -> Result<Fixed<34>, Error> {
    let raw = raw(text, reading)?;
    let bytes = raw.all.as_bytes();
    if bytes.starts_with(b"FI") {
        return finnish(text, reading).map(|iban| Iban::from(iban).0);
    }
    let mut head = bytes.iter().take(HEAD);
    if !head.by_ref().take(2).all(u8::is_ascii_uppercase) {
        return Err(refuse(Reason::Country));
    }
    if !(15..=34).contains(&raw.count) {
        return Err(refuse(Reason::Length));
    }
    if !head.all(u8::is_ascii_digit) {
        return Err(refuse(Reason::CheckDigits));
    }
    check(bytes)?;
    Ok(raw.all)
}

fn check(bytes: &[u8]) -> Result<(), Error> {
    let (head, body) = bytes.split_at_checked(HEAD).unwrap_or_default();
    if !in_range(head.get(2..).unwrap_or_default()) {
        return Err(refuse(Reason::CheckDigitsRange));
    }
    if !holds(head, body) {
        return Err(refuse(Reason::CheckDigits));
    }
    Ok(())
}
