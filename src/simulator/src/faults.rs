//! What goes wrong between the platform and the shop, on demand.

use serde::{Deserialize, Serialize};

/// What goes wrong with callbacks, for all payments.
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
        }
    }
}
