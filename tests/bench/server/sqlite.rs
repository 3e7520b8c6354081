//! The payments of a SQLite file: read as a template, and multiplied.

use std::path::Path;

use kassa_tests::services::Problem;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter, types};

use crate::template::{Copy, Names, Table, Value};

/// The database's name in the server's folder.
pub(crate) const FILE: &str = "kassa.db";
/// So many payments are written in one transaction.
const TOGETHER: u64 = 20_000;

/// Reads all rows about the payment with this identifier.
///
/// # Errors
/// When the file is not as expected.
pub(crate) fn template(folder: &Path, id: &str) -> Result<Vec<Table>, Problem> {
    let connection = Connection::open(folder.join(FILE))?;
    // As in most payments: the shop has been told. What waits would all be sent at once.
    connection.execute(
        "update webhooks set due_at = null, claimed = 0, outcome = 'delivered' where payment = ?1",
        [id],
    )?;
    let names = connection.query_row(
        "select id, token, order_number, reference from payments where id = ?1",
        [id],
        |row| {
            Ok(Names {
                id: row.get(0)?,
                token: row.get(1)?,
                order: row.get(2)?,
                reference: row.get(3)?,
            })
        },
    )?;
    let mut tables = Vec::new();
    // The payments first: the other rows point at them.
    for (table, key) in [("payments".to_owned(), "id")]
        .into_iter()
        .chain(about_payments(&connection)?.map(|table| (table, "payment")))
    {
        let sql = format!("select * from {table} where {key} = ?1");
        let mut statement = connection.prepare(&sql)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = columns.len();
        let rows = statement
            .query_map([id], |row| {
                (0..width)
                    .map(|at| row.get::<_, types::Value>(at))
                    .collect()
            })?
            .map(|row: rusqlite::Result<Vec<types::Value>>| row?.into_iter().map(known).collect())
            .collect::<Result<Vec<Vec<Value>>, Problem>>()?;
        tables.push(Table::new(table, columns, rows, &names));
    }
    Ok(tables)
}

/// The tables whose rows belong to a payment.
fn about_payments(connection: &Connection) -> Result<impl Iterator<Item = String>, Problem> {
    let mut statement = connection.prepare(
        "select t.name from sqlite_master t, pragma_table_info(t.name) c \
         where t.type = 'table' and c.name = 'payment' order by t.rootpage",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<Vec<String>, _>>()?.into_iter())
}

fn known(value: types::Value) -> Result<Value, Problem> {
    match value {
        types::Value::Null => Ok(Value::Null),
        types::Value::Integer(number) => Ok(Value::Int(number)),
        types::Value::Text(text) => Ok(Value::Text(text)),
        other => Err(format!(
            "the tables hold {}, which no other database has",
            other.data_type()
        )
        .into()),
    }
}

/// Writes `count` more payments, hands each of them to `each`, and leaves an empty log behind.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn fill(
    folder: &Path,
    tables: &[Table],
    count: u64,
    mut each: impl FnMut(&Copy) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut connection = Connection::open(folder.join(FILE))?;
    // Nobody needs a half-filled database after a power cut. A gigabyte of pages: at ten million
    // payments every index is written at random places.
    connection.execute_batch("pragma synchronous = off; pragma cache_size = -1000000;")?;
    let first = next_order(&connection)?;
    let mut place = last_place(&connection)?;
    let statements: Vec<String> = tables.iter().map(insert).collect();
    let mut written = 0;
    while written < count {
        let transaction = connection.transaction()?;
        for number in written..count.min(written + TOGETHER) {
            let copy = Copy::new(first + number, number, count)?;
            for (table, sql) in tables.iter().zip(&statements) {
                let mut statement = transaction.prepare_cached(sql)?;
                for row in table.rows_of(&copy, &mut place)? {
                    statement.execute(params_from_iter(row.into_iter().map(stored)))?;
                }
            }
            each(&copy)?;
        }
        transaction.commit()?;
        written += TOGETHER;
    }
    // What was written is on the disk before anything is measured.
    connection.execute_batch("pragma synchronous = full; pragma wal_checkpoint(truncate);")?;
    Ok(())
}

/// An order number above all others: eleven digits, so that none of the load generator's has it.
fn next_order(connection: &Connection) -> Result<u64, Problem> {
    const FIRST: i64 = 10_000_000_000;
    let last: Option<i64> = connection
        .query_row(
            "select max(cast(order_number as integer)) from payments where length(order_number) = 11",
            [],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    Ok(u64::try_from(last.unwrap_or(FIRST) + 1)?)
}

fn last_place(connection: &Connection) -> Result<i64, Problem> {
    let sql = "select coalesce(max(position), 0) from webhooks";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn insert(table: &Table) -> String {
    let places: Vec<String> = (1..=table.columns.len())
        .map(|at| format!("?{at}"))
        .collect();
    format!(
        "insert into {} ({}) values ({})",
        table.name,
        table.columns.join(", "),
        places.join(", ")
    )
}

fn stored(value: Value) -> types::Value {
    match value {
        Value::Null => types::Value::Null,
        Value::Int(number) => types::Value::Integer(number),
        Value::Text(text) => types::Value::Text(text),
    }
}
