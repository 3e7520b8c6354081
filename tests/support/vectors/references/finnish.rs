//! The kinds of `finnish-references.json`.

use serde_json::{Value, json};
use viite::{
    Bank, BankBarcode, BusinessId, EpcQr, Error, FiIban, NationalReference, OrderNumber, QrVersion,
    RfReference, fits_op_reference, fits_vetuma_reference,
};

use super::{Exception, Outcome, compare, field};

pub(super) const EXCEPTIONS: &[&Exception] = &[&BULK_IS_WHOLE, &PROBED_PREFIX];

const BULK_IS_WHOLE: Exception = Exception {
    name: "bulk-all-or-nothing",
    reason: "references.md §1.5: a batch that would overflow makes no reference at all, so the \
             list of those before the overflow is not ours; the error is compared",
};

const PROBED_PREFIX: Exception = Exception {
    name: "prefix-without-holder",
    reason: "where no bank holds the account, `prefix` only names the digits that the case was \
             made from; the account must start with them and have no BIC",
};

pub(super) fn test(one: &Value) -> Outcome {
    let (input, expected) = (field(one, "input"), field(one, "expected"));
    let kind = field(one, "kind").as_str().unwrap_or_default();
    let actual = match (kind, input.as_str()) {
        ("bulk_create", _) => return bulk_create(input, expected),
        ("fi_bic", Some(text)) => return fi_bic(text, expected),
        ("barcode_encode", _) => barcode_encode(input, expected),
        ("epc_qr", _) => epc_qr(input, expected),
        (_, Some(text)) => of_text(kind, text),
        _ => None,
    };
    match actual {
        Some(actual) => compare(expected, &actual),
        None => Outcome::Different("no such kind, or not its input".to_owned()),
    }
}

fn of_text(kind: &str, text: &str) -> Option<Value> {
    Some(match kind {
        "national_validate" => valid(NationalReference::parse(text).map(national)),
        "national_create" => ok(NationalReference::create(text).map(national)),
        "national_format" => match NationalReference::parse(text) {
            Ok(reference) => json!(reference.to_print()),
            Err(error) => json!(error.code()),
        },
        "rf_validate" => valid(RfReference::parse(text).map(rf)),
        "rf_from_national" => ok(NationalReference::parse(text).map(|one| rf(one.to_rf()))),
        "national_from_rf" => {
            ok(RfReference::parse(text).and_then(|one| one.to_national().map(national)))
        }
        "rf_create" => ok(RfReference::create(text).map(rf)),
        "order_number_validate" => valid(OrderNumber::parse(text).map(|number| {
            let reference = number.to_reference().ok();
            json!({ "reference": reference.map(|one| one.to_machine().to_owned()) })
        })),
        "order_number_from_reference" => ok(NationalReference::parse(text)
            .and_then(|reference| OrderNumber::from_reference(&reference))
            .map(|number| json!({ "order_number": number.to_machine() }))),
        "provider_reference_shape" => json!({
            "op_schema": fits_op_reference(text),
            "vetuma_schema": fits_vetuma_reference(text),
            "is_national": NationalReference::parse_machine(text).is_ok(),
            "is_rf": RfReference::parse_machine(text).is_ok(),
        }),
        "fi_iban" => valid(FiIban::parse(text).map(|iban| {
            json!({
                "electronic": iban.to_machine(),
                "print": iban.to_print(),
                "national_check_ok": iban.national_check_ok(),
                "bic": iban.bic(),
            })
        })),
        "bban_to_machine" => {
            let iban = FiIban::from_bban(text).ok();
            json!({
                "machine": iban.as_ref().map(FiIban::account),
                "iban": iban.as_ref().map(FiIban::to_machine),
                "luhn": iban.as_ref().map(FiIban::national_check_ok),
            })
        }
        "barcode_parse" => ok(BankBarcode::parse(text).map(|code| barcode(&code))),
        "business_id" => valid(BusinessId::parse(text).map(|_| json!({}))),
        _ => return None,
    })
}

fn bulk_create(input: &Value, expected: &Value) -> Outcome {
    let number = |name: &str| field(input, name).as_u64();
    let (Some(start), Some(count), Some(step)) = (
        field(input, "start").as_str(),
        number("count"),
        number("step"),
    ) else {
        return Outcome::Different("no start, count and step".to_owned());
    };
    match NationalReference::bulk(start, count, step) {
        Ok(bulk) => {
            let made: Vec<_> = bulk.map(|one| one.to_machine().to_owned()).collect();
            compare(expected, &json!({ "references": made }))
        }
        Err(error) if field(expected, "error") == error.reason().as_str() => {
            match field(expected, "references").as_array() {
                Some(partial) if !partial.is_empty() => Outcome::Excepted(&BULK_IS_WHOLE),
                _ => Outcome::Same,
            }
        }
        Err(error) => Outcome::Different(format!("wanted {expected}, came {}", error.code())),
    }
}

fn fi_bic(text: &str, expected: &Value) -> Outcome {
    let iban = match FiIban::parse(text) {
        Ok(iban) => iban,
        Err(error) => return compare(expected, &refusal("valid", error)),
    };
    if let Bank::Current { digits, .. } = iban.bank() {
        let prefix = iban.account().get(..digits);
        return compare(expected, &json!({ "prefix": prefix, "bic": iban.bic() }));
    }
    let prefix = field(expected, "prefix").as_str();
    if expected.get("bic") == Some(&Value::Null)
        && prefix.is_some_and(|prefix| iban.account().starts_with(prefix))
    {
        return Outcome::Excepted(&PROBED_PREFIX);
    }
    Outcome::Different(format!("wanted {expected}, came no holder"))
}

fn barcode_encode(input: &Value, expected: &Value) -> Option<Value> {
    // A part that is left out is an empty one.
    let text = |name: &str| match field(input, name) {
        Value::Null => Some(""),
        other => other.as_str(),
    };
    let due = match field(input, "due") {
        Value::Null => None,
        due => Some(due.as_str()?),
    };
    // An amount that is no whole number of cents from 0 up cannot be said in the API at all.
    let Some(cents) = field(input, "cents").as_u64() else {
        return Some(json!({ "ok": false, "reason": "amount" }));
    };
    let made = BankBarcode::from_text(text("iban")?, text("reference")?, cents, due);
    Some(ok(made.map(|code| {
        let published = field(expected, "published");
        json!({
            "barcode": code.to_machine(),
            "version": code.version(),
            "code128c_check": code.check_value(),
            // What someone printed, and whether it is right: the second is compared.
            "published": published,
            "matches_published": published == code.to_machine(),
        })
    })))
}

fn epc_qr(input: &Value, expected: &Value) -> Option<Value> {
    let known = [
        "version", "bic", "name", "iban", "amount", "purpose", "ref", "text", "info",
    ];
    let fields = input.as_object()?;
    let readable = |(name, value): (&String, &Value)| {
        known.contains(&name.as_str()) && (value.is_string() || value.is_null())
    };
    if !fields.iter().all(readable) {
        return None;
    }
    let text = |name: &str| field(input, name).as_str().unwrap_or_default();
    let version = match fields
        .get("version")
        .map(|_| QrVersion::parse(text("version")))
    {
        None => QrVersion::default(),
        Some(Ok(version)) => version,
        Some(Err(error)) => return Some(refusal("ok", error)),
    };
    let payload = EpcQr::new(text("name"), text("iban"))
        .version(version)
        .bic(text("bic"))
        .amount_text(text("amount"))
        .purpose(text("purpose"))
        .reference_text(text("ref"))
        .text(text("text"))
        .info(text("info"))
        .payload();
    Some(ok(payload.map(|payload| {
        json!({
            "bytes": payload.len(),
            "lines": payload.split('\n').count(),
            // The published text is the expected one in these cases.
            "matches_published": field(expected, "payload") == payload.as_str(),
            "payload": payload,
        })
    })))
}

fn national(reference: NationalReference) -> Value {
    json!({
        "canonical": reference.to_machine(),
        "reference": reference.to_machine(),
        "print": reference.to_print(),
    })
}

fn rf(reference: RfReference) -> Value {
    let national = reference.to_national().ok();
    json!({
        "electronic": reference.to_machine(),
        "print": reference.to_print(),
        "national": national.map(|one| one.to_machine().to_owned()),
    })
}

fn barcode(code: &BankBarcode) -> Value {
    json!({
        "version": code.version(),
        "iban": code.iban().to_machine(),
        "cents": code.cents(),
        "reference": code.reference().to_machine(),
        "due": code.due().map(|due| due.to_iso()),
    })
}

fn valid(answer: Result<Value, Error>) -> Value {
    said("valid", answer)
}

fn ok(answer: Result<Value, Error>) -> Value {
    said("ok", answer)
}

fn said(word: &str, answer: Result<Value, Error>) -> Value {
    match answer {
        Ok(mut fields) => {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert(word.to_owned(), Value::Bool(true));
            }
            fields
        }
        Err(error) => refusal(word, error),
    }
}

fn refusal(word: &str, error: Error) -> Value {
    json!({ word: false, "reason": error.reason().as_str() })
}
