//! OP's callbacks: only those that are signed, and of this hour, are listened to.

use std::time::Duration;

use serde_json::json;

use crate::{kit::text, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_of_another_hour_is_not_listened_to() {
    let world = World::start().await;
    for (skip, status) in [(290, "paid"), (3_600, "redirected")] {
        let clock = world
            .client
            .post(format!("{}/control/clock", world.simulator));
        let clock = clock.header("content-type", "application/json");
        let body = json!({ "skip_seconds": skip }).to_string();
        assert_eq!(clock.body(body).send().await.unwrap().status(), 200);
        let payment = world.payment(&skip.to_string()).await;
        let (_, step) = world.pay(&payment, "op").await;
        world
            .control("/faults", json!({ "hold_callbacks": true }))
            .await;
        let back = world.at_the_bank(&step, "pay").await;
        world.control("/callbacks/release", json!({})).await;
        if status == "paid" {
            world.until(&payment, status, Duration::from_secs(4)).await;
            continue;
        }
        // It was heard and refused, while nobody asks yet.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(world.status(&payment).await["status"], status);
        world.browse(world.client.get(&back)).await;
        world.until(&payment, "paid", Duration::from_secs(4)).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_nobody_signed_asks_nothing() {
    let world = World::start().await;
    let payment = world.payment("1001").await;
    world.pay(&payment, "op").await;
    let attempt = format!("{}-1", text(&payment, "id"));
    let id = text(&world.at_op().await[0], "paymentId").to_owned();
    for (attempt, signature) in [(attempt.as_str(), "0aff"), ("pay_unknown-1", "0aff")] {
        let request = world
            .client
            .post(format!("{}/callbacks/op/{attempt}", world.kassa))
            .header("content-type", "application/json")
            .header("date", "Tue, 02 Nov 2021 14:21:38 GMT")
            .header("x-api-key", "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx")
            .header("x-session-id", "c0e60055-6b65-57cc-ad13-233672ae9f8d")
            .header("x-request-id", "45d396eb-fe6b-5c8c-86d4-74ee4fda9263")
            .header("authorization", format!("op:1:1:{signature}"))
            .body(json!({ "paymentId": id }).to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        assert!(!answer.text().await.unwrap().contains(&id));
    }
    let bare = world
        .client
        .post(format!("{}/callbacks/op/{attempt}", world.kassa));
    assert!(bare.send().await.unwrap().status().is_client_error());
    world.stop().await;
}
