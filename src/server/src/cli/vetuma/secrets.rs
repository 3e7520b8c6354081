//! The secrets that logged messages are checked with.

use std::path::Path;

use kassa_keys::Sha256SuffixKey;
use kassa_server::config::read_secret;
use zeroize::Zeroizing;

use super::super::Failure;

/// The secrets, as their texts: what may have been done wrongly with one is tried with its text.
pub(super) struct Secrets(Vec<Secret>);

/// A secret.
pub(super) struct Secret {
    /// Its name.
    pub(super) id: String,
    text: Zeroizing<String>,
}

impl Secrets {
    pub(super) fn read(references: &[String]) -> Result<Self, Failure> {
        let mut secrets = Vec::new();
        for reference in references {
            let text = read_secret(reference, Path::new("")).map_err(Failure::usage)?;
            for line in text.lines().filter(|line| !line.is_empty()) {
                let key = Sha256SuffixKey::parse(line).map_err(|error| error.to_string())?;
                secrets.push(Secret {
                    id: key.id().to_owned(),
                    text: Zeroizing::new(line.to_owned()),
                });
            }
        }
        if secrets.is_empty() {
            return Err(Failure::usage("there is no secret behind the references"));
        }
        Ok(Self(secrets))
    }

    /// Those of a name, and then the others: a message may bear the wrong name.
    pub(super) fn for_name<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Secret> {
        let (named, others): (Vec<_>, Vec<_>) = self.0.iter().partition(|secret| secret.id == id);
        named.into_iter().chain(others)
    }

    /// Whether there is one of that name.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|secret| secret.id == id)
    }
}

impl Secret {
    /// The whole of it: `ID-64HEX`.
    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    /// The digits alone.
    pub(super) fn digits(&self) -> &str {
        self.text.rsplit_once('-').map_or("", |(_, digits)| digits)
    }
}
