//! OP Online Payment, simulated: its REST interface, the Browser flow with a bank page, and the merchant callback.
//!
//! Much of OP's documentation is not public. Every answer that rests on an assumption says which ones in the header `x-simulator-assumed`; the words for a payment's status that nobody has seen begin with `SIM_`.

mod callback;
mod control;
mod flow;
mod message;
mod rest;
mod signature;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::{get, post};

use crate::sender::Shared;

pub use signature::OwnKey;
use state::State;
pub use state::{CANCELS, REJECTS};

/// A request is at most so long, in bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Where everything of OP's lies on the simulator.
pub const PREFIX: &str = "/op";

/// What assumptions an answer rests on.
const ASSUMED: HeaderName = HeaderName::from_static("x-simulator-assumed");

/// What the handlers of OP share.
#[derive(Debug)]
pub struct Op {
    /// What OP signs its callbacks with.
    key: OwnKey,
    state: Mutex<State>,
}

impl Op {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            key: OwnKey::published(),
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all payments and faults.
    pub fn reset(&self) {
        *self.state() = State::default();
    }
}

impl Default for Op {
    fn default() -> Self {
        Self::new()
    }
}

/// The routes of OP.
pub fn routes() -> Router<Arc<Shared>> {
    let rest = Router::new()
        .route("/payments", post(rest::create))
        .route("/payments/multibank/providers", get(rest::providers))
        .route("/payments/{payment_id}", get(rest::status))
        .route("/payments/{payment_id}/refund", post(rest::refund));
    let front = Router::new()
        .route("/startPaymentConfirmation", get(flow::start))
        .route(
            "/multibank/direct/{bank_id}/startPaymentConfirmation",
            get(flow::start_at),
        );
    Router::new()
        .nest("/op/paymentbutton/v1", rest)
        .nest("/op/customer/payment", front)
        .route("/op/bank/{page_id}", get(flow::show).post(flow::act))
        .route("/control/op/key", get(control::key))
        .route("/control/op/payments", get(control::payments))
        .route("/control/op/payments/{payment_id}/act", post(control::act))
        .route(
            "/control/op/payments/{payment_id}/refund",
            post(control::refund),
        )
        .route("/control/op/faults", post(control::faults))
        .route("/control/op/callbacks/release", post(control::release))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
}

/// The header that names assumptions.
fn assumed(names: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(ASSUMED, HeaderValue::from_static(names))])
}
