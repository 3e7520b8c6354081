//! Pieces that several screens share.

use kassa_checkout::{Bank, Language};

use super::{
    element::{Element, el},
    icons,
};
use crate::{
    format,
    model::Context,
    texts::{Texts, fill},
};

/// Who is paid, for what reference, and how much: always in sight.
pub(super) fn header(context: &Context<'_>) -> Element {
    let session = context.session;
    let reference = [context.texts().reference, " ", &session.reference].concat();
    let amount = format::amount(session.amount_cents, context.language);
    let payee = el("div", "")
        .child(el("p", "k-payee").part("payee").text(&session.payee))
        .child(el("p", "k-ref").part("reference").text(&reference));
    el("div", "k-sum")
        .part("header")
        .child(payee)
        .child(el("p", "k-amount").part("amount").text(&amount))
}

/// Adds a place for what the shop's page puts into the element.
///
/// In the browser only: the page that the server writes stands in the element itself.
pub(super) fn slot(around: Element, name: &str) -> Element {
    if !cfg!(target_arch = "wasm32") {
        return around;
    }
    around.child(el("slot", "").attr("name", name))
}

/// The line at the foot of every choice.
pub(super) fn footer(texts: &'static Texts) -> Element {
    el("p", "k-foot")
        .part("footer")
        .child(icon(icons::LOCK))
        .child(el("span", "").text(texts.footer))
}

/// A drawing, hidden from those who listen.
pub(super) fn icon(drawing: &'static str) -> Element {
    el("span", "k-icon").drawing(drawing)
}

/// The heading of a screen. It takes the focus when the screen changes under the customer's hands.
pub(super) fn title(text: &str) -> Element {
    el("h2", "k-title")
        .part("title")
        .attr("tabindex", "-1")
        .text(text)
}

/// The one thing to do here.
pub(super) fn go(name: &str, value: &str, label: &str) -> Element {
    button("k-go", "button", name, value, label)
}

/// Something else that can be done.
pub(super) fn quiet(name: &str, value: &str, label: &str) -> Element {
    button("k-quiet", "button-quiet", name, value, label)
}

fn button(class: &str, part: &str, name: &str, value: &str, label: &str) -> Element {
    el("button", class)
        .part(part)
        .attr("name", name)
        .attr("value", value)
        .text(label)
}

/// A link that leads out of the element, and out of any frame.
pub(super) fn link(class: &str, href: &str, label: &str) -> Element {
    el("a", class)
        .part("button")
        .attr("href", href)
        .attr("target", "_top")
        .text(label)
}

/// A field that the customer does not see.
pub(super) fn hidden(name: &str, value: &str) -> Element {
    el("input", "")
        .attr("type", "hidden")
        .attr("name", name)
        .attr("value", value)
}

/// A form that turns the page: choose again, go back.
pub(super) fn turn(context: &Context<'_>, content: Element) -> Element {
    // A form sent by GET replaces the address's query, so the language has to go along.
    el("form", "k-row")
        .attr("method", "get")
        .maybe("action", context.page())
        .child(hidden("lang", context.language.code()))
        .child(content)
}

/// A form that starts a payment.
pub(super) fn pay(context: &Context<'_>, class: &str) -> Element {
    el("form", class)
        .attr("method", "post")
        .maybe("action", context.pay())
        .child(hidden("language", context.language.code()))
}

/// A bank's mark: the shop's logo, or letters on the bank's hue.
///
/// The hue is a class (`k-h12` for 240° to 259°), because a strict policy allows no style attribute.
pub(super) fn mark(bank: &Bank, class: &str) -> Element {
    if let Some(logo) = &bank.logo {
        // A background would need a style attribute, so the logo is an image; its name stands
        // beside it.
        return el("img", class)
            .part("bank-mark")
            .attr("src", logo)
            .attr("alt", "");
    }
    let hue = u64::from(bank.hue % 360 / 20).to_string();
    el("span", &[class, " k-h", &hue].concat())
        .part("bank-mark")
        .attr("aria-hidden", "true")
        .text(&bank.mark)
}

/// The mark of what is no bank in particular.
pub(super) fn symbol(drawing: &'static str, class: &str) -> Element {
    el("span", &["k-mark ", class].concat()).child(icon(drawing))
}

/// "Continue to the bank", inflected where the language inflects and the name is known.
pub(super) fn towards(
    context: &Context<'_>,
    name: &str,
    known: &'static str,
    unknown: &'static str,
) -> String {
    if context.language != Language::Fi {
        return fill(known, name);
    }
    match format::into_bank(name) {
        Some(inflected) => fill(known, &inflected),
        None => fill(unknown, name),
    }
}
