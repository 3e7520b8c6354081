//! The list that is asked for, and what becomes of it.

use http::Response;
use kassa_checkout::{
    Amount, CallError,
    bank::{Bank, BankId},
    message::{
        Algorithm, ContentError, Purpose, Refused, SignError, Signature, Signer, Verified, Verifier,
    },
};
use serde_json::{Value, json};

use super::{ask, number_of};
use crate::ecommpay::GateUrl;

struct Keys;

impl Signer for Keys {
    fn sign(&self, _: Algorithm, _: Purpose, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature(vec![0; 64]))
    }
}

/// The list is not signed, so that no key can be asked about it.
impl Verifier for Keys {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        Err(Refused::Signature)
    }
}

fn hear_with(show_closed: bool, status: u16, body: &Value) -> Result<Vec<Bank>, CallError> {
    let amount = Amount::from_cents(1_500).unwrap();
    let unsigned = ask(200, &GateUrl::default(), show_closed, amount).unwrap();
    let (_, reply) = unsigned.sign(&Keys).unwrap().into_message().into_parts();
    let response = Response::builder()
        .status(status)
        .body(body.to_string().into_bytes());
    reply
        .read(&response.unwrap(), &Keys)
        .map(Verified::into_inner)
}

fn names(body: &Value) -> Vec<String> {
    let banks = hear_with(false, 200, body).unwrap();
    banks.into_iter().map(|bank| bank.id.to_string()).collect()
}

fn entry(id: u32, name: &str) -> Value {
    json!({
        "id": id, "abbr": "X", "name": name, "nativeName": name,
        "currencies": [{"id": 1, "alpha_3_4217": "EUR", "number_3_4217": "978", "exponent": 2}],
    })
}

#[test]
fn the_question_is_signed_over_amount_and_currency() {
    let amount = Amount::from_cents(1_500).unwrap();
    let unsigned = ask(200, &GateUrl::default(), false, amount).unwrap();
    // As `gate/banks-list-seed` of the vectors, with an identifier of our own.
    assert_eq!(
        unsigned.signing_input(),
        b"general:payment_id:list-of-banks;general:project_id:200;\
          payment:amount:1500;payment:currency:EUR"
    );
    let (request, _) = unsigned.sign(&Keys).unwrap().into_message().into_parts();
    assert_eq!(
        request.uri(),
        "https://api.ecommpay.com/v2/info/banks/finland/sale/list"
    );
}

#[test]
fn known_banks_come_in_our_order_and_new_ones_after_them() {
    let list = json!([
        entry(90_001, "Uusi Pankki"),
        entry(4_991, "NORDEA BANK ABP"),
        entry(4_971, "Aktia Bank"),
        entry(4_991, "Nordea again"),
    ]);
    assert_eq!(names(&list), ["aktia", "nordea", "ecommpay-90001"]);
    let banks = hear_with(false, 200, &list).unwrap();
    assert_eq!(banks[1].names.fi, "Nordea");
    let new = &banks[2];
    assert_eq!(
        (new.names.sv.as_str(), new.mark.as_str()),
        ("Uusi Pankki", "Uu")
    );
    assert_eq!(number_of(&new.id).map(u32::from), Some(90_001));
}

#[test]
fn closed_banks_stay_away_unless_the_account_wants_them() {
    let list = json!([entry(4_981, "Handelsbanken")]);
    assert_eq!(names(&list), Vec::<String>::new());
    let shown = hear_with(true, 200, &list).unwrap();
    assert_eq!(shown[0].id.as_str(), "handelsbanken");
}

#[test]
fn odd_entries_are_left_out_and_the_others_stay() {
    let mut dollars = entry(2, "Dollar Bank");
    dollars["currencies"][0]["alpha_3_4217"] = json!("USD");
    let mut native = entry(3, "English");
    native["nativeName"] = json!("Kotimainen");
    let mut unnamed = entry(4, " ");
    unnamed["nativeName"] = Value::Null;
    let list = json!([
        dollars,
        native,
        unnamed,
        entry(0, "Zero"),
        {"id": "5", "name": "Text"},
        {"id": 4_294_967_296_u64, "name": "Too large"},
        {"id": 6, "name": "Without currencies"},
        entry(7, "A\u{0}B"),
        entry(8, &"x".repeat(65)),
        "text",
        null,
    ]);
    assert_eq!(names(&list), ["ecommpay-3", "ecommpay-6"]);
    let banks = hear_with(false, 200, &list).unwrap();
    assert_eq!(banks[0].names.en, "Kotimainen");
}

#[test]
fn the_seeds_own_list_is_read() {
    let list = json!([{
        "id": 4991,
        "abbr": "NORDEA-FINLAND",
        "name": "Nordea Bank",
        "nativeName": "Nordea Bank",
        "currencies": [{"id": 39, "alpha_3_4217": "EUR", "number_3_4217": "978", "exponent": 2}],
    }]);
    assert_eq!(names(&list), ["nordea"]);
    assert_eq!(names(&json!([])), Vec::<String>::new());
}

#[test]
fn an_error_is_no_list() {
    let error = |code: &str| json!({"status": "error", "code": code});
    for (status, body, expected) in [
        (
            500,
            error("501"),
            CallError::Unavailable { retry_after: None },
        ),
        (
            200,
            error("601"),
            CallError::Unavailable { retry_after: None },
        ),
        (
            400,
            error("3261"),
            CallError::Refused {
                status: 400,
                code: Some("3261".into()),
            },
        ),
        (
            403,
            json!("no"),
            CallError::Refused {
                status: 403,
                code: None,
            },
        ),
        (
            200,
            json!({"banks": []}),
            CallError::Unreadable(Refused::Content(ContentError::Malformed)),
        ),
        // A list that came with an error is none to go by.
        (
            502,
            json!([entry(4_991, "Nordea")]),
            CallError::Unavailable { retry_after: None },
        ),
    ] {
        assert_eq!(
            hear_with(false, status, &body),
            Err(expected),
            "{status} {body}"
        );
    }
}

#[test]
fn only_a_plain_number_makes_a_bank_of_the_live_list() {
    let number = |id: &str| number_of(&BankId::parse(id).unwrap()).map(u32::from);
    assert_eq!(number("ecommpay-55399"), Some(55_399));
    for id in [
        "ecommpay-",
        "ecommpay-0",
        "ecommpay-01",
        "ecommpay-4294967296",
        "nordea",
        "ecommpay-1a",
    ] {
        assert_eq!(number(id), None, "{id}");
    }
}
