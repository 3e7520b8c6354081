//! `kassa keys`.

use clap::Subcommand;
use kassa_keys::{ApiKeyHash, WebhookKey, api_key_text};

use super::say;

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Make a new API key and webhook secret. Both are shown once and kept nowhere.
    New,
}

pub(super) fn keys(command: &Keys) -> Result<(), String> {
    match command {
        Keys::New => new_keys(),
    }
}

fn new_keys() -> Result<(), String> {
    let mut random = [0_u8; 32];
    let mut fill = || {
        getrandom::fill(&mut random)
            .map(|()| random)
            .map_err(|error| error.to_string())
    };
    let key = api_key_text("live", &fill()?);
    let secret = WebhookKey::text_from_random(&fill()?);
    let hash = ApiKeyHash::of(&key).map_err(|error| error.to_string())?;
    say(&format!(
        "API key, for the shop's server, shown this once:\n  {}\n\
         its hash, for `api_keys` in the configuration:\n  {}\n\
         webhook secret, for the shop and for the file that `webhook.secrets` names:\n  {}\n",
        key.as_str(),
        hash.to_hex(),
        secret.as_str()
    ))
}
