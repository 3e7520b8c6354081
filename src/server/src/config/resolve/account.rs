//! A shop's tables `[[shops.accounts]]`: providers, their settings and keys.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use kassa_checkout::{
    message::{Algorithm, Purpose},
    provider::Provider,
};
use kassa_keys::{HmacSha512Key, KeyError, Keyring, ProviderKey, RsaSha256Key, RsaSha256PublicKey};
use kassa_providers::{
    Settings,
    registry::{self, Entry},
};
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{
    super::{file::AccountTable, secret},
    PUBLISHED, Resolver,
};
use crate::shop::Account;

impl Resolver<'_> {
    /// `None` only together with a fault.
    pub(super) fn accounts(
        &mut self,
        at: &str,
        shop: &Spanned<String>,
        single: Option<&Spanned<IgnoredAny>>,
        tables: Vec<AccountTable>,
    ) -> Option<Vec<Account>> {
        if let Some(single) = single {
            let message = "expected a list: write [[shops.accounts]] for [shops.account], and \
                           [shops.accounts.settings] for its settings";
            self.refuse(&single.span(), format!("{at}.account"), message);
            return None;
        }
        if tables.is_empty() {
            let message = "expected at least one [[shops.accounts]], the preferred one first";
            self.refuse(&shop.span(), format!("{at}.accounts"), message);
            return None;
        }
        let mut accounts: Vec<Option<Account>> = Vec::new();
        let mut providers = BTreeSet::new();
        for (position, table) in tables.iter().enumerate() {
            let at = format!("{at}.accounts[{position}]");
            if !providers.insert(table.provider.get_ref()) {
                let message = "the shop has an account at this provider already: another one \
                               belongs to a shop of its own";
                self.refuse(&table.provider.span(), format!("{at}.provider"), message);
            }
            accounts.push(self.account(&at, shop.get_ref(), table));
        }
        accounts.into_iter().collect()
    }

    fn account(&mut self, at: &str, shop: &str, table: &AccountTable) -> Option<Account> {
        let built = self.provider(at, table);
        let key = format!("{at}.secrets");
        let texts = self.secrets(&key, &table.secrets)?;
        let (entry, provider) = built?;
        let mut keyring = Keyring::default();
        // The key that is added last signs, and the file names that one first.
        for (text, span) in texts.into_iter().rev() {
            if let Some(secret) = self.own_key(&key, entry, &text, &span, provider.as_ref()) {
                keyring.add(shop, entry.facts.id, Purpose::Payment, secret);
            }
        }
        self.callback_keys(at, shop, table, provider.as_ref(), &mut keyring);
        Some(Account {
            shop: shop.to_owned(),
            provider,
            keyring: Arc::new(keyring),
        })
    }

    /// A key that the account signs with.
    fn own_key(
        &mut self,
        key: &str,
        entry: &Entry,
        text: &str,
        span: &Range<usize>,
        provider: &dyn Provider,
    ) -> Option<ProviderKey> {
        let read = match entry.algorithm {
            Algorithm::RsaSha256 => RsaSha256Key::parse(text).map(ProviderKey::from),
            _ => HmacSha512Key::parse(text).map(ProviderKey::from),
        };
        self.usable(key, read, span, provider)
    }

    /// The keys that the provider signs its callbacks with, where they are not our own.
    fn callback_keys(
        &mut self,
        at: &str,
        shop: &str,
        table: &AccountTable,
        provider: &dyn Provider,
        keyring: &mut Keyring,
    ) {
        let key = format!("{at}.callback_keys");
        match (provider.notices(), table.callback_keys.first()) {
            (Some(_), None) => {
                let message = "expected the provider's public key: without it no callback is heard";
                self.refuse(&table.provider.span(), key, message);
                return;
            }
            (None, Some(reference)) => {
                let message = "this account verifies no callbacks with a key of the provider's";
                self.refuse(&reference.span(), key, message);
                return;
            }
            _ => {}
        }
        for reference in table.callback_keys.iter().rev() {
            let span = reference.span();
            let text = match secret::resolve(reference.get_ref(), self.folder) {
                Ok(text) => text,
                Err(message) => {
                    self.refuse(&span, key.clone(), message);
                    continue;
                }
            };
            let read = RsaSha256PublicKey::parse(&text).map(ProviderKey::from);
            if let Some(public) = self.usable(&key, read, &span, provider) {
                keyring.add(shop, provider.facts().id, Purpose::Callback, public);
            }
        }
    }

    /// A key that was read and is not one that everybody knows; in a sandbox it may be.
    fn usable(
        &mut self,
        key: &str,
        read: Result<ProviderKey, KeyError>,
        span: &Range<usize>,
        provider: &dyn Provider,
    ) -> Option<ProviderKey> {
        match read {
            Ok(known) if known.is_published_example() && !provider.is_sandbox() => {
                let message = match known {
                    ProviderKey::HmacSha512(_) => PUBLISHED,
                    _ => PUBLISHED_BY_PROVIDER,
                };
                self.refuse(span, key, message);
                None
            }
            Ok(usable) => Some(usable),
            Err(error) => {
                self.refuse(span, key, error.to_string());
                None
            }
        }
    }

    fn provider(
        &mut self,
        at: &str,
        table: &AccountTable,
    ) -> Option<(&'static Entry, Box<dyn Provider>)> {
        let settings = self.settings(at, table)?;
        let built = registry::find(table.provider.get_ref())
            .and_then(|entry| Ok((entry, entry.build(&settings)?)));
        match built {
            Ok(built) => Some(built),
            Err(error) => {
                let named = error
                    .key()
                    .and_then(|name| table.settings.get_key_value(name));
                let (key, span) = match named {
                    Some((name, value)) => (format!("{at}.settings.{name}"), value.span()),
                    None => (at.to_owned(), table.provider.span()),
                };
                self.refuse(&span, key, error.to_string());
                None
            }
        }
    }

    /// The account's settings; those that are confidential read from where they are. `None` when
    /// one of these cannot be read: what the provider says of the others would mislead.
    fn settings(&mut self, at: &str, table: &AccountTable) -> Option<Settings> {
        let confidential = registry::find(table.provider.get_ref())
            .map(|entry| entry.confidential)
            .unwrap_or_default();
        let mut settings = Settings::new();
        let mut unread = false;
        for (name, value) in &table.settings {
            let key = format!("{at}.settings.{name}");
            let Some(text) = setting(value.get_ref()) else {
                let message = "expected text, a whole number, true, false or a list of texts";
                self.refuse(&value.span(), key, message);
                continue;
            };
            if !confidential.contains(&name.as_str()) {
                settings.insert(name.clone(), text);
                continue;
            }
            match secret::resolve(&text, self.folder) {
                Ok(text) => {
                    settings.insert(name.clone(), text.as_str().to_owned());
                }
                Err(message) => {
                    unread = true;
                    self.refuse(&value.span(), key, message);
                }
            }
        }
        (!unread).then_some(settings)
    }
}

/// Why a key from a provider's documentation is refused.
const PUBLISHED_BY_PROVIDER: &str = "this is the example that OP's documentation prints, and anybody \
     can sign with it: it is for the sandbox only; make a key with `kassa keygen op`";

fn setting(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => items
            .iter()
            .map(|item| item.as_str())
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        _ => None,
    }
}
