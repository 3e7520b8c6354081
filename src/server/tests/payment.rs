//! From the choice of a bank to a paid order: pay, callbacks, what is durable, what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::sync::Arc;

use http::Method;
use kit::{Kit, SECRET, SHOP, attempt_of, report, report_coded, text};
use serde_json::{Value, json};

/// A payment with Nordea chosen, and the attempt's identifier at the provider.
async fn chosen(kit: &Kit) -> (Value, String) {
    let payment = kit.create(json!({})).await;
    let step = kit.pay(&payment, json!({ "bank": "nordea" }), None).await;
    let attempt = attempt_of(&step.expect(200).json());
    (payment, attempt)
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(event, "kind")).collect()
}

#[tokio::test]
async fn a_choice_leads_to_the_provider_with_a_signed_form() {
    let kit = Kit::new();
    let payment = kit.create(json!({ "language": "sv" })).await;
    let step = kit.pay(&payment, json!({ "bank": "nordea" }), None).await;
    let step = step.expect(200).json();
    assert_eq!(step["kind"], "redirect");
    let url = url::Url::parse(text(&step, "url")).unwrap();
    assert_eq!(url.origin().ascii_serialization(), "http://127.0.0.1:8081");
    assert_eq!(url.path(), "/payment");
    let value = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!(value("payment_id"), format!("{}-1", text(&payment, "id")));
    assert_eq!(value("payment_amount"), "4990");
    assert_eq!(value("language_code"), "sv");
    assert_eq!(
        value("merchant_callback_url"),
        "http://127.0.0.1:8080/callbacks/ecommpay"
    );
    assert_eq!(
        value("merchant_return_url"),
        format!("http://127.0.0.1:8080/return/{}", text(&payment, "token"))
    );
    assert_eq!(value("signature").len(), 88);
    assert_eq!(kit.read(&payment).await["status"], "redirected");
}

#[tokio::test]
async fn a_form_sent_twice_is_one_attempt() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let all = futures_util::future::join_all(
        (0..10).map(|_| kit.pay(&payment, json!({ "bank": "op" }), None)),
    )
    .await;
    let steps: std::collections::HashSet<String> = all
        .into_iter()
        .map(|answer| answer.expect(200).text)
        .collect();
    assert_eq!(steps.len(), 1);
    assert_eq!(kit.read(&payment).await["attempts"], 1);
    // Another bank is another attempt.
    let other = kit.pay(&payment, json!({ "bank": "nordea" }), None).await;
    assert!(attempt_of(&other.expect(200).json()).ends_with("-2"));
    assert_eq!(kit.read(&payment).await["bank"], "nordea");
}

#[tokio::test]
async fn a_choice_that_is_not_offered_is_refused() {
    let kit = Kit::new();
    let selection = json!({ "option": "named_banks", "banks": ["op", "nordea"] });
    let payment = kit.create(json!({ "selection": selection })).await;
    for (body, code, field) in [
        (json!({ "bank": "aktia" }), "payment/choice", "bank"),
        (json!({ "bank": "OP" }), "bank/format", "bank"),
        (json!({ "method": "card" }), "payment/choice", "method"),
        (json!({}), "payment/choice", "bank"),
        (
            json!({ "bank": "op", "method": "card" }),
            "payment/choice",
            "method",
        ),
        (
            json!({ "bank": "op", "colour": 1 }),
            "request/unknown-field",
            "colour",
        ),
    ] {
        let answer = kit.pay(&payment, body.clone(), None).await.expect(422);
        assert_eq!(
            answer.problem(),
            (code.to_owned(), field.to_owned()),
            "{body}"
        );
    }
    assert_eq!(kit.read(&payment).await["attempts"], 0);
}

#[tokio::test]
async fn the_provider_shows_the_selection_when_the_choice_is_made_there() {
    let kit = Kit::new();
    let payment = kit.create(json!({ "choose_at": "provider" })).await;
    let refused = kit.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");
    let step = kit.pay(&payment, json!({}), None).await.expect(200).json();
    assert!(text(&step, "url").contains("force_payment_method=online-finnish-banks"));
}

#[tokio::test]
async fn a_signed_callback_makes_it_paid_and_is_durable() {
    let kit = Kit::new();
    let (payment, attempt) = chosen(&kit).await;
    let body = report(&attempt, "success", 1, 4_990, SECRET);
    kit.callback(body.clone()).await.expect(200);
    assert_eq!(kit.read(&payment).await["status"], "paid");
    assert_eq!(
        kinds(&kit.events(&payment).await),
        [
            "payment.created",
            "attempt.started",
            "status.changed",
            "provider.reported",
            "status.changed",
        ]
    );

    // Another process on the same file: after the first one has gone.
    let folder = Arc::clone(&kit.folder);
    drop(kit);
    let kit = Kit::within(folder, |_| {});
    assert_eq!(kit.read(&payment).await["status"], "paid");
    let events = kit.events(&payment).await.len();

    // The same again is acknowledged again, and changes nothing.
    for _ in 0..3 {
        kit.callback(body.clone()).await.expect(200);
    }
    assert_eq!(kit.events(&payment).await.len(), events);
}

#[tokio::test]
async fn a_forged_callback_is_refused_and_nothing_is_told() {
    let kit = Kit::new();
    let (payment, attempt) = chosen(&kit).await;
    let good = report(&attempt, "success", 1, 4_990, SECRET);
    let other_key = report(
        &attempt,
        "success",
        1,
        4_990,
        "another-secret-of-the-same-length-000000000000001",
    );
    let changed = good.replace("\"amount\":4990", "\"amount\":4991");
    let unsigned = {
        let mut value: Value = serde_json::from_str(&good).unwrap();
        value.as_object_mut().unwrap().remove("signature");
        value.to_string()
    };
    let other_project = good.replace("\"project_id\":120", "\"project_id\":121");
    for forged in [
        other_key,
        changed,
        unsigned,
        other_project,
        "{".into(),
        String::new(),
    ] {
        let answer = kit.callback(forged).await.expect(400);
        assert_eq!(
            answer.json(),
            json!({
                "type": "about:blank",
                "title": "the callback is refused",
                "status": 400,
                "code": "callback/refused",
            })
        );
    }
    assert_eq!(kit.read(&payment).await["status"], "redirected");
    kit.callback(" ".repeat(256 * 1024 + 1)).await.expect(413);
    kit.callback(good).await.expect(200);
    assert_eq!(kit.read(&payment).await["status"], "paid");
}

#[tokio::test]
async fn a_verified_callback_about_no_payment_of_ours_is_acknowledged() {
    let kit = Kit::new();
    let body = report("some-other-system-1", "success", 1, 100, SECRET);
    kit.callback(body).await.expect(200);
    let other = kit.form("/callbacks/nobody", "{}", None).await;
    assert_eq!(other.expect(404).problem().0, "request/not-found");
}

#[tokio::test]
async fn another_amount_is_flagged_and_pays_nothing() {
    let kit = Kit::new();
    let (payment, attempt) = chosen(&kit).await;
    let body = report(&attempt, "success", 1, 4_989, SECRET);
    kit.callback(body.clone()).await.expect(200);
    kit.callback(body).await.expect(200);
    assert_eq!(kit.read(&payment).await["status"], "redirected");
    let events = kit.events(&payment).await;
    let flagged: Vec<&Value> = events
        .iter()
        .filter(|event| event["kind"] == "payment.flagged")
        .collect();
    assert_eq!(flagged.len(), 1);
    assert_eq!(flagged[0]["detail"]["flag"], "amount_differs");
    let backlog = kit.app.store.backlog().await.unwrap();
    assert_eq!(backlog.webhooks.due, 2, "redirected, and the flag");
}

#[tokio::test]
async fn a_decline_can_be_tried_again_and_a_late_credit_counts() {
    let kit = Kit::new();
    let (payment, first) = chosen(&kit).await;
    kit.callback(report(&first, "decline", 1, 4_990, SECRET))
        .await
        .expect(200);
    assert_eq!(kit.read(&payment).await["status"], "declined");
    let step = kit.pay(&payment, json!({ "bank": "op" }), None).await;
    let second = attempt_of(&step.expect(200).json());
    kit.callback(report(&second, "success", 2, 4_990, SECRET))
        .await
        .expect(200);
    assert_eq!(kit.read(&payment).await["status"], "paid");
    let again = kit.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(again.expect(409).problem().0, "payment/cannot-pay");

    // The bank credits the first one after all: paid twice, and the shop is told.
    kit.callback(report(&first, "success", 3, 4_990, SECRET))
        .await
        .expect(200);
    let events = kit.events(&payment).await;
    assert!(
        events
            .iter()
            .any(|event| event["detail"]["flag"] == "paid_twice")
    );
}

#[tokio::test]
async fn an_offer_ends_in_time() {
    let kit = Kit::new();
    let payment = kit.create(json!({ "expires_in": 60 })).await;
    let ended = async || kit.app.store.meet_deadlines(10).await.unwrap();
    assert_eq!(ended().await, Vec::<String>::new());
    // A minute later.
    let file = kit.folder.path().join("kassa.db");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch("update payments set expires_at = 1, deadline_at = 1")
        .unwrap();
    assert_eq!(ended().await, [text(&payment, "token")]);
    assert_eq!(ended().await, Vec::<String>::new());
    assert_eq!(kit.read(&payment).await["status"], "expired");
    let late = kit.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(late.expect(409).problem().0, "payment/cannot-pay");
}

#[tokio::test]
async fn who_chose_in_the_shops_page_comes_back_to_it() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let token = text(&payment, "token");
    let back = format!("/return/{token}");
    assert_eq!(
        kit.get(&back).await.expect(303).header("location"),
        format!("/checkout/{token}")
    );
    kit.pay(&payment, json!({ "bank": "op" }), Some(SHOP))
        .await
        .expect(200);
    assert_eq!(
        kit.get(&back).await.expect(303).header("location"),
        format!(
            "{SHOP}/thanks?order=123456&payment={}",
            text(&payment, "id")
        )
    );
    // From our own page, by the address that the browser was asked for.
    kit.pay(
        &payment,
        json!({ "bank": "nordea" }),
        Some("http://127.0.0.1:8080"),
    )
    .await
    .expect(200);
    assert_eq!(
        kit.form(&back, "", None)
            .await
            .expect(303)
            .header("location"),
        format!("/checkout/{token}?lang=fi")
    );
    assert_eq!(kit.get("/return/co_none").await.status, 404);
    let foreign = kit
        .pay(
            &payment,
            json!({ "bank": "aktia" }),
            Some("https://evil.example"),
        )
        .await;
    assert_eq!(foreign.expect(403).problem().0, "request/origin");
}

#[tokio::test]
async fn two_shops_do_not_see_each_others_payments() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let found = kit.app.store.payment("other", text(&payment, "id")).await;
    assert!(found.unwrap().is_none());
    assert_eq!(
        kit.shop(Method::GET, "/v1/payments/x", None).await.status,
        404
    );
}

/// The four codes by which ecommpay says that nobody has decided yet, beside a word that would end
/// the payment.
#[tokio::test]
async fn a_callback_with_a_code_that_means_waiting_ends_nothing() {
    let kit = Kit::new();
    for code in ["9999", "20802", "20899", "29999"] {
        for word in ["decline", "error"] {
            let (payment, attempt) = chosen(&kit).await;
            let waits = report_coded(&attempt, word, 1, 4_990, (SECRET, code));
            kit.callback(waits).await.expect(200);
            assert_eq!(
                kit.read(&payment).await["status"],
                "pending",
                "{word} {code}"
            );
            let paid = report(&attempt, "success", 2, 4_990, SECRET);
            kit.callback(paid).await.expect(200);
            assert_eq!(kit.read(&payment).await["status"], "paid", "{word} {code}");
        }
    }
}
