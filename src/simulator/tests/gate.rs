//! Gate's questions, as Kassa's server asks them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "test helpers; each test file uses a part of them"
)]

mod support;

use kassa_simulator::Config;
use kassa_simulator::json::{Escapes, Node};
use kassa_simulator::signature::string_to_sign;
use serde_json::Value;
use support::{World, signature_is_right};

fn request(project_id: u64, payment_id: &str) -> String {
    let mut document = Node::object([(
        "general",
        Node::object([
            ("project_id", Node::int(project_id)),
            ("payment_id", Node::text(payment_id)),
        ]),
    )]);
    let signature = Config::development()
        .secret
        .sign(&string_to_sign(&document));
    document.set(&["general", "signature"], Node::Text(signature));
    document.to_json(Escapes::Plain)
}

#[tokio::test]
async fn tells_how_a_payment_stands() {
    let world = World::start().await;
    world.open("gate-1", &[]).await;
    let unknown = world
        .form("/v2/payment/status", &request(120, "gate-1"))
        .await;
    assert!(
        unknown.status == 400 && unknown.body.contains("3061"),
        "the customer has not chosen a bank"
    );
    world.act("gate-1", "late-reversed").await;
    world.skip(604_800).await;
    let answer = world
        .form("/v2/payment/status", &request(120, "gate-1"))
        .await;
    assert_eq!(answer.status, 200);
    assert!(signature_is_right(&answer.body), "{}", answer.body);
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["payment"]["status"], "reversed");
    assert_eq!(document["payment"]["sum"]["amount"], 4990);
    let operations: Vec<_> = document["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| format!("{} {}", operation["type"], operation["status"]))
        .collect();
    assert_eq!(
        operations,
        [
            r#""sale" "success""#,
            r#""payment confirmation" "decline""#,
            r#""reversal" "success""#
        ]
    );
}

#[tokio::test]
async fn refuses_what_is_not_rightly_signed() {
    let world = World::start().await;
    let cases = [
        ("{", 422, "2003"),
        ("{}", 400, "3262"),
        (
            r#"{"general":{"project_id":120,"payment_id":"x","signature":"AAAA"}}"#,
            400,
            "3261",
        ),
        (&request(121, "x"), 400, "2442"),
        (&request(120, "nobody"), 400, "3061"),
    ];
    for (body, status, code) in cases {
        let answer = world.form("/v2/payment/status", body).await;
        assert!(
            answer.status == status && answer.body.contains(code),
            "{body}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn lists_the_banks() {
    let world = World::start().await;
    let answer = world
        .form("/v2/info/banks/finland/sale/list", &request(120, "any"))
        .await;
    let banks: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(banks.as_array().unwrap().len(), 10);
    assert_eq!(banks[9]["nativeName"], "Ålandsbanken");
    assert_eq!(banks[9]["currencies"][0]["number_3_4217"], "978");
}
