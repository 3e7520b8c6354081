//! The program, and a database to run it on.

use std::process::Command;

use kassa_checkout::{Amount, Timestamp};
use kassa_server::store::{
    Begin, Message, MessageFilter, NewPayment, Payer, Room, Store as _, Terms, sqlite::SqliteStore,
};
use serde_json::Value;

use crate::kit::{
    self, Folder,
    store::{PROVIDER, paid},
};

/// 2026-11-18T11:06:40Z.
pub(crate) const THEN: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// What a command printed, and what it ended with.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kassa"));
    command
        .args(arguments)
        .env_remove("KASSA_CONFIG")
        .env_remove("KASSA_DATABASE_URL");
    command
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    let ran = command(arguments).output().unwrap();
    Ran {
        code: ran.status.code().unwrap(),
        out: String::from_utf8(ran.stdout).unwrap(),
        err: String::from_utf8(ran.stderr).unwrap(),
    }
}

fn token(number: u64) -> String {
    format!("co_a-secret-token-{number}")
}

const fn cents(number: u64) -> u64 {
    4_990 * number
}

pub(crate) fn payment(number: u64, shop: &str, order: &str, now: Timestamp) -> NewPayment {
    let new = kit::store::new(&format!("{number:0>24}"), order);
    NewPayment {
        token: token(number),
        shop: shop.to_owned(),
        amount: Amount::from_cents(cents(number)).unwrap(),
        terms: Terms {
            description: Some("=HYPERLINK(\"https://shop.example\")".to_owned()),
            customer: Payer {
                email: Some("maija@example.fi".to_owned()),
                ..Payer::default()
            },
            ..new.terms
        },
        now,
        expires_at: now.plus_seconds(86_400),
        answer: Box::new(|payment| payment.id.clone()),
        ..new
    }
}

/// A database in a folder, and the server's hold on it.
pub(crate) struct Place {
    pub(crate) folder: Folder,
    pub(crate) store: SqliteStore,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.path().join("kassa.db")).unwrap();
        Self { folder, store }
    }

    pub(crate) fn data(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(&[arguments, &["--data", self.data()]].concat())
    }

    pub(crate) async fn create(
        &self,
        number: u64,
        shop: &str,
        order: &str,
        now: Timestamp,
    ) -> String {
        let new = payment(number, shop, order, now);
        let id = new.id.clone();
        self.store.create(new, None).await.unwrap();
        id
    }

    /// Pays a payment, so that the shop is told.
    pub(crate) async fn pay(&self, number: u64, now: Timestamp) {
        let id = format!("{number:0>24}");
        let begin = Begin {
            token: token(number),
            ..kit::store::begin(&id, "nordea", now)
        };
        self.store.begin_attempt(begin).await.unwrap();
        let mut report = paid(&format!("pay_{id}-1"), 1);
        report.evidence.rank.at = now;
        report.evidence.amount_cents = cents(number);
        self.store
            .apply(PROVIDER, report, now.plus_seconds(60))
            .await
            .unwrap();
    }

    /// Claims all that is due to a shop, as its server does before it sends it.
    pub(crate) async fn claim(&self, shop: &str, lease: u64) -> usize {
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

    pub(crate) async fn messages(&self, shop: &str) -> Vec<Message> {
        let filter = MessageFilter {
            shop: Some(shop.to_owned()),
            limit: 100,
            ..MessageFilter::default()
        };
        self.store.messages(filter).await.unwrap()
    }
}

/// Three payments of two shops, the first of them paid.
pub(crate) async fn three() -> Place {
    let place = Place::new();
    place.create(1, "puoti", "20261001", THEN).await;
    place
        .create(2, "puoti", "=1+1", THEN.plus_seconds(60))
        .await;
    place.create(3, "muu", "C-3", THEN.plus_seconds(120)).await;
    place.pay(1, THEN.plus_seconds(180)).await;
    place
}
