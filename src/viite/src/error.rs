//! The one error of this crate: which rule broke, in what, and where.

use alloc::string::String;
use core::fmt;

/// Why a text was refused.
///
/// # Examples
///
/// ```
/// use viite::{NationalReference, Reason};
///
/// let error = NationalReference::parse("12 3456A").unwrap_err();
/// assert_eq!(error.reason(), Reason::Character);
/// assert_eq!(error.position(), Some(7));
/// assert_eq!(error.code(), "reference/character");
/// assert_eq!(error.to_string(), "reference: a character that is not allowed (position 7)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    subject: Subject,
    reason: Reason,
    position: Option<usize>,
    cause: Option<Reason>,
}

impl Error {
    pub(crate) const fn new(subject: Subject, reason: Reason) -> Self {
        Self {
            subject,
            reason,
            position: None,
            cause: None,
        }
    }

    pub(crate) const fn at(self, position: usize) -> Self {
        Self {
            position: Some(position),
            ..self
        }
    }

    pub(crate) const fn because(self, inner: Self) -> Self {
        Self {
            cause: Some(inner.reason),
            ..self
        }
    }

    /// What was being read or made.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The rule that broke.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Where in the given text, in characters from 0; `None` where the rule is about the whole.
    ///
    /// All that may stand before a refused character lies in Unicode's first plane,
    /// so this is also the index in JavaScript's UTF-16 string.
    pub const fn position(&self) -> Option<usize> {
        self.position
    }

    /// For a part of something larger (the IBAN of a bar code): the rule that the part broke.
    pub const fn cause(&self) -> Option<Reason> {
        self.cause
    }

    /// The stable code to hand outward, such as `reference/check-digit`.
    pub fn code(&self) -> String {
        let mut code = String::from(self.subject.as_str());
        code.push('/');
        for character in self.reason.as_str().chars() {
            code.push(if character == '_' { '-' } else { character });
        }
        code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject.as_str())?;
        f.write_str(": ")?;
        f.write_str(self.reason.message())?;
        if let Some(cause) = self.cause {
            f.write_str(": ")?;
            f.write_str(cause.message())?;
        }
        match self.position {
            Some(position) => write!(f, " (position {position})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word for this value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words! {
    /// What an [`Error`] is about; the first half of its code.
    Subject {
        /// A national or an RF reference.
        Reference = "reference",
        /// An order number.
        OrderNumber = "order-number",
        /// An account number.
        Iban = "iban",
        /// A bank's BIC.
        Bic = "bic",
        /// A bank bar code.
        Barcode = "barcode",
        /// A due date.
        Date = "date",
        /// A credit transfer QR code.
        Qr = "qr",
        /// A business id.
        BusinessId = "business-id",
    }
}

words! {
    /// The rule that broke; with `-` for `_`, the second half of an [`Error`]'s code.
    Reason {
        /// Nothing was given.
        Empty = "empty",
        /// A character that has no place there.
        Character = "character",
        /// Fewer characters than the least.
        TooShort = "too_short",
        /// More characters than the most.
        TooLong = "too_long",
        /// Nothing but zeros.
        AllZero = "all_zero",
        /// Fewer than four digits are left when the leading zeros go.
        TooShortSignificant = "too_short_significant",
        /// The check digit does not fit the others.
        CheckDigit = "check_digit",
        /// It does not start with `RF`.
        Prefix = "prefix",
        /// The check digits do not fit the rest.
        CheckDigits = "check_digits",
        /// The check digits are outside 02 to 98.
        CheckDigitsRange = "check_digits_range",
        /// A good RF reference that holds no national reference.
        NotNational = "not_national",
        /// The first digit is 0.
        LeadingZero = "leading_zero",
        /// The number does not fit into the width of its series.
        Width = "width",
        /// The step of a run is 0, so that its numbers would repeat.
        Step = "step",
        /// Not the one length that there is.
        Length = "length",
        /// Not a Finnish account, or no country code at all.
        Country = "country",
        /// The check digit inside a Finnish account number does not fit.
        NationalCheck = "national_check",
        /// Not of the form that was expected.
        Format = "format",
        /// A business id with remainder one; such are not issued.
        RemainderOne = "remainder_one",
        /// The amount cannot be written there.
        Amount = "amount",
        /// No such day, or not of 2000 to 2099.
        Date = "date",
        /// The account is missing or wrong.
        Iban = "iban",
        /// The BIC is missing or wrong.
        Bic = "bic",
        /// The reference is missing, wrong, or not to be expressed there.
        Reference = "reference",
        /// Digits that must be zero are not.
        Reserved = "reserved",
        /// A version that does not exist.
        Version = "version",
        /// The payee's name is missing or longer than 70 characters.
        Name = "name",
        /// A line break inside a field.
        Newline = "newline",
        /// The purpose code is not of one to four letters and digits.
        Purpose = "purpose",
        /// The structured reference is longer than 35 characters.
        Ref = "ref",
        /// The message is longer than 140 characters.
        Text = "text",
        /// Both a reference and a message.
        RefAndText = "ref_and_text",
        /// The additional information is longer than 70 characters.
        Info = "info",
        /// More than 331 bytes in all.
        Bytes = "bytes",
    }
}

impl Reason {
    /// What went wrong, in English, for logs and developers.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "nothing was given",
            Self::Character => "a character that is not allowed",
            Self::TooShort => "too short",
            Self::TooLong => "too long",
            Self::AllZero => "only zeros",
            Self::TooShortSignificant => "fewer than four digits after the leading zeros",
            Self::CheckDigit => "the check digit does not match",
            Self::Prefix => "expected RF at the start",
            Self::CheckDigits => "the check digits do not match",
            Self::CheckDigitsRange => "the check digits must be 02 to 98",
            Self::NotNational => "holds no national reference",
            Self::LeadingZero => "must not start with 0",
            Self::Width => "the number is wider than its series",
            Self::Step => "the step must be at least 1",
            Self::Length => "wrong length",
            Self::Country => "wrong country code",
            Self::NationalCheck => "the account number's own check digit does not match",
            Self::Format => "wrong form",
            Self::RemainderOne => "such a number is never issued",
            Self::Amount => "the amount cannot be expressed",
            Self::Date => "not a date from 2000 to 2099",
            Self::Iban => "the account is not valid",
            Self::Bic => "the BIC is not valid",
            Self::Reference => "the reference is not valid here",
            Self::Reserved => "reserved digits must be 000",
            Self::Version => "unknown version",
            Self::Name => "the name must have 1 to 70 characters",
            Self::Newline => "a line break inside a field",
            Self::Purpose => "the purpose must be 1 to 4 letters and digits",
            Self::Ref => "the reference must have at most 35 characters",
            Self::Text => "the message must have at most 140 characters",
            Self::RefAndText => "a reference and a message exclude each other",
            Self::Info => "the information must have at most 70 characters",
            Self::Bytes => "more than 331 bytes",
        }
    }
}
