//! The keys of provider accounts, by whom and what they are for.

use core::fmt;
use std::collections::HashMap;

use kassa_checkout::message::{
    Algorithm, Purpose, Refused, SignError, Signature, Signer, Verifier,
};

use crate::{
    hmac_key::HmacSha512Key,
    rsa_key::{RsaSha256Key, RsaSha256PublicKey},
    suffix_key::Sha256SuffixKey,
};

/// A key of a provider account, of whichever algorithm.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProviderKey {
    /// A secret that both sides have.
    HmacSha512(HmacSha512Key),
    /// Our own key pair: it signs, and the provider has the public half.
    RsaSha256(RsaSha256Key),
    /// The provider's public key: it verifies only.
    RsaSha256Public(RsaSha256PublicKey),
    /// A secret that both sides have, the last field of what is digested.
    Sha256Suffix(Sha256SuffixKey),
}

impl ProviderKey {
    fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Result<Signature, SignError> {
        match (self, algorithm) {
            (Self::HmacSha512(key), Algorithm::HmacSha512) => Ok(Signature(key.sign(bytes))),
            (Self::RsaSha256(key), Algorithm::RsaSha256) => {
                key.sign(bytes).map(Signature).ok_or(SignError::Failed)
            }
            (Self::Sha256Suffix(key), Algorithm::Sha256Suffix) => Ok(Signature(key.sign(bytes))),
            _ => Err(SignError::NoKey),
        }
    }

    /// A key of another algorithm verifies nothing, whatever the message says that it is signed
    /// with.
    fn verify(&self, algorithm: Algorithm, bytes: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::HmacSha512(key), Algorithm::HmacSha512) => key.verify(bytes, signature),
            (Self::RsaSha256(key), Algorithm::RsaSha256) => key.verify(bytes, signature),
            (Self::RsaSha256Public(key), Algorithm::RsaSha256) => key.verify(bytes, signature),
            (Self::Sha256Suffix(key), Algorithm::Sha256Suffix) => key.verify(bytes, signature),
            _ => false,
        }
    }

    /// Whether it is published, by us or by a provider's documentation.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        match self {
            Self::HmacSha512(key) => key.is_published_example(),
            Self::RsaSha256(key) => key.is_published_example(),
            Self::RsaSha256Public(key) => key.is_published_example(),
            Self::Sha256Suffix(key) => key.is_published_example(),
        }
    }
}

impl From<HmacSha512Key> for ProviderKey {
    fn from(key: HmacSha512Key) -> Self {
        Self::HmacSha512(key)
    }
}

impl From<RsaSha256Key> for ProviderKey {
    fn from(key: RsaSha256Key) -> Self {
        Self::RsaSha256(key)
    }
}

impl From<RsaSha256PublicKey> for ProviderKey {
    fn from(key: RsaSha256PublicKey) -> Self {
        Self::RsaSha256Public(key)
    }
}

impl From<Sha256SuffixKey> for ProviderKey {
    fn from(key: Sha256SuffixKey) -> Self {
        Self::Sha256Suffix(key)
    }
}

/// The keys of all provider accounts of all shops.
///
/// ```
/// use kassa_checkout::message::{Algorithm, Purpose, Signer, Verifier};
/// use kassa_keys::{HmacSha512Key, Keyring};
///
/// let mut keyring = Keyring::default();
/// let old = HmacSha512Key::parse("invented-secret-until-today")?;
/// keyring.add("shop", "ecommpay", Purpose::Payment, old);
/// let account = keyring.account("shop", "ecommpay");
/// let before = account.sign(Algorithm::HmacSha512, Purpose::Payment, b"text")?;
///
/// // From now on the new key signs, and both verify.
/// let new = HmacSha512Key::parse("invented-secret-from-today-on")?;
/// keyring.add("shop", "ecommpay", Purpose::Payment, new);
/// let account = keyring.account("shop", "ecommpay");
/// let after = account.sign(Algorithm::HmacSha512, Purpose::Payment, b"text")?;
/// assert_ne!(before, after);
/// account.verify(Algorithm::HmacSha512, Purpose::Payment, b"text", &before.0)?;
/// account.verify(Algorithm::HmacSha512, Purpose::Payment, b"text", &after.0)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Keyring {
    accounts: HashMap<String, HashMap<String, Vec<(Purpose, Keys)>>>,
}

/// The keys of one purpose.
struct Keys {
    /// The one that signs.
    current: ProviderKey,
    /// Those that still verify, newest first.
    former: Vec<ProviderKey>,
}

impl Keyring {
    /// Adds a key of a shop's account. The one added last signs; those before it only verify.
    pub fn add(
        &mut self,
        shop: &str,
        provider: &str,
        purpose: Purpose,
        key: impl Into<ProviderKey>,
    ) {
        let key = key.into();
        let shop = self.accounts.entry(shop.to_owned()).or_default();
        let purposes = shop.entry(provider.to_owned()).or_default();
        match purposes.iter_mut().find(|(known, _)| *known == purpose) {
            Some((_, keys)) => {
                let former = core::mem::replace(&mut keys.current, key);
                keys.former.insert(0, former);
            }
            None => purposes.push((
                purpose,
                Keys {
                    current: key,
                    former: Vec::new(),
                },
            )),
        }
    }

    /// The keys of one account; without any it signs and verifies nothing.
    #[must_use]
    pub fn account(&self, shop: &str, provider: &str) -> Account<'_> {
        let purposes = self
            .accounts
            .get(shop)
            .and_then(|providers| providers.get(provider))
            .map_or(&[][..], Vec::as_slice);
        Account { purposes }
    }

    /// Whether an account holds a key that is published with Kassa: to be refused outside
    /// development.
    #[must_use]
    pub fn holds_published_example(&self, shop: &str, provider: &str) -> bool {
        let account = self.account(shop, provider);
        account
            .purposes
            .iter()
            .flat_map(|(_, keys)| keys.all())
            .any(ProviderKey::is_published_example)
    }
}

impl Keys {
    fn all(&self) -> impl Iterator<Item = &ProviderKey> {
        core::iter::once(&self.current).chain(&self.former)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring([redacted])")
    }
}

/// The keys of one shop's account at one provider: signs and verifies for it.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    purposes: &'a [(Purpose, Keys)],
}

impl<'a> Account<'a> {
    fn keys(&self, purpose: Purpose) -> Option<&'a Keys> {
        self.purposes
            .iter()
            .find_map(|(known, keys)| (*known == purpose).then_some(keys))
    }
}

impl Signer for Account<'_> {
    fn sign(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
    ) -> Result<Signature, SignError> {
        let keys = self.keys(purpose).ok_or(SignError::NoKey)?;
        keys.current.sign(algorithm, bytes)
    }
}

impl Verifier for Account<'_> {
    fn verify(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let keys = self.keys(purpose).ok_or(Refused::Signature)?;
        // All are tried, so that the time taken does not tell which one held.
        let holds = keys.all().fold(false, |held, key| {
            key.verify(algorithm, bytes, signature) | held
        });
        if holds {
            Ok(())
        } else {
            Err(Refused::Signature)
        }
    }
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::message::{Algorithm, Purpose, Refused, SignError, Signer, Verifier};

    use super::{HmacSha512Key, Keyring, RsaSha256Key, RsaSha256PublicKey, Sha256SuffixKey};

    const ALGORITHM: Algorithm = Algorithm::HmacSha512;
    const PURPOSE: Purpose = Purpose::Payment;

    fn keyring(keys: &[(&str, &str, &str)]) -> Keyring {
        let mut keyring = Keyring::default();
        for (shop, provider, secret) in keys {
            let key = HmacSha512Key::parse(secret).unwrap();
            keyring.add(shop, provider, PURPOSE, key);
        }
        keyring
    }

    #[test]
    fn accounts_do_not_share_keys() {
        let keyring = keyring(&[
            ("a", "ecommpay", "invented-secret-of-shop-a"),
            ("b", "ecommpay", "invented-secret-of-shop-b"),
        ]);
        let ours = keyring.account("a", "ecommpay");
        let signature = ours.sign(ALGORITHM, PURPOSE, b"text").unwrap();
        assert_eq!(
            ours.verify(ALGORITHM, PURPOSE, b"text", &signature.0),
            Ok(())
        );
        for (shop, provider) in [("b", "ecommpay"), ("a", "op"), ("c", "ecommpay"), ("", "")] {
            let theirs = keyring.account(shop, provider);
            assert_eq!(
                theirs.verify(ALGORITHM, PURPOSE, b"text", &signature.0),
                Err(Refused::Signature)
            );
        }
        let nobody = keyring.account("c", "ecommpay");
        assert_eq!(
            nobody.sign(ALGORITHM, PURPOSE, b"text"),
            Err(SignError::NoKey)
        );
    }

    #[test]
    fn after_a_change_of_keys_only_the_new_one_signs_and_both_verify() {
        let old = ("a", "ecommpay", "invented-secret-number-one");
        let new = ("a", "ecommpay", "invented-secret-number-two");
        let sign = |keys: &[_]| {
            let keyring = keyring(keys);
            keyring
                .account("a", "ecommpay")
                .sign(ALGORITHM, PURPOSE, b"text")
        };
        let (before, after) = (sign(&[old]).unwrap(), sign(&[new]).unwrap());
        assert_eq!(sign(&[old, new]), Ok(after.clone()));
        let both = keyring(&[old, new]);
        let both = both.account("a", "ecommpay");
        for signature in [before, after] {
            assert_eq!(
                both.verify(ALGORITHM, PURPOSE, b"text", &signature.0),
                Ok(())
            );
        }
    }

    #[test]
    fn published_examples_are_found_and_nothing_is_printed() {
        let secret = "kassa-simulator-secret-for-development-only-0001";
        let keyring = keyring(&[
            ("a", "ecommpay", secret),
            ("a", "ecommpay", "invented-secret-number-two"),
            ("b", "ecommpay", "invented-secret-number-two"),
        ]);
        assert!(keyring.holds_published_example("a", "ecommpay"));
        assert!(!keyring.holds_published_example("b", "ecommpay"));
        assert_eq!(format!("{keyring:?}"), "Keyring([redacted])");
        let account = keyring.account("a", "ecommpay");
        assert_eq!(format!("{account:?}"), "Account([redacted])");
    }

    #[test]
    fn a_key_signs_and_verifies_by_its_own_algorithm_and_purpose_only() {
        let text = RsaSha256Key::generate_pem().unwrap();
        let ours = || RsaSha256Key::parse(text.trim_end()).unwrap();
        let public = RsaSha256PublicKey::parse(ours().public().to_pem().trim_end()).unwrap();
        let mut keyring = keyring(&[("a", "ecommpay", "invented-secret-number-one")]);
        keyring.add("a", "op", PURPOSE, ours());
        keyring.add("a", "op", Purpose::Callback, public);
        let account = keyring.account("a", "op");
        let rsa = Algorithm::RsaSha256;
        let signature = account.sign(rsa, PURPOSE, b"text").unwrap();
        for purpose in [PURPOSE, Purpose::Callback] {
            assert_eq!(account.verify(rsa, purpose, b"text", &signature.0), Ok(()));
            let refused = account.verify(rsa, purpose, b"texts", &signature.0);
            assert_eq!(refused, Err(Refused::Signature));
            let refused = account.verify(ALGORITHM, purpose, b"text", &signature.0);
            assert_eq!(refused, Err(Refused::Signature));
        }
        let none = Err(SignError::NoKey);
        assert_eq!(account.sign(rsa, Purpose::Callback, b"text"), none);
        assert_eq!(account.sign(ALGORITHM, PURPOSE, b"text"), none);
        let other = keyring.account("a", "ecommpay");
        assert_eq!(other.sign(rsa, PURPOSE, b"text"), none);
    }

    #[test]
    fn a_secret_that_is_digested_last_signs_and_verifies_by_its_own_algorithm_only() {
        let text = format!("SHOP1P1-{}", "7A".repeat(32));
        let key = || Sha256SuffixKey::parse(&text).unwrap();
        let mut keyring = Keyring::default();
        keyring.add("a", "vetuma", PURPOSE, key());
        let account = keyring.account("a", "vetuma");
        let suffix = Algorithm::Sha256Suffix;
        let signature = account.sign(suffix, PURPOSE, b"a&b&").unwrap();
        assert_eq!(signature.0, key().sign(b"a&b&"));
        let verified =
            |algorithm, text: &[u8]| account.verify(algorithm, PURPOSE, text, &signature.0);
        assert_eq!(verified(suffix, b"a&b&"), Ok(()));
        assert_eq!(verified(suffix, b"a&c&"), Err(Refused::Signature));
        assert_eq!(verified(ALGORITHM, b"a&b&"), Err(Refused::Signature));
        let none = Err(SignError::NoKey);
        assert_eq!(account.sign(ALGORITHM, PURPOSE, b"a&b&"), none);
    }

    #[test]
    fn a_key_that_stands_twice_still_verifies() {
        let entry = ("a", "ecommpay", "invented-secret-number-one");
        let twice = keyring(&[entry, entry]);
        let account = twice.account("a", "ecommpay");
        let signature = account.sign(ALGORITHM, PURPOSE, b"text").unwrap();
        assert_eq!(
            account.verify(ALGORITHM, PURPOSE, b"text", &signature.0),
            Ok(())
        );
    }
}
