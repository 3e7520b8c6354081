//! What a call may be, and what is offered for it.

use kassa_simulator::clock::real_now_ms;
use kassa_simulator::vetuma::latin1::encode_form;
use kassa_simulator::vetuma::{LOGIN, PAYMENT, timestamp};

use super::{World, assert_mac, login_call, pay_call, secret_of, signed, value, with, without};

#[tokio::test]
async fn what_is_offered_is_narrowed_and_never_widened() {
    let world = World::start();
    let (all, none): (usize, usize) = (11, 0);
    let cases: [(&str, &str, &str, &[&str], usize); 9] = [
        ("", "P,L", "TESTIASIAKAS1", &[], all),
        ("", "P", "TESTIASIAKAS1", &[], 10),
        ("", "L", "TESTIASIAKAS1", &[], 1),
        ("", "P2,P5", "TESTIASIAKAS1", &[], 2),
        ("L", "P,L", "TESTIASIAKAS1", &[], 1),
        ("P2", "P,L", "TESTIASIAKAS1", &[], 1),
        ("", "P,L", "TESTIASIAKAS1PANKIT", &[], 10),
        ("", "P,L", "TESTIASIAKAS1", &["ORDNR"], 10),
        ("", "P,L", "TESTIASIAKAS1", &["REF"], 1),
    ];
    for (so, solist, ap, absent, count) in cases {
        let mut call = with(with(with(pay_call(), "SO", so), "SOLIST", solist), "AP", ap);
        for name in absent {
            call = without(call, name);
        }
        let page = world.begin(PAYMENT, &call).await;
        let shown = world.get(&page).await.text();
        assert_eq!(
            shown.matches("name=\"method\"").count(),
            count,
            "{so} {solist} {ap} {absent:?}"
        );
        assert_eq!(
            shown.contains("Luottokunta"),
            count == all || count == 1 && !so.starts_with('P')
        );
    }
    for call in [
        without(without(pay_call(), "REF"), "ORDNR"),
        with(pay_call(), "SOLIST", "6"),
        with(with(pay_call(), "SO", "L"), "SOLIST", "P"),
        with(with(pay_call(), "AP", "TESTIASIAKAS1PANKIT"), "SOLIST", "L"),
    ] {
        let refused = world.post(PAYMENT, encode_form(&signed(&call))).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused
                .text()
                .contains("<code>SOLIST</code> leaves nothing"),
            "{}",
            refused.text()
        );
        assert_eq!(refused.text().matches("name=\"method\"").count(), none);
    }
    // What is not offered cannot be chosen either.
    let page = world
        .begin(PAYMENT, &with(pay_call(), "SOLIST", "P2"))
        .await;
    let chosen = world.post(&page, "method=P5").await;
    assert_eq!(chosen.header("location"), page);
    assert!(world.get(&page).await.text().contains("name=\"method\""));
}

#[tokio::test]
async fn a_faulty_call_is_told_what_is_wrong() {
    let world = World::start();
    let old = timestamp::write(real_now_ms() - 660_000);
    let early = timestamp::write(real_now_ms() + 660_000);
    let version_2 = |call| with(with(call, "RCVID", "VANHAKUNTA1P1"), "AP", "VANHAKUNTA1");
    let cases = [
        (with(pay_call(), "TIMESTMP", &old), "TIMESTMP", "too old"),
        (
            with(pay_call(), "TIMESTMP", &early),
            "TIMESTMP",
            "too early",
        ),
        (
            with(pay_call(), "TIMESTMP", "20240230120000000"),
            "TIMESTMP",
            "Finnish local time",
        ),
        (with(pay_call(), "AM", "49.90"), "AM", "euros, a comma"),
        (with(pay_call(), "AM", "0,00"), "AM", "more than nothing"),
        (with(pay_call(), "REF", "1234562"), "REF", "check digit"),
        (
            with(pay_call(), "REF", "RF341234561"),
            "REF",
            "4 to 20 digits",
        ),
        (
            with(pay_call(), "ORDNR", "A-1"),
            "ORDNR",
            "letters and digits",
        ),
        (
            version_2(with(pay_call(), "ORDNR", "A1")),
            "ORDNR",
            "1 to 9 digits",
        ),
        (
            version_2(with(pay_call(), "ORDNR", "0123")),
            "ORDNR",
            "leading zeros",
        ),
        (
            version_2(with(pay_call(), "PAYM_CALL_ID", "1")),
            "PAYM_CALL_ID",
            "came with version 3",
        ),
        (
            with(pay_call(), "TRID", &"1".repeat(21)),
            "TRID",
            "at most 20",
        ),
        (
            with(pay_call(), "PAYM_CALL_ID", &"1".repeat(26)),
            "PAYM_CALL_ID",
            "1 to 25",
        ),
        (
            with(pay_call(), "APPNAME", &"x".repeat(41)),
            "APPNAME",
            "at most 40",
        ),
        (
            with(pay_call(), "MSGBUYER", "a&b"),
            "MSGBUYER",
            "holds &amp;",
        ),
        (
            with(pay_call(), "MSGFORM", "rivi\nrivi"),
            "MSGFORM",
            "U+000A",
        ),
        (with(pay_call(), "MSGFORM", "\u{80}"), "MSGFORM", "U+0080"),
        (with(pay_call(), "LG", "de"), "LG", "fi, sv or en"),
        (
            with(pay_call(), "CANURL", "http://kunta.example/"),
            "CANURL",
            "an https address",
        ),
        (
            with(pay_call(), "SOLIST", "P, L"),
            "SOLIST",
            "joined by commas",
        ),
        (
            with(pay_call(), "AU", "CHECK"),
            "AU",
            "expected PAY at this address",
        ),
        (
            with(pay_call(), "TYPE", "LOGIN"),
            "TYPE",
            "expected PAYMENT at this address",
        ),
        (
            with(pay_call(), "AP", "VANHAKUNTA1"),
            "AP",
            "may be used with this secret",
        ),
        (
            with(pay_call(), "RCVID", "TUNTEMATON"),
            "RCVID",
            "is not the id of a shared secret",
        ),
        (
            with(pay_call(), "RCVID", "TESTIASIAKAS1T1"),
            "RCVID",
            "expected one for payments",
        ),
        (
            with(pay_call(), "USERID", "x"),
            "USERID",
            "is no parameter of this call",
        ),
        (without(pay_call(), "AM"), "AM", "is missing"),
        (without(pay_call(), "SO"), "SO", "is missing"),
    ];
    for (call, field, why) in cases {
        let refused = world.post(PAYMENT, encode_form(&signed(&call))).await;
        let told = refused.text();
        assert_eq!(refused.status, 400, "{field} {why}");
        let problem = told
            .split("<li>")
            .find(|one| one.starts_with(&format!("<code>{field}</code>")));
        assert!(
            problem.is_some_and(|one| one.contains(why)),
            "{field} {why}: {told}"
        );
        assert!(!told.contains("873C992B"), "the secret is shown");
    }
    for word in ["CONFIRM", "SIGNATURE"] {
        let refused = world
            .post(LOGIN, encode_form(&signed(&with(login_call(), "AU", word))))
            .await;
        assert!(
            refused.text().contains("never published"),
            "{}",
            refused.text()
        );
    }
    let twice = format!("{}&AM=1,00", encode_form(&signed(&pay_call())));
    assert!(
        world
            .post(PAYMENT, twice)
            .await
            .text()
            .contains("<code>AM</code> is there more than once")
    );
    let broken = world.post(PAYMENT, "RCVID=%zz").await;
    assert_eq!(
        (
            broken.status,
            broken.text().contains("broken percent-escape")
        ),
        (400, true)
    );
}

#[tokio::test]
async fn only_a_call_with_a_right_mac_is_answered() {
    let world = World::start();
    let faulty = with(pay_call(), "AM", "1.00");
    let told = world.post(PAYMENT, encode_form(&signed(&faulty))).await;
    let fields = told.hidden();
    assert_eq!(value(&fields, "STATUS"), Some("ERROR"));
    assert_mac(&fields);
    assert!(
        told.text()
            .contains("action=\"http://127.0.0.1:8090/virhe\"")
    );
    assert!(
        !told.text().contains("<script"),
        "the developer has to see why"
    );

    let tampered = with(signed(&pay_call()), "AM", "0,01");
    let told = world.post(PAYMENT, encode_form(&tampered)).await;
    assert!(
        told.text().contains("a value was changed"),
        "{}",
        told.text()
    );
    assert_eq!(told.hidden(), []);
    let nowhere = with(pay_call(), "ERRURL", "javascript:alert(1)");
    assert_eq!(
        world
            .post(PAYMENT, encode_form(&signed(&nowhere)))
            .await
            .hidden(),
        []
    );
    let in_utf8 = with(pay_call(), "APPNAME", "Ähtäri");
    let mac = secret_of(&in_utf8).mac(&in_utf8).unwrap();
    let body = encode_form(&with(in_utf8, "MAC", &mac)).replace("%C4", "%C3%84");
    assert!(
        world
            .post(PAYMENT, body)
            .await
            .text()
            .contains("<code>MAC</code> does not hold")
    );
}
