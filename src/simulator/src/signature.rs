//! ecommpay's signature: flatten, sort naturally, join, HMAC-SHA-512, Base64. Written for this side alone; Kassa has its own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

use crate::json::Node;
use crate::natural;

/// A project's secret; never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret as given: its UTF-8 bytes are the key.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Signs a string: HMAC-SHA-512 in standard Base64, 88 characters.
    #[must_use]
    pub fn sign(&self, string_to_sign: &str) -> String {
        STANDARD.encode(self.mac(string_to_sign).finalize().into_bytes())
    }

    /// Checks a signature of a string, in constant time.
    ///
    /// # Errors
    /// Says what is wrong with the signature.
    pub fn check(&self, string_to_sign: &str, signature: &str) -> Result<(), SignatureProblem> {
        if signature.is_empty() {
            return Err(SignatureProblem::Empty);
        }
        let bytes = STANDARD
            .decode(signature)
            .map_err(|_| SignatureProblem::NotBase64)?;
        if bytes.len() != 64 {
            return Err(SignatureProblem::Length(bytes.len()));
        }
        self.mac(string_to_sign)
            .verify_slice(&bytes)
            .map_err(|_| SignatureProblem::Wrong)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    fn mac(&self, string_to_sign: &str) -> Hmac<Sha512> {
        let mut mac = Hmac::<Sha512>::new_from_slice(self.0.as_bytes()).expect("any key length");
        mac.update(string_to_sign.as_bytes());
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureProblem {
    /// It is the empty text.
    Empty,
    /// It is not standard Base64 with padding.
    NotBase64,
    /// It decodes to this many bytes instead of 64.
    Length(usize),
    /// It is not the signature of this string.
    Wrong,
}

impl fmt::Display for SignatureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::NotBase64 => f.write_str(
                "is not standard Base64 with padding (was a + sent without percent-encoding?)",
            ),
            Self::Length(bytes) => write!(
                f,
                "holds {bytes} bytes; expected the 64 bytes of HMAC-SHA-512"
            ),
            Self::Wrong => {
                f.write_str("is not the signature of these parameters with the project's secret")
            }
        }
    }
}

/// The string to sign of a document from which the signature was already taken out.
///
/// # Examples
/// ```
/// use kassa_simulator::json::Node;
/// use kassa_simulator::signature::string_to_sign;
///
/// let document = Node::parse(r#"{"a":1,"b":{"c":[true,null]},"flag":false}"#)?;
/// assert_eq!(string_to_sign(&document), "a:1;b:c:0:1;b:c:1:;flag:0");
/// # Ok::<(), kassa_simulator::json::ParseError>(())
/// ```
#[must_use]
pub fn string_to_sign(document: &Node) -> String {
    let mut lines = Vec::new();
    flatten(document, None, &mut lines);
    lines.sort_by(|(a, _), (b, _)| natural::compare(a, b));
    let lines: Vec<String> = lines
        .into_iter()
        .map(|(path, value)| format!("{path}:{value}"))
        .collect();
    lines.join(";")
}

/// Signs a document and puts the signature at its top level, at the end, as ecommpay's callbacks have it.
#[must_use]
pub fn signed(mut document: Node, secret: &Secret) -> Node {
    let signature = secret.sign(&string_to_sign(&document));
    document.set(&["signature"], Node::Text(signature));
    document
}

fn flatten(node: &Node, path: Option<&str>, lines: &mut Vec<(String, String)>) {
    let value = match node {
        Node::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| key != "frame_mode") {
                flatten(value, Some(&join(path, &key.replace(':', "::"))), lines);
            }
            return;
        }
        Node::List(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(value, Some(&join(path, &index.to_string())), lines);
            }
            return;
        }
        Node::Null => String::new(),
        Node::Bool(value) => u8::from(*value).to_string(),
        Node::Number(text) => number(text),
        Node::Text(text) => text.clone(),
    };
    lines.push((path.unwrap_or_default().to_owned(), value));
}

fn join(path: Option<&str>, key: &str) -> String {
    path.map_or_else(|| key.to_owned(), |path| format!("{path}:{key}"))
}

/// A number as PHP 8 turns it into text; integers outside 64 bits become floats there.
fn number(literal: &str) -> String {
    if let Ok(integer) = literal.parse::<i64>() {
        return integer.to_string();
    }
    literal
        .parse::<f64>()
        .map_or_else(|_| literal.to_owned(), float)
}

/// A float with up to 14 significant digits, in the exponent form outside 10^-4 … 10^14 (as PHP does it).
fn float(value: f64) -> String {
    let scientific = format!("{value:.13e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if digits.is_empty() {
        return format!("{sign}0");
    }
    if !(-4..14).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}E{exponent:+}");
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return format!(
            "{sign}0.{}{digits}",
            "0".repeat(exponent.unsigned_abs() as usize - 1)
        );
    };
    if whole == 0 {
        format!("{sign}0.{digits}")
    } else if digits.len() <= whole {
        format!("{sign}{digits}{}", "0".repeat(whole - digits.len()))
    } else {
        let (whole, fraction) = digits.split_at(whole);
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<serde_json::Map<String, serde_json::Value>> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/ecommpay-sign.json"
        );
        #[derive(serde::Deserialize)]
        struct File {
            tests: Vec<serde_json::Map<String, serde_json::Value>>,
        }
        let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        file.tests
    }

    /// The `input` members as they stand in the file: a map of `serde_json` would sort their keys and lose number texts.
    fn inputs() -> Vec<Option<Node>> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/ecommpay-sign.json"
        );
        let file = Node::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let Some(Node::List(tests)) = file.get("tests") else {
            panic!("no tests")
        };
        tests
            .iter()
            .map(|test| test.get("input").cloned())
            .collect()
    }

    #[test]
    fn signs_all_recommended_vectors() {
        let mut count = 0;
        for (test, input) in vectors().iter().zip(inputs()) {
            if test["recommended"] != true {
                continue;
            }
            let input = test.get("input_raw").map_or(input, |raw| {
                Some(Node::parse(raw.as_str().unwrap()).unwrap())
            });
            let text = string_to_sign(&input.unwrap());
            let name = &test["name"];
            assert_eq!(text, test["string_to_sign"].as_str().unwrap(), "{name}");
            let secret = Secret::new(test["secret"].as_str().unwrap());
            let signature = test["signature"].as_str().unwrap();
            assert_eq!(secret.sign(&text), signature, "{name}");
            assert_eq!(secret.check(&text, signature), Ok(()), "{name}");
            count += 1;
        }
        assert!(count > 100, "only {count}");
    }

    #[test]
    fn says_what_is_wrong() {
        let secret = Secret::new("secret");
        let good = secret.sign("a:1");
        assert_eq!(secret.check("a:1", ""), Err(SignatureProblem::Empty));
        assert_eq!(
            secret.check("a:1", good.trim_end_matches('=')),
            Err(SignatureProblem::NotBase64)
        );
        assert_eq!(
            secret.check("a:1", &good.replace('+', "-").replace('/', "_")),
            Err(SignatureProblem::NotBase64)
        );
        assert_eq!(
            secret.check("a:1", "AAAA"),
            Err(SignatureProblem::Length(3))
        );
        assert_eq!(secret.check("a:2", &good), Err(SignatureProblem::Wrong));
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
    }
}
