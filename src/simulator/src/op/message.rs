//! The bodies of requests, read by the stricter meaning of OP's documentation.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::params;

/// What Create payment holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    pub(super) account_id: String,
    amount: String,
    currency: String,
    pub(super) reference: String,
    #[serde(rename = "return")]
    pub(super) success: Endpoint,
    pub(super) cancel: Endpoint,
    pub(super) reject: Endpoint,
    message: Option<Map<String, Value>>,
    pub(super) language: Option<String>,
    pub(super) b2b_backend: Option<Endpoint>,
    message_to_customer: Option<String>,
    ultimate_beneficiary: Option<Map<String, Value>>,
}

/// An address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) url: String,
}

/// What Refund holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refund {
    amount: String,
    currency: String,
    reference: Option<String>,
    message: Option<Map<String, Value>>,
}

impl Create {
    /// Reads a body; the amount in cents comes with it.
    pub(super) fn read(body: &[u8]) -> Result<(Self, u64), String> {
        let create: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let cents = cents(&create.amount)?;
        euro(&create.currency)?;
        reference(&create.reference)?;
        let id = &create.account_id;
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if id.is_empty() || id.len() > 36 || !plain {
            return Err("accountId is not 1 to 36 letters, digits and hyphens".to_owned());
        }
        let callback = create.b2b_backend.as_ref().map(|one| ("b2bBackend", one));
        let addresses = [
            ("return", &create.success),
            ("cancel", &create.cancel),
            ("reject", &create.reject),
        ];
        for (name, endpoint) in addresses.into_iter().chain(callback) {
            address(name, &endpoint.url)?;
        }
        if let Some(url) = callback.map(|(_, endpoint)| &endpoint.url)
            && !params::is_loopback(url)
        {
            return Err("b2bBackend: the simulator calls this machine only".to_owned());
        }
        if !matches!(create.language.as_deref(), None | Some("fi" | "sv" | "en")) {
            return Err("language is none of fi, sv, en".to_owned());
        }
        let told = create.message_to_customer.as_deref().unwrap_or_default();
        if told.chars().count() > 500 || !told.chars().all(|c| c.is_alphanumeric() || c == ' ') {
            return Err("messageToCustomer is not up to 500 letters, digits and spaces".to_owned());
        }
        // What may stand in the two objects is not public, so nothing more is asked of them.
        let _ = (&create.message, &create.ultimate_beneficiary);
        Ok((create, cents))
    }
}

impl Refund {
    /// Reads a body into an amount in cents.
    pub(super) fn read(body: &[u8]) -> Result<u64, String> {
        let refund: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        euro(&refund.currency)?;
        match (&refund.reference, &refund.message) {
            (Some(text), None) => reference(text)?,
            (None, Some(_)) => {}
            _ => return Err("a refund has a reference or a message, and not both".to_owned()),
        }
        cents(&refund.amount)
    }
}

fn cents(text: &str) -> Result<u64, String> {
    let wrong = || "amount does not match ^\\d{1,13}\\.\\d{2}$".to_owned();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = text.split_once('.').ok_or_else(wrong)?;
    if !(1..=13).contains(&whole.len()) || rest.len() != 2 || !digits(whole) || !digits(rest) {
        return Err(wrong());
    }
    format!("{whole}{rest}").parse().map_err(|_| wrong())
}

fn euro(currency: &str) -> Result<(), String> {
    if currency == "EUR" {
        Ok(())
    } else {
        Err("currency is not EUR".to_owned())
    }
}

fn reference(text: &str) -> Result<(), String> {
    let fits = (2..=25).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(())
    } else {
        Err("reference is not 2 to 25 letters and digits".to_owned())
    }
}

fn address(name: &str, url: &str) -> Result<(), String> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(|| format!("{name}.url is no http or https address"))?;
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    if host.eq_ignore_ascii_case("localhost") {
        return Err(format!("{name}.url is of localhost, which is not accepted"));
    }
    Ok(())
}
