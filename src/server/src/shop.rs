//! A shop as the server knows it: what it permits, and the accounts that it is paid through.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kassa_checkout::{
    Bank, BankId, Selection,
    contract::Method,
    provider::{Banks, Choice, Provider},
    selection::OptionName,
};
use kassa_keys::{Keyring, WebhookKey};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{gateway, vetuma::Bridge};

/// A shop.
#[derive(Debug)]
pub struct Shop {
    /// Its identifier.
    pub id: String,
    /// Who is paid, as customers read it.
    pub payee: String,
    /// The origins whose pages may use the checkout API: `https://shop.example`.
    pub origins: Vec<String>,
    /// The origins that customers may be sent back to.
    pub return_origins: Vec<String>,
    /// The first digits of the references that are allotted.
    pub reference_series: String,
    /// How long an offer to pay stands when the shop does not say, in seconds.
    pub expires_in: u64,
    /// The ways to a bank that are permitted.
    pub options: Vec<OptionName>,
    /// The banks that are permitted; all of its providers' when there is no list.
    pub banks: Option<Vec<BankId>>,
    /// Logos that the shop brings for banks; letters on a hue stand in for the others.
    pub logos: BTreeMap<BankId, Url>,
    /// The other methods that are shown where a way shows any.
    pub methods: Vec<Method>,
    /// Where the shop hears of its payments.
    pub webhook: Option<Webhook>,
    /// The accounts that it is paid through, the preferred one first; never none, and never two at
    /// one provider.
    pub accounts: Vec<Account>,
    /// What software that was made for VETUMA may call, if any is answered.
    pub vetuma: Option<Bridge>,
    /// The banks that may be offered, once they were put together.
    pub offered: OnceLock<Vec<Bank>>,
    /// Where the forms of its customers' pages lead, once that was found out.
    pub leads_to: OnceLock<Vec<String>>,
}

/// Where a shop hears of its payments.
#[derive(Debug)]
pub struct Webhook {
    /// The address.
    pub url: Url,
    /// The keys; the first signs, and so do the others while a key is being changed.
    pub keys: Vec<WebhookKey>,
    /// How many messages are on their way at once, from one server.
    pub at_once: usize,
}

impl Webhook {
    /// How many messages are on their way at once where the configuration does not say.
    pub const AT_ONCE: usize = 8;

    /// A digest of the address, which what is known of the endpoint is kept under: an address
    /// may hold a secret, and another address is another endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.url.as_str()))
    }
}

/// A shop's account at a provider: the protocol and the keys to it.
///
/// A shop has one at a provider at most, so that shop and provider together name it: in the
/// addresses of callbacks, in what is kept of an attempt, among the keys.
pub struct Account {
    /// The shop's identifier.
    pub shop: String,
    /// The protocol, configured.
    pub provider: Box<dyn Provider>,
    /// All keys; the account's own are found by the shop.
    pub keyring: Arc<Keyring>,
}

impl Account {
    /// The provider's name in configuration, addresses and records: within the shop, the account's.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.provider.facts().id
    }

    /// Whoever signs and verifies for it.
    #[must_use]
    pub fn keys(&self) -> kassa_keys::Account<'_> {
        self.keyring.account(&self.shop, self.id())
    }

    /// The banks that it offers as far as is known without asking, in the provider's order.
    #[must_use]
    pub fn known_banks(&self) -> Vec<Bank> {
        let banks = self.provider.banks();
        banks.map(Banks::fallback).unwrap_or_default()
    }

    /// Whether a call of ours begins payments with its banks.
    fn takes_calls(&self) -> bool {
        let bank = self.known_banks().into_iter().next();
        bank.is_some_and(|bank| {
            let choice = Choice::Bank(bank.id);
            gateway::begins_by_call(self, &choice).is_ok_and(|by_call| by_call)
        })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("shop", &self.shop)
            .field("provider", &self.id())
            .finish_non_exhaustive()
    }
}

/// The shops, by their identifiers.
pub type Shops = BTreeMap<String, Arc<Shop>>;

/// The account of a shop at a provider; none where the configuration has it no more.
#[must_use]
pub fn account_of<'a>(shops: &'a Shops, shop: &str, provider: &str) -> Option<&'a Account> {
    shops.get(shop)?.account(provider)
}

#[cfg(test)]
impl Shop {
    /// A shop of the tests that shows nothing, with an account at each provider, in this order.
    pub(crate) fn paid_at(providers: &[&str]) -> Self {
        let account = |provider: &&str| {
            let entry = kassa_providers::registry::find(provider).unwrap();
            Account {
                shop: "demo".to_owned(),
                provider: entry.build(&entry.example_settings()).unwrap(),
                keyring: Arc::new(Keyring::default()),
            }
        };
        Self {
            id: "demo".to_owned(),
            payee: "Demo".to_owned(),
            origins: Vec::new(),
            return_origins: Vec::new(),
            reference_series: "9".to_owned(),
            expires_in: 60,
            options: Vec::new(),
            banks: None,
            logos: BTreeMap::new(),
            methods: Vec::new(),
            webhook: None,
            vetuma: None,
            accounts: providers.iter().map(account).collect(),
            offered: OnceLock::new(),
            leads_to: OnceLock::new(),
        }
    }
}

impl Shop {
    /// The shop's account at a provider.
    #[must_use]
    pub fn account(&self, provider: &str) -> Option<&Account> {
        let mut accounts = self.accounts.iter();
        accounts.find(|account| account.id() == provider)
    }

    /// The banks that may be offered at all, each once: those of the preferred account in its
    /// order, then what the others add.
    #[must_use]
    pub fn all_banks(&self) -> &[Bank] {
        self.offered.get_or_init(|| {
            let mut offered: Vec<Bank> = Vec::new();
            for bank in self.accounts.iter().flat_map(Account::known_banks) {
                let is_new = offered.iter().all(|known| known.id != bank.id);
                offered.extend(self.shown(&bank).filter(|_| is_new));
            }
            offered
        })
    }

    /// A provider's bank as the shop shows it; none that the shop does not permit.
    #[must_use]
    pub fn shown(&self, bank: &Bank) -> Option<Bank> {
        let permitted = self.banks.as_ref();
        let is_permitted = permitted.is_none_or(|banks| banks.contains(&bank.id));
        is_permitted.then(|| Bank {
            logo: self.logos.get(&bank.id).map(Url::to_string),
            ..bank.clone()
        })
    }

    /// A bank that may be offered.
    #[must_use]
    pub fn bank(&self, id: &BankId) -> Option<&Bank> {
        self.all_banks().iter().find(|bank| bank.id == *id)
    }

    /// The banks that a selection offers: those that it names in its order, else all.
    #[must_use]
    pub fn banks_for(&self, selection: &Selection) -> Vec<&Bank> {
        match selection.named_banks() {
            None => self.all_banks().iter().collect(),
            Some(named) => named.iter().filter_map(|id| self.bank(id)).collect(),
        }
    }

    /// The other methods that a selection shows.
    #[must_use]
    pub fn methods_for(&self, selection: &Selection) -> Vec<Method> {
        if selection.shows_methods() {
            self.methods.clone()
        } else {
            Vec::new()
        }
    }

    /// Where the forms of its customers' pages lead in the end, as sources of a content security
    /// policy: the pages of its providers.
    #[must_use]
    pub fn leads_to(&self) -> &[String] {
        self.leads_to.get_or_init(|| {
            let accounts = || self.accounts.iter();
            let mut pages: Vec<_> = accounts().filter_map(gateway::page_origin).collect();
            // Where our own call begins a payment, only its answer says which bank's page comes.
            if accounts().any(Account::takes_calls) {
                pages.push("https:".to_owned());
            }
            sorted(pages)
        })
    }

    /// The origins that its logos come from.
    #[must_use]
    pub fn logo_origins(&self) -> Vec<String> {
        let logos = self.logos.values();
        sorted(
            logos
                .map(|url| url.origin().ascii_serialization())
                .collect(),
        )
    }

    /// Whether a page of this origin may use the checkout API.
    #[must_use]
    pub fn permits_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|permitted| permitted == origin)
    }

    /// Whether a customer may be sent back there.
    #[must_use]
    pub fn permits_return(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.return_origins.contains(&origin)
    }
}

fn sorted(mut origins: Vec<String>) -> Vec<String> {
    origins.sort();
    origins.dedup();
    origins
}
