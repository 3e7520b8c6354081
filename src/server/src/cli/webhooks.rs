//! `kassa webhooks`.

use clap::{Args, Subcommand};
use kassa_checkout::Timestamp;
use kassa_server::{
    clock,
    store::{Message, MessageFilter, Outcome, Store},
};

use super::{
    Failure,
    database::Where,
    hint,
    messages::{Said, Shown, find, oldest_replayable},
    output::{Form, Span, json_line, time, words},
    say,
    table::{Column, Table},
};

/// How many messages are replayed in one transaction.
const PAGE: u32 = 500;

#[derive(Subcommand)]
pub(super) enum Webhooks {
    /// List messages to shops and where their delivery stands, newest first
    #[command(after_help = LIST)]
    List(List),
    /// Send messages once more, with the same webhook-id, up to 30 days after they were written
    #[command(after_help = REPLAY)]
    Replay(Replay),
    /// Send to a shop again whose endpoint said that it was gone (410)
    #[command(after_help = ENABLE)]
    Enable(Enable),
}

const LIST: &str = "\
Examples:
  kassa webhooks list --config kassa.toml
  kassa webhooks list --shop puoti --outcome given_up --from 2026-11-20
  kassa webhooks list --payment pay_0123456789abcdefghjkmnpq --json

waiting: it is sent when it is due. given_up: all tries failed. set_aside: the shop has no
endpoint, or one that said it was gone. Exit code 3: nothing matches.";

const REPLAY: &str = "\
Examples:
  kassa webhooks replay msg_0123456789abcdefghjkmnpq --config kassa.toml
  kassa webhooks replay --shop puoti --from 2026-11-20 --outcome given_up
  kassa webhooks replay --shop puoti --from 2026-11-20T06:00:00Z --to 2026-11-20T08:00:00Z --dry-run

The server sends them, within a second when it runs. A message whose try is running is left to it.
Exit code 3: no such message.";

const ENABLE: &str = "\
Example:
  kassa webhooks enable puoti --config kassa.toml

New messages are sent again at once. Those that were set aside meanwhile wait to be replayed:
  kassa webhooks replay --shop puoti --from 2026-11-20 --outcome set_aside

Exit code 3: the shop's endpoint has not said that it was gone.";

#[derive(Args)]
pub(super) struct List {
    /// Only to this shop
    #[arg(long, value_name = "SHOP")]
    shop: Option<String>,
    /// Only about this payment
    #[arg(long, value_name = "PAYMENT")]
    payment: Option<String>,
    /// Only those whose delivery stands there
    #[arg(long, value_parser = words(Outcome::ALL.map(Outcome::as_str), Outcome::from_word))]
    outcome: Option<Outcome>,
    #[command(flatten)]
    written: Span,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
pub(super) struct Replay {
    /// The messages' identifiers
    #[arg(
        value_name = "MESSAGE",
        required_unless_present = "shop",
        conflicts_with = "shop"
    )]
    ids: Vec<String>,
    /// All messages to this shop, from a time on
    #[arg(long, value_name = "SHOP", requires = "from")]
    shop: Option<String>,
    /// From then on, 30 days ago at the earliest
    #[arg(long, value_name = "TIME", requires = "shop", value_parser = time)]
    from: Option<Timestamp>,
    /// Before then [default: now]
    #[arg(long, value_name = "TIME", requires = "shop", value_parser = time)]
    to: Option<Timestamp>,
    /// Of those, only the ones whose delivery stands there
    #[arg(long, requires = "shop", value_parser = words(Outcome::ALL.map(Outcome::as_str), Outcome::from_word))]
    outcome: Option<Outcome>,
    /// Only say how many there are
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
pub(super) struct Enable {
    /// The shop
    #[arg(value_name = "SHOP")]
    shop: String,
    #[command(flatten)]
    database: Where,
}

pub(super) fn webhooks(command: &Webhooks) -> Result<(), Failure> {
    match command {
        Webhooks::List(options) => options
            .database
            .work(async |store| list(store, options).await),
        Webhooks::Replay(options) => options
            .database
            .work(async |store| replay(store, options).await),
        Webhooks::Enable(options) => options
            .database
            .work(async |store| enable(store, &options.shop).await),
    }
}

async fn list(store: &dyn Store, options: &List) -> Result<(), Failure> {
    let filter = MessageFilter {
        id: None,
        shop: options.shop.clone(),
        payment: options.payment.clone(),
        outcome: options.outcome,
        from: options.written.from,
        to: options.written.to,
        after: None,
        newest_first: true,
        // One more than is shown, to know whether there are more.
        limit: options.limit.saturating_add(1),
    };
    let mut messages = store.messages(filter).await?;
    if messages.is_empty() {
        return Err(Failure::not_found("no message matches"));
    }
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let more = messages.len() > limit;
    messages.truncate(limit);
    if options.form.json {
        let mut lines = String::new();
        for message in &messages {
            lines.push_str(&json_line(&Shown::of(message)?)?);
        }
        return say(&lines);
    }
    say(&table(&messages)?.text())?;
    if more {
        hint(&format!(
            "the {limit} newest; there are more (--limit, --from, --to)"
        ));
    }
    Ok(())
}

fn table(messages: &[Message]) -> Result<Table, Failure> {
    let mut table = Table::new([
        Column::new("written").spare(2),
        Column::new("message"),
        Column::new("shop").spare(3),
        Column::new("payment").spare(1),
        Column::new("event").spare(6),
        Column::new("status"),
        Column::new("outcome"),
        Column::new("tries").figures().spare(4),
        Column::new("next try").spare(5),
    ]);
    for message in messages {
        let said = Said::by(message)?;
        table.row([
            clock::local(message.at),
            message.id.clone(),
            message.shop.clone(),
            message.payment.clone(),
            said.event,
            said.status,
            message.outcome.as_str().to_owned(),
            message.tries.to_string(),
            message.due_at.map(clock::local).unwrap_or_default(),
        ]);
    }
    Ok(table)
}

/// How many messages there were, and how many of them will be sent.
#[derive(Default, serde::Serialize)]
struct Replayed {
    found: u64,
    replayed: u64,
}

async fn replay(store: &dyn Store, options: &Replay) -> Result<(), Failure> {
    let replayed = match (&options.shop, options.from) {
        (Some(shop), Some(from)) => replay_range(store, options, shop, from).await?,
        _ => replay_named(store, options).await?,
    };
    if options.form.json {
        return super::output::say_json(&replayed);
    }
    say(&summary(&replayed, options.dry_run))
}

fn summary(replayed: &Replayed, dry_run: bool) -> String {
    let Replayed { found, replayed } = *replayed;
    let messages = if found == 1 { "message" } else { "messages" };
    if dry_run {
        return format!("{found} {messages} would be sent once more\n");
    }
    let left = match found.saturating_sub(replayed) {
        0 => String::new(),
        left => format!("; {left} being sent just now, left to that try"),
    };
    format!("{replayed} of {found} {messages} will be sent once more{left}\n")
}

async fn replay_named(store: &dyn Store, options: &Replay) -> Result<Replayed, Failure> {
    // All of them are looked at before the first is replayed.
    let mut messages = Vec::new();
    for id in &options.ids {
        let message = find(store, id).await?;
        if message.at < oldest_replayable() {
            return Err(Failure::from(format!(
                "{id} was written {}: messages are replayed for 30 days",
                clock::local(message.at)
            )));
        }
        messages.push(message);
    }
    let mut replayed = Replayed::default();
    for message in messages {
        replayed.found += 1;
        if !options.dry_run {
            replayed.replayed += store.replay(&message.shop, vec![message.id]).await?;
        }
    }
    Ok(replayed)
}

async fn replay_range(
    store: &dyn Store,
    options: &Replay,
    shop: &str,
    from: Timestamp,
) -> Result<Replayed, Failure> {
    if from < oldest_replayable() {
        return Err(Failure::usage(format!(
            "--from {}: messages are replayed for 30 days, from {} on",
            clock::local(from),
            clock::local(oldest_replayable())
        )));
    }
    // What is written from now on is none of what was asked for.
    let to = options.to.unwrap_or_else(clock::now);
    let mut replayed = Replayed::default();
    let mut after = None;
    loop {
        let filter = MessageFilter {
            shop: Some(shop.to_owned()),
            outcome: options.outcome,
            from: Some(from),
            to: Some(to),
            after,
            limit: PAGE,
            ..MessageFilter::default()
        };
        let page = store.messages(filter).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        replayed.found += u64::try_from(page.len()).unwrap_or(u64::MAX);
        if !options.dry_run {
            let ids = page.into_iter().map(|message| message.id).collect();
            replayed.replayed += store.replay(shop, ids).await?;
        }
    }
    if replayed.found == 0 {
        return Err(Failure::not_found("no message matches"));
    }
    Ok(replayed)
}

async fn enable(store: &dyn Store, shop: &str) -> Result<(), Failure> {
    if store.enable_endpoint(shop).await? {
        return say(&format!("{shop}: webhooks are sent again\n"));
    }
    Err(Failure::not_found(format!(
        "{shop}: the endpoint has not said that it was gone"
    )))
}
