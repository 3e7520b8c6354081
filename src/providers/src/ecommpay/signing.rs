//! The string that ecommpay signs, for requests, answers and callbacks alike.
//!
//! Source: ecommpay's "Signature generation and verification" and its PHP SDK, whose outcomes
//! are the recommended entries of `tests/vectors/ecommpay-sign.json`.

use base64::{Engine, engine::general_purpose::STANDARD};
use kassa_checkout::message::Signature;

use super::{
    json::{Json, JsonError},
    natural, php_number,
};

/// The bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The longest string to sign, in bytes: 1 MiB. Real ones have a few thousand.
pub const MAX_CANONICAL: usize = 1024 * 1024;

/// How numbers are written into the signed string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// As PHP writes them.
    Php,
    /// As they stand in the document.
    Literal,
}

/// The string to sign of a JSON object, signature and all, if it holds one.
///
/// This is the bare algorithm: it refuses nothing that it can write. Building a request goes
/// through [`super::PaymentPage`], which refuses what would make the string ambiguous.
///
/// # Errors
/// [`JsonError`] when the text is not one strict JSON object.
///
/// # Examples
/// ```
/// use kassa_providers::ecommpay::signing::canonical_string;
/// let text = canonical_string(br#"{"b": {"x:y": true}, "a": [null, 1.0], "c": {}}"#)?;
/// assert_eq!(text, "a:0:;a:1:1;b:x::y:1");
/// # Ok::<(), kassa_providers::ecommpay::json::JsonError>(())
/// ```
pub fn canonical_string(document: &[u8]) -> Result<String, JsonError> {
    canonical_string_of(&Json::read(document)?)
}

/// The same of an object that was read before.
///
/// # Errors
/// [`JsonError`] when it is no object, or the string would be too long.
///
/// # Examples
/// ```
/// use kassa_providers::ecommpay::{json::Json, signing::canonical_string_of};
/// let object = Json::read(br#"{"b": 2, "a": 1}"#)?;
/// assert_eq!(canonical_string_of(&object)?, "a:1;b:2");
/// # Ok::<(), kassa_providers::ecommpay::json::JsonError>(())
/// ```
pub fn canonical_string_of(document: &Json) -> Result<String, JsonError> {
    match document {
        Json::Object(_) => canonical(document, Numbers::Php),
        _ => Err(JsonError::Malformed),
    }
}

/// A signature as it stands in a message: standard Base64 with padding, 88 characters.
#[must_use]
pub fn encode(signature: &Signature) -> String {
    STANDARD.encode(&signature.0)
}

/// The bytes of a signature from a message; `None` unless it is exactly what [`encode`] makes.
///
/// The URL-safe alphabet, missing padding and white space are refused.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (bytes.len() == SIGNATURE_BYTES).then_some(bytes)
}

/// The string to sign of a document.
///
/// # Errors
/// [`JsonError::TooLarge`] when it would be longer than [`MAX_CANONICAL`].
pub(super) fn canonical(json: &Json, numbers: Numbers) -> Result<String, JsonError> {
    let mut lines = Lines::new(numbers);
    lines.flatten(json)?;
    Ok(lines.join())
}

/// The string to sign of flat parameters.
pub(super) fn canonical_pairs(pairs: &[(String, String)]) -> String {
    let mut lines = Lines::new(Numbers::Php);
    for (name, value) in pairs.iter().filter(|(name, _)| name != "frame_mode") {
        lines.enter(name);
        lines.push(value);
        lines.leave(0);
    }
    lines.join()
}

/// The lines of a document, as they are gathered: one text with all of them, and where each path
/// and each line ends in it.
struct Lines {
    numbers: Numbers,
    /// Bytes that may still be added: a long key over a long list must not fill the memory.
    budget: usize,
    text: String,
    spans: Vec<Span>,
    /// The path that is being walked, and whether anything was entered yet: a key may be empty.
    path: String,
    depth: usize,
}

/// A line: its path, a colon and its value.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    path_end: usize,
    end: usize,
}

impl Lines {
    fn new(numbers: Numbers) -> Self {
        Self {
            numbers,
            budget: MAX_CANONICAL,
            text: String::with_capacity(1_024),
            spans: Vec::with_capacity(32),
            path: String::with_capacity(64),
            depth: 0,
        }
    }

    fn flatten(&mut self, json: &Json) -> Result<(), JsonError> {
        match json {
            Json::Object(entries) => {
                for (key, value) in entries.iter().filter(|(key, _)| key != "frame_mode") {
                    let before = self.path.len();
                    self.enter(key);
                    self.flatten(value)?;
                    self.leave(before);
                }
                Ok(())
            }
            Json::List(items) => {
                for (index, value) in items.iter().enumerate() {
                    let before = self.path.len();
                    self.enter(&index.to_string());
                    self.flatten(value)?;
                    self.leave(before);
                }
                Ok(())
            }
            Json::Null => self.add(""),
            Json::Bool(true) => self.add("1"),
            Json::Bool(false) => self.add("0"),
            Json::Number(literal) if self.numbers == Numbers::Php => {
                if php_number::is_plain(literal) {
                    return self.add(literal);
                }
                self.add(&php_number::write(literal))
            }
            Json::Number(literal) => self.add(literal),
            Json::Text(text) => self.add(text),
        }
    }

    /// Goes on to what stands under a key, whose colons are doubled.
    fn enter(&mut self, key: &str) {
        if self.depth > 0 {
            self.path.push(':');
        }
        self.depth += 1;
        let mut parts = key.split(':');
        self.path.push_str(parts.next().unwrap_or_default());
        for part in parts {
            self.path.push_str("::");
            self.path.push_str(part);
        }
    }

    /// Goes back to where the path was so long.
    fn leave(&mut self, length: usize) {
        self.path.truncate(length);
        self.depth = self.depth.saturating_sub(1);
    }

    fn add(&mut self, value: &str) -> Result<(), JsonError> {
        self.budget = self
            .budget
            .checked_sub(self.path.len() + value.len() + 2)
            .ok_or(JsonError::TooLarge)?;
        self.push(value);
        Ok(())
    }

    fn push(&mut self, value: &str) {
        let start = self.text.len();
        self.text.push_str(&self.path);
        let path_end = self.text.len();
        self.text.push(':');
        self.text.push_str(value);
        self.spans.push(Span {
            start,
            path_end,
            end: self.text.len(),
        });
    }

    /// All lines in their order, with semicolons between them.
    fn join(mut self) -> String {
        let part = |from, to| self.text.get(from..to).unwrap_or_default();
        let path = |span: &Span| part(span.start, span.path_end);
        self.spans
            .sort_by(|a, b| natural::compare(path(a), path(b)));
        let mut joined = String::with_capacity(self.text.len() + self.spans.len());
        for (place, span) in self.spans.iter().enumerate() {
            if place > 0 {
                joined.push(';');
            }
            joined.push_str(part(span.start, span.end));
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::message::Signature;

    use super::{JsonError, MAX_CANONICAL, canonical_string, decode, encode};

    #[test]
    fn a_long_key_over_a_long_list_is_refused_and_not_unfolded() {
        let document = format!(
            r#"{{"{}": [{}1]}}"#,
            "k".repeat(100_000),
            "1,".repeat(70_000)
        );
        assert_eq!(
            canonical_string(document.as_bytes()),
            Err(JsonError::TooLarge)
        );
    }

    #[test]
    fn only_objects_are_signed() {
        for text in ["[]", "1", "null", "\"a\""] {
            assert_eq!(canonical_string(text.as_bytes()), Err(JsonError::Malformed));
        }
        assert_eq!(canonical_string(br#"{"a":{},"b":[]}"#).as_deref(), Ok(""));
    }

    #[test]
    fn signatures_are_read_in_one_encoding_only() {
        let signature = Signature(vec![0xfb; 64]);
        let text = encode(&signature);
        assert_eq!(text.len(), 88);
        assert_eq!(decode(&text), Some(signature.0));
        for wrong in [
            text.replace('+', "-").replace('/', "_"),
            text.trim_end_matches('=').to_owned(),
            format!("{text}\n"),
            format!(" {text}"),
            text.replace("==", "="),
            encode(&Signature(vec![0; 63])),
            String::new(),
        ] {
            assert_ne!(wrong, text);
            assert_eq!(decode(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_limit_counts_every_byte_of_paths_values_and_what_stands_between() {
        assert_eq!(MAX_CANONICAL, 1_048_576);
        // Ten lines of a path (the key, a colon, a digit) and two bytes more, and one value.
        let document = |value: usize| {
            let key = "k".repeat(MAX_CANONICAL / 10 - 4);
            let value = "v".repeat(value);
            format!(r#"{{"{key}":["{value}",{}]}}"#, ["null"; 9].join(","))
        };
        let rest = MAX_CANONICAL % 10;
        let longest = canonical_string(document(rest).as_bytes()).unwrap();
        assert_eq!(longest.len(), MAX_CANONICAL - 1, "no ; at its end");
        assert_eq!(
            canonical_string(document(rest + 1).as_bytes()),
            Err(JsonError::TooLarge)
        );
    }
}
