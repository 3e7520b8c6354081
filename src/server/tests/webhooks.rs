//! Webhooks to a shop that is slow, wants less, or is gone; what it missed, read and sent again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::post};
use http::StatusCode;
use kassa_server::config::Database;
use kit::{
    API_KEY, Folder,
    live::{Inbox, Live},
    text,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// A service whose first webhooks are answered so, and its shop.
async fn answering(folder: &Folder, answers: &[(StatusCode, Option<u64>)]) -> (Live, Inbox) {
    let inbox = Inbox::default();
    for (status, pause) in answers {
        inbox.answer(*status, *pause);
    }
    let live = Live::start(folder, inbox.listen().await).await;
    (live, inbox)
}

/// Makes a payment and begins to pay it, which the shop is told of.
async fn begun(live: &Live) -> Value {
    let payment = live.create(json!({})).await;
    live.pay(&payment).await;
    payment
}

async fn events(live: &Live, query: &str) -> Value {
    let (status, body) = live.get(&format!("/v1/events{query}")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn replay(live: &Live, id: &str) -> (StatusCode, Value) {
    let request = live
        .client
        .post(format!("{}/v1/webhooks/{id}/replay", live.url))
        .bearer_auth(API_KEY);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

/// Waits until the first message stands so.
async fn until_outcome(live: &Live, outcome: &str) -> Value {
    for _ in 0..500 {
        let list = events(live, "").await;
        if list["data"][0]["outcome"] == outcome {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "no message came to be {outcome}: {}",
        events(live, "").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_gets_nothing_until_it_is_enabled() {
    let folder = Folder::new();
    let (live, inbox) = answering(&folder, &[(StatusCode::GONE, None)]).await;
    begun(&live).await;
    let list = until_outcome(&live, "set_aside").await;
    begun(&live).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(inbox.len(), 1, "the second message is set aside unsent");

    assert_eq!(live.app.store.enable_endpoint("demo").await, Ok(true));
    let id = text(&list["data"][0], "id");
    assert_eq!(replay(&live, id).await.0, 202);
    inbox.until(2).await;
    assert_eq!(inbox.event(0), inbox.event(1));
    until_outcome(&live, "delivered").await;
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_wants_less_is_left_alone_for_as_long_as_it_says() {
    let folder = Folder::new();
    let busy = (StatusCode::TOO_MANY_REQUESTS, Some(3));
    let (live, inbox) = answering(&folder, &[busy]).await;
    begun(&live).await;
    inbox.until(1).await;
    // Whatever else there is to say waits as well.
    begun(&live).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(inbox.len(), 1);
    inbox.until(3).await;
    live.stop().await;
}

/// A shop that answers when it is told to, and counts who waits for that.
async fn hesitant() -> (SocketAddr, Arc<Semaphore>, Arc<AtomicUsize>) {
    let (answers, waiting) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (told, count) = (Arc::clone(&answers), Arc::clone(&waiting));
    let take = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        told.acquire().await.unwrap().forget();
        count.fetch_sub(1, Ordering::SeqCst);
    };
    let router = Router::new().route("/webhooks", post(take));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, answers, waiting)
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_messages_are_on_their_way_at_once_as_the_shop_wants() {
    for at_once in [1, 3] {
        let folder = Folder::new();
        let (shop, answers, waiting) = hesitant().await;
        let file = Database::Sqlite(folder.path().join("kassa.db"));
        let live = Live::start_with(file, shop, |shop| {
            shop.webhook.as_mut().unwrap().at_once = at_once;
        })
        .await;
        for _ in 0..5 {
            begun(&live).await;
        }
        let delivered = async || {
            let list = events(&live, "").await;
            let list = list["data"].as_array().unwrap().clone();
            let done = list.iter().filter(|one| one["outcome"] == "delivered");
            done.count()
        };
        for done in 0..=5 {
            let on_their_way = at_once.min(5 - done);
            let mut patience = 0..250;
            while waiting.load(Ordering::SeqCst) != on_their_way || delivered().await != done {
                patience.next().expect("it did not come to that");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(waiting.load(Ordering::SeqCst), on_their_way, "{done}");
            answers.add_permits(1);
        }
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let folder = Folder::new();
    let (live, inbox) = answering(&folder, &[(StatusCode::FOUND, None)]).await;
    begun(&live).await;
    // By the schedule, five seconds later.
    inbox.until(2).await;
    assert_eq!(inbox.event(0), inbox.event(1));
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_reads_on_from_the_last_message_that_it_knows() {
    let folder = Folder::new();
    let (live, inbox) = answering(&folder, &[]).await;
    for _ in 0..5 {
        begun(&live).await;
    }
    inbox.until(5).await;
    let first = events(&live, "?limit=2").await;
    assert_eq!(
        (first["data"].as_array().unwrap().len(), &first["more"]),
        (2, &json!(true))
    );
    let mut seen: Vec<String> = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = events(&live, &query).await;
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|message| text(message, "id").to_owned()));
        if page["more"] == false {
            break;
        }
        query = format!("?limit=2&after={}", seen.last().unwrap());
    }
    assert_eq!(seen.len(), 5);
    let last = format!("?after={}", seen[4]);
    assert_eq!(
        events(&live, &last).await,
        json!({ "data": [], "more": false })
    );
    // What is read is what was sent.
    let (id, body) = inbox.event(0);
    let read = events(&live, "?limit=100").await;
    let same = read["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|message| message["id"] == *id);
    assert_eq!(same.unwrap()["event"], body);

    let (status, problem) = live.get("/v1/events?after=msg_none").await;
    assert_eq!(status, 400, "{problem}");
    assert!(problem.contains("request/cursor"), "{problem}");
    let (status, problem) = replay(&live, "msg_none").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::NOT_FOUND, &json!("request/not-found"))
    );
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_long_ago_is_not_sent_again() {
    let folder = Folder::new();
    let (live, inbox) = answering(&folder, &[]).await;
    begun(&live).await;
    inbox.until(1).await;
    until_outcome(&live, "delivered").await;
    let id = inbox.event(0).0;
    rusqlite::Connection::open(folder.path().join("kassa.db"))
        .unwrap()
        .execute_batch("update webhooks set created_at = 1")
        .unwrap();
    let (status, problem) = replay(&live, &id).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("webhook/replay"))
    );
    assert_eq!(events(&live, "").await["data"], json!([]));
    live.stop().await;
}
