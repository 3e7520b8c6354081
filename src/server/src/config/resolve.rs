//! From the file as it is written to a configuration that can be used.

mod account;
mod database;
mod shop;
mod vetuma;
mod webhook;

use std::{net::SocketAddr, ops::Range, path::Path, sync::Arc};

use kassa_checkout::selection::OptionName;
use kassa_keys::ApiKeyHash;
use toml::Spanned;
use url::Url;

use super::{
    ApiKeys, Config, ConfigError, DEFAULT_LISTEN, Database, Limits, MetricsAccess,
    file::{self, File, LimitsTable},
    problem::Faults,
    secret,
};
use crate::shop::Shops;

pub(super) use webhook::webhook_secrets;

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
    resolved(path, text, |resolver, file| resolver.config(file))
}

/// Reads from a file's text only where the database is.
pub(super) fn database(path: &Path, text: &str) -> Result<Database, ConfigError> {
    resolved(path, text, |resolver, file| resolver.database(&file))
}

fn resolved<T>(
    path: &Path,
    text: &str,
    read: impl FnOnce(&mut Resolver<'_>, File) -> Option<T>,
) -> Result<T, ConfigError> {
    let file = file::read(path, text)?;
    let mut resolver = Resolver {
        faults: Faults::new(text),
        folder: path.parent().unwrap_or(Path::new("")),
    };
    let found = read(&mut resolver, file);
    let faults = resolver.faults.into_found();
    match found {
        Some(found) if faults.is_empty() => Ok(found),
        _ => Err(ConfigError {
            file: path.to_owned(),
            faults,
        }),
    }
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
}

/// Why a secret of the development configuration is refused.
const PUBLISHED: &str =
    "this is a published secret of the development configuration: make a new one";

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
