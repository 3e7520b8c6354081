//! Work that nobody waits for: questions to providers, webhooks to shops, refunds without an
//! answer, offers that end, confirmations that are overdue. All of it stands in the store, so that after a restart it goes
//! on where it was, on this node or another.

mod delivery;
mod questions;
mod refunds;
#[cfg(feature = "memory-store")]
pub mod rules;
mod schedule;

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

pub use delivery::retry_after;

use crate::state::AppState;

/// How often the store is asked for work when nothing wakes the job.
const PAUSE: Duration = Duration::from_secs(1);
/// How many deadlines are met in one transaction.
const DEADLINES: u32 = 100;
/// How often the limiter forgets those who have gone.
const FORGET: Duration = Duration::from_secs(60);

/// Starts the jobs; they end after [`crate::state::App::stop`].
#[must_use]
pub fn start(app: &AppState) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(delivery::run(app.clone()));
    jobs.spawn(questions::run(app.clone()));
    jobs.spawn(until_stop(app.clone(), refunds::run(app.clone())));
    jobs.spawn(until_stop(app.clone(), meet_deadlines(app.clone())));
    jobs.spawn(until_stop(app.clone(), forget_idle(app.clone())));
    jobs
}

async fn until_stop(app: AppState, job: impl Future<Output = ()>) {
    let mut stopping = app.stopping();
    tokio::select! {
        () = job => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

async fn meet_deadlines(app: AppState) {
    loop {
        match app.store.meet_deadlines(DEADLINES).await {
            Ok(tokens) => {
                for token in &tokens {
                    app.changed(token);
                }
                // A full batch: there may be more at once.
                if u32::try_from(tokens.len()).is_ok_and(|met| met == DEADLINES) {
                    continue;
                }
            }
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "deadlines could not be met");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn forget_idle(app: AppState) {
    let app = Arc::clone(&app);
    loop {
        tokio::time::sleep(FORGET).await;
        app.limiter.forget_idle();
    }
}
