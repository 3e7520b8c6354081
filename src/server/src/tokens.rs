//! Random identifiers, from the operating system's generator.

use std::fmt;

/// The letters of the identifiers: Crockford's base 32 in lower case, so that no two of them
/// differ by case alone and none is taken for another when read aloud.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// A new payment's public identifier: `pay_` and 120 random bits in 24 letters.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
///
/// # Examples
///
/// ```
/// let id = kassa_server::tokens::payment_id()?;
/// assert_eq!((id.len(), &id[..4]), (28, "pay_"));
/// # Ok::<(), kassa_server::tokens::NoRandomness>(())
/// ```
pub fn payment_id() -> Result<String, NoRandomness> {
    random("pay_", 24)
}

/// A new checkout token, the capability that a customer's browser holds: 160 random bits.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn checkout_token() -> Result<String, NoRandomness> {
    random("co_", 32)
}

/// A new webhook message's identifier: `msg_` and 120 random bits.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn message_id() -> Result<String, NoRandomness> {
    random("msg_", 24)
}

/// A request's identifier for the logs: 60 random bits, enough to find a line by.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn request_id() -> Result<String, NoRandomness> {
    random("", 12)
}

/// A number below `bound`, for jitter; 0 when the operating system fails.
#[must_use]
pub fn below(bound: u64) -> u64 {
    let mut bytes = [0_u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0),
        Err(_) => 0,
    }
}

fn random(prefix: &str, letters: usize) -> Result<String, NoRandomness> {
    let mut bytes = vec![0_u8; letters];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    let mut text = String::with_capacity(prefix.len() + letters);
    text.push_str(prefix);
    // Five bits of each byte: 256 is a multiple of 32, so every letter is equally likely.
    text.extend(
        bytes
            .iter()
            .filter_map(|byte| LETTERS.get(usize::from(byte & 31)))
            .map(|letter| char::from(*letter)),
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{below, checkout_token, payment_id};

    #[test]
    fn no_two_are_alike() {
        let tokens: HashSet<_> = (0..1_000).map(|_| checkout_token().unwrap()).collect();
        assert_eq!(tokens.len(), 1_000);
    }

    #[test]
    fn an_identifier_can_stand_in_a_url_and_ignores_case() {
        let id = payment_id().unwrap();
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        );
    }

    #[test]
    fn jitter_stays_below_its_bound() {
        assert!((0..100).all(|_| below(7) < 7));
        assert_eq!(below(0), 0);
    }
}
