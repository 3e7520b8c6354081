//! One table `[[shops]]`.

use std::{collections::BTreeMap, ops::Range, sync::OnceLock};

use kassa_checkout::{BankId, Names, contract::Method, provider::Choice};
use kassa_keys::ApiKeyHash;
use toml::Spanned;
use url::Url;

use super::{
    super::file::{MethodTable, ShopTable},
    ALL_OPTIONS, DEFAULT_EXPIRES_IN, Resolver,
};
use crate::{
    gateway,
    shop::{Account, Shop},
};

impl Resolver<'_> {
    /// `None` only together with a fault.
    pub(super) fn shop(&mut self, at: &str, table: ShopTable) -> Option<(Shop, Vec<ApiKeyHash>)> {
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

    pub(super) fn check_bank(
        &mut self,
        key: &str,
        bank: &BankId,
        span: &Range<usize>,
        accounts: &[Account],
    ) {
        let mut offered = accounts.iter().flat_map(Account::known_banks);
        if !offered.any(|offer| offer.id == *bank) {
            let message = format!("none of the shop's accounts offers {bank}");
            self.refuse(span, key, message);
        }
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
