//! Refunds over the shop API: recorded, listed, told to the shop, never more than was paid.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use futures_util::future::join_all;
use http::Method;
use kassa_server::store::MessageFilter;
use kit::{Answer, Kit, SECRET, attempt_of, report, text};
use serde_json::{Value, json};

impl Kit {
    /// A payment of 49.90 euros that was paid.
    async fn paid(&self) -> Value {
        let payment = self.create(json!({})).await;
        let attempt = self.attempt(&payment, "op").await;
        self.believe(&attempt, 1).await;
        payment
    }

    async fn attempt(&self, payment: &Value, bank: &str) -> String {
        let step = self.pay(payment, json!({ "bank": bank }), None).await;
        attempt_of(&step.expect(200).json())
    }

    /// The provider reports that an attempt was paid.
    async fn believe(&self, attempt: &str, operation: u64) {
        let paid = report(attempt, "success", operation, 4_990, SECRET);
        self.callback(paid).await.expect(200);
    }

    async fn refund(&self, payment: &Value, body: Value, key: Option<&str>) -> Answer {
        let path = format!("/v1/payments/{}/refunds", text(payment, "id"));
        self.shop_with(Method::POST, &path, Some(body), key).await
    }

    async fn refunds(&self, payment: &Value) -> Vec<Value> {
        let path = format!("/v1/payments/{}/refunds", text(payment, "id"));
        let answer = self.shop(Method::GET, &path, None).await.expect(200).json();
        answer["data"].as_array().unwrap().clone()
    }

    async fn told(&self, payment: &Value) -> Vec<Value> {
        let filter = MessageFilter {
            payment: Some(text(payment, "id").to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        let messages = self.app.store.messages(filter).await.unwrap();
        let bodies = messages.iter().map(|message| &message.body);
        bodies
            .map(|body| serde_json::from_str(body).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn what_a_shop_sends_back_by_itself_is_recorded() {
    let kit = Kit::new();
    let payment = kit.paid().await;
    assert_eq!(kit.read(&payment).await["refundable"], 4_990);

    let part = json!({ "amount": 1_000, "manual": true, "note": "One was broken" });
    let refund = kit.refund(&payment, part, None).await.expect(201).json();
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(refund["amount"], 1_000);
    assert_eq!(refund["payment"], payment["id"]);
    assert_eq!(refund["note"], "One was broken");
    let read = kit.read(&payment).await;
    assert_eq!(read["status"], "partially_refunded");
    assert_eq!(
        (&read["refunded"], &read["refundable"]),
        (&json!(1_000), &json!(3_990))
    );

    let rest = kit.refund(&payment, json!({ "manual": true }), None).await;
    assert_eq!(rest.expect(201).json()["amount"], 3_990);
    let read = kit.read(&payment).await;
    assert_eq!(read["status"], "refunded");
    assert_eq!(
        (&read["refunded"], &read["refundable"]),
        (&json!(4_990), &json!(0))
    );

    let listed = kit.refunds(&payment).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], refund);
    let told = kit.told(&payment).await;
    let of_refunds: Vec<_> = told
        .iter()
        .filter(|told| told["type"] == "refund.updated")
        .collect();
    assert_eq!(of_refunds.len(), 2);
    assert_eq!(of_refunds[0]["data"]["refund"], refund);
    assert_eq!(of_refunds[0]["data"]["id"], payment["id"]);
    assert!(of_refunds[0]["data"].get("token").is_none());
    let status = format!("/checkout/{}/status", text(&payment, "token"));
    let status = kit.get(&status).await.expect(200).json();
    assert_eq!(status["status"], "refunded");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_named() {
    let kit = Kit::new();
    let unpaid = kit.create(json!({ "order": "7" })).await;
    let manual = json!({ "manual": true });
    let refused = kit.refund(&unpaid, manual.clone(), None).await.expect(409);
    assert_eq!(refused.problem().0, "refund/nothing-left");

    let payment = kit.paid().await;
    let cases = [
        (json!({}), "refund/unsupported", "manual"),
        (
            json!({ "manual": true, "amount": 4_991 }),
            "refund/too-much",
            "amount",
        ),
        (
            json!({ "manual": true, "amount": 0 }),
            "amount/zero",
            "amount",
        ),
        (
            json!({ "manual": true, "amount": -1 }),
            "request/field",
            "amount",
        ),
        (
            json!({ "manual": true, "attempt": "pay_1-1" }),
            "refund/unknown-attempt",
            "attempt",
        ),
        (
            json!({ "manual": true, "note": "a\nb" }),
            "request/field",
            "note",
        ),
        (
            json!({ "manual": true, "sum": 1 }),
            "request/unknown-field",
            "sum",
        ),
    ];
    for (body, code, field) in cases {
        let refused = kit.refund(&payment, body, None).await.expect(422);
        assert_eq!(refused.problem(), (code.to_owned(), field.to_owned()));
    }
    assert_eq!(kit.refunds(&payment).await, Vec::<Value>::new());
    let nobodys = json!({ "id": "pay_none" });
    kit.refund(&nobodys, manual, None).await.expect(404);
    let path = "/v1/payments/pay_none/refunds";
    kit.shop(Method::GET, path, None).await.expect(404);
    let path = format!("/v1/payments/{}/refunds", text(&payment, "id"));
    let told = kit.shop(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(told["rule"]["supported"], false);
    assert_eq!(told["rule"]["reason"], "refund/method");
    assert_eq!(told["refundable"], 4_990);
}

#[tokio::test]
async fn of_two_attempts_that_were_paid_one_is_named() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let first = kit.attempt(&payment, "op").await;
    let second = kit.attempt(&payment, "nordea").await;
    kit.believe(&second, 2).await;
    kit.believe(&first, 3).await;
    let refused = kit.refund(&payment, json!({ "manual": true }), None).await;
    let (code, field) = refused.expect(422).problem();
    assert_eq!(
        (code.as_str(), field.as_str()),
        ("refund/which-attempt", "attempt")
    );
    let named = json!({ "manual": true, "attempt": first });
    kit.refund(&payment, named, None).await.expect(201);
    assert_eq!(kit.read(&payment).await["status"], "paid");
}

#[tokio::test]
async fn the_same_request_is_one_refund() {
    let kit = Kit::new();
    let payment = kit.paid().await;
    let body = json!({ "manual": true, "amount": 1_000 });
    let first = kit
        .refund(&payment, body.clone(), Some("k1"))
        .await
        .expect(201);
    let again = kit.refund(&payment, body, Some("k1")).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.text, again.text);
    let other = json!({ "manual": true, "amount": 1_001 });
    let reused = kit.refund(&payment, other, Some("k1")).await.expect(422);
    assert_eq!(reused.problem().0, "idempotency/other-request");
    // A key that made a payment makes no refund.
    let order = kit::order();
    let path = "/v1/payments";
    kit.shop_with(Method::POST, path, Some(order), Some("k2"))
        .await
        .expect(201);
    let reused = kit
        .refund(&payment, json!({ "manual": true }), Some("k2"))
        .await;
    assert_eq!(reused.expect(422).problem().0, "idempotency/other-request");
    assert_eq!(kit.refunds(&payment).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_never_exceed_the_payment() {
    let kit = Kit::new();
    let payment = kit.paid().await;
    let body = json!({ "manual": true, "amount": 1_000 });
    let all = join_all((0..50).map(|_| kit.refund(&payment, body.clone(), None))).await;
    let made = all
        .iter()
        .filter(|answer| answer.status.as_u16() == 201)
        .count();
    let refused = all
        .iter()
        .filter(|answer| answer.status.as_u16() == 422)
        .count();
    assert_eq!((made, refused), (4, 46));
    let read = kit.read(&payment).await;
    assert_eq!(
        (&read["refunded"], &read["refundable"]),
        (&json!(4_000), &json!(990))
    );
}
