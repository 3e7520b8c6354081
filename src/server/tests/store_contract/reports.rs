//! What providers report is applied once, and on what was seen.

use futures_util::future::join_all;
use kassa_checkout::{Status, lifecycle::Meaning};
use kassa_server::store::{Applied, Store};

use crate::kit::store::{NOW, PROVIDER, attempt, begin, new, paid};

pub(crate) async fn applies_a_report_once(store: &dyn Store) {
    let unknown = store.apply(PROVIDER, paid("pay_none-1", 1), *NOW).await;
    assert_eq!(unknown, Ok(Applied::Unknown));
    let all = join_all((0..10).map(|_| store.apply(PROVIDER, paid("pay_a-1", 1), *NOW))).await;
    let changed: Vec<_> = all
        .iter()
        .filter(|applied| !matches!(applied, Ok(Applied::Duplicate)))
        .collect();
    let expected = Applied::Changed {
        token: "co_a".to_owned(),
        status: Status::Paid,
        flags: Vec::new(),
    };
    assert_eq!(changed, [&Ok(expected)]);
    let payment = store.by_token("co_a").await.unwrap().unwrap();
    assert_eq!(payment.status(), Status::Paid);
    let events = store.events("demo", "pay_a").await.unwrap().unwrap();
    assert_eq!(payment.events, u64::try_from(events.len()).unwrap());
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=payment.events).collect::<Vec<_>>());
    assert_eq!(store.events("other", "pay_a").await, Ok(None));
}

/// Whatever happened since the payment was seen counts.
pub(crate) async fn applies_a_report_to_what_was_seen(store: &dyn Store) {
    store.create(new("s", "40"), None).await.unwrap();
    let (attempt, _) = attempt(store, begin("s", "op", *NOW)).await;
    let seen = store.by_attempt(PROVIDER, &attempt).await.unwrap().unwrap();
    let mut declined = paid(&attempt, 1);
    declined.evidence.key = "1/decline/decline".to_owned();
    declined.evidence.meaning = Meaning::Declined;
    let apply = async |report| {
        let applied = store.apply_to(seen.clone(), PROVIDER, report, *NOW).await;
        match applied.unwrap() {
            Applied::Changed { status, .. } => Some(status),
            Applied::Duplicate => None,
            Applied::Unknown => panic!("it is known"),
        }
    };
    assert_eq!(apply(declined.clone()).await, Some(Status::Declined));
    assert_eq!(apply(declined).await, None);
    assert_eq!(apply(paid(&attempt, 2)).await, Some(Status::Paid));
    assert_eq!(apply(paid(&attempt, 2)).await, None);
    let now = store.by_attempt(PROVIDER, &attempt).await.unwrap().unwrap();
    assert_eq!(now.version, seen.version + 2);
}

pub(crate) async fn believes_the_same_words_said_later(store: &dyn Store) {
    store.create(new("w", "20"), None).await.unwrap();
    let (attempt, _) = attempt(store, begin("w", "op", *NOW)).await;
    let declined = |seconds| {
        let mut report = paid(&attempt, 1);
        report.evidence.key = "1/decline/decline".to_owned();
        report.evidence.meaning = Meaning::Declined;
        report.evidence.rank.at = NOW.plus_seconds(seconds);
        report
    };
    let credited = || {
        let mut report = paid(&attempt, 1);
        report.evidence.rank.at = NOW.plus_seconds(2);
        report
    };
    for (report, expected) in [
        (declined(1), Status::Declined),
        (credited(), Status::Paid),
        (declined(3), Status::Declined),
    ] {
        store.apply(PROVIDER, report, *NOW).await.unwrap();
        let payment = store.payment("demo", "pay_w").await.unwrap().unwrap();
        assert_eq!(payment.status(), expected);
    }
    let repeated = store.apply(PROVIDER, credited(), *NOW).await;
    assert!(matches!(repeated, Ok(Applied::Duplicate)), "{repeated:?}");
}
