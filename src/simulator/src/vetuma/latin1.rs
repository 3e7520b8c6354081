//! ISO-8859-1 in and out: form bodies, the bytes under a MAC, pages.
//!
//! VETUMA's forms are ISO-8859-1 without saying so, byte for character: never windows-1252, which browsers mean by that name.

use crate::form::percent_decode;

/// Names and values of a form body, each byte one character, in the order in which they came.
///
/// # Errors
/// A sentence naming the pair by its position, when a percent-escape is broken.
///
/// # Examples
/// ```
/// let pairs = kassa_simulator::vetuma::latin1::decode_form(b"APPNAME=%C4renden+1").unwrap();
/// assert_eq!(pairs, [("APPNAME".into(), "Ärenden 1".into())]);
/// ```
pub fn decode_form(body: &[u8]) -> Result<Vec<(String, String)>, String> {
    let pairs = body.split(|byte| *byte == b'&').enumerate();
    pairs
        .filter(|(_, pair)| !pair.is_empty())
        .map(|(at, pair)| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || percent_decode(halves.next().unwrap_or_default());
            match (half(), half()) {
                (Some(name), Some(value)) => Ok((to_text(&name), to_text(&value))),
                _ => Err(format!("parameter {} has a broken percent-escape", at + 1)),
            }
        })
        .collect()
}

/// Pairs as a form body; a character that ISO-8859-1 does not have is sent as browsers send it, `&#8364;`.
#[must_use]
pub fn encode_form(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode_value(name), encode_value(value)))
        .collect();
    pairs.join("&")
}

/// One name or value of a form body.
#[must_use]
pub fn encode_value(text: &str) -> String {
    page_bytes(text)
        .into_iter()
        .fold(String::new(), |mut out, byte| {
            match byte {
                b' ' => out.push('+'),
                byte if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) => {
                    out.push(char::from(byte));
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
            out
        })
}

/// One byte for each character; `None` when there is a character that the messages may not hold.
#[must_use]
pub fn to_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

/// One character for each byte.
#[must_use]
pub fn to_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A page's bytes: what ISO-8859-1 does not have becomes a numeric character reference.
#[must_use]
pub fn page_bytes(html: &str) -> Vec<u8> {
    html.chars().fold(Vec::new(), |mut out, c| {
        match u8::try_from(c) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend(format!("&#{};", u32::from(c)).bytes()),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_bytes_as_characters() {
        let pairs = decode_form(b"a=%E4\xF6+%C5&b&c=x=y&&d=").unwrap();
        let expected = [("a", "äö Å"), ("b", ""), ("c", "x=y"), ("d", "")];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(
            decode_form(b"a=1&b=%4"),
            Err("parameter 2 has a broken percent-escape".to_owned())
        );
    }

    #[test]
    fn pages_never_hold_other_bytes() {
        assert_eq!(page_bytes("Å €"), b"\xC5 &#8364;");
        assert_eq!(to_bytes("€"), None);
        assert_eq!(
            encode_form(&[("a".into(), "ä €".into())]),
            "a=%E4+%26%238364%3B"
        );
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(value in "[ -~\u{a0}-\u{ff}]{0,40}") {
            let pairs = vec![("NAME".to_owned(), value)];
            prop_assert_eq!(decode_form(encode_form(&pairs).as_bytes()).unwrap(), pairs);
        }
    }
}
