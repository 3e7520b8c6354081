//! Several named secrets of one customer: apart by purpose, each for its time, and in rotation.

use core::fmt;

use kassa_checkout::{
    Timestamp,
    message::{Algorithm, Purpose, Refused, SignError, Signature, Signer, Verifier},
};

use crate::suffix_key::Sha256SuffixKey;

/// When a secret may be used; without bounds, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// From this point in time on.
    pub from: Option<Timestamp>,
    /// Before this point in time.
    pub until: Option<Timestamp>,
}

impl Validity {
    /// Whether `at` lies within.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// The named secrets of one customer.
///
/// A message names the secret that it is signed with, and the answer is signed with the very same
/// one. A name belongs to one purpose; under one name an old and a new secret may stand at once.
///
/// ```
/// use kassa_checkout::{Timestamp, message::{Algorithm, Purpose, Signer, Verifier}};
/// use kassa_keys::{Sha256SuffixKey, SharedSecrets, Validity};
///
/// let mut secrets = SharedSecrets::default();
/// let key = |digits: &str| Sha256SuffixKey::parse(&format!("SHOP1P1-{}", digits.repeat(32)));
/// let change = Timestamp::from_millis(1_000);
/// let old = Validity { until: Some(change), ..Validity::default() };
/// secrets.add(Purpose::Payment, key("A1")?, old)?;
/// secrets.add(Purpose::Payment, key("B2")?, Validity::default())?;
///
/// let now = Timestamp::from_millis(999);
/// assert_eq!(secrets.find("SHOP1P1", Purpose::Payment, now).count(), 2);
/// assert_eq!(secrets.find("SHOP1P1", Purpose::Payment, change).count(), 1);
/// assert_eq!(secrets.find("SHOP1P1", Purpose::Identification, now).count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct SharedSecrets {
    /// The newest last.
    entries: Vec<Entry>,
}

struct Entry {
    purpose: Purpose,
    validity: Validity,
    key: Sha256SuffixKey,
}

impl SharedSecrets {
    /// Adds a secret. Of several under one name the one added last is tried first.
    ///
    /// # Errors
    /// [`SecretTaken`] when the name belongs to a secret of another purpose.
    pub fn add(
        &mut self,
        purpose: Purpose,
        key: Sha256SuffixKey,
        validity: Validity,
    ) -> Result<(), SecretTaken> {
        let named = |entry: &Entry| entry.key.id() == key.id();
        if self
            .entries
            .iter()
            .any(|entry| named(entry) && entry.purpose != purpose)
        {
            return Err(SecretTaken);
        }
        self.entries.push(Entry {
            purpose,
            validity,
            key,
        });
        Ok(())
    }

    /// The secrets of that name and purpose that may be used at a time, the newest first.
    pub fn find<'a>(
        &'a self,
        id: &'a str,
        purpose: Purpose,
        at: Timestamp,
    ) -> impl Iterator<Item = SharedSecret<'a>> {
        let entries = self.entries.iter().rev();
        entries
            .filter(move |entry| entry.key.id() == id && entry.purpose == purpose)
            .filter(move |entry| entry.validity.holds(at))
            .map(|entry| SharedSecret { entry })
    }

    /// The one whose [`check_value`](SharedSecret::check_value) it is, whatever its time: an answer
    /// is signed with the secret of its call, also when that has run out in between.
    #[must_use]
    pub fn by_check_value(
        &self,
        id: &str,
        purpose: Purpose,
        value: &str,
    ) -> Option<SharedSecret<'_>> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| {
                entry.key.id() == id && entry.purpose == purpose && entry.key.check_value() == value
            })
            .map(|entry| SharedSecret { entry })
    }

    /// The names that there are for a purpose, each once.
    #[must_use]
    pub fn ids(&self, purpose: Purpose) -> Vec<&str> {
        let entries = self.entries.iter().filter(|entry| entry.purpose == purpose);
        let mut ids: Vec<_> = entries.map(|entry| entry.key.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether one of them is published: to be refused outside development.
    #[must_use]
    pub fn holds_published_example(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.key.is_published_example())
    }
}

impl fmt::Debug for SharedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecrets([redacted])")
    }
}

/// One of them: signs and verifies for its purpose.
#[derive(Clone, Copy)]
pub struct SharedSecret<'a> {
    entry: &'a Entry,
}

impl SharedSecret<'_> {
    /// Eight digits that tell it from others of its name, to be kept with a call until its answer
    /// is signed. Nobody finds the secret from them.
    #[must_use]
    pub fn check_value(&self) -> String {
        self.entry.key.check_value()
    }

    fn is_for(&self, algorithm: Algorithm, purpose: Purpose) -> bool {
        algorithm == Algorithm::Sha256Suffix && purpose == self.entry.purpose
    }
}

impl Signer for SharedSecret<'_> {
    fn sign(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
    ) -> Result<Signature, SignError> {
        if self.is_for(algorithm, purpose) {
            Ok(Signature(self.entry.key.sign(bytes)))
        } else {
            Err(SignError::NoKey)
        }
    }
}

impl Verifier for SharedSecret<'_> {
    fn verify(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let holds = self.is_for(algorithm, purpose) && self.entry.key.verify(bytes, signature);
        holds.then_some(()).ok_or(Refused::Signature)
    }
}

impl fmt::Debug for SharedSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret([redacted])")
    }
}

/// A secret's name is that of a secret for another purpose: they are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretTaken;

impl fmt::Display for SecretTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shared secret has the name of one for another purpose")
    }
}

impl core::error::Error for SecretTaken {}

#[cfg(test)]
mod tests {
    use kassa_checkout::{
        Timestamp,
        message::{Algorithm, Purpose, Refused, SignError, Signer, Verifier},
    };

    use super::{SecretTaken, Sha256SuffixKey, SharedSecrets, Validity};

    const ALGORITHM: Algorithm = Algorithm::Sha256Suffix;

    fn key(id: &str, digit: &str) -> Sha256SuffixKey {
        Sha256SuffixKey::parse(&format!("{id}-{}", digit.repeat(64))).unwrap()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn between(from: u64, until: u64) -> Validity {
        Validity {
            from: Some(at(from)),
            until: Some(at(until)),
        }
    }

    #[test]
    fn identification_and_payment_are_apart() {
        let mut secrets = SharedSecrets::default();
        let always = Validity::default();
        secrets
            .add(Purpose::Payment, key("P1", "1"), always)
            .unwrap();
        secrets
            .add(Purpose::Identification, key("T1", "2"), always)
            .unwrap();
        let taken = secrets.add(Purpose::Identification, key("P1", "3"), always);
        assert_eq!(taken, Err(SecretTaken));
        assert_eq!(
            SecretTaken.to_string(),
            "shared secret has the name of one for another purpose"
        );
        assert_eq!(secrets.ids(Purpose::Payment), ["P1"]);
        assert_eq!(secrets.find("T1", Purpose::Payment, at(0)).count(), 0);
        let login = secrets.find("T1", Purpose::Identification, at(0)).next();
        let login = login.unwrap();
        assert_eq!(
            login.sign(ALGORITHM, Purpose::Payment, b"a&"),
            Err(SignError::NoKey)
        );
        let signature = login
            .sign(ALGORITHM, Purpose::Identification, b"a&")
            .unwrap();
        let verify = |purpose, algorithm| login.verify(algorithm, purpose, b"a&", &signature.0);
        assert_eq!(verify(Purpose::Identification, ALGORITHM), Ok(()));
        let refused = Err(Refused::Signature);
        assert_eq!(verify(Purpose::Payment, ALGORITHM), refused);
        assert_eq!(
            verify(Purpose::Identification, Algorithm::HmacSha512),
            refused
        );
    }

    #[test]
    fn one_that_is_published_is_found_among_others() {
        let published =
            "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35";
        let published = Sha256SuffixKey::parse(published).unwrap();
        let mut secrets = SharedSecrets::default();
        let always = Validity::default();
        secrets
            .add(Purpose::Payment, key("P1", "1"), always)
            .unwrap();
        assert!(!secrets.holds_published_example());
        secrets.add(Purpose::Payment, published, always).unwrap();
        assert!(secrets.holds_published_example());
    }

    #[test]
    fn each_has_its_time_and_the_newest_is_tried_first() {
        let mut secrets = SharedSecrets::default();
        let purpose = Purpose::Payment;
        secrets
            .add(purpose, key("P1", "1"), between(10, 20))
            .unwrap();
        secrets
            .add(purpose, key("P1", "2"), between(15, 30))
            .unwrap();
        let values = |millis| -> Vec<_> {
            let found = secrets.find("P1", purpose, at(millis));
            found.map(|secret| secret.check_value()).collect()
        };
        let (old, new) = (key("P1", "1").check_value(), key("P1", "2").check_value());
        assert_ne!(old, new);
        assert_eq!(values(9), Vec::<String>::new());
        assert_eq!(values(10), [old.as_str()]);
        assert_eq!(values(19), [new.as_str(), &old]);
        assert_eq!(values(20), [new.as_str()]);
        assert_eq!(values(30), Vec::<String>::new());

        // The answer to a call is still signed with the secret of the call.
        let kept = secrets.by_check_value("P1", purpose, &old).unwrap();
        let signature = kept.sign(ALGORITHM, purpose, b"a&").unwrap();
        assert!(key("P1", "1").verify(b"a&", &signature.0));
        assert!(secrets.by_check_value("P2", purpose, &old).is_none());
        assert!(!secrets.holds_published_example());
        let printed = format!("{secrets:?} {kept:?}");
        assert_eq!(
            printed,
            "SharedSecrets([redacted]) SharedSecret([redacted])"
        );
    }
}
