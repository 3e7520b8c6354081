//! What the commands that read have in common: forms, times, amounts.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use kassa_checkout::{Amount, Timestamp};
use kassa_server::clock;
use serde::Serialize;

use super::{Failure, say};

/// Whether a person or a program reads.
#[derive(Args, Clone, Copy)]
pub(super) struct Form {
    /// Print JSON, one object a line: amounts in cents, times in UTC
    #[arg(long)]
    pub(super) json: bool,
}

/// A span of time.
#[derive(Args)]
pub(super) struct Span {
    /// Only from then on: 2026-11-21 (midnight in Finland) or 2026-11-21T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) from: Option<Timestamp>,
    /// Only before then
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) to: Option<Timestamp>,
}

/// Reads a point in time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    clock::parse(text).ok_or_else(|| "expected 2026-11-21 or 2026-11-21T08:00:00Z".to_owned())
}

/// Reads one of some words, which help and completions then list.
pub(super) fn words<T: Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
    meaning: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words)
        .try_map(move |word| meaning(&word).ok_or_else(|| format!("{word} has no meaning")))
}

/// Prints an object as a line of JSON.
pub(super) fn say_json(object: &impl Serialize) -> Result<(), Failure> {
    say(&json_line(object)?)
}

/// An object as a line of JSON.
pub(super) fn json_line(object: &impl Serialize) -> Result<String, Failure> {
    let mut line = serde_json::to_string(object).map_err(|error| error.to_string())?;
    line.push('\n');
    Ok(line)
}

/// An amount for people: `49.90 EUR`.
pub(super) fn euros(amount: Amount) -> String {
    let cents = amount.cents();
    let currency = amount.currency().code();
    format!("{}.{:02} {currency}", cents / 100, cents % 100)
}
