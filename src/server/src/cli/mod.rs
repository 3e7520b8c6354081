//! The command line: one file for each command, and what they share.

mod database;
mod keys;
mod serve;
mod upkeep;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use kassa_server::{config::Config, openapi_text};

/// Online bank payments for a Finnish web shop.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve. Without --config: the development configuration, for this machine only.
    Serve(Box<serve::Serve>),
    /// Test a configuration, and say what is wrong with it: file, line and key.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Bring the tables of a database up to date, as a server does when it starts.
    Migrate(upkeep::Migrate),
    /// Copy a SQLite database to a new file, while a server works on it, and check the copy.
    Backup(upkeep::Backup),
    /// Work on a database as a whole.
    #[command(subcommand)]
    Db(upkeep::Db),
    /// Print the OpenAPI document.
    Openapi,
    /// Make keys for shops.
    #[command(subcommand)]
    Keys(keys::Keys),
}

/// Does what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(options) => serve::serve(&options),
        Command::Check { config } => check(&config),
        Command::Migrate(options) => upkeep::migrate(&options),
        Command::Backup(options) => upkeep::backup(&options),
        Command::Db(command) => upkeep::db(&command),
        Command::Openapi => openapi_text()
            .map_err(|error| error.to_string())
            .and_then(|text| say(&text)),
        Command::Keys(command) => keys::keys(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nothing can be done when even that fails.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &Path) -> Result<(), String> {
    let config = Config::read(file).map_err(|error| error.to_string())?;
    let shops = config.shops.len();
    say(&format!(
        "{}: right, {shops} {}\n",
        file.display(),
        if shops == 1 { "shop" } else { "shops" }
    ))
}

/// Prints a text, whole or with an error.
fn say(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}
