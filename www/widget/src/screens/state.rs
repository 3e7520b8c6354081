//! Where a payment stands, in words, and what can be done about it.

use kassa_checkout::{BankId, Status};

use super::{
    element::{Element, el},
    icons, parts, receipt, steps,
};
use crate::{
    model::{Context, first_step, is_open},
    texts::Texts,
};

/// The payment's status.
pub(super) fn view(root: Element, context: &Context<'_>, followed: bool) -> Element {
    let status = context.session.status.status;
    let words = words(context.texts(), status);
    let more = match status {
        Status::AwaitingConfirmation => Some(steps::view(context)),
        Status::Paid | Status::PartiallyRefunded | Status::Refunded => Some(receipt::view(context)),
        _ => None,
    };
    root.child(banner(words.class, words.icon, words.title, words.text))
        .children(more)
        .child(actions(context, followed))
}

/// A drawing, a title and a sentence.
pub(super) fn banner(class: &str, icon: &'static str, title: &str, text: &str) -> Element {
    let banner = el("div", &["k-state ", class].concat())
        .part("state")
        .child(el("span", "k-ring").drawing(icon))
        .child(parts::title(title))
        .child(el("p", "").text(text));
    if class == "k-no" {
        return parts::slot(banner, "error");
    }
    banner
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
fn actions(context: &Context<'_>, followed: bool) -> Element {
    let texts = context.texts();
    let status = &context.session.status;
    let waiting = matches!(status.status, Status::Redirected | Status::Pending);
    let mut actions = check(el("div", "k-actions"), context, followed);
    if status.can_pay {
        if waiting {
            actions = actions.child(note(texts.pending_again));
        }
        actions = pay_again(actions, context, waiting);
    }
    let settled = !waiting && !status.can_pay && status.status != Status::AwaitingConfirmation;
    let class = if settled { "k-go" } else { "k-quiet" };
    if !status.return_url.is_empty() {
        actions = actions.child(parts::link(class, &status.return_url, texts.to_shop));
    }
    if status.status == Status::Paid {
        actions = actions.child(print(context));
    }
    actions
}

/// Another look, once nobody looks by itself any more; without script always.
fn check(actions: Element, context: &Context<'_>, followed: bool) -> Element {
    let texts = context.texts();
    let script = context.live().is_some();
    if !is_open(&context.session.status) || (script && followed) {
        return actions;
    }
    let check = parts::turn(context, parts::quiet("act", "check", texts.check));
    actions
        .children(script.then(|| note(texts.stopped)))
        .child(check)
}

/// The same bank again, or another.
pub(super) fn pay_again(actions: Element, context: &Context<'_>, waiting: bool) -> Element {
    let texts = context.texts();
    let choose = first_step(context.session).as_str();
    match retriable(context) {
        Some(bank) if !waiting => {
            let retry = parts::go("bank", bank.as_str(), texts.retry);
            let other = (context.session.banks.len() > 1)
                .then(|| parts::turn(context, parts::quiet("step", choose, texts.other_bank)));
            actions
                .child(parts::pay(context, "k-row").child(retry))
                .children(other)
        }
        last => {
            let label = match last {
                Some(_) => texts.other_bank,
                None => texts.pick_bank,
            };
            let button = if waiting { parts::quiet } else { parts::go };
            actions.child(parts::turn(context, button("step", choose, label)))
        }
    }
}

/// The bank chosen last, if it can be chosen now.
fn retriable<'a>(context: &'a Context<'_>) -> Option<&'a BankId> {
    let last = context.session.status.bank.as_ref()?;
    let bank = context.session.banks.iter().find(|bank| bank.id == *last)?;
    bank.unavailable.is_none().then_some(&bank.id)
}

fn print(context: &Context<'_>) -> Element {
    let texts = context.texts();
    match context.live() {
        Some(_) => el("form", "k-row k-screen").child(parts::quiet("act", "print", texts.print)),
        None => note(texts.print_hint),
    }
}

fn note(text: &str) -> Element {
    el("p", "k-note").text(text)
}
