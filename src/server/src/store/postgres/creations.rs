//! New payments, written for any number of requests at once, as changes are.

use std::collections::HashSet;

use super::{
    connection::Connections,
    row::int,
    statement::Statement,
    together::Together,
    writes::{Numbered, done, say},
};
use crate::store::{Idempotency, StoreError, prepared::Prepared, transition::Change};

/// A new payment with its first event, and the answer under its keys. It comes to nothing when one
/// of the keys is there already, or the allotted reference is another payment's.
pub(super) struct Creation {
    prepared: Prepared,
    answer: String,
    asked: Option<Idempotency>,
    allotted: bool,
}

impl Creation {
    pub(super) fn of(
        change: Change,
        answer: String,
        asked: Option<Idempotency>,
        allotted: bool,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            prepared: Prepared::of(change)?,
            answer,
            asked,
            allotted,
        })
    }

    pub(super) fn into_answer(self) -> String {
        self.answer
    }

    /// The keys that it uses up, the shop's own first.
    fn keys(&self) -> [Option<&str>; 2] {
        let asked = self.asked.as_ref();
        [
            asked.map(|asked| asked.key.as_str()),
            asked.and_then(|asked| asked.also.as_deref()),
        ]
    }

    fn shop(&self) -> &str {
        &self.prepared.change.payment.shop
    }
}

impl Together for Creation {
    /// Whether it was written.
    type Answer = bool;

    async fn together(connections: &Connections, works: &[Self]) -> Result<Vec<bool>, StoreError> {
        let mut new: Numbered<'_, Self> = (0_i64..).zip(works).collect();
        new.sort_by(|(_, one), (_, other)| {
            (one.shop(), one.keys()).cmp(&(other.shop(), other.keys()))
        });
        leave_out_repeated_keys(&mut new);
        let mut statement = Statement::default();
        find_new(&mut statement, &new);
        keep_answers(&mut statement, &new);
        let prepared = new.iter().map(|(n, creation)| (*n, &creation.prepared));
        say(&mut statement, prepared, "new");
        statement.sql(
            ", due as (insert into deadlines (payment, due_at) select id, deadline_at from new \
             where deadline_at is not null), \
             made as (insert into payments (id, shop, token, order_number, reference, \
             amount_cents, status, version, events, created_at, changed_at, expires_at, terms, \
             lifecycle) select id, shop, token, order_number, reference, amount_cents, status, \
             version, events, created_at, changed_at, expires_at, terms, lifecycle from new) \
             select n from new",
        );
        done(&statement, connections, works.len()).await
    }
}

/// Two with one key cannot be written by one statement: the second comes to nothing, and finds
/// the first when it looks.
fn leave_out_repeated_keys(new: &mut Numbered<'_, Creation>) {
    let mut used = HashSet::new();
    new.retain(|(_, creation)| {
        let keys = creation.keys();
        let mut keys = keys.iter().flatten().map(|key| (creation.shop(), *key));
        keys.all(|key| used.insert(key))
    });
}

/// The first part: those that can be written.
fn find_new<'a>(statement: &mut Statement<'a>, new: &[(i64, &'a Creation)]) {
    let rows = new.iter().map(|(n, creation)| {
        let Prepared {
            change,
            terms,
            lifecycle,
            ..
        } = &creation.prepared;
        let payment = &change.payment;
        let [key, also] = creation.keys();
        let asked = creation.asked.as_ref();
        [
            (*n).into(),
            (&payment.id).into(),
            (&payment.shop).into(),
            (&payment.token).into(),
            (&payment.order).into(),
            (&payment.reference).into(),
            creation.allotted.then_some(&payment.reference).into(),
            payment.lifecycle.amount().cents().into(),
            payment.status().as_str().into(),
            payment.version.into(),
            payment.events.into(),
            payment.created_at.millis().into(),
            payment.changed_at.millis().into(),
            payment.expires_at.millis().into(),
            change.deadline().map(|at| int(at.millis())).into(),
            terms.as_ref().into(),
            lifecycle.into(),
            key.into(),
            also.into(),
            asked.map(|asked| &asked.fingerprint).into(),
            (&creation.answer).into(),
        ]
    });
    let columns = [
        "n bigint",
        "id text",
        "shop text",
        "token text",
        "order_number text",
        "reference text",
        "allotted text",
        "amount_cents bigint",
        "status text",
        "version bigint",
        "events bigint",
        "created_at bigint",
        "changed_at bigint",
        "expires_at bigint",
        "deadline_at bigint",
        "terms text",
        "lifecycle text",
        "key text",
        "also text",
        "fingerprint text",
        "answer text",
    ];
    statement
        .sql("with new as (select a.* from ")
        .rows("a", columns, rows.collect())
        .sql(
            " where not exists (select from idempotency i where i.shop = a.shop and i.key = a.key) \
             and not exists (select from idempotency i where i.shop = a.shop and i.key = a.also) \
             and not exists (select from payments p where p.shop = a.shop \
             and p.reference = a.allotted))",
        );
}

fn keep_answers(statement: &mut Statement<'_>, new: &[(i64, &Creation)]) {
    let has = |index: usize| {
        let mut keys = new.iter().map(|(_, creation)| creation.keys());
        keys.any(|keys| keys.get(index).is_some_and(Option::is_some))
    };
    // One that another node uses in this moment undoes all of it, and it is done again.
    for (index, key) in ["key", "also"].into_iter().enumerate() {
        if has(index) {
            statement.sql(&format!(
                ", kept_{key} as (insert into idempotency (shop, key, fingerprint, payment, \
                 answer, created_at) select shop, {key}, fingerprint, id, answer, created_at \
                 from new where {key} is not null)"
            ));
        }
    }
}
