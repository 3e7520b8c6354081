//! Shared secrets that are the last field of what is digested.

use core::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{KeyError, KeyFault, check_text};

/// What stands after every field, the secret too.
const SEPARATOR: u8 = b'&';

/// Hexadecimal digits of a secret: 256 bits.
const DIGITS: usize = 64;

/// The longest name of a secret.
const LONGEST_ID: usize = 64;

/// What a secret must look like, for people.
const EXPECTED: &str = "ID-64HEX: a name, a hyphen and 64 hexadecimal digits in capitals";

/// Secrets that stand in public test suites, this one's among them: hence none.
const PUBLISHED: [&str; 3] = [
    "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35",
    "VERKKOKAUPPA1P1-9BC427D229624AA736B39628AA3C57CF65978DA4FC6BFB8F97B5DB778DBE206C",
    "VERKKOKAUPPA1T1-FCB2B26CE844B460F6DE301924F78D931AA966FDE0ADBFFF1034456E0350B460",
];

/// A named shared secret for a plain SHA-256 digest: over the message, then the secret with its
/// name, then `&`.
///
/// That is no HMAC, and no construction to choose today; it is what VETUMA's messages have.
/// Cannot be printed, copied or compared; its memory is wiped when it goes.
///
/// ```
/// use kassa_keys::Sha256SuffixKey;
/// let text = format!("SHOP1P1-{}", "7A".repeat(32));
/// let key = Sha256SuffixKey::parse(&text)?;
/// assert_eq!(key.id(), "SHOP1P1");
/// assert_eq!(format!("{key:?}"), "Sha256SuffixKey([redacted])");
/// assert!(key.verify(b"a&b&", &key.sign(b"a&b&")));
/// assert!(!key.verify(b"a&c&", &key.sign(b"a&b&")));
/// # Ok::<(), kassa_keys::KeyError>(())
/// ```
pub struct Sha256SuffixKey {
    id: String,
    /// The secret with its name and the separator after it.
    suffix: Zeroizing<Vec<u8>>,
}

impl Sha256SuffixKey {
    /// Reads a secret, its name and all: `ID-64HEX`.
    ///
    /// # Errors
    /// [`KeyError`] when it is empty, has white space around it, holds an invisible character, or
    /// has another form: a name of 1 to 64 letters, digits, hyphens and underlines, a hyphen, and
    /// 64 hexadecimal digits in capitals.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        check_text(text)
            .and_then(|()| Self::read(text).ok_or(KeyFault::Form { expected: EXPECTED }))
            .map_err(|fault| KeyError {
                kind: "shared secret",
                fault,
            })
    }

    fn read(text: &str) -> Option<Self> {
        // The name may hold hyphens, the digits cannot: the last one parts them.
        let (id, digits) = text.rsplit_once('-')?;
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let capital = |b: u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
        let fits = (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(name)
            && digits.len() == DIGITS
            && digits.bytes().all(capital);
        fits.then(|| Self::of(id, text))
    }

    fn of(id: &str, text: &str) -> Self {
        // Made in its final size, so that no copy stays behind unwiped.
        let mut suffix = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        suffix.extend_from_slice(text.as_bytes());
        suffix.push(SEPARATOR);
        Self {
            id: id.to_owned(),
            suffix,
        }
    }

    /// The name, which is no secret: messages bear it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is published in a test suite: to be refused outside development.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        PUBLISHED.iter().any(|published| {
            let text = self.suffix.strip_suffix(&[SEPARATOR]);
            text == Some(published.as_bytes())
        })
    }

    /// The 32 bytes of the digest over `message` and the secret.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = Sha256::new().chain_update(message);
        digest.chain_update(&self.suffix).finalize().to_vec()
    }

    /// Whether `digest` is the digest over `message` and the secret, compared in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], digest: &[u8]) -> bool {
        verify_slices_are_equal(&self.sign(message), digest).is_ok()
    }

    /// Eight digits that tell two secrets of one name apart, and from which nobody finds either.
    #[must_use]
    pub(crate) fn check_value(&self) -> String {
        let digest = Sha256::new().chain_update(b"kassa: which secret&");
        let digest = digest.chain_update(&self.suffix).finalize();
        let first = digest.iter().take(4);
        first.map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Sha256SuffixKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256SuffixKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EXPECTED, KeyFault, PUBLISHED, Sha256SuffixKey};

    fn fault(text: &str) -> Option<KeyFault> {
        Sha256SuffixKey::parse(text).err().map(|error| error.fault)
    }

    /// The supplier's message example, printed in a public test suite.
    #[test]
    fn a_published_test_case() {
        let key = Sha256SuffixKey::parse(PUBLISHED[0]).unwrap();
        let message = b"TESTIASIAKAS11&20061218154432445&P2&fi&https://localhost/ShowPayment.asp&\
            https://localhost/ShowCancel.asp&https://localhost/ShowError.asp&166449462440200&\
            1234561&123&06122588INWX0000&SUCCESSFUL&";
        let hex: String = key
            .sign(message)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        assert_eq!(
            hex,
            "61397453AAF0A93C2242EFD8813436C58B069B3F38041FC19CD900974B8E9984"
        );
    }

    #[test]
    fn only_a_name_a_hyphen_and_64_capital_digits_are_a_secret() {
        let hex = "0123456789ABCDEF".repeat(4);
        let good = |id: &str| Sha256SuffixKey::parse(&format!("{id}-{hex}")).unwrap();
        for id in ["A", "Y08297312Y1P1", "a-b_c", &"I".repeat(64)] {
            assert_eq!(good(id).id(), id);
        }
        assert_eq!(fault(""), Some(KeyFault::Empty));
        assert_eq!(
            fault(&format!("A-{hex}\n")),
            Some(KeyFault::SurroundingSpace)
        );
        assert_eq!(
            fault(&format!("A\u{200b}-{hex}")),
            Some(KeyFault::Invisible { position: 2 })
        );
        for odd in [
            hex.clone(),
            format!("-{hex}"),
            format!("A{hex}"),
            format!("A-{}", &hex[1..]),
            format!("A-{hex}0"),
            format!("A-{}", hex.to_lowercase()),
            format!("A-{}G", &hex[1..]),
            format!("A B-{hex}"),
            format!("A&B-{hex}"),
            format!("Ä-{hex}"),
            format!("{}-{hex}", "I".repeat(65)),
        ] {
            let form = Some(KeyFault::Form { expected: EXPECTED });
            assert_eq!(fault(&odd), form, "{odd}");
        }
    }

    #[test]
    fn nothing_of_the_secret_is_printed() {
        let digits = "5EC2E7".repeat(10) + "5EC2";
        let key = Sha256SuffixKey::parse(&format!("A-{digits}")).unwrap();
        let refused = Sha256SuffixKey::parse(&format!("A-{digits}5EC2")).unwrap_err();
        let printed = format!("{key:?} {} {refused} {refused:?}", key.check_value());
        assert!(!printed.contains("5EC2"), "{printed}");
        assert_eq!(format!("{key:?}"), "Sha256SuffixKey([redacted])");
    }

    #[test]
    fn published_secrets_are_known() {
        for text in PUBLISHED {
            let key = Sha256SuffixKey::parse(text).unwrap();
            assert!(key.is_published_example(), "{text}");
        }
        let other = format!("TESTIASIAKAS11-{}", "0".repeat(64));
        let other = Sha256SuffixKey::parse(&other).unwrap();
        assert!(!other.is_published_example());
    }

    proptest! {
        #[test]
        fn any_change_of_message_or_digest_is_noticed(
            message in proptest::collection::vec(any::<u8>(), 1..200),
            place in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let key = Sha256SuffixKey::parse(PUBLISHED[0]).unwrap();
            let digest = key.sign(&message);
            prop_assert!(key.verify(&message, &digest));
            let flip = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let place = place.index(bytes.len());
                bytes[place] ^= 1_u8 << bit;
                bytes
            };
            prop_assert!(!key.verify(&flip(&message), &digest));
            prop_assert!(!key.verify(&message, &flip(&digest)));
            prop_assert!(!key.verify(&message, &digest[..31]));
            prop_assert!(!key.verify(&message, &[]));
        }
    }
}
