//! The banks of ecommpay's Finnish method, as a list for when no newer one is at hand.
//!
//! Source: Table 1 of "Open Banking in Finland", which calls itself informative; the spelling
//! follows the banks themselves. A test compares it with `banks.json` beside this crate.

use core::num::NonZeroU32;

use kassa_checkout::bank::{Bank, BankId, Names};

use super::selection::BankNumber;

/// A bank of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Kassa's name.
    pub slug: &'static str,
    /// ecommpay's number.
    pub number: BankNumber,
    /// The name in Finnish, Swedish and English.
    pub names: [&'static str; 3],
    /// The mark that stands in for a logo.
    pub mark: &'static str,
    /// The mark's hue in degrees.
    pub hue: u16,
    /// What else people call it, in lower case without diacritics.
    pub aliases: &'static [&'static str],
    /// Its BIC.
    pub bic: &'static str,
    /// Whether it has left Finland.
    pub closed: bool,
}

/// The table, in the order in which it is shown: by name in Finnish, Å after A.
pub static TABLE: [Row; 10] = [
    Row {
        slug: "aktia",
        number: number(4971),
        names: ["Aktia", "Aktia", "Aktia"],
        mark: "Ak",
        hue: 10,
        aliases: &["aktia pankki", "aktia bank"],
        bic: "HELSFIHH",
        closed: false,
    },
    Row {
        slug: "danske",
        number: number(55321),
        names: ["Danske Bank", "Danske Bank", "Danske Bank"],
        mark: "Da",
        hue: 215,
        aliases: &["danskebank", "sampo", "sampo pankki", "sampo bank"],
        bic: "DABAFIHH",
        closed: false,
    },
    Row {
        slug: "handelsbanken",
        number: number(4981),
        names: ["Handelsbanken", "Handelsbanken", "Handelsbanken"],
        mark: "Ha",
        hue: 205,
        aliases: &["svenska handelsbanken", "shb"],
        bic: "HANDFIHH",
        closed: true,
    },
    Row {
        slug: "nordea",
        number: number(4991),
        names: ["Nordea", "Nordea", "Nordea"],
        mark: "No",
        hue: 250,
        aliases: &["nordea bank", "nordea pankki", "merita"],
        bic: "NDEAFIHH",
        closed: false,
    },
    Row {
        slug: "omasp",
        number: number(55331),
        names: ["OmaSp", "OmaSp", "OmaSp"],
        mark: "Om",
        hue: 125,
        aliases: &[
            "oma saastopankki",
            "oma sp",
            "oma sparbank",
            "oma savings bank",
        ],
        bic: "ITELFIHH",
        closed: false,
    },
    Row {
        slug: "op",
        number: number(5001),
        names: ["OP", "OP", "OP"],
        mark: "OP",
        hue: 24,
        aliases: &[
            "osuuspankki",
            "op pohjola",
            "pohjola",
            "op ryhma",
            "andelsbanken",
            "op gruppen",
            "op financial group",
            "op bank",
        ],
        bic: "OKOYFIHH",
        closed: false,
    },
    Row {
        slug: "pop",
        number: number(55341),
        names: ["POP Pankki", "POP Banken", "POP Bank"],
        mark: "PO",
        hue: 45,
        aliases: &[
            "paikallisosuuspankki",
            "pop pankki",
            "pop banken",
            "pop bank",
            "bonum",
        ],
        bic: "POPFFI22",
        closed: false,
    },
    Row {
        slug: "s-pankki",
        number: number(55371),
        names: ["S-Pankki", "S-Banken", "S-Bank"],
        mark: "S",
        hue: 150,
        aliases: &[
            "spankki", "s pankki", "sbanken", "s banken", "sbank", "s bank",
        ],
        bic: "SBANFIHH",
        closed: false,
    },
    Row {
        slug: "saastopankki",
        number: number(55351),
        names: ["Säästöpankki", "Sparbanken", "Savings Bank"],
        mark: "Sä",
        hue: 190,
        aliases: &["saastopankki", "sp", "sparbanken", "savings bank"],
        bic: "ITELFIHH",
        closed: false,
    },
    Row {
        slug: "alandsbanken",
        number: number(55361),
        names: ["Ålandsbanken", "Ålandsbanken", "Bank of Åland"],
        mark: "Ål",
        hue: 340,
        aliases: &[
            "alandsbanken",
            "aland",
            "bank of aland",
            "ahvenanmaan pankki",
        ],
        bic: "AABAFI22",
        closed: false,
    },
];

/// A number of the table, none of which is zero.
const fn number(number: u32) -> BankNumber {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The banks that have not left Finland, in the order in which they are shown.
pub fn open() -> impl Iterator<Item = Bank> {
    rows(false).filter_map(Row::to_bank)
}

/// The banks that may be shown: all open ones, and the closed ones where that is wanted.
pub(super) fn rows(show_closed: bool) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| show_closed || !row.closed)
}

impl Row {
    /// The row as a bank to show; `None` if the table held a malformed name, which a test rules
    /// out.
    #[must_use]
    pub fn to_bank(&self) -> Option<Bank> {
        let [fi, sv, en] = self.names.map(str::to_owned);
        Some(Bank {
            id: BankId::parse(self.slug).ok()?,
            names: Names { fi, sv, en },
            mark: self.mark.to_owned(),
            hue: self.hue,
            aliases: self.aliases.iter().map(|&alias| alias.to_owned()).collect(),
            bic: Some(self.bic.to_owned()),
            unavailable: None,
            logo: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use serde::Deserialize;

    use super::{TABLE, rows};

    #[derive(Deserialize)]
    struct File {
        banks: Vec<Entry>,
    }

    #[derive(Deserialize)]
    struct Entry {
        ecommpay_id: u32,
        bic: String,
        status: String,
        fi: String,
    }

    #[test]
    fn the_table_agrees_with_the_facts() {
        let file: File = serde_json::from_str(include_str!("../../banks.json")).unwrap();
        let facts: BTreeMap<_, _> = file
            .banks
            .iter()
            .map(|bank| {
                (
                    bank.ecommpay_id,
                    (bank.bic.as_str(), bank.status == "closed"),
                )
            })
            .collect();
        let table: BTreeMap<_, _> = TABLE
            .iter()
            .map(|row| (row.number.get(), (row.bic, row.closed)))
            .collect();
        assert_eq!(table, facts);
        for bank in file.banks {
            let row = TABLE
                .iter()
                .find(|row| row.number.get() == bank.ecommpay_id);
            let row = row.unwrap();
            let known = row.names.iter().map(|name| (*name).to_owned());
            let aliases = row.aliases.iter().map(|alias| (*alias).to_owned());
            let legal = fold(&bank.fi);
            assert!(
                known
                    .chain(aliases)
                    .any(|name| legal.contains(&fold(&name))),
                "{legal}"
            );
        }
    }

    #[test]
    fn every_row_makes_a_bank_and_no_two_share_a_name() {
        let banks: Vec<_> = TABLE.iter().filter_map(super::Row::to_bank).collect();
        assert_eq!(banks.len(), TABLE.len());
        let ids: HashSet<_> = banks.iter().map(|bank| &bank.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        for bank in &banks {
            assert!((1..=2).contains(&bank.mark.chars().count()), "{}", bank.id);
            assert!(bank.hue < 360, "{}", bank.id);
        }
    }

    #[test]
    fn aliases_are_folded() {
        for row in &TABLE {
            for alias in row.aliases {
                assert_eq!(&fold(alias), alias);
            }
        }
    }

    #[test]
    fn closed_banks_are_left_out_unless_wanted() {
        let slugs = |closed| rows(closed).map(|row| row.slug).collect::<Vec<_>>();
        assert!(!slugs(false).contains(&"handelsbanken"));
        assert!(slugs(true).contains(&"handelsbanken"));
        assert_eq!(slugs(false).len() + 1, slugs(true).len());
    }

    fn fold(text: &str) -> String {
        text.to_lowercase()
            .replace(['ä', 'å'], "a")
            .replace('ö', "o")
    }
}
