//! An attempt belongs to the account that it was begun at.

use std::time::Duration;

use serde_json::json;

use crate::{
    kit::text,
    world::{
        Account::{Gate, Op},
        World,
    },
};

/// An attempt stays with the account that it was begun at, whichever is preferred later.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_belongs_to_its_account_for_good() {
    let world = World::start(&[Op, Gate]).await;
    let paid = world.payment().await;
    let (_, step) = world.pay(&paid, "nordea").await;
    world.pay_at_op(&step).await;
    world.until_status(&paid, "paid").await;
    let (waiting, open) = (world.payment().await, world.payment().await);
    let (_, step) = world.pay(&waiting, "nordea").await;
    let (_, step_of_open) = world.pay(&open, "nordea").await;
    world.stop().await;

    // The other one is preferred now. What OP says is heard, and OP gives the money back.
    world.serve(&[Gate, Op]).await;
    let new = world.payment().await;
    assert_eq!(world.pay_with(&new, "nordea").await, ["ecommpay"]);
    world.pay_at_op(&step).await;
    world.until_status(&waiting, "paid").await;
    let refunds = world.shop(&paid, "/refunds").await;
    assert_eq!(refunds["rule"]["supported"], true);
    let url = format!("{}/v1/payments/{}/refunds", world.kassa, text(&paid, "id"));
    let (status, refund) = world.post(url, json!({ "amount": 990 })).await;
    assert_eq!(status, 201, "{refund}");
    world.until_status(&paid, "partially_refunded").await;
    world.stop().await;

    // The account is gone: nothing is lost, and nothing is taken for what it is not.
    world.serve(&[Gate]).await;
    let refunds = world.shop(&paid, "/refunds").await;
    assert_eq!(
        refunds["rule"],
        json!({ "supported": false, "reason": "refund/account" })
    );
    let url = format!("{}/v1/payments/{}/refunds", world.kassa, text(&paid, "id"));
    let (status, problem) = world.post(url, json!({})).await;
    assert_eq!(
        (status, text(&problem, "code")),
        (422, "refund/unsupported")
    );
    world.app().store.shift_due(-3_600_000).await.unwrap();
    world.pay_at_op(&step_of_open).await;
    let figure = r#"kassa_provider_calls_total{provider="op",call="status",outcome="no_account"}"#;
    for _ in 0..500 {
        if world.app().metrics.render().contains(figure) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(world.app().metrics.render().contains(figure));
    assert_eq!(world.read(&open, "status").await["status"], "redirected");
    world.stop().await;

    // There again, last, it is asked once more.
    world.serve(&[Gate, Op]).await;
    world.app().store.shift_due(-30 * 86_400_000).await.unwrap();
    world.until_status(&open, "paid").await;
    world.stop().await;
}
