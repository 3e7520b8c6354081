//! What is particular to a file: one process has it, and what it acknowledged is there afterwards.

use std::{collections::HashSet, sync::Arc};

use futures_util::future::join_all;
use kassa_server::store::{
    Created, Store as _, StoreError,
    sqlite::{OpenError, SqliteStore},
};

use crate::{
    kit::{
        Folder,
        store::{NOW, attempt, begin, new},
    },
    webhooks::claim,
};

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
    let answers = join_all(tasks).await;
    let mut references = HashSet::new();
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
