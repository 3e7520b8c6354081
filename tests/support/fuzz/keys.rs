//! Signatures of webhooks and the texts of keys.

use kassa_keys::{
    ApiKeyHash, HmacSha512Key, RsaSha256Key, RsaSha256PublicKey, Sha256SuffixKey, WebhookKey,
    WebhookMessage, sign_webhook, verify_webhook,
};

use super::with_text;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: u64 = 1_614_265_330;

/// The header of a webhook whose body, identifier and time are known.
pub(super) fn webhook_signature(data: &[u8]) -> bool {
    with_text(data, |header| {
        let Ok(key) = WebhookKey::parse(SECRET) else {
            unreachable!("the secret is refused")
        };
        let message = WebhookMessage {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: NOW,
            body: br#"{"test": 2432232314}"#,
        };
        let right = sign_webhook([&key], &message);
        let taken = verify_webhook([&key], &message, header, NOW).is_ok();
        // Only the very signature is taken, and wherever it stands it is found.
        assert_eq!(
            taken,
            header.split(' ').any(|part| part == right),
            "{header}"
        );
        let late = verify_webhook([&key], &message, header, NOW + 301);
        assert!(late.is_err(), "taken five minutes later");
        let other = WebhookMessage {
            body: data,
            ..message
        };
        assert!(
            verify_webhook([&key], &other, header, NOW).is_err(),
            "another body"
        );
        taken
    })
}

/// Texts that may be keys.
pub(super) fn texts(data: &[u8]) -> bool {
    with_text(data, |text| {
        let mut taken = false;
        if let Ok(key) = WebhookKey::parse(text) {
            taken = true;
            assert!(text.starts_with("whsec_"));
            assert_eq!(format!("{key:?}"), "WebhookKey([redacted])");
        }
        if let Ok(key) = HmacSha512Key::parse(text) {
            taken = true;
            assert_eq!(text.trim(), text);
            assert_eq!(format!("{key:?}"), "HmacSha512Key([redacted])");
            let code = key.sign(data);
            assert!(key.verify(data, &code));
            assert!(!key.verify(data, code.get(1..).unwrap_or_default()));
        }
        if let Ok(key) = Sha256SuffixKey::parse(text) {
            taken = true;
            assert!(text.starts_with(key.id()));
            assert_eq!(format!("{key:?}"), "Sha256SuffixKey([redacted])");
            let code = key.sign(data);
            assert!(key.verify(data, &code));
            assert!(!key.verify(data, code.get(1..).unwrap_or_default()));
        }
        if let Ok(hash) = ApiKeyHash::of(text) {
            assert!(hash.matches(text));
            let read = ApiKeyHash::from_hex(&hash.to_hex());
            assert!(
                read.is_ok_and(|read| read.matches(text) && !read.matches(&format!("{text}x")))
            );
        }
        if let Ok(hash) = ApiKeyHash::from_hex(text) {
            taken = true;
            assert_eq!(hash.to_hex(), text.to_ascii_lowercase());
        }
        taken
    })
}

/// Texts that may be RSA keys: a public one is written as it is read, a private one signs what its
/// public half verifies, and shows itself to nobody.
pub(super) fn pem(data: &[u8]) -> bool {
    with_text(data, |text| {
        let mut taken = false;
        if let Ok(key) = RsaSha256PublicKey::parse(text) {
            taken = true;
            let written = key.to_pem();
            let again = RsaSha256PublicKey::parse(written.trim_end());
            assert!(again.is_ok_and(|again| again.to_pem() == written));
        }
        if let Ok(key) = RsaSha256Key::parse(text) {
            taken = true;
            assert_eq!(format!("{key:?}"), "RsaSha256Key([redacted])");
            let signature = key.sign(data);
            assert!(signature.is_some_and(|signature| key.public().verify(data, &signature)));
        }
        taken
    })
}
