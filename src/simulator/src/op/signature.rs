//! OP's signature, written once more for the other side: RSA PKCS#1 v1.5 with SHA-256 over nine lines.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The public half of the example in OP's documentation, which signs in the sandbox: an `RSAPublicKey` within its `SubjectPublicKeyInfo`.
const EXAMPLE_SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAquBR+Ip2Jva7GzyCBW/7R9RP3mF97FxtiRGBb740mSKGFAqvJc8ysnz/hqxY886jY6YOZ2kLcr1Iuu8giBUT/K4aRItM6QaEoqffPVXlsaejyd8vlesWFSPGu3X7f+Yyp4+gf67T5GS9vEm9XSIatw6gInXVgqKk+oHJvgf8NgFGfe7+FzGAYdz+OvlB5DSFWcXds4fB8CKZH78kkRcUho/rZxU/MumfRgTc/0WgpqgMX2LeiUzzpr19hKeJfix/IfPeO3qWiOWXR5LWTuG6/OysVPUZ8OepgMH5D2lgCDQ55qIEHV53Xbkowh+vehMeyYBX7bPKUgJBDFg0DlpQvQIDAQAB";

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
    /// A new key of 2048 bits.
    pub(super) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).ok())
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
