//! The keyboard in the bank list: arrows, Home, End, letters, Enter and Escape.
//!
//! Every bank is a button in the tab order, so nothing here is needed to reach one; it is faster.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::{actions, app::App, page};
use crate::search;

/// A key was pressed somewhere in the element.
pub(super) fn pressed(app: &Rc<App>, event: &KeyboardEvent) {
    let plain = !(event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing());
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .filter(|_| plain)
    else {
        return;
    };
    let key = event.key();
    let handled = if target.matches("input").unwrap_or(false) {
        in_search(app, target.unchecked_ref(), &key)
    } else if target.matches(".k-bank").unwrap_or(false) {
        in_list(app, target.unchecked_ref(), &key)
    } else {
        false
    };
    if handled {
        event.prevent_default();
    }
}

fn in_search(app: &Rc<App>, input: &HtmlInputElement, key: &str) -> bool {
    let banks = banks(app);
    match key {
        "ArrowDown" => focus(banks.first()),
        "Enter" => {
            // One bank left is the bank meant; of several the first is offered.
            match banks.as_slice() {
                [only] => only.click(),
                several => {
                    focus(several.first());
                }
            }
            true
        }
        "Escape" if !input.value().is_empty() => {
            clear(app, input);
            true
        }
        _ => false,
    }
}

fn in_list(app: &Rc<App>, bank: &HtmlElement, key: &str) -> bool {
    let banks = banks(app);
    let here = banks.iter().position(|other| other == bank).unwrap_or(0);
    match key {
        "ArrowDown" => focus(banks.get(here + 1)),
        "ArrowUp" => match here.checked_sub(1) {
            Some(before) => focus(banks.get(before)),
            None => focus(search_field(app).as_deref()),
        },
        "Home" => focus(banks.first()),
        "End" => focus(banks.last()),
        "Escape" => match search_field(app) {
            Some(input) => {
                clear(app, &input);
                focus(Some(&input))
            }
            None => false,
        },
        letter if letter != " " && letter.chars().count() == 1 => {
            let letter = search::fold(&page::decompose(letter));
            let after = banks.iter().skip(here + 1);
            let found = after
                .chain(banks.iter().take(here))
                .find(|bank| !letter.is_empty() && starts_with(bank, &letter));
            focus(found)
        }
        _ => false,
    }
}

/// Whether the name on a bank's button begins so.
fn starts_with(bank: &HtmlElement, letter: &str) -> bool {
    let name = bank.query_selector(".k-name").ok().flatten();
    let name = name
        .and_then(|name| name.text_content())
        .unwrap_or_default();
    search::fold(&page::decompose(&name)).starts_with(letter)
}

/// The buttons that are in sight.
fn banks(app: &App) -> Vec<HtmlElement> {
    let Ok(found) = app.root.query_selector_all("li:not([hidden])>.k-bank") else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|index| found.get(index))
        .map(JsCast::unchecked_into)
        .collect()
}

fn search_field(app: &App) -> Option<HtmlInputElement> {
    let found = app.root.query_selector("input[type=search]").ok()??;
    Some(found.unchecked_into())
}

fn clear(app: &Rc<App>, input: &HtmlInputElement) {
    input.set_value("");
    actions::search_for(app, "");
}

fn focus(element: Option<&HtmlElement>) -> bool {
    if let Some(element) = element {
        let _ = element.focus();
    }
    true
}
