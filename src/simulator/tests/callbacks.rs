//! Callbacks, as a shop receives them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "test helpers; each test file uses a part of them"
)]

mod support;

use kassa_simulator::attacks::{ALL, Kind, Must};
use serde_json::{Value, json};
use support::{World, signature_is_right};

const AT_BANK: &str = "external processing / sale external processing 9999";
const PAID: &str = "success / sale success 0";
const AWAITING: [&str; 3] = [
    AT_BANK,
    "awaiting confirmation / payment confirmation processing 9999",
    "awaiting confirmation / sale success 0",
];

#[tokio::test]
async fn tells_each_act_once_and_signed() {
    let acts: [(&str, &[&str]); 4] = [
        ("pay", &[AT_BANK, PAID]),
        ("refuse", &[AT_BANK, "decline / sale decline 20000"]),
        ("cancel", &[AT_BANK, "decline / sale decline 20301"]),
        ("close", &[AT_BANK]),
    ];
    for (act, want) in acts {
        let world = World::start().await;
        world.open(act, &[]).await;
        world.act(act, act).await;
        world.flush().await;
        assert_eq!(world.received(), want, "{act}");
    }
}

#[tokio::test]
async fn writes_the_documented_shape() {
    let world = World::start().await;
    world.open("shape", &[]).await;
    world.act("shape", "pay").await;
    world.flush().await;
    let body = world.inbox.bodies.lock().unwrap()[1].clone();
    assert!(
        body.contains(r"\u00e4\/\u00f6"),
        "escaped as PHP does: {body}"
    );
    let callback: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(callback["project_id"], 120);
    assert_eq!(callback["payment"]["id"], "shape");
    assert_eq!(callback["payment"]["type"], "purchase");
    assert_eq!(callback["payment"]["method"], "Finnish Banks");
    assert_eq!(
        callback["payment"]["sum"],
        json!({ "amount": 4990, "currency": "EUR" })
    );
    assert_eq!(callback["payment"]["description"], "Viite 12 34561, ä/ö");
    assert_eq!(callback["customer"]["id"], "customer1");
    assert_eq!(
        callback["operation"]["id"]
            .as_u64()
            .unwrap()
            .to_string()
            .len(),
        14
    );
    assert_eq!(callback["operation"]["code"], "0");
    let date = callback["operation"]["date"].as_str().unwrap();
    assert!(date.len() == 24 && date.ends_with("+0000"), "{date}");
}

#[tokio::test]
async fn retries_by_the_schedule_on_the_virtual_clock() {
    let world = World::start().await;
    world.answer_with(&[500, 404, 302]);
    world.open("retry", &[]).await;
    world
        .control("/payments/retry/act", json!({ "act": "close" }))
        .await;
    world.flush().await;
    assert_eq!(world.received().len(), 1);
    for tries in 2..=4 {
        world.skip(9).await;
        assert_eq!(
            world.received().len(),
            tries - 1,
            "nothing before ten seconds are over"
        );
        world.skip(1).await;
        assert_eq!(world.received().len(), tries);
    }
    world.skip(1_000_000).await;
    assert_eq!(world.received().len(), 4, "delivered is delivered");
    let payment = world.payment("retry").await;
    let attempts = payment["callback_list"][0]["attempts"]
        .as_array()
        .unwrap()
        .clone();
    let statuses: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt["http_status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [500, 404, 302, 200]);
    assert_eq!(payment["callback_list"][0]["fate"], "delivered");
}

#[tokio::test]
async fn confirms_late_when_seven_days_are_over() {
    let ends: [(&str, &[&str], &str); 3] = [
        (
            "late-success",
            &["success / payment confirmation success 0"],
            "success",
        ),
        (
            "late-decline",
            &["decline / payment confirmation decline 20812"],
            "decline",
        ),
        (
            "late-reversed",
            &[
                "awaiting confirmation / payment confirmation decline 20812",
                "reversed / reversal success 0",
            ],
            "reversed",
        ),
    ];
    for (act, end, truth) in ends {
        let world = World::start().await;
        world.open(act, &[]).await;
        world.act(act, act).await;
        world.skip(604_790).await;
        assert_eq!(world.received(), AWAITING, "{act}");
        assert_eq!(world.payment(act).await["truth"], "awaiting confirmation");
        world.skip(10).await;
        assert_eq!(world.received()[3..], *end, "{act}");
        assert_eq!(world.payment(act).await["truth"], truth);
        let bodies = world.inbox.bodies.lock().unwrap().clone();
        let id = |at: usize| {
            serde_json::from_str::<Value>(&bodies[at]).unwrap()["operation"]["id"].clone()
        };
        assert_eq!(
            id(1),
            id(3),
            "the confirmation that began is the one that ends"
        );
    }
}

#[tokio::test]
async fn changes_its_mind_after_a_final_word() {
    let world = World::start().await;
    world.open("f1", &[]).await;
    world
        .control(
            "/payments/f1/act",
            json!({ "act": "flip-success", "bank": 4991, "delay_seconds": 60 }),
        )
        .await;
    world.skip(60).await;
    assert_eq!(
        world.received(),
        [
            AT_BANK,
            "decline / sale decline 20000",
            "success / payment confirmation success 0"
        ]
    );
    world.open("f2", &[]).await;
    world
        .control(
            "/payments/f2/act",
            json!({ "act": "flip-reversed", "delay_seconds": 60 }),
        )
        .await;
    world.skip(60).await;
    assert_eq!(
        world.received()[3..],
        [
            AT_BANK,
            PAID,
            "success / payment confirmation decline 20812",
            "reversed / reversal success 0"
        ]
    );
    world.open("f3", &[]).await;
    world
        .control(
            "/payments/f3/act",
            json!({ "act": "late-success", "sale_declined": true }),
        )
        .await;
    world.flush().await;
    assert_eq!(
        world.received()[9],
        "awaiting confirmation / sale decline 20000"
    );
}

#[tokio::test]
async fn loses_repeats_and_overtakes_on_demand() {
    let world = World::start().await;
    world.control("/faults", json!({ "duplicate": 2 })).await;
    world.open("d", &[]).await;
    world.act("d", "pay").await;
    world.flush().await;
    let mut received = world.received();
    received.sort();
    assert_eq!(received, [AT_BANK, AT_BANK, AT_BANK, PAID, PAID, PAID]);

    world.control("/faults", json!({ "reorder": true })).await;
    world.open("r", &[]).await;
    world.act("r", "pay").await;
    world.flush().await;
    assert_eq!(world.received()[6..], [PAID, AT_BANK]);

    world.control("/faults", json!({ "first_n": 1 })).await;
    world.open("n", &[]).await;
    world.act("n", "pay").await;
    world.flush().await;
    assert_eq!(world.received().len(), 8);
    world.skip(10).await;
    assert_eq!(world.received().len(), 10);

    world.control("/faults", json!({ "lose": 100 })).await;
    world.open("l", &[]).await;
    world.act("l", "pay").await;
    world.skip(3_600).await;
    assert_eq!(world.received().len(), 10);
    assert_eq!(
        world.payment("l").await["callback_list"][0]["attempts"][0]["outcome"],
        "lost"
    );
    assert_eq!(
        world.payment("l").await["truth"],
        "success",
        "the truth does not depend on callbacks"
    );
    assert_eq!(
        world
            .try_control("/faults", json!({ "lose": 101 }))
            .await
            .status,
        422
    );

    world
        .control("/faults", json!({ "delay_ms": 60_000 }))
        .await;
    world.open("s", &[]).await;
    world.act("s", "pay").await;
    world.flush().await;
    assert_eq!(world.received().len(), 10);
    world.skip(60).await;
    assert_eq!(
        world.received().len(),
        14,
        "two that were delayed, and two that are no longer lost"
    );
}

#[tokio::test]
async fn goes_on_when_the_shop_is_down() {
    let mut world = World::start().await;
    let up = std::mem::replace(&mut world.shop, "http://127.0.0.1:9".to_owned());
    world.open("down", &[]).await;
    world.act("down", "pay").await;
    world.flush().await;
    let attempts = world.payment("down").await["callback_list"][1]["attempts"].clone();
    assert_eq!(
        (
            attempts[0]["outcome"].as_str(),
            attempts.as_array().unwrap().len()
        ),
        (Some("unreachable"), 1)
    );
    world.shop = up;
    world.open("up", &[]).await;
    world.act("up", "pay").await;
    world.flush().await;
    assert_eq!(
        world.received(),
        [AT_BANK, PAID],
        "one payment's trouble does not hold up another"
    );
}

#[tokio::test]
async fn tells_hundreds_of_payments_without_losing_one() {
    let world = World::start().await;
    for number in 0..200 {
        let id = format!("many-{number}");
        world.open(&id, &[]).await;
        world.act(&id, "pay").await;
    }
    world.flush().await;
    let received = world.received();
    assert_eq!(received.iter().filter(|told| *told == PAID).count(), 200);
    assert_eq!(received.len(), 400);
}

#[tokio::test]
async fn sends_again_what_it_did_not_hear_to_be_taken() {
    let world = World::start().await;
    world
        .control("/faults", json!({ "unheard_first_n": 1 }))
        .await;
    world.open("u", &[]).await;
    world.act("u", "pay").await;
    world.flush().await;
    world.skip(10).await;
    assert_eq!(world.received(), [AT_BANK, PAID, AT_BANK, PAID]);
    let report = world
        .control(
            "/payments/u/attack",
            json!({ "kind": "replay", "callback": 1 }),
        )
        .await;
    assert_eq!(
        (&report["must"], &report["http_status"]),
        (&json!("change-nothing"), &json!(200))
    );
    assert_eq!(world.received()[4], PAID);
    assert_eq!(
        world
            .try_control(
                "/payments/u/attack",
                json!({ "kind": "replay", "callback": 2 })
            )
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn gives_up_when_the_schedule_ends() {
    let world = World::start().await;
    world.control("/faults", json!({ "lose": 100 })).await;
    world.open("g", &[]).await;
    world.act("g", "close").await;
    for _ in 0..120 {
        world.skip(14_400).await;
    }
    let callback = world.payment("g").await["callback_list"][0].clone();
    assert_eq!(callback["fate"], "given-up");
    assert!((60..=120).contains(&callback["attempts"].as_array().unwrap().len()));
}

#[tokio::test]
async fn sends_every_attack() {
    let world = World::start().await;
    world.open("victim", &[]).await;
    world.act("victim", "refuse").await;
    world.flush().await;
    let before = world.inbox.bodies.lock().unwrap().len();
    for (at, kind) in ALL.into_iter().enumerate() {
        world.answer_with(&[400]);
        let report = world
            .control("/payments/victim/attack", json!({ "kind": kind }))
            .await;
        assert_eq!(
            (&report["outcome"], &report["http_status"]),
            (&json!("answered"), &json!(400)),
            "{kind:?}"
        );
        let bodies = world.inbox.bodies.lock().unwrap();
        assert_eq!(bodies.len(), before + at + 1, "{kind:?}");
        let body = bodies.last().unwrap();
        assert_eq!(report["body_bytes"], body.len());
        check_attack(kind, body);
    }
    assert_eq!(
        world.payment("victim").await["truth"],
        "decline",
        "an attack does not change the truth"
    );
    assert_eq!(
        world
            .try_control("/payments/nobody/attack", json!({ "kind": "replay" }))
            .await
            .status,
        404
    );
}

/// The forgeries hold a signature that a plain verifier accepts; the others do not.
fn check_attack(kind: Kind, body: &str) {
    let passes_plain_verifier = [
        Kind::ForgedFromPageSignature,
        Kind::TailAbsorbed,
        Kind::PageParamsAsCallback,
        Kind::ChangedAmount,
        Kind::ChangedCurrency,
        Kind::OtherProject,
        Kind::UnknownPayment,
        Kind::Replay,
        Kind::TypeSwap,
        Kind::OversizedBody,
    ];
    assert_eq!(
        signature_is_right(body),
        passes_plain_verifier.contains(&kind),
        "{kind:?}: {body:.300}"
    );
    let says = |text: &str| assert!(body.contains(text), "{kind:?}: no {text:?} in {body:.600}");
    match kind {
        Kind::ForgedFromPageSignature => says(r#""customer_last_name":"x""#),
        Kind::TailAbsorbed => says(r#""zz":"q;payment_amount:4990;"#),
        Kind::PageParamsAsCallback => assert!(!body.contains(r#""payment":"#)),
        Kind::ChangedAmount => says(r#""amount":4991"#),
        Kind::ChangedCurrency => says(r#""currency":"SEK""#),
        Kind::OtherProject => says(r#""project_id":1201"#),
        Kind::DuplicateKeys => assert_eq!(body.matches(r#""payment":{"#).count(), 2),
        Kind::TwoSignatures => assert_eq!(body.matches(r#""signature":"#).count(), 2),
        Kind::TypeSwap => says(r#""amount":"4990""#),
        Kind::OversizedBody => assert!(body.len() > 256 * 1024),
        Kind::DeepNesting => says(&"[".repeat(200)),
        Kind::EmptyBody => assert_eq!(body, ""),
        _ => {}
    }
    if kind.must() == Must::ChangeNothing {
        assert!(signature_is_right(body));
    }
}
