//! OP's signature, written once more for the other side: RSA PKCS#1 v1.5 with SHA-256 over nine lines.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::date::http_date;

/// The public half of the example in OP's documentation, which signs in the sandbox: an `RSAPublicKey` within its `SubjectPublicKeyInfo`.
const EXAMPLE_SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAquBR+Ip2Jva7GzyCBW/7R9RP3mF97FxtiRGBb740mSKGFAqvJc8ysnz/hqxY886jY6YOZ2kLcr1Iuu8giBUT/K4aRItM6QaEoqffPVXlsaejyd8vlesWFSPGu3X7f+Yyp4+gf67T5GS9vEm9XSIatw6gInXVgqKk+oHJvgf8NgFGfe7+FzGAYdz+OvlB5DSFWcXds4fB8CKZH78kkRcUho/rZxU/MumfRgTc/0WgpqgMX2LeiUzzpr19hKeJfix/IfPeO3qWiOWXR5LWTuG6/OysVPUZ8OepgMH5D2lgCDQ55qIEHV53Xbkowh+vehMeyYBX7bPKUgJBDFg0DlpQvQIDAQAB";

/// What the simulated OP signs its callbacks with, in PKCS#8: made for the simulator and published with it.
const CALLBACK_KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDcQoVKnsJdNwOhNIwKHtwZYiN4Z7Rqi8bfYQecpQKb48BrboLsvkWkfmtBcOJP7FjduqdADe/dhxoRWpzsIhqrVVGqd3Y02xoIAr/ACY0UgQ48h1yB5H3qjXVxrPkTf1E5OCTmR3LvwTC58yWcl3f9IBDGGsHLJUpgUMSliiSI3VQTzNDvTpxFQt6di7qFBL4UEZ3srqseYA5yIw4dlUmYsN+P6NYny/TDtUjrI+9RDtDWkXX7N9re1jjAlAiy9ivhq37kJXmvfSJDuYOE3bViRy/0ElbnDR01NPbj12Dn11YeMvYg5zFFwlv3LpaEJYjVfRF1Pnic7UOQ6TUpb+1ZAgMBAAECggEAKniVNR9JwSmjhIkaW7U5oZdf2Y69pjHPpjESg6z5xM90wgJsMnQ5/4705Yh7ywd61z5vk5VcZC3x49jCG3I0DEeGWMVyQJzi9xp4mPH+hy6fbSJ4vv8tHHYsaD//QzgwlET0MIckbYCmAaUV4oz+cQum0FxGdAJ7xfitAnKRuuX+2YGhnQJE1gayEK7rys5rksvsAysMF+lkB08Xjc+ysrrZWPUM50Uhw7fQqkxLM/qzagA0ebHWnjFpWysv14SXvE5H7IBwQmD8rvdifBdWCHVzygffxVWv+FdWh/cN5Y2gUlZUGWckKydWybzzgTMXrK7Gr5Xqa8KmOS8giFaFZQKBgQD8hmn8oLL0DqmmqOclSMLPKC+xDjnqwekcskoFkJzhpZ1DQkF6fhzLTeHyx1oC6QQtGWHE5EPGiKEkYEYfFbvTKh4kHCe9wWf9cs8Ry2MwJv7oiojBTmJaopgQb7NgpQWSjfZc1qXMPGee9HC9PWw1lIIm2FtRXdZ7b1CO/JceZwKBgQDfSnGn3kzbUXMm6Te6K9Lz0ce8Twx1RAYRcF+Rwob92Y+MGdNm1reMTUw/oYK036/la+DmG1fSyAQa3gOquBn4G9lbnb71oN/dNICrELFbM0+l2Fr5i4KkoX8K5EGzts5SleAh736vCG6773tGr7/Zz9SKVvHR5/pw8b1nH3m+PwKBgQDd/B7xeCa4CqeyHOpMyUCPMKl0AKiDKQEOO+B8MdrnNVoghP7gejo/sfA9JmeHBWWpa5WZqnu16+eT/ZnGu6lIAM9MOP/qfDk5AJLs9pjz/GO68gUzwP8O472/PSI3g/l5EpiOlhZbioIgporwoC0ekLU1Bp6H0XC5Q2pSt9L0YwKBgBk4JUIaf3+94U2hxaOHU5oqNW71Vqjf9/d8Q68I04pUSjw+pnvVAIIeMOB283ZOVWWKG6qhp/esk5odPTjI9lXpf1Ezrd+8PcyUI3wutHligDpxB0VsFmNVwi2OvkT3/rGhL+FlVV+bijY7xCalrvuA17aQP1u/4a9j/kppaaytAoGAX4qjngE68mo5psASz64+FWyrihpmYuGRJzerNe/lvYMKTiNm144hQLoKdeopBrzeZRs7gAxeq2FDwSbvJ2zVtBGKUiYxnQuJM7v7HWEkUGWRZVYPVrH1SRNBj5/10Av91kJBB6iOQd1qQ4bESDZeqORBRFzjO+Y4xNyfitCUoos=";

/// The nine lines that a request is signed by.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// A request that was verified.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) session_id: String,
    pub(super) request_id: String,
}

impl Request<'_> {
    /// Verifies the request with the example key, as the sandbox does.
    pub(super) fn verify(&self) -> Result<Caller, String> {
        let header = |name: &str| {
            let value = self.headers.get(name);
            value
                .and_then(|value| value.to_str().ok())
                .ok_or_else(|| format!("the header {name} is missing"))
        };
        let authorization = header("authorization")?;
        let parts: Vec<&str> = authorization.split(':').collect();
        let [merchant, algorithm, version, hex] = parts.as_slice() else {
            return Err("Authorization is not merchantId:algorithm:keyVersion:signature".into());
        };
        if *algorithm != "1" {
            return Err("the algorithm in Authorization is not 1".to_owned());
        }
        if version.is_empty() || version.len() > 4 || !version.bytes().all(|b| b.is_ascii_digit()) {
            return Err("the keyVersion in Authorization is not 0 to 9999".to_owned());
        }
        let signature = from_hex(hex).ok_or("the signature is not hexadecimal")?;
        let (session_id, request_id) = (header("x-session-id")?, header("x-request-id")?);
        for (name, id) in [("x-session-id", session_id), ("x-request-id", request_id)] {
            if id.len() > 36 || !is_uuid(id) {
                return Err(format!("{name} is no UUID"));
            }
        }
        let head = [
            self.method,
            header("content-type")?,
            header("date")?,
            merchant,
            header("x-api-key")?,
            session_id,
            request_id,
            self.url,
        ];
        self.check(&head, &signature)?;
        Ok(Caller {
            session_id: session_id.to_owned(),
            request_id: request_id.to_owned(),
        })
    }

    /// Refuses a call of another time. What the real OP does about it is not public.
    pub(super) fn check_date(&self, now_ms: i64, within_seconds: i64) -> Result<(), String> {
        let date = self.headers.get("date").and_then(|date| date.to_str().ok());
        let mut seconds = -within_seconds..=within_seconds;
        if seconds.any(|second| date == Some(&http_date(now_ms + second * 1_000))) {
            Ok(())
        } else {
            Err("the header Date lies too far from now".to_owned())
        }
    }

    /// Says which of the classic mistakes was made, where it was one of them.
    fn check(&self, head: &[&str], signature: &[u8]) -> Result<(), String> {
        let lines = head.join("\n").into_bytes();
        let right = [&lines, &b"\n"[..], self.body].concat();
        let key = example();
        let holds = |text: &[u8]| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key)
                .verify(text, signature)
                .is_ok()
        };
        if holds(&right) {
            return Ok(());
        }
        let mistakes = [
            (
                [&right, &b"\n"[..]].concat(),
                "there is a line feed after the body",
            ),
            (
                [head.join("\r\n").as_bytes(), b"\r\n", self.body].concat(),
                "the lines end with CR and LF",
            ),
            (lines, "there is no line feed after the URL"),
        ];
        let told = mistakes.iter().find(|(text, _)| holds(text));
        let why = told.map_or(
            "it is over another text, by another key, or of another kind than PKCS#1 v1.5 with SHA-256",
            |(_, why)| why,
        );
        Err(format!(
            "the signature does not hold: {why}. The text to sign is {:?}",
            String::from_utf8_lossy(&right)
        ))
    }
}

/// What the simulated OP signs its callbacks with.
pub struct OwnKey(Option<KeyPair>);

impl OwnKey {
    /// The simulator's own, the same at every start, so that a server knows its public half.
    pub(super) fn published() -> Self {
        let der = STANDARD.decode(CALLBACK_KEY).unwrap_or_default();
        Self(KeyPair::from_pkcs8(&der).ok())
    }

    /// The public half as PEM.
    pub(super) fn public_pem(&self) -> Option<String> {
        let der: PublicKeyX509Der<'_> = self.0.as_ref()?.public_key().as_der().ok()?;
        let encoded = STANDARD.encode(der.as_ref());
        let mut text = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        Some(text + "-----END PUBLIC KEY-----\n")
    }

    /// The signature over a text, in small hexadecimal digits.
    pub(super) fn sign(&self, text: &[u8]) -> Option<String> {
        let pair = self.0.as_ref()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)
            .ok()?;
        Some(signature.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnKey(..)")
    }
}

/// The example's `RSAPublicKey`: what follows the 24 bytes that say that it is one of RSA.
fn example() -> Vec<u8> {
    let der = STANDARD.decode(EXAMPLE_SPKI).unwrap_or_default();
    der.get(24..).unwrap_or_default().to_vec()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let plain = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let places = (0..text.len()).step_by(2);
    plain
        .then(|| {
            places
                .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
                .collect()
        })
        .flatten()
}

/// Whether a text has a UUID's form, in either case.
pub(super) fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}
