//! The one list of providers: server, tests and tools iterate over it.

use kassa_checkout::provider::{Facts, Provider};

use crate::{
    ecommpay,
    settings::{Settings, SettingsError},
};

/// A provider that Kassa speaks to.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What is true of it whatever the account.
    pub facts: &'static Facts,
    /// The names of an account's settings.
    pub settings: &'static [&'static str],
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

static ALL: [Entry; 1] = [Entry {
    facts: &ecommpay::FACTS,
    settings: ecommpay::SETTINGS,
    example: &[
        ("project_id", "120"),
        ("other_methods", "card,paypal-wallet"),
    ],
    build: |settings| Ok(Box::new(ecommpay::Ecommpay::new(settings)?)),
}];

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
    all()
        .iter()
        .find(|entry| entry.facts.id == id)
        .ok_or_else(|| SettingsError::UnknownProvider { id: id.to_owned() })?
        .build(settings)
}
