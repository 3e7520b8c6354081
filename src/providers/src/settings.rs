//! The settings of a provider account, as they come from a configuration.

use core::fmt;
use std::collections::BTreeMap;

use kassa_checkout::Coded;

/// The settings of one provider account, by name. Never a secret: those are in `kassa-keys`.
pub type Settings = BTreeMap<String, String>;

/// What is wrong with the settings of a provider account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// No provider has this name.
    UnknownProvider {
        /// The name that was asked for.
        id: String,
    },
    /// The provider has ended its service.
    Ended {
        /// Its name.
        id: &'static str,
        /// Since when, and what there is instead.
        why: &'static str,
    },
    /// The provider has no such setting.
    UnknownKey {
        /// The name of the setting.
        key: String,
        /// The names that there are.
        expected: &'static [&'static str],
    },
    /// A setting that the provider needs is not there.
    Missing {
        /// The name of the setting.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A setting holds something else than it should.
    Invalid {
        /// The name of the setting.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

impl SettingsError {
    /// The setting that is to blame, as the configuration spells it.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownProvider { .. } | Self::Ended { .. } => None,
            Self::UnknownKey { key, .. } => Some(key),
            Self::Missing { key, .. } | Self::Invalid { key, .. } => Some(key),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProvider { id } => write!(f, "no provider is called {id:?}"),
            Self::Ended { id, why } => write!(f, "no account at {id} can be configured: {why}"),
            Self::UnknownKey { key, expected } => {
                write!(f, "no setting is called {key:?}: expected one of ")?;
                f.write_str(&expected.join(", "))
            }
            Self::Missing { key, expected } => write!(f, "{key} is missing: expected {expected}"),
            Self::Invalid { key, expected } => write!(f, "{key} is malformed: expected {expected}"),
        }
    }
}

impl core::error::Error for SettingsError {}

impl Coded for SettingsError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider { .. } => "settings/unknown-provider",
            Self::Ended { .. } => "settings/ended",
            Self::UnknownKey { .. } => "settings/unknown-key",
            Self::Missing { .. } => "settings/missing",
            Self::Invalid { .. } => "settings/malformed",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::UnknownProvider { .. } | Self::Ended { .. } | Self::UnknownKey { .. } => None,
            Self::Missing { key, .. } | Self::Invalid { key, .. } => Some(key),
        }
    }
}

/// Refuses settings that the provider does not know, so that a misspelt one is noticed.
pub(crate) fn refuse_unknown(
    settings: &Settings,
    known: &'static [&'static str],
) -> Result<(), SettingsError> {
    match settings.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(SettingsError::UnknownKey {
            key: key.clone(),
            expected: known,
        }),
    }
}
