//! The operations of `reference-peers.json`: what other libraries' own tests expect.

use serde_json::{Value, json};
use viite::{
    BankBarcode, DueDate, Error, FiIban, NationalReference, Reason, Reference, RfReference,
};

use super::{Exception, Outcome, compare, field};

pub(super) const EXCEPTIONS: &[&Exception] = &[
    &LUHN,
    &LEADING_ZEROS,
    &GROUPING,
    &SHORT,
    &CHARACTERS,
    &RANGE,
    &NO_INPUT,
];

const LUHN: Exception = Exception {
    name: "iban-national-check",
    reason: "references.md §2: the account's own check digit is a warning in `parse`; the peer's \
             answer comes from `require_national_check`",
};

const LEADING_ZEROS: Exception = Exception {
    name: "leading-zeros",
    reason: "references.md §1.1: the canonical form has no leading zeros; without them the \
             peer's answer is ours",
};

const GROUPING: Exception = Exception {
    name: "other-grouping",
    reason: "references.md §1.1: national references are grouped by five from the right; the \
             digits are the peer's, who groups from the left or by four",
};

const SHORT: Exception = Exception {
    name: "short-reference",
    reason: "references.md §1.1, §1.5: a base has at least three digits that are not leading \
             zeros, and zeros alone are no reference; the peer does not count",
};

const CHARACTERS: Exception = Exception {
    name: "characters",
    reason: "references.md §1.1, §1.2: line breaks, hyphens and other signs are refused, not \
             dropped; without them the peer's answer is ours",
};

const RANGE: Exception = Exception {
    name: "check-digits-range",
    reason: "references.md §1.2, §2: check digits 00, 01 and 99 cannot be made and are refused",
};

const NO_INPUT: Exception = Exception {
    name: "generate-from-nothing",
    reason: "references.md §1.5: without an input a peer takes the clock or chance, which this \
             crate does not have; ours is an error",
};

pub(super) fn test(one: &Value) -> Outcome {
    let (input, expect) = (field(one, "input"), field(one, "expect"));
    // Null is no text; the nearest that can be asked here is the empty one.
    let text = input.as_str().unwrap_or_default();
    match field(one, "op").as_str().unwrap_or_default() {
        "fi.valid" => valid(text, expect, |text| NationalReference::parse(text).err()),
        "rf.valid" => valid(text, expect, |text| RfReference::parse(text).err()),
        "rf_fi.valid" => valid(text, expect, |text| finnish(RfReference::parse(text)).err()),
        "fi_or_rf_fi.valid" => valid(text, expect, |text| finnish(Reference::parse(text)).err()),
        "barcode.valid" => valid(text, expect, |text| BankBarcode::parse(text).err()),
        "iban_fi.valid" => iban_valid(text, expect),
        "fi.format" => national_format(text, expect),
        "fi_or_rf_fi.format" => format(Reference::parse(text).map(|one| one.to_print()), expect),
        "rf.format" | "rf_fi.format" => {
            format(RfReference::parse(text).map(|one| one.to_print()), expect)
        }
        "iban_fi.format" => format(FiIban::parse(text).map(|one| one.to_print()), expect),
        "rf.parse" => format(
            RfReference::parse(text).map(|one| one.body().to_owned()),
            expect,
        ),
        "fi.generate" => generate(one, machine(NationalReference::create(text))),
        "rf.generate" => generate(one, machine(RfReference::create(text))),
        "rf_fi.generate" => generate(
            one,
            machine(NationalReference::create(text).map(|one| one.to_rf())),
        ),
        "barcode.parse" => barcode_parse(text, expect),
        "barcode.format" => compare(expect, &barcode_format(input)),
        _ => Outcome::Different("no such operation".to_owned()),
    }
}

/// A reference that has a national form.
fn finnish(read: Result<impl Into<Reference>, Error>) -> Result<NationalReference, Error> {
    read.and_then(|one| one.into().to_national())
}

/// Compares a yes or no; `refused` gives our error, if any.
fn valid(text: &str, expect: &Value, refused: impl Fn(&str) -> Option<Error>) -> Outcome {
    let error = refused(text);
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    match (expect.as_bool(), error.map(|error| error.reason())) {
        (Some(true), Some(Reason::TooShortSignificant | Reason::AllZero)) => {
            Outcome::Excepted(&SHORT)
        }
        (Some(true), Some(Reason::Character)) if refused(&plain).is_none() => {
            Outcome::Excepted(&CHARACTERS)
        }
        (Some(true), Some(Reason::CheckDigitsRange)) => Outcome::Excepted(&RANGE),
        _ => compare(expect, &json!(error.is_none())),
    }
}

fn iban_valid(text: &str, expect: &Value) -> Outcome {
    let read = FiIban::parse(text);
    let strict = read.clone().and_then(FiIban::require_national_check);
    match (expect.as_bool(), read.is_ok(), strict.is_ok()) {
        (Some(false), true, false) => Outcome::Excepted(&LUHN),
        _ => valid(text, expect, |text| FiIban::parse(text).err()),
    }
}

fn format(print: Result<String, Error>, expect: &Value) -> Outcome {
    compare(expect, &print.map_or(Value::Null, Value::String))
}

fn national_format(text: &str, expect: &Value) -> Outcome {
    let print = NationalReference::parse(text).map(|one| one.to_print());
    match (expect.as_str(), print.as_deref()) {
        (Some(theirs), Ok(ours)) if theirs != ours && is_regrouped(theirs, ours) => {
            Outcome::Excepted(&GROUPING)
        }
        _ => format(print, expect),
    }
}

/// Whether `theirs` has the digits of `ours`, by five from the left or by four from either side.
fn is_regrouped(theirs: &str, ours: &str) -> bool {
    let groups: Vec<usize> = theirs.split(' ').map(str::len).collect();
    let all = |groups: &[usize], size: usize| groups.iter().all(|&length| length == size);
    let from_left = |size| {
        let (last, others) = groups.split_last().unwrap_or((&0, &[]));
        all(others, size) && (1..=size).contains(last)
    };
    let from_right = |size| {
        let (first, others) = groups.split_first().unwrap_or((&0, &[]));
        all(others, size) && (1..=size).contains(first)
    };
    theirs.replace(' ', "") == ours.replace(' ', "")
        && (from_left(5) || from_left(4) || from_right(4))
}

/// Expected is the text itself, `{error: true}`, or `{valid: true, startsWith}` with a `value`
/// beside that the peer made when it was run.
fn generate(one: &Value, made: Result<String, Error>) -> Outcome {
    let expect = field(one, "expect");
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            let wants_some = expect.is_string() || field(expect, "valid") == true;
            return match error.reason() {
                Reason::Empty if wants_some && field(one, "input").is_null() => {
                    Outcome::Excepted(&NO_INPUT)
                }
                Reason::TooShort | Reason::AllZero if wants_some => Outcome::Excepted(&SHORT),
                _ => compare(expect, &json!({ "error": true })),
            };
        }
    };
    if expect.is_string() {
        return compare(expect, &json!(made));
    }
    let (start, value) = (
        field(expect, "startsWith").as_str(),
        field(one, "value").as_str(),
    );
    let known = ["valid", "startsWith"];
    let readable = expect
        .as_object()
        .is_some_and(|fields| fields.keys().all(|name| known.contains(&name.as_str())));
    let holds = |zeros: bool| {
        let cut = |text: &'_ str| match zeros {
            true => text.trim_start_matches('0').to_owned(),
            false => text.to_owned(),
        };
        field(expect, "valid") == &json!(Reference::parse(&made).is_ok())
            && start.is_none_or(|start| made.starts_with(&cut(start)))
            && value.is_none_or(|value| made == cut(value))
    };
    match (readable, holds(false), holds(true)) {
        (true, true, _) => Outcome::Same,
        (true, false, true) => Outcome::Excepted(&LEADING_ZEROS),
        _ => Outcome::Different(format!("wanted {expect}, value {value:?}, came {made}")),
    }
}

fn barcode_parse(text: &str, expect: &Value) -> Outcome {
    let code = match BankBarcode::parse(text) {
        Ok(code) => code,
        Err(_) => return compare(expect, &json!(false)),
    };
    let actual = json!({
        "iban": code.iban().to_print(),
        "sum": code.cents(),
        "reference": code.reference().to_print(),
        "date": code.due().map(|due| format!("{}.{}.{}", due.day(), due.month(), due.year())),
    });
    let mut expect = expect.clone();
    if let Some(sum) = expect.get_mut("sum") {
        *sum = json!(cents(sum));
    }
    compare(&expect, &actual)
}

/// The code, or false where it is refused or the input cannot be said in the API.
fn barcode_format(input: &Value) -> Value {
    let text = |name: &str| field(input, name).as_str();
    let date = match field(input, "date") {
        Value::Null => Some(None),
        date => date.as_str().and_then(due).map(Some),
    };
    let (Some(iban), Some(reference), Some(cents), Some(date)) = (
        text("iban"),
        text("reference"),
        cents(field(input, "sum")),
        date,
    ) else {
        return json!(false);
    };
    let iso = date.map(DueDate::to_iso);
    match BankBarcode::from_text(iban, reference, cents, iso.as_deref()) {
        Ok(code) => json!(code.to_machine()),
        Err(_) => json!(false),
    }
}

/// Cents of a JSON number of euros, read from its text: no float arithmetic.
fn cents(sum: &Value) -> Option<u64> {
    let text = sum.as_number()?.to_string();
    let (euros, part) = text.split_once('.').unwrap_or((&text, "0"));
    let tens = match part.len() {
        1 => 10,
        2 => 1,
        _ => return None,
    };
    euros
        .parse::<u64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part.parse::<u64>().ok()? * tens)
}

/// A date as `d.m.yyyy`.
fn due(text: &str) -> Option<DueDate> {
    let mut parts = text.splitn(3, '.');
    let mut part = || parts.next();
    let (day, month, year) = (part()?, part()?, part()?);
    DueDate::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn machine(made: Result<impl AsRef<str>, Error>) -> Result<String, Error> {
    made.map(|one| one.as_ref().to_owned())
}
