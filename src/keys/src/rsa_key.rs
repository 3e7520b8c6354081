//! Keys for RSA PKCS#1 v1.5 with SHA-256.
//!
//! AWS-LC computes, in constant time where the private key is concerned; the crate `rsa` does not
//! (RUSTSEC-2023-0071).

use core::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKey},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::{KeyError, KeyFault},
    pem,
};

/// The smallest and the largest key, in bits.
const LEAST_BITS: usize = 2_048;
const MOST_BITS: usize = 4_096;

const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";
const SPKI: &str = "PUBLIC KEY";

/// SHA-256 over the public half, as `SubjectPublicKeyInfo`, of the example key pair that OP's
/// documentation prints.
const OP_EXAMPLE: [u8; 32] = [
    0xf6, 0x4d, 0x1f, 0xf0, 0x34, 0x83, 0x0d, 0xd0, 0xb9, 0x7e, 0x2a, 0x2e, 0xb1, 0xe3, 0x53, 0x34,
    0x22, 0x21, 0x67, 0x80, 0x8e, 0x4a, 0x55, 0xd2, 0xb5, 0xbd, 0x86, 0xcc, 0x65, 0xb3, 0x26, 0xe2,
];

/// The same of the key pair that the simulated OP signs its callbacks with: published with it.
const SIMULATED_OP: [u8; 32] = [
    0x73, 0xd6, 0x2a, 0xcc, 0x49, 0x4c, 0xfd, 0x3c, 0xa6, 0x91, 0x3c, 0x06, 0x3f, 0x91, 0xb1, 0x86,
    0x30, 0xe7, 0x14, 0x97, 0x95, 0x5f, 0x34, 0xd6, 0xa5, 0x9a, 0x31, 0x04, 0x4b, 0x32, 0x70, 0x93,
];

/// A private key: signs, and verifies what it signed itself.
///
/// Cannot be printed, copied or compared; AWS-LC wipes its memory when it goes.
///
/// ```
/// use kassa_keys::RsaSha256Key;
/// let text = RsaSha256Key::generate_pem()?;
/// let key = RsaSha256Key::parse(text.trim_end())?;
/// assert_eq!(format!("{key:?}"), "RsaSha256Key([redacted])");
/// let signature = key.sign(b"text").ok_or("not signed")?;
/// assert!(key.verify(b"text", &signature));
/// assert!(!key.verify(b"other text", &signature));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RsaSha256Key {
    pair: KeyPair,
    public: RsaSha256PublicKey,
}

impl RsaSha256Key {
    /// Reads a private key from PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1
    /// (`BEGIN RSA PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    /// [`KeyError`] when it is anything else, has fewer than 2048 or more than 4096 bits, another
    /// public exponent than 65537, or parts that do not belong together.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::read(text).map_err(|fault| KeyError {
            kind: "RSA private key",
            fault,
        })
    }

    fn read(text: &str) -> Result<Self, KeyFault> {
        let (label, der) = pem::read(text, &[PKCS8, PKCS1], "-----BEGIN PRIVATE KEY-----")?;
        let pair = if label == PKCS8 {
            KeyPair::from_pkcs8(&der)
        } else {
            KeyPair::from_der(&der)
        };
        // Its size is looked at first: what AWS-LC itself refuses for it comes without a reason.
        let pair = pair.map_err(|rejected| match rejected.description_() {
            "TooSmall" | "TooLarge" => WRONG_SIZE,
            _ => KeyFault::Inconsistent,
        })?;
        let public = RsaSha256PublicKey::of(pair.public_key())?;
        Ok(Self { pair, public })
    }

    /// A new key of 2048 bits as PEM, PKCS#8: what [`Self::parse`] reads once the line break at its
    /// end is gone.
    ///
    /// # Errors
    /// [`KeyError`] when the system has no randomness to give.
    pub fn generate_pem() -> Result<Zeroizing<String>, KeyError> {
        let failed = |_| KeyError {
            kind: "RSA private key",
            fault: KeyFault::Inconsistent,
        };
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        Ok(pem::write(PKCS8, der.as_ref()))
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &RsaSha256PublicKey {
        &self.public
    }

    /// The signature over `message`, as long as the key: 256 bytes for 2048 bits. `None` when
    /// AWS-LC has no memory or no randomness to blind with.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .ok()?;
        Some(signature)
    }

    /// Whether `signature` is that of this key over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify(message, signature)
    }

    /// Whether it is the one that OP's documentation prints, which everybody knows: to be refused
    /// outside OP's sandbox.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        self.public.is_published_example()
    }
}

impl fmt::Debug for RsaSha256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSha256Key([redacted])")
    }
}

/// A public key: verifies.
pub struct RsaSha256PublicKey {
    key: ParsedPublicKey,
    /// As `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
}

impl RsaSha256PublicKey {
    /// Reads a public key from PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// [`KeyError`] when it is anything else, has fewer than 2048 or more than 4096 bits, or
    /// another exponent than 65537.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let read = || {
            let (_, der) = pem::read(text, &[SPKI], "-----BEGIN PUBLIC KEY-----")?;
            let key = PublicKey::from_der(&der).map_err(|_| KeyFault::Inconsistent)?;
            Self::of(&key)
        };
        read().map_err(|fault| KeyError {
            kind: "RSA public key",
            fault,
        })
    }

    fn of(key: &PublicKey) -> Result<Self, KeyFault> {
        let (modulus_bits, exponent) = parts(key.as_ref()).ok_or(KeyFault::Inconsistent)?;
        if !(LEAST_BITS..=MOST_BITS).contains(&modulus_bits) {
            return Err(WRONG_SIZE);
        }
        if exponent != [1, 0, 1] {
            return Err(KeyFault::Inconsistent);
        }
        let spki: PublicKeyX509Der<'_> = key.as_der().map_err(|_| KeyFault::Inconsistent)?;
        let spki = spki.as_ref().to_vec();
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki)
            .map_err(|_| KeyFault::Inconsistent)?;
        Ok(Self { key, spki })
    }

    /// The key as PEM, with a line break at its end: for whoever is to verify our signatures.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write(SPKI, &self.spki).as_str().to_owned()
    }

    /// SHA-256 over the key, in hexadecimal with colons: to compare by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let pairs = Sha256::digest(&self.spki).map(|byte| format!("{byte:02x}"));
        pairs.as_slice().join(":")
    }

    /// Whether `signature` is that of the key's private half over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Whether it belongs to the example that OP's documentation prints: anybody can sign for it.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        let digest: [u8; 32] = Sha256::digest(&self.spki).into();
        [OP_EXAMPLE, SIMULATED_OP].contains(&digest)
    }
}

impl fmt::Debug for RsaSha256PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSha256PublicKey([redacted])")
    }
}

const WRONG_SIZE: KeyFault = KeyFault::Size {
    least: LEAST_BITS,
    most: MOST_BITS,
};

/// How many bits the modulus has, and the bytes of the exponent, of an `RSAPublicKey` (RFC 8017)
/// that AWS-LC has written: a sequence of two whole numbers.
fn parts(der: &[u8]) -> Option<(usize, &[u8])> {
    let (sequence, after) = element(0x30, der)?;
    let (modulus, rest) = element(0x02, sequence)?;
    let (exponent, end) = element(0x02, rest)?;
    let modulus = match modulus {
        [0, rest @ ..] => rest,
        whole => whole,
    };
    let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    (after.is_empty() && end.is_empty()).then_some((bits, exponent))
}

/// The content of a DER element of this type at the start of `der`, and what comes after it.
fn element(kind: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[kind])?;
    let (length, rest) = match rest {
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [0x81, length, rest @ ..] | [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
