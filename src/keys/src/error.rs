//! Why a key is refused: the rule, and never the key.

use core::fmt;

use kassa_checkout::Coded;

/// A text that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError {
    /// What kind of key was expected.
    pub kind: &'static str,
    /// What is wrong with it.
    pub fault: KeyFault,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// It is empty.
    Empty,
    /// It has fewer bytes than it should.
    TooShort {
        /// How many there should be at least.
        least: usize,
    },
    /// It has more bytes than it should.
    TooLong {
        /// How many there should be at most.
        most: usize,
    },
    /// White space stands before or after it, as it does when copied carelessly.
    SurroundingSpace,
    /// It holds a character that cannot be seen: a soft hyphen, a byte order mark, a zero-width
    /// or no-break space, a control character.
    Invisible {
        /// Where the first one stands, counted in characters from 1.
        position: usize,
    },
    /// It lacks the prefix of its kind.
    Prefix {
        /// The prefix.
        expected: &'static str,
    },
    /// It is not standard Base64 with padding, or not hexadecimal.
    Encoding,
    /// It has another number of bits.
    Size {
        /// How many there should be at least.
        least: usize,
        /// How many there should be at most.
        most: usize,
    },
    /// It has another form.
    Form {
        /// What it should look like.
        expected: &'static str,
    },
    /// It is encoded rightly and is still no key: its parts do not belong together, or one of them
    /// is unusual.
    Inconsistent,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        match self.fault {
            KeyFault::Empty => f.write_str("is empty"),
            KeyFault::TooShort { least } => {
                write!(f, "is too short: expected at least {least} bytes")
            }
            KeyFault::TooLong { most } => write!(f, "is too long: expected at most {most} bytes"),
            KeyFault::SurroundingSpace => f.write_str("has white space before or after it"),
            KeyFault::Invisible { position } => {
                write!(f, "holds an invisible character, at place {position}")
            }
            KeyFault::Prefix { expected } => write!(f, "has another prefix: expected {expected}"),
            KeyFault::Encoding => f.write_str("is encoded in another way than expected"),
            KeyFault::Size { least, most } => {
                write!(f, "has another size: expected {least} to {most} bits")
            }
            KeyFault::Form { expected } => write!(f, "has another form: expected {expected}"),
            KeyFault::Inconsistent => f.write_str("is no whole and usual key"),
        }
    }
}

impl core::error::Error for KeyError {}

impl Coded for KeyError {
    fn code(&self) -> &'static str {
        match self.fault {
            KeyFault::Empty => "keys/empty",
            KeyFault::TooShort { .. } => "keys/too-short",
            KeyFault::TooLong { .. } => "keys/too-long",
            KeyFault::SurroundingSpace => "keys/surrounding-space",
            KeyFault::Invisible { .. } => "keys/invisible-character",
            KeyFault::Prefix { .. } => "keys/prefix",
            KeyFault::Encoding => "keys/encoding",
            KeyFault::Size { .. } => "keys/size",
            KeyFault::Form { .. } => "keys/form",
            KeyFault::Inconsistent => "keys/inconsistent",
        }
    }
}

/// Refuses what no key's text may be: empty, padded with space, or holding what cannot be seen.
pub(crate) fn check_text(text: &str) -> Result<(), KeyFault> {
    if text.is_empty() {
        return Err(KeyFault::Empty);
    }
    if let Some(position) = text.chars().position(is_invisible) {
        return Err(KeyFault::Invisible {
            position: position + 1,
        });
    }
    if text.trim() != text {
        return Err(KeyFault::SurroundingSpace);
    }
    Ok(())
}

/// A character that nobody would see in a key, and that a careless copy brings along.
fn is_invisible(c: char) -> bool {
    let plain_space = matches!(c, ' ' | '\n' | '\r' | '\t');
    let format = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    format || (!plain_space && (c.is_whitespace() || c.is_control()))
}

#[cfg(test)]
mod tests {
    use super::{Coded as _, KeyError, KeyFault, check_text};

    #[test]
    fn what_a_careless_copy_brings_along_is_refused() {
        for invisible in [
            "\u{ad}",
            "\u{feff}",
            "\u{a0}",
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{202e}",
            "\u{2003}",
            "\u{0}",
            "\u{7f}",
            "\u{85}",
            "\u{e0041}",
        ] {
            assert_eq!(
                check_text(&format!("se{invisible}cret")),
                Err(KeyFault::Invisible { position: 3 }),
                "{invisible:?}"
            );
            assert_eq!(
                check_text(&format!("{invisible}secret")),
                Err(KeyFault::Invisible { position: 1 })
            );
        }
        for padded in [" secret", "secret ", "secret\n", "secret\r\n", "\tsecret"] {
            assert_eq!(check_text(padded), Err(KeyFault::SurroundingSpace));
        }
        assert_eq!(check_text(""), Err(KeyFault::Empty));
    }

    #[test]
    fn visible_text_is_a_key_also_with_a_space_inside() {
        for text in ["secret", "two words", "avain-ÄÖÅ-€"] {
            assert_eq!(check_text(text), Ok(()));
        }
    }

    #[test]
    fn each_fault_has_its_words_and_its_code() {
        for (fault, words, code) in [
            (KeyFault::Empty, "is empty", "keys/empty"),
            (
                KeyFault::TooShort { least: 24 },
                "is too short: expected at least 24 bytes",
                "keys/too-short",
            ),
            (
                KeyFault::TooLong { most: 64 },
                "is too long: expected at most 64 bytes",
                "keys/too-long",
            ),
            (
                KeyFault::SurroundingSpace,
                "has white space before or after it",
                "keys/surrounding-space",
            ),
            (
                KeyFault::Invisible { position: 3 },
                "holds an invisible character, at place 3",
                "keys/invisible-character",
            ),
            (
                KeyFault::Prefix { expected: "whsec_" },
                "has another prefix: expected whsec_",
                "keys/prefix",
            ),
            (
                KeyFault::Encoding,
                "is encoded in another way than expected",
                "keys/encoding",
            ),
            (
                KeyFault::Size {
                    least: 2_048,
                    most: 4_096,
                },
                "has another size: expected 2048 to 4096 bits",
                "keys/size",
            ),
            (
                KeyFault::Form {
                    expected: "ID-64HEX",
                },
                "has another form: expected ID-64HEX",
                "keys/form",
            ),
            (
                KeyFault::Inconsistent,
                "is no whole and usual key",
                "keys/inconsistent",
            ),
        ] {
            let error = KeyError {
                kind: "API key",
                fault,
            };
            assert_eq!(error.to_string(), format!("API key {words}"));
            assert_eq!(error.code(), code);
        }
    }
}
