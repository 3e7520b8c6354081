//! `kassa payments`.

use std::io::{self, BufWriter, Write};

use clap::{Args, Subcommand};
use kassa_checkout::{Status, Timestamp};
use kassa_server::{
    clock,
    store::{EventRecord, Filter, Payment, Store},
    view::PaymentView,
};
use serde::Serialize;

use super::{
    Failure,
    database::Where,
    output::{Form, Span, euros, json_line, say_json, words},
    say,
    table::{Column, Table, facts},
};

/// How many payments are read at once.
const PAGE: u32 = 500;

#[derive(Subcommand)]
pub(super) enum Payments {
    /// List payments, newest first
    #[command(after_help = LIST)]
    List(List),
    /// Show a payment and all that happened to it
    #[command(after_help = SHOW)]
    Show(Show),
    /// Write all payments out, newest first: for a spreadsheet, or for a program
    #[command(after_help = EXPORT)]
    Export(Export),
}

const LIST: &str = "\
Examples:
  kassa payments list --config kassa.toml
  kassa payments list --shop puoti --status pending --to 2026-11-20
  kassa payments list --order 20261001 --json | jq -r .id

A narrow terminal shows fewer columns; --json has all. Exit code 3: nothing matches.";

const SHOW: &str = "\
Example:
  kassa payments show pay_0123456789abcdefghjkmnpq --config kassa.toml

What a provider reported and what came of it stand under \"events\", oldest first.
Exit code 3: there is no such payment.";

const EXPORT: &str = "\
Examples:
  kassa payments export --csv --shop puoti --from 2026-11-01 --to 2026-12-01 > november.csv
  kassa payments export --json | jq -s 'map(select(.status == \"paid\").amount) | add'

Amounts are in cents and times in UTC. In CSV a text that a spreadsheet would take for a formula
has an apostrophe before it. Nothing to export is no failure: the head of the table stands alone.";

/// Which payments.
#[derive(Args)]
struct Which {
    /// Only of this shop
    #[arg(long, value_name = "SHOP")]
    shop: Option<String>,
    /// Only with this status
    #[arg(long, value_parser = words(Status::ALL.map(Status::as_str), Status::from_word))]
    status: Option<Status>,
    /// Only with this order number
    #[arg(long, value_name = "NUMBER")]
    order: Option<String>,
    /// Only with this reference, as it is printed or in machine form
    #[arg(long, value_name = "REFERENCE", value_parser = reference)]
    reference: Option<String>,
    #[command(flatten)]
    created: Span,
}

fn reference(text: &str) -> Result<String, String> {
    viite::Reference::parse(text)
        .map(|reference| reference.to_machine().to_owned())
        .map_err(|error| error.to_string())
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    which: Which,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
pub(super) struct Show {
    /// The payment's identifier
    #[arg(value_name = "PAYMENT")]
    id: String,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    kind: ExportForm,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct ExportForm {
    /// As comma-separated values with a head, for a spreadsheet
    #[arg(long)]
    csv: bool,
    /// As JSON, one object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn payments(command: &Payments) -> Result<(), Failure> {
    match command {
        Payments::List(options) => options
            .database
            .work(async |store| list(store, options).await),
        Payments::Show(options) => options
            .database
            .work(async |store| show(store, options).await),
        Payments::Export(options) => options
            .database
            .work(async |store| export(store, options).await),
    }
}

impl Which {
    fn filter(&self, after: Option<(Timestamp, String)>, limit: u32) -> Filter {
        Filter {
            id: None,
            shop: self.shop.clone(),
            status: self.status,
            order: self.order.clone(),
            reference: self.reference.clone(),
            from: self.created.from,
            to: self.created.to,
            after,
            limit,
        }
    }

    /// Hands over all payments, newest first, or the first `most`; answers whether there are more.
    async fn each(
        &self,
        store: &dyn Store,
        most: Option<u32>,
        mut take: impl FnMut(&Payment) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let mut left = most;
        let mut after = None;
        loop {
            // One more than is shown, to know whether there are more.
            let limit = left.map_or(PAGE, |left| left.saturating_add(1).min(PAGE));
            let page = store.list(self.filter(after, limit)).await?;
            for payment in &page {
                if left == Some(0) {
                    return Ok(true);
                }
                take(payment)?;
                left = left.map(|left| left.saturating_sub(1));
            }
            match page.last() {
                Some(last) if u32::try_from(page.len()) == Ok(limit) => {
                    after = Some((last.created_at, last.id.clone()));
                }
                _ => return Ok(false),
            }
        }
    }
}

async fn list(store: &dyn Store, options: &List) -> Result<(), Failure> {
    let mut table = Table::new([
        Column::new("created").spare(1),
        Column::new("payment"),
        Column::new("shop").spare(3),
        Column::new("order"),
        Column::new("reference").spare(4),
        Column::new("amount").figures(),
        Column::new("status"),
        Column::new("bank").spare(2),
    ]);
    let mut lines = String::new();
    let more = options
        .which
        .each(store, Some(options.limit), |payment| {
            if options.form.json {
                lines.push_str(&json_line(&Shown::of(payment))?);
            } else {
                table.row(cells(payment));
            }
            Ok(())
        })
        .await?;
    if table.is_empty() && lines.is_empty() {
        return Err(Failure::not_found("no payment matches"));
    }
    say(&if options.form.json {
        lines
    } else {
        table.text()
    })?;
    if more && !options.form.json {
        super::hint(&format!(
            "the {} newest; there are more (--limit, --from, --to)",
            options.limit
        ));
    }
    Ok(())
}

fn cells(payment: &Payment) -> [String; 8] {
    let view = PaymentView::of(payment);
    [
        clock::local(payment.created_at),
        view.id,
        payment.shop.clone(),
        view.order,
        view.reference_print,
        euros(payment.lifecycle.amount()),
        view.status.as_str().to_owned(),
        view.bank
            .map(|bank| bank.to_string())
            .or(view.method)
            .unwrap_or_default(),
    ]
}

/// A payment as the shop API shows it in lists, and whose it is.
#[derive(Serialize)]
struct Shown<'a> {
    shop: &'a str,
    #[serde(flatten)]
    payment: PaymentView,
}

impl<'a> Shown<'a> {
    fn of(payment: &'a Payment) -> Self {
        Self {
            shop: &payment.shop,
            payment: PaymentView::of(payment),
        }
    }
}

/// A payment and its events.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    payment: Shown<'a>,
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    seq: u64,
    at: String,
    who: &'a str,
    kind: &'a str,
    detail: &'a serde_json::Value,
}

async fn show(store: &dyn Store, options: &Show) -> Result<(), Failure> {
    let filter = Filter {
        id: Some(options.id.clone()),
        limit: 1,
        ..Filter::default()
    };
    let found = store.list(filter).await?.pop();
    let payment =
        found.ok_or_else(|| Failure::not_found(format!("there is no payment {}", options.id)))?;
    let events = store.events(&payment.shop, &payment.id).await?;
    let events = events.unwrap_or_default();
    if options.form.json {
        return say_json(&Whole {
            payment: Shown::of(&payment),
            events: events.iter().map(Event::of).collect(),
        });
    }
    say(&format!(
        "{}\n{}",
        facts(&particulars(&payment)),
        history(&events)
    ))
}

impl<'a> Event<'a> {
    fn of(event: &'a EventRecord) -> Self {
        Self {
            seq: event.seq,
            at: clock::rfc3339(event.at),
            who: &event.who,
            kind: &event.kind,
            detail: &event.detail,
        }
    }
}

fn particulars(payment: &Payment) -> Vec<(&'static str, String)> {
    let view = PaymentView::of(payment);
    vec![
        ("payment", view.id),
        ("shop", payment.shop.clone()),
        ("status", view.status.as_str().to_owned()),
        ("amount", euros(payment.lifecycle.amount())),
        ("order", view.order),
        ("reference", view.reference_print),
        ("description", view.description.unwrap_or_default()),
        (
            "bank",
            view.bank.map(|bank| bank.to_string()).unwrap_or_default(),
        ),
        ("method", view.method.unwrap_or_default()),
        ("provider", view.provider.unwrap_or_default()),
        ("attempts", view.attempts.to_string()),
        ("created", clock::local(payment.created_at)),
        ("changed", clock::local(payment.changed_at)),
        ("offer ends", clock::local(payment.expires_at)),
    ]
}

fn history(events: &[EventRecord]) -> String {
    let mut table = Table::new([
        Column::new("at"),
        Column::new("who"),
        Column::new("event"),
        Column::new("detail").spare(1),
    ]);
    for event in events {
        table.row([
            clock::local(event.at),
            event.who.clone(),
            event.kind.clone(),
            event.detail.to_string(),
        ]);
    }
    table.text()
}

async fn export(store: &dyn Store, options: &Export) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    if options.kind.csv {
        let mut csv = csv::Writer::from_writer(&mut out);
        csv.write_record(CSV_HEAD).map_err(of_csv)?;
        options
            .which
            .each(store, None, |payment| {
                let record = csv_record(payment).map(no_formula);
                csv.write_record(record).map_err(of_csv)
            })
            .await?;
        csv.flush().map_err(Failure::of_output)?;
    } else {
        options
            .which
            .each(store, None, |payment| {
                let line = json_line(&Shown::of(payment))?;
                out.write_all(line.as_bytes()).map_err(Failure::of_output)
            })
            .await?;
    }
    out.flush().map_err(Failure::of_output)
}

const CSV_HEAD: [&str; 15] = [
    "payment",
    "shop",
    "order",
    "reference",
    "amount_cents",
    "currency",
    "status",
    "bank",
    "method",
    "provider",
    "attempts",
    "description",
    "created_at",
    "changed_at",
    "expires_at",
];

fn csv_record(payment: &Payment) -> [String; 15] {
    let view = PaymentView::of(payment);
    [
        view.id,
        payment.shop.clone(),
        view.order,
        view.reference,
        view.amount.to_string(),
        view.currency.code().to_owned(),
        view.status.as_str().to_owned(),
        view.bank.map(|bank| bank.to_string()).unwrap_or_default(),
        view.method.unwrap_or_default(),
        view.provider.unwrap_or_default(),
        view.attempts.to_string(),
        view.description.unwrap_or_default(),
        view.created_at,
        view.changed_at,
        view.expires_at,
    ]
}

/// A cell that no spreadsheet runs: order numbers and descriptions come from customers' orders.
fn no_formula(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn of_csv(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::of_output(error),
        _ => Failure::from("the table cannot be written".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::no_formula;

    #[test]
    fn a_cell_is_no_formula() {
        for cell in ["=1+1", "+358", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(no_formula(cell.to_owned()), format!("'{cell}"));
        }
        for cell in ["", "A-1", "1+1", "ä=1"] {
            assert_eq!(no_formula(cell.to_owned()), cell);
        }
    }
}
