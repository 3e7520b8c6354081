//! Where a fault happens: the simulator, the shop's end of the webhooks, and a server that can be
//! started again on the same port and data.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{preload::Preload, simulator::Simulator, webhooks::Receiver};
use crate::services::{Binaries, Problem, Service, free_port};

/// What a fault is run with.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The programs.
    pub(crate) binaries: Binaries,
    /// How much is done: so many kills, and of other things in proportion.
    pub(crate) kills: usize,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
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
}

impl Setting {
    /// The server's disk and clock can be meddled with.
    pub(crate) fn meddled() -> Self {
        Self {
            preload: true,
            ..Self::default()
        }
    }
}

/// A world; all of it ends with this.
#[derive(Debug)]
pub(crate) struct World {
    /// The shop's end of the webhooks.
    pub(crate) shop: Receiver,
    /// The other side, which never fails by itself.
    pub(crate) simulator: Simulator,
    /// How to start the server.
    pub(crate) start: Start,
    /// Where customers come back to.
    pub(crate) return_url: String,
    /// Whether a server that waits may be helped by a restart.
    pub(crate) may_restart: bool,
    /// The server's disk and clock, where they can be meddled with.
    preload: Option<Preload>,
    data: PathBuf,
    _other_side: Service,
}

impl World {
    /// Starts everything but the server, in a folder of its own.
    ///
    /// # Errors
    /// When a program does not start.
    pub(crate) fn open(bench: &Bench, folder: &Path, setting: &Setting) -> Result<Self, Problem> {
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
        let start = Start {
            program: bench.binaries.kassa.clone(),
            arguments: arguments(&data, provider, webhooks, setting.public.as_deref())?,
            variables: preload.as_ref().map(Preload::variables).unwrap_or_default(),
            logs: folder,
            slowest: Mutex::default(),
        };
        Ok(Self {
            simulator: Simulator::new(other_side.url(), provider),
            return_url: format!("{webhooks}/thanks"),
            may_restart: true,
            shop,
            start,
            preload,
            data,
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

    /// The same, where there is one and the server may be started again at another time.
    pub(crate) fn clock(&self) -> Option<&Preload> {
        self.preload.as_ref().filter(|_| self.may_restart)
    }

    /// The server's data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

fn arguments(
    data: &Path,
    provider: &str,
    shop: &str,
    public: Option<&str>,
) -> Result<Vec<String>, Problem> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let data = data
        .to_str()
        .ok_or("the temporary folder has an odd name")?;
    let mut arguments = vec![
        "serve",
        "--listen",
        &listen,
        "--data",
        data,
        "--simulator",
        provider,
        "--shop",
        shop,
    ];
    arguments.extend(public.iter().flat_map(|url| ["--public-url", *url]));
    Ok(arguments.into_iter().map(str::to_owned).collect())
}

/// How to start the server.
#[derive(Debug)]
pub(crate) struct Start {
    program: PathBuf,
    /// The same port and data folder each time.
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Where its output goes.
    logs: PathBuf,
    /// The longest that a start took.
    slowest: Mutex<Duration>,
}

impl Start {
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
        Service::launch(
            "kassa",
            &self.program,
            &self.arguments,
            &variables,
            &self.logs,
        )
    }

    /// The longest that a start took so far.
    pub(crate) fn slowest(&self) -> Duration {
        *self.slowest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
