//! What the shop sent to Kassa and got from it, for the developer's panel.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

/// How many entries are kept.
const KEPT: usize = 300;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The shop called Kassa.
    Call,
    /// Kassa called the shop.
    Webhook,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was good: verified, or answered well.
    Good,
    /// It was verified and had been handled before.
    Repeated,
    /// It was not believed.
    Refused,
    /// It did not work.
    Failed,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Counts from 1.
    pub seq: u64,
    /// When, in Unix seconds.
    pub at: u64,
    /// Which way.
    pub kind: Kind,
    /// What became of it.
    pub outcome: Outcome,
    /// In few words, such as `payment.paid`.
    pub title: String,
    /// The order number, when known.
    pub order: Option<String>,
    /// The message; for a refused one only the reason.
    pub detail: Value,
    /// The key of the order: who does not know it does not see the entry.
    #[serde(skip)]
    pub key: Option<String>,
}

/// The latest entries.
#[derive(Debug, Default)]
pub struct Journal {
    last: u64,
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Adds an entry and gives it its number.
    pub fn add(&mut self, mut entry: Entry) {
        self.last += 1;
        entry.seq = self.last;
        self.entries.push_back(entry);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// The entries after a number that belong to one of these orders, or to none.
    pub fn after<'a>(&'a self, seq: u64, keys: &'a [&'a str]) -> impl Iterator<Item = &'a Entry> {
        let visible = move |entry: &&Entry| match &entry.key {
            Some(key) => keys.contains(&key.as_str()),
            None => true,
        };
        self.entries
            .iter()
            .filter(move |entry| entry.seq > seq)
            .filter(visible)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Journal, KEPT, Kind, Outcome, Value};

    fn entry(key: Option<&str>) -> Entry {
        Entry {
            seq: 0,
            at: 1,
            kind: Kind::Webhook,
            outcome: Outcome::Good,
            title: String::new(),
            order: None,
            detail: Value::Null,
            key: key.map(str::to_owned),
        }
    }

    #[test]
    fn an_order_is_seen_only_by_who_knows_its_key() {
        let mut journal = Journal::default();
        for key in [Some("a"), Some("b"), None] {
            journal.add(entry(key));
        }
        let seen = |after, keys: &[&str]| {
            journal
                .after(after, keys)
                .map(|entry| entry.seq)
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(0, &[]), [3]);
        assert_eq!(seen(0, &["a"]), [1, 3]);
        assert_eq!(seen(1, &["a", "b"]), [2, 3]);
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let mut journal = Journal::default();
        (0..=KEPT).for_each(|_| journal.add(entry(None)));
        assert_eq!(journal.after(0, &[]).next().map(|entry| entry.seq), Some(2));
    }
}
