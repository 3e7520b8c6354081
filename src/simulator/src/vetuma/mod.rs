//! VETUMA, simulated: the Finnish public sector's service for payments and identification, which ended on 31 December 2017.
//!
//! No live VETUMA exists. This one is for old software that speaks to it: calls are checked as the service would, the user chooses and pays at a simulated bank, and a signed answer goes back through the browser.
//! It is written from the functional description 2.2 and from what public code shows; what was never published is named in the README beside this crate.

pub mod answer;
pub mod attack;
pub mod call;
mod control;
pub mod customer;
pub mod field;
mod flow;
pub mod latin1;
pub mod mac;
pub mod method;
mod old_software;
mod pages;
pub mod person;
pub mod session;
pub mod timestamp;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::clock::real_now_ms;
use crate::sender::Shared;
use session::{Now, Sessions};

/// A call is at most so long, in bytes.
const MAX_CALL_BYTES: usize = 64 * 1024;

/// The address for identification.
pub const LOGIN: &str = "/VETUMALogin/app";
/// The address for payments.
pub const PAYMENT: &str = "/VETUMAPayment/";
/// The address that tells how a payment stands.
pub const QUERY: &str = "/VETUMAPayment/Query";

/// What the handlers of VETUMA share.
#[derive(Debug, Default)]
pub struct Vetuma(Mutex<Sessions>);

impl Vetuma {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sessions().all().count()
    }

    /// Forgets all sessions.
    pub fn reset(&self) {
        self.sessions().reset();
    }
}

impl Shared {
    /// Both clocks: applications live in real time, sessions on the clock that can be put forward.
    fn vetuma_now(&self) -> Now {
        Now {
            virtual_ms: self.clock.now_ms(),
            real_ms: real_now_ms(),
        }
    }
}

/// The routes of VETUMA.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(LOGIN, post(flow::login))
        .route(PAYMENT, post(flow::payment))
        .route(QUERY, post(flow::query))
        .route("/vetuma", get(pages::overview))
        .route(
            old_software::PATH,
            get(old_software::ask).post(old_software::call),
        )
        .route("/vetuma/old-software/{end}", post(old_software::answer))
        .route("/vetuma/session/{id}", get(flow::show).post(flow::choose))
        .route(
            "/vetuma/session/{id}/bank",
            get(flow::show_bank).post(flow::act),
        )
        .route("/control/vetuma/sessions", get(control::sessions))
        .route("/control/vetuma/sessions/{id}/act", post(control::act))
        .route(
            "/control/vetuma/sessions/{id}/attack",
            post(control::attack),
        )
        .route("/control/vetuma/attacks", get(control::attacks))
        .layer(DefaultBodyLimit::max(MAX_CALL_BYTES))
}
