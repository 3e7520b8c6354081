//! How far a payment has come while the bank confirms it.

use leptos::prelude::*;

use crate::{format, model::Context};

/// The four steps: chosen, accepted, being confirmed, paid.
pub(super) fn view(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let status = &context.session.status;
    let bank = status
        .bank_names
        .as_ref()
        .map(|names| names.get(context.language).to_owned());
    let clock = |at| format::date_and_clock(at, context.language);
    let chosen = match (bank, status.chosen_at.map(clock)) {
        (Some(bank), Some(at)) => Some([&bank, ", ", &at].concat()),
        (bank, at) => bank.or(at),
    };
    view! {
        <ol class="k-steps" part="steps" aria-label=texts.steps>
            {step("k-done", texts.step_chosen, texts.step_done, chosen)}
            {step("k-done", texts.step_accepted, texts.step_done, status.accepted_at.map(clock))}
            {step("k-now", texts.step_confirmed, texts.step_now, None)}
            {step("", texts.paid, "", None)}
        </ol>
    }
    .into_any()
}

fn step(
    class: &'static str,
    label: &'static str,
    progress: &'static str,
    note: Option<String>,
) -> AnyView {
    let current = (class == "k-now").then_some("step");
    let progress = (!progress.is_empty())
        .then(|| view! { <span class="k-vh">{[" (", progress, ")"].concat()}</span> });
    view! {
        <li class=class aria-current=current>
            {label}{progress}{note.map(|note| view! { <small>{note}</small> })}
        </li>
    }
    .into_any()
}
