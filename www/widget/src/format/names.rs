//! Finnish case endings of bank names: *to the bank* (`Nordeaan`) and *the bank's* (`Nordean`).

/// How names of one ending inflect: the ending, what is cut off it for the genitive stem, the
/// illative's and the genitive's suffix.
///
/// The illative keeps the whole name; consonant gradation shortens the genitive (`Pankki`,
/// `Pankin`).
const ENDINGS: [(&str, usize, &str, &str); 7] = [
    ("ankki", 2, "in", "in"),
    ("ank", 0, "iin", "in"),
    ("anken", 0, "iin", "in"),
    ("Nordea", 0, "an", "n"),
    ("Aktia", 0, "an", "n"),
    ("OP", 0, ":hen", ":n"),
    ("OmaSp", 0, ":hen", ":n"),
];

/// *To the bank*: `Nordeaan`, `OP:hen`; `None` for a name that is not known to inflect so.
pub(crate) fn into_bank(name: &str) -> Option<String> {
    let (_, _, suffix, _) = ending(name)?;
    Some([name, suffix].concat())
}

/// *The bank's*: `Nordean`, `S-Pankin`; `None` for a name that is not known to inflect so.
pub(crate) fn of_bank(name: &str) -> Option<String> {
    let (_, cut, _, suffix) = ending(name)?;
    let stem = name.get(..name.len() - cut)?;
    Some([stem, suffix].concat())
}

fn ending(name: &str) -> Option<&'static (&'static str, usize, &'static str, &'static str)> {
    ENDINGS.iter().find(|(ending, ..)| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::{into_bank, of_bank};

    #[test]
    fn the_ten_banks_inflect() {
        for (name, into, of) in [
            ("Nordea", "Nordeaan", "Nordean"),
            ("OP", "OP:hen", "OP:n"),
            ("Danske Bank", "Danske Bankiin", "Danske Bankin"),
            ("S-Pankki", "S-Pankkiin", "S-Pankin"),
            ("Säästöpankki", "Säästöpankkiin", "Säästöpankin"),
            ("Oma Säästöpankki", "Oma Säästöpankkiin", "Oma Säästöpankin"),
            ("OmaSp", "OmaSp:hen", "OmaSp:n"),
            ("POP Pankki", "POP Pankkiin", "POP Pankin"),
            ("Aktia", "Aktiaan", "Aktian"),
            ("Ålandsbanken", "Ålandsbankeniin", "Ålandsbankenin"),
            ("Handelsbanken", "Handelsbankeniin", "Handelsbankenin"),
        ] {
            assert_eq!(into_bank(name).as_deref(), Some(into));
            assert_eq!(of_bank(name).as_deref(), Some(of));
        }
    }

    #[test]
    fn an_unknown_name_is_not_guessed_at() {
        assert_eq!(into_bank("Kreditbyrå"), None);
        assert_eq!(of_bank(""), None);
    }
}
