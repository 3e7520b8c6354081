//! The configuration that is used without a file: the demo shop against the simulator, with
//! secrets that everybody knows. It serves this machine only.
//!
//! The shop is there twice, paid through ecommpay and paid through OP: its API key says which.

mod op;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use kassa_checkout::{Names, contract::Method, message::Purpose};
use kassa_keys::{
    ApiKeyHash, HmacSha512Key, KeyError, Keyring, Sha256SuffixKey, SharedSecrets, Validity,
    WebhookKey,
};
use kassa_providers::{Settings, SettingsError, vetuma::Profile};
use url::Url;

use super::{
    ApiKeys, Config, DEFAULT_LISTEN, Database, Limits, MetricsAccess, resolve::ALL_OPTIONS,
};
use crate::{
    shop::{Account, Shop, Shops, Webhook},
    vetuma::{Bridge, ReturnUrls},
};

/// The demo shop's API key.
const API_KEY: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";
/// The API key of the same shop where it is paid through OP.
const API_KEY_AT_OP: &str = "kassa_dev_op_0123456789abcdef0123456789abcdef";
/// The demo shop's webhook secret.
const WEBHOOK_SECRET: &str = "whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=";
/// The secret of VETUMA that public test suites print, and the customer configuration that they
/// call with it: they are the demo shop's too.
const VETUMA: (&str, &str) = (
    "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35",
    "TESTIASIAKAS1",
);
/// The same of the shop where it is paid through OP; invented.
const VETUMA_AT_OP: (&str, &str) = (
    "TESTIASIAKAS21-5B7C2E9D40A1F36288E4C0D97A1B53F6E2849C0D1735AF68B2E7904DC6A1385F",
    "TESTIASIAKAS2",
);
/// The simulator's secret.
const PROVIDER_SECRET: &str = "kassa-simulator-secret-for-development-only-0001";

/// The parts of the development configuration that can be chosen.
#[derive(Debug, Clone)]
pub struct Development {
    /// Where to listen; a loopback address.
    pub listen: SocketAddr,
    /// The folder of the database.
    pub data: PathBuf,
    /// The database, where it is none in that folder.
    pub database: Option<Database>,
    /// The simulator's address.
    pub simulator: String,
    /// The demo shop's address.
    pub shop: String,
    /// The address that browsers and the simulator reach the server at, where it is not the one
    /// that it listens at.
    pub public_url: Option<String>,
    /// Whether a bank is come to by the Gate rather than over the Payment Page.
    pub gate: bool,
}

impl Default for Development {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            data: PathBuf::from("var"),
            database: None,
            simulator: "http://127.0.0.1:8081".to_owned(),
            shop: "http://127.0.0.1:8082".to_owned(),
            public_url: None,
            gate: false,
        }
    }
}

impl Development {
    /// The configuration.
    ///
    /// # Errors
    /// What is wrong with the chosen parts, as a sentence that names the option.
    pub fn config(&self) -> Result<Config, String> {
        if !self.listen.ip().is_loopback() {
            return Err(format!(
                "--listen {}: the development configuration has published secrets and serves \
                 loopback addresses only; use --config for anything else",
                self.listen
            ));
        }
        let simulator = loopback("--simulator", &self.simulator)?;
        let shop_url = loopback("--shop", &self.shop)?;
        let public_url = match &self.public_url {
            Some(url) => loopback("--public-url", url)?
                .origin()
                .ascii_serialization(),
            None => format!("http://{}", self.listen),
        };
        let at_ecommpay = self.at_ecommpay("demo", &simulator);
        let mut shops = Shops::new();
        let mut api_keys = ApiKeys::default();
        for (id, key, account, methods, vetuma) in [
            ("demo", API_KEY, at_ecommpay, methods(), VETUMA),
            (
                "demo-op",
                API_KEY_AT_OP,
                at_op("demo-op", &simulator),
                Vec::new(),
                VETUMA_AT_OP,
            ),
        ] {
            let shop = account.and_then(|account| shop(id, &shop_url, account, methods, vetuma));
            let shop = shop.map_err(|error| error.to_string())?;
            let shop = Arc::new(shop);
            let hash = ApiKeyHash::of(key).map_err(|error| error.to_string())?;
            api_keys.add(&hash, Arc::clone(&shop));
            shops.insert(id.to_owned(), shop);
        }
        Ok(Config {
            public_url,
            listen: self.listen,
            database: self
                .database
                .clone()
                .unwrap_or_else(|| Database::Sqlite(self.data.join("kassa.db"))),
            development: true,
            behind_proxy: false,
            // Test suites are one address.
            limits: Limits {
                token_per_second: 50,
                token_burst: 500,
                address_per_second: 0,
                address_burst: 0,
            },
            metrics: MetricsAccess::Open,
            shops,
            api_keys,
        })
    }

    fn at_ecommpay(&self, shop: &str, simulator: &Url) -> Result<Account, Fault> {
        let page = simulator.join("/payment")?;
        let provider = provider(&page, simulator, self.gate)?;
        Ok(Account {
            shop: shop.to_owned(),
            keyring: Arc::new(keyring(shop, provider.facts().id)?),
            provider,
        })
    }
}

type Fault = Box<dyn std::error::Error>;

fn at_op(shop: &str, simulator: &Url) -> Result<Account, Fault> {
    Ok(Account {
        shop: shop.to_owned(),
        provider: op::provider(simulator)?,
        keyring: Arc::new(op::keyring(shop)?),
    })
}

fn shop(
    id: &str,
    url: &Url,
    account: Account,
    methods: Vec<Method>,
    vetuma: (&str, &str),
) -> Result<Shop, Fault> {
    let origin = url.origin().ascii_serialization();
    Ok(Shop {
        id: id.to_owned(),
        payee: "Metsän Puoti Oy".to_owned(),
        origins: vec![origin.clone()],
        return_origins: vec![origin],
        reference_series: "9".to_owned(),
        expires_in: super::resolve::DEFAULT_EXPIRES_IN,
        options: ALL_OPTIONS.to_vec(),
        banks: None,
        logos: std::collections::BTreeMap::new(),
        methods,
        webhook: Some(Webhook {
            url: url.join("/webhooks")?,
            keys: vec![WebhookKey::parse(WEBHOOK_SECRET)?],
            at_once: Webhook::AT_ONCE,
        }),
        vetuma: Some(bridge(vetuma)?),
        accounts: vec![account],
        offered: OnceLock::new(),
        leads_to: OnceLock::new(),
    })
}

fn provider(
    page: &Url,
    gate: &Url,
    by_gate: bool,
) -> Result<Box<dyn kassa_checkout::provider::Provider>, SettingsError> {
    let settings = Settings::from(
        [
            ("project_id", "120"),
            ("payment_page_url", page.as_str()),
            ("gate_url", gate.as_str()),
            (
                "bank_payments",
                if by_gate { "gate" } else { "payment_page" },
            ),
            ("other_methods", "card,mobilepay"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    kassa_providers::build("ecommpay", &settings)
}

/// Software under test may call from wherever it runs on this machine.
fn bridge((secret, configuration): (&str, &str)) -> Result<Bridge, Fault> {
    let mut secrets = SharedSecrets::default();
    let secret = Sha256SuffixKey::parse(secret)?;
    secrets.add(Purpose::Payment, secret, Validity::default())?;
    Ok(Bridge {
        secrets,
        configurations: vec![configuration.to_owned()],
        return_urls: ReturnUrls::Loopback,
        profile: Profile::V3,
        banks: std::collections::BTreeMap::new(),
    })
}

fn keyring(shop: &str, provider: &str) -> Result<Keyring, KeyError> {
    let mut keyring = Keyring::default();
    let key = HmacSha512Key::parse(PROVIDER_SECRET)?;
    keyring.add(shop, provider, Purpose::Payment, key);
    Ok(keyring)
}

fn methods() -> Vec<Method> {
    vec![
        Method {
            code: "card".to_owned(),
            names: Names {
                fi: "Kortti".to_owned(),
                sv: "Kort".to_owned(),
                en: "Card".to_owned(),
            },
        },
        Method {
            code: "mobilepay".to_owned(),
            names: Names::same("MobilePay"),
        },
    ]
}

fn loopback(option: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{option} {text}: {error}"))?;
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "http" && is_loopback {
        Ok(url)
    } else {
        Err(format!(
            "{option} {text}: expected http:// and a loopback address"
        ))
    }
}
