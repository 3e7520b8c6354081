//! A message: which fields it has, which of them are empty, and the bytes that its MAC is over.

use core::fmt;

use kassa_checkout::{
    Claimed, Unsigned,
    message::{Algorithm, ContentError, Purpose, Signature},
    provider::{BrowserForm, BuildError},
};

use super::{
    field::Field,
    function::Function,
    latin1::{decode, encode, form, is_allowed, unescape_form},
};

/// The longest body that is read, in bytes. Population data is the longest field.
pub const LONGEST_BODY: usize = 64 * 1024;

/// Digits of a MAC.
const MAC_DIGITS: usize = 64;

/// What kind of message it is, and so which fields it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An application asks for a payment.
    PayCall,
    /// How a payment ended.
    PayAnswer,
    /// An application asks about a payment.
    CheckCall,
    /// How that payment stands.
    CheckAnswer,
    /// An application asks who somebody is.
    LoginCall,
    /// Who somebody is.
    LoginAnswer,
}

use Field as F;

const CALL: &[Field] = &[
    F::Rcvid,
    F::Appid,
    F::Timestmp,
    F::So,
    F::Solist,
    F::Type,
    F::Au,
    F::Lg,
    F::Returl,
    F::Canurl,
    F::Errurl,
    F::Ap,
];

const ANSWER: &[Field] = &[
    F::Rcvid,
    F::Timestmp,
    F::So,
    F::Lg,
    F::Returl,
    F::Canurl,
    F::Errurl,
    F::Status,
];

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::PayCall,
        Self::PayAnswer,
        Self::CheckCall,
        Self::CheckAnswer,
        Self::LoginCall,
        Self::LoginAnswer,
    ];

    /// The function that it is about.
    #[must_use]
    pub const fn function(self) -> Function {
        match self {
            Self::PayCall | Self::PayAnswer => Function::Pay,
            Self::CheckCall | Self::CheckAnswer => Function::Check,
            Self::LoginCall | Self::LoginAnswer => Function::Identify,
        }
    }

    /// Whether an application makes it, rather than VETUMA.
    #[must_use]
    pub const fn is_call(self) -> bool {
        matches!(self, Self::PayCall | Self::CheckCall | Self::LoginCall)
    }

    /// The fields that it must have, the MAC apart; some may be empty.
    pub fn mandatory(self) -> impl Iterator<Item = Field> {
        let common = if self.is_call() { CALL } else { ANSWER };
        let own: &[Field] = match self {
            Self::PayCall => &[F::Am],
            Self::PayAnswer => &[F::Payid],
            Self::CheckCall => &[F::PaymCallId],
            Self::CheckAnswer => &[F::Payid, F::PaymStatus, F::PaymAmount, F::PaymCurrency],
            Self::LoginCall => &[],
            Self::LoginAnswer => &[F::Userid, F::Subjectdata, F::Extradata],
        };
        common.iter().chain(own).copied()
    }

    /// The fields that it may have besides.
    #[must_use]
    pub const fn optional(self) -> &'static [Field] {
        match self {
            Self::PayCall => &[
                F::Appname,
                F::Ref,
                F::Ordnr,
                F::Msgbuyer,
                F::Msgseller,
                F::Msgform,
                F::Trid,
                F::PaymCallId,
            ],
            // The seed lets the archive identifier be missing, and returns the reference or the
            // order number by the method used.
            Self::PayAnswer | Self::CheckAnswer => &[F::Ref, F::Ordnr, F::Paid, F::Trid],
            Self::CheckCall => &[F::Trid],
            Self::LoginCall => &[F::Extradata, F::Appname, F::Trid],
            Self::LoginAnswer => &[F::Trid, F::Vtjdata],
        }
    }

    fn has(self, field: Field) -> bool {
        self.mandatory().any(|known| known == field) || self.optional().contains(&field)
    }

    const fn purpose(self) -> Purpose {
        self.function().purpose()
    }
}

/// The fields of a message, without its MAC. A field that is not there differs from one that is
/// empty: the latter leaves its place in what is signed.
///
/// ```
/// use kassa_providers::vetuma::{Field, Message};
/// let mut message = Message::default();
/// message.set(Field::Lg, "fi")?;
/// message.set(Field::Rcvid, "SHOP1P1")?;
/// assert_eq!(message.signing_input(), b"SHOP1P1&fi&");
/// message.set(Field::So, "")?;
/// assert_eq!(message.signing_input(), b"SHOP1P1&&fi&");
/// # Ok::<(), kassa_checkout::provider::BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// In the order of the fields, each once. A map would weigh more than all else here in the
    /// browser's module.
    values: Vec<(Field, String)>,
}

impl Message {
    /// Sets a field.
    ///
    /// # Errors
    /// [`BuildError`] when a character may not stand in a message, and for the MAC, which is none
    /// of a message's own fields.
    pub fn set(&mut self, field: Field, value: &str) -> Result<(), BuildError> {
        if field == Field::Mac {
            let expected = "no MAC: the message is signed when it is whole";
            return Err(BuildError::new("vetuma/mac", field.name(), expected));
        }
        if !value.chars().all(is_allowed) {
            let expected = "characters of ISO-8859-1 only, and no control characters";
            return Err(BuildError::new("vetuma/character", field.name(), expected));
        }
        self.put(field, value.to_owned());
        Ok(())
    }

    /// The value of a field; `None` when it is not there.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        let place = self.place(field).ok()?;
        self.values.get(place).map(|(_, value)| value.as_str())
    }

    /// Puts a value into a field, and gives back what was there.
    fn put(&mut self, field: Field, value: String) -> Option<String> {
        match self.place(field) {
            Ok(place) => {
                let (_, old) = self.values.get_mut(place)?;
                Some(core::mem::replace(old, value))
            }
            Err(place) => {
                self.values.insert(place, (field, value));
                None
            }
        }
    }

    /// Where a field stands, or would stand.
    fn place(&self, field: Field) -> Result<usize, usize> {
        self.values
            .binary_search_by_key(&field, |(known, _)| *known)
    }

    /// The fields that are there, in order.
    pub fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        let values = self.values.iter();
        values.map(|(field, value)| (*field, value.as_str()))
    }

    /// The bytes that the MAC is computed over, but for the secret and the `&` after it: the
    /// values that are there, in order, each with `&` after it, in ISO-8859-1.
    #[must_use]
    pub fn signing_input(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (_, value) in &self.values {
            // What cannot be encoded was refused when it was set.
            bytes.extend(encode(value).unwrap_or_default());
            bytes.push(b'&');
        }
        bytes
    }

    /// The message of that kind with these fields, in any order.
    ///
    /// # Errors
    /// [`BuildError`] naming a field that is missing, that this kind does not have, that stands
    /// twice, or that holds `&` without being an address.
    pub fn of<'a>(
        kind: Kind,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, BuildError> {
        let mut message = Self::default();
        for (name, value) in pairs {
            let field = Field::from_name(name).ok_or_else(|| {
                BuildError::new("vetuma/unknown-field", "name", "a field of VETUMA's")
            })?;
            if message.get(field).is_some() {
                let expected = "a field once only";
                return Err(BuildError::new("vetuma/repeated", field.name(), expected));
            }
            message.set(field, value)?;
        }
        message.check(kind)?;
        Ok(message)
    }

    /// Checks that it has the fields of its kind, and no `&` where that would make two messages
    /// look alike to the MAC.
    ///
    /// # Errors
    /// [`BuildError`] naming the field.
    pub fn check(&self, kind: Kind) -> Result<(), BuildError> {
        if let Some(field) = kind.mandatory().find(|field| self.get(*field).is_none()) {
            let expected = "a value, or at least an empty one";
            return Err(BuildError::new("vetuma/missing", field.name(), expected));
        }
        if let Some((field, _)) = self.fields().find(|(field, _)| !kind.has(*field)) {
            let expected = "no such field in this kind of message";
            return Err(BuildError::new("vetuma/unexpected", field.name(), expected));
        }
        match self.ambiguous() {
            Some(field) => {
                let expected =
                    "no & outside of addresses: it would not be told from the end of a field";
                Err(BuildError::new("vetuma/separator", field.name(), expected))
            }
            None => Ok(()),
        }
    }

    /// The first field that holds `&` and is no address.
    fn ambiguous(&self) -> Option<Field> {
        let mut fields = self.fields();
        fields
            .find(|(field, value)| !field.is_url() && value.contains('&'))
            .map(|(field, _)| field)
    }

    /// The form that brings it, to be signed. The page with the form must be ISO-8859-1, or its
    /// form must have `accept-charset="ISO-8859-1"`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn to_form(&self, kind: Kind, action: &str) -> Result<Unsigned<BrowserForm>, BuildError> {
        self.check(kind)?;
        let fields = self.fields();
        let form = BrowserForm {
            action: action.to_owned(),
            fields: fields
                .map(|(field, value)| (field.name().to_owned(), value.to_owned()))
                .collect(),
        };
        Ok(Unsigned::new(
            form,
            Algorithm::Sha256Suffix,
            kind.purpose(),
            self.signing_input(),
            |mut form, signature| {
                let mac = (Field::Mac.name().to_owned(), mac_text(signature));
                form.fields.push(mac);
                form
            },
        ))
    }

    /// Reads a posted form, or the query string that an answer to a question is, without
    /// believing it. The hint is the name of the secret.
    ///
    /// # Errors
    /// [`ContentError`] for what is too large, no form in ISO-8859-1, holds a field twice, one
    /// that this kind does not have or none where there must be one, or has a MAC that is not 64
    /// hexadecimal digits in capitals.
    pub fn claim(kind: Kind, body: &[u8]) -> Result<Claimed<Self>, ContentError> {
        let (message, mac) = read(kind, body)?;
        let rcvid = message.get(Field::Rcvid).unwrap_or_default().to_owned();
        let signing_input = message.signing_input();
        let content = message.believable(kind).map(|()| message);
        Ok(Claimed::new(
            rcvid,
            Algorithm::Sha256Suffix,
            kind.purpose(),
            vec![signing_input],
            mac,
            content,
        ))
    }

    /// What must hold of a message besides its MAC before its values are looked at.
    fn believable(&self, kind: Kind) -> Result<(), ContentError> {
        if let Some(field) = self.ambiguous() {
            return Err(ContentError::Field(field.name()));
        }
        if !kind.is_call() {
            return Ok(());
        }
        let function = kind.function();
        if self.get(Field::Type) != Some(function.service()) {
            return Err(ContentError::Field(Field::Type.name()));
        }
        if self.get(Field::Au) != function.code() {
            return Err(ContentError::Field(Field::Au.name()));
        }
        Ok(())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.values.iter().map(|(field, _)| field.name());
        f.debug_list().entries(names).finish()
    }
}

/// Sets a field that may be missing.
pub(super) fn set_some(
    message: &mut Message,
    field: Field,
    value: Option<&str>,
) -> Result<(), BuildError> {
    value.map_or(Ok(()), |value| message.set(field, value))
}

/// A signed form as `application/x-www-form-urlencoded` in ISO-8859-1: the body of a question,
/// and of its answer.
#[must_use]
pub fn body(signed: &BrowserForm) -> String {
    form(&signed.fields)
}

/// A MAC as it is written: 64 hexadecimal digits in capitals.
#[must_use]
pub fn mac_text(signature: &Signature) -> String {
    let digits = signature.0.iter();
    digits.map(|byte| format!("{byte:02X}")).collect()
}

/// The bytes of a MAC; `None` unless it is 64 hexadecimal digits in capitals.
#[must_use]
pub fn mac_bytes(text: &str) -> Option<Vec<u8>> {
    let capital = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    if text.len() != MAC_DIGITS || !text.bytes().all(capital) {
        return None;
    }
    let pairs = (0..MAC_DIGITS).step_by(2);
    pairs
        .map(|place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok())
        .collect()
}

fn read(kind: Kind, body: &[u8]) -> Result<(Message, Vec<u8>), ContentError> {
    if body.len() > LONGEST_BODY {
        return Err(ContentError::TooLarge);
    }
    let pairs = unescape_form(body).ok_or(ContentError::Malformed)?;
    let mut message = Message::default();
    let mut mac = None;
    for (name, value) in &pairs {
        let text = decode(value).ok_or(ContentError::Malformed)?;
        let name = decode(name).ok_or(ContentError::Malformed)?;
        let field = Field::from_name(&name).ok_or(ContentError::UnknownField)?;
        let before = match field {
            Field::Mac => mac.replace(text),
            field if kind.has(field) => message.put(field, text),
            _ => return Err(ContentError::UnknownField),
        };
        if before.is_some() {
            return Err(ContentError::DuplicateKey);
        }
    }
    if let Some(field) = kind.mandatory().find(|field| message.get(*field).is_none()) {
        return Err(ContentError::Field(field.name()));
    }
    let mac = mac.as_deref().and_then(mac_bytes);
    Ok((message, mac.ok_or(ContentError::Signature)?))
}
