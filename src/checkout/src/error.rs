//! What every error of Kassa can say about itself.

/// An error with a stable code that programs may switch on.
///
/// The text of an error is for people and may change; the code and the field do not.
pub trait Coded: core::error::Error {
    /// The stable code, as `group/rule`: `amount/zero`, `reference/check-digit`.
    fn code(&self) -> &'static str;

    /// The field that is wrong, as the caller spells it; `None` when no single field is to blame.
    fn field(&self) -> Option<&'static str> {
        None
    }
}
