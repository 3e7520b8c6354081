//! Attempts to pay: one for one choice, and what our own call to a provider makes of it.

use kassa_checkout::{
    BankId, Status,
    provider::{PaymentEvent, Redirect},
};
use kassa_server::store::{Applied, Begin, Begun, CallState, Called, Store};

use crate::kit::store::{NOW, PROVIDER, attempt, begin, new, paid, pending};

pub(crate) async fn begins_an_attempt_once(store: &dyn Store) {
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
pub(crate) async fn keeps_what_a_call_began(store: &dyn Store) {
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
pub(crate) async fn keeps_what_overtook_an_answer(store: &dyn Store) {
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
pub(crate) async fn goes_on_at_another_account(store: &dyn Store) {
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
