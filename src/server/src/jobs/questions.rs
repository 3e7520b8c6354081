//! Questions to providers: how does this attempt stand?
//!
//! Nothing depends on the customer's coming back or on a callback's arriving: whatever was begun
//! is asked for, often at first and seldom later, and what comes of it is applied as a callback
//! is. A question that is asked twice does no harm, so a claim may end before its answer comes.

use std::{sync::Arc, time::Duration};

use kassa_checkout::{Timestamp, provider::PaymentEvent};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{PAUSE, schedule};
use crate::{
    asking, clock,
    crash::{self, Point},
    gateway::Asked,
    reports,
    shop::{Account, account_of},
    state::AppState,
    store::{Question, StoreError},
};

/// How many questions are claimed at once.
pub(super) const BATCH: u32 = 32;
/// How many are asked at once.
const AT_ONCE: usize = 16;
/// How long a claim lasts, in seconds: longer than all that is in hand can take.
pub(super) const LEASE: u64 = 60;
/// How long questions that run may take once the service stops.
const LAST_QUESTIONS: Duration = Duration::from_secs(5);

/// Asks whatever is due until the service stops.
pub(super) async fn run(app: AppState) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut stopping = app.stopping();
    while !*stopping.borrow() {
        if running.len() < AT_ONCE {
            for question in claim(&app).await {
                let (app, places) = (app.clone(), Arc::clone(&places));
                running.spawn(async move {
                    if let Ok(_permit) = places.acquire().await {
                        settle(&app, &question).await;
                    }
                });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            Some(_) = running.join_next(), if running.len() >= AT_ONCE => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
        while running.try_join_next().is_some() {}
    }
    let last = async { while running.join_next().await.is_some() {} };
    // Those that do not end in time are asked again after the next start.
    let _ = tokio::time::timeout(LAST_QUESTIONS, last).await;
}

async fn claim(app: &AppState) -> Vec<Question> {
    app.store
        .claim_questions(LEASE, BATCH)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(target: "kassa::jobs", %error, "questions could not be claimed");
            Vec::new()
        })
}

/// Asks, applies the answer, and writes down when to ask again.
async fn settle(app: &AppState, question: &Question) {
    crash::point(Point::QuestionsClaimed);
    let account = account_of(&app.config.shops, &question.shop, &question.provider);
    let again = match account {
        // A shop or an account that has gone may be there again tomorrow.
        None => {
            tracing::error!(
                target: "kassa::jobs",
                shop = %question.shop,
                provider = %question.provider,
                attempt = %question.attempt,
                "an attempt stays as it is: its account is not in the configuration"
            );
            app.metrics.has_no_account(&question.provider);
            schedule::next_question(question, true, clock::now())
        }
        Some(account) => match ask(app, account, question).await {
            Ok(again) => again,
            // The claim ends by itself, and the attempt is asked for once more.
            Err(_) => return,
        },
    };
    if let Err(error) = app.store.finish_question(question, again).await {
        tracing::error!(target: "kassa::jobs", %error, "a question's outcome was not kept");
    }
}

/// Asks and applies the answer; in how many seconds to ask again, if ever.
async fn ask(
    app: &AppState,
    account: &Account,
    question: &Question,
) -> Result<Option<u64>, StoreError> {
    let asked = asking::ask(app, account, &question.attempt).await?;
    let again = again(&asked, question, clock::now());
    if let Asked::Answer(found) = asked {
        crash::point(Point::QuestionAnswered);
        for report in found {
            apply(app, account, question, report).await?;
        }
        crash::point(Point::QuestionApplied);
    }
    Ok(again)
}

/// In how many seconds to ask again after this answer, if ever.
pub(super) fn again(asked: &Asked, question: &Question, now: Timestamp) -> Option<u64> {
    match asked {
        Asked::Answer(_) | Asked::Refused => schedule::next_question(question, true, now),
        Asked::UnknownPayment => schedule::next_question(question, false, now),
        Asked::Temporary { not_before } => schedule::question_after_failure(question, now)
            .map(|pause| pause.max(not_before.map_or(0, |at| at.seconds_since(now)))),
        Asked::Unsupported => None,
    }
}

async fn apply(
    app: &AppState,
    account: &Account,
    question: &Question,
    report: PaymentEvent,
) -> Result<(), StoreError> {
    if report.provider_payment_id != question.attempt {
        tracing::error!(
            target: "kassa::jobs",
            payment = %question.payment,
            "a provider's answer is about another attempt than was asked for"
        );
        return Ok(());
    }
    reports::apply(app, account.id(), report, None)
        .await
        .map(drop)
}
