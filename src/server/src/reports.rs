//! What providers report, by callback or when asked, applied in one place.

use kassa_checkout::provider::PaymentEvent;

use crate::{
    clock,
    crash::{self, Point},
    state::AppState,
    store::{Applied, StoreError},
};

/// Applies a verified report and tells those who wait for it; answers in a word what came of it.
/// When this returns, it is durable.
///
/// # Errors
/// [`StoreError`]; nothing was applied.
pub(crate) async fn apply(
    app: &AppState,
    provider: &'static str,
    report: PaymentEvent,
) -> Result<&'static str, StoreError> {
    let attempt = report.provider_payment_id.clone();
    Ok(
        match app.store.apply(provider, report, clock::now()).await? {
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
                    status = status.as_str(),
                    ?flags,
                    "a report was applied"
                );
                "applied"
            }
        },
    )
}
