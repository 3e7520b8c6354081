//! A configuration file of one shop, and the API key that it calls with.

use std::path::PathBuf;

use kassa_keys::{ApiKeyHash, api_key_text};

use super::Folder;

/// The key of the shop in a [`ShopFile`].
pub(crate) fn shop_key() -> String {
    api_key_text("live", &[9; 32]).to_string()
}

/// What differs from file to file. Nobody is held back for asking often, and the database lies
/// beside the file.
pub(crate) struct ShopFile<'a> {
    /// `http://` and where to listen.
    pub(crate) url: &'a str,
    pub(crate) shop: &'a str,
    /// The tables of the shop's accounts; the secrets that they name lie beside the file.
    pub(crate) accounts: &'a str,
}

impl ShopFile<'_> {
    /// Writes it into a folder.
    pub(crate) fn write(&self, folder: &Folder) -> PathBuf {
        let Self {
            url,
            shop,
            accounts,
        } = self;
        let listen = url.strip_prefix("http://").unwrap();
        let hash = ApiKeyHash::of(&shop_key()).unwrap().to_hex();
        let text = format!(
            r#"public_url = "{url}"
listen = "{listen}"
database = "kassa.db"
[limits]
token_per_second = 0
address_per_second = 0
[[shops]]
id = "{shop}"
payee = "Metsän Puoti Oy"
api_keys = ["{hash}"]
return_origins = ["http://127.0.0.1:8082"]
{accounts}"#
        );
        let file = folder.path().join("kassa.toml");
        std::fs::write(&file, text).unwrap();
        file
    }
}
