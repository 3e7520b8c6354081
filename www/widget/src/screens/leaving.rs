//! The moment between the choice and the bank's page.

use kassa_checkout::{BankId, contract::NextStep};
use leptos::prelude::*;

use super::{icons, parts};
use crate::model::Context;

/// Says where the customer is being taken; with the step at hand also a way to go by oneself.
pub(super) fn view(
    context: &Context<'_>,
    bank: Option<&BankId>,
    next: Option<&NextStep>,
) -> AnyView {
    let texts = context.texts();
    let bank = context
        .session
        .banks
        .iter()
        .find(|candidate| Some(&candidate.id) == bank);
    let title = match bank {
        Some(bank) => {
            let name = bank.names.get(context.language);
            parts::towards(context, name, texts.leaving_to, texts.leaving)
        }
        None => texts.leaving.to_owned(),
    };
    let mark = match bank {
        Some(bank) => parts::mark(bank, "k-mark k-big"),
        None => {
            view! { <span class="k-mark k-big k-h21">{parts::icon(icons::BANK)}</span> }.into_any()
        }
    };
    view! {
        {parts::header(context.session, context)}
        <div class="k-one" aria-busy="true">
            <div class="k-spin">{mark}</div>
            {parts::title(title)}
            <p>{texts.leaving_hint}</p>
            {next.map(|next| onward(context, next))}
        </div>
    }
    .into_any()
}

/// The way on, for a browser that refuses to be taken: always out of any frame.
fn onward(context: &Context<'_>, next: &NextStep) -> AnyView {
    let label = context.texts().leaving_link;
    match next {
        NextStep::Redirect { url } => parts::link("k-quiet", url, label),
        NextStep::PostForm { url, fields } => {
            let inputs = fields
                .iter()
                .map(|field| {
                    let (name, value) = (field.name.clone(), field.value.clone());
                    view! { <input type="hidden" name=name value=value/> }
                })
                .collect_view();
            view! {
                <form class="k-onward" method="post" target="_top" action=url.clone()>
                    {inputs}
                    <button class="k-quiet" part="button-quiet">{label}</button>
                </form>
            }
            .into_any()
        }
        NextStep::Await => ().into_any(),
    }
}
