//! Looks for marked secrets in what a program said, also where they are encoded.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// A text that must not come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// What it is: `API key`.
    pub what: &'static str,
    /// The text itself, unlike any other.
    pub text: String,
}

impl Marked {
    /// A marked text.
    #[must_use]
    pub fn new(what: &'static str, text: impl Into<String>) -> Self {
        Self {
            what,
            text: text.into(),
        }
    }

    /// Whether it stands in `said`, in whatever letter case: as it is, percent-encoded, escaped
    /// as in JSON, in hexadecimal, or in base64 wherever in a longer text.
    #[must_use]
    pub fn is_in(&self, said: &str) -> bool {
        let lower = said.to_ascii_lowercase();
        self.without_case().iter().any(|form| lower.contains(form))
            || self.in_base64().iter().any(|form| said.contains(form))
    }

    fn without_case(&self) -> [String; 4] {
        let text = self.text.to_ascii_lowercase();
        let bytes = || text.bytes();
        let percent = |byte: u8| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02x}"),
        };
        [
            bytes().map(percent).collect(),
            text.replace('/', "\\/"),
            self.text
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            text,
        ]
    }

    /// Base64 of the text as part of a longer one: it may begin at any of three places in a group.
    fn in_base64(&self) -> Vec<String> {
        let engines = [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD];
        let shifts = 0..3_usize;
        shifts
            .flat_map(|shift| engines.map(|engine| (shift, engine)))
            .filter_map(|(shift, engine)| {
                let padded = [vec![0; shift], self.text.clone().into_bytes()].concat();
                let whole = padded.len() - padded.len() % 3;
                let encoded = engine.encode(padded.get(..whole)?);
                // The first group holds bytes of what stands before.
                encoded
                    .get(if shift == 0 { 0 } else { 4 }..)
                    .map(str::to_owned)
            })
            .collect()
    }
}

/// A line for each marked text that stands in what was said.
#[must_use]
pub fn found(place: &str, said: &str, marked: &[Marked]) -> Vec<String> {
    marked
        .iter()
        .filter(|marked| marked.is_in(said))
        .map(|marked| format!("{place} holds the {}", marked.what))
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_marked_text_is_found_however_it_is_written() {
        let marked = Marked::new("name", "Anna+Märk/er77@x");
        let hexadecimal: String = marked.text.bytes().map(|b| format!("{b:02X}")).collect();
        for said in [
            "hello Anna+Märk/er77@x!".to_owned(),
            "hello ANNA+Märk/er77@x!".to_owned(),
            "q=Anna%2BM%C3%A4rk%2Fer77%40x".to_owned(),
            "\"Anna+Märk\\/er77@x\"".to_owned(),
            format!("0x{hexadecimal}"),
            STANDARD.encode("Anna+Märk/er77@x"),
            STANDARD.encode("1Anna+Märk/er77@x and more"),
            STANDARD.encode("12Anna+Märk/er77@x and more"),
            URL_SAFE_NO_PAD.encode("123Anna+Märk/er77@x and more"),
        ] {
            assert_eq!(
                found("log", &said, std::slice::from_ref(&marked)),
                ["log holds the name"],
                "{said}"
            );
        }
        assert!(!marked.is_in("Anna+Märk/er78@x"));
        assert!(!marked.is_in(""));
    }
}
