//! What the customer does: every button's name and value, and typing into the search.

use std::rc::Rc;

use kassa_checkout::{BankId, contract::NextStep};
use reactive_graph::traits::Set;
use wasm_bindgen_futures::spawn_local;

use super::{
    app::{App, State},
    client, decode, view,
};
use crate::{
    model::{Fault, Screen, Step, first_step},
    search,
    texts::fill,
};

/// A button was pressed.
pub(super) fn act(app: &Rc<App>, name: &str, value: &str) {
    match (name, value) {
        ("bank", _) => pay(app, BankId::parse(value).ok(), ""),
        ("step", _) => {
            if let Some(step) = Step::from_query(value) {
                app.show(Screen::Choose(step, None));
            }
        }
        ("act", "print") => app.host.print(),
        ("act", "reload") => {
            app.show(Screen::Loading);
            app.load();
        }
        ("act", _) => app.wake(false),
        ("method", _) => pay(app, None, value),
        _ => pay(app, None, ""),
    }
}

/// Filters the list, and says how many banks are left.
pub(super) fn search(app: &App, typed: &str) {
    let query = search::fold(&view::decompose(typed));
    let count = app.with_session(|session| {
        let mut count = 0_u64;
        for bank in &session.banks {
            count += u64::from(search::finds(
                &query,
                &search::haystack(bank, view::decompose),
            ));
        }
        count
    });
    let texts = app.texts();
    match count {
        Some(0) | None => app.host.say(texts.found_none),
        Some(1) => app.host.say(texts.found_one),
        Some(count) => app.host.say(&fill(texts.found_many, &count.to_string())),
    }
    app.signals.query.set(query);
}

/// Asks for the way to pay, and goes it.
fn pay(app: &Rc<App>, bank: Option<BankId>, method: &str) {
    if app.busy.replace(true) {
        return;
    }
    let bank_word = bank.as_ref().map_or("", BankId::as_str);
    app.host.emit("bank", bank_word, method);
    app.follower.stop(app);
    let language = app.read(State::language);
    let body = decode::pay_request(bank_word, method, language.code());
    app.show(Screen::Leaving(bank.clone(), None));
    let app = Rc::clone(app);
    spawn_local(async move {
        let answer = client::post(&app, "/pay", &body).await;
        if !app.is_alive() || !app.busy.get() {
            return;
        }
        match answer.and_then(|json| decode::next_step(&json).ok_or(Fault::Provider)) {
            Ok(step) => go(&app, bank, step).await,
            Err(fault) => refused(&app, fault),
        }
    });
}

/// Where to go has come, for a customer who waits for it.
pub(super) fn onward(app: &Rc<App>, step: NextStep) {
    app.busy.set(true);
    let bank = app.read(|state| state.last.clone());
    app.follower.stop(app);
    let app = Rc::clone(app);
    spawn_local(async move { go(&app, bank, step).await });
}

async fn go(app: &Rc<App>, bank: Option<BankId>, step: NextStep) {
    let word = bank.as_ref().map_or("", BankId::as_str).to_owned();
    if bank.is_some() {
        app.host.remember(&word);
        app.change(|state| state.last.clone_from(&bank));
    }
    let (kind, url) = match &step {
        NextStep::Await => {
            app.busy.set(false);
            app.show(Screen::Waiting(false));
            return app.wake(false);
        }
        NextStep::Redirect { url } => ("redirect", Some(url.clone())),
        NextStep::PostForm { .. } => ("post_form", None),
    };
    app.host.emit("redirect", kind, &word);
    app.show(Screen::Leaving(bank, Some(step)));
    client::sleep(app, 0).await; // The form has to stand in the document first.
    app.host.leave(url.as_deref());
}

/// The choice led nowhere: choose again, knowing why.
fn refused(app: &Rc<App>, fault: Fault) {
    app.busy.set(false);
    app.host.emit("error", fault.code(), "");
    if fault == Fault::NotPayable {
        return app.load();
    }
    if let Some(step) = app.with_session(first_step) {
        app.show(Screen::Choose(step, Some(fault)));
    }
}
