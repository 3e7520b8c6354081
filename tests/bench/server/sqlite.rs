//! A SQLite file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kassa_tests::services::Problem;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter, types};

use crate::{
    database::{Database, Each},
    template::{Copy, Names, Table, Value},
};

/// The database's name in the server's folder.
const FILE: &str = "kassa.db";
/// The database as it was kept, beside the one that is used.
const KEPT: &str = "kept.db";
/// So many payments are written in one transaction.
const TOGETHER: u64 = 20_000;

/// The file that a server keeps in its folder.
pub(crate) struct SqliteDatabase {
    folder: PathBuf,
}

impl SqliteDatabase {
    /// The file in this folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn beside(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{FILE}{end}"))
    }
}

impl Database for SqliteDatabase {
    fn arguments(&self) -> Vec<String> {
        vec!["--data".to_owned(), self.folder.display().to_string()]
    }

    fn template(&self, id: &str) -> Result<Vec<Table>, Problem> {
        let connection = Connection::open(self.file())?;
        // As in most payments: the shop has been told. What waits would all be sent at once.
        connection.execute(
            "update webhooks set due_at = null, claimed = 0, outcome = 'delivered' \
             where payment = ?1",
            [id],
        )?;
        let names = names(&connection, id)?;
        let mut tables = Vec::new();
        // The payments first: the other rows point at them.
        for (table, key) in [("payments".to_owned(), "id")]
            .into_iter()
            .chain(about_payments(&connection)?.map(|table| (table, "payment")))
        {
            tables.push(read(&connection, &table, key, &names)?);
        }
        Ok(tables)
    }

    fn fill(&self, tables: &[Table], count: u64, each: &mut Each<'_>) -> Result<(), Problem> {
        let mut connection = Connection::open(self.file())?;
        // Nobody needs a half-filled database after a power cut. A gigabyte of pages: what is not
        // in the order of time is written at random places.
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
        connection.execute_batch("pragma wal_checkpoint(truncate);")?;
        // What was written is on the disk before anything is measured. After the connection, whose
        // locks would go with this handle.
        drop(connection);
        fs::File::open(self.file())?.sync_all()?;
        Ok(())
    }

    fn keep(&self) -> Result<(), Problem> {
        fs::copy(self.file(), self.folder.join(KEPT))?;
        Ok(())
    }

    fn put_back(&self) -> Result<(), Problem> {
        for end in ["-wal", "-shm"] {
            if self.beside(end).exists() {
                fs::remove_file(self.beside(end))?;
            }
        }
        fs::copy(self.folder.join(KEPT), self.file())?;
        fs::File::open(self.file())?.sync_all()?;
        Ok(())
    }

    fn bytes(&self) -> Result<u64, Problem> {
        let files = ["", "-wal"].map(|end| fs::metadata(self.beside(end)));
        let found = files.into_iter().filter_map(Result::ok);
        Ok(found.map(|file| file.len()).sum())
    }
}

fn names(connection: &Connection, id: &str) -> Result<Names, Problem> {
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
    Ok(names)
}

/// The rows of a table whose `key` is the payment's identifier.
fn read(connection: &Connection, table: &str, key: &str, names: &Names) -> Result<Table, Problem> {
    let mut statement = connection.prepare(&format!("select * from {table} where {key} = ?1"))?;
    let columns = statement.column_names();
    let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
    let mut found = statement.query([&names.id])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|at| known(row.get(at)?));
        rows.push(values.collect::<Result<Vec<Value>, Problem>>()?);
    }
    Ok(Table::new(table.to_owned(), columns, rows, names))
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
