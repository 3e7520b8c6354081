//! Where payments are kept: a SQLite file, or a PostgreSQL that several nodes share.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::secret;

/// How many connections a node holds at most when nothing is said.
const DEFAULT_CONNECTIONS: usize = 16;
/// More than so many help nobody: PostgreSQL has a process for each.
const MOST_CONNECTIONS: usize = 500;
/// Where PostgreSQL listens when the address does not say.
const DEFAULT_PORT: u16 = 5432;

/// Stands where an address has no host; no host has this name.
const NO_HOST: &str = "_";

/// Where payments are kept.
#[derive(Debug, Clone)]
pub enum Database {
    /// In this SQLite file, which one process has open.
    Sqlite(PathBuf),
    /// In a PostgreSQL, which any number of nodes share.
    Postgres(Box<PostgresAddress>),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

/// A database of a PostgreSQL, and how to come to it. `Display` and `Debug` hold no password.
#[derive(Clone)]
pub struct PostgresAddress {
    /// The machine, or the folder of the socket.
    pub host: PostgresHost,
    /// The port, of the socket's name too.
    pub port: u16,
    /// Who connects.
    pub user: String,
    /// The database's name.
    pub name: String,
    /// The user's password.
    pub password: Option<Zeroizing<String>>,
    /// How the connection is protected.
    pub tls: PostgresTls,
    /// How many connections this node holds at most.
    pub connections: usize,
}

/// Where a PostgreSQL listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresHost {
    /// A name or an address.
    Tcp(String),
    /// The folder that its Unix socket is in.
    Socket(PathBuf),
}

/// How the connection to a PostgreSQL is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresTls {
    /// Not at all.
    Off,
    /// By a certificate for the host's name from an authority that the system trusts.
    System,
    /// By a certificate for the host's name from one of these authorities.
    Authorities(Vec<CertificateDer<'static>>),
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user)?;
        match &self.host {
            PostgresHost::Tcp(host) => write!(f, "{host}:{}/{}", self.port, self.name),
            PostgresHost::Socket(folder) => {
                write!(f, "/{}?host={}", self.name, folder.display())
            }
        }
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

/// What is said about the database on the command line and in the environment, which goes before
/// what the configuration says.
#[derive(Default)]
pub struct DatabaseFlags {
    /// A file or an address, without a password.
    pub database: Option<String>,
    /// The same, from the environment: there it may hold the password.
    pub from_environment: Option<Zeroizing<String>>,
    /// A reference to the password: `file:PATH` or `env:NAME`.
    pub password: Option<String>,
    /// The password of whoever has none yet, as PostgreSQL's own programs have it: `PGPASSWORD`.
    pub password_otherwise: Option<Zeroizing<String>>,
    /// The file of the authorities that vouch for the database.
    pub ca: Option<PathBuf>,
    /// How many connections this node holds at most.
    pub connections: Option<usize>,
}

impl DatabaseFlags {
    /// The database that is meant, where the configuration says `configured`.
    ///
    /// # Errors
    /// What is wrong, as a sentence that names the option; never any of a password.
    pub fn apply(self, configured: Option<Database>) -> Result<Option<Database>, String> {
        let database = match (&self.database, &self.from_environment) {
            (Some(text), _) => {
                Some(Database::parse(text).map_err(|message| format!("--database: {message}"))?)
            }
            (None, Some(text)) => Some(
                Database::parse_secret(text)
                    .map_err(|message| format!("KASSA_DATABASE_URL: {message}"))?,
            ),
            (None, None) => configured,
        };
        let Some(Database::Postgres(mut address)) = database else {
            return match self.only_for_postgres() {
                Some(option) => Err(format!("{option}: {ONLY_FOR_POSTGRES}")),
                None => Ok(database),
            };
        };
        if let Some(reference) = &self.password {
            let password = secret::resolve(reference, Path::new(""))
                .map_err(|message| format!("--database-password: {message}"))?;
            address.password = Some(password);
        }
        if address.password.is_none() {
            address.password = self.password_otherwise;
        }
        if let Some(file) = &self.ca {
            address
                .trust(file)
                .map_err(|message| format!("--database-ca: {message}"))?;
        }
        if let Some(connections) = self.connections {
            address
                .limit(connections)
                .map_err(|message| format!("--database-connections: {message}"))?;
        }
        Ok(Some(Database::Postgres(address)))
    }

    fn only_for_postgres(&self) -> Option<&'static str> {
        [
            ("--database-password", self.password.is_some()),
            ("--database-ca", self.ca.is_some()),
            ("--database-connections", self.connections.is_some()),
        ]
        .into_iter()
        .find_map(|(option, given)| given.then_some(option))
    }
}

/// Why a setting of PostgreSQL's is refused beside a file.
pub(super) const ONLY_FOR_POSTGRES: &str = "expected only beside a postgres:// database";

/// Why a password is refused where it can be read.
const PASSWORD_IN_THE_OPEN: &str = "a password never stands in the address: name the file or the \
     variable that holds it with database_password or --database-password";

impl Database {
    /// Reads a file's path, or an address without a password.
    ///
    /// # Errors
    /// What is wrong and what was expected; never any of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match Self::parse_secret(text)? {
            Self::Postgres(address) if address.password.is_some() => {
                Err(PASSWORD_IN_THE_OPEN.to_owned())
            }
            database => Ok(database),
        }
    }

    /// Reads a file's path, or an address that may hold the password.
    ///
    /// # Errors
    /// What is wrong and what was expected; never any of the text.
    pub fn parse_secret(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("expected a file or postgres://USER@HOST/NAME".to_owned());
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return PostgresAddress::parse(text).map(|address| Self::Postgres(Box::new(address)));
        }
        // Neither a misspelt scheme nor another database is a file's name.
        match text.split_once("://") {
            Some(_) => Err("expected a file or postgres://USER@HOST/NAME".to_owned()),
            None => Ok(Self::Sqlite(PathBuf::from(text))),
        }
    }
}

impl PostgresAddress {
    fn parse(text: &str) -> Result<Self, String> {
        // A URL with a user has a host; the address of a socket has none.
        let url = Url::parse(&text.replacen("@/", &format!("@{NO_HOST}/"), 1))
            .map_err(|error| format!("expected postgres://USER@HOST/NAME: {error}"))?;
        let parameters = Parameters::of(&url)?;
        let host = parameters.host(&url)?;
        Ok(Self {
            tls: parameters.tls(&host)?,
            host,
            port: url.port().unwrap_or(DEFAULT_PORT),
            user: decoded(url.username())
                .filter(|user| !user.is_empty())
                .ok_or("expected a user: postgres://USER@HOST/NAME")?,
            name: url
                .path()
                .strip_prefix('/')
                .and_then(decoded)
                .filter(|name| !name.is_empty() && !name.contains('/'))
                .ok_or("expected the database's name: postgres://USER@HOST/NAME")?,
            password: url
                .password()
                .map(|password| decoded(password).ok_or("the password is not text"))
                .transpose()?
                .map(Zeroizing::new),
            connections: DEFAULT_CONNECTIONS,
        })
    }

    /// Trusts the authorities in a PEM file, and those alone.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn trust(&mut self, file: &Path) -> Result<(), String> {
        if self.tls == PostgresTls::Off {
            return Err(
                "expected only with TLS, which sslmode=disable or a host on this \
                        machine without sslmode=verify-full turns off"
                    .to_owned(),
            );
        }
        let pem = std::fs::read(file)
            .map_err(|error| format!("{} cannot be read: {}", file.display(), error.kind()))?;
        let authorities = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|found| !found.is_empty())
            .ok_or_else(|| format!("{}: expected certificates as PEM", file.display()))?;
        self.tls = PostgresTls::Authorities(authorities);
        Ok(())
    }

    /// Holds at most so many connections.
    ///
    /// # Errors
    /// When it is none, or more than make sense.
    pub(super) fn limit(&mut self, connections: usize) -> Result<(), String> {
        if !(1..=MOST_CONNECTIONS).contains(&connections) {
            return Err(format!("expected 1 to {MOST_CONNECTIONS}"));
        }
        self.connections = connections;
        Ok(())
    }
}

/// What an address says behind its question mark.
#[derive(Default)]
struct Parameters {
    sslmode: Option<String>,
    socket: Option<PathBuf>,
}

impl Parameters {
    fn of(url: &Url) -> Result<Self, String> {
        let mut parameters = Self::default();
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "sslmode" => parameters.sslmode = Some(value.into_owned()),
                "host" if value.starts_with('/') => {
                    parameters.socket = Some(PathBuf::from(value.into_owned()));
                }
                "host" => return Err("host: expected the folder of a socket".to_owned()),
                "password" => return Err(PASSWORD_IN_THE_OPEN.to_owned()),
                _ => return Err("expected no other parameters than sslmode and host".to_owned()),
            }
        }
        Ok(parameters)
    }

    fn host(&self, url: &Url) -> Result<PostgresHost, String> {
        let named = url
            .host_str()
            .filter(|host| !host.is_empty() && *host != NO_HOST);
        match (named, &self.socket) {
            (None, Some(folder)) => Ok(PostgresHost::Socket(folder.clone())),
            (Some(host), None) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                Ok(PostgresHost::Tcp(bare.to_owned()))
            }
            _ => Err(
                "expected a host, or the folder of a socket: postgres://USER@HOST/NAME, \
                      postgres://USER@/NAME?host=/FOLDER"
                    .to_owned(),
            ),
        }
    }

    /// Encrypted means verified: without a name and an authority anybody could be at the other
    /// end. What would fall back to plain text is not taken.
    fn tls(&self, host: &PostgresHost) -> Result<PostgresTls, String> {
        match (self.sslmode.as_deref(), host) {
            (_, PostgresHost::Socket(_)) | (Some("disable"), _) => Ok(PostgresTls::Off),
            (None, PostgresHost::Tcp(name)) if is_loopback(name) => Ok(PostgresTls::Off),
            (None | Some("require" | "verify-ca" | "verify-full"), _) => Ok(PostgresTls::System),
            (Some(_), _) => Err(
                "sslmode: expected disable, or verify-full (which require and \
                                 verify-ca mean here too)"
                    .to_owned(),
            ),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback()),
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains('\0')).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Database, DatabaseFlags, PostgresAddress, PostgresHost, PostgresTls, Zeroizing};

    fn address(text: &str) -> PostgresAddress {
        match Database::parse_secret(text) {
            Ok(Database::Postgres(address)) => *address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_is_read_whole() {
        let read = address("postgresql://k%40ssa:s%3Acret@db.example:6432/pay%20ments");
        assert_eq!(read.host, PostgresHost::Tcp("db.example".to_owned()));
        assert_eq!((read.port, read.user.as_str()), (6432, "k@ssa"));
        assert_eq!(read.name, "pay ments");
        assert_eq!(read.password.as_ref().map(|it| it.as_str()), Some("s:cret"));
        assert_eq!(read.tls, PostgresTls::System);
        let shown = format!("{read} {read:?}");
        assert!(!shown.contains("cret"), "{shown}");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified_unless_switched_off() {
        for (text, tls) in [
            ("postgres://k@db.example/p", PostgresTls::System),
            (
                "postgres://k@10.0.0.5/p?sslmode=require",
                PostgresTls::System,
            ),
            ("postgres://k@10.0.0.5/p?sslmode=disable", PostgresTls::Off),
            ("postgres://k@localhost/p", PostgresTls::Off),
            ("postgres://k@127.0.0.2/p", PostgresTls::Off),
            ("postgres://k@[::1]:5433/p", PostgresTls::Off),
            ("postgres://k@[2001:db8::1]/p", PostgresTls::System),
            (
                "postgres://k@localhost/p?sslmode=verify-full",
                PostgresTls::System,
            ),
            ("postgres://k@/p?host=/run/postgresql", PostgresTls::Off),
        ] {
            assert_eq!(address(text).tls, tls, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_repeating_it() {
        for (text, expected) in [
            ("postgres://db.example/p", "expected a user"),
            ("postgres://k@db.example", "expected the database's name"),
            (
                "postgres://k@db.example/a/b",
                "expected the database's name",
            ),
            ("postgres://k@db.example:port/p", "invalid port number"),
            ("postgres://k@/p", "expected a host"),
            (
                "postgres://k@db.example/p?sslmode=prefer",
                "sslmode: expected",
            ),
            (
                "postgres://k@db.example/p?sslmode=hunter2",
                "sslmode: expected",
            ),
            (
                "postgres://k@db.example/p?password=hunter2",
                "a password never",
            ),
            ("postgres://k@db.example/p?hunter2=1", "expected no other"),
            ("postgres://k:hunter2@db.example/p", "a password never"),
            (
                "mysql://k:hunter2@db.example/p",
                "expected a file or postgres://",
            ),
            ("", "expected a file or postgres://"),
        ] {
            let error = Database::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn flags_go_before_the_configuration_and_a_reference_before_the_environment() {
        let configured = || {
            Some(Database::Postgres(Box::new(address(
                "postgres://a@localhost/a",
            ))))
        };
        let password = |flags: DatabaseFlags| match flags.apply(configured()).unwrap() {
            Some(Database::Postgres(address)) => address.password.map(|it| it.to_string()),
            other => panic!("{other:?}"),
        };
        let otherwise = || Some(Zeroizing::new("otherwise".to_owned()));
        assert_eq!(password(DatabaseFlags::default()), None);
        assert_eq!(
            password(DatabaseFlags {
                password_otherwise: otherwise(),
                ..DatabaseFlags::default()
            })
            .as_deref(),
            Some("otherwise")
        );
        assert_eq!(
            password(DatabaseFlags {
                from_environment: Some(Zeroizing::new("postgres://a:own@localhost/a".to_owned())),
                password_otherwise: otherwise(),
                ..DatabaseFlags::default()
            })
            .as_deref(),
            Some("own")
        );
        let file = DatabaseFlags {
            database: Some("elsewhere.db".to_owned()),
            from_environment: Some(Zeroizing::new("postgres://a:own@localhost/a".to_owned())),
            ..DatabaseFlags::default()
        };
        assert!(matches!(
            file.apply(configured()),
            Ok(Some(Database::Sqlite(_)))
        ));
        let useless = DatabaseFlags {
            connections: Some(3),
            ..DatabaseFlags::default()
        };
        let error = useless.apply(None).unwrap_err();
        assert!(error.starts_with("--database-connections: "), "{error}");
    }
}
