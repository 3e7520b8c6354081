//! Sends what is due: callbacks to the shop's side, with retries on the clock that can be put forward, and the bank's late words.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Notify;

use crate::Config;
use crate::clock::Clock;
use crate::op::Op;
use crate::schedule::next_gap_ms;
use crate::state::{Attempt, Fate, Job, Outcome, State};
use crate::vetuma::Vetuma;

/// So many callbacks are on their way at once, of different payments.
const MAX_IN_FLIGHT: usize = 16;
/// An answer is waited for so long, in real time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// So many bytes of an answer are read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The loop looks at least so often whether something is due.
const LONGEST_SLEEP_MS: u64 = 60_000;

/// What all handlers and the sender share.
#[derive(Debug)]
pub struct Shared {
    /// Who we are.
    pub config: Arc<Config>,
    /// The clock that can be put forward.
    pub clock: Clock,
    /// The other provider.
    pub op: Op,
    /// The service that is no more.
    pub vetuma: Vetuma,
    state: Mutex<State>,
    wake: Notify,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Shared {
    /// Nothing yet; `start` begins to send.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let config = Arc::new(config);
        let state = Mutex::new(State::new(Arc::clone(&config)));
        Self {
            config,
            clock: Clock::default(),
            op: Op::new(),
            vetuma: Vetuma::default(),
            state,
            wake: Notify::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// The state, locked. Whoever plans something calls `wake` afterwards.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the sender look what is due.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Sends a body to a URL as ecommpay sends a callback.
    pub async fn post(&self, url: &str, body: String) -> Outcome {
        let Ok(uri) = url.parse::<Uri>() else {
            return Outcome::Unreachable;
        };
        let request = Request::post(uri)
            .header("content-type", "application/json")
            .header("user-agent", "kassa-simulator")
            .body(Full::new(Bytes::from(body)));
        match request {
            Ok(request) => self.send(request).await,
            Err(_) => Outcome::Unreachable,
        }
    }

    /// Sends a request, and waits for its answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Outcome {
        let exchange = async {
            let answer = self.client.request(request).await.map_err(drop)?;
            let http_status = answer.status().as_u16();
            // The answer says nothing, but reading it lets the connection be used again.
            let _ = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
                .collect()
                .await;
            Ok::<_, ()>(Outcome::Answered { http_status })
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(())) => Outcome::Unreachable,
            Err(_) => Outcome::TimedOut,
        }
    }

    /// Waits until nothing is due any more and nothing is on its way; `false` when that took longer than `patience`.
    pub async fn flush(&self, patience: Duration) -> bool {
        self.state().release_held(self.clock.now_ms());
        self.wake();
        let quiet = async {
            while !self.is_quiet() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(patience, quiet).await.is_ok()
    }

    fn is_quiet(&self) -> bool {
        let state = self.state();
        state.in_flight == 0
            && state
                .jobs
                .range(..=(self.clock.now_ms(), u64::MAX))
                .next()
                .is_none()
    }
}

/// One callback that sets off now.
struct Parcel {
    key: String,
    serial: u64,
    index: usize,
    url: String,
    body: String,
    lost: bool,
    unheard: bool,
}

/// Starts the loop that sends what is due; it ends when the router and its handlers are gone.
pub fn start(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    tokio::spawn(async move {
        while let Some(pause) = weak.upgrade().map(|shared| send_due(&shared)) {
            if !sleep_or_wake(&weak, pause).await {
                break;
            }
        }
    });
}

async fn sleep_or_wake(weak: &Weak<Shared>, pause: Duration) -> bool {
    let Some(shared) = weak.upgrade() else {
        return false;
    };
    // Someone who waits here holds the state alive, so wait in short turns.
    let turn = pause.min(Duration::from_millis(500));
    let _ = tokio::time::timeout(turn, shared.wake.notified()).await;
    true
}

/// Does all that is due and says how long nothing else will be.
fn send_due(shared: &Arc<Shared>) -> Duration {
    let now_ms = shared.clock.now_ms();
    let mut state = shared.state();
    let mut parcels = Vec::new();
    // A confirmation adds callbacks that are due at once, so look again until nothing new turns up.
    loop {
        let due: Vec<_> = state
            .jobs
            .range(..=(now_ms, u64::MAX))
            .map(|(at, _)| *at)
            .collect();
        let mut confirmed = false;
        for at in due {
            confirmed |= do_job(&mut state, at, now_ms, &mut parcels);
        }
        if !confirmed {
            break;
        }
    }
    let next = state
        .jobs
        .range((now_ms.saturating_add(1), 0)..)
        .next()
        .map(|((due_ms, _), _)| due_ms.saturating_sub(now_ms));
    drop(state);
    for parcel in parcels {
        tokio::spawn(carry(Arc::clone(shared), parcel));
    }
    let pause_ms = next
        .and_then(|gap| u64::try_from(gap).ok())
        .unwrap_or(LONGEST_SLEEP_MS);
    Duration::from_millis(pause_ms.clamp(1, LONGEST_SLEEP_MS))
}

/// Does one due job; whether it was a confirmation. A callback stays when its payment is busy or too many are on their way.
fn do_job(state: &mut State, at: (i64, u64), now_ms: i64, parcels: &mut Vec<Parcel>) -> bool {
    match state.jobs.get(&at).cloned() {
        Some(Job::Confirm { key }) => {
            state.jobs.remove(&at);
            state.confirm(&key, at.0, now_ms);
            true
        }
        Some(Job::Deliver { key, index, .. }) => {
            let busy = state.payments.get(&key).is_some_and(|payment| payment.busy);
            if !busy && state.in_flight < MAX_IN_FLIGHT {
                state.jobs.remove(&at);
                parcels.extend(pack(state, &key, index));
            }
            false
        }
        None => false,
    }
}

fn pack(state: &mut State, key: &str, index: usize) -> Option<Parcel> {
    let tries = state
        .payments
        .get(key)?
        .callbacks
        .get(index)?
        .attempts
        .len();
    let lost = state.is_lost(tries);
    let unheard = !lost && tries < usize::from(state.faults.unheard_first_n);
    let payment = state.payments.get_mut(key)?;
    let (url, body) = (
        payment.request.callback_url.clone()?,
        payment.callbacks.get(index)?.body.clone(),
    );
    payment.busy = true;
    let serial = payment.serial;
    state.in_flight += 1;
    Some(Parcel {
        key: key.to_owned(),
        serial,
        index,
        url,
        body,
        lost,
        unheard,
    })
}

async fn carry(shared: Arc<Shared>, parcel: Parcel) {
    let outcome = if parcel.lost {
        Outcome::Lost
    } else {
        shared.post(&parcel.url, parcel.body.clone()).await
    };
    let outcome = if parcel.unheard {
        Outcome::TimedOut
    } else {
        outcome
    };
    let now_ms = shared.clock.now_ms();
    let mut state = shared.state();
    state.in_flight = state.in_flight.saturating_sub(1);
    record(&mut state, &parcel, outcome, now_ms);
    drop(state);
    shared.wake();
}

/// Notes how a try ended and plans the next: a duplicate after a delivery, a retry after a failure.
fn record(state: &mut State, parcel: &Parcel, outcome: Outcome, now_ms: i64) {
    let payment = state
        .payments
        .get_mut(&parcel.key)
        .filter(|payment| payment.serial == parcel.serial);
    let Some(payment) = payment else { return };
    payment.busy = false;
    let Some(callback) = payment.callbacks.get_mut(parcel.index) else {
        return;
    };
    let delivered = outcome.is_delivered();
    callback.attempts.push(Attempt {
        at_ms: now_ms,
        outcome,
    });
    let first_ms = callback
        .attempts
        .first()
        .map_or(now_ms, |attempt| attempt.at_ms);
    let gap_ms = if callback.fate == Fate::Delivered || delivered {
        callback.fate = Fate::Delivered;
        (callback.duplicates_left > 0).then_some(0)
    } else {
        next_gap_ms(callback.attempts.len(), now_ms - first_ms)
    };
    match gap_ms {
        Some(gap_ms) => {
            callback.duplicates_left -= u8::from(callback.fate == Fate::Delivered);
            state.schedule(
                now_ms + gap_ms,
                Job::Deliver {
                    key: parcel.key.clone(),
                    index: parcel.index,
                    held: false,
                },
            );
        }
        None if callback.fate == Fate::Waiting => callback.fate = Fate::GivenUp,
        None => {}
    }
}
