//! Whatever is not final is asked about at its provider, by one process at a time.

use kassa_checkout::lifecycle::Meaning;
use kassa_server::store::{Applied, OpenAttempts, Store};

use crate::{
    kit::store::{NOW, PROVIDER, paid},
    pass,
};

pub(crate) async fn asks_for_each_attempt(store: &dyn Store) {
    // Whatever began so far; first nobody is asked for, ten seconds later all of them.
    assert_eq!(store.claim_questions(60, 100).await, Ok(Vec::new()));
    pass(store, 10).await;
    let (one, other) = tokio::join!(
        store.claim_questions(60, 100),
        store.claim_questions(60, 100)
    );
    let mut questions = one.unwrap();
    questions.extend(other.unwrap());
    let mut attempts: Vec<_> = questions.iter().map(|q| q.attempt.as_str()).collect();
    attempts.sort_unstable();
    assert_eq!(
        attempts,
        ["pay_a-1", "pay_a-2", "pay_o-1", "pay_w-1", "pay_x4-1"]
    );
    assert!(questions.iter().all(|question| question.asks == 1));
    let open = |count| OpenAttempts {
        shop: "demo".to_owned(),
        provider: PROVIDER.to_owned(),
        count,
    };
    assert_eq!(store.open_attempts().await, Ok(vec![open(5)]));
    assert_eq!(store.backlog().await.unwrap().questions.due, 0);
    let lost = questions.pop().unwrap();
    for question in &questions {
        store.finish_question(question, Some(500)).await.unwrap();
    }
    // Whoever held the claim died: when it ends, another asks.
    pass(store, 60).await;
    let taken = store.claim_questions(60, 100).await.unwrap();
    assert_eq!((taken.len(), &taken[0].attempt), (1, &lost.attempt));
    assert_eq!((taken[0].asks, &taken[0].shop), (2, &"demo".to_owned()));
    // The first holder comes back late and changes nothing.
    store.finish_question(&lost, None).await.unwrap();
    pass(store, 60).await;
    let again = store.claim_questions(60, 100).await.unwrap();
    assert_eq!((again.len(), again[0].asks), (1, 3));
    store.finish_question(&again[0], None).await.unwrap();
    assert_eq!(store.open_attempts().await, Ok(vec![open(4)]));
    pass(store, 379).await;
    assert_eq!(store.claim_questions(60, 100).await, Ok(Vec::new()));
    pass(store, 1).await;
    assert_eq!(store.backlog().await.unwrap().questions.due, 4);
    for question in store.claim_questions(60, 100).await.unwrap() {
        assert_eq!(question.asks, 2);
        store.finish_question(&question, None).await.unwrap();
    }
    pass(store, 1_000_000).await;
    assert_eq!(store.claim_questions(60, 100).await, Ok(Vec::new()));
    assert_eq!(store.open_attempts().await, Ok(Vec::new()));
    asks_at_once_when_reports_contradict(store).await;
}

async fn asks_at_once_when_reports_contradict(store: &dyn Store) {
    let mut contradicting = paid("pay_x4-1", 9);
    contradicting.evidence.meaning = Meaning::Declined;
    contradicting.evidence.key = "9/decline/decline".to_owned();
    let applied = store.apply(PROVIDER, contradicting, *NOW).await.unwrap();
    assert!(
        matches!(&applied, Applied::Changed { flags, .. } if flags == &["contradiction"]),
        "{applied:?}"
    );
    let asked = store.claim_questions(60, 100).await.unwrap();
    assert_eq!((asked.len(), &*asked[0].attempt), (1, "pay_x4-1"));
    store.finish_question(&asked[0], None).await.unwrap();
}
