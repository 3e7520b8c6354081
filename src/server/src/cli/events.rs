//! `kassa events`.

use std::time::Duration;

use clap::{Args, Subcommand};
use kassa_server::{
    clock,
    store::{Message, MessageFilter, Store},
};

use super::{
    Failure,
    database::Where,
    messages::{self, Said, Shown},
    output::{Form, json_line},
    say,
    table::plain,
};

/// How often the store is asked for more.
const PAUSE: Duration = Duration::from_secs(1);
/// How many messages are read at once.
const PAGE: u32 = 500;

#[derive(Subcommand)]
pub(super) enum Events {
    /// Print what shops are told as it happens, until Ctrl-C
    #[command(after_help = TAIL)]
    Tail(Tail),
}

const TAIL: &str = "\
Examples:
  kassa events tail --config kassa.toml
  kassa events tail --shop puoti --lines 0 --json | jq .event.data.status
  kassa events tail --after msg_0123456789abcdefghjkmnpq --json    # go on where a program stopped

Each line is a message to a shop, whether it was delivered or not. Exit code 3: no message has the
identifier of --after.";

#[derive(Args)]
pub(super) struct Tail {
    /// Only to this shop
    #[arg(long, value_name = "SHOP")]
    shop: Option<String>,
    /// Begin after this message, and print all that came since
    #[arg(long, value_name = "MESSAGE")]
    after: Option<String>,
    /// Begin with the last so many
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 10, conflicts_with = "after", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    lines: u32,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

pub(super) fn events(command: &Events) -> Result<(), Failure> {
    let Events::Tail(options) = command;
    options.database.work(async |store| {
        tokio::select! {
            ended = tail(store, options) => ended,
            // It has no end of its own: this is how it is asked to stop.
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

async fn tail(store: &dyn Store, options: &Tail) -> Result<(), Failure> {
    let mut last = match &options.after {
        Some(id) => Some(messages::find(store, id).await?.id),
        None => latest(store, options).await?,
    };
    loop {
        let filter = MessageFilter {
            shop: options.shop.clone(),
            after: last.clone(),
            limit: PAGE,
            ..MessageFilter::default()
        };
        let page = store.messages(filter).await?;
        tell(&page, options)?;
        if let Some(message) = page.last() {
            last = Some(message.id.clone());
        }
        if u32::try_from(page.len()) != Ok(PAGE) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Prints the last messages that there are, and answers which is the very last.
async fn latest(store: &dyn Store, options: &Tail) -> Result<Option<String>, Failure> {
    let filter = MessageFilter {
        shop: options.shop.clone(),
        newest_first: true,
        // Also with none to print: what comes after it is new.
        limit: options.lines.max(1),
        ..MessageFilter::default()
    };
    let mut page = store.messages(filter).await?;
    page.reverse();
    let last = page.last().map(|message| message.id.clone());
    if options.lines > 0 {
        tell(&page, options)?;
    }
    Ok(last)
}

fn tell(page: &[Message], options: &Tail) -> Result<(), Failure> {
    let mut lines = String::new();
    for message in page {
        if options.form.json {
            lines.push_str(&json_line(&Shown::of(message)?)?);
        } else {
            lines.push_str(&line(message)?);
        }
    }
    if lines.is_empty() {
        Ok(())
    } else {
        say(&lines)
    }
}

fn line(message: &Message) -> Result<String, Failure> {
    let said = Said::by(message)?;
    Ok(format!(
        "{}  {}  {}  {:>12}  {:<15}  {:<21}  {}  {}\n",
        clock::local(message.at),
        plain(&message.shop),
        plain(&message.payment),
        said.amount,
        plain(&said.event),
        plain(&said.status),
        message.id,
        plain(&said.order),
    ))
}
