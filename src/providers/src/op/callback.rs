//! OP's callback: that something changed, and nothing more.
//!
//! It is verified, and then the status is asked for: what the callback itself says about money is
//! neither public nor needed.

use core::hint::black_box;

use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use kassa_checkout::{
    Claimed,
    message::{Algorithm, ContentError, Purpose, RawCallback},
    provider::{Notice, Sent},
};
use serde::Deserialize;

use super::{
    account::{CallbackAccount, Confidential},
    message,
    signing::{Authorization, Lines},
};
use crate::date;

/// The body: one field is public.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    payment_id: String,
}

/// The longest body, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// Reads a callback by what OP's callbacks bear, for those who have no more of an account: the
/// header `x-api-key`, and who signs, where that is known. When it was sent is not looked at: a
/// callback is no more than a reason to ask.
///
/// # Errors
/// [`ContentError`] when it cannot be read so far that its signature could be checked. All other
/// faults are told after the signature held.
pub fn claim_with(
    api_key: &str,
    signer: Option<&str>,
    raw: &RawCallback,
) -> Result<Claimed<Notice>, ContentError> {
    let account = CallbackAccount {
        api_key: Confidential(api_key.to_owned()),
        id: signer.map(|id| Confidential(id.to_owned())),
        within_seconds: None,
    };
    claim(&account, raw)
}

/// Reads a callback so far that its signature can be checked.
///
/// Which attempt it is about stands in the address, which is ours and signed: OP's own identifier
/// stays between OP and the store.
pub(super) fn claim(
    account: &CallbackAccount,
    raw: &RawCallback,
) -> Result<Claimed<Notice>, ContentError> {
    if raw.body.len() > LONGEST_BODY {
        return Err(ContentError::TooLarge);
    }
    let header = |name: &'static str| {
        let mut values = raw.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        value
            .and_then(|value| value.to_str().ok())
            .ok_or(ContentError::Field(name))
    };
    let authorization = Authorization::parse(header(AUTHORIZATION.as_str())?)?;
    let api_key = header("x-api-key")?;
    let lines = Lines {
        method: raw.method.as_str(),
        content_type: header(CONTENT_TYPE.as_str())?,
        date: header(DATE.as_str())?,
        signer: &authorization.signer,
        api_key,
        session_id: header("x-session-id")?,
        request_id: header("x-request-id")?,
        url: &raw.url,
        body: &raw.body,
    };
    let attempt = attempt(&raw.url)?;
    let content = check(account, &authorization, api_key)
        .and_then(|()| body(&raw.body))
        .and_then(|()| sent(account, lines.date))
        .map(|sent| Notice {
            provider_payment_id: attempt.to_owned(),
            sent,
        });
    Ok(Claimed::new(
        attempt.to_owned(),
        Algorithm::RsaSha256,
        Purpose::Callback,
        vec![lines.to_bytes()],
        authorization.signature,
        content,
    ))
}

/// The address that OP calls about an attempt.
pub(super) fn address(callback_url: &str, attempt: &str) -> String {
    format!("{callback_url}/{attempt}")
}

fn attempt(url: &str) -> Result<&str, ContentError> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=255).contains(&last.len()) && last.bytes().all(plain) {
        Ok(last)
    } else {
        Err(ContentError::Field("url"))
    }
}

fn check(
    account: &CallbackAccount,
    authorization: &Authorization,
    api_key: &str,
) -> Result<(), ContentError> {
    let right_key = same(&account.api_key.0, api_key);
    let known = account.id.as_ref();
    let right_id = known.is_none_or(|id| same(&id.0, &authorization.signer));
    if right_key & right_id {
        Ok(())
    } else {
        Err(ContentError::Account)
    }
}

/// When it was sent. The text itself is what was signed; whatever day of the week it names.
fn sent(account: &CallbackAccount, text: &str) -> Result<Option<Sent>, ContentError> {
    let Some(within_seconds) = account.within_seconds else {
        return Ok(None);
    };
    let at = date::read_http(text).ok_or(ContentError::Field("date"))?;
    Ok(Some(Sent { at, within_seconds }))
}

fn body(bytes: &[u8]) -> Result<(), ContentError> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            ContentError::Field("paymentId")
        } else {
            ContentError::Malformed
        }
    })?;
    if message::is_id(&body.payment_id) {
        Ok(())
    } else {
        Err(ContentError::Field("paymentId"))
    }
}

/// Compares in constant time, but for the length.
fn same(ours: &str, theirs: &str) -> bool {
    let pairs = ours.bytes().zip(theirs.bytes());
    let difference = pairs.fold(0, |difference, (ours, theirs)| {
        black_box(difference | (ours ^ theirs))
    });
    ours.len() == theirs.len() && difference == 0
}
