//! Keys and the algorithms that use them: the only crate that holds secrets.
//!
//! A key is read once, by a parser that refuses what cannot be one; from then on it can be used
//! and not looked at: `Debug` says `[redacted]`, nothing else prints or copies it, and its memory
//! is wiped when it goes.
//!
//! [`Keyring`] signs and verifies for provider accounts, behind the traits of `kassa-checkout`:
//! it knows algorithms, not banks. [`WebhookKey`] signs what Kassa tells a shop, [`ApiKeyHash`]
//! recognises a shop's key.

#[cfg(target_arch = "wasm32")]
compile_error!(
    "kassa-keys holds secrets and must not reach a browser: sign with the host's WebCrypto instead"
);

mod api_key;
mod error;
mod hmac_key;
mod keyring;
mod pem;
mod rsa_key;
mod shared_secrets;
mod suffix_key;
mod webhook;

pub use api_key::{ApiKeyHash, api_key_text};
pub use error::{KeyError, KeyFault};
pub use hmac_key::HmacSha512Key;
pub use keyring::{Account, Keyring, ProviderKey};
pub use rsa_key::{RsaSha256Key, RsaSha256PublicKey};
pub use shared_secrets::{SecretTaken, SharedSecret, SharedSecrets, Validity};
pub use suffix_key::Sha256SuffixKey;
pub use webhook::{WebhookKey, WebhookMessage, WebhookRefused, sign_webhook, verify_webhook};
