//! Rows to values and values to parameters.

use std::borrow::Cow;

use bytes::BytesMut;
use kassa_checkout::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::store::{AttemptRecord, Payment, StoreError, Terms};

/// A value of a row: all columns are texts and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Value<'a> {
    Null,
    Number(i64),
    Text(Cow<'a, str>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(int(number))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => number.to_sql(kind, out),
            Self::Text(text) => text.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT || *kind == Type::INT8
    }

    to_sql_checked!();
}

/// The columns of a payment, in the order in which [`payment`] reads them.
pub(super) const PAYMENT: &str = "p.id, p.shop, p.token, p.order_number, p.reference, p.version, \
     p.events, p.created_at, p.changed_at, p.expires_at, p.terms, p.lifecycle, p.latest";
/// How many they are.
pub(super) const PAYMENT_COLUMNS: usize = 13;

pub(super) fn payment(row: &Row) -> Result<Payment, StoreError> {
    let latest: Option<&str> = get(row, 12)?;
    Ok(Payment {
        id: get(row, 0)?,
        shop: get(row, 1)?,
        token: get(row, 2)?,
        order: get(row, 3)?,
        reference: get(row, 4)?,
        version: natural(get(row, 5)?),
        events: natural(get(row, 6)?),
        created_at: time(get(row, 7)?),
        changed_at: time(get(row, 8)?),
        expires_at: time(get(row, 9)?),
        terms: json::<Terms>(get(row, 10)?, "terms")?,
        lifecycle: json(get(row, 11)?, "lifecycle")?,
        latest: latest
            .map(|latest| json::<AttemptRecord>(latest, "attempt"))
            .transpose()?,
    })
}

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index)
        .map_err(|_| StoreError::Corrupt("column"))
}

pub(super) fn json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(what))
}

pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A number of tries.
pub(super) fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(natural(millis))
}

/// Whether PostgreSQL can hold a text. What it cannot hold is in none of its rows.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
