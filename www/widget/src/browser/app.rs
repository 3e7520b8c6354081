//! The element's state and the ways in which it changes.

use std::cell::Cell;
use std::rc::Rc;

use kassa_checkout::{
    BankId, Language,
    contract::{NextStep, PaymentStatus, Session},
};
use reactive_graph::{
    signal::ArcRwSignal,
    traits::{Set, Update, WithUntracked},
};
use wasm_bindgen_futures::spawn_local;

use super::{Host, actions, client, decode, follow};
use crate::{
    model::{Fault, Screen, first_screen, is_open},
    screens,
    texts::{Texts, texts},
};

/// What the screens are drawn from. One value in one signal: each type of signal costs kilobytes.
pub(super) struct State {
    pub(super) screen: Screen,
    pub(super) session: Option<Session>,
    /// The language that the element was told to speak.
    pub(super) told: Option<Language>,
    /// The bank that was chosen last on this device.
    pub(super) last: Option<BankId>,
}

impl State {
    /// The language on screen: the one told, else the payment's.
    pub(super) fn language(&self) -> Language {
        let own = || self.session.as_ref().map(|session| session.language);
        self.told.or_else(own).unwrap_or_default()
    }
}

/// What the view watches.
#[derive(Clone)]
pub(super) struct Signals {
    pub(super) state: ArcRwSignal<State>,
    /// What is typed into the search, folded.
    pub(super) query: ArcRwSignal<String>,
}

impl Signals {
    pub(super) fn new(told: Option<Language>, last: Option<String>) -> Self {
        Self {
            state: ArcRwSignal::new(State {
                screen: Screen::Loading,
                session: None,
                told,
                last: last.and_then(|word| BankId::parse(&word).ok()),
            }),
            query: ArcRwSignal::new(String::new()),
        }
    }
}

/// A mounted element.
pub(super) struct App {
    pub(super) host: Host,
    pub(super) signals: Signals,
    pub(super) follower: follow::Follower,
    alive: Cell<bool>,
    ready: Cell<bool>,
    /// Between a choice and its answer; a second one is ignored.
    pub(super) busy: Cell<bool>,
}

impl App {
    pub(super) fn new(host: Host, signals: Signals) -> Self {
        Self {
            host,
            signals,
            follower: follow::Follower::default(),
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
        let status = answer.ok().and_then(|json| decode::status(&json));
        if let (true, Some(status)) = (self.alive.get(), status) {
            self.update(status);
        }
    }

    /// Shows another screen, and takes the focus along if it was in here.
    pub(super) fn show(&self, screen: Screen) {
        if self.read(|state| state.screen == screen) {
            return;
        }
        self.host.turn();
        self.signals.query.set(String::new());
        self.change(|state| state.screen = screen);
    }

    /// A newer status: from the stream, a poll or the session.
    pub(super) fn update(self: &Rc<Self>, mut status: PaymentStatus) {
        let next = status.next.take();
        let held = |session: &Session| (session.status.version, session.status.status);
        let Some((version, before)) = self.with_session(held) else {
            return;
        };
        // The same version says the same.
        if status.version <= version {
            return;
        }
        let now = status.status;
        let can_pay = status.can_pay;
        let bank = status.bank.as_ref().map_or("", BankId::as_str).to_owned();
        if !is_open(&status) {
            self.follower.stop(self);
        }
        // Drawn anew, the screen keeps nothing of what has the focus, even when it stays the same.
        self.host.turn();
        self.change(|state| {
            if let Some(session) = &mut state.session {
                session.status = status;
            }
        });
        if let (Some(step), true) = (next, self.is_waiting()) {
            // Only who waits goes there: anybody else may have been there already.
            if !matches!(step, NextStep::Await) {
                actions::onward(self, step);
            }
            return;
        }
        let choosing = self.read(|state| matches!(state.screen, Screen::Choose(..)));
        let occupied = self.busy.get() || (choosing && can_pay);
        if !occupied {
            self.show(Screen::Status { followed: true });
        }
        if now != before {
            let words = screens::words(self.texts(), now);
            self.host.say(words.title);
            self.host.emit("status", now.as_str(), &bank);
        }
    }

    /// Where to go has not come for a while: something else can be done.
    pub(super) fn grow_late(&self) {
        if self.is_waiting() {
            self.show(Screen::Waiting(true));
        }
    }

    fn is_waiting(&self) -> bool {
        self.read(|state| matches!(state.screen, Screen::Waiting(_)))
    }

    /// Speaks another language from now on.
    pub(super) fn speak(&self, language: Option<Language>) {
        self.host.turn();
        self.change(|state| state.told = language);
    }

    /// Looks again.
    pub(super) fn wake(self: &Rc<Self>, restored: bool) {
        let broken = self.read(|state| matches!(state.screen, Screen::Broken(_)));
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
        let waiting = self.read(|state| {
            let open = |session: &Session| is_open(&session.status);
            matches!(state.screen, Screen::Status { .. } | Screen::Waiting(_))
                && state.session.as_ref().is_some_and(open)
        });
        if waiting && self.alive.get() {
            if self.read(|state| matches!(state.screen, Screen::Status { .. })) {
                self.show(Screen::Status { followed: true });
            }
            self.follower.start(self);
        }
    }

    /// Tells of a fault that leaves nothing to show.
    pub(super) fn fail(&self, fault: Fault) {
        self.host.emit("error", fault.code(), "");
        self.show(Screen::Broken(fault));
    }

    /// Ends everything that runs. Requests end with the host.
    pub(super) fn stop(&self) {
        self.alive.set(false);
        self.follower.stop(self);
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.get()
    }

    pub(super) fn texts(&self) -> &'static Texts {
        texts(self.read(State::language))
    }

    pub(super) fn with_session<T>(&self, read: impl FnOnce(&Session) -> T) -> Option<T> {
        self.read(|state| state.session.as_ref().map(read))
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.signals.state.with_untracked(read)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        self.signals.state.update(change);
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
        self.host.turn();
        self.change(|state| state.session = Some(session));
        self.show(screen);
        if first {
            self.host.emit("ready", word, &bank);
        } else if changed {
            self.host.emit("status", word, &bank);
        }
        self.follow();
    }
}
