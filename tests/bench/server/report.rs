//! What is printed: a line for every figure, and the goal beside it.

use crate::rounds::{Pair, median};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// No goal.
    None,
    /// So many thousandths, or more.
    AtLeast(u64),
    /// So many thousandths, or fewer.
    AtMost(u64),
}

impl Goal {
    fn verdict(self, thousandths: u64) -> String {
        match self {
            Self::None => String::new(),
            Self::AtLeast(goal) => {
                format!(
                    "   (goal: {} or more{})",
                    decimal(goal),
                    missed(thousandths < goal)
                )
            }
            Self::AtMost(goal) => {
                format!(
                    "   (goal: {} or less{})",
                    decimal(goal),
                    missed(thousandths > goal)
                )
            }
        }
    }
}

const fn missed(is_missed: bool) -> &'static str {
    if is_missed { ", MISSED" } else { "" }
}

/// `sqlite create/hello: 0.41`, with the rates and times behind it.
pub(crate) fn share(name: &str, pairs: &[Pair], goal: Goal, p99: Goal) -> String {
    let of = |value: fn(&Pair) -> u64| median(pairs.iter().map(value));
    let share = of(Pair::share);
    format!(
        "{name}/hello: {}{}\n    {} requests/s (hello {}), p50 {} ms, p99 {} ms{}",
        decimal(share),
        goal.verdict(share),
        grouped(of(|pair| pair.measured.per_second)),
        grouped(of(|pair| pair.hello.per_second)),
        decimal(of(|pair| pair.measured.p50)),
        decimal(of(|pair| pair.measured.p99)),
        p99.verdict(of(|pair| pair.measured.p99)),
    )
}

/// How many times the shares of one are those of another: `name: 15.2`.
pub(crate) fn ratio(name: &str, one: &[Pair], other: &[Pair], goal: Goal) -> String {
    let share = |pairs: &[Pair]| median(pairs.iter().map(Pair::share));
    let thousandths = share(one)
        .saturating_mul(1_000)
        .checked_div(share(other))
        .unwrap_or(0);
    figure(name, thousandths, "", goal)
}

/// `name: 12.345 unit`.
pub(crate) fn figure(name: &str, thousandths: u64, unit: &str, goal: Goal) -> String {
    format!(
        "{name}: {}{unit}{}",
        decimal(thousandths),
        goal.verdict(thousandths)
    )
}

/// Thousandths as a number with two places, or with one above ten.
pub(crate) fn decimal(thousandths: u64) -> String {
    if thousandths >= 9_995 {
        let tenths = (thousandths + 50) / 100;
        return format!("{}.{}", tenths / 10, tenths % 10);
    }
    let hundredths = (thousandths + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `36,688`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Goal, decimal, figure, grouped, ratio, share};
    use crate::{load::Outcome, rounds::Pair};

    fn pair(hello: u64, per_second: u64) -> Pair {
        let at = |per_second| Outcome {
            per_second,
            requests: 1,
            p50: 1_540,
            p99: 16_300,
            spent: false,
        };
        Pair {
            hello: at(hello),
            measured: at(per_second),
        }
    }

    #[test]
    fn a_share_stands_in_its_line() {
        let pairs = [
            pair(80_000, 32_000),
            pair(40_000, 16_400),
            pair(80_000, 33_600),
        ];
        assert_eq!(
            share(
                "sqlite create",
                &pairs,
                Goal::AtLeast(350),
                Goal::AtMost(15_000)
            ),
            "sqlite create/hello: 0.41   (goal: 0.35 or more)\n    32,000 requests/s (hello \
             80,000), p50 1.54 ms, p99 16.3 ms   (goal: 15.0 or less, MISSED)"
        );
    }

    #[test]
    fn a_ratio_is_between_medians() {
        let (one, other) = ([pair(80_000, 40_000)], [pair(80_000, 4_000)]);
        assert_eq!(
            ratio("together/one by one", &one, &other, Goal::AtLeast(14_000)),
            "together/one by one: 10.0   (goal: 14.0 or more, MISSED)"
        );
    }

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(decimal(413), "0.41");
        assert_eq!(decimal(9_994), "9.99");
        assert_eq!(decimal(9_996), "10.0");
        assert_eq!(decimal(123_449), "123.4");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(36_688), "36,688");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(
            figure("memory", 23_400, " MB", Goal::AtMost(64_000)),
            "memory: 23.4 MB   (goal: 64.0 or less)"
        );
    }
}
