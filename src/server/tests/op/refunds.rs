//! Refunds at OP: each is called for once, never more than was paid, and one that nobody answered is
//! settled on OP's total.

use std::time::Duration;

use kassa_checkout::{Amount, Timestamp, refund::RefundTold};
use kassa_server::{
    clock,
    store::{MessageFilter, NewRefund, RefundStep, Refunding},
};
use serde_json::{Value, json};

use crate::{kit::text, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_refunds_a_part_and_then_the_rest() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    let rule = &world.refunds(&payment).await["rule"];
    assert_eq!(
        (&rule["supported"], &rule["partial"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(rule["needs"], json!(["reference", "message"]));
    let (status, refund) = world.refund(&payment, json!({ "amount": 990 })).await;
    assert_eq!(
        (status, &refund["status"]),
        (201, &json!("pending")),
        "{refund}"
    );
    assert_eq!(world.settled(&payment).await, ["succeeded"]);
    let at_op = world.at_op().await;
    assert_eq!(at_op[0]["totalRefundedAmount"], "9.90");
    world
        .until(&payment, "partially_refunded", Duration::from_secs(4))
        .await;
    for (body, field) in [
        (json!({ "reference": "1233" }), "reference"),
        (json!({ "message": "no field for it is known" }), "message"),
        (json!({ "reference": "1232", "message": "x" }), "message"),
        (json!({ "reference": "1232", "manual": true }), "reference"),
        (json!({ "amount": 4_001 }), "amount"),
    ] {
        let (status, problem) = world.refund(&payment, body).await;
        assert!((400..500).contains(&status));
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert_eq!(world.refund(&payment, json!({})).await.0, 201);
    assert_eq!(world.settled(&payment).await, ["succeeded", "succeeded"]);
    world
        .until(&payment, "refunded", Duration::from_secs(4))
        .await;
    assert_eq!(world.refund(&payment, json!({})).await.0, 409);
    // One session id for all calls about a payment; that no request id came twice, OP saw to.
    assert_eq!(world.at_op().await[0]["otherSessions"], 0);
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refunds_at_once_never_exceed_the_payment() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    // Fifty times a euro, of 49.90.
    let wishes = (0..50).map(|_| world.refund(&payment, json!({ "amount": 100 })));
    let answers = futures_util::future::join_all(wishes).await;
    let begun = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(begun, 49);
    let words = world.settled(&payment).await;
    assert_eq!(words.len(), 49);
    assert!(words.iter().all(|word| word == "succeeded"), "{words:?}");
    let at_op = world.at_op().await;
    assert_eq!(at_op[0]["totalRefundedAmount"], "49.00");
    assert_eq!(world.refunds(&payment).await["refundable"], 90);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_op_refused_frees_its_sum_and_one_that_nobody_answered_does_not() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    for (status, stands, left) in [(400, "failed", 4_990), (500, "pending", 0)] {
        world
            .control("/faults", json!({ "refuse": 1, "refuse_with": status }))
            .await;
        assert_eq!(world.refund(&payment, json!({})).await.0, 201);
        let mut tries = 0;
        loop {
            let list = world.refunds(&payment).await;
            let last = list["data"].as_array().unwrap().last().unwrap().clone();
            if last["status"] == stands && list["refundable"] == left && tries > 20 {
                break;
            }
            tries += 1;
            assert!(tries < 200, "{list}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(world.refund(&payment, json!({ "amount": 1 })).await.0, 409);
    world.stop().await;
}

impl World {
    /// A refund that was begun so many seconds ago by a process that died: before it called OP, or
    /// after.
    async fn abandoned(&self, payment: &Value, id: &str, cents: u64, ago: u64, called: bool) {
        let now = clock::now().millis() - ago * 1_000;
        let new = NewRefund {
            id: id.to_owned(),
            shop: "puoti".to_owned(),
            payment: text(payment, "id").to_owned(),
            attempt: None,
            amount: Some(Amount::from_cents(cents).unwrap()),
            told: Some(RefundTold::Reference("1232".to_owned())),
            note: None,
            now: Timestamp::from_millis(now),
            answer: Box::new(|refund| refund.id.clone()),
        };
        let begun = self.app.store.refund(new, None).await.unwrap();
        assert!(matches!(begun, Refunding::New { .. }), "{begun:?}");
        if called {
            let step = self
                .app
                .store
                .advance_refund(id, RefundStep::Called, clock::now());
            assert!(step.await.unwrap().is_some());
        }
    }

    /// Somebody gives money back at OP.
    async fn given_back(&self, cents: u64) {
        let id = text(&self.at_op().await[0], "paymentId").to_owned();
        let path = format!("/payments/{id}/refund");
        self.control(&path, json!({ "cents": cents })).await;
    }

    /// The flags that the shop was told of.
    async fn flags(&self, payment: &Value) -> Vec<String> {
        let filter = MessageFilter {
            payment: Some(text(payment, "id").to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        let told = self.app.store.messages(filter).await.unwrap();
        let bodies = told
            .iter()
            .map(|one| serde_json::from_str(&one.body).unwrap());
        let flagged = bodies.filter(|body: &Value| body["type"] == "payment.flagged");
        flagged
            .map(|body| text(&body["data"], "flag").to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_without_an_answer_is_healed_by_ops_total() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    world.given_back(990).await;
    world.abandoned(&payment, "ref_made", 990, 40, true).await;
    assert_eq!(world.settled(&payment).await, ["succeeded"]);
    world
        .until(&payment, "partially_refunded", Duration::from_secs(4))
        .await;
    // One that was never called for is called for now.
    world
        .abandoned(&payment, "ref_uncalled", 1_000, 40, false)
        .await;
    assert_eq!(world.settled(&payment).await, ["succeeded", "succeeded"]);
    assert_eq!(world.at_op().await[0]["totalRefundedAmount"], "19.90");
    assert_eq!(world.flags(&payment).await, [""; 0]);
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_begun_while_op_is_asked_is_not_taken_for_one_of_the_same_size() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    let asked = async || world.at_op().await[0]["asked"].as_u64().unwrap();
    let before = asked().await;
    world
        .control("/faults", json!({ "status_delay_ms": 1_000 }))
        .await;
    world.abandoned(&payment, "ref_lost", 990, 40, true).await;
    let mut tries = 0;
    while asked().await == before {
        tries += 1;
        assert!(tries < 200, "nobody asks");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.abandoned(&payment, "ref_next", 990, 0, true).await;
    world.given_back(990).await;
    // Past the answer: one of the two was made, and nobody can tell which.
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    let list = world.refunds(&payment).await;
    let refunds = list["data"].as_array().unwrap().iter();
    let words: Vec<_> = refunds.map(|one| text(one, "status")).collect();
    assert_eq!(words, ["pending", "pending"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_op_does_not_know_of_stays_pending_and_the_shop_is_told_once() {
    let world = World::start().await;
    let payment = world.paid("1001").await;
    world
        .abandoned(&payment, "ref_lost", 990, 2 * 3_600, true)
        .await;
    // A sum that proves nothing: somebody gave back something else.
    world.given_back(100).await;
    world.abandoned(&payment, "ref_young", 500, 40, true).await;
    let mut tries = 0;
    while world.flags(&payment).await.is_empty() {
        tries += 1;
        assert!(tries < 200, "nobody is told");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // A look or two later.
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    assert_eq!(world.flags(&payment).await, ["refund_unanswered"]);
    let list = world.refunds(&payment).await;
    let refunds = list["data"].as_array().unwrap().iter();
    assert!(
        refunds.clone().all(|one| one["status"] == "pending"),
        "{list}"
    );
    assert_eq!(list["refundable"], 4_990 - 990 - 500);
    world.stop().await;
}
