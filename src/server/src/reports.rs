//! What providers report, by callback or when asked, applied in one place.

use kassa_checkout::provider::PaymentEvent;

use crate::{
    clock,
    crash::{self, Point},
    state::AppState,
    store::{Applied, Payment, StoreError},
};

/// Applies a verified report and tells those who wait for it; answers in a word what came of it.
/// When this returns, it is durable. `seen` is the attempt's payment, where it was read just now.
///
/// # Errors
/// [`StoreError`]; nothing was applied.
pub(crate) async fn apply(
    app: &AppState,
    provider: &'static str,
    report: PaymentEvent,
    seen: Option<Payment>,
) -> Result<&'static str, StoreError> {
    let attempt = report.provider_payment_id.clone();
    let (word, meaning) = (report.evidence.word.clone(), report.evidence.meaning);
    let now = clock::now();
    let applied = match seen {
        Some(seen) => app.store.apply_to(seen, provider, report, now).await?,
        None => app.store.apply(provider, report, now).await?,
    };
    Ok(match applied {
        Applied::Unknown => {
            // Another system may use the same account: there is nothing to repeat.
            tracing::warn!(
                target: "kassa::reports",
                provider,
                "a verified report is about no payment of ours"
            );
            "unknown"
        }
        Applied::Duplicate => "duplicate",
        Applied::Changed {
            token,
            status,
            flags,
        } => {
            crash::point(Point::Applied);
            app.changed(&token);
            app.metrics.reported(provider, status);
            for flag in &flags {
                app.metrics.flagged(provider, flag);
            }
            tracing::info!(
                target: "kassa::reports",
                provider,
                attempt = %attempt,
                // One that means nothing here may be one that the settings should name.
                word,
                ?meaning,
                status = status.as_str(),
                ?flags,
                "a report was applied"
            );
            "applied"
        }
    })
}
