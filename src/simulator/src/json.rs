//! A JSON document that keeps what the signature and the attacks care about: the order of keys, repeated keys, and the literal text of numbers.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// Documents nested deeper than this many levels are not read.
const MAX_DEPTH: usize = 64;

/// One JSON value; objects keep document order and may repeat a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its literal text.
    Number(String),
    /// A string, decoded.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, in document order.
    Object(Vec<(String, Node)>),
}

/// How strings are written: as most libraries do, or as PHP's encoder does by default (`\/` and `\u00e4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// Only what JSON demands.
    Plain,
    /// Slashes and everything outside ASCII are escaped, as on ecommpay's platform.
    Php,
}

/// Why a text is not a document that we read.
#[derive(Debug)]
pub enum ParseError {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// It is nested too deep.
    TooDeep,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "not JSON: {error}"),
            Self::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl std::error::Error for ParseError {}

impl Node {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// When the text is not JSON or nested deeper than 64 levels.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let raw: &RawValue = serde_json::from_str(text).map_err(ParseError::Syntax)?;
        build(raw.get(), MAX_DEPTH)
    }

    /// Writes the document compactly.
    #[must_use]
    pub fn to_json(&self, escapes: Escapes) -> String {
        let mut out = String::new();
        write(self, escapes, &mut out);
        out
    }

    /// The value of the first member of that name, when this is an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Takes all members of that name out of this object.
    pub fn take(&mut self, key: &str) -> Vec<Self> {
        let Self::Object(members) = self else {
            return Vec::new();
        };
        let (taken, kept) = std::mem::take(members)
            .into_iter()
            .partition(|(name, _)| name == key);
        *members = kept;
        let taken: Vec<(String, Self)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Puts a value at a path of object keys, replacing what is there or adding it at the end; anything in the way that is no object is replaced.
    pub fn set(&mut self, path: &[&str], value: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(name, _)| name == first) {
                Some((_, slot)) => slot.set(rest, value),
                None => {
                    let mut slot = Self::Null;
                    slot.set(rest, value);
                    members.push(((*first).to_owned(), slot));
                }
            }
        }
    }

    /// A string value.
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// An integer value.
    #[must_use]
    pub fn int(value: u64) -> Self {
        Self::Number(value.to_string())
    }

    /// An object from its members.
    #[must_use]
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn build(text: &str, depth: usize) -> Result<Node, ParseError> {
    let deeper = depth.checked_sub(1).ok_or(ParseError::TooDeep)?;
    let text = text.trim_ascii();
    match text.bytes().next() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(ParseError::Syntax)?;
            let members = members
                .into_iter()
                .map(|(name, raw)| Ok((name, build(raw.get(), deeper)?)));
            Ok(Node::Object(members.collect::<Result<_, ParseError>>()?))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(ParseError::Syntax)?;
            Ok(Node::List(
                items
                    .into_iter()
                    .map(|raw| build(raw.get(), deeper))
                    .collect::<Result<_, _>>()?,
            ))
        }
        Some(b'"') => Ok(Node::Text(
            serde_json::from_str(text).map_err(ParseError::Syntax)?,
        )),
        Some(b'n') => Ok(Node::Null),
        Some(b't') => Ok(Node::Bool(true)),
        Some(b'f') => Ok(Node::Bool(false)),
        _ => Ok(Node::Number(text.to_owned())),
    }
}

fn write(node: &Node, escapes: Escapes, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Node::Number(text) => out.push_str(text),
        Node::Text(text) => write_text(text, escapes, out),
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, escapes, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name, escapes, out);
                out.push(':');
                write(value, escapes, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, escapes: Escapes, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if escapes == Escapes::Php => out.push_str("\\/"),
            c if u32::from(c) < 0x20 || (escapes == Escapes::Php && !c.is_ascii()) => {
                let mut units = [0_u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_repeats_and_number_text() {
        let node = Node::parse(r#" {"b":1.10,"a":[true,null],"b":-0} "#).unwrap();
        assert_eq!(
            node.to_json(Escapes::Plain),
            r#"{"b":1.10,"a":[true,null],"b":-0}"#
        );
    }

    #[test]
    fn writes_like_php() {
        let node = Node::text("Åbo/\u{1F600}\"\n");
        assert_eq!(
            node.to_json(Escapes::Php),
            r#""\u00c5bo\/\ud83d\ude00\"\u000a""#
        );
        assert_eq!(Node::parse(&node.to_json(Escapes::Php)).unwrap(), node);
        assert_eq!(Node::parse(&node.to_json(Escapes::Plain)).unwrap(), node);
    }

    #[test]
    fn refuses_depth_and_rubbish() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(matches!(Node::parse(&deep), Err(ParseError::TooDeep)));
        assert!(matches!(
            Node::parse("{\"a\":}"),
            Err(ParseError::Syntax(_))
        ));
    }

    #[test]
    fn sets_a_path() {
        let mut node = Node::parse(r#"{"payment":{"sum":{"amount":1}}}"#).unwrap();
        node.set(&["payment", "sum", "amount"], Node::int(2));
        node.set(&["signature"], Node::text("x"));
        assert_eq!(
            node.to_json(Escapes::Plain),
            r#"{"payment":{"sum":{"amount":2}},"signature":"x"}"#
        );
    }
}
