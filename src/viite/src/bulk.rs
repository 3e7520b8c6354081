//! References for a run of numbers.

use core::iter::FusedIterator;

use crate::error::{Error, Reason, Subject};
use crate::national::{NationalReference, each_digit};
use crate::text::{Fixed, digit};

/// The largest base: 19 nines.
const LARGEST: u64 = 9_999_999_999_999_999_999;
/// The smallest base: three digits without a leading zero.
const SMALLEST: u64 = 100;

/// The references of a run of numbers; made by [`NationalReference::bulk`].
///
/// The whole run is checked before the first reference comes out, so a batch is complete
/// or does not begin. Different numbers give different references.
#[derive(Clone, Debug)]
pub struct Bulk {
    next: u64,
    left: u64,
    step: u64,
}

impl Bulk {
    /// A run of `count` bases from `start` on, `step` apart.
    ///
    /// # Errors
    ///
    /// `empty`, `character`, `leading_zero`, `too_short` (fewer than 3 digits), `step` (it is 0),
    /// `too_long` (the last base would have more than 19 digits).
    pub fn new(start: &str, count: u64, step: u64) -> Result<Self, Error> {
        let next = number(start)?;
        if step == 0 {
            return Err(refuse(Reason::Step));
        }
        let last = count
            .saturating_sub(1)
            .checked_mul(step)
            .and_then(|distance| next.checked_add(distance));
        if last.is_none_or(|last| last > LARGEST) {
            return Err(refuse(Reason::TooLong));
        }
        Ok(Self {
            next,
            left: count,
            step,
        })
    }
}

impl Iterator for Bulk {
    type Item = NationalReference;

    fn next(&mut self) -> Option<NationalReference> {
        self.left = self.left.checked_sub(1)?;
        let mut base = Fixed::<19>::new();
        each_digit(self.next, 0, |digit| base.push(digit));
        // Past the last base the sum may not fit; nothing reads it then.
        self.next = self.next.saturating_add(self.step);
        Some(NationalReference::over(base.as_bytes()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match usize::try_from(self.left) {
            Ok(left) => (left, Some(left)),
            Err(_) => (usize::MAX, None),
        }
    }
}

impl FusedIterator for Bulk {}

const fn refuse(reason: Reason) -> Error {
    Error::new(Subject::Reference, reason)
}

fn number(text: &str) -> Result<u64, Error> {
    let mut value: u64 = 0;
    let mut fits = true;
    for (position, character) in text.chars().enumerate() {
        let digit = digit(character).ok_or(refuse(Reason::Character).at(position))?;
        let more = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u64::from(digit & 0x0f)));
        fits &= more.is_some();
        value = more.unwrap_or_default();
    }
    match (text.as_bytes(), fits) {
        ([], _) => Err(refuse(Reason::Empty)),
        ([b'0', ..], _) => Err(refuse(Reason::LeadingZero).at(0)),
        (_, false) => Err(refuse(Reason::TooLong)),
        _ if value < SMALLEST => Err(refuse(Reason::TooShort)),
        _ if value > LARGEST => Err(refuse(Reason::TooLong)),
        _ => Ok(value),
    }
}
