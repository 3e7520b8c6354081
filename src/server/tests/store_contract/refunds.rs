//! Refunds: never more than was paid, and settled once.

use futures_util::future::join_all;
use kassa_checkout::{
    Status, Timestamp,
    lifecycle::{RefundRefusal, RefundStatus},
    refund::RefundTold,
};
use kassa_server::store::{MessageFilter, RefundStep, Refunding, Store};

use crate::{
    kit::store::{NOW, PROVIDER, attempt, begin, key, new, paid, refund},
    payment_of,
};

pub(crate) async fn refunds_no_more_than_was_paid(store: &dyn Store) {
    paid_payment(store, "r1").await;
    let all = join_all((0..50).map(|number| {
        let new = refund(&format!("r1-{number:02}"), "r1", Some(30));
        store.refund(new, key(&format!("r1-{number}"), "f"))
    }))
    .await;
    // What changed under one of them too often is to be repeated, and nothing was done.
    let begun = all
        .iter()
        .filter(|refunding| matches!(refunding, Ok(Refunding::New { .. })))
        .count();
    let refused = Ok(Refunding::Refused(RefundRefusal::TooMuch { left: 10 }));
    let refusals = all.iter().filter(|refunding| **refunding == refused);
    assert_eq!((begun, refusals.count()), (33, 17));

    let kept = store.refunds("demo", "pay_r1").await.unwrap().unwrap();
    assert_eq!(kept.len(), 33);
    assert!(kept.iter().all(|refund| refund.cents == 30));
    let payment = payment_of(store, "r1").await;
    assert_eq!(payment.lifecycle.refundable_cents(), 10);
    assert_eq!(payment.status(), Status::Paid);

    // The same request again is the same refund, whatever is left.
    let number = all
        .iter()
        .position(|refunding| matches!(refunding, Ok(Refunding::New { .. })))
        .unwrap();
    let again = refund("r1-again", "r1", Some(30));
    let again = store.refund(again, key(&format!("r1-{number}"), "f")).await;
    let answer = format!("ref_r1-{number:02} 30");
    assert_eq!(again, Ok(Refunding::Before(answer)));
    let other = refund("r1-other", "r1", Some(10));
    let other = store.refund(other, key(&format!("r1-{number}"), "g")).await;
    assert_eq!(other, Ok(Refunding::KeyReused));
    let rest = store.refund(refund("r1-rest", "r1", None), None).await;
    assert!(matches!(rest, Ok(Refunding::New { refund, .. }) if refund.cents == 10));
    let nothing = store.refund(refund("r1-more", "r1", None), None).await;
    let refusal = RefundRefusal::NothingLeft;
    assert_eq!(nothing, Ok(Refunding::Refused(refusal)));

    let unknown = store.refund(refund("r0", "none", None), None).await;
    assert_eq!(unknown, Ok(Refunding::Unknown));
    let mut elsewhere = refund("r0", "r1", None);
    elsewhere.shop = "other".to_owned();
    assert_eq!(store.refund(elsewhere, None).await, Ok(Refunding::Unknown));
    assert_eq!(store.refunds("other", "pay_r1").await, Ok(None));
}

pub(crate) async fn settles_a_refund_once(store: &dyn Store) {
    let attempt = paid_payment(store, "r2").await;
    let mut by_hand = refund("r2-1", "r2", Some(400));
    by_hand.told = None;
    let begun = store.refund(by_hand, None).await.unwrap();
    let Refunding::New { refund: first, .. } = begun else {
        panic!("{begun:?}")
    };
    assert_eq!(first.status, RefundStatus::Succeeded);
    assert_eq!(first.attempt, attempt);
    let payment = payment_of(store, "r2").await;
    assert_eq!(payment.status(), Status::PartiallyRefunded);

    store
        .refund(refund("r2-2", "r2", None), None)
        .await
        .unwrap();
    let later = NOW.plus_seconds(5);
    let settle = async |id: &str, outcome: RefundStatus| {
        store.advance_refund(id, outcome.into(), later).await
    };
    let token = Some("co_r2".to_owned());
    assert_eq!(settle("ref_none", RefundStatus::Failed).await, Ok(None));
    assert_eq!(settle("ref_r2-2", RefundStatus::Pending).await, Ok(None));
    let settled = settle("ref_r2-2", RefundStatus::Succeeded).await;
    assert_eq!(settled, Ok(token.clone()));
    assert_eq!(settle("ref_r2-2", RefundStatus::Succeeded).await, Ok(None));
    // Another end is told, once, and changes nothing.
    assert_eq!(settle("ref_r2-2", RefundStatus::Failed).await, Ok(token));
    assert_eq!(settle("ref_r2-2", RefundStatus::Failed).await, Ok(None));

    let payment = payment_of(store, "r2").await;
    assert_eq!(payment.status(), Status::Refunded);
    let kept = store.refunds("demo", "pay_r2").await.unwrap().unwrap();
    let stands: Vec<_> = kept
        .iter()
        .map(|r| (r.cents, r.status, r.changed_at))
        .collect();
    let expected = [
        (400, RefundStatus::Succeeded, *NOW),
        (600, RefundStatus::Succeeded, later),
    ];
    assert_eq!(stands, expected);
    assert_eq!(kept[0].note.as_deref(), Some("Two were too many"));
    let told = store.messages(MessageFilter {
        payment: Some("pay_r2".to_owned()),
        limit: 20,
        ..MessageFilter::default()
    });
    let told: Vec<_> = told.await.unwrap().into_iter().map(|m| m.body).collect();
    let of = |kind: &str| told.iter().filter(|body| body.contains(kind)).count();
    assert_eq!(of(r#""type":"refund.updated""#), 2);
    assert_eq!(of(r#""flag":"refund_contradicted""#), 1);
}

pub(crate) async fn calls_a_provider_for_a_refund_once_and_reminds_once(store: &dyn Store) {
    paid_payment(store, "r3").await;
    for (id, cents, told) in [
        ("r3-1", 300, Some(RefundTold::Message("Sorry".to_owned()))),
        ("r3-2", 200, Some(RefundTold::Reference("1232".to_owned()))),
        ("r3-3", 100, None),
    ] {
        let mut new = refund(id, "r3", Some(cents));
        new.told = told;
        store.refund(new, None).await.unwrap();
    }
    let ids = async |from: Timestamp, limit| -> Vec<String> {
        let pending = store.pending_refunds(from, limit).await.unwrap();
        assert!(pending.iter().all(|one| one.shop == "demo"));
        let ours = pending.into_iter().map(|one| one.refund);
        let ours = ours.filter(|refund| refund.payment == "pay_r3");
        ours.map(|refund| refund.id).collect()
    };
    // The manual one has ended, and those of other payments are not of interest here.
    assert_eq!(ids(*NOW, 100).await, ["ref_r3-1", "ref_r3-2"]);
    assert_eq!(ids(NOW.plus_seconds(1), 100).await, [""; 0]);
    let later = NOW.plus_seconds(5);
    let step = async |id: &str, step| store.advance_refund(id, step, later).await;
    let planned = async |id: &str| {
        let payment = payment_of(store, "r3").await;
        payment.lifecycle.refund(id).unwrap().planned().cloned()
    };
    let told = Some(RefundTold::Message("Sorry".to_owned()));
    assert_eq!(planned("ref_r3-1").await, told);
    let token = Ok(Some("co_r3".to_owned()));
    let both = join_all([
        step("ref_r3-1", RefundStep::Called),
        step("ref_r3-1", RefundStep::Called),
    ]);
    let mut both = both.await;
    both.sort_by_key(|one| *one == Ok(None));
    assert_eq!(both, [token.clone(), Ok(None)]);
    assert_eq!(planned("ref_r3-1").await, None);
    assert_eq!(step("ref_r3-3", RefundStep::Called).await, Ok(None));
    assert_eq!(step("ref_none", RefundStep::Called).await, Ok(None));
    assert_eq!(step("ref_r3-1", RefundStep::Overdue).await, token);
    assert_eq!(step("ref_r3-1", RefundStep::Overdue).await, Ok(None));
    assert_eq!(step("ref_r3-3", RefundStep::Overdue).await, Ok(None));
    let failed = RefundStep::Ended(RefundStatus::Failed);
    assert_eq!(step("ref_r3-2", failed).await, token);
    assert_eq!(
        step("ref_r3-2", RefundStep::Called).await,
        Ok(None),
        "it has ended"
    );
    assert_eq!(ids(*NOW, 100).await, ["ref_r3-1"]);
    let filter = MessageFilter {
        payment: Some("pay_r3".to_owned()),
        limit: 20,
        ..MessageFilter::default()
    };
    let told = store.messages(filter).await.unwrap();
    let flags = told
        .iter()
        .filter(|one| one.body.contains("refund_unanswered"));
    assert_eq!(flags.count(), 1);
}

/// A payment of ten euros that was paid; answers its attempt.
async fn paid_payment(store: &dyn Store, id: &str) -> String {
    store.create(new(id, "60"), None).await.unwrap();
    let (attempt, _) = attempt(store, begin(id, "op", *NOW)).await;
    store
        .apply(PROVIDER, paid(&attempt, 1), *NOW)
        .await
        .unwrap();
    attempt
}
