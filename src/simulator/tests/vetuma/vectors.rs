//! The MAC, against the vectors.

use kassa_simulator::vetuma::latin1::to_bytes as latin1;
use kassa_simulator::vetuma::mac::{Pair, Secret, base_string};
use serde_json::Value;

/// A vectors file's tests.
fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn vector_fields(test: &Value) -> Vec<Pair> {
    let fields = test["fields"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    fields
        .map(|field| (text(&field["name"]), text(&field["value"])))
        .collect()
}

#[test]
fn all_vectors_come_out() {
    let tests = vectors(include_str!("../../../../tests/vectors/vetuma-mac.json"));
    assert!(tests.len() > 30, "{}", tests.len());
    for test in &tests {
        let name = &test["name"];
        let text = |key: &str| test[key].as_str();
        let secret = Secret::new(text("secret").unwrap());
        let mut fields = vector_fields(test);
        let whole = format!("{}{}&", base_string(&fields), text("secret").unwrap());
        assert_eq!(Some(whole.as_str()), text("mac_base_string"), "{name}");
        if let Some(hex) = text("mac_base_latin1_hex") {
            let bytes = latin1(&whole).unwrap();
            let ours: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(ours, hex, "{name}");
        }
        let mac = text("mac").unwrap();
        assert_eq!(secret.check(&fields, mac), Ok(()), "{name}");
        // The order is VETUMA's, whatever the form's is.
        fields.reverse();
        assert_eq!(secret.mac(&fields).as_deref(), Some(mac), "{name}");
        if let Some(mistaken) = text("mac_if_utf8_was_used_wrongly") {
            let told = secret.check(&fields, mistaken).unwrap_err();
            assert!(told.contains("over UTF-8"), "{name}: {told}");
        }
    }
}

#[test]
fn all_that_must_be_rejected_is() {
    let tests = vectors(include_str!(
        "../../../../tests/vectors/vetuma-must-reject.json"
    ));
    assert!(tests.len() > 5, "{}", tests.len());
    let mut told = Vec::new();
    for test in &tests {
        let secret = Secret::new(test["secret"].as_str().unwrap());
        let received = test["received_mac"].as_str().unwrap();
        told.push(secret.check(&vector_fields(test), received).unwrap_err());
    }
    for mistake in ["without RCVID", "an HMAC", "is empty", "64 hexadecimal"] {
        assert!(
            told.iter().any(|why| why.contains(mistake)),
            "{mistake}: {told:?}"
        );
    }
}
