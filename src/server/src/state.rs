//! What every handler needs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use http::HeaderMap;
use tokio::sync::{Notify, watch};

use crate::{
    banks::BankLists,
    calls::Calls,
    config::Config,
    metrics::Metrics,
    security::Limiter,
    shop::Shop,
    store::{Store, measured::Measured},
    tried::Tried,
    watch::Watchers,
};

/// What every handler needs; shared.
pub type AppState = Arc<App>;

/// The service: its configuration, its store and what is going on.
pub struct App {
    /// The configuration.
    pub config: Config,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Who watches which payment.
    pub watchers: Watchers,
    /// Figures for operators.
    pub metrics: Metrics,
    /// Calls to providers.
    pub calls: Calls,
    /// The banks that providers offer now.
    pub(crate) banks: BankLists,
    /// Woken when there may be a webhook to send.
    pub outbox: Notify,
    /// How often, at most.
    pub(crate) limiter: Limiter,
    /// Requests with an idempotency key, and calls that begin attempts, that run now.
    pub(crate) running: Arc<Running>,
    /// What providers' messages were found to take.
    pub(crate) tried: Tried,
    stopping: watch::Sender<bool>,
}

impl App {
    /// A service over a store.
    #[must_use]
    pub fn new(config: Config, store: Arc<dyn Store>) -> AppState {
        let metrics = Metrics::installed();
        Arc::new(Self {
            limiter: Limiter::new(&config.limits),
            calls: Calls::new(config.development, metrics.clone()),
            config,
            store: Arc::new(Measured::new(store, metrics.clone())),
            watchers: Watchers::default(),
            metrics,
            banks: BankLists::default(),
            outbox: Notify::new(),
            running: Arc::default(),
            tried: Tried::default(),
            stopping: watch::channel(false).0,
        })
    }

    /// The shop whose API key a request bears.
    pub(crate) fn shop_of(&self, headers: &HeaderMap) -> Option<Arc<Shop>> {
        let key = headers
            .get(http::header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?
            .1;
        self.config.api_keys.shop_of(key)
    }

    /// A payment changed: those who watch it and the shop shall hear of it.
    pub fn changed(&self, token: &str) {
        self.watchers.changed(token);
        self.outbox.notify_one();
    }

    /// Ends what would go on for ever: streams and jobs.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Becomes true when the service stops.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// Requests with an idempotency key that run now, so that a second one is told to wait.
///
/// Kept in memory: across processes the store alone decides, which is as right and only slower.
#[derive(Debug, Default)]
pub(crate) struct Running {
    keys: Mutex<HashSet<(String, String)>>,
}

/// For as long as it lives, its key runs.
#[derive(Debug)]
pub(crate) struct RunningKey {
    running: Arc<Running>,
    key: (String, String),
}

impl Running {
    /// Enters a shop's key; `None` when it runs already.
    pub(crate) fn enter(self: &Arc<Self>, shop: &str, key: &str) -> Option<RunningKey> {
        let key = (shop.to_owned(), key.to_owned());
        let entered = self
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone());
        entered.then(|| RunningKey {
            running: Arc::clone(self),
            key,
        })
    }
}

impl Drop for RunningKey {
    fn drop(&mut self) {
        self.running
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}
