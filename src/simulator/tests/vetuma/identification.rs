//! Who the user is.

use kassa_simulator::vetuma::LOGIN;
use kassa_simulator::vetuma::latin1::{decode_form, encode_form};

use super::{World, assert_mac, login_call, names, signed, value, with};

#[tokio::test]
async fn invented_people_are_identified() {
    let world = World::start();
    let call = with(login_call(), "EXTRADATA", "VTJTT=VTJ-VETUMA-Perus");
    let page = world.begin(LOGIN, &call).await;
    let shown = world.get(&page).await.text();
    assert_eq!(shown.matches("name=\"method\"").count(), 10);
    let nobody = world.post(&page, "method=62").await;
    let bank = nobody.header("location").to_owned();
    assert!(
        world
            .get(&bank)
            .await
            .text()
            .contains("Henkilöt ovat keksittyjä")
    );
    assert_eq!(
        world.post(&bank, "act=pay").await.header("location"),
        bank,
        "nobody was named"
    );
    let back = world.through_bank(&page, "62", "person=131052-931W").await;
    let fields = back.hidden();
    assert_mac(&fields);
    assert_eq!(
        names(&fields),
        [
            "RCVID",
            "TIMESTMP",
            "SO",
            "USERID",
            "LG",
            "RETURL",
            "CANURL",
            "ERRURL",
            "SUBJECTDATA",
            "EXTRADATA",
            "STATUS",
            "TRID",
            "VTJDATA",
            "MAC"
        ]
    );
    let is = |name: &str| value(&fields, name).unwrap();
    assert_eq!(is("SUBJECTDATA"), "ETUNIMI=ÅKE EXEMPEL, SUKUNIMI=PÅHITTAD");
    assert_eq!(
        (is("USERID"), is("EXTRADATA")),
        ("131052-931W", "HETU=131052-931W")
    );
    let xml = decode_form(format!("x={}", is("VTJDATA")).as_bytes()).unwrap();
    assert!(
        value(&xml, "x")
            .unwrap()
            .contains("<ns2:Sukunimi>Påhittad</ns2:Sukunimi>")
    );

    let page = world.begin(LOGIN, &with(login_call(), "TRID", "78")).await;
    let fields = world.through_bank(&page, "62", "act=refuse").await.hidden();
    assert_mac(&fields);
    let nothing = ["USERID", "SUBJECTDATA", "EXTRADATA"].map(|name| value(&fields, name).unwrap());
    assert_eq!(
        (nothing, value(&fields, "STATUS")),
        ([""; 3], Some("REJECTED"))
    );
    assert_eq!(value(&fields, "VTJDATA"), None);
    let crossed = with(with(login_call(), "RCVID", "TESTIASIAKAS11"), "SOLIST", "6");
    let refused = world.post(LOGIN, encode_form(&signed(&crossed))).await;
    assert!(refused.text().contains("expected one for identification"));
}
