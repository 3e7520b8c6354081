//! A strict JSON reader that keeps what a signature depends on.
//!
//! The order of keys and the literal text of numbers are kept; a key that stands twice in one
//! object, deep nesting and large documents are refused. The grammar is RFC 8259's, and tests hold
//! it against serde_json, which would weigh more than all else in the browser's module.

use core::fmt;

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
        let mut scanner = Scanner { text, at: 0 };
        let value = scanner.value(MAX_DEPTH)?;
        match scanner.peek() {
            None => Ok(value),
            Some(_) => Err(JsonError::Malformed),
        }
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
            // What has a minus, a point or an exponent is refused there, and JSON has no plus.
            Self::Number(literal) => literal.parse().ok(),
            _ => None,
        }
    }
}

/// Reads a document from its start to its end.
struct Scanner<'a> {
    text: &'a str,
    /// The place of the next byte.
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte after white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    /// The next byte, white space or not.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What stands ahead.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over this byte, if it is the next one after white space.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over this byte.
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        self.take(byte).then_some(()).ok_or(JsonError::Malformed)
    }

    fn value(&mut self, levels: usize) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(deeper(levels)?),
            Some(b'[') => self.list(deeper(levels)?),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut entries: Vec<(String, Json)> = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            let key = self.string()?;
            // The first few are looked through at once; those after them are sorted at the end.
            if entries.iter().take(FEW).any(|(known, _)| *known == key) {
                return Err(JsonError::DuplicateKey);
            }
            self.expect(b':')?;
            entries.push((key, self.value(levels)?));
            if self.take(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        if holds_twice(entries.iter().skip(FEW)) {
            return Err(JsonError::DuplicateKey);
        }
        Ok(Json::Object(entries))
    }

    fn list(&mut self, levels: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(levels)?);
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    /// A string, its escapes decoded.
    fn string(&mut self) -> Result<String, JsonError> {
        self.expect(b'"')?;
        let mut decoded = String::new();
        loop {
            let rest = self.rest();
            let ends = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let end = rest.bytes().position(ends).ok_or(JsonError::Malformed)?;
            decoded.push_str(rest.get(..end).unwrap_or_default());
            self.at += end + 1;
            match rest.as_bytes().get(end) {
                Some(b'"') => return Ok(decoded),
                Some(b'\\') => decoded.push(self.escape()?),
                // A control character, which must be escaped.
                _ => return Err(JsonError::Malformed),
            }
        }
    }

    /// What an escape stands for; the backslash is behind.
    fn escape(&mut self) -> Result<char, JsonError> {
        let sign = self.byte().ok_or(JsonError::Malformed)?;
        self.at += 1;
        Ok(match sign {
            b'"' | b'\\' | b'/' => char::from(sign),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.escaped_unit(),
            _ => return Err(JsonError::Malformed),
        })
    }

    /// A character as one unit of UTF-16, or as a pair of them.
    fn escaped_unit(&mut self) -> Result<char, JsonError> {
        let unit = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&unit) {
            if !self.rest().starts_with("\\u") {
                return Err(JsonError::Malformed);
            }
            self.at += 2;
            let second = self.four_digits()?;
            let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
            0x10000 + ((unit - 0xd800) << 10) + low.ok_or(JsonError::Malformed)?
        } else {
            unit
        };
        // A second half without a first one is no character.
        char::from_u32(code).ok_or(JsonError::Malformed)
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self.rest().get(..4).ok_or(JsonError::Malformed)?;
        self.at += 4;
        digits
            .chars()
            .try_fold(0, |value, digit| Some(value * 16 + digit.to_digit(16)?))
            .ok_or(JsonError::Malformed)
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        if !self.rest().starts_with(word) {
            return Err(JsonError::Malformed);
        }
        self.at += word.len();
        Ok(value)
    }

    /// A number, whose literal is kept.
    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        Ok(Json::Number(literal.to_owned()))
    }

    /// Steps over digits, of which there must be one at least.
    fn digits(&mut self) -> Result<(), JsonError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        (digits > 0).then_some(()).ok_or(JsonError::Malformed)
    }
}

/// As many keys as are looked through one by one.
const FEW: usize = 16;

fn holds_twice<'a>(entries: impl Iterator<Item = &'a (String, Json)>) -> bool {
    let mut keys: Vec<&str> = entries.map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2)
        .any(|pair| matches!(pair, [one, next] if one == next))
}

fn deeper(levels: usize) -> Result<usize, JsonError> {
    levels.checked_sub(1).ok_or(JsonError::TooDeep)
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
    fn whole_numbers_are_read_where_they_are_plain_digits_that_fit() {
        let number = |text: &str| Json::read(text.as_bytes()).unwrap().as_u64();
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for other in [
            "18446744073709551616",
            "-0",
            "-1",
            "1.0",
            "1e1",
            "\"1\"",
            "null",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn each_refusal_has_its_words() {
        for (error, words) in [
            (
                JsonError::TooLarge,
                "document is too large: expected at most 262144 bytes",
            ),
            (
                JsonError::TooDeep,
                "document is nested too deep: expected at most 32 levels",
            ),
            (
                JsonError::DuplicateKey,
                "document holds a key twice in one object",
            ),
            (
                JsonError::Malformed,
                "document is malformed: expected JSON in UTF-8",
            ),
        ] {
            assert_eq!(error.to_string(), words);
        }
        assert_eq!((MAX_BYTES, MAX_DEPTH), (262_144, 32));
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

    /// What serde_json says of a text, but for what we refuse beside the grammar.
    fn of_serde(text: &str) -> Option<serde_json::Value> {
        serde_json::from_str(text).ok()
    }

    fn plain(json: &Json) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(flag) => (*flag).into(),
            Json::Number(literal) => serde_json::from_str(literal).unwrap(),
            Json::Text(text) => text.as_str().into(),
            Json::List(items) => items.iter().map(plain).collect(),
            Json::Object(entries) => {
                let pairs = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), plain(value)));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }

    fn holds_infinite(json: &Json) -> bool {
        match json {
            Json::Number(literal) => literal.parse::<f64>().is_ok_and(f64::is_infinite),
            Json::List(items) => items.iter().any(holds_infinite),
            Json::Object(entries) => entries.iter().any(|(_, value)| holds_infinite(value)),
            _ => false,
        }
    }

    /// Whether both read the text, and read the same.
    fn agrees(text: &str) -> bool {
        match (Json::read(text.as_bytes()), of_serde(text)) {
            (Ok(ours), Some(theirs)) => plain(&ours) == theirs,
            (Err(JsonError::Malformed), None) => true,
            // Refused here for more than its grammar; what is refused for that first may be
            // malformed further on.
            (Err(JsonError::DuplicateKey | JsonError::TooDeep), _) => true,
            // serde_json has no number beyond a double's reach.
            (Ok(ours), None) => holds_infinite(&ours),
            (Err(_), _) => false,
        }
    }

    #[test]
    fn escapes_as_serde_json_reads_them() {
        for text in [
            r#""\u0041\u00e4\ud83d\ude00\b\f\n\r\t\/\\\"""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\u0041""#,
            r#""\ud83d\udbff""#,
            r#""\ud83d\ue000""#,
            r#""\ud800\udc00\udbff\udfff""#,
            r#""\ude00""#,
            r#""\u12""#,
            r#""\u12é4""#,
            r#""\x41""#,
            r#""\"#,
            "\"\u{1f}\"",
            "\"\u{7f}\u{85}\u{2028}\"",
            "[null,true,false]",
            "tru",
            "truex",
            "fals",
            "nulll",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\":}",
            "{,}",
            "[,]",
            "[1,]",
            "-",
            "+1",
            "1.",
            "1e",
            "1e+",
            "00",
            "-01",
            "[1e999]",
            "1 ",
            "\u{a0}1",
        ] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn many_keys_are_told_apart_too() {
        let keys = |count: usize| {
            let all: Vec<_> = (0..count)
                .map(|number| format!("\"k{number}\":0"))
                .collect();
            all.join(",")
        };
        for count in [15, 16, 17, 500] {
            assert!(Json::read(format!("{{{}}}", keys(count)).as_bytes()).is_ok());
            for again in [0, 3, count / 2, count - 1] {
                let twice = format!("{{{},\"k{again}\":1}}", keys(count));
                let refused = Json::read(twice.as_bytes());
                assert_eq!(refused, Err(JsonError::DuplicateKey), "{again} of {count}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_json_is_serde_jsons_to_say(
            text in "[\\[\\]{}\",:0-3eE.truefalsn\\\\ -]{0,12}|\\[(-?[0-9]{1,3}(\\.[0-9])?(e-?[0-9])?,?){0,3}\\]",
        ) {
            prop_assert!(agrees(&text), "{}", text);
        }

        #[test]
        fn every_string(text in any::<String>(), cut in 0_usize..40) {
            let whole = serde_json::to_string(&text).unwrap();
            let part: String = whole.chars().take(cut).collect();
            prop_assert!(agrees(&whole) && agrees(&part));
        }

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
