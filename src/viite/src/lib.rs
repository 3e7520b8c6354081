//! Finnish payment identifiers, read, checked, made and printed.
//!
//! | type | what it is |
//! |---|---|
//! | [`NationalReference`] | viitenumero: 4 to 20 digits, the last one a 7-3-1 check digit |
//! | [`RfReference`] | ISO 11649 creditor reference, `RF` + 2 check digits + 1 to 21 characters |
//! | [`Reference`] | either of them |
//! | [`Bulk`] | references for a run of numbers, all or none |
//! | [`LineKinds`] | what the lines of a list of references are, in one go |
//! | [`OrderNumber`] | a short order number that can be the base of a reference |
//! | [`FiIban`], [`Iban`], [`Bic`] | accounts and banks; [`Bank`] tells whose an account is |
//! | [`BankBarcode`], [`DueDate`] | the 54-digit bank bar code (pankkiviivakoodi), versions 4 and 5 |
//! | [`EpcQr`] | the text of a credit transfer QR code (EPC069-12) |
//! | [`BusinessId`] | Y-tunnus |
//!
//! Every type has `parse`, which forgives the spaces that people type or copy, and
//! `parse_machine`, which takes exactly what `to_machine` writes and nothing else but the zeros
//! that fill a national reference up to 20 digits ([`OrderNumber`], [`BankBarcode`] and [`BusinessId`] have one exact `parse` only).
//! Money is whole cents. Nothing here panics, whatever the input; every refusal is an
//! [`Error`] that names the rule and, where it applies, the place.
//!
//! # Examples
//!
//! ```
//! use viite::{NationalReference, Reference};
//!
//! let reference = NationalReference::create("234823")?;
//! assert_eq!(reference.to_machine(), "2348236");
//! assert_eq!(reference.to_print(), "23 48236");
//! assert_eq!(reference.to_rf().to_print(), "RF33 2348 236");
//!
//! let read = Reference::parse("rf33 2348 236")?;
//! assert_eq!(read.to_national()?, reference);
//!
//! let error = Reference::parse("23 48237").unwrap_err();
//! assert_eq!(error.code(), "reference/check-digit");
//! # Ok::<(), viite::Error>(())
//! ```
#![no_std]

extern crate alloc;

mod barcode;
mod bic;
mod bulk;
mod business_id;
mod date;
mod epc_qr;
mod error;
mod iban;
mod lines;
mod mod97;
mod national;
mod order_number;
mod provider_shape;
mod reference;
mod rf;
mod text;

pub use barcode::BankBarcode;
pub use bic::{Bank, BankCode, Bic, CURRENT_BANK_CODES, FORMER_BANK_CODES};
pub use bulk::Bulk;
pub use business_id::BusinessId;
pub use date::DueDate;
pub use epc_qr::{EpcQr, QrVersion};
pub use error::{Error, Reason, Subject};
pub use iban::{FiIban, Iban};
pub use lines::{LineKind, LineKinds, line_kinds};
pub use national::{FromDigits, NationalReference};
pub use order_number::OrderNumber;
pub use provider_shape::{fits_op_reference, fits_vetuma_reference};
pub use reference::Reference;
pub use rf::RfReference;

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
