//! A page that plays old software, to try VETUMA, or whatever answers in its place, by hand: it makes a call, and shows the answer that comes back.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use viite::NationalReference;

use super::PAYMENT;
use super::customer::{Customer, Purpose, by_purpose};
use super::latin1::decode_form;
use super::mac::Pair;
use super::pages::{hidden, note, row, unknown};
use super::timestamp;
use crate::clock::real_now_ms;
use crate::form;
use crate::pages::{Page, esc, fill, language_of};
use crate::texts::{Lang, Texts};

/// Where it lies.
pub(super) const PATH: &str = "/vetuma/old-software";

/// `GET /vetuma/old-software?to=ADDRESS`: what to pay, and where the call goes.
pub(super) async fn ask(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = language_of(query.as_deref(), &headers);
    let texts = lang.texts();
    let pairs = form::decode(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let fields = [
        (
            texts.vetuma_old_to,
            "to",
            form::value(&pairs, "to").unwrap_or(PAYMENT),
        ),
        (texts.amount, "AM", "49,90"),
        (texts.description, "MSGFORM", "Åsan ja Öllin kesäleiri"),
    ];
    let fields = fields.map(|(label, name, value)| {
        format!(
            "<label class=\"k-select\"><span>{label}</span><input name=\"{name}\" value=\"{}\"></label>",
            esc(value)
        )
    });
    let body = format!(
        "<section class=\"k\"><h1>{title}</h1><div class=\"k-row\"><p>{hint}</p><form method=\"post\" action=\"{PATH}\" accept-charset=\"iso-8859-1\">\
         <input type=\"hidden\" name=\"LG\" value=\"{lang}\">{fields}<button class=\"k-go\">{make}</button></form></div></section>{note}",
        title = texts.vetuma_old,
        hint = texts.vetuma_old_hint,
        lang = lang.code(),
        fields = fields.concat(),
        make = texts.vetuma_old_make,
        note = note(texts),
    );
    page(lang, body, Vec::new()).into_response()
}

/// `POST /vetuma/old-software`: the call, signed, in a form that posts it.
pub(super) async fn call(headers: HeaderMap, body: Bytes) -> Response {
    let wanted = decode_form(&body).unwrap_or_default();
    let value = |name| form::value(&wanted, name).unwrap_or_default();
    let lang = Lang::from_code(value("LG"));
    let texts = lang.texts();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let (Some(customer), Some(to)) = (by_purpose(Purpose::Payment), address(value("to"))) else {
        return unknown();
    };
    let mut fields = fields(customer, host.unwrap_or_default(), lang, &wanted);
    let mac = customer.secret().mac(&fields).unwrap_or_default();
    fields.push(("MAC".to_owned(), mac));
    let body = format!(
        "<section class=\"k\"><h1>{title}</h1><dl class=\"k-receipt\">{rows}</dl><form class=\"k-row\" method=\"post\" action=\"{to}\" accept-charset=\"iso-8859-1\">{hidden}<button class=\"k-go\">{go}</button></form></section>{note}",
        title = texts.vetuma_old,
        rows = rows(&fields),
        to = esc(&to),
        hidden = hidden(&fields),
        go = texts.vetuma_old_go,
        note = note(texts),
    );
    page(lang, body, vec![to.clone()]).into_response()
}

/// `POST /vetuma/old-software/{end}`: the answer, wherever it came from.
pub(super) async fn answer(Path(end): Path<String>, body: Bytes) -> Response {
    let fields = decode_form(&body).unwrap_or_default();
    let value = |name| form::value(&fields, name).unwrap_or_default();
    let Some(customer) = by_purpose(Purpose::Payment) else {
        return unknown();
    };
    let lang = Lang::from_code(value("LG"));
    let texts = lang.texts();
    let holds = customer.secret().check(&fields, value("MAC")).is_ok();
    let body = format!(
        "<section class=\"k\"><div class=\"k-state {kind}\"><h1>{heading}</h1><p>{trust}</p></div><dl class=\"k-receipt\">{rows}</dl>\
         <div class=\"k-row\"><a class=\"k-quiet\" href=\"{PATH}?lang={lang}\">{again}</a></div></section>{note}",
        kind = if holds && value("STATUS") == "SUCCESSFUL" {
            "ok"
        } else {
            "no"
        },
        heading = esc(&fill(texts.vetuma_old_answer, &end)),
        trust = trust(texts, holds),
        rows = rows(&fields),
        lang = lang.code(),
        again = texts.vetuma_old_again,
        note = note(texts),
    );
    let status = if holds {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    page(lang, body, Vec::new())
        .with_status(status)
        .into_response()
}

fn trust(texts: &Texts, holds: bool) -> &'static str {
    if holds {
        texts.vetuma_old_mac_holds
    } else {
        texts.vetuma_old_mac_fails
    }
}

/// The parameters of the call. The order number is the second in which it is made.
fn fields(customer: &Customer, host: &str, lang: Lang, wanted: &[Pair]) -> Vec<Pair> {
    let value = |name| form::value(wanted, name).unwrap_or_default();
    let now_ms = real_now_ms();
    let number = (now_ms / 1_000 % 900_000_000 + 100_000_000).to_string();
    let reference = NationalReference::create(&number);
    let back = |end: &str| format!("http://{host}{PATH}/{end}");
    let ap = customer.configurations.first().map_or("", |one| one.ap);
    let fields = [
        ("RCVID", customer.rcvid.to_owned()),
        ("APPID", "vanha".to_owned()),
        ("TIMESTMP", timestamp::write(now_ms)),
        ("SO", String::new()),
        ("SOLIST", "P,L".to_owned()),
        ("TYPE", "PAYMENT".to_owned()),
        ("AU", "PAY".to_owned()),
        ("LG", lang.code().to_owned()),
        ("RETURL", back("RETURL")),
        ("CANURL", back("CANURL")),
        ("ERRURL", back("ERRURL")),
        ("AP", ap.to_owned()),
        ("APPNAME", lang.texts().vetuma_old.to_owned()),
        ("AM", value("AM").to_owned()),
        (
            "REF",
            reference
                .map(|one| one.to_machine().to_owned())
                .unwrap_or_default(),
        ),
        ("ORDNR", number.clone()),
        ("MSGBUYER", value("MSGFORM").to_owned()),
        ("MSGFORM", value("MSGFORM").to_owned()),
        ("TRID", number.clone()),
        ("PAYM_CALL_ID", number),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Where the call goes: a path here, or an address on this machine or in the open.
fn address(to: &str) -> Option<String> {
    let uri = to.parse::<Uri>().ok()?;
    let known = match uri.scheme_str() {
        Some("http" | "https") => uri.host().is_some(),
        _ => to.starts_with('/'),
    };
    known.then(|| to.to_owned())
}

fn rows(fields: &[Pair]) -> String {
    fields
        .iter()
        .map(|(name, value)| row(name, value))
        .collect()
}

fn page(lang: Lang, body: String, leads_to: Vec<String>) -> Page {
    Page::leading_to(lang, lang.texts().vetuma_old, body, leads_to).in_latin1()
}
