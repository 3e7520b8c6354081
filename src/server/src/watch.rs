//! Who watches which payment in this process, to be told when it changes.
//!
//! Only a hint to read again: the truth is in the store, and watchers also read it from time to
//! time, so that a change made by another process is seen too.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

/// The payments that are watched, by token.
#[derive(Debug, Default)]
pub struct Watchers {
    by_token: Mutex<HashMap<String, watch::Sender<()>>>,
}

impl Watchers {
    /// Starts watching a payment.
    #[must_use]
    pub fn watch(&self, token: &str) -> watch::Receiver<()> {
        let mut watched = self.by_token.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody watches any more leave whenever somebody comes.
        watched.retain(|_, sender| sender.receiver_count() > 0);
        watched
            .entry(token.to_owned())
            .or_insert_with(|| watch::channel(()).0)
            .subscribe()
    }

    /// Tells those who watch a payment that it changed.
    pub fn changed(&self, token: &str) {
        let watched = self.by_token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = watched.get(token) {
            sender.send_replace(());
        }
    }

    /// How many payments are watched.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}
