//! A file that no server works on, read row by row to be moved elsewhere.

use std::{fs::File, path::Path};

use rusqlite::{Connection, OpenFlags, types::ValueRef};

use super::{OpenError, lock, schema, sql};
use crate::store::{
    StoreError,
    transfer::{Cell, Table},
};

/// The file, locked as long as this lives.
#[derive(Debug)]
pub(in crate::store) struct Export {
    connection: Connection,
    _lock: File,
}

impl Export {
    /// Opens a file that is there, whose tables are of this program's version.
    pub(in crate::store) fn open(file: &Path) -> Result<Result<Self, i64>, OpenError> {
        std::fs::metadata(file)?;
        let lock = lock(file)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(sql::refused)?;
        sql::prepare_reader(&connection)?;
        let version = schema::version(&connection)?;
        Ok(if version == schema::newest() {
            Ok(Self {
                connection,
                _lock: lock,
            })
        } else {
            Err(version)
        })
    }

    /// Hands over each row of a table in the order of its key, until nobody takes them.
    pub(in crate::store) fn rows(
        &self,
        table: &Table,
        mut take: impl FnMut(Vec<Cell>) -> bool,
    ) -> Result<(), StoreError> {
        let columns = table.columns.iter();
        let columns: Vec<String> = columns
            .map(|column| format!("{} as {}", column.sqlite, column.name))
            .collect();
        let sql = format!(
            "select {} from {} order by {}",
            columns.join(", "),
            table.sqlite,
            table.key
        );
        let mut statement = self.connection.prepare(&sql).map_err(sql::refused)?;
        let mut rows = statement.query([]).map_err(sql::refused)?;
        while let Some(row) = rows.next().map_err(sql::refused)? {
            let mut cells = Vec::with_capacity(columns.len());
            for index in 0..columns.len() {
                let value = row.get_ref(index).map_err(sql::refused)?;
                cells.push(cell(value)?);
            }
            if !take(cells) {
                break;
            }
        }
        Ok(())
    }
}

fn cell(value: ValueRef<'_>) -> Result<Cell, StoreError> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Number(number)),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .map(|text| Cell::from(text.to_owned()))
            .map_err(|_| StoreError::Corrupt("text")),
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(StoreError::Corrupt("column")),
    }
}
