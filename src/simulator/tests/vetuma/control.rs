//! What scripts and people do at the simulator's own addresses.

use axum::body::Body;
use axum::http::Request;
use kassa_simulator::vetuma::PAYMENT;
use kassa_simulator::vetuma::attack;
use kassa_simulator::vetuma::latin1::{decode_form, encode_form};
use serde_json::{Value, json};

use super::{LETTERS, World, assert_mac, pairs, pay_call, secret_of, value, with, without};

#[tokio::test]
async fn attacks_are_what_they_say() {
    let world = World::start();
    let paid = world.begin(PAYMENT, &pay_call()).await;
    world.through_bank(&paid, "P2", "act=pay").await;
    let id = paid.rsplit('/').next().unwrap();
    let listed = world.get("/control/vetuma/attacks").await;
    let listed: Value = serde_json::from_slice(&listed.bytes).unwrap();
    assert_eq!(
        listed["attacks"].as_array().unwrap().len(),
        attack::ALL.len()
    );
    // These hold under the MAC, and must still book nothing.
    let genuine = [
        "cancelled-to-return",
        "rejected-to-return",
        "success-to-cancel",
        "replay",
        "other-order",
        "other-transaction",
        "stale",
        "identification",
        "slid-ampersand",
        "unknown-status",
        "call-as-answer",
    ];
    for kind in listed["attacks"].as_array().unwrap() {
        let kind = kind["kind"].as_str().unwrap();
        let path = format!("/control/vetuma/sessions/{id}/attack");
        let made = world
            .control(&path, json!({ "kind": kind, "send": false }))
            .await;
        assert!(made["sent"].is_null());
        let body = made["body"].as_str().unwrap();
        let fields = decode_form(body.as_bytes()).unwrap();
        let mac = value(&fields, "MAC").unwrap_or_default();
        let holds = secret_of(&fields).check(&fields, mac).is_ok();
        let once = fields.iter().filter(|(name, _)| name == "STATUS").count() < 2;
        // The oversized one is rightly signed but for the parameter that makes it so.
        assert_eq!(holds && once, genuine.contains(&kind), "{kind}: {fields:?}");
        let to_cancel = kind == "success-to-cancel";
        assert_eq!(
            made["address"] == "https://kunta.example/peru",
            to_cancel,
            "{kind}"
        );
    }
    // Without an end there is nothing to replay.
    let open = world.begin(PAYMENT, &without(pay_call(), "TRID")).await;
    let path = format!(
        "/control/vetuma/sessions/{}/attack",
        open.rsplit('/').next().unwrap()
    );
    for kind in ["replay", "success-to-cancel", "other-transaction"] {
        let request = Request::post(&path).header("content-type", "application/json");
        let body = Body::from(json!({ "kind": kind }).to_string());
        assert_eq!(
            world.ask(request.body(body).unwrap()).await.status,
            422,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn scripts_do_what_users_do() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    let id = page.rsplit('/').next().unwrap();
    let path = format!("/control/vetuma/sessions/{id}/act");
    let done = world
        .control(&path, json!({ "act": "pay", "method": "P5" }))
        .await;
    assert_eq!(
        (&done["status"], &done["paid"], &done["method"]),
        (&json!("SUCCESSFUL"), &json!(true), &json!("P5"))
    );
    assert_eq!(
        done["answer"]["address"],
        "https://kunta.example/ok?a=1&b=2"
    );
    let fields = decode_form(done["answer"]["body"].as_str().unwrap().as_bytes()).unwrap();
    assert_mac(&fields);
    let listed = world.get("/control/vetuma/sessions").await;
    let listed: Value = serde_json::from_slice(&listed.bytes).unwrap();
    assert_eq!(listed["sessions"][0]["id"], id);
    assert_eq!(listed["sessions"][0]["fields"]["AM"], "49,90");
    let overview = world.get("/vetuma?lang=sv").await;
    let overview = String::from_utf8(overview.bytes).unwrap();
    for shown in [
        "det finns inget levande VETUMA",
        "SUCCESSFUL",
        "POST /VETUMAPayment/Query",
        "RCVID TESTIASIAKAS11",
    ] {
        assert!(overview.contains(shown), "{shown} is not shown");
    }
    let index = String::from_utf8(world.get("/?lang=fi").await.bytes).unwrap();
    assert!(
        index.contains("href=\"/vetuma?lang=fi\"") && index.contains("elävää VETUMAa enää ole")
    );
    world.control("/control/reset", json!({})).await;
    assert_eq!(world.get(&page).await.status, 404);
}

#[tokio::test]
async fn the_page_that_plays_old_software_calls_and_reads_the_answer() {
    let world = World::start();
    let elsewhere = "http://127.0.0.1:8080/vetuma/payment";
    let path = "/vetuma/old-software";
    let asked = world.get(&format!("{path}?lang=sv&to={elsewhere}")).await;
    assert!(
        asked.text().contains(&format!("value=\"{elsewhere}\"")),
        "{}",
        asked.text()
    );
    let wanted = pairs(&[
        ("to", PAYMENT),
        ("LG", "sv"),
        ("AM", "49,90"),
        ("MSGFORM", LETTERS),
    ]);
    let request = Request::post(path).header("host", "127.0.0.1:8081");
    let body = Body::from(encode_form(&wanted));
    let made = world.ask(request.body(body).unwrap()).await;
    assert!(made.text().contains(&format!("action=\"{PAYMENT}\"")));
    let page = world.begin(PAYMENT, &without(made.hidden(), "MAC")).await;
    let answer = world.through_bank(&page, "P2", "act=pay").await.hidden();
    let back = format!("{path}/RETURL");
    assert_eq!(
        value(&answer, "RETURL"),
        Some(format!("http://127.0.0.1:8081{back}").as_str())
    );
    let shown = world.post(&back, encode_form(&answer)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("Svar till RETURL") && shown.text().contains("(MAC) stämmer."));
    let forged = encode_form(&with(answer, "STATUS", "CANCELLED"));
    let shown = world.post(&back, forged).await;
    assert_eq!(
        (shown.status, shown.text().contains("stämmer inte")),
        (400, true)
    );
    let script = encode_form(&with(wanted, "to", "javascript:alert(1)"));
    assert_eq!(world.post(path, script).await.status, 404);
}
