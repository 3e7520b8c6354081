//! The text of a credit transfer QR code (EPC069-12).

use alloc::string::String;

use crate::bic::Bic;
use crate::date::DueDate;
use crate::error::{Error, Reason, Subject};
use crate::iban::Iban;
use crate::national::each_digit;
use crate::reference::Reference;
use crate::text::split_at_sign;

/// What fits a QR code of version 13 at error correction M.
const MOST_BYTES: usize = 331;
/// 999 999 999.99 euros.
const MOST_CENTS: u64 = 99_999_999_999;

/// The version line of the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QrVersion {
    /// `001`: the BIC is mandatory. Finland's guideline of 2015 shows this one.
    V1,
    /// `002`: the BIC may be left out within the EEA.
    #[default]
    V2,
}

impl QrVersion {
    /// Reads `001` or `002`.
    ///
    /// # Errors
    ///
    /// `version`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "001" => Ok(Self::V1),
            "002" => Ok(Self::V2),
            _ => Err(refuse(Reason::Version)),
        }
    }

    /// `001` or `002`.
    pub const fn to_machine(self) -> &'static str {
        match self {
            Self::V1 => "001",
            Self::V2 => "002",
        }
    }
}

/// A credit transfer to put into a QR code: set what is known, then take the [`payload`](Self::payload).
///
/// Encode it in UTF-8 with error correction M, at most version 13. A bank compares the name with
/// the account's holder, so it is refused rather than shortened when it is too long.
///
/// # Examples
///
/// ```
/// use viite::{DueDate, EpcQr, Reference};
///
/// let payload = EpcQr::new("Oy Esimerkki Ab", "FI21 1234 5600 0007 85")
///     .bic("NDEAFIHH")
///     .cents(1000)
///     .reference(&Reference::parse("12 34561")?)
///     .due(DueDate::new(2026, 12, 31)?)
///     .payload()?;
/// assert_eq!(
///     payload,
///     "BCD\n002\n1\nSCT\nNDEAFIHH\nOy Esimerkki Ab\nFI2112345600000785\nEUR10.00\n\n1234561\n\nReqdExctnDt/2026-12-31"
/// );
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpcQr<'a> {
    version: QrVersion,
    bic: &'a str,
    name: &'a str,
    iban: &'a str,
    amount: Amount<'a>,
    purpose: &'a str,
    reference: String,
    text: &'a str,
    info: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Amount<'a> {
    Cents(u64),
    Text(&'a str),
}

impl<'a> EpcQr<'a> {
    /// A transfer to the payee of that name and account (any IBAN).
    pub fn new(name: &'a str, iban: &'a str) -> Self {
        Self {
            version: QrVersion::V2,
            bic: "",
            name,
            iban,
            amount: Amount::Text(""),
            purpose: "",
            reference: String::new(),
            text: "",
            info: String::new(),
        }
    }

    /// Sets the version; `002` otherwise.
    #[must_use]
    pub fn version(mut self, version: QrVersion) -> Self {
        self.version = version;
        self
    }

    /// Sets the BIC of the payee's bank.
    #[must_use]
    pub fn bic(mut self, bic: &'a str) -> Self {
        self.bic = bic;
        self
    }

    /// Sets the amount in cents, 1 to 99 999 999 999; without one the payer chooses it.
    #[must_use]
    pub fn cents(mut self, cents: u64) -> Self {
        self.amount = Amount::Cents(cents);
        self
    }

    /// Sets the amount in euros as text, `12.3` or `12.30`: a dot, at most two decimals, no
    /// leading zeros. It is checked and printed as given; empty leaves it to the payer.
    #[must_use]
    pub fn amount_text(mut self, euros: &'a str) -> Self {
        self.amount = Amount::Text(euros);
        self
    }

    /// Sets the purpose code, up to four letters and digits.
    #[must_use]
    pub fn purpose(mut self, purpose: &'a str) -> Self {
        self.purpose = purpose;
        self
    }

    /// Sets the reference.
    #[must_use]
    pub fn reference(self, reference: &Reference) -> Self {
        self.reference_text(reference.to_machine())
    }

    /// Sets a structured reference of any kind, up to 35 characters; its check digits are not
    /// tested. Prefer [`reference`](Self::reference).
    #[must_use]
    pub fn reference_text(mut self, reference: &str) -> Self {
        self.reference = String::from(reference);
        self
    }

    /// Sets the message to the payee, up to 140 characters; excludes a reference.
    #[must_use]
    pub fn text(mut self, text: &'a str) -> Self {
        self.text = text;
        self
    }

    /// Sets the information to the payer, up to 70 characters.
    #[must_use]
    pub fn info(mut self, info: &str) -> Self {
        self.info = String::from(info);
        self
    }

    /// Sets the due date, which Finnish codes carry in the information line as `ReqdExctnDt/`.
    #[must_use]
    pub fn due(self, due: DueDate) -> Self {
        let mut info = String::from("ReqdExctnDt/");
        info.push_str(&due.to_iso());
        self.info(&info)
    }

    /// The text to encode: lines joined by LF, nothing behind the last filled one.
    ///
    /// # Errors
    ///
    /// `newline` or `character` (a line break or another control character in a field), `name`,
    /// `iban`, `bic`, `amount`, `purpose`, `ref`, `text`, `ref_and_text`, `info`, `bytes`.
    pub fn payload(&self) -> Result<String, Error> {
        self.check_fields()?;
        let iban = Iban::parse(self.iban).map_err(|inner| refuse(Reason::Iban).because(inner))?;
        let bic = self.checked_bic()?;
        let amount = self.checked_amount()?;
        let lines = [
            "BCD",
            self.version.to_machine(),
            "1", // UTF-8
            "SCT",
            bic.as_ref().map_or("", Bic::to_machine),
            self.name,
            iban.to_machine(),
            &amount,
            self.purpose,
            &self.reference,
            self.text,
            &self.info,
        ];
        let payload = joined(&lines);
        if payload.len() > MOST_BYTES {
            return Err(refuse(Reason::Bytes));
        }
        Ok(payload)
    }

    fn check_fields(&self) -> Result<(), Error> {
        for field in [
            self.name,
            self.purpose,
            &self.reference,
            self.text,
            &self.info,
        ] {
            check_line(field)?;
        }
        let longer = |field: &str, most: usize| field.chars().nth(most).is_some();
        let purpose_ok = self
            .purpose
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric());
        let broken = if self.name.is_empty() || longer(self.name, 70) {
            Reason::Name
        } else if longer(self.purpose, 4) || !purpose_ok {
            Reason::Purpose
        } else if !self.reference.is_empty() && !self.text.is_empty() {
            Reason::RefAndText
        } else if longer(&self.reference, 35) {
            Reason::Ref
        } else if longer(self.text, 140) {
            Reason::Text
        } else if longer(&self.info, 70) {
            Reason::Info
        } else {
            return Ok(());
        };
        Err(refuse(broken))
    }

    fn checked_bic(&self) -> Result<Option<Bic>, Error> {
        match (self.bic, self.version) {
            ("", QrVersion::V1) => Err(refuse(Reason::Bic)),
            ("", QrVersion::V2) => Ok(None),
            (bic, _) => Bic::parse(bic)
                .map(Some)
                .map_err(|inner| refuse(Reason::Bic).because(inner)),
        }
    }

    /// The amount line.
    fn checked_amount(&self) -> Result<String, Error> {
        let mut line = String::new();
        match self.amount {
            Amount::Text("") => {}
            Amount::Text(euros) if is_amount(euros) => {
                line.push_str("EUR");
                line.push_str(euros);
            }
            Amount::Cents(cents @ 1..=MOST_CENTS) => {
                line.push_str("EUR");
                each_digit(cents / 100, 0, |digit| line.push(char::from(digit)));
                line.push('.');
                each_digit(cents % 100, 2, |digit| line.push(char::from(digit)));
            }
            _ => return Err(refuse(Reason::Amount)),
        }
        Ok(line)
    }
}

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Qr, reason)
}

/// No field may break its line, nor hold any other control character.
fn check_line(field: &str) -> Result<(), Error> {
    for (position, character) in field.chars().enumerate() {
        let reason = match character {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Reason::Newline,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Reason::Character,
            _ => continue,
        };
        return Err(refuse(reason).at(position));
    }
    Ok(())
}

/// 0.01 to 999999999.99, a dot, one or two decimals or none, no leading zeros.
fn is_amount(text: &str) -> bool {
    let (euros, cents) = match split_at_sign(text, b'.') {
        Some((_, "")) => return false,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (1..=9).contains(&euros.len())
        && cents.len() <= 2
        && digits(euros)
        && digits(cents)
        && (euros.len() == 1 || !euros.starts_with('0'))
        && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn joined(lines: &[&str]) -> String {
    let mut payload = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            payload.push('\n');
        }
        payload.push_str(line);
    }
    payload.truncate(payload.trim_end_matches('\n').len());
    payload
}
