//! The product and the simulator sign alike, though neither shares a line with the other.
#![allow(clippy::unwrap_used, reason = "a test may panic: that is how it fails")]

use kassa_checkout::message::{Algorithm, Purpose, Signer};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::ecommpay::signing;
use kassa_simulator::{
    json::Node,
    signature::{Secret, string_to_sign},
};
use proptest::prelude::*;
use serde_json::Value;

const SECRET: &str = "invented-secret-of-the-two-signers";

/// Documents of the kinds of values that callbacks and requests are made of, with keys that are
/// hard to sort.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~äÄ€💶]{0,12}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 14, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..14).prop_map(Value::from),
            object(inner),
        ]
    });
    object(value)
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let key = "[a-c]{1,2}[:_ ]?[0-9]{0,3}|frame_mode";
    proptest::collection::btree_map(key, value, 0..8)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

proptest! {
    #[test]
    fn they_sign_the_same_string_with_the_same_outcome(document in document()) {
        let text = document.to_string();
        let ours = signing::canonical_string(text.as_bytes()).unwrap();
        let theirs = string_to_sign(&Node::parse(&text).unwrap());
        prop_assert_eq!(&ours, &theirs);

        let mut keyring = Keyring::default();
        let key = HmacSha512Key::parse(SECRET).unwrap();
        keyring.add("shop", "ecommpay", Purpose::Payment, key);
        let signature = keyring
            .account("shop", "ecommpay")
            .sign(Algorithm::HmacSha512, Purpose::Payment, ours.as_bytes())
            .unwrap();
        prop_assert_eq!(signing::encode(&signature), Secret::new(SECRET).sign(&theirs));
    }
}
