//! A reference of either kind.

use alloc::string::String;

use crate::error::Error;
use crate::national::NationalReference;
use crate::rf::RfReference;
use crate::text::{Reading, text_traits};

/// A payment reference in whichever form it was given; both are in use in Finland.
///
/// # Examples
///
/// ```
/// use viite::Reference;
///
/// for text in ["12 34561", "RF34 1234 561"] {
///     let reference = Reference::parse(text)?;
///     assert_eq!(reference.to_print(), text);
///     assert_eq!(reference.to_national()?.to_machine(), "1234561");
///     assert_eq!(reference.to_rf().to_machine(), "RF341234561");
/// }
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A national reference.
    National(NationalReference),
    /// An RF reference, Finnish or foreign.
    Rf(RfReference),
}

impl Reference {
    /// Reads either form as people write it; what starts with R is taken for an RF reference.
    ///
    /// # Errors
    ///
    /// As [`RfReference::parse`] or [`NationalReference::parse`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let first = text.chars().find(|&one| !Reading::Lenient.skips(one));
        match first {
            Some('R' | 'r') => RfReference::parse(text).map(Self::Rf),
            _ => NationalReference::parse(text).map(Self::National),
        }
    }

    /// Reads either machine form.
    ///
    /// # Errors
    ///
    /// As [`RfReference::parse_machine`] or [`NationalReference::parse_machine`].
    pub fn parse_machine(text: &str) -> Result<Self, Error> {
        if text.starts_with('R') {
            RfReference::parse_machine(text).map(Self::Rf)
        } else {
            NationalReference::parse_machine(text).map(Self::National)
        }
    }

    /// The form to store, compare and send.
    pub fn to_machine(&self) -> &str {
        match self {
            Self::National(reference) => reference.to_machine(),
            Self::Rf(reference) => reference.to_machine(),
        }
    }

    /// The form to show, grouped as its kind is.
    pub fn to_print(&self) -> String {
        match self {
            Self::National(reference) => reference.to_print(),
            Self::Rf(reference) => reference.to_print(),
        }
    }

    /// The RF form; an RF reference comes out as it is.
    pub fn to_rf(&self) -> RfReference {
        match self {
            Self::National(reference) => reference.to_rf(),
            Self::Rf(reference) => reference.clone(),
        }
    }

    /// The national form.
    ///
    /// # Errors
    ///
    /// `not_national` for a foreign RF reference.
    pub fn to_national(&self) -> Result<NationalReference, Error> {
        match self {
            Self::National(reference) => Ok(reference.clone()),
            Self::Rf(reference) => reference.to_national(),
        }
    }
}

impl From<NationalReference> for Reference {
    fn from(reference: NationalReference) -> Self {
        Self::National(reference)
    }
}

impl From<RfReference> for Reference {
    fn from(reference: RfReference) -> Self {
        Self::Rf(reference)
    }
}

text_traits!(Reference);
