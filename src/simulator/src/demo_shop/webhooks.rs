//! Kassa's webhooks, verified as Standard Webhooks 1.0.0 says: this and a route are all that a shop needs.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far a webhook's time may be from ours, in seconds.
const TOLERANCE: u64 = 5 * 60;

/// The secret that Kassa signs this shop's webhooks with; never shown.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads `whsec_` and the Base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// [`SecretError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SecretError)
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// A webhook secret that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretError;

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("webhook secret is malformed: expected whsec_ and the Base64 of 24 to 64 bytes")
    }
}

impl std::error::Error for SecretError {}

/// Why a webhook is refused. For the shop's own log: the sender is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A header is missing or unreadable.
    Header(&'static str),
    /// It was signed more than five minutes ago, or ahead.
    Time,
    /// No signature is right.
    Signature,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "{name} is missing or unreadable"),
            Self::Time => f.write_str("webhook-timestamp is more than 5 minutes off"),
            Self::Signature => f.write_str("webhook-signature holds no right signature"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Verifies the bytes received, at `now` in Unix seconds, and gives the webhook's id.
///
/// # Errors
/// [`Refusal`] when it is not from Kassa, or not from now.
pub fn verify<'a>(
    secret: &Secret,
    headers: &'a HeaderMap,
    body: &[u8],
    now: u64,
) -> Result<&'a str, Refusal> {
    let id = header(headers, "webhook-id")?;
    let timestamp = header(headers, "webhook-timestamp")?;
    let signatures = header(headers, "webhook-signature")?;

    let sent: u64 = timestamp
        .parse()
        .map_err(|_| Refusal::Header("webhook-timestamp"))?;
    if now.abs_diff(sent) > TOLERANCE {
        return Err(Refusal::Time);
    }

    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).map_err(|_| Refusal::Signature)?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    // Several signatures stand there while a secret is being changed; one right one is enough.
    let right = signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        // `verify_slice` compares in constant time and refuses a shortened signature.
        .any(|signature| mac.clone().verify_slice(&signature).is_ok());
    if right {
        Ok(id)
    } else {
        Err(Refusal::Signature)
    }
}

/// The webhooks that were handled, by id: Kassa delivers at least once, a shop acts once.
#[derive(Debug, Default)]
pub struct Handled {
    ids: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Handled {
    /// How many ids are kept; retries go on for about three days. A real shop keeps them in its database.
    const KEPT: usize = 10_000;

    /// Whether this webhook was handled before.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Remembers a webhook that was handled.
    pub fn insert(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.oldest_first.push_back(id.to_owned());
        }
        if self.oldest_first.len() > Self::KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value
        .filter(|text| !text.is_empty())
        .ok_or(Refusal::Header(name))
}

#[cfg(test)]
mod tests {
    use super::{Handled, HeaderMap, Refusal, Secret, SecretError, verify};

    const NOW: u64 = 1_800_000_000;
    const BODY: &[u8] = br#"{"type":"payment.paid"}"#;
    // Made with Python: base64(hmac.digest(b"kassa-development-webhook-secret-01", b'msg_1.1800000000.' + body, "sha256")).
    const SIGNATURE: &str = "v1,YrKPsw7Ds0apK4kW6xdVCWsM/xydAS1tg6ZEOloueFc=";

    fn secret() -> Secret {
        Secret::parse("whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=").unwrap()
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        headers.insert("webhook-timestamp", NOW.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn a_right_signature_is_enough_among_several() {
        let several = format!("v1,AAAA v2,{SIGNATURE} {SIGNATURE}");
        for signature in [SIGNATURE, several.as_str()] {
            assert_eq!(
                verify(&secret(), &headers(signature), BODY, NOW),
                Ok("msg_1")
            );
        }
    }

    #[test]
    fn the_clock_may_be_five_minutes_off_and_no_more() {
        for (now, expected) in [
            (NOW + 300, Ok("msg_1")),
            (NOW - 300, Ok("msg_1")),
            (NOW + 301, Err(Refusal::Time)),
            (NOW - 301, Err(Refusal::Time)),
        ] {
            assert_eq!(verify(&secret(), &headers(SIGNATURE), BODY, now), expected);
        }
    }

    #[test]
    fn a_forged_shortened_or_empty_signature_is_refused() {
        for signature in [
            "v1,",
            "v1",
            "v1,AAAA",
            &SIGNATURE[..20],
            &SIGNATURE[3..],
            "v1a,AAAA",
        ] {
            assert_eq!(
                verify(&secret(), &headers(signature), BODY, NOW),
                Err(Refusal::Signature),
                "{signature}"
            );
        }
        assert_eq!(
            verify(&secret(), &headers(SIGNATURE), b"{}", NOW),
            Err(Refusal::Signature)
        );
        let mut other = headers(SIGNATURE);
        other.insert("webhook-id", "msg_2".parse().unwrap());
        assert_eq!(
            verify(&secret(), &other, BODY, NOW),
            Err(Refusal::Signature)
        );
    }

    #[test]
    fn every_header_is_needed() {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut without = headers(SIGNATURE);
            without.remove(name);
            assert_eq!(
                verify(&secret(), &without, BODY, NOW),
                Err(Refusal::Header(name))
            );
        }
        let mut odd = headers(SIGNATURE);
        odd.insert("webhook-timestamp", "-1".parse().unwrap());
        assert_eq!(
            verify(&secret(), &odd, BODY, NOW),
            Err(Refusal::Header("webhook-timestamp"))
        );
    }

    #[test]
    fn a_secret_is_prefixed_base64_of_a_fitting_length() {
        for wrong in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=",
            "whsec_*",
        ] {
            assert_eq!(Secret::parse(wrong).unwrap_err(), SecretError, "{wrong}");
        }
        assert_eq!(format!("{:?}", secret()), "Secret([redacted])");
    }

    #[test]
    fn the_oldest_ids_are_forgotten_first() {
        let mut handled = Handled::default();
        for number in 0..=Handled::KEPT {
            handled.insert(&number.to_string());
        }
        assert!(!handled.contains("0"));
        assert!(handled.contains("1") && handled.contains(&Handled::KEPT.to_string()));
    }
}
