//! The shop API: create, idempotency, read, list, events, errors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use axum::body::Body;
use http::{Method, Request, header};
use kit::{Kit, merge, order, text};
use serde_json::{Value, json};

#[tokio::test]
async fn a_payment_is_created_and_read() {
    let kit = Kit::new();
    let made = kit.create(json!({ "description": "Kaksi kuusta" })).await;
    assert_eq!(made["status"], "created");
    assert_eq!(made["amount"], 4_990);
    assert_eq!(made["currency"], "EUR");
    assert_eq!(made["reference"], "1234561");
    assert_eq!(made["reference_print"], "12 34561");
    assert_eq!(
        made["checkout_url"],
        format!("http://127.0.0.1:8080/checkout/{}", text(&made, "token"))
    );
    assert_eq!(kit.read(&made).await, made);
    let events = kit.events(&made).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["kind"], "payment.created");
    assert_eq!(events[0]["who"], "shop:demo");
}

#[tokio::test]
async fn a_reference_is_given_or_made_or_allotted() {
    let kit = Kit::new();
    let reference = async |more: Value| text(&kit.create(more).await, "reference").to_owned();
    assert_eq!(
        reference(json!({ "reference": "12 34561" })).await,
        "1234561"
    );
    assert_eq!(
        reference(json!({ "reference": "rf33 2348 236" })).await,
        "RF332348236"
    );
    assert_eq!(reference(json!({ "order": "A-7" })).await, "9000000014");
    // Two digits are no base, and a zero in front would collide with the number without it.
    assert_eq!(reference(json!({ "order": "12" })).await, "9000000027");
    assert_eq!(reference(json!({ "order": "0123456" })).await, "9000000030");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let kit = Kit::new();
    let other_shop = "https://elsewhere.example/thanks";
    let cases = [
        (json!({ "amount": 0 }), "amount/zero", "amount"),
        (json!({ "amount": 10.5 }), "request/field", "amount"),
        (json!({ "amount": null }), "request/field", "amount"),
        (json!({ "currency": "SEK" }), "request/field", "currency"),
        (json!({ "order": "" }), "payment/order", "order"),
        (json!({ "order": "a\nb" }), "payment/order", "order"),
        (
            json!({ "reference": "1234562" }),
            "reference/check-digit",
            "reference",
        ),
        (json!({ "colour": 1 }), "request/unknown-field", "colour"),
        (
            json!({ "customer": { "pan": "4" } }),
            "request/unknown-field",
            "customer.pan",
        ),
        (
            json!({ "return_url": other_shop }),
            "payment/return-url",
            "return_url",
        ),
        (
            json!({ "return_url": "javascript:alert(1)" }),
            "payment/return-url",
            "return_url",
        ),
        (
            json!({ "return_url": "/thanks" }),
            "payment/return-url",
            "return_url",
        ),
        (json!({ "expires_in": 1 }), "request/field", "expires_in"),
        (json!({ "language": "de" }), "request/field", "language"),
        (
            json!({ "selection": { "option": "single_bank", "banks": ["no-such-bank"] } }),
            "payment/selection",
            "selection.banks",
        ),
        (
            json!({ "selection": { "option": "named_banks", "banks": [] } }),
            "selection/empty",
            "selection.banks",
        ),
    ];
    for (more, code, field) in cases {
        let mut body = order();
        merge(&mut body, more.clone());
        let answer = kit.shop(Method::POST, "/v1/payments", Some(body)).await;
        assert_eq!(answer.status, 422, "{more}: {}", answer.text);
        assert_eq!(
            answer.problem(),
            (code.to_owned(), field.to_owned()),
            "{more}"
        );
    }
}

#[tokio::test]
async fn without_a_key_there_is_nothing() {
    let kit = Kit::new();
    for authorization in [
        "",
        "Bearer wrong",
        "Basic a2Fzc2E6",
        "Bearer kassa_dev_demo_0123456789abcdef0123456789abcdee",
    ] {
        let request = Request::get("/v1/payments")
            .header(header::AUTHORIZATION, authorization)
            .body(Body::empty())
            .unwrap();
        let answer = kit.send(request).await.expect(401);
        assert_eq!(answer.problem().0, "auth/unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"kassa\"");
    }
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer() {
    let kit = Kit::new();
    let create = |body: Value, key: &'static str| {
        kit.shop_with(Method::POST, "/v1/payments", Some(body), Some(key))
    };
    let first = create(order(), "order-1").await.expect(201);
    let again = create(order(), "order-1").await.expect(201);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotency-replayed"), "true");

    // Spaces and the order of fields are not another request; another value is.
    let spaced = "{ \"return_url\": \"http://127.0.0.1:8082/thanks?order=123456\", \"amount\": 4990, \"order\": \"123456\" }";
    let reordered: Value = serde_json::from_str(spaced).unwrap();
    assert_eq!(
        create(reordered, "order-1").await.expect(201).text,
        first.text
    );
    let mut other = order();
    merge(&mut other, json!({ "amount": 4_991 }));
    let refused = create(other, "order-1").await.expect(422);
    assert_eq!(refused.problem().0, "idempotency/other-request");

    // A request that was refused is not remembered.
    let mut wrong = order();
    merge(&mut wrong, json!({ "amount": 0 }));
    create(wrong, "order-2").await.expect(422);
    let other = create(order(), "order-2").await.expect(201);
    assert_ne!(other.json()["id"], first.json()["id"]);

    let listed = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_odd_key_is_refused() {
    let kit = Kit::new();
    for key in ["", "a b", &"k".repeat(256)] {
        let answer = kit
            .shop_with(Method::POST, "/v1/payments", Some(order()), Some(key))
            .await
            .expect(400);
        assert_eq!(answer.problem().0, "idempotency/format");
    }
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_payment() {
    let kit = Kit::new();
    let all = futures_util::future::join_all(
        (0..20).map(|_| kit.shop_with(Method::POST, "/v1/payments", Some(order()), Some("one"))),
    )
    .await;
    let mut ids = std::collections::HashSet::new();
    for answer in all {
        match answer.status.as_u16() {
            201 => {
                ids.insert(answer.json()["id"].to_string());
            }
            409 => assert_eq!(answer.problem().0, "idempotency/running"),
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert_eq!(ids.len(), 1);
    let listed = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let kit = Kit::new();
    let mut made = Vec::new();
    for number in 0..7 {
        let payment = kit
            .create(json!({ "order": format!("{}", 1_000 + number) }))
            .await;
        made.push(text(&payment, "id").to_owned());
    }
    let mut listed = Vec::new();
    let mut path = "/v1/payments?limit=3".to_owned();
    let mut pages = 0;
    loop {
        let page = kit.shop(Method::GET, &path, None).await.expect(200).json();
        pages += 1;
        for payment in page["data"].as_array().unwrap() {
            assert_eq!(payment["token"], Value::Null);
            listed.push(text(payment, "id").to_owned());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/payments?limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    made.sort();
    listed.sort();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_list_is_filtered() {
    let kit = Kit::new();
    kit.create(json!({ "order": "1001" })).await;
    kit.create(json!({ "order": "1002", "reference": "RF332348236" }))
        .await;
    let count = async |query: &'static str| {
        let path = format!("/v1/payments?{query}");
        let page = kit.shop(Method::GET, &path, None).await.expect(200).json();
        page["data"].as_array().unwrap().len()
    };
    assert_eq!(count("order=1001").await, 1);
    assert_eq!(count("reference=rf33%202348%20236").await, 1);
    assert_eq!(count("status=created").await, 2);
    assert_eq!(count("status=paid").await, 0);
    assert_eq!(count("from=2020-01-01").await, 2);
    assert_eq!(count("to=2020-01-01").await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z&to=2100-01-01").await, 2);

    let refused = async |query: &'static str| {
        let path = format!("/v1/payments?{query}");
        kit.shop(Method::GET, &path, None).await.problem()
    };
    assert_eq!(refused("colour=red").await.0, "request/query");
    assert_eq!(refused("status=lost").await.0, "request/query");
    assert_eq!(
        refused("limit=0").await,
        ("request/query".into(), "limit".into())
    );
    assert_eq!(
        refused("from=21.11.2026").await,
        ("request/query".into(), "from".into())
    );
    assert_eq!(
        refused("cursor=x").await,
        ("request/cursor".into(), "cursor".into())
    );
    assert_eq!(refused("reference=12345").await.0, "reference/check-digit");
}

#[tokio::test]
async fn another_method_address_or_media_type_is_a_problem_too() {
    let kit = Kit::new();
    assert_eq!(
        kit.get("/v2").await.expect(404).problem().0,
        "request/not-found"
    );
    let answer = kit.shop(Method::DELETE, "/v1/payments", None).await;
    assert_eq!(answer.expect(405).problem().0, "request/method");
    let path = "/v1/payments/pay_none";
    let answer = kit.shop(Method::GET, path, None).await.expect(404);
    assert_eq!(answer.problem().0, "request/not-found");
    let as_text = Request::post("/v1/payments")
        .header(header::AUTHORIZATION, format!("Bearer {}", kit::API_KEY))
        .body(Body::from(order().to_string()))
        .unwrap();
    assert_eq!(
        kit.send(as_text).await.expect(415).problem().0,
        "request/media-type"
    );
    let mut long = order();
    merge(&mut long, json!({ "description": "x".repeat(70_000) }));
    let answer = kit.shop(Method::POST, "/v1/payments", Some(long)).await;
    assert_eq!(answer.expect(413).problem().0, "request/too-large");
}
