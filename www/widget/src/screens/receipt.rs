//! The receipt, on screen and on paper.

use super::element::{Element, el};
use crate::{format, model::Context};

/// Payee, bank, reference, order, sum, what of it goes back, and time.
pub(super) fn view(context: &Context<'_>) -> Element {
    let texts = context.texts();
    let session = context.session;
    let bank = session
        .status
        .bank_names
        .as_ref()
        .map(|names| row(texts.bank, names.get(context.language)));
    let amount = format::amount(session.amount_cents, context.language);
    let gone = [
        (texts.refunded_sum, session.status.refunded_cents),
        (texts.refunding_sum, session.status.refunding_cents),
    ];
    let gone = gone.into_iter().filter(|(_, cents)| *cents > 0);
    let gone = gone.map(|(name, cents)| row(name, &format::amount(cents, context.language)));
    let time = format::date_and_clock(session.status.changed_at, context.language);
    el("dl", "k-receipt")
        .part("receipt")
        .attr("aria-label", texts.receipt)
        .child(row(texts.payee, &session.payee))
        .children(bank)
        .child(row(texts.reference, &session.reference))
        .child(row(texts.order, &session.order))
        .child(row(texts.amount, &amount))
        .children(gone)
        .child(row(texts.time, &time))
}

fn row(name: &str, value: &str) -> Element {
    el("div", "")
        .child(el("dt", "").text(name))
        .child(el("dd", "").text(value))
}
