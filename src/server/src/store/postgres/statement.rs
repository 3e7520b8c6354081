//! A statement about the rows of several requests, written together with its parameters.
//!
//! The same kinds of rows give the same text, whatever their number, so that each connection
//! prepares it once.

use tokio_postgres::{Row, types::ToSql};

use super::{connection::Connections, row::Value};
use crate::store::StoreError;

/// A statement that is being written.
#[derive(Default)]
pub(super) struct Statement<'a> {
    sql: String,
    /// Each parameter is a column.
    columns: Vec<Vec<Value<'a>>>,
}

impl<'a> Statement<'a> {
    /// Words, as they are.
    pub(super) fn sql(&mut self, words: &str) -> &mut Self {
        self.sql.push_str(words);
        self
    }

    /// Rows, as a table of that name with these columns: `("a", ["id text", "seen bigint"], …)`.
    pub(super) fn rows<const N: usize>(
        &mut self,
        name: &str,
        columns: [&str; N],
        rows: Vec<[Value<'a>; N]>,
    ) -> &mut Self {
        let mut values = columns.map(|_| Vec::with_capacity(rows.len()));
        for row in rows {
            for (column, value) in values.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let (mut places, mut names) = (String::new(), String::new());
        for (column, values) in columns.into_iter().zip(values) {
            self.columns.push(values);
            let (column, kind) = column.split_once(' ').unwrap_or((column, "text"));
            let between = if names.is_empty() { "" } else { ", " };
            places.push_str(&format!("{between}${}::{kind}[]", self.columns.len()));
            names.push_str(&format!("{between}{column}"));
        }
        self.sql(&format!("unnest({places}) as {name} ({names})"))
    }

    pub(super) async fn run(&self, connections: &Connections) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<&(dyn ToSql + Sync)> = self
            .columns
            .iter()
            .map(|column| column as &(dyn ToSql + Sync))
            .collect();
        connections.query(&self.sql, &parameters).await
    }
}
