//! Where a fault happens: the simulator, the shop's end of the webhooks, and servers that can be
//! started again on the same port and data.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{cluster::Cluster, damage, preload::Preload, simulator::Simulator, webhooks::Receiver};
use crate::services::{Binaries, Problem, Service, free_port};

/// What a fault is run with.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The programs.
    pub(crate) binaries: Binaries,
    /// The PostgreSQL that keeps the payments; SQLite does without one.
    pub(crate) cluster: Option<Cluster>,
    /// How much is done: so many kills, and of other things in proportion.
    pub(crate) kills: usize,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
}

impl Bench {
    /// The PostgreSQL.
    ///
    /// # Errors
    /// When the payments are kept by SQLite.
    pub(crate) fn cluster(&self) -> Result<&Cluster, Problem> {
        Ok(self.cluster.as_ref().ok_or("this needs PostgreSQL")?)
    }
}

/// How a world differs from the plain one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setting {
    /// The server's disk and clock can be meddled with.
    pub(crate) preload: bool,
    /// Where the server sends webhooks, when not straight to the shop.
    pub(crate) shop: Option<String>,
    /// Where the server calls the provider, when not straight at the simulator.
    pub(crate) provider: Option<String>,
    /// Where the provider sends callbacks, when not straight to the server.
    pub(crate) public: Option<String>,
    /// The port of the database, when not PostgreSQL's own.
    pub(crate) database_port: Option<u16>,
    /// Another program as the server.
    pub(crate) program: Option<PathBuf>,
    /// Banks are come to by ecommpay's Gate.
    pub(crate) gate: bool,
}

impl Setting {
    /// The server with crash points, which writes SQLite's log back all the time, as others do under
    /// load only.
    ///
    /// # Errors
    /// When nobody built it.
    pub(crate) fn short_log(bench: &Bench) -> Result<Self, Problem> {
        Ok(Self {
            program: Some(bench.binaries.crash_points()?.to_owned()),
            ..Self::default()
        })
    }

    /// Where the server's disk and clock can be meddled with.
    pub(crate) fn meddled(self) -> Self {
        Self {
            preload: true,
            ..self
        }
    }
}

/// A world; all of it ends with this.
#[derive(Debug)]
pub(crate) struct World<'a> {
    /// The shop's end of the webhooks.
    pub(crate) shop: Receiver,
    /// The other side, which never fails by itself.
    pub(crate) simulator: Simulator,
    /// How to start the server.
    pub(crate) start: Start,
    /// Where customers come back to.
    pub(crate) return_url: String,
    /// Whether a server that waits may be helped over a pause.
    pub(crate) may_help: bool,
    /// The server's disk and clock, where they can be meddled with.
    preload: Option<Preload>,
    data: PathBuf,
    /// The cluster, and the database in it.
    database: Option<(&'a Cluster, String)>,
    _other_side: Service,
}

impl<'a> World<'a> {
    /// Starts everything but the server, in a folder of its own.
    ///
    /// # Errors
    /// When a program does not start.
    pub(crate) fn open(
        bench: &'a Bench,
        folder: &Path,
        setting: &Setting,
    ) -> Result<Self, Problem> {
        let shop = Receiver::start()?;
        let anywhere = ["--listen".to_owned(), "127.0.0.1:0".to_owned()];
        let simulator = &bench.binaries.simulator;
        let other_side = Service::start("simulator", simulator, &anywhere, &[], folder)?;
        let folder = folder.canonicalize()?;
        let data = folder.join("data");
        std::fs::create_dir_all(&data)?;
        let preload = setting
            .preload
            .then(|| Preload::compile(&folder, &data))
            .transpose()?;
        let provider = setting.provider.as_deref().unwrap_or(other_side.url());
        let webhooks = setting.shop.as_deref().unwrap_or(shop.url());
        let database = match &bench.cluster {
            Some(cluster) => Some((cluster, cluster.new_database()?)),
            None => None,
        };
        let program = setting.program.as_ref().unwrap_or(&bench.binaries.kassa);
        let mut start = Start::new(program, &folder)?;
        start.say(&["--simulator", provider, "--shop", webhooks]);
        match &database {
            None => start.say(&["--data", &data.display().to_string()]),
            Some((cluster, name)) => {
                let port = setting.database_port.unwrap_or(cluster.postgres().port());
                let url = format!("postgres://kassa@127.0.0.1:{port}/{name}");
                start.say(&["--database", &url]);
            }
        }
        if setting.gate {
            start.say(&["--gate"]);
        }
        if let Some(public) = &setting.public {
            start.say(&["--public-url", public]);
        }
        start.variables = preload.as_ref().map_or_else(Vec::new, Preload::variables);
        Ok(Self {
            simulator: Simulator::new(other_side.url(), provider),
            return_url: format!("{webhooks}/thanks"),
            may_help: true,
            shop,
            start,
            preload,
            data,
            database,
            _other_side: other_side,
        })
    }

    /// The server's disk and clock.
    ///
    /// # Errors
    /// When the world was opened without.
    pub(crate) fn preload(&self) -> Result<&Preload, Problem> {
        Ok(self.preload.as_ref().ok_or("nothing is preloaded")?)
    }

    /// Whether the payments are kept by PostgreSQL.
    pub(crate) const fn has_database(&self) -> bool {
        self.database.is_some()
    }

    /// The server's data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Lets so much time pass for the work that waits, where that can be: by PostgreSQL's clock, or
    /// by a restart of the server at a later time.
    pub(crate) fn later(&self, mut server: Service, by_ms: i64) -> Result<Service, Problem> {
        self.put_clocks_forward(by_ms)?;
        if self.database.is_none() && self.preload.is_some() {
            server.kill()?;
            server = self.start.start()?;
        }
        Ok(server)
    }

    /// Puts the clock forward that work is measured by: PostgreSQL's, or that of the server when
    /// it is started the next time.
    pub(crate) fn put_clocks_forward(&self, by_ms: i64) -> Result<(), Problem> {
        match (&self.database, &self.preload) {
            (Some((cluster, _)), _) => cluster.clock().put_clock_forward(by_ms),
            (None, Some(preload)) => preload.put_clock_forward(by_ms),
            (None, None) => Ok(()),
        }
    }

    /// What the database itself finds wrong with its files.
    pub(crate) fn damage(&self) -> Result<Vec<String>, Problem> {
        match &self.database {
            None => damage::in_folder(&self.data),
            Some((cluster, name)) => Ok(cluster.damage(name)),
        }
    }
}

/// How to start a server.
#[derive(Debug)]
pub(crate) struct Start {
    name: String,
    program: PathBuf,
    /// The same port each time.
    listen: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Where its output goes.
    logs: PathBuf,
    /// The longest that a start took.
    slowest: Mutex<Duration>,
}

impl Start {
    fn new(program: &Path, logs: &Path) -> Result<Self, Problem> {
        Ok(Self {
            name: "kassa".to_owned(),
            program: program.to_owned(),
            listen: format!("127.0.0.1:{}", free_port()?),
            arguments: Vec::new(),
            variables: Vec::new(),
            logs: logs.to_owned(),
            slowest: Mutex::default(),
        })
    }

    fn say(&mut self, words: &[&str]) {
        self.arguments.extend(words.iter().map(ToString::to_string));
    }

    /// The same server once more, at another port; callbacks still come to the first one.
    pub(crate) fn another(&self, number: usize) -> Result<Self, Problem> {
        let mut another = Self::new(&self.program, &self.logs)?;
        another.name = format!("kassa-{number}");
        another.arguments.clone_from(&self.arguments);
        another.say(&["--public-url", &format!("http://{}", self.listen)]);
        another.variables.clone_from(&self.variables);
        Ok(another)
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(&self) -> Result<Service, Problem> {
        self.start_with(&[])
    }

    /// The same with more variables.
    pub(crate) fn start_with(&self, more: &[(&'static str, String)]) -> Result<Service, Problem> {
        let begun = Instant::now();
        let mut service = self.launch_with(more)?;
        service.await_ready()?;
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        *slowest = begun.elapsed().max(*slowest);
        Ok(service)
    }

    /// Starts the server and waits for nothing.
    pub(crate) fn launch_with(&self, more: &[(&'static str, String)]) -> Result<Service, Problem> {
        let all = self.variables.iter().chain(more);
        let variables: Vec<_> = all.map(|(name, value)| (*name, value.as_str())).collect();
        let first = ["serve", "--listen", &self.listen].map(str::to_owned);
        let arguments = [&first, self.arguments.as_slice()].concat();
        Service::launch(
            &self.name,
            &self.program,
            &arguments,
            &variables,
            &self.logs,
        )
    }

    /// The longest that a start took so far.
    pub(crate) fn slowest(&self) -> Duration {
        *self.slowest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
