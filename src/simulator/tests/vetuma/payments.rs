//! Payments: how they end, and what the application hears of it.

use kassa_simulator::vetuma::latin1::{decode_form, encode_form};
use kassa_simulator::vetuma::{PAYMENT, QUERY};

use super::{
    LETTERS, World, assert_mac, check_call, names, pay_call, signed, value, with, without,
};

#[tokio::test]
async fn the_user_pays_and_the_answer_waits_for_the_users_word() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    let choice = world.get(&page).await.text();
    for shown in [
        "Kunnan kauppa",
        "Valitse maksutapa",
        "Nordea",
        "Luottokunta",
        "31.12.2017",
    ] {
        assert!(choice.contains(shown), "{shown} is not shown");
    }
    let back = world.through_bank(&page, "P2", "act=pay").await;
    let html = back.text();
    assert!(
        html.contains("Maksu on suoritettu")
            && html.contains("<button class=\"k-go\">Palaa palveluun")
    );
    assert!(
        !html.contains("<script"),
        "a success goes back without being asked"
    );
    assert!(html.contains("action=\"https://kunta.example/ok?a=1&amp;b=2\""));
    assert!(html.contains("accept-charset=\"iso-8859-1\""));

    let fields = back.hidden();
    assert_mac(&fields);
    assert_eq!(
        names(&fields),
        [
            "RCVID", "TIMESTMP", "SO", "LG", "RETURL", "CANURL", "ERRURL", "PAYID", "REF", "ORDNR",
            "PAID", "STATUS", "TRID", "MAC"
        ]
    );
    let is = |name: &str| value(&fields, name).unwrap();
    assert_eq!(
        ["SO", "REF", "ORDNR", "STATUS", "TRID"].map(is),
        ["P2", "1234561", "123", "SUCCESSFUL", "0A1B2C3D4E"]
    );
    assert_eq!((is("PAYID").len(), is("PAID").len()), (15, 16));
    // The page once more is the same answer, to the digit.
    assert_eq!(world.get(&page).await.hidden(), fields);
    // The bank takes nothing twice.
    let again = world.post(&format!("{page}/bank"), "act=pay").await;
    assert_eq!(again.header("location"), page);
    assert_eq!(world.get(&page).await.hidden(), fields);
}

#[tokio::test]
async fn every_end_goes_to_its_address_by_itself() {
    let world = World::start();
    let (cancel, error) = ("https://kunta.example/peru", "http://127.0.0.1:8090/virhe");
    for (act, status, address) in [
        ("act=cancel", "CANCELLED", cancel),
        ("act=refuse", "REJECTED", error),
        ("act=failure", "FAILURE", error),
        ("act=error", "ERROR", error),
    ] {
        let call = with(pay_call(), "TRID", status);
        let page = world.begin(PAYMENT, &call).await;
        let back = world.through_bank(&page, "P5", act).await;
        let fields = back.hidden();
        assert_mac(&fields);
        assert_eq!(value(&fields, "STATUS"), Some(status));
        assert_eq!(
            (value(&fields, "PAID"), value(&fields, "SO")),
            (Some(""), Some("P5"))
        );
        assert_eq!(value(&fields, "PAYID").unwrap().len(), 15);
        assert!(
            back.text().contains(&format!("action=\"{address}\"")),
            "{status}"
        );
        assert!(
            back.text()
                .contains("<script src=\"/assets/onward.js\" defer>")
        );
        assert!(
            back.text()
                .contains("<form class=\"k-row\" method=\"post\"")
                && back.text().contains("data-onward")
        );
        assert!(
            back.header("content-security-policy")
                .contains("script-src 'self'")
        );
    }
    // Cancelled before a bank was chosen: nothing is known of one.
    let page = world.begin(PAYMENT, &pay_call()).await;
    world.post(&page, "act=cancel").await;
    let fields = world.get(&page).await.hidden();
    let empty = ["SO", "PAYID", "PAID"].map(|name| value(&fields, name).unwrap());
    assert_eq!(
        (empty, value(&fields, "STATUS")),
        ([""; 3], Some("CANCELLED"))
    );
    assert_mac(&fields);
}

#[tokio::test]
async fn pages_and_answers_are_bytes_of_iso_8859_1() {
    let world = World::start();
    let mut call = with(pay_call(), "APPID", LETTERS);
    for name in [
        "APPNAME",
        "MSGBUYER",
        "MSGSELLER",
        "MSGFORM",
        "TRID",
        "PAYM_CALL_ID",
    ] {
        call = with(call, name, LETTERS);
    }
    let page = world.begin(PAYMENT, &call).await;
    let back = world.through_bank(&page, "P2", "act=pay").await;
    for page in [world.get(&page).await, back] {
        assert_eq!(page.header("content-type"), "text/html; charset=iso-8859-1");
        assert!(page.text().contains(LETTERS), "{}", page.text());
        assert!(page.text().contains("<meta charset=\"iso-8859-1\">"));
        assert!(
            page.text().contains("49,90\u{a0}&#8364;"),
            "the euro sign is no byte of it"
        );
    }
    let fields = world.get(&page).await.hidden();
    assert_eq!(value(&fields, "TRID"), Some(LETTERS));
    assert_mac(&fields);
    let check = with(check_call(), "PAYM_CALL_ID", LETTERS);
    let body = encode_form(&signed(&with(check, "TRID", LETTERS)));
    assert!(body.contains("PAYM_CALL_ID=%E4%F6%E5%C4%D6%C5"), "{body}");
    // TRID and PAYM_CALL_ID are the same, so that their order does not matter.
    let reply = decode_form(&world.post(QUERY, body).await.bytes).unwrap();
    assert_eq!(value(&reply, "PAYM_STATUS"), Some("OK_VERIFIED"));
    assert_eq!(value(&reply, "TRID"), Some(LETTERS));
    assert_mac(&reply);
}

#[tokio::test]
async fn a_session_lasts_ten_minutes() {
    let world = World::start();
    let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", "late");
    let page = world.begin(PAYMENT, &call).await;
    world.skip(590).await;
    let chosen = world.post(&page, "method=P2").await;
    assert_eq!(chosen.header("location"), format!("{page}/bank"));
    // The time begins anew with every word of the user's.
    world.skip(590).await;
    assert!(world.get(&page).await.text().contains("name=\"method\""));
    world.skip(10).await;
    let over = world.get(&page).await;
    assert_eq!((over.status, over.hidden()), (409, vec![]));
    assert!(
        over.text().contains("Istunto on vanhentunut") && !over.text().contains("lähteä tililtä")
    );
    assert_eq!(
        value(&world.check("late").await, "PAYM_STATUS"),
        Some("UNKNOWN_PAYMENT")
    );
    // Choosing is over, but the bank does not know: the money goes, and only CHECK tells.
    assert_eq!(
        world.post(&page, "method=P5").await.header("location"),
        page
    );
    world.post(&format!("{page}/bank"), "act=pay").await;
    let over = world.get(&page).await;
    assert_eq!(over.hidden(), []);
    assert!(over.text().contains("lähteä tililtä"), "{}", over.text());
    let reply = world.check("late").await;
    assert_eq!(value(&reply, "PAYM_STATUS"), Some("OK_VERIFIED"));
    assert_eq!(
        (value(&reply, "PAYM_AMOUNT"), value(&reply, "SO")),
        (Some("49,90"), Some("P2"))
    );
}

#[tokio::test]
async fn check_tells_how_a_payment_stands() {
    let world = World::start();
    let unknown = world.check("nothing").await;
    assert_eq!(
        names(&unknown),
        [
            "RCVID",
            "TIMESTMP",
            "SO",
            "LG",
            "RETURL",
            "CANURL",
            "ERRURL",
            "PAYID",
            "PAID",
            "STATUS",
            "PAYM_STATUS",
            "PAYM_AMOUNT",
            "PAYM_CURRENCY",
            "MAC"
        ]
    );
    assert_eq!(value(&unknown, "STATUS"), Some("ERROR"));
    for (at, (act, status, amount)) in [
        ("pay", "OK_VERIFIED", "49,90"),
        ("cancel", "CANCELLED_OR_REJECTED", "49,90"),
        ("refuse", "CANCELLED_OR_REJECTED", "49,90"),
        ("failure", "PROBLEM", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let call_id = format!("call {at}");
        let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", &call_id);
        let page = world.begin(PAYMENT, &call).await;
        assert_eq!(
            value(&world.check(&call_id).await, "PAYM_STATUS"),
            Some("UNKNOWN_PAYMENT")
        );
        world.through_bank(&page, "P2", &format!("act={act}")).await;
        // Whether or not the user ever goes back to the application.
        let reply = world.check(&call_id).await;
        let is = |name: &str| value(&reply, name);
        assert_eq!(is("PAYM_STATUS"), Some(status), "{act}");
        assert_eq!(is("PAYM_AMOUNT"), Some(amount), "{act}");
        assert_eq!(
            (is("STATUS"), is("REF")),
            (Some("SUCCESSFUL"), Some("1234561"))
        );
    }
    let old = with(
        with(check_call(), "RCVID", "VANHAKUNTA1P1"),
        "AP",
        "VANHAKUNTA1",
    );
    let refused = world.post(QUERY, encode_form(&signed(&old))).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("came with version 3"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn a_call_is_served_once() {
    let world = World::start();
    let call = with(without(pay_call(), "TRID"), "PAYM_CALL_ID", "once");
    let page = world.begin(PAYMENT, &call).await;
    assert_eq!(world.begin(PAYMENT, &call).await, page);
    let answer = world.through_bank(&page, "P2", "act=pay").await.hidden();
    assert_eq!(world.begin(PAYMENT, &call).await, page);
    assert_eq!(world.get(&page).await.hidden(), answer);
    // Another call with the same id.
    let other = with(call, "AM", "0,10");
    let refused = world.post(PAYMENT, encode_form(&signed(&other))).await;
    assert!(
        refused.text().contains("was in another call already"),
        "{}",
        refused.text()
    );
    assert_eq!(value(&refused.hidden(), "STATUS"), Some("ERROR"));
}

#[tokio::test]
async fn cards_take_an_order_number_once() {
    let world = World::start();
    let page = world.begin(PAYMENT, &pay_call()).await;
    world.post(&page, "method=L").await;
    let bank = world.get(&format!("{page}/bank")).await.text();
    assert!(
        bank.contains("Tilausnumero") && !bank.contains("1234561"),
        "cards know no reference"
    );
    // Nothing was paid, and still the number is used up for another call, though not for this one.
    assert_eq!(
        world.post(&page, "method=L").await.header("location"),
        format!("{page}/bank")
    );
    let next = world.begin(PAYMENT, &with(pay_call(), "TRID", "2")).await;
    world.post(&next, "method=L").await;
    let refused = world.get(&next).await.hidden();
    assert_eq!(value(&refused, "STATUS"), Some("REJECTED"));
    assert_eq!(value(&refused, "SO"), Some("L"));
    let third = world.begin(PAYMENT, &with(pay_call(), "TRID", "3")).await;
    let paid = world.through_bank(&third, "P2", "act=pay").await.hidden();
    assert_eq!(
        value(&paid, "STATUS"),
        Some("SUCCESSFUL"),
        "banks do not mind"
    );
    let paid = world.through_bank(&page, "L", "act=pay").await.hidden();
    assert_eq!(
        (value(&paid, "SO"), value(&paid, "PAID")),
        (Some("L"), Some(""))
    );
    assert_mac(&paid);
}

#[tokio::test]
async fn pages_speak_the_calls_language() {
    let world = World::start();
    for (lg, choose, paid) in [
        ("fi", "Valitse maksutapa", "Maksu on suoritettu"),
        ("sv", "Välj betalsätt", "Betalningen är gjord"),
        ("en", "Choose how to pay", "The payment is done"),
    ] {
        let page = world.begin(PAYMENT, &with(pay_call(), "LG", lg)).await;
        let shown = world.get(&page).await.text();
        assert!(
            shown.contains(&format!("<html lang=\"{lg}\">")) && shown.contains(choose),
            "{lg}"
        );
        assert!(
            world
                .through_bank(&page, "P2", "act=pay")
                .await
                .text()
                .contains(paid),
            "{lg}"
        );
    }
}
