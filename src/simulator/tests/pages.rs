//! The pages, as a browser without JavaScript sees them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "test helpers; each test file uses a part of them"
)]

mod support;

use serde_json::json;
use support::{SPLIT, World};

const METHOD: (&str, &str) = ("force_payment_method", "online-finnish-banks");

/// Parameters of an option, how many banks it offers, and words that its page shows.
type Case<'a> = (&'a [(&'a str, &'a str)], usize, &'a [&'a str]);

#[tokio::test]
async fn shows_the_six_options() {
    let world = World::start().await;
    let three =
        r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4991, 5001, 55361]}}"#;
    let one = r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[55351]}}"#;
    let fi = ("language_code", "fi");
    let options: [Case; 6] = [
        (
            &[fi],
            0,
            &["Valitse maksutapa", "Suomalaiset verkkopankit", "Kortti"],
        ),
        (
            &[fi, ("payment_methods_options", SPLIT)],
            10,
            &[
                "Valitse maksutapa",
                "Ålandsbanken",
                "Säästöpankki",
                "Kortti",
            ],
        ),
        (
            &[
                fi,
                ("payment_methods_options", SPLIT),
                ("force_payment_group", "openbanking"),
            ],
            10,
            &["Pankit: Ruotsi", "S-Pankki"],
        ),
        (&[fi, METHOD], 10, &["Valitse pankkisi", "Oma Säästöpankki"]),
        (
            &[fi, METHOD, ("payment_methods_options", three)],
            3,
            &["Valitse pankkisi", "Nordea", "OP", "Ålandsbanken"],
        ),
        (
            &[fi, METHOD, ("payment_methods_options", one)],
            1,
            &["Jatka Säästöpankkiin"],
        ),
    ];
    for (at, (more, banks, words)) in options.iter().enumerate() {
        let id = format!("option-{}", at + 1);
        let answer = world.open(&id, more).await;
        assert_eq!(answer.status, 200, "{id}: {}", answer.body);
        assert_eq!(
            answer.body.matches("name=\"bank\" value=").count(),
            *banks,
            "{id}"
        );
        for word in *words {
            assert!(answer.body.contains(word), "{id}: no {word:?}");
        }
        assert!(
            answer.body.contains("Simulaattori") && answer.body.contains("<html lang=\"fi\">"),
            "{id}"
        );
        assert_eq!(world.payment(&id).await["option"], at + 1);
    }
    assert!(
        !world
            .open("option-4", &[("language_code", "fi"), METHOD])
            .await
            .body
            .contains("Kortti")
    );
    let page_id = world.payment("option-1").await["page_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = world.get(&format!("/page/{page_id}/banks")).await;
    assert_eq!(second.body.matches("name=\"bank\" value=").count(), 10);
}

#[tokio::test]
async fn pays_by_forms_alone() {
    let world = World::start().await;
    for (act, target) in [
        ("pay", "/ok"),
        ("refuse", "/fail"),
        ("cancel", "/return"),
        ("late&outcome=late-reversed&delay=10", "/ok"),
        ("close", ""),
    ] {
        let id = act.split('&').next().unwrap();
        assert_eq!(
            world
                .open(id, &[METHOD, ("language_code", "sv")])
                .await
                .status,
            200
        );
        let page_id = world.payment(id).await["page_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let to_bank = world
            .form(&format!("/page/{page_id}/bank"), "bank=55371")
            .await;
        assert_eq!(
            (to_bank.status, to_bank.location.as_str()),
            (303, format!("/bank/{page_id}").as_str())
        );
        let bank = world.get(&to_bank.location).await;
        for word in [
            "S-Banken",
            "Simulerad bank",
            "Metsän Puoti Oy",
            "49,90\u{a0}€",
            "Viite 12 34561, ä/ö",
            id,
        ] {
            assert!(bank.body.contains(word), "no {word:?}");
        }
        let done = world
            .form(&format!("/bank/{page_id}"), &format!("act={act}"))
            .await;
        assert_eq!(done.status, 303);
        let want = if target.is_empty() {
            format!("/page/{page_id}/result")
        } else {
            format!("http://127.0.0.1:8082{target}")
        };
        assert_eq!(done.location, want);
    }
    let again = world.open("pay", &[METHOD, ("language_code", "sv")]).await;
    assert!(
        again.body.contains("Betald"),
        "a finished payment shows how it ended"
    );
    let page_id = world.payment("close").await["page_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        world
            .get(&format!("/page/{page_id}/result"))
            .await
            .body
            .contains("Du stängde bankens sida")
    );
    assert_eq!(world.payment("close").await["truth"], "walked away");
}

#[tokio::test]
async fn says_what_is_wrong_and_never_the_secret() {
    let world = World::start().await;
    let wrong = world
        .query("w1", &[])
        .replace("payment_amount=4990", "payment_amount=1");
    let answer = world.get(&format!("/payment?{wrong}")).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .body
            .contains("<code>signature</code> is not the signature of these parameters")
    );
    assert!(
        answer
            .body
            .contains("customer_id:customer1;merchant_callback_url:http://127.0.0.1:"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("3261"));
    assert!(!answer.body.contains("for-development-only"));
    assert_eq!(world.get("/control/payments/w1").await.status, 404);
    let injected = world
        .open(
            "w2",
            &[("customer_last_name", "<script>alert(1)</script>;x")],
        )
        .await;
    assert!(
        injected.status == 400
            && !injected.body.contains("<script>")
            && injected.body.contains("&lt;script&gt;")
    );
    assert_eq!(
        world
            .open("w3", &[("merchant_callback_url", "http://shop.example/")])
            .await
            .status,
        400
    );
    assert_eq!(world.get("/payment?a=%zz").await.status, 400);
    assert_eq!(world.get("/payment").await.status, 400);
}

#[tokio::test]
async fn takes_an_id_once_whatever_its_case() {
    let world = World::start().await;
    assert_eq!(world.open("Order-Ä", &[]).await.status, 200);
    assert_eq!(
        world.open("Order-Ä", &[]).await.status,
        200,
        "the same request resumes"
    );
    let other = world.open("ORDER-ä", &[]).await;
    assert!(other.status == 400 && other.body.contains("3041"));
    let posted = world.form("/payment", &world.query("posted", &[])).await;
    assert_eq!(posted.status, 200);
    let list = world.get("/control/payments").await;
    assert_eq!(list.body.matches("\"payment_id\"").count(), 2);
}

#[tokio::test]
async fn keeps_a_strict_policy_on_every_page() {
    let world = World::start().await;
    let first = world
        .open(
            "p",
            &[
                METHOD,
                ("merchant_success_url", "https://kauppa.example/ok"),
            ],
        )
        .await;
    assert_eq!(first.status, 400, "a parameter sent twice");
    let query = world.query("p", &[METHOD]);
    let pages = [
        world.get(&format!("/payment?{query}")).await,
        world.get("/").await,
        world.get("/page/none").await,
        first,
    ];
    for page in pages {
        assert!(
            page.policy.starts_with(
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"
            ),
            "{}",
            page.policy
        );
        assert!(page.policy.ends_with("frame-ancestors 'none'") && !page.policy.contains("unsafe"));
        assert!(!page.body.contains("<script") && !page.body.contains(" style="));
    }
}

#[tokio::test]
async fn lists_payments_and_skips_days() {
    let world = World::start().await;
    assert!(
        world
            .get("/")
            .await
            .body
            .contains("No payment has been opened yet")
    );
    world.open("demo-1", &[METHOD]).await;
    world.act("demo-1", "late-success").await;
    assert!(
        world
            .get("/?lang=fi")
            .await
            .body
            .contains("Odottaa vahvistusta")
    );
    let skipped = world.form("/skip", "seconds=604800&lang=fi").await;
    assert_eq!(
        (skipped.status, skipped.location.as_str()),
        (303, "/?lang=fi")
    );
    let page = world.get("/?lang=fi").await;
    assert!(
        page.body.contains("7 pv edellä")
            && page.body.contains("Maksettu")
            && page.body.contains("Ilmoituksia perillä 4/4"),
        "{}",
        page.body
    );
    assert_eq!(world.payment("demo-1").await["truth"], "success");
    assert_eq!(
        world
            .try_control("/payments/demo-1/act", json!({ "act": "pay" }))
            .await
            .status,
        409
    );
    world.control("/reset", json!({})).await;
    assert_eq!(world.get("/control/payments/demo-1").await.status, 404);
}
