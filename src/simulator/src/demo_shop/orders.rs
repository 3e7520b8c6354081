//! The shop's orders, in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use serde::Deserialize;

use super::catalogue::Bill;
use super::client::Payment;

/// 2026-01-01T00:00:00Z in Unix seconds: order numbers count from here.
const EPOCH: u64 = 1_767_225_600;

/// An order.
#[derive(Debug, Clone)]
pub struct Order {
    /// What its page is found by; cannot be guessed.
    pub key: String,
    /// What people call it: digits, so that Kassa makes the bank reference from it.
    pub number: u64,
    /// What is bought.
    pub bill: Bill,
    /// Through whom it is paid.
    pub provider: Provider,
    /// Its payment, once Kassa has made it.
    pub payment: Option<Payment>,
}

/// Through whom an order is paid, as the visitor of the demo chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// ecommpay.
    #[default]
    Ecommpay,
    /// OP Online Payment.
    Op,
}

/// All orders by key.
#[derive(Debug)]
pub struct Orders {
    next: u64,
    by_key: HashMap<String, Order>,
}

impl Orders {
    /// No orders. Numbers go on from the time of the start, so that a restarted shop does not give one twice.
    #[must_use]
    pub fn starting_at(now: u64) -> Self {
        Self {
            next: now.saturating_sub(EPOCH).max(10_000),
            by_key: HashMap::new(),
        }
    }

    /// Takes an order in.
    pub fn add(&mut self, bill: Bill, provider: Provider) -> Order {
        let order = Order {
            key: new_key(),
            number: self.next,
            bill,
            provider,
            payment: None,
        };
        self.next += 1;
        self.by_key.insert(order.key.clone(), order.clone());
        order
    }

    /// Notes the payment that Kassa made.
    pub fn set_payment(&mut self, key: &str, payment: Payment) {
        if let Some(order) = self.by_key.get_mut(key) {
            order.payment = Some(payment);
        }
    }

    /// Notes where the payment stands.
    pub fn set_status(&mut self, key: &str, status: String) {
        if let Some(payment) = self
            .by_key
            .get_mut(key)
            .and_then(|order| order.payment.as_mut())
        {
            payment.status = status;
        }
    }

    /// The order of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Order> {
        self.by_key.get(key)
    }

    /// The order of Kassa's payment.
    #[must_use]
    pub fn of_payment(&self, id: &str) -> Option<&Order> {
        let is = |order: &&Order| {
            order
                .payment
                .as_ref()
                .is_some_and(|payment| payment.id == id)
        };
        self.by_key.values().find(is)
    }
}

/// 128 bits in hex. `RandomState` is keyed by the operating system, which is random enough for a demo.
fn new_key() -> String {
    let half = || RandomState::new().hash_one(());
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::{Bill, EPOCH, Orders, Provider};

    fn bill() -> Bill {
        Bill {
            lines: Vec::new(),
            delivery: 0,
            total: 4990,
        }
    }

    #[test]
    fn numbers_go_up_and_keys_differ() {
        let mut orders = Orders::starting_at(EPOCH + 28_000_000);
        let (first, second) = (
            orders.add(bill(), Provider::Ecommpay),
            orders.add(bill(), Provider::Op),
        );
        assert_eq!((first.number, second.number), (28_000_000, 28_000_001));
        assert_ne!(first.key, second.key);
        assert_eq!(first.key.len(), 32);
        assert_eq!(
            orders.get(&first.key).map(|order| order.number),
            Some(28_000_000)
        );
    }
}
