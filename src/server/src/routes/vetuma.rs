//! The addresses that software which was made for VETUMA calls, by the customer's browser or, to
//! ask about a payment, by itself; and the pages that bring its answers.
//!
//! No live VETUMA exists: see [`crate::vetuma`].

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kassa_checkout::{Language, Timestamp, contract::ChooseAt, provider::BrowserForm};
use kassa_providers::vetuma::{Field, Kind, Message, PayCall, latin1, mac_text};
use serde_json::json;

use super::{
    Path,
    hosted::{self, accepted, escape, see_other},
    opened,
    shop::try_out,
    terms::Agreed,
};
use crate::{
    clock,
    problem::{Fault, Problem, ProblemBody},
    security::{self, From},
    state::AppState,
    store::{
        Created, Filter, Idempotency, NewPayment, NewReference, Note, Noted, Payer, Payment, Terms,
        VetumaTerms,
    },
    tokens,
    vetuma::{
        self, AnswerRecord, Authentic, Bridge, FaultyCall, Offer, SESSION, WrongCall, answer_for,
    },
};

/// What an answer is kept under among the events of its payment: there is one.
const ANSWERED: &str = "vetuma.answered";

/// How often an answer is decided anew because the payment changed meanwhile.
const DECISIONS: usize = 20;

/// Takes a call for a payment from software that was made for VETUMA, brought by the customer's
/// browser as a form in ISO-8859-1.
///
/// No live VETUMA exists. The call is verified with the shop's VETUMA secret and becomes an
/// ordinary payment; the browser is sent to the hosted page, and in the end brings the answer to
/// one of the call's three addresses.
#[utoipa::path(
    post, path = "/vetuma/payment", tag = "vetuma", operation_id = "vetumaPayment",
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded", description = "The fields of PAYMENT/PAY with their MAC, in ISO-8859-1"),
    responses(
        (status = 200, description = "A page with a form that brings the answer to a faulty call", body = String, content_type = "text/html"),
        (status = 303, description = "To the hosted page, or to the answer that the same call got"),
        (status = "4XX", description = "A page that tells the customer that the call is refused; or a problem", content((String = "text/html"), (ProblemBody = "application/problem+json"))),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn pay(State(app): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let now = clock::now();
    match take(&app, &body, now).await {
        Ok(response) => response,
        Err(Refusal::Wrong(why)) => {
            app.metrics.vetuma_refused("PAY", why.as_str());
            tracing::warn!(target: "kassa::vetuma", ?why, "a call is nobody's");
            refused_page(accepted(&headers).unwrap_or_default())
        }
        Err(Refusal::Problem(problem)) => problem.into_response(),
    }
}

/// Why a call gets no answer.
enum Refusal {
    /// It is nobody's: nothing in it may be believed, so that nobody is answered.
    Wrong(WrongCall),
    Problem(Problem),
}

impl<E: Into<Problem>> std::convert::From<E> for Refusal {
    fn from(problem: E) -> Self {
        Self::Problem(problem.into())
    }
}

async fn take(app: &AppState, body: &[u8], now: Timestamp) -> Result<Response, Refusal> {
    let call = vetuma::authenticate(&app.config.shops, Kind::PayCall, body, now);
    let call = call.map_err(Refusal::Wrong)?;
    let (read, offer) = match vetuma::agree(&call) {
        Ok(agreed) => agreed,
        Err(fault) => return Ok(faulty(app, &call, &fault, now)?),
    };
    // Of the calls of one order number only one comes here at a time.
    let key = key_of(&call.message, &read);
    let running = app.running.enter(&call.shop.id, &key);
    let _running = running.ok_or(Fault::KeyRunning)?;
    let asked = Idempotency {
        fingerprint: fingerprint(&call),
        also: also_of(&read).filter(|also| *also != key),
        key,
    };
    if let Some(before) = app.store.answered(&call.shop.id, &asked.key).await? {
        return if before.fingerprint == asked.fingerprint {
            // The browser brought it twice, or the customer went back.
            Ok(go_on(&before.answer, read.head.language)?)
        } else {
            let used = numbered_by(&read);
            Ok(used_before(app, &call, used, &before.answer, now).await?)
        };
    }
    if !read.head.time.is_near(now) {
        return Ok(faulty(app, &call, &FaultyCall::Time, now)?);
    }
    if let Some(other) = with_call_id(app, &call, &read).await? {
        return Ok(used_before(app, &call, Field::PaymCallId, &other.token, now).await?);
    }
    let language = read.head.language;
    let new = match new_payment(app, &call, &read, offer, now)? {
        Ok(new) => new,
        Err(fault) => return Ok(faulty(app, &call, &fault, now)?),
    };
    let answer = match app.store.create(new, Some(asked)).await? {
        Created::New(answer) => {
            app.metrics.created();
            answer
        }
        Created::Before(answer) => answer,
        // Another node took such a call in this moment.
        Created::KeyReused => return Ok(raced(app, &call, &read, now).await?),
    };
    Ok(go_on(&answer, language)?)
}

/// What a call is known by for good: its order number, else its identifier, else itself. No shop
/// can use such a key, since it has a space.
fn key_of(message: &Message, call: &PayCall) -> String {
    match (&call.order_number, &call.call_id) {
        (Some(number), _) => format!("vetuma order {number}"),
        (None, Some(_)) => also_of(call).unwrap_or_default(),
        (None, None) => format!("vetuma {}", digest(&message.signing_input())),
    }
}

/// What else it is known by, beside its order number.
fn also_of(call: &PayCall) -> Option<String> {
    let id = call.call_id.as_ref()?;
    Some(format!("vetuma call {id}"))
}

const fn numbered_by(call: &PayCall) -> Field {
    match call.order_number {
        Some(_) => Field::Ordnr,
        None => Field::PaymCallId,
    }
}

/// What tells two calls apart: all that they say.
fn fingerprint(call: &Authentic<'_>) -> String {
    digest(&call.message.signing_input())
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    mac_text(&kassa_checkout::message::Signature(
        Sha256::digest(bytes).to_vec(),
    ))
}

/// Another payment with the call's identifier, where its order number is another. Calls that an
/// older version took have used up no second key.
async fn with_call_id(
    app: &AppState,
    call: &Authentic<'_>,
    read: &PayCall,
) -> Result<Option<Payment>, Problem> {
    match &read.call_id {
        Some(id) => by_call_id(app, &call.shop.id, id).await,
        None => Ok(None),
    }
}

/// Refuses a call whose order number or identifier another call used in this moment.
async fn raced(
    app: &AppState,
    call: &Authentic<'_>,
    read: &PayCall,
    now: Timestamp,
) -> Result<Response, Problem> {
    let shop = &call.shop.id;
    let first = app
        .store
        .answered(shop, &key_of(&call.message, read))
        .await?;
    if let Some(first) = first {
        return used_before(app, call, numbered_by(read), &first.answer, now).await;
    }
    match with_call_id(app, call, read).await? {
        Some(other) => used_before(app, call, Field::PaymCallId, &other.token, now).await,
        None => Err(Fault::Unavailable.into()),
    }
}

/// Refuses a call that uses what another call's payment is known by, and leaves its trace there:
/// somebody will ask why that software's customer could not pay.
async fn used_before(
    app: &AppState,
    call: &Authentic<'_>,
    field: Field,
    token: &str,
    now: Timestamp,
) -> Result<Response, Problem> {
    let fault = FaultyCall::Used(field);
    for _ in 0..DECISIONS {
        let Some(payment) = app.store.by_token(token).await? else {
            break;
        };
        let note = Note {
            shop: payment.shop,
            payment: payment.id,
            version: payment.version,
            who: format!("shop:{}", call.shop.id),
            kind: "vetuma.refused",
            detail: json!({ "field": field.name(), "call": call.trace() }),
            once: format!("vetuma.refused/{}", fingerprint(call)),
            now,
        };
        if app.store.note(note).await? != Noted::Changed {
            break;
        }
    }
    faulty(app, call, &fault, now)
}

/// The payment of a shop that came by the call with this identifier.
async fn by_call_id(app: &AppState, shop: &str, id: &str) -> Result<Option<Payment>, Problem> {
    let filter = Filter {
        shop: Some(shop.to_owned()),
        order: Some(id.to_owned()),
        limit: 10,
        ..Filter::default()
    };
    let name = Field::PaymCallId.name();
    let found = app.store.list(filter).await?.into_iter();
    let mut found = found.filter(|payment| {
        let vetuma = payment.terms.vetuma.as_ref();
        vetuma.and_then(|vetuma| vetuma.get(name)) == Some(id)
    });
    Ok(found.next())
}

/// The payment of a call; the fault where the provider would refuse it.
fn new_payment(
    app: &AppState,
    call: &Authentic<'_>,
    read: &PayCall,
    offer: Offer,
    now: Timestamp,
) -> Result<Result<NewPayment, FaultyCall>, Problem> {
    let no_randomness = |_| Problem::new(Fault::Internal);
    let id = tokens::payment_id(now).map_err(no_randomness)?;
    let token = tokens::checkout_token(now).map_err(no_randomness)?;
    let fields = call.message.fields();
    let vetuma = VetumaTerms {
        call: fields
            .map(|(field, value)| (field.name().to_owned(), value.to_owned()))
            .collect(),
        secret: call.secret.clone(),
        payid: tokens::digits(15).map_err(no_randomness)?,
        back: format!("{}/vetuma/return/{token}", app.config.public_url),
        banks: offer.banks,
        only: offer.only,
        methods: offer.methods,
    };
    let said = [&read.on_form, &read.to_buyer];
    let said = said.into_iter().flatten().find(|text| !text.is_empty());
    let agreed = Agreed {
        // What the software asks by, where it can ask; else what it knows the payment by.
        order: [&read.call_id, &read.order_number, &read.reference]
            .into_iter()
            .flatten()
            .next()
            .cloned()
            .unwrap_or_else(|| id.clone()),
        amount: read.amount,
        reference: match read.national_reference() {
            Some(reference) => NewReference::Given(reference.to_machine().to_owned()),
            None => NewReference::Allotted {
                prefix: call.shop.reference_series.clone(),
            },
        },
        terms: Terms {
            language: Some(read.head.language),
            description: said.cloned(),
            customer: Payer::default(),
            selection: offer.selection,
            choose_at: ChooseAt::Kassa,
            return_url: read.head.addresses.success.clone(),
            vetuma: Some(Box::new(vetuma)),
        },
        expires_at: now.plus_seconds(SESSION),
    };
    if let Err(problem) = try_out(app, call.shop, &agreed, (&id, &token), now) {
        return Ok(Err(FaultyCall::Provider(problem.code().to_owned())));
    }
    Ok(Ok(NewPayment {
        id,
        token,
        shop: call.shop.id.clone(),
        order: agreed.order,
        reference: agreed.reference,
        amount: agreed.amount,
        terms: agreed.terms,
        now,
        expires_at: agreed.expires_at,
        answer: Box::new(|payment| payment.token.clone()),
    }))
}

/// To the payment of the call: its page leads on to the answer where there is one.
fn go_on(token: &str, language: Language) -> Result<Response, Problem> {
    Ok(see_other(&format!(
        "/checkout/{token}?lang={}",
        language.code()
    )))
}

/// Tells the software of its faulty call, where its address is one that may be told.
fn faulty(
    app: &AppState,
    call: &Authentic<'_>,
    fault: &FaultyCall,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (why, field) = fault.told();
    let shop = &call.shop.id;
    app.metrics.vetuma_refused("PAY", fault.as_str());
    // With what the chapter on tracing names: where it began no payment, nothing else is kept of it.
    let trace = call.trace();
    tracing::warn!(target: "kassa::vetuma", %shop, field, why, call = %trace, "a call is faulty");
    let text = call.get(Field::Lg);
    let language = Language::from_tag(text).unwrap_or_default();
    let error_address = call.get(Field::Errurl);
    if !call.bridge.return_urls.permit(error_address) {
        return Ok(refused_page(language));
    }
    let form = vetuma::error_form(call.bridge, &call.message, &call.secret, now);
    match form {
        Ok(form) => Ok(answer_page(
            call.bridge,
            language,
            call.get(Field::Appname),
            &form,
        )),
        Err(why) => {
            tracing::error!(target: "kassa::vetuma", %shop, %why, "a call cannot be answered");
            Err(Problem::new(Fault::Misconfigured))
        }
    }
}

/// The answer that a payment's call got.
pub(super) async fn answered(
    app: &AppState,
    payment: &Payment,
) -> Result<Option<AnswerRecord>, Problem> {
    if payment.terms.vetuma.is_none() {
        return Ok(None);
    }
    let events = app.store.events(&payment.shop, &payment.id).await?;
    let mut events = events.unwrap_or_default().into_iter();
    let found = events.find(|event| event.kind == ANSWERED);
    Ok(found.and_then(|event| serde_json::from_value(event.detail).ok()))
}

/// The customer goes back to the software: with the answer, where it is decided.
pub(crate) async fn come_back(
    State(app): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(&app, &token, false, &headers).await
}

/// The customer leaves without waiting, or gives up.
pub(crate) async fn leave(
    State(app): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let From::Origin(_) = security::sender(&app.config, &headers) {
        return Problem::new(Fault::Origin).into_response();
    }
    answer(&app, &token, true, &headers).await
}

async fn answer(app: &AppState, token: &str, leaves: bool, headers: &HeaderMap) -> Response {
    match give(app, token, leaves).await {
        Ok(response) => response,
        Err(problem) => hosted::broken(&problem, accepted(headers)),
    }
}

async fn give(app: &AppState, token: &str, leaves: bool) -> Result<Response, Problem> {
    for _ in 0..DECISIONS {
        let (payment, shop) = opened(app, token).await?;
        let (Some(call), Some(bridge)) = (&payment.terms.vetuma, &shop.vetuma) else {
            return Err(Fault::NotFound.into());
        };
        let language = payment.terms.language.unwrap_or_default();
        let now = clock::now();
        let record = match answered(app, &payment).await? {
            Some(record) => record,
            None => match answer_for(payment.status(), leaves) {
                None => return Ok(see_other(&page_of(token, language))),
                Some(status) => {
                    let record = AnswerRecord::new(&payment, call, &status, now);
                    match note(app, &payment, &record, now).await? {
                        Noted::New => record,
                        // Somebody was quicker, or the bank reported: decide anew.
                        Noted::Before | Noted::Changed => continue,
                    }
                }
            },
        };
        let form = vetuma::form_of(bridge, call, &record, now).map_err(|why| {
            tracing::error!(target: "kassa::vetuma", shop = %shop.id, %why, "a call cannot be answered");
            Problem::new(Fault::Misconfigured)
        })?;
        let name = call.get(Field::Appname.name()).unwrap_or_default();
        return Ok(answer_page(bridge, language, name, &form));
    }
    Err(Fault::Unavailable.into())
}

fn page_of(token: &str, language: Language) -> String {
    format!("/checkout/{token}?lang={}", language.code())
}

/// Writes down the answer before it leaves.
async fn note(
    app: &AppState,
    payment: &Payment,
    record: &AnswerRecord,
    now: Timestamp,
) -> Result<Noted, Problem> {
    let note = Note {
        shop: payment.shop.clone(),
        payment: payment.id.clone(),
        version: payment.version,
        who: "kassa".to_owned(),
        kind: ANSWERED,
        detail: json!(record),
        once: ANSWERED.to_owned(),
        now,
    };
    let noted = app.store.note(note).await?;
    if noted == Noted::New {
        app.changed(&payment.token);
    }
    Ok(noted)
}

/// Answers a question about a payment: a form in ISO-8859-1, and so is the answer.
///
/// No live VETUMA exists. How the payment stands comes from Kassa's own books.
#[utoipa::path(
    post, path = "/vetuma/paymentQuery", tag = "vetuma", operation_id = "vetumaPaymentQuery",
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded", description = "The fields of PAYMENT/CHECK with their MAC, in ISO-8859-1"),
    responses(
        (status = 200, description = "The answer with its MAC", body = String, content_type = "application/x-www-form-urlencoded"),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn query(State(app): State<AppState>, body: Bytes) -> Result<Response, Problem> {
    let now = clock::now();
    let call = vetuma::authenticate(&app.config.shops, Kind::CheckCall, &body, now);
    let call = call.map_err(|why| {
        app.metrics.vetuma_refused("CHECK", why.as_str());
        tracing::warn!(target: "kassa::vetuma", ?why, "a question is nobody's");
        Problem::new(Fault::Vetuma)
    })?;
    let refuse = |fault: FaultyCall| {
        app.metrics.vetuma_refused("CHECK", fault.as_str());
        let (why, field) = fault.told();
        let (shop, trace) = (&call.shop.id, call.trace());
        tracing::warn!(target: "kassa::vetuma", %shop, field, why, call = %trace, "a question is faulty");
        Problem::new(Fault::Vetuma)
    };
    let question = call.question().map_err(refuse)?;
    if !question.head.time.is_near(now) {
        return Err(refuse(FaultyCall::Time));
    }
    let payment = by_call_id(&app, &call.shop.id, &question.call_id).await?;
    let about = payment
        .as_ref()
        .and_then(|payment| Some((payment, &**payment.terms.vetuma.as_ref()?)));
    let answer = vetuma::to_question(call.bridge, &call.secret, &question, about, now);
    let answer = answer.map_err(|why| {
        tracing::error!(target: "kassa::vetuma", shop = %call.shop.id, %why, "a question cannot be answered");
        Problem::new(Fault::Misconfigured)
    })?;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok(([(header::CONTENT_TYPE, kind)], answer).into_response())
}

/// The page that brings an answer: by itself where scripts run, else by its button. It is in
/// ISO-8859-1, as its form has to be.
fn answer_page(
    bridge: &Bridge,
    language: Language,
    app_name: &str,
    form: &BrowserForm,
) -> Response {
    let inputs: String = form
        .fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let title = escape(&back_to(language, app_name));
    let (code, action) = (language.code(), escape(&form.action));
    let page = format!(
        "<!doctype html><html lang=\"{code}\"><head><meta charset=\"ISO-8859-1\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/page/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/assets/page/hosted.css\">\
         <script defer src=\"/assets/page/onward.js\"></script></head>\
         <body><main class=\"hosted\"><h1 class=\"unseen\">{title}</h1>\
         <form class=\"onward\" method=\"post\" action=\"{action}\" accept-charset=\"ISO-8859-1\">\
         {inputs}<button>{title}</button></form></main></body></html>"
    );
    let Some(page) = latin1::encode(&page) else {
        return Problem::new(Fault::Internal).into_response();
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; form-action {}",
        bridge.return_urls.origins().join(" ")
    );
    let kind = HeaderValue::from_static("text/html; charset=ISO-8859-1");
    let mut response = ([(header::CONTENT_TYPE, kind)], page).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The page of a call that is nobody's.
fn refused_page(language: Language) -> Response {
    let (title, text) = match language {
        Language::Fi => (
            "Maksua ei voitu aloittaa",
            "Palvelun lähettämää maksupyyntöä ei voitu hyväksyä. Maksua ei ole veloitettu. \
             Palaa palveluun ja yritä uudelleen.",
        ),
        Language::Sv => (
            "Betalningen kunde inte påbörjas",
            "Betalningsbegäran från tjänsten kunde inte godkännas. Ingen betalning har gjorts. \
             Gå tillbaka till tjänsten och försök igen.",
        ),
        Language::En => (
            "The payment could not be started",
            "The payment request from the service could not be accepted. Nothing has been charged. \
             Go back to the service and try again.",
        ),
    };
    let content = format!("<section class=\"refused\"><p>{text}</p></section>");
    hosted::plain_page(StatusCode::BAD_REQUEST, language, title, content)
}

fn back_to(language: Language, app_name: &str) -> String {
    let (bare, named) = match language {
        Language::Fi => ("Takaisin palveluun", "Takaisin palveluun:"),
        Language::Sv => ("Tillbaka till tjänsten", "Tillbaka till tjänsten:"),
        Language::En => ("Back to the service", "Back to the service:"),
    };
    if app_name.trim().is_empty() {
        bare.to_owned()
    } else {
        format!("{named} {app_name}")
    }
}

/// What the hosted page adds for a payment that came by a call of VETUMA: a way back without
/// paying, or without waiting.
pub(super) fn way_out(payment: &Payment, language: Language) -> String {
    use kassa_checkout::Status;
    let label = match payment.status() {
        _ if payment.terms.vetuma.is_none() => return String::new(),
        Status::Created
        | Status::Redirected
        | Status::Declined
        | Status::Cancelled
        | Status::Failed => match language {
            Language::Fi => "Keskeytä ja palaa palveluun",
            Language::Sv => "Avbryt och gå tillbaka till tjänsten",
            Language::En => "Cancel and go back to the service",
        },
        // Where scripts run the page goes on to the payment's end, and this stays as it is.
        Status::Pending | Status::AwaitingConfirmation => match language {
            Language::Fi => "Palaa palveluun",
            Language::Sv => "Tillbaka till tjänsten",
            Language::En => "Back to the service",
        },
        // The page itself leads back.
        _ => return String::new(),
    };
    let token = escape(&payment.token);
    format!(
        "<form class=\"leave\" method=\"post\" action=\"/vetuma/cancel/{token}\">\
         <button>{label}</button></form>"
    )
}

/// Who is paid, as the customer of a call reads it: the application by its name, and the shop.
pub(super) fn payee(payment: &Payment, payee: &str) -> String {
    let name = payment.terms.vetuma.as_ref();
    let name = name.and_then(|vetuma| vetuma.get(Field::Appname.name()));
    match name.filter(|name| !name.trim().is_empty()) {
        Some(name) => format!("{name} ({payee})"),
        None => payee.to_owned(),
    }
}
