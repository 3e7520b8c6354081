//! The bank list and its search.

use kassa_checkout::{Bank, Timestamp, bank::Unavailable};
use leptos::prelude::*;

use super::{icons, parts};
use crate::{
    format,
    model::{Context, Live},
    search,
    texts::{Texts, fill},
};

/// With fewer banks than this, looking is faster than typing.
const WORTH_SEARCHING: usize = 6;

/// The search field, where script runs and there is enough to search.
pub(super) fn search(context: &Context<'_>) -> AnyView {
    if context.live().is_none() || context.session.banks.len() < WORTH_SEARCHING {
        return ().into_any();
    }
    let label = context.texts().search;
    view! {
        <label class="k-search" part="search">
            {parts::icon(icons::SEARCH)}
            <input
                type="search"
                placeholder=label
                aria-label=label
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                enterkeyhint="go"
            />
        </label>
    }
    .into_any()
}

/// The banks as rows, then `more` rows.
pub(super) fn list(context: &Context<'_>, more: Option<AnyView>) -> AnyView {
    let texts = context.texts();
    if context.session.banks.is_empty() && more.is_none() {
        return view! { <p class="k-none">{texts.no_banks}</p> }.into_any();
    }
    let rows = ordered(context)
        .into_iter()
        .map(|bank| row(context, bank))
        .collect_view();
    view! {
        <ul class="k-banks" part="banks">{rows}{more}</ul>
        {context.live().map(|live| none_found(live, texts, haystacks(live, &context.session.banks)))}
    }
    .into_any()
}

/// Why a bank cannot be chosen now.
pub(super) fn reason(context: &Context<'_>, why: &Unavailable) -> String {
    let texts = context.texts();
    match why {
        Unavailable::Maintenance { until: Some(until) } => {
            let clock = format::clock(Timestamp::from_millis(*until), context.language);
            fill(texts.maintenance_until, &clock)
        }
        Unavailable::Maintenance { until: None } => texts.maintenance.to_owned(),
        Unavailable::Disrupted => texts.disrupted.to_owned(),
        Unavailable::Amount => texts.amount_refused.to_owned(),
    }
}

/// The banks in the shop's order, but the one used last on this device first.
fn ordered<'a>(context: &'a Context<'_>) -> Vec<&'a Bank> {
    let mut banks: Vec<&Bank> = context.session.banks.iter().collect();
    // A stable sort: false before true.
    banks.sort_by_key(|bank| !is_last(context, bank));
    banks
}

fn is_last(context: &Context<'_>, bank: &Bank) -> bool {
    bank.unavailable.is_none()
        && context
            .live()
            .is_some_and(|live| live.last.as_ref() == Some(&bank.id))
}

fn row(context: &Context<'_>, bank: &Bank) -> AnyView {
    let hidden = context.live().map(|live| {
        let (query, haystack) = (live.query, search::haystack(bank, live.decompose));
        move || !search::finds(&query.get(), &haystack)
    });
    view! { <li hidden=hidden>{button(context, bank)}</li> }.into_any()
}

/// A bank to choose. One that cannot be chosen stays reachable, so that its reason can be heard.
fn button(context: &Context<'_>, bank: &Bank) -> AnyView {
    let unavailable = bank.unavailable.as_ref();
    let note = match unavailable {
        Some(why) => Some(reason(context, why)),
        None => is_last(context, bank).then(|| context.texts().last_used.to_owned()),
    };
    let name = bank.names.get(context.language).to_owned();
    let id = bank.id.as_str().to_owned();
    view! {
        <button
            class="k-bank"
            part="bank"
            type=unavailable.map(|_| "button")
            aria-disabled=unavailable.map(|_| "true")
            name="bank"
            value=id
        >
            {parts::mark(bank, "k-mark")}
            <span class="k-name" part="bank-name">{name}{note.map(|note| view! { <small>{note}</small> })}</span>
        </button>
    }
    .into_any()
}

fn haystacks(live: &Live, banks: &[Bank]) -> Vec<Vec<String>> {
    banks
        .iter()
        .map(|bank| search::haystack(bank, live.decompose))
        .collect()
}

/// What stands in the list's place when the search finds nothing.
fn none_found(live: &Live, texts: &'static Texts, haystacks: Vec<Vec<String>>) -> AnyView {
    let query = live.query;
    let found_any = move || {
        let query = query.get();
        haystacks.iter().any(|names| search::finds(&query, names))
    };
    view! { <p class="k-none" hidden=found_any>{texts.found_none}</p> }.into_any()
}
