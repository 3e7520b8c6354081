//! A sale at the Gate: a payment with a bank that was chosen in Kassa, begun by our server.
//!
//! Source: "Open Banking in Finland", purchase by using Gate, request format. An answer means
//! that the request was taken and nothing more: where the customer goes comes with a callback.

use core::net::IpAddr;

use kassa_checkout::{
    Call, CallError, Reply, Unsigned,
    bank::Unavailable,
    message::ContentError,
    order::{Context, Order},
    provider::{BuildError, Next, Opened},
};
use serde::Serialize;

use super::{
    BankNumber, GateUrl,
    back::{self, General, check},
    json::Json,
    message::Rule,
};

/// Where a sale with a bank of this method begins.
const SALE: &str = "/v2/payment/banks/finland/sale";

/// The payment's identifier is taken. Ours are new for every attempt, so it is our own sale that
/// came through before.
const EXISTS: &str = "3041";

/// Builds the request that begins a payment at the bank.
///
/// # Errors
/// [`BuildError`] naming the field that the Gate would refuse.
pub(super) fn begin(
    project_id: u64,
    gate: &GateUrl,
    bank: BankNumber,
    order: &Order,
    context: &Context,
) -> Result<Unsigned<Call<Opened>>, BuildError> {
    let sale = sale(project_id, bank, order, context)?;
    let asked = order.provider_payment_id.clone();
    let reply = Reply::signed(move |response| {
        let taken = |document: &Json| read(&asked, document);
        back::read_about(project_id, &asked, response, taken)
            .map_err(refine)
            .map(|claimed| claimed.map(|content| content.or_else(settle)))
    });
    back::call(gate, SALE, &sale, reply)
}

fn sale<'a>(
    project_id: u64,
    bank: BankNumber,
    order: &'a Order,
    context: &'a Context,
) -> Result<Sale<'a>, BuildError> {
    let customer = &order.customer;
    // The method has no field for a reference, so it is at least what the customer reads.
    let description = order.description.as_ref().unwrap_or(&order.reference);
    let ip_address = context.customer_ip.ok_or_else(|| {
        let expected = "the address that the customer came from";
        BuildError::new("ecommpay/missing", "customer.ip_address", expected)
    })?;
    let names = [
        ("customer.first_name", &customer.first_name),
        ("customer.last_name", &customer.last_name),
    ];
    for (field, name) in names {
        check(field, Rule::Text(255), name.as_deref().unwrap_or_default())?;
    }
    check(
        "general.payment_id",
        Rule::Required(255),
        &order.provider_payment_id,
    )?;
    check("customer.id", Rule::Required(255), &customer.id)?;
    check("payment.description", Rule::Text(255), description)?;
    check("return_url.return", Rule::Url, &context.return_url)?;
    check(
        "general.merchant_callback_url",
        Rule::Url,
        &context.callback_url,
    )?;
    let back = context.return_url.as_str();
    Ok(Sale {
        payment: Payment {
            amount: order.amount.cents(),
            currency: order.amount.currency().code(),
            description,
        },
        customer: Customer {
            id: &customer.id,
            ip_address: ip_address.to_canonical(),
            first_name: customer.first_name.as_deref(),
            last_name: customer.last_name.as_deref(),
        },
        account: Account { bank_id: bank },
        return_url: ReturnUrl {
            success: back,
            decline: back,
            back,
        },
        general: General {
            merchant_callback_url: Some(&context.callback_url),
            project_id,
            payment_id: &order.provider_payment_id,
        },
    })
}

/// `general` stands last, so that the signature can be put at its end.
#[derive(Serialize)]
struct Sale<'a> {
    payment: Payment<'a>,
    customer: Customer<'a>,
    account: Account,
    return_url: ReturnUrl<'a>,
    general: General<'a>,
}

#[derive(Serialize)]
struct Payment<'a> {
    amount: u64,
    currency: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct Customer<'a> {
    id: &'a str,
    ip_address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
}

#[derive(Serialize)]
struct Account {
    bank_id: BankNumber,
}

#[derive(Serialize)]
struct ReturnUrl<'a> {
    success: &'a str,
    decline: &'a str,
    #[serde(rename = "return")]
    back: &'a str,
}

fn read(asked: &str, document: &Json) -> Result<Opened, ContentError> {
    if document.get("status").and_then(Json::as_text) != Some("success") {
        return Err(ContentError::Field("status"));
    }
    // A signed answer to some other question of ours must not pass for this one's.
    if document.get("payment_id").and_then(Json::as_text) != Some(asked) {
        return Err(ContentError::Field("payment_id"));
    }
    Ok(TAKEN)
}

/// The customer waits for where to go.
const TAKEN: Opened = Opened {
    provider_reference: None,
    next: Next::Await,
};

/// A signed error that says the sale is there already is as good as a success.
fn settle(error: CallError) -> Result<Opened, CallError> {
    match &error {
        CallError::Refused {
            code: Some(code), ..
        } if code == EXISTS => Ok(TAKEN),
        _ => Err(refine(error)),
    }
}

/// What an error means for the customer's choice.
fn refine(error: CallError) -> CallError {
    let CallError::Refused {
        code: Some(code), ..
    } = &error
    else {
        return error;
    };
    let why = match code.as_str() {
        // Not signed, so it is not believed without asking for the status.
        EXISTS => return CallError::Unavailable { retry_after: None },
        // The provider behind the bank is not available.
        "314" | "20202" => Some(Unavailable::Disrupted),
        // Above or below what the bank takes.
        "2642" | "3358" => Some(Unavailable::Amount),
        // The bank's number is not known, or not any more.
        "2641" | "2801" => None,
        _ => return error,
    };
    CallError::NotOffered { why }
}

#[cfg(test)]
mod tests;
