//! The state as a view.

use std::marker::PhantomData;

use any_spawner::Executor;
use reactive_graph::{effect::RenderEffect, owner::Owner, traits::With};
use tachys::view::{Mountable, Render};
use web_sys::HtmlElement;

use super::app::Signals;
use crate::{
    model::{Context, Live, Mode, Screen},
    screens::{self, Drawn, Element},
};

/// What is on screen; gone with it.
pub(super) struct View {
    drawn: RenderEffect<Drawn>,
    /// Whose end is the end of every signal's subscription below.
    _owner: Owner,
}

impl View {
    /// Draws into an element; again whenever the state changes.
    pub(super) fn mount(parent: &HtmlElement, signals: Signals) -> Self {
        // Fails from the second element on, which finds it initialised.
        let _ = Executor::init_wasm_bindgen();
        let owner = Owner::new();
        let mut drawn = owner.with(|| {
            RenderEffect::new(move |before: Option<Drawn>| {
                let element = draw(&signals);
                let Some(mut drawn) = before else {
                    return element.build();
                };
                element.rebuild(&mut drawn);
                drawn
            })
        });
        drawn.mount(parent, None);
        Self {
            drawn,
            _owner: owner,
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.drawn.unmount();
    }
}

fn draw(signals: &Signals) -> Element {
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
