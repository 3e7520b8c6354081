//! Decodes a query or form body strictly: what a lenient decoder would repair silently is a problem to show here.

/// Decoded name-value pairs, or what is wrong with the encoding.
///
/// # Errors
/// A sentence naming the pair by its position: a broken percent-escape, or bytes that are not UTF-8.
///
/// # Examples
/// ```
/// let pairs = kassa_simulator::form::decode("a=b+c&d=%C3%A4").unwrap();
/// assert_eq!(pairs, [("a".into(), "b c".into()), ("d".into(), "ä".into())]);
/// ```
pub fn decode(encoded: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = encoded
        .split('&')
        .enumerate()
        .filter(|(_, pair)| !pair.is_empty());
    pairs
        .map(|(at, pair)| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (unescape(name), unescape(value)) {
                (Some(name), Some(value)) => Ok((name, value)),
                _ => Err(format!("parameter {} is not percent-encoded UTF-8", at + 1)),
            }
        })
        .collect()
}

/// Percent-encodes a text for a query value.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// The first value of a name.
#[must_use]
pub fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn unescape(text: &str) -> Option<String> {
    String::from_utf8(percent_decode(text.as_bytes())?).ok()
}

/// The bytes behind percent-escapes and `+`; `None` when an escape is broken.
pub(crate) fn percent_decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = encoded.iter().copied();
    let mut out = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                high * 16 + low
            }
            other => other,
        });
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_decodes() {
        let text = "a+b/ä=&;€";
        let pairs = decode(&format!("x={}", encode(text))).unwrap();
        assert_eq!(value(&pairs, "x"), Some(text));
    }

    #[test]
    fn names_the_broken_pair() {
        assert_eq!(
            decode("a=1&b=%zz"),
            Err("parameter 2 is not percent-encoded UTF-8".to_owned())
        );
        assert!(decode("a=%ff").is_err());
        assert!(decode("a=%4").is_err());
    }
}
