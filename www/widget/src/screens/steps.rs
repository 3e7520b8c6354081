//! How far a payment has come while the bank confirms it.

use super::element::{Element, el};
use crate::{format, model::Context};

/// The four steps: chosen, accepted, being confirmed, paid.
pub(super) fn view(context: &Context<'_>) -> Element {
    let texts = context.texts();
    let status = &context.session.status;
    let bank = status
        .bank_names
        .as_ref()
        .map(|names| names.get(context.language));
    let clock = |at| format::date_and_clock(at, context.language);
    let chosen = match (bank, status.chosen_at.map(clock)) {
        (Some(bank), Some(at)) => Some([bank, ", ", &at].concat()),
        (bank, at) => bank.map(str::to_owned).or(at),
    };
    let accepted = status.accepted_at.map(clock);
    el("ol", "k-steps")
        .part("steps")
        .attr("aria-label", texts.steps)
        .child(step("k-done", texts.step_chosen, texts.step_done, chosen))
        .child(step(
            "k-done",
            texts.step_accepted,
            texts.step_done,
            accepted,
        ))
        .child(
            step("k-now", texts.step_confirmed, texts.step_now, None).attr("aria-current", "step"),
        )
        .child(step("", texts.paid, "", None))
}

fn step(class: &str, label: &str, progress: &str, note: Option<String>) -> Element {
    let progress =
        (!progress.is_empty()).then(|| el("span", "k-vh").text(&[" (", progress, ")"].concat()));
    el("li", class)
        .text(label)
        .children(progress)
        .children(note.map(|note| el("small", "").text(&note)))
}
