//! `kassa refunds`.

use clap::{Args, Subcommand, ValueEnum};
use kassa_checkout::{Amount, lifecycle::RefundStatus};
use kassa_server::{
    clock,
    store::{Filter, RefundRecord, Store},
    view::RefundView,
};

use super::{
    Failure,
    database::Where,
    output::{Form, euros, json_line},
    say,
    table::{Column, Table},
};

#[derive(Subcommand)]
pub(super) enum Refunds {
    /// List the refunds of a payment, oldest first
    #[command(after_help = LIST)]
    List(List),
    /// Write down what became of a refund that the server cannot know of
    #[command(after_help = SETTLE)]
    Settle(Settle),
}

const LIST: &str = "\
Example:
  kassa refunds list pay_0123456789abcdefghjkmnpq --config kassa.toml

pending: the provider was asked, or was to be asked, and what came of it is not known.
Exit code 3: no such payment, or it has no refund.";

const SETTLE: &str = "\
Example:
  kassa refunds settle ref_0123456789abcdefghjkmnpq failed --config kassa.toml

For a refund that stays pending because the provider's answer was lost, and whose total of refunds
does not tell either (the flag refund_unanswered, after an hour). Look at the provider's own service
first: `failed` frees the sum for another refund, and `succeeded` counts it as sent. The shop is
told as by any other change.
Exit code 3: no such refund, or it has that end already.";

#[derive(Args)]
pub(super) struct List {
    /// The payment
    #[arg(value_name = "PAYMENT")]
    payment: String,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    database: Where,
}

#[derive(Args)]
pub(super) struct Settle {
    /// The refund
    #[arg(value_name = "REFUND")]
    refund: String,
    /// What became of it
    outcome: End,
    #[command(flatten)]
    database: Where,
}

/// How a refund ends.
#[derive(Clone, Copy, ValueEnum)]
enum End {
    /// The money went back
    Succeeded,
    /// No money went
    Failed,
}

pub(super) fn refunds(command: &Refunds) -> Result<(), Failure> {
    match command {
        Refunds::List(options) => options
            .database
            .work(async |store| list(store, options).await),
        Refunds::Settle(options) => options
            .database
            .work(async |store| settle(store, options).await),
    }
}

async fn list(store: &dyn Store, options: &List) -> Result<(), Failure> {
    let filter = Filter {
        id: Some(options.payment.clone()),
        limit: 1,
        ..Filter::default()
    };
    let unknown = || Failure::not_found(format!("{}: no such payment", options.payment));
    let payments = store.list(filter).await?;
    let payment = payments.first().ok_or_else(unknown)?;
    let refunds = store.refunds(&payment.shop, &payment.id).await?;
    let refunds = refunds.ok_or_else(unknown)?;
    if refunds.is_empty() {
        return Err(Failure::not_found(format!("{}: no refund", payment.id)));
    }
    if options.form.json {
        let mut lines = String::new();
        for refund in &refunds {
            lines.push_str(&json_line(&RefundView::of(refund))?);
        }
        return say(&lines);
    }
    say(&table(&refunds)?.text())
}

fn table(refunds: &[RefundRecord]) -> Result<Table, Failure> {
    let mut table = Table::new([
        Column::new("begun"),
        Column::new("refund"),
        Column::new("amount").figures(),
        Column::new("status"),
        Column::new("by"),
        Column::new("note").spare(1),
    ]);
    for refund in refunds {
        let amount = Amount::from_cents(refund.cents).map_err(|error| error.to_string())?;
        table.row([
            clock::local(refund.created_at),
            refund.id.clone(),
            euros(amount),
            refund.status.as_str().to_owned(),
            if refund.manual { "shop" } else { "provider" }.to_owned(),
            refund.note.clone().unwrap_or_default(),
        ]);
    }
    Ok(table)
}

async fn settle(store: &dyn Store, options: &Settle) -> Result<(), Failure> {
    let outcome = match options.outcome {
        End::Succeeded => RefundStatus::Succeeded,
        End::Failed => RefundStatus::Failed,
    };
    let settled = store.advance_refund(&options.refund, outcome.into(), clock::now());
    if settled.await?.is_none() {
        let refund = &options.refund;
        return Err(Failure::not_found(format!(
            "{refund}: there is no such refund, or nothing new about it"
        )));
    }
    say(&format!(
        "{}: written down as {}\n",
        options.refund,
        outcome.as_str()
    ))
}
