//! Which calls are taken, and what they may wish for.

use http::Method;
use kassa_checkout::{BankId, Timestamp};
use kassa_providers::vetuma::Timestmp;
use kassa_server::clock;
use serde_json::json;

use crate::{
    kit::{Kit, text},
    software::{Form, KEY, OLD, brought},
};

#[tokio::test]
async fn a_call_that_is_nobodys_is_shown_a_page_and_sent_nowhere() {
    let kit = Kit::new();
    let good = Form::pay("120");
    let other = format!("TESTIASIAKAS11-{}", "A".repeat(64));
    let body = good.body(KEY);
    let mac = good.mac(KEY);
    for wrong in [
        good.body(&other),
        good.clone().with("RCVID", "OTHER").body(KEY),
        body.replace("AM=%34%39", "AM=%30%31"),
        good.body_with(&mac.replace(&mac[..10], "0000000000")),
        good.body_with(&mac[1..]),
        good.body_with(&mac.to_lowercase()),
        good.body_with(""),
        format!("{body}&AM=1"),
        format!("{body}&submit=Maksa"),
        good.clone().with("AU", "CONFIRM").body(KEY),
        String::new(),
        "€".to_owned(),
    ] {
        let answer = kit
            .form("/vetuma/payment", &wrong, Some(OLD))
            .await
            .expect(400);
        assert!(
            answer.text.contains("Maksua ei voitu aloittaa"),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains(OLD));
        let (code, _) = kit
            .form("/vetuma/paymentQuery", &wrong, None)
            .await
            .expect(400)
            .problem();
        assert_eq!(code, "vetuma/refused");
    }
    let figures = kit.app.metrics.render();
    for (call, why) in [
        ("PAY", "signature"),
        ("PAY", "content"),
        ("CHECK", "content"),
    ] {
        let line = format!("kassa_vetuma_refused_total{{call=\"{call}\",why=\"{why}\"}} ");
        let count = figures.lines().find_map(|known| known.strip_prefix(&*line));
        assert!(count.is_some_and(|count| count != "0"), "{line}");
    }
    // An answer that is posted back as if it were a call is none.
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn the_software_is_told_of_its_own_faults_and_only_where_it_may_be() {
    let kit = Kit::new();
    let old = Timestmp::of(Timestamp::from_millis(clock::now().millis() - 700_000));
    for faulty in [
        Form::pay("130").with("AM", "49.90"),
        Form::pay("130").with("LG", "de"),
        Form::pay("130").with("AP", "TESTIASIAKAS2"),
        Form::pay("130").with("TIMESTMP", old.as_str()),
        Form::pay("130").with("REF", "1234562"),
        Form::pay("130").with("SOLIST", "6"),
        Form::pay("130").with("SOLIST", "P").without("REF"),
    ] {
        let (to, answer) = brought(&kit.call(&faulty).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/error"), "ERROR")
        );
        assert_eq!((answer.get("PAYID"), answer.get("SO")), ("", ""));
    }
    for field in ["RETURL", "CANURL", "ERRURL"] {
        let elsewhere = Form::pay("130").with(field, "https://evil.example/ok");
        let answer = kit.call(&elsewhere).await;
        if field == "ERRURL" {
            assert!(!answer.expect(400).text.contains("evil"));
        } else {
            let (to, answer) = brought(&answer.expect(200));
            assert_eq!(
                (to, answer.get("STATUS")),
                (format!("{OLD}/error"), "ERROR")
            );
        }
    }
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn an_order_number_is_never_used_twice() {
    let kit = Kit::new();
    let first = Form::pay("140");
    let token = kit.taken(&first).await;
    assert_eq!(kit.taken(&first).await, token, "brought twice");
    for again in [
        Form::pay("140").with("AM", "1,00"),
        Form::pay("140").with("PAYM_CALL_ID", "other"),
        Form::pay("141").with("PAYM_CALL_ID", "call140"),
    ] {
        let (to, answer) = brought(&kit.call(&again).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/error"), "ERROR")
        );
    }
    // The payment that they would have used tells of them, once for each.
    let again = Form::pay("140").with("AM", "1,00");
    brought(&kit.call(&again).await.expect(200));
    kit.call(&again).await.expect(200);
    let events = kit.events(&kit.payment(&token).await).await;
    let refused = events
        .iter()
        .filter(|event| event["kind"] == "vetuma.refused");
    let told: Vec<_> = refused
        .map(|event| {
            let detail = &event["detail"];
            (text(detail, "field"), text(&detail["call"], "AM"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ORDNR", "1,00"),
            ("ORDNR", "49,90"),
            ("PAYM_CALL_ID", "49,90"),
            ("ORDNR", "1,00")
        ]
    );
    let old = Timestmp::of(Timestamp::from_millis(clock::now().millis() - 700_000));
    let late = Form::pay("142")
        .without("PAYM_CALL_ID")
        .with("TIMESTMP", old.as_str());
    let (_, answer) = brought(&kit.call(&late).await.expect(200));
    assert_eq!(answer.get("STATUS"), "ERROR");
    let list = kit.shop(Method::GET, "/v1/payments", None).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_call_narrows_what_is_offered_and_never_widens_it() {
    let kit = Kit::new();
    let session = async |form: Form| {
        let token = kit.taken(&form).await;
        let path = format!("/checkout/{token}/session");
        (kit.get(&path).await.expect(200).json(), token)
    };
    // Cards with an order number, and no other method of the shop's.
    let (both, token) = session(Form::pay("150")).await;
    assert_eq!(both["methods"].as_array().unwrap().len(), 1);
    assert_eq!(both["methods"][0]["code"], "card");
    assert!(!both["banks"].as_array().unwrap().is_empty());
    let payment = json!({ "token": token });
    let refused = kit
        .pay(&payment, json!({ "method": "mobilepay" }), None)
        .await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");
    let (banks, _) = session(Form::pay("151").with("SOLIST", "P")).await;
    assert_eq!(banks["methods"], json!([]));
    let (no_number, _) = session(Form::pay("152").without("ORDNR")).await;
    assert_eq!(
        no_number["methods"],
        json!([]),
        "no cards without an order number"
    );
    let (cards, token) = session(Form::pay("153").with("SOLIST", "L").without("REF")).await;
    assert_eq!(cards["banks"], json!([]));
    assert_eq!(cards["methods"][0]["code"], "card");
    let payment = json!({ "token": token });
    let refused = kit.pay(&payment, json!({ "bank": "nordea" }), None).await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");

    // Single banks by their codes: those that mean a bank to the shop, and no others.
    let by_code = Kit::with(|config| {
        config.api_keys = kassa_server::config::ApiKeys::default();
        let shop = config.shops.get_mut("demo").unwrap();
        let bridge = &mut std::sync::Arc::get_mut(shop).unwrap().vetuma;
        let banks = [("P2", "nordea"), ("P5", "op")];
        bridge.as_mut().unwrap().banks = banks
            .map(|(code, bank)| (code.to_owned(), BankId::parse(bank).unwrap()))
            .into();
    });
    let call = Form::pay("156").with("SOLIST", "P2,P8");
    let token = by_code.taken(&call).await;
    let session = by_code.get(&format!("/checkout/{token}/session")).await;
    let session = session.expect(200).json();
    let banks = session["banks"].as_array().unwrap().iter();
    let ids: Vec<_> = banks.map(|bank| text(bank, "id")).collect();
    assert_eq!(ids, ["nordea"]);
    let page = by_code.get(&format!("/checkout/{token}")).await.expect(200);
    assert!(!page.text.contains("value=\"op\""), "{}", page.text);
    let payment = json!({ "token": token });
    let refused = by_code.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(refused.expect(422).problem().0, "payment/choice");
    let paid = by_code
        .pay(&payment, json!({ "bank": "nordea" }), None)
        .await;
    paid.expect(200);
    let call = Form::pay("157").with("SOLIST", "P8").without("ORDNR");
    let (_, answer) = brought(&by_code.call(&call).await.expect(200));
    assert_eq!(answer.get("STATUS"), "ERROR");

    // The shop's own list of banks holds.
    let narrow = Kit::with(|config| {
        // The API keys hold the shop too.
        config.api_keys = kassa_server::config::ApiKeys::default();
        let shop = config.shops.get_mut("demo").unwrap();
        let shop = std::sync::Arc::get_mut(shop).unwrap();
        shop.methods.clear();
    });
    let token = narrow.taken(&Form::pay("154")).await;
    let session = narrow
        .get(&format!("/checkout/{token}/session"))
        .await
        .json();
    assert_eq!(session["methods"], json!([]));
    let (_, answer) = brought(
        &narrow
            .call(&Form::pay("155").with("SOLIST", "L"))
            .await
            .expect(200),
    );
    assert_eq!(answer.get("STATUS"), "ERROR");
}

/// What the software is told when it is over, by a clock that is put forward, stands in
/// `tests/browser/bridge.test.mjs`.
#[tokio::test]
async fn a_session_is_ten_minutes_long() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("160")).await;
    let made = kit.app.store.by_token(&token).await.unwrap().unwrap();
    let seconds = made.expires_at.seconds_since(made.created_at);
    assert_eq!(seconds, 600, "VETUMA's session");
}
