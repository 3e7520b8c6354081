//! PHP's natural order of texts, case-sensitive, byte by byte: the order in which the signature's lines stand.

use std::cmp::Ordering;

/// Compares two texts in natural order: `item2` before `item10`.
///
/// Different texts can compare equal (`a 1` and `a1`), so sort with a stable sort.
///
/// # Examples
/// ```
/// use std::cmp::Ordering;
/// use kassa_simulator::natural::compare;
///
/// assert_eq!(compare("list:9", "list:10"), Ordering::Less);
/// assert_eq!(compare("redirect", "redirect2"), Ordering::Less);
/// ```
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.len().cmp(&b.len());
    }
    let mut left = Cursor {
        bytes: a.as_bytes(),
        at: 0,
    };
    let mut right = Cursor {
        bytes: b.as_bytes(),
        at: 0,
    };
    left.skip_leading_zeros();
    right.skip_leading_zeros();
    loop {
        left.skip_space();
        right.skip_space();
        if left.peek().is_ascii_digit() && right.peek().is_ascii_digit() {
            let numbers = compare_runs(left.take_digits(), right.take_digits());
            if numbers != Ordering::Equal {
                return numbers;
            }
            if left.ended() || right.ended() {
                return right.ended().cmp(&left.ended());
            }
        }
        let bytes = left.peek().cmp(&right.peek());
        if bytes != Ordering::Equal {
            return bytes;
        }
        left.at += 1;
        right.at += 1;
        if left.ended() || right.ended() {
            return right.ended().cmp(&left.ended());
        }
    }
}

/// Two runs of digits: as fractions when one begins with a zero (left-aligned), else as whole numbers.
fn compare_runs(a: &[u8], b: &[u8]) -> Ordering {
    if a.first() == Some(&b'0') || b.first() == Some(&b'0') {
        a.cmp(b)
    } else {
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The byte here; past the end a zero byte, which sorts before all others.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn ended(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn skip_leading_zeros(&mut self) {
        while self.peek() == b'0' && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn skip_space(&mut self) {
        // 0x0B is the vertical tab, which `is_ascii_whitespace` does not count.
        while !self.ended() && (self.peek().is_ascii_whitespace() || self.peek() == 0x0B) {
            self.at += 1;
        }
    }

    fn take_digits(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_php() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/ecommpay-natural-order.json"
        );
        let file: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let tests = file["tests"].as_array().unwrap();
        assert!(tests.len() > 50);
        for test in tests {
            let (a, b) = (test["a"].as_str().unwrap(), test["b"].as_str().unwrap());
            let want = test["natural"].as_i64().unwrap().cmp(&0);
            assert_eq!(compare(a, b), want, "{a:?} against {b:?}");
            assert_eq!(compare(b, a), want.reverse(), "{b:?} against {a:?}");
        }
    }
}
