//! Webhooks: each is sent by one process at a time, again as often as it takes, and as the
//! endpoint wishes.

use kassa_server::store::{
    Delivery, Message, MessageFilter, Outcome, Outgoing, Room, Store, Tried,
};

use crate::pass;

pub(crate) async fn hands_each_webhook_to_one(store: &dyn Store) {
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

pub(crate) async fn replays_what_is_not_being_sent(store: &dyn Store) {
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

pub(crate) async fn minds_what_an_endpoint_says(store: &dyn Store) {
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

fn room(shop: &str, free: u32) -> Vec<Room> {
    vec![Room {
        shop: shop.to_owned(),
        endpoint: Some("endpoint".to_owned()),
        free,
    }]
}

pub(crate) async fn claim(store: &dyn Store, free: u32) -> Vec<Outgoing> {
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

/// The same messages as they stand now.
async fn store_order(store: &dyn Store, messages: &[Message]) -> Vec<Message> {
    let mut now = Vec::new();
    for old in messages {
        now.push(message(store, &old.id).await);
    }
    now
}
