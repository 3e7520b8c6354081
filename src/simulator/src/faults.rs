//! What goes wrong between the platform and the shop, on demand.

use serde::{Deserialize, Serialize};

/// How Gate answers a sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// It takes it and says so.
    #[default]
    Works,
    /// The project may not.
    Refuse,
    /// The bank is not known any more.
    RefuseBank,
    /// The amount is above the bank's limit.
    RefuseAmount,
    /// It never answers, and has not taken the sale.
    Hang,
    /// It never answers, and has taken it.
    HangTaken,
    /// It answers 500, and has not taken it.
    Error,
    /// It answers 500, and has taken it.
    ErrorTaken,
    /// It answers something else than it should, and has taken it.
    Garbage,
    /// It takes it, and says so once the callback about it was delivered.
    CallbackFirst,
    /// It takes it, and refuses it once the callback about it was delivered.
    RefuseTaken,
}

/// Where Gate's callback sends the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// To the bank's page, by its address.
    #[default]
    Get,
    /// There, by a form.
    Post,
    /// Nowhere: the callback does not come.
    Never,
    /// To an address that no shop may open.
    Unsafe,
}

/// What goes wrong with callbacks and with Gate's sales, for all payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Every delivered callback is sent so many more times (0 to 20).
    pub duplicate: u8,
    /// Every second callback of a payment overtakes the one before it.
    pub reorder: bool,
    /// So many of a hundred tries are lost on the way.
    pub lose: u8,
    /// The first so many tries of each callback are lost.
    pub first_n: u8,
    /// The first so many answers to each callback are not heard: the shop has it, and gets it again.
    pub unheard_first_n: u8,
    /// Callbacks set off so many virtual milliseconds late.
    pub delay_ms: u32,
    /// Bodies are escaped as PHP does it (`\/`, `\u00e4`).
    pub php_escapes: bool,
    /// How Gate answers a sale.
    pub gate: Gate,
    /// Where Gate's callback sends the customer.
    pub redirect: Redirect,
    /// Gate's list of banks is broken.
    pub no_banks: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            duplicate: 0,
            reorder: false,
            lose: 0,
            first_n: 0,
            unheard_first_n: 0,
            delay_ms: 0,
            php_escapes: true,
            gate: Gate::Works,
            redirect: Redirect::Get,
            no_banks: false,
        }
    }
}
