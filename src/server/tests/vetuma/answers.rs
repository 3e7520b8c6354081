//! What the software is told: once, at the address of that end, and when it asks.

use crate::{
    kit::{Kit, text},
    software::{Form, OLD, brought},
};

#[tokio::test]
async fn a_call_is_paid_and_answered_and_leaves_its_trace() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("101")).await;
    let payment = kit.payment(&token).await;
    assert_eq!(payment["amount"], 4_990);
    assert_eq!(payment["reference"], "1234561");
    assert_eq!(payment["order"], "call101");
    assert_eq!(payment["language"], "sv");
    assert_eq!(payment["return_url"], format!("{OLD}/ok?a=1&b=2"));
    assert!(!payment.to_string().contains(&token), "{payment}");
    let status = kit.get(&format!("/checkout/{token}/status")).await.json();
    assert!(text(&status, "return_url").ends_with(&format!("/vetuma/return/{token}")));

    let page = kit
        .get(&format!("/checkout/{token}?lang=sv"))
        .await
        .expect(200);
    assert!(
        page.text.contains("Kesäyliopisto ÄÖÅ (Metsän Puoti Oy)"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Avbryt och gå tillbaka till tjänsten"));
    // Undecided: the way back is the page itself.
    let undecided = kit.back(&token).await.expect(303);
    assert!(undecided.header("location").starts_with("/checkout/"));

    let attempt = kit.choose(&token).await;
    kit.bank_says(&attempt, "success", 7).await;
    let (to, answer) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(to, format!("{OLD}/ok?a=1&b=2"));
    assert_eq!(answer.get("STATUS"), "SUCCESSFUL");
    assert_eq!(answer.get("REF"), "1234561");
    assert_eq!(answer.get("ORDNR"), "101");
    assert_eq!(answer.get("SO"), "P");
    assert_eq!(answer.get("LG"), "sv");
    assert_eq!(answer.get("PAYID").len(), 15);
    assert_eq!(answer.get("PAID"), "");
    assert!(!answer.0.iter().any(|(name, _)| name == "TRID"));

    let kinds = kit.kinds(&token).await;
    for kind in [
        "vetuma.called",
        "attempt.started",
        "provider.reported",
        "vetuma.answered",
    ] {
        assert_eq!(
            kinds.iter().filter(|known| *known == kind).count(),
            1,
            "{kind}: {kinds:?}"
        );
    }
    let events = kit.events(&payment).await;
    let called = events
        .iter()
        .find(|event| event["kind"] == "vetuma.called")
        .unwrap();
    assert_eq!(called["detail"]["call"]["AM"], "49,90");
    assert_eq!(called["detail"]["call"]["ORDNR"], "101");
    assert_eq!(called["detail"]["payid"], answer.get("PAYID"));
    let given = events
        .iter()
        .find(|event| event["kind"] == "vetuma.answered")
        .unwrap();
    assert_eq!(given["detail"]["status"], "SUCCESSFUL");
    assert_eq!(given["detail"]["address"], "RETURL");

    let checked = kit.asked("call101").await;
    assert_eq!(checked.get("STATUS"), "SUCCESSFUL");
    assert_eq!(checked.get("PAYM_STATUS"), "OK_VERIFIED");
    assert_eq!(
        (checked.get("PAYM_AMOUNT"), checked.get("PAYM_CURRENCY")),
        ("49,90", "EUR")
    );
    assert_eq!(checked.get("PAYID"), answer.get("PAYID"));
}

#[tokio::test]
async fn the_first_answer_stands_whatever_comes_later() {
    let kit = Kit::new();
    let call = Form::pay("102");
    let token = kit.taken(&call).await;
    let attempt = kit.choose(&token).await;
    let (to, first) = brought(&kit.leave(&token).await.expect(200));
    assert_eq!(
        (to, first.get("STATUS")),
        (format!("{OLD}/cancel"), "CANCELLED")
    );
    // Late: the shop hears of it by webhook, the software gets the answer that it got.
    kit.bank_says(&attempt, "success", 7).await;
    assert_eq!(kit.payment(&token).await["status"], "paid");
    let page = kit.get(&format!("/checkout/{token}")).await.expect(303);
    assert_eq!(page.header("location"), format!("/vetuma/return/{token}"));
    for again in [kit.back(&token).await, kit.leave(&token).await] {
        let (_, again) = brought(&again.expect(200));
        let same = |form: &Form| form.clone().without("TIMESTMP").0;
        assert_eq!(same(&again), same(&first));
    }
    assert_eq!(
        kit.taken(&call).await,
        token,
        "the same call is the same payment"
    );
    assert!(
        kit.is_told(&token, "paid").await,
        "the shop hears of the late payment"
    );
    let checked = kit.asked("call102").await;
    assert_eq!(checked.get("PAYM_STATUS"), "OK_VERIFIED");
    // And nobody pays once more.
    let choice = kit
        .form(&format!("/checkout/{token}/choose"), "bank=op", None)
        .await
        .expect(303);
    assert!(choice.header("location").contains("fault=not-payable"));
}

#[tokio::test]
async fn what_is_taken_back_after_the_answer_is_told_by_webhook() {
    let kit = Kit::new();
    let token = kit.taken(&Form::pay("103")).await;
    let attempt = kit.choose(&token).await;
    kit.bank_says(&attempt, "success", 7).await;
    let (_, answer) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(answer.get("STATUS"), "SUCCESSFUL");
    assert!(!kit.is_told(&token, "reversed").await);
    kit.bank_says(&attempt, "reversed", 8).await;
    assert!(kit.is_told(&token, "reversed").await);
    let (_, again) = brought(&kit.back(&token).await.expect(200));
    assert_eq!(again.get("STATUS"), "SUCCESSFUL", "the answer stands");
    let checked = kit.asked("call103").await;
    assert_eq!(checked.get("PAYM_STATUS"), "CANCELLED_OR_REJECTED");
}

#[tokio::test]
async fn each_end_goes_to_its_address() {
    let kit = Kit::new();
    for (number, word, status, address) in [
        ("111", "decline", "REJECTED", "error"),
        ("112", "canceled", "CANCELLED", "cancel"),
    ] {
        let token = kit.taken(&Form::pay(number)).await;
        let attempt = kit.choose(&token).await;
        kit.bank_says(&attempt, word, 7).await;
        let (to, answer) = brought(&kit.back(&token).await.expect(200));
        assert_eq!(
            (to, answer.get("STATUS")),
            (format!("{OLD}/{address}"), status)
        );
        let checked = kit.asked(&format!("call{number}")).await;
        assert_eq!(checked.get("PAYM_STATUS"), "CANCELLED_OR_REJECTED");
    }
    // Before any choice, and never paid.
    let token = kit.taken(&Form::pay("113").with("TRID", "äöåÄÖÅ")).await;
    let checked = kit.asked("call113").await;
    assert_eq!(
        (checked.get("STATUS"), checked.get("PAYM_STATUS")),
        ("SUCCESSFUL", "PROBLEM")
    );
    let (to, answer) = brought(&kit.leave(&token).await.expect(200));
    assert_eq!(
        (to, answer.get("STATUS")),
        (format!("{OLD}/cancel"), "CANCELLED")
    );
    assert_eq!((answer.get("SO"), answer.get("PAYID")), ("", ""));
    assert_eq!(answer.get("TRID"), "äöåÄÖÅ");

    let unknown = kit.asked("call999").await;
    assert_eq!(
        (unknown.get("STATUS"), unknown.get("PAYM_STATUS")),
        ("ERROR", "UNKNOWN_PAYMENT")
    );
    assert_eq!(unknown.get("PAYM_AMOUNT"), "");
}
