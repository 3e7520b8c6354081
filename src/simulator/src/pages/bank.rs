//! The bank's own page, where the customer pays, or does not.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::response::{IntoResponse as _, Response};

use super::{
    ACCOUNT, BankPage, Page, act_button, fill, next_url, not_found, refusal, result, see_other,
};
use crate::bank::Bank;
use crate::flow::{Act, DEFAULT_DELAY_SECONDS, Details};
use crate::form;
use crate::sender::Shared;
use crate::state::Payment;
use crate::texts::{Lang, Texts};

/// `GET /bank/{page_id}`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
) -> Response {
    let mut state = shared.state();
    if let Some((key, _)) = state.by_page_id(&page_id)
        && state.arrive(&key, shared.clock.now_ms())
    {
        shared.wake();
    }
    let Some((_, payment)) = state.by_page_id(&page_id) else {
        return not_found(Lang::En);
    };
    match payment.bank.filter(|_| payment.status.is_open()) {
        Some(bank) => page(&shared, payment, bank).into_response(),
        None if payment.status.is_open() => see_other(&format!("/page/{page_id}")),
        None => result::page(&shared, payment).into_response(),
    }
}

/// `POST /bank/{page_id}`
pub(super) async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
    body: Bytes,
) -> Response {
    let pairs = form::decode(&String::from_utf8_lossy(&body)).unwrap_or_default();
    let named = match form::value(&pairs, "act") {
        Some("late") => form::value(&pairs, "outcome"),
        other => other,
    };
    let delay_seconds = form::value(&pairs, "delay").and_then(|delay| delay.parse().ok());
    let mut state = shared.state();
    let Some((key, payment)) = state.by_page_id(&page_id) else {
        return not_found(Lang::En);
    };
    let lang = payment.request.lang;
    let Some(act) = named.and_then(Act::from_name) else {
        return see_other(&format!("/bank/{page_id}"));
    };
    if let Err(error) = state.act(
        &key,
        act,
        Details {
            delay_seconds,
            ..Details::default()
        },
        shared.clock.now_ms(),
    ) {
        return refusal::flow(lang, &error).into_response();
    }
    let next = state.payments.get(&key).and_then(next_url);
    drop(state);
    shared.wake();
    see_other(&next.unwrap_or_else(|| format!("/page/{page_id}/result")))
}

fn page(shared: &Shared, payment: &Payment, bank: &Bank) -> Page {
    let request = &payment.request;
    let lang = request.lang;
    let texts = lang.texts();
    let amount = lang.euros(request.amount);
    let rows = facts(shared, payment, &amount);
    let body = BankPage {
        lang,
        bank: Some(bank),
        name: bank.name(lang),
        heading: texts.confirm_payment,
        rows: &rows,
        action: &format!("/bank/{}", payment.page_id),
        yes: act_button("k-go", "pay", &fill(texts.pay, &amount)),
        no: [
            act_button("k-line no", "refuse", texts.refuse),
            act_button("k-line", "cancel", texts.cancel),
            act_button("k-line", "close", texts.close),
        ]
        .concat(),
        more: late(texts, &payment.page_id),
    }
    .body();
    Page::of(
        payment,
        format!("{} – {}", texts.confirm_payment, bank.name(lang)),
        body,
    )
}

fn facts<'a>(
    shared: &'a Shared,
    payment: &'a Payment,
    amount: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let request = &payment.request;
    let texts = request.lang.texts();
    let mut rows = vec![
        (texts.amount, amount),
        (texts.payee, shared.config.payee.as_str()),
    ];
    if !request.description.is_empty() {
        rows.push((texts.description, request.description.as_str()));
    }
    rows.extend([
        (texts.payment, request.payment_id.as_str()),
        (texts.account, ACCOUNT),
    ]);
    rows
}

/// The confirmations that come later, folded away.
fn late(texts: &Texts, page_id: &str) -> String {
    let outcomes = [
        ("late-success", texts.late_success),
        ("late-decline", texts.late_decline),
        ("late-reversed", texts.late_reversed),
        ("flip-success", texts.flip_success),
        ("flip-reversed", texts.flip_reversed),
    ];
    let radios = outcomes.iter().enumerate().map(|(at, (value, label))| {
        let checked = if at == 0 { " checked" } else { "" };
        format!("<label class=\"k-radio\"><input type=\"radio\" name=\"outcome\" value=\"{value}\"{checked}><span>{label}</span></label>")
    });
    let delays = [
        (10, texts.ten_seconds),
        (86_400, texts.one_day),
        (DEFAULT_DELAY_SECONDS, texts.seven_days),
        (864_000, texts.ten_days),
    ];
    let choices = delays.iter().map(|(seconds, label)| {
        let selected = if *seconds == DEFAULT_DELAY_SECONDS {
            " selected"
        } else {
            ""
        };
        format!("<option value=\"{seconds}\"{selected}>{label}</option>")
    });
    format!(
        "<details class=\"k-late\"><summary>{late}</summary><form method=\"post\" action=\"/bank/{page_id}\"><fieldset><legend>{legend}</legend>{radios}</fieldset>\
         <label class=\"k-select\"><span>{delay}</span><select name=\"delay\">{choices}</select></label><button class=\"k-line\" name=\"act\" value=\"late\">{pay}</button></form></details>",
        late = texts.late,
        legend = texts.late_outcome,
        radios = radios.collect::<String>(),
        delay = texts.late_delay,
        choices = choices.collect::<String>(),
        pay = texts.pay_late,
    )
}
