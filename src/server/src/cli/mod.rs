//! The command line: one file for each command, and what they share.

mod database;
mod events;
mod failure;
mod keygen;
mod keys;
mod messages;
mod output;
mod payments;
mod refunds;
mod secret_file;
mod serve;
mod store;
mod table;
mod upkeep;
mod vetuma;
mod webhooks;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use kassa_server::{config::Config, openapi_text};

use failure::Failure;

/// Online bank payments for a Finnish web shop.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; standard error says why
  2  the command line is wrong
  3  what was asked for does not exist, or nothing matches
  4  the database cannot be used now: missing, locked, full, or of another version";

#[derive(Subcommand)]
enum Command {
    /// Serve. Without --config: the development configuration, for this machine only.
    Serve(Box<serve::Serve>),
    /// Test a configuration, and say what is wrong with it: file, line and key.
    ///
    /// Where its database can be read, also say of which attempts there it has no account any more:
    /// their customers may have paid, and nobody can be asked.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Look at payments.
    #[command(subcommand)]
    Payments(payments::Payments),
    /// Follow what happens.
    #[command(subcommand)]
    Events(events::Events),
    /// Look at messages to shops, and send them again.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Look at refunds, and settle those that nobody else can.
    #[command(subcommand)]
    Refunds(refunds::Refunds),
    /// Make keys for shops, and change them.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Make key pairs for providers.
    #[command(subcommand)]
    Keygen(keygen::Keygen),
    /// Look again at what was logged of VETUMA, which exists no more.
    ///
    /// No live VETUMA exists: the service closed at the end of 2017, and nobody can have an account
    /// there.
    #[command(subcommand)]
    Vetuma(vetuma::Vetuma),
    /// Bring the tables of a database up to date, as a server does when it starts.
    Migrate(upkeep::Migrate),
    /// Copy a SQLite database to a new file, while a server works on it, and check the copy.
    Backup(upkeep::Backup),
    /// Work on a database as a whole.
    #[command(subcommand)]
    Db(upkeep::Db),
    /// Print the OpenAPI document.
    Openapi,
    /// Print what makes a shell complete this command line.
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

const COMPLETIONS: &str = "\
Examples:
  kassa completions bash > ~/.local/share/bash-completion/completions/kassa
  kassa completions zsh > ~/.zfunc/_kassa       # a folder in $fpath
  kassa completions fish > ~/.config/fish/completions/kassa.fish";

/// Does what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(options) => serve::serve(&options),
        Command::Check { config } => check(&config),
        Command::Payments(command) => payments::payments(&command),
        Command::Events(command) => events::events(&command),
        Command::Webhooks(command) => webhooks::webhooks(&command),
        Command::Refunds(command) => refunds::refunds(&command),
        Command::Keys(command) => keys::keys(&command),
        Command::Keygen(command) => keygen::keygen(&command),
        Command::Vetuma(command) => vetuma::vetuma(&command),
        Command::Migrate(options) => upkeep::migrate(&options),
        Command::Backup(options) => upkeep::backup(&options),
        Command::Db(command) => upkeep::db(&command),
        Command::Openapi => openapi_text()
            .map_err(|error| Failure::from(error.to_string()))
            .and_then(|text| say(&text)),
        Command::Completions { shell } => completions(shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn check(file: &Path) -> Result<(), Failure> {
    let config = Config::read(file).map_err(|error| error.to_string())?;
    for shop in config.shops.values().filter(|shop| shop.vetuma.is_some()) {
        hint(&format!(
            "{}: answers software that speaks VETUMA, of which no live one exists",
            shop.id
        ));
    }
    store::tell_of_lost_accounts(&config);
    let shops = config.shops.len();
    say(&format!(
        "{}: right, {shops} {}\n",
        file.display(),
        if shops == 1 { "shop" } else { "shops" }
    ))
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "kassa", &mut text);
    say(&String::from_utf8_lossy(&text))
}

/// Says something to a person that is no part of the output.
fn hint(text: &str) {
    // Nobody has to hear it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a text, whole or with an error. Nobody needs it any more when the reader has gone, as
/// `head` does.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::of_output)
}
