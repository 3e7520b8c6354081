//! Figures for operators, in Prometheus' text form.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::Method;
use kassa_checkout::Status;
use kassa_providers::registry;
use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    circuit::Position,
    store::{Backlog, Connections, StoreError},
};

/// The recorder is one for the whole process.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The bounds of the histograms, in seconds.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
    15.0,
];

/// Why calls of VETUMA are refused that are watched: the others are mistakes of a single call.
const VETUMA_REFUSALS: [&str; 5] = ["signature", "address", "configuration", "time", "used"];

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
            let handle = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .ok()?
                .install_recorder()
                .ok()?;
            describe();
            begin();
            Some(handle)
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
    pub(crate) fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
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

    /// A refund that was begun.
    pub(crate) fn refunded(&self, manual: bool) {
        let by = if manual { "shop" } else { "provider" };
        counter!("kassa_refunds_total", "by" => by).increment(1);
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

    /// A call of VETUMA that was refused.
    pub(crate) fn vetuma_refused(&self, call: &'static str, why: &'static str) {
        counter!("kassa_vetuma_refused_total", "call" => call, "why" => why).increment(1);
    }

    /// A report that was applied, and where its payment stands after it.
    pub(crate) fn reported(&self, provider: &'static str, status: Status) {
        counter!("kassa_reports_total", "provider" => provider, "status" => status.as_str())
            .increment(1);
    }

    /// Something that a report showed and that somebody should look at.
    pub(crate) fn flagged(&self, provider: &'static str, flag: &'static str) {
        counter!("kassa_flags_total", "provider" => provider, "flag" => flag).increment(1);
    }

    /// A try to deliver a webhook.
    pub(crate) fn webhook(&self, outcome: &'static str, took: Duration) {
        counter!("kassa_webhook_tries_total", "outcome" => outcome).increment(1);
        histogram!("kassa_webhook_try_seconds").record(took.as_secs_f64());
    }

    /// How long an operation of the store takes: looked up once, as it is called all the time.
    pub(crate) fn stored(&self, operation: &'static str) -> Histogram {
        histogram!("kassa_store_seconds", "operation" => operation)
    }

    /// An operation of the store that failed.
    pub(crate) fn store_failed(&self, error: StoreError) {
        counter!("kassa_store_errors_total", "error" => error.as_str()).increment(1);
    }

    /// A call to a provider and what came of it.
    pub(crate) fn call(&self, provider: &'static str, call: &'static str, outcome: &'static str) {
        let labels = [("provider", provider), ("call", call), ("outcome", outcome)];
        counter!("kassa_provider_calls_total", &labels).increment(1);
    }

    /// A status question that could not be put: the attempt's account is not in the configuration.
    pub(crate) fn has_no_account(&self, provider: &str) {
        if let Ok(entry) = registry::find(provider) {
            self.call(entry.facts.id, "status", "no_account");
        }
    }

    /// How long a call to a provider took, whatever came of it.
    pub(crate) fn call_took(&self, provider: &'static str, call: &'static str, took: Duration) {
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

    /// How the store's connections are used.
    pub(crate) fn connections(&self, used: Connections) {
        let set = |name: &'static str, count: usize| {
            gauge!(name).set(gauge_value(u64::try_from(count).unwrap_or(u64::MAX)));
        };
        set("kassa_store_connections_most", used.most);
        set("kassa_store_connections_busy", used.busy);
        set("kassa_store_connections_idle", used.idle);
        set("kassa_store_waiting", used.waiting);
    }

    /// How long the store's log is.
    pub(crate) fn log_bytes(&self, bytes: u64) {
        gauge!("kassa_store_log_bytes").set(gauge_value(bytes));
    }

    /// The store does not answer: what is due is as it was last seen.
    pub(crate) fn no_store(&self) {
        gauge!("kassa_store_up").set(0.0);
    }

    /// What is due, by kind of work, and for how many seconds the oldest has been.
    pub(crate) fn backlog(&self, backlog: &Backlog) {
        gauge!("kassa_store_up").set(1.0);
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

/// What each figure means, as `HELP` in the text.
fn describe() {
    describe_counter!(
        "kassa_requests_total",
        "Requests answered, by method, route pattern and status."
    );
    describe_histogram!(
        "kassa_request_seconds",
        "Seconds until a request was answered, by route pattern."
    );
    describe_counter!("kassa_payments_created_total", "Payments created.");
    describe_counter!(
        "kassa_refunds_total",
        "Refunds begun, by who sends the money: the provider or the shop itself."
    );
    describe_counter!(
        "kassa_attempts_total",
        "Attempts to pay begun, by provider."
    );
    describe_counter!(
        "kassa_callbacks_total",
        "Callbacks of providers, by what came of them."
    );
    describe_counter!(
        "kassa_vetuma_refused_total",
        "Calls of software that speaks VETUMA that were refused, by why."
    );
    describe_counter!(
        "kassa_reports_total",
        "Reports of providers that changed a payment, by the status after it."
    );
    describe_counter!(
        "kassa_flags_total",
        "What reports showed and somebody should look at: amount_differs, paid_twice and the like."
    );
    describe_counter!(
        "kassa_webhook_tries_total",
        "Tries to deliver a webhook to a shop, by what came of them."
    );
    describe_histogram!(
        "kassa_webhook_try_seconds",
        "Seconds that a try to deliver a webhook took."
    );
    describe_counter!(
        "kassa_provider_calls_total",
        "Calls to providers' servers, by what came of them."
    );
    describe_histogram!(
        "kassa_provider_call_seconds",
        "Seconds that a call to a provider's server took."
    );
    describe_gauge!(
        "kassa_circuit_state",
        "The worst of a provider's circuits: 0 closed, 1 half-open, 2 open."
    );
    describe_histogram!(
        "kassa_store_seconds",
        "Seconds that an operation of the store took."
    );
    describe_counter!(
        "kassa_store_errors_total",
        "Operations of the store that failed, by why."
    );
    describe_gauge!(
        "kassa_store_up",
        "Whether the store answered when the figures were read: 1 or 0."
    );
    describe_gauge!(
        "kassa_store_connections_most",
        "How many connections to the database this process may have."
    );
    describe_gauge!(
        "kassa_store_connections_busy",
        "Connections to the database that work when the figures are read."
    );
    describe_gauge!(
        "kassa_store_connections_idle",
        "Connections to the database that are open and have nothing to do."
    );
    describe_gauge!(
        "kassa_store_waiting",
        "Operations that wait for a connection, or for SQLite's one writer."
    );
    describe_gauge!(
        "kassa_store_log_bytes",
        "Bytes of the log that SQLite writes back into its file while the server runs; 4294967295 where there are more."
    );
    describe_gauge!("kassa_due", "Work that is due now, by kind.");
    describe_gauge!(
        "kassa_oldest_due_seconds",
        "For how many seconds the oldest work has been due, by kind."
    );
    describe_gauge!("kassa_build_info", "1, with the program's version.");
    describe_gauge!(
        "process_start_time_seconds",
        "When the process began, in seconds since the epoch."
    );
}

/// The figures that stand from the start on. Counters that alerts watch are among them: of one
/// that appears as 1, Prometheus cannot tell that it grew.
fn begin() {
    for provider in kassa_providers::registry::all() {
        let provider = provider.facts.id;
        for outcome in ["applied", "duplicate", "noticed", "refused", "unknown"] {
            counter!("kassa_callbacks_total", "provider" => provider, "outcome" => outcome)
                .absolute(0);
        }
        let no_account = [
            ("provider", provider),
            ("call", "status"),
            ("outcome", "no_account"),
        ];
        counter!("kassa_provider_calls_total", &no_account).absolute(0);
        for flag in ["amount_differs", "contradiction", "paid_twice"] {
            counter!("kassa_flags_total", "provider" => provider, "flag" => flag).absolute(0);
        }
    }
    for call in ["PAY", "CHECK"] {
        for why in VETUMA_REFUSALS {
            counter!("kassa_vetuma_refused_total", "call" => call, "why" => why).absolute(0);
        }
    }
    for outcome in ["delivered", "failed", "slowed_down", "given_up", "gone"] {
        counter!("kassa_webhook_tries_total", "outcome" => outcome).absolute(0);
    }
    for error in ["unavailable", "corrupt", "refused"] {
        counter!("kassa_store_errors_total", "error" => error).absolute(0);
    }
    let version = env!("CARGO_PKG_VERSION");
    gauge!("kassa_build_info", "version" => version).set(1.0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    gauge!("process_start_time_seconds").set(gauge_value(since.map_or(0, |since| since.as_secs())));
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
