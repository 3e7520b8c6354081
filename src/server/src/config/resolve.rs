//! From the file as it is written to a configuration that can be used.

mod database;
mod vetuma;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    ops::Range,
    path::Path,
    sync::{Arc, OnceLock},
};

use kassa_checkout::{
    BankId, Names,
    contract::Method,
    message::{Algorithm, Purpose},
    provider::{Choice, Provider},
    selection::OptionName,
};
use kassa_keys::{
    ApiKeyHash, HmacSha512Key, KeyError, Keyring, ProviderKey, RsaSha256Key, RsaSha256PublicKey,
    WebhookKey,
};
use kassa_providers::{
    Settings,
    registry::{self, Entry},
};
use serde::de::IgnoredAny;
use toml::Spanned;
use url::Url;

use super::{
    ApiKeys, Config, ConfigError, DEFAULT_LISTEN, Database, Limits, MetricsAccess, SecretPlace,
    WebhookSecrets,
    file::{self, AccountTable, File, LimitsTable, MethodTable, ShopTable, WebhookTable},
    problem::Faults,
    secret,
};
use crate::{
    gateway,
    network::is_public_host,
    shop::{Account, Shop, Shops, Webhook},
};

/// How long an offer stands when neither shop nor file says, in seconds: a day.
pub(super) const DEFAULT_EXPIRES_IN: u64 = 24 * 60 * 60;

/// Every way to a bank.
pub(super) const ALL_OPTIONS: [OptionName; 6] = [
    OptionName::MethodThenBank,
    OptionName::BanksAmongMethods,
    OptionName::BanksInGroup,
    OptionName::AllBanks,
    OptionName::NamedBanks,
    OptionName::SingleBank,
];

/// Reads a file's text and all that it refers to.
pub(super) fn resolve(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let file = file::read(path, text)?;
    let mut resolver = Resolver {
        faults: Faults::new(text),
        folder: path.parent().unwrap_or(Path::new("")),
    };
    let config = resolver.config(file);
    let faults = resolver.faults.into_found();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(ConfigError {
            file: path.to_owned(),
            faults,
        }),
    }
}

/// Reads from a file's text only where the database is.
pub(super) fn database(path: &Path, text: &str) -> Result<Database, ConfigError> {
    let file = file::read(path, text)?;
    let mut resolver = Resolver {
        faults: Faults::new(text),
        folder: path.parent().unwrap_or(Path::new("")),
    };
    let database = resolver.database(&file);
    let faults = resolver.faults.into_found();
    match database {
        Some(database) if faults.is_empty() => Ok(database),
        _ => Err(ConfigError {
            file: path.to_owned(),
            faults,
        }),
    }
}

/// Reads from a file's text only where a shop's webhook secrets are.
pub(super) fn webhook_secrets(
    path: &Path,
    text: &str,
    shop: &str,
) -> Result<WebhookSecrets, ConfigError> {
    let file = file::read(path, text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut shops = file.shops.into_iter().map(Spanned::into_inner).enumerate();
    let Some((position, table)) = shops.find(|(_, table)| table.id.get_ref() == shop) else {
        return Ok(WebhookSecrets::UnknownShop);
    };
    let Some(webhook) = table.webhook else {
        return Ok(WebhookSecrets::NoWebhook);
    };
    let mut faults = Faults::new(text);
    let mut places = Vec::new();
    for reference in webhook.secrets.get_ref() {
        match SecretPlace::parse(reference.get_ref(), folder) {
            Ok(place) => places.push(place),
            Err(message) => faults.at(
                Some(reference.span().start),
                format!("shops[{position}].webhook.secrets"),
                message,
            ),
        }
    }
    let faults = faults.into_found();
    if faults.is_empty() {
        return Ok(WebhookSecrets::At(places));
    }
    Err(ConfigError {
        file: path.to_owned(),
        faults,
    })
}

struct Resolver<'a> {
    faults: Faults<'a>,
    folder: &'a Path,
}

impl Resolver<'_> {
    fn refuse(&mut self, span: &Range<usize>, key: impl Into<String>, message: impl Into<String>) {
        self.faults.at(Some(span.start), key, message);
    }

    /// `None` only together with a fault. Goes on after one, to find all of them.
    fn config(&mut self, file: File) -> Option<Config> {
        let public_url = self.public_url(&file.public_url);
        let listen = self.listen(file.listen.as_ref());
        let database = self.database(&file);
        let metrics = self.metrics(file.metrics_key.as_ref());
        let mut shops = Shops::new();
        let mut api_keys = ApiKeys::default();
        if file.shops.is_empty() {
            self.faults
                .at(None, "shops", "expected at least one [[shops]]");
        }
        for (position, table) in file.shops.into_iter().enumerate() {
            let at = format!("shops[{position}]");
            let id_span = table.get_ref().id.span();
            let Some((shop, hashes)) = self.shop(&at, table.into_inner()) else {
                continue;
            };
            let shop = Arc::new(shop);
            for hash in hashes {
                api_keys.add(&hash, Arc::clone(&shop));
            }
            self.check_secret_names(&id_span, &at, &shop, &shops);
            if shops.insert(shop.id.clone(), shop).is_some() {
                self.refuse(&id_span, format!("{at}.id"), "another shop has the same id");
            }
        }
        Some(Config {
            public_url: public_url?,
            listen: listen?,
            database: database?,
            development: false,
            behind_proxy: file.behind_proxy,
            limits: limits(&file.limits),
            metrics: metrics?,
            shops,
            api_keys,
        })
    }

    fn public_url(&mut self, text: &Spanned<String>) -> Option<String> {
        let span = text.span();
        let origin = self.origin(&span, "public_url", text.get_ref())?;
        if origin.trim_end_matches('/') == text.get_ref().trim_end_matches('/') {
            return Some(origin);
        }
        self.refuse(
            &span,
            "public_url",
            "expected an origin without a path: https://pay.example",
        );
        None
    }

    /// An origin as browsers write it; https, except on this machine.
    fn origin(&mut self, span: &Range<usize>, key: &str, text: &str) -> Option<String> {
        let url = self.url(span, key, text)?;
        Some(url.origin().ascii_serialization())
    }

    fn url(&mut self, span: &Range<usize>, key: &str, text: &str) -> Option<Url> {
        let Ok(url) = Url::parse(text) else {
            self.refuse(
                span,
                key,
                "expected an address such as https://shop.example",
            );
            return None;
        };
        let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if url.scheme() == "https" || (url.scheme() == "http" && local) {
            return Some(url);
        }
        self.refuse(
            span,
            key,
            "expected https (plain http only for a loopback address)",
        );
        None
    }

    fn listen(&mut self, text: Option<&Spanned<String>>) -> Option<SocketAddr> {
        let Some(text) = text else {
            return Some(DEFAULT_LISTEN);
        };
        let listen = text.get_ref().parse().ok();
        if listen.is_none() {
            self.refuse(
                &text.span(),
                "listen",
                "expected ADDRESS:PORT, such as 127.0.0.1:8080",
            );
        }
        listen
    }

    fn metrics(&mut self, hash: Option<&Spanned<String>>) -> Option<MetricsAccess> {
        match hash {
            None => Some(MetricsAccess::Closed),
            Some(text) => self.hash("metrics_key", text).map(MetricsAccess::Key),
        }
    }

    fn hash(&mut self, key: &str, text: &Spanned<String>) -> Option<ApiKeyHash> {
        let hash = match ApiKeyHash::from_hex(text.get_ref()) {
            Ok(hash) => hash,
            Err(error) => {
                let message = format!("{error}: expected the hash that `kassa keys new` prints");
                self.refuse(&text.span(), key, message);
                return None;
            }
        };
        if hash.is_published_example() {
            self.refuse(&text.span(), key, PUBLISHED);
            return None;
        }
        Some(hash)
    }

    fn shop(&mut self, at: &str, table: ShopTable) -> Option<(Shop, Vec<ApiKeyHash>)> {
        let id = self.shop_id(at, &table.id);
        let payee = table.payee.get_ref().trim().to_owned();
        if payee.is_empty() || payee.chars().count() > 100 {
            self.refuse(
                &table.payee.span(),
                format!("{at}.payee"),
                "expected 1 to 100 characters",
            );
        }
        let hashes = self.api_keys(at, &table.api_keys);
        let origins = self.origins(&format!("{at}.origins"), &table.origins);
        let mut return_origins =
            self.origins(&format!("{at}.return_origins"), &table.return_origins);
        if return_origins.is_empty() {
            return_origins.clone_from(&origins);
        }
        if table.origins.is_empty() && table.return_origins.is_empty() {
            self.refuse(
                &table.id.span(),
                format!("{at}.return_origins"),
                "expected at least one of origins and return_origins: customers have to come back",
            );
        }
        let webhook = match table.webhook {
            None => Some(None),
            Some(webhook) => self.webhook(at, &webhook).map(Some),
        };
        // One that is wrong was told of already.
        let has_webhook = !matches!(webhook, Some(None));
        let series = self.series(at, table.reference_series.as_ref());
        let expires_in = self.expires_in(at, table.expires_in.as_ref());
        let accounts = self.accounts(at, &table.id, table.account.as_ref(), table.accounts);
        let accounts_known = accounts.as_deref();
        let banks = self.banks(at, table.banks, accounts_known);
        let logos = self.logos(at, &table.logos, accounts_known);
        self.check_methods(at, &table.methods, accounts_known);
        let vetuma = match table.vetuma {
            None => Some(None),
            Some(vetuma) => self
                .vetuma(at, &vetuma, has_webhook, accounts_known)
                .map(Some),
        };
        let shop = Shop {
            id: id?,
            payee,
            origins,
            return_origins,
            reference_series: series?,
            expires_in: expires_in?,
            options: table.options.unwrap_or_else(|| ALL_OPTIONS.to_vec()),
            banks: banks?,
            logos,
            methods: table.methods.into_iter().map(method).collect(),
            webhook: webhook?,
            vetuma: vetuma?,
            accounts: accounts?,
            offered: OnceLock::new(),
            leads_to: OnceLock::new(),
        };
        Some((shop, hashes))
    }

    fn shop_id(&mut self, at: &str, id: &Spanned<String>) -> Option<String> {
        let text = id.get_ref();
        let fits = (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits {
            return Some(text.clone());
        }
        let message = "expected 1 to 40 characters of a-z, 0-9 and hyphen";
        self.refuse(&id.span(), format!("{at}.id"), message);
        None
    }

    fn api_keys(&mut self, at: &str, keys: &Spanned<Vec<Spanned<String>>>) -> Vec<ApiKeyHash> {
        let key = format!("{at}.api_keys");
        if keys.get_ref().is_empty() {
            self.refuse(&keys.span(), key.clone(), "expected at least one hash");
        }
        keys.get_ref()
            .iter()
            .filter_map(|hash| self.hash(&key, hash))
            .collect()
    }

    fn origins(&mut self, key: &str, origins: &[Spanned<String>]) -> Vec<String> {
        origins
            .iter()
            .filter_map(|text| {
                let origin = self.origin(&text.span(), key, text.get_ref())?;
                if origin == *text.get_ref() {
                    return Some(origin);
                }
                self.refuse(&text.span(), key, format!("expected an origin: {origin}"));
                None
            })
            .collect()
    }

    fn webhook(&mut self, at: &str, table: &WebhookTable) -> Option<Webhook> {
        let url = self.webhook_url(at, &table.url);
        let key = format!("{at}.webhook.secrets");
        let texts = self.secrets(&key, &table.secrets)?;
        let mut keys = Vec::new();
        // A file may hold several, one a line, so that a new one can be put before the old.
        let texts = texts.iter().flat_map(|(text, span)| {
            let lines = text.split('\n');
            lines.map(move |line| (line.strip_suffix('\r').unwrap_or(line), span))
        });
        for (text, span) in texts {
            match WebhookKey::parse(text) {
                Ok(secret) if secret.is_published_example() => self.refuse(span, &key, PUBLISHED),
                Ok(secret) => keys.push(secret),
                Err(error) => self.refuse(span, &key, error.to_string()),
            }
        }
        Some(Webhook { url: url?, keys })
    }

    /// Deliveries go to public addresses over https only, so any other is a mistake to tell now.
    fn webhook_url(&mut self, at: &str, text: &Spanned<String>) -> Option<Url> {
        let (span, key) = (text.span(), format!("{at}.webhook.url"));
        let url = self.url(&span, &key, text.get_ref())?;
        if url.scheme() == "https" && is_public_host(&url) {
            return Some(url);
        }
        self.refuse(
            &span,
            key,
            "expected an https address outside of this machine and its network",
        );
        None
    }

    /// The secrets behind a list of references, with the place of each.
    fn secrets(
        &mut self,
        key: &str,
        references: &Spanned<Vec<Spanned<String>>>,
    ) -> Option<Vec<(zeroize::Zeroizing<String>, Range<usize>)>> {
        if references.get_ref().is_empty() {
            self.refuse(&references.span(), key, "expected at least one reference");
            return None;
        }
        let mut secrets = Vec::new();
        for reference in references.get_ref() {
            match secret::resolve(reference.get_ref(), self.folder) {
                Ok(text) => secrets.push((text, reference.span())),
                Err(message) => self.refuse(&reference.span(), key, message),
            }
        }
        Some(secrets)
    }

    fn series(&mut self, at: &str, series: Option<&Spanned<String>>) -> Option<String> {
        let Some(series) = series else {
            return Some("9".to_owned());
        };
        let digits = series.get_ref();
        // Eight digits and a check digit follow; a reference has twenty at most.
        let fits = (1..=11).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if fits {
            return Some(digits.clone());
        }
        let message = "expected 1 to 11 digits, the first not 0";
        self.refuse(&series.span(), format!("{at}.reference_series"), message);
        None
    }

    fn expires_in(&mut self, at: &str, seconds: Option<&Spanned<u64>>) -> Option<u64> {
        match seconds {
            None => Some(DEFAULT_EXPIRES_IN),
            Some(seconds) if (60..=2_592_000).contains(seconds.get_ref()) => {
                Some(*seconds.get_ref())
            }
            Some(seconds) => {
                let message = "expected 60 to 2592000 seconds";
                self.refuse(&seconds.span(), format!("{at}.expires_in"), message);
                None
            }
        }
    }

    /// `None` only together with a fault.
    fn accounts(
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

    fn check_methods(&mut self, at: &str, methods: &[MethodTable], accounts: Option<&[Account]>) {
        let Some(accounts) = accounts else {
            return;
        };
        for method in methods {
            let code = method.code.get_ref();
            let choice = Choice::Method(code.clone());
            let knows = |account| gateway::begins_by_call(account, &choice).is_ok();
            if !accounts.iter().any(knows) {
                let message = format!("none of the shop's accounts has a method {code}");
                self.refuse(&method.code.span(), format!("{at}.methods"), message);
            }
        }
    }

    fn banks(
        &mut self,
        at: &str,
        banks: Option<Vec<Spanned<BankId>>>,
        accounts: Option<&[Account]>,
    ) -> Option<Option<Vec<BankId>>> {
        let Some(banks) = banks else {
            return Some(None);
        };
        let accounts = accounts?;
        for bank in &banks {
            self.check_bank(
                &format!("{at}.banks"),
                bank.get_ref(),
                &bank.span(),
                accounts,
            );
        }
        Some(Some(banks.into_iter().map(Spanned::into_inner).collect()))
    }

    /// Pages show the logos, so they come by https, from wherever the shop keeps them.
    fn logos(
        &mut self,
        at: &str,
        logos: &BTreeMap<BankId, Spanned<String>>,
        accounts: Option<&[Account]>,
    ) -> BTreeMap<BankId, Url> {
        let mut found = BTreeMap::new();
        for (bank, text) in logos {
            let key = format!("{at}.logos.{bank}");
            if let Some(accounts) = accounts {
                self.check_bank(&key, bank, &text.span(), accounts);
            }
            if let Some(url) = self.url(&text.span(), &key, text.get_ref()) {
                found.insert(bank.clone(), url);
            }
        }
        found
    }

    fn check_bank(&mut self, key: &str, bank: &BankId, span: &Range<usize>, accounts: &[Account]) {
        let mut offered = accounts.iter().flat_map(Account::known_banks);
        if !offered.any(|offer| offer.id == *bank) {
            let message = format!("none of the shop's accounts offers {bank}");
            self.refuse(span, key, message);
        }
    }
}

/// Why a secret of the development configuration is refused.
const PUBLISHED: &str =
    "this is a published secret of the development configuration: make a new one";

/// Why a key from a provider's documentation is refused.
const PUBLISHED_BY_PROVIDER: &str = "this is the example that OP's documentation prints, and anybody \
     can sign with it: it is for the sandbox only; make a key with `kassa keygen op`";

fn limits(table: &LimitsTable) -> Limits {
    let default = Limits::default();
    Limits {
        token_per_second: table.token_per_second.unwrap_or(default.token_per_second),
        token_burst: table.token_burst.unwrap_or(default.token_burst),
        address_per_second: table
            .address_per_second
            .unwrap_or(default.address_per_second),
        address_burst: table.address_burst.unwrap_or(default.address_burst),
    }
}

fn method(table: MethodTable) -> Method {
    Method {
        code: table.code.into_inner(),
        names: Names {
            fi: table.fi,
            sv: table.sv,
            en: table.en,
        },
    }
}

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
