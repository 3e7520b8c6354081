//! The element's state and the ways in which it changes.

use std::cell::Cell;
use std::rc::Rc;

use kassa_checkout::{
    BankId, Language,
    contract::{PaymentStatus, Session},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, HtmlElement};

use super::{Host, client, decode, follow, memory, page};
use crate::{
    model::{Fault, Screen, first_screen, is_open},
    screens,
    texts::texts,
};

/// What the view is drawn from.
#[derive(Clone, Copy)]
pub(super) struct Signals {
    pub(super) screen: RwSignal<Screen>,
    pub(super) session: RwSignal<Option<Session>>,
    /// The language that the element was told to speak.
    pub(super) told: RwSignal<Option<Language>>,
    pub(super) query: RwSignal<String>,
    pub(super) last: RwSignal<Option<BankId>>,
    /// What a screen reader is told when something changes by itself.
    pub(super) announcement: RwSignal<String>,
}

impl Signals {
    pub(super) fn new(told: Option<Language>) -> Self {
        Self {
            screen: RwSignal::new(Screen::Loading),
            session: RwSignal::new(None),
            told: RwSignal::new(told),
            query: RwSignal::new(String::new()),
            last: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
        }
    }

    /// The language on screen, for what is drawn: the one told, else the session's.
    pub(super) fn language(&self) -> Language {
        self.told.get().unwrap_or_else(|| {
            self.session
                .with(|session| session.as_ref().map(|session| session.language))
                .unwrap_or_default()
        })
    }

    /// The same for what happens once.
    pub(super) fn language_now(&self) -> Language {
        untrack(|| self.language())
    }
}

/// A mounted element.
pub(super) struct App {
    pub(super) root: HtmlElement,
    pub(super) host: Host,
    pub(super) base: String,
    pub(super) signals: Signals,
    pub(super) follower: follow::Follower,
    /// Ends requests with the element.
    abort: Option<AbortController>,
    alive: Cell<bool>,
    ready: Cell<bool>,
    /// Between a choice and its answer; a second one is ignored.
    pub(super) busy: Cell<bool>,
}

impl App {
    pub(super) fn new(root: HtmlElement, host: Host, signals: Signals) -> Self {
        if host.remembers() {
            signals.last.set(memory::last_bank());
        }
        Self {
            base: host.base(),
            root,
            host,
            signals,
            follower: follow::Follower::default(),
            abort: AbortController::new().ok(),
            alive: Cell::new(true),
            ready: Cell::new(false),
            busy: Cell::new(false),
        }
    }

    /// Fetches the session and shows it.
    pub(super) fn load(self: &Rc<Self>) {
        let app = Rc::clone(self);
        spawn_local(async move {
            let answer = client::get(&app, "/session").await;
            if !app.alive.get() {
                return;
            }
            match answer.and_then(|json| decode::session(&json).ok_or(Fault::Unreachable)) {
                Ok(session) => app.arrived(session),
                Err(fault) => app.fail(fault),
            }
        });
    }

    /// Fetches the status alone.
    pub(super) async fn check(self: &Rc<Self>) {
        let answer = client::get(self, "/status").await;
        if let (true, Ok(json)) = (self.alive.get(), answer) {
            if let Some(status) = decode::status(&json) {
                self.update(status);
            }
        }
    }

    /// Shows another screen, and takes the focus along if it was in here.
    pub(super) fn show(self: &Rc<Self>, screen: Screen) {
        if self.signals.screen.with_untracked(|now| *now == screen) {
            return;
        }
        let focused = page::has_focus(&self.root);
        self.signals.query.set(String::new());
        self.signals.screen.set(screen);
        if focused {
            let app = Rc::clone(self);
            spawn_local(async move {
                client::sleep(0).await;
                page::focus_title(&app.root);
            });
        }
    }

    /// A newer status: from the stream, a poll or the session.
    pub(super) fn update(self: &Rc<Self>, status: PaymentStatus) {
        let Some(before) = self.with_session(|session| session.status.clone()) else {
            return;
        };
        if status == before || status.version < before.version {
            return;
        }
        let stays = status.can_pay;
        let changed = status.status != before.status;
        let words = screens::words(texts(self.signals.language_now()), status.status);
        let bank = status.bank.as_ref().map_or("", BankId::as_str).to_owned();
        let word = status.status.as_str();
        if !is_open(&status) {
            self.follower.stop();
        }
        self.signals.session.update(|session| {
            if let Some(session) = session {
                session.status = status;
            }
        });
        let choosing = self
            .signals
            .screen
            .with_untracked(|screen| matches!(screen, Screen::Choose(..)));
        if !(choosing && stays) && !self.busy.get() {
            self.show(Screen::Status { followed: true });
        }
        if changed {
            self.signals.announcement.set(words.title.to_owned());
            self.host.emit("status", word, &bank);
        }
    }

    /// Speaks another language from now on.
    pub(super) fn speak(&self, language: Option<Language>) {
        self.signals.told.set(language);
    }

    /// Looks again.
    pub(super) fn wake(self: &Rc<Self>, restored: bool) {
        let broken = self
            .signals
            .screen
            .with_untracked(|screen| matches!(screen, Screen::Broken(_)));
        if restored || broken {
            // Back from the bank by the browser's memory: the page is as it was left, so it must
            // become usable again before anything is known.
            self.busy.set(false);
            if let Some(screen) = self.with_session(first_screen) {
                self.show(screen);
            }
            self.load();
        } else if !self.busy.get() {
            let app = Rc::clone(self);
            spawn_local(async move {
                app.check().await;
                app.follow();
            });
        }
    }

    /// Follows the payment if it may change while the customer waits.
    pub(super) fn follow(self: &Rc<Self>) {
        let waiting = self
            .signals
            .screen
            .with_untracked(|screen| matches!(screen, Screen::Status { .. }));
        let open = self.with_session(|session| is_open(&session.status));
        if waiting && open == Some(true) && self.alive.get() {
            self.signals.screen.set(Screen::Status { followed: true });
            self.follower.start(self);
        }
    }

    /// Tells of a fault that leaves nothing to show.
    pub(super) fn fail(self: &Rc<Self>, fault: Fault) {
        self.host.emit("error", fault.code(), "");
        self.show(Screen::Broken(fault));
    }

    /// Ends everything that runs.
    pub(super) fn stop(&self) {
        self.alive.set(false);
        self.follower.stop();
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.get()
    }

    pub(super) fn abort_signal(&self) -> Option<web_sys::AbortSignal> {
        self.abort.as_ref().map(AbortController::signal)
    }

    pub(super) fn with_session<T>(&self, read: impl FnOnce(&Session) -> T) -> Option<T> {
        self.signals
            .session
            .with_untracked(|session| session.as_ref().map(read))
    }

    fn arrived(self: &Rc<Self>, session: Session) {
        let screen = if self.host.status_first() {
            Screen::Status { followed: true }
        } else {
            first_screen(&session)
        };
        let word = session.status.status.as_str();
        let bank = session.status.bank.as_ref().map_or("", BankId::as_str);
        let before = self.with_session(|session| session.status.status);
        let (first, changed) = (
            !self.ready.replace(true),
            before != Some(session.status.status),
        );
        let bank = bank.to_owned();
        self.signals.session.set(Some(session));
        self.show(screen);
        if first {
            self.host.emit("ready", word, &bank);
        } else if changed {
            self.host.emit("status", word, &bank);
        }
        self.follow();
    }
}
