//! What ends, or is told of, because its time has come.

use kassa_checkout::{Status, Timestamp, lifecycle::Meaning};
use kassa_server::store::{MessageFilter, Store};

use crate::kit::store::{NOW, PROVIDER, attempt, begin, new, paid};

pub(crate) async fn meets_deadlines(store: &dyn Store) {
    let ended = |id| async move {
        let payment = store.payment("demo", id).await.unwrap().unwrap();
        payment.status() == Status::Expired
    };
    // Nothing is due, though seven payments wait for something.
    assert_eq!(store.meet_deadlines(10).await, Ok(Vec::new()));
    for (id, order) in [("x1", "31"), ("x2", "31"), ("x3", "31"), ("x4", "31")] {
        let mut over = new(id, order);
        over.expires_at = *NOW;
        store.create(over, None).await.unwrap();
    }
    // Of an offer that was taken in time there is nothing to end, and nobody is told.
    let mut early = begin("x4", "op", *NOW);
    early.now = Timestamp::from_millis(NOW.millis() - 1_000);
    let (taken, _) = attempt(store, early).await;
    store.apply(PROVIDER, paid(&taken, 9), *NOW).await.unwrap();
    let first = store.meet_deadlines(2).await.unwrap();
    let second = store.meet_deadlines(10).await.unwrap();
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(store.meet_deadlines(10).await, Ok(Vec::new()));
    for id in ["pay_x1", "pay_x2", "pay_x3"] {
        assert!(ended(id).await, "{id}");
    }
    assert!(!ended("pay_x4").await);
    assert!(!ended("pay_e").await);
}

pub(crate) async fn tells_once_that_a_confirmation_is_overdue(store: &dyn Store) {
    store.create(new("o", "32"), None).await.unwrap();
    let (attempt, _) = attempt(store, begin("o", "op", *NOW)).await;
    let mut accepted = paid(&attempt, 1);
    accepted.evidence.meaning = Meaning::AwaitingConfirmation;
    let week = 7 * 24 * 3_600_000;
    accepted.evidence.rank.at = Timestamp::from_millis(NOW.millis() - week);
    store.apply(PROVIDER, accepted, *NOW).await.unwrap();
    assert_eq!(store.meet_deadlines(9).await, Ok(vec!["co_o".to_owned()]));
    assert_eq!(store.meet_deadlines(9).await, Ok(Vec::new()));
    let about = MessageFilter {
        payment: Some("pay_o".to_owned()),
        newest_first: true,
        limit: 1,
        ..MessageFilter::default()
    };
    let told = store.messages(about).await.unwrap().remove(0);
    assert!(told.body.contains("confirmation_overdue"), "{}", told.body);
}
