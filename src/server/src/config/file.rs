//! The configuration file as it is written: types and names, nothing resolved yet.

use std::{collections::BTreeMap, path::Path};

use kassa_checkout::{BankId, selection::OptionName};
use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use super::problem::{ConfigError, ConfigFault, Faults};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) public_url: Spanned<String>,
    pub(super) listen: Option<Spanned<String>>,
    pub(super) database: Spanned<String>,
    pub(super) database_password: Option<Spanned<String>>,
    pub(super) database_ca: Option<Spanned<String>>,
    pub(super) database_connections: Option<Spanned<usize>>,
    #[serde(default)]
    pub(super) behind_proxy: bool,
    pub(super) metrics_key: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) limits: LimitsTable,
    #[serde(default)]
    pub(super) shops: Vec<Spanned<ShopTable>>,
}

/// How often, at most.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsTable {
    pub(super) token_per_second: Option<u32>,
    pub(super) token_burst: Option<u32>,
    pub(super) address_per_second: Option<u32>,
    pub(super) address_burst: Option<u32>,
}

/// A shop.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShopTable {
    pub(super) id: Spanned<String>,
    pub(super) payee: Spanned<String>,
    pub(super) api_keys: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) origins: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) return_origins: Vec<Spanned<String>>,
    pub(super) reference_series: Option<Spanned<String>>,
    pub(super) expires_in: Option<Spanned<u64>>,
    pub(super) options: Option<Vec<OptionName>>,
    pub(super) banks: Option<Vec<Spanned<BankId>>>,
    #[serde(default)]
    pub(super) logos: BTreeMap<BankId, Spanned<String>>,
    #[serde(default)]
    pub(super) methods: Vec<MethodTable>,
    pub(super) webhook: Option<WebhookTable>,
    pub(super) vetuma: Option<Spanned<VetumaTable>>,
    /// In order of preference.
    #[serde(default)]
    pub(super) accounts: Vec<AccountTable>,
    /// What the accounts were before there could be several.
    pub(super) account: Option<Spanned<IgnoredAny>>,
}

/// Another method than banks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MethodTable {
    pub(super) code: Spanned<String>,
    pub(super) fi: String,
    pub(super) sv: String,
    pub(super) en: String,
}

/// Where the shop hears of its payments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    pub(super) url: Spanned<String>,
    pub(super) secrets: Spanned<Vec<Spanned<String>>>,
    pub(super) at_once: Option<Spanned<usize>>,
}

/// Software that was made for VETUMA and calls here instead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VetumaTable {
    pub(super) secrets: Spanned<Vec<Spanned<VetumaSecret>>>,
    pub(super) configurations: Spanned<Vec<String>>,
    pub(super) return_urls: Spanned<Vec<Spanned<String>>>,
    pub(super) version: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) banks: BTreeMap<String, Spanned<BankId>>,
}

/// A secret of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VetumaSecret {
    pub(super) secret: Spanned<String>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) until: Option<Spanned<String>>,
}

/// An account of the shop's at a provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTable {
    pub(super) provider: Spanned<String>,
    pub(super) secrets: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) callback_keys: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Spanned<toml::Value>>,
}

/// Reads a file's text.
pub(super) fn read(path: &Path, text: &str) -> Result<File, ConfigError> {
    let refuse = |fault| ConfigError {
        file: path.to_owned(),
        faults: vec![fault],
    };
    let deserializer = toml::Deserializer::parse(text)
        .map_err(|error| refuse(fault(text, String::new(), &error)))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let key = if path == "." { String::new() } else { path };
        refuse(fault(text, key, error.inner()))
    })
}

fn fault(text: &str, key: String, error: &toml::de::Error) -> ConfigFault {
    let mut faults = Faults::new(text);
    // A value that is not what was expected may be a secret in the wrong place: not repeated.
    let message = match error.message().split_once(", expected ") {
        Some((head, expected)) if head.starts_with("invalid") => {
            format!("wrong type or value: expected {expected}")
        }
        _ => error.message().to_owned(),
    };
    faults.at(error.span().map(|span| span.start), key, message);
    faults
        .into_found()
        .into_iter()
        .next()
        .unwrap_or(ConfigFault {
            line: None,
            key: String::new(),
            message: "unreadable".to_owned(),
        })
}
