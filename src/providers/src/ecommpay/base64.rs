//! Base64 of parameters, read for what it holds: standard alphabet, with padding.
//!
//! The crate of that name does the same, at the weight of a whole message in the browser's module.
//! Signatures are read with it.

/// The bytes of a text; `None` unless it is exactly what an encoder makes of them.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    let digits = text.trim_end_matches('=');
    for digit in digits.bytes() {
        bits = bits << 6 | value(digit)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    // Two digits are left with four bits over, three with two; the padding fills up to four digits.
    let padding = text.len() - digits.len();
    let fits = matches!((held, padding), (0, 0) | (4, 2) | (2, 1));
    (fits && bits == 0 && text.len().is_multiple_of(4)).then_some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::decode;

    proptest! {
        #[test]
        fn what_is_encoded_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&STANDARD.encode(&bytes)), Some(bytes));
        }

        #[test]
        fn whatever_else_is_refused(text in "[A-Za-z0-9+/=_ -]{0,9}|[A-Za-z0-9+/]{0,8}={0,3}") {
            prop_assert_eq!(decode(&text), STANDARD.decode(&text).ok());
        }
    }
}
