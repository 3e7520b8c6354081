//! The hosted page: the whole checkout without a script, and the element where one runs.

use axum::{
    Extension,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kassa_checkout::{
    BankId, Language, Status,
    contract::{FormField, NextStep, PayRequest, PaymentStatus, Session},
};
use kassa_widget::{Fault as PageFault, PageLinks, Step, ssr};
use serde::Deserialize;

use super::{Path, assets, checkout, opened, vetuma};
use crate::{
    asking,
    problem::{Fault, Problem},
    security::{self, ClientAddress, From},
    shop::Shop,
    state::AppState,
    view,
};

/// After how many seconds a page without script asks again, from the first time on.
const PAUSES: [u32; 6] = [2, 2, 3, 5, 10, 20];
/// After how many times a page that waits for where to go offers to try again.
const IMPATIENT: u32 = 10;
/// After how many times it stops, a quarter of an hour later.
const LAST_TIME: u32 = 48;

/// What the address of the page may say.
#[derive(Debug, Deserialize, Default)]
pub(crate) struct PageQuery {
    lang: Option<String>,
    step: Option<String>,
    fault: Option<String>,
    /// How often the page has asked by itself.
    again: Option<String>,
}

/// Shows the page.
pub(crate) async fn page(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let asked = query.lang.as_deref().and_then(Language::from_tag);
    let (payment, shop) = match opened(&app, &token).await {
        Ok(opened) => opened,
        Err(problem) => return broken(&problem, asked.or_else(|| accepted(&headers))),
    };
    let language = asked
        .or(payment.terms.language)
        .or_else(|| accepted(&headers))
        .unwrap_or_default();
    match vetuma::answered(&app, &payment).await {
        Ok(None) => {}
        // The customer went back, from software that was answered already.
        Ok(Some(_)) => return see_other(&format!("/vetuma/return/{token}")),
        Err(problem) => return broken(&problem, Some(language)),
    }
    let session = checkout::session_of(&app, &payment, &shop, Some(language)).await;
    let page = format!("/checkout/{token}");
    let links = PageLinks {
        pay: format!("{page}/choose"),
        page: page.clone(),
        step: query.step.as_deref().and_then(Step::from_query),
        fault: query.fault.as_deref().and_then(fault_of),
    };
    let chooses = session.status.can_pay
        && (links.step.is_some()
            || links.fault.is_some()
            || session.status.status == Status::Created);
    let refresh = (!chooses && is_open(&session.status))
        .then(|| refresh(&page, language, times(query.again.as_deref())))
        .flatten();
    let frame = Frame {
        language,
        title: ssr::page_title(&session, language),
        head: refresh.unwrap_or_default(),
        languages: languages(&page, language, links.step),
        content: element(&token, language, &session, &links) + &vetuma::way_out(&payment, language),
    };
    frame.respond(Some(&shop), StatusCode::OK)
}

/// The element with the markup that does without it.
fn element(token: &str, language: Language, session: &Session, links: &PageLinks) -> String {
    let markup = ssr::checkout_page(session, language, links);
    let (token, language) = (escape(token), language.code());
    format!(
        "<kassa-checkout session=\"{token}\" api=\"\" lang=\"{language}\">{markup}</kassa-checkout>"
    )
}

fn is_open(status: &PaymentStatus) -> bool {
    status.refunding_cents > 0
        || matches!(
            status.status,
            Status::Redirected | Status::Pending | Status::AwaitingConfirmation
        )
}

/// How often the page has asked; what is no number counts as the first time.
fn times(again: Option<&str>) -> u32 {
    again.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// For browsers without script, or without the element: load the page again, more and more rarely.
fn refresh(page: &str, language: Language, times: u32) -> Option<String> {
    if times >= LAST_TIME {
        return None;
    }
    let index = usize::try_from(times).unwrap_or(usize::MAX);
    let pause = PAUSES.get(index).or(PAUSES.last()).copied()?;
    let (page, language, next) = (escape(page), language.code(), times + 1);
    let url = format!("{page}?lang={language}&amp;again={next}");
    Some(format!(
        "<noscript><meta http-equiv=\"refresh\" content=\"{pause};url={url}\"></noscript>\
         <script defer src=\"/assets/page/again.js\" data-pause=\"{pause}\" data-url=\"{url}\"></script>"
    ))
}

/// What the customer chose, sent as a form.
#[derive(Debug, Default)]
struct Chosen {
    bank: Option<String>,
    method: Option<String>,
    language: Option<Language>,
}

impl Chosen {
    /// Reads the form; fields that are not known here mean nothing.
    fn read(body: &[u8]) -> Self {
        let mut chosen = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "bank" => chosen.bank = Some(value),
                "method" => chosen.method = Some(value),
                "language" => chosen.language = Language::from_tag(&value),
                _ => {}
            }
        }
        chosen
    }

    fn request(self) -> Result<PayRequest, Problem> {
        let bank = self.bank.map(|bank| BankId::parse(&bank)).transpose();
        Ok(PayRequest {
            bank: bank.map_err(|error| Problem::coded(&error))?,
            method: self.method,
            language: self.language,
        })
    }
}

/// Takes a choice made without script, and sends the customer on.
///
/// The token is the capability; a page of another origin does not have it, and is refused besides.
pub(crate) async fn choose(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let From::Origin(_) = security::sender(&app.config, &headers) {
        return Problem::new(Fault::Origin).into_response();
    }
    let chosen = Chosen::read(&body);
    let language = chosen.language;
    let (payment, shop) = match opened(&app, &token).await {
        Ok(opened) => opened,
        Err(problem) => return broken(&problem, language.or_else(|| accepted(&headers))),
    };
    let step = match chosen.request() {
        Ok(request) => checkout::begin(&app, &payment, &shop, request, false, address).await,
        Err(problem) => Err(problem),
    };
    match step {
        Ok(NextStep::Redirect { url }) => see_other(&url),
        Ok(NextStep::PostForm { url, fields }) => {
            let language = language.or(payment.terms.language).unwrap_or_default();
            onward_page(&shop, language, &url, &fields)
        }
        Ok(NextStep::Await) => {
            let language = language.map_or("", Language::code);
            see_other(&format!("/checkout/{token}/wait?lang={language}"))
        }
        Err(problem) => {
            let fault = if problem.status().is_server_error() {
                "provider"
            } else {
                "not-payable"
            };
            let language = language.map_or("", Language::code);
            see_other(&format!("/checkout/{token}?lang={language}&fault={fault}"))
        }
    }
}

/// A form that leads on to the provider or the bank: by itself where scripts run.
fn onward_page(shop: &Shop, language: Language, url: &str, fields: &[FormField]) -> Response {
    let inputs: String = fields
        .iter()
        .map(|field| {
            let (name, value) = (escape(&field.name), escape(&field.value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let go_on = onward(language);
    let frame = Frame {
        language,
        title: go_on.to_owned(),
        head: "<script defer src=\"/assets/page/onward.js\"></script>".to_owned(),
        languages: String::new(),
        content: format!(
            "<form class=\"onward\" method=\"post\" action=\"{}\">{inputs}\
             <button>{go_on}</button></form>",
            escape(url)
        ),
    };
    frame.respond(Some(shop), StatusCode::OK)
}

/// The page of a customer who was told to wait for where to go: chosen without the element, so
/// that it works without script. It looks again by itself and goes on as soon as it may.
///
/// Nobody comes here but from the choice. Who comes back from the bank is shown how the payment
/// stands instead, and not sent there once more.
pub(crate) async fn wait(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let asked = query.lang.as_deref().and_then(Language::from_tag);
    let (payment, shop) = match opened(&app, &token).await {
        Ok(opened) => opened,
        Err(problem) => return broken(&problem, asked.or_else(|| accepted(&headers))),
    };
    let latest = payment.latest.as_ref().map(|latest| latest.language);
    let language = asked.or(latest).unwrap_or_default();
    let page = format!("/checkout/{token}");
    match view::next(&payment) {
        Some(NextStep::Redirect { url }) => see_other(&url),
        Some(NextStep::PostForm { url, fields }) => onward_page(&shop, language, &url, &fields),
        Some(NextStep::Await) => {
            let session = checkout::session_of(&app, &payment, &shop, Some(language)).await;
            let links = PageLinks {
                pay: format!("{page}/choose"),
                page: page.clone(),
                step: None,
                fault: None,
            };
            let times = times(query.again.as_deref());
            let frame = Frame {
                language,
                title: ssr::waiting_title(&session, language),
                head: look_again(&page, language, times).unwrap_or_default(),
                languages: String::new(),
                content: ssr::waiting_page(&session, language, &links, times >= IMPATIENT),
            };
            frame.respond(Some(&shop), StatusCode::OK)
        }
        None => see_other(&format!("{page}?lang={}", language.code())),
    }
}

/// Load the waiting page again, with script and without: often at first, and not for ever.
fn look_again(page: &str, language: Language, times: u32) -> Option<String> {
    let pause = match times {
        ..30 => 1,
        30..90 => 5,
        _ => return None,
    };
    let (page, language, next) = (escape(page), language.code(), times + 1);
    Some(format!(
        "<meta http-equiv=\"refresh\" \
         content=\"{pause};url={page}/wait?lang={language}&amp;again={next}\">"
    ))
}

/// The customer comes back from the provider: come and look, never proof of anything.
///
/// Who chose in the shop's own page goes back there; who chose here sees the result here.
pub(crate) async fn come_back(
    State(app): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match opened(&app, &token).await {
        Ok((payment, shop)) => {
            asking::on_return(&app, &shop, &payment);
            match &payment.latest {
                Some(latest) if latest.embedded => see_other(&view::return_url(&payment)),
                Some(latest) => {
                    let language = latest.language.code();
                    see_other(&format!("/checkout/{token}?lang={language}"))
                }
                None => see_other(&format!("/checkout/{token}")),
            }
        }
        Err(problem) => broken(&problem, accepted(&headers)),
    }
}

pub(super) fn see_other(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::new(Fault::Internal).into_response(),
    }
}

pub(super) fn accepted(headers: &HeaderMap) -> Option<Language> {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(Language::from_accept)
}

fn fault_of(word: &str) -> Option<PageFault> {
    match word {
        "provider" => Some(PageFault::Provider),
        "not-payable" => Some(PageFault::NotPayable),
        _ => None,
    }
}

/// The page of a payment that cannot be shown.
pub(super) fn broken(problem: &Problem, language: Option<Language>) -> Response {
    let language = language.unwrap_or_default();
    let fault = if problem.status() == StatusCode::NOT_FOUND {
        PageFault::Unknown
    } else {
        PageFault::Unreachable
    };
    let frame = Frame {
        language,
        title: "Kassa".to_owned(),
        head: String::new(),
        languages: String::new(),
        content: ssr::fault_page(fault, language),
    };
    frame.respond(None, problem.status())
}

/// A page that says one thing; the content is markup.
pub(super) fn plain_page(
    status: StatusCode,
    language: Language,
    title: &str,
    content: String,
) -> Response {
    let frame = Frame {
        language,
        title: title.to_owned(),
        head: String::new(),
        languages: String::new(),
        content,
    };
    frame.respond(None, status)
}

/// A whole page. All but title are markup.
struct Frame {
    language: Language,
    title: String,
    head: String,
    languages: String,
    content: String,
}

impl Frame {
    fn respond(self, shop: Option<&Shop>, status: StatusCode) -> Response {
        let Self {
            language,
            title,
            head,
            languages,
            content,
        } = self;
        let (language, title) = (language.code(), escape(&title));
        let widget = if assets::has_widget() {
            "<link rel=\"stylesheet\" href=\"/assets/checkout/kassa.css\">\
             <script type=\"module\" src=\"/assets/checkout/kassa-checkout.js\"></script>"
        } else {
            ""
        };
        let page = format!(
            "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"robots\" content=\"noindex\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <title>{title}</title>\
             <link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/page/icon.svg\">\
             <link rel=\"stylesheet\" href=\"/assets/page/hosted.css\">{widget}{head}</head>\
             <body><main class=\"hosted\"><h1 class=\"unseen\">{title}</h1>{content}</main>{languages}</body></html>"
        );
        let mut response = (status, axum::response::Html(page)).into_response();
        if let Ok(policy) = HeaderValue::from_str(&security::page_policy(shop)) {
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The links to the page in the other languages.
fn languages(page: &str, current: Language, step: Option<Step>) -> String {
    let step = step.map_or_else(String::new, |step| format!("&amp;step={}", step.as_str()));
    let page = escape(page);
    let links: String = Language::ALL
        .into_iter()
        .map(|language| {
            let code = language.code();
            let name = match language {
                Language::Fi => "Suomi",
                Language::Sv => "Svenska",
                Language::En => "English",
            };
            let current = if language == current {
                " aria-current=\"true\""
            } else {
                ""
            };
            format!(
                "<li><a href=\"{page}?lang={code}{step}\" lang=\"{code}\" \
                 hreflang=\"{code}\"{current}>{name}</a></li>"
            )
        })
        .collect();
    let label = match current {
        Language::Fi => "Kieli",
        Language::Sv => "Språk",
        Language::En => "Language",
    };
    format!("<nav class=\"languages\" aria-label=\"{label}\"><ul>{links}</ul></nav>")
}

const fn onward(language: Language) -> &'static str {
    match language {
        Language::Fi => "Jatka pankkiin",
        Language::Sv => "Fortsätt till banken",
        Language::En => "Continue to the bank",
    }
}

/// Text as it stands in markup and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Language, escape, refresh};

    #[test]
    fn markup_in_text_stays_text() {
        assert_eq!(
            escape("<a href='x' title=\"y\">&"),
            "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;"
        );
    }

    #[test]
    fn a_page_asks_more_and_more_rarely_and_stops() {
        let pause = |times| refresh("/p", Language::Fi, times);
        assert!(
            pause(0)
                .unwrap()
                .contains("content=\"2;url=/p?lang=fi&amp;again=1\"")
        );
        assert!(pause(5).unwrap().contains("content=\"20;"));
        assert!(pause(47).unwrap().contains("content=\"20;"));
        assert_eq!(pause(48), None);
    }
}
