//! `ecommpay-payment-page-url.json`: our address carries what the SDKs' addresses carry.
//!
//! What is left out, decided by the fields of a test and never by its name:
//! - The SDK built no address.
//! - The SDK signs another string than the reference (the entry of the same input whose
//!   `source_sdk` is `php`; without one, the string that most entries share).
//! - Our builder refuses the input on purpose: a `;` or a control character, a value that a form
//!   cannot carry, a parameter that is not documented for this method, a value beyond the limit
//!   in the product's own table. Then the refusal, the bare string and its signature are checked
//!   all the same.
//!
//! Where the SDKs' addresses differ though they sign the same:
//! - A boolean is signed as `1` or `0` and sent by some SDKs as a word. Ours must send what is
//!   signed.
//! - SDKs add an `interface_type` of their own that the input does not hold. It is taken into
//!   our input, so that all the rest is compared.

use std::collections::BTreeMap;

use kassa_checkout::{
    Coded,
    message::{Algorithm, Purpose, Signer},
};
use kassa_providers::ecommpay::{PageUrl, Parameters, json::Json, message, signing};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{Outcome, Run, keyring, same, tests};

#[derive(Deserialize)]
struct Test {
    name: String,
    source_sdk: String,
    secret: String,
    /// A number, or the digits of one.
    project_id: Value,
    input: Box<RawValue>,
    string_to_sign: Option<String>,
    signature: Option<String>,
    url: Option<String>,
}

/// What an SDK built, ready to be compared.
struct Built<'a> {
    test: &'a Test,
    /// Our input: the project, the test's input, and what the SDK added by itself.
    input: Vec<(String, Json)>,
    string_to_sign: &'a str,
    signature: &'a str,
    page: &'a str,
    sent: BTreeMap<String, String>,
    /// The string without what the SDK added by itself.
    comparable: String,
}

/// Runs a file of the format of `ecommpay-payment-page-url.json`.
#[must_use]
pub fn payment_page_url(text: &str) -> Run {
    let (tests, mut run) = tests::<Test>(text);
    let mut groups: BTreeMap<(String, &str), Vec<Built<'_>>> = BTreeMap::new();
    for test in &tests {
        match built(test) {
            Ok(Some(built)) => {
                let group = (test.project_id.to_string(), test.input.get());
                groups.entry(group).or_default().push(built);
            }
            Ok(None) => run.add(&test.name, Outcome::LeftOut("the SDK built no address")),
            Err(why) => run.add(&test.name, Outcome::Failed(why)),
        }
    }
    for group in groups.values() {
        let reference = reference(group);
        for built in group {
            let name = format!("{} ({})", built.test.name, built.test.source_sdk);
            run.add(&name, outcome(built, &reference));
        }
    }
    run
}

fn built(test: &Test) -> Result<Option<Built<'_>>, String> {
    let (Some(url), Some(string_to_sign), Some(signature)) =
        (&test.url, &test.string_to_sign, &test.signature)
    else {
        return Ok(None);
    };
    let (page, query) = url.split_once('?').ok_or("url has no query")?;
    let sent = decode(query)?;
    let json = Json::read(test.input.get().as_bytes()).map_err(|error| error.to_string())?;
    let mut input = json.entries().to_vec();
    if json.get("project_id").is_none() {
        let id = test.project_id.to_string();
        let id = Json::read(id.as_bytes()).map_err(|error| error.to_string())?;
        input.insert(0, ("project_id".to_owned(), id));
    }
    let mut comparable = string_to_sign.clone();
    if let (None, Some(added)) = (json.get("interface_type"), sent.get("interface_type")) {
        comparable = comparable.replace(&format!("interface_type:{added}"), "interface_type:*");
        input.push(("interface_type".to_owned(), Json::Text(added.clone())));
    }
    Ok(Some(Built {
        test,
        input,
        string_to_sign,
        signature,
        page,
        sent,
        comparable,
    }))
}

/// The recommended string of tests with the same input.
fn reference(group: &[Built<'_>]) -> String {
    let php = group.iter().find(|built| built.test.source_sdk == "php");
    let times = |text: &str| group.iter().filter(|one| one.comparable == text).count();
    let most = group.iter().max_by_key(|built| times(&built.comparable));
    php.or(most)
        .map(|built| built.comparable.clone())
        .unwrap_or_default()
}

fn outcome(built: &Built<'_>, reference: &str) -> Outcome {
    if built.comparable != reference {
        return Outcome::LeftOut("the SDK signs another string than the reference");
    }
    let checked = check_string(built).and_then(|()| match refused_on_purpose(&built.input) {
        Some((code, why)) => check_refusal(built, code).map(|()| Some(why)),
        None => check_form(built).map(|()| None),
    });
    match checked {
        Ok(None) => Outcome::Passed,
        Ok(Some(why)) => Outcome::LeftOut(why),
        Err(why) => Outcome::Failed(why),
    }
}

/// Why our builder must refuse an input, and the code of that refusal.
fn refused_on_purpose(input: &[(String, Json)]) -> Option<(&'static str, &'static str)> {
    input
        .iter()
        .find_map(|(name, value)| carried(value).is_none().then(|| refused_type(name)))
        .or_else(|| input.iter().find_map(|(name, value)| refused(name, value)))
}

/// The text that a form carries for a value.
fn carried(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone()),
        Json::Bool(flag) => Some(u8::from(*flag).to_string()),
        Json::Number(digits) if digits.parse::<i64>().is_ok() => Some(digits.clone()),
        _ => None,
    }
}

const UNDOCUMENTED: (&str, &str) = (
    "ecommpay/unknown-parameter",
    "refused on purpose: not documented for this method",
);

fn refused_type(name: &str) -> (&'static str, &'static str) {
    if message::find(name).is_none() {
        return UNDOCUMENTED;
    }
    (
        "ecommpay/type",
        "refused on purpose: a form cannot carry the value",
    )
}

fn refused(name: &str, value: &Json) -> Option<(&'static str, &'static str)> {
    let Some(parameter) = message::find(name) else {
        return Some(UNDOCUMENTED);
    };
    let text = carried(value)?;
    if text.contains(|c: char| c == ';' || c.is_control()) {
        return Some((
            "ecommpay/character",
            "refused on purpose: ';' or a control character",
        ));
    }
    (!parameter.rule.fits(&text)).then_some((
        "ecommpay/limit",
        "refused on purpose: beyond the parameter's limit",
    ))
}

/// The bare algorithm refuses nothing: string and signature must always come out.
fn check_string(built: &Built<'_>) -> Result<(), String> {
    let document = write(&Json::Object(built.input.clone()));
    let ours = signing::canonical_string(document.as_bytes()).map_err(|error| error.to_string())?;
    same("string_to_sign", &ours, built.string_to_sign)?;
    let signature = keyring(&built.test.secret)
        .account("shop", "ecommpay")
        .sign(Algorithm::HmacSha512, Purpose::Payment, ours.as_bytes())
        .map_err(|error| error.to_string())?;
    same("signature", &signing::encode(&signature), built.signature)
}

fn check_refusal(built: &Built<'_>, code: &str) -> Result<(), String> {
    let document = write(&Json::Object(built.input.clone()));
    match Parameters::from_json(document.as_bytes()) {
        Ok(_) => Err(format!("wanted the refusal {code}, was accepted")),
        Err(error) => same("refusal", error.code(), code),
    }
}

fn check_form(built: &Built<'_>) -> Result<(), String> {
    let document = write(&Json::Object(built.input.clone()));
    let parameters =
        Parameters::from_json(document.as_bytes()).map_err(|error| error.to_string())?;
    let page = PageUrl::parse(built.page).ok_or("url is none that a customer may be sent to")?;
    let url = parameters
        .into_form(&page)
        .sign(&keyring(&built.test.secret).account("shop", "ecommpay"))
        .map_err(|error| error.to_string())?
        .into_message()
        .to_url();
    let (ours_page, query) = url.split_once('?').ok_or("our address has no query")?;
    same("page", ours_page, built.page)?;
    let mut wanted = built.sent.clone();
    for (name, value) in &built.input {
        if let Json::Bool(flag) = value {
            wanted.insert(name.clone(), u8::from(*flag).to_string());
        }
    }
    let ours = decode(query)?;
    if ours == wanted {
        Ok(())
    } else {
        Err(format!("parameters: wanted {wanted:?}, came {ours:?}"))
    }
}

/// The parameters of a query, decoded as a form's.
fn decode(query: &str) -> Result<BTreeMap<String, String>, String> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode_text(name)?;
        if parameters
            .insert(name.clone(), decode_text(value)?)
            .is_some()
        {
            return Err(format!("url holds {name} twice"));
        }
    }
    Ok(parameters)
}

fn decode_text(text: &str) -> Result<String, String> {
    let wrong = || format!("url is not decoded: {text}");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.and_then(hex));
                let [Some(high), Some(low)] = digits else {
                    return Err(wrong());
                };
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The JSON text of a value, its numbers as they were.
fn write(json: &Json) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(digits) => digits.clone(),
        Json::Text(value) => text(value),
        Json::List(items) => {
            let items: Vec<_> = items.iter().map(write).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(entries) => {
            let entries = entries.iter();
            let entries: Vec<_> = entries
                .map(|(name, value)| format!("{}:{}", text(name), write(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}
