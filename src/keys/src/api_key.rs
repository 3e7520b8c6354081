//! A shop's API keys: kept as hashes, recognised in constant time.

use core::{fmt, hint::black_box};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{KeyError, KeyFault};

/// The fewest characters of a key that a shop may present.
const LEAST_CHARACTERS: usize = 32;

/// The demo shop's key: published, hence no secret.
const DEMO_SHOP: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";

/// The same shop's key where it is paid through OP.
const DEMO_SHOP_AT_OP: &str = "kassa_dev_op_0123456789abcdef0123456789abcdef";

/// The SHA-256 hash of a bearer key.
///
/// The key has 128 random bits and more, so one round of hashing is enough: nobody can try them.
///
/// ```
/// use kassa_keys::{ApiKeyHash, api_key_text};
/// let key = api_key_text("live", &[7; 32]);
/// let hash = ApiKeyHash::of(&key)?;
/// assert!(hash.matches(&key));
/// assert!(!hash.matches("another"));
/// assert!(ApiKeyHash::from_hex(&hash.to_hex())?.matches(&key));
/// # Ok::<(), kassa_keys::KeyError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// The hash of a key that was made with [`api_key_text`], or of another as good.
    ///
    /// # Errors
    /// [`KeyError`] when it has fewer than 32 characters or any other than letters, digits, `_`
    /// and `-`.
    pub fn of(key: &str) -> Result<Self, KeyError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fault = if key.is_empty() {
            KeyFault::Empty
        } else if !key.bytes().all(plain) {
            KeyFault::Encoding
        } else if key.len() < LEAST_CHARACTERS {
            KeyFault::TooShort {
                least: LEAST_CHARACTERS,
            }
        } else {
            return Ok(Self(digest(key)));
        };
        Err(KeyError {
            kind: "API key",
            fault,
        })
    }

    /// Whether a presented key is the one of this hash, compared in constant time.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        let theirs = digest(presented);
        let difference = self
            .0
            .iter()
            .zip(theirs)
            .fold(0, |difference, (ours, theirs)| {
                black_box(difference | (ours ^ theirs))
            });
        difference == 0
    }

    /// The hash as 64 hexadecimal digits, for a database.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads what [`Self::to_hex`] wrote.
    ///
    /// # Errors
    /// [`KeyError`] when it is not 64 small hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let wrong = KeyError {
            kind: "API key hash",
            fault: KeyFault::Encoding,
        };
        let small = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 64 || !small {
            return Err(wrong);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(place * 2..place * 2 + 2).ok_or(wrong)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong)?;
        }
        Ok(Self(bytes))
    }

    /// Whether it is the demo shop's, which everybody knows: to be refused outside development.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        [DEMO_SHOP, DEMO_SHOP_AT_OP]
            .iter()
            .any(|published| self.matches(published))
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash([redacted])")
    }
}

/// The text of a new key for a shop, made of 32 bytes from a source of randomness:
/// `kassa_live_` and 64 hexadecimal digits, when the label is `live`.
///
/// Shown to the shop once and never stored.
#[must_use]
pub fn api_key_text(label: &str, random: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex(random));
    Zeroizing::new(["kassa_", label, "_", &digits].concat())
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]);
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::{ApiKeyHash, DEMO_SHOP, DEMO_SHOP_AT_OP, KeyFault, api_key_text};

    #[test]
    fn the_hash_is_sha_256() {
        let hash = ApiKeyHash::of("abcdefghijklmnopqrstuvwxyz012345").unwrap();
        assert_eq!(
            hash.to_hex(),
            "653bb1245e828fcda4fa53fcd5a3def5bd7654e651f54b4132b73d74e64435c4"
        );
    }

    #[test]
    fn only_the_very_key_matches() {
        let key = api_key_text("live", &[0xab; 32]);
        assert_eq!(*key, format!("kassa_live_{}", "ab".repeat(32)));
        let hash = ApiKeyHash::of(&key).unwrap();
        assert!(hash.matches(&key));
        for other in [&key[1..], &key[..key.len() - 1], &key.to_uppercase(), ""] {
            assert!(!hash.matches(other));
        }
    }

    #[test]
    fn weak_and_odd_keys_are_refused() {
        let fault = |text: &str| ApiKeyHash::of(text).err().map(|error| error.fault);
        assert_eq!(fault(""), Some(KeyFault::Empty));
        assert_eq!(
            fault(&"a".repeat(31)),
            Some(KeyFault::TooShort { least: 32 })
        );
        assert_eq!(fault(&"a".repeat(32)), None);
        assert_eq!(fault(&("a".repeat(40) + " ")), Some(KeyFault::Encoding));
        assert_eq!(
            fault(&("a".repeat(40) + "\u{ad}")),
            Some(KeyFault::Encoding)
        );
    }

    #[test]
    fn a_stored_hash_is_read_back_and_nothing_else() {
        let hash = ApiKeyHash::of(DEMO_SHOP).unwrap();
        assert!(hash.is_published_example());
        let at_op = ApiKeyHash::of(DEMO_SHOP_AT_OP).unwrap();
        assert!(at_op.is_published_example());
        let hex = hash.to_hex();
        assert!(ApiKeyHash::from_hex(&hex).unwrap().matches(DEMO_SHOP));
        for wrong in [&hex[1..], &hex.to_uppercase(), &hex.replace('0', "ä"), ""] {
            if wrong != hex {
                assert_eq!(
                    ApiKeyHash::from_hex(wrong).err().map(|error| error.fault),
                    Some(KeyFault::Encoding)
                );
            }
        }
        assert_eq!(format!("{hash:?}"), "ApiKeyHash([redacted])");
    }

    #[test]
    fn differences_never_cancel_out() {
        let key = "abcdefghijklmnopqrstuvwxyz012345";
        let hex = ApiKeyHash::of(key).unwrap().to_hex();
        assert!(hex.starts_with("653b"));
        // The same bit turned in two bytes.
        let other = ApiKeyHash::from_hex(&hex.replacen("653b", "643a", 1)).unwrap();
        assert!(!other.matches(key));
    }

    #[test]
    fn a_key_of_ones_own_is_no_published_one() {
        let hash = ApiKeyHash::of(&api_key_text("live", &[7; 32])).unwrap();
        assert!(!hash.is_published_example());
    }
}
