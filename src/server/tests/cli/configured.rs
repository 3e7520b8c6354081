//! The example configuration.

use std::path::PathBuf;

use kassa_keys::WebhookKey;

use crate::kit::Folder;

/// The example configuration with secrets in files.
pub(crate) fn configuration(folder: &Folder) -> PathBuf {
    let secrets = folder.path().join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let text = include_str!("../../kassa.example.toml")
        .replace("env:PUOTI_ECOMMPAY_SECRET", "file:secrets/ecommpay");
    let provider = "an-invented-secret-that-is-long-enough-for-all-0042";
    std::fs::write(secrets.join("ecommpay"), provider).unwrap();
    let secret = WebhookKey::text_from_random(&[7; 32]);
    std::fs::write(secrets.join("puoti-webhook"), secret.as_bytes()).unwrap();
    let file = folder.path().join("kassa.toml");
    std::fs::write(
        &file,
        text.replace("api_keys = [\"0f5a", "api_keys = [\"1f5a"),
    )
    .unwrap();
    file
}
