//! Work that nobody waits for: webhooks to shops, offers that end. All of it stands in the store,
//! so that after a restart it goes on where it was.

mod delivery;
mod schedule;

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::{clock, state::AppState};

/// How often the store is asked for work when nothing wakes the job.
const PAUSE: Duration = Duration::from_secs(1);
/// How many offers end in one transaction.
const OFFERS: u32 = 100;
/// How often the limiter forgets those who have gone.
const FORGET: Duration = Duration::from_secs(60);

/// Starts the jobs; they end after [`crate::state::App::stop`].
#[must_use]
pub fn start(app: &AppState) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(delivery::run(app.clone()));
    jobs.spawn(until_stop(app.clone(), end_offers(app.clone())));
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

async fn end_offers(app: AppState) {
    loop {
        match app.store.end_offers(clock::now(), OFFERS).await {
            Ok(tokens) => {
                for token in &tokens {
                    app.changed(token);
                }
                // A full batch: there may be more at once.
                if u32::try_from(tokens.len()).is_ok_and(|ended| ended == OFFERS) {
                    continue;
                }
            }
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "offers could not be ended");
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
