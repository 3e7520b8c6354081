//! Lists of references, a line each: what every one of them is.

use core::iter::FusedIterator;

use crate::reference::Reference;
use crate::text::split_at_sign;

/// What a line of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// No reference; an empty line is none, either.
    Invalid,
    /// A national reference.
    National,
    /// An RF reference.
    Rf,
}

/// Says of every line of a text what reference it is; made by [`line_kinds`].
#[derive(Clone, Debug)]
pub struct LineKinds<'a> {
    rest: &'a str,
}

/// Checks a list of references, one a line, each as [`Reference::parse`] reads it.
///
/// A line ends with LF or CRLF; the last one may lack it. Digits without blanks, which is what
/// files hold, are checked while they are read.
///
/// # Examples
///
/// ```
/// use viite::{LineKind, line_kinds};
///
/// let kinds: Vec<_> = line_kinds("1234561\nRF34 1234 561\n1234562\n").collect();
/// assert_eq!(kinds, [LineKind::National, LineKind::Rf, LineKind::Invalid]);
/// ```
#[must_use]
pub const fn line_kinds(text: &str) -> LineKinds<'_> {
    LineKinds { rest: text }
}

impl Iterator for LineKinds<'_> {
    type Item = LineKind;

    fn next(&mut self) -> Option<LineKind> {
        if self.rest.is_empty() {
            return None;
        }
        let run = Run::read(self.rest.as_bytes());
        match self.rest.as_bytes().get(run.length..) {
            Some([]) => self.rest = "",
            Some([b'\n', ..]) => self.rest = self.rest.get(run.length + 1..).unwrap_or_default(),
            _ => return Some(self.general()),
        }
        Some(if run.is_reference() {
            LineKind::National
        } else {
            LineKind::Invalid
        })
    }
}

impl FusedIterator for LineKinds<'_> {}

impl LineKinds<'_> {
    /// The next line, whatever is in it.
    fn general(&mut self) -> LineKind {
        let (line, rest) = match split_at_sign(self.rest, b'\n') {
            Some((line, rest)) => (line.strip_suffix('\r').unwrap_or(line), rest),
            None => (self.rest, ""),
        };
        self.rest = rest;
        match Reference::parse(line) {
            Ok(Reference::National(_)) => LineKind::National,
            Ok(Reference::Rf(_)) => LineKind::Rf,
            Err(_) => LineKind::Invalid,
        }
    }
}

/// Digits that stand together, the first of them not 0, and their sums by distance from the last.
struct Run {
    length: usize,
    sums: [u32; 3],
}

impl Run {
    /// Reads the digits at the start; none where the first is 0, for zeros in front have rules of
    /// their own.
    fn read(bytes: &[u8]) -> Self {
        let (mut last, mut next, mut third) = (0_u32, 0_u32, 0_u32);
        let mut length = 0;
        for byte in bytes {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || (digit == 0 && length == 0) {
                break;
            }
            // Every digit read before is one place further from the last. Lines too long to be a
            // reference may wrap around.
            (last, next, third) = (third.wrapping_add(u32::from(digit)), last, next);
            length += 1;
        }
        Self {
            length,
            sums: [last, next, third],
        }
    }

    /// 4 to 20 digits whose sum, the check digit and all, is a multiple of ten.
    fn is_reference(&self) -> bool {
        let [last, next, third] = self.sums;
        (4..=20).contains(&self.length) && (last + 7 * next + 3 * third).is_multiple_of(10)
    }
}
