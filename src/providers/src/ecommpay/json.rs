//! A strict JSON reader that keeps what a signature depends on.
//!
//! The order of keys and the literal text of numbers are kept; a key that stands twice in one
//! object, deep nesting and large documents are refused. The grammar itself is serde_json's.

use core::fmt;
use std::collections::HashSet;

use serde::Deserialize;
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
        let mut scanner = Scanner {
            text: raw.get(),
            at: 0,
        };
        scanner.value(MAX_DEPTH)
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

/// Reads a document that is known to be JSON, but for what its strings escape.
struct Scanner<'a> {
    text: &'a str,
    /// The place of the next byte.
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte after white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Steps over this byte, if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, levels: usize) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(deeper(levels)?),
            Some(b'[') => self.list(deeper(levels)?),
            Some(b'"') => self.string().map(Json::Text),
            Some(_) => match self.word() {
                "null" => Ok(Json::Null),
                "true" => Ok(Json::Bool(true)),
                "false" => Ok(Json::Bool(false)),
                number => Ok(Json::Number(number.to_owned())),
            },
            None => Err(JsonError::Malformed),
        }
    }

    fn object(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut seen = Seen::default();
        while !self.take(b'}') {
            let key = self.string()?;
            if !seen.is_new(&entries, &key) {
                return Err(JsonError::DuplicateKey);
            }
            self.take(b':');
            entries.push((key, self.value(levels)?));
            self.take(b',');
        }
        Ok(Json::Object(entries))
    }

    fn list(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(b']') {
            items.push(self.value(levels)?);
            self.take(b',');
        }
        Ok(Json::List(items))
    }

    /// A string, its escapes decoded by serde_json.
    fn string(&mut self) -> Result<String, JsonError> {
        if !self.take(b'"') {
            return Err(JsonError::Malformed);
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let mark = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            self.at += mark.ok_or(JsonError::Malformed)?;
            if self.text.as_bytes().get(self.at) == Some(&b'"') {
                break;
            }
            escaped = true;
            self.at += 2;
        }
        let end = self.at;
        self.at += 1;
        if escaped {
            let quoted = self.text.get(start.saturating_sub(1)..self.at);
            return parse(quoted.ok_or(JsonError::Malformed)?);
        }
        let plain = self.text.get(start..end).ok_or(JsonError::Malformed)?;
        Ok(plain.to_owned())
    }

    /// A number or a word, up to what ends it.
    fn word(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |byte: u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }
}

/// The keys of an object so far: looked through while they are few, hashed once they are many.
#[derive(Default)]
struct Seen(HashSet<String>);

/// As many keys as are looked through one by one.
const FEW: usize = 16;

impl Seen {
    fn is_new(&mut self, entries: &[(String, Json)], key: &str) -> bool {
        if entries.len() < FEW {
            return entries.iter().all(|(known, _)| known != key);
        }
        if self.0.is_empty() {
            self.0
                .extend(entries.iter().map(|(known, _)| known.clone()));
        }
        self.0.insert(key.to_owned())
    }
}

fn deeper(levels: usize) -> Result<usize, JsonError> {
    levels.checked_sub(1).ok_or(JsonError::TooDeep)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|_| JsonError::Malformed)
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
