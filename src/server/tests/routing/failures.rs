//! A provider refuses, does not answer or is gone: the customer goes on at the next one where nothing
//! can have begun, and nowhere else.

use std::time::Duration;

use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::{Value, json};

use crate::{
    kit::text,
    world::{
        Account::{Gate, Op},
        Simulator, World,
    },
};

/// What proves that nothing began leads on within the same request.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_refuses_gives_way_to_the_next() {
    let world = World::start(&[Gate, Op]).await;
    for (fault, why) in [
        ("refuse", "refused"),
        ("refuse-bank", "not_offered"),
        ("refuse-amount", "not_offered"),
    ] {
        world.faults(json!({ "gate": fault })).await;
        let payment = world.payment().await;
        let (status, step) = world.pay(&payment, "nordea").await;
        assert_eq!((status, &step["kind"]), (200, &json!("redirect")), "{step}");
        let refused = format!("ecommpay refused: {why}");
        assert_eq!(world.attempts(&payment).await, [&refused, "op"], "{fault}");
        let second = &world.events(&payment, "attempt.started").await[1];
        assert_eq!(second["who"], "kassa");
        let first = format!("{}-1", text(&payment, "id"));
        assert_eq!(second["detail"]["instead_of"], first);
        world.pay_at_op(&step).await;
        world.until_status(&payment, "paid").await;
    }
    assert_eq!(world.taken_by("ecommpay").await, Vec::<String>::new());
    // Where nobody is left, the customer is told what the last one said.
    let payment = world.payment().await;
    world.op.die();
    let (status, problem) = world.pay(&payment, "nordea").await;
    assert_eq!(
        (status, text(&problem, "code")),
        (503, "provider/unavailable")
    );
    world.stop().await;
}

/// Until failures have lasted long enough for the provider to be left alone after the next one.
async fn lasting() {
    tokio::time::sleep(Duration::from_millis(2_100)).await;
}

/// Whatever may have begun at the first provider is never begun at the second.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_may_have_begun_is_begun_elsewhere() {
    let world = World::start(&[Gate, Op]).await;
    let mut payments = Vec::new();
    for fault in ["error", "error-taken", "garbage", "error", "garbage"] {
        if payments.len() == 4 {
            lasting().await;
        }
        world
            .faults(json!({ "gate": fault, "redirect": "never" }))
            .await;
        let payment = world.payment().await;
        let (status, step) = world.pay(&payment, "nordea").await;
        assert_eq!((status, step), (200, waits()), "{fault}");
        assert_eq!(world.attempts(&payment).await, ["ecommpay"], "{fault}");
        payments.push((payment, fault));
    }
    assert_eq!(world.taken_by("op").await, Vec::<String>::new());
    // The provider is left alone by now. The same choice waits for it all the same, and another
    // customer's does not.
    for (payment, fault) in &payments {
        let (status, problem) = world.pay(payment, "nordea").await;
        let code = text(&problem, "code");
        assert_eq!((status, code), (503, "provider/unavailable"), "{fault}");
        assert_eq!(world.attempts(payment).await, ["ecommpay"], "{fault}");
    }
    let other = world.payment().await;
    assert_eq!(world.pay_with(&other, "nordea").await, ["op"]);
    // Another bank is the customer's own choice; paying both is told.
    let (payment, _) = &payments[1];
    let (status, step) = world.pay(payment, "danske").await;
    assert_eq!(status, 200, "{step}");
    assert_eq!(world.attempts(payment).await, ["ecommpay", "op"]);
    world.faults(json!({})).await;
    world.pay_at_op(&step).await;
    world.until_status(payment, "paid").await;
    world.pay_at_the_gate(payment, 1).await;
    let mut flagged = Vec::new();
    for _ in 0..500 {
        flagged = world.events(payment, "payment.flagged").await;
        if !flagged.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(flagged[0]["detail"]["flag"], "paid_twice", "{flagged:?}");
    // Each half goes back by the rule of whoever took it.
    let refunds = world.shop(payment, "/refunds").await;
    let held = refunds["attempts"].as_array().unwrap().iter();
    let held: Vec<_> = held
        .map(|one| (text(one, "provider"), one["rule"]["supported"] == true))
        .collect();
    assert_eq!(held, [("ecommpay", false), ("op", true)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_keeps_the_choice() {
    let world = World::start(&[Gate, Op]).await;
    world
        .faults(json!({ "gate": "hang", "redirect": "never" }))
        .await;
    let payments = [world.payment().await, world.payment().await];
    let pays = payments.iter().map(|payment| world.pay(payment, "nordea"));
    for (status, step) in join_all(pays).await {
        assert_eq!((status, step), (200, waits()));
    }
    for payment in &payments {
        assert_eq!(world.attempts(payment).await, ["ecommpay"]);
    }
    assert_eq!(world.taken_by("op").await, Vec::<String>::new());
    // The sale never got there, so that the same one is made again, under the same identifier.
    world.faults(json!({})).await;
    let (status, step) = world.pay(&payments[0], "nordea").await;
    assert_eq!((status, step), (200, waits()));
    assert_eq!(world.attempts(&payments[0]).await, ["ecommpay"]);
    let first = format!("{}-1", text(&payments[0], "id"));
    assert_eq!(world.taken_by("ecommpay").await, [first]);
    world.stop().await;
}

/// A provider that cannot be reached is left alone after some customers, and one call finds out
/// when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_passed_over_until_it_is_back() {
    let world = World::with(&[Gate, Op], Simulator::down().await).await;
    let mut passed_over = false;
    for customer in 0..7 {
        if customer == 5 {
            lasting().await;
        }
        let payment = world.payment().await;
        // The list of banks counts as well, and stays whole.
        assert_eq!(world.pay(&payment, "nordea").await.0, 200);
        let attempts = world.attempts(&payment).await;
        passed_over = attempts == ["op"];
        assert!(
            passed_over || attempts == ["ecommpay refused: unreachable", "op"],
            "{attempts:?}"
        );
    }
    assert!(passed_over);
    // What only that one has is shown, and cannot be chosen.
    let payment = world.payment().await;
    let session = world.session(&payment).await;
    let banks = session["banks"].as_array().unwrap();
    let bank = |id: &str| banks.iter().find(|bank| bank["id"] == id).unwrap().clone();
    assert_eq!(bank("s-pankki")["unavailable"]["why"], "disrupted");
    assert_eq!(bank("nordea")["unavailable"], Value::Null);
    let (status, problem) = world.pay(&payment, "s-pankki").await;
    assert_eq!(
        (status, text(&problem, "code")),
        (409, "payment/bank-unavailable")
    );

    // Back: one call tries it while all others go to the second, though all of them choose before
    // the first one's attempt is written down.
    world.gate.come_up().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut payments = Vec::new();
    for _ in 0..50 {
        payments.push(world.payment().await);
    }
    let database = rusqlite::Connection::open(world.folder.path().join("kassa.db")).unwrap();
    database.execute_batch("begin immediate").unwrap();
    let let_go = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        database.execute_batch("commit").unwrap();
    };
    let customers = join_all(
        payments
            .iter()
            .map(|payment| world.pay_with(payment, "nordea")),
    );
    let (went, ()) = futures_util::join!(customers, let_go);
    // Nobody's attempt is begun at the first only to be refused by the circuit.
    let at = |provider| went.iter().filter(|went| went[..] == [provider]).count();
    assert_eq!((at("ecommpay"), at("op")), (1, 49), "{went:?}");
    assert_eq!(world.taken_by("ecommpay").await.len(), 1);
    let payment = world.payment().await;
    assert_eq!(world.pay_with(&payment, "nordea").await, ["ecommpay"]);
    world.stop().await;
}

/// Fifty customers choose while the first provider dies under them.
#[tokio::test(flavor = "multi_thread")]
async fn no_customer_is_sold_to_twice_while_a_provider_dies() {
    let world = World::start(&[Gate, Op]).await;
    let mut payments = Vec::new();
    for _ in 0..50 {
        payments.push(world.payment().await);
    }
    let dies = async {
        while world.taken_by("ecommpay").await.len() < 5 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let taken = world.taken_by("ecommpay").await;
        world.gate.die();
        taken
    };
    // Eight at a time, and each form is sent twice, at once.
    let customers = payments
        .iter()
        .map(|payment| join_all([world.pay(payment, "nordea"), world.pay(payment, "nordea")]));
    let customers = stream::iter(customers).buffered(8).collect::<Vec<_>>();
    let (taken, answers) = futures_util::join!(dies, customers);
    for (payment, answers) in payments.iter().zip(answers) {
        let attempts = world.attempts(payment).await;
        // The second form of one that may have begun, or has just gone on elsewhere, may be told
        // to come again.
        let went = answers.iter().filter(|(status, _)| *status == 200).count();
        assert!(went > 0, "{answers:?} {attempts:?}");
        assert!(
            answers
                .iter()
                .all(|(status, _)| [200, 503].contains(status)),
            "{answers:?}"
        );
        let (last, before) = attempts.split_last().unwrap();
        assert!(!last.contains("refused"), "{attempts:?}");
        assert!(
            before.iter().all(|one| one.contains("refused")),
            "{attempts:?}"
        );
        let id = format!("{}-1", text(payment, "id"));
        assert!(!taken.contains(&id) || attempts.len() == 1, "{attempts:?}");
    }
    let went = join_all(payments.iter().map(|payment| world.attempts(payment))).await;
    let last_at_op = went.iter().filter(|went| went.last().unwrap() == "op");
    let at_op = last_at_op.count();
    // One that OP was too slow to answer has an attempt of its own as well, which nobody can pay.
    let tries = went.iter().flatten().filter(|one| one.starts_with("op"));
    let taken = world.taken_by("op").await.len();
    assert!((at_op..=tries.count()).contains(&taken), "{taken} {went:?}");
    assert!(at_op > 0 && at_op < 50, "{at_op}");
    world.stop().await;
}

fn waits() -> Value {
    json!({ "kind": "await" })
}
