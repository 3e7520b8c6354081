//! Going to the bank: always with the whole window, never inside a frame.

use kassa_checkout::contract::NextStep;
use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{HtmlButtonElement, HtmlElement, HtmlFormElement};

const FORM: &str = ".k-onward";

/// Takes the step. Where the browser refuses, the link or button on screen remains.
pub(super) fn go(root: &HtmlElement, step: &NextStep) {
    match step {
        NextStep::Redirect { url } => {
            let top = window().top().ok().flatten().unwrap_or_else(window);
            // Only this setter works across origins, and a frame may be forbidden even that.
            let _ = top.location().set_href(url);
        }
        NextStep::PostForm { .. } => {
            if let Ok(Some(form)) = root.query_selector(FORM) {
                let _ = form.unchecked_into::<HtmlFormElement>().submit();
            }
        }
        NextStep::Await => {}
    }
}

/// Whether a button belongs to the provider's form.
pub(super) fn is_onward(button: &HtmlButtonElement) -> bool {
    matches!(button.closest(FORM), Ok(Some(_)))
}
