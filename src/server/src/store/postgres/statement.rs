//! A statement and its parameters, written together.
//!
//! The same work gives the same text, so that each connection prepares it once.

use tokio_postgres::{Row, types::ToSql};

use super::{connection::Connections, row::Value};
use crate::store::StoreError;

/// A statement that is being written.
pub(super) struct Statement<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    pub(super) fn new(sql: &str) -> Self {
        let mut text = String::with_capacity(1_024);
        text.push_str(sql);
        Self {
            sql: text,
            values: Vec::with_capacity(32),
        }
    }

    /// Words, as they are.
    pub(super) fn sql(&mut self, words: &str) -> &mut Self {
        self.sql.push_str(words);
        self
    }

    /// A text, or none.
    pub(super) fn text(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.value(value.into(), "::text")
    }

    /// A number, or none.
    pub(super) fn number(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.value(value.into(), "::bigint")
    }

    /// Words that follow where something stands already, and nothing where it is the first.
    pub(super) fn between(&mut self, is_first: bool, words: &str) -> &mut Self {
        if !is_first {
            self.sql.push_str(words);
        }
        self
    }

    pub(super) async fn run(&self, connections: &Connections) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<&(dyn ToSql + Sync)> = self
            .values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        connections.query(&self.sql, &parameters).await
    }

    fn value(&mut self, value: Value<'a>, kind: &str) -> &mut Self {
        self.values.push(value);
        let place = self.values.len().to_string();
        self.sql.push('$');
        self.sql.push_str(&place);
        self.sql.push_str(kind);
        self
    }
}
