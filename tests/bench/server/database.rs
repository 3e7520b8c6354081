//! What a server under load keeps its payments in.

use kassa_tests::services::Problem;

use crate::template::{Copy, Table};

/// Told of each payment that is written.
pub(crate) type Each<'a> = dyn FnMut(&Copy) -> Result<(), Problem> + 'a;

/// A database that a server has been started on once.
pub(crate) trait Database {
    /// What the server is told to find it.
    fn arguments(&self) -> Vec<String>;

    /// Reads all rows about a payment whose webhooks have been delivered.
    ///
    /// # Errors
    /// When the tables are not as expected.
    fn template(&self, id: &str) -> Result<Vec<Table>, Problem>;

    /// Writes so many more payments, hands each of them to `each`, and leaves nothing behind that
    /// the database would still have to do.
    ///
    /// # Errors
    /// When it cannot be written.
    fn fill(&self, tables: &[Table], count: u64, each: &mut Each<'_>) -> Result<(), Problem>;

    /// Keeps the payments as they are now. No server runs.
    ///
    /// # Errors
    /// When they cannot be copied.
    fn keep(&self) -> Result<(), Problem>;

    /// Puts back the payments that were kept. No server runs.
    ///
    /// # Errors
    /// When they cannot be copied.
    fn put_back(&self) -> Result<(), Problem>;

    /// How many bytes it takes.
    ///
    /// # Errors
    /// When that cannot be told.
    fn bytes(&self) -> Result<u64, Problem>;
}
