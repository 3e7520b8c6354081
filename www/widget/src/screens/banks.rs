//! The bank list and its search.

use kassa_checkout::{Bank, Timestamp, bank::Unavailable};
use reactive_graph::traits::Get;

use super::{
    element::{Element, el},
    icons, parts,
};
use crate::{format, model::Context, search, texts::fill};

/// With fewer banks than this, looking is faster than typing.
const WORTH_SEARCHING: usize = 6;

/// The search field, where script runs and there is enough to search.
pub(super) fn search(context: &Context<'_>) -> Option<Element> {
    if context.live().is_none() || context.session.banks.len() < WORTH_SEARCHING {
        return None;
    }
    let label = context.texts().search;
    let input = el("input", "")
        .attr("type", "search")
        .attr("placeholder", label)
        .attr("aria-label", label)
        .attr("autocomplete", "off")
        .attr("autocapitalize", "none")
        .attr("spellcheck", "false")
        .attr("enterkeyhint", "go");
    let field = el("label", "k-search")
        .part("search")
        .child(parts::icon(icons::SEARCH))
        .child(input);
    Some(field)
}

/// The banks as rows: in the shop's order, but the one used last on this device first.
pub(super) fn list(context: &Context<'_>) -> Element {
    let mut list = el("ul", "k-banks").part("banks");
    for wanted in [true, false] {
        for bank in &context.session.banks {
            if is_last(context, bank) == wanted {
                list = list.child(row(context, bank));
            }
        }
    }
    list
}

/// What stands in the list's place when the search finds nothing.
pub(super) fn none_found(context: &Context<'_>) -> Option<Element> {
    let live = context.live()?;
    let query = live.query.clone();
    let mut names = Vec::new();
    for bank in &context.session.banks {
        names.append(&mut search::haystack(bank, live.decompose));
    }
    let text = context.texts().found_none;
    let hidden = Box::new(move || search::finds(&query.get(), &names));
    Some(el("p", "k-none").hide(hidden).text(text))
}

/// Why a bank cannot be chosen now.
pub(super) fn reason(context: &Context<'_>, why: &Unavailable) -> String {
    let texts = context.texts();
    let reason = match why {
        Unavailable::Maintenance { until: Some(until) } => {
            let clock = format::clock(Timestamp::from_millis(*until), context.language);
            return fill(texts.maintenance_until, &clock);
        }
        Unavailable::Maintenance { until: None } => texts.maintenance,
        Unavailable::Disrupted => texts.disrupted,
        Unavailable::Amount => texts.amount_refused,
    };
    reason.to_owned()
}

fn is_last(context: &Context<'_>, bank: &Bank) -> bool {
    bank.unavailable.is_none()
        && context
            .live()
            .is_some_and(|live| live.last.as_ref() == Some(&bank.id))
}

fn row(context: &Context<'_>, bank: &Bank) -> Element {
    let row = el("li", "").child(button(context, bank));
    match context.live() {
        Some(live) => {
            let query = live.query.clone();
            let names = search::haystack(bank, live.decompose);
            row.hide(Box::new(move || !search::finds(&query.get(), &names)))
        }
        None => row,
    }
}

/// A bank to choose. One that cannot be chosen stays reachable, so that its reason can be heard.
fn button(context: &Context<'_>, bank: &Bank) -> Element {
    let mut button = el("button", "k-bank")
        .part("bank")
        .attr("name", "bank")
        .attr("value", bank.id.as_str());
    let mut note = is_last(context, bank).then(|| context.texts().last_used.to_owned());
    if let Some(why) = &bank.unavailable {
        button = button.attr("type", "button").attr("aria-disabled", "true");
        note = Some(reason(context, why));
    }
    let name = el("span", "k-name")
        .part("bank-name")
        .text(bank.names.get(context.language))
        .children(note.map(|note| el("small", "").text(&note)));
    button.child(parts::mark(bank, "k-mark")).child(name)
}
