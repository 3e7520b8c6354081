//! What the customer does: every button's name and value, and typing into the search.

use std::rc::Rc;

use kassa_checkout::{BankId, contract::NextStep};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlButtonElement, HtmlInputElement, SubmitEvent};

use super::{app::App, client, decode, leave, memory, page};
use crate::{
    model::{Fault, Screen, Step, first_step},
    search,
    texts::{fill, texts},
};

/// A form was submitted: the button says what is meant.
pub(super) fn submitted(app: &Rc<App>, event: &SubmitEvent) {
    let Some(button) = event.submitter() else {
        event.prevent_default();
        return;
    };
    let button: HtmlButtonElement = button.unchecked_into();
    if leave::is_onward(&button) {
        return; // The provider's form: the one that the browser does send.
    }
    event.prevent_default();
    let (name, value) = (button.name(), button.value());
    match name.as_str() {
        "bank" => pay(app, BankId::parse(&value).ok(), String::new()),
        "step" => {
            if let Some(step) = Step::from_query(&value) {
                app.show(Screen::Choose(step, None));
            }
        }
        "act" => act(app, &value),
        "method" => pay(app, None, value),
        _ => pay(app, None, String::new()),
    }
}

/// Something was typed into the search.
pub(super) fn typed(app: &Rc<App>, event: &Event) {
    if let Some(input) = event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
    {
        search_for(app, &input.value());
    }
}

/// Filters the list and says how many banks are left.
pub(super) fn search_for(app: &Rc<App>, typed: &str) {
    let query = search::fold(&page::decompose(typed));
    let count = app.with_session(|session| {
        let found = |bank: &&_| search::finds(&query, &search::haystack(bank, page::decompose));
        session.banks.iter().filter(found).count()
    });
    let texts = texts(app.signals.language_now());
    app.signals.announcement.set(match count {
        Some(0) | None => texts.found_none.to_owned(),
        Some(1) => texts.found_one.to_owned(),
        Some(count) => fill(texts.found_many, &count.to_string()),
    });
    app.signals.query.set(query);
}

fn act(app: &Rc<App>, what: &str) {
    match what {
        "print" => {
            let _ = window().print();
        }
        "reload" => {
            app.show(Screen::Loading);
            app.load();
        }
        _ => app.wake(false),
    }
}

/// Asks for the way to pay, and goes it.
fn pay(app: &Rc<App>, bank: Option<BankId>, method: String) {
    if app.busy.replace(true) {
        return;
    }
    let bank_word = bank.as_ref().map_or("", BankId::as_str);
    app.host.emit("bank", bank_word, &method);
    app.follower.stop();
    let body = decode::pay_request(bank_word, &method, app.signals.language_now().code());
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

async fn go(app: &Rc<App>, bank: Option<BankId>, step: NextStep) {
    if let Some(bank) = bank.clone().filter(|_| app.host.remembers()) {
        memory::remember(&bank);
        app.signals.last.set(Some(bank));
    }
    let kind = match step {
        NextStep::Await => {
            app.busy.set(false);
            app.show(Screen::Status { followed: true });
            app.follow();
            return;
        }
        NextStep::Redirect { .. } => "redirect",
        NextStep::PostForm { .. } => "post_form",
    };
    let word = bank.as_ref().map_or("", BankId::as_str).to_owned();
    app.host.emit("redirect", kind, &word);
    app.show(Screen::Leaving(bank, Some(step.clone())));
    client::sleep(0).await; // The form has to stand in the document first.
    leave::go(&app.root, &step);
}

/// The choice led nowhere: choose again, knowing why.
fn refused(app: &Rc<App>, fault: Fault) {
    app.busy.set(false);
    app.host.emit("error", fault.code(), "");
    if fault == Fault::NotPayable {
        return app.load();
    }
    if let Some(step) = app.with_session(|session| match first_step(session) {
        Step::Methods if app.signals.last.with_untracked(Option::is_none) => Step::Methods,
        _ => Step::Banks,
    }) {
        app.show(Screen::Choose(step, Some(fault)));
    }
}
