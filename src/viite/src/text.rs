//! Short texts without allocation, separators, and grouping for print.

use alloc::string::String;

/// Up to `N` (at most 255) ASCII characters.
///
/// Ordered by length first: for digits without leading zeros that is the order of the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fixed<const N: usize> {
    length: u8,
    // What lies beyond `length` is always zero, so that comparing the whole array is right.
    bytes: [u8; N],
}

impl<const N: usize> Fixed<N> {
    pub(crate) const fn new() -> Self {
        Self {
            length: 0,
            bytes: [0; N],
        }
    }

    /// Appends an ASCII byte; once full, further bytes are dropped, so check lengths first.
    pub(crate) fn push(&mut self, byte: u8) {
        debug_assert!(byte.is_ascii(), "only ASCII is kept here");
        if let Some(slot) = self.bytes.get_mut(usize::from(self.length)) {
            *slot = byte;
            self.length += 1;
        }
    }

    pub(crate) fn extend(&mut self, text: &[u8]) {
        for &byte in text {
            self.push(byte);
        }
    }

    /// Appends `text` behind as many zeros as fill up `width`.
    pub(crate) fn extend_padded(&mut self, text: &[u8], width: usize) {
        for _ in text.len()..width {
            self.push(b'0');
        }
        self.extend(text);
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.length)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The characters from `start`, none if there are not so many.
    pub(crate) fn from(&self, start: usize) -> &str {
        self.as_str().get(start..).unwrap_or_default()
    }
}

/// Whether people and documents put this between groups of digits.
///
/// Blank, no-break blanks, figure and thin blank, tab. Never a line break or anything
/// invisible: those would travel on into signed strings, QR lines and headers.
pub(crate) const fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}'
    )
}

/// How strictly a text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Separators between, small letters for capitals.
    Lenient,
    /// Exactly the machine form.
    Machine,
}

impl Reading {
    pub(crate) const fn skips(self, character: char) -> bool {
        matches!(self, Self::Lenient) && is_separator(character)
    }

    /// The ASCII digit or capital letter that `character` stands for.
    pub(crate) fn letter_or_digit(self, character: char) -> Option<u8> {
        let byte = u8::try_from(character).ok()?;
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => Some(byte),
            b'a'..=b'z' if self == Self::Lenient => Some(byte.to_ascii_uppercase()),
            _ => None,
        }
    }
}

/// The ASCII digit that `character` is; other scripts' digits are none.
pub(crate) fn digit(character: char) -> Option<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii_digit)
}

/// The parts before and after the first `sign`, an ASCII byte.
///
/// `str::split_once` brings a general searcher into the wasm module for the same.
pub(crate) fn split_at_sign(text: &str, sign: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == sign)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Groups of `size` characters with one blank between; `first` is the size of the first group.
pub(crate) fn grouped(text: &str, first: usize, size: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / size.max(1) + 1);
    let mut left = first;
    for character in text.chars() {
        if left == 0 {
            out.push(' ');
            left = size;
        }
        out.push(character);
        left = left.saturating_sub(1);
    }
    out
}

/// Groups of four from the left, as RF references and IBANs are printed.
pub(crate) fn in_fours(text: &str) -> String {
    grouped(text, 4, 4)
}

/// `FromStr` (lenient), `Display` and `AsRef<str>` (machine form), `Debug`, for a type with
/// `parse` and `to_machine`.
macro_rules! text_traits {
    ($name:ident) => {
        impl core::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.to_machine())
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                f.write_str(self.to_machine())?;
                f.write_str(")")
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.to_machine()
            }
        }
    };
}
pub(crate) use text_traits;
