//! Which database a command works on.

use std::path::PathBuf;

use clap::Args;
use kassa_server::config::{Config, Database, DatabaseFlags, PostgresAddress};
use zeroize::Zeroizing;

/// Where the development configuration keeps its database.
const DEVELOPMENT: &str = "var";

/// The variable that names the database too. It may hold the password, which a command line,
/// readable for everybody on the machine, must not.
const DATABASE: &str = "KASSA_DATABASE_URL";
/// The variable that PostgreSQL's own programs take the password from.
const PASSWORD: &str = "PGPASSWORD";

#[derive(Args)]
#[command(next_help_heading = "Database")]
pub(super) struct DatabaseOptions {
    /// Where payments are kept, instead of what the configuration says: a SQLite file, or a
    /// PostgreSQL as postgres://USER@HOST/NAME. KASSA_DATABASE_URL says the same; there alone may
    /// the password stand in the address
    #[arg(long, value_name = "FILE|URL")]
    database: Option<String>,
    /// Where the password of the PostgreSQL is: file:PATH or env:NAME [default: env:PGPASSWORD]
    #[arg(long, value_name = "REFERENCE")]
    database_password: Option<String>,
    /// The authorities that vouch for the PostgreSQL, as PEM [default: those of the system]
    #[arg(long, value_name = "FILE")]
    database_ca: Option<PathBuf>,
    /// How many connections to the PostgreSQL this process holds at most [default: 16]
    #[arg(long, value_name = "NUMBER")]
    database_connections: Option<usize>,
}

impl DatabaseOptions {
    /// The database that is meant, where the configuration says `configured`.
    pub(super) fn apply(&self, configured: Option<Database>) -> Result<Option<Database>, String> {
        let variable = |name| std::env::var(name).ok().map(Zeroizing::new);
        let flags = DatabaseFlags {
            database: self.database.clone(),
            from_environment: variable(DATABASE),
            password: self.database_password.clone(),
            password_otherwise: variable(PASSWORD),
            ca: self.database_ca.clone(),
            connections: self.database_connections,
        };
        flags.apply(configured)
    }

    /// The same where the configuration always says one.
    pub(super) fn replace(&self, configured: Database) -> Result<Database, String> {
        self.apply(Some(configured))?
            .ok_or_else(|| "no database is named".to_owned())
    }
}

/// Where the database of a command is that does not serve.
#[derive(Args)]
pub(super) struct Where {
    /// The configuration file that names the database; no other secret of it is read than the
    /// database's password
    #[arg(long, value_name = "FILE", env = "KASSA_CONFIG")]
    config: Option<PathBuf>,
    /// The folder of the development configuration's database [default: var]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseOptions,
}

impl Where {
    /// The database that is meant.
    pub(super) fn database(&self) -> Result<Database, String> {
        let configured = match &self.config {
            Some(file) => Config::read_database(file).map_err(|error| error.to_string())?,
            None => {
                let folder = self.data.clone().unwrap_or_else(|| DEVELOPMENT.into());
                Database::Sqlite(folder.join("kassa.db"))
            }
        };
        self.database.replace(configured)
    }
}

/// How to come to a PostgreSQL that is named beside it.
#[derive(Args)]
pub(super) struct Access {
    /// Where its password is: file:PATH or env:NAME [default: env:PGPASSWORD]
    #[arg(long, value_name = "REFERENCE")]
    password: Option<String>,
    /// The authorities that vouch for it, as PEM [default: those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Access {
    /// The PostgreSQL at an address, or at the one that the environment names.
    pub(super) fn postgres(&self, address: Option<&str>) -> Result<PostgresAddress, String> {
        let options = DatabaseOptions {
            database: address.map(str::to_owned),
            database_password: self.password.clone(),
            database_ca: self.ca.clone(),
            database_connections: None,
        };
        match options.apply(None)? {
            Some(Database::Postgres(address)) => Ok(*address),
            _ => Err("--to: expected postgres://USER@HOST/NAME".to_owned()),
        }
    }
}
