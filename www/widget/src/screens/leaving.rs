//! The moment between the choice and the bank's page.

use kassa_checkout::{BankId, contract::NextStep};

use super::{
    element::{Element, el},
    icons, parts, state,
};
use crate::model::Context;

/// Says where the customer is being taken; with the step at hand also a way to go by oneself.
pub(super) fn view(
    root: Element,
    context: &Context<'_>,
    bank: Option<&BankId>,
    next: Option<&NextStep>,
) -> Element {
    let hint = context.texts().leaving_hint;
    let moment = moment(context, bank, hint).children(next.and_then(|next| onward(context, next)));
    root.child(moment)
}

/// Says that the provider has yet to tell where to go; when that takes long, what else there is
/// to do.
pub(super) fn waiting(root: Element, context: &Context<'_>, late: bool) -> Element {
    let texts = context.texts();
    // The answer that names the bank is on its way, while the choice is remembered already.
    let bank = match context.live() {
        Some(live) => &live.last,
        None => &context.session.status.bank,
    };
    let hint = if late {
        texts.bank_unreachable
    } else {
        texts.leaving_hint
    };
    let actions = late.then(|| {
        let actions = state::pay_again(el("div", "k-actions"), context, false);
        let back = &context.session.status.return_url;
        let back = (!back.is_empty()).then(|| parts::link("k-quiet", back, texts.to_shop));
        actions.children(back)
    });
    root.child(moment(context, bank.as_ref(), hint))
        .children(actions)
}

/// The bank's mark, turning, and what is happening.
fn moment(context: &Context<'_>, bank: Option<&BankId>, hint: &str) -> Element {
    let texts = context.texts();
    let mut banks = context.session.banks.iter();
    let (mark, title) = match banks.find(|candidate| Some(&candidate.id) == bank) {
        Some(bank) => {
            let name = bank.names.get(context.language);
            let title = parts::towards(context, name, texts.leaving_to, texts.leaving);
            (parts::mark(bank, "k-mark k-big"), title)
        }
        None => {
            let mark = parts::symbol(icons::BANK, "k-big k-h10");
            (mark, texts.leaving.to_owned())
        }
    };
    el("div", "k-one")
        .attr("aria-busy", "true")
        .child(el("div", "k-spin").child(mark))
        .child(parts::title(&title))
        .child(el("p", "").text(hint))
}

/// The way on, for a browser that refuses to be taken: always out of any frame.
fn onward(context: &Context<'_>, next: &NextStep) -> Option<Element> {
    let label = context.texts().leaving_link;
    match next {
        NextStep::Redirect { url } => Some(parts::link("k-quiet", url, label)),
        NextStep::PostForm { url, fields } => {
            let inputs = fields
                .iter()
                .map(|field| parts::hidden(&field.name, &field.value));
            let form = el("form", "k-onward")
                .attr("method", "post")
                .attr("target", "_top")
                .attr("action", url)
                .children(inputs)
                .child(el("button", "k-quiet").part("button-quiet").text(label));
            Some(form)
        }
        NextStep::Await => None,
    }
}
