//! The documents that ecommpay sends: the shape of the samples in "Open Banking in Finland", signed at the top level.

use crate::date::callback_date;
use crate::json::{Escapes, Node};
use crate::signature::signed;
use crate::state::{Callback, Fate, Operation, Payment, State, Status};

/// What the operation's code says; our words.
fn message(code: &str) -> &'static str {
    match code {
        "0" => "Success",
        "9999" => "Awaiting processing",
        "20301" => "Cancelled by the account owner",
        "20812" => "Crediting was not confirmed",
        _ => "General decline",
    }
}

/// An unsigned callback about an operation.
#[must_use]
pub fn document(project_id: u64, payment: &Payment, operation: &Operation, status: Status) -> Node {
    Node::object([
        ("project_id", Node::int(project_id)),
        ("payment", payment_part(payment, status, operation.date_ms)),
        ("customer", customer_part(payment)),
        ("operation", operation_part(payment, operation)),
    ])
}

/// What is said about the payment.
#[must_use]
pub fn payment_part(payment: &Payment, status: Status, date_ms: i64) -> Node {
    Node::object([
        ("id", Node::text(&payment.request.payment_id)),
        ("type", Node::text("purchase")),
        ("status", Node::text(status.word())),
        ("date", Node::Text(callback_date(date_ms))),
        ("method", Node::text("Finnish Banks")),
        ("sum", sum(payment)),
        ("description", Node::text(&payment.request.description)),
    ])
}

/// What is said about the customer.
#[must_use]
pub fn customer_part(payment: &Payment) -> Node {
    Node::object([("id", Node::text(&payment.request.customer_id))])
}

/// What is said about an operation.
#[must_use]
pub fn operation_part(payment: &Payment, operation: &Operation) -> Node {
    let created = Node::Text(callback_date(operation.created_ms));
    Node::object([
        ("id", Node::int(operation.id)),
        ("type", Node::text(operation.kind)),
        ("status", Node::text(operation.status)),
        ("date", Node::Text(callback_date(operation.date_ms))),
        ("created_date", created),
        ("request_id", Node::Text(request_id(operation.id))),
        ("sum_initial", sum(payment)),
        ("sum_converted", sum(payment)),
        ("code", Node::text(operation.code)),
        ("message", Node::text(message(operation.code))),
        ("provider", provider_part(payment, operation)),
    ])
}

/// The provider's own id is there, and `auth_code` beside it, when the operation succeeded; so it is in the samples.
fn provider_part(payment: &Payment, operation: &Operation) -> Node {
    let id = ("id", Node::int(3901));
    if operation.code == "0" {
        let own_id = format!("t:{}sim{}", payment.page_id, operation.id);
        Node::object([
            id,
            ("payment_id", Node::Text(own_id)),
            ("auth_code", Node::text("")),
        ])
    } else {
        Node::object([id, ("payment_id", Node::text(""))])
    }
}

fn sum(payment: &Payment) -> Node {
    let amount = Node::int(payment.request.amount);
    Node::object([("amount", amount), ("currency", Node::text("EUR"))])
}

impl State {
    /// Writes, signs and plans a callback about an operation that brought the payment to `status`.
    pub fn tell(&mut self, key: &str, operation: Operation, status: Status, now_ms: i64) {
        let escapes = if self.faults.php_escapes {
            Escapes::Php
        } else {
            Escapes::Plain
        };
        let (project_id, duplicates_left) = (self.config.project_id, self.faults.duplicate);
        let Some(payment) = self.payments.get_mut(key) else {
            return;
        };
        let has_address = payment.request.callback_url.is_some();
        let mut unsigned = document(project_id, payment, &operation, status);
        if let Some(redirect) = payment.redirect.take() {
            unsigned.set(&["redirect_data"], redirect);
        }
        let body = signed(unsigned, &self.config.secret).to_json(escapes);
        let fate = if has_address {
            Fate::Waiting
        } else {
            Fate::NoAddress
        };
        payment.status = status;
        payment.code = Some(operation.code);
        payment.changed_ms = payment.changed_ms.max(operation.date_ms);
        payment.callbacks.push(Callback {
            payment_status: status,
            operation,
            fate,
            attempts: Vec::new(),
            duplicates_left,
            body,
        });
        let index = payment.callbacks.len() - 1;
        if has_address {
            self.schedule_first_try(key, index, now_ms);
        }
    }
}

/// A made-up request id of the samples' form: 40 hex digits, a dash, eight digits.
#[must_use]
pub fn request_id(operation_id: u64) -> String {
    let spread = operation_id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!(
        "{spread:016x}{:016x}{:08x}-{:08}",
        spread.rotate_left(29) ^ operation_id,
        operation_id % 0x1_0000_0000,
        operation_id % 100_000_000
    )
}
