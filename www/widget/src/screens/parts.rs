//! Pieces that several screens share.

use kassa_checkout::{Bank, contract::Session};
use leptos::prelude::*;

use super::icons;
use crate::{
    format,
    model::Context,
    texts::{Texts, fill},
};

/// Who is paid, for what reference, and how much: always in sight.
pub(crate) fn header(session: &Session, context: &Context<'_>) -> AnyView {
    let reference = [context.texts().reference, " ", &session.reference].concat();
    view! {
        <div class="k-sum" part="header">
            <div>
                <p class="k-payee" part="payee">{session.payee.clone()}</p>
                <p class="k-ref" part="reference">{reference}</p>
            </div>
            <p class="k-amount" part="amount">{format::amount(session.amount_cents, context.language)}</p>
        </div>
    }
    .into_any()
}

/// The line at the foot of every choice.
pub(super) fn footer(texts: &'static Texts) -> AnyView {
    view! {
        <p class="k-foot" part="footer">{icon(icons::LOCK)}{texts.footer}</p>
    }
    .into_any()
}

/// A drawing, hidden from those who listen.
pub(super) fn icon(drawing: &'static str) -> AnyView {
    view! { <span class="k-icon" aria-hidden="true" inner_html=drawing></span> }.into_any()
}

/// The heading of a screen. It takes the focus when the screen changes under the customer's hands.
pub(super) fn title(text: impl Into<String>) -> AnyView {
    let text: String = text.into();
    view! { <h2 class="k-title" part="title" tabindex="-1">{text}</h2> }.into_any()
}

/// The one thing to do here.
pub(super) fn go(name: &'static str, value: &str, label: impl Into<String>) -> AnyView {
    button("k-go", "button", name, value, label.into())
}

/// Something else that can be done.
pub(super) fn quiet(name: &'static str, value: &str, label: impl Into<String>) -> AnyView {
    button("k-quiet", "button-quiet", name, value, label.into())
}

fn button(
    class: &'static str,
    part: &'static str,
    name: &'static str,
    value: &str,
    label: String,
) -> AnyView {
    let value = value.to_owned();
    view! { <button class=class part=part name=name value=value>{label}</button> }.into_any()
}

/// A link that leads out of the element, and out of any frame.
pub(super) fn link(class: &'static str, href: &str, label: &'static str) -> AnyView {
    let href = href.to_owned();
    view! { <a class=class part="button" href=href target="_top">{label}</a> }.into_any()
}

/// A form that turns the page: choose again, go back.
pub(super) fn turn(context: &Context<'_>, content: AnyView) -> AnyView {
    // A form sent by GET replaces the address's query, so the language has to go along.
    view! {
        <form class="k-row" method="get" action=context.page()>
            <input type="hidden" name="lang" value=context.language.code()/>
            {content}
        </form>
    }
    .into_any()
}

/// A form that starts a payment.
pub(super) fn pay(context: &Context<'_>, class: &'static str, content: AnyView) -> AnyView {
    view! {
        <form class=class method="post" action=context.pay()>
            <input type="hidden" name="language" value=context.language.code()/>
            {content}
        </form>
    }
    .into_any()
}

/// A bank's mark: the shop's logo, or letters on the bank's hue.
///
/// The hue is a class (`k-h25` for 250°), because a strict policy allows no style attribute.
pub(super) fn mark(bank: &Bank, class: &'static str) -> AnyView {
    if let Some(logo) = bank.logo.clone() {
        return view! { <img class=class part="bank-mark" src=logo alt="" width="40" height="40"/> }
            .into_any();
    }
    let tens = (bank.hue % 360 / 10).to_string();
    let class = [class, " k-h", &tens].concat();
    view! { <span class=class part="bank-mark" aria-hidden="true">{bank.mark.clone()}</span> }
        .into_any()
}

/// "Continue to the bank", inflected where the language inflects and the name is known.
pub(super) fn towards(
    context: &Context<'_>,
    name: &str,
    known: &'static str,
    unknown: &'static str,
) -> String {
    if context.language != kassa_checkout::Language::Fi {
        return fill(known, name);
    }
    match format::into_bank(name) {
        Some(inflected) => fill(known, &inflected),
        None => fill(unknown, name),
    }
}
