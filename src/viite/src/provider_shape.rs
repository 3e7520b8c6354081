//! What the providers' schemas let through, which is more than the rule they name.
//!
//! Check a reference first as [`Reference`](crate::Reference); these tell schema errors apart.

/// Whether a text fits OP's `reference` field: 2 to 25 letters and digits, no blanks.
///
/// # Examples
///
/// ```
/// assert!(viite::fits_op_reference("RF511459162006"));
/// assert!(viite::fits_op_reference("12")); // fits, and yet is no reference
/// assert!(!viite::fits_op_reference("12 34561"));
/// ```
pub fn fits_op_reference(text: &str) -> bool {
    (2..=25).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text fits VETUMA's viitenumero: 4 to 20 digits. RF references are younger.
///
/// # Examples
///
/// ```
/// assert!(viite::fits_vetuma_reference("1232"));
/// assert!(!viite::fits_vetuma_reference("RF18539007547034"));
/// ```
pub fn fits_vetuma_reference(text: &str) -> bool {
    (4..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
