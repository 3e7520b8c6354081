//! The connections: a pool with limits, TLS, and what an error of the database means here.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio_postgres::{
    Config, NoTls, Row,
    config::{SslMode, TargetSessionAttrs},
    error::{DbError, SqlState},
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::OpenError;
use crate::{
    config::{PostgresAddress, PostgresHost, PostgresTls},
    crash::{self, Point},
    store::StoreError,
};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an operation waits for a connection of the pool to be free.
const WAIT: Duration = Duration::from_secs(5);
/// How long the database works on a statement at most.
const STATEMENT: Duration = Duration::from_secs(8);
/// After so long without an answer nobody is at the other end any more.
const SILENCE: Duration = Duration::from_secs(10);
/// How often a statement is repeated that lost against another, or has to be prepared anew.
const REPEATS: usize = 5;

/// A statement's parameters.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The connections of this node.
#[derive(Debug)]
pub(super) struct Connections {
    pool: Pool,
}

/// How a connection is made.
pub(super) fn settings(address: &PostgresAddress) -> Config {
    let mut config = Config::new();
    match &address.host {
        PostgresHost::Tcp(host) => config.host(host),
        #[cfg(unix)]
        PostgresHost::Socket(folder) => config.host_path(folder),
        #[cfg(not(unix))]
        PostgresHost::Socket(folder) => config.host(folder.to_string_lossy()),
    };
    config
        .port(address.port)
        .user(&address.user)
        .dbname(&address.name)
        .application_name("kassa")
        .connect_timeout(CONNECT)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE)
        // Never a standby that can only be read.
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .ssl_mode(match address.tls {
            PostgresTls::Off => SslMode::Disable,
            PostgresTls::System | PostgresTls::Authorities(_) => SslMode::Require,
        });
    if let Some(password) = &address.password {
        config.password(password.as_bytes());
    }
    config
}

/// The limits of every connection that does the work, and how its statements are planned.
///
/// Each of ours has one good plan, which looks rows up by an index and serves any number of stored
/// payments. Left to itself PostgreSQL would read the whole of a table that is nearly empty, and
/// keep to that plan while the table grows.
fn limited(mut config: Config) -> Config {
    config.options(format!(
        "-c statement_timeout={} -c idle_in_transaction_session_timeout={} -c jit=off \
         -c enable_seqscan=off -c enable_indexonlyscan=off -c plan_cache_mode=force_generic_plan",
        STATEMENT.as_millis(),
        STATEMENT.as_millis()
    ));
    config
}

/// What encrypts the connection; `None` where nothing does.
pub(super) fn encryption(
    address: &PostgresAddress,
) -> Result<Option<MakeRustlsConnect>, OpenError> {
    let mut roots = RootCertStore::empty();
    match &address.tls {
        PostgresTls::Off => return Ok(None),
        PostgresTls::System => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        PostgresTls::Authorities(authorities) => {
            roots.add_parsable_certificates(authorities.iter().cloned());
        }
    }
    if roots.is_empty() {
        return Err(OpenError::Authorities);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| OpenError::Authorities)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}

impl Connections {
    pub(super) fn new(address: &PostgresAddress) -> Result<Self, OpenError> {
        let config = limited(settings(address));
        let recycling = ManagerConfig {
            // A connection that broke is known to have.
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match encryption(address)? {
            Some(tls) => Manager::from_config(config, tls, recycling),
            None => Manager::from_config(config, NoTls, recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(address.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .build()
            .map_err(|_| OpenError::Store(StoreError::Refused))?;
        Ok(Self { pool })
    }

    /// How they are used now.
    pub(super) fn usage(&self) -> super::super::Connections {
        let status = self.pool.status();
        super::super::Connections {
            most: status.max_size,
            busy: status.size.saturating_sub(status.available),
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// The rows that a statement answers.
    ///
    /// Always a statement alone, which is a transaction of its own: whoever asks may go away in
    /// the middle, and what is left of it ends by itself, whole or not at all.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut repeats = 0;
        loop {
            let client = self.pool.get().await.map_err(|_| StoreError::Unavailable)?;
            let asked = async {
                let statement = client.prepare_cached(sql).await?;
                crash::point(Point::BeforeStatement);
                let rows = client.query(&statement, parameters).await?;
                crash::point(Point::AfterStatement);
                Ok(rows)
            };
            let error = match tokio::time::timeout(SILENCE, asked).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => error,
                Err(_) => {
                    // Who comes next must not wait behind it.
                    drop(Object::take(client));
                    return Err(StoreError::Unavailable);
                }
            };
            match fault(&error) {
                Fault::Again if repeats < REPEATS => repeats += 1,
                Fault::Forgotten if repeats < REPEATS => {
                    client.statement_cache.clear();
                    repeats += 1;
                }
                Fault::Again | Fault::Forgotten | Fault::Unavailable => {
                    return Err(StoreError::Unavailable);
                }
                Fault::Refused(code) => {
                    // The state alone: the text may hold values.
                    tracing::error!(target: "kassa::store", code, "PostgreSQL refused a statement");
                    return Err(StoreError::Refused);
                }
            }
        }
    }

    /// The one row of a statement that always answers one.
    pub(super) async fn row(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Row, StoreError> {
        self.query(sql, parameters)
            .await?
            .pop()
            .ok_or(StoreError::Corrupt("answer"))
    }
}

/// What an error of the database means.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// It lost against another that ran at the same time; nothing was done.
    Again,
    /// The connection does not know the prepared statement, or the tables changed since; nothing
    /// was done.
    Forgotten,
    /// It may work again later.
    Unavailable,
    /// A fault of the program; holds the SQLSTATE.
    Refused(String),
}

/// The keys of requests: one that is written twice at the same time was another's a moment before.
const KEYS: &str = "idempotency_pkey";

fn fault(error: &tokio_postgres::Error) -> Fault {
    if error.as_db_error().and_then(DbError::constraint) == Some(KEYS) {
        return Fault::Again;
    }
    // Without a state it is the connection that failed.
    error.code().map_or(Fault::Unavailable, fault_of)
}

fn fault_of(state: &SqlState) -> Fault {
    let code = state.code();
    match code {
        // Lost: serialization failure, deadlock.
        "40001" | "40P01" => Fault::Again,
        // Another plan is needed after a migration; a pooler in between gave another connection.
        "0A000" | "26000" => Fault::Forgotten,
        // Read-only, as after a failover; no right to write, as with files on a read-only disk; a
        // lock that took too long; no such database.
        "25006" | "42501" | "55P03" | "3D000" => Fault::Unavailable,
        _ => match code.get(..2) {
            // Connection, authorization, resources (disk, memory, connections), operator
            // intervention (shutdown, start, cancelled by time), system errors, internal errors.
            Some("08" | "28" | "53" | "57" | "58" | "XX") => Fault::Unavailable,
            _ => Fault::Refused(code.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::error::SqlState;

    use super::{Fault, fault_of};

    #[test]
    fn what_heals_by_itself_is_told_from_a_fault_of_ours() {
        for state in [
            SqlState::DISK_FULL,
            SqlState::IO_ERROR,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::QUERY_CANCELED,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::INVALID_PASSWORD,
        ] {
            assert_eq!(fault_of(&state), Fault::Unavailable, "{state:?}");
        }
        assert_eq!(fault_of(&SqlState::T_R_DEADLOCK_DETECTED), Fault::Again);
        assert_eq!(
            fault_of(&SqlState::UNIQUE_VIOLATION),
            Fault::Refused("23505".to_owned())
        );
    }
}
