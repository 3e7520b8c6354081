//! Customers pay at OP, or do not; what is lost on the way is healed by asking.

use std::time::Duration;

use kassa_checkout::{BankId, Language, Timestamp};
use kassa_server::{clock, store::Begin};
use serde_json::json;

use crate::{kit::text, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn customers_pay_cancel_and_are_refused_at_op_and_at_another_bank() {
    let world = World::start().await;
    for (order, bank, act, status) in [
        ("1001", "op", "pay", "paid"),
        ("1002", "nordea", "pay", "paid"),
        ("1003", "op", "cancel", "cancelled"),
        ("1004", "nordea", "refuse", "declined"),
        // No reference can be made of it, so that one of the shop's series is allotted.
        ("A-1005", "op", "pay", "paid"),
    ] {
        let payment = world.payment(order).await;
        let (code, step) = world.pay(&payment, bank).await;
        assert_eq!(code, 200, "{step}");
        assert_eq!(
            text(&step, "url").contains("/multibank/direct/sim-nordea/"),
            bank == "nordea"
        );
        let back = world.at_the_bank(&step, act).await;
        assert_eq!(
            back,
            format!("{}/return/{}", world.kassa, text(&payment, "token"))
        );
        // By the callback, long before the first question would be due.
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.browse(world.client.get(&back)).await;
        let page = format!("{}/checkout/{}", world.kassa, text(&payment, "token"));
        world.browse(world.client.get(page)).await;
    }
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_callback_is_healed_by_asking() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, step) = world.pay(&payment, "op").await;
    world.at_the_bank(&step, "pay").await;
    assert_ne!(world.status(&payment).await["status"], "paid");
    world.until(&payment, "paid", Duration::from_secs(40)).await;
    world.nothing_leaked().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_op_did_not_take_on_can_be_begun_again() {
    let world = World::start().await;
    let payment = world.payment("1001").await;
    // Also the list of banks may be asked for in between.
    let faults = json!({ "refuse": 100, "refuse_with": 503 });
    world.control("/faults", faults).await;
    let (code, problem) = world.pay(&payment, "op").await;
    assert_eq!(code, 503, "{problem}");
    assert!(world.at_op().await.is_empty());
    world.control("/faults", json!({})).await;
    let (code, step) = world.pay(&payment, "op").await;
    assert_eq!(code, 200, "{step}");
    world.at_the_bank(&step, "pay").await;
    world.until(&payment, "paid", Duration::from_secs(4)).await;
    world.stop().await;
}

/// OP gives every payment an identifier of its own, so that two calls are two payments, of which we
/// would hear of one: the form that comes again waits for the first one's call, at whatever node.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_began_an_attempt_calls_and_another_only_when_that_is_over() {
    let world = World::start().await;
    for (order, seconds, called) in [("1001", 0, false), ("1002", 12, true)] {
        let payment = world.payment(order).await;
        let begun_at = clock::now().millis() - seconds * 1_000;
        let begin = Begin {
            token: text(&payment, "token").to_owned(),
            provider: "op",
            bank: BankId::parse("op").ok(),
            method: None,
            language: Language::Fi,
            embedded: false,
            now: Timestamp::from_millis(begun_at),
            same_within: 10,
            by_call: true,
            instead_of: None,
        };
        world.app.store.begin_attempt(begin).await.unwrap();
        let (code, step) = world.pay(&payment, "op").await;
        let kind = if called { "redirect" } else { "await" };
        assert_eq!((code, text(&step, "kind")), (200, kind), "{seconds}");
        assert_eq!(world.at_op().await.len(), usize::from(called));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_attempt_counts_though_the_customer_began_another() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, first) = world.pay(&payment, "op").await;
    let (_, second) = world.pay(&payment, "nordea").await;
    assert_ne!(text(&first, "url"), text(&second, "url"));
    // The customer goes back in the browser and pays the first one after all.
    world.at_the_bank(&first, "pay").await;
    world.until(&payment, "paid", Duration::from_secs(40)).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_has_op_asked_at_once() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "lose_callbacks": 1 }))
        .await;
    let payment = world.payment("1001").await;
    let (_, step) = world.pay(&payment, "op").await;
    let back = world.at_the_bank(&step, "pay").await;
    assert_ne!(world.status(&payment).await["status"], "paid");
    for _ in 0..5 {
        world.browse(world.client.get(&back)).await;
    }
    // The first question would be due ten seconds after the beginning.
    world.until(&payment, "paid", Duration::from_secs(4)).await;
    assert_eq!(world.at_op().await[0]["asked"], 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_date_op_refuses_begins_no_payment() {
    let world = World::start().await;
    let clock = world
        .client
        .post(format!("{}/control/clock", world.simulator));
    let clock = clock.header("content-type", "application/json");
    let ahead = clock.body(json!({ "skip_seconds": 3_600 }).to_string());
    assert_eq!(ahead.send().await.unwrap().status(), 200);
    world.control("/faults", json!({ "date_within": 60 })).await;
    let payment = world.payment("1001").await;
    let (code, problem) = world.pay(&payment, "op").await;
    assert_eq!((code, text(&problem, "code")), (502, "provider/refused"));
    assert!(world.at_op().await.is_empty());
    world
        .control("/faults", json!({ "date_within": 3_700 }))
        .await;
    assert_eq!(world.pay(&payment, "op").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_that_the_sandbox_cancels_and_rejects_do_so() {
    for (account, status) in [
        (kassa_simulator::op::CANCELS, "cancelled"),
        (kassa_simulator::op::REJECTS, "declined"),
    ] {
        let world = World::with_account(account).await;
        let payment = world.payment("1001").await;
        let (_, step) = world.pay(&payment, "op").await;
        let sent = world.client.get(text(&step, "url")).send().await.unwrap();
        let back = sent.headers()["location"].to_str().unwrap();
        assert!(back.starts_with(&world.kassa), "{back}");
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.stop().await;
    }
}
