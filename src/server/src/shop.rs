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
    provider::{Banks, Provider},
    selection::OptionName,
};
use kassa_keys::{Keyring, WebhookKey};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::vetuma::Bridge;

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
    /// The banks that are permitted; all of the provider's when there is no list.
    pub banks: Option<Vec<BankId>>,
    /// Logos that the shop brings for banks; letters on a hue stand in for the others.
    pub logos: BTreeMap<BankId, Url>,
    /// The other methods that are shown where a way shows any.
    pub methods: Vec<Method>,
    /// Where the shop hears of its payments.
    pub webhook: Option<Webhook>,
    /// The account that it is paid through.
    pub account: Account,
    /// What software that was made for VETUMA may call, if any is answered.
    pub vetuma: Option<Bridge>,
    /// The banks that may be offered, once they were put together.
    pub offered: OnceLock<Vec<Bank>>,
}

/// Where a shop hears of its payments.
#[derive(Debug)]
pub struct Webhook {
    /// The address.
    pub url: Url,
    /// The keys; the first signs, and so do the others while a key is being changed.
    pub keys: Vec<WebhookKey>,
}

impl Webhook {
    /// A digest of the address, which what is known of the endpoint is kept under: an address
    /// may hold a secret, and another address is another endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.url.as_str()))
    }
}

/// An account at a provider: the protocol and the keys to it.
pub struct Account {
    /// The protocol, configured.
    pub provider: Box<dyn Provider>,
    /// All keys; the account's own are found by the shop.
    pub keyring: Arc<Keyring>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("provider", &self.provider.facts().id)
            .finish_non_exhaustive()
    }
}

/// The shops, by their identifiers.
pub type Shops = BTreeMap<String, Arc<Shop>>;

impl Shop {
    /// Whoever signs and verifies for the shop's account.
    #[must_use]
    pub fn keys(&self) -> kassa_keys::Account<'_> {
        let provider = self.account.provider.facts().id;
        self.account.keyring.account(&self.id, provider)
    }

    /// The banks that may be offered at all, in the provider's order.
    #[must_use]
    pub fn all_banks(&self) -> &[Bank] {
        self.offered.get_or_init(|| {
            let banks = self.account.provider.banks();
            let mut banks = banks.map(Banks::fallback).unwrap_or_default();
            if let Some(permitted) = &self.banks {
                banks.retain(|bank| permitted.contains(&bank.id));
            }
            for bank in &mut banks {
                bank.logo = self.logos.get(&bank.id).map(Url::to_string);
            }
            banks
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
        let named: &[BankId] = match selection {
            Selection::NamedBanks(named) => named.as_slice(),
            Selection::SingleBank(bank) => std::slice::from_ref(bank),
            _ => return self.all_banks().iter().collect(),
        };
        named.iter().filter_map(|id| self.bank(id)).collect()
    }

    /// Those of a provider's list that a selection offers, as [`Self::banks_for`] does.
    #[must_use]
    pub fn banks_among(&self, live: &[Bank], selection: &Selection) -> Vec<Bank> {
        let permitted = |id: &BankId| self.banks.as_ref().is_none_or(|banks| banks.contains(id));
        let shown = |bank: &Bank| Bank {
            logo: self.logos.get(&bank.id).map(Url::to_string),
            ..bank.clone()
        };
        let offered = live.iter().filter(|bank| permitted(&bank.id));
        let named: &[BankId] = match selection {
            Selection::NamedBanks(named) => named.as_slice(),
            Selection::SingleBank(bank) => std::slice::from_ref(bank),
            _ => return offered.map(shown).collect(),
        };
        let by_name = |id: &BankId| offered.clone().find(|bank| bank.id == *id).map(shown);
        named.iter().filter_map(by_name).collect()
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
