//! `cargo xtask demo`: everything built, and server, simulator and demo shop running.

mod ports;
mod service;

use std::io::{IsTerminal as _, stdout};
use std::net::SocketAddr;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::{bins, front, progress, stop, toolchain};
use service::Service;

/// How long the programs may take to answer after they were started.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Do not open the shop in a browser
    #[arg(long)]
    no_open: bool,
    /// The server's port; simulator and shop get the two after it
    #[arg(long, value_name = "N", default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port: u16,
}

/// Builds what is not built, starts the three programs, and ends them when asked to.
///
/// # Errors
/// When a step fails or a program ends by itself; the message says what to do.
pub(crate) fn run(project: &Project, options: &Options) -> Result<ExitCode> {
    let began = Instant::now();
    stop::install()?;
    toolchain::ensure_wasm_target(project)?;
    front::build_for_demo(project)?;
    bins::build(
        project,
        &["kassa-server", "kassa-simulator"],
        &["kassa", "kassa-simulator", "kassa-demo-shop"],
    )?;
    let mut services = start(project, options.port)?;
    let result = serve(&mut services, began, options);
    for service in &mut services {
        service.end();
    }
    result?;
    eprintln!("ended: server, simulator and shop are stopped");
    Ok(ExitCode::SUCCESS)
}

fn start(project: &Project, first: u16) -> Result<Vec<Service>> {
    let [kassa, simulator, shop] = ports::choose(first)?;
    let logs = project.path("var/demo");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let plans = [
        (
            "server",
            "kassa",
            kassa,
            vec![
                "serve".to_owned(),
                format!("--data={}", project.path("var").display()),
                format!("--simulator={}", url(simulator)),
                format!("--shop={}", url(shop)),
            ],
        ),
        ("simulator", "kassa-simulator", simulator, vec![]),
        (
            "shop",
            "kassa-demo-shop",
            shop,
            vec![
                format!("--kassa={}", url(kassa)),
                format!("--simulator={}", url(simulator)),
            ],
        ),
    ];
    let mut services = Vec::new();
    for (name, program, address, args) in plans {
        let mut command = bins::built(project, program);
        command.args(args).arg(format!("--listen={address}"));
        match Service::start(name, command, address, &logs) {
            Ok(service) => services.push(service),
            Err(error) => {
                services.iter_mut().for_each(Service::end);
                return Err(error);
            }
        }
    }
    Ok(services)
}

/// Waits until all answer, shows where they are, and watches them until Ctrl-C.
fn serve(services: &mut [Service], began: Instant, options: &Options) -> Result<()> {
    progress::during("starting server, simulator and shop", || {
        await_all(services)
    })?;
    println!("\nready in {}\n", progress::seconds(began.elapsed()));
    print_addresses(services);
    if !options.no_open
        && let Some(shop) = services.iter().find(|service| service.name == "shop")
    {
        open(&url(shop.address));
    }
    loop {
        watch(services)?;
        if stop::requested() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn await_all(services: &mut [Service]) -> Result<()> {
    let began = Instant::now();
    loop {
        watch(services)?;
        if stop::requested() {
            bail!("ended by request");
        }
        let Some(silent) = services.iter().find(|service| !service.is_healthy()) else {
            return Ok(());
        };
        if began.elapsed() > START_LIMIT {
            bail!(
                "the {} does not answer at {}/healthz\n{}",
                silent.name,
                url(silent.address),
                silent.last_words()
            );
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Fails when one of the programs has ended by itself.
fn watch(services: &mut [Service]) -> Result<()> {
    for service in services {
        let Some(status) = service.ended()? else {
            continue;
        };
        // Ctrl-C reaches the programs too, and one of them may be faster than this one.
        thread::sleep(Duration::from_millis(200));
        if !stop::requested() {
            bail!(
                "the {} ended by itself ({status}), so all were ended\n{}",
                service.name,
                service.last_words()
            );
        }
    }
    Ok(())
}

fn print_addresses(services: &[Service]) {
    let address = |name| {
        let found = services.iter().find(|service| service.name == name);
        found.map_or_else(String::new, |service| url(service.address))
    };
    println!(
        "  shop       {}   open this: buy, pick a bank, pay",
        address("shop")
    );
    println!(
        "  server     {}   its API: /openapi.json",
        address("server")
    );
    println!(
        "  simulator  {}   the banks that the payments go to",
        address("simulator")
    );
    println!(
        "  old        {}/vetuma/old-software?to={}/vetuma/payment   software made for VETUMA, which is no more",
        address("simulator"),
        address("server")
    );
    println!("  logs       var/demo/*.log, data in var/");
    println!("\nCtrl-C ends all.");
}

/// Opens the page where there is a screen to see it on; the address is printed in any case.
fn open(url: &str) {
    let has_display = cfg!(target_os = "macos")
        || env::var_os("DISPLAY").is_some()
        || env::var_os("WAYLAND_DISPLAY").is_some();
    if !has_display || !stdout().is_terminal() {
        return;
    }
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let opened = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if opened.is_err() {
        eprintln!("note: {program} is missing, open the address yourself");
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
