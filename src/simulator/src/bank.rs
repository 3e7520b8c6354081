//! The banks behind the method, spelled as they spell themselves.

use crate::texts::Lang;

/// A bank that a customer can choose.
#[derive(Debug, PartialEq, Eq)]
pub struct Bank {
    /// ecommpay's id of the bank.
    pub id: u32,
    /// The name on a button: Finnish, Swedish, English.
    names: [&'static str; 3],
    /// "To the bank" in Finnish, which bends the name.
    into_fi: &'static str,
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

    /// The name as the language has it after "continue to".
    #[must_use]
    pub fn destination(&self, lang: Lang) -> &'static str {
        let [_, sv, en] = self.names;
        lang.pick(self.into_fi, sv, en)
    }
}

/// All banks of the table in ecommpay's documentation, in the order of their Finnish names.
pub const BANKS: [Bank; 10] = [
    bank(4971, ["Aktia", "Aktia", "Aktia"], "Aktiaan", "Ak"),
    bank(
        55321,
        ["Danske Bank", "Danske Bank", "Danske Bank"],
        "Danske Bankiin",
        "Da",
    ),
    bank(
        4981,
        ["Handelsbanken", "Handelsbanken", "Handelsbanken"],
        "Handelsbankeniin",
        "Ha",
    ),
    bank(4991, ["Nordea", "Nordea", "Nordea"], "Nordeaan", "No"),
    bank(
        55331,
        ["Oma Säästöpankki", "Oma Sparbank", "Oma Savings Bank"],
        "Oma Säästöpankkiin",
        "Om",
    ),
    bank(5001, ["OP", "OP", "OP"], "OP:hen", "OP"),
    bank(
        55341,
        ["POP Pankki", "POP Banken", "POP Bank"],
        "POP Pankkiin",
        "PO",
    ),
    bank(55371, ["S-Pankki", "S-Banken", "S-Bank"], "S-Pankkiin", "S"),
    bank(
        55351,
        ["Säästöpankki", "Sparbanken", "Savings Bank"],
        "Säästöpankkiin",
        "Sä",
    ),
    bank(
        55361,
        ["Ålandsbanken", "Ålandsbanken", "Bank of Åland"],
        "Ålandsbankeniin",
        "Ål",
    ),
];

/// The bank with ecommpay's id.
#[must_use]
pub fn by_id(id: u32) -> Option<&'static Bank> {
    BANKS.iter().find(|bank| bank.id == id)
}

const fn bank(
    id: u32,
    names: [&'static str; 3],
    into_fi: &'static str,
    mark: &'static str,
) -> Bank {
    Bank {
        id,
        names,
        into_fi,
        mark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_the_banks() {
        assert_eq!(by_id(55361).unwrap().name(Lang::Fi), "Ålandsbanken");
        assert_eq!(by_id(55351).unwrap().name(Lang::Sv), "Sparbanken");
        assert_eq!(by_id(4991).unwrap().destination(Lang::Fi), "Nordeaan");
        assert_eq!(by_id(4991).unwrap().destination(Lang::Sv), "Nordea");
        assert_eq!(by_id(22731), None);
    }
}
