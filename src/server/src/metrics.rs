//! Figures for operators, in Prometheus' text form.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use http::Method;
use kassa_checkout::Status;
use metrics::{Counter, Histogram, counter, gauge, histogram};
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
    routes: Arc<RwLock<HashMap<String, Answers>>>,
}

/// The answers of a route, found once: to find them by their names costs more than to count.
struct Answers {
    seconds: Histogram,
    counts: Vec<(&'static str, u16, Counter)>,
}

impl Answers {
    fn of(route: &str) -> Self {
        Self {
            seconds: histogram!("kassa_request_seconds", "route" => route.to_owned()),
            counts: Vec::new(),
        }
    }

    fn count(&self, method: &str, status: u16) -> Option<&Counter> {
        self.counts
            .iter()
            .find(|(known, of, _)| *of == status && *known == method)
            .map(|(_, _, counter)| counter)
    }

    fn add(&mut self, route: &str, method: &'static str, status: u16) -> Counter {
        if let Some(known) = self.count(method, status) {
            return known.clone();
        }
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        let counter = counter!("kassa_requests_total", &labels);
        self.counts.push((method, status, counter.clone()));
        counter
    }
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
            routes: Arc::default(),
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

    /// Takes in what was measured since the last time; asked for nothing, it would gather for
    /// ever.
    pub(crate) fn gather(&self) {
        if let Some(handle) = &self.handle {
            handle.run_upkeep();
        }
    }

    /// An answered request, by route pattern.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: u16,
        took: std::time::Duration,
    ) {
        let method = known_method(method);
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known.get(route)
            && let Some(count) = answers.count(method, status)
        {
            count.increment(1);
            answers.seconds.record(took.as_secs_f64());
            return;
        }
        drop(known);
        let mut known = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let answers = known
            .entry(route.to_owned())
            .or_insert_with(|| Answers::of(route));
        answers.add(route, method, status).increment(1);
        answers.seconds.record(took.as_secs_f64());
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

/// A method's name. All that anybody may invent are one, so that nobody can make figures without
/// end.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
