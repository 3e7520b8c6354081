//! The ways to pay and to be identified, with their codes in `SO` and `SOLIST`.
//!
//! Published are `P` (banks), `L` (cards) and `6` (Tupas); `P2` and `62` were seen for Nordea. The digits of the other banks are invented.

use crate::bank::{self, BANKS, Bank};
use crate::texts::Lang;

/// Banks' own digits, by ecommpay's id of the bank.
const DIGITS: [(u32, &str); 10] = [
    (4971, "405"),
    (55321, "8"),
    (4981, "31"),
    (4991, "2"),
    (55331, "41"),
    (5001, "5"),
    (55341, "47"),
    (55371, "39"),
    (55351, "4"),
    (55361, "6"),
];

/// A service behind VETUMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A bank's payment service, `P…`.
    Bank(&'static Bank),
    /// Cards by Luottokunta, `L`.
    Card,
    /// A bank's identification, `6…`.
    Tupas(&'static Bank),
}

impl Method {
    /// All, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let banks = BANKS.iter().map(Self::Bank);
        let tupas = BANKS.iter().map(Self::Tupas);
        banks.chain([Self::Card]).chain(tupas)
    }

    /// The method with a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|method| method.code() == code)
    }

    /// The first character of its code: what `SOLIST` and configurations call the whole family.
    #[must_use]
    pub fn family(self) -> &'static str {
        match self {
            Self::Bank(_) => "P",
            Self::Card => "L",
            Self::Tupas(_) => "6",
        }
    }

    /// The code in `SO` of an answer.
    #[must_use]
    pub fn code(self) -> String {
        let digits = self.bank().map_or("", digits);
        format!("{}{digits}", self.family())
    }

    /// The bank, where it is one.
    #[must_use]
    pub fn bank(self) -> Option<&'static Bank> {
        match self {
            Self::Bank(bank) | Self::Tupas(bank) => Some(bank),
            Self::Card => None,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        self.bank()
            .map_or(lang.texts().vetuma_card, |bank| bank.name(lang))
    }

    /// Whether a code of `SO` or `SOLIST` means it: its own, or its family's.
    #[must_use]
    pub fn is_named(self, code: &str) -> bool {
        code == self.family() || code == self.code()
    }
}

fn digits(wanted: &Bank) -> &'static str {
    DIGITS
        .iter()
        .find(|(id, _)| *id == wanted.id)
        .map_or("", |(_, digits)| digits)
}

/// Nordea's service, whose codes are the only ones that were seen.
#[must_use]
pub fn nordea() -> Option<Method> {
    bank::by_id(4991).map(Method::Bank)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_method_has_a_code_of_its_own() {
        let codes: BTreeSet<String> = Method::all().map(Method::code).collect();
        assert_eq!(codes.len(), 21);
        assert_eq!(nordea().map(Method::code).as_deref(), Some("P2"));
        for code in codes {
            assert_eq!(Method::from_code(&code).map(Method::code), Some(code));
        }
    }

    #[test]
    fn a_family_names_all_of_it() {
        let named = |code: &str| Method::all().filter(|one| one.is_named(code)).count();
        assert_eq!(
            ["P", "L", "6", "62", "2", ""].map(named),
            [10, 1, 10, 1, 0, 0]
        );
    }
}
