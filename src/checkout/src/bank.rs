//! Banks as data: what a customer sees and what a provider calls them.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{error::Coded, language::Language};

/// Kassa's own name of a bank, the same for every provider: `nordea`, `op`, `s-pankki`.
///
/// 1 to 40 characters of `a-z`, `0-9` and `-`, so that it can stand in a URL and an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[a-z0-9-]{1,40}$", example = "nordea"))]
pub struct BankId(String);

impl BankId {
    /// Reads a bank's name.
    ///
    /// # Errors
    /// [`BankIdError`] when it is empty, longer than 40 or holds another character.
    pub fn parse(text: &str) -> Result<Self, BankIdError> {
        let fits = (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BankIdError)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BankId {
    type Error = BankIdError;

    fn try_from(text: String) -> Result<Self, BankIdError> {
        Self::parse(&text)
    }
}

impl From<BankId> for String {
    fn from(id: BankId) -> Self {
        id.0
    }
}

impl fmt::Display for BankId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bank's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankIdError;

impl fmt::Display for BankIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bank is malformed: expected 1 to 40 characters of a-z, 0-9 and hyphen")
    }
}

impl core::error::Error for BankIdError {}

impl Coded for BankIdError {
    fn code(&self) -> &'static str {
        "bank/format"
    }

    fn field(&self) -> Option<&'static str> {
        Some("bank")
    }
}

/// The same name in each language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Names {
    /// In Finnish.
    pub fi: String,
    /// In Swedish.
    pub sv: String,
    /// In English.
    pub en: String,
}

impl Names {
    /// One name for all three languages.
    #[must_use]
    pub fn same(name: &str) -> Self {
        Self {
            fi: name.to_owned(),
            sv: name.to_owned(),
            en: name.to_owned(),
        }
    }

    /// The name in one language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Fi => &self.fi,
            Language::Sv => &self.sv,
            Language::En => &self.en,
        }
    }
}

/// Why a bank cannot be chosen now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Unavailable {
    /// The bank is under maintenance, until the given time when it is known.
    Maintenance {
        /// When it ends, in milliseconds since the epoch.
        until: Option<u64>,
    },
    /// The provider reports that the bank does not answer.
    Disrupted,
    /// The sum is outside what the bank takes.
    Amount,
}

/// A bank that a customer may choose, as a provider offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bank {
    /// Kassa's name of the bank.
    pub id: BankId,
    /// What the customer sees.
    pub names: Names,
    /// One or two letters for the mark that stands in for a logo.
    pub mark: String,
    /// The hue of the mark, 0 to 359 degrees.
    pub hue: u16,
    /// Other names that the search finds it by, lower case and without diacritics.
    pub aliases: Vec<String>,
    /// The bank's BIC where it is known.
    pub bic: Option<String>,
    /// Why it cannot be chosen now; `None` when it can.
    pub unavailable: Option<Unavailable>,
    /// The address of a logo that the shop brought; Kassa ships none.
    pub logo: Option<String>,
}
