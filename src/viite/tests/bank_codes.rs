//! The bank code tables are those of the file that names their source.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

use serde_json::Value;
use viite::{BankCode, CURRENT_BANK_CODES, FORMER_BANK_CODES};

fn assert_same(table: &[BankCode], list: &Value) {
    let list = list.as_array().unwrap();
    assert_eq!(table.len(), list.len());
    for (code, entry) in table.iter().zip(list) {
        let prefixes: Vec<_> = entry["prefixes"].as_array().unwrap().iter().collect();
        assert_eq!(code.prefixes.to_vec(), prefixes, "{}", code.bic);
        assert_eq!(code.bic, entry["bic"]);
        assert_eq!(code.holder, entry["holder"]);
    }
}

#[test]
fn tables_equal_the_file() {
    let file: Value = serde_json::from_str(include_str!("../fi-bank-codes.json")).unwrap();
    assert!(!file["source"].as_str().unwrap().is_empty());
    assert_same(CURRENT_BANK_CODES, &file["current"]);
    assert_same(FORMER_BANK_CODES, &file["historical"]);
}

#[test]
fn every_prefix_leads_to_its_holder_and_every_bic_is_one() {
    for code in CURRENT_BANK_CODES {
        viite::Bic::parse_machine(code.bic).unwrap();
        for prefix in code.prefixes {
            let (low, high) = prefix.split_once('-').unwrap_or((prefix, prefix));
            for number in low.parse::<u32>().unwrap()..=high.parse().unwrap() {
                let account = format!("{number:0<14}");
                match viite::Bank::of_account(&account) {
                    viite::Bank::Current {
                        code: found,
                        digits,
                    } => {
                        assert_eq!((found, digits), (code, low.len()), "{account}");
                    }
                    other => panic!("{account}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn gone_unpublished_and_unallocated_are_told_apart() {
    use viite::Bank;
    let bank = |start: &str| Bank::of_account(&format!("{start:0<14}"));
    for (start, bic) in [("31", "HANDFIHH"), ("38", "SWEDFIHH"), ("798", "VPAYFIH2")] {
        match bank(start) {
            Bank::Former { code, .. } => assert_eq!(code.bic, bic),
            other => panic!("{start}: {other:?}"),
        }
    }
    assert_eq!(bank("7201"), Bank::Unpublished);
    assert_eq!(bank("7899"), Bank::Unpublished);
    for start in ["0", "401", "716", "790", "9"] {
        assert_eq!(bank(start), Bank::Unallocated, "{start}");
    }
    assert_eq!(Bank::of_account(""), Bank::Unallocated);
}
