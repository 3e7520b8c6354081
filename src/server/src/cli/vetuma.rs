//! `kassa vetuma`: what was logged of VETUMA, looked at again.

mod diagnosis;
mod logged;
mod secrets;

use std::{collections::HashMap, path::PathBuf};

use clap::{Args, Subcommand};
use kassa_checkout::Coded as _;
use kassa_providers::vetuma::{
    CheckAnswer, Field, Kind, Message, Outcome, PayAnswer, PayCall, PaymentState, Profile,
    ReturnAddress, receive,
};
use serde::Serialize;

use super::{
    Failure, hint,
    output::{Form, say_json},
    say,
    table::{Column, Table},
};
use diagnosis::Finding;
use logged::{Logged, Unread};
use secrets::Secrets;

#[derive(Subcommand)]
pub(super) enum Vetuma {
    /// Recheck logged calls and answers: whether their MACs hold, what is off, what could be booked
    #[command(after_help = VERIFY)]
    Verify(Verify),
}

const VERIFY: &str = "\
Examples:
  kassa vetuma verify vetuma.log --secret file:secrets/vetuma
  VETUMA=\"$(pass vetuma)\" kassa vetuma verify vetuma.log --secret env:VETUMA --json | jq .mac

The file has a message a line: a form as it was posted (text before it, such as a time, is passed
over), or a JSON object of names and values; or it is one JSON array of such objects. A secret is
ID-64HEX and stands behind a reference, never on the command line; a file may hold several, one a
line. No live VETUMA exists: the service closed at the end of 2017.

Exit code 0: all MACs hold. 1: one does not, or a line is no message. 3: the file has no message.";

#[derive(Args)]
pub(super) struct Verify {
    /// The file with what was logged
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where a shared secret is: file:PATH or env:NAME; may be given several times
    #[arg(long = "secret", value_name = "REFERENCE", required = true)]
    secrets: Vec<String>,
    #[command(flatten)]
    form: Form,
}

pub(super) fn vetuma(command: &Vetuma) -> Result<(), Failure> {
    let Vetuma::Verify(options) = command;
    verify(options)
}

fn verify(options: &Verify) -> Result<(), Failure> {
    let secrets = Secrets::read(&options.secrets)?;
    let bytes = std::fs::read(&options.file).map_err(|error| {
        let file = options.file.display();
        format!("{file} cannot be read: {}", error.kind())
    })?;
    let (messages, unread) = logged::read(&bytes);
    if messages.is_empty() && unread.is_empty() {
        let file = options.file.display();
        return Err(Failure::not_found(format!("{file} holds no message")));
    }
    let checked = check(&messages, &secrets);
    print(&checked, &unread, options.form)?;
    let wrong = checked
        .iter()
        .filter(|one| one.finding != Finding::Holds)
        .count();
    if wrong + unread.len() == 0 {
        return Ok(());
    }
    let total = messages.len() + unread.len();
    Err(Failure::from(format!(
        "{wrong} of {total} messages have a MAC that does not hold as it stands, {} cannot be read",
        unread.len()
    )))
}

/// What was found of a message.
struct Checked<'a> {
    logged: &'a Logged,
    finding: Finding,
    booking: Booking,
}

/// Whether a message could book a payment.
enum Booking {
    /// It is no answer, so that it never could.
    NoAnswer,
    /// It could: for this sum, where the call is in the file too.
    Books(Option<String>),
    /// It could not, for this reason.
    Nothing(String),
}

fn check<'a>(messages: &'a [Logged], secrets: &Secrets) -> Vec<Checked<'a>> {
    let mut booked: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    let calls: Vec<_> = messages.iter().filter_map(call_of).collect();
    let checked = messages.iter().map(|logged| {
        let finding = diagnosis::find(logged, messages, secrets);
        let mut booking = match &finding {
            Finding::Holds => booking(logged, &calls),
            _ if logged.kind.is_call() => Booking::NoAnswer,
            _ => Booking::Nothing("its MAC does not hold".to_owned()),
        };
        if let Booking::Books(_) = booking {
            let identity = [
                Field::Rcvid,
                Field::Ref,
                Field::Ordnr,
                Field::Trid,
                Field::Payid,
            ];
            let identity = identity.map(|field| logged.get(field).map(str::to_owned));
            match booked.get(identity.as_slice()) {
                Some(line) => booking = Booking::Nothing(format!("line {line} booked it")),
                None => {
                    booked.insert(identity.to_vec(), logged.line);
                }
            }
        }
        Checked {
            logged,
            finding,
            booking,
        }
    });
    checked.collect()
}

fn call_of(logged: &Logged) -> Option<PayCall> {
    if logged.kind != Kind::PayCall {
        return None;
    }
    PayCall::read(&logged.message()?, Profile::V3).ok()
}

fn booking(logged: &Logged, calls: &[PayCall]) -> Booking {
    let Some(message) = logged.message() else {
        return Booking::Nothing("it cannot be read".to_owned());
    };
    match logged.kind {
        Kind::PayAnswer => paid(&message, calls),
        Kind::CheckAnswer => match CheckAnswer::read(&message) {
            Ok(answer) if answer.state == PaymentState::Paid => {
                Booking::Books(answer.amount.map(|amount| amount.with_comma()))
            }
            Ok(answer) => Booking::Nothing(format!("PAYM_STATUS is {}", answer.state.as_str())),
            Err(error) => Booking::Nothing(error.to_string()),
        },
        Kind::LoginAnswer => Booking::Nothing("it is an identification".to_owned()),
        Kind::PayCall | Kind::CheckCall | Kind::LoginCall => Booking::NoAnswer,
    }
}

/// Whether an answer could book the payment of one of the calls, had it come in time to the
/// address of a success.
fn paid(message: &Message, calls: &[PayCall]) -> Booking {
    let answer = match PayAnswer::read(message) {
        Ok(answer) => answer,
        Err(error) => return Booking::Nothing(error.to_string()),
    };
    let status = answer.head.status.clone();
    if status.address() != Some(ReturnAddress::Success) {
        return Booking::Nothing(format!("STATUS is {}", status.as_str()));
    }
    let Some(then) = answer.head.time.instants().first().copied() else {
        return Booking::Nothing("TIMESTMP is a time that Finland left out".to_owned());
    };
    let about = |call: &&PayCall| {
        let numbered = answer.order_number.is_some() && answer.order_number == call.order_number;
        numbered || (answer.reference.is_some() && answer.reference == call.reference)
    };
    let mut why = None;
    for call in calls.iter().filter(about) {
        match receive(&answer, ReturnAddress::Success, call, then) {
            Ok(Outcome::Done) => return Booking::Books(Some(call.amount.with_comma())),
            Ok(_) => {}
            Err(refused) => why = Some(refused),
        }
    }
    match why {
        Some(refused) => Booking::Nothing(format!(
            "{} is not its call's",
            refused.field().unwrap_or_default()
        )),
        None => Booking::Books(None),
    }
}

/// A message as it is told to programs.
#[derive(Serialize)]
struct Told<'a> {
    line: usize,
    kind: &'a str,
    rcvid: &'a str,
    timestmp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    /// `holds`, `off`, `broken`, `no_secret`.
    mac: &'static str,
    /// What is off: with it set right, the MAC holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<&'a str>,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Whether a payment could be booked.
    books: bool,
    /// Its sum, `49,90`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a str>,
    /// Why none.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// A line that is no message, as it is told to programs.
#[derive(Serialize)]
struct UnreadTold<'a> {
    line: usize,
    unreadable: &'a str,
}

fn print(checked: &[Checked<'_>], unread: &[Unread], form: Form) -> Result<(), Failure> {
    if form.json {
        for one in checked {
            say_json(&told(one))?;
        }
        for line in unread {
            say_json(&UnreadTold {
                line: line.line,
                unreadable: line.why,
            })?;
        }
        return Ok(());
    }
    let mut table = Table::new([
        Column::new("line").figures(),
        Column::new("message"),
        Column::new("time").spare(2),
        Column::new("order").spare(1),
        Column::new("status"),
        Column::new("mac"),
        Column::new("books"),
    ]);
    for one in checked {
        let told = told(one);
        let mac = match told.off {
            Some(off) => format!("off: {off}"),
            None => told.mac.replace('_', " "),
        };
        let books = match (told.books, told.amount, told.why) {
            (true, Some(amount), _) => format!("{amount} EUR"),
            (true, None, _) => "yes, its call is not here".to_owned(),
            (false, _, Some(why)) => format!("no: {why}"),
            (false, _, None) => String::new(),
        };
        let order = told.order_number.or(told.reference).unwrap_or_default();
        table.row([
            told.line.to_string(),
            told.kind.to_owned(),
            told.timestmp.to_owned(),
            order.to_owned(),
            told.status.unwrap_or_default().to_owned(),
            mac,
            books,
        ]);
    }
    if !table.is_empty() {
        say(&table.text())?;
    }
    for line in unread {
        hint(&format!("line {}: {}", line.line, line.why));
    }
    Ok(())
}

fn told<'a>(one: &'a Checked<'a>) -> Told<'a> {
    let logged = one.logged;
    let (mac, off, field) = match &one.finding {
        Finding::Holds => ("holds", None, None),
        Finding::Off { what, field } => ("off", Some(what.as_str()), *field),
        Finding::Broken => ("broken", None, None),
        Finding::NoSecret => ("no_secret", None, None),
    };
    let (books, amount, why) = match &one.booking {
        Booking::NoAnswer => (false, None, None),
        Booking::Books(amount) => (true, amount.as_deref(), None),
        Booking::Nothing(why) => (false, None, Some(why.as_str())),
    };
    Told {
        line: logged.line,
        kind: logged.kind_name(),
        rcvid: logged.get(Field::Rcvid).unwrap_or_default(),
        timestmp: logged.get(Field::Timestmp).unwrap_or_default(),
        reference: logged.get(Field::Ref),
        order_number: logged.get(Field::Ordnr),
        status: logged
            .get(Field::PaymStatus)
            .or_else(|| logged.get(Field::Status)),
        mac,
        off,
        field,
        books,
        amount,
        why,
    }
}
