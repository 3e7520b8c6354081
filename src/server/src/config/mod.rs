//! The configuration: one TOML file, secrets by reference, or the development configuration.

mod database;
mod development;
mod file;
mod problem;
mod resolve;
mod secret;

use std::{
    collections::HashMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use kassa_keys::ApiKeyHash;

pub use database::{Database, DatabaseFlags, PostgresAddress, PostgresHost, PostgresTls};
pub use development::Development;
pub use problem::{ConfigError, ConfigFault};
pub use secret::{SecretPlace, resolve as read_secret};

use crate::shop::{Shop, Shops};

/// Where the server listens when nothing is said.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// A configuration that can be used.
#[derive(Debug)]
pub struct Config {
    /// The address that browsers and providers reach the server at, without a slash at its end.
    pub public_url: String,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where payments are kept.
    pub database: Database,
    /// Whether it is the development configuration, with its published secrets.
    pub development: bool,
    /// Whether a proxy in front of the server tells the customer's address.
    pub behind_proxy: bool,
    /// How often, at most.
    pub limits: Limits,
    /// Who may read the figures.
    pub metrics: MetricsAccess,
    /// The shops.
    pub shops: Shops,
    /// The shops' API keys.
    pub api_keys: ApiKeys,
}

/// How often customers may ask. A rate of 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second for one checkout token.
    pub token_per_second: u32,
    /// How many of them may come at once.
    pub token_burst: u32,
    /// Requests a second from one address.
    pub address_per_second: u32,
    /// How many of them may come at once.
    pub address_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_per_second: 5,
            token_burst: 60,
            address_per_second: 20,
            address_burst: 300,
        }
    }
}

/// Where a shop's webhook secrets are, as its configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookSecrets {
    /// No shop has this identifier.
    UnknownShop,
    /// The shop has no webhook.
    NoWebhook,
    /// In these places, the first of which signs.
    At(Vec<SecretPlace>),
}

impl WebhookSecrets {
    /// Reads from a configuration file where a shop's webhook secrets are, and none of them.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path, shop: &str) -> Result<Self, ConfigError> {
        resolve::webhook_secrets(path, &text_of(path)?, shop)
    }
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError {
        file: path.to_owned(),
        faults: vec![ConfigFault {
            line: None,
            key: String::new(),
            message: format!("cannot be read: {}", error.kind()),
        }],
    })
}

/// Who may read the figures of `/metrics`.
#[derive(Debug)]
pub enum MetricsAccess {
    /// Nobody.
    Closed,
    /// Whoever has this key.
    Key(ApiKeyHash),
    /// Everybody who reaches the server: in development, where that is only this machine.
    Open,
}

/// The shops' API keys: the hashes alone.
#[derive(Default)]
pub struct ApiKeys {
    by_hash: HashMap<String, Arc<Shop>>,
}

impl ApiKeys {
    /// The shop that has this key.
    #[must_use]
    pub fn shop_of(&self, key: &str) -> Option<Arc<Shop>> {
        // The time of a look-up by hash tells nothing about a key.
        let hash = ApiKeyHash::of(key).ok()?.to_hex();
        self.by_hash.get(&hash).cloned()
    }

    fn add(&mut self, hash: &ApiKeyHash, shop: Arc<Shop>) {
        self.by_hash.insert(hash.to_hex(), shop);
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeys({})", self.by_hash.len())
    }
}

impl Config {
    /// Reads a configuration file and all that it refers to.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong: file, line, key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        resolve::resolve(path, &text_of(path)?)
    }

    /// Reads from a configuration file only where its database is: no secret but the database's
    /// password, so that who may read the payments need not be able to read the others.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read_database(path: &Path) -> Result<Database, ConfigError> {
        resolve::database(path, &text_of(path)?)
    }

    /// The address that the server listens at, as an address to open.
    #[must_use]
    pub fn listening_url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Whether browsers reach the server by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https:")
    }

    /// The origin of the public address.
    #[must_use]
    pub fn public_origin(&self) -> &str {
        // The public address is an origin and nothing more; it was checked when it was read.
        &self.public_url
    }
}
