//! ISO-8859-1, and the forms that travel in it.
//!
//! Browsers take the label `ISO-8859-1` for windows-1252, and write what that lacks as `&#8364;`;
//! both would spoil the MAC. So characters become bytes one to one here, and only those that all
//! agree on: U+0020 to U+007E and U+00A0 to U+00FF.

/// Whether a character may stand in a message.
#[must_use]
pub const fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{ff}')
}

/// The bytes of a text; `None` when a character may not stand in a message.
///
/// ```
/// use kassa_providers::vetuma::latin1;
/// assert_eq!(latin1::encode("Åbo").unwrap(), [0xc5, b'b', b'o']);
/// assert_eq!(latin1::encode("5 €"), None);
/// ```
#[must_use]
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let bytes = text.chars().map(|c| {
        let byte = u8::try_from(u32::from(c)).ok();
        byte.filter(|_| is_allowed(c))
    });
    bytes.collect()
}

/// The text of bytes; `None` when one of them may not stand in a message.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<String> {
    let chars = bytes
        .iter()
        .map(|byte| Some(char::from(*byte)).filter(|c| is_allowed(*c)));
    chars.collect()
}

/// Names and values as `application/x-www-form-urlencoded`; what cannot stand there is left out
/// of no message, because [`Message`](super::Message) holds none.
#[must_use]
pub fn form(pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| [escaped(name), escaped(value)].join("="))
        .collect();
    pairs.join("&")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in encode(text).unwrap_or_default() {
        match byte {
            b' ' => escaped.push('+'),
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*') => {
                escaped.push(char::from(byte));
            }
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Names and values of a form as bytes, escapes undone; `None` when it is none.
#[must_use]
pub fn unescape_form(body: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    if body.is_empty() {
        return Some(Vec::new());
    }
    let pairs = body.split(|byte| *byte == b'&').map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(equals)?;
        Some((unescape(name)?, unescape(value.get(1..)?)?))
    });
    pairs.collect()
}

fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16)?).ok();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'%', high, low, rest @ ..] => {
                bytes.push(digit(high)? * 16 + digit(low)?);
                rest
            }
            [b'%', ..] => return None,
            [b'+', rest @ ..] => {
                bytes.push(b' ');
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode, form, is_allowed, unescape_form};

    #[test]
    fn one_byte_a_character_and_only_those_that_all_agree_on() {
        for code in 0..=0xff_u8 {
            let c = char::from(code);
            let allowed = (0x20..=0x7e).contains(&code) || code >= 0xa0;
            assert_eq!(is_allowed(c), allowed, "{code:#x}");
            assert_eq!(encode(&c.to_string()), allowed.then(|| vec![code]));
            assert_eq!(decode(&[code]), allowed.then(|| c.to_string()));
        }
        for outside in ["€", "Ş", "\u{85}", "\n", "\t", "😀", "a\u{308}"] {
            assert_eq!(encode(outside), None, "{outside:?}");
        }
    }

    #[test]
    fn forms_of_browsers_are_read() {
        let read = unescape_form(b"A=1&B=&C=a+b%20%c4%C4%26=");
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        let wanted = vec![
            pair(b"A", b"1"),
            pair(b"B", b""),
            pair(b"C", b"a b \xc4\xc4&="),
        ];
        assert_eq!(read, Some(wanted));
        assert_eq!(unescape_form(b""), Some(Vec::new()));
        for wrong in ["A", "A=1&", "&A=1", "A=%", "A=%4", "A=%4g", "A=%+1"] {
            assert_eq!(unescape_form(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            pairs in proptest::collection::vec(("[ -~\u{a0}-\u{ff}]{0,8}", "[ -~\u{a0}-\u{ff}]{0,40}"), 0..6)
        ) {
            let text = form(&pairs);
            prop_assert!(text.is_ascii());
            let read = unescape_form(text.as_bytes()).unwrap();
            let read: Option<Vec<_>> = read
                .iter()
                .map(|(name, value)| Some((decode(name)?, decode(value)?)))
                .collect();
            prop_assert_eq!(read.unwrap(), pairs);
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            let _ = unescape_form(&body);
        }
    }
}
