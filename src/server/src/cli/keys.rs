//! `kassa keys`: what is printed here is printed once, and logged nowhere.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kassa_keys::{ApiKeyHash, WebhookKey, api_key_text};
use kassa_server::config::{SecretPlace, WebhookSecrets};
use zeroize::Zeroizing;

use super::{failure::Failure, say, secret_file::SecretFile};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Make a new API key and webhook secret. Both are shown once and kept nowhere
    #[command(after_help = NEW)]
    New,
    /// Put a new webhook secret before a shop's old one, or make it a new API key
    #[command(after_help = ROTATE)]
    Rotate(Rotate),
}

const NEW: &str = "\
The hash of the API key goes into `api_keys` of the shop in the configuration; the webhook secret
into the file that `webhook.secrets` names, with a mode that only the server may read (0600).
The same kind of key opens /metrics: its hash goes into `metrics_key`.";

const ROTATE: &str = "\
Examples:
  kassa keys rotate --shop puoti --config kassa.toml                # a new webhook secret
  kassa keys rotate --shop puoti --config kassa.toml --remove-old   # when the shop has it in use
  kassa keys rotate --shop puoti --config kassa.toml --api-key      # a new API key

While a file holds two secrets, webhooks bear a signature of each, so that the shop may change
from one to the other when it likes. Nothing is lost in between. Exit code 3: no such shop.";

#[derive(Args)]
pub(super) struct Rotate {
    /// The shop
    #[arg(long, value_name = "SHOP")]
    shop: String,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "KASSA_CONFIG")]
    config: PathBuf,
    /// Make a new API key instead, and print its hash; nothing is written
    #[arg(long)]
    api_key: bool,
    /// Take the old webhook secret out, now that the shop has the new one in use
    #[arg(long, conflicts_with = "api_key")]
    remove_old: bool,
}

pub(super) fn keys(command: &Keys) -> Result<(), Failure> {
    match command {
        Keys::New => new_keys(),
        Keys::Rotate(options) => rotate(options),
    }
}

fn new_keys() -> Result<(), Failure> {
    let (key, hash) = new_api_key()?;
    let secret = new_webhook_secret()?;
    say(&format!(
        "API key, for the shop's server, shown this once:\n  {}\n\
         its hash, for `api_keys` in the configuration:\n  {hash}\n\
         webhook secret, for the shop and for the file that `webhook.secrets` names:\n  {}\n",
        key.as_str(),
        secret.as_str()
    ))
}

fn new_api_key() -> Result<(Zeroizing<String>, String), Failure> {
    let key = api_key_text("live", &random()?);
    let hash = ApiKeyHash::of(&key).map_err(|error| error.to_string())?;
    Ok((key, hash.to_hex()))
}

fn new_webhook_secret() -> Result<Zeroizing<String>, Failure> {
    Ok(WebhookKey::text_from_random(&random()?))
}

fn random() -> Result<[u8; 32], Failure> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    Ok(random)
}

fn rotate(options: &Rotate) -> Result<(), Failure> {
    let shop = &options.shop;
    let secrets = WebhookSecrets::read(&options.config, shop).map_err(|error| error.to_string())?;
    match secrets {
        WebhookSecrets::UnknownShop => Err(Failure::not_found(format!(
            "{}: there is no shop {shop}",
            options.config.display()
        ))),
        _ if options.api_key => rotate_api_key(options),
        WebhookSecrets::NoWebhook => Err(Failure::from(format!(
            "the shop {shop} has no webhook, and so no webhook secret"
        ))),
        WebhookSecrets::At(places) => {
            let file = the_file(&places, shop)?;
            if options.remove_old {
                remove_old(file, places.len(), options)
            } else {
                rotate_webhook_secret(file, places.len(), options)
            }
        }
    }
}

/// The file with the secret that signs; what to do by hand where there is none.
fn the_file<'a>(places: &'a [SecretPlace], shop: &str) -> Result<&'a Path, Failure> {
    match places.first() {
        Some(SecretPlace::File(file)) => Ok(file),
        Some(SecretPlace::Environment(name)) => Err(Failure::from(format!(
            "the webhook secret of {shop} is in the environment variable {name}, which no other \
             program can change. By hand:\n\
             \x20 1. make a secret with `kassa keys new`, and put it into a variable of its own\n\
             \x20 2. name that one first: secrets = [\"env:NEW_NAME\", \"env:{name}\"]\n\
             \x20 3. restart the server, give the shop the secret, and take {name} out when the \
             shop has it in use"
        ))),
        None => Err(Failure::from(format!(
            "the shop {shop} names no webhook secret"
        ))),
    }
}

fn rotate_webhook_secret(path: &Path, places: usize, options: &Rotate) -> Result<(), Failure> {
    let shop = &options.shop;
    let file = SecretFile::read(path)?;
    if file.count() + places > 2 {
        return Err(Failure::from(format!(
            "the shop {shop} has several webhook secrets already: finish that rotation first, \
             with --remove-old"
        )));
    }
    let secret = new_webhook_secret()?;
    file.put_first(&secret)?;
    say(&format!(
        "webhook secret of {shop}, for the shop's server, shown this once:\n  {}\n\
         It stands first in {}, and the old one second.\n\
         Next:\n\
         \x20 1. Restart the server, on every node that has a copy of the file: from then on\n\
         \x20    webhooks bear a signature of each.\n\
         \x20 2. Give the shop the secret. Until it has it in use it verifies with the old one.\n\
         \x20 3. The old one may go as soon as the shop verifies with the new one:\n\
         \x20    kassa keys rotate --shop {shop} --config {} --remove-old\n",
        secret.as_str(),
        path.display(),
        options.config.display(),
    ))
}

fn remove_old(path: &Path, places: usize, options: &Rotate) -> Result<(), Failure> {
    let shop = &options.shop;
    let file = SecretFile::read(path)?;
    let removed = file.keep_first()?;
    if removed == 0 && places == 1 {
        return Err(Failure::not_found(format!(
            "{} holds no old webhook secret of {shop}",
            path.display()
        )));
    }
    let mut text = String::new();
    if removed > 0 {
        text.push_str(&format!(
            "{} holds the new webhook secret of {shop} alone.\n\
             Restart the server, on every node that has a copy of the file.\n",
            path.display()
        ));
    }
    if places > 1 {
        text.push_str(&format!(
            "`webhook.secrets` of {shop} names other places beside the first: take them out by \
             hand.\n"
        ));
    }
    say(&text)
}

fn rotate_api_key(options: &Rotate) -> Result<(), Failure> {
    let (key, hash) = new_api_key()?;
    let config = options.config.display();
    say(&format!(
        "API key of {}, for the shop's server, shown this once:\n  {}\n\
         its hash, to add to `api_keys` of the shop in {config}:\n  \"{hash}\",\n\
         Next:\n\
         \x20 1. Add the hash beside the old one, and test: kassa check --config {config}\n\
         \x20 2. Restart the server: from then on both keys open the API.\n\
         \x20 3. Give the shop the key. The old hash may go, with another restart, when the shop\n\
         \x20    has the new key in use.\n",
        options.shop,
        key.as_str()
    ))
}
