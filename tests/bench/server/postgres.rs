//! A PostgreSQL database.

use std::rc::Rc;

use kassa_tests::services::{Postgres, Problem};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, Row, types::Type};

use crate::{
    database::{Database, Each},
    template::{Copy, Names, Table, Value},
};

/// So many payments are written at once.
const TOGETHER: u64 = 20_000;

/// A database of a private cluster.
pub(crate) struct PostgresDatabase {
    cluster: Rc<Postgres>,
    url: String,
    name: String,
    runtime: Runtime,
}

impl PostgresDatabase {
    /// A new one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create(cluster: &Rc<Postgres>) -> Result<Self, Problem> {
        let url = cluster.create_database()?;
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self {
            cluster: Rc::clone(cluster),
            url,
            name,
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }

    fn kept(&self) -> String {
        format!("{}_kept", self.name)
    }

    /// Makes a database anew, with all that is in another one.
    fn copy(&self, from: &str, to: &str) -> Result<(), Problem> {
        let sql = |sql: String| self.cluster.sql("postgres", &sql);
        sql(format!("drop database if exists {to} with (force)"))?;
        sql(format!("create database {to} template {from}"))?;
        sql("checkpoint".to_owned())?;
        Ok(())
    }

    /// Does something with a connection.
    fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.runtime.block_on(async {
            let (mut client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
            let connection = tokio::spawn(connection);
            let done = work(&mut client).await;
            drop(client);
            // It ends with its client; what went wrong, the client has told.
            let _ = connection.await;
            done
        })
    }
}

impl Database for PostgresDatabase {
    fn arguments(&self) -> Vec<String> {
        vec!["--database".to_owned(), self.url.clone()]
    }

    fn template(&self, id: &str) -> Result<Vec<Table>, Problem> {
        self.with(async |client| {
            // As in most payments: the shop has been told. What waits would all be sent at once.
            let told = "update webhooks set due_at = null, claimed = 0, outcome = 'delivered' \
                        where payment = $1";
            client.execute(told, &[&id]).await?;
            let names = names(client, id).await?;
            let mut tables = Vec::new();
            for (table, key) in tables_about_payments(client).await? {
                tables.push(read(client, table, &key, &names).await?);
            }
            Ok(tables)
        })
    }

    fn fill(&self, tables: &[Table], count: u64, each: &mut Each<'_>) -> Result<(), Problem> {
        self.with(async |client| {
            let first = next_order(client).await?;
            let mut place =
                number(client, "select coalesce(max(position), 0) from webhooks").await?;
            let mut written = 0;
            while written < count {
                let mut texts = vec![String::new(); tables.len()];
                for number in written..count.min(written + TOGETHER) {
                    let copy = Copy::new(first + number, number, count)?;
                    for (table, text) in tables.iter().zip(&mut texts) {
                        for row in table.rows_of(&copy, &mut place)? {
                            write_row(text, &row);
                        }
                    }
                    each(&copy)?;
                }
                for (table, text) in tables.iter().zip(texts) {
                    copy_in(client, table, text).await?;
                }
                written += TOGETHER;
            }
            // Nothing is left for later that would be done while something is measured.
            let placed = "select setval('webhook_positions', coalesce(max(position), 0) + 1) \
                          from webhooks";
            client.batch_execute(placed).await?;
            for rest in ["vacuum analyze", "checkpoint"] {
                client.batch_execute(rest).await?;
            }
            Ok(())
        })
    }

    fn keep(&self) -> Result<(), Problem> {
        self.copy(&self.name, &self.kept())
    }

    fn put_back(&self) -> Result<(), Problem> {
        self.copy(&self.kept(), &self.name)
    }

    fn bytes(&self) -> Result<u64, Problem> {
        let size = self.with(async |client| {
            number(client, "select pg_database_size(current_database())").await
        })?;
        Ok(u64::try_from(size)?)
    }
}

async fn number(client: &Client, sql: &str) -> Result<i64, Problem> {
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}

/// An order number above all others: eleven digits, so that none of the load generator's has it.
async fn next_order(client: &Client) -> Result<u64, Problem> {
    let last = "select coalesce(max(order_number::bigint), 10000000000) from payments \
                where length(order_number) = 11";
    Ok(u64::try_from(number(client, last).await? + 1)?)
}

async fn names(client: &Client, id: &str) -> Result<Names, Problem> {
    let sql = "select id, token, order_number, reference from payments where id = $1";
    let row = client.query_one(sql, &[&id]).await?;
    Ok(Names {
        id: row.try_get(0)?,
        token: row.try_get(1)?,
        order: row.try_get(2)?,
        reference: row.try_get(3)?,
    })
}

/// The tables with rows about a payment, each with the column of its identifier.
async fn tables_about_payments(client: &Client) -> Result<Vec<(String, String)>, Problem> {
    let sql = "select table_name::text from information_schema.columns \
               where table_schema = 'public' and column_name = 'payment' order by 1";
    let rows = client.query(sql, &[]).await?;
    let others = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, "payment".to_owned())));
    std::iter::once(Ok(("payments".to_owned(), "id".to_owned())))
        .chain(others)
        .collect()
}

async fn read(client: &Client, table: String, key: &str, names: &Names) -> Result<Table, Problem> {
    let sql = format!("select * from {table} where {key} = $1");
    let statement = client.prepare(&sql).await?;
    let columns = statement.columns().iter();
    let columns: Vec<String> = columns.map(|column| column.name().to_owned()).collect();
    let rows = client.query(&statement, &[&names.id]).await?;
    let rows = rows.iter().map(values).collect::<Result<_, _>>()?;
    Ok(Table::new(table, columns, rows, names))
}

fn values(row: &Row) -> Result<Vec<Value>, Problem> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(at, column)| match *column.type_() {
            Type::INT8 => Ok(row
                .try_get::<_, Option<i64>>(at)?
                .map_or(Value::Null, Value::Int)),
            Type::TEXT => Ok(row
                .try_get::<_, Option<String>>(at)?
                .map_or(Value::Null, Value::Text)),
            ref other => Err(format!("column {} is {other}: unknown here", column.name()).into()),
        })
        .collect()
}

/// A line of `copy`'s text format.
fn write_row(text: &mut String, row: &[Value]) {
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            text.push('\t');
        }
        match value {
            Value::Null => text.push_str("\\N"),
            Value::Int(number) => text.push_str(&number.to_string()),
            Value::Text(value) => escape(text, value),
        }
    }
    text.push('\n');
}

fn escape(text: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            other => text.push(other),
        }
    }
}

async fn copy_in(client: &Client, table: &Table, text: String) -> Result<(), Problem> {
    use futures_util::SinkExt as _;
    let sql = format!(
        "copy {} ({}) from stdin",
        table.name,
        table.columns.join(", ")
    );
    let sink = client.copy_in::<_, bytes::Bytes>(&sql).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(bytes::Bytes::from(text)).await?;
    sink.finish().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Value, write_row};

    #[test]
    fn a_row_is_a_line() {
        let mut text = String::new();
        let value = Value::Text("{\"a\":\"\\n\"}\tb".to_owned());
        write_row(&mut text, &[value, Value::Null, Value::Int(-7)]);
        assert_eq!(text, "{\"a\":\"\\\\n\"}\\tb\t\\N\t-7\n");
    }
}
