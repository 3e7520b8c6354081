//! A strict JSON reader that keeps what a signature depends on.
//!
//! The order of keys and the literal text of numbers are kept; a key that stands twice in one
//! object, deep nesting and large documents are refused. The grammar itself is serde_json's.

use core::fmt;
use std::collections::HashSet;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The largest document that is read, in bytes: 256 KiB.
pub const MAX_BYTES: usize = 256 * 1024;

/// How deep lists and objects may be nested.
pub const MAX_DEPTH: usize = 32;

/// A JSON value, in the order and with the digits that were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's literal text.
    Number(String),
    /// A string, its escapes decoded.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, its keys all different, in the order of the document.
    Object(Vec<(String, Json)>),
}

/// Why a document is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Larger than [`MAX_BYTES`].
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A key stands twice in one object.
    DuplicateKey,
    /// Not JSON in UTF-8.
    Malformed,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "document is too large: expected at most 262144 bytes",
            Self::TooDeep => "document is nested too deep: expected at most 32 levels",
            Self::DuplicateKey => "document holds a key twice in one object",
            Self::Malformed => "document is malformed: expected JSON in UTF-8",
        })
    }
}

impl core::error::Error for JsonError {}

impl Json {
    /// Reads one document.
    ///
    /// # Errors
    /// [`JsonError`], one variant a rule.
    ///
    /// # Examples
    /// ```
    /// use kassa_providers::ecommpay::json::{Json, JsonError};
    /// let fee = Json::read(br#"{"fee": 1.50}"#)?;
    /// assert_eq!(fee.get("fee"), Some(&Json::Number("1.50".into())));
    /// assert_eq!(Json::read(br#"{"a": 1, "a": 2}"#), Err(JsonError::DuplicateKey));
    /// # Ok::<(), JsonError>(())
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        if bytes.len() > MAX_BYTES {
            return Err(JsonError::TooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?;
        let raw: &RawValue = parse(text)?;
        read_value(raw.get(), MAX_DEPTH)
    }

    /// The value of a key, when this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// The entries of an object; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The text, when this is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when this is a whole one that fits, written in plain digits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(literal) if literal.bytes().all(|byte| byte.is_ascii_digit()) => {
                literal.parse().ok()
            }
            _ => None,
        }
    }
}

fn read_value(text: &str, levels: usize) -> Result<Json, JsonError> {
    Ok(match text.as_bytes().first() {
        Some(b'{') => Json::Object(read_object(text, deeper(levels)?)?),
        Some(b'[') => {
            let levels = deeper(levels)?;
            let items: Vec<&RawValue> = parse(text)?;
            let items = items.into_iter().map(|raw| read_value(raw.get(), levels));
            Json::List(items.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Text(parse(text)?),
        Some(b't' | b'f') => Json::Bool(parse(text)?),
        Some(b'n') => Json::Null,
        Some(b'-' | b'0'..=b'9') => Json::Number(text.to_owned()),
        _ => return Err(JsonError::Malformed),
    })
}

fn read_object(text: &str, levels: usize) -> Result<Vec<(String, Json)>, JsonError> {
    let Entries(entries) = parse(text)?;
    let mut seen = HashSet::with_capacity(entries.len());
    if !entries.iter().all(|(key, _)| seen.insert(key.as_str())) {
        return Err(JsonError::DuplicateKey);
    }
    drop(seen);
    entries
        .into_iter()
        .map(|(key, raw)| Ok((key, read_value(raw.get(), levels)?)))
        .collect()
}

fn deeper(levels: usize) -> Result<usize, JsonError> {
    levels.checked_sub(1).ok_or(JsonError::TooDeep)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|_| JsonError::Malformed)
}

/// An object's entries as they stand, duplicates included, their values not yet read.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Json, JsonError, MAX_BYTES, MAX_DEPTH};

    #[test]
    fn order_and_digits_are_kept() {
        let document = Json::read(br#" {"b": 1.10, "a": [null, true, "\u00e4\/"], "c": -0} "#);
        let expected = Json::Object(vec![
            ("b".into(), Json::Number("1.10".into())),
            (
                "a".into(),
                Json::List(vec![Json::Null, Json::Bool(true), Json::Text("ä/".into())]),
            ),
            ("c".into(), Json::Number("-0".into())),
        ]);
        assert_eq!(document, Ok(expected));
    }

    #[test]
    fn duplicates_are_found_also_when_escaped_or_nested() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#,
        ] {
            assert_eq!(
                Json::read(text.as_bytes()),
                Err(JsonError::DuplicateKey),
                "{text}"
            );
        }
    }

    #[test]
    fn depth_and_size_end_where_they_should() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::read(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            Json::read(nested(MAX_DEPTH + 1).as_bytes()),
            Err(JsonError::TooDeep)
        );
        let padded = |size: usize| "{}".to_owned() + &" ".repeat(size - 2);
        assert!(Json::read(padded(MAX_BYTES).as_bytes()).is_ok());
        assert_eq!(
            Json::read(padded(MAX_BYTES + 1).as_bytes()),
            Err(JsonError::TooLarge)
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bytes in [
            &b""[..],
            b"{",
            b"{}{}",
            b"{\"a\":01}",
            b"{\"a\":.5}",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"NaN",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\n\"}",
        ] {
            assert_eq!(Json::read(bytes), Err(JsonError::Malformed), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Json::read(&bytes);
        }

        #[test]
        fn no_almost_json_panics(text in "[\\[\\]{}\",:0-9eE.truefalsn\\\\ -]{0,80}") {
            let _ = Json::read(text.as_bytes());
        }
    }
}
