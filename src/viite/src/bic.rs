//! BICs, and which bank holds which Finnish account numbers.
//!
//! The tables are those of `fi-bank-codes.json` beside this crate's manifest (a test compares
//! them): Finance Finland's list, as the Excel of 2026-01-28 and 2026-03-03 read by schwifty
//! 2026.10.1, and as the PDF of 2025-10-15. 792 is in the Excel only.

use crate::error::{Error, Reason, Subject};
use crate::text::{Fixed, Reading, split_at_sign, text_traits};

/// A bank or banking group and the account number prefixes that it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct BankCode {
    /// First digits of the account, `406` or a range `406-408`.
    pub prefixes: &'static [&'static str],
    /// The BIC, 8 characters.
    pub bic: &'static str,
    /// Who holds them: often a group whose banks cannot be told apart.
    pub holder: &'static str,
}

/// What the first digits of a Finnish account number say.
///
/// # Examples
///
/// ```
/// use viite::{Bank, FiIban};
///
/// let iban = FiIban::parse("FI73 3131 3001 0000 58")?; // the bank bar code guide's own example
/// let Bank::Former { code, .. } = iban.bank() else { panic!() };
/// assert_eq!(code.holder, "Svenska Handelsbanken");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    /// A holder in the current list.
    Current {
        /// The holder's entry.
        code: &'static BankCode,
        /// How many first digits of the account decided it.
        digits: usize,
    },
    /// Held once and in no current list: the bank has left or was merged.
    Former {
        /// The former holder's entry.
        code: &'static BankCode,
        /// How many first digits of the account decided it.
        digits: usize,
    },
    /// 72 to 78: four-digit codes since 2024, whose holders are not published.
    Unpublished,
    /// In no list.
    Unallocated,
}

impl Bank {
    /// Looks up an account number's digits (those after `FI` and the check digits); longest
    /// prefix first.
    pub fn of_account(account: &str) -> Self {
        if let Some((code, digits)) = longest(CURRENT_BANK_CODES, account) {
            return Self::Current { code, digits };
        }
        match longest(FORMER_BANK_CODES, account) {
            // The old table gave all of 4 to one BIC; its gaps of today are no bank's.
            Some((code, digits)) if digits > 1 => Self::Former { code, digits },
            _ if matches!(account.as_bytes(), [b'7', b'2'..=b'8', ..]) => Self::Unpublished,
            _ => Self::Unallocated,
        }
    }
}

/// A bank identifier code of 8 or 11 characters, its form checked.
///
/// # Examples
///
/// ```
/// assert_eq!(viite::Bic::parse("ndea fihh")?.to_machine(), "NDEAFIHH");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bic(Fixed<11>);

impl Bic {
    /// Reads a BIC; blanks and small letters are forgiven.
    ///
    /// # Errors
    ///
    /// `empty`, `character` (with its position; also a digit in the country code), `length`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        read(text, Reading::Lenient)
    }

    /// Reads a BIC of capitals and digits only.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        read(text, Reading::Machine)
    }

    /// The 8 or 11 characters.
    pub fn to_machine(&self) -> &str {
        self.0.as_str()
    }
}

text_traits!(Bic);

/// Holders of today.
pub const CURRENT_BANK_CODES: &[BankCode] = &[
    BankCode {
        prefixes: &["1", "2"],
        bic: "NDEAFIHH",
        holder: "Nordea Bank",
    },
    BankCode {
        prefixes: &["33"],
        bic: "ESSEFIHX",
        holder: "Skandinaviska Enskilda Banken (SEB)",
    },
    BankCode {
        prefixes: &["8", "34"],
        bic: "DABAFIHH",
        holder: "Danske Bank A/S, Finland Branch",
    },
    BankCode {
        prefixes: &["36", "39"],
        bic: "SBANFIHH",
        holder: "S-Bank",
    },
    BankCode {
        prefixes: &["37"],
        bic: "DNBAFIHX",
        holder: "DNB Bank ASA, Finland Branch",
    },
    BankCode {
        prefixes: &[
            "400", "402", "403", "406-408", "410-412", "414-421", "423-432", "435-452", "454-464",
            "483-493", "495", "496", "715",
        ],
        bic: "ITELFIHH",
        holder: "Central Bank of Savings Banks Finland, Savings Banks (Sp) and Oma Säästöpankki",
    },
    BankCode {
        prefixes: &["405", "497"],
        bic: "HELSFIHH",
        holder: "Aktia Bank",
    },
    BankCode {
        prefixes: &["470-479"],
        bic: "POPFFI22",
        holder: "POP Banks and Bonum Bank",
    },
    BankCode {
        prefixes: &["5"],
        bic: "OKOYFIHH",
        holder: "OP cooperative banks, OP Corporate Bank",
    },
    BankCode {
        prefixes: &["6"],
        bic: "AABAFI22",
        holder: "Bank of Åland (Ålandsbanken)",
    },
    BankCode {
        prefixes: &["713"],
        bic: "CITIFIHX",
        holder: "Citibank",
    },
    BankCode {
        prefixes: &["714"],
        bic: "EVSEFIHH",
        holder: "Alisa Bank (listed as Fellow Bank in the Excel)",
    },
    BankCode {
        prefixes: &["717"],
        bic: "BIGKFIH1",
        holder: "Bigbank",
    },
    BankCode {
        prefixes: &["718"],
        bic: "UASNFIH2",
        holder: "Saldo Bank UAB Finland Branch",
    },
    BankCode {
        prefixes: &["792"],
        bic: "IVPYFIH2",
        holder: "Ivy Pay Oy",
    },
    BankCode {
        prefixes: &["793"],
        bic: "TRYEFIH3",
        holder: "TrueLayer (Ireland) Limited, Finnish Branch",
    },
    BankCode {
        prefixes: &["794"],
        bic: "PASXFIH2",
        holder: "PaySaxas Oy",
    },
    BankCode {
        prefixes: &["795"],
        bic: "WAMOFIH2",
        holder: "Wamo Solutions Oy",
    },
    BankCode {
        prefixes: &["796"],
        bic: "NARYFIH2",
        holder: "Narvi Payments Oy Ab",
    },
    BankCode {
        prefixes: &["797"],
        bic: "TRYEFIH2",
        holder: "TrueLayer (Ireland) Limited, Finnish Branch",
    },
    BankCode {
        prefixes: &["799"],
        bic: "HOLVFIHH",
        holder: "Holvi Payment Services",
    },
];

/// Holders in lists of 2012 to 2022 that have gone from the lists since, and older BICs.
pub const FORMER_BANK_CODES: &[BankCode] = &[
    BankCode {
        prefixes: &["31"],
        bic: "HANDFIHH",
        holder: "Svenska Handelsbanken",
    },
    BankCode {
        prefixes: &["38"],
        bic: "SWEDFIHH",
        holder: "Swedbank",
    },
    BankCode {
        prefixes: &["798"],
        bic: "VPAYFIH2",
        holder: "Viva Payment Services, Finnish branch",
    },
    BankCode {
        prefixes: &["34"],
        bic: "DABAFIHX",
        holder: "Danske Bank (before Sampo Pankki took the name)",
    },
    BankCode {
        prefixes: &["36"],
        bic: "TAPIFI22",
        holder: "Tapiola Pankki (now S-Bank)",
    },
    BankCode {
        prefixes: &["711"],
        bic: "BSUIFIHH",
        holder: "Calyon",
    },
    BankCode {
        prefixes: &["4"],
        bic: "HELSFIHH",
        holder: "Aktia, Savings Banks and POP banks together",
    },
];

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Bic, reason)
}

fn read(text: &str, reading: Reading) -> Result<Bic, Error> {
    let mut all = Fixed::new();
    let mut count = 0;
    for (position, character) in text.chars().enumerate() {
        if reading.skips(character) {
            continue;
        }
        let byte = reading
            .letter_or_digit(character)
            .filter(|byte| !matches!(count, 4 | 5) || byte.is_ascii_uppercase())
            .ok_or(refuse(Reason::Character).at(position))?;
        all.push(byte);
        count += 1;
    }
    match count {
        0 => Err(refuse(Reason::Empty)),
        8 | 11 => Ok(Bic(all)),
        _ => Err(refuse(Reason::Length)),
    }
}

fn longest(table: &'static [BankCode], account: &str) -> Option<(&'static BankCode, usize)> {
    let mut best = None;
    for code in table {
        for prefix in code.prefixes {
            let digits = matching(prefix, account);
            if digits > best.map_or(0, |(_, digits)| digits) {
                best = Some((code, digits));
            }
        }
    }
    best
}

/// How many first digits of the account a prefix or a range of prefixes covers; 0 if it does not.
fn matching(prefix: &str, account: &str) -> usize {
    let (low, high) = split_at_sign(prefix, b'-').unwrap_or((prefix, prefix));
    match account.get(..low.len()) {
        // Digits of one length compare as text as they do as numbers.
        Some(start) if low <= start && start <= high => low.len(),
        _ => 0,
    }
}
