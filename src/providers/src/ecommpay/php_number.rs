//! Numbers as ecommpay's signer writes them: PHP 8's string form.

use super::decimal::{self, Nearest};

/// A JSON number in the form that is signed.
///
/// Whole numbers that fit 64 bits keep their digits. All others become floats, written with at
/// most 14 significant digits (PHP's `precision`), the trailing zeros dropped, and in exponent
/// form below 0.0001 or from 15 digits before the point on.
///
/// ```
/// use kassa_providers::ecommpay::php_number;
/// assert_eq!(php_number::write("77796010023511"), "77796010023511");
/// assert_eq!(php_number::write("19.990"), "19.99");
/// assert_eq!(php_number::write("1e15"), "1.0E+15");
/// assert_eq!(php_number::write("0.00001"), "1.0E-5");
/// ```
#[must_use]
pub fn write(literal: &str) -> String {
    if let Ok(whole) = literal.parse::<i64>() {
        return whole.to_string();
    }
    match literal.strip_prefix('-') {
        Some(rest) => ["-", &write_float(rest)].concat(),
        None => write_float(literal),
    }
}

/// Whether a JSON literal is a whole number that every signer writes as it stands: plain digits, so
/// few that they fit 64 bits.
#[must_use]
pub fn is_plain(literal: &str) -> bool {
    literal.len() <= 18 && literal.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether signers may differ over how the literal is written: it has a point or an exponent, or
/// does not fit 64 bits.
#[must_use]
pub fn is_float(literal: &str) -> bool {
    !is_plain(literal) && literal.parse::<i64>().is_err()
}

fn write_float(literal: &str) -> String {
    let Nearest::Finite {
        digits,
        exponent,
        tie_downwards,
    } = decimal::nearest(literal)
    else {
        return "INF".to_owned();
    };
    let all = core::str::from_utf8(&digits).unwrap_or_default();
    let digits = match all.trim_end_matches('0') {
        // PHP leaves trailing zeros in whole numbers of 15 digits that end in 5 and are rounded
        // down to an even digit: its conversion takes another way for such ties and does not
        // strip there.
        _ if tie_downwards => all,
        kept => kept,
    };
    if (-4..14).contains(&exponent) {
        positional(digits, exponent)
    } else {
        exponential(digits, exponent)
    }
}

fn positional(digits: &str, exponent: i64) -> String {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
        return ["0.", &"0".repeat(zeros), digits].concat();
    };
    match digits.split_at_checked(exponent + 1) {
        // Of zero no digit is left at all.
        None => [digits, &"0".repeat(exponent + 1 - digits.len())].concat(),
        Some((whole, "")) => whole.to_owned(),
        Some((whole, decimals)) => [whole, ".", decimals].concat(),
    }
}

fn exponential(digits: &str, exponent: i64) -> String {
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let rest = if rest.is_empty() { "0" } else { rest };
    let sign = if exponent.is_negative() { "E-" } else { "E+" };
    let power = exponent.unsigned_abs().to_string();
    [first, ".", rest, sign, &power].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_float, is_plain, write};

    /// Expected texts were printed by PHP 8.2.
    #[test]
    fn as_php_writes_them() {
        for (literal, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.0", "0"),
            ("-0.0", "-0"),
            ("-5", "-5"),
            ("1.0", "1"),
            ("100.00", "100"),
            ("1.10", "1.1"),
            ("-0.5", "-0.5"),
            ("1e3", "1000"),
            ("0.30000000000000004", "0.3"),
            ("123456.7891234567", "123456.78912346"),
            ("0.0001", "0.0001"),
            ("0.00001", "1.0E-5"),
            ("-1e-7", "-1.0E-7"),
            ("99999999999999.0", "99999999999999"),
            ("12345678901234.5", "12345678901234"),
            ("1e14", "1.0E+14"),
            ("123456789012345.0", "1.2345678901234E+14"),
            ("999999999999995.0", "1.0E+15"),
            ("896461280370205.06", "8.9646128037020E+14"),
            ("100000000000001.0", "1.0E+14"),
            ("-123456789012399.0", "-1.234567890124E+14"),
            ("896461280370200.0", "8.964612803702E+14"),
            ("1e15", "1.0E+15"),
            ("1.5e300", "1.5E+300"),
            ("1e999", "INF"),
            ("-1e999", "-INF"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9.2233720368548E+18"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(write(literal), expected, "{literal}");
        }
    }

    #[test]
    fn signers_may_differ_over_what_is_not_whole_or_not_small() {
        for (literal, plain, float) in [
            ("0", true, false),
            ("999999999999999999", true, false),
            ("1000000000000000000", false, false),
            ("-5", false, false),
            ("9223372036854775807", false, false),
            ("9223372036854775808", false, true),
            ("-9223372036854775809", false, true),
            ("1.0", false, true),
            ("1e3", false, true),
            ("1E3", false, true),
        ] {
            assert_eq!(is_plain(literal), plain, "{literal}");
            assert_eq!(is_float(literal), float, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_keep_their_digits(number in any::<i64>()) {
            prop_assert_eq!(write(&number.to_string()), number.to_string());
        }

        #[test]
        fn plain_ones_stand_as_they_are(literal in "0|[1-9][0-9]{0,24}|-?[0-9.eE+-]{1,6}") {
            if is_plain(&literal) && (literal == "0" || !literal.starts_with('0')) {
                prop_assert_eq!(write(&literal), literal.as_str());
                prop_assert!(!is_float(&literal));
            }
        }

        #[test]
        fn no_literal_panics(text in "-?[0-9]{1,30}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?") {
            prop_assert!(!write(&text).is_empty());
        }
    }
}
