//! The banks behind the method, spelled as they spell themselves.

use crate::texts::Lang;

/// A bank that a customer can choose.
#[derive(Debug, PartialEq, Eq)]
pub struct Bank {
    /// ecommpay's id of the bank.
    pub id: u32,
    /// The name on a button: Finnish, Swedish, English.
    names: [&'static str; 3],
    /// The letters on the neutral mark.
    pub mark: &'static str,
}

impl Bank {
    /// The short name in a language.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        let [fi, sv, en] = self.names;
        lang.pick(fi, sv, en)
    }
}

/// All banks of the table in ecommpay's documentation, in the order of their Finnish names.
pub const BANKS: [Bank; 10] = [
    bank(4971, ["Aktia", "Aktia", "Aktia"], "Ak"),
    bank(55321, ["Danske Bank", "Danske Bank", "Danske Bank"], "Da"),
    bank(
        4981,
        ["Handelsbanken", "Handelsbanken", "Handelsbanken"],
        "Ha",
    ),
    bank(4991, ["Nordea", "Nordea", "Nordea"], "No"),
    bank(
        55331,
        ["Oma Säästöpankki", "Oma Sparbank", "Oma Savings Bank"],
        "Om",
    ),
    bank(5001, ["OP", "OP", "OP"], "OP"),
    bank(55341, ["POP Pankki", "POP Banken", "POP Bank"], "PO"),
    bank(55371, ["S-Pankki", "S-Banken", "S-Bank"], "S"),
    bank(55351, ["Säästöpankki", "Sparbanken", "Savings Bank"], "Sä"),
    bank(
        55361,
        ["Ålandsbanken", "Ålandsbanken", "Bank of Åland"],
        "Ål",
    ),
];

/// The bank with ecommpay's id.
#[must_use]
pub fn by_id(id: u32) -> Option<&'static Bank> {
    BANKS.iter().find(|bank| bank.id == id)
}

const fn bank(id: u32, names: [&'static str; 3], mark: &'static str) -> Bank {
    Bank { id, names, mark }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_the_banks() {
        assert_eq!(by_id(55361).unwrap().name(Lang::Fi), "Ålandsbanken");
        assert_eq!(by_id(55351).unwrap().name(Lang::Sv), "Sparbanken");
        assert_eq!(by_id(22731), None);
    }
}
