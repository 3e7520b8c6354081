//! The Payment Page: the six ways to choose a method and a bank.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Extract};
use axum::response::{IntoResponse as _, Response};

use super::{Page, esc, fill, foot, mark, not_found, refusal, result, see_other, summary};
use crate::bank::{self, Bank};
use crate::clock::real_now_ms;
use crate::form;
use crate::options::{Choice, OTHER_METHODS};
use crate::params::{self, Problem};
use crate::sender::Shared;
use crate::state::{Opened, Payment};
use crate::texts::Lang;

/// `GET /payment`
pub(super) async fn open_get(
    Extract(shared): Extract<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    open(&shared, &query.unwrap_or_default())
}

/// `POST /payment`
pub(super) async fn open_post(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Response {
    match std::str::from_utf8(&body) {
        Ok(text) => open(&shared, text),
        Err(_) => refusal::page(&[Problem::new("the form", "is not UTF-8")], None).into_response(),
    }
}

fn open(shared: &Shared, encoded: &str) -> Response {
    let parameters = match form::decode(encoded) {
        Ok(parameters) => parameters,
        Err(message) => {
            return refusal::page(
                &[Problem::new(
                    "the request",
                    format!("cannot be decoded: {message}"),
                )],
                None,
            )
            .into_response();
        }
    };
    let request = match params::check(
        &parameters,
        shared.config.project_id,
        &shared.config.secret,
        real_now_ms(),
    ) {
        Ok(request) => request,
        Err(refused) => {
            return refusal::page(&refused.problems, Some(&refused.string_to_sign)).into_response();
        }
    };
    let mut state = shared.state();
    match state.open(request, shared.clock.now_ms()) {
        Err(problem) => refusal::page(&[problem], Some(&params::page_string_to_sign(&parameters)))
            .into_response(),
        Ok((key, opened)) => match state.payments.get(&key) {
            Some(payment) if opened == Opened::Done => {
                result::page(shared, payment).into_response()
            }
            Some(payment) => first_page(shared, payment).into_response(),
            None => not_found(Lang::En),
        },
    }
}

/// `GET /page/{page_id}`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
) -> Response {
    with_open(&shared, &page_id, first_page)
}

/// `GET /page/{page_id}/banks`: the second page of option 1.
pub(super) async fn show_banks(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
) -> Response {
    with_open(&shared, &page_id, second_page)
}

/// `POST /page/{page_id}/bank`
pub(super) async fn choose_bank(
    Extract(shared): Extract<Arc<Shared>>,
    Path(page_id): Path<String>,
    body: Bytes,
) -> Response {
    let chosen = form::decode(&String::from_utf8_lossy(&body))
        .ok()
        .and_then(|pairs| form::value(&pairs, "bank")?.parse().ok());
    let mut state = shared.state();
    let Some((key, payment)) = state.by_page_id(&page_id) else {
        return not_found(Lang::En);
    };
    let lang = payment.request.lang;
    match state.choose_bank(&key, chosen.unwrap_or_default(), shared.clock.now_ms()) {
        Ok(()) => {
            drop(state);
            shared.wake();
            see_other(&format!("/bank/{page_id}"))
        }
        Err(error) => refusal::flow(lang, &error).into_response(),
    }
}

fn with_open(shared: &Shared, page_id: &str, show: fn(&Shared, &Payment) -> Page) -> Response {
    let state = shared.state();
    match state.by_page_id(page_id) {
        None => not_found(Lang::En),
        Some((_, payment)) if payment.status.is_open() => show(shared, payment).into_response(),
        Some((_, payment)) => result::page(shared, payment).into_response(),
    }
}

fn first_page(shared: &Shared, payment: &Payment) -> Page {
    let lang = payment.request.lang;
    let texts = lang.texts();
    let page_id = &payment.page_id;
    let banks = || bank_items(payment);
    let others = |group_only: bool| other_methods(lang, group_only);
    match &payment.request.choice {
        Choice::MethodThenBank { group_only } => {
            let count = bank::BANKS.len().to_string();
            let method = item(
                &format!("<a href=\"/page/{page_id}/banks\">"),
                "</a>",
                "<i class=\"mark hue-method\" aria-hidden=\"true\">Fi</i>",
                texts.finnish_banks,
                &fill(texts.finnish_banks_hint, &count),
            );
            list_page(
                shared,
                payment,
                texts.choose_method,
                &format!("{method}{}", others(*group_only)),
                None,
            )
        }
        Choice::BanksAmongMethods => list_page(
            shared,
            payment,
            texts.choose_method,
            &format!("{}{}", banks(), others(false)),
            None,
        ),
        Choice::BanksInGroup => list_page(
            shared,
            payment,
            texts.choose_method,
            &format!("{}{}", banks(), others(true)),
            None,
        ),
        Choice::AllBanks | Choice::ChosenBanks(_) => {
            list_page(shared, payment, texts.choose_bank, &banks(), None)
        }
        Choice::OtherMethod(code) => {
            let method = inert_method(lang, code);
            list_page(shared, payment, texts.choose_method, &method, None)
        }
        Choice::OneBank(id) => bank::by_id(*id).map_or_else(
            || second_page(shared, payment),
            |bank| confirmation(shared, payment, bank),
        ),
    }
}

fn second_page(shared: &Shared, payment: &Payment) -> Page {
    let texts = payment.request.lang.texts();
    let back = format!(
        "<a class=\"k-quiet\" href=\"/page/{}\">{}</a>",
        payment.page_id, texts.other_method
    );
    list_page(
        shared,
        payment,
        texts.choose_bank,
        &bank_items(payment),
        Some(back),
    )
}

fn list_page(
    shared: &Shared,
    payment: &Payment,
    heading: &str,
    items: &str,
    back: Option<String>,
) -> Page {
    let texts = payment.request.lang.texts();
    let body = format!(
        "<section class=\"k\">{summary}<h1>{heading}</h1><form method=\"post\" action=\"/page/{page_id}/bank\"><ul class=\"k-banks\">{items}</ul></form>{ways}{foot}</section>",
        summary = summary(shared, payment),
        heading = esc(heading),
        page_id = payment.page_id,
        ways = ways(back, payment),
        foot = foot(texts.in_your_bank),
    );
    Page::of(payment, texts.payment_page, body)
}

fn confirmation(shared: &Shared, payment: &Payment, bank: &Bank) -> Page {
    let lang = payment.request.lang;
    let texts = lang.texts();
    let heading = fill(texts.continue_to, bank.destination(lang));
    let body = format!(
        "<section class=\"k\">{summary}<div class=\"k-one\">{mark}<h1>{heading}</h1><p>{hint}</p>\
         <form method=\"post\" action=\"/page/{page_id}/bank\"><button class=\"k-go\" name=\"bank\" value=\"{id}\">{heading}</button></form>{back}</div>{foot}</section>",
        summary = summary(shared, payment),
        mark = mark(bank, " big"),
        heading = esc(&heading),
        hint = texts.continue_hint,
        page_id = payment.page_id,
        id = bank.id,
        back = back_to_shop(payment),
        foot = foot(texts.in_your_bank),
    );
    Page::of(payment, heading, body)
}

fn bank_items(payment: &Payment) -> String {
    let banks = payment
        .request
        .choice
        .banks()
        .into_iter()
        .filter_map(bank::by_id);
    banks
        .map(|bank| {
            item(
                &format!("<button name=\"bank\" value=\"{}\">", bank.id),
                "</button>",
                &mark(bank, ""),
                bank.name(payment.request.lang),
                "",
            )
        })
        .collect()
}

/// Methods that do nothing here: what stands beside the banks at ecommpay.
fn other_methods(lang: Lang, group_only: bool) -> String {
    let texts = lang.texts();
    if !group_only {
        return OTHER_METHODS
            .iter()
            .map(|code| inert_method(lang, code))
            .collect();
    }
    let banks_in = |country: &str| fill(texts.other_country_banks, country);
    [
        ("Se", banks_in(texts.sweden)),
        ("Ee", banks_in(texts.estonia)),
        ("De", banks_in(texts.germany)),
    ]
    .iter()
    .map(|(letters, name)| inert(lang, letters, name))
    .collect()
}

fn inert_method(lang: Lang, code: &str) -> String {
    match code {
        "card" => inert(lang, "▭", lang.texts().card),
        "apple_pay" => inert(lang, "A", "Apple Pay"),
        "google_pay" => inert(lang, "G", "Google Pay"),
        "mobilepay" => inert(lang, "M", "MobilePay"),
        other => inert(lang, "?", other),
    }
}

fn inert(lang: Lang, letters: &str, name: &str) -> String {
    item(
        "<button type=\"button\" disabled>",
        "</button>",
        &format!("<i class=\"mark hue-none\" aria-hidden=\"true\">{letters}</i>"),
        name,
        lang.texts().not_simulated,
    )
}

/// One line of a list to choose from.
pub(crate) fn item(open: &str, close: &str, mark: &str, name: &str, hint: &str) -> String {
    let hint = if hint.is_empty() {
        String::new()
    } else {
        format!("<small>{}</small>", esc(hint))
    };
    format!(
        "<li>{open}{mark}<span>{}{hint}</span><b></b>{close}</li>",
        esc(name)
    )
}

/// Ways off the page, below the list.
fn ways(back: Option<String>, payment: &Payment) -> String {
    let ways = format!("{}{}", back.unwrap_or_default(), back_to_shop(payment));
    if ways.is_empty() {
        ways
    } else {
        format!("<div class=\"k-row\">{ways}</div>")
    }
}

/// The customer does not consent and goes back: a plain link, since the shop is not told anything.
fn back_to_shop(payment: &Payment) -> String {
    let texts = payment.request.lang.texts();
    payment
        .request
        .return_url
        .as_ref()
        .map(|url| {
            format!(
                "<a class=\"k-quiet\" href=\"{}\">{}</a>",
                esc(url),
                texts.back_to_shop
            )
        })
        .unwrap_or_default()
}
