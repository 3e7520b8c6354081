//! The remainder that ISO 7064 asks for, character by character.

/// Below this one more character fits in u64; above it the number is reduced first.
const ROOM: u64 = u64::MAX / 1000;

/// A number modulo 97, read from the left with A = 10 to Z = 35.
///
/// 48 decimal digits do not fit u128. Here a remainder is taken whenever the number has grown
/// large, which is seldom, and at the end.
#[derive(Clone, Copy)]
pub(crate) struct Mod97(u64);

impl Mod97 {
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Goes on with ASCII digits and capital letters; other bytes do not occur.
    pub(crate) fn read(mut self, text: &[u8]) -> Self {
        for &byte in text {
            if self.0 > ROOM {
                self.0 %= 97;
            }
            self.0 = match byte {
                b'A'..=b'Z' => self.0 * 100 + u64::from(byte - b'A') + 10,
                _ => self.0 * 10 + u64::from(byte & 0x0f),
            };
        }
        self
    }

    pub(crate) const fn value(self) -> u64 {
        self.0 % 97
    }

    /// The two check digits, 02 to 98, of what was read with `00` in their place.
    pub(crate) fn check_digits(self) -> [u8; 2] {
        // The remainder is at most 96, so this is 2 to 98.
        let check = u8::try_from(98 - self.value()).unwrap_or_default();
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
