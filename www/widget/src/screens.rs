//! The screens. Each is a function from what is known to a view, the same in the browser and on
//! the server.
//!
//! No element here has a handler of its own. Whatever can be done is a submit button with a name
//! and a value; without script the form is sent, with script the element reads the button instead
//! (`browser/actions.rs`). So the page without JavaScript is not a second implementation.

mod banks;
mod choose;
mod icons;
mod leaving;
mod parts;
mod receipt;
mod state;
mod steps;

use leptos::prelude::*;

use crate::model::{Context, Fault, Screen};
use crate::texts::Texts;

#[cfg(target_arch = "wasm32")]
pub(crate) use state::words;

/// Draws a screen of a payment.
pub(crate) fn draw(context: &Context<'_>, screen: &Screen) -> AnyView {
    match screen {
        Screen::Loading => loading(context.texts()),
        Screen::Choose(step, fault) => choose::view(context, *step, *fault),
        Screen::Leaving(bank, next) => leaving::view(context, bank.as_ref(), next.as_ref()),
        Screen::Status { followed } => state::view(context, *followed),
        Screen::Broken(fault) => view! {
            {parts::header(context.session, context)}
            {broken(context.texts(), *fault)}
        }
        .into_any(),
    }
}

/// The place of what is being fetched.
pub(crate) fn loading(texts: &'static Texts) -> AnyView {
    let rows = ["k-sk k-sk-row"; 4].map(|class| view! { <p class=class></p> });
    view! {
        <div class="k-sum" part="header">
            <div><p class="k-sk"></p><p class="k-sk k-sk-short"></p></div>
            <p class="k-sk k-sk-sum"></p>
        </div>
        <div class="k-body" aria-busy="true">
            <p class="k-vh">{texts.loading}</p>
            <p class="k-sk k-sk-title"></p>
            {rows.into_iter().collect_view()}
        </div>
    }
    .into_any()
}

/// Nothing can be shown of the payment: why, and what to do.
pub(crate) fn broken(texts: &'static Texts, fault: Fault) -> AnyView {
    let (title, text) = match fault {
        Fault::Offline => (texts.offline, texts.offline_text),
        Fault::Unknown => (texts.unknown, texts.unknown_text),
        _ => (texts.unreachable, texts.unreachable_text),
    };
    let retry = (fault != Fault::Unknown)
        .then(|| view! { <form class="k-row">{parts::go("act", "reload", texts.retry)}</form> });
    view! {
        {state::banner("k-no", icons::WARNING, title, text)}
        {retry}
    }
    .into_any()
}
