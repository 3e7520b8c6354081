//! Ctrl-C (and SIGTERM, SIGHUP): asked for once, seen everywhere.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on a request to end does not end this program but is seen by [`requested`].
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn install() -> Result<()> {
    ctrlc::set_handler(|| REQUESTED.store(true, Ordering::SeqCst))
        .context("cannot listen for Ctrl-C")
}

/// Whether the user, or the system, has asked this program to end.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
