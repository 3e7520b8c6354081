//! The simulator's own page: all payments with their states, and the clock to put forward.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State as Extract};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::response::{IntoResponse as _, Response};

use super::{Page, esc, fill, mark, see_other};
use crate::date::for_people;
use crate::form;
use crate::sender::Shared;
use crate::state::{Callback, Fate, Outcome, Payment, State, Status};
use crate::texts::{Lang, Texts};

/// So many payments are listed, the newest first.
const LISTED: usize = 50;
/// A skip waits so long for callbacks before the page is shown, so that it shows their effect.
const SKIP_PATIENCE: Duration = Duration::from_secs(2);

/// `GET /`
pub(super) async fn show(
    Extract(shared): Extract<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = language_of(query.as_deref(), &headers);
    let state = shared.state();
    page(&shared, &state, lang).into_response()
}

/// The language that `?lang=` names, or else the browser's.
pub(crate) fn language_of(query: Option<&str>, headers: &HeaderMap) -> Lang {
    let pairs = form::decode(query.unwrap_or_default()).unwrap_or_default();
    form::value(&pairs, "lang").map_or_else(|| preferred(headers), Lang::from_code)
}

/// `POST /skip`
pub(super) async fn skip(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Response {
    let pairs = form::decode(&String::from_utf8_lossy(&body)).unwrap_or_default();
    let lang = Lang::from_code(form::value(&pairs, "lang").unwrap_or("en"));
    // The page's own buttons and nothing else; scripts have the control API.
    if let Some(seconds @ ("10" | "86400" | "604800")) = form::value(&pairs, "seconds") {
        shared.clock.skip(seconds.parse().unwrap_or_default());
        shared.flush(SKIP_PATIENCE).await;
    }
    see_other(&format!("/?lang={}", lang.code()))
}

/// The first language of the browser's list that there are texts in.
fn preferred(headers: &HeaderMap) -> Lang {
    let wanted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let known = |part: &str| {
        ["fi", "sv", "en"]
            .into_iter()
            .find(|code| part.trim().starts_with(code))
    };
    wanted
        .split(',')
        .find_map(known)
        .map_or(Lang::En, Lang::from_code)
}

fn page(shared: &Shared, state: &State, lang: Lang) -> Page {
    let texts = lang.texts();
    let mut payments: Vec<&Payment> = state.payments.values().collect();
    payments.sort_by_key(|payment| std::cmp::Reverse(payment.serial));
    let cards: String = payments
        .iter()
        .take(LISTED)
        .map(|payment| card(payment, lang))
        .collect();
    let list = if cards.is_empty() {
        format!("<p class=\"k-none\">{}</p>", texts.no_payments)
    } else {
        format!("<ul class=\"k-list\">{cards}</ul>")
    };
    let body = format!(
        "<div class=\"k-top\"><h1>{heading}</h1><nav aria-label=\"{languages}\">{links}</nav></div>{clock}<h2>{newest}</h2>{list}{vetuma}",
        heading = texts.all_payments,
        languages = texts.languages,
        links = language_links(lang),
        clock = clock(shared, lang),
        newest = texts.newest,
        vetuma = vetuma(shared, lang),
    );
    Page {
        wide: true,
        ..Page::new(lang, texts.all_payments, body)
    }
}

/// Where VETUMA is found, and that it is none.
fn vetuma(shared: &Shared, lang: Lang) -> String {
    let texts = lang.texts();
    format!(
        "<h2>VETUMA</h2><section class=\"k\"><div class=\"k-pay\"><div><h3><a href=\"/vetuma?lang={}\">{}</a></h3><span class=\"k-ref\">{}</span></div></div></section>",
        lang.code(),
        fill(texts.vetuma_calls, &shared.vetuma.count().to_string()),
        texts.vetuma_note,
    )
}

fn language_links(lang: Lang) -> String {
    let languages = [
        (Lang::Fi, "Suomi"),
        (Lang::Sv, "Svenska"),
        (Lang::En, "English"),
    ];
    let links = languages.map(|(other, name)| {
        let current = if other == lang {
            " aria-current=\"true\""
        } else {
            ""
        };
        format!(
            "<a href=\"/?lang={code}\" lang=\"{code}\" hreflang=\"{code}\"{current}>{name}</a>",
            code = other.code()
        )
    });
    links.concat()
}

fn clock(shared: &Shared, lang: Lang) -> String {
    let texts = lang.texts();
    let offset_seconds = shared.clock.offset_ms() / 1_000;
    let ahead = if offset_seconds == 0 {
        texts.clock_real.to_owned()
    } else {
        fill(texts.clock_ahead, &span(offset_seconds, texts))
    };
    let skips = [
        ("10", texts.ten_seconds),
        ("86400", texts.one_day),
        ("604800", texts.seven_days),
    ];
    let buttons = skips.map(|(seconds, label)| {
        format!("<button class=\"k-line\" name=\"seconds\" value=\"{seconds}\">+ {label}</button>")
    });
    format!(
        "<section class=\"k k-clock\" aria-labelledby=\"clock\"><div><h2 id=\"clock\">{title}</h2><p><time>{now}</time><small>{ahead}</small></p></div>\
         <form method=\"post\" action=\"/skip\" aria-label=\"{skip}\"><input type=\"hidden\" name=\"lang\" value=\"{lang}\">{buttons}</form></section>",
        title = texts.clock,
        now = for_people(shared.clock.now_ms()),
        skip = texts.clock_skip,
        lang = lang.code(),
        buttons = buttons.concat(),
    )
}

fn span(seconds: i64, texts: &Texts) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    match (days, rest) {
        (0, rest) => format!("{rest} s"),
        (days, 0) => fill(texts.days, &days.to_string()),
        (days, rest) => format!("{} {rest} s", fill(texts.days, &days.to_string())),
    }
}

fn card(payment: &Payment, lang: Lang) -> String {
    let texts = lang.texts();
    let (kind, word) = chip(payment, texts);
    let mark = payment.bank.map_or_else(
        || "<i class=\"mark hue-none\" aria-hidden=\"true\">?</i>".to_owned(),
        |bank| mark(bank, ""),
    );
    let bank = payment.bank.map_or(texts.no_bank, |bank| bank.name(lang));
    let planned = payment.planned.map(|planned| {
        let outcome = chip_of(planned.outcome, texts).1;
        format!(
            "<p class=\"k-plan\">{} <time>{}</time></p>",
            esc(&fill(texts.planned, outcome)),
            for_people(planned.due_ms)
        )
    });
    format!(
        "<li class=\"k\"><div class=\"k-pay\">{mark}<div><h3><a href=\"/page/{page_id}\">{id}</a></h3><span class=\"k-ref\">{bank} · {option}</span></div>\
         <div class=\"k-end\"><strong>{amount}</strong><span class=\"chip {kind}\">{word}</span></div></div>{planned}{callbacks}</li>",
        page_id = payment.page_id,
        id = esc(&payment.request.payment_id),
        option = fill(texts.option, &payment.request.choice.number().to_string()),
        amount = lang.euros(payment.request.amount),
        planned = planned.unwrap_or_default(),
        callbacks = callbacks(payment, texts),
    )
}

fn chip(payment: &Payment, texts: &'static Texts) -> (&'static str, &'static str) {
    if payment.walked_away && payment.status.is_open() {
        ("quiet", texts.chip_walked_away)
    } else {
        chip_of(payment.status, texts)
    }
}

fn chip_of(status: Status, texts: &'static Texts) -> (&'static str, &'static str) {
    match status {
        Status::AwaitingCustomer | Status::AwaitingRedirect => ("quiet", texts.chip_open),
        Status::ExternalProcessing => ("quiet", texts.chip_at_bank),
        Status::AwaitingConfirmation => ("wait", texts.chip_awaiting),
        Status::Success => ("ok", texts.paid),
        Status::Decline => ("no", texts.chip_declined),
        Status::Reversed => ("no", texts.chip_reversed),
    }
}

fn callbacks(payment: &Payment, texts: &Texts) -> String {
    if payment.callbacks.is_empty() {
        return String::new();
    }
    let delivered = payment
        .callbacks
        .iter()
        .filter(|callback| callback.fate == Fate::Delivered)
        .count();
    let title = fill(
        &fill(texts.callbacks, &delivered.to_string()),
        &payment.callbacks.len().to_string(),
    );
    let items: String = payment
        .callbacks
        .iter()
        .map(|callback| callback_item(callback, texts))
        .collect();
    format!("<details class=\"k-calls\"><summary>{title}</summary><ol>{items}</ol></details>")
}

fn callback_item(callback: &Callback, texts: &Texts) -> String {
    let last = callback
        .attempts
        .last()
        .map(|attempt| match &attempt.outcome {
            Outcome::Answered { http_status } => format!("HTTP {http_status}"),
            Outcome::Lost => texts.try_lost.to_owned(),
            Outcome::Unreachable => texts.try_unreachable.to_owned(),
            Outcome::TimedOut => texts.try_timed_out.to_owned(),
        });
    let last = match callback.fate {
        Fate::NoAddress => texts.no_address.to_owned(),
        _ => format!(
            "{} · {}",
            fill(texts.tries, &callback.attempts.len().to_string()),
            last.unwrap_or_else(|| texts.try_waiting.to_owned())
        ),
    };
    let operation = &callback.operation;
    format!(
        "<li><span lang=\"en\"><code>{}</code> {} {} ({})</span><small>{last}</small></li>",
        callback.payment_status.word(),
        operation.kind,
        operation.status,
        operation.code,
    )
}
