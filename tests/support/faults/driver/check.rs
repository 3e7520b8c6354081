//! What must hold after the last kill, as a function of what both sides know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    ledger::Entry,
    shop::{Listed, Logged},
    simulator::Truth,
    webhooks::Webhook,
};

/// The kind of the event that a callback leaves in the log.
const REPORTED: &str = "provider.reported";
/// The kind of the event that a change of status leaves.
const CHANGED: &str = "status.changed";

/// The kind of the event that an attempt begins with.
const STARTED: &str = "attempt.started";

/// A payment as both sides know it in the end.
#[derive(Debug, Clone)]
pub(crate) struct Both {
    /// What the server acknowledged.
    pub(crate) entry: Entry,
    /// The status that the shop reads; `None` when it finds no payment.
    pub(crate) status: Option<String>,
    /// The server's log of it.
    pub(crate) events: Vec<Logged>,
    /// What the simulator knows, where the customer came to the end.
    pub(crate) truth: Option<Truth>,
}

/// The findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Findings {
    /// Payments created, attempts begun and callbacks that were acknowledged at least once.
    pub(crate) acknowledged: usize,
    /// Those of them that left nothing, and changes that the shop was never told.
    pub(crate) lost: usize,
    /// Reports, changes, payments or webhooks that are there twice.
    pub(crate) doubled: usize,
    /// A line for each thing that is wrong.
    pub(crate) wrong: Vec<String>,
}

/// Compares the two sides.
pub(crate) fn compare(payments: &[Both], listed: &[Listed], webhooks: &[Webhook]) -> Findings {
    let mut findings = Findings::default();
    for payment in payments {
        findings.created(payment);
        findings.begun(payment);
        findings.callbacks(payment);
        findings.log(payment);
        findings.end(payment);
    }
    findings.orders(payments, listed);
    findings.webhooks(payments, webhooks);
    findings
}

/// Whether the shop was told of every change that is in the log.
pub(crate) fn all_told(payments: &[Both], webhooks: &[Webhook]) -> bool {
    let told = told(webhooks);
    payments.iter().all(|payment| {
        changes(&payment.events).iter().all(|(status, times)| {
            let about = (payment.entry.id.clone(), (*status).to_owned());
            told.get(&about).map_or(0, BTreeSet::len) >= *times
        })
    })
}

impl Findings {
    fn lose(&mut self, line: String) {
        self.lost += 1;
        self.wrong.push(line);
    }

    fn double(&mut self, times: usize, line: String) {
        self.doubled += times;
        self.wrong.push(line);
    }

    /// A payment that was created is there.
    fn created(&mut self, payment: &Both) {
        self.acknowledged += 1;
        if payment.status.is_none() {
            let Entry { plan, id, .. } = &payment.entry;
            self.lose(format!("{id}: created for order {} and lost", plan.order));
        }
    }

    /// An attempt that a customer was sent away with is there.
    fn begun(&mut self, payment: &Both) {
        let Some(attempt) = &payment.entry.attempt else {
            return;
        };
        self.acknowledged += 1;
        let started = payment.events.iter().filter(|event| event.kind == STARTED);
        let times = started
            .filter(|event| event.detail["attempt"] == *attempt)
            .count();
        match times {
            0 => self.lose(format!("{}: begun and lost: {attempt}", payment.entry.id)),
            1 => {}
            _ => self.double(1, format!("{attempt} was begun {times} times")),
        }
    }

    /// Every acknowledged callback is in the log, and no report is there twice.
    fn callbacks(&mut self, payment: &Both) {
        let id = &payment.entry.id;
        let reports = reports(&payment.events);
        let known: BTreeSet<_> = reports.keys().map(|evidence| word(evidence)).collect();
        let callbacks = payment
            .truth
            .as_ref()
            .map(|truth| truth.callbacks.as_slice());
        for callback in callbacks.unwrap_or_default() {
            let key = format!(
                "{}/{}/{}",
                callback.operation, callback.operation_status, callback.payment_status
            );
            self.acknowledged += usize::from(callback.acknowledged > 0);
            if callback.acknowledged > 0 && !known.contains(&key) {
                self.lose(format!("{id}: acknowledged and lost: {key}"));
            }
            if callback.acknowledged == 0 {
                self.wrong.push(format!(
                    "{id}: never acknowledged in {} tries: {key}",
                    callback.sent
                ));
            }
        }
        for (evidence, times) in reports.iter().filter(|(_, times)| **times > 1) {
            let line = format!("{id}: {times} times in the log: {evidence}");
            self.double(times - 1, line);
        }
    }

    /// The log has no gap, and no change that leads nowhere.
    fn log(&mut self, payment: &Both) {
        let id = &payment.entry.id;
        for (event, expected) in payment.events.iter().zip(1..) {
            if event.seq != expected {
                self.lose(format!("{id}: event {} where {expected} was", event.seq));
                break;
            }
        }
        let changes = payment.events.iter().filter(|event| event.kind == CHANGED);
        let mut stands = None;
        for change in changes {
            let (from, to) = (&change.detail["from"], &change.detail["to"]);
            if from == to || stands.is_some_and(|stands| stands != from) {
                self.double(1, format!("{id}: a change from {from} to {to}"));
            }
            stands = Some(to);
        }
        let status = payment.status.as_deref();
        if stands.is_some_and(|stands| stands.as_str() != status) {
            self.lose(format!("{id}: {stands:?} by its log, {status:?} by itself"));
        }
    }

    /// The simulator ended it as planned, and the shop reads the same.
    fn end(&mut self, payment: &Both) {
        let Both {
            entry,
            status,
            truth,
            ..
        } = payment;
        let Some(truth) = truth else { return };
        let (state, planned) = (truth.state.as_str(), entry.plan.ending);
        if state != planned.truth() || status.as_deref() != Some(planned.status()) {
            self.wrong.push(format!(
                "{} (order {}): planned {}, the simulator has {state:?}, kassa has {status:?}",
                entry.id,
                entry.plan.order,
                planned.act(),
            ));
        }
    }

    /// As many payments as orders.
    fn orders(&mut self, payments: &[Both], listed: &[Listed]) {
        let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
        for payment in listed {
            *orders.entry(payment.order.as_str()).or_default() += 1;
        }
        for (order, times) in orders.iter().filter(|(_, times)| **times > 1) {
            self.double(times - 1, format!("order {order} has {times} payments"));
        }
        let by_id: BTreeMap<&str, &Listed> =
            listed.iter().map(|own| (own.id.as_str(), own)).collect();
        for payment in payments.iter().filter(|payment| payment.status.is_some()) {
            let own = by_id.get(payment.entry.id.as_str());
            let fits = |own: &&&Listed| {
                own.order == payment.entry.plan.order
                    && Some(own.status.as_str()) == payment.status.as_deref()
            };
            if own.filter(fits).is_none() {
                self.wrong
                    .push(format!("the list shows {own:?} for {}", payment.entry.id));
            }
        }
    }

    /// Each change is one message to the shop, however often it is sent.
    fn webhooks(&mut self, payments: &[Both], webhooks: &[Webhook]) {
        let mut told = told(webhooks);
        for payment in payments {
            let id = &payment.entry.id;
            for (status, times) in changes(&payment.events) {
                let about = (id.clone(), status.to_owned());
                let messages = told.remove(&about).map_or(0, |ids| ids.len());
                if messages < times {
                    let line = format!("{id}: became {status} {times} times, told {messages}");
                    self.lose(line);
                } else if messages > times {
                    let line = format!("{id}: became {status} {times} times, told {messages}");
                    self.double(messages - times, line);
                }
            }
        }
        let known: BTreeSet<&str> = payments
            .iter()
            .filter(|payment| payment.status.is_some())
            .map(|payment| payment.entry.id.as_str())
            .collect();
        for ((id, status), _) in told
            .iter()
            .filter(|((id, _), _)| known.contains(id.as_str()))
        {
            self.wrong.push(format!(
                "{id}: the shop was told {status}, which it never was"
            ));
        }
    }
}

/// The ids of the messages that say of a payment that it came to a status.
pub(crate) fn told(webhooks: &[Webhook]) -> BTreeMap<(String, String), BTreeSet<&str>> {
    let mut told: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for webhook in webhooks {
        let body: Value = serde_json::from_str(&webhook.body).unwrap_or_default();
        let word = |field: &str| body["data"][field].as_str().unwrap_or_default().to_owned();
        if body["type"] == "payment.updated" {
            let about = (word("id"), word("status"));
            told.entry(about).or_default().insert(&webhook.id);
        }
    }
    told
}

/// How often each report is in the log, by all that it says.
fn reports(events: &[Logged]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == REPORTED) {
        *times
            .entry(event.detail["evidence"].to_string())
            .or_default() += 1;
    }
    times
}

/// The operation and its words in a report.
fn word(evidence: &str) -> String {
    let evidence: Value = serde_json::from_str(evidence).unwrap_or_default();
    evidence["key"].as_str().unwrap_or_default().to_owned()
}

/// How often the log says that each status was reached.
fn changes(events: &[Logged]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == CHANGED) {
        let status = event.detail["to"].as_str().unwrap_or_default();
        *times.entry(status).or_default() += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::faults::driver::{
        plan::{Ending, Plan},
        simulator::Callback,
    };

    fn logged(seq: u64, kind: &str, detail: Value) -> Logged {
        Logged {
            seq,
            kind: kind.into(),
            detail,
        }
    }

    /// A payment that was paid at once, as it should be.
    fn good() -> Both {
        let callback = |status: &str| Callback {
            operation: 7,
            operation_status: status.into(),
            payment_status: status.into(),
            acknowledged: 1,
            sent: 2,
        };
        let report = |key: &str| json!({ "evidence": { "key": key } });
        Both {
            entry: Entry {
                plan: Plan {
                    order: "o1".into(),
                    amount_cents: 100,
                    bank: 0,
                    ending: Ending::Pay,
                    delay_seconds: 0,
                },
                id: "pay_1".into(),
                attempt: Some("pay_1-1".into()),
                acted: true,
            },
            status: Some("paid".into()),
            events: vec![
                logged(1, STARTED, json!({"attempt": "pay_1-1"})),
                logged(2, REPORTED, report("7/pending/pending")),
                logged(3, REPORTED, report("7/success/success")),
                logged(4, CHANGED, json!({"from": "pending", "to": "paid"})),
            ],
            truth: Some(Truth {
                state: "success".into(),
                unfinished: false,
                callbacks: vec![callback("pending"), callback("success")],
            }),
        }
    }

    fn listed(order: &str) -> Listed {
        Listed {
            id: "pay_1".into(),
            order: order.into(),
            status: "paid".into(),
        }
    }

    fn webhook(id: &str) -> Webhook {
        let body = json!({"type": "payment.updated", "data": {"id": "pay_1", "status": "paid"}});
        Webhook {
            id: id.into(),
            body: body.to_string(),
        }
    }

    fn found(change: impl Fn(&mut Both)) -> Findings {
        let mut payment = good();
        change(&mut payment);
        compare(&[payment], &[listed("o1")], &[webhook("msg_1")])
    }

    #[test]
    fn a_good_run_has_no_findings() {
        let webhooks = [webhook("msg_1"), webhook("msg_1")];
        let findings = compare(&[good()], &[listed("o1")], &webhooks);
        assert_eq!(
            findings,
            Findings {
                acknowledged: 4,
                ..Findings::default()
            }
        );
    }

    #[test]
    fn a_lost_payment_is_found() {
        let findings = found(|payment| {
            payment.status = None;
            payment.events.clear();
        });
        // The payment, the attempt and both callbacks.
        assert_eq!((findings.acknowledged, findings.lost), (4, 4));
    }

    #[test]
    fn a_lost_callback_is_found() {
        let findings = found(|payment| payment.events[1].kind = "x".into());
        assert_eq!((findings.acknowledged, findings.lost), (4, 1));
        assert_eq!(
            findings.wrong,
            ["pay_1: acknowledged and lost: 7/pending/pending"]
        );
    }

    #[test]
    fn a_gap_in_the_log_is_found() {
        let findings = found(|payment| payment.events[3].seq = 5);
        assert_eq!((findings.lost, findings.doubled), (1, 0));
        assert_eq!(findings.wrong, ["pay_1: event 5 where 4 was"]);
    }

    #[test]
    fn a_callback_that_never_arrived_is_wrong_but_not_lost() {
        let findings = found(|payment| {
            let truth = payment.truth.as_mut().unwrap();
            truth.callbacks[0].acknowledged = 0;
        });
        assert_eq!((findings.acknowledged, findings.lost), (3, 0));
        assert_eq!(findings.wrong.len(), 1);
    }

    #[test]
    fn a_doubled_report_is_found() {
        let findings = found(|payment| {
            let again = payment.events[2].detail.clone();
            payment.events.push(logged(5, REPORTED, again));
        });
        assert_eq!((findings.lost, findings.doubled), (0, 1));
    }

    #[test]
    fn the_same_words_at_another_time_are_another_report() {
        let findings = found(|payment| {
            let mut again = payment.events[2].detail.clone();
            again["evidence"]["at"] = json!(17);
            payment.events.push(logged(5, REPORTED, again));
        });
        assert_eq!(findings.wrong, Vec::<String>::new());
    }

    #[test]
    fn a_change_applied_twice_is_found() {
        let findings = found(|payment| {
            let again = payment.events[3].detail.clone();
            payment.events.push(logged(5, CHANGED, again));
        });
        // The change itself, and the webhook that it should have been.
        assert_eq!((findings.lost, findings.doubled), (1, 1));
    }

    #[test]
    fn a_wrong_end_is_found_on_either_side() {
        let findings = found(|payment| payment.truth.as_mut().unwrap().state = "decline".into());
        assert_eq!(findings.wrong.len(), 1);
        let findings = found(|payment| payment.status = Some("pending".into()));
        // By its log it is paid, the plan says paid, and the list does.
        assert_eq!((findings.lost, findings.wrong.len()), (1, 3));
    }

    #[test]
    fn two_payments_of_an_order_are_found() {
        let findings = compare(
            &[good()],
            &[listed("o1"), listed("o1")],
            &[webhook("msg_1")],
        );
        assert_eq!(findings.doubled, 1);
        assert_eq!(findings.wrong, ["order o1 has 2 payments"]);
    }

    #[test]
    fn a_shop_that_was_not_told_is_found() {
        let findings = compare(&[good()], &[listed("o1")], &[]);
        assert_eq!(findings.lost, 1);
        assert_eq!(findings.wrong, ["pay_1: became paid 1 times, told 0"]);
    }

    #[test]
    fn a_webhook_too_many_is_found() {
        let webhooks = [webhook("msg_1"), webhook("msg_2")];
        let findings = compare(&[good()], &[listed("o1")], &webhooks);
        assert_eq!(findings.doubled, 1);
        assert!(!all_told(&[good()], &[]));
        assert!(all_told(&[good()], &webhooks));
    }
}
