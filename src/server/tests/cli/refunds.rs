//! `kassa refunds`.

use kassa_checkout::{Amount, refund::RefundTold};
use kassa_server::{
    clock,
    store::{NewRefund, Store as _},
};

use crate::place::{Place, THEN};

#[tokio::test]
async fn a_refund_that_nobody_heard_of_is_settled_by_hand() {
    let place = Place::new();
    let payment = place.create(1, "puoti", "A-1", clock::now()).await;
    place.pay(1, clock::now()).await;
    place.run(&["refunds", "list", &payment]).expect(3);
    let new = NewRefund {
        id: "ref_1".to_owned(),
        shop: "puoti".to_owned(),
        payment: payment.clone(),
        attempt: None,
        amount: Some(Amount::from_cents(990).unwrap()),
        told: Some(RefundTold::Reference("1232".to_owned())),
        note: Some("One was broken".to_owned()),
        now: THEN,
        answer: Box::new(|refund| refund.id.clone()),
    };
    place.store.refund(new, None).await.unwrap();
    let listed = place.run(&["refunds", "list", &payment]).expect(0).out;
    for word in ["ref_1", "9.90 EUR", "pending", "provider", "One was broken"] {
        assert!(listed.contains(word), "{listed}");
    }
    let settle = |end: &str| place.run(&["refunds", "settle", "ref_1", end]);
    assert_eq!(
        settle("succeeded").expect(0).out,
        "ref_1: written down as succeeded\n"
    );
    settle("succeeded").expect(3);
    settle("pending").expect(2);
    let json = place
        .run(&["refunds", "list", &payment, "--json"])
        .expect(0);
    assert_eq!(json.lines()[0]["status"], "succeeded");
    place.run(&["refunds", "list", "pay_none"]).expect(3);
}
