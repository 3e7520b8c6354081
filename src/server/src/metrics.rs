//! Figures for operators, in Prometheus' text form.

use std::sync::OnceLock;

use kassa_checkout::Status;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{circuit::Position, store::Backlog};

/// The recorder is one for the whole process.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The bounds of the histogram of answer times, in seconds.
const SECONDS: &[f64] = &[
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0,
];

/// The process's figures.
#[derive(Clone)]
pub struct Metrics {
    handle: Option<PrometheusHandle>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// The process's figures, gathered from the first call on.
    #[must_use]
    pub fn installed() -> Self {
        let handle = RECORDER.get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .ok()?
                .install_recorder()
                .ok()
        });
        Self {
            handle: handle.clone(),
        }
    }

    /// The figures as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle
            .as_ref()
            .map(PrometheusHandle::render)
            .unwrap_or_default()
    }

    /// An answered request, by route pattern.
    pub(crate) fn answered(
        &self,
        method: &str,
        route: &str,
        status: u16,
        took: std::time::Duration,
    ) {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        counter!("kassa_requests_total", &labels).increment(1);
        histogram!("kassa_request_seconds", "route" => route.to_owned()).record(took.as_secs_f64());
    }

    /// A payment that was created.
    pub(crate) fn created(&self) {
        counter!("kassa_payments_created_total").increment(1);
    }

    /// An attempt that was begun.
    pub(crate) fn begun(&self, provider: &'static str) {
        counter!("kassa_attempts_total", "provider" => provider).increment(1);
    }

    /// A callback and what came of it.
    pub(crate) fn callback(&self, provider: &'static str, outcome: &'static str) {
        counter!("kassa_callbacks_total", "provider" => provider, "outcome" => outcome)
            .increment(1);
    }

    /// A report that was applied, and where its payment stands after it.
    pub(crate) fn reported(&self, provider: &'static str, status: Status) {
        counter!("kassa_reports_total", "provider" => provider, "status" => status.as_str())
            .increment(1);
    }

    /// A try to deliver a webhook.
    pub(crate) fn webhook(&self, outcome: &'static str) {
        counter!("kassa_webhook_tries_total", "outcome" => outcome).increment(1);
    }

    /// A call to a provider and what came of it.
    pub(crate) fn call(&self, provider: &'static str, call: &'static str, outcome: &'static str) {
        let labels = [("provider", provider), ("call", call), ("outcome", outcome)];
        counter!("kassa_provider_calls_total", &labels).increment(1);
    }

    /// How long a call to a provider took, whatever came of it.
    pub(crate) fn call_took(
        &self,
        provider: &'static str,
        call: &'static str,
        took: std::time::Duration,
    ) {
        let labels = [("provider", provider), ("call", call)];
        histogram!("kassa_provider_call_seconds", &labels).record(took.as_secs_f64());
    }

    /// The worst of a provider's circuits: 0 closed, 1 half-open, 2 open.
    pub(crate) fn circuit(&self, provider: &'static str, worst: Position) {
        let value = match worst {
            Position::Closed => 0,
            Position::HalfOpen => 1,
            Position::Open => 2,
        };
        gauge!("kassa_circuit_state", "provider" => provider).set(gauge_value(value));
    }

    /// What is due, by kind of work, and for how many seconds the oldest has been.
    pub(crate) fn backlog(&self, backlog: &Backlog) {
        for (kind, queue) in [
            ("webhooks", backlog.webhooks),
            ("questions", backlog.questions),
            ("deadlines", backlog.deadlines),
        ] {
            gauge!("kassa_due", "work" => kind).set(gauge_value(queue.due));
            gauge!("kassa_oldest_due_seconds", "work" => kind)
                .set(gauge_value(queue.oldest_seconds));
        }
    }
}

/// A count as the float that Prometheus knows; exact up to what fits 32 bits.
fn gauge_value(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
