//! `kassa webhooks` and `kassa events`.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use kassa_checkout::Timestamp;
use kassa_server::{
    clock,
    store::{Delivery, Outcome, Room, Store as _, Tried},
};
use serde_json::Value;

use crate::place::{Place, command};

#[tokio::test]
async fn webhooks_are_listed_and_sent_again() {
    let place = Place::new();
    let now = clock::now();
    for number in 1..=3 {
        place.create(number, "puoti", "A", now).await;
        place.pay(number, now).await;
    }
    let written = place.messages("puoti").await.len();
    assert!(written >= 3);
    // As a server whose shop has no endpoint: all are set aside.
    let room = Room {
        shop: "puoti".to_owned(),
        endpoint: None,
        free: 100,
    };
    place.store.claim_webhooks(vec![room], 60).await.unwrap();
    let listed = place
        .run(&["webhooks", "list", "--outcome", "set_aside"])
        .expect(0);
    assert_eq!(listed.out.lines().count(), written + 1);
    assert!(
        listed.out.contains("  payment.updated  paid  "),
        "{}",
        listed.out
    );

    let first = place.messages("puoti").await[0].id.clone();
    let one = place.run(&["webhooks", "replay", &first]).expect(0);
    assert_eq!(one.out, "1 of 1 message will be sent once more\n");
    assert_eq!(place.messages("puoti").await[0].outcome, Outcome::Waiting);
    // The server takes it within its lease; then it is left to that try.
    assert_eq!(place.claim("puoti", 60).await, 1);
    let from = clock::rfc3339(Timestamp::from_millis(now.millis() - 60_000));
    let range = ["webhooks", "replay", "--shop", "puoti", "--from", &from];
    let dry = place.run(&[&range[..], &["--dry-run"]].concat()).expect(0);
    assert_eq!(
        dry.out,
        format!("{written} messages would be sent once more\n")
    );
    let all = place.run(&range).expect(0);
    let others = written - 1;
    assert_eq!(
        all.out,
        format!(
            "{others} of {written} messages will be sent once more; 1 being sent just now, left \
             to that try\n"
        )
    );
    assert_eq!(place.claim("puoti", 60).await, others);
}

#[tokio::test]
async fn a_shop_that_was_gone_is_sent_to_again() {
    let place = Place::new();
    place.create(1, "puoti", "A", clock::now()).await;
    place.pay(1, clock::now()).await;
    let room = Room {
        shop: "puoti".to_owned(),
        endpoint: Some("here".to_owned()),
        free: 1,
    };
    let sent = place.store.claim_webhooks(vec![room], 60).await.unwrap();
    let gone = Tried {
        id: sent[0].id.clone(),
        claim: sent[0].claim,
        shop: "puoti".to_owned(),
        endpoint: "here".to_owned(),
        delivery: Delivery::Gone,
    };
    place.store.finish_webhook(gone).await.unwrap();
    let enabled = place.run(&["webhooks", "enable", "puoti"]).expect(0);
    assert_eq!(enabled.out, "puoti: webhooks are sent again\n");
    place.run(&["webhooks", "enable", "puoti"]).expect(3);
}

#[tokio::test]
async fn events_are_followed() {
    let place = Place::new();
    place.create(1, "puoti", "A-1", clock::now()).await;
    place.pay(1, clock::now()).await;
    let first = place.messages("puoti").await[0].id.clone();
    let mut tail = command(&[
        "events",
        "tail",
        "--after",
        &first,
        "--json",
        "--data",
        place.data(),
    ])
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    place.create(2, "puoti", "A-2", clock::now()).await;
    place.pay(2, clock::now()).await;
    let expected: Vec<_> = place.messages("puoti").await;
    for message in &expected[1..] {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(line["id"], message.id);
        assert_eq!(line["event"]["data"]["id"], message.payment);
        assert_eq!(line["shop"], "puoti");
    }
    tail.kill().unwrap();
    tail.wait().unwrap();
}
