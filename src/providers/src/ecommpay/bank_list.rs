//! The Gate's list of banks, as it stands now for an amount.
//!
//! Source: "Open Banking in Finland", supported banks. The answer is a bare list and bears no
//! signature: TLS alone says who gave it. It decides which names a customer sees, and nothing
//! about money.

use core::num::NonZeroU32;
use std::collections::HashSet;

use http::Response;
use kassa_checkout::{
    Amount, Call, CallError, Reply, Unsigned,
    bank::{Bank, BankId, Names},
    message::{ContentError, Refused},
    provider::BuildError,
};
use serde::Serialize;

use super::{
    BankNumber, GateUrl,
    back::{self, General},
    banks,
    json::Json,
    report,
};

/// Where the list is.
const LIST: &str = "/v2/info/banks/finland/sale/list";
/// The request needs a payment's identifier, and takes an invented one.
const INVENTED: &str = "list-of-banks";
/// What a bank's name here begins with when the table does not know its number.
const PREFIX: &str = "ecommpay-";
/// The most banks that are shown, and the longest of their names in characters. Ours.
const MOST: usize = 200;
const LONGEST_NAME: usize = 64;

/// The question which banks there are for an amount.
///
/// # Errors
/// [`BuildError`] when it cannot be written.
pub(super) fn ask(
    project_id: u64,
    gate: &GateUrl,
    show_closed: bool,
    amount: Amount,
) -> Result<Unsigned<Call<Vec<Bank>>>, BuildError> {
    let question = Question {
        payment: Payment {
            amount: amount.cents(),
            currency: amount.currency().code(),
        },
        general: General {
            merchant_callback_url: None,
            project_id,
            payment_id: INVENTED,
        },
    };
    let currency = amount.currency().code();
    let reply = Reply::unsigned(move |response| read(currency, show_closed, response));
    back::call(gate, LIST, &question, reply)
}

/// The number of a bank that only the live list named.
pub(super) fn number_of(bank: &BankId) -> Option<BankNumber> {
    let digits = bank.as_str().strip_prefix(PREFIX)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plain.then(|| digits.parse().ok()).flatten()
}

/// `general` stands last, so that the signature can be put at its end.
#[derive(Serialize)]
struct Question<'a> {
    payment: Payment<'a>,
    general: General<'a>,
}

#[derive(Serialize)]
struct Payment<'a> {
    amount: u64,
    currency: &'a str,
}

fn read(
    currency: &str,
    show_closed: bool,
    response: &Response<Vec<u8>>,
) -> Result<Vec<Bank>, CallError> {
    let unbelievable = |error| CallError::Unreadable(Refused::Content(error));
    let items = match report::read(response.body()) {
        Ok(Json::List(items)) if response.status().is_success() => items,
        Ok(document @ Json::Object(_)) if back::is_error(response, &document) => {
            return Err(back::error(response, &document));
        }
        _ if !response.status().is_success() => return Err(CallError::of_status(response, None)),
        Ok(_) => return Err(unbelievable(ContentError::Malformed)),
        Err(error) => return Err(unbelievable(error)),
    };
    let mut seen = HashSet::new();
    // One odd entry must not take the other banks away.
    let offered = items.iter().filter_map(|item| offered(currency, item));
    let numbered: Vec<_> = offered.filter(|(number, _)| seen.insert(*number)).collect();
    Ok(in_order(&numbered, show_closed))
}

/// A bank that takes the currency: its number, and its own name.
fn offered<'a>(currency: &str, item: &'a Json) -> Option<(BankNumber, &'a str)> {
    let number = u32::try_from(item.get("id")?.as_u64()?).ok()?;
    let name = ["nativeName", "name"]
        .into_iter()
        .filter_map(|key| item.get(key)?.as_text())
        .map(str::trim)
        .find(|name| is_name(name))?;
    let takes = match item.get("currencies") {
        Some(Json::List(currencies)) => currencies.iter().any(|entry| {
            let code = entry.get("alpha_3_4217").and_then(Json::as_text);
            code == Some(currency)
        }),
        // The method knows one currency only, so that a list which names none says nothing.
        None | Some(Json::Null) => true,
        Some(_) => false,
    };
    takes.then_some((NonZeroU32::new(number)?, name))
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// The banks that the table knows in its order, then the others as they came.
fn in_order(offered: &[(BankNumber, &str)], show_closed: bool) -> Vec<Bank> {
    let is_offered = |number| offered.iter().any(|(offered, _)| *offered == number);
    let known = banks::rows(show_closed)
        .filter(|row| is_offered(row.number))
        .filter_map(banks::Row::to_bank);
    let others = offered
        .iter()
        .filter(|(number, _)| banks::TABLE.iter().all(|row| row.number != *number))
        .filter_map(|(number, name)| unknown(*number, name));
    known.chain(others).take(MOST).collect()
}

/// A bank that the table does not know: its name is what the platform calls it, in every
/// language.
fn unknown(number: BankNumber, name: &str) -> Option<Bank> {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    Some(Bank {
        id: BankId::parse(&format!("{PREFIX}{number}")).ok()?,
        names: Names::same(name),
        mark: letters.take(2).collect(),
        hue: u16::try_from(number.get() % 360).ok()?,
        aliases: Vec::new(),
        bic: None,
        unavailable: None,
        logo: None,
    })
}

#[cfg(test)]
mod tests;
