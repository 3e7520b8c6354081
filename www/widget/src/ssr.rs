//! The same screens as the text of a page: complete without a script.
//!
//! The hosted page puts this markup inside the element. Until the element is ready, and for good
//! where no script runs, the customer uses the markup itself: every bank is a submit button.

use kassa_checkout::{Language, Status, contract::Session};
use leptos::prelude::RenderHtml;

use crate::{
    format,
    model::{Context, Fault, Mode, PageLinks, Screen, first_screen, first_step},
    screens::{self, Element},
    texts::{fill, texts},
};

/// The page to choose on; once a choice was made, where the payment stands, unless
/// [`PageLinks::step`] asks to choose again and that is possible.
///
/// ```
/// use kassa_checkout::{Language, contract::Session};
/// use kassa_widget::{PageLinks, Step, ssr};
///
/// fn hosted_page(session: &Session, query_step: &str) -> String {
///     let links = PageLinks {
///         pay: "/checkout/t/pay".into(),
///         page: "/checkout/t".into(),
///         step: Step::from_query(query_step),
///         fault: None,
///     };
///     ssr::checkout_page(session, Language::Sv, &links)
/// }
/// ```
#[must_use]
pub fn checkout_page(session: &Session, language: Language, links: &PageLinks) -> String {
    let screen = match (links.step, links.fault) {
        (Some(step), fault) if session.status.can_pay => Screen::Choose(step, fault),
        (None, Some(fault)) if session.status.can_pay => {
            Screen::Choose(first_step(session), Some(fault))
        }
        _ => first_screen(session),
    };
    page(session, language, links, &screen)
}

/// The page of where the payment stands, with the receipt once it is paid.
#[must_use]
pub fn status_page(session: &Session, language: Language, links: &PageLinks) -> String {
    page(
        session,
        language,
        links,
        &Screen::Status { followed: false },
    )
}

/// The page of a customer who chose and waits to be told where to go; `late` when that takes
/// long, so that something else can be done.
#[must_use]
pub fn waiting_page(
    session: &Session,
    language: Language,
    links: &PageLinks,
    late: bool,
) -> String {
    page(session, language, links, &Screen::Waiting(late))
}

/// What that page is called.
#[must_use]
pub fn waiting_title(session: &Session, language: Language) -> String {
    [texts(language).leaving, " – ", &session.payee].concat()
}

/// The page of a fault when there is no session to show.
#[must_use]
pub fn fault_page(fault: Fault, language: Language) -> String {
    render(|| screens::draw_without(language, Some(fault)))
}

/// What the page is called, for its `<title>` and its first heading: `Maksa 49,90 € – Payee`, and
/// once a bank was chosen what came of it: `Maksettu – Payee`.
#[must_use]
pub fn page_title(session: &Session, language: Language) -> String {
    let texts = texts(language);
    let title = match session.status.status {
        Status::Created => fill(
            texts.page_title,
            &format::amount(session.amount_cents, language),
        ),
        chosen => screens::words(texts, chosen).title.to_owned(),
    };
    [&title, " – ", &session.payee].concat()
}

fn page(session: &Session, language: Language, links: &PageLinks, screen: &Screen) -> String {
    let context = Context {
        session,
        language,
        mode: Mode::Plain(links),
    };
    render(|| screens::draw(&context, screen))
}

fn render(draw: impl FnOnce() -> Element) -> String {
    draw().to_html()
}

#[cfg(test)]
mod tests;
