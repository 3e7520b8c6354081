//! Amounts, times and bank names as a customer reads them, in integers only.

mod names;
mod time;

use kassa_checkout::Language;

pub(crate) use names::{into_bank, of_bank};
pub(crate) use time::{clock, date_and_clock};

/// U+202F, which groups digits and never breaks.
const NARROW_SPACE: char = '\u{202f}';

/// A sum of euro cents: `1 234,50 €` in Finnish and Swedish, `€1 234.50` in English.
pub(crate) fn amount(cents: u64, language: Language) -> String {
    let mut text = String::new();
    if language == Language::En {
        text.push('€');
    }
    let euros = (cents / 100).to_string();
    for (place, digit) in euros.chars().enumerate() {
        if place > 0 && (euros.len() - place).is_multiple_of(3) {
            text.push(NARROW_SPACE);
        }
        text.push(digit);
    }
    text.push(if language == Language::En { '.' } else { ',' });
    text.push_str(&two_digits(cents % 100));
    if language != Language::En {
        text.push_str("\u{a0}€");
    }
    text
}

/// A number below 100 as two digits.
fn two_digits(number: u64) -> String {
    let mut text = String::new();
    if number < 10 {
        text.push('0');
    }
    text.push_str(&number.to_string());
    text
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Language::{En, Fi, Sv};

    use super::amount;

    #[test]
    fn sums_are_written_as_each_language_does() {
        assert_eq!(amount(4_990, Fi), "49,90\u{a0}€");
        assert_eq!(amount(4_990, Sv), "49,90\u{a0}€");
        assert_eq!(amount(4_990, En), "€49.90");
        assert_eq!(amount(5, Fi), "0,05\u{a0}€");
    }

    #[test]
    fn thousands_are_grouped_and_hundreds_are_not() {
        assert_eq!(amount(99_999, Fi), "999,99\u{a0}€");
        assert_eq!(amount(100_000, Fi), "1\u{202f}000,00\u{a0}€");
        assert_eq!(amount(99_999_999_999, En), "€999\u{202f}999\u{202f}999.99");
    }
}
