//! Where a shop is told of its payments, and with which secrets.

use std::path::Path;

use kassa_keys::WebhookKey;
use toml::Spanned;
use url::Url;

use super::{
    super::{
        ConfigError, SecretPlace, WebhookSecrets,
        file::{self, WebhookTable},
        problem::Faults,
    },
    PUBLISHED, Resolver,
};
use crate::{network::is_public_host, shop::Webhook};

/// How many messages may be on their way to a shop at once: with answers within a tenth of a second
/// that is some 5,000 a second.
const MOST_AT_ONCE: usize = 512;

/// Reads from a file's text only where a shop's webhook secrets are.
pub(in crate::config) fn webhook_secrets(
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

impl Resolver<'_> {
    pub(super) fn webhook(&mut self, at: &str, table: &WebhookTable) -> Option<Webhook> {
        let url = self.webhook_url(at, &table.url);
        let at_once = self.at_once(at, table.at_once.as_ref());
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
        Some(Webhook {
            url: url?,
            keys,
            at_once: at_once?,
        })
    }

    fn at_once(&mut self, at: &str, count: Option<&Spanned<usize>>) -> Option<usize> {
        let Some(count) = count else {
            return Some(Webhook::AT_ONCE);
        };
        if (1..=MOST_AT_ONCE).contains(count.get_ref()) {
            return Some(*count.get_ref());
        }
        let message = format!("expected 1 to {MOST_AT_ONCE}");
        self.refuse(&count.span(), format!("{at}.webhook.at_once"), message);
        None
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
}
