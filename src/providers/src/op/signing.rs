//! The text that OP and its merchants sign, and the header that carries the signature.
//!
//! Source: OP's page on authentication signatures and its sample scripts. OP calls it HMAC; it is
//! RSA PKCS#1 v1.5 with SHA-256.

use core::fmt;

use kassa_checkout::message::{ContentError, Signature};

/// The one algorithm that there is, by OP's number: SHA-256.
const ALGORITHM: &str = "1";

/// The last version that a key can have.
const LAST_VERSION: u16 = 9_999;

/// What is signed of a request: nine lines, exactly as they are sent.
///
/// Nothing is normalised: the header `Date` counts as text, also when its weekday is wrong, and
/// letters keep their case.
#[derive(Clone, Copy)]
pub struct Lines<'a> {
    /// The method of HTTP, in capitals.
    pub method: &'a str,
    /// The header `Content-Type`, also of a GET.
    pub content_type: &'a str,
    /// The header `Date`.
    pub date: &'a str,
    /// Who signs: the merchant's identifier, or OP's for a callback.
    pub signer: &'a str,
    /// The header `x-api-key`.
    pub api_key: &'a str,
    /// The header `x-session-id`.
    pub session_id: &'a str,
    /// The header `x-request-id`.
    pub request_id: &'a str,
    /// The whole address with scheme, host and query.
    pub url: &'a str,
    /// The body, byte for byte; empty for a GET.
    pub body: &'a [u8],
}

impl Lines<'_> {
    /// The bytes to sign.
    ///
    /// Eight line feeds stand between nine fields: after the address there is one even when the
    /// body is empty, and after the body there is none.
    ///
    /// ```
    /// use kassa_providers::op::signing::Lines;
    /// let lines = Lines {
    ///     method: "GET",
    ///     content_type: "application/json",
    ///     date: "Tue, 02 Nov 2021 14:21:38 GMT",
    ///     signer: "m",
    ///     api_key: "k",
    ///     session_id: "s",
    ///     request_id: "r",
    ///     url: "https://op.example/payments/1",
    ///     body: b"",
    /// };
    /// assert_eq!(
    ///     lines.to_bytes(),
    ///     b"GET\napplication/json\nTue, 02 Nov 2021 14:21:38 GMT\nm\nk\ns\nr\n\
    ///       https://op.example/payments/1\n"
    /// );
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [
            self.method,
            self.content_type,
            self.date,
            self.signer,
            self.api_key,
            self.session_id,
            self.request_id,
            self.url,
        ];
        let mut bytes = Vec::new();
        for line in head {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(self.body);
        bytes
    }
}

impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines([redacted])")
    }
}

/// The header `Authorization`: `signer:1:key version:signature`.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who signed.
    pub signer: String,
    /// The version of the key that signed. The signature does not cover it.
    pub key_version: u16,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Authorization {
    /// Reads the header's value.
    ///
    /// # Errors
    /// [`ContentError::Signature`] unless it has exactly four parts: one who signs, the algorithm
    /// `1`, a version from 0 to 9999 in plain digits, and hexadecimal digits of either case.
    pub fn parse(text: &str) -> Result<Self, ContentError> {
        let parts: Vec<&str> = text.split(':').collect();
        let &[signer, ALGORITHM, version, signature] = parts.as_slice() else {
            return Err(ContentError::Signature);
        };
        let version = key_version(version).ok_or(ContentError::Signature)?;
        let signature = decode(signature).ok_or(ContentError::Signature)?;
        if signer.is_empty() || signature.is_empty() {
            return Err(ContentError::Signature);
        }
        Ok(Self {
            signer: signer.to_owned(),
            key_version: version,
            signature,
        })
    }

    /// The value of the header but for the signature: what [`encode`] makes comes at its end.
    #[must_use]
    pub fn prefix(signer: &str, key_version: u16) -> String {
        let version = key_version.to_string();
        [signer, ":", ALGORITHM, ":", &version, ":"].concat()
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("key_version", &self.key_version)
            .finish_non_exhaustive()
    }
}

/// A key's version: 0 to 9999 in plain digits.
#[must_use]
pub fn key_version(text: &str) -> Option<u16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text.len() == 1 || !text.starts_with('0');
    let version: u64 = text.parse().ok()?;
    let version = u16::try_from(version).ok()?;
    (digits && plain && version <= LAST_VERSION).then_some(version)
}

/// A signature as OP writes it: hexadecimal, in lower case.
#[must_use]
pub fn encode(signature: &Signature) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digits = signature.0.iter();
    digits
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

/// The bytes of a signature in hexadecimal of either case; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(value(*high)? * 16 + value(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kassa_checkout::message::{ContentError, Signature};
    use proptest::prelude::*;

    use super::{Authorization, Lines, decode, encode, key_version};

    #[test]
    fn the_header_has_exactly_four_parts() {
        let read = |text: &str| Authorization::parse(text);
        let good = read("c3efaaee-a6bb:1:42:0aFf").unwrap();
        assert_eq!(good.signer, "c3efaaee-a6bb");
        assert_eq!(
            (good.key_version, &*good.signature),
            (42, &[0x0a, 0xff][..])
        );
        for wrong in [
            "",
            "m",
            "m:1:1",
            "m:1:1:",
            ":1:1:0aff",
            "m:1:1:0aff:",
            "m:1:1:0aff:0aff",
            "m:2:1:0aff",
            "m:01:1:0aff",
            "m:1::0aff",
            "m:1:-1:0aff",
            "m:1:+1:0aff",
            "m:1:01:0aff",
            "m:1:10000:0aff",
            "m:1:1:0af",
            "m:1:1:0xff",
            "m:1:1: 0aff",
            "m:1:1:0aff ",
            "m:1:1:Cv8=",
        ] {
            assert_eq!(read(wrong), Err(ContentError::Signature), "{wrong:?}");
        }
    }

    #[test]
    fn versions_end_where_they_should() {
        for (text, version) in [("0", Some(0)), ("1", Some(1)), ("9999", Some(9_999))] {
            assert_eq!(key_version(text), version);
        }
        for wrong in ["", "00", "10000", "99999", "1 ", "v1", "١"] {
            assert_eq!(key_version(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn nothing_confidential_is_printed() {
        let marker = "marker";
        let lines = Lines {
            method: marker,
            content_type: marker,
            date: marker,
            signer: marker,
            api_key: marker,
            session_id: marker,
            request_id: marker,
            url: marker,
            body: marker.as_bytes(),
        };
        let read = Authorization::parse("marker:1:7:0aff").unwrap();
        assert_eq!(format!("{lines:?}"), "Lines([redacted])");
        assert_eq!(format!("{read:?}"), "Authorization { key_version: 7, .. }");
    }

    proptest! {
        #[test]
        fn small_digits_go_out_and_either_case_comes_in(bytes: Vec<u8>) {
            let text = encode(&Signature(bytes.clone()));
            prop_assert!(text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
            prop_assert_eq!(decode(&text.to_uppercase()), Some(bytes.clone()));
            prop_assert_eq!(decode(&text), Some(bytes));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[a-f0-9:]{0,40}") {
            let _ = Authorization::parse(&text);
        }
    }
}
