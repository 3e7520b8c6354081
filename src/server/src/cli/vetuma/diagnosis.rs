//! Whether a MAC holds, and if not, what would make it hold.
//!
//! A digest does not say what is wrong with it. So what is likely to be wrong is tried, one thing
//! at a time: how the text was encoded, in which order, with which secret, and which field may
//! have had another value. What makes the MAC hold is what was off.

use hmac::{Hmac, KeyInit as _, Mac as _};
use kassa_checkout::message::Signature;
use kassa_providers::vetuma::{Field, Status, mac_bytes, mac_text};
use sha2::{Digest as _, Sha256};

use super::{
    logged::Logged,
    secrets::{Secret, Secrets},
};

/// How many values of other messages are tried for one field.
const MOST_VALUES: usize = 200;

/// What came of a MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It holds.
    Holds,
    /// It holds with one thing set right.
    Off {
        /// What is off.
        what: String,
        /// The field that it is about, where it is about one.
        field: Option<&'static str>,
    },
    /// Nothing that is likely makes it hold.
    Broken,
    /// There is no secret of the name that it bears, and no other makes it hold.
    NoSecret,
}

/// Looks at a message; `all` are those of its file, whose values it may have been mixed with.
pub(super) fn find(logged: &Logged, all: &[Logged], secrets: &Secrets) -> Finding {
    let rcvid = logged.get(Field::Rcvid).unwrap_or_default();
    let off = |what: &str, field: Option<Field>| Finding::Off {
        what: what.to_owned(),
        field: field.map(Field::name),
    };
    for secret in secrets.for_name(rcvid) {
        let Some(finding) = with_secret(logged, all, secret) else {
            continue;
        };
        return match finding {
            Finding::Holds if secret.id != rcvid => {
                off("made with the secret of another name", Some(Field::Rcvid))
            }
            finding => finding,
        };
    }
    if logged.mac.is_empty() {
        off("there is no MAC", Some(Field::Mac))
    } else if secrets.has(rcvid) {
        Finding::Broken
    } else {
        Finding::NoSecret
    }
}

/// What makes it hold with this secret, if anything does.
fn with_secret(logged: &Logged, all: &[Logged], secret: &Secret) -> Option<Finding> {
    let ordered = in_order(&logged.fields);
    let off = |what: String, field: Option<Field>| {
        Some(Finding::Off {
            what,
            field: field.map(Field::name),
        })
    };
    let holds = |fields: &[(Field, String)]| {
        latin1(fields).is_some_and(|text| is(logged, &text, secret.whole()))
    };
    let text = latin1(&ordered).unwrap_or_default();
    if holds(&ordered) {
        return match mac_bytes(&logged.mac) {
            Some(_) => Some(Finding::Holds),
            None => off("the MAC is not in capitals".to_owned(), Some(Field::Mac)),
        };
    }
    if is(logged, &utf8(&ordered), secret.whole()) {
        let field = ordered.iter().find(|(_, value)| !value.is_ascii());
        let what = "made over UTF-8 instead of ISO-8859-1".to_owned();
        return off(what, field.map(|(field, _)| *field));
    }
    if let Some((field, fields)) = as_if_utf8(&ordered)
        && holds(&fields)
    {
        return off(
            "logged in UTF-8, made over ISO-8859-1".to_owned(),
            Some(field),
        );
    }
    for (what, other) in [
        (
            "made with the digits of the secret in small letters",
            lower(secret),
        ),
        (
            "made without the name of the secret",
            secret.digits().to_owned(),
        ),
    ] {
        if is(logged, &text, &other) {
            return off(what.to_owned(), None);
        }
    }
    let unended = [text.as_slice(), secret.whole().as_bytes()].concat();
    if same(logged, &Sha256::digest(unended)) {
        return off("made without the & at the end".to_owned(), None);
    }
    if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret.whole().as_bytes()) {
        hmac.update(&text);
        if same(logged, &hmac.finalize().into_bytes()) {
            return off("made as an HMAC instead of a plain digest".to_owned(), None);
        }
    }
    by_order(logged, &ordered, &holds)
        .or_else(|| by_presence(logged, &ordered, &holds))
        .or_else(|| by_value(logged, all, &ordered, &holds))
        .and_then(|(what, field)| off(what, field))
}

type Found = (String, Option<Field>);

/// Whether the MAC holds over some fields.
type Holds<'a> = dyn Fn(&[(Field, String)]) -> bool + 'a;

/// The fields in another order.
fn by_order(logged: &Logged, ordered: &[(Field, String)], holds: &Holds<'_>) -> Option<Found> {
    if holds(&logged.fields) {
        let what = "made in the order in which the fields were logged".to_owned();
        return Some((what, None));
    }
    let mut swapped = ordered.to_vec();
    let place = |field| ordered.iter().position(|(known, _)| *known == field);
    if let (Some(trid), Some(call)) = (place(Field::Trid), place(Field::PaymCallId)) {
        swapped.swap(trid, call);
        if holds(&swapped) {
            let what = "made with PAYM_CALL_ID before TRID".to_owned();
            return Some((what, Some(Field::PaymCallId)));
        }
    }
    None
}

/// A field there or not, empty or not.
fn by_presence(logged: &Logged, ordered: &[(Field, String)], holds: &Holds<'_>) -> Option<Found> {
    let without_empty: Vec<_> = ordered
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .cloned()
        .collect();
    if holds(&without_empty) {
        let what = "made without the fields that are empty".to_owned();
        return Some((what, None));
    }
    for (field, _) in ordered {
        let rest = ordered.iter().filter(|(known, _)| known != field);
        if holds(&rest.cloned().collect::<Vec<_>>()) {
            return Some(("made without this field".to_owned(), Some(*field)));
        }
        let emptied = replaced(ordered, *field, "");
        if holds(&emptied) {
            return Some(("made while this field was empty".to_owned(), Some(*field)));
        }
    }
    let may_have: Vec<_> = logged
        .kind
        .mandatory()
        .chain(logged.kind.optional().iter().copied())
        .collect();
    let missing = may_have
        .into_iter()
        .filter(|field| logged.get(*field).is_none());
    let mut all = ordered.to_vec();
    for field in missing {
        let one = in_order(&[ordered, &[(field, String::new())]].concat());
        if holds(&one) {
            return Some(("made with this field, empty".to_owned(), Some(field)));
        }
        all.push((field, String::new()));
    }
    if holds(&in_order(&all)) {
        let what = "made with all fields that are missing, empty".to_owned();
        return Some((what, None));
    }
    None
}

/// A field with another value: trimmed, decoded once too little or too often, or that of another
/// message.
fn by_value(
    logged: &Logged,
    all: &[Logged],
    ordered: &[(Field, String)],
    holds: &Holds<'_>,
) -> Option<Found> {
    let trimmed: Vec<_> = ordered
        .iter()
        .map(|(field, value)| (*field, value.trim().to_owned()))
        .collect();
    if holds(&trimmed) {
        let field = ordered.iter().find(|(_, value)| value.trim() != value);
        let what = "made over values without the spaces around them".to_owned();
        return Some((what, field.map(|(field, _)| *field)));
    }
    for (field, value) in ordered {
        if let Some(decoded) = decoded(value)
            && holds(&replaced(ordered, *field, &decoded))
        {
            let what = "made over the value decoded once more".to_owned();
            return Some((what, Some(*field)));
        }
        let pluses = value.replace(' ', "+");
        if pluses != *value && holds(&replaced(ordered, *field, &pluses)) {
            let what = "made over a value with + for its spaces".to_owned();
            return Some((what, Some(*field)));
        }
        let words = [
            Status::Successful,
            Status::Cancelled,
            Status::Rejected,
            Status::Error,
            Status::Failure,
        ];
        let words = words
            .iter()
            .map(Status::as_str)
            .filter(|_| *field == Field::Status);
        let others = all.iter().filter_map(|other| other.get(*field));
        let mut tried: Vec<&str> = Vec::new();
        for other in words.chain(others) {
            if other == value || tried.contains(&other) || tried.len() >= MOST_VALUES {
                continue;
            }
            tried.push(other);
            if holds(&replaced(ordered, *field, other)) {
                let what = changed(*field, other, logged);
                return Some((what, Some(*field)));
            }
        }
    }
    None
}

/// What is told of a changed field. Who a person is, is told to nobody.
fn changed(field: Field, was: &str, logged: &Logged) -> String {
    let personal = matches!(
        field,
        Field::Userid | Field::Subjectdata | Field::Extradata | Field::Vtjdata
    );
    if personal {
        return format!("{} was changed", field.name());
    }
    let is = logged.get(field).unwrap_or_default();
    format!(
        "{} was changed: made over {was:?}, logged as {is:?}",
        field.name()
    )
}

fn in_order(fields: &[(Field, String)]) -> Vec<(Field, String)> {
    let mut ordered = fields.to_vec();
    ordered.sort_by_key(|(field, _)| *field);
    ordered
}

fn replaced(fields: &[(Field, String)], field: Field, value: &str) -> Vec<(Field, String)> {
    let fields = fields.iter();
    fields
        .map(|(known, old)| {
            let value = if *known == field { value } else { old };
            (*known, value.to_owned())
        })
        .collect()
}

/// The text with each character as its one byte; none when a character has none.
fn latin1(fields: &[(Field, String)]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (_, value) in fields {
        for c in value.chars() {
            bytes.push(u8::try_from(u32::from(c)).ok()?);
        }
        bytes.push(b'&');
    }
    Some(bytes)
}

fn utf8(fields: &[(Field, String)]) -> Vec<u8> {
    let values = fields.iter().map(|(_, value)| format!("{value}&"));
    values.collect::<String>().into_bytes()
}

/// The fields as if their bytes were UTF-8, with the first that is another then.
fn as_if_utf8(fields: &[(Field, String)]) -> Option<(Field, Vec<(Field, String)>)> {
    let mut first = None;
    let read = fields.iter().map(|(field, value)| {
        let bytes: Option<Vec<u8>> = value
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.filter(|text| text != value);
        if text.is_some() {
            first = first.or(Some(*field));
        }
        (*field, text.unwrap_or_else(|| value.clone()))
    });
    let read = read.collect();
    Some((first?, read))
}

/// A value with its percent signs undone once more.
fn decoded(value: &str) -> Option<String> {
    let plain = value.replace('+', " ");
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(&plain).collect();
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    (text != value).then_some(text)
}

fn lower(secret: &Secret) -> String {
    format!("{}-{}", secret.id, secret.digits().to_lowercase())
}

/// Whether the MAC is the digest over a text and a secret.
fn is(logged: &Logged, text: &[u8], secret: &str) -> bool {
    let digest = Sha256::new().chain_update(text);
    let digest = digest.chain_update(secret).chain_update(b"&");
    same(logged, &digest.finalize())
}

/// Whether the MAC is these bytes, in capitals or not.
fn same(logged: &Logged, bytes: &[u8]) -> bool {
    mac_text(&Signature(bytes.to_vec())).eq_ignore_ascii_case(&logged.mac)
}
