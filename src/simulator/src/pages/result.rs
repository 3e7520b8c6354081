//! How a payment ended, for a customer whom the shop gave no address to return to, or who opens the Payment Page again.

use std::sync::Arc;

use axum::extract::{Path, State as Extract};
use axum::response::{IntoResponse as _, Response};

use super::{Page, esc, next_url, not_found, see_other, summary};
use crate::sender::Shared;
use crate::state::{Payment, Status};
use crate::texts::Lang;

const TICK: &str = "<path d=\"m15 24.5 6.5 6.5L34 18\"/>";
const CLOCK: &str = "<path d=\"M24 13v12l7 4\"/>";
const MARK: &str = "<path d=\"M24 14v13M24 32.5v.5\"/>";

/// `GET /page/{page_id}/result`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
) -> Response {
    let state = shared.state();
    match state.by_page_id(&page_id) {
        None => not_found(Lang::En),
        Some((_, payment)) if payment.status.is_open() && !payment.walked_away => {
            see_other(&format!("/page/{page_id}"))
        }
        Some((_, payment)) => page(&shared, payment).into_response(),
    }
}

/// The page.
pub(super) fn page(shared: &Shared, payment: &Payment) -> Page {
    let lang = payment.request.lang;
    let texts = lang.texts();
    let (kind, icon, heading, hint) = match payment.status {
        Status::AwaitingCustomer | Status::AwaitingRedirect | Status::ExternalProcessing => {
            ("wait", MARK, texts.walked_away, texts.walked_away_hint)
        }
        Status::AwaitingConfirmation => ("wait", CLOCK, texts.awaiting, texts.awaiting_hint),
        Status::Success => ("ok", TICK, texts.paid, texts.paid_hint),
        Status::Decline => ("no", MARK, texts.declined, texts.declined_hint),
        Status::Reversed => ("no", MARK, texts.reversed, texts.reversed_hint),
    };
    let body = format!(
        "<section class=\"k\">{summary}<div class=\"k-state {kind}\"><span class=\"k-ring\"><svg viewBox=\"0 0 48 48\" aria-hidden=\"true\"><circle cx=\"24\" cy=\"24\" r=\"20\"/>{icon}</svg></span>\
         <h1>{heading}</h1><p>{hint}</p></div>{facts}<div class=\"k-row\">{onward}<a class=\"k-quiet\" href=\"/?lang={lang}\">{all}</a></div></section>",
        summary = summary(shared, payment),
        facts = facts(payment),
        onward = onward(payment),
        lang = lang.code(),
        all = texts.all_payments,
    );
    Page::of(payment, heading, body)
}

fn facts(payment: &Payment) -> String {
    let lang = payment.request.lang;
    let texts = lang.texts();
    let bank = payment
        .bank
        .map(|bank| (texts.bank, bank.name(lang).to_owned()));
    let rows = bank
        .into_iter()
        .chain([(texts.payment, payment.request.payment_id.clone())]);
    let rows =
        rows.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", esc(&value)));
    format!("<dl class=\"k-receipt\">{}</dl>", rows.collect::<String>())
}

fn onward(payment: &Payment) -> String {
    let texts = payment.request.lang.texts();
    let (url, label) = match next_url(payment) {
        Some(url) => (url, texts.back_to_shop),
        None if payment.status.is_open() => (format!("/bank/{}", payment.page_id), texts.resume),
        None => return String::new(),
    };
    format!("<a class=\"k-go\" href=\"{}\">{label}</a>", esc(&url))
}
