//! What must hold after the last kill, as a function of what both sides know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    plan::Plan,
    shop::{Listed, Logged},
    simulator::Truth,
    webhooks::Webhook,
};

/// The kind of the event that a callback leaves in the log.
const REPORTED: &str = "provider.reported";
/// The kind of the event that a change of status leaves.
const CHANGED: &str = "status.changed";

/// A payment as both sides know it in the end.
#[derive(Debug, Clone)]
pub(super) struct Both {
    pub(super) plan: Plan,
    pub(super) id: String,
    pub(super) attempt: String,
    /// The status that the shop reads.
    pub(super) status: String,
    /// The server's log of it.
    pub(super) events: Vec<Logged>,
    /// What the simulator knows.
    pub(super) truth: Truth,
}

/// The findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Findings {
    /// Callbacks that were answered with 200 at least once.
    pub(super) acknowledged: usize,
    /// Those of them that left nothing in the log.
    pub(super) lost: usize,
    /// Reports, payments or webhooks that are there twice.
    pub(super) doubled: usize,
    /// Payments that stand elsewhere than the simulator has them, or are not there.
    pub(super) wrong_ends: usize,
    /// A line for each thing that is wrong.
    pub(super) wrong: Vec<String>,
}

/// Compares the two sides.
pub(super) fn compare(payments: &[Both], listed: &[Listed], webhooks: &[Webhook]) -> Findings {
    let mut findings = Findings::default();
    for payment in payments {
        findings.callbacks(payment);
        findings.end(payment);
        findings.paid_once(payment);
    }
    findings.orders(payments, listed);
    findings.webhooks(payments, webhooks);
    findings
}

impl Findings {
    /// Every acknowledged callback is in the log, and no report is there twice.
    fn callbacks(&mut self, payment: &Both) {
        let reports = reports(&payment.events);
        for callback in &payment.truth.callbacks {
            let key = format!(
                "{}/{}/{}",
                callback.operation, callback.operation_status, callback.payment_status
            );
            let times = reports.get(key.as_str()).copied().unwrap_or(0);
            self.acknowledged += usize::from(callback.acknowledged > 0);
            if callback.acknowledged > 0 && times == 0 {
                self.lost += 1;
                self.wrong
                    .push(format!("{}: acknowledged and lost: {key}", payment.id));
            }
            if callback.acknowledged == 0 {
                self.wrong.push(format!(
                    "{}: never acknowledged in {} tries: {key}",
                    payment.id, callback.sent
                ));
            }
        }
        for (key, times) in reports.iter().filter(|(_, times)| **times > 1) {
            self.doubled += 1;
            self.wrong
                .push(format!("{}: {times} times in the log: {key}", payment.id));
        }
    }

    /// The simulator ended it as planned, and the shop reads the same.
    fn end(&mut self, payment: &Both) {
        let (state, planned) = (payment.truth.state.as_str(), payment.plan.ending);
        if state != planned.truth() || payment.status != planned.status() {
            self.wrong_ends += 1;
            self.wrong.push(format!(
                "{} (order {}, attempt {}): planned {}, the simulator has {state:?}, kassa has {:?}",
                payment.id, payment.plan.order, payment.attempt, planned.act(), payment.status
            ));
        }
    }

    /// It became paid at most once: no ending of the mix pays again after a reversal.
    fn paid_once(&mut self, payment: &Both) {
        let times = transitions(&payment.events, "paid");
        if times > 1 {
            self.doubled += 1;
            self.wrong
                .push(format!("{}: became paid {times} times", payment.id));
        }
    }

    /// As many payments as orders.
    fn orders(&mut self, payments: &[Both], listed: &[Listed]) {
        let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
        for payment in listed {
            *orders.entry(payment.order.as_str()).or_default() += 1;
        }
        for (order, times) in orders.iter().filter(|(_, times)| **times > 1) {
            self.doubled += times - 1;
            self.wrong
                .push(format!("order {order} has {times} payments"));
        }
        for payment in payments {
            let own = listed.iter().find(|own| own.order == payment.plan.order);
            if own.is_none_or(|own| own.id != payment.id || own.status != payment.status) {
                self.wrong_ends += 1;
                self.wrong
                    .push(format!("the list shows {own:?} for {}", payment.id));
            }
        }
    }

    /// The shop was told the end, and a change of status is one message, however often it is sent.
    fn webhooks(&mut self, payments: &[Both], webhooks: &[Webhook]) {
        let told = told(webhooks);
        let messages = |payment: &Both, status: &str| {
            let about = (payment.id.clone(), status.to_owned());
            told.get(&about).map_or(0, BTreeSet::len)
        };
        for payment in payments {
            if messages(payment, &payment.status) == 0 {
                self.wrong.push(format!(
                    "{}: the shop was never told that it is {}",
                    payment.id, payment.status
                ));
            }
            let (sent, changes) = (
                messages(payment, "paid"),
                transitions(&payment.events, "paid"),
            );
            if sent > changes {
                self.doubled += 1;
                self.wrong.push(format!(
                    "{}: {sent} webhooks say paid, {changes} changes",
                    payment.id
                ));
            }
        }
    }
}

/// The ids of the messages that say of a payment that it came to a status.
pub(super) fn told(webhooks: &[Webhook]) -> BTreeMap<(String, String), BTreeSet<&str>> {
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

/// How often each report is in the log, by its key.
fn reports(events: &[Logged]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == REPORTED) {
        let key = event.detail["evidence"]["key"].as_str().unwrap_or_default();
        *times.entry(key).or_default() += 1;
    }
    times
}

/// How often the log says that a status was reached.
fn transitions(events: &[Logged], status: &str) -> usize {
    let reached = |event: &&Logged| event.kind == CHANGED && event.detail["to"] == status;
    events.iter().filter(reached).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::faults::{plan::Ending, simulator::Callback};

    fn logged(kind: &str, detail: Value) -> Logged {
        Logged {
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
        Both {
            plan: Plan {
                order: "o1".into(),
                amount_cents: 100,
                bank: 0,
                ending: Ending::Pay,
                delay_seconds: 0,
            },
            id: "pay_1".into(),
            attempt: "pay_1-1".into(),
            status: "paid".into(),
            events: vec![
                logged(
                    REPORTED,
                    json!({"evidence": {"key": "7/external processing/external processing"}}),
                ),
                logged(REPORTED, json!({"evidence": {"key": "7/success/success"}})),
                logged(CHANGED, json!({"from": "pending", "to": "paid"})),
            ],
            truth: Truth {
                state: "success".into(),
                unfinished: false,
                callbacks: vec![callback("external processing"), callback("success")],
            },
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
                acknowledged: 2,
                ..Findings::default()
            }
        );
    }

    #[test]
    fn a_lost_callback_is_found() {
        let findings = found(|payment| drop(payment.events.remove(0)));
        assert_eq!((findings.acknowledged, findings.lost), (2, 1));
        assert_eq!(
            findings.wrong,
            ["pay_1: acknowledged and lost: 7/external processing/external processing"]
        );
    }

    #[test]
    fn a_callback_that_never_arrived_is_wrong_but_not_lost() {
        let findings = found(|payment| payment.truth.callbacks[0].acknowledged = 0);
        assert_eq!((findings.acknowledged, findings.lost), (1, 0));
        assert_eq!(findings.wrong.len(), 1);
    }

    #[test]
    fn a_doubled_report_and_a_second_payment_are_found() {
        let findings = found(|payment| payment.events.push(payment.events[1].clone()));
        assert_eq!((findings.lost, findings.doubled), (0, 1));
        let findings = found(|payment| payment.events.push(payment.events[2].clone()));
        assert_eq!(findings.doubled, 1);
        assert_eq!(findings.wrong, ["pay_1: became paid 2 times"]);
    }

    #[test]
    fn a_wrong_end_is_found_on_either_side() {
        let findings = found(|payment| payment.truth.state = "decline".into());
        assert_eq!(findings.wrong_ends, 1);
        let findings = compare(
            &[Both {
                status: "pending".into(),
                ..good()
            }],
            &[],
            &[],
        );
        assert_eq!(findings.wrong_ends, 2);
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
        assert_eq!(
            findings.wrong,
            ["pay_1: the shop was never told that it is paid"]
        );
    }

    #[test]
    fn two_messages_about_one_change_are_found() {
        let webhooks = [webhook("msg_1"), webhook("msg_2")];
        let findings = compare(&[good()], &[listed("o1")], &webhooks);
        assert_eq!(findings.doubled, 1);
        assert_eq!(findings.wrong, ["pay_1: 2 webhooks say paid, 1 changes"]);
    }
}
