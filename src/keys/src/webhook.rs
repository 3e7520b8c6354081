//! Signatures of the webhooks that Kassa sends to shops: Standard Webhooks, version 1.
//!
//! Source: the Standard Webhooks specification, symmetric signatures. A message is signed as
//! `id.timestamp.body` with HMAC-SHA-256; the header holds `v1,` and the code in Base64, several
//! of them with a space between while keys change.

use core::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use kassa_checkout::Coded;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{KeyError, KeyFault, check_text};

const PREFIX: &str = "whsec_";
const LEAST_BYTES: usize = 24;
const MOST_BYTES: usize = 64;

/// How old or early a message may be, in seconds.
const TOLERANCE_SECONDS: u64 = 300;

/// The demo shop's secret: published, hence no secret.
const DEMO_SHOP: &[u8] = b"kassa-development-webhook-secret-01";

/// A shop's webhook secret, written as `whsec_` and Base64.
pub struct WebhookKey {
    bytes: Zeroizing<Vec<u8>>,
}

impl WebhookKey {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`KeyError`] when it lacks the prefix, is not standard Base64 with padding, or holds fewer
    /// than 24 or more than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::read(text).map_err(|fault| KeyError {
            kind: "webhook secret",
            fault,
        })
    }

    fn read(text: &str) -> Result<Self, KeyFault> {
        check_text(text)?;
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or(KeyFault::Prefix { expected: PREFIX })?;
        let bytes = STANDARD.decode(encoded).map_err(|_| KeyFault::Encoding)?;
        let bytes = Zeroizing::new(bytes);
        match bytes.len() {
            ..LEAST_BYTES => Err(KeyFault::TooShort { least: LEAST_BYTES }),
            LEAST_BYTES..=MOST_BYTES => Ok(Self { bytes }),
            _ => Err(KeyFault::TooLong { most: MOST_BYTES }),
        }
    }

    /// The text of a new secret made of 32 bytes from a source of randomness.
    #[must_use]
    pub fn text_from_random(random: &[u8; 32]) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(random));
        Zeroizing::new([PREFIX, encoded.as_str()].concat())
    }

    /// Whether it is the demo shop's, which everybody knows: to be refused outside development.
    #[must_use]
    pub fn is_published_example(&self) -> bool {
        self.bytes.as_slice() == DEMO_SHOP
    }

    fn mac(&self, message: &WebhookMessage<'_>) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).ok()?;
        mac.update(message.id.as_bytes());
        mac.update(b".");
        mac.update(message.timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(message.body);
        Some(mac)
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey([redacted])")
    }
}

/// A webhook: what is signed.
#[derive(Clone, Copy)]
pub struct WebhookMessage<'a> {
    /// The header `webhook-id`: the same for every try.
    pub id: &'a str,
    /// The header `webhook-timestamp`: when this try was made, in seconds since the epoch.
    pub timestamp: u64,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// The header `webhook-signature`: one signature a key, the newest key first.
///
/// ```
/// use kassa_keys::{WebhookKey, WebhookMessage, sign_webhook, verify_webhook};
/// let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let message = WebhookMessage {
///     id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
///     timestamp: 1_614_265_330,
///     body: br#"{"test": 2432232314}"#,
/// };
/// let header = sign_webhook([&key], &message);
/// assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// assert_eq!(verify_webhook([&key], &message, &header, 1_614_265_330), Ok(()));
/// # Ok::<(), kassa_keys::KeyError>(())
/// ```
#[must_use]
pub fn sign_webhook<'k>(
    keys: impl IntoIterator<Item = &'k WebhookKey>,
    message: &WebhookMessage<'_>,
) -> String {
    let signatures = keys.into_iter().filter_map(|key| {
        let code = key.mac(message)?.finalize().into_bytes();
        Some(format!("v1,{}", STANDARD.encode(code)))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// Checks a webhook as a shop should: any of the signatures with any of the keys, and a
/// timestamp within five minutes of `now`, in seconds since the epoch.
///
/// # Errors
/// [`WebhookRefused`]. Signatures of other versions than `v1` are passed over.
pub fn verify_webhook<'k>(
    keys: impl IntoIterator<Item = &'k WebhookKey>,
    message: &WebhookMessage<'_>,
    header: &str,
    now: u64,
) -> Result<(), WebhookRefused> {
    // A full stop in the identifier would leave it open where the timestamp begins.
    if message.id.is_empty() || message.id.contains('.') {
        return Err(WebhookRefused::Signature);
    }
    let codes: Vec<_> = header
        .split(' ')
        .filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok())
        .collect();
    let holds = keys.into_iter().any(|key| {
        let holds = |code: &Vec<u8>| {
            let mac = key.mac(message);
            mac.is_some_and(|mac| mac.verify_slice(code).is_ok())
        };
        codes.iter().any(holds)
    });
    if !holds {
        return Err(WebhookRefused::Signature);
    }
    if message.timestamp.abs_diff(now) > TOLERANCE_SECONDS {
        return Err(WebhookRefused::Time);
    }
    Ok(())
}

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookRefused {
    /// No signature holds.
    Signature,
    /// It is more than five minutes old or early: perhaps sent once more by somebody else.
    Time,
}

impl fmt::Display for WebhookRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "webhook signature refused",
            Self::Time => "webhook timestamp is more than five minutes away",
        })
    }
}

impl core::error::Error for WebhookRefused {}

impl Coded for WebhookRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::Signature => "webhook/signature",
            Self::Time => "webhook/timestamp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Coded as _, KeyFault, PREFIX, STANDARD, WebhookKey, WebhookMessage, WebhookRefused,
        sign_webhook, verify_webhook,
    };
    use base64::Engine;

    const MESSAGE: WebhookMessage<'_> = WebhookMessage {
        id: "evt_1",
        timestamp: 1_000_000,
        body: b"{}",
    };

    fn key(byte: u8) -> WebhookKey {
        WebhookKey::parse(&WebhookKey::text_from_random(&[byte; 32])).unwrap()
    }

    fn fault(text: &str) -> Option<KeyFault> {
        WebhookKey::parse(text).err().map(|error| error.fault)
    }

    #[test]
    fn only_well_formed_secrets_are_read() {
        let of = |length: usize| PREFIX.to_owned() + &STANDARD.encode(vec![7; length]);
        assert_eq!(fault(&of(23)), Some(KeyFault::TooShort { least: 24 }));
        assert_eq!(fault(&of(24)), None);
        assert_eq!(fault(&of(64)), None);
        assert_eq!(fault(&of(65)), Some(KeyFault::TooLong { most: 64 }));
        assert_eq!(fault(""), Some(KeyFault::Empty));
        assert_eq!(
            fault(&of(32)[6..]),
            Some(KeyFault::Prefix { expected: PREFIX })
        );
        assert_eq!(
            fault(of(25).trim_end_matches('=')),
            Some(KeyFault::Encoding)
        );
        assert_eq!(fault(&(of(32) + "\n")), Some(KeyFault::SurroundingSpace));
    }

    #[test]
    fn during_a_change_of_keys_either_side_may_be_first() {
        let (old, new) = (key(1), key(2));
        let header = sign_webhook([&new, &old], &MESSAGE);
        assert_eq!(header.split(' ').count(), 2);
        for keys in [vec![&old], vec![&new], vec![&new, &old]] {
            assert_eq!(verify_webhook(keys, &MESSAGE, &header, 1_000_000), Ok(()));
        }
        let refused = verify_webhook([&key(3)], &MESSAGE, &header, 1_000_000);
        assert_eq!(refused, Err(WebhookRefused::Signature));
    }

    #[test]
    fn every_part_of_the_message_is_signed() {
        let key = key(1);
        let header = sign_webhook([&key], &MESSAGE);
        let refused = |message: WebhookMessage<'_>, header: &str| {
            verify_webhook([&key], &message, header, 1_000_000)
        };
        for message in [
            WebhookMessage {
                id: "evt_2",
                ..MESSAGE
            },
            WebhookMessage { id: "", ..MESSAGE },
            WebhookMessage {
                timestamp: 1_000_001,
                ..MESSAGE
            },
            WebhookMessage {
                body: b"{ }",
                ..MESSAGE
            },
        ] {
            assert_eq!(refused(message, &header), Err(WebhookRefused::Signature));
        }
        for header in [
            String::new(),
            header.replace("v1,", "v2,"),
            header.trim_end_matches('=').to_owned(),
            header.replace("v1,", "v1, "),
        ] {
            assert_eq!(refused(MESSAGE, &header), Err(WebhookRefused::Signature));
        }
    }

    #[test]
    fn old_and_early_messages_are_refused() {
        let key = key(1);
        let header = sign_webhook([&key], &MESSAGE);
        let at = |now| verify_webhook([&key], &MESSAGE, &header, now);
        assert_eq!(at(1_000_300), Ok(()));
        assert_eq!(at(999_700), Ok(()));
        assert_eq!(at(1_000_301), Err(WebhookRefused::Time));
        assert_eq!(at(999_699), Err(WebhookRefused::Time));
    }

    #[test]
    fn the_demo_shops_secret_is_known_and_none_is_printed() {
        let text = "whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=";
        assert!(WebhookKey::parse(text).unwrap().is_published_example());
        assert!(!key(1).is_published_example());
        assert_eq!(format!("{:?}", key(1)), "WebhookKey([redacted])");
    }

    #[test]
    fn an_identifier_that_leaves_the_signed_text_ambiguous_is_refused_though_signed() {
        let key = key(1);
        for id in ["", ".", "evt.1", "evt_1."] {
            let message = WebhookMessage { id, ..MESSAGE };
            let header = sign_webhook([&key], &message);
            assert_eq!(
                verify_webhook([&key], &message, &header, 1_000_000),
                Err(WebhookRefused::Signature),
                "{id:?}"
            );
        }
    }

    #[test]
    fn each_refusal_has_its_words_and_its_code() {
        let told = |refused: WebhookRefused| (refused.to_string(), refused.code());
        assert_eq!(
            told(WebhookRefused::Signature),
            ("webhook signature refused".to_owned(), "webhook/signature")
        );
        assert_eq!(
            told(WebhookRefused::Time),
            (
                "webhook timestamp is more than five minutes away".to_owned(),
                "webhook/timestamp"
            )
        );
    }
}
