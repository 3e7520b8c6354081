//! The operations of `reference-peers.json`: what other libraries' own tests expect.

use serde_json::{Value, json};
use viite::{BankBarcode, DueDate, Error, FiIban, NationalReference, Reference, RfReference};

use super::{Exception, Outcome, compare, field};

pub(super) const EXCEPTIONS: &[&Exception] = &[&LUHN, &LEADING_ZEROS, &LEFT_GROUPS];

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

const LEFT_GROUPS: Exception = Exception {
    name: "groups-from-the-left",
    reason: "references.md §1.1: the guide allows both, we group from the right; the digits are \
             the peer's",
};

pub(super) fn test(one: &Value) -> Outcome {
    let (input, expect) = (field(one, "input"), field(one, "expect"));
    // Null is no text; the nearest that can be asked here is the empty one.
    let text = input.as_str().unwrap_or_default();
    match field(one, "op").as_str().unwrap_or_default() {
        "fi.valid" => compare(expect, &json!(NationalReference::parse(text).is_ok())),
        "rf.valid" => compare(expect, &json!(RfReference::parse(text).is_ok())),
        "rf_fi.valid" => compare(expect, &json!(is_finnish_rf(text))),
        "fi_or_rf_fi.valid" => compare(expect, &json!(is_finnish(text))),
        "iban_fi.valid" => iban_valid(text, expect),
        "fi.format" | "fi_or_rf_fi.format" => format(text, expect),
        "rf.format" => compare(
            expect,
            &text_or_null(RfReference::parse(text).map(|one| one.to_print())),
        ),
        "rf.parse" => compare(
            expect,
            &text_or_null(RfReference::parse(text).map(|one| one.body().to_owned())),
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

fn is_finnish_rf(text: &str) -> bool {
    RfReference::parse(text).is_ok_and(|one| one.to_national().is_ok())
}

fn is_finnish(text: &str) -> bool {
    Reference::parse(text).is_ok_and(|one| one.to_national().is_ok())
}

fn iban_valid(text: &str, expect: &Value) -> Outcome {
    let read = FiIban::parse(text);
    let strict = read.clone().and_then(FiIban::require_national_check);
    match (expect.as_bool(), read.is_ok(), strict.is_ok()) {
        (Some(false), true, false) => Outcome::Excepted(&LUHN),
        (_, read, _) => compare(expect, &json!(read)),
    }
}

fn format(text: &str, expect: &Value) -> Outcome {
    let print = text_or_null(Reference::parse(text).map(|one| one.to_print()));
    match (expect.as_str(), print.as_str()) {
        (Some(theirs), Some(ours)) if theirs != ours && is_left_grouped(theirs, ours) => {
            Outcome::Excepted(&LEFT_GROUPS)
        }
        _ => compare(expect, &print),
    }
}

/// Whether `theirs` has the digits of `ours`, in fives from the left.
fn is_left_grouped(theirs: &str, ours: &str) -> bool {
    let groups: Vec<&str> = theirs.split(' ').collect();
    theirs.replace(' ', "") == ours.replace(' ', "")
        && groups.iter().rev().skip(1).all(|group| group.len() == 5)
        && groups
            .last()
            .is_some_and(|group| (1..=5).contains(&group.len()))
}

/// Expected is the text itself, `{error: true}`, or `{valid: true, startsWith}` with a `value`
/// beside that the peer made when it was run.
fn generate(one: &Value, made: Result<String, Error>) -> Outcome {
    let expect = field(one, "expect");
    let Ok(made) = made else {
        return compare(expect, &json!({ "error": true }));
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
        field(expect, "valid") == &json!(is_finnish(&made))
            && start.is_some_and(|start| made.starts_with(&cut(start)))
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

fn text_or_null(text: Result<String, Error>) -> Value {
    text.ok().map_or(Value::Null, Value::String)
}
