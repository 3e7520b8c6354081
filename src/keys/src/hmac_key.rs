//! Keys for HMAC with SHA-512.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::error::{KeyError, KeyFault, check_text};

/// The fewest bytes of a secret that a configuration may hold.
const LEAST_BYTES: usize = 16;

/// The most bytes: far above any real one, so that a wrong file is noticed.
const MOST_BYTES: usize = 4_096;

/// The secret of the simulator that Kassa is developed against: published, hence no secret.
const SIMULATOR: &[u8] = b"kassa-simulator-secret-for-development-only-0001";

/// A secret for HMAC with SHA-512.
///
/// Cannot be printed, copied or compared; its memory is wiped when it goes.
///
/// ```
/// use kassa_keys::HmacSha512Key;
/// let key = HmacSha512Key::parse("invented-secret-for-this-example")?;
/// assert_eq!(format!("{key:?}"), "HmacSha512Key([redacted])");
/// assert!(key.verify(b"text", &key.sign(b"text")));
/// assert!(!key.verify(b"other text", &key.sign(b"text")));
/// # Ok::<(), kassa_keys::KeyError>(())
/// ```
pub struct HmacSha512Key {
    bytes: Zeroizing<Vec<u8>>,
    /// The code with the key already in it, begun anew for each message; it wipes itself too.
    keyed: Option<Box<Hmac<Sha512>>>,
}

impl HmacSha512Key {
    /// Reads a secret from a configuration. Its bytes are the UTF-8 bytes of the text, also when
    /// the text looks like hexadecimal.
    ///
    /// # Errors
    /// [`KeyError`] when it is empty, has white space around it, holds an invisible character,
    /// or has fewer than 16 or more than 4096 bytes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let checked = check_text(text).and(match text.len() {
            ..LEAST_BYTES => Err(KeyFault::TooShort { least: LEAST_BYTES }),
            LEAST_BYTES..=MOST_BYTES => Ok(()),
            _ => Err(KeyFault::TooLong { most: MOST_BYTES }),
        });
        match checked {
            Ok(()) => Ok(Self::from_bytes_unchecked(text.as_bytes())),
            Err(fault) => Err(KeyError {
                kind: "secret",
                fault,
            }),
        }
    }

    /// A key of any bytes, even none: for test vectors, whose secrets are short and public.
    ///
    /// Never for a secret that protects anything: nothing is checked here.
    #[must_use]
    pub fn from_bytes_unchecked(bytes: &[u8]) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.to_vec()),
            // HMAC takes keys of every length, so there always is one; `None` verifies nothing.
            keyed: Hmac::<Sha512>::new_from_slice(bytes).ok().map(Box::new),
        }
    }

    /// Whether it is the simulator's, which everybody knows: to be refused outside development.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        self.bytes.as_slice() == SIMULATOR
    }

    /// The 64 bytes of the authentication code over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.mac(message)
            .map(|mac| mac.finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }

    /// Whether `code` is the authentication code over `message`, compared in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], code: &[u8]) -> bool {
        self.mac(message)
            .is_some_and(|mac| mac.verify_slice(code).is_ok())
    }

    fn mac(&self, message: &[u8]) -> Option<Hmac<Sha512>> {
        let mut mac = Hmac::clone(self.keyed.as_deref()?);
        mac.update(message);
        Some(mac)
    }
}

impl fmt::Debug for HmacSha512Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSha512Key([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HmacSha512Key, KeyFault, LEAST_BYTES, MOST_BYTES, SIMULATOR};

    fn fault(text: &str) -> Option<KeyFault> {
        HmacSha512Key::parse(text).err().map(|error| error.fault)
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_published_test_case() {
        let key = HmacSha512Key::from_bytes_unchecked(b"Jefe");
        let code = key.sign(b"what do ya want for nothing?");
        let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
    }

    #[test]
    fn lengths_end_where_they_should() {
        assert_eq!(fault(""), Some(KeyFault::Empty));
        assert_eq!(
            fault(&"k".repeat(LEAST_BYTES - 1)),
            Some(KeyFault::TooShort { least: LEAST_BYTES })
        );
        assert_eq!(fault(&"k".repeat(LEAST_BYTES)), None);
        assert_eq!(fault(&"k".repeat(MOST_BYTES)), None);
        assert_eq!(
            fault(&"k".repeat(MOST_BYTES + 1)),
            Some(KeyFault::TooLong { most: MOST_BYTES })
        );
    }

    #[test]
    fn nothing_of_the_key_is_printed() {
        let key = HmacSha512Key::parse("marker-that-must-not-show").unwrap();
        assert_eq!(format!("{key:?}"), "HmacSha512Key([redacted])");
        let error = HmacSha512Key::parse("marker-that-must-not-show\n").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("marker"));
    }

    #[test]
    fn the_simulators_secret_is_known() {
        let text = core::str::from_utf8(SIMULATOR).unwrap();
        assert!(HmacSha512Key::parse(text).unwrap().is_published_example());
        let other = HmacSha512Key::parse("another-secret-of-a-shop").unwrap();
        assert!(!other.is_published_example());
    }

    proptest! {
        #[test]
        fn any_change_of_message_or_code_is_noticed(
            key in proptest::collection::vec(any::<u8>(), 0..200),
            message in proptest::collection::vec(any::<u8>(), 1..200),
            place in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let key = HmacSha512Key::from_bytes_unchecked(&key);
            let code = key.sign(&message);
            prop_assert!(key.verify(&message, &code));

            let flip = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let place = place.index(bytes.len());
                bytes[place] ^= 1_u8 << bit;
                bytes
            };
            prop_assert!(!key.verify(&flip(&message), &code));
            prop_assert!(!key.verify(&message, &flip(&code)));
            prop_assert!(!key.verify(&message, &code[..63]));
            prop_assert!(!key.verify(&message, &[]));
        }
    }
}
