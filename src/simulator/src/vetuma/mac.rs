//! VETUMA's MAC: a plain SHA-256 over the values present, in one fixed order, and the shared secret.
//!
//! Written for this side alone; Kassa has its own.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::latin1::to_bytes;

/// Name and value, as after one form-decoding.
pub type Pair = (String, String);

/// The parameters in the order in which their values go into the MAC. Between `TRID` and `PAYM_CALL_ID` the order is inferred.
pub const ORDER: [&str; 31] = [
    "RCVID",
    "APPID",
    "TIMESTMP",
    "SO",
    "SOLIST",
    "TYPE",
    "AU",
    "USERID",
    "LG",
    "RETURL",
    "CANURL",
    "ERRURL",
    "AP",
    "SUBJECTDATA",
    "EXTRADATA",
    "APPNAME",
    "AM",
    "PAYID",
    "REF",
    "ORDNR",
    "MSGBUYER",
    "MSGSELLER",
    "MSGFORM",
    "PAID",
    "STATUS",
    "TRID",
    "VTJDATA",
    "PAYM_CALL_ID",
    "PAYM_STATUS",
    "PAYM_AMOUNT",
    "PAYM_CURRENCY",
];

/// A shared secret; never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// `RCVID-64HEX`, as VETUMA hands it out.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The MAC of a message: 64 upper-case hexadecimal digits; `None` when a value is not ISO-8859-1.
    ///
    /// # Examples
    /// ```
    /// use kassa_simulator::vetuma::mac::Secret;
    ///
    /// let secret = Secret::new(format!("KOE-{}", "0".repeat(64)));
    /// let message = [("RCVID".to_owned(), "KOE".to_owned()), ("LG".to_owned(), "fi".to_owned())];
    /// assert_eq!(secret.mac(&message).unwrap().len(), 64);
    /// assert_ne!(secret.mac(&message), secret.mac(&message[..1]));
    /// ```
    #[must_use]
    pub fn mac(&self, message: &[Pair]) -> Option<String> {
        Some(self.digest(&to_bytes(&base_string(message))?))
    }

    /// Checks the MAC of a message.
    ///
    /// # Errors
    /// Says what is wrong with it, and which of the classic mistakes was made, where it was one of them.
    pub fn check(&self, message: &[Pair], received: &str) -> Result<(), String> {
        if received.is_empty() {
            return Err("is empty; expected 64 hexadecimal digits".to_owned());
        }
        if received.len() != 64 || !received.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("is not 64 hexadecimal digits".to_owned());
        }
        let right = self.mac(message).unwrap_or_default();
        if same(&right, received) {
            return Ok(());
        }
        Err(format!(
            "does not hold: {}",
            self.mistake(message, received)
        ))
    }

    fn digest(&self, base: &[u8]) -> String {
        hex(&Sha256::digest([base, self.0.as_bytes(), b"&"].concat()))
    }

    /// The digest with the key alone, as a mistaken application has it.
    pub(super) fn without_id(&self, base: &[u8]) -> String {
        let key = self.0.rsplit_once('-').map_or("", |(_, key)| key);
        hex(&Sha256::digest([base, key.as_bytes(), b"&"].concat()))
    }

    /// An HMAC over the joined values, which VETUMA's MAC is not.
    pub(super) fn keyed(&self, base: &[u8]) -> String {
        let joined = base.strip_suffix(b"&").unwrap_or(base);
        Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).map_or_else(
            |_| String::new(),
            |mut mac| {
                mac.update(joined);
                hex(&mac.finalize().into_bytes())
            },
        )
    }

    /// What was signed instead, told from the MAC that came.
    fn mistake(&self, message: &[Pair], received: &str) -> &'static str {
        let base = base_string(message);
        let latin1 = to_bytes(&base).unwrap_or_default();
        let filled: Vec<Pair> = message
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .cloned()
            .collect();
        let as_sent: String = message
            .iter()
            .filter(|(name, _)| name != "MAC")
            .map(|(_, value)| format!("{value}&"))
            .collect();
        let mistakes = [
            (
                self.digest(base.as_bytes()),
                "it is over UTF-8; expected ISO-8859-1",
            ),
            (
                self.without_id(&latin1),
                "the secret is without RCVID and a hyphen before the key",
            ),
            (
                hex(&Sha256::digest([&latin1, self.0.as_bytes()].concat())),
                "the last & is missing",
            ),
            (
                self.keyed(&latin1),
                "it is an HMAC; expected a plain SHA-256",
            ),
            (
                self.digest(&to_bytes(&base_string(&filled)).unwrap_or_default()),
                "parameters that are present and empty were left out",
            ),
            (
                self.digest(&to_bytes(&as_sent).unwrap_or_default()),
                "the parameters are in the order of the form",
            ),
            (
                self.digest(&latin1).to_ascii_lowercase(),
                "it is in small letters",
            ),
            (
                self.digest(&to_bytes(&call_id_first(message)).unwrap_or_default()),
                "PAYM_CALL_ID is before TRID; which is right was never published, so send one of them",
            ),
        ];
        let told = mistakes.iter().find(|(mac, _)| mac == received);
        told.map_or(
            "a value was changed, or it is by another secret",
            |(_, why)| why,
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// The values of the parameters present, each with `&` after it; the secret, which follows, is not in it.
#[must_use]
pub fn base_string(message: &[Pair]) -> String {
    let values = ORDER
        .iter()
        .filter_map(|wanted| message.iter().find(|(name, _)| name == wanted));
    values.map(|(_, value)| format!("{value}&")).collect()
}

/// The base string with the two parameters the other way round whose order nobody knows.
fn call_id_first(message: &[Pair]) -> String {
    let swapped: Vec<Pair> = message
        .iter()
        .map(|(name, value)| {
            let other = match name.as_str() {
                "TRID" => "PAYM_CALL_ID",
                "PAYM_CALL_ID" => "TRID",
                same => same,
            };
            (other.to_owned(), value.clone())
        })
        .collect();
    base_string(&swapped)
}

/// Compares without stopping at the first difference.
fn same(left: &str, right: &str) -> bool {
    let pairs = left.bytes().zip(right.bytes());
    left.len() == right.len() && pairs.fold(0, |all, (left, right)| all | (left ^ right)) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
