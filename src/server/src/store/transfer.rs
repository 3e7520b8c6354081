//! A shop's move from SQLite to PostgreSQL: every row, counted and compared.

use std::{fmt, path::Path, pin::pin};

use futures_util::{TryStreamExt as _, future};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_postgres::{
    Transaction,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use super::{
    StoreError,
    postgres::{self, row::Value, schema},
    sqlite::{self, export::Export},
};
use crate::config::PostgresAddress;

/// How many rows are on their way at once.
const ON_THE_WAY: usize = 1_024;

/// A table as it is moved.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Where its rows are in SQLite: a table's name, and which of its rows.
    pub(super) sqlite: &'static str,
    /// What its rows are told apart and ordered by.
    pub(super) key: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column and where it comes from.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) kind: Type,
}

const fn text(name: &'static str) -> Column {
    from(name, name, Type::TEXT)
}

const fn number(name: &'static str) -> Column {
    from(name, name, Type::INT8)
}

const fn from(name: &'static str, sqlite: &'static str, kind: Type) -> Column {
    Column { name, sqlite, kind }
}

/// Every table but the version's.
static TABLES: [Table; 9] = [
    Table {
        name: "payments",
        sqlite: "payments",
        key: "id",
        columns: &[
            text("id"),
            text("shop"),
            text("token"),
            text("order_number"),
            text("reference"),
            number("amount_cents"),
            text("status"),
            number("version"),
            number("events"),
            number("created_at"),
            number("changed_at"),
            number("expires_at"),
            text("terms"),
            text("lifecycle"),
            text("latest"),
        ],
    },
    Table {
        name: "deadlines",
        sqlite: "payments where deadline_at is not null",
        key: "payment",
        columns: &[
            from("payment", "id", Type::TEXT),
            from("due_at", "deadline_at", Type::INT8),
        ],
    },
    Table {
        name: "attempts",
        sqlite: "attempts",
        key: "provider, id",
        columns: &[
            text("provider"),
            text("id"),
            text("payment"),
            number("number"),
            text("bank"),
            text("method"),
            number("created_at"),
            number("ask_at"),
            number("asks"),
        ],
    },
    Table {
        name: "events",
        sqlite: "events",
        key: "payment, seq",
        columns: &[
            text("payment"),
            number("seq"),
            number("at"),
            text("who"),
            text("kind"),
            // A provider's words could hold a zero byte, which no text of PostgreSQL's can.
            from(
                "dedupe",
                "replace(dedupe, char(0), char(65533))",
                Type::TEXT,
            ),
            text("detail"),
        ],
    },
    Table {
        name: "idempotency",
        sqlite: "idempotency",
        key: "shop, key",
        columns: &[
            text("shop"),
            text("key"),
            text("fingerprint"),
            text("payment"),
            text("answer"),
            number("created_at"),
        ],
    },
    Table {
        name: "webhooks",
        sqlite: "webhooks",
        key: "id",
        columns: &[
            text("id"),
            text("shop"),
            text("payment"),
            text("body"),
            number("created_at"),
            number("due_at"),
            number("tries"),
            number("claimed"),
            text("outcome"),
            number("position"),
            number("claim"),
        ],
    },
    Table {
        name: "refunds",
        sqlite: "refunds",
        key: "id",
        columns: &[
            text("id"),
            text("payment"),
            text("attempt"),
            number("cents"),
            text("status"),
            number("manual"),
            text("note"),
            number("created_at"),
            number("changed_at"),
        ],
    },
    Table {
        name: "endpoints",
        sqlite: "endpoints",
        key: "shop",
        columns: &[
            text("shop"),
            text("endpoint"),
            number("gone"),
            number("paused_until"),
        ],
    },
    Table {
        name: "reference_series",
        sqlite: "reference_series",
        key: "shop, prefix",
        columns: &[text("shop"), text("prefix"), number("last")],
    },
];

/// A value of a row.
pub(super) type Cell = Value<'static>;

/// A table that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has, here and there.
    pub rows: u64,
    /// SHA-256 over all its rows in the order of their keys, the same here and there.
    pub checksum: String,
}

/// Why nothing was moved.
#[derive(Debug)]
pub enum TransferError {
    /// The file cannot be used.
    Sqlite(sqlite::OpenError),
    /// The file's tables have this version; another is needed.
    Version(i64),
    /// The PostgreSQL cannot be used.
    Postgres(postgres::OpenError),
    /// This table of the PostgreSQL has rows already.
    NotEmpty(&'static str),
    /// This table cannot be read.
    Source(&'static str, StoreError),
    /// What arrived in this table is not what was sent.
    Differs(&'static str),
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Version(version) => write!(
                f,
                "the file's tables have version {version}: run `kassa migrate` on it first"
            ),
            Self::Postgres(error) => error.fmt(f),
            Self::NotEmpty(table) => write!(
                f,
                "the target is not empty, its table {table} has rows: expected a new database"
            ),
            Self::Source(table, error) => write!(f, "the file's table {table}: {error}"),
            Self::Differs(table) => write!(
                f,
                "what arrived in the table {table} is not what was sent; nothing was kept of it"
            ),
        }
    }
}

impl std::error::Error for TransferError {}

impl From<postgres::OpenError> for TransferError {
    fn from(error: postgres::OpenError) -> Self {
        Self::Postgres(error)
    }
}

impl From<tokio_postgres::Error> for TransferError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(schema::refused(error))
    }
}

/// Moves everything from a SQLite file, which is left as it is, to an empty database. All of it
/// arrives or nothing. Tells of each table when it has been compared.
///
/// # Errors
/// [`TransferError`]: also while a server has the file open.
pub async fn transfer(
    file: &Path,
    to: &PostgresAddress,
    mut tell: impl FnMut(&Moved),
) -> Result<Vec<Moved>, TransferError> {
    let mut export = Export::open(file)
        .map_err(TransferError::Sqlite)?
        .map_err(TransferError::Version)?;
    schema::migrate(to).await?;
    let mut client = schema::connect(to).await?;
    let transaction = client.transaction().await?;
    claim_empty(&transaction).await?;
    let mut all = Vec::new();
    for table in &TABLES {
        let (back, sent) = copy(export, &transaction, table).await?;
        export = back;
        if sent != arrived(&transaction, table).await? {
            return Err(TransferError::Differs(table.name));
        }
        let moved = sent.into_moved(table.name);
        tell(&moved);
        all.push(moved);
    }
    // The next message comes after all that were moved.
    transaction
        .execute(
            "select setval('webhook_positions', max(position)) from webhooks \
             having max(position) is not null",
            &[],
        )
        .await?;
    transaction.commit().await?;
    client.batch_execute("analyze").await?;
    Ok(all)
}

/// Keeps everybody else from writing until the end, and refuses tables that have rows.
async fn claim_empty(transaction: &Transaction<'_>) -> Result<(), TransferError> {
    for table in &TABLES {
        let lock = format!("lock table {} in exclusive mode", table.name);
        transaction.batch_execute(&lock).await?;
    }
    for table in &TABLES {
        let sql = format!("select 1 from {} limit 1", table.name);
        if transaction.query_opt(&sql, &[]).await?.is_some() {
            return Err(TransferError::NotEmpty(table.name));
        }
    }
    Ok(())
}

/// Rows counted and summed up.
#[derive(Default, Clone)]
struct Sum {
    rows: u64,
    digest: Sha256,
}

impl Sum {
    /// Each cell with its kind and length before it, so that no two rows look alike.
    fn add(&mut self, cells: &[Cell]) {
        self.rows = self.rows.saturating_add(1);
        for cell in cells {
            match cell {
                Cell::Null => self.digest.update([0]),
                Cell::Number(number) => {
                    self.digest.update([1]);
                    self.digest.update(number.to_be_bytes());
                }
                Cell::Text(text) => {
                    self.digest.update([2]);
                    self.digest.update(text.len().to_be_bytes());
                    self.digest.update(text.as_bytes());
                }
            }
        }
    }

    fn into_moved(self, table: &'static str) -> Moved {
        let digest = self.digest.finalize();
        Moved {
            table,
            rows: self.rows,
            checksum: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl PartialEq for Sum {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.digest.clone().finalize() == other.digest.clone().finalize()
    }
}

/// Sends a table; the sum is of what was read from the file.
async fn copy(
    export: Export,
    transaction: &Transaction<'_>,
    table: &'static Table,
) -> Result<(Export, Sum), TransferError> {
    let (sender, mut rows) = mpsc::channel::<Vec<Cell>>(ON_THE_WAY);
    let reading = tokio::task::spawn_blocking(move || {
        let mut sum = Sum::default();
        let read = export.rows(table, |cells| {
            sum.add(&cells);
            sender.blocking_send(cells).is_ok()
        });
        read.map(|()| (export, sum))
    });
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let kinds: Vec<Type> = table
        .columns
        .iter()
        .map(|column| column.kind.clone())
        .collect();
    let sql = format!(
        "copy {} ({}) from stdin (format binary)",
        table.name,
        names.join(", ")
    );
    let sink = transaction.copy_in(&sql).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
    while let Some(cells) = rows.recv().await {
        writer.as_mut().write_raw(cells).await?;
    }
    let source = |error| TransferError::Source(table.name, error);
    let read = reading
        .await
        .map_err(|_| source(StoreError::Unavailable))?
        .map_err(source)?;
    writer.finish().await?;
    Ok(read)
}

/// The sum of what the database answers when it is asked for the table.
async fn arrived(transaction: &Transaction<'_>, table: &Table) -> Result<Sum, TransferError> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let sql = format!(
        "select {} from {} order by {}",
        names.join(", "),
        table.name,
        table.key
    );
    let none: [&(dyn ToSql + Sync); 0] = [];
    let rows = transaction.query_raw(&sql, none).await?;
    let mut sum = Sum::default();
    rows.try_for_each(|row| {
        let cells = table.columns.iter().enumerate().map(|(index, column)| {
            Ok(if column.kind == Type::INT8 {
                Cell::from(row.try_get::<_, Option<i64>>(index)?)
            } else {
                Cell::from(row.try_get::<_, Option<String>>(index)?)
            })
        });
        future::ready(
            cells
                .collect::<Result<Vec<_>, _>>()
                .map(|cells| sum.add(&cells)),
        )
    })
    .await?;
    Ok(sum)
}
