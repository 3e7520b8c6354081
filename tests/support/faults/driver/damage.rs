//! What SQLite itself finds wrong with the files of a folder.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::services::Problem;

/// A line for each file that is damaged.
pub(crate) fn in_folder(data: &Path) -> Result<Vec<String>, Problem> {
    let mut damage = Vec::new();
    let mut databases = 0;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if !is_database(&path)? {
            continue;
        }
        databases += 1;
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let verdict: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if verdict != "ok" {
            damage.push(format!("{}: {verdict}", path.display()));
        }
        let strays: i64 = connection
            .prepare("PRAGMA foreign_key_check")?
            .query_map([], |_| Ok(()))?
            .count()
            .try_into()?;
        if strays > 0 {
            damage.push(format!("{}: {strays} rows lead nowhere", path.display()));
        }
    }
    if databases == 0 {
        damage.push(format!("there is no database in {}", data.display()));
    }
    Ok(damage)
}

/// A database begins with these words, whatever it is called.
fn is_database(path: &Path) -> Result<bool, Problem> {
    if !path.is_file() {
        return Ok(false);
    }
    Ok(std::fs::read(path)?.starts_with(b"SQLite format 3\0"))
}
