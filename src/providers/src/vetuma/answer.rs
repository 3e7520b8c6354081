//! What VETUMA answers: to be read by an application, and built by who plays or replaces it.

use core::fmt;

use kassa_checkout::{Amount, Language, provider::BuildError};

use super::{
    call::{Addresses, Head, PayCall},
    field::Field,
    message::{Kind, Message, set_some},
    timestmp::Timestmp,
    value::{Fields, Method},
};

/// How a function ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is done.
    Successful,
    /// The customer gave up.
    Cancelled,
    /// The service behind refused.
    Rejected,
    /// The call was faulty.
    Error,
    /// It failed for another reason.
    Failure,
    /// A word that nobody has heard of: it says nothing.
    Other(String),
}

impl Status {
    /// Reads a word, letter for letter.
    #[must_use]
    pub fn read(word: &str) -> Self {
        match word {
            "SUCCESSFUL" => Self::Successful,
            "CANCELLED" => Self::Cancelled,
            "REJECTED" => Self::Rejected,
            "ERROR" => Self::Error,
            "FAILURE" => Self::Failure,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Successful => "SUCCESSFUL",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Error => "ERROR",
            Self::Failure => "FAILURE",
            Self::Other(word) => word,
        }
    }

    /// Which of the call's addresses an answer with it goes to; `None` for an unknown word.
    #[must_use]
    pub const fn address(&self) -> Option<ReturnAddress> {
        match self {
            Self::Successful => Some(ReturnAddress::Success),
            Self::Cancelled => Some(ReturnAddress::Cancel),
            Self::Rejected | Self::Error | Self::Failure => Some(ReturnAddress::Error),
            Self::Other(_) => None,
        }
    }
}

/// One of a call's three addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnAddress {
    /// `RETURL`.
    Success,
    /// `CANURL`.
    Cancel,
    /// `ERRURL`.
    Error,
}

impl ReturnAddress {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Success, Self::Cancel, Self::Error];

    /// The field that it stands in.
    #[must_use]
    pub const fn field(self) -> Field {
        match self {
            Self::Success => Field::Returl,
            Self::Cancel => Field::Canurl,
            Self::Error => Field::Errurl,
        }
    }
}

impl Addresses {
    /// The address for answers of that kind.
    #[must_use]
    pub fn get(&self, address: ReturnAddress) -> &str {
        match address {
            ReturnAddress::Success => &self.success,
            ReturnAddress::Cancel => &self.cancel,
            ReturnAddress::Error => &self.error,
        }
    }
}

/// What all answers have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerHead {
    /// The name of the secret, the call's.
    pub rcvid: String,
    /// When the answer was made.
    pub time: Timestmp,
    /// The method that was used, if any.
    pub method: Option<Method>,
    /// The language of the call.
    pub language: Language,
    /// The addresses of the call.
    pub addresses: Addresses,
    /// How it ended.
    pub status: Status,
    /// The call's transaction identifier.
    pub transaction: Option<String>,
}

impl AnswerHead {
    /// The beginning of an answer to a call.
    #[must_use]
    pub fn to(call: &Head, status: Status, time: Timestmp) -> Self {
        Self {
            rcvid: call.rcvid.clone(),
            time,
            method: None,
            language: call.language,
            addresses: call.addresses.clone(),
            status,
            transaction: call.transaction.clone(),
        }
    }

    fn write(&self) -> Result<Message, BuildError> {
        let mut message = Message::default();
        for (field, value) in [
            (Field::Rcvid, self.rcvid.as_str()),
            (Field::Timestmp, self.time.as_str()),
            (Field::So, self.method.as_ref().map_or("", Method::as_str)),
            (Field::Lg, self.language.code()),
            (Field::Returl, &self.addresses.success),
            (Field::Canurl, &self.addresses.cancel),
            (Field::Errurl, &self.addresses.error),
            (Field::Status, self.status.as_str()),
        ] {
            message.set(field, value)?;
        }
        set_some(&mut message, Field::Trid, self.transaction.as_deref())?;
        Ok(message)
    }

    fn read(fields: &Fields<'_>) -> Result<Self, BuildError> {
        Ok(Self {
            rcvid: fields.id(Field::Rcvid)?,
            time: fields.timestamp()?,
            method: fields.method()?,
            language: fields.language()?,
            addresses: fields.addresses()?,
            status: Status::read(fields.0.get(Field::Status).unwrap_or_default()),
            transaction: fields.transaction()?,
        })
    }
}

/// How a payment ended: the answer to [`PayCall`].
///
/// It bears no sum. What was paid follows from the call that it answers, and from nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct PayAnswer {
    /// What all answers have.
    pub head: AnswerHead,
    /// The identifier against paying twice, or nothing.
    pub payid: String,
    /// The call's reference.
    pub reference: Option<String>,
    /// The call's order number.
    pub order_number: Option<String>,
    /// The archive identifier of the bank; it may be empty or not there.
    pub archive_id: Option<String>,
}

impl PayAnswer {
    /// The answer to a call, with no identifiers yet.
    #[must_use]
    pub fn to(call: &PayCall, status: Status, time: Timestmp) -> Self {
        Self {
            head: AnswerHead::to(&call.head, status, time),
            payid: String::new(),
            reference: call.reference.clone(),
            order_number: call.order_number.clone(),
            archive_id: Some(String::new()),
        }
    }

    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that cannot be sent.
    pub fn to_message(&self) -> Result<Message, BuildError> {
        let message = self.write()?;
        message.check(Kind::PayAnswer)?;
        Ok(message)
    }

    fn write(&self) -> Result<Message, BuildError> {
        let mut message = self.head.write()?;
        message.set(Field::Payid, &self.payid)?;
        for (field, value) in [
            (Field::Ref, &self.reference),
            (Field::Ordnr, &self.order_number),
            (Field::Paid, &self.archive_id),
        ] {
            set_some(&mut message, field, value.as_deref())?;
        }
        Ok(message)
    }

    /// Reads a message that was verified.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn read(message: &Message) -> Result<Self, BuildError> {
        message.check(Kind::PayAnswer)?;
        Self::read_fields(message)
    }

    fn read_fields(message: &Message) -> Result<Self, BuildError> {
        let fields = Fields(message);
        Ok(Self {
            head: AnswerHead::read(&fields)?,
            payid: fields.text(Field::Payid)?.unwrap_or_default(),
            reference: fields.text(Field::Ref)?,
            order_number: fields.text(Field::Ordnr)?,
            archive_id: fields.text(Field::Paid)?,
        })
    }
}

impl fmt::Debug for PayAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PayAnswer").field(&self.head).finish()
    }
}

/// How a payment stands that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// It is paid.
    Paid,
    /// It is not.
    NotPaid,
    /// Something is wrong with it; it says nothing about money.
    Problem,
    /// Nobody knows it.
    Unknown,
    /// A word that nobody has heard of: not known yet.
    Other(String),
}

impl PaymentState {
    /// Reads a word of `PAYM_STATUS`, letter for letter.
    #[must_use]
    pub fn read(word: &str) -> Self {
        match word {
            "OK_VERIFIED" => Self::Paid,
            "CANCELLED_OR_REJECTED" => Self::NotPaid,
            "PROBLEM" => Self::Problem,
            "UNKNOWN_PAYMENT" => Self::Unknown,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Paid => "OK_VERIFIED",
            Self::NotPaid => "CANCELLED_OR_REJECTED",
            Self::Problem => "PROBLEM",
            Self::Unknown => "UNKNOWN_PAYMENT",
            Self::Other(word) => word,
        }
    }
}

/// The answer to [`CheckCall`](super::CheckCall).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAnswer {
    /// What answers about payments have. Its status is that of the question.
    pub answer: PayAnswer,
    /// How the payment stands.
    pub state: PaymentState,
    /// The sum, where it is told.
    pub amount: Option<Amount>,
}

impl CheckAnswer {
    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that cannot be sent.
    pub fn to_message(&self) -> Result<Message, BuildError> {
        let mut message = self.answer.write()?;
        let amount = self.amount;
        let currency = amount.map_or("", |amount| amount.currency().code());
        message.set(Field::PaymStatus, self.state.as_str())?;
        message.set(
            Field::PaymAmount,
            &amount.map(Amount::with_comma).unwrap_or_default(),
        )?;
        message.set(Field::PaymCurrency, currency)?;
        message.check(Kind::CheckAnswer)?;
        Ok(message)
    }

    /// Reads a message that was verified. A sum that is not euros with a comma and two decimals is
    /// none: how VETUMA writes it was never published.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn read(message: &Message) -> Result<Self, BuildError> {
        message.check(Kind::CheckAnswer)?;
        let text = message.get(Field::PaymAmount).unwrap_or_default();
        let amount = Amount::parse_decimal(text).ok();
        let in_euros = message.get(Field::PaymCurrency) == Some("EUR");
        Ok(Self {
            answer: PayAnswer::read_fields(message)?,
            state: PaymentState::read(message.get(Field::PaymStatus).unwrap_or_default()),
            amount: amount.filter(|_| in_euros),
        })
    }
}

/// Who somebody is: the answer to [`LoginCall`](super::LoginCall). `Debug` shows nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginAnswer {
    /// What all answers have.
    pub head: AnswerHead,
    /// Who it is; after a bank's identification the personal identity code.
    pub user: String,
    /// The names.
    pub subject: String,
    /// More, as the call asked for.
    pub extra: String,
    /// Population data: XML, still percent-encoded.
    pub population_data: Option<String>,
}

impl LoginAnswer {
    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that cannot be sent.
    pub fn to_message(&self) -> Result<Message, BuildError> {
        let mut message = self.head.write()?;
        message.set(Field::Userid, &self.user)?;
        message.set(Field::Subjectdata, &self.subject)?;
        message.set(Field::Extradata, &self.extra)?;
        set_some(
            &mut message,
            Field::Vtjdata,
            self.population_data.as_deref(),
        )?;
        message.check(Kind::LoginAnswer)?;
        Ok(message)
    }

    /// Reads a message that was verified.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn read(message: &Message) -> Result<Self, BuildError> {
        message.check(Kind::LoginAnswer)?;
        let fields = Fields(message);
        let text = |field| fields.text(field).map(Option::unwrap_or_default);
        Ok(Self {
            head: AnswerHead::read(&fields)?,
            user: text(Field::Userid)?,
            subject: text(Field::Subjectdata)?,
            extra: text(Field::Extradata)?,
            population_data: message.get(Field::Vtjdata).map(str::to_owned),
        })
    }

    /// First names and last name, where they are told as the service usually did: production also
    /// sent rubbish.
    ///
    /// ```
    /// use kassa_providers::vetuma::names;
    /// let both = names("ETUNIMI=Anna Maria, SUKUNIMI=Mäkelä");
    /// assert_eq!(both, Some(("Anna Maria", "Mäkelä")));
    /// assert_eq!(names("CEN"), None);
    /// ```
    #[must_use]
    pub fn names(&self) -> Option<(&str, &str)> {
        names(&self.subject)
    }

    /// The personal identity code, where the extra data has one.
    #[must_use]
    pub fn identity_code(&self) -> Option<&str> {
        let mut parts = self.extra.split(',');
        parts.find_map(|part| part.trim().strip_prefix("HETU="))
    }
}

/// First names and last name of a `SUBJECTDATA`.
#[must_use]
pub fn names(subject: &str) -> Option<(&str, &str)> {
    let (first, last) = subject.split_once(',')?;
    let first = first.trim().strip_prefix("ETUNIMI=")?;
    Some((first, last.trim().strip_prefix("SUKUNIMI=")?))
}

impl fmt::Debug for LoginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoginAnswer").field(&self.head).finish()
    }
}
