//! The root view and its listeners; all of them are here.

use std::marker::PhantomData;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    actions,
    app::{App, Signals},
    keys,
};
use crate::{
    model::{Context, Live, Mode, Screen},
    screens,
    texts::texts,
};

/// The element's whole content.
pub(super) fn view(app: &Rc<App>) -> AnyView {
    let signals = app.signals;
    let (submitting, typing, pressing) = (Rc::clone(app), Rc::clone(app), Rc::clone(app));
    view! {
        <div
            class="kassa"
            part="root"
            lang=move || signals.language().code()
            on:submit=move |event| actions::submitted(&submitting, &event)
            on:input=move |event| actions::typed(&typing, &event)
            on:keydown=move |event| keys::pressed(&pressing, &event)
        >
            {move || draw(signals)}
            <p class="k-vh" role="status">{move || signals.announcement.get()}</p>
        </div>
    }
    .into_any()
}

/// Whether the focus is somewhere in the element.
pub(super) fn has_focus(root: &HtmlElement) -> bool {
    root.matches(":focus-within").unwrap_or(false)
}

/// Puts the focus on the screen's heading, from where a screen reader reads on.
pub(super) fn focus_title(root: &HtmlElement) {
    if let Ok(Some(title)) = root.query_selector("h2") {
        let _ = title.unchecked_into::<HtmlElement>().focus();
    }
}

/// Lower case and decomposed, by the browser's tables.
pub(super) fn decompose(text: &str) -> String {
    js_sys::JsString::from(text)
        .to_lower_case()
        .normalize("NFD")
        .into()
}

fn draw(signals: Signals) -> AnyView {
    let language = signals.language();
    let screen = signals.screen.get();
    signals.session.with(|session| match session {
        Some(session) => {
            let live = Live {
                query: signals.query,
                last: signals.last.get(),
                decompose,
            };
            let context = Context {
                session,
                language,
                mode: Mode::Live(live, PhantomData),
            };
            screens::draw(&context, &screen)
        }
        None => match screen {
            Screen::Broken(fault) => screens::broken(texts(language), fault),
            _ => screens::loading(texts(language)),
        },
    })
}
