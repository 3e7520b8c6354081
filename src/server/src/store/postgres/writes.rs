//! Changes of payments, written for any number of requests at once: each statement is a transaction
//! of its own.
//!
//! Every part of a statement takes its rows from those that the first part found to be as they
//! were decided on, by the number that each has in the statement. Rows go in the order of their
//! keys, so that two nodes that write the same do not wait for each other crosswise.

use kassa_checkout::{BankId, Timestamp};

use super::{
    NOW,
    connection::Connections,
    row::{Value, get, natural},
    statement::Statement,
    together::Together,
};
use crate::store::{Idempotency, StoreError, prepared::Prepared, transition::Change};

/// A change of a payment that is there. It comes to nothing when the payment has another version
/// by now, or the report or the key is known.
pub(super) struct Write {
    prepared: Prepared,
    kept: Option<Kept>,
}

/// An answer to be kept under its key.
pub(super) struct Kept {
    pub(super) asked: Idempotency,
    pub(super) answer: String,
    pub(super) at: Timestamp,
}

impl Write {
    pub(super) fn of(change: Change, kept: Option<Kept>) -> Result<Self, StoreError> {
        let prepared = Prepared::of(change)?;
        Ok(Self { prepared, kept })
    }

    pub(super) fn into_change(self) -> Change {
        self.prepared.change
    }

    fn change(&self) -> &Change {
        &self.prepared.change
    }
}

impl Together for Write {
    /// Whether it was written.
    type Answer = bool;

    async fn together(connections: &Connections, works: &[Self]) -> Result<Vec<bool>, StoreError> {
        let mut writes: Numbered<'_, Self> = (0_i64..).zip(works).collect();
        writes.sort_by(|(_, one), (_, other)| {
            one.change().payment.id.cmp(&other.change().payment.id)
        });
        let mut statement = Statement::default();
        change(&mut statement, &writes)?;
        keep(&mut statement, &writes);
        put_off(&mut statement, &writes);
        begin(&mut statement, &writes);
        ask(&mut statement, &writes);
        refund(&mut statement, &writes);
        tell(&mut statement, &writes);
        let prepared = writes.iter().map(|(n, write)| (*n, &write.prepared));
        say(&mut statement, prepared, "changed");
        statement.sql(" select n from changed");
        done(&statement, connections, works.len()).await
    }
}

/// Work with the number of each.
pub(super) type Numbered<'a, W> = Vec<(i64, &'a W)>;

/// Runs a statement that answers the numbers of those that were written.
pub(super) async fn done(
    statement: &Statement<'_>,
    connections: &Connections,
    count: usize,
) -> Result<Vec<bool>, StoreError> {
    let mut done = vec![false; count];
    for row in statement.run(connections).await? {
        let number = usize::try_from(natural(get(&row, 0)?)).ok();
        if let Some(done) = number.and_then(|number| done.get_mut(number)) {
            *done = true;
        }
    }
    Ok(done)
}

/// The first part. Of two changes of one payment, one finds it as it was.
fn change<'a>(
    statement: &mut Statement<'a>,
    writes: &[(i64, &'a Write)],
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(writes.len());
    for (n, write) in writes {
        let (prepared, payment) = (&write.prepared, &write.change().payment);
        let dedupe = write.change().dedupe.as_deref();
        rows.push([
            (*n).into(),
            (&payment.id).into(),
            write.change().from.ok_or(StoreError::Refused)?.into(),
            payment.status().as_str().into(),
            payment.version.into(),
            payment.events.into(),
            payment.changed_at.millis().into(),
            (&prepared.lifecycle).into(),
            prepared.latest.as_ref().into(),
            dedupe.map(storable).into(),
            (&payment.shop).into(),
            write.kept.as_ref().map(|kept| &kept.asked.key).into(),
        ]);
    }
    let columns = [
        "n bigint",
        "id text",
        "seen bigint",
        "status text",
        "version bigint",
        "events bigint",
        "changed_at bigint",
        "lifecycle text",
        "latest text",
        "dedupe text",
        "shop text",
        "key text",
    ];
    statement
        .sql(
            "with changed as (update payments p set status = a.status, version = a.version, \
             events = a.events, changed_at = a.changed_at, lifecycle = a.lifecycle, \
             latest = coalesce(a.latest, p.latest) from ",
        )
        .rows("a", columns, rows)
        .sql(
            " where p.id = a.id and p.version = a.seen \
             and not exists (select from events e where e.payment = a.id and e.dedupe = a.dedupe) \
             and not exists (select from idempotency i where i.shop = a.shop and i.key = a.key) \
             returning a.n)",
        );
    Ok(())
}

/// The rows of those that have some; the part is left out where none has.
fn part<'a, const N: usize>(
    statement: &mut Statement<'a>,
    before: &str,
    columns: [&str; N],
    rows: Vec<[Value<'a>; N]>,
    after: &str,
) {
    if !rows.is_empty() {
        statement
            .sql(before)
            .rows("r", columns, rows)
            .sql(" join changed using (n)")
            .sql(after)
            .sql(")");
    }
}

fn keep<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let rows = writes.iter().filter_map(|(n, write)| {
        let kept = write.kept.as_ref()?;
        let payment = &write.change().payment;
        Some([
            (*n).into(),
            (&payment.shop).into(),
            (&kept.asked.key).into(),
            (&kept.asked.fingerprint).into(),
            (&payment.id).into(),
            (&kept.answer).into(),
            kept.at.millis().into(),
        ])
    });
    part(
        statement,
        ", kept as (insert into idempotency (shop, key, fingerprint, payment, answer, created_at) \
         select shop, key, fingerprint, payment, answer, created_at from ",
        [
            "n bigint",
            "shop text",
            "key text",
            "fingerprint text",
            "payment text",
            "answer text",
            "created_at bigint",
        ],
        rows.collect(),
        "",
    );
}

/// When a payment is to be looked at again, where that is another time than it was.
fn put_off<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let (mut later, mut never) = (Vec::new(), Vec::new());
    for (n, write) in writes {
        let (change, payment) = (write.change(), &write.change().payment.id);
        match change.deadline() {
            same if same == change.was_due => {}
            Some(at) => later.push([(*n).into(), payment.into(), at.millis().into()]),
            None => never.push([(*n).into(), payment.into()]),
        }
    }
    part(
        statement,
        ", put_off as (insert into deadlines (payment, due_at) select payment, due_at from ",
        ["n bigint", "payment text", "due_at bigint"],
        later,
        " on conflict (payment) do update set due_at = excluded.due_at",
    );
    part(
        statement,
        ", settled as (delete from deadlines d using ",
        ["n bigint", "payment text"],
        never,
        " where d.payment = r.payment",
    );
}

/// The attempts that begin.
fn begin<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let rows = writes.iter().filter_map(|(n, write)| {
        let change = write.change();
        let attempt = change.attempt.as_ref()?;
        Some([
            (*n).into(),
            (&attempt.provider).into(),
            (&attempt.id).into(),
            (&change.payment.id).into(),
            attempt.number.into(),
            attempt.bank.as_ref().map(BankId::as_str).into(),
            attempt.method.as_deref().into(),
            attempt.at.millis().into(),
            change.first_question().into(),
        ])
    });
    let before = format!(
        ", begun as (insert into attempts (provider, id, payment, number, bank, method, \
         created_at, ask_at) select provider, id, payment, number, bank, method, created_at, \
         {NOW} + 1000 * after from "
    );
    part(
        statement,
        &before,
        [
            "n bigint",
            "provider text",
            "id text",
            "payment text",
            "number bigint",
            "bank text",
            "method text",
            "created_at bigint",
            "after bigint",
        ],
        rows.collect(),
        "",
    );
}

/// The attempts that are to be asked for.
fn ask<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let rows = writes.iter().filter_map(|(n, write)| {
        let ask = write.change().ask.as_ref()?;
        Some([
            (*n).into(),
            (&ask.provider).into(),
            (&ask.attempt).into(),
            ask.after.into(),
        ])
    });
    let before = format!(", asked as (update attempts t set ask_at = {NOW} + 1000 * r.after from ");
    part(
        statement,
        &before,
        ["n bigint", "provider text", "attempt text", "after bigint"],
        rows.collect(),
        " where t.provider = r.provider and t.id = r.attempt",
    );
}

/// The refunds, new ones or as they become.
fn refund<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let rows = writes.iter().filter_map(|(n, write)| {
        let refund = write.change().refund.as_ref()?;
        Some([
            (*n).into(),
            (&refund.id).into(),
            (&refund.payment).into(),
            (&refund.attempt).into(),
            refund.cents.into(),
            refund.status.as_str().into(),
            u64::from(refund.manual).into(),
            refund.note.as_deref().into(),
            refund.created_at.millis().into(),
            refund.changed_at.millis().into(),
        ])
    });
    part(
        statement,
        ", refunded as (insert into refunds (id, payment, attempt, cents, status, manual, note, \
         created_at, changed_at) select id, payment, attempt, cents, status, manual, note, \
         created_at, changed_at from ",
        [
            "n bigint",
            "id text",
            "payment text",
            "attempt text",
            "cents bigint",
            "status text",
            "manual bigint",
            "note text",
            "created_at bigint",
            "changed_at bigint",
        ],
        rows.collect(),
        " on conflict (id) do update set status = excluded.status, \
         changed_at = excluded.changed_at",
    );
}

/// The messages to the shops, due at once.
fn tell<'a>(statement: &mut Statement<'a>, writes: &[(i64, &'a Write)]) {
    let rows = writes.iter().flat_map(|(n, write)| {
        let payment = &write.change().payment;
        write.change().messages.iter().map(|message| {
            [
                (*n).into(),
                (&message.id).into(),
                (&payment.shop).into(),
                (&payment.id).into(),
                (&message.body).into(),
            ]
        })
    });
    let before = format!(
        ", told as (insert into webhooks (id, shop, payment, body, created_at, due_at) \
         select id, shop, payment, body, {NOW}, {NOW} from "
    );
    part(
        statement,
        &before,
        [
            "n bigint",
            "id text",
            "shop text",
            "payment text",
            "body text",
        ],
        rows.collect(),
        "",
    );
}

/// The events, of those that the named part has found. The first of each bears the key that the
/// report is known by.
pub(super) fn say<'a>(
    statement: &mut Statement<'a>,
    prepared: impl Iterator<Item = (i64, &'a Prepared)>,
    found: &str,
) {
    let rows = prepared.flat_map(|(n, prepared)| {
        let change = &prepared.change;
        let mut dedupe = change.dedupe.as_deref().map(storable);
        let events = change.events.iter().zip(&prepared.details);
        events.map(move |(event, detail)| {
            [
                n.into(),
                (&change.payment.id).into(),
                event.seq.into(),
                event.at.millis().into(),
                (&event.who).into(),
                (&event.kind).into(),
                dedupe.take().into(),
                detail.into(),
            ]
        })
    });
    let columns = [
        "n bigint",
        "payment text",
        "seq bigint",
        "at bigint",
        "who text",
        "kind text",
        "dedupe text",
        "detail text",
    ];
    statement
        .sql(
            ", said as (insert into events (payment, seq, at, who, kind, dedupe, detail) \
             select r.payment, r.seq, r.at, r.who, r.kind, r.dedupe, r.detail from ",
        )
        .rows("r", columns, rows.collect())
        .sql(&format!(" join {found} using (n))"));
}

/// PostgreSQL holds no zero byte in a text. JSON has none; a key made of a provider's words could.
pub(super) fn storable(key: &str) -> String {
    key.replace('\0', "\u{fffd}")
}
