//! The one list of providers: server, tests and tools iterate over it.

use kassa_checkout::{
    message::Algorithm,
    provider::{Facts, Provider},
};

use crate::{
    ecommpay, op,
    settings::{Settings, SettingsError},
    vetuma,
};

/// A provider that Kassa speaks to.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What is true of it whatever the account.
    pub facts: &'static Facts,
    /// The names of an account's settings.
    pub settings: &'static [&'static str],
    /// Those of them that nobody may see: a configuration tells where they are, and not them.
    pub confidential: &'static [&'static str],
    /// What the account's messages are signed with.
    pub algorithm: Algorithm,
    /// Settings of an invented account, for documentation and tests.
    pub example: &'static [(&'static str, &'static str)],
    build: fn(&Settings) -> Result<Box<dyn Provider>, SettingsError>,
}

impl Entry {
    /// An account at the provider.
    ///
    /// # Errors
    /// [`SettingsError`] naming the setting and what was expected.
    pub fn build(&self, settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
        (self.build)(settings)
    }

    /// The invented account's settings.
    #[must_use]
    pub fn example_settings(&self) -> Settings {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        self.example.iter().map(owned).collect()
    }
}

static ALL: [Entry; 2] = [
    Entry {
        facts: &ecommpay::FACTS,
        settings: ecommpay::SETTINGS,
        confidential: &[],
        algorithm: Algorithm::HmacSha512,
        example: &[
            ("project_id", "120"),
            ("other_methods", "card,paypal-wallet"),
        ],
        build: |settings| Ok(Box::new(ecommpay::Ecommpay::new(settings)?)),
    },
    Entry {
        facts: &op::FACTS,
        settings: op::SETTINGS,
        confidential: op::CONFIDENTIAL,
        algorithm: Algorithm::RsaSha256,
        example: &[
            ("environment", "sandbox"),
            ("merchant_id", "00000000-0000-4000-8000-000000000001"),
            ("account_id", "00000000-0000-4000-8000-000000000002"),
            ("api_key", "invented-api-key"),
            ("key_version", "1"),
            ("success_words", "SIM_PAID"),
            ("cancelled_words", "SIM_CANCELLED"),
            ("failed_words", "SIM_FAILED"),
            ("multibank", "true"),
            ("callbacks", "true"),
        ],
        build: |settings| Ok(Box::new(op::Op::new(settings)?)),
    },
];

/// Every provider.
#[must_use]
pub fn all() -> &'static [Entry] {
    &ALL
}

/// An account at the provider of that name.
///
/// # Errors
/// [`SettingsError`] when there is no such provider, or naming the setting that is wrong.
///
/// # Examples
/// ```
/// use kassa_providers::{Settings, build};
/// let settings = Settings::from([("project_id".into(), "120".into())]);
/// assert_eq!(build("ecommpay", &settings)?.facts().name, "ecommpay");
/// assert!(build("nobody", &settings).is_err());
/// # Ok::<(), kassa_providers::SettingsError>(())
/// ```
pub fn build(id: &str, settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    find(id)?.build(settings)
}

/// The provider of that name.
///
/// # Errors
/// [`SettingsError::UnknownProvider`]; [`SettingsError::Ended`] for VETUMA, whose messages are
/// spoken and at which nobody can have an account any more.
///
/// # Examples
/// ```
/// use kassa_providers::registry;
/// let error = registry::find("vetuma").unwrap_err().to_string();
/// assert!(error.contains("closed at the end of 2017"));
/// ```
pub fn find(id: &str) -> Result<&'static Entry, SettingsError> {
    if id == vetuma::ID {
        return Err(SettingsError::Ended {
            id: vetuma::ID,
            why: vetuma::ENDED,
        });
    }
    all()
        .iter()
        .find(|entry| entry.facts.id == id)
        .ok_or_else(|| SettingsError::UnknownProvider { id: id.to_owned() })
}
