//! A query that grows by conditions.

use tokio_postgres::{Row, types::ToSql};

use super::{connection::Connections, row::is_storable};
use crate::store::StoreError;

/// A query of one table, with the parameters that its conditions need.
pub(super) struct Search {
    table: &'static str,
    columns: &'static str,
    conditions: String,
    values: Vec<Box<dyn ToSql + Send + Sync>>,
    storable: bool,
    /// The words before and after it that have it run for each shop.
    each_shop: Option<(String, String)>,
}

impl Search {
    /// A search for columns of a table, which has an alias: `payments p`.
    pub(super) fn new(table: &'static str, columns: &'static str) -> Self {
        Self {
            table,
            columns,
            conditions: "true".to_owned(),
            values: Vec::new(),
            storable: true,
            each_shop: None,
        }
    }

    /// Adds a condition without a parameter.
    pub(super) fn that(&mut self, condition: &str) {
        self.conditions.push_str(" and ");
        self.conditions.push_str(condition);
    }

    /// Adds a condition on a text: `p.shop = ?`.
    pub(super) fn text(&mut self, condition: &str, value: &str) {
        self.conditions.push_str(" and ");
        self.more(condition, value);
    }

    /// Adds a condition on a number.
    pub(super) fn number(&mut self, condition: &str, value: i64) {
        self.conditions.push_str(" and ");
        let condition = self.placed(condition, Box::new(value));
        self.conditions.push_str(&condition);
    }

    /// Goes on with the last condition.
    pub(super) fn more(&mut self, words: &str, value: &str) {
        self.storable &= is_storable(value);
        let words = self.placed(words, Box::new(value.to_owned()));
        self.conditions.push_str(&words);
    }

    /// Looks in each shop by itself and puts the findings together: then the index that serves
    /// one shop serves all of them. Shops are few; they are found by skipping through the index
    /// of the rows that are `indexed`.
    pub(super) fn over_all_shops(&mut self, column: &str, table: &str, indexed: &str) {
        self.that(&format!("{column} = shops.shop"));
        let alias = column.split('.').next().unwrap_or_default();
        let before = format!(
            "with recursive shops(shop) as ((select shop from {table} where {indexed} \
             order by shop limit 1) \
             union all (select (select n.shop from {table} n where n.shop > s.shop and {indexed} \
             order by n.shop limit 1) from shops s where s.shop is not null)) \
             select {alias}.* from shops cross join lateral ("
        );
        self.each_shop = Some((before, format!(") {alias}")));
    }

    /// Runs it, ordered and limited.
    pub(super) async fn run(
        mut self,
        connections: &Connections,
        order: &str,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        if !self.storable {
            return Ok(Vec::new());
        }
        let end = self.placed(
            &format!(" order by {order} limit ?"),
            Box::new(i64::from(limit)),
        );
        let Self {
            table,
            columns,
            conditions,
            values,
            ..
        } = &self;
        let one = format!("select {columns} from {table} where {conditions}{end}");
        let sql = match &self.each_shop {
            None => one,
            Some((before, after)) => format!("{before}{one}{after}{end}"),
        };
        let parameters: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| value.as_ref() as &(dyn ToSql + Sync))
            .collect();
        connections.query(&sql, &parameters).await
    }

    /// The words with the parameter's place in them.
    fn placed(&mut self, words: &str, value: Box<dyn ToSql + Send + Sync>) -> String {
        self.values.push(value);
        words.replace('?', &format!("${}", self.values.len()))
    }
}
