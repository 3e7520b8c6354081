//! Where providers and keys meet: what leaves for a provider is signed here, and what comes from
//! one is verified here.

use std::{fmt, net::IpAddr};

use kassa_checkout::{
    Amount, BankId, Call, CallError, Claimed, Coded, Customer, Language, Order, RawCallback,
    Selection, Signed, Timestamp, Verified,
    contract::{ChooseAt, FormField, NextStep},
    message::SignError,
    order::{AttemptRef, CallContext, Context},
    provider::{Beginning, BrowserForm, BuildError, Choice, Opened, PaymentEvent, Provider},
    refund::{RefundOrder, RefundReport},
};
use url::Url;

use crate::{
    calls::{Calls, Failed},
    clock,
    shop::{Account, Shop, Shops},
    store::{AttemptRecord, Payment},
    tokens,
    vetuma::SESSION,
};

/// The longest address that a browser is sent to; a longer message goes as a form. Well below
/// what servers and proxies take in one line.
const LONGEST_URL: usize = 6_000;

/// Why a payment cannot begin at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepError {
    /// The provider would refuse a field.
    Build(BuildError),
    /// The account has no key to sign with.
    Sign(SignError),
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Sign(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StepError {}

impl Coded for StepError {
    fn code(&self) -> &'static str {
        match self {
            Self::Build(error) => error.code(),
            Self::Sign(error) => error.code(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Build(error) => error.field(),
            Self::Sign(error) => error.field(),
        }
    }
}

/// The message that begins an attempt, signed.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once an attempt, and taken apart at once"
)]
pub enum Start {
    /// The customer's browser brings it.
    Form(BrowserForm),
    /// Our server does.
    Call(Signed<Call<Opened>>),
}

/// The message that begins an attempt at an account of the shop's. The same attempt always makes
/// the same form.
///
/// # Errors
/// [`StepError`].
pub fn begin(
    shop: &Shop,
    account: &Account,
    payment: &Payment,
    attempt: &AttemptRecord,
    public_url: &str,
    customer_ip: Option<IpAddr>,
) -> Result<Start, StepError> {
    let order = Order {
        provider_payment_id: attempt.id.clone(),
        amount: payment.lifecycle.amount(),
        reference: payment.reference.clone(),
        description: payment.terms.description.clone(),
        customer: payment.terms.customer.to_customer(&payment.id),
    };
    let context = Context {
        now: attempt.at,
        request_id: tokens::uuid(),
        session_id: tokens::uuid_of(&attempt.id),
        language: attempt.language,
        expires_at: expires_at(payment, attempt),
        callback_url: format!("{public_url}/callbacks/{}", account.id()),
        return_url: format!("{public_url}/return/{}", payment.token),
        customer_ip,
    };
    let chosen = (attempt.bank.as_ref(), attempt.method.as_deref());
    let choice = choice(shop, account, &payment.terms.selection, chosen);
    let beginning = account
        .provider
        .payments()
        .create_payment(&order, &choice, &context)
        .map_err(StepError::Build)?;
    let keys = account.keys();
    match beginning {
        Beginning::Form(form) => form.sign(&keys).map(Signed::into_message).map(Start::Form),
        Beginning::Call(call) => call.sign(&keys).map(Start::Call),
    }
    .map_err(StepError::Sign)
}

/// When the provider's offer ends: with ours, but that a call of VETUMA gives the customer as long
/// at the bank as here.
fn expires_at(payment: &Payment, attempt: &AttemptRecord) -> Timestamp {
    match payment.terms.vetuma {
        Some(_) => attempt.at.plus_seconds(SESSION),
        None => payment.expires_at,
    }
}

/// Whether a call of ours begins a payment with this choice at an account, rather than the
/// customer's browser.
///
/// # Errors
/// [`BuildError`] when the account takes no such choice.
pub fn begins_by_call(account: &Account, choice: &Choice) -> Result<bool, BuildError> {
    let beginning = try_choice(account.provider.as_ref(), choice)?;
    Ok(matches!(beginning, Beginning::Call(_)))
}

/// The origin that the account's page at its provider is at: where our own forms lead in the end.
#[must_use]
pub fn page_origin(account: &Account) -> Option<String> {
    let provider = account.provider.as_ref();
    if let Some(front) = provider.payments().front() {
        return Some(Url::parse(front).ok()?.origin().ascii_serialization());
    }
    let beginning = try_choice(provider, &Choice::AtProvider(Selection::AllBanks)).ok()?;
    let form = beginning
        .into_form()?
        .sign(&account.keys())
        .ok()?
        .into_message();
    Some(
        Url::parse(&form.action)
            .ok()?
            .origin()
            .ascii_serialization(),
    )
}

/// The message of an invented order that nobody will see.
fn try_choice(provider: &dyn Provider, choice: &Choice) -> Result<Beginning, BuildError> {
    let amount = Amount::from_cents(1)
        .map_err(|error| BuildError::new(error.code(), "amount", error.to_string()))?;
    let order = Order {
        provider_payment_id: "pay_0-1".to_owned(),
        amount,
        reference: "1232".to_owned(),
        description: None,
        customer: Customer {
            id: "none".to_owned(),
            ..Customer::default()
        },
    };
    let context = Context {
        now: Timestamp::from_millis(0),
        request_id: tokens::uuid(),
        session_id: tokens::uuid(),
        language: Language::Fi,
        expires_at: Timestamp::from_millis(0).plus_seconds(60),
        callback_url: "https://kassa.invalid/".to_owned(),
        return_url: "https://kassa.invalid/".to_owned(),
        customer_ip: Some([192, 0, 2, 1].into()),
    };
    provider.payments().create_payment(&order, choice, &context)
}

/// What the browser does with the form.
#[must_use]
pub fn next_step(form: BrowserForm) -> NextStep {
    let url = form.to_url();
    if url.len() <= LONGEST_URL {
        return NextStep::Redirect { url };
    }
    NextStep::PostForm {
        url: form.action,
        fields: form
            .fields
            .into_iter()
            .map(|(name, value)| FormField { name, value })
            .collect(),
    }
}

/// What the customer chose here, a bank or another method, as an account is told it; what is left
/// to the provider's page where it is neither.
#[must_use]
pub fn choice(
    shop: &Shop,
    account: &Account,
    selection: &Selection,
    chosen: (Option<&BankId>, Option<&str>),
) -> Choice {
    match chosen {
        (Some(bank), _) => Choice::Bank(bank.clone()),
        (None, Some(method)) => Choice::Method(method.to_owned()),
        (None, None) => Choice::AtProvider(narrowed(shop, account, selection)),
    }
}

/// The selection, no wider than the shop permits: where the shop names its banks, the provider's
/// page is given those of them that it has, instead of all.
fn narrowed(shop: &Shop, account: &Account, selection: &Selection) -> Selection {
    let (None, Some(_)) = (selection.named_banks(), &shop.banks) else {
        return selection.clone();
    };
    let known = account.known_banks().into_iter();
    let banks = known
        .filter_map(|bank| shop.shown(&bank))
        .map(|bank| bank.id);
    Selection::named(banks.collect()).unwrap_or_else(|_| selection.clone())
}

/// Whether a payment with these terms leaves the choice to the provider's page.
#[must_use]
pub fn chooses_at_provider(payment: &Payment) -> bool {
    payment.terms.choose_at == ChooseAt::Provider
}

/// What came of a callback.
#[derive(Debug)]
pub enum Heard {
    /// It holds.
    Verified(PaymentEvent),
    /// It does not, or cannot be read. Why is nobody's business.
    Refused,
}

/// A callback that one account has read. Nobody has verified it.
pub struct Claim<'a> {
    /// The provider.
    pub provider: &'static str,
    /// The attempt that it claims to be about.
    pub attempt: String,
    shop: &'a str,
    claimed: Claimed<PaymentEvent>,
}

/// Reads a callback so far as to find its payment.
#[must_use]
pub fn claim<'a>(shops: &'a Shops, provider: &str, raw: &RawCallback) -> Option<Claim<'a>> {
    accounts_at(shops, provider).find_map(|account| {
        let claimed = account.provider.callbacks()?.claim(raw).ok()?;
        Some(Claim {
            provider: account.id(),
            attempt: claimed.routing_hint().to_owned(),
            shop: &account.shop,
            claimed,
        })
    })
}

/// The accounts that shops have at a provider.
fn accounts_at<'a>(shops: &'a Shops, provider: &str) -> impl Iterator<Item = &'a Account> {
    let shops = shops.values();
    shops.filter_map(move |shop| shop.account(provider))
}

/// Verifies a callback for the first of these shops whose key holds.
///
/// `hinted` is the shop of the payment that the callback claims to be about: where there is one,
/// no other shop's key may speak for it.
#[must_use]
pub fn hear(shops: &Shops, raw: &RawCallback, claim: Claim<'_>, hinted: Option<&str>) -> Heard {
    let accounts = accounts_at(shops, claim.provider);
    let mut read = Some(claim);
    for account in accounts.filter(|account| hinted.is_none_or(|id| id == account.shop)) {
        let Some(callbacks) = account.provider.callbacks() else {
            continue;
        };
        // Read anew for each account: what is acceptable may depend on it.
        let claimed = match read.take_if(|claim| claim.shop == account.shop) {
            Some(claim) => Ok(claim.claimed),
            None => callbacks.claim(raw),
        };
        let verified = claimed.map(|claimed| claimed.verify(&account.keys()));
        if let Ok(Ok(verified)) = verified {
            return Heard::Verified(verified.into_inner());
        }
    }
    Heard::Refused
}

/// The attempt that a callback which only says that something changed claims to be about, with
/// the provider's name. Nobody has verified it.
#[must_use]
pub fn claim_notice(
    shops: &Shops,
    provider: &str,
    raw: &RawCallback,
) -> Option<(&'static str, String)> {
    accounts_at(shops, provider).find_map(|account| {
        let claimed = account.provider.notices()?.claim_notice(raw).ok()?;
        Some((account.id(), claimed.routing_hint().to_owned()))
    })
}

/// Verifies such a callback with the keys of the account whose attempt it is about, and that it was
/// sent about now.
#[must_use]
pub fn heed(account: &Account, raw: &RawCallback, now: Timestamp) -> bool {
    let verified = account.provider.notices().and_then(|notices| {
        let claimed = notices.claim_notice(raw).ok()?;
        claimed.verify(&account.keys()).ok()
    });
    let Some(notice) = verified.map(Verified::into_inner) else {
        return false;
    };
    let timely = notice.is_timely(now);
    if let (false, Some(sent)) = (timely, notice.sent) {
        tracing::warn!(
            target: "kassa::callbacks",
            provider = account.id(),
            shop = %account.shop,
            seconds = sent.at.millis().abs_diff(now.millis()) / 1_000,
            permitted = sent.within_seconds,
            "a callback's Date lies too far from now: this machine's clock or the provider's is wrong, or somebody sent an old callback again"
        );
    }
    timely
}

/// The call that has a provider give money back, signed.
///
/// # Errors
/// [`StepError`], also where the provider makes no refunds.
pub fn refund(
    account: &Account,
    about: &AttemptRef<'_>,
    order: &RefundOrder<'_>,
) -> Result<Signed<Call<RefundReport>>, StepError> {
    let refunds = account.provider.refunds();
    let unsupported = || BuildError::new("refund/unsupported", "manual", "a manual refund");
    let context = CallContext {
        now: clock::now(),
        request_id: tokens::uuid(),
        session_id: tokens::uuid_of(about.provider_payment_id),
    };
    let unsigned = refunds
        .ok_or_else(unsupported)
        .and_then(|refunds| refunds.refund(about, order, &context))
        .map_err(StepError::Build)?;
    unsigned.sign(&account.keys()).map_err(StepError::Sign)
}

/// Asks the provider how much went back of an attempt, in cents; nothing where it cannot be asked
/// or gives no answer.
pub async fn ask_refunded(
    calls: &Calls,
    account: &Account,
    about: &AttemptRef<'_>,
    now: Timestamp,
) -> Option<u64> {
    let totals = account.provider.refunds()?.totals()?;
    let context = CallContext {
        now,
        request_id: tokens::uuid(),
        session_id: tokens::uuid_of(about.provider_payment_id),
    };
    let question = totals.ask_total(about, &context).map_err(StepError::Build);
    let signed =
        question.and_then(|unsigned| unsigned.sign(&account.keys()).map_err(StepError::Sign));
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::calls", shop = %account.shop, %error, "a provider could not be asked how much went back");
            return None;
        }
    };
    match calls.make(account, "refunded", signed, now).await {
        Ok(total) => Some(total.into_inner().0),
        Err(failed) => {
            tracing::warn!(target: "kassa::calls", shop = %account.shop, reason = %failed, "a provider did not say how much went back");
            None
        }
    }
}

/// What came of asking a provider how an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The provider's reports, verified, to be applied as callbacks are. None when nothing has
    /// happened to the attempt yet.
    Answer(Vec<PaymentEvent>),
    /// The attempt never got to the provider, or has not yet. It says nothing about money.
    UnknownPayment,
    /// Nothing came of it, and another time something may.
    Temporary {
        /// Before when asking makes no sense, where that is known.
        not_before: Option<Timestamp>,
    },
    /// The provider refuses the question, or it could not even be put: configuration or a fault
    /// of ours. Asking brings the same until somebody acts; it was logged.
    Refused,
    /// This provider cannot be asked.
    Unsupported,
}

/// Asks an account's provider how an attempt stands.
///
/// Takes as long as the provider does, ten seconds at most; nothing is lost when it is dropped.
///
/// `reference` is the provider's own identifier of it, where it gave one.
pub async fn ask_status(
    calls: &Calls,
    account: &Account,
    attempt: &str,
    reference: Option<&str>,
    now: Timestamp,
) -> Asked {
    let Some(queries) = account.provider.status() else {
        return Asked::Unsupported;
    };
    let facts = account.provider.facts();
    let (provider, shop) = (facts.id, account.shop.as_str());
    if facts.asked_by_reference && reference.is_none() {
        return Asked::UnknownPayment;
    }
    let about = AttemptRef {
        provider_payment_id: attempt,
        provider_reference: reference,
    };
    let context = CallContext {
        now,
        request_id: tokens::uuid(),
        session_id: tokens::uuid_of(attempt),
    };
    let question = queries.ask(&about, &context).map_err(StepError::Build);
    let signed =
        question.and_then(|unsigned| unsigned.sign(&account.keys()).map_err(StepError::Sign));
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::calls", provider, shop, %error, "a status question could not be put");
            return Asked::Refused;
        }
    };
    match calls.make(account, "status", signed, now).await {
        Ok(events) => Asked::Answer(events.into_inner()),
        Err(Failed::Answer(CallError::UnknownPayment)) => Asked::UnknownPayment,
        Err(failed) if failed.is_temporary() => {
            tracing::info!(target: "kassa::calls", provider, shop, reason = %failed, "a status question got no answer");
            Asked::Temporary {
                not_before: failed.not_before(now),
            }
        }
        Err(failed) => {
            tracing::error!(target: "kassa::calls", provider, shop, reason = %failed, "a status question was refused");
            Asked::Refused
        }
    }
}
