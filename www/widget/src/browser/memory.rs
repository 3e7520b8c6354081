//! The last bank, on this device only. Private windows and blocked storage simply forget.

use kassa_checkout::BankId;
use leptos::prelude::window;

const KEY: &str = "kassa-bank";

/// The bank that was chosen last.
pub(super) fn last_bank() -> Option<BankId> {
    let word = window().local_storage().ok()??.get_item(KEY).ok()??;
    BankId::parse(&word).ok()
}

/// Remembers a bank.
pub(super) fn remember(bank: &BankId) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, bank.as_str());
    }
}
