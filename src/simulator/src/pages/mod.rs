//! Everything a browser sees: plain HTML forms under a strict content security policy, no inline style, and no script but the one that posts VETUMA's answers by itself.

mod bank;
mod index;
mod payment;
mod refusal;
mod result;

pub(crate) use index::language_of;
pub(crate) use payment::item;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::bank::Bank;
use crate::sender::Shared;
use crate::state::{Payment, Status};
use crate::texts::Lang;
use crate::vetuma::latin1::page_bytes;

/// A form is at most so long, in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// The payee's account: the example of the Finnish banks' own guides, which belongs to nobody.
pub(crate) const ACCOUNT: &str = "FI21 1234 5600 0007 85";

/// The routes of the pages, their style sheet and the health check.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(index::show))
        .route("/skip", axum::routing::post(index::skip))
        .route("/payment", get(payment::open_get).post(payment::open_post))
        .route("/page/{page_id}", get(payment::show))
        .route("/page/{page_id}/banks", get(payment::show_banks))
        .route(
            "/page/{page_id}/bank",
            axum::routing::post(payment::choose_bank),
        )
        .route("/page/{page_id}/result", get(result::show))
        .route("/bank/{page_id}", get(bank::show).post(bank::act))
        .route(
            "/assets/simulator.css",
            get(|| async { asset("text/css; charset=utf-8", include_str!("../style.css")) }),
        )
        .route(
            "/assets/onward.js",
            get(|| async {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../onward.js"),
                )
            }),
        )
        .route(
            "/assets/icon.svg",
            get(|| async { asset("image/svg+xml", include_str!("../icon.svg")) }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// Where the customer's browser goes when their part is done; `None` while it is not, or when the shop gave no address.
#[must_use]
pub fn next_url(payment: &Payment) -> Option<String> {
    let request = &payment.request;
    let (first, second) = match (payment.status, payment.code) {
        (status, _) if status.is_open() => return None,
        (Status::Decline, Some("20301")) => (&request.return_url, &request.fail_url),
        (Status::Decline, _) => (&request.fail_url, &request.return_url),
        _ => (&request.success_url, &request.return_url),
    };
    first.clone().or_else(|| second.clone())
}

/// A page before it is laid out.
pub(crate) struct Page {
    lang: Lang,
    title: String,
    body: String,
    status: StatusCode,
    /// Where the page's forms may lead besides this site, as the shop's addresses.
    leads_to: Vec<String>,
    wide: bool,
    /// In ISO-8859-1, as VETUMA's pages were.
    latin1: bool,
    /// Posts its form by itself, where scripts run.
    goes_on: bool,
}

impl Page {
    fn new(lang: Lang, title: impl Into<String>, body: String) -> Self {
        Self {
            lang,
            title: title.into(),
            body,
            status: StatusCode::OK,
            leads_to: Vec::new(),
            wide: false,
            latin1: false,
            goes_on: false,
        }
    }

    /// A page whose forms may end at these addresses.
    pub(crate) fn leading_to(
        lang: Lang,
        title: impl Into<String>,
        body: String,
        leads_to: Vec<String>,
    ) -> Self {
        Self {
            leads_to,
            ..Self::new(lang, title, body)
        }
    }

    /// The page in ISO-8859-1; forms on it are sent so too.
    pub(crate) fn in_latin1(self) -> Self {
        Self {
            latin1: true,
            ..self
        }
    }

    /// The page, posting the form with `data-onward` by itself where scripts run.
    pub(crate) fn going_on(self, goes_on: bool) -> Self {
        Self { goes_on, ..self }
    }

    /// The page with another status than 200.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The page with room for lists.
    pub(crate) fn made_wide(self) -> Self {
        Self { wide: true, ..self }
    }

    /// A page of a payment: its forms may end at the shop's addresses.
    fn of(payment: &Payment, title: impl Into<String>, body: String) -> Self {
        let request = &payment.request;
        let leads_to = [&request.success_url, &request.fail_url, &request.return_url]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        Self {
            leads_to,
            ..Self::new(request.lang, title, body)
        }
    }

    fn layout(&self) -> String {
        let texts = self.lang.texts();
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"{charset}\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · {simulator}</title>\n\
             <link rel=\"stylesheet\" href=\"/assets/simulator.css\">\n<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n{script}</head>\n\
             <body>\n<header class=\"sim\"><p><strong>{simulator}</strong> <span>{note}</span></p></header>\n<main{wide}>\n{body}\n</main>\n</body>\n</html>\n",
            lang = self.lang.code(),
            charset = self.charset(),
            script = if self.goes_on {
                "<script src=\"/assets/onward.js\" defer></script>\n"
            } else {
                ""
            },
            title = esc(&self.title),
            simulator = texts.simulator,
            note = texts.simulator_note,
            wide = if self.wide { " class=\"wide\"" } else { "" },
            body = self.body,
        )
    }

    fn charset(&self) -> &'static str {
        if self.latin1 { "iso-8859-1" } else { "utf-8" }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut policy = policy(&self.leads_to);
        if self.goes_on {
            policy.push_str("; script-src 'self'");
        }
        let kind = format!("text/html; charset={}", self.charset());
        let headers: [(HeaderName, &str); 6] = [
            (CONTENT_TYPE, &kind),
            (CACHE_CONTROL, "no-store"),
            (HeaderName::from_static("content-security-policy"), &policy),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
            (HeaderName::from_static("x-frame-options"), "DENY"),
            (HeaderName::from_static("referrer-policy"), "no-referrer"),
        ];
        let html = self.layout();
        let body = if self.latin1 {
            page_bytes(&html)
        } else {
            html.into_bytes()
        };
        (self.status, headers, body).into_response()
    }
}

/// Browsers check `form-action` along all redirects after a form, so the shop's addresses and whatever on this machine comes after them must be in it.
fn policy(leads_to: &[String]) -> String {
    let mut targets: Vec<String> = leads_to.iter().filter_map(|url| origin(url)).collect();
    targets.sort();
    targets.dedup();
    let targets = targets
        .iter()
        .fold(String::new(), |all, target| format!("{all} {target}"));
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://localhost:* http://127.0.0.1:*{targets}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The origin of a URL, when its host is of plain letters; a policy cannot name others.
fn origin(url: &str) -> Option<String> {
    let uri = url.parse::<Uri>().ok()?;
    let authority = uri.authority()?.as_str();
    let plain = authority
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    plain.then(|| format!("{}://{authority}", uri.scheme_str().unwrap_or("https")))
}

/// Text for HTML, in content or in a quoted attribute.
pub(crate) fn esc(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The first place in a text filled in.
pub(crate) fn fill(text: &str, value: &str) -> String {
    text.replacen("{}", value, 1)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (CONTENT_TYPE, kind),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
        ],
        text,
    )
}

fn see_other(to: &str) -> Response {
    Redirect::to(to).into_response()
}

/// The head of every card: who gets the money, for what, how much.
fn summary(shared: &Shared, payment: &Payment) -> String {
    let request = &payment.request;
    let texts = request.lang.texts();
    let about = if request.description.is_empty() {
        format!("{} {}", texts.payment, request.payment_id)
    } else {
        request.description.clone()
    };
    format!(
        "<div class=\"k-sum\"><div><span class=\"k-payee\">{}</span><span class=\"k-ref\">{}</span></div><strong>{}</strong></div>",
        esc(&shared.config.payee),
        esc(&about),
        esc(&request.lang.euros(request.amount)),
    )
}

pub(crate) fn mark(bank: &Bank, size: &str) -> String {
    format!(
        "<i class=\"mark{size} hue-{}\" aria-hidden=\"true\">{}</i>",
        bank.id, bank.mark
    )
}

/// A bank's own page: what is to be confirmed, and what may come of it.
pub(crate) struct BankPage<'a> {
    pub(crate) lang: Lang,
    /// The hue and letters of its mark; cards have none.
    pub(crate) bank: Option<&'a Bank>,
    pub(crate) name: &'a str,
    pub(crate) heading: &'a str,
    /// Names and values of what is to be confirmed.
    pub(crate) rows: &'a [(&'a str, &'a str)],
    /// Where its form goes.
    pub(crate) action: &'a str,
    /// Buttons that say yes, and those for all else.
    pub(crate) yes: String,
    pub(crate) no: String,
    /// What follows, folded away.
    pub(crate) more: String,
}

impl BankPage<'_> {
    /// The page's body.
    pub(crate) fn body(&self) -> String {
        let texts = self.lang.texts();
        let rows = self.rows.iter().map(|(name, value)| {
            format!("<div><dt>{}</dt><dd>{}</dd></div>", esc(name), esc(value))
        });
        let mark = self.bank.map_or_else(
            || "<i class=\"mark hue-none\" aria-hidden=\"true\">\u{25ad}</i>".to_owned(),
            |bank| mark(bank, ""),
        );
        format!(
            "<section class=\"k k-bank hue-{hue}\"><div class=\"k-head\">{mark}<div><span class=\"k-payee\">{name}</span><span class=\"k-ref\">{simulator}</span></div></div>\
             <h1>{heading}</h1><dl class=\"k-receipt\">{rows}</dl>\
             <form class=\"k-row\" method=\"post\" action=\"{action}\">{yes}<div class=\"k-acts\">{no}</div></form>{more}{foot}</section>",
            hue = self.bank.map_or(0, |bank| bank.id),
            name = esc(self.name),
            simulator = texts.simulated_bank,
            heading = self.heading,
            rows = rows.collect::<String>(),
            action = self.action,
            yes = self.yes,
            no = self.no,
            more = self.more,
            foot = foot(texts.made_up),
        )
    }
}

/// A button of a bank's page.
pub(crate) fn act_button(class: &str, act: &str, label: &str) -> String {
    format!(
        "<button class=\"{class}\" name=\"act\" value=\"{act}\">{}</button>",
        esc(label)
    )
}

/// The foot of a card, with a padlock.
pub(crate) fn foot(text: &str) -> String {
    format!(
        "<p class=\"k-foot\"><svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><rect x=\"4.5\" y=\"9\" width=\"11\" height=\"7.5\" rx=\"1.5\"/><path d=\"M7 9V6.5a3 3 0 0 1 6 0V9\"/></svg>{}</p>",
        esc(text)
    )
}

/// A page for what does not exist.
pub(crate) fn not_found(lang: Lang) -> Response {
    let texts = lang.texts();
    let body = format!(
        "<section class=\"k k-plain\"><h1>{}</h1><a class=\"k-quiet\" href=\"/\">{}</a></section>",
        texts.not_found, texts.all_payments
    );
    Page {
        status: StatusCode::NOT_FOUND,
        ..Page::new(lang, texts.not_found, body)
    }
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_for_html() {
        assert_eq!(esc("<a b=\"c\">'&"), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
    }

    #[test]
    fn names_only_plain_origins() {
        assert_eq!(
            origin("https://kauppa.example:8443/a?b"),
            Some("https://kauppa.example:8443".to_owned())
        );
        assert_eq!(origin("https://a,b.example/"), None);
        assert!(!policy(&[]).contains("unsafe"));
    }
}
