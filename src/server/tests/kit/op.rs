//! The shop's account at the simulated OP: its table in a configuration file, and the secrets that
//! the table names.

use serde_json::Value;

use super::{Folder, text};

/// What OP wants kept, beside the identifiers that it gives to payments.
pub(crate) const MERCHANT: &str = "c3efaaee-a6bb-449f-9213-e45e23a462ef";
pub(crate) const ACCOUNT: &str = "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79";
pub(crate) const OP_API_KEY: &str = "invented-api-key";

/// The table, for OP at this address.
pub(crate) fn table(simulator: &str) -> String {
    format!(
        r#"[[shops.accounts]]
provider = "op"
secrets = ["file:op.pem"]
callback_keys = ["file:callback.pem"]
[shops.accounts.settings]
environment = "sandbox"
merchant_id = "file:merchant"
account_id = "file:account"
api_key = "file:api-key"
key_version = 1
rest_url = "{simulator}/op/paymentbutton/v1"
browser_url = "{simulator}/op"
success_words = ["SIM_PAID"]
cancelled_words = ["SIM_CANCELLED"]
failed_words = ["SIM_FAILED"]
multibank = true
banks = ["nordea=sim-nordea", "danske=sim-danske-bank"]
bank_available_words = ["SIM_AVAILABLE"]
callbacks = true
"#
    )
}

/// Writes the secrets into the folder of the configuration file.
pub(crate) async fn write_secrets(folder: &Folder, account: &str, simulator: &str) {
    let public = reqwest::get(format!("{simulator}/control/op/key"));
    let public = public.await.unwrap().text().await.unwrap();
    let example = include_str!("../../../../tests/vectors/op-example-key.json");
    let example: Value = serde_json::from_str(example).unwrap();
    let der = text(&example, "pkcs8_der_base64");
    let private = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    for (name, secret) in [
        ("op.pem", private.as_str()),
        ("callback.pem", &public),
        ("merchant", MERCHANT),
        ("account", account),
        ("api-key", OP_API_KEY),
    ] {
        std::fs::write(folder.path().join(name), secret).unwrap();
    }
}
