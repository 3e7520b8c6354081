//! Following a payment: by the event stream while it is open, else by asking.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use wasm_bindgen_futures::spawn_local;

use super::{app::App, client};
use crate::model::Screen;

const SECOND: i32 = 1_000;
/// Every 2 s at first.
const OFTEN: i32 = 2 * SECOND;
/// Then every 10 s.
const SELDOM: i32 = 10 * SECOND;
/// From one minute on.
const EAGER: i32 = 60 * SECOND;
/// From when on a customer who waits for where to go is offered something else.
const LATE: i32 = 12 * SECOND;
/// Until 15 minutes: then the customer asks.
const PATIENCE: i32 = 15 * 60 * SECOND;

/// What runs to follow one payment; at most one at a time.
#[derive(Default)]
pub(super) struct Follower {
    /// Grows with every start and stop, so that an older loop ends by itself.
    turn: Cell<u32>,
}

impl Follower {
    /// Begins anew.
    pub(super) fn start(&self, app: &Rc<App>) {
        self.stop(app);
        app.host.stream(true);
        spawn_local(watch(Rc::downgrade(app), self.turn.get()));
    }

    /// Ends the stream and the asking.
    pub(super) fn stop(&self, app: &App) {
        self.turn.set(self.turn.get().wrapping_add(1));
        app.host.stream(false);
    }
}

/// Asks whenever the stream does not tell, until it was long enough.
async fn watch(app: Weak<App>, turn: u32) {
    let mut waited = 0;
    while let Some(app) = app.upgrade() {
        let pause = if waited < EAGER { OFTEN } else { SELDOM };
        client::sleep(&app, pause).await;
        if app.follower.turn.get() != turn {
            return;
        }
        waited += pause;
        if waited >= LATE {
            app.grow_late();
        }
        if waited >= PATIENCE {
            app.follower.stop(&app);
            return app.show(Screen::Status { followed: false });
        }
        if !app.host.streaming() {
            app.check().await;
        }
    }
}
