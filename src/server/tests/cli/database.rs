//! Which database a command takes, which it leaves alone, and what it then ends with.

use kassa_server::store::{Store as _, sqlite::SqliteStore};
use kassa_tests::services::Postgres;

use crate::{
    configured::configuration,
    kit::{Folder, store::open},
    place::{THEN, payment, run, three},
};

#[tokio::test]
async fn exit_codes_are_as_the_help_says() {
    let place = three().await;
    place
        .run(&["payments", "list", "--status", "payed"])
        .expect(2);
    place.run(&["payments", "export"]).expect(2);
    let old = place.run(&[
        "webhooks",
        "replay",
        "--shop",
        "puoti",
        "--from",
        "2020-01-01",
    ]);
    let old = old.expect(2);
    assert!(old.err.contains("30 days"), "{}", old.err);
    let none = place
        .run(&["payments", "list", "--shop", "nobody"])
        .expect(3);
    assert_eq!(none.err, "no payment matches\n");
    place.run(&["payments", "show", "pay_none"]).expect(3);
    place.run(&["webhooks", "replay", "msg_none"]).expect(3);
    place
        .run(&["events", "tail", "--after", "msg_none"])
        .expect(3);

    let empty = Folder::new();
    let at = |name: &str| empty.path().join(name).to_str().unwrap().to_owned();
    let missing = run(&["payments", "list", "--database", &at("kassa.db")]).expect(4);
    assert!(missing.err.contains("kassa.db"), "{}", missing.err);
    assert!(
        !empty.path().join("kassa.db").exists(),
        "a command made a database"
    );
    std::fs::write(at("empty.db"), "").unwrap();
    let strange = run(&["payments", "list", "--database", &at("empty.db")]).expect(4);
    assert!(
        strange.err.contains("not a database of kassa"),
        "{}",
        strange.err
    );
    run(&["payments", "list", "--config", &at("kassa.toml")]).expect(1);

    // The server itself is kept out by the lock.
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", place.data()]).expect(4);
    assert!(second.err.contains("another process"), "{}", second.err);
}

#[tokio::test]
async fn a_database_of_another_version_is_left_alone() {
    let place = three().await;
    let file = place.folder.path().join("kassa.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute("insert into schema_version (version) values (99)", [])
        .unwrap();
    let ran = place.run(&["payments", "list"]).expect(4);
    assert!(ran.err.contains("version 99"), "{}", ran.err);
}

#[tokio::test]
async fn a_postgres_is_looked_at_beside_its_nodes() {
    let cluster = Postgres::start_new().unwrap();
    let url = cluster.create_database().unwrap();
    let list = || run(&["payments", "list", "--database", &url, "--json"]);
    let bare = list().expect(4);
    assert!(bare.err.contains("kassa migrate"), "{}", bare.err);
    let store = open(&url).await;
    list().expect(3);
    let new = payment(1, "puoti", "A-1", THEN);
    store.create(new, None).await.unwrap();
    assert_eq!(list().expect(0).lines()[0]["order"], "A-1");
    let shown = run(&[
        "payments",
        "show",
        "pay_000000000000000000000001",
        "--database",
        &url,
    ]);
    assert!(shown.expect(0).out.contains("payment.created"));
}

#[test]
fn a_configuration_tells_the_database_without_its_secrets() {
    let folder = Folder::new();
    let config = configuration(&folder);
    std::fs::remove_dir_all(folder.path().join("secrets")).unwrap();
    drop(SqliteStore::open(&folder.path().join("kassa.db")).unwrap());
    let ran = run(&["payments", "list", "--config", config.to_str().unwrap()]);
    assert_eq!(ran.expect(3).err, "no payment matches\n");
}
