//! The remainder that ISO 7064 asks for, character by character.

/// A number modulo 97, read from the left with A = 10 to Z = 35.
///
/// 48 decimal digits do not fit u128, the remainder of what was read always fits u32.
#[derive(Clone, Copy)]
pub(crate) struct Mod97(u32);

impl Mod97 {
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Goes on with ASCII digits and capital letters; other bytes do not occur.
    pub(crate) fn read(mut self, text: &[u8]) -> Self {
        for &byte in text {
            self.0 = match byte {
                b'A'..=b'Z' => (self.0 * 100 + u32::from(byte - b'A') + 10) % 97,
                _ => (self.0 * 10 + u32::from(byte & 0x0f)) % 97,
            };
        }
        self
    }

    pub(crate) const fn value(self) -> u32 {
        self.0
    }

    /// The two check digits, 02 to 98, of what was read with `00` in their place.
    pub(crate) fn check_digits(self) -> [u8; 2] {
        // The remainder is below 97, so both digits are in range.
        let check = u8::try_from(98 - self.0).unwrap_or_default();
        [b'0' + check / 10, b'0' + check % 10]
    }
}

/// Whether `head` (country or `RF`, two check digits) and `body` leave 1 modulo 97.
pub(crate) fn holds(head: &[u8], body: &[u8]) -> bool {
    Mod97::new().read(body).read(head).value() == 1
}

/// Whether two ASCII digits are check digits that can be made: 02 to 98.
///
/// 00, 01 and 99 equal 97, 98 and 02 modulo 97 and so would slip through.
pub(crate) fn in_range(check: &[u8]) -> bool {
    !matches!(check, b"00" | b"01" | b"99")
}
