//! What every store must do, written over the trait alone; run on SQLite and on PostgreSQL.
//!
//! What is due is told by the store's own clock. The suite lets time pass by moving what is due
//! nearer instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::sync::Arc;

use futures_util::future::join_all;
use kassa_checkout::{
    BankId, Status, Timestamp,
    lifecycle::{Meaning, RefundRefusal, RefundStatus},
    provider::{PaymentEvent, Redirect},
    refund::RefundTold,
};
use kassa_server::store::{
    Answered, Applied, Begin, Begun, CallState, Called, Created, Delivery, Filter, Idempotency,
    Message, MessageFilter, Note, Noted, OpenAttempts, Outcome, Outgoing, Payment, RefundStep,
    Refunding, Room, Store, StoreError, Tried,
    sqlite::{OpenError, SqliteStore},
};
use kassa_tests::services::Postgres;
use kit::{
    Folder,
    store::{NOW, PROVIDER, attempt, begin, key, new, open, paid, pending, refund},
};

/// The suite.
async fn contract(store: &dyn Store) {
    creates_once_for_a_key(store).await;
    creates_all_or_nothing(store).await;
    begins_an_attempt_once(store).await;
    applies_a_report_once(store).await;
    lists_in_a_stable_order(store).await;
    believes_the_same_words_said_later(store).await;
    meets_deadlines(store).await;
    tells_once_that_a_confirmation_is_overdue(store).await;
    asks_for_each_attempt(store).await;
    hands_each_webhook_to_one(store).await;
    replays_what_is_not_being_sent(store).await;
    minds_what_an_endpoint_says(store).await;
    refunds_no_more_than_was_paid(store).await;
    settles_a_refund_once(store).await;
    calls_a_provider_for_a_refund_once_and_reminds_once(store).await;
    keeps_what_a_call_began(store).await;
    keeps_what_overtook_an_answer(store).await;
    goes_on_at_another_account(store).await;
    applies_a_report_to_what_was_seen(store).await;
    notes_once_and_on_what_was_seen(store).await;
    creates_once_for_a_second_key(store).await;
}

async fn notes_once_and_on_what_was_seen(store: &dyn Store) {
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
    let raced = futures_util::future::join_all(races).await;
    assert_eq!(
        raced.iter().filter(|noted| **noted == Noted::New).count(),
        1,
        "{raced:?}"
    );
}

async fn creates_once_for_a_key(store: &dyn Store) {
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
async fn creates_once_for_a_second_key(store: &dyn Store) {
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
async fn creates_all_or_nothing(store: &dyn Store) {
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

async fn begins_an_attempt_once(store: &dyn Store) {
    let (first, is_new) = attempt(store, begin("a", "op", *NOW)).await;
    assert_eq!((first.as_str(), is_new), ("pay_a-1", true));
    let later = NOW.plus_seconds(9);
    assert_eq!(
        attempt(store, begin("a", "op", later)).await,
        (first, false)
    );
    let (second, is_new) = attempt(store, begin("a", "op", NOW.plus_seconds(10))).await;
    assert_eq!((second.as_str(), is_new), ("pay_a-2", true));
    let late = store
        .begin_attempt(begin("a", "aktia", NOW.plus_seconds(600)))
        .await;
    assert!(matches!(late, Ok(Begun::CannotPay)));
    let unknown = store.begin_attempt(begin("none", "op", *NOW)).await;
    assert!(matches!(unknown, Ok(Begun::Unknown)));
    let found = store
        .by_attempt(PROVIDER, "pay_a-1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, "pay_a");
    assert!(store.by_attempt("op", "pay_a-1").await.unwrap().is_none());
}

/// An attempt that our own call begins: the same one until it is known what became of the call,
/// and where the customer goes belongs to the latest attempt alone.
async fn keeps_what_a_call_began(store: &dyn Store) {
    store.create(new("g", "7"), None).await.unwrap();
    let by_call = |bank, at| Begin {
        by_call: true,
        ..begin("g", bank, at)
    };
    let (first, is_new) = attempt(store, by_call("op", *NOW)).await;
    assert_eq!((first.as_str(), is_new), ("pay_g-1", true));
    // Whether the call got there is not known: the same attempt, whatever the time.
    let much_later = NOW.plus_seconds(120);
    let again = attempt(store, by_call("op", much_later)).await;
    assert_eq!(again, ("pay_g-1".to_owned(), false));

    let called = |attempt: &str, state, redirect| Called {
        provider: PROVIDER,
        attempt: attempt.to_owned(),
        state,
        why: None,
        redirect,
        reference: None,
    };
    let unknown = called("pay_none-1", CallState::Taken, None);
    assert_eq!(store.called(unknown, *NOW).await, Ok(None));
    let before = store.by_token("co_g").await.unwrap().unwrap();
    let refused = called("pay_g-1", CallState::Refused, None);
    let told = store.called(refused.clone(), *NOW).await;
    assert_eq!(told, Ok(Some("co_g".to_owned())));
    let after = store.by_token("co_g").await.unwrap().unwrap();
    assert_eq!(after.version, before.version + 1);
    let call = after.latest.as_ref().unwrap().call;
    assert_eq!(call, Some(CallState::Refused));
    // The same said twice changes nothing.
    store.called(refused, *NOW).await.unwrap();
    let twice = store.by_token("co_g").await.unwrap().unwrap();
    assert_eq!(twice, after);

    // One that was refused is over, also within the ten seconds.
    let (second, is_new) = attempt(store, by_call("op", *NOW)).await;
    assert_eq!((second.as_str(), is_new), ("pay_g-2", true));
    store
        .called(called("pay_g-2", CallState::Taken, None), *NOW)
        .await
        .unwrap();
    // A late word about the first one leads nobody there.
    let go = |attempt: &str, place: &str| PaymentEvent {
        redirect: Some(Redirect::Get {
            url: format!("https://bank.example/{place}"),
        }),
        ..pending(attempt, 1)
    };
    let late = store.apply(PROVIDER, go("pay_g-1", "old"), *NOW).await;
    assert!(matches!(late, Ok(Applied::Changed { .. })));
    let payment = store.by_token("co_g").await.unwrap().unwrap();
    assert_eq!(payment.latest.unwrap().redirect, None);
    // An answer to a question may say the same without the place, first.
    let without = store.apply(PROVIDER, pending("pay_g-2", 1), *NOW).await;
    assert!(matches!(without, Ok(Applied::Changed { .. })));
    for _ in 0..2 {
        store
            .apply(PROVIDER, go("pay_g-2", "new"), *NOW)
            .await
            .unwrap();
    }
    let payment = store.by_token("co_g").await.unwrap().unwrap();
    let expected = go("pay_g-2", "new").redirect;
    assert_eq!(payment.latest.as_ref().unwrap().redirect, expected);
    assert_eq!(payment.status(), Status::Pending);
    // The form sent twice finds it, and after ten seconds another attempt begins.
    let (same, is_new) = attempt(store, by_call("op", NOW.plus_seconds(9))).await;
    assert_eq!((same.as_str(), is_new), ("pay_g-2", false));
    let (third, is_new) = attempt(store, by_call("op", NOW.plus_seconds(10))).await;
    assert_eq!((third.as_str(), is_new), ("pay_g-3", true));
    let payment = store.by_token("co_g").await.unwrap().unwrap();
    assert_eq!(payment.latest.unwrap().redirect, None);
    let events = store.events("demo", "pay_g").await.unwrap().unwrap();
    let text = format!("{events:?}");
    assert!(
        !text.contains("bank.example"),
        "an address may let its holder pay"
    );
}

/// A callback may come before the answer to the call that it is about.
async fn keeps_what_overtook_an_answer(store: &dyn Store) {
    store.create(new("v", "9"), None).await.unwrap();
    let by_call = Begin {
        by_call: true,
        ..begin("v", "op", *NOW)
    };
    let (first, _) = attempt(store, by_call.clone()).await;
    let redirect = Some(Redirect::Get {
        url: "https://bank.example/v".to_owned(),
    });
    let go = PaymentEvent {
        redirect: redirect.clone(),
        ..pending(&first, 1)
    };
    store.apply(PROVIDER, go, *NOW).await.unwrap();
    let heard = store.by_token("co_v").await.unwrap().unwrap();
    let called = |state, reference: Option<&str>| Called {
        provider: PROVIDER,
        attempt: first.clone(),
        state,
        why: None,
        redirect: None,
        reference: reference.map(str::to_owned),
    };
    // Neither answer is news, and a refusal is belied by what the provider reported itself.
    for state in [CallState::Taken, CallState::Refused] {
        store.called(called(state, None), *NOW).await.unwrap();
        let now = store.by_token("co_v").await.unwrap().unwrap();
        assert_eq!(now, heard, "{state:?}");
        let latest = now.latest.unwrap();
        assert_eq!(latest.call, Some(CallState::Taken));
        assert_eq!(latest.redirect, redirect);
    }
    let instead = Begin {
        provider: "op",
        bank: BankId::parse("nordea").ok(),
        instead_of: Some(first.clone()),
        ..by_call
    };
    let elsewhere = store.begin_attempt(instead).await;
    assert!(matches!(elsewhere, Ok(Begun::CannotPay)), "{elsewhere:?}");
    let events = store.events("demo", "pay_v").await.unwrap().unwrap();
    let of = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((of("attempt.taken"), of("attempt.refused")), (1, 0));
    // What only the answer tells is kept all the same.
    let told = called(CallState::Taken, Some("theirs"));
    store.called(told, *NOW).await.unwrap();
    let now = store.by_token("co_v").await.unwrap().unwrap();
    assert_eq!(now.reference_of(&first), Some("theirs"));
    assert_eq!(now.latest.unwrap().redirect, redirect);
}

/// An attempt that came to nothing at one account goes on as another one at the next, and each
/// belongs to its account for good.
async fn goes_on_at_another_account(store: &dyn Store) {
    store.create(new("k", "8"), None).await.unwrap();
    let at = |provider, instead_of: Option<&str>| Begin {
        provider,
        by_call: true,
        instead_of: instead_of.map(str::to_owned),
        ..begin("k", "nordea", *NOW)
    };
    attempt(store, at(PROVIDER, None)).await;
    // Not while it may have begun, whichever account is preferred now.
    let later = Begin {
        now: NOW.plus_seconds(300),
        ..at("op", None)
    };
    for wish in [later, at("op", Some("pay_k-1"))] {
        let same = attempt(store, wish).await;
        assert_eq!(same, ("pay_k-1".to_owned(), false));
    }
    let refused = Called {
        provider: PROVIDER,
        attempt: "pay_k-1".to_owned(),
        state: CallState::Refused,
        why: Some("unreachable"),
        redirect: None,
        reference: None,
    };
    store.called(refused, *NOW).await.unwrap();
    let second = attempt(store, at("op", Some("pay_k-1"))).await;
    assert_eq!(second, ("pay_k-2".to_owned(), true));
    // Another one that was to begin in place of the first comes too late: here is the second.
    let same = attempt(store, at("op", Some("pay_k-1"))).await;
    assert_eq!(same, ("pay_k-2".to_owned(), false));
    let other_bank = Begin {
        bank: BankId::parse("op").ok(),
        ..at("op", Some("pay_k-1"))
    };
    let overtaken = store.begin_attempt(other_bank).await;
    assert!(matches!(overtaken, Ok(Begun::CannotPay)), "{overtaken:?}");

    let payment = store.by_attempt("op", "pay_k-2").await.unwrap().unwrap();
    let providers = ["pay_k-1", "pay_k-2", "pay_k-3"].map(|id| payment.provider_of(id));
    assert_eq!(providers, [Some(PROVIDER), Some("op"), None]);
    let first = store.by_attempt(PROVIDER, "pay_k-1").await.unwrap();
    assert_eq!(first.unwrap().id, "pay_k");
    assert_eq!(store.by_attempt(PROVIDER, "pay_k-2").await, Ok(None));
    let events = store.events("demo", "pay_k").await.unwrap().unwrap();
    let told = |kind: &str| events.iter().rfind(|event| event.kind == kind).unwrap();
    assert_eq!(told("attempt.refused").detail["why"], "unreachable");
    let started = told("attempt.started");
    let instead_of = &started.detail["instead_of"];
    assert_eq!(
        (started.who.as_str(), instead_of),
        ("kassa", &"pay_k-1".into())
    );

    // Should both bring money after all, the shop is told.
    store.apply("op", paid("pay_k-2", 1), *NOW).await.unwrap();
    let both = store.apply(PROVIDER, paid("pay_k-1", 2), *NOW).await;
    let Ok(Applied::Changed { flags, .. }) = both else {
        panic!("{both:?}");
    };
    assert_eq!(flags, ["paid_twice"]);
}

async fn applies_a_report_once(store: &dyn Store) {
    let unknown = store.apply(PROVIDER, paid("pay_none-1", 1), *NOW).await;
    assert_eq!(unknown, Ok(Applied::Unknown));
    let all = futures_util::future::join_all(
        (0..10).map(|_| store.apply(PROVIDER, paid("pay_a-1", 1), *NOW)),
    )
    .await;
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
async fn applies_a_report_to_what_was_seen(store: &dyn Store) {
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

async fn payment_of(store: &dyn Store, id: &str) -> Payment {
    let payment = store.payment("demo", &format!("pay_{id}")).await;
    payment.unwrap().unwrap()
}

async fn refunds_no_more_than_was_paid(store: &dyn Store) {
    paid_payment(store, "r1").await;
    let all = futures_util::future::join_all((0..50).map(|number| {
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

async fn settles_a_refund_once(store: &dyn Store) {
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

async fn calls_a_provider_for_a_refund_once_and_reminds_once(store: &dyn Store) {
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

async fn believes_the_same_words_said_later(store: &dyn Store) {
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

async fn lists_in_a_stable_order(store: &dyn Store) {
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

async fn meets_deadlines(store: &dyn Store) {
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

async fn tells_once_that_a_confirmation_is_overdue(store: &dyn Store) {
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

/// As if so many seconds had passed.
async fn pass(store: &dyn Store, seconds: i64) {
    store.shift_due(-1_000 * seconds).await.unwrap();
}

async fn asks_for_each_attempt(store: &dyn Store) {
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

fn room(shop: &str, free: u32) -> Vec<Room> {
    vec![Room {
        shop: shop.to_owned(),
        endpoint: Some("endpoint".to_owned()),
        free,
    }]
}

async fn claim(store: &dyn Store, free: u32) -> Vec<Outgoing> {
    store.claim_webhooks(room("demo", free), 60).await.unwrap()
}

fn tried(outgoing: &Outgoing, delivery: Delivery) -> Tried {
    Tried {
        id: outgoing.id.clone(),
        claim: outgoing.claim,
        shop: outgoing.shop.clone(),
        endpoint: "endpoint".to_owned(),
        delivery,
    }
}

async fn finish(store: &dyn Store, outgoing: &Outgoing, delivery: Delivery) {
    let tried = tried(outgoing, delivery);
    store.finish_webhook(tried).await.unwrap();
}

async fn message(store: &dyn Store, id: &str) -> Message {
    let filter = MessageFilter {
        id: Some(id.to_owned()),
        limit: 2,
        ..MessageFilter::default()
    };
    let mut found = store.messages(filter).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn hands_each_webhook_to_one(store: &dyn Store) {
    let due = store.backlog().await.unwrap().webhooks.due;
    assert!(due > 8, "{due}");
    let few = claim(store, 2).await;
    assert_eq!(few.len(), 2);
    let (one, other) = tokio::join!(claim(store, 100), claim(store, 100));
    let mut claimed: Vec<Outgoing> = few.into_iter().chain(one).chain(other).collect();
    assert_eq!(u64::try_from(claimed.len()).unwrap(), due);
    assert!(claimed.iter().all(|outgoing| outgoing.tries == 1));
    let lost = claimed.pop().unwrap();
    for outgoing in &claimed {
        finish(store, outgoing, Delivery::Delivered).await;
    }
    assert_eq!(claim(store, 100).await, []);
    // Whoever held the claim died: when it ends, another takes the webhook.
    pass(store, 60).await;
    let taken = claim(store, 100).await;
    assert_eq!(
        (taken.len(), &taken[0].id, taken[0].tries),
        (1, &lost.id, 2)
    );
    // The first holder comes back late and changes nothing.
    finish(store, &lost, Delivery::Delivered).await;
    assert_eq!(message(store, &lost.id).await.outcome, Outcome::Waiting);
    finish(store, &taken[0], Delivery::Again(5)).await;
    assert_eq!(claim(store, 100).await, []);
    pass(store, 5).await;
    let last = claim(store, 100).await;
    finish(store, &last[0], Delivery::GivenUp).await;
    assert_eq!(message(store, &lost.id).await.outcome, Outcome::GivenUp);
    pass(store, 1_000).await;
    assert_eq!(claim(store, 100).await, []);
    assert_eq!(store.backlog().await.unwrap().webhooks.due, 0);
}

async fn replays_what_is_not_being_sent(store: &dyn Store) {
    let filter = MessageFilter {
        shop: Some("demo".to_owned()),
        limit: 3,
        ..MessageFilter::default()
    };
    let first = store.messages(filter.clone()).await.unwrap();
    assert_eq!(first.len(), 3);
    let ids = || first.iter().map(|message| message.id.clone()).collect();
    assert_eq!(store.replay("other", ids()).await, Ok(0));
    assert_eq!(store.replay("demo", ids()).await, Ok(3));
    let sent = claim(store, 100).await;
    assert_eq!(sent.len(), 3);
    // The schedule begins anew, and a try that runs is left alone.
    assert!(sent.iter().all(|outgoing| outgoing.tries == 1));
    assert_eq!(store.replay("demo", ids()).await, Ok(0));
    for outgoing in &sent {
        finish(store, outgoing, Delivery::Delivered).await;
    }
    // On from a message, oldest first, and back again.
    let mut on = filter.clone();
    on.after = Some(first[0].id.clone());
    on.limit = 2;
    let next = store.messages(on.clone()).await.unwrap();
    assert_eq!(next, store_order(store, &first[1..]).await);
    on.newest_first = true;
    on.after = Some(first[2].id.clone());
    let back = store.messages(on.clone()).await.unwrap();
    assert_eq!(back[0].id, first[1].id);
    on.after = Some("msg_none".to_owned());
    assert_eq!(store.messages(on).await, Ok(Vec::new()));
}

/// The same messages as they stand now.
async fn store_order(store: &dyn Store, messages: &[Message]) -> Vec<Message> {
    let mut now = Vec::new();
    for old in messages {
        now.push(message(store, &old.id).await);
    }
    now
}

async fn minds_what_an_endpoint_says(store: &dyn Store) {
    let all = MessageFilter {
        shop: Some("demo".to_owned()),
        limit: 3,
        ..MessageFilter::default()
    };
    let messages = store.messages(all).await.unwrap();
    let ids: Vec<String> = messages.into_iter().map(|message| message.id).collect();
    store.replay("demo", ids.clone()).await.unwrap();
    // It wants nothing for a while.
    let one = claim(store, 1).await.remove(0);
    finish(store, &one, Delivery::SlowDown(30)).await;
    assert_eq!(claim(store, 100).await, []);
    pass(store, 30).await;
    // It is gone: what was due is set aside, until it is enabled and the messages replayed.
    let one = claim(store, 1).await.remove(0);
    finish(store, &one, Delivery::Gone).await;
    assert_eq!(claim(store, 100).await, []);
    for id in &ids {
        assert_eq!(message(store, id).await.outcome, Outcome::SetAside);
    }
    assert_eq!(store.replay("demo", ids.clone()).await, Ok(3));
    assert_eq!(claim(store, 100).await, []);
    // Another address is another endpoint.
    store.replay("demo", ids.clone()).await.unwrap();
    let mut elsewhere = room("demo", 1);
    elsewhere[0].endpoint = Some("another".to_owned());
    let sent = store.claim_webhooks(elsewhere, 60).await.unwrap();
    assert_eq!(sent.len(), 1);
    finish(store, &sent[0], Delivery::Delivered).await;
    assert_eq!(store.enable_endpoint("demo").await, Ok(true));
    assert_eq!(store.enable_endpoint("demo").await, Ok(false));
    let rest = claim(store, 100).await;
    assert_eq!(rest.len(), 2);
    for outgoing in &rest {
        finish(store, outgoing, Delivery::Delivered).await;
    }
    // Without an endpoint nothing is sent and nothing waits.
    store.replay("demo", ids.clone()).await.unwrap();
    let mut nowhere = room("demo", 1);
    nowhere[0].endpoint = None;
    assert_eq!(store.claim_webhooks(nowhere, 60).await, Ok(Vec::new()));
    assert_eq!(message(store, &ids[0]).await.outcome, Outcome::SetAside);
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = Folder::new();
    let store = SqliteStore::open(&folder.path().join("kassa.db")).unwrap();
    contract(&store).await;
    store.ready().await.unwrap();
}

#[cfg(feature = "memory-store")]
#[tokio::test]
async fn memory_keeps_the_contract() {
    use kassa_server::{clock, store::memory::MemoryStore};
    let store = MemoryStore::new(Arc::new(clock::now), Arc::new(clock::steady));
    contract(&store).await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let cluster = Postgres::start_new().unwrap();
    let store = open(&cluster.create_database().unwrap()).await;
    contract(&store).await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_due_again() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    let store = SqliteStore::open(&file).unwrap();
    store.create(new("a", "1"), None).await.unwrap();
    attempt(&store, begin("a", "op", *NOW)).await;
    assert_eq!(claim(&store, 9).await.len(), 1);
    assert_eq!(claim(&store, 9).await, []);
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    assert_eq!(claim(&store, 9).await.len(), 1);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = Folder::new();
    let file = folder.path().join("new/folder/kassa.db");
    let first = SqliteStore::open(&file).unwrap();
    assert!(matches!(SqliteStore::open(&file), Err(OpenError::Locked)));
    drop(first);
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    std::fs::write(&file, vec![b'x'; 8_192]).unwrap();
    let refused = SqliteStore::open(&file);
    assert!(matches!(
        refused,
        Err(OpenError::Store(StoreError::Unavailable))
    ));
}

/// Many writers at once: every acknowledged payment is there, each reference is another one.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_missing() {
    let folder = Folder::new();
    let file = folder.path().join("kassa.db");
    let store = Arc::new(SqliteStore::open(&file).unwrap());
    let tasks = (0..500).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let id = format!("{number:03}");
            store.create(new(&id, "x"), None).await.unwrap()
        })
    });
    let answers = futures_util::future::join_all(tasks).await;
    let mut references = std::collections::HashSet::new();
    for answer in answers {
        let Created::New(answer) = answer.unwrap() else {
            panic!("not created")
        };
        let (id, reference) = answer.split_once(' ').unwrap();
        assert!(references.insert(reference.to_owned()));
        assert!(store.payment("demo", id).await.unwrap().is_some());
    }
    assert_eq!(references.len(), 500);
}
