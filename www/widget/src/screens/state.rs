//! Where a payment stands, in words, and what can be done about it.

use kassa_checkout::{BankId, Status};
use leptos::prelude::*;

use super::{icons, parts, receipt, steps};
use crate::{
    model::{Context, first_step},
    texts::Texts,
};

/// The payment's status.
pub(super) fn view(context: &Context<'_>, followed: bool) -> AnyView {
    let status = &context.session.status;
    let words = words(context.texts(), status.status);
    let more = match status.status {
        Status::AwaitingConfirmation => Some(steps::view(context)),
        Status::Paid | Status::PartiallyRefunded | Status::Refunded => Some(receipt::view(context)),
        _ => None,
    };
    view! {
        {parts::header(context.session, context)}
        {banner(words.class, words.icon, words.title, words.text)}
        {more}
        {actions(context, followed)}
    }
    .into_any()
}

/// A drawing, a title and a sentence.
pub(super) fn banner(
    class: &'static str,
    icon: &'static str,
    title: &'static str,
    text: &'static str,
) -> AnyView {
    let class = ["k-state ", class].concat();
    view! {
        <div class=class part="state">
            <span class="k-ring" aria-hidden="true" inner_html=icon></span>
            {parts::title(title)}
            <p>{text}</p>
        </div>
    }
    .into_any()
}

/// How a status is put to the customer.
pub(crate) struct Words {
    class: &'static str,
    icon: &'static str,
    pub(crate) title: &'static str,
    text: &'static str,
}

/// The words for a status.
pub(crate) fn words(texts: &'static Texts, status: Status) -> Words {
    let (class, icon, title, text) = match status {
        Status::Created => ("k-wait", icons::CLOCK, texts.created, texts.created_text),
        Status::Redirected | Status::Pending => (
            "k-wait k-live",
            icons::CLOCK,
            texts.pending,
            texts.pending_text,
        ),
        Status::AwaitingConfirmation => {
            ("k-wait", icons::CLOCK, texts.awaiting, texts.awaiting_text)
        }
        Status::Paid => ("k-ok", icons::DONE, texts.paid, texts.paid_text),
        Status::Declined => ("k-no", icons::WARNING, texts.declined, texts.declined_text),
        Status::Cancelled => ("k-wait", icons::BACK, texts.cancelled, texts.cancelled_text),
        Status::Expired => ("k-wait", icons::CLOCK, texts.expired, texts.expired_text),
        Status::Failed => ("k-no", icons::WARNING, texts.failed, texts.failed_text),
        Status::PartiallyRefunded => (
            "k-ok",
            icons::BACK,
            texts.partially_refunded,
            texts.partially_refunded_text,
        ),
        Status::Refunded => ("k-ok", icons::BACK, texts.refunded, texts.refunded_text),
        Status::Reversed => ("k-no", icons::WARNING, texts.reversed, texts.reversed_text),
    };
    Words {
        class,
        icon,
        title,
        text,
    }
}

/// What can be done: at most one thing that stands out.
fn actions(context: &Context<'_>, followed: bool) -> AnyView {
    let texts = context.texts();
    let status = &context.session.status;
    let waiting = matches!(status.status, Status::Redirected | Status::Pending);
    let to_shop_class = match status.status {
        _ if status.can_pay => "k-quiet",
        Status::Redirected | Status::Pending | Status::AwaitingConfirmation => "k-quiet",
        _ => "k-go",
    };
    view! {
        <div class="k-actions">
            {check(context, followed)}
            {(waiting && status.can_pay).then(|| view! { <p class="k-note">{texts.pending_again}</p> })}
            {status.can_pay.then(|| pay_again(context, waiting))}
            {parts::link(to_shop_class, &status.return_url, texts.to_shop)}
            {(status.status == Status::Paid).then(|| print(context))}
        </div>
    }
    .into_any()
}

/// Another look, once nobody looks by itself any more; without script always.
fn check(context: &Context<'_>, followed: bool) -> Option<AnyView> {
    let texts = context.texts();
    let script = context.live().is_some();
    if !crate::model::is_open(&context.session.status) || (script && followed) {
        return None;
    }
    let note = script.then(|| view! { <p class="k-note">{texts.stopped}</p> });
    let check = parts::quiet("act", "check", texts.check);
    Some(view! { {note}{parts::turn(context, check)} }.into_any())
}

/// The same bank again, or another.
fn pay_again(context: &Context<'_>, waiting: bool) -> AnyView {
    let texts = context.texts();
    let choose = first_step(context.session).as_str();
    match retriable(context) {
        Some(bank) if !waiting => {
            let retry = parts::go("bank", bank.as_str(), texts.retry);
            let other = (context.session.banks.len() > 1)
                .then(|| parts::turn(context, parts::quiet("step", choose, texts.other_bank)));
            view! { {parts::pay(context, "k-row", retry)}{other} }.into_any()
        }
        last => {
            let label = match last {
                Some(_) => texts.other_bank,
                None => texts.pick_bank,
            };
            let make = if waiting { parts::quiet } else { parts::go };
            parts::turn(context, make("step", choose, label.to_owned()))
        }
    }
}

/// The bank chosen last, if it can be chosen now.
fn retriable<'a>(context: &'a Context<'_>) -> Option<&'a BankId> {
    let last = context.session.status.bank.as_ref()?;
    let bank = context.session.banks.iter().find(|bank| bank.id == *last)?;
    bank.unavailable.is_none().then_some(&bank.id)
}

fn print(context: &Context<'_>) -> AnyView {
    let texts = context.texts();
    match context.live() {
        Some(_) => {
            let button = parts::quiet("act", "print", texts.print);
            view! { <form class="k-row k-screen">{button}</form> }.into_any()
        }
        None => view! { <p class="k-note k-screen">{texts.print_hint}</p> }.into_any(),
    }
}
