//! VETUMA's pages, in ISO-8859-1 as they were, and the simulator's own overview of it.

use std::sync::Arc;

use axum::extract::{RawQuery, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::answer::{Answer, End};
use super::customer::{CUSTOMERS, Customer, Profile, Purpose};
use super::field::Function;
use super::mac::Pair;
use super::method::Method;
use super::person::PEOPLE;
use super::session::Session;
use super::{LOGIN, PAYMENT, QUERY, old_software};
use crate::pages::{
    ACCOUNT, BankPage, Page, act_button, esc, fill, foot, item, language_of, mark, not_found,
};
use crate::params::Problem;
use crate::sender::Shared;
use crate::texts::{Lang, Texts};

/// So many sessions are listed, the newest first.
const LISTED: usize = 50;

/// Where the user chooses a service behind VETUMA, or cancels.
pub(super) fn choice(session: &Session) -> Page {
    let call = &session.call;
    let texts = call.lang.texts();
    let (heading, cancel) = match call.function {
        Function::Identify => (
            texts.vetuma_choose_identification,
            texts.vetuma_cancel_login,
        ),
        Function::Pay | Function::Check => (texts.choose_method, texts.cancel),
    };
    let items: String = call
        .offered
        .iter()
        .map(|method| choice_item(*method, call.lang))
        .collect();
    let body = format!(
        "<section class=\"k\">{summary}<h1>{heading}</h1><form method=\"post\" action=\"/vetuma/session/{id}\"><ul class=\"k-banks\">{items}</ul>\
         <div class=\"k-row\"><button class=\"k-line\" name=\"act\" value=\"cancel\">{cancel}</button></div></form>{foot}</section>{note}",
        summary = summary(session),
        id = session.id,
        foot = foot(texts.vetuma_session),
        note = note(texts),
    );
    page(session, heading, body)
}

fn choice_item(method: Method, lang: Lang) -> String {
    item(
        &format!("<button name=\"method\" value=\"{}\">", method.code()),
        "</button>",
        &method_mark(method),
        method.name(lang),
        "",
    )
}

fn method_mark(method: Method) -> String {
    method.bank().map_or_else(
        || "<i class=\"mark hue-none\" aria-hidden=\"true\">▭</i>".to_owned(),
        |bank| mark(bank, ""),
    )
}

/// The bank's own page: to pay, or to say who one is.
pub(super) fn bank(shared: &Shared, session: &Session, method: Method) -> Page {
    let call = &session.call;
    let lang = call.lang;
    let texts = lang.texts();
    let amount = call.cents.map(|cents| lang.euros(cents));
    let identifies = call.function == Function::Identify;
    let rows = facts(shared, session, method, amount.as_deref());
    let (heading, yes) = match &amount {
        Some(amount) => (
            texts.confirm_payment,
            act_button("k-go", "pay", &fill(texts.pay, amount)),
        ),
        None => (texts.vetuma_who, people()),
    };
    let (refuse, cancel) = if identifies {
        (texts.vetuma_refuse_login, texts.vetuma_cancel_login)
    } else {
        (texts.refuse, texts.cancel)
    };
    let body = BankPage {
        lang,
        bank: method.bank(),
        name: method.name(lang),
        heading,
        rows: &rows,
        action: &format!("/vetuma/session/{}/bank", session.id),
        yes,
        no: [
            act_button("k-line no", "refuse", refuse),
            act_button("k-line", "cancel", cancel),
        ]
        .concat(),
        more: other_ends(texts, &session.id),
    }
    .body();
    page(session, heading, body)
}

fn facts<'a>(
    shared: &'a Shared,
    session: &'a Session,
    method: Method,
    amount: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let call = &session.call;
    let texts = call.lang.texts();
    let reference = match method {
        Method::Bank(_) => (texts.vetuma_reference, call.get("REF")),
        Method::Card => (texts.vetuma_order_number, call.get("ORDNR")),
        Method::Tupas(_) => (texts.vetuma_application, call.get("APPNAME")),
    };
    let money = amount.map(|_| shared.config.payee.as_str());
    let account = amount.filter(|_| method != Method::Card).map(|_| ACCOUNT);
    let rows = [
        (texts.amount, amount),
        (texts.payee, money),
        reference,
        (texts.description, call.get("MSGBUYER")),
        (texts.account, account),
    ];
    let rows = rows.into_iter();
    rows.filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

fn people() -> String {
    let people = PEOPLE.iter().map(|person| {
        item(
            &format!("<button name=\"person\" value=\"{}\">", person.code),
            "</button>",
            "<i class=\"mark hue-none\" aria-hidden=\"true\">?</i>",
            &format!("{} {}", person.first, person.last),
            person.code,
        )
    });
    format!("<ul class=\"k-banks\">{}</ul>", people.collect::<String>())
}

/// What else a service behind VETUMA may answer, folded away.
fn other_ends(texts: &Texts, id: &str) -> String {
    format!(
        "<details class=\"k-late\"><summary>{}</summary><form method=\"post\" action=\"/vetuma/session/{id}/bank\"><div class=\"k-acts\">{}{}</div></form></details>",
        texts.vetuma_other_ends,
        act_button("k-line", "failure", texts.vetuma_failure),
        act_button("k-line", "error", texts.vetuma_error),
    )
}

/// The way back to the application. A success waits for the user's word, as VETUMA's did; all else goes on by itself.
pub(super) fn way_back(session: &Session, answer: &Answer) -> Page {
    let texts = session.call.lang.texts();
    let identifies = session.call.function == Function::Identify;
    let waits = answer.end == End::Successful;
    let (heading, hint) = match (answer.end, identifies) {
        (End::Successful, false) => (texts.vetuma_paid, texts.vetuma_paid_hint),
        (End::Successful, true) => (texts.vetuma_identified, texts.vetuma_identified_hint),
        (End::Cancelled, _) => (texts.vetuma_cancelled, texts.vetuma_back_hint),
        (_, false) => (texts.declined, texts.vetuma_back_hint),
        (_, true) => (texts.vetuma_not_identified, texts.vetuma_back_hint),
    };
    let body = format!(
        "<section class=\"k\">{summary}<div class=\"k-state {kind}\"><h1>{heading}</h1><p>{hint}</p></div>{form}</section>{note}",
        summary = summary(session),
        kind = if waits { "ok" } else { "no" },
        form = answer_form(answer, texts, !waits),
        note = note(texts),
    );
    page(session, heading, body).going_on(!waits)
}

/// The form that takes an answer to the application.
fn answer_form(answer: &Answer, texts: &Texts, goes_on: bool) -> String {
    format!(
        "<form class=\"k-row\" method=\"post\" action=\"{}\" accept-charset=\"iso-8859-1\"{}>{}<button class=\"k-go\">{}</button></form>",
        esc(&answer.address),
        if goes_on { " data-onward" } else { "" },
        hidden(&answer.fields),
        texts.vetuma_back,
    )
}

/// Parameters as the hidden fields of a form.
pub(super) fn hidden(fields: &[Pair]) -> String {
    let inputs = fields.iter().map(|(name, value)| {
        format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            esc(name),
            esc(value)
        )
    });
    inputs.collect()
}

/// Nobody came back in time: the application is told nothing.
pub(super) fn over(session: &Session) -> Page {
    let texts = session.call.lang.texts();
    let paid = if session.is_paid() {
        format!("<p>{}</p>", texts.vetuma_over_paid)
    } else {
        String::new()
    };
    let body = format!(
        "<section class=\"k\">{}<div class=\"k-state wait\"><h1>{}</h1><p>{}</p>{paid}</div></section>{}",
        summary(session),
        texts.vetuma_over,
        texts.vetuma_over_hint,
        note(texts),
    );
    page(session, texts.vetuma_over, body).with_status(StatusCode::CONFLICT)
}

/// What is wrong with a call, for the developer who made it, and the answer `ERROR` where there is one.
pub(super) fn refused(problems: &[Problem], base_string: &str, answer: Option<&Answer>) -> Page {
    let texts = Lang::En.texts();
    let items = problems.iter().map(|problem| {
        format!(
            "<li><code>{}</code> {}</li>",
            esc(&problem.field),
            esc(&problem.message)
        )
    });
    let heading = match problems.len() {
        1 => "One problem with this call".to_owned(),
        count => format!("{count} problems with this call"),
    };
    let back = answer.map(|answer| {
        format!(
            "<p>VETUMA answers <code>ERROR</code> to <code>ERRURL</code>.</p>{}",
            answer_form(answer, texts, false)
        )
    });
    let back = back.unwrap_or_else(|| {
        "<p>The application is answered nothing: the way back is not known, or not to be trusted.</p>".to_owned()
    });
    let body = format!(
        "<section class=\"k k-problems\"><h1>{heading}</h1><p>VETUMA cannot serve it. Nothing was paid.</p><ol>{items}</ol>{back}{signed}</section>{note}",
        items = items.collect::<String>(),
        signed = signed_part(base_string),
        note = note(texts),
    );
    let leads_to = answer.map(|answer| answer.address.clone());
    Page::leading_to(Lang::En, heading, body, leads_to.into_iter().collect())
        .with_status(StatusCode::BAD_REQUEST)
        .made_wide()
        .in_latin1()
}

fn signed_part(base_string: &str) -> String {
    if base_string.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Under the MAC</h2><p>The values of the parameters received, in VETUMA’s order, each with <code>&amp;</code> after it. Append the shared secret (<code>RCVID-KEY</code>) and one more <code>&amp;</code>; \
         the SHA-256 of the ISO-8859-1 bytes in capital hexadecimal digits is the MAC.</p><pre>{}</pre>",
        esc(base_string)
    )
}

pub(super) fn unknown() -> Response {
    not_found(Lang::En)
}

/// `GET /vetuma`: where old software finds it, and all sessions.
pub(super) async fn overview(
    Extract(shared): Extract<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = language_of(query.as_deref(), &headers);
    let texts = lang.texts();
    let sessions = shared.vetuma.sessions();
    let cards: String = sessions
        .all()
        .rev()
        .take(LISTED)
        .map(|session| card(session, lang))
        .collect();
    let list = if cards.is_empty() {
        format!("<p class=\"k-none\">{}</p>", texts.vetuma_no_calls)
    } else {
        format!("<ul class=\"k-list\">{cards}</ul>")
    };
    let body = format!(
        "<div class=\"k-top\"><h1>VETUMA</h1></div>{note}<h2>{for_software}</h2><section class=\"k\"><dl class=\"k-receipt\">{addresses}{customers}</dl><div class=\"k-row\"><a class=\"k-quiet\" href=\"{old}?lang={lang}\">{try_it}</a></div></section>\
         <h2>{newest}</h2>{list}<a class=\"k-quiet\" href=\"/?lang={lang}\">{all}</a>",
        note = note(texts),
        for_software = texts.vetuma_for_software,
        addresses = [LOGIN, PAYMENT, QUERY]
            .map(|path| row(&format!("POST {path}"), address_use(path, texts)))
            .concat(),
        customers = CUSTOMERS
            .iter()
            .map(|one| customer_row(one, texts))
            .collect::<String>(),
        old = old_software::PATH,
        try_it = texts.vetuma_old,
        newest = texts.newest,
        lang = lang.code(),
        all = texts.all_payments,
    );
    Page::leading_to(lang, "VETUMA", body, Vec::new())
        .made_wide()
        .into_response()
}

fn address_use(path: &str, texts: &Texts) -> &'static str {
    match path {
        LOGIN => texts.vetuma_identification,
        PAYMENT => texts.vetuma_payment,
        _ => texts.vetuma_query,
    }
}

fn customer_row(customer: &Customer, texts: &Texts) -> String {
    let version = match customer.profile {
        Profile::V2_2 => "2.2",
        Profile::V3 => "3",
    };
    let purpose = match customer.purpose {
        Purpose::Payment => texts.vetuma_payment,
        Purpose::Login => texts.vetuma_identification,
    };
    let configurations: Vec<&str> = customer.configurations.iter().map(|one| one.ap).collect();
    let name = format!("RCVID {}", customer.rcvid);
    row(
        &name,
        &format!("AP {} · {purpose} · V{version}", configurations.join(", ")),
    )
}

pub(super) fn row(name: &str, value: &str) -> String {
    format!("<div><dt>{}</dt><dd>{}</dd></div>", esc(name), esc(value))
}

fn card(session: &Session, lang: Lang) -> String {
    let call = &session.call;
    let kind = match session.end {
        Some(End::Successful) => "ok",
        Some(_) => "no",
        None => "quiet",
    };
    let word = session.end.map_or("…", End::word);
    let about = ["REF", "ORDNR", "TRID"]
        .iter()
        .filter_map(|name| call.get(name));
    format!(
        "<li class=\"k\"><div class=\"k-pay\">{mark}<div><h3><a href=\"/vetuma/session/{id}\">{function}</a></h3><span class=\"k-ref\">{about}</span></div>\
         <div class=\"k-end\"><strong>{amount}</strong><span class=\"chip {kind}\">{word}</span></div></div></li>",
        mark = session.method.map_or_else(
            || "<i class=\"mark hue-none\" aria-hidden=\"true\">?</i>".to_owned(),
            method_mark
        ),
        id = session.id,
        function = call.function.words().join("/"),
        about = esc(&about.collect::<Vec<_>>().join(" · ")),
        amount = call
            .cents
            .map(|cents| lang.euros(cents))
            .unwrap_or_default(),
    )
}

/// A page of a session: its forms may end at the application's addresses.
fn page(session: &Session, title: &str, body: String) -> Page {
    let call = &session.call;
    let leads_to = ["RETURL", "CANURL", "ERRURL"].map(|name| call.text(name).to_owned());
    Page::leading_to(call.lang, title, body, leads_to.to_vec()).in_latin1()
}

/// The head of every card: which application asks, for what, how much.
fn summary(session: &Session) -> String {
    let call = &session.call;
    let texts = call.lang.texts();
    let function = match call.function {
        Function::Identify => texts.vetuma_identification,
        Function::Pay | Function::Check => texts.vetuma_payment,
    };
    let application = call.get("APPNAME").filter(|name| !name.is_empty());
    let about = call.get("MSGFORM").filter(|text| !text.is_empty());
    format!(
        "<div class=\"k-sum\"><div><span class=\"k-payee\">{}</span><span class=\"k-ref\">{}</span></div><strong>{}</strong></div>",
        esc(application.unwrap_or("VETUMA")),
        esc(about.unwrap_or(function)),
        esc(&call
            .cents
            .map(|cents| call.lang.euros(cents))
            .unwrap_or_default()),
    )
}

/// That no live VETUMA exists.
pub(super) fn note(texts: &Texts) -> String {
    format!("<p class=\"k-note\">{}</p>", texts.vetuma_note)
}
