//! What the server acknowledged, written down by those who were told.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::plan::Plan;

/// All that was acknowledged so far, by the shop's order number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    orders: Mutex<BTreeMap<String, Entry>>,
}

/// What was acknowledged of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What was planned.
    pub(crate) plan: Plan,
    /// The payment that was created.
    pub(crate) id: String,
    /// The attempt that the server sent the customer to the bank with.
    pub(crate) attempt: Option<String>,
    /// Whether the customer then did at the bank what was planned.
    pub(crate) acted: bool,
}

impl Ledger {
    /// A payment was created.
    pub(crate) fn created(&self, plan: &Plan, id: &str) {
        let entry = Entry {
            plan: plan.clone(),
            id: id.to_owned(),
            attempt: None,
            acted: false,
        };
        self.orders().insert(plan.order.clone(), entry);
    }

    /// A customer was sent to the bank.
    pub(crate) fn begun(&self, order: &str, attempt: &str) {
        if let Some(entry) = self.orders().get_mut(order) {
            entry.attempt = Some(attempt.to_owned());
        }
    }

    /// The customer did there what was planned.
    pub(crate) fn acted(&self, order: &str) {
        if let Some(entry) = self.orders().get_mut(order) {
            entry.acted = true;
        }
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.orders().values().cloned().collect()
    }

    fn orders(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
