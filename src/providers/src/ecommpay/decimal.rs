//! The 14 digits that a float has in ecommpay's text, from its literal, exactly.
//!
//! Between them lies the nearest double, which must be rounded to and from without a fault. The
//! standard library could, with tables that weigh more than all else in the browser's module; whole
//! numbers of any size do it in a page. No float is computed with.

use core::cmp::Ordering;

/// How many digits are kept: PHP's `precision`.
pub(super) const DIGITS: usize = 14;

/// Digits beyond these cannot change which double is the nearest, but for whether there are any.
const MOST_DIGITS: usize = 800;

/// The bits of a double's fraction, its leading one included.
const FRACTION_BITS: i64 = 53;

/// The largest and the smallest exponent of two of a double that is no fraction of the smallest.
const LARGEST: i64 = 1023;
const SMALLEST: i64 = -1022;

/// What the nearest double to a literal is, in decimal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Nearest {
    /// Beyond the largest double.
    Infinite,
    /// A number, or zero.
    Finite {
        /// Its digits in ASCII, rounded half to even.
        digits: [u8; DIGITS],
        /// The exponent of ten of the first digit.
        exponent: i64,
        /// Whether it is a whole number of 15 digits whose last, a 5, was rounded away downwards.
        tie_downwards: bool,
    },
}

/// The nearest double to a JSON number without its sign.
pub(super) fn nearest(literal: &str) -> Nearest {
    let number = Literal::read(literal);
    // The first digit's place: what is out of a double's reach needs no arithmetic.
    let place = number.exponent.saturating_add(number.length() - 1);
    if number.digits.is_empty() || place < -330 {
        return ZERO;
    }
    if place > 310 {
        return Nearest::Infinite;
    }
    if number.length() <= 14 && (-290..290).contains(&place) {
        // A double tells decimals of 15 digits apart, so that it says these digits again.
        return rounded(&number.digits, place, false);
    }
    match Double::nearest(&number) {
        Some(double) => double.to_decimal(),
        None => Nearest::Infinite,
    }
}

const ZERO: Nearest = Nearest::Finite {
    digits: [b'0'; DIGITS],
    exponent: 0,
    tie_downwards: false,
};

/// A literal as a whole number of so many digits, times a power of ten.
struct Literal {
    /// ASCII digits, the first not 0; none for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Literal {
    fn read(literal: &str) -> Self {
        let (number, power) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut exponent = power_of_ten(power).saturating_sub(length(fraction));
        let all = whole.bytes().chain(fraction.bytes());
        let mut digits: Vec<u8> = all.skip_while(|digit| *digit == b'0').collect();
        if digits.len() > MOST_DIGITS {
            let dropped = digits.split_off(MOST_DIGITS);
            exponent = exponent.saturating_add(length(&dropped));
            if dropped.iter().any(|digit| *digit != b'0') {
                digits.push(b'1');
                exponent = exponent.saturating_sub(1);
            }
        }
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        Self { digits, exponent }
    }

    fn length(&self) -> i64 {
        length(&self.digits)
    }
}

/// An exponent's value; one that fits no 32 bits is out of every reach.
fn power_of_ten(text: &str) -> i64 {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits.bytes().fold(0_i64, |value, digit| {
        (value * 10 + i64::from(digit & 0x0f)).min(i64::from(u32::MAX))
    });
    if negative { -value } else { value }
}

fn length(text: impl AsRef<[u8]>) -> i64 {
    i64::try_from(text.as_ref().len()).unwrap_or(i64::MAX)
}

/// A double: a whole number below 2^53 or equal to it, times a power of two.
struct Double {
    fraction: u64,
    exponent: i64,
}

impl Double {
    /// The nearest one; `None` beyond the largest.
    fn nearest(literal: &Literal) -> Option<Self> {
        let (mut number, mut divisor) = (Big::from_digits(&literal.digits), Big::one());
        if literal.exponent >= 0 {
            number.scale(10, literal.exponent);
        } else {
            divisor.scale(10, -literal.exponent);
        }
        // Brought to 1 <= number / divisor < 2; `power` is the power of two taken out.
        let mut power = number.bits() - divisor.bits();
        number.scale(2, -power);
        divisor.scale(2, power);
        if number.compare(&divisor) == Ordering::Less {
            number.scale(2, 1);
            power -= 1;
        }
        let bits = (FRACTION_BITS - (SMALLEST - power).max(0)).max(-1);
        let mut fraction = 0_u64;
        for _ in 0..bits {
            fraction <<= 1;
            if number.compare(&divisor) != Ordering::Less {
                number.subtract(&divisor);
                fraction |= 1;
            }
            number.scale(2, 1);
        }
        // What is left is compared with half of the last bit.
        let up = bits >= 0
            && match number.compare(&divisor) {
                Ordering::Greater => true,
                Ordering::Equal => fraction & 1 == 1,
                Ordering::Less => false,
            };
        fraction += u64::from(up);
        let too_large = power > LARGEST || (power == LARGEST && fraction >> FRACTION_BITS == 1);
        (!too_large).then_some(Self {
            fraction,
            exponent: power - bits + 1,
        })
    }

    fn to_decimal(&self) -> Nearest {
        let mut whole = Big::from_number(self.fraction);
        let decimals = (-self.exponent).max(0);
        // So many decimals make a whole number of it: m / 2^n is m * 5^n / 10^n.
        whole.scale(2, self.exponent.max(0));
        whole.scale(5, decimals);
        let mut digits = whole.into_digits();
        let mut left = decimals;
        while left > 0 && digits.last() == Some(&b'0') {
            digits.pop();
            left -= 1;
        }
        if digits.is_empty() {
            return ZERO;
        }
        rounded(&digits, length(&digits) - 1 - left, left == 0)
    }
}

/// Exact digits, rounded to [`DIGITS`] of them, half to even.
fn rounded(exact: &[u8], mut exponent: i64, is_whole: bool) -> Nearest {
    let mut digits = [b'0'; DIGITS];
    for (to, from) in digits.iter_mut().zip(exact) {
        *to = *from;
    }
    let rest = exact.get(DIGITS..).unwrap_or_default();
    let is_odd = digits.last().is_some_and(|digit| digit & 1 == 1);
    let is_half = matches!(rest, [b'5', tail @ ..] if tail.iter().all(|digit| *digit == b'0'));
    let up = rest.first().is_some_and(|digit| *digit >= b'5') && (!is_half || is_odd);
    if up && !increment(&mut digits) {
        exponent += 1;
    }
    Nearest::Finite {
        digits,
        exponent,
        tie_downwards: is_whole && exact.len() == DIGITS + 1 && is_half && !up,
    }
}

/// Counts up by one; all nines become a one and zeros, and false says that they did.
fn increment(digits: &mut [u8; DIGITS]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return true;
        }
        *digit = b'0';
    }
    if let Some(first) = digits.first_mut() {
        *first = b'1';
    }
    false
}

/// A whole number of any size: limbs of 32 bits, the lowest first, the highest not zero.
#[derive(Clone)]
struct Big(Vec<u32>);

impl Big {
    fn one() -> Self {
        Self(vec![1])
    }

    fn from_number(number: u64) -> Self {
        let mut big = Self(vec![low(number >> 32), low(number)]);
        big.0.reverse();
        big.trim();
        big
    }

    fn from_digits(digits: &[u8]) -> Self {
        let mut big = Self(Vec::new());
        for digit in digits {
            big.multiply(10, u64::from(digit & 0x0f));
        }
        big
    }

    /// Times `base` to a power; nothing for a power that is not positive.
    fn scale(&mut self, base: u64, power: i64) {
        let mut left = power;
        while left > 0 {
            // As many at a time as surely fit into 32 bits: 10^9, 5^9, 2^9.
            let step = left.min(9);
            let factor = (0..step).fold(1, |factor, _| factor * base);
            self.multiply(factor, 0);
            left -= step;
        }
    }

    /// Times a factor of at most 32 bits, plus as much.
    fn multiply(&mut self, factor: u64, plus: u64) {
        let mut carry = plus;
        for limb in &mut self.0 {
            carry += u64::from(*limb) * factor;
            *limb = low(carry);
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    /// Less another that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        let others = other.0.iter().chain(core::iter::repeat(&0));
        for (limb, less) in self.0.iter_mut().zip(others) {
            let (first, below) = limb.overflowing_sub(*less);
            let (second, beneath) = first.overflowing_sub(u32::from(borrow));
            *limb = second;
            borrow = below || beneath;
        }
        self.trim();
    }

    fn compare(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// How many bits it has.
    fn bits(&self) -> i64 {
        let highest = self.0.last().map_or(0, |limb| 32 - limb.leading_zeros());
        (length_of(&self.0) - 1) * 32 + i64::from(highest)
    }

    /// Its decimal digits in ASCII; none for zero.
    fn into_digits(mut self) -> Vec<u8> {
        let mut digits = Vec::new();
        while !self.0.is_empty() {
            let mut rest = 0_u64;
            for limb in self.0.iter_mut().rev() {
                rest = rest << 32 | u64::from(*limb);
                *limb = low(rest / 10);
                rest %= 10;
            }
            digits.push(b'0' | u8::try_from(rest).unwrap_or_default());
            self.trim();
        }
        digits.reverse();
        digits
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

fn length_of(limbs: &[u32]) -> i64 {
    i64::try_from(limbs.len()).unwrap_or(i64::MAX)
}

/// The lower 32 bits.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DIGITS, Nearest, nearest};

    /// What the standard library says, which rounds half to even in both directions.
    fn of_std(literal: &str) -> Nearest {
        let value: f64 = literal.parse().unwrap();
        if value.is_infinite() {
            return Nearest::Infinite;
        }
        let text = format!("{value:.13e}");
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        let whole = value.to_string();
        let tie = whole.len() == 15
            && !whole.contains('.')
            && whole.ends_with('5')
            && whole.as_bytes().starts_with(&digits);
        Nearest::Finite {
            digits: <[u8; DIGITS]>::try_from(digits).unwrap(),
            exponent: exponent.parse().unwrap(),
            tie_downwards: tie,
        }
    }

    #[test]
    fn the_edges_of_a_double() {
        for literal in [
            "0",
            "0.0",
            "0e999",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
            "1e309",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.5e-324",
            "1e-400",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "9007199254740993",
            "9007199254740992.9999999999999999999",
            "123456789012345.0",
            "123456789012355.0",
            "896461280370205.06",
            "99999999999999.5",
            "999999999999995",
            "0.1000000000000055511151231257827021181583404541015625",
        ] {
            assert_eq!(nearest(literal), of_std(literal), "{literal}");
        }
    }

    #[test]
    fn digits_without_end_count_only_in_that_they_are_there() {
        let half = "4503599627370496.5";
        for tail in ["", &"0".repeat(5_000), &("0".repeat(5_000) + "1")] {
            let literal = format!("{half}{tail}");
            assert_eq!(nearest(&literal), of_std(&literal));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn every_literal(text in "[0-9]{1,25}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?") {
            prop_assert_eq!(nearest(&text), of_std(&text));
        }

        #[test]
        fn every_double(bits in any::<u64>()) {
            let value = f64::from_bits(bits).abs();
            if value.is_finite() {
                for text in [value.to_string(), format!("{value:e}"), format!("{value:.30e}")] {
                    prop_assert_eq!(nearest(&text), of_std(&text));
                }
            }
        }

        #[test]
        fn near_halves(whole in 100_000_000_000_000_u64..999_999_999_999_999, tail in 0..3_u8) {
            for text in [format!("{whole}"), format!("{whole}.{tail}"), format!("0.{whole}5")] {
                prop_assert_eq!(nearest(&text), of_std(&text));
            }
        }
    }
}
