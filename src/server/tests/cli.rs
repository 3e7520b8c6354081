//! The commands for people, as the real program: what they print, and what they end with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kassa_checkout::{
    Amount, BankId, Language, Selection, Timestamp,
    contract::ChooseAt,
    lifecycle::{Evidence, Meaning, Rank},
    provider::PaymentEvent,
    refund::RefundTold,
};
use kassa_keys::{ApiKeyHash, RsaSha256Key, WebhookKey};
use kassa_server::{
    clock,
    config::Config,
    store::{
        Begin, MessageFilter, NewPayment, NewReference, NewRefund, Outcome, Payer, Room, Store,
        Terms, sqlite::SqliteStore,
    },
};
use kassa_tests::services::Postgres;
use kit::Folder;
use serde_json::Value;

/// 2026-11-18T11:06:40Z.
const THEN: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// What a command printed, and what it ended with.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kassa"));
    command
        .args(arguments)
        .env_remove("KASSA_CONFIG")
        .env_remove("KASSA_DATABASE_URL");
    command
}

fn run(arguments: &[&str]) -> Ran {
    let ran = command(arguments).output().unwrap();
    Ran {
        code: ran.status.code().unwrap(),
        out: String::from_utf8(ran.stdout).unwrap(),
        err: String::from_utf8(ran.stderr).unwrap(),
    }
}

fn payment(number: u64, shop: &str, order: &str, now: Timestamp) -> NewPayment {
    let id = format!("pay_{number:0>24}");
    NewPayment {
        id: id.clone(),
        token: format!("co_a-secret-token-{number}"),
        shop: shop.to_owned(),
        order: order.to_owned(),
        reference: NewReference::Allotted {
            prefix: "9".to_owned(),
        },
        amount: Amount::from_cents(4_990 * number).unwrap(),
        terms: Terms {
            language: None,
            description: Some("=HYPERLINK(\"https://shop.example\")".to_owned()),
            customer: Payer {
                email: Some("maija@example.fi".to_owned()),
                ..Payer::default()
            },
            selection: Selection::AllBanks,
            choose_at: ChooseAt::Kassa,
            return_url: "https://shop.example/".to_owned(),
            vetuma: None,
        },
        now,
        expires_at: now.plus_seconds(86_400),
        answer: Box::new(|payment| payment.id.clone()),
    }
}

/// A database in a folder, and the server's hold on it.
struct Place {
    folder: Folder,
    store: SqliteStore,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.path().join("kassa.db")).unwrap();
        Self { folder, store }
    }

    fn data(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Runs a command on it.
    fn run(&self, arguments: &[&str]) -> Ran {
        run(&[arguments, &["--data", self.data()]].concat())
    }

    async fn create(&self, number: u64, shop: &str, order: &str, now: Timestamp) -> String {
        let new = payment(number, shop, order, now);
        let id = new.id.clone();
        self.store.create(new, None).await.unwrap();
        id
    }

    /// Pays a payment, so that the shop is told.
    async fn pay(&self, number: u64, now: Timestamp) {
        let begin = Begin {
            token: format!("co_a-secret-token-{number}"),
            provider: "ecommpay",
            bank: Some(BankId::parse("nordea").unwrap()),
            method: None,
            language: Language::Fi,
            embedded: false,
            now,
            same_within: 10,
            by_call: false,
            instead_of: None,
        };
        self.store.begin_attempt(begin).await.unwrap();
        let report = PaymentEvent {
            provider_payment_id: format!("pay_{number:0>24}-1"),
            evidence: Evidence {
                key: "1/success/success".to_owned(),
                rank: Rank {
                    at: now,
                    operation: 1,
                },
                meaning: Meaning::Paid,
                begins_anew: true,
                word: "success".to_owned(),
                code: None,
                amount_cents: 4_990 * number,
                currency: "EUR".to_owned(),
            },
            redirect: None,
        };
        self.store
            .apply("ecommpay", report, now.plus_seconds(60))
            .await
            .unwrap();
    }

    /// Claims all that is due to a shop, as its server does before it sends it.
    async fn claim(&self, shop: &str, lease: u64) -> usize {
        let room = Room {
            shop: shop.to_owned(),
            endpoint: Some("here".to_owned()),
            free: 100,
        };
        self.store
            .claim_webhooks(vec![room], lease)
            .await
            .unwrap()
            .len()
    }

    async fn messages(&self, shop: &str) -> Vec<kassa_server::store::Message> {
        let filter = MessageFilter {
            shop: Some(shop.to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        self.store.messages(filter).await.unwrap()
    }
}

/// Three payments of two shops, the first of them paid.
async fn three() -> Place {
    let place = Place::new();
    place.create(1, "puoti", "20261001", THEN).await;
    place
        .create(2, "puoti", "=1+1", THEN.plus_seconds(60))
        .await;
    place.create(3, "muu", "C-3", THEN.plus_seconds(120)).await;
    place.pay(1, THEN.plus_seconds(180)).await;
    place
}

/// A configuration in a folder, with one shop that is paid through ecommpay.
fn configured(folder: &Path, shop: &str) -> PathBuf {
    std::fs::write(
        folder.join("ecommpay"),
        "an-invented-secret-of-some-length-000001",
    )
    .unwrap();
    let hash = ApiKeyHash::of("kassa_live_invented_0123456789abcdef0123").unwrap();
    let hash = hash.to_hex();
    let text = format!(
        r#"public_url = "https://pay.example"
database = "kassa.db"
[[shops]]
id = "{shop}"
payee = "Metsän Puoti Oy"
api_keys = ["{hash}"]
return_origins = ["https://puoti.example"]
[[shops.accounts]]
provider = "ecommpay"
secrets = ["file:ecommpay"]
[shops.accounts.settings]
project_id = 120
"#
    );
    let file = folder.join("kassa.toml");
    std::fs::write(&file, text).unwrap();
    file
}

#[tokio::test]
async fn check_tells_of_attempts_whose_account_is_gone() {
    let place = three().await;
    let check = |shop: &str| {
        let file = configured(place.folder.path(), shop);
        run(&["check", "--config", file.to_str().unwrap()]).expect(0)
    };
    let told = check("puoti");
    assert!(told.out.ends_with("right, 1 shop\n"), "{}", told.out);
    assert_eq!(told.err, "");
    let told = check("uusi");
    let lost = "puoti: 1 attempt is still to be asked about at ecommpay, and no such account\n";
    assert_eq!(told.err, lost);
    // One that cannot be read is no fault of the configuration, and neither is one to come.
    let database = place.folder.path().join("kassa.db");
    drop(place.store);
    std::fs::write(&database, "no database").unwrap();
    let file = configured(place.folder.path(), "uusi");
    let check = || run(&["check", "--config", file.to_str().unwrap()]).expect(0);
    let told = check();
    assert!(
        told.err.starts_with("payments were not looked at: "),
        "{}",
        told.err
    );
    std::fs::remove_file(&database).unwrap();
    assert_eq!(check().err, "");
}

#[test]
fn it_is_said_that_no_live_vetuma_exists() {
    for arguments in [&["vetuma", "--help"][..], &["vetuma", "verify", "--help"]] {
        let help = run(arguments).expect(0).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            help.contains("No live VETUMA exists: the service closed at the end of 2017"),
            "{help}"
        );
    }
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("**No live VETUMA exists**"));
    let facts = include_str!("../../providers/src/vetuma/FACTS.md");
    assert!(facts.contains("**No live VETUMA exists.**"));
}

#[test]
fn help_teaches() {
    for (name, arguments) in [
        ("kassa", &["--help"][..]),
        ("payments", &["payments", "--help"]),
        ("payments_list", &["payments", "list", "--help"]),
        ("payments_export", &["payments", "export", "--help"]),
        ("events_tail", &["events", "tail", "--help"]),
        ("webhooks_list", &["webhooks", "list", "--help"]),
        ("webhooks_replay", &["webhooks", "replay", "--help"]),
        ("keys_rotate", &["keys", "rotate", "--help"]),
    ] {
        insta::assert_snapshot!(format!("help_{name}"), run(arguments).expect(0).out);
    }
}

#[test]
fn shells_complete_the_commands() {
    for (shell, beginning) in [
        ("bash", "_kassa()"),
        ("zsh", "#compdef kassa"),
        ("fish", "#"),
    ] {
        let ran = run(&["completions", shell]).expect(0);
        assert!(ran.out.starts_with(beginning), "{shell}");
        assert!(ran.out.contains("awaiting_confirmation"), "{shell}");
        assert!(ran.out.contains("replay"), "{shell}");
    }
}

#[tokio::test]
async fn payments_are_listed_and_shown() {
    // The store is open the whole time, as by a server.
    let place = three().await;
    insta::assert_snapshot!("list", place.run(&["payments", "list"]).expect(0).out);
    let shown = place.run(&["payments", "show", "pay_000000000000000000000001"]);
    insta::assert_snapshot!("show", shown.expect(0).out);
    let listed = place.run(&["payments", "list", "--limit", "1", "--shop", "puoti"]);
    let listed = listed.expect(0);
    assert!(listed.out.contains("=1+1") && !listed.out.contains("20261001"));
    assert_eq!(
        listed.err,
        "the 1 newest; there are more (--limit, --from, --to)\n"
    );
    let paid = place
        .run(&["payments", "list", "--status", "paid", "--json"])
        .expect(0);
    let [paid] = &paid.lines()[..] else {
        panic!("{}", paid.out)
    };
    assert_eq!(paid["shop"], "puoti");
    assert_eq!(
        (&paid["amount"], &paid["currency"]),
        (&4_990.into(), &"EUR".into())
    );
    for (more, orders) in [
        (
            &["--from", "2026-11-18T11:07:40Z"][..],
            &["C-3", "=1+1"][..],
        ),
        (&["--to", "2026-11-18T11:07:40Z"], &["20261001"]),
        (&["--order", "C-3"], &["C-3"]),
        (&["--reference", "90000 00027"], &["=1+1"]),
    ] {
        let ran = place.run(&[&["payments", "list", "--json"], more].concat());
        let found: Vec<_> = ran.expect(0).lines();
        let found: Vec<_> = found
            .iter()
            .map(|line| line["order"].as_str().unwrap())
            .collect();
        assert_eq!(found, orders, "{more:?}");
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_printed() {
    let place = three().await;
    let id = "pay_000000000000000000000001";
    for arguments in [
        &["payments", "list"][..],
        &["payments", "list", "--json"],
        &["payments", "show", id],
        &["payments", "show", id, "--json"],
        &["payments", "export", "--csv"],
        &["payments", "export", "--json"],
        &["webhooks", "list"],
        &["webhooks", "list", "--json"],
    ] {
        let ran = place.run(arguments).expect(0);
        assert!(ran.out.contains("puoti"), "{arguments:?}");
        for secret in ["a-secret-token", "maija"] {
            assert!(!ran.out.contains(secret), "{arguments:?}: {secret}");
        }
    }
}

#[tokio::test]
async fn an_export_has_every_payment_once() {
    let place = three().await;
    insta::assert_snapshot!(
        "csv",
        place.run(&["payments", "export", "--csv"]).expect(0).out
    );
    // More than one page of the store.
    for number in 4..=1_203 {
        place.create(number, "paljon", "many", THEN).await;
    }
    let export = place
        .run(&["payments", "export", "--json", "--shop", "paljon"])
        .expect(0);
    let ids: BTreeSet<_> = export.out.lines().map(str::to_owned).collect();
    assert_eq!((ids.len(), export.lines().len()), (1_200, 1_200));
    let nothing = place
        .run(&["payments", "export", "--csv", "--shop", "none"])
        .expect(0);
    assert_eq!(nothing.out.lines().count(), 1);
}

#[tokio::test]
async fn webhooks_are_listed_and_sent_again() {
    let place = Place::new();
    let now = clock::now();
    for number in 1..=3 {
        place.create(number, "puoti", "A", now).await;
        place.pay(number, now).await;
    }
    let written = place.messages("puoti").await.len();
    assert!(written >= 3);
    // As a server whose shop has no endpoint: all are set aside.
    let room = Room {
        shop: "puoti".to_owned(),
        endpoint: None,
        free: 100,
    };
    place.store.claim_webhooks(vec![room], 60).await.unwrap();
    let listed = place
        .run(&["webhooks", "list", "--outcome", "set_aside"])
        .expect(0);
    assert_eq!(listed.out.lines().count(), written + 1);
    assert!(
        listed.out.contains("  payment.updated  paid  "),
        "{}",
        listed.out
    );

    let first = place.messages("puoti").await[0].id.clone();
    let one = place.run(&["webhooks", "replay", &first]).expect(0);
    assert_eq!(one.out, "1 of 1 message will be sent once more\n");
    assert_eq!(place.messages("puoti").await[0].outcome, Outcome::Waiting);
    // The server takes it within its lease; then it is left to that try.
    assert_eq!(place.claim("puoti", 60).await, 1);
    let from = clock::rfc3339(Timestamp::from_millis(now.millis() - 60_000));
    let range = ["webhooks", "replay", "--shop", "puoti", "--from", &from];
    let dry = place.run(&[&range[..], &["--dry-run"]].concat()).expect(0);
    assert_eq!(
        dry.out,
        format!("{written} messages would be sent once more\n")
    );
    let all = place.run(&range).expect(0);
    let others = written - 1;
    assert_eq!(
        all.out,
        format!(
            "{others} of {written} messages will be sent once more; 1 being sent just now, left \
             to that try\n"
        )
    );
    assert_eq!(place.claim("puoti", 60).await, others);
}

#[tokio::test]
async fn a_shop_that_was_gone_is_sent_to_again() {
    use kassa_server::store::{Delivery, Tried};
    let place = Place::new();
    place.create(1, "puoti", "A", clock::now()).await;
    place.pay(1, clock::now()).await;
    let room = Room {
        shop: "puoti".to_owned(),
        endpoint: Some("here".to_owned()),
        free: 1,
    };
    let sent = place.store.claim_webhooks(vec![room], 60).await.unwrap();
    let gone = Tried {
        id: sent[0].id.clone(),
        claim: sent[0].claim,
        shop: "puoti".to_owned(),
        endpoint: "here".to_owned(),
        delivery: Delivery::Gone,
    };
    place.store.finish_webhook(gone).await.unwrap();
    let enabled = place.run(&["webhooks", "enable", "puoti"]).expect(0);
    assert_eq!(enabled.out, "puoti: webhooks are sent again\n");
    place.run(&["webhooks", "enable", "puoti"]).expect(3);
}

#[tokio::test]
async fn a_refund_that_nobody_heard_of_is_settled_by_hand() {
    let place = Place::new();
    let payment = place.create(1, "puoti", "A-1", clock::now()).await;
    place.pay(1, clock::now()).await;
    place.run(&["refunds", "list", &payment]).expect(3);
    let new = NewRefund {
        id: "ref_1".to_owned(),
        shop: "puoti".to_owned(),
        payment: payment.clone(),
        attempt: None,
        amount: Some(Amount::from_cents(990).unwrap()),
        told: Some(RefundTold::Reference("1232".to_owned())),
        note: Some("One was broken".to_owned()),
        now: THEN,
        answer: Box::new(|refund| refund.id.clone()),
    };
    place.store.refund(new, None).await.unwrap();
    let listed = place.run(&["refunds", "list", &payment]).expect(0).out;
    for word in ["ref_1", "9.90 EUR", "pending", "provider", "One was broken"] {
        assert!(listed.contains(word), "{listed}");
    }
    let settle = |end: &str| place.run(&["refunds", "settle", "ref_1", end]);
    assert_eq!(
        settle("succeeded").expect(0).out,
        "ref_1: written down as succeeded\n"
    );
    settle("succeeded").expect(3);
    settle("pending").expect(2);
    let json = place
        .run(&["refunds", "list", &payment, "--json"])
        .expect(0);
    assert_eq!(json.lines()[0]["status"], "succeeded");
    place.run(&["refunds", "list", "pay_none"]).expect(3);
}

#[tokio::test]
async fn events_are_followed() {
    let place = Place::new();
    place.create(1, "puoti", "A-1", clock::now()).await;
    place.pay(1, clock::now()).await;
    let first = place.messages("puoti").await[0].id.clone();
    let mut tail = command(&[
        "events",
        "tail",
        "--after",
        &first,
        "--json",
        "--data",
        place.data(),
    ])
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    place.create(2, "puoti", "A-2", clock::now()).await;
    place.pay(2, clock::now()).await;
    let expected: Vec<_> = place.messages("puoti").await;
    for message in &expected[1..] {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(line["id"], message.id);
        assert_eq!(line["event"]["data"]["id"], message.payment);
        assert_eq!(line["shop"], "puoti");
    }
    tail.kill().unwrap();
    tail.wait().unwrap();
}

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
    let store = kit::store::open(&url).await;
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

/// The example configuration with secrets in files.
fn configuration(folder: &Folder) -> PathBuf {
    let secrets = folder.path().join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let text = include_str!("../kassa.example.toml")
        .replace("env:PUOTI_ECOMMPAY_SECRET", "file:secrets/ecommpay");
    let provider = "an-invented-secret-that-is-long-enough-for-all-0042";
    std::fs::write(secrets.join("ecommpay"), provider).unwrap();
    let secret = WebhookKey::text_from_random(&[7; 32]);
    std::fs::write(secrets.join("puoti-webhook"), secret.as_bytes()).unwrap();
    let file = folder.path().join("kassa.toml");
    std::fs::write(
        &file,
        text.replace("api_keys = [\"0f5a", "api_keys = [\"1f5a"),
    )
    .unwrap();
    file
}

fn rotate(config: &Path, more: &[&str]) -> Ran {
    let config = config.to_str().unwrap();
    run(&[
        &["keys", "rotate", "--shop", "puoti", "--config", config],
        more,
    ]
    .concat())
}

#[test]
fn a_webhook_secret_is_rotated_and_the_old_one_verifies_meanwhile() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let file = folder.path().join("secrets/puoti-webhook");
    let old = std::fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let ran = rotate(&config, &[]).expect(0);
    let written = std::fs::read_to_string(&file).unwrap();
    let [new, second] = written.lines().collect::<Vec<_>>()[..] else {
        panic!("not two lines")
    };
    assert_eq!(second, old);
    assert_eq!(ran.out.matches(new).count(), 1, "shown once");
    assert!(!ran.out.contains(&old));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
    let shop = Config::read(&config).unwrap().shops["puoti"].clone();
    assert_eq!(shop.webhook.as_ref().unwrap().keys.len(), 2);

    // A second rotation before the first is over would take a secret that is in use.
    let again = rotate(&config, &[]).expect(1);
    assert!(again.err.contains("--remove-old"), "{}", again.err);
    rotate(&config, &["--remove-old"]).expect(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{new}\n"));
    rotate(&config, &["--remove-old"]).expect(3);
    let names: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 2, "something was left behind");
}

#[test]
fn what_cannot_be_rotated_is_told_by_hand() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("file:secrets/puoti-webhook", "env:PUOTI_WEBHOOK");
    std::fs::write(&config, text).unwrap();
    let ran = rotate(&config, &[]).expect(1);
    assert!(
        ran.err
            .contains("[\"env:NEW_NAME\", \"env:PUOTI_WEBHOOK\"]"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, "");
    let config = config.to_str().unwrap();
    run(&["keys", "rotate", "--shop", "none", "--config", config]).expect(3);
}

#[test]
fn an_api_key_is_made_with_its_hash() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let before = std::fs::read(&config).unwrap();
    let ran = rotate(&config, &["--api-key"]).expect(0);
    let key = ran.out.lines().nth(1).unwrap().trim();
    let hash = ran.out.lines().nth(3).unwrap().trim();
    assert_eq!(
        hash,
        format!("\"{}\",", ApiKeyHash::of(key).unwrap().to_hex())
    );
    assert_eq!(
        std::fs::read(&config).unwrap(),
        before,
        "the configuration was changed"
    );
}

#[test]
fn a_key_pair_for_op_is_made_once_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let file = folder.path().join("op-key.pem");
    let path = file.to_str().unwrap();
    let ran = run(&["keygen", "op", "--out", path]).expect(0);
    let private = std::fs::read_to_string(&file).unwrap();
    let key = RsaSha256Key::parse(private.trim_end()).unwrap();
    assert!(!key.is_published_example());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(ran.out.contains(&key.public().to_pem()), "{}", ran.out);
    assert!(ran.out.contains(&key.public().fingerprint()));
    let secret = private.lines().nth(7).unwrap();
    assert!(!ran.out.contains(secret) && !ran.err.contains(secret));

    let again = run(&["keygen", "op", "--out", path]).expect(1);
    assert!(
        again.err.contains("there is a file already"),
        "{}",
        again.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), private);
}
