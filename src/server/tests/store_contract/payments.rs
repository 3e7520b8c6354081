//! Payments are made, listed and noted on.

use futures_util::future::join_all;
use kassa_checkout::Status;
use kassa_server::store::{Answered, Created, Filter, Idempotency, Note, Noted, Store, StoreError};

use crate::{
    kit::store::{NOW, key, new},
    payment_of,
};

pub(crate) async fn creates_once_for_a_key(store: &dyn Store) {
    let first = store.create(new("a", "1"), key("k", "f")).await.unwrap();
    assert_eq!(first, Created::New("pay_a 9000000014".to_owned()));
    let again = store.create(new("b", "1"), key("k", "f")).await.unwrap();
    assert_eq!(again, Created::Before("pay_a 9000000014".to_owned()));
    let other = store.create(new("b", "1"), key("k", "g")).await.unwrap();
    assert_eq!(other, Created::KeyReused);
    assert!(store.payment("demo", "pay_b").await.unwrap().is_none());
    let kept = Answered {
        fingerprint: "f".to_owned(),
        answer: "pay_a 9000000014".to_owned(),
    };
    assert_eq!(store.answered("demo", "k").await, Ok(Some(kept)));
    assert_eq!(store.answered("other", "k").await, Ok(None));
    let mut elsewhere = new("c", "1");
    elsewhere.shop = "other".to_owned();
    let elsewhere = store.create(elsewhere, key("k", "g")).await.unwrap();
    // Another shop has keys and a series of its own.
    assert_eq!(elsewhere, Created::New("pay_c 9000000014".to_owned()));
    assert!(store.payment("demo", "pay_c").await.unwrap().is_none());
}

/// A call of VETUMA is known by two things: neither is used twice, whoever comes at the same time.
pub(crate) async fn creates_once_for_a_second_key(store: &dyn Store) {
    let both = |first: &str, second: &str, fingerprint: &str| {
        let asked = key(first, fingerprint);
        asked.map(|asked| Idempotency {
            also: Some(second.to_owned()),
            ..asked
        })
    };
    let create = async |id: &str, keys| {
        let made = store.create(new(id, "70"), keys).await.unwrap();
        match made {
            Created::New(_) => "new",
            Created::Before(_) => "before",
            Created::KeyReused => "reused",
        }
    };
    assert_eq!(create("two1", both("order 1", "call 1", "f")).await, "new");
    assert_eq!(
        create("two2", both("order 1", "call 1", "f")).await,
        "before"
    );
    assert_eq!(
        create("two2", both("order 1", "call 2", "g")).await,
        "reused"
    );
    assert_eq!(
        create("two2", both("order 2", "call 1", "g")).await,
        "reused"
    );
    assert_eq!(create("two2", key("call 1", "g")).await, "reused");
    assert_eq!(
        create("two2", both("order 2", "order 1", "g")).await,
        "reused"
    );
    for unused in ["call 2", "order 2"] {
        assert_eq!(store.answered("demo", unused).await, Ok(None), "{unused}");
    }
    assert!(store.payment("demo", "pay_two2").await.unwrap().is_none());

    // Each with an order number of its own, and all with one identifier.
    let racing = (0..12).map(|number| {
        let (id, first) = (format!("race{number}"), format!("race {number}"));
        async move { create(&id, both(&first, "one", &first)).await }
    });
    let raced = join_all(racing).await;
    let of = |word: &str| raced.iter().filter(|one| **one == word).count();
    assert_eq!((of("new"), of("reused")), (1, 11), "{raced:?}");
    let mut kept = 0;
    for number in 0..12 {
        let key = format!("race {number}");
        let is_kept = store.answered("demo", &key).await.unwrap().is_some();
        let id = format!("pay_race{number}");
        let is_there = store.payment("demo", &id).await.unwrap().is_some();
        assert_eq!(is_kept, is_there, "{key}");
        kept += u32::from(is_kept);
    }
    assert_eq!(kept, 1);
}

/// An identifier that is taken fails its own operation: not those that share the transaction.
pub(crate) async fn creates_all_or_nothing(store: &dyn Store) {
    let mut second = new("d", "2");
    second.token = "co_d2".to_owned();
    let (good, bad, better) = tokio::join!(
        store.create(new("d", "2"), None),
        store.create(second, key("k2", "f")),
        store.create(new("e", "2"), None),
    );
    assert!(matches!(good, Ok(Created::New(_))));
    assert_eq!(bad, Err(StoreError::Refused));
    assert!(matches!(better, Ok(Created::New(_))));
    assert!(store.by_token("co_d2").await.unwrap().is_none());
    assert!(store.by_token("co_e").await.unwrap().is_some());
    // Nothing of the failed one is left, its key neither.
    let retried = store.create(new("f", "2"), key("k2", "f")).await;
    assert!(matches!(retried, Ok(Created::New(_))));
}

pub(crate) async fn lists_in_a_stable_order(store: &dyn Store) {
    let mut filter = Filter {
        shop: Some("demo".to_owned()),
        limit: 1,
        ..Filter::default()
    };
    let mut seen = Vec::new();
    while let Some(payment) = store.list(filter.clone()).await.unwrap().pop() {
        filter.after = Some((payment.created_at, payment.id.clone()));
        seen.push(payment.id);
    }
    // All were made at the same moment: then the identifier decides.
    assert_eq!(seen, ["pay_f", "pay_e", "pay_d", "pay_a"]);
    filter.after = None;
    filter.limit = 10;
    filter.status = Some(Status::Paid);
    assert_eq!(store.list(filter).await.unwrap().len(), 1);
    // One payment, of whichever shop.
    let one = Filter {
        id: Some("pay_e".to_owned()),
        limit: 10,
        ..Filter::default()
    };
    let found = store.list(one).await.unwrap();
    let ids: Vec<_> = found.iter().map(|payment| payment.id.as_str()).collect();
    assert_eq!(ids, ["pay_e"]);
}

pub(crate) async fn notes_once_and_on_what_was_seen(store: &dyn Store) {
    store.create(new("note", "note"), None).await.unwrap();
    let seen = payment_of(store, "note").await;
    let note = |version, once: &str, word: &str| Note {
        shop: seen.shop.clone(),
        payment: seen.id.clone(),
        version,
        who: "kassa".to_owned(),
        kind: "vetuma.answered",
        detail: serde_json::json!({ "status": word }),
        once: once.to_owned(),
        now: *NOW,
    };
    let add = async |note: Note| store.note(note).await.unwrap();
    assert_eq!(
        add(note(seen.version + 1, "a", "early")).await,
        Noted::Changed
    );
    assert_eq!(add(note(seen.version, "a", "first")).await, Noted::New);
    let after = payment_of(store, "note").await;
    assert_eq!(after.version, seen.version + 1);
    assert_eq!(after.status(), seen.status());
    assert_eq!(add(note(after.version, "a", "second")).await, Noted::Before);
    assert_eq!(add(note(seen.version, "b", "stale")).await, Noted::Changed);
    let nowhere = Note {
        payment: "pay_none".to_owned(),
        ..note(after.version, "b", "nowhere")
    };
    assert_eq!(add(nowhere).await, Noted::Changed);
    let elsewhere = Note {
        shop: "other".to_owned(),
        ..note(after.version, "b", "elsewhere")
    };
    assert_eq!(add(elsewhere).await, Noted::Changed);
    let events = store.events(&seen.shop, &seen.id).await.unwrap().unwrap();
    let answered: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "vetuma.answered")
        .collect();
    assert_eq!(answered.len(), 1);
    assert_eq!(answered[0].detail, serde_json::json!({ "status": "first" }));
    assert_eq!(answered[0].seq, after.events);

    // Of many at once one is written, and the others are told so.
    let races = (0..8).map(|number| add(note(after.version, "race", &number.to_string())));
    let raced = join_all(races).await;
    assert_eq!(
        raced.iter().filter(|noted| **noted == Noted::New).count(),
        1,
        "{raced:?}"
    );
}
