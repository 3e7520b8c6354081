//! What is done to a database as a whole, by the program itself: moved, copied, migrated.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    path::Path,
    process::{Command, Output},
};

use http::StatusCode;
use kassa_server::config::Database;
use kassa_tests::services::Postgres;
use kit::{
    Folder, SECRET,
    live::{Inbox, Live},
    report, text,
};
use serde_json::{Value, json};

/// Runs the program.
fn kassa(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kassa"))
        .args(arguments)
        .env_remove("KASSA_CONFIG")
        .env_remove("KASSA_DATABASE_URL")
        .env_remove("PGPASSWORD")
        .output()
        .unwrap()
}

/// What it printed when it succeeded.
#[track_caller]
fn said(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it complained of when it failed.
#[track_caller]
fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn word(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn shown(live: &Live, payment: &Value) -> Value {
    let path = format!("/v1/payments/{}", text(payment, "id"));
    let (status, body) = live.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let mut payment: Value = serde_json::from_str(&body).unwrap();
    // The port is another one each time.
    payment.as_object_mut().unwrap().remove("checkout_url");
    payment
}

async fn events(live: &Live) -> Vec<String> {
    let (status, body) = live.get("/v1/events?limit=100").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let list = body.as_object().unwrap().values().find_map(Value::as_array);
    let ids = list
        .unwrap()
        .iter()
        .map(|event| text(event, "id").to_owned());
    ids.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_moves_to_postgres_and_goes_on_where_it_was() {
    let (folder, inbox) = (Folder::new(), Inbox::default());
    let shop = inbox.listen().await;
    let file = folder.path().join("kassa.db");
    let live = Live::start(&folder, shop).await;
    let mut payments = Vec::new();
    for number in 0..5 {
        let order = json!({ "order": number.to_string(), "description": "kahvia ☕" });
        payments.push(live.create(order).await);
    }
    let attempt = live.pay(&payments[1]).await;
    inbox.until(1).await;
    // The shop is not well: what it is told of the payment waits.
    inbox.answer(StatusCode::SERVICE_UNAVAILABLE, None);
    let paid = report(&attempt, "success", 1, 4_990, SECRET);
    assert_eq!(live.post("/callbacks/ecommpay", paid.clone()).await.0, 200);
    inbox.until(2).await;
    let (waiting, _) = inbox.event(1);
    let refunds = format!("/v1/payments/{}/refunds", text(&payments[1], "id"));
    let part = json!({ "amount": 990, "manual": true }).to_string();
    let (status, refund) = live.ask(&refunds, part).await;
    assert_eq!(status, StatusCode::CREATED, "{refund}");
    inbox.until(4).await;
    let mut before = Vec::new();
    for payment in &payments {
        before.push(shown(&live, payment).await);
    }
    let told = events(&live).await;
    assert_eq!(told.len(), 4);

    let cluster = Postgres::start_new().unwrap();
    let url = cluster.create_database().unwrap();
    let to_postgres = || kassa(&["db", "move", "--from", word(&file), "--to", &url]);
    let refused = complaint(&to_postgres());
    assert!(
        refused.contains("another process has the database open"),
        "{refused}"
    );
    live.stop().await;
    let moved = said(&to_postgres());
    assert!(moved.starts_with("payments: 5 rows, sha256 "), "{moved}");
    assert!(moved.contains("\nwebhooks: 4 rows, sha256 "), "{moved}");
    assert!(
        moved.contains("\nrefunds: 1 rows, sha256 ")
            && moved.contains("9 tables moved to postgres://kassa@"),
        "{moved}"
    );
    let again = complaint(&to_postgres());
    assert!(
        again.contains("the target is not empty, its table payments has rows"),
        "{again}"
    );

    let Ok(database) = Database::parse(&url) else {
        panic!("{url}")
    };
    let live = Live::start_on(database, shop).await;
    for (payment, before) in payments.iter().zip(&before) {
        assert_eq!(&shown(&live, payment).await, before);
    }
    // What waited is sent, as the same message; what is new comes after all that is old.
    inbox.until(5).await;
    assert_eq!(inbox.event(4).0, waiting);
    let (_, list) = live.get(&refunds).await;
    assert!(list.ends_with(&format!(r#""data":[{refund}]}}"#)), "{list}");
    assert_eq!(live.post("/callbacks/ecommpay", paid).await.0, 200);
    live.pay(&payments[2]).await;
    inbox.until(6).await;
    let now = events(&live).await;
    assert_eq!((&now[..4], now.len()), (&told[..], 5));
    // The series goes on, too.
    let next = live.create(json!({ "order": "6" })).await;
    let references = |payment: &Value| text(payment, "reference").to_owned();
    assert!(
        !payments
            .iter()
            .map(references)
            .any(|it| it == references(&next))
    );
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_otherwise_than_it_was_sent_is_not_kept() {
    let folder = Folder::new();
    let live = Live::start(&folder, Inbox::default().listen().await).await;
    live.create(json!({})).await;
    live.stop().await;
    let file = folder.path().join("kassa.db");
    let cluster = Postgres::start_new().unwrap();
    let url = cluster.create_database().unwrap();
    said(&kassa(&["migrate", "--database", &url]));
    let meddle = "create function meddle() returns trigger language plpgsql as \
                  'begin new.amount_cents := new.amount_cents + 1; return new; end'; \
                  create trigger meddle before insert on payments \
                  for each row execute function meddle()";
    cluster.sql("test_0", meddle).unwrap();
    let refused = complaint(&kassa(&["db", "move", "--from", word(&file), "--to", &url]));
    assert!(
        refused.contains("the table payments is not what was sent"),
        "{refused}"
    );
    let left = cluster.sql("test_0", "select count(*) from payments");
    assert_eq!(left.unwrap().trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_made_while_the_server_works_and_holds_what_was_acknowledged() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let inbox = Inbox::default();
    let live = Live::start(&folder, inbox.listen().await).await;
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        acknowledged.push(live.create(json!({ "order": number.to_string() })).await);
    }
    let copy = elsewhere.path().join("kassa.db");
    let arguments = ["backup", word(&copy), "--data", word(folder.path())];
    let writing = async {
        for number in 0..50 {
            live.create(json!({ "order": format!("meanwhile {number}") }))
                .await;
        }
    };
    let (made, ()) = tokio::join!(
        async { tokio::task::block_in_place(|| kassa(&arguments)) },
        writing
    );
    let made = said(&made);
    assert!(made.ends_with(" bytes, checked\n"), "{made}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = complaint(&kassa(&arguments));
    assert!(
        again.contains("the copy's file is there already"),
        "{again}"
    );
    live.stop().await;
    // One file is all that it needs.
    let names: Vec<_> = std::fs::read_dir(elsewhere.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    let live = Live::start(&elsewhere, inbox.listen().await).await;
    for payment in &acknowledged {
        assert_eq!(shown(&live, payment).await["order"], payment["order"]);
    }
    live.stop().await;
    let nowhere = complaint(&kassa(&[
        "backup",
        word(&copy),
        "--database",
        "/nowhere/kassa.db",
    ]));
    assert!(nowhere.contains("is there already"), "{nowhere}");
    let other = elsewhere.path().join("other.db");
    let nowhere = complaint(&kassa(&[
        "backup",
        word(&other),
        "--database",
        "/nowhere/kassa.db",
    ]));
    assert!(nowhere.contains("cannot be read"), "{nowhere}");
    assert!(!other.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_brought_up_to_date_on_demand() {
    let folder = Folder::new();
    let here = ["migrate", "--data", word(folder.path())];
    let missing = complaint(&kassa(&here));
    assert!(
        missing.contains("kassa.db: the database cannot be opened"),
        "{missing}"
    );
    let live = Live::start(&folder, Inbox::default().listen().await).await;
    let locked = complaint(&kassa(&here));
    assert!(
        locked.contains("another process has the database open"),
        "{locked}"
    );
    live.stop().await;
    let current = said(&kassa(&here));
    assert!(current.ends_with(", up to date\n"), "{current}");

    let cluster = Postgres::start_new().unwrap();
    let url = cluster.create_database().unwrap();
    let there = ["migrate", "--database", &url];
    let made = said(&kassa(&there));
    assert!(made.contains("/test_0: version 0 brought to "), "{made}");
    let current = said(&kassa(&there));
    assert!(current.ends_with(", up to date\n"), "{current}");
}
