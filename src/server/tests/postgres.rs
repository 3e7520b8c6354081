//! What PostgreSQL alone has to do: many nodes, crashes of the database, TLS, hang-ups.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use kassa_checkout::Status;
use kassa_server::{
    config::{PostgresAddress, PostgresTls},
    store::{
        Applied, Created, Filter, MessageFilter, NewReference, Room, Store, StoreError,
        postgres::{OpenError, PostgresStore},
    },
};
use kassa_tests::services::Postgres;
use kit::store::{NOW, PROVIDER, address, attempt, begin, key, new, open, paid};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;

/// A cluster and an empty database in it.
fn database() -> (Postgres, String) {
    let cluster = Postgres::start_new().unwrap();
    let url = cluster.create_database().unwrap();
    (cluster, url)
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_nodes_start_at_once() {
    let (cluster, url) = database();
    let mut small = address(&url);
    small.connections = 1;
    let opened = join_all((0..10).map(|_| {
        let address = small.clone();
        tokio::spawn(async move { PostgresStore::open(&address).await })
    }))
    .await;
    for store in opened {
        store.unwrap().unwrap().ready().await.unwrap();
    }
    let versions = cluster.sql(name(&url), "select version from schema_version");
    assert_eq!(versions.unwrap().lines().count(), 1);
    // A program that is older than the tables does not guess.
    cluster
        .sql(name(&url), "insert into schema_version values (1000000)")
        .unwrap();
    let refused = PostgresStore::open(&small).await;
    assert!(matches!(refused, Err(OpenError::Newer)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_database_is_survived_without_a_restart() {
    let (mut cluster, url) = database();
    let store = open(&url).await;
    let before = store.create(new("a", "1"), None).await;
    assert!(matches!(before, Ok(Created::New(_))), "{before:?}");
    cluster.crash().unwrap();
    let during = store.create(new("b", "1"), None).await;
    assert_eq!(during, Err(StoreError::Unavailable));
    assert_eq!(store.ready().await, Err(StoreError::Unavailable));
    cluster.start().unwrap();
    let after = store.create(new("c", "1"), None).await;
    assert!(matches!(after, Ok(Created::New(_))), "{after:?}");
    assert!(store.payment("demo", "pay_a").await.unwrap().is_some());
    assert!(store.payment("demo", "pay_b").await.unwrap().is_none());
}

#[tokio::test]
async fn what_can_only_be_read_is_not_available_until_it_can_be_written() {
    let (cluster, url) = database();
    let store = open(&url).await;
    let set = |value: &str| {
        let sql = format!("alter system set default_transaction_read_only = {value}");
        cluster.sql("postgres", &sql).unwrap();
        cluster.sql("postgres", "select pg_reload_conf()").unwrap();
    };
    store.ready().await.unwrap();
    set("on");
    assert_eq!(
        until(async || store.ready().await, |ready| ready.is_err()).await,
        Err(StoreError::Unavailable)
    );
    let refused = store.create(new("a", "1"), None).await;
    assert_eq!(refused, Err(StoreError::Unavailable));
    set("off");
    assert_eq!(
        until(async || store.ready().await, |ready| ready.is_ok()).await,
        Ok(())
    );
    store.create(new("a", "1"), None).await.unwrap();
}

/// Asks until the answer is the one waited for, and answers the last.
async fn until<T>(ask: impl AsyncFn() -> T, done: impl Fn(&T) -> bool) -> T {
    for _ in 0..500 {
        let answer = ask().await;
        if done(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ask().await
}

#[tokio::test]
async fn what_would_lose_payments_is_refused() {
    let cluster = Postgres::with(&[("fsync", "off")]).unwrap();
    let url = cluster.create_database().unwrap();
    let refused = PostgresStore::open(&address(&url)).await;
    assert!(matches!(refused, Err(OpenError::NotDurable("fsync"))));
    drop(cluster);
    let (cluster, url) = database();
    let sql = format!("alter database {} set synchronous_commit = off", name(&url));
    cluster.sql("postgres", &sql).unwrap();
    let refused = PostgresStore::open(&address(&url)).await;
    assert!(matches!(
        refused,
        Err(OpenError::NotDurable("synchronous_commit"))
    ));
    cluster
        .sql(
            "postgres",
            "create database latin encoding 'LATIN1' template template0",
        )
        .unwrap();
    let refused = PostgresStore::open(&address(&cluster.url("latin"))).await;
    assert!(matches!(refused, Err(OpenError::Encoding)));
}

/// An authority, and a certificate of its for the names, with the key: as PEM.
fn certificate(names: &[&str]) -> (CertificateDer<'static>, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    (
        authority.der().clone(),
        certificate.pem(),
        key.serialize_pem(),
    )
}

#[tokio::test]
async fn the_database_proves_who_it_is_and_so_do_we() {
    let (cluster, url) = database();
    let (authority, certificate, private) = certificate(&["localhost"]);
    cluster.enable_tls(&certificate, &private).unwrap();
    cluster
        .sql(
            "postgres",
            "create role shop login password 'the-password-of-a-test'",
        )
        .unwrap();
    let sql = format!("alter database {} owner to shop", name(&url));
    cluster.sql("postgres", &sql).unwrap();
    cluster
        .sql(name(&url), "alter schema public owner to shop")
        .unwrap();
    let with = |host: &str, password: &str, tls: PostgresTls| -> PostgresAddress {
        let url = url
            .replace("kassa@", &format!("shop:{password}@"))
            .replace("127.0.0.1", host);
        PostgresAddress {
            tls,
            ..address(&url)
        }
    };
    let known = || PostgresTls::Authorities(vec![authority.clone()]);
    let right = "the-password-of-a-test";
    let store = PostgresStore::open(&with("localhost", right, known()))
        .await
        .unwrap();
    store.create(new("a", "1"), None).await.unwrap();
    let encrypted = cluster.sql(
        "postgres",
        "select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid) \
         where a.usename = 'shop' and s.ssl",
    );
    assert_eq!(encrypted.unwrap().trim(), "1");
    // A certificate for another name, one of another authority, a wrong password.
    let refused = |address| async move {
        match PostgresStore::open(&address).await {
            Err(OpenError::Connect(reason)) => reason,
            other => panic!("{other:?}"),
        }
    };
    let name = refused(with("127.0.0.1", right, known())).await;
    assert!(name.contains("not valid for name"), "{name}");
    let stranger = refused(with("localhost", right, PostgresTls::System)).await;
    assert!(stranger.contains("UnknownIssuer"), "{stranger}");
    let wrong = refused(with("localhost", "wrong-password-of-a-test", known())).await;
    assert!(wrong.contains("authentication failed"), "{wrong}");
    assert!(!wrong.contains("wrong-password"), "{wrong}");
}

/// Two nodes, each report ten times at each of them: one change, one message.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_twenty_times_to_two_nodes_counts_once() {
    let (_cluster, url) = database();
    let nodes = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    for payment in ["a", "b", "c", "d"] {
        nodes[0].create(new(payment, "1"), None).await.unwrap();
        attempt(&*nodes[1], begin(payment, "op", *NOW)).await;
    }
    let nodes = &nodes;
    let reports = ["a", "b", "c", "d"].iter().flat_map(|payment| {
        (0..20).map(move |copy| {
            let node = Arc::clone(&nodes[copy % 2]);
            let report = paid(&format!("pay_{payment}-1"), 1);
            tokio::spawn(async move { node.apply(PROVIDER, report, *NOW).await.unwrap() })
        })
    });
    let applied = join_all(reports.collect::<Vec<_>>()).await;
    let changes = applied
        .iter()
        .filter(|applied| matches!(applied, Ok(Applied::Changed { .. })));
    assert_eq!(changes.count(), 4);
    let about = MessageFilter {
        shop: Some("demo".to_owned()),
        limit: 100,
        ..MessageFilter::default()
    };
    let told = nodes[0].messages(about).await.unwrap();
    let paid = told
        .iter()
        .filter(|message| message.body.contains("\"paid\""));
    assert_eq!(paid.count(), 4);
}

/// Whoever reads the messages on from the last one that it saw misses none, though several nodes
/// write and commit in any order.
#[tokio::test(flavor = "multi_thread")]
async fn reading_on_from_a_message_misses_none() {
    let (_cluster, url) = database();
    let nodes = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    let writers = join_all((0..8).map(|writer| {
        let node = Arc::clone(&nodes[writer % 2]);
        tokio::spawn(async move {
            for number in 0..40 {
                let id = format!("{writer}x{number}");
                node.create(new(&id, "1"), None).await.unwrap();
                attempt(&*node, begin(&id, "op", *NOW)).await;
                node.apply(PROVIDER, paid(&format!("pay_{id}-1"), 1), *NOW)
                    .await
                    .unwrap();
                let room = Room {
                    shop: "demo".to_owned(),
                    endpoint: Some("endpoint".to_owned()),
                    free: 3,
                };
                node.claim_webhooks(vec![room], 60).await.unwrap();
            }
        })
    }));
    let mut writers = tokio::spawn(writers);
    let mut seen = HashSet::new();
    let mut last = None;
    let mut over = false;
    loop {
        let filter = MessageFilter {
            shop: Some("demo".to_owned()),
            after: last.clone(),
            limit: 7,
            ..MessageFilter::default()
        };
        let found = nodes[0].messages(filter).await.unwrap();
        for message in &found {
            assert!(seen.insert(message.id.clone()));
        }
        match found.last() {
            Some(message) => last = Some(message.id.clone()),
            None if over => break,
            None => {
                let ended = tokio::time::timeout(Duration::from_millis(5), &mut writers).await;
                if let Ok(ended) = ended {
                    ended.unwrap().into_iter().for_each(Result::unwrap);
                    over = true;
                }
            }
        }
    }
    // Each payment tells of its beginning and of its end.
    assert_eq!(seen.len(), 8 * 40 * 2);
}

/// A number that the shop used itself is not given to another payment, by any node.
#[tokio::test]
async fn a_reference_that_the_shop_chose_is_not_allotted() {
    let (_cluster, url) = database();
    let (one, other) = (open(&url).await, open(&url).await);
    let given = |id: &str, reference: &str| {
        let mut payment = new(id, "1");
        payment.reference = NewReference::Given(reference.to_owned());
        payment
    };
    // Before the node took its numbers, and after.
    one.create(given("a", "9000000014"), None).await.unwrap();
    let first = one.create(new("b", "1"), None).await.unwrap();
    assert_eq!(first, Created::New("pay_b 9000000027".to_owned()));
    other.create(given("c", "9000000030"), None).await.unwrap();
    let second = one.create(new("d", "1"), key("k", "f")).await.unwrap();
    assert_eq!(second, Created::New("pay_d 9000000043".to_owned()));
    // The other node has numbers of its own.
    let third = other.create(new("e", "1"), None).await.unwrap();
    let Created::New(third) = third else {
        panic!("{third:?}")
    };
    assert!(!third.ends_with("9000000056"), "{third}");
}

/// Nobody is left in a transaction when those who asked go away in the middle, and what was
/// acknowledged is there.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_leaves_nothing_behind() {
    let (cluster, url) = database();
    let mut few = address(&url);
    few.connections = 4;
    let store = Arc::new(PostgresStore::open(&few).await.unwrap());
    let askers = (0..600).map(|number: u64| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let id = format!("{number:04}");
            let create = store.create(new(&id, "1"), key(&id, "f"));
            // Most of them do not wait for the answer.
            let patience = Duration::from_micros(number * 37 % 9_000);
            match tokio::time::timeout(patience, create).await {
                Ok(created) => matches!(created, Ok(Created::New(_))).then_some(id),
                Err(_) => None,
            }
        })
    });
    let answered = join_all(askers.collect::<Vec<_>>()).await;
    let left = "select count(*) from pg_stat_activity where state like 'idle in transaction%'";
    assert_eq!(cluster.sql("postgres", left).unwrap().trim(), "0");
    for id in answered.into_iter().filter_map(Result::unwrap) {
        let payment = store.payment("demo", &format!("pay_{id}")).await.unwrap();
        assert!(payment.is_some(), "{id}");
    }
    // Each key is a payment, each payment has its event and its deadline: whole or not at all.
    let whole = "select (select count(*) from payments) = (select count(*) from idempotency) \
                 and (select count(*) from payments) = (select count(*) from events) \
                 and (select count(*) from payments) = (select count(*) from deadlines)";
    assert_eq!(cluster.sql(name(&url), whole).unwrap().trim(), "t");
    // And whoever asks again is answered.
    let again = store.create(new("0599", "1"), key("0599", "f")).await;
    assert!(
        matches!(again, Ok(Created::New(_) | Created::Before(_))),
        "{again:?}"
    );
}

/// What is asked for at once is written by few statements; each is answered for itself.
#[tokio::test]
async fn of_many_at_once_each_gets_its_own_answer() {
    let (cluster, url) = database();
    let store = open(&url).await;
    // More than one statement takes, each key twice, and one that no database can hold.
    let creations = (0..100).map(|number| {
        let (id, of_key) = (format!("{number:03}"), format!("key-{}", number / 2));
        let order = if number == 40 { "\0" } else { "1" };
        store.create(new(&id, order), key(&of_key, "f"))
    });
    let created = join_all(creations.collect::<Vec<_>>()).await;
    assert_eq!(created[40], Err(StoreError::Refused));
    for (number, pair) in created
        .chunks(2)
        .enumerate()
        .filter(|(number, _)| *number != 20)
    {
        let news = pair
            .iter()
            .filter(|created| matches!(created, Ok(Created::New(_))));
        assert_eq!(news.count(), 1, "{number}: {pair:?}");
        let again = pair
            .iter()
            .filter(|created| matches!(created, Ok(Created::Before(_))));
        assert_eq!(again.count(), 1, "{number}: {pair:?}");
    }
    assert!(
        matches!(created[41], Ok(Created::New(_))),
        "{:?}",
        created[41]
    );
    let count = |table: &str| {
        let sql = format!("select count(*) from {table}");
        cluster.sql(name(&url), &sql).unwrap().trim().to_owned()
    };
    for table in ["payments", "idempotency", "events", "deadlines"] {
        assert_eq!(count(table), "50", "{table}");
    }

    // Each finds its own payment, and who looks for none finds none.
    let tokens: Vec<_> = (0..100).map(|number| format!("co_{number:03}")).collect();
    let found = join_all(tokens.iter().map(|token| store.by_token(token))).await;
    let mut known = Vec::new();
    for (token, found) in tokens.iter().zip(found) {
        if let Some(payment) = found.unwrap() {
            assert_eq!(payment.token, *token);
            known.push(payment.id);
        }
    }
    assert_eq!(known.len(), 50);

    // Of several wishes for one payment, and reports about one, one comes first.
    let ids: Vec<_> = known
        .iter()
        .map(|id| id.strip_prefix("pay_").unwrap())
        .collect();
    let banks = ["op", "nordea"];
    let begun = join_all(
        ids.iter()
            .flat_map(|id| banks.map(|bank| attempt(&store, begin(id, bank, *NOW)))),
    )
    .await;
    let attempts: HashSet<_> = begun.iter().map(|(attempt, _)| attempt).collect();
    assert_eq!(attempts.len(), 100, "two for each payment");
    let reports = ids.iter().flat_map(|id| {
        [1, 1, 2].map(|operation| {
            let report = paid(&format!("pay_{id}-1"), operation);
            store.apply(PROVIDER, report, *NOW)
        })
    });
    let applied = join_all(reports.collect::<Vec<_>>()).await;
    for (id, applied) in ids.iter().zip(applied.chunks(3)) {
        let twice = applied
            .iter()
            .filter(|applied| **applied == Ok(Applied::Duplicate));
        assert_eq!(twice.count(), 1, "{id}: {applied:?}");
        let payment = store.payment("demo", &format!("pay_{id}")).await.unwrap();
        assert_eq!(payment.unwrap().status(), Status::Paid);
    }
}

/// Each statement looks rows up by their keys: read whole, a table would make it dearer with each
/// payment. PostgreSQL does read nearly empty tables whole where it may.
#[tokio::test]
async fn no_table_is_read_whole() {
    let (cluster, url) = database();
    let store = open(&url).await;
    for number in 0..20 {
        let id = number.to_string();
        store.create(new(&id, "1"), key(&id, "f")).await.unwrap();
        attempt(&store, begin(&id, "op", *NOW)).await;
        let applied = store.apply(PROVIDER, paid(&format!("pay_{id}-1"), 1), *NOW);
        assert!(matches!(applied.await, Ok(Applied::Changed { .. })));
        assert!(store.by_token(&format!("co_{id}")).await.unwrap().is_some());
    }
    let whole = "select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables \
                 where relname not in ('schema_version', 'endpoints')";
    // The figures come once a connection has nothing to do.
    drop(store);
    let reads = "select coalesce(sum(idx_tup_fetch), 0) > 0 from pg_stat_user_tables";
    let seen = until(
        async || cluster.sql(name(&url), reads).unwrap(),
        |seen| seen.trim() == "t",
    );
    assert_eq!(seen.await.trim(), "t");
    assert_eq!(cluster.sql(name(&url), whole).unwrap().trim(), "0");
}

#[tokio::test]
async fn it_is_told_how_many_wait_for_a_connection() {
    let (_cluster, url) = database();
    let mut small = address(&url);
    small.connections = 1;
    let store = PostgresStore::open(&small).await.unwrap();
    // The one connection is there.
    assert_eq!(store.payment("demo", "pay_none").await, Ok(None));
    let askers = (0..5).map(|_| store.payment("demo", "pay_none"));
    let look = async {
        tokio::task::yield_now().await;
        store.connections()
    };
    let (found, seen) = tokio::join!(join_all(askers), look);
    assert!(found.iter().all(|found| *found == Ok(None)), "{found:?}");
    assert_eq!((seen.most, seen.waiting), (1, 4));
    let rest = store.connections();
    assert_eq!((rest.busy, rest.idle, rest.waiting), (0, 1, 0));
}

#[tokio::test]
async fn deadlines_get_a_table_of_their_own() {
    let (cluster, url) = database();
    let store = open(&url).await;
    for id in ["a", "b"] {
        store.create(new(id, "1"), None).await.unwrap();
    }
    let sql = |text: &str| cluster.sql(name(&url), text).unwrap();
    let deadlines = "select payment, due_at from deadlines order by payment";
    let before = sql(deadlines);
    assert_eq!(before.lines().count(), 2);
    // As the tables were before.
    sql("alter table payments add column deadline_at bigint");
    sql("update payments set deadline_at = due_at from deadlines where payment = id");
    sql("update payments set deadline_at = null where id = 'pay_b'");
    sql("drop table deadlines");
    sql("create unique index events_by_dedupe on events (payment, dedupe)");
    sql("drop index refunds_pending");
    sql("delete from schema_version");
    sql("insert into schema_version values (2)");
    let migrated = PostgresStore::migrate(&address(&url)).await;
    assert!(matches!(migrated, Ok((2, 3..))), "{migrated:?}");
    let after = sql(deadlines);
    assert_eq!(after.lines().next(), before.lines().next());
    assert_eq!(after.lines().count(), 1);
}

#[tokio::test]
async fn what_no_text_can_be_is_not_found() {
    let (_cluster, url) = database();
    let store = open(&url).await;
    store.create(new("a", "1"), None).await.unwrap();
    assert_eq!(store.payment("demo", "pay_a\0").await, Ok(None));
    assert_eq!(store.by_token("\0").await, Ok(None));
    assert_eq!(store.by_attempt(PROVIDER, "\0").await, Ok(None));
    assert_eq!(store.answered("demo", "\0").await, Ok(None));
    assert_eq!(store.events("demo", "\0").await, Ok(None));
    let filter = Filter {
        order: Some("\0".to_owned()),
        limit: 1,
        ..Filter::default()
    };
    assert_eq!(store.list(filter).await, Ok(Vec::new()));
    let all = Filter {
        limit: 9,
        ..Filter::default()
    };
    assert_eq!(store.list(all).await.unwrap().len(), 1);
    assert_eq!(store.replay("demo", vec!["\0".to_owned()]).await, Ok(0));
    let mut report = paid("pay_a-1\0", 1);
    assert_eq!(
        store.apply(PROVIDER, report.clone(), *NOW).await,
        Ok(Applied::Unknown)
    );
    attempt(&store, begin("a", "op", *NOW)).await;
    report.provider_payment_id = "pay_a-1".to_owned();
    report.evidence.code = Some("\0".to_owned());
    let applied = store.apply(PROVIDER, report.clone(), *NOW).await;
    assert!(
        matches!(applied, Ok(Applied::Changed { .. })),
        "{applied:?}"
    );
    assert_eq!(
        store.apply(PROVIDER, report, *NOW).await,
        Ok(Applied::Duplicate)
    );
}
