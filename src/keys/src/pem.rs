//! Keys as PEM: one block of one kind, and nothing around it.
//!
//! Read here, so that every copy of the bytes on the way is wiped.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::error::{KeyFault, check_text};

/// The longest text: far above any real key, so that a wrong file is noticed.
const MOST_BYTES: usize = 16 * 1024;

/// The DER bytes of the one block in `text`, and which of `labels` it bears.
///
/// `expected` is the beginning that the error names.
pub(crate) fn read<'l>(
    text: &str,
    labels: &[&'l str],
    expected: &'static str,
) -> Result<(&'l str, Zeroizing<Vec<u8>>), KeyFault> {
    check_text(text)?;
    if text.len() > MOST_BYTES {
        return Err(KeyFault::TooLong { most: MOST_BYTES });
    }
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let begins = |label: &&&str| first == boundary("BEGIN", label);
    let label = labels
        .iter()
        .find(begins)
        .ok_or(KeyFault::Prefix { expected })?;
    let end = boundary("END", label);
    let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
    loop {
        match lines.next() {
            Some(line) if line == end => break,
            Some(line) => encoded.push_str(line),
            None => return Err(KeyFault::Encoding),
        }
    }
    // A second key in the same file would be one that nobody uses, or the one that was meant.
    if lines.next().is_some() {
        return Err(KeyFault::Encoding);
    }
    let mut der = Zeroizing::new(vec![0; encoded.len()]);
    let length = STANDARD
        .decode_slice(encoded.as_bytes(), &mut der)
        .map_err(|_| KeyFault::Encoding)?;
    der.truncate(length);
    Ok((label, der))
}

/// DER bytes as a block, with a line break at its end.
pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(
        encoded.len() + encoded.len() / 32 + 80,
    ));
    text.push_str(&boundary("BEGIN", label));
    text.push('\n');
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&boundary("END", label));
    text.push('\n');
    text
}

fn boundary(what: &str, label: &str) -> String {
    format!("-----{what} {label}-----")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KeyFault, MOST_BYTES, read, write};

    const EXPECTED: &str = "-----BEGIN THING-----";

    fn of(text: &str) -> Result<Vec<u8>, KeyFault> {
        read(text, &["THING", "OTHER THING"], EXPECTED).map(|(_, der)| der.to_vec())
    }

    #[test]
    fn one_block_is_read_with_either_line_break() {
        let text = "-----BEGIN OTHER THING-----\r\nAQID\r\nBAU=\r\n-----END OTHER THING-----";
        assert_eq!(of(text), Ok(vec![1, 2, 3, 4, 5]));
        let label = read(text, &["THING", "OTHER THING"], EXPECTED).map(|(label, _)| label);
        assert_eq!(label, Ok("OTHER THING"));
    }

    #[test]
    fn anything_else_is_refused() {
        let block = "-----BEGIN THING-----\nAQID\n-----END THING-----";
        assert_eq!(of(block), Ok(vec![1, 2, 3]));
        let prefix = KeyFault::Prefix { expected: EXPECTED };
        for (text, fault) in [
            (String::new(), KeyFault::Empty),
            (format!("{block}\n"), KeyFault::SurroundingSpace),
            (
                format!("\u{feff}{block}"),
                KeyFault::Invisible { position: 1 },
            ),
            ("AQID".to_owned(), prefix),
            (format!("comment\n{block}"), prefix),
            (block.replace("THING", "NOTHING"), prefix),
            (format!("{block}\n{block}"), KeyFault::Encoding),
            (
                block.replace("END THING", "END OTHER THING"),
                KeyFault::Encoding,
            ),
            (block.replace("AQID", "AQI"), KeyFault::Encoding),
            (block.replace("AQID", "AQ-_"), KeyFault::Encoding),
            (block.replace("AQID", "A QID"), KeyFault::Encoding),
            ("-----BEGIN THING-----\nAQID".to_owned(), KeyFault::Encoding),
            (
                block.replace("AQID", &"A".repeat(MOST_BYTES)),
                KeyFault::TooLong { most: MOST_BYTES },
            ),
        ] {
            assert_eq!(of(&text), Err(fault), "{text:.80?}");
        }
    }

    #[test]
    fn the_longest_text_is_read_and_no_longer_one() {
        let long = |breaks: usize| {
            let (breaks, encoded) = ("\n".repeat(breaks), "A".repeat(16_340));
            format!("-----BEGIN THING-----{breaks}{encoded}\n-----END THING-----")
        };
        assert_eq!(long(3).len(), MOST_BYTES);
        assert_eq!(of(&long(3)), Ok(vec![0; 12_255]));
        let refused = KeyFault::TooLong { most: MOST_BYTES };
        assert_eq!(of(&long(4)), Err(refused));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(der in proptest::collection::vec(any::<u8>(), 1..2_000)) {
            let text = write("THING", &der);
            prop_assert!(text.ends_with("-----END THING-----\n"));
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(of(text.trim_end_matches('\n')), Ok(der));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}|(-----BEGIN THING-----\n)?[A-Za-z0-9+/=\n-]{0,80}") {
            let _ = of(&text);
        }
    }
}
