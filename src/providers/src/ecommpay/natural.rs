//! The order in which ecommpay sorts key paths before signing: PHP's natural order.
//!
//! Source: the reference signer sorts with PHP's natural comparison, case-sensitive; the
//! algorithm was checked against PHP 8.2's own function on random pairs.

use core::cmp::Ordering;

/// Compares two key paths in natural order.
///
/// `item2` comes before `item10`, and different paths can be equal (`a 1` and `a1`): sort with a
/// stable sort, so that the order of the document decides between those.
///
/// ```
/// use core::cmp::Ordering;
/// use kassa_providers::ecommpay::natural;
/// assert_eq!(natural::compare("item2", "item10"), Ordering::Less);
/// assert_eq!(natural::compare("sum2:amount", "sum:amount"), Ordering::Less);
/// assert_eq!(natural::compare("a 1", "a1"), Ordering::Equal);
/// ```
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    if let Some(order) = compare_plain(a.as_bytes(), b.as_bytes()) {
        return order;
    }
    let mut a = Cursor::after_zeros(a.as_bytes());
    let mut b = Cursor::after_zeros(b.as_bytes());
    loop {
        a.skip_space();
        b.skip_space();
        if a.on_digit() && b.on_digit() {
            let order = compare_runs(a.digits(), b.digits());
            if order != Ordering::Equal {
                return order;
            }
            a.skip_digits();
            b.skip_digits();
            if a.ended() || b.ended() {
                return b.ended().cmp(&a.ended());
            }
        }
        // White space right after a run of digits counts; PHP skips it only where a round begins.
        let order = a.byte().cmp(&b.byte());
        if order != Ordering::Equal {
            return order;
        }
        a.step();
        b.step();
        if a.ended() || b.ended() {
            return b.ended().cmp(&a.ended());
        }
    }
}

/// The order of paths that differ before any digit or white space, which most do, and of an empty
/// one: that of their bytes. `None` where the rules for those come in.
fn compare_plain(a: &[u8], b: &[u8]) -> Option<Ordering> {
    let plain = |byte: u8| !byte.is_ascii_digit() && !matches!(byte, b' ' | b'\t'..=b'\r' | 0);
    for (ours, theirs) in a.iter().zip(b) {
        if !plain(*ours) || !plain(*theirs) {
            return None;
        }
        if ours != theirs {
            return Some(ours.cmp(theirs));
        }
    }
    Some(a.len().cmp(&b.len()))
}

/// Runs of digits: by size, or, when one begins with a zero, digit by digit like a fraction.
fn compare_runs(a: &[u8], b: &[u8]) -> Ordering {
    if a.first() == Some(&b'0') || b.first() == Some(&b'0') {
        a.cmp(b)
    } else {
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

/// A place in a path.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// The start of a path, or the last of its leading zeros that digits follow.
    fn after_zeros(mut rest: &'a [u8]) -> Self {
        while let [b'0', next, ..] = rest {
            if !next.is_ascii_digit() {
                break;
            }
            rest = rest.split_first().map_or(rest, |(_, tail)| tail);
        }
        Self { rest }
    }

    /// The byte here; a NUL past the end, as in a C string.
    fn byte(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    fn on_digit(&self) -> bool {
        self.byte().is_ascii_digit()
    }

    fn ended(&self) -> bool {
        self.rest.is_empty()
    }

    fn step(&mut self) {
        self.rest = self.rest.split_first().map_or(&[], |(_, tail)| tail);
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t'..=b'\r') {
            self.step();
        }
    }

    fn digits(&self) -> &'a [u8] {
        let end = self
            .rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(self.rest.len());
        self.rest
            .split_at_checked(end)
            .map_or(self.rest, |(run, _)| run)
    }

    fn skip_digits(&mut self) {
        while self.on_digit() {
            self.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use core::cmp::Ordering;

    use proptest::prelude::*;

    use super::compare;

    #[test]
    fn list_indexes_go_by_size() {
        let mut paths = ["a:10", "a:9", "a:1", "a:0", "a:2"];
        paths.sort_by(|a, b| compare(a, b));
        assert_eq!(paths, ["a:0", "a:1", "a:2", "a:9", "a:10"]);
    }

    #[test]
    fn upper_case_comes_first_and_zeros_count_as_fractions() {
        assert_eq!(compare("B", "a"), Ordering::Less);
        assert_eq!(compare("a01", "a1"), Ordering::Less);
        assert_eq!(compare("a1", "a01"), Ordering::Greater);
        assert_eq!(compare("00x", "0x"), Ordering::Equal);
        assert_eq!(compare("", "a"), Ordering::Less);
        assert_eq!(compare("", ""), Ordering::Equal);
    }

    /// As PHP 8.2.31's `strnatcmp` printed them.
    #[test]
    fn as_php_orders_them() {
        for (a, b, order) in [
            ("", "\0", Ordering::Less),
            ("a", "\0", Ordering::Greater),
            ("9", "10", Ordering::Less),
            (" a", "\ta", Ordering::Equal),
            (" b", "a", Ordering::Greater),
            ("1", "a", Ordering::Less),
            ("0", "a", Ordering::Less),
            ("1", "1b", Ordering::Less),
            ("1", "1\0", Ordering::Less),
            ("1a", "1a ", Ordering::Less),
            ("1 a", "1a", Ordering::Less),
            ("a1 2", "a12", Ordering::Less),
            ("a0", "a00", Ordering::Less),
            ("0 1", "01", Ordering::Less),
            ("a 01", "a01", Ordering::Equal),
            ("01", "1", Ordering::Equal),
            ("000", "00", Ordering::Equal),
        ] {
            assert_eq!(compare(a, b), order, "{a:?} {b:?}");
            assert_eq!(compare(b, a), order.reverse(), "{b:?} {a:?}");
        }
    }

    /// Few different characters, so that strings agree in long stretches.
    fn path() -> impl Strategy<Value = String> {
        "[ 019a:_]{0,8}"
    }

    proptest! {
        #[test]
        fn it_is_a_total_preorder(a in path(), b in path(), c in path()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b) != Ordering::Greater && compare(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            }
        }

        #[test]
        fn no_text_panics(a in ".*", b in ".*") {
            let _ = compare(&a, &b);
        }
    }
}
