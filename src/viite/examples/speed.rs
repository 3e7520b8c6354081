//! How many operations a second: `cargo run --release -p viite --example speed`.
//!
//! Every line is compared with a plain baseline run in the same process (strings, vectors,
//! the whole number as text), so that the ratio means something on a busy machine.

use std::hint::black_box;
use std::time::{Duration, Instant};

use viite::{FiIban, LineKind, NationalReference, RfReference, line_kinds};

const ROUND: Duration = Duration::from_millis(300);

fn main() {
    let bases: Vec<String> = (0..1000u64)
        .map(|number| (7_758_474_790_647_489_322 - number * 7_919).to_string())
        .collect();
    let nationals: Vec<_> = bases
        .iter()
        .filter_map(|base| NationalReference::create(base).ok())
        .collect();
    let texts: Vec<String> = nationals
        .iter()
        .map(|one| one.to_machine().to_owned())
        .collect();
    let rfs: Vec<String> = nationals
        .iter()
        .map(|one| one.to_rf().to_machine().to_owned())
        .collect();
    let ibans: Vec<String> = (0..1000)
        .filter_map(|number| FiIban::from_bban(&format!("123456-{number:08}")).ok())
        .map(|iban| iban.to_machine().to_owned())
        .collect();

    compare(
        "national validate",
        &texts,
        |text| NationalReference::parse(text).is_ok(),
        naive_national,
    );
    compare(
        "national generate",
        &bases,
        |base| NationalReference::create(base).is_ok(),
        |base| naive_check_digit(base).is_some(),
    );
    compare(
        "RF validate",
        &rfs,
        |text| RfReference::parse(text).is_ok(),
        |text| naive_mod97(text, 1),
    );
    compare(
        "RF generate",
        &bases,
        |base| RfReference::create(base).is_ok(),
        |base| naive_mod97(&format!("RF00{base}"), 98),
    );
    compare(
        "IBAN validate",
        &ibans,
        |text| FiIban::parse(text).is_ok(),
        |text| naive_mod97(text, 1),
    );
    batch(&texts);
}

/// A list of 100,000 national references in one call, beside the same references one by one.
fn batch(texts: &[String]) {
    let lines = texts.iter().cycle().take(100_000);
    let list: String = lines.map(|text| format!("{text}\n")).collect();
    let national = |kind: &LineKind| *kind == LineKind::National;
    let all = per_second(&[list], |list| {
        line_kinds(list).filter(national).count() == 100_000
    });
    let each = per_second(texts, |text| NationalReference::parse(text).is_ok());
    report("national batch", all * 100_000, "each ", each);
}

fn compare(
    name: &str,
    texts: &[String],
    ours: impl Fn(&str) -> bool,
    naive: impl Fn(&str) -> bool,
) {
    let (ours, naive) = (per_second(texts, ours), per_second(texts, naive));
    report(name, ours, "naive", naive);
}

fn report(name: &str, ours: u128, other: &str, theirs: u128) {
    let tenths = ours * 10 / theirs.max(1);
    println!(
        "{name:18} {:>6}.{} M/s, {other} {:>4}.{} M/s, {}.{} times",
        ours / 1_000_000,
        ours / 100_000 % 10,
        theirs / 1_000_000,
        theirs / 100_000 % 10,
        tenths / 10,
        tenths % 10
    );
}

/// The best of five rounds: what the code can do while nothing else disturbs it.
fn per_second(texts: &[String], run: impl Fn(&str) -> bool) -> u128 {
    (0..5)
        .map(|_| one_round(texts, &run))
        .max()
        .unwrap_or_default()
}

fn one_round(texts: &[String], run: impl Fn(&str) -> bool) -> u128 {
    let start = Instant::now();
    let mut done: u128 = 0;
    while start.elapsed() < ROUND {
        for text in texts {
            black_box(run(black_box(text)));
            done += 1;
        }
    }
    done * 1_000_000_000 / start.elapsed().as_nanos().max(1)
}

fn naive_national(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    let Some((base, last)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        return false;
    };
    naive_check_digit(base).is_some_and(|digit| digit.to_string() == last)
}

fn naive_check_digit(base: &str) -> Option<u32> {
    let base: String = base.split_whitespace().collect();
    let digits: Option<Vec<u32>> = base.chars().rev().map(|one| one.to_digit(10)).collect();
    let weights = [7, 3, 1].iter().cycle();
    let sum: u32 = digits?
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum();
    Some((10 - sum % 10) % 10)
}

/// The usual way: move four, spell letters as numbers, nine digits at a time.
fn naive_mod97(text: &str, expected: u64) -> bool {
    let text: String = text.split_whitespace().collect::<String>().to_uppercase();
    let Some((head, body)) = text.split_at_checked(4) else {
        return false;
    };
    let spelt: String = format!("{body}{head}")
        .chars()
        .filter_map(|one| one.to_digit(36))
        .map(|value| value.to_string())
        .collect();
    let mut remainder = String::new();
    for part in spelt.as_bytes().chunks(7) {
        let number = format!("{remainder}{}", String::from_utf8_lossy(part));
        remainder = (number.parse::<u64>().unwrap_or_default() % 97).to_string();
    }
    let remainder: u64 = remainder.parse().unwrap_or_default();
    remainder == expected || 98 - remainder.min(98) == expected
}
