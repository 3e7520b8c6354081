//! Finding a bank by what a customer types: without diacritics, spaces or the exact name.

use kassa_checkout::Bank;

/// What is left of a text to compare by: letters and digits.
///
/// `decomposed` is lower case in Unicode's form NFD, where `ä` is an `a` and a mark of its own.
/// The browser makes it so (it has the tables; they would be a fifth of our size).
pub(crate) fn fold(decomposed: &str) -> String {
    let mut folded = String::with_capacity(decomposed.len());
    for letter in decomposed.chars() {
        match letter {
            // Letters that have no decomposition, and what a Finnish keyboard without them gives.
            'ø' => folded.push('o'),
            'æ' => folded.push_str("ae"),
            'a'..='z' | '0'..='9' => folded.push(letter),
            // Marks, spaces, hyphens and the rest distinguish no bank from another.
            _ => {}
        }
    }
    folded
}

/// What a bank is found by, folded: its name in each language, its aliases and its BIC.
pub(crate) fn haystack(bank: &Bank, decompose: fn(&str) -> String) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| names.push(fold(&decompose(name)));
    add(&bank.names.fi);
    add(&bank.names.sv);
    add(&bank.names.en);
    for alias in &bank.aliases {
        add(alias);
    }
    if let Some(bic) = &bank.bic {
        add(bic);
    }
    names
}

/// Whether a folded query finds it. An empty one finds everything.
///
/// Compared by windows of bytes: the standard library's substring search would cost 2 kB.
pub(crate) fn finds(query: &str, haystack: &[String]) -> bool {
    query.is_empty()
        || haystack.iter().any(|name| {
            name.as_bytes()
                .windows(query.len())
                .any(|window| window == query.as_bytes())
        })
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Bank, BankId, Names};

    use super::{finds, fold, haystack};

    /// What the browser's `toLowerCase().normalize('NFD')` gives for these texts.
    fn decompose(text: &str) -> String {
        text.to_lowercase()
            .replace('ä', "a\u{308}")
            .replace('ö', "o\u{308}")
            .replace('å', "a\u{30a}")
    }

    fn bank(fi: &str, sv: &str, aliases: &[&str]) -> Bank {
        Bank {
            id: BankId::parse("x").unwrap(),
            names: Names {
                fi: fi.to_owned(),
                sv: sv.to_owned(),
                en: fi.to_owned(),
            },
            mark: String::new(),
            hue: 0,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            bic: Some("ITELFIHH".to_owned()),
            unavailable: None,
            logo: None,
        }
    }

    fn found(query: &str, bank: &Bank) -> bool {
        finds(&fold(&decompose(query)), &haystack(bank, decompose))
    }

    #[test]
    fn diacritics_spaces_and_hyphens_do_not_matter() {
        let savings = bank("Säästöpankki", "Sparbanken", &["saastopankki"]);
        for query in [
            "saasto",
            "Säästö",
            "SÄÄSTÖPANKKI",
            "sparb",
            "pankki",
            "itelfi",
            " säästö ",
        ] {
            assert!(found(query, &savings), "{query}");
        }
        assert!(!found("nordea", &savings));
        let s = bank("S-Pankki", "S-Banken", &[]);
        for query in ["s-pankki", "spankki", "s pankki", "s–pan"] {
            assert!(found(query, &s), "{query}");
        }
        assert!(found("aland", &bank("Ålandsbanken", "Ålandsbanken", &[])));
    }

    #[test]
    fn aliases_find() {
        let op = bank("OP", "OP", &["osuuspankki", "pohjola"]);
        assert!(found("osuuspankki", &op));
        assert!(found("Pohj", &op));
        assert!(!found("osuuspankkii", &op));
    }

    #[test]
    fn nothing_typed_finds_everything_and_letters_of_other_scripts_nothing_special() {
        let op = bank("OP", "OP", &[]);
        assert!(found("", &op));
        assert!(found("  ", &op));
        assert_eq!(fold("øæ–日"), "oae");
    }
}
