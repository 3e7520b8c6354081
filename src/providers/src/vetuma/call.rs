//! What an application asks of VETUMA: to be built, and to be read by who plays or replaces it.

use core::fmt;

use kassa_checkout::{Amount, Language, provider::BuildError};
use viite::NationalReference;

use super::{
    field::Field,
    function::Profile,
    message::{Kind, Message, set_some},
    timestmp::Timestmp,
    value::{Fields, Method, MethodClass, refuse},
};

/// Where the browser brings the answer, by how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `RETURL`: of a success.
    pub success: String,
    /// `CANURL`: of a cancellation.
    pub cancel: String,
    /// `ERRURL`: of anything else.
    pub error: String,
}

/// What all calls have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The name of the secret.
    pub rcvid: String,
    /// The application's own name for itself.
    pub app_id: String,
    /// When the call was made.
    pub time: Timestmp,
    /// The method to begin with, if any.
    pub method: Option<Method>,
    /// The methods that may be offered.
    pub methods: Vec<Method>,
    /// The language.
    pub language: Language,
    /// Where the answer goes.
    pub addresses: Addresses,
    /// The customer configuration.
    pub configuration: String,
    /// The transaction identifier, which comes back with the answer.
    pub transaction: Option<String>,
}

impl Head {
    fn read(fields: &Fields<'_>) -> Result<Self, BuildError> {
        Ok(Self {
            rcvid: fields.id(Field::Rcvid)?,
            app_id: fields.id(Field::Appid)?,
            time: fields.timestamp()?,
            method: fields.method()?,
            methods: fields.methods()?,
            language: fields.language()?,
            addresses: fields.addresses()?,
            configuration: fields.id(Field::Ap)?,
            transaction: fields.transaction()?,
        })
    }

    fn write(&self, kind: Kind) -> Result<Message, BuildError> {
        let codes: Vec<_> = self.methods.iter().map(Method::as_str).collect();
        let function = kind.function();
        let mut message = Message::default();
        for (field, value) in [
            (Field::Rcvid, self.rcvid.as_str()),
            (Field::Appid, &self.app_id),
            (Field::Timestmp, self.time.as_str()),
            (Field::So, self.method.as_ref().map_or("", Method::as_str)),
            (Field::Solist, &codes.join(",")),
            (Field::Type, function.service()),
            (Field::Au, function.code().unwrap_or_default()),
            (Field::Lg, self.language.code()),
            (Field::Returl, &self.addresses.success),
            (Field::Canurl, &self.addresses.cancel),
            (Field::Errurl, &self.addresses.error),
            (Field::Ap, &self.configuration),
        ] {
            message.set(field, value)?;
        }
        set_some(&mut message, Field::Trid, self.transaction.as_deref())?;
        Ok(message)
    }
}

/// `PAYMENT` `PAY`: an application asks for a payment.
///
/// ```
/// use kassa_checkout::{Amount, Language, Timestamp};
/// use kassa_providers::vetuma::{Addresses, Head, Method, PayCall, Profile, Timestmp};
///
/// let call = PayCall {
///     head: Head {
///         rcvid: "SHOP1P1".into(),
///         app_id: "shop".into(),
///         time: Timestmp::of(Timestamp::from_millis(1_705_303_800_002)),
///         method: None,
///         methods: vec![Method::banks()],
///         language: Language::Fi,
///         addresses: Addresses {
///             success: "https://shop.example/ok".into(),
///             cancel: "https://shop.example/cancel".into(),
///             error: "https://shop.example/error".into(),
///         },
///         configuration: "SHOP1".into(),
///         transaction: None,
///     },
///     amount: Amount::from_cents(4_990)?,
///     reference: Some("202400013".into()),
///     order_number: None,
///     app_name: Some("Åbo butik".into()),
///     to_buyer: None,
///     to_seller: None,
///     on_form: None,
///     call_id: None,
/// };
/// let form = call.to_message(Profile::V2_2)?;
/// let text = form.signing_input();
/// assert!(text.starts_with(b"SHOP1P1&shop&20240115093000002&&P&PAYMENT&PAY&fi&"));
/// assert!(text.ends_with(b"&SHOP1&\xc5bo butik&49,90&202400013&"));
/// assert_eq!(PayCall::read(&form, Profile::V2_2)?, call);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PayCall {
    /// What all calls have.
    pub head: Head,
    /// The sum.
    pub amount: Amount,
    /// The reference of a bank payment, in machine form, as it was given: the answer returns it so.
    pub reference: Option<String>,
    /// The order number of a card payment. Never to be used for a second call, even when the first
    /// was not finished.
    pub order_number: Option<String>,
    /// The application's name, for the customer to read.
    pub app_name: Option<String>,
    /// What the payer's account statement says.
    pub to_buyer: Option<String>,
    /// What the payee's account statement says.
    pub to_seller: Option<String>,
    /// What the payment form says.
    pub on_form: Option<String>,
    /// By what the payment can be asked about later. Version 3.
    pub call_id: Option<String>,
}

impl PayCall {
    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should, or that contradicts
    /// another: cards without an order number, banks without a reference, a method to begin with
    /// that is not offered, a transaction identifier beside another call identifier.
    pub fn to_message(&self, profile: Profile) -> Result<Message, BuildError> {
        let mut message = self.head.write(Kind::PayCall)?;
        message.set(Field::Am, &self.amount.with_comma())?;
        for (field, value) in [
            (Field::Appname, self.app_name.as_deref()),
            (Field::Ref, self.reference.as_deref()),
            (Field::Ordnr, self.order_number.as_deref()),
            (Field::Msgbuyer, self.to_buyer.as_deref()),
            (Field::Msgseller, self.to_seller.as_deref()),
            (Field::Msgform, self.on_form.as_deref()),
            (Field::PaymCallId, self.call_id.as_deref()),
        ] {
            set_some(&mut message, field, value)?;
        }
        let read = Self::read(&message, profile)?;
        read.check_offer()?;
        unambiguous(read.head.transaction.as_deref(), read.call_id.as_deref())?;
        Ok(message)
    }

    /// Reads a message that was verified, or that is about to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should. What the call
    /// offers is not checked: [`Self::offered`] tells what is left of it.
    pub fn read(message: &Message, profile: Profile) -> Result<Self, BuildError> {
        message.check(Kind::PayCall)?;
        let fields = Fields(message);
        let call = Self {
            head: Head::read(&fields)?,
            amount: fields.amount()?,
            reference: fields.reference()?,
            order_number: fields.order_number(profile)?,
            app_name: fields.text(Field::Appname)?,
            to_buyer: fields.text(Field::Msgbuyer)?,
            to_seller: fields.text(Field::Msgseller)?,
            on_form: fields.text(Field::Msgform)?,
            call_id: fields.call_id()?,
        };
        if profile == Profile::V2_2 && call.call_id.is_some() {
            let expected = "no such field before version 3";
            return Err(refuse(Field::PaymCallId, expected));
        }
        Ok(call)
    }

    /// The reference without the zeros that may fill it up.
    #[must_use]
    pub fn national_reference(&self) -> Option<NationalReference> {
        NationalReference::parse_machine(self.reference.as_deref()?).ok()
    }

    /// The methods that may be offered to the customer: of those of the call, cards only with an
    /// order number and banks only with a reference.
    #[must_use]
    pub fn offered(&self) -> Vec<&Method> {
        let methods = self.head.methods.iter();
        methods
            .filter(|method| self.has_number_for(method))
            .collect()
    }

    fn has_number_for(&self, method: &Method) -> bool {
        match method.class() {
            MethodClass::Bank => self.reference.is_some(),
            MethodClass::Card => self.order_number.is_some(),
            MethodClass::Other => true,
        }
    }

    fn check_offer(&self) -> Result<(), BuildError> {
        let methods = &self.head.methods;
        if let Some(method) = methods.iter().find(|method| !self.has_number_for(method)) {
            return Err(match method.class() {
                MethodClass::Card => {
                    refuse(Field::Ordnr, "an order number, since cards are offered")
                }
                _ => refuse(Field::Ref, "a reference, since banks are offered"),
            });
        }
        match &self.head.method {
            Some(method) if !methods.contains(method) => Err(refuse(
                Field::So,
                "one of the methods of SOLIST, or nothing",
            )),
            _ => Ok(()),
        }
    }
}

/// Which of `TRID` and `PAYM_CALL_ID` enters the MAC first is not settled: public software does
/// either. Both go out only where that makes no difference; what comes in says by its MAC.
fn unambiguous(transaction: Option<&str>, call_id: Option<&str>) -> Result<(), BuildError> {
    match (transaction, call_id) {
        (Some(transaction), Some(call_id)) if transaction != call_id => {
            let expected =
                "the value of PAYM_CALL_ID, or no TRID: their order in the MAC is not known";
            Err(refuse(Field::Trid, expected))
        }
        _ => Ok(()),
    }
}

/// `PAYMENT` `CHECK`: an application asks how a payment stands. Version 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCall {
    /// What all calls have; the addresses must be there, and nothing is sent to them.
    pub head: Head,
    /// The identifier of the payment call that is asked about.
    pub call_id: String,
}

impl CheckCall {
    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn to_message(&self) -> Result<Message, BuildError> {
        let mut message = self.head.write(Kind::CheckCall)?;
        message.set(Field::PaymCallId, &self.call_id)?;
        let read = Self::read(&message)?;
        unambiguous(read.head.transaction.as_deref(), Some(&read.call_id))?;
        Ok(message)
    }

    /// Reads a message that was verified, or that is about to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn read(message: &Message) -> Result<Self, BuildError> {
        message.check(Kind::CheckCall)?;
        let fields = Fields(message);
        let head = Head::read(&fields)?;
        if head.method.is_some() {
            return Err(refuse(Field::So, "nothing"));
        }
        let call_id = fields.call_id()?.unwrap_or_default();
        Ok(Self { head, call_id })
    }
}

/// `LOGIN` `EXTAUTH`: an application asks who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCall {
    /// What all calls have.
    pub head: Head,
    /// What is asked for besides: `VTJ1`, or `VTJTT=` and a product of the population register.
    pub extra: Option<String>,
    /// The application's name, for the customer to read.
    pub app_name: Option<String>,
}

impl LoginCall {
    /// The message, to be signed.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that has another format than it should.
    pub fn to_message(&self) -> Result<Message, BuildError> {
        let mut message = self.head.write(Kind::LoginCall)?;
        set_some(&mut message, Field::Extradata, self.extra.as_deref())?;
        set_some(&mut message, Field::Appname, self.app_name.as_deref())?;
        Self::read(&message)?;
        Ok(message)
    }

    /// Reads a message that was verified, or that is about to be signed.
    ///
    /// # Errors
    /// As [`Self::to_message`].
    pub fn read(message: &Message) -> Result<Self, BuildError> {
        message.check(Kind::LoginCall)?;
        let fields = Fields(message);
        Ok(Self {
            head: Head::read(&fields)?,
            extra: fields.text(Field::Extradata)?,
            app_name: fields.text(Field::Appname)?,
        })
    }
}

impl fmt::Debug for PayCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayCall")
            .field("time", &self.head.time)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}
