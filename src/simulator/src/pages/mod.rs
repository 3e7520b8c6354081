//! Everything a browser sees: plain HTML forms under a strict content security policy, no script, no inline style.

mod bank;
mod index;
mod payment;
mod refusal;
mod result;

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

/// A form is at most so long, in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;

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
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · {simulator}</title>\n\
             <link rel=\"stylesheet\" href=\"/assets/simulator.css\">\n<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n</head>\n\
             <body>\n<header class=\"sim\"><p><strong>{simulator}</strong> <span>{note}</span></p></header>\n<main{wide}>\n{body}\n</main>\n</body>\n</html>\n",
            lang = self.lang.code(),
            title = esc(&self.title),
            simulator = texts.simulator,
            note = texts.simulator_note,
            wide = if self.wide { " class=\"wide\"" } else { "" },
            body = self.body,
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = policy(&self.leads_to);
        let headers: [(HeaderName, &str); 6] = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (HeaderName::from_static("content-security-policy"), &policy),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
            (HeaderName::from_static("x-frame-options"), "DENY"),
            (HeaderName::from_static("referrer-policy"), "no-referrer"),
        ];
        (self.status, headers, self.layout()).into_response()
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

fn mark(bank: &Bank, size: &str) -> String {
    format!(
        "<i class=\"mark{size} hue-{}\" aria-hidden=\"true\">{}</i>",
        bank.id, bank.mark
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
fn not_found(lang: Lang) -> Response {
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
