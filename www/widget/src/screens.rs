//! The screens. Each is a function from what is known to a view, the same in the browser and on
//! the server.
//!
//! No element here has a handler of its own. Whatever can be done is a submit button with a name
//! and a value; without script the form is sent, with script the element reads the button instead
//! (`browser/actions.rs`). So the page without JavaScript is not a second implementation.

mod banks;
mod choose;
mod element;
mod icons;
mod leaving;
mod parts;
mod receipt;
mod state;
mod steps;

use kassa_checkout::Language;

use self::element::el;
use crate::model::{Context, Fault, Screen};
use crate::texts::{Texts, texts};

#[cfg(target_arch = "wasm32")]
pub(crate) use self::element::Drawn;
pub(crate) use self::{element::Element, state::words};

/// Draws a screen of a payment.
pub(crate) fn draw(context: &Context<'_>, screen: &Screen) -> Element {
    let root = root(context.language);
    if *screen == Screen::Loading {
        return loading(root, context.texts());
    }
    let root = parts::slot(root, "header").child(parts::header(context));
    let drawn = match screen {
        Screen::Loading => root,
        Screen::Choose(step, fault) => choose::view(root, context, *step, *fault),
        Screen::Leaving(bank, next) => leaving::view(root, context, bank.as_ref(), next.as_ref()),
        Screen::Waiting(late) => leaving::waiting(root, context, *late),
        Screen::Status { followed } => state::view(root, context, *followed),
        Screen::Broken(fault) => broken(root, context.texts(), *fault),
    };
    parts::slot(drawn, "footer")
}

/// Draws a screen that needs no payment: a fault, or the place of what is being fetched.
pub(crate) fn draw_without(language: Language, fault: Option<Fault>) -> Element {
    let texts = texts(language);
    match fault {
        Some(fault) => {
            let root = parts::slot(root(language), "header");
            parts::slot(broken(root, texts, fault), "footer")
        }
        None => loading(root(language), texts),
    }
}

fn root(language: Language) -> Element {
    el("div", "kassa")
        .part("root")
        .attr("lang", language.code())
}

fn loading(root: Element, texts: &'static Texts) -> Element {
    let place = |kind: &str| el("p", &["k-sk k-sk-", kind].concat());
    let payee = el("div", "").child(place("payee")).child(place("short"));
    root.child(el("div", "k-sum").child(payee).child(place("sum")))
        .child(
            el("div", "k-body")
                .attr("aria-busy", "true")
                .child(el("p", "k-vh").text(texts.loading))
                .child(place("title"))
                .children((0..4).map(|_| place("row"))),
        )
}

/// Nothing can be done: why, and what to do about it.
fn broken(root: Element, texts: &'static Texts, fault: Fault) -> Element {
    let (title, text) = match fault {
        Fault::Offline => (texts.offline, texts.offline_text),
        Fault::Unknown => (texts.unknown, texts.unknown_text),
        _ => (texts.unreachable, texts.unreachable_text),
    };
    let retry = (fault != Fault::Unknown)
        .then(|| el("form", "k-row").child(parts::go("act", "reload", texts.retry)));
    root.child(state::banner("k-no", icons::WARNING, title, text))
        .children(retry)
}
