//! A PostgreSQL of the tests' own: a private cluster on loopback, gone when it is dropped.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use super::{
    Problem, free_port,
    process::{append, end, lock, spawn},
    wait_for,
};

/// Names the folder that holds `initdb` and `postgres`.
const FOLDER_VARIABLE: &str = "KASSA_POSTGRES_BIN";
/// What is run of it.
const PROGRAMS: [&str; 5] = ["initdb", "pg_ctl", "pg_isready", "postgres", "psql"];
/// Where Debian keeps each version's programs, in `VERSION/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Whom it runs as when we are root, which it refuses to run as: the first one that exists.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];
/// It is ready within so long, also after a crash, or it will never be.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often another port is tried when somebody else took the first one.
const PORTS: usize = 3;

/// The user that needs no password.
const USER: &str = "kassa";

/// A running cluster with the user `kassa`, who needs no password here; any other user does.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    account: Option<Account>,
    folder: TempDir,
    settings: Vec<String>,
    variables: Vec<(String, String)>,
    port: u16,
    postmaster: Option<Arc<Mutex<Child>>>,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes a cluster and starts it. It keeps what it acknowledged through a crash: `fsync` and
    /// `synchronous_commit` are on.
    ///
    /// # Errors
    /// When its programs are missing, or it does not start; with the end of its log.
    pub fn start_new() -> Result<Self, Problem> {
        Self::with(&[])
    }

    /// The same with settings as `postgresql.conf` has them: `("max_connections", "50")`.
    ///
    /// # Errors
    /// When its programs are missing, or it does not start; with the end of its log.
    pub fn with(settings: &[(&str, &str)]) -> Result<Self, Problem> {
        Self::within(settings, &[])
    }

    /// The same with variables in its environment.
    ///
    /// # Errors
    /// When its programs are missing, or it does not start; with the end of its log.
    pub fn within(settings: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Self, Problem> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("kassa-pg-").tempdir()?;
        let account = Account::needed()?;
        if let Some(account) = &account {
            account.give(folder.path())?;
        }
        let mut cluster = Self {
            programs,
            account,
            folder,
            settings: settings
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            port: 0,
            postmaster: None,
            databases: AtomicU32::new(0),
        };
        cluster.initialise()?;
        for _ in 1..PORTS {
            cluster.port = free_port()?;
            if cluster.start().is_ok() {
                return Ok(cluster);
            }
        }
        cluster.port = free_port()?;
        cluster.start()?;
        Ok(cluster)
    }

    /// The address of a database in it: `postgres://kassa@127.0.0.1:40001/name`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens on 127.0.0.1; the same after a crash.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database, and tells its address.
    ///
    /// # Errors
    /// When it cannot be made; with what was said.
    pub fn create_database(&self) -> Result<String, Problem> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("create database {name}"))?;
        Ok(self.url(&name))
    }

    /// Runs SQL in a database as its owner, and tells what it printed: rows in lines, columns
    /// parted by `|`.
    ///
    /// # Errors
    /// When it is refused; with what was said.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, Problem> {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql])
            .arg(self.url(database));
        output(psql)
    }

    /// Ends all its processes at once, as a crash of the machine's memory would: nothing is
    /// finished, nothing more is written, connections break.
    ///
    /// # Errors
    /// When it does not run.
    pub fn crash(&mut self) -> Result<(), Problem> {
        let postmaster = self.postmaster.take().ok_or("PostgreSQL does not run")?;
        // Its "immediate" mode: each process is told to go without cleaning up. A SIGKILL for the
        // first one would leave the others on their own for a while, and the port with them.
        let told = self.control(&["stop", "--mode=immediate", "--wait"]);
        // Whether it could be told or not: nothing of it may be left.
        let gone = end(&postmaster);
        told?;
        Ok(gone?)
    }

    /// Starts it again, at the same address; waits until it has recovered and answers.
    ///
    /// # Errors
    /// When it runs, or does not start; with the end of its log.
    pub fn start(&mut self) -> Result<(), Problem> {
        if self.postmaster.is_some() {
            return Err("PostgreSQL runs already".into());
        }
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(append(&self.log())?)
            .stderr(append(&self.log())?);
        let postmaster = spawn(&mut command)
            .map_err(|error| format!("PostgreSQL cannot be started: {error}"))?;
        let ready = wait_for("PostgreSQL to answer", PATIENCE, || {
            if let Ok(Some(status)) = lock(&postmaster).try_wait() {
                return Some(Err(format!("PostgreSQL ended at its start: {status}")));
            }
            self.answers().then_some(Ok(()))
        });
        match ready {
            Ok(Ok(())) => {
                self.postmaster = Some(postmaster);
                Ok(())
            }
            Ok(Err(error)) => Err(format!("{error}\n{}", self.tail()).into()),
            Err(error) => {
                let _ = end(&postmaster);
                Err(format!("{error}\n{}", self.tail()).into())
            }
        }
    }

    /// Serves TLS too from now on, with this certificate and its key, both PEM.
    ///
    /// # Errors
    /// When the files cannot be written, or it does not take them.
    pub fn enable_tls(&self, certificate: &str, key: &str) -> Result<(), Problem> {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.data().join(name);
            fs::write(&file, text)?;
            restrict(&file)?;
            if let Some(account) = &self.account {
                account.give(&file)?;
            }
        }
        self.sql("postgres", "alter system set ssl = on")?;
        self.sql("postgres", "select pg_reload_conf()")?;
        wait_for("PostgreSQL to take its certificate", PATIENCE, || {
            let shown = self.sql("postgres", "show ssl").ok()?;
            (shown.trim() == "on").then_some(())
        })
    }

    /// Where its files are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self) -> Result<(), Problem> {
        let mut initdb = self.command("initdb");
        initdb
            .arg("--pgdata")
            .arg(self.data())
            // Who may come in is written below, before it is started.
            .args(["--username", USER, "--auth=trust"])
            .args(["--encoding=UTF8", "--no-locale", "--no-instructions"])
            // The files of an empty cluster need not outlast a power cut.
            .arg("--no-sync");
        output(initdb)?;
        let rules = format!(
            "host all {USER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        );
        Ok(fs::write(self.data().join("pg_hba.conf"), rules)?)
    }

    fn answers(&self) -> bool {
        let mut ready = self.command("pg_isready");
        ready
            .args(["--quiet", "--host=127.0.0.1", "--port"])
            .arg(self.port.to_string());
        ready.status().is_ok_and(|status| status.success())
    }

    fn control(&self, words: &[&str]) -> Result<String, Problem> {
        let mut control = self.command("pg_ctl");
        control
            .args(words)
            .arg("--silent")
            .arg("-D")
            .arg(self.data());
        output(control)
    }

    /// A program of PostgreSQL's, as the account that its files belong to.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match &self.account {
            None => Command::new(program),
            Some(account) => account.command(&program),
        };
        // The arguments alone say what is done, whatever its user has set up.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The last lines of its log.
    fn tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.postmaster.is_some() {
            // It may have been ended by somebody else; then there is nothing to end.
            let _ = self.crash();
        }
    }
}

/// An account of the machine that is not root.
#[derive(Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// `None` when we are not root and run it ourselves.
    fn needed() -> Result<Option<Self>, Problem> {
        if id(&["-u"])? != 0 {
            return Ok(None);
        }
        for name in ACCOUNTS {
            if let (Ok(user), Ok(group)) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Some(Self { user, group }));
            }
        }
        Err("PostgreSQL does not run as root, and there is no account to run it as".into())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", self.user))
            .arg(format!("--regid={}", self.group))
            .arg("--clear-groups")
            .arg(program);
        command
    }

    #[cfg(unix)]
    fn give(&self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
    }

    #[cfg(not(unix))]
    fn give(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A number that `id` prints.
fn id(words: &[&str]) -> Result<u32, Problem> {
    let mut command = Command::new("id");
    command.args(words);
    Ok(output(command)?.trim().parse()?)
}

/// The folder of PostgreSQL's programs: the one named, one of the path's, or Debian's newest.
fn programs() -> Result<PathBuf, Problem> {
    if let Some(named) = env::var_os(FOLDER_VARIABLE) {
        return Ok(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(debian());
    folders
        .into_iter()
        .find(|folder| PROGRAMS.iter().all(|name| folder.join(name).is_file()))
        .ok_or_else(|| {
            format!(
                "PostgreSQL is missing: install it, for instance `apt-get install postgresql`, \
                 or name the folder of its programs with {FOLDER_VARIABLE}"
            )
            .into()
        })
}

/// The folders of Debian's versions, the newest first.
fn debian() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}

/// Runs a program to its end, and tells what it printed.
fn output(mut command: Command) -> Result<String, Problem> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", name(&command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {}", name(&command), said.trim()).into())
}

fn name(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

#[cfg(unix)]
fn restrict(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Postgres;

    #[test]
    fn a_cluster_keeps_what_it_said_through_a_crash_and_goes_without_a_trace() {
        let mut cluster = Postgres::start_new().unwrap();
        let url = cluster.create_database().unwrap();
        let name = url.rsplit('/').next().unwrap().to_owned();
        cluster.sql(&name, "create table t (x int)").unwrap();
        cluster.sql(&name, "insert into t values (7)").unwrap();
        assert_eq!(cluster.sql(&name, "show fsync").unwrap().trim(), "on");
        cluster.crash().unwrap();
        assert!(cluster.sql(&name, "select x from t").is_err());
        cluster.start().unwrap();
        assert_eq!(cluster.url(&name), url);
        assert_eq!(cluster.sql(&name, "select x from t").unwrap().trim(), "7");
        let data = cluster.data();
        assert!(data.is_dir());
        drop(cluster);
        assert!(!data.exists());
    }

    #[test]
    fn who_has_no_password_stays_outside() {
        let cluster = Postgres::start_new().unwrap();
        cluster
            .sql("postgres", "create role other login password 'right'")
            .unwrap();
        let mut psql = cluster.command("psql");
        psql.args(["--no-password", "--command", "select 1"])
            .arg(cluster.url("postgres").replace(super::USER, "other"));
        let error = super::output(psql).unwrap_err().to_string();
        assert!(error.contains("no password supplied"), "{error}");
    }
}
