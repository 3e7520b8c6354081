//! What VETUMA could be asked to do, and which of it can be spoken here.

use core::fmt;

use kassa_checkout::{Coded, message::Purpose};

/// A function of VETUMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `LOGIN` `EXTAUTH`: who somebody is.
    Identify,
    /// `LOGIN` `CONFIRM`: that who was identified agrees.
    Confirm,
    /// `LOGIN` `SIGNATURE`: an electronic signature.
    Sign,
    /// `PAYMENT` `PAY`: a payment.
    Pay,
    /// `PAYMENT` `CHECK`: how a payment stands.
    Check,
    /// `PAYMENT`, by an `AU` that nothing public names: money back.
    Refund,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 6] = [
        Self::Identify,
        Self::Confirm,
        Self::Sign,
        Self::Pay,
        Self::Check,
        Self::Refund,
    ];

    /// The function of a call's `TYPE` and `AU`; `None` for codes that nothing public names.
    #[must_use]
    pub fn from_codes(service: &str, function: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| {
            known.service() == service && known.code().is_some_and(|code| code == function)
        })
    }

    /// The service type, as `TYPE` has it.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::Identify | Self::Confirm | Self::Sign => "LOGIN",
            Self::Pay | Self::Check | Self::Refund => "PAYMENT",
        }
    }

    /// The function's code, as `AU` has it, where it is known.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Identify => Some("EXTAUTH"),
            Self::Confirm => Some("CONFIRM"),
            Self::Sign => Some("SIGNATURE"),
            Self::Pay => Some("PAY"),
            Self::Check => Some("CHECK"),
            Self::Refund => None,
        }
    }

    /// Which of a customer's secrets its messages are signed with.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Identify | Self::Confirm | Self::Sign => Purpose::Identification,
            Self::Pay | Self::Check | Self::Refund => Purpose::Payment,
        }
    }

    /// Refuses a function whose messages cannot be built or read.
    ///
    /// # Errors
    /// [`Unpublished`], with the reason.
    ///
    /// # Examples
    /// ```
    /// use kassa_providers::vetuma::Function;
    /// assert!(Function::Pay.supported().is_ok());
    /// let refused = Function::Refund.supported().unwrap_err();
    /// assert!(refused.to_string().contains("never published"));
    /// ```
    pub const fn supported(self) -> Result<(), Unpublished> {
        match self {
            Self::Identify | Self::Pay | Self::Check => Ok(()),
            Self::Confirm | Self::Sign | Self::Refund => Err(Unpublished { function: self }),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service(), self.code().unwrap_or("refund"))
    }
}

/// A function whose wire format was never published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpublished {
    /// The function.
    pub function: Function,
}

impl fmt::Display for Unpublished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VETUMA's {} is not supported: its wire format was never published",
            self.function
        )
    }
}

impl core::error::Error for Unpublished {}

impl Coded for Unpublished {
    fn code(&self) -> &'static str {
        "vetuma/unpublished"
    }

    fn field(&self) -> Option<&'static str> {
        Some("AU")
    }
}

/// A version of the interface, by what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// 2.2 of 31 December 2008: order numbers of 1 to 9 digits, no questions about payments.
    V2_2,
    /// 3.x: order numbers of up to 32 letters and digits, and questions by `PAYM_CALL_ID`.
    V3,
}

#[cfg(test)]
mod tests {
    use super::{Coded as _, Function, Purpose};

    #[test]
    fn what_was_never_published_is_named_and_refused() {
        for function in [Function::Confirm, Function::Sign, Function::Refund] {
            let refused = function.supported().unwrap_err();
            assert_eq!(refused.function, function);
            assert_eq!(refused.code(), "vetuma/unpublished");
            assert_eq!(refused.field(), Some("AU"));
        }
        assert_eq!(
            Function::Refund.supported().unwrap_err().to_string(),
            "VETUMA's PAYMENT refund is not supported: its wire format was never published"
        );
        for function in [Function::Identify, Function::Pay, Function::Check] {
            assert_eq!(function.supported(), Ok(()));
        }
    }

    #[test]
    fn codes_are_read_letter_for_letter() {
        assert_eq!(Function::from_codes("PAYMENT", "PAY"), Some(Function::Pay));
        assert_eq!(
            Function::from_codes("LOGIN", "SIGNATURE"),
            Some(Function::Sign)
        );
        for (service, function) in [
            ("LOGIN", "PAY"),
            ("PAYMENT", "pay"),
            ("PAYMENT", ""),
            ("REFUND", ""),
        ] {
            assert_eq!(Function::from_codes(service, function), None);
        }
        assert_eq!(Function::Identify.purpose(), Purpose::Identification);
        assert_eq!(Function::Check.purpose(), Purpose::Payment);
    }
}
