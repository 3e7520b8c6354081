//! Beginning a payment by a call of ours: the attempt is durable before, and whatever happens to
//! the call, no second payment is begun for the first.
//!
//! A call that got no answer may have reached the provider. Then the customer waits, for the
//! provider may go on as if nothing were wrong; and when the same choice is made again, the
//! provider is asked how the attempt stands before the same call is made with the same
//! identifier. Only what is certain to have come to nothing may be begun elsewhere instead.

use kassa_checkout::{
    Call, CallError, Signed,
    bank::Unavailable,
    contract::NextStep,
    provider::{Next, Opened},
};

use crate::{
    calls::{Failed, Leave},
    clock,
    crash::{self, Point},
    gateway::{self, Asked},
    problem::{Fault, Problem},
    reports,
    shop::Account,
    state::AppState,
    store::{AttemptRecord, CallState, Called, Payment},
    transport, view,
};

/// For how many seconds whoever began an attempt may be calling: longer than any call takes.
const CALLING: u64 = transport::ANSWER_WITHIN.as_secs() + 1;

/// What came of an attempt that a call of ours begins.
#[derive(Debug)]
pub(crate) enum Opening {
    /// What the browser does next.
    Onward(NextStep),
    /// It is certain that nothing began at the provider, and written down: another one may be
    /// tried. Where there is none, this is what the customer is told.
    Nothing(Problem),
}

/// Makes the call that begins an attempt, if it is still to be made: with the leave that was taken
/// for it, if any.
///
/// # Errors
/// [`Problem`] when the provider refuses or cannot be reached, and something may have begun there
/// all the same: the customer chooses again.
pub(crate) async fn open(
    app: &AppState,
    account: &Account,
    payment: &Payment,
    attempt: &AttemptRecord,
    new: bool,
    call: Signed<Call<Opened>>,
    leave: Option<Leave<'_>>,
) -> Result<Opening, Problem> {
    let onward = |step| Ok(Opening::Onward(step));
    if let Some(redirect) = &attempt.redirect {
        return onward(view::step(redirect));
    }
    if attempt.call != Some(CallState::Unsure) {
        return onward(NextStep::Await);
    }
    // Whoever began it may be about to call, here or at another node. A provider that gives each
    // payment an identifier of its own would begin a second one, of which nobody would hear.
    let may_call = clock::now() < attempt.at.plus_seconds(CALLING);
    if !new && may_call && account.provider.facts().asked_by_reference {
        let step = went_on(app, payment, attempt).await?;
        return onward(step.unwrap_or(NextStep::Await));
    }
    // The form was sent twice, and the first of the two makes the call now.
    let Some(_running) = app.running.enter(&attempt.provider, &attempt.id) else {
        return onward(NextStep::Await);
    };
    // Of one that may have begun the provider is asked first.
    let leave = leave.filter(|leave| new && leave.is_for(account));
    if !new {
        if let Some(step) = went_on(app, payment, attempt).await? {
            return onward(step);
        }
        let reference = attempt.references.of(&attempt.id);
        match gateway::ask_status(&app.calls, account, &attempt.id, reference, clock::now()).await {
            Asked::UnknownPayment => {}
            Asked::Answer(events) => {
                return onward(known(app, account, payment, attempt, events).await?);
            }
            Asked::Temporary { .. } => return Err(unreachable()),
            Asked::Refused | Asked::Unsupported => return Err(Fault::Provider.into()),
        }
    }
    crash::point(Point::Calling);
    let now = clock::now();
    let answer = match leave {
        Some(leave) => leave.call("begin", call, now).await,
        None => app.calls.make(account, "begin", call, now).await,
    };
    crash::point(Point::CallAnswered);
    match answer {
        Ok(opened) => onward(taken(app, account, attempt, opened.into_inner()).await?),
        Err(failed) => missed(app, account, payment, attempt, new, &failed).await,
    }
}

/// What the browser does next where somebody has learned meanwhile what became of the attempt;
/// none while nobody knows.
async fn went_on(
    app: &AppState,
    payment: &Payment,
    attempt: &AttemptRecord,
) -> Result<Option<NextStep>, Problem> {
    let now = app.store.by_token(&payment.token).await?;
    let now = now.ok_or(Fault::NotFound)?;
    let is_unsure = now
        .latest
        .as_ref()
        .is_some_and(|latest| latest.id == attempt.id && latest.call == Some(CallState::Unsure));
    if is_unsure {
        return Ok(None);
    }
    view::next(&now).map(Some).ok_or_else(unreachable)
}

/// Writes down that an attempt came to nothing before anything of it left.
pub(crate) async fn give_up(
    app: &AppState,
    account: &Account,
    attempt: &AttemptRecord,
    why: &'static str,
) -> Result<(), Problem> {
    let called = called(account, attempt, CallState::Refused);
    let why = Some(why);
    note(app, Called { why, ..called }).await
}

/// The provider knows the payment, though we never heard that it took it on.
async fn known(
    app: &AppState,
    account: &Account,
    payment: &Payment,
    attempt: &AttemptRecord,
    events: Vec<kassa_checkout::provider::PaymentEvent>,
) -> Result<NextStep, Problem> {
    let provider = account.id();
    note(app, called(account, attempt, CallState::Taken)).await?;
    for report in events {
        if report.provider_payment_id == attempt.id {
            reports::apply(app, provider, report, None).await?;
        }
    }
    let now = app.store.by_token(&payment.token).await?;
    Ok(now
        .and_then(|payment| view::next(&payment))
        .unwrap_or(NextStep::Await))
}

async fn taken(
    app: &AppState,
    account: &Account,
    attempt: &AttemptRecord,
    opened: Opened,
) -> Result<NextStep, Problem> {
    let redirect = match opened.next {
        Next::Go(redirect) => Some(redirect),
        Next::Await => None,
    };
    let step = redirect.as_ref().map_or(NextStep::Await, view::step);
    let called = Called {
        redirect,
        reference: opened.provider_reference,
        ..called(account, attempt, CallState::Taken)
    };
    note(app, called).await?;
    Ok(step)
}

/// The call brought nothing: whether the customer may still wait for it.
async fn missed(
    app: &AppState,
    account: &Account,
    payment: &Payment,
    attempt: &AttemptRecord,
    new: bool,
    failed: &Failed,
) -> Result<Opening, Problem> {
    let (provider, shop) = (account.id(), account.shop.as_str());
    if failed.was_never_sent() {
        tracing::warn!(target: "kassa::calls", provider, shop, reason = %failed, "a payment could not begin");
        if !new {
            // An earlier call may have got there, so only a first one is known to have come to
            // nothing.
            return Err(unreachable());
        }
        give_up(app, account, attempt, failed.outcome()).await?;
        return Ok(Opening::Nothing(unreachable()));
    }
    if failed.is_temporary() && account.provider.facts().asked_by_reference {
        // Whatever the provider has made of it, nobody was told where to pay it.
        tracing::warn!(target: "kassa::calls", provider, shop, attempt = %attempt.id, reason = %failed, "a payment could not begin");
        give_up(app, account, attempt, failed.outcome()).await?;
        return Err(unreachable());
    }
    if failed.is_temporary() {
        tracing::warn!(target: "kassa::calls", provider, shop, attempt = %attempt.id, reason = %failed, "whether a payment began is not known");
        return Ok(Opening::Onward(NextStep::Await));
    }
    give_up(app, account, attempt, failed.outcome()).await?;
    let problem = refused(app, account, payment, failed);
    if let Some(step) = reported_meanwhile(app, payment, attempt).await? {
        return Ok(Opening::Onward(step));
    }
    if new {
        Ok(Opening::Nothing(problem))
    } else {
        Err(problem)
    }
}

/// What the browser does next where the provider has reported on the attempt before it refused it:
/// it has taken it on, and another one would be a second payment.
async fn reported_meanwhile(
    app: &AppState,
    payment: &Payment,
    attempt: &AttemptRecord,
) -> Result<Option<NextStep>, Problem> {
    let now = app.store.by_token(&payment.token).await?;
    let taken = now.filter(|now| {
        let latest = now.latest.as_ref();
        latest
            .is_some_and(|latest| latest.id == attempt.id && latest.call == Some(CallState::Taken))
    });
    Ok(taken.map(|now| view::next(&now).unwrap_or(NextStep::Await)))
}

/// What a customer is told whose payment the provider refuses.
fn refused(app: &AppState, account: &Account, payment: &Payment, failed: &Failed) -> Problem {
    let (provider, shop) = (account.id(), account.shop.as_str());
    let Failed::Answer(CallError::NotOffered { why }) = failed else {
        tracing::error!(target: "kassa::calls", provider, shop, reason = %failed, "a payment was refused");
        return Fault::Provider.into();
    };
    tracing::info!(target: "kassa::calls", provider, shop, reason = %failed, "a bank is not offered now");
    // The list that the bank was chosen from is out of date.
    app.banks.forget(account, payment.lifecycle.amount());
    let detail = match why {
        Some(Unavailable::Amount) => "the bank does not take this sum",
        _ => "the bank cannot be chosen now",
    };
    Problem::field(Fault::BankNotOffered, "bank", detail)
}

/// That the call stands so, and nothing else is known.
fn called(account: &Account, attempt: &AttemptRecord, state: CallState) -> Called {
    Called {
        provider: account.id(),
        attempt: attempt.id.clone(),
        state,
        why: None,
        redirect: None,
        reference: None,
    }
}

async fn note(app: &AppState, called: Called) -> Result<(), Problem> {
    if let Some(token) = app.store.called(called, clock::now()).await? {
        app.changed(&token);
    }
    Ok(())
}

fn unreachable() -> Problem {
    Problem::new(Fault::ProviderUnavailable).retry_after(5)
}
