//! The receipt, on screen and on paper.

use leptos::prelude::*;

use crate::{format, model::Context};

/// Payee, bank, reference, order, sum and time.
pub(super) fn view(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    let session = context.session;
    let bank = session
        .status
        .bank_names
        .as_ref()
        .map(|names| row(texts.bank, names.get(context.language)));
    view! {
        <dl class="k-receipt" part="receipt" aria-label=texts.receipt>
            {row(texts.payee, &session.payee)}
            {bank}
            {row(texts.reference, &session.reference)}
            {row(texts.order, &session.order)}
            {row(texts.amount, &format::amount(session.amount_cents, context.language))}
            {row(texts.time, &format::date_and_clock(session.status.changed_at, context.language))}
        </dl>
    }
    .into_any()
}

fn row(name: &'static str, value: &str) -> AnyView {
    let value = value.to_owned();
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
}
