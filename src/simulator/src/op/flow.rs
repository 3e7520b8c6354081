//! The Browser flow: a bank page for the customer. OP's sandbox has none and redirects at once, which the two special accounts do here too.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::control::Act;
use super::state::{CANCELS, Payment, REJECTS, Status};
use super::{assumed, callback, rest};
use crate::bank::BANKS;
use crate::form;
use crate::pages::{ACCOUNT, BankPage, Page, act_button, fill};
use crate::sender::Shared;
use crate::texts::Lang;

/// `GET /customer/payment/startPaymentConfirmation`
pub(super) async fn start(
    Extract(shared): Extract<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    begin(&shared, query.as_deref(), "OP")
}

/// `GET /customer/payment/multibank/direct/{bankId}/startPaymentConfirmation`
pub(super) async fn start_at(
    Extract(shared): Extract<Arc<Shared>>,
    Path(bank_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut banks = BANKS.iter().map(|bank| bank.name(Lang::En));
    match banks.find(|name| rest::bank_id(name) == bank_id) {
        Some(name) => begin(&shared, query.as_deref(), name),
        None => unknown(),
    }
}

fn begin(shared: &Arc<Shared>, query: Option<&str>, bank: &str) -> Response {
    let pairs = form::decode(query.unwrap_or_default()).unwrap_or_default();
    let value = |name| form::value(&pairs, name).unwrap_or_default();
    let mut state = shared.op.state();
    let found = state.by_operation(
        value("paymentOperationId"),
        value("paymentOperationValidation"),
    );
    let Some(payment) = found else {
        return unknown();
    };
    payment.bank = Some(bank.to_owned());
    let page_id = payment.page_id.clone();
    let at_once = match payment.account_id.as_str() {
        CANCELS => Some(Status::Cancelled),
        REJECTS => Some(Status::Failed),
        _ => None,
    };
    let over = payment.next_url().map(str::to_owned);
    drop(state);
    let ended = over.or_else(|| callback::end(shared, &page_id, at_once?));
    let to = ended.unwrap_or_else(|| format!("/op/bank/{page_id}"));
    let location = [(header::LOCATION, to)];
    (StatusCode::FOUND, assumed("redirect-status"), location).into_response()
}

/// `GET /op/bank/{page_id}`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
) -> Response {
    let mut state = shared.op.state();
    match state.by_page(&page_id) {
        Some(payment) => match payment.next_url() {
            Some(url) => {
                let to = [(header::LOCATION, url.to_owned())];
                (StatusCode::FOUND, assumed("return-redirect"), to).into_response()
            }
            None => (assumed("bank-page"), page(&shared, payment)).into_response(),
        },
        None => unknown(),
    }
}

/// `POST /op/bank/{page_id}`
pub(super) async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
    body: Bytes,
) -> Response {
    let pairs = form::decode(&String::from_utf8_lossy(&body)).unwrap_or_default();
    let Some(act) = form::value(&pairs, "act").and_then(Act::from_name) else {
        return unknown();
    };
    let ended = callback::end(&shared, &page_id, act.status());
    let to = ended.unwrap_or_else(|| format!("/op/bank/{page_id}"));
    (
        StatusCode::SEE_OTHER,
        assumed("return-redirect"),
        [(header::LOCATION, to)],
    )
        .into_response()
}

fn page(shared: &Shared, payment: &Payment) -> Page {
    let lang = payment.lang;
    let texts = lang.texts();
    let amount = lang.euros(payment.cents);
    let bank = payment.bank.as_deref().unwrap_or("OP");
    let rows = [
        (texts.amount, amount.as_str()),
        (texts.payee, shared.config.payee.as_str()),
        (texts.payment, payment.reference.as_str()),
        (texts.account, ACCOUNT),
    ];
    let body = BankPage {
        lang,
        bank: BANKS.iter().find(|one| one.name(Lang::En) == bank),
        name: bank,
        heading: texts.confirm_payment,
        rows: &rows,
        action: &format!("/op/bank/{}", payment.page_id),
        yes: act_button("k-go", "pay", &fill(texts.pay, &amount)),
        no: [
            act_button("k-line no", "refuse", texts.refuse),
            act_button("k-line", "cancel", texts.cancel),
            act_button("k-line", "process", texts.told_later),
        ]
        .concat(),
        more: String::new(),
    }
    .body();
    let title = format!("{} – {bank}", texts.confirm_payment);
    let leads_to = [
        &payment.success_url,
        &payment.cancel_url,
        &payment.reject_url,
    ];
    Page::leading_to(lang, title, body, leads_to.map(Clone::clone).to_vec())
}

fn unknown() -> Response {
    let why = "there is no such payment operation, or its validation is another";
    (
        StatusCode::NOT_FOUND,
        assumed("error-status,error-body"),
        why,
    )
        .into_response()
}
