//! What software that was made for VETUMA may call.

use std::{collections::BTreeMap, ops::Range};

use kassa_checkout::{BankId, Timestamp, message::Purpose};
use kassa_keys::{Sha256SuffixKey, SharedSecrets, Validity};
use kassa_providers::vetuma::{Method, MethodClass, Profile};
use toml::Spanned;

use super::{PUBLISHED, Resolver, secret};
use crate::{
    clock,
    config::file::{VetumaSecret, VetumaTable},
    shop::{Account, Shop, Shops},
    vetuma::{Bridge, ReturnUrls},
};

impl Resolver<'_> {
    /// `None` only together with a fault.
    pub(super) fn vetuma(
        &mut self,
        at: &str,
        table: &Spanned<VetumaTable>,
        has_webhook: bool,
        accounts: Option<&[Account]>,
    ) -> Option<Bridge> {
        let (at, span) = (format!("{at}.vetuma"), table.span());
        let table = table.get_ref();
        if !has_webhook {
            let message = "expected a [shops.webhook] too: VETUMA has no way to tell of a payment \
                that comes late or is taken back";
            self.refuse(&span, at.clone(), message);
        }
        let secrets = self.shared_secrets(&format!("{at}.secrets"), &table.secrets);
        let configurations = table.configurations.get_ref();
        if configurations.is_empty() || configurations.iter().any(String::is_empty) {
            let key = format!("{at}.configurations");
            let message = "expected what AP may say in calls, at least one";
            self.refuse(&table.configurations.span(), key, message);
        }
        let return_urls = self.return_urls(&format!("{at}.return_urls"), &table.return_urls);
        let profile = self.profile(&format!("{at}.version"), table.version.as_ref());
        let banks = self.banks_of_codes(&format!("{at}.banks"), &table.banks, accounts);
        Some(Bridge {
            secrets: secrets?,
            configurations: configurations.clone(),
            return_urls: ReturnUrls::Below(return_urls?),
            profile: profile?,
            banks,
        })
    }

    /// The banks that codes of calls name.
    fn banks_of_codes(
        &mut self,
        key: &str,
        table: &BTreeMap<String, Spanned<BankId>>,
        accounts: Option<&[Account]>,
    ) -> BTreeMap<String, BankId> {
        for (code, bank) in table {
            let key = format!("{key}.{code}");
            let is_one = Method::parse(code)
                .is_some_and(|code| code.class() == MethodClass::Bank && code != Method::banks());
            if !is_one {
                self.refuse(
                    &bank.span(),
                    &*key,
                    "expected a code of one bank, such as P2",
                );
            }
            if let Some(accounts) = accounts {
                self.check_bank(&key, bank.get_ref(), &bank.span(), accounts);
            }
        }
        let banks = table.iter();
        banks
            .map(|(code, bank)| (code.clone(), bank.get_ref().clone()))
            .collect()
    }

    fn profile(&mut self, key: &str, version: Option<&Spanned<String>>) -> Option<Profile> {
        match version.map(|version| (version.get_ref().as_str(), version.span())) {
            None | Some(("3", _)) => Some(Profile::V3),
            Some(("2.2", _)) => Some(Profile::V2_2),
            Some((_, span)) => {
                self.refuse(&span, key, "expected \"2.2\" or \"3\"");
                None
            }
        }
    }

    fn return_urls(
        &mut self,
        key: &str,
        texts: &Spanned<Vec<Spanned<String>>>,
    ) -> Option<Vec<url::Url>> {
        if texts.get_ref().is_empty() {
            let message = "expected the addresses below which answers may go, at least one";
            self.refuse(&texts.span(), key, message);
            return None;
        }
        let urls = texts.get_ref().iter().map(|text| {
            let span = text.span();
            let url = self.url(&span, key, text.get_ref())?;
            if url.query().is_none() && url.fragment().is_none() && url.username().is_empty() {
                return Some(url);
            }
            self.refuse(
                &span,
                key,
                "expected an address without user name, query and fragment",
            );
            None
        });
        urls.collect()
    }

    fn shared_secrets(
        &mut self,
        key: &str,
        tables: &Spanned<Vec<Spanned<VetumaSecret>>>,
    ) -> Option<SharedSecrets> {
        if tables.get_ref().is_empty() {
            self.refuse(&tables.span(), key, "expected at least one secret");
            return None;
        }
        let mut secrets = SharedSecrets::default();
        // The one that is added last is tried first, and the file names that one first.
        for table in tables.get_ref().iter().rev() {
            let span = table.get_ref().secret.span();
            let validity = self.validity(key, table.get_ref());
            let Some(secret) = self.shared_secret(key, table.get_ref()) else {
                continue;
            };
            let added = secrets.add(Purpose::Payment, secret, validity?);
            if let Err(error) = added {
                self.refuse(&span, key, error.to_string());
            }
        }
        Some(secrets)
    }

    fn shared_secret(&mut self, key: &str, table: &VetumaSecret) -> Option<Sha256SuffixKey> {
        let span = table.secret.span();
        let text = secret::resolve(table.secret.get_ref(), self.folder);
        let read =
            text.and_then(|text| Sha256SuffixKey::parse(&text).map_err(|error| error.to_string()));
        match read {
            Ok(secret) if secret.is_published_example() => {
                self.refuse(&span, key, PUBLISHED);
                None
            }
            Ok(secret) => Some(secret),
            Err(message) => {
                self.refuse(&span, key, message);
                None
            }
        }
    }

    fn validity(&mut self, key: &str, table: &VetumaSecret) -> Option<Validity> {
        let from = self.time(key, table.from.as_ref())?;
        let until = self.time(key, table.until.as_ref())?;
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            self.refuse(&table.secret.span(), key, "expected until after from");
            return None;
        }
        Some(Validity { from, until })
    }

    #[expect(
        clippy::option_option,
        reason = "none where it is wrong, and none where it is not there"
    )]
    fn time(&mut self, key: &str, text: Option<&Spanned<String>>) -> Option<Option<Timestamp>> {
        let Some(text) = text else {
            return Some(None);
        };
        let time = clock::parse(text.get_ref());
        if time.is_none() {
            let message = "expected 2026-11-21 or 2026-11-21T08:00:00Z";
            self.refuse(&text.span(), key, message);
        }
        time.map(Some)
    }

    /// A call names its secret, and by that its shop: two shops may not have one name.
    pub(super) fn check_secret_names(
        &mut self,
        span: &Range<usize>,
        at: &str,
        shop: &Shop,
        others: &Shops,
    ) {
        let names = |shop: &Shop| -> Vec<String> {
            let bridge = shop.vetuma.as_ref();
            let ids = bridge.map(|bridge| bridge.secrets.ids(Purpose::Payment));
            ids.into_iter().flatten().map(str::to_owned).collect()
        };
        let ours = names(shop);
        let taken = others.values().flat_map(|other| names(other));
        for name in taken.filter(|name| ours.contains(name)) {
            let message = format!("another shop has a secret of the name {name}");
            self.refuse(span, format!("{at}.vetuma.secrets"), message);
        }
    }
}
