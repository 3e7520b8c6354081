//! Following a payment: by the event stream while it is open, else by asking.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Date, JSON};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventSource, MessageEvent};

use super::{app::App, client, decode};
use crate::model::Screen;

const SECOND: i32 = 1_000;
/// Every 2 s at first.
const OFTEN: i32 = 2 * SECOND;
/// Then every 10 s.
const SELDOM: i32 = 10 * SECOND;
/// From one minute on.
const EAGER: i32 = 60 * SECOND;
/// Until 15 minutes: then the customer asks.
const PATIENCE: i32 = 15 * 60 * SECOND;

/// What runs to follow one payment; at most one at a time.
#[derive(Default)]
pub(super) struct Follower {
    stream: RefCell<Option<Stream>>,
    /// Grows with every start and stop, so that an older loop ends by itself.
    turn: Cell<u32>,
}

impl Follower {
    /// Begins anew.
    pub(super) fn start(&self, app: &Rc<App>) {
        self.stop();
        let turn = self.turn.get();
        *self.stream.borrow_mut() = Stream::open(app);
        let app = Rc::downgrade(app);
        spawn_local(watch(app, turn));
    }

    /// Ends the stream and the asking.
    pub(super) fn stop(&self) {
        self.turn.set(self.turn.get().wrapping_add(1));
        *self.stream.borrow_mut() = None;
    }

    fn is_streaming(&self) -> bool {
        self.stream
            .borrow()
            .as_ref()
            .is_some_and(|stream| stream.source.ready_state() == EventSource::OPEN)
    }
}

/// Asks whenever the stream does not tell, until it was long enough.
async fn watch(app: Weak<App>, turn: u32) {
    let started = now();
    loop {
        let waited = now().wrapping_sub(started);
        client::sleep(if waited < EAGER { OFTEN } else { SELDOM }).await;
        let Some(app) = app.upgrade() else { return };
        if app.follower.turn.get() != turn {
            return;
        }
        if waited > PATIENCE {
            app.follower.stop();
            return app.show(Screen::Status { followed: false });
        }
        if !app.follower.is_streaming() {
            app.check().await;
        }
    }
}

/// Milliseconds, good for differences only.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only differences of minutes count, and those fit"
)]
fn now() -> i32 {
    (Date::now() as i64) as i32
}

struct Stream {
    source: EventSource,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Stream {
    fn open(app: &Rc<App>) -> Option<Self> {
        let source = EventSource::new(&[&app.base, "/events"].concat()).ok()?;
        let app = Rc::downgrade(app);
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let status = event
                .data()
                .as_string()
                .and_then(|text| JSON::parse(&text).ok())
                .and_then(|json| decode::status(&json));
            if let (Some(app), Some(status)) = (app.upgrade(), status) {
                app.update(status);
            }
        });
        let function = listener.as_ref().unchecked_ref();
        for name in ["message", "status"] {
            source
                .add_event_listener_with_callback(name, function)
                .ok()?;
        }
        Some(Self {
            source,
            _listener: listener,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
