//! The JSON of the checkout API and of a shop's choice of banks.

use std::fmt::Debug;

use kassa_checkout::{
    Amount, BankId, Selection,
    contract::{NextStep, PayRequest, PaymentStatus, Session},
};
use serde::{Serialize, de::DeserializeOwned};

use super::with_text;

/// What is read and written again is the same.
pub(super) fn contract(data: &[u8]) -> bool {
    [
        round_trip::<PayRequest>(data),
        round_trip::<Session>(data),
        round_trip::<PaymentStatus>(data),
        round_trip::<NextStep>(data),
    ]
    .contains(&true)
}

pub(super) fn selection(data: &[u8]) -> bool {
    let bank = with_text(data, |text| {
        let Ok(bank) = BankId::parse(text) else {
            return false;
        };
        assert_eq!(bank.as_str(), text);
        true
    });
    [
        bank,
        round_trip::<Selection>(data),
        round_trip::<Amount>(data),
    ]
    .contains(&true)
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<T>(data) else {
        return false;
    };
    let written = serde_json::to_vec(&read).unwrap_or_default();
    let again = serde_json::from_slice::<T>(&written);
    assert_eq!(
        again.as_ref().ok(),
        Some(&read),
        "{}",
        String::from_utf8_lossy(&written)
    );
    true
}
