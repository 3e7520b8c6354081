//! The state as a view.

use std::marker::PhantomData;

use leptos::prelude::With;

use super::app::Signals;
use crate::{
    model::{Context, Live, Mode, Screen},
    screens::{self, Element},
};

/// Draws the screen; again whenever the state changes.
pub(super) fn draw(signals: &Signals) -> Element {
    signals.state.with(|state| {
        let language = state.language();
        let Some(session) = &state.session else {
            let fault = match state.screen {
                Screen::Broken(fault) => Some(fault),
                _ => None,
            };
            return screens::draw_without(language, fault);
        };
        let live = Live {
            query: signals.query.clone(),
            last: state.last.clone(),
            decompose,
        };
        let context = Context {
            session,
            language,
            mode: Mode::Live(live, PhantomData),
        };
        screens::draw(&context, &state.screen)
    })
}

/// Lower case and decomposed, by the browser's tables.
pub(super) fn decompose(text: &str) -> String {
    js_sys::JsString::from(text)
        .to_lower_case()
        .normalize("NFD")
        .into()
}
