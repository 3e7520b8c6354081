//! `kassa vetuma verify`, as the real program, on logs made from the public vectors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{collections::BTreeSet, process::Command};

use kit::Folder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const VECTORS: &str = include_str!("../../../tests/vectors/vetuma-mac.json");

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A log, and the secrets of all vectors behind a reference.
struct Log {
    folder: Folder,
}

impl Log {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let folder = Folder::new();
        std::fs::write(folder.path().join("log"), text).unwrap();
        let secrets: BTreeSet<_> = vectors()
            .iter()
            .map(|test| text_of(test, "secret"))
            .collect();
        let secrets: Vec<_> = secrets.into_iter().collect();
        std::fs::write(folder.path().join("secrets"), secrets.join("\n")).unwrap();
        Self { folder }
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let secrets = format!("file:{}", file("secrets"));
        let ran = Command::new(env!("CARGO_BIN_EXE_kassa"))
            .args(["vetuma", "verify", &file("log"), "--secret", &secrets])
            .args(more)
            .output()
            .unwrap();
        Ran {
            code: ran.status.code().unwrap(),
            out: String::from_utf8(ran.stdout).unwrap(),
            err: String::from_utf8(ran.stderr).unwrap(),
        }
    }

    fn only(&self) -> Value {
        let ran = self.verify(&["--json"]);
        assert_eq!(ran.lines().len(), 1, "{}{}", ran.out, ran.err);
        ran.lines().remove(0)
    }
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn vector(name: &str) -> Value {
    vectors()
        .into_iter()
        .find(|test| test["name"] == name)
        .unwrap()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

type Pairs = Vec<(String, String)>;

fn pairs(test: &Value) -> Pairs {
    let fields = test["fields"].as_array().unwrap().iter();
    fields
        .map(|field| (text_of(field, "name"), text_of(field, "value")))
        .collect()
}

fn form(pairs: &Pairs, mac: &str, encode: fn(&str) -> Vec<u8>) -> String {
    let mac = ("MAC".to_owned(), mac.to_owned());
    let pairs = pairs.iter().chain([&mac]).map(|(name, value)| {
        let value: String = encode(value)
            .iter()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

fn utf8(text: &str) -> Vec<u8> {
    text.bytes().collect()
}

fn digest(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The MAC over values in the order given.
fn mac(values: &[&str], secret: &str, encode: fn(&str) -> Vec<u8>) -> String {
    let mut text: Vec<u8> = values
        .iter()
        .flat_map(|value| [encode(value), vec![b'&']].concat())
        .collect();
    text.extend(format!("{secret}&").bytes());
    digest(&text)
}

#[test]
fn all_that_was_genuine_holds_and_only_paid_answers_book() {
    let lines = vectors();
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let ran = Log::new(lines.join("\n")).verify(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = ran.lines();
    assert_eq!(told.len(), 40);
    assert!(told.iter().all(|one| one["mac"] == "holds"));
    for one in &told {
        let paid = one["kind"] == "PAY answer" && one["status"] == "SUCCESSFUL";
        assert!(paid || one["books"] == false, "{one}");
    }
    // The answer to a call that is in the file books its sum; the next about it does not.
    let name = |test: &Value| text_of(test, "name");
    let place = |wanted: &str| {
        vectors()
            .iter()
            .position(|test| name(test) == wanted)
            .unwrap()
    };
    let answer = &told[place("pay-response-ok-bank")];
    assert_eq!(
        (&answer["books"], &answer["amount"]),
        (&json!(true), &json!("49,90"))
    );

    let array = Log::new(Value::from(vectors()).to_string());
    assert_eq!(
        array.verify(&["--json"]).lines(),
        told,
        "one array is the same"
    );
    let table = array.verify(&[]);
    assert_eq!(table.code, 0);
    assert!(table.out.starts_with("LINE  MESSAGE"), "{}", table.out);
    assert!(table.out.contains("49,90 EUR"));
}

#[test]
fn forms_are_found_in_the_lines_of_a_log() {
    let test = vector("pay-request-all-known-fields");
    let good = form(&pairs(&test), &text_of(&test, "mac"), latin1);
    let text = format!("2017-11-30 12:00:00 POST \"{good}\" 200\n\n{good}\n");
    let ran = Log::new(text).verify(&["--json"]);
    assert_eq!((ran.code, ran.lines().len()), (0, 2), "{}", ran.err);
    let ran = Log::new(format!("{good}\nnothing here\n{good}&AM=1\n")).verify(&["--json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.lines()[1],
        json!({ "line": 2, "unreadable": "it holds no form with an RCVID" })
    );
    assert_eq!(
        ran.lines()[2],
        json!({ "line": 3, "unreadable": "it has a field twice" })
    );
    assert!(ran.err.contains("0 of 3"), "{}", ran.err);
    let empty = Log::new("\n").verify(&[]);
    assert_eq!(empty.code, 3, "{}", empty.err);
    let nothing = Command::new(env!("CARGO_BIN_EXE_kassa"))
        .args(["vetuma", "verify", "x"])
        .output();
    assert_eq!(nothing.unwrap().status.code(), Some(2));
}

#[test]
fn what_makes_the_mac_hold_is_what_was_off() {
    let test = vector("pay-request-all-known-fields");
    let (fields, secret) = (pairs(&test), text_of(&test, "secret"));
    let values: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
    let good = text_of(&test, "mac");
    let off = |fields: &Pairs, mac: &str, encode: fn(&str) -> Vec<u8>| {
        let told = Log::new(form(fields, mac, encode)).only();
        assert_eq!(told["books"], false);
        (
            text_of(&told, "off"),
            told["field"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let is = |found: (String, String), what: &str, field: &str| {
        assert!(
            found.0.contains(what) && found.1 == field,
            "{found:?}: {what}, {field}"
        );
    };
    is(
        off(&fields, &mac(&values, &secret, utf8), latin1),
        "UTF-8 instead of ISO-8859-1",
        "MSGSELLER",
    );
    is(off(&fields, &good, utf8), "logged in UTF-8", "MSGSELLER");
    is(
        off(&fields, &good.to_lowercase(), latin1),
        "not in capitals",
        "MAC",
    );
    is(off(&fields, "", latin1), "there is no MAC", "MAC");
    let (id, digits) = secret.rsplit_once('-').unwrap();
    is(
        off(&fields, &mac(&values, digits, latin1), latin1),
        "without the name of the secret",
        "",
    );
    let small = format!("{id}-{}", digits.to_lowercase());
    is(
        off(&fields, &mac(&values, &small, latin1), latin1),
        "small letters",
        "",
    );
    let unended: Vec<u8> = values
        .iter()
        .flat_map(|value| [latin1(value), vec![b'&']].concat())
        .collect();
    let unended = [unended, secret.clone().into_bytes()].concat();
    is(
        off(&fields, &digest(&unended), latin1),
        "without the & at the end",
        "",
    );

    let spaced: Pairs = fields
        .iter()
        .map(|(name, value)| {
            let value = if name == "MSGFORM" {
                format!("{value} ")
            } else {
                value.clone()
            };
            (name.clone(), value)
        })
        .collect();
    is(off(&spaced, &good, latin1), "without the spaces", "MSGFORM");
    let without: Pairs = fields
        .iter()
        .filter(|(name, _)| name != "MSGFORM")
        .cloned()
        .collect();
    let emptied: Pairs = fields
        .iter()
        .map(|(name, value)| {
            let value = if name == "MSGFORM" { "" } else { value };
            (name.clone(), value.to_owned())
        })
        .collect();
    let values_of =
        |fields: &Pairs| -> Vec<String> { fields.iter().map(|(_, value)| value.clone()).collect() };
    let mac_of = |fields: &Pairs| {
        let values = values_of(fields);
        mac(
            &values.iter().map(String::as_str).collect::<Vec<_>>(),
            &secret,
            latin1,
        )
    };
    is(
        off(&fields, &mac_of(&without), latin1),
        "without this field",
        "MSGFORM",
    );
    is(
        off(&fields, &mac_of(&emptied), latin1),
        "this field was empty",
        "MSGFORM",
    );
    is(
        off(&without, &mac_of(&emptied), latin1),
        "with this field, empty",
        "MSGFORM",
    );
    let mut reversed: Vec<&str> = values.clone();
    reversed.reverse();
    let mut logged = fields.clone();
    logged.reverse();
    is(
        off(&logged, &mac(&reversed, &secret, latin1), latin1),
        "order in which the fields were logged",
        "",
    );

    let told = Log::new(form(&fields, &"0".repeat(64), latin1)).only();
    assert_eq!(
        (&told["mac"], &told["off"]),
        (&json!("broken"), &Value::Null)
    );
}

#[test]
fn a_changed_field_is_found_from_the_other_messages() {
    let genuine = vector("pay-response-rejected");
    let mut forged = genuine.clone();
    for field in forged["fields"].as_array_mut().unwrap() {
        if field["name"] == "STATUS" {
            field["value"] = "SUCCESSFUL".into();
        }
    }
    let told = Log::new(forged.to_string()).only();
    assert_eq!(
        (&told["mac"], &told["field"]),
        (&json!("off"), &json!("STATUS"))
    );
    assert!(
        text_of(&told, "off").contains("made over \"REJECTED\", logged as \"SUCCESSFUL\""),
        "{told}"
    );
    assert_eq!(told["books"], false);

    let call = vector("pay-request-bank-and-card");
    let mut cheap = call.clone();
    for field in cheap["fields"].as_array_mut().unwrap() {
        if field["name"] == "AM" {
            field["value"] = "1,00".into();
        }
    }
    let ran = Log::new(format!(
        "{cheap}\n{call}\n{}",
        vector("pay-response-ok-bank")
    ))
    .verify(&["--json"]);
    let told = ran.lines();
    assert_eq!(
        (&told[0]["mac"], &told[0]["field"]),
        (&json!("off"), &json!("AM"))
    );
    assert_eq!(told[1]["mac"], "holds");
    assert_eq!(told[2]["books"], true);
    // The same answer once more books nothing.
    let answer = vector("pay-response-ok-bank");
    let twice = Log::new(format!("{answer}\n{answer}"))
        .verify(&["--json"])
        .lines();
    assert_eq!(
        (&twice[0]["books"], &twice[1]["why"]),
        (&json!(true), &json!("line 1 booked it"))
    );
}

#[test]
fn no_secret_and_nobodys_identity_is_printed() {
    let person = vector("login-response-ok-bank-vtj");
    let mut changed = person.clone();
    for field in changed["fields"].as_array_mut().unwrap() {
        if field["name"] == "USERID" {
            field["value"] = "010101-123N".into();
        }
    }
    let log = Log::new(format!("{person}\n{changed}"));
    for more in [&[][..], &["--json"]] {
        let ran = log.verify(more);
        assert_eq!(ran.code, 1);
        let printed = ran.out + &ran.err;
        for hidden in ["900P", "123N", "TUULA", "FCB2B26C"] {
            assert!(!printed.contains(hidden), "{printed}");
        }
        assert!(printed.contains("USERID was changed"), "{printed}");
    }
}
